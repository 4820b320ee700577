//! Routes while keys move: what a weight does, what clusters that share nodes do, what breakers do.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use ringshift::{Op, Options, Outcome, Router, Stage};
use support::{Node, Ring};

fn ids(prefix: &str, count: usize) -> Ring {
    Ring::of((0..count).map(|n| Node::new(format!("{prefix}{n}"))))
}

fn migration(from: &Ring, to: &Ring, ports: (usize, usize), stage: &str, percent: &str) -> String {
    format!(
        r#"{{"format":1,"generation":7,"primary":"from","standby":"to",
            "clusters":{{"from":{},"to":{}}},
            "migration":{{"id":"m","from":"from","to":"to","stage":"{stage}","percent":{percent}}},
            "breaker":{{"failures":2,"max_ejected":1}}}}"#,
        from.json(ports.0),
        to.json(ports.1)
    )
}

fn router(spec: &str) -> Router {
    Router::from_spec(spec.as_bytes(), Options::default()).unwrap()
}

fn name(node: &ringshift::Node) -> String {
    format!("{}/{}", node.cluster(), node.id())
}

/// Everything about a route, as text.
fn told(router: &Router, key: &[u8]) -> String {
    router.with(|snapshot| {
        let route = snapshot.route(key);
        let names = |target: Option<ringshift::Target<'_>>| -> Vec<String> {
            target.map_or_else(Vec::new, |target| {
                target.nodes().map(|node| name(node)).collect()
            })
        };
        let invalidate: Vec<String> = route.invalidate().map(|node| name(node)).collect();
        format!(
            "read {} fallback {} fill {} invalidate {}",
            names(route.read()).join(","),
            names(route.fallback()).join(","),
            route.fill(),
            invalidate.join(",")
        )
    })
}

proptest! {
    #[test]
    fn raising_the_weight_only_moves_keys_forward(
        low in 0u32..=10_000, high in 0u32..=10_000, keys in prop::collection::vec(".{0,20}", 1..30),
    ) {
        let (low, high) = (low.min(high), low.max(high));
        let percent = |points: u32| format!("{}.{:02}", points / 100, points % 100);
        let open = |points| router(&migration(&ids("a", 3), &ids("b", 4), (1, 100), "ramp", &percent(points)));
        let (before, after) = (open(low), open(high));
        for key in &keys {
            let moved = |router: &Router| router.with(|snapshot| snapshot.route(key.as_bytes()).moved());
            prop_assert!(!moved(&before) || moved(&after));
        }
    }

    #[test]
    fn keys_whose_node_stays_have_nothing_to_migrate(keys in prop::collection::vec(".{0,20}", 1..30)) {
        // The same nodes and prefix, one node more.
        let (from, to) = (ids("n", 4), ids("n", 5));
        for (stage, percent) in [("prepare", "0"), ("ramp", "50"), ("ramp", "100"), ("soak", "0")] {
            let router = router(&migration(&from, &to, (1, 1), stage, percent));
            router.with(|snapshot| {
                for key in &keys {
                    let key = key.as_bytes();
                    let route = snapshot.route(key);
                    let stays = from.naive(key) == to.naive(key);
                    assert_eq!(stays, route.invalidate().count() == 1);
                    if stays {
                        assert!(route.fallback().is_none() && !route.fill());
                        assert_eq!(route.read().unwrap().node().id(), from.naive(key)[0]);
                    }
                }
            });
        }
    }
}

#[test]
fn an_open_breaker_sends_a_ramping_key_to_the_other_cluster_and_nothing_else() {
    for (stage, percent, healthy, dead_from, dead_to) in [
        ("none", "0", "read from/a0", "read ", "read from/a0"),
        ("prepare", "0", "read from/a0", "read ", "read from/a0"),
        ("ramp", "0", "read from/a0", "read to/b0", "read from/a0"),
        (
            "ramp",
            "100",
            "read to/b0 fallback from/a0",
            "read to/b0 fallback ",
            "read from/a0 fallback ",
        ),
        ("soak", "0", "read to/b0", "read to/b0", "read "),
    ] {
        let spec = migration(&ids("a", 1), &ids("b", 1), (1, 100), stage, percent);
        for (dead, expected) in [("", healthy), ("a0", dead_from), ("b0", dead_to)] {
            let router = router(&spec);
            let before: Vec<String> = router.with(|snapshot| {
                snapshot
                    .route(b"key")
                    .invalidate()
                    .map(|node| name(node))
                    .collect()
            });
            for node in router.snapshot().nodes().filter(|node| node.id() == dead) {
                router.report(node, Op::Read, Outcome::Timeout);
                router.report(node, Op::Read, Outcome::Error);
            }
            let after = told(&router, b"key");
            let expected = format!("{expected} ").replace("  ", " ");
            assert!(
                after.starts_with(&expected),
                "{stage} {percent}, {dead} dead: {after}"
            );
            assert!(
                after.ends_with(&format!("invalidate {}", before.join(","))),
                "{after}"
            );
        }
    }
}

#[test]
fn an_open_breaker_of_one_replica_leaves_the_others() {
    let ring = Ring {
        replicas: 3,
        ..ids("n", 5)
    };
    let router = ring.router();
    let node_of = |id: &str| {
        router
            .snapshot()
            .nodes()
            .find(|node| node.id() == id)
            .cloned()
            .unwrap()
    };
    let list = ring.naive(b"key");
    for _ in 0..3 {
        router.report(&node_of(list[0]), Op::Read, Outcome::Error);
    }
    assert_eq!(support::read(&router, b"key"), &list[1..]);
    assert_eq!(
        router.with(|snapshot| snapshot.route(b"key").invalidate().count()),
        3
    );
}

#[test]
fn a_single_node_is_all_there_is_to_a_route() {
    let single = |router: &Router, key: &[u8]| {
        router.with(|snapshot| {
            let route = snapshot.route(key);
            let node = route.single()?;
            let read: Vec<_> = route.read()?.nodes().map(|node| node.index()).collect();
            let invalidate: Vec<_> = route.invalidate().map(|node| node.index()).collect();
            assert_eq!([&read[..], &invalidate[..]], [&[node.index()]; 2]);
            assert!(route.fallback().is_none() && !route.fill() && !route.moved());
            Some(name(node))
        })
    };
    let ring = ids("n", 4);
    let healthy = ring.router();
    for key in ["", "a", "b", "user:42"] {
        let owner = format!("c/{}", ring.naive(key.as_bytes())[0]);
        assert_eq!(single(&healthy, key.as_bytes()), Some(owner));
    }
    let owner = healthy
        .with(|snapshot| snapshot.node(b"a").cloned())
        .unwrap();
    for _ in 0..3 {
        healthy.report(&owner, Op::Read, Outcome::Error);
    }
    assert_eq!(single(&healthy, b"a"), None, "there is nothing to read");
    let replicas = Ring {
        replicas: 2,
        ..ids("n", 4)
    };
    assert_eq!(single(&replicas.router(), b"a"), None);
    for stage in ["none", "prepare", "ramp", "soak"] {
        let spec = migration(&ids("a", 2), &ids("b", 2), (1, 100), stage, "0");
        assert_eq!(single(&router(&spec), b"a"), None, "{stage}");
    }
}

#[test]
fn when_too_many_breakers_are_open_none_is_heeded() {
    let ring = ids("n", 4);
    let router = ring.router();
    let nodes: Vec<_> = router.snapshot().nodes().cloned().collect();
    let key = b"key";
    let owner = support::read(&router, key)[0].clone();
    let mut order: Vec<_> = nodes.iter().filter(|node| node.id() == owner).collect();
    order.extend(nodes.iter().filter(|node| node.id() != owner));
    for (opened, readable) in [(1, false), (2, false), (3, true)] {
        for _ in 0..3 {
            router.report(order[opened - 1], Op::Read, Outcome::Error);
        }
        // The default lets half of the nodes be ejected.
        assert_eq!(
            !support::read(&router, key).is_empty(),
            readable,
            "{opened} open"
        );
    }
}

#[test]
fn a_region_that_has_not_begun_invalidates_both_when_another_has() {
    let spec = migration(&ids("a", 1), &ids("b", 1), (1, 100), "none", "0");
    let both = spec.replace(
        r#""percent":0"#,
        r#""regions":{"kr":{"stage":"ramp","percent":100}}"#,
    );
    let open = |region: &str| {
        let options = Options {
            region: Some(region.into()),
            ..Options::default()
        };
        Router::from_spec(both.as_bytes(), options).unwrap()
    };
    assert_eq!(
        told(&router(&spec), b"k"),
        "read from/a0 fallback  fill false invalidate from/a0"
    );
    assert_eq!(
        told(&open("jp"), b"k"),
        "read from/a0 fallback  fill false invalidate from/a0,to/b0"
    );
    assert_eq!(
        told(&open("kr"), b"k"),
        "read to/b0 fallback from/a0 fill true invalidate from/a0,to/b0"
    );
    assert_eq!(open("jp").snapshot().stage(), Stage::None);
}

#[test]
fn keys_are_grouped_by_the_node_that_is_read_first() {
    let router = ids("n", 4).router();
    let keys: Vec<String> = (0..200).map(|n| format!("key:{n}")).collect();
    router.with(|snapshot| {
        let groups = snapshot.group_by_node(keys.iter().map(String::as_bytes));
        assert_eq!(groups.len(), 4);
        assert_eq!(
            groups
                .iter()
                .map(|(_, positions)| positions.len())
                .sum::<usize>(),
            keys.len()
        );
        for (node, positions) in groups {
            for position in positions {
                let route = snapshot.route(keys[position].as_bytes());
                assert_eq!(route.read().unwrap().node().index(), node.unwrap().index());
            }
        }
        let codes = snapshot.route_many(keys.iter().map(String::as_bytes));
        for (key, code) in keys.iter().zip(codes) {
            assert_eq!(snapshot.code(key.as_bytes()), code);
        }
    });
}

#[test]
fn codes_are_expanded_under_their_own_epoch_only() {
    let spec = migration(
        &ids("a", 3),
        &Ring {
            replicas: 2,
            ..ids("b", 4)
        },
        (1, 100),
        "ramp",
        "50",
    );
    let snapshot = router(&spec).snapshot();
    for number in 0..200u32 {
        let code = snapshot.code(&number.to_le_bytes());
        assert!(
            snapshot
                .expand_from(snapshot.epoch(), code.number())
                .is_some()
        );
        assert!(
            snapshot
                .expand_from(snapshot.epoch() + 1, code.number())
                .is_none()
        );
    }
    for number in [3, 0x3f_ffff, u64::MAX, 1 << 61, 1 << 43] {
        assert!(
            snapshot.expand_from(snapshot.epoch(), number).is_none(),
            "{number}"
        );
    }
}

#[test]
fn a_code_and_its_expansion_are_one_request_to_a_half_open_breaker() {
    let spec = ids("n", 2).json(1);
    let text = format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{spec}}},"breaker":{{"failures":1,"open":"1ms"}}}}"#
    );
    let router = router(&text);
    let snapshot = router.snapshot();
    let node = snapshot.route(b"key").read().unwrap().node().clone();
    router.report(&node, Op::Read, Outcome::Error);
    std::thread::sleep(std::time::Duration::from_millis(5));
    let probe = snapshot.code(b"key");
    assert!(
        snapshot.route(b"key").read().is_none(),
        "the probe is given out"
    );
    assert!(
        snapshot
            .expand_from(snapshot.epoch(), probe.number())
            .unwrap()
            .read()
            .is_some()
    );
    router.report(&node, Op::Read, Outcome::Miss);
    assert!(snapshot.route(b"key").read().is_some());
}

/// Opens a node's breaker and waits until its probe is due.
fn due(router: &Router, ids: &[&str]) {
    for node in router
        .snapshot()
        .nodes()
        .filter(|node| ids.contains(&node.id()))
    {
        router.report(node, Op::Read, Outcome::Error);
        router.report(node, Op::Read, Outcome::Error);
    }
    std::thread::sleep(std::time::Duration::from_millis(5));
}

#[test]
fn a_probe_is_given_to_a_request_that_reads_the_node_first() {
    let quick = |spec: String| spec.replace(r#""failures":2"#, r#""failures":2,"open":"1ms""#);
    let first = |router: &Router, key: &[u8]| {
        router.with(|snapshot| {
            snapshot
                .route(key)
                .read()
                .map(|target| target.node().id().to_owned())
        })
    };
    // Both clusters hold the node, which only `to` is read for.
    let shared = router(&quick(migration(
        &ids("n", 1),
        &ids("n", 1),
        (1, 1),
        "soak",
        "0",
    )));
    due(&shared, &["n0"]);
    assert_eq!(first(&shared, b"key").as_deref(), Some("n0"));
    assert_eq!(first(&shared, b"key"), None);
    // A key that has not moved does not take the probe of a node that it doesn't read.
    let ramp = router(&quick(migration(
        &ids("a", 1),
        &ids("b", 1),
        (1, 100),
        "ramp",
        "1",
    )));
    due(&ramp, &["b0"]);
    let plain = router(&migration(
        &ids("a", 1),
        &ids("b", 1),
        (1, 100),
        "ramp",
        "1",
    ));
    let (moved, unmoved): (Vec<_>, Vec<_>) = (0..2_000u32)
        .map(u32::to_le_bytes)
        .partition(|key| plain.with(|snapshot| snapshot.route(key).moved()));
    assert!(!moved.is_empty() && unmoved.len() > 1_900);
    for key in &unmoved {
        assert_eq!(first(&ramp, key).as_deref(), Some("a0"));
    }
    assert_eq!(
        first(&ramp, &moved[0]).as_deref(),
        Some("b0"),
        "the probe was still there"
    );
    assert_eq!(first(&ramp, &moved[0]).as_deref(), Some("a0"));
    // With every key moved the source is read by no other way than the fallback, which is probed then.
    let moved = router(&quick(migration(
        &ids("a", 1),
        &ids("b", 1),
        (1, 100),
        "ramp",
        "100",
    )));
    let falls_back = || moved.with(|snapshot| snapshot.route(b"key").fallback().is_some());
    due(&moved, &["a0"]);
    assert!(falls_back(), "the probe");
    assert!(!falls_back(), "no second one");
    // A replica that is read second is not probed.
    let ring = Ring {
        replicas: 2,
        ..ids("n", 3)
    };
    let text = format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{}}},
            "breaker":{{"failures":2,"open":"1ms","max_ejected":1}}}}"#,
        ring.json(1)
    );
    let replicas = router(&text);
    let second = ring.naive(b"key")[1].to_owned();
    due(&replicas, &[&second]);
    for _ in 0..10 {
        assert_eq!(support::read(&replicas, b"key"), [ring.naive(b"key")[0]]);
    }
    let other = (0..1_000u32)
        .find(|n| ring.naive(&n.to_le_bytes())[0] == second)
        .unwrap();
    assert_eq!(support::read(&replicas, &other.to_le_bytes())[0], second);
}

#[test]
fn a_node_of_two_clusters_has_one_breaker() {
    let router = router(&migration(&ids("n", 2), &ids("n", 3), (1, 1), "ramp", "50"));
    let snapshot = router.snapshot();
    let of = |cluster: &str| {
        snapshot
            .nodes()
            .find(|node| node.cluster() == cluster && node.id() == "n1")
            .unwrap()
    };
    for _ in 0..2 {
        router.report(of("from"), Op::Read, Outcome::Error);
    }
    assert_eq!(of("to").breaker(), ringshift::BreakerState::Open);
}

#[test]
fn nodes_that_take_no_keys_do_not_use_up_what_may_be_ejected() {
    let mut ring = ids("n", 3);
    ring.nodes[0].down = true;
    let router = ring.router();
    for node in router.snapshot().nodes().filter(|node| node.id() != "n2") {
        for _ in 0..3 {
            router.report(node, Op::Read, Outcome::Error);
        }
    }
    let key = (0..1_000u32)
        .find(|n| ring.naive(&n.to_le_bytes())[0] == "n1")
        .unwrap();
    assert!(support::read(&router, &key.to_le_bytes()).is_empty());
}

proptest! {
    #[test]
    fn a_value_is_copied_from_what_is_invalidated_earlier(
        nodes in (1usize..6, 1usize..6), replicas in (1usize..4, 1usize..4), shift in 0usize..3,
        keys in prop::collection::vec(".{0,12}", 1..40),
    ) {
        let cluster = |first: usize, count: usize, replicas: usize| Ring {
            replicas: replicas.min(count),
            ..Ring::of((first..first + count).map(|n| Node::new(format!("n{n}"))))
        };
        let (from, to) = (cluster(0, nodes.0, replicas.0), cluster(shift, nodes.1, replicas.1));
        let router = router(&migration(&from, &to, (1, 1 + shift), "ramp", "100"));
        router.with(|snapshot| {
            for key in &keys {
                let route = snapshot.route(key.as_bytes());
                let order: Vec<String> = route.invalidate().map(|node| node.id().to_owned()).collect();
                let mut distinct = order.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), order.len());
                let at = |node: &ringshift::Node| order.iter().position(|id| id == node.id()).unwrap();
                let (Some(read), Some(fallback)) = (route.read(), route.fallback()) else { continue };
                for source in fallback.nodes() {
                    for destination in read.nodes() {
                        assert!(at(source) < at(destination), "{order:?}");
                    }
                }
            }
        });
    }
}

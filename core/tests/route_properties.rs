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
        let again = ringshift::RouteCode::from_number(code.number());
        assert!(snapshot.expand_from(snapshot.epoch(), again).is_some());
        assert!(snapshot.expand_from(snapshot.epoch() + 1, again).is_none());
    }
    for number in [3, 0x3f_ffff, u64::MAX, 1 << 61, 1 << 43] {
        let code = ringshift::RouteCode::from_number(number);
        assert!(
            snapshot.expand_from(snapshot.epoch(), code).is_none(),
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
            .expand_from(snapshot.epoch(), probe)
            .unwrap()
            .read()
            .is_some()
    );
    router.report(&node, Op::Read, Outcome::Miss);
    assert!(snapshot.route(b"key").read().is_some());
}

//! Routes while breakers are open: what is read instead, and which request is the probe.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use ringshift::{BreakerState, Node, Op, Outcome, Router};
use support::Ring;
use support::migration::{ids, migration, name, router, told};

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
fn breakers_are_heeded_again_when_most_of_them_have_closed() {
    // In small clusters a single node may be more than half of what may be ejected; in large ones all may close before
    // any route has a look.
    for (count, together, later) in [(3, 2, 1), (4, 3, 2), (10, 6, 3), (10, 6, 5)] {
        let cluster = ids("n", count).json(1);
        let router = router(&format!(
            r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{cluster}}},
                "breaker":{{"open":"1ms","max_open":"1ms"}}}}"#
        ));
        let nodes: Vec<_> = router.snapshot().nodes().cloned().collect();
        let read = || -> HashSet<String> {
            let keys = (0..1_000_u32).map(u32::to_be_bytes);
            keys.flat_map(|key| support::read(&router, &key)).collect()
        };
        // Each has its probe behind it then, and no other for five seconds.
        let fail = |nodes: &[Arc<Node>]| {
            for node in nodes.iter().flat_map(|node| [node; 3]) {
                router.report(node, Op::Read, Outcome::Error);
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
            read();
        };
        let recover = |nodes: &[Arc<Node>]| {
            for node in nodes {
                router.report(node, Op::Read, Outcome::Hit);
            }
        };
        let open = || {
            let breakers = router.metrics().breakers.into_iter();
            breakers
                .filter(|breaker| breaker.state != BreakerState::Closed)
                .count()
        };
        fail(&nodes[..together]);
        assert_eq!(open(), together);
        assert!(read().contains(nodes[0].id()), "{together} of {count} open");
        recover(&nodes[..together]);
        assert_eq!(open(), 0);
        fail(&nodes[..later]);
        assert_eq!(
            read().len(),
            count - later,
            "{later} of {count} open, after {together}"
        );
        recover(&nodes[..later]);
        // And one that stays open after others, though nobody looked while there were more.
        fail(&nodes[..together]);
        recover(&nodes[1..together]);
        assert_eq!(
            read().len(),
            count - 1,
            "one of {count} is still open, of {together}"
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
fn what_is_left_is_probed_by_a_fallback_once_all_keys_have_moved() {
    let quick = |percent: &str| {
        let spec = migration(&ids("a", 1), &ids("b", 1), (1, 100), "ramp", percent);
        router(&spec.replace(r#""failures":2"#, r#""failures":2,"open":"1ms""#))
    };
    let falls_back = |router: &Router, key: &[u8]| {
        router.with(|snapshot| {
            let route = snapshot.route(key);
            assert_eq!(route.read().unwrap().node().id(), "b0");
            route.fallback().is_some()
        })
    };
    let all = quick("100");
    due(&all, &["a0"]);
    assert!(falls_back(&all, b"key"), "the probe");
    assert!(!falls_back(&all, b"key"), "no second one");
    let node = all
        .snapshot()
        .nodes()
        .find(|node| node.id() == "a0")
        .cloned();
    all.report(&node.unwrap(), Op::Read, Outcome::Miss);
    assert!(falls_back(&all, b"key"), "its answer closed the breaker");
    // While any key reads it first, a fallback, which a hit would make needless, leaves the probe to that.
    let nearly = quick("99.99");
    due(&nearly, &["a0"]);
    assert!((0..10).all(|_| !falls_back(&nearly, b"key")));
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

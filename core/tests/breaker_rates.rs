//! Breakers by the share of failures, of a node and of a whole cluster.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use ringshift::{BreakerState, Node, Op, Outcome, Router};
use support::Ring;
use support::migration::{ids, migration, router, told};

/// A router of one cluster whose breakers have these settings.
fn with(ring: &Ring, settings: &str) -> Router {
    router(&format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{}}},"breaker":{{{settings}}}}}"#,
        ring.json(1)
    ))
}

fn node(router: &Router, cluster: &str, id: &str) -> Arc<Node> {
    let snapshot = router.snapshot();
    let mut nodes = snapshot.nodes();
    nodes
        .find(|node| node.cluster() == cluster && node.id() == id)
        .unwrap()
        .clone()
}

fn state_of(router: &Router, cluster: &str) -> (BreakerState, u64) {
    let metrics = router.metrics();
    let of_cluster = |breaker: &&ringshift::ClusterBreakerMetric| breaker.cluster == cluster;
    let breaker = metrics
        .cluster_breakers
        .iter()
        .find(of_cluster)
        .unwrap()
        .clone();
    (breaker.state, breaker.opened)
}

#[test]
fn what_cannot_be_reached_is_left_alone_at_once() {
    let router = with(&ids("n", 3), r#""failures":100"#);
    let node = node(&router, "c", "n1");
    router.report(&node, Op::Read, Outcome::Timeout);
    assert_eq!(node.breaker(), BreakerState::Closed);
    router.report(&node, Op::Read, Outcome::Unreachable);
    assert_eq!(node.breaker(), BreakerState::Open);
    let text = router.metrics_text();
    assert!(
        text.contains(r#"ringshift_requests_total{cluster="c",op="read",outcome="unreachable"} 1"#)
    );
    assert!(
        text.contains(r#"ringshift_breaker_openings_total{cluster="c",node="n1"} 1"#),
        "{text}"
    );
}

#[test]
fn a_share_of_failures_opens_a_node_that_answers_in_between() {
    for (failing_of_ten, opens) in [(4, false), (5, true), (9, true)] {
        let router = with(&ids("n", 3), r#""failures":100,"cluster_rate":1"#);
        let node = node(&router, "c", "n0");
        for request in 0..200 {
            let failing = request % 10 < failing_of_ten;
            // At the front a success, so that no first failure begins the count.
            let outcome = if failing && request > 0 {
                Outcome::Error
            } else {
                Outcome::Hit
            };
            router.report(&node, Op::Read, outcome);
        }
        let open = node.breaker() == BreakerState::Open;
        assert_eq!(open, opens, "{failing_of_ten} of ten");
    }
}

#[test]
fn few_requests_say_nothing_about_a_share() {
    let router = with(&ids("n", 3), r#""failures":100"#);
    let node = node(&router, "c", "n0");
    for _ in 0..19 {
        router.report(&node, Op::Read, Outcome::Error);
    }
    assert_eq!(node.breaker(), BreakerState::Closed);
    router.report(&node, Op::Read, Outcome::Error);
    assert_eq!(node.breaker(), BreakerState::Open);
}

#[test]
fn many_successes_before_a_burst_of_failures_count() {
    let router = with(&ids("n", 3), r#""failures":100"#);
    let node = node(&router, "c", "n0");
    for _ in 0..1_000 {
        router.report(&node, Op::Read, Outcome::Hit);
    }
    for _ in 0..99 {
        router.report(&node, Op::Read, Outcome::Timeout);
    }
    assert_eq!(node.breaker(), BreakerState::Closed, "99 of 1099");
}

/// Every second request to every node fails, which none of their breakers minds.
fn fail_by_half(router: &Router, cluster: &str, nodes: &[&str]) {
    for _ in 0..10 {
        for id in nodes {
            let node = node(router, cluster, id);
            router.report(&node, Op::Read, Outcome::Hit);
            router.report(&node, Op::Read, Outcome::Error);
        }
    }
}

const BY_SHARE: &str = r#""failures":100,"rate":1"#;

#[test]
fn a_cluster_that_fails_is_not_read_but_invalidated() {
    let router = with(&ids("n", 3), BY_SHARE);
    assert_eq!(state_of(&router, "c"), (BreakerState::Closed, 0));
    let before = told(&router, b"key");
    fail_by_half(&router, "c", &["n0", "n1", "n2"]);
    assert_eq!(state_of(&router, "c"), (BreakerState::Open, 1));
    assert!(
        router
            .snapshot()
            .nodes()
            .all(|node| node.breaker() == BreakerState::Closed)
    );
    let (_, invalidate) = before.split_once("fallback").unwrap();
    for key in [&b"key"[..], b"other", b"third"] {
        assert!(support::read(&router, key).is_empty());
    }
    assert_eq!(told(&router, b"key"), format!("read  fallback{invalidate}"));
    let text = router.metrics_text();
    assert!(
        text.contains(r#"ringshift_cluster_breaker_state{cluster="c"} 1"#),
        "{text}"
    );
    assert!(text.contains(r#"ringshift_cluster_breaker_openings_total{cluster="c"} 1"#));
}

#[test]
fn one_node_that_fails_does_not_close_the_cluster() {
    let router = with(&ids("n", 10), "");
    for round in 0..1_000 {
        for n in 0..10 {
            let failing = n == 3 && round >= 10;
            let outcome = if failing {
                Outcome::Timeout
            } else {
                Outcome::Hit
            };
            router.report(&node(&router, "c", &format!("n{n}")), Op::Read, outcome);
        }
    }
    assert_eq!(state_of(&router, "c"), (BreakerState::Closed, 0));
    assert_eq!(node(&router, "c", "n3").breaker(), BreakerState::Open);
}

#[test]
fn in_a_ramp_the_other_cluster_is_read() {
    for (failing, expected) in [("to", "read from/"), ("from", "read to/")] {
        let spec = migration(&ids("a", 2), &ids("b", 2), (1, 100), "ramp", "100");
        let spec = spec.replace(r#""failures":2,"max_ejected":1"#, BY_SHARE);
        let router = router(&spec);
        let invalidate = |told: &str| told.split_once("invalidate").unwrap().1.to_owned();
        let before = told(&router, b"key");
        let nodes = if failing == "to" {
            ["b0", "b1"]
        } else {
            ["a0", "a1"]
        };
        fail_by_half(&router, failing, &nodes);
        let after = told(&router, b"key");
        assert!(after.starts_with(expected), "{after}");
        assert!(after.contains("fallback  fill false"), "{after}");
        assert_eq!(invalidate(&after), invalidate(&before));
    }
}

#[test]
fn a_cluster_recovers_by_one_request_at_a_time() {
    let router = with(
        &ids("n", 3),
        &format!(r#"{BY_SHARE},"open":"20ms","max_open":"20ms""#),
    );
    fail_by_half(&router, "c", &["n0", "n1", "n2"]);
    let first = || support::read(&router, b"key").first().cloned();
    assert_eq!(first(), None);
    std::thread::sleep(Duration::from_millis(30));
    let probed = first().unwrap();
    assert_eq!(first(), None, "one probe");
    assert_eq!(state_of(&router, "c").0, BreakerState::HalfOpen);
    router.report(&node(&router, "c", &probed), Op::Read, Outcome::Timeout);
    assert_eq!(
        state_of(&router, "c"),
        (BreakerState::Open, 2),
        "its failure opens again"
    );
    std::thread::sleep(Duration::from_millis(30));
    let probed = first().unwrap();
    router.report(&node(&router, "c", &probed), Op::Read, Outcome::Miss);
    assert_eq!(state_of(&router, "c"), (BreakerState::Closed, 2));
    assert!(first().is_some() && first().is_some());
    // What failed before is over: the next failure alone does not open it.
    router.report(&node(&router, "c", &probed), Op::Read, Outcome::Error);
    assert_eq!(state_of(&router, "c"), (BreakerState::Closed, 2));
}

#[test]
fn breakers_that_turn_are_events_and_probes_that_fail_are_none() {
    let router = with(&ids("n", 2), r#""open":"5ms","max_open":"5ms""#);
    let [first, second] = ["n0", "n1"].map(|id| node(&router, "c", id));
    let fail = |node: &Node| router.report(node, Op::Read, Outcome::Unreachable);
    let key_of = |id: &str| {
        let keys = (0..1_000u32).map(u32::to_le_bytes);
        let healthy = with(&ids("n", 2), "");
        keys.into_iter()
            .find(|key| support::read(&healthy, key)[0] == id)
            .unwrap()
    };
    fail(&first);
    fail(&second);
    let key = key_of("n0");
    for outcome in [Outcome::Timeout, Outcome::Miss] {
        std::thread::sleep(Duration::from_millis(10));
        assert_eq!(support::read(&router, &key), ["n0"], "the probe of both");
        router.report(&first, Op::Read, outcome);
    }
    let told: Vec<String> = router
        .events(1)
        .iter()
        .map(|event| {
            let (kind, cluster) = (event.kind.name(), event.cluster.as_deref().unwrap());
            format!("{kind} {cluster} {}", event.node.as_deref().unwrap_or("-"))
        })
        .collect();
    let expected = [
        "breaker_opened c n0",
        "breaker_opened c n1",
        "cluster_breaker_opened c -",
        "breaker_closed c n0",
        "cluster_breaker_closed c -",
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_cluster_of_which_every_node_is_open_is_open() {
    let router = with(&ids("n", 3), "");
    for (done, id) in ["n0", "n1", "n2"].iter().enumerate() {
        assert_eq!(
            state_of(&router, "c").0,
            BreakerState::Closed,
            "{done} open"
        );
        router.report(&node(&router, "c", id), Op::Read, Outcome::Unreachable);
    }
    assert_eq!(state_of(&router, "c").0, BreakerState::Open);
    assert!(support::read(&router, b"key").is_empty());
}

#[test]
fn breakers_that_are_not_heeded_close_again() {
    // Three of four are open, more than may be ejected: all are read, and each that answers closes.
    let ring = ids("n", 4);
    let router = with(&ring, r#""failures":1,"open":"10ms","max_open":"10ms""#);
    for id in ["n0", "n1", "n2"] {
        router.report(&node(&router, "c", id), Op::Read, Outcome::Timeout);
    }
    std::thread::sleep(Duration::from_millis(15));
    for key in 0..200u32 {
        let key = key.to_le_bytes();
        let read = support::read(&router, &key);
        assert_eq!(read, ring.naive(&key), "none is kept away");
        router.report(&node(&router, "c", &read[0]), Op::Read, Outcome::Miss);
    }
    let open = router
        .snapshot()
        .nodes()
        .filter(|node| node.breaker() != BreakerState::Closed)
        .count();
    assert_eq!(open, 0);
}

#[test]
fn a_cluster_that_left_the_spec_troubles_nobody() {
    let spec = |generation: u32, clusters: &str| {
        format!(
            r#"{{"format":1,"generation":{generation},"primary":"c","clusters":{{{clusters}}},"breaker":{{{BY_SHARE}}}}}"#
        )
    };
    let (c, d) = (ids("n", 2).json(1), ids("m", 2).json(10));
    let router = router(&spec(1, &format!(r#""c":{c},"d":{d}"#)));
    let gone = [node(&router, "d", "m0"), node(&router, "d", "m1")];
    fail_by_half(&router, "d", &["m0", "m1"]);
    assert_eq!(state_of(&router, "d").0, BreakerState::Open);
    router
        .apply(spec(2, &format!(r#""c":{c}"#)).as_bytes())
        .unwrap();
    for node in &gone {
        router.report(node, Op::Read, Outcome::Unreachable);
    }
    assert_eq!(router.metrics().cluster_breakers.len(), 1);
    router
        .apply(spec(3, &format!(r#""c":{c},"d":{d}"#)).as_bytes())
        .unwrap();
    assert_eq!(state_of(&router, "d").0, BreakerState::Closed);
}

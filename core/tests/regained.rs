//! The rule about `max_ttl`: which changes give a node keys that it may have owned before, beside a look at every key.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use ringshift::{Options, Router, Spec, illegal_changes};

/// A cluster by a placement, its nodes and a prefix.
fn cluster(placement: &str, nodes: &[u32], prefix: &str) -> String {
    let nodes: Vec<String> = nodes
        .iter()
        .map(|node| format!(r#"{{"id":"n{node}","address":"/n{node}"}}"#))
        .collect();
    format!(
        r#"{{"placement":{{{placement}}},"key_prefix":"{prefix}","nodes":[{}]}}"#,
        nodes.join(",")
    )
}

fn alone(from: &str, max_ttl: &str) -> String {
    format!(r#"{{"format":1,"generation":1,"primary":"a"{max_ttl},"clusters":{{"a":{from}}}}}"#)
}

fn prepare(from: &str, to: &str, max_ttl: &str) -> String {
    format!(
        r#"{{"format":1,"generation":2,"primary":"a","standby":"b"{max_ttl},"clusters":{{"a":{from},"b":{to}}},
            "migration":{{"id":"m","from":"a","to":"b","stage":"prepare"}}}}"#
    )
}

fn messages(before: &str, after: &str, kept: Duration) -> Vec<String> {
    let parse = |text: &str| Spec::parse(text.as_bytes()).unwrap();
    let illegal = illegal_changes(&parse(before), &parse(after), kept);
    illegal.iter().map(ToString::to_string).collect()
}

const RING: &str = r#""kind":"ring","vnodes":40"#;
const HOUR: &str = r#","max_ttl":"1h""#;

#[test]
fn one_node_more_is_legal_and_one_less_only_after_max_ttl() {
    let (few, many) = (
        cluster(RING, &[1, 2, 3], ""),
        cluster(RING, &[1, 2, 3, 4], ""),
    );
    assert!(
        messages(
            &alone(&few, HOUR),
            &prepare(&few, &many, HOUR),
            Duration::ZERO
        )
        .is_empty()
    );
    let (before, after) = (alone(&many, HOUR), prepare(&many, &few, HOUR));
    let illegal = messages(&before, &after, Duration::from_secs(3630));
    assert_eq!(illegal.len(), 1);
    for part in [
        "cluster b",
        "nodes n1, n2, n3 get keys",
        "3630 s (max_ttl and the life of a token)",
        "key_prefix that it never had",
    ] {
        assert!(
            illegal[0].contains(part),
            "{part} is missing in {}",
            illegal[0]
        );
    }
    assert!(messages(&before, &after, Duration::from_secs(3631)).is_empty());
    assert!(messages(&before, &after, Duration::MAX).is_empty());
    // Another prefix, other entries.
    let fresh = cluster(RING, &[1, 2, 3], "g2:");
    assert!(messages(&before, &prepare(&many, &fresh, HOUR), Duration::ZERO).is_empty());
    // Without max_ttl a value may live for ever.
    let illegal = messages(
        &alone(&many, ""),
        &prepare(&many, &few, ""),
        Duration::from_secs(1 << 40),
    );
    assert!(
        illegal[0].contains("which the spec does not have"),
        "{}",
        illegal[0]
    );
}

#[test]
fn a_process_holds_it_against_a_change_that_it_saw_itself() {
    let (few, many) = (
        cluster(RING, &[1, 2, 3], ""),
        cluster(RING, &[1, 2, 3, 4], ""),
    );
    let mut generation = 0;
    let mut next = |text: &str| {
        generation += 1;
        text.replace(
            r#""generation":1"#,
            &format!(r#""generation":{generation}"#),
        )
        .replace(
            r#""generation":2"#,
            &format!(r#""generation":{generation}"#),
        )
    };
    // The names change with every migration: what a cluster is called is not what it holds.
    let named = |text: &str, names: [&str; 2]| {
        text.replace(r#""a""#, "FROM")
            .replace(r#""b""#, "TO")
            .replace("FROM", &format!("{:?}", names[0]))
            .replace("TO", &format!("{:?}", names[1]))
    };
    let router =
        Router::from_spec(next(&alone(&many, HOUR)).as_bytes(), Options::default()).unwrap();
    let mut migrate = |from: &str, to: &str, names: [&str; 2]| {
        for stage in ["prepare", "ramp", "soak"] {
            let text = prepare(from, to, HOUR).replace("prepare", stage);
            router.apply(next(&named(&text, names)).as_bytes()).unwrap();
        }
        router
            .apply(next(&named(&alone(to, HOUR), [names[1], names[0]])).as_bytes())
            .unwrap();
        router.metrics().reloads
    };
    // What was before it started is not known.
    assert_eq!(migrate(&many, &few, ["a", "b"]).last_illegal, None);
    // The fourth node is not new to the prefix, but two specs can't show that.
    assert_eq!(migrate(&few, &many, ["b", "c"]).last_illegal, None);
    let reloads = migrate(&many, &few, ["c", "d"]);
    assert_eq!(reloads.illegal, 1);
    assert!(
        reloads
            .last_illegal
            .unwrap()
            .contains("may have owned before")
    );
}

fn placements() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(RING.to_owned()),
        Just(r#""kind":"ring","vnodes":20,"max_load":1.3"#.to_owned()),
        Just(r#""kind":"ring","vnodes":20,"seed":7"#.to_owned()),
        Just(r#""kind":"modulo","flavor":"libmemcached""#.to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_change_is_legal_at_once_only_if_no_node_gains_a_key(
        from in prop::collection::btree_set(0u32..6, 1..5),
        to in prop::collection::btree_set(0u32..6, 1..5),
        old in placements(),
        new in placements(),
        replicas in 1usize..3,
    ) {
        let listed = |nodes: &std::collections::BTreeSet<u32>| nodes.iter().copied().collect::<Vec<_>>();
        let with_replicas = |placement: &str, nodes: &[u32]| {
            let count = if placement.contains("ring") { replicas.min(nodes.len()) } else { 1 };
            cluster(placement, nodes, "").replace(r#","key_prefix""#, &format!(r#","replicas":{count},"key_prefix""#))
        };
        let (from, to) = (with_replicas(&old, &listed(&from)), with_replicas(&new, &listed(&to)));
        let (before, after) = (alone(&from, HOUR), prepare(&from, &to, HOUR));
        let router = |text: &str| Router::from_spec(text.as_bytes(), Options::default()).unwrap();
        let (one, other) = (router(&before), router(&alone(&to, HOUR)));
        let known: Vec<String> = one.snapshot().nodes().map(|node| node.id().to_owned()).collect();
        let held = |router: &Router, key: &str| {
            router.with(|snapshot| {
                let route = snapshot.route(key.as_bytes());
                route.invalidate().map(|node| node.id().to_owned()).collect::<Vec<_>>()
            })
        };
        let illegal = !messages(&before, &after, Duration::ZERO).is_empty();
        // Few keys are enough to see most gains; a single small arc takes more.
        let keys = if illegal { 300_000 } else { 1_000 };
        let gains = (0..keys).map(|number| format!("key {number}")).any(|key| {
            let before = held(&one, &key);
            held(&other, &key).iter().any(|node| known.contains(node) && !before.contains(node))
        });
        prop_assert_eq!(illegal, gains);
    }
}

//! What is kept of keys whose invalidation was lost: how many, and when specs change.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringshift::OwedKey;
use ringshift::limits::MAX_OWED_BYTES;
use support::migration::{ids, migration, router};
use support::owed::{clusters, lose, node_of};

#[test]
fn a_node_that_loses_more_than_is_remembered_is_not_read_at_all() {
    let router = router(&clusters(1, &format!(r#""c":{}"#, ids("n", 2).json(1))));
    let owner = |key: &[u8]| support::read(&router, key).pop();
    let of = |id: &str| {
        (0..100_000)
            .map(|n| format!("{n:01000}"))
            .find(|key| owner(key.as_bytes()).as_deref() == Some(id))
    };
    let (here, there) = (of("n0").unwrap(), of("n1").unwrap());
    for n in 0..=MAX_OWED_BYTES / 1_000 {
        lose(&router, "n0", format!("{n:01000}").as_bytes());
        if router.metrics().owed.unlisted_nodes > 0 {
            break;
        }
    }
    let metrics = router.metrics().owed;
    assert_eq!(metrics.unlisted_nodes, 1);
    assert!(metrics.keys * 1_000 < MAX_OWED_BYTES as u64);
    assert!(owner(here.as_bytes()).is_none());
    assert_eq!(
        owner(there.as_bytes()).as_deref(),
        Some("n1"),
        "keys of the other node are read"
    );
    // Another prefix is another entry.
    let other =
        format!(r#""c":{}"#, ids("n", 2).json(1)).replacen('{', r#"{"key_prefix":"p:","#, 1);
    router.apply(clusters(2, &other).as_bytes()).unwrap();
    assert_eq!(owner(here.as_bytes()).as_deref(), Some("n0"));
    assert_eq!(
        router.metrics().owed.keys,
        0,
        "nobody reads those entries any more"
    );
}

#[test]
fn keys_of_nodes_that_left_are_forgotten_but_for_those_that_may_have_been_copied() {
    let cluster =
        |name: &str, prefix: &str, port| format!(r#""{name}":{}"#, ids(prefix, 1).json(port));
    let (a, b) = (cluster("c", "a", 1), cluster("c", "b", 2));
    let plain = router(&clusters(1, &a));
    lose(&plain, "a0", b"key");
    plain.apply(clusters(2, &b).as_bytes()).unwrap();
    assert_eq!(plain.metrics().owed.keys, 0);
    assert_eq!(support::read(&plain, b"key"), ["b0"]);

    let moving = router(&migration(
        &ids("a", 1),
        &ids("b", 1),
        (1, 100),
        "ramp",
        "50",
    ));
    lose(&moving, "a0", b"key");
    let left = clusters(8, &cluster("c", "b", 100));
    moving.apply(left.as_bytes()).unwrap();
    assert!(
        support::read(&moving, b"key").is_empty(),
        "a0's value may have been copied to b0"
    );
    let node = node_of(&moving, "b0");
    let [OwedKey { key, loss }] = &moving.owed(&node)[..] else {
        panic!("any node of the spec will do")
    };
    moving.repaid(key, *loss);
    assert_eq!(support::read(&moving, b"key"), ["b0"]);
}

#[test]
fn what_is_owed_when_a_migration_begins_may_be_copied_too() {
    let clusters = |generation: u32, migration: &str| {
        format!(
            r#"{{"format":1,"generation":{generation},"primary":"a","standby":"b","clusters":{{"a":{},"b":{}}}{migration}}}"#,
            ids("a", 1).json(1),
            ids("b", 1).json(9)
        )
    };
    let router = router(&clusters(1, ""));
    lose(&router, "a0", b"key");
    for (generation, stage) in [(2, "prepare"), (3, "ramp"), (4, "soak")] {
        let migration = format!(
            r#","migration":{{"id":"m","from":"a","to":"b","stage":"{stage}","percent":100}}"#
        );
        router
            .apply(clusters(generation, &migration).as_bytes())
            .unwrap();
        assert!(support::read(&router, b"key").is_empty(), "{stage}");
    }
    router
        .apply(
            clusters(5, "")
                .replace(r#""primary":"a""#, r#""primary":"b""#)
                .replace(r#""standby":"b""#, r#""standby":"a""#)
                .as_bytes(),
        )
        .unwrap();
    assert!(
        support::read(&router, b"key").is_empty(),
        "b may have a copy"
    );
}

#[test]
fn more_nodes_of_a_key_are_counted_too() {
    let router = router(&clusters(1, &format!(r#""c":{}"#, ids("n", 8).json(1))));
    let mut lost = 0;
    while lost % 500 > 0 || router.metrics().owed.unlisted_nodes == 0 {
        for node in 0..8 {
            lose(&router, &format!("n{node}"), format!("{lost}").as_bytes());
        }
        lost += 1;
        assert!(
            lost * 8 * 100 < MAX_OWED_BYTES,
            "{lost} keys at eight nodes"
        );
    }
    let keys = router.metrics().owed.keys;
    assert!(keys * 8 * 100 < MAX_OWED_BYTES as u64, "{keys}");
}

#[test]
fn a_node_that_lost_more_than_is_remembered_may_have_been_copied_from_before_it_left() {
    let router = router(&migration(
        &ids("a", 1),
        &ids("b", 1),
        (1, 100),
        "ramp",
        "50",
    ));
    let lost = |n: usize| format!("{n:01000}").into_bytes();
    let mut count = 0;
    while router.metrics().owed.unlisted_nodes == 0 {
        lose(&router, "a0", &lost(count));
        count += 1;
    }
    let spec = format!(r#""c":{}"#, ids("b", 1).json(100));
    router.apply(clusters(8, &spec).as_bytes()).unwrap();
    for n in [0, count - 1, count] {
        assert!(
            support::read(&router, &lost(n)).is_empty(),
            "b0 may have any copy"
        );
    }
    assert_eq!(router.metrics().owed.unlisted_nodes, 1);
}

#[test]
fn a_node_that_lost_more_than_is_remembered_may_have_been_copied_from_before_the_way_back() {
    let spec = |generation: u32, [from, to]: [&str; 2], stage: &str| {
        let (a, b) = (ids("a", 1).json(1), ids("b", 1).json(9));
        format!(
            r#"{{"format":1,"generation":{generation},"primary":"{from}","standby":"{to}","clusters":{{"a":{a},"b":{b}}},
                "migration":{{"id":"m{generation}","from":"{from}","to":"{to}","stage":"{stage}","percent":0}},
                "breaker":{{"rate":1,"cluster_rate":1}}}}"#
        )
    };
    let router = router(&spec(1, ["a", "b"], "soak"));
    let mut count = 0;
    while router.metrics().owed.unlisted_nodes == 0 {
        lose(&router, "a0", format!("{count:01000}").as_bytes());
        count += 1;
    }
    router
        .apply(spec(2, ["b", "a"], "prepare").as_bytes())
        .unwrap();
    let key = format!("{:01000}", count - 1);
    assert!(
        support::read(&router, key.as_bytes()).is_empty(),
        "b0 may have a copy"
    );
}

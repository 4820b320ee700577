//! Routes while keys move: what a weight does, what clusters that share nodes do.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use ringshift::{Op, Options, Outcome, Router, Stage};
use support::migration::{ids, migration, name, router, told};
use support::{Node, Ring};

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
fn the_only_node_that_takes_keys_is_read_with_more_replicas_than_that() {
    for down in [0, 1] {
        let mut ring = Ring {
            replicas: 2,
            ..ids("n", 2)
        };
        ring.nodes[down].down = true;
        let only = format!("n{}", 1 - down);
        let router = ring.router();
        router.with(|snapshot| {
            let route = snapshot.route(b"key");
            let read = route.read().unwrap();
            assert_eq!(read.node().id(), only);
            assert!(read.nodes().all(|node| node.id() == only));
            assert_eq!(route.single().unwrap().id(), only);
            assert_eq!(snapshot.node(b"key").unwrap().id(), only);
            assert_eq!(snapshot.index(b"key"), read.node().index());
            let shares = &snapshot.shares()[0].nodes;
            assert!(
                shares
                    .iter()
                    .all(|share| (share.node == only) == (share.load > 0))
            );
        });
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

proptest! {
    #[test]
    fn a_value_is_copied_from_what_is_invalidated_earlier(
        nodes in (1usize..6, 1usize..6), replicas in (1usize..4, 1usize..4), shift in 0usize..3,
        open in prop::collection::btree_set(0usize..8, 0..5), max_ejected in prop_oneof![Just("1"), Just("0.5")],
        keys in prop::collection::vec(".{0,12}", 1..40),
    ) {
        let cluster = |first: usize, count: usize, replicas: usize| Ring {
            replicas: replicas.min(count),
            ..Ring::of((first..first + count).map(|n| Node::new(format!("n{n}"))))
        };
        let (from, to) = (cluster(0, nodes.0, replicas.0), cluster(shift, nodes.1, replicas.1));
        let spec = migration(&from, &to, (1, 1 + shift), "ramp", "100");
        let router = router(&spec.replace(r#""max_ejected":1"#, &format!(r#""max_ejected":{max_ejected}"#)));
        for node in router.snapshot().nodes().filter(|node| open.iter().any(|n| node.id() == format!("n{n}"))) {
            router.report(node, Op::Read, Outcome::Error);
            router.report(node, Op::Read, Outcome::Error);
        }
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

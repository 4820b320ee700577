//! Random losses while specs follow one another, some told or followed late, beside a list that is searched from end to
//! end.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use proptest::prelude::*;

use super::losses::{ANY_NODE, Losses};
use super::view::View;
use super::{Circumstances, FOLLOWED_AT_ONCE, OwedKeys, Unread};
use crate::{Options, Router, Snapshot};

const KEYS: u16 = 2 * FOLLOWED_AT_ONCE as u16;

#[derive(Debug, Clone)]
enum Change {
    Lose {
        node: usize,
        keys: Range<u16>,
        life: u64,
        late: bool,
    },
    Publish,
    Follow {
        late: bool,
    },
    Wait {
        time: u64,
    },
}

/// One loss, as the rule has it.
#[derive(Debug, Clone, Default)]
struct Owed {
    nodes: Vec<u32>,
    until: u64,
    copied: bool,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let keys = (0..KEYS, 0..KEYS).prop_map(|(a, b)| a.min(b)..a.max(b));
    let change = prop_oneof![
        4 => (0..6usize, keys, 1..20u64, prop::bool::weighted(0.3))
            .prop_map(|(node, keys, life, late)| Change::Lose { node, keys, life, late }),
        3 => Just(Change::Publish),
        4 => prop::bool::weighted(0.3).prop_map(|late| Change::Follow { late }),
        1 => (1..9u64).prop_map(|time| Change::Wait { time }),
    ];
    prop::collection::vec(change, 1..40)
}

/// Two migrations, one after the other; nodes come and go, and some are of two clusters.
fn snapshots() -> Vec<Arc<Snapshot>> {
    let node = |id: &str| format!(r#"{{"id":"{id}","address":"/{id}"}}"#);
    let cluster = |name: &str| {
        let nodes: Vec<String> = name.chars().map(|id| node(&id.to_string())).collect();
        let nodes = nodes.join(",");
        format!(r#""{name}":{{"placement":{{"kind":"ring"}},"nodes":[{nodes}]}}"#)
    };
    let plain = |name: &str| format!(r#""primary":"{name}","clusters":{{{}}}"#, cluster(name));
    let moving = |from: &str, to: &str| {
        format!(
            r#""primary":"{from}","standby":"{to}","clusters":{{{},{}}},"migration":{{"id":"m","from":"{from}","to":"{to}","stage":"ramp","percent":50}}"#,
            cluster(from),
            cluster(to)
        )
    };
    let specs = [
        plain("ab"),
        plain("abc"),
        moving("abc", "cd"),
        plain("cd"),
        plain("d"),
        moving("d", "aef"),
        plain("aef"),
    ];
    let spec = |n: usize, spec: &str| {
        format!(r#"{{"format":1,"generation":{},{spec}}}"#, n + 1).into_bytes()
    };
    let router = Router::from_spec(&spec(0, &specs[0]), Options::default()).unwrap();
    let rest = specs.iter().enumerate().skip(1);
    let snapshots = rest.map(|(n, each)| {
        router.apply(&spec(n, each)).unwrap();
        router.snapshot()
    });
    let first = router.snapshot();
    std::iter::once(first).chain(snapshots).collect()
}

fn identity(snapshots: &[Arc<Snapshot>], id: usize) -> u32 {
    let id = ["a", "b", "c", "d", "e", "f"][id];
    let mut nodes = snapshots.iter().flat_map(|snapshot| snapshot.nodes());
    nodes.find(|node| node.id() == id).unwrap().identity()
}

fn followed(owed: &Owed, snapshot: &Snapshot, now: u64) -> Owed {
    let known: HashSet<u32> = snapshot.nodes().map(|node| node.identity()).collect();
    let source = |identity: u32| {
        snapshot
            .copied_from()
            .any(|node| node.identity() == identity)
    };
    let copied = owed.copied || owed.nodes.iter().any(|&node| source(node));
    let mut nodes = owed.nodes.clone();
    nodes.retain(|node| known.contains(node) || *node == ANY_NODE);
    if now > owed.until || (nodes.is_empty() && !copied) {
        return Owed::default();
    }
    if nodes.is_empty() {
        nodes.push(ANY_NODE);
    }
    Owed {
        nodes,
        copied,
        ..*owed
    }
}

proptest! {
    #[test]
    fn specs_are_followed_as_a_list_of_losses_says(changes in changes()) {
        let snapshots = snapshots();
        let keys = OwedKeys::new(Arc::default());
        let mut all = vec![Owed::default(); usize::from(KEYS)];
        let (mut now, mut current, mut seen) = (1, 0_usize, 0);
        for change in changes {
            match change {
                Change::Lose { node, keys: lost, life, late } => {
                    let node = identity(&snapshots, node);
                    let teller = &snapshots[current.saturating_sub(usize::from(late))];
                    let copied = teller.copied_from().any(|each| each.identity() == node);
                    let (until, epoch) = (now + life, teller.epoch());
                    for key in lost {
                        seen = seen.max(epoch);
                        keys.lose(node, &key.to_be_bytes(), Circumstances { now, until, copied, epoch });
                        let owed = &mut all[usize::from(key)];
                        if now > owed.until {
                            *owed = Owed::default();
                        }
                        owed.until = owed.until.max(until);
                        owed.copied |= copied;
                        if !owed.nodes.contains(&node) {
                            owed.nodes.push(node);
                        }
                    }
                }
                Change::Publish => current = (current + 1).min(snapshots.len() - 1),
                Change::Follow { late } => {
                    let snapshot = &snapshots[current.saturating_sub(usize::from(late))];
                    let is_nothing = keys.is_nothing();
                    keys.follow(snapshot, now);
                    // Too late, if anything newer was heard of.
                    if !is_nothing && snapshot.epoch() >= seen {
                        seen = snapshot.epoch();
                        for owed in &mut all {
                            *owed = followed(owed, snapshot, now);
                        }
                        let kept = all.iter().filter(|owed| !owed.nodes.is_empty()).count();
                        prop_assert_eq!(keys.metrics().keys, kept as u64);
                    }
                }
                Change::Wait { time } => now += time,
            }
            for (key, owed) in (0..KEYS).zip(&all) {
                let expected = if now <= owed.until {
                    Unread { nodes: owed.nodes.clone(), copied: owed.copied }
                } else {
                    Unread::default()
                };
                prop_assert_eq!(keys.unread(&key.to_be_bytes(), now), expected, "key {} at {}", key, now);
            }
        }
    }
}

#[test]
fn what_is_lost_by_a_newer_snapshot_meanwhile_is_left_alone() {
    let snapshots = snapshots();
    let (older, newer) = (&snapshots[0], &snapshots[1]);
    let mut losses = Losses::default();
    let view = View::new(older, 1);
    assert!(losses.begin_to_follow(&view));
    let epoch = newer.epoch();
    let circumstances = Circumstances {
        now: 1,
        until: 9,
        copied: false,
        epoch,
    };
    // Only the newer one has this node.
    losses.lose(identity(&snapshots, 2), b"key", circumstances);
    let concerned = losses.concerned(&view);
    assert_eq!(concerned.len(), 1);
    losses.follow(&concerned, &view);
    assert_eq!(losses.metrics().keys, 1);
}

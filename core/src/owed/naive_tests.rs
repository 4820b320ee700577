//! Random losses, hand-outs and repayments at set times, beside a list that is searched from end to end.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::losses::{LEASE_MS, PAUSE_MS};
use super::{Circumstances, OwedKeys, Unread};
use crate::breaker::Troubled;

#[derive(Debug, Clone)]
enum Change {
    Lose {
        node: u32,
        key: u8,
        life: u64,
        copied: bool,
    },
    /// Asks for the keys of a node while another one is shut, and repays some of them.
    Ask {
        node: u32,
        shut: u32,
        repaid: Vec<bool>,
    },
    Wait {
        time: u64,
    },
}

/// One loss, as the rule has it.
#[derive(Debug)]
struct Owed {
    key: u8,
    nodes: Vec<u32>,
    until: u64,
    copied: bool,
    handed_out: Option<u64>,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let node = 0..3u32;
    let change = prop_oneof![
        4 => (node.clone(), 0..6u8, 1..20_000u64, prop::bool::weighted(0.2))
            .prop_map(|(node, key, life, copied)| Change::Lose { node, key, life, copied }),
        3 => (node.clone(), node, prop::collection::vec(any::<bool>(), 6))
            .prop_map(|(node, shut, repaid)| Change::Ask { node, shut, repaid }),
        2 => (1..9_000u64).prop_map(|time| Change::Wait { time }),
    ];
    prop::collection::vec(change, 1..60)
}

proptest! {
    #[test]
    fn it_is_as_a_list_of_losses_says(changes in changes()) {
        let troubled = Arc::<Troubled>::default();
        let keys = OwedKeys::new(Arc::clone(&troubled));
        let mut all: Vec<Owed> = Vec::new();
        let mut now = 1;
        let mut pauses = [0; 3];
        for change in changes {
            all.retain(|owed| now <= owed.until);
            match change {
                Change::Lose { node, key, life, copied } => {
                    let until = now + life;
                    pauses[node as usize] = 0;
                    keys.lose(node, &[key], Circumstances { now, until, copied, epoch: 1 });
                    match all.iter_mut().find(|owed| owed.key == key) {
                        Some(owed) => {
                            owed.until = owed.until.max(until);
                            owed.copied |= copied;
                            if !owed.nodes.contains(&node) {
                                owed.nodes.push(node);
                            }
                        }
                        None => all.push(Owed { key, nodes: vec![node], until, copied, handed_out: None }),
                    }
                }
                Change::Ask { node, shut, repaid } => {
                    let given = keys.hand_out(node, now, || HashSet::from([shut]), || false);
                    let mut expected: Vec<u8> = Vec::new();
                    for owed in &mut all {
                        let asked = owed.nodes.contains(&node) && !owed.nodes.contains(&shut);
                        let free = owed.handed_out.is_none_or(|at| at + LEASE_MS <= now);
                        if asked && free && now <= owed.until && pauses[node as usize] <= now {
                            owed.handed_out = Some(now);
                            expected.push(owed.key);
                        }
                    }
                    let any_asked = all.iter().any(|owed| owed.nodes.contains(&node));
                    if expected.is_empty() && any_asked && pauses[node as usize] <= now {
                        pauses[node as usize] = now + PAUSE_MS;
                    }
                    let mut keys_given: Vec<u8> = given.iter().map(|owed| owed.key[0]).collect();
                    keys_given.sort_unstable();
                    expected.sort_unstable();
                    prop_assert_eq!(keys_given, expected);
                    for (owed, repaid) in given.iter().zip(repaid) {
                        keys.repaid(&owed.key, owed.loss - u64::from(!repaid));
                        all.retain(|each| !repaid || each.key != owed.key[0]);
                    }
                }
                Change::Wait { time } => now += time,
            }
            for key in 0..6 {
                let owed = all.iter().find(|owed| owed.key == key && now <= owed.until);
                let expected = owed.map_or_else(Unread::default, |owed| Unread {
                    nodes: owed.nodes.clone(),
                    copied: owed.copied,
                });
                prop_assert_eq!(keys.unread(&[key], now), expected, "key {} at {}", key, now);
            }
            // What no longer lives may be there until somebody looks.
            let kept = keys.metrics().keys;
            prop_assert!(kept >= all.iter().filter(|owed| now <= owed.until).count() as u64);
            prop_assert_eq!(kept == 0, troubled.is_nobody(), "whether routes have to ask");
        }
    }
}

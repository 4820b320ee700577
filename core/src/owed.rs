//! Keys whose invalidation was lost, until it was sent again.
//!
//! A node that was down may come back with what it held before, and so with values that it was to remove. So this
//! process does not read such a key where its invalidation was lost, and sends the invalidation again as soon as the
//! node answers: [`Router::owed`](crate::Router::owed) hands the keys out, [`Router::repaid`](crate::Router::repaid)
//! strikes them off.
//!
//! Written on failures only. While nothing is owed, a route pays nothing for it.

#[cfg(all(test, not(loom)))]
mod naive_tests;

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde::Serialize;

use crate::breaker::Troubled;
use crate::limits::MAX_OWED_BYTES;
use crate::node::Node;
use crate::snapshot::Snapshot;

/// How many keys are handed out at once: the request that found the node alive waits for their invalidations.
const AT_ONCE: usize = 16;

/// How long a key that was handed out is not handed out again, in milliseconds: if whoever has it comes to nothing,
/// another gets it.
const LEASE_MS: u64 = 5_000;

/// What a key takes in memory beside its bytes, for each node, about.
const ENTRY_BYTES: usize = 192;

/// Stands for the node of a key whose nodes have all left the spec: any will do.
const ANY_NODE: u32 = u32::MAX;

/// A key whose invalidation is to be sent again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwedKey {
    /// The key, without the prefix of any cluster.
    pub key: Arc<[u8]>,
    /// Which loss this is about. One that came later has another number, and is not repaid with this one.
    pub loss: u64,
}

/// The keys that a router owes.
#[derive(Debug)]
pub(crate) struct OwedKeys {
    /// Whether there is anything to look for.
    any: AtomicBool,
    inner: Mutex<Inner>,
    troubled: Arc<Troubled>,
}

#[derive(Debug, Default)]
struct Inner {
    keys: HashMap<Arc<[u8]>, Loss>,
    /// The keys of each node, by the turn in which they are handed out.
    turns: BTreeMap<(u32, u64), Arc<[u8]>>,
    /// Nodes to which more is owed than there was room for, and until when.
    unlisted: HashMap<u32, u64>,
    bytes: usize,
    /// The last number that was given out, for a loss or a turn.
    number: u64,
    repaid: u64,
    /// Of the snapshot that was followed last.
    epoch: u64,
}

#[derive(Debug)]
struct Loss {
    number: u64,
    turn: u64,
    /// The identities of the nodes that did not acknowledge.
    nodes: Vec<u32>,
    /// Whether a value may have been copied from one of them to others.
    copied: bool,
    /// When no value that should have been removed lives any more.
    until: u64,
    leased_until: u64,
}

/// Where a key is not to be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The identities of the nodes that did not acknowledge.
    pub(crate) nodes: Vec<u32>,
    /// Whether a value may have been copied from one of them, to any node of the cluster that keys move to.
    pub(crate) copied: bool,
}

/// Invalidations that were lost and are to be sent again: how much this process keeps itself from reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OwedMetrics {
    /// Keys that are not read where their invalidation was lost.
    pub keys: u64,
    /// Nodes that are not read at all, since more keys were lost there than a router remembers.
    pub unlisted_nodes: u64,
    /// Keys whose invalidation was sent again, and acknowledged.
    pub repaid: u64,
}

impl OwedKeys {
    pub(crate) fn new(troubled: Arc<Troubled>) -> Self {
        Self {
            any: AtomicBool::new(false),
            inner: Mutex::default(),
            troubled,
        }
    }

    /// Whether nothing is owed.
    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        !self.any.load(Ordering::Relaxed)
    }

    /// Notes that a node did not acknowledge the invalidation of a key just `now`. `until` is when no value that it
    /// should have removed can live any more; `copied`, whether values are copied from this node to others.
    ///
    /// If there is no more room for the key, none is read at this node.
    pub(crate) fn lose(&self, node: u32, key: &[u8], [now, until]: [u64; 2], copied: bool) {
        self.change(|inner| {
            inner.number += 1;
            let number = inner.number;
            let before = inner.take(key).filter(|(_, loss)| now <= loss.until);
            if let Some((key, mut loss)) = before {
                loss.number = number;
                loss.until = loss.until.max(until);
                loss.copied |= copied;
                if !loss.nodes.contains(&node) {
                    loss.nodes.push(node);
                }
                inner.put(key, loss);
                return;
            }
            if inner.bytes + cost(key, 1) > MAX_OWED_BYTES {
                let unlisted = inner.unlisted.entry(node).or_default();
                *unlisted = until.max(*unlisted);
                return;
            }
            let loss = Loss {
                number,
                turn: number,
                nodes: vec![node],
                copied,
                until,
                leased_until: 0,
            };
            inner.put(key.into(), loss);
        });
    }

    /// Where a key is not to be read.
    #[cold]
    pub(crate) fn unread(&self, key: &[u8], now: u64) -> Unread {
        let mut unread = Unread::default();
        if self.is_nothing() {
            return unread;
        }
        let inner = self.inner.lock();
        if let Some(loss) = inner.keys.get(key).filter(|loss| now <= loss.until) {
            unread.nodes.clone_from(&loss.nodes);
            unread.copied = loss.copied;
        }
        let unlisted = inner.unlisted.iter();
        let unlisted = unlisted.filter(|&(_, &until)| now <= until);
        unread.nodes.extend(unlisted.map(|(node, _)| node));
        unread
    }

    /// A few keys whose invalidation a node did not acknowledge, now that it answers. Not those which another node that
    /// is in `shut` did not acknowledge either: it would be asked in vain. Each is handed out once in a while.
    ///
    /// `keep_away` tells whether requests are to be kept away from the node, and is asked once there is a key to hand
    /// out: where they are not, they may be its breaker's probe.
    pub(crate) fn hand_out(
        &self,
        node: u32,
        now: u64,
        shut: impl FnOnce() -> HashSet<u32>,
        keep_away: impl FnOnce() -> bool,
    ) -> Vec<OwedKey> {
        if self.is_nothing() {
            return Vec::new();
        }
        let mut inner = self.inner.lock();
        let of = |node: u32| (node, 0)..=(node, u64::MAX);
        let due = inner.turns.range(of(node));
        let due = due.chain(inner.turns.range(of(ANY_NODE)));
        let due: Vec<Arc<[u8]>> = due.take(AT_ONCE).map(|(_, key)| Arc::clone(key)).collect();
        if due.is_empty() {
            return Vec::new();
        }
        let shut = shut();
        let kept_away = LazyCell::new(keep_away);
        let mut handed_out = Vec::new();
        for key in due {
            let Some((key, mut loss)) = inner.take(&key) else {
                continue;
            };
            if now > loss.until {
                continue;
            }
            // What can't be handed out goes to the end as well, so that it is not in the way.
            inner.number += 1;
            loss.turn = inner.number;
            let all_answer = loss.nodes.iter().all(|each| !shut.contains(each));
            if loss.leased_until <= now && all_answer && !*kept_away {
                loss.leased_until = now + LEASE_MS;
                handed_out.push(OwedKey {
                    key: Arc::clone(&key),
                    loss: loss.number,
                });
            }
            inner.put(key, loss);
        }
        self.note(&inner);
        handed_out
    }

    /// Every node has acknowledged the invalidation of a key, sent after this loss.
    pub(crate) fn repaid(&self, key: &[u8], loss: u64) {
        if self.is_nothing() {
            return;
        }
        self.change(|inner| {
            if inner.keys.get(key).is_some_and(|owed| owed.number == loss) {
                inner.take(key);
                inner.repaid += 1;
            }
        });
    }

    /// Follows the snapshot in force, with every refresh: what no longer lives is forgotten, and in a migration values
    /// may be copied.
    pub(crate) fn follow(&self, snapshot: &Snapshot, now: u64) {
        if self.is_nothing() {
            return;
        }
        self.change(|inner| {
            inner.unlisted.retain(|_, &mut until| now <= until);
            let same = std::mem::replace(&mut inner.epoch, snapshot.epoch()) == snapshot.epoch();
            let gone = |loss: &Loss| now > loss.until;
            if same && !inner.keys.values().any(gone) {
                return;
            }
            let known: HashSet<u32> = snapshot.nodes().map(|node| node.identity()).collect();
            inner.unlisted.retain(|node, _| known.contains(node));
            let keys: Vec<Arc<[u8]>> = inner.keys.keys().cloned().collect();
            for key in keys {
                let Some((key, mut loss)) = inner.take(&key) else {
                    continue;
                };
                loss.copied |= loss.nodes.iter().any(|&node| snapshot.copies_from(node));
                loss.nodes.retain(|node| known.contains(node));
                // What was only at nodes that are read no more is no longer anybody's concern.
                let kept = !loss.nodes.is_empty() || loss.copied;
                if kept && now <= loss.until {
                    if loss.nodes.is_empty() {
                        loss.nodes.push(ANY_NODE);
                    }
                    inner.put(key, loss);
                }
            }
        });
    }

    pub(crate) fn metrics(&self) -> OwedMetrics {
        let inner = self.inner.lock();
        OwedMetrics {
            keys: inner.keys.len() as u64,
            unlisted_nodes: inner.unlisted.len() as u64,
            repaid: inner.repaid,
        }
    }

    fn change<R>(&self, change: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = self.inner.lock();
        let result = change(&mut inner);
        self.note(&inner);
        result
    }

    /// Tells routes whether they have to ask. Under the lock, so that the last change has the last word.
    fn note(&self, inner: &Inner) {
        let any = !inner.keys.is_empty() || !inner.unlisted.is_empty();
        if self.any.swap(any, Ordering::Relaxed) != any {
            self.troubled.count_one(any);
        }
    }
}

impl Inner {
    fn take(&mut self, key: &[u8]) -> Option<(Arc<[u8]>, Loss)> {
        let (key, loss) = self.keys.remove_entry(key)?;
        self.bytes -= cost(&key, loss.nodes.len());
        for &node in &loss.nodes {
            self.turns.remove(&(node, loss.turn));
        }
        Some((key, loss))
    }

    fn put(&mut self, key: Arc<[u8]>, loss: Loss) {
        self.bytes += cost(&key, loss.nodes.len());
        for &node in &loss.nodes {
            self.turns.insert((node, loss.turn), Arc::clone(&key));
        }
        self.keys.insert(key, loss);
    }
}

fn cost(key: &[u8], nodes: usize) -> usize {
    key.len() + ENTRY_BYTES * nodes
}

/// The nodes of a spec that answer nobody at present, by identity, but for the one that is asked for.
pub(crate) fn shut<'n>(
    nodes: impl Iterator<Item = &'n Arc<Node>>,
    asked: u32,
    now: u64,
) -> HashSet<u32> {
    nodes
        .filter(|node| node.identity() != asked && node.health().is_shut(now))
        .map(|node| node.identity())
        .collect()
}

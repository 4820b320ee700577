//! The invalidations that were lost, by key and in the turn of each node.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use super::view::View;
use super::{OwedKey, OwedMetrics};
use crate::limits::MAX_OWED_BYTES;

/// How many keys are handed out at once: the request that found the node alive waits for their invalidations.
const AT_ONCE: usize = 16;

/// How long a key that was handed out is not handed out again, in milliseconds: if whoever has it comes to nothing,
/// another gets it.
pub(super) const LEASE_MS: u64 = 5_000;

/// How long a node is not looked through again that had nothing to hand out, in milliseconds: all of its keys may be
/// kept back for hours, by another node that is dead, and this is asked after every request.
pub(super) const PAUSE_MS: u64 = 5;

/// What a key takes in memory beside its bytes, for each node, about.
const ENTRY_BYTES: usize = 192;

/// Stands for the node of a key whose nodes have all left the spec: any will do.
pub(super) const ANY_NODE: u32 = u32::MAX;

/// What there is to know of a loss beside node and key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances {
    /// When it was noticed.
    pub(crate) now: u64,
    /// When no value that should have been removed can live any more.
    pub(crate) until: u64,
    /// Whether values are copied from the node to others.
    pub(crate) copied: bool,
    /// Of the snapshot by which the two above were told.
    pub(crate) epoch: u64,
}

/// Where a key is not to be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The identities of the nodes that did not acknowledge.
    pub(crate) nodes: Vec<u32>,
    /// Whether a value may have been copied from one of them, to any node of the cluster that keys move to.
    pub(crate) copied: bool,
}

#[derive(Default)]
pub(super) struct Losses {
    keys: HashMap<Arc<[u8]>, Loss>,
    /// The keys of each node, by the turn in which they are handed out.
    turns: BTreeMap<(u32, u64), Arc<[u8]>>,
    /// Nodes that had nothing to hand out, and until when they are not looked through again.
    pauses: HashMap<u32, u64>,
    /// Nodes to which more is owed than there was room for.
    unlisted: BTreeMap<u32, Unlisted>,
    bytes: usize,
    /// The last number that was given out, for a loss or a turn.
    number: u64,
    repaid: u64,
    /// The highest epoch of a snapshot that was seen here: what comes with an older one is late.
    newest: u64,
}

/// One key whose invalidation was lost.
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

/// Any number of keys of one node, which are not known.
#[derive(Debug, Default)]
struct Unlisted {
    copied: bool,
    until: u64,
}

/// Without the keys, which are nothing for a log.
impl fmt::Debug for Losses {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.metrics().fmt(formatter)
    }
}

impl Losses {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.unlisted.is_empty()
    }

    pub(super) fn lose(&mut self, node: u32, key: &[u8], circumstances: Circumstances) {
        let Circumstances {
            now,
            until,
            copied,
            epoch,
        } = circumstances;
        self.newest = self.newest.max(epoch);
        self.pauses.remove(&node);
        self.number += 1;
        let before = self.take(key).filter(|(_, loss)| now <= loss.until);
        let (key, mut loss) = before.unwrap_or_else(|| (key.into(), Loss::new(self.number)));
        loss.number = self.number;
        loss.until = loss.until.max(until);
        loss.copied |= copied;
        let is_new = !loss.nodes.contains(&node);
        if is_new && self.bytes + cost(&key, loss.nodes.len() + 1) > MAX_OWED_BYTES {
            let unlisted = self.unlisted.entry(node).or_default();
            unlisted.until = until.max(unlisted.until);
            unlisted.copied |= copied;
        } else if is_new {
            loss.nodes.push(node);
        }
        if !loss.nodes.is_empty() {
            self.put(key, loss);
        }
    }

    pub(super) fn unread(&self, key: &[u8], now: u64) -> Unread {
        let mut unread = Unread::default();
        if let Some(loss) = self.keys.get(key).filter(|loss| now <= loss.until) {
            unread.nodes.clone_from(&loss.nodes);
            unread.copied = loss.copied;
        }
        for (&node, unlisted) in &self.unlisted {
            if now <= unlisted.until {
                unread.nodes.push(node);
                unread.copied |= node == ANY_NODE;
            }
        }
        unread
    }

    /// Whether a node may be owed something that can be handed out now.
    pub(super) fn is_to_be_asked(&self, node: u32, now: u64) -> bool {
        let is_over = |&until: &u64| until <= now;
        self.pauses.get(&node).is_none_or(is_over) && self.due(node).next().is_some()
    }

    pub(super) fn hand_out(
        &mut self,
        node: u32,
        now: u64,
        shut: &HashSet<u32>,
        keep_away: impl FnOnce() -> bool,
    ) -> Vec<OwedKey> {
        let due: Vec<Arc<[u8]>> = self.due(node).take(AT_ONCE).cloned().collect();
        let kept_away = LazyCell::new(keep_away);
        let mut handed_out = Vec::new();
        for key in due {
            let Some((key, mut loss)) = self.take(&key) else {
                continue;
            };
            if now > loss.until {
                continue;
            }
            // What can't be handed out goes to the end as well, so that it is not in the way.
            self.number += 1;
            loss.turn = self.number;
            let all_answer = loss.nodes.iter().all(|each| !shut.contains(each));
            if loss.leased_until <= now && all_answer && !*kept_away {
                loss.leased_until = now + LEASE_MS;
                handed_out.push(OwedKey {
                    key: Arc::clone(&key),
                    loss: loss.number,
                });
            }
            self.put(key, loss);
        }
        if handed_out.is_empty() && self.due(node).next().is_some() {
            self.pauses.insert(node, now + PAUSE_MS);
        }
        handed_out
    }

    pub(super) fn repaid(&mut self, key: &[u8], loss: u64) {
        if self.keys.get(key).is_some_and(|owed| owed.number == loss) {
            self.take(key);
            self.repaid += 1;
        }
    }

    /// Begins to follow a snapshot, with all but the keys. Says whether it is not too late for that: two refreshes may
    /// come here the other way round, and the older one does not know the nodes of the newer.
    pub(super) fn begin_to_follow(&mut self, view: &View) -> bool {
        if view.epoch < self.newest {
            return false;
        }
        self.newest = view.epoch;
        self.pauses.retain(|_, until| view.now < *until);
        let mut anywhere = 0;
        self.unlisted.retain(|&node, unlisted| {
            unlisted.copied |= view.copies(node);
            if unlisted.copied && !view.copies(node) {
                anywhere = anywhere.max(unlisted.until);
            }
            view.knows(node) && view.now <= unlisted.until
        });
        if view.now <= anywhere {
            // Which keys were copied from there, and where to, nobody knows. While it is the source, its own are kept
            // from being read anyway.
            let unlisted = self.unlisted.entry(ANY_NODE).or_default();
            unlisted.until = anywhere.max(unlisted.until);
        }
        true
    }

    /// The keys that change by following, or end.
    pub(super) fn concerned(&self, view: &View) -> Vec<Arc<[u8]>> {
        let losses = self.keys.iter();
        let concerned = losses.filter(|(_, loss)| loss.is_concerned(view));
        concerned.map(|(key, _)| Arc::clone(key)).collect()
    }

    /// Lets some keys follow a snapshot, unless a newer one was seen meanwhile.
    pub(super) fn follow(&mut self, keys: &[Arc<[u8]>], view: &View) {
        if self.newest != view.epoch {
            return;
        }
        for key in keys {
            let Some((key, mut loss)) = self.take(key) else {
                continue;
            };
            loss.copied |= loss.is_copied(view);
            loss.nodes.retain(|&node| view.knows(node));
            // What was only at nodes that are read no more is no longer anybody's concern.
            let kept = !loss.nodes.is_empty() || loss.copied;
            if kept && view.now <= loss.until {
                if loss.nodes.is_empty() {
                    loss.nodes.push(ANY_NODE);
                }
                self.put(key, loss);
            }
        }
    }

    pub(super) fn metrics(&self) -> OwedMetrics {
        OwedMetrics {
            keys: self.keys.len() as u64,
            unlisted_nodes: self.unlisted.len() as u64,
            repaid: self.repaid,
        }
    }

    /// The keys of a node, in the order in which they are handed out.
    fn due(&self, node: u32) -> impl Iterator<Item = &Arc<[u8]>> {
        let of = |node: u32| self.turns.range((node, 0)..=(node, u64::MAX));
        of(node).chain(of(ANY_NODE)).map(|(_, key)| key)
    }

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

impl Loss {
    fn new(turn: u64) -> Self {
        Self {
            number: turn,
            turn,
            nodes: Vec::new(),
            copied: false,
            until: 0,
            leased_until: 0,
        }
    }

    /// Whether this changes by following a snapshot, or ends.
    fn is_concerned(&self, view: &View) -> bool {
        let all_known = self.nodes.iter().all(|&node| view.knows(node));
        let is_copied = self.is_copied(view) && !self.copied;
        view.now > self.until || !all_known || is_copied
    }

    fn is_copied(&self, view: &View) -> bool {
        self.nodes.iter().any(|&node| view.copies(node))
    }
}

fn cost(key: &[u8], nodes: usize) -> usize {
    key.len() + ENTRY_BYTES * nodes
}

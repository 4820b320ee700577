//! Keys whose invalidation was lost, until it was sent again.
//!
//! A node that was down may come back with what it held before, and so with values that it was to remove. So this
//! process does not read such a key where its invalidation was lost, and sends the invalidation again as soon as the
//! node answers: [`Router::owed`](crate::Router::owed) hands the keys out, [`Router::repaid`](crate::Router::repaid)
//! strikes them off.
//!
//! Written on failures only. While nothing is owed, a route pays nothing for it; while anything is, routes share a lock
//! that nobody holds for long.

#[cfg(all(test, not(loom)))]
mod follow_tests;
mod losses;
#[cfg(all(test, not(loom)))]
mod naive_tests;
mod view;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::RwLock;
use serde::Serialize;

use self::losses::Losses;
pub(crate) use self::losses::{Circumstances, Unread};
use self::view::View;
use crate::breaker::Troubled;
use crate::node::Node;
use crate::snapshot::Snapshot;

/// How many keys follow a new snapshot at a time: routes wait for no more than these.
const FOLLOWED_AT_ONCE: usize = 256;

/// A key whose invalidation is to be sent again.
#[derive(Clone, PartialEq, Eq)]
pub struct OwedKey {
    /// The key, without the prefix of any cluster.
    pub key: Arc<[u8]>,
    /// Which loss this is about. One that came later has another number, and is not repaid with this one.
    pub loss: u64,
}

/// Without the key, which is nothing for a log.
impl fmt::Debug for OwedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("OwedKey");
        shown.field("loss", &self.loss).finish_non_exhaustive()
    }
}

/// Invalidations that were lost and are to be sent again: how much this process keeps itself from reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OwedMetrics {
    /// Keys that are not read where their invalidation was lost.
    pub keys: u64,
    /// Nodes that are not read at all, since more keys were lost there than a router remembers. Those that
    /// values were copied from before are one together: nothing is then read anywhere, until such values have expired.
    pub unlisted_nodes: u64,
    /// Keys whose invalidation was sent again, and acknowledged.
    pub repaid: u64,
}

/// The keys that a router owes.
#[derive(Debug)]
pub(crate) struct OwedKeys {
    /// Whether there is anything to look for.
    any: AtomicBool,
    losses: RwLock<Losses>,
    troubled: Arc<Troubled>,
}

impl OwedKeys {
    pub(crate) fn new(troubled: Arc<Troubled>) -> Self {
        Self {
            any: AtomicBool::new(false),
            losses: RwLock::default(),
            troubled,
        }
    }

    /// Whether nothing is owed.
    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        !self.any.load(Ordering::Relaxed)
    }

    /// Notes that a node did not acknowledge the invalidation of a key. If there is no more room for the key, none is
    /// read at this node.
    pub(crate) fn lose(&self, node: u32, key: &[u8], circumstances: Circumstances) {
        self.change(|losses| losses.lose(node, key, circumstances));
    }

    /// Where a key is not to be read.
    #[cold]
    pub(crate) fn unread(&self, key: &[u8], now: u64) -> Unread {
        if self.is_nothing() {
            return Unread::default();
        }
        self.losses.read().unread(key, now)
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
        if self.is_nothing() || !self.losses.read().is_to_be_asked(node, now) {
            return Vec::new();
        }
        let shut = shut();
        self.change(|losses| losses.hand_out(node, now, &shut, keep_away))
    }

    /// Every node has acknowledged the invalidation of a key, sent after this loss.
    pub(crate) fn repaid(&self, key: &[u8], loss: u64) {
        if !self.is_nothing() {
            self.change(|losses| losses.repaid(key, loss));
        }
    }

    /// Follows the snapshot in force, with every refresh: what no longer lives is forgotten, and in a migration values
    /// may be copied. Routes go on meanwhile.
    pub(crate) fn follow(&self, snapshot: &Snapshot, now: u64) {
        if self.is_nothing() {
            return;
        }
        let view = View::new(snapshot, now);
        if !self.change(|losses| losses.begin_to_follow(&view)) {
            return;
        }
        let keys = self.losses.read().concerned(&view);
        for keys in keys.chunks(FOLLOWED_AT_ONCE) {
            self.change(|losses| losses.follow(keys, &view));
        }
    }

    pub(crate) fn metrics(&self) -> OwedMetrics {
        self.losses.read().metrics()
    }

    /// Tells routes as well whether they have to ask: under the lock, so that the last change has the last word.
    fn change<R>(&self, change: impl FnOnce(&mut Losses) -> R) -> R {
        let mut losses = self.losses.write();
        let result = change(&mut losses);
        let any = !losses.is_empty();
        if self.any.swap(any, Ordering::Relaxed) != any {
            self.troubled.count_one(any);
        }
        result
    }
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

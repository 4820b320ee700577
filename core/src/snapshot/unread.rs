//! Which nodes of a key are not to be read: breakers that are open, and invalidations that were lost.

use std::sync::Arc;

use super::{ActiveMigration, Snapshot};
use crate::cluster::Cluster;
use crate::node::Node;
use crate::owed::Unread;
use crate::spec::{ALL_BASIS_POINTS, Stage};

impl Snapshot {
    /// Which nodes are not to be read, as bits in read order: those whose breakers are open, and those that did not
    /// acknowledge this key's invalidation.
    #[cold]
    pub(super) fn open_of(&self, key: &[u8], from: u32) -> u8 {
        let unread = self.unread(key);
        let unread = if unread.copied {
            // To this cluster, when keys moved here.
            self.primary.positions() as u8
        } else {
            self.primary.bits_of(from, &unread.nodes)
        };
        self.open(&self.primary, from, unread, true)
    }

    fn unread(&self, key: &[u8]) -> Unread {
        self.owed.unread(key, self.uptime())
    }

    /// The same of both sides. A probe is given out only where the key will be read first; and once all keys have moved,
    /// which read `from` first no more, where it falls back to.
    #[cold]
    pub(super) fn open_in_migration(
        &self,
        migration: &ActiveMigration,
        key: &[u8],
        from: u32,
        to: u32,
        moved: bool,
    ) -> (u8, u8) {
        let unread = self.unread(key);
        if unread.copied || self.primary.bits_of(from, &unread.nodes) != 0 {
            // What the source did not remove may be anywhere.
            return (
                self.primary.positions() as u8,
                migration.to.positions() as u8,
            );
        }
        let to_unread = migration.to.bits_of(to, &unread.nodes);
        let source = |probe| self.open(&self.primary, from, 0, probe);
        let destination = |probe| self.open(&migration.to, to, to_unread, probe);
        match (migration.stage, moved) {
            (Stage::None | Stage::Prepare, _) => (source(true), 0),
            (Stage::Soak, _) => (0, destination(true)),
            (Stage::Ramp, false) => {
                let open = source(true);
                let nowhere = self.primary.is_all_of(open, from);
                (open, if nowhere { destination(true) } else { 0 })
            }
            (Stage::Ramp, true) => {
                let open = destination(true);
                // With every key moved, none reads the source first: the probe that could close its breaker again
                // is a fallback's, though that may not be needed.
                let probe = migration.to.is_all_of(open, to) || self.weight == ALL_BASIS_POINTS;
                (source(probe), open)
            }
        }
    }

    #[cold]
    fn open(&self, cluster: &Cluster, slot: u32, unread: u8, probe: bool) -> u8 {
        let max_ejected = self.spec.breaker.max_ejected;
        cluster.open(slot, unread, max_ejected, self.uptime(), probe)
    }

    /// The nodes from which values are copied to others, now or in a later stage.
    pub(crate) fn copied_from(&self) -> impl Iterator<Item = &Arc<Node>> {
        let source = self.migration.is_some().then_some(&self.primary);
        source.into_iter().flat_map(|source| source.nodes())
    }
}

//! The route table: what to read, fill and invalidate for a key in every stage.
//!
//! | stage | reads (moved key) | reads (unmoved key) | invalidate, in order |
//! |---|---|---|---|
//! | none | primary | primary | primary |
//! | prepare | from | from | from, to |
//! | ramp | to, then from | from | from, to |
//! | soak | to | to | from, to |
//!
//! Why each row is as it is stands in `docs/migration.md`.

use std::hint::select_unpredictable;
use std::iter;
use std::sync::Arc;

use crate::cluster::Cluster;
use crate::limits;
use crate::node::Node;
use crate::snapshot::{ActiveMigration, Snapshot};
use crate::spec::Stage;

/// A route in one word: two keys with equal codes have equal routes in the same snapshot.
///
/// From the low end: 22 bits slot in `from`, 22 bits slot in `to`, 8 + 8 bits of nodes that are
/// not to be read, 1 bit moved. There are at most 2^22 points, and therefore slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RouteCode(u64);

const SLOT_BITS: u32 = 22;
const SLOT: u64 = (1 << SLOT_BITS) - 1;

/// Bits for the positions of a slot's nodes.
const PLACES: u32 = u8::BITS;
const _: () = assert!(limits::MAX_REPLICAS <= PLACES as usize);

impl RouteCode {
    #[inline]
    pub(crate) fn new(from: u32, to: u32, from_open: u8, to_open: u8, moved: bool) -> Self {
        Self(
            u64::from(from)
                | u64::from(to) << SLOT_BITS
                | u64::from(from_open) << (2 * SLOT_BITS)
                | u64::from(to_open) << (2 * SLOT_BITS + 8)
                | u64::from(moved) << (2 * SLOT_BITS + 16),
        )
    }

    /// The code as a number, to be used as a cache key together with the snapshot's epoch.
    pub fn number(self) -> u64 {
        self.0
    }

    #[inline]
    fn source_slot(self) -> u32 {
        (self.0 & SLOT) as u32
    }

    #[inline]
    fn destination_slot(self) -> u32 {
        (self.0 >> SLOT_BITS & SLOT) as u32
    }

    #[inline]
    fn source_open(self) -> u8 {
        (self.0 >> (2 * SLOT_BITS)) as u8
    }

    #[inline]
    fn destination_open(self) -> u8 {
        (self.0 >> (2 * SLOT_BITS + 8)) as u8
    }

    /// Whether any node is not to be read.
    #[inline]
    fn has_open(self) -> bool {
        self.0 >> (2 * SLOT_BITS) & 0xffff != 0
    }

    #[inline]
    fn moved(self) -> bool {
        self.0 >> (2 * SLOT_BITS + 16) & 1 == 1
    }
}

/// What to do for a key, borrowed from a snapshot. Two words; everything else is looked up when it is
/// asked for.
#[derive(Debug, Clone, Copy)]
pub struct Route<'s> {
    snapshot: &'s Snapshot,
    code: RouteCode,
}

/// Where a key lives in one cluster: at least one node, in read order. Nodes whose breaker is
/// open are left out.
#[derive(Debug, Clone, Copy)]
pub struct Target<'s> {
    cluster: &'s Cluster,
    slot: u32,
    /// Bits of the nodes that are left out.
    skipped: u8,
}

impl<'s> Target<'s> {
    /// Nothing if no node is left.
    #[inline]
    fn new(cluster: &'s Cluster, slot: u32, skipped: u8) -> Option<Self> {
        let target = Self {
            cluster,
            slot,
            skipped,
        };
        (skipped == 0 || target.nodes().next().is_some()).then_some(target)
    }

    /// The nodes in read order; at least one.
    #[inline]
    pub fn nodes(&self) -> impl Iterator<Item = &'s Arc<Node>> + use<'s> {
        let (cluster, slot) = (self.cluster, self.slot);
        let read = cluster.positions() & !u32::from(self.skipped);
        bits(read).map(move |position| cluster.node_of(slot, position))
    }

    /// The node to read first.
    #[inline]
    pub fn node(&self) -> &'s Arc<Node> {
        if self.skipped == 0 {
            self.cluster.first_of(self.slot)
        } else {
            self.first_of_some()
        }
    }

    #[cold]
    fn first_of_some(&self) -> &'s Arc<Node> {
        // `new` made sure that there is one.
        self.nodes().next().unwrap_or(&self.cluster.nodes()[0])
    }

    /// The cluster's name.
    pub fn cluster(&self) -> &'s str {
        self.node().cluster()
    }

    /// What the cluster puts before keys on the wire.
    pub fn key_prefix(&self) -> &'s str {
        self.node().key_prefix()
    }

    /// The same target without the entries that another one has, or nothing if none is left.
    fn without(mut self, other: &Target<'s>) -> Option<Self> {
        for (position, node) in self.cluster.nodes_of(self.slot).enumerate() {
            if has(other.nodes(), node) {
                self.skipped |= 1 << position;
            }
        }
        Self::new(self.cluster, self.slot, self.skipped)
    }
}

impl<'s> Route<'s> {
    #[inline]
    pub(crate) fn new(snapshot: &'s Snapshot, code: RouteCode) -> Self {
        Self { snapshot, code }
    }

    /// The route of a code's number; nothing if the snapshot cannot have given it.
    pub(crate) fn checked(snapshot: &'s Snapshot, number: u64) -> Option<Self> {
        let code = RouteCode(number);
        let fits = |cluster: &Cluster, slot| slot < cluster.slots();
        let may_have_moved = match snapshot.stage() {
            Stage::None | Stage::Prepare => !code.moved(),
            Stage::Ramp => true,
            Stage::Soak => code.moved(),
        };
        let to = snapshot.migration().map(ActiveMigration::to);
        let known = fits(snapshot.primary(), code.source_slot())
            && to.map_or(code.destination_slot() == 0, |to| {
                fits(to, code.destination_slot())
            })
            && may_have_moved
            && code.0 >> (2 * SLOT_BITS + 17) == 0;
        known.then(|| Self::new(snapshot, code))
    }

    /// Where to read; nothing if open breakers, of nodes or clusters, leave nothing to read, so that
    /// the caller goes to the origin.
    #[inline]
    pub fn read(&self) -> Option<Target<'s>> {
        let (code, primary) = (self.code, self.snapshot.primary());
        if code.has_open() {
            return self.read_past_breakers();
        }
        // Before the ramp no key has moved, after it every key has.
        let (cluster, slot) = match self.snapshot.migration() {
            // One key has moved and the next has not: a branch would be mispredicted.
            Some(migration) => (
                select_unpredictable(code.moved(), migration.to(), primary),
                select_unpredictable(code.moved(), code.destination_slot(), code.source_slot()),
            ),
            None => (primary, code.source_slot()),
        };
        Some(Target {
            cluster,
            slot,
            skipped: 0,
        })
    }

    #[cold]
    fn read_past_breakers(&self) -> Option<Target<'s>> {
        match (self.stage(), self.code.moved()) {
            (Stage::None | Stage::Prepare, _) => self.source(),
            (Stage::Soak, _) => self.destination(),
            // While copying, a key may be treated as moved or unmoved by different processes at the
            // same time, so an open breaker may send it to the other side.
            (Stage::Ramp, false) => self.source().or_else(|| self.destination()),
            (Stage::Ramp, true) => self.destination().or_else(|| self.source()),
        }
    }

    /// The node of a route that is about one node only: it is read and invalidated, and there is no
    /// fallback. So most routes are at most times, and whoever takes down whole routes is done with
    /// such a one at once.
    #[inline]
    pub fn single(&self) -> Option<&'s Arc<Node>> {
        let primary = self.snapshot.primary();
        let single = self.snapshot.migration().is_none()
            && primary.positions() == 1
            && !self.code.has_open();
        single.then(|| primary.first_of(self.code.source_slot()))
    }

    /// Where to look after a miss, if anywhere.
    #[inline]
    pub fn fallback(&self) -> Option<Target<'s>> {
        let migration = self.snapshot.migration()?;
        if !self.code.moved() || !migration.stage().copies() {
            return None;
        }
        let from = self.source()?;
        if self.code.has_open() || migration.shares_entries() {
            // Also without entries of `to` that its breakers keep from being read: those of `from` may
            // not, if too many are open there, and a copy from such an entry to another of `to` could go
            // from one that is invalidated later.
            let to = Target {
                skipped: 0,
                ..self.destination()?
            };
            from.without(&to)
        } else {
            Some(from)
        }
    }

    /// What may be read of the primary cluster.
    #[inline]
    fn source(&self) -> Option<Target<'s>> {
        let code = self.code;
        Target::new(
            self.snapshot.primary(),
            code.source_slot(),
            code.source_open(),
        )
    }

    /// What may be read of the cluster that keys move to.
    #[inline]
    fn destination(&self) -> Option<Target<'s>> {
        let (code, to) = (self.code, self.snapshot.migration()?.to());
        Target::new(to, code.destination_slot(), code.destination_open())
    }

    /// Whether a value that was found at `fallback` is copied to `read`.
    #[inline]
    pub fn fill(&self) -> bool {
        let Some(migration) = self.snapshot.migration() else {
            return false;
        };
        if self.code.has_open() || migration.shares_entries() {
            // There is a fallback only where there is something to read.
            return self.fallback().is_some();
        }
        migration.stage().copies() & self.code.moved()
    }

    /// Where the key must be removed when its value changes, in this order: each must be
    /// acknowledged before the next is sent. Breakers do not matter here.
    ///
    /// First what only `from` has, then what both have, then what only `to` has: a value is copied
    /// from an earlier one to a later one only, so none can come back from one that is not yet
    /// invalidated.
    #[inline]
    pub fn invalidate(&self) -> impl Iterator<Item = &'s Arc<Node>> + use<'s> {
        let (code, from) = (self.code, self.snapshot.primary());
        let to = self.snapshot.migration().map_or(from, ActiveMigration::to);
        bits(self.invalidated()).map(move |bit| {
            let position = bit % PLACES;
            if bit < 2 * PLACES {
                from.node_of(code.source_slot(), position)
            } else {
                to.node_of(code.destination_slot(), position)
            }
        })
    }

    /// The positions of the nodes to invalidate, as bits: from the low end, those of `from` that `to`
    /// has not, those of `from` that it has, and those of `to` that only `to` has.
    #[inline]
    fn invalidated(&self) -> u32 {
        let from = self.snapshot.primary().positions();
        match self.snapshot.migration() {
            Some(migration) if migration.invalidates_both() => {
                let to = migration.to().positions();
                let (from_shared, to_shared) = if migration.shares_entries() {
                    self.shared(migration.to())
                } else {
                    (0, 0)
                };
                let (from_only, to_only) = (from & !from_shared, to & !to_shared);
                from_only | from_shared << PLACES | to_only << (2 * PLACES)
            }
            _ => from,
        }
    }

    /// The positions in `from` and in `to` of the nodes whose entries are among those of the other
    /// side, as bits.
    fn shared(&self, to: &Cluster) -> (u32, u32) {
        let source = self.snapshot.primary().nodes_of(self.code.source_slot());
        let destination = to.nodes_of(self.code.destination_slot());
        let mut shared = (0, 0);
        for (position, node) in source.clone().enumerate() {
            shared.0 |= u32::from(has(destination.clone(), node)) << position;
        }
        for (position, node) in destination.enumerate() {
            shared.1 |= u32::from(has(source.clone(), node)) << position;
        }
        shared
    }

    /// The stage in force in this process' region.
    pub fn stage(&self) -> Stage {
        self.snapshot.stage()
    }

    /// Whether the key has moved: its bucket is below the weight. In `ramp` an open breaker may
    /// still send it to the other cluster; see [`Route::read`].
    pub fn moved(&self) -> bool {
        self.code.moved()
    }

    /// The generation of the spec that the route comes from.
    pub fn generation(&self) -> u64 {
        self.snapshot.generation()
    }

    /// The route in one word.
    #[inline]
    pub fn code(&self) -> RouteCode {
        self.code
    }
}

/// The bits that are set, from the low end.
#[inline]
fn bits(mut all: u32) -> impl Iterator<Item = u32> {
    iter::from_fn(move || {
        let lowest = (all != 0).then(|| all.trailing_zeros());
        all &= all.wrapping_sub(1);
        lowest
    })
}

/// Whether a node's entry is among those of others.
fn has<'s>(mut nodes: impl Iterator<Item = &'s Arc<Node>>, node: &Node) -> bool {
    nodes.any(|other| other.identity() == node.identity())
}

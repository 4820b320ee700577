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

use std::sync::Arc;

use crate::cluster::Cluster;
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

    /// The code of a number that [`RouteCode::number`] gave.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }

    fn source_slot(self) -> u32 {
        (self.0 & SLOT) as u32
    }

    fn destination_slot(self) -> u32 {
        (self.0 >> SLOT_BITS & SLOT) as u32
    }

    fn source_open(self) -> u8 {
        (self.0 >> (2 * SLOT_BITS)) as u8
    }

    fn destination_open(self) -> u8 {
        (self.0 >> (2 * SLOT_BITS + 8)) as u8
    }

    fn moved(self) -> bool {
        self.0 >> (2 * SLOT_BITS + 16) & 1 == 1
    }
}

/// What to do for a key, borrowed from a snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Route<'s> {
    snapshot: &'s Snapshot,
    code: RouteCode,
    read: Option<Target<'s>>,
    fallback: Option<Target<'s>>,
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
    fn new(cluster: &'s Cluster, slot: u32, skipped: u8) -> Option<Self> {
        let target = Self {
            cluster,
            slot,
            skipped,
        };
        target.nodes().next().is_some().then_some(target)
    }

    /// The nodes in read order; at least one.
    pub fn nodes(&self) -> impl Iterator<Item = &'s Arc<Node>> + use<'s> {
        let skipped = self.skipped;
        (self.cluster.nodes_of(self.slot).enumerate())
            .filter(move |(position, _)| skipped >> position & 1 == 0)
            .map(|(_, node)| node)
    }

    /// The node to read first.
    pub fn node(&self) -> &'s Arc<Node> {
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
            if other
                .nodes()
                .any(|taken| taken.identity() == node.identity())
            {
                self.skipped |= 1 << position;
            }
        }
        Self::new(self.cluster, self.slot, self.skipped)
    }
}

impl<'s> Route<'s> {
    /// Nothing if the snapshot cannot have given this code.
    pub(crate) fn checked(snapshot: &'s Snapshot, code: RouteCode) -> Option<Self> {
        let fits = |cluster: &Cluster, slot| slot < cluster.slots();
        let to = snapshot.migration().map(ActiveMigration::to);
        let known = fits(snapshot.primary(), code.source_slot())
            && to.map_or(code.destination_slot() == 0, |to| {
                fits(to, code.destination_slot())
            })
            && code.0 >> (2 * SLOT_BITS + 17) == 0;
        known.then(|| Self::new(snapshot, code))
    }

    pub(crate) fn new(snapshot: &'s Snapshot, code: RouteCode) -> Self {
        let (read, fallback) = reads(snapshot, code);
        Self {
            snapshot,
            code,
            read,
            fallback,
        }
    }

    /// Where to read; nothing if every node that may be read is kept away by its breaker, so that
    /// the caller goes to the origin.
    pub fn read(&self) -> Option<Target<'s>> {
        self.read
    }

    /// Where to look after a miss, if anywhere.
    pub fn fallback(&self) -> Option<Target<'s>> {
        self.fallback
    }

    /// Whether a value that was found at `fallback` is copied to `read`.
    pub fn fill(&self) -> bool {
        self.read.is_some() && self.fallback.is_some()
    }

    /// Where the key must be removed when its value changes, in this order: each must be
    /// acknowledged before the next is sent. Breakers do not matter here.
    pub fn invalidate(&self) -> impl Iterator<Item = &'s Arc<Node>> + use<'s> {
        let snapshot = self.snapshot;
        let from = snapshot.primary().nodes_of(self.code.source_slot());
        let to = snapshot
            .migration()
            .filter(|migration| migration.invalidates_both())
            .map(|migration| migration.to().nodes_of(self.code.destination_slot()));
        let source = from.clone();
        let to = to.into_iter().flatten().filter(move |node| {
            source
                .clone()
                .all(|earlier| earlier.identity() != node.identity())
        });
        from.chain(to)
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
    pub fn code(&self) -> RouteCode {
        self.code
    }
}

fn reads(snapshot: &Snapshot, code: RouteCode) -> (Option<Target<'_>>, Option<Target<'_>>) {
    let from = Target::new(snapshot.primary(), code.source_slot(), code.source_open());
    let Some(migration) = snapshot.migration() else {
        return (from, None);
    };
    let to = Target::new(
        migration.to(),
        code.destination_slot(),
        code.destination_open(),
    );
    match (migration.stage(), code.moved()) {
        (Stage::None | Stage::Prepare, _) => (from, None),
        (Stage::Soak, _) => (to, None),
        // While copying, a key may be treated as moved or unmoved by different processes at the
        // same time, so an open breaker may send it to the other side.
        (Stage::Ramp, false) => (from.or(to), None),
        (Stage::Ramp, true) => match (to, from) {
            (Some(to), Some(from)) => (Some(to), from.without(&to)),
            (to, from) => (to.or(from), None),
        },
    }
}

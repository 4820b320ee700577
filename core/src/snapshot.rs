//! One state of the router: a compiled spec and the weight in force. Never changes.

mod unread;

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::balance::Warning;
use crate::breaker::Troubled;
use crate::cluster::{Cluster, ClusterMemory, Refused};
use crate::debt::end_of_life;
use crate::hash;
use crate::node::{Node, NodePool};
use crate::owed::OwedKeys;
use crate::placement::Table;
use crate::route::{Route, RouteCode};
use crate::spec::{ClusterSpec, Spec, Stage};

/// A compiled spec, immutable and shared by all threads. Everything that one snapshot answers
/// belongs to one generation.
#[derive(Debug, Clone)]
pub struct Snapshot {
    epoch: u64,
    spec: Arc<Spec>,
    clusters: BTreeMap<String, Arc<Cluster>>,
    primary: Arc<Cluster>,
    migration: Option<ActiveMigration>,
    weight: u16,
    /// When what was stored under the specs before this one has expired.
    expired: u64,
    troubled: Arc<Troubled>,
    owed: Arc<OwedKeys>,
    /// The primary's table where there is no migration and it takes no more than that.
    quick: Option<QuickTable>,
    /// One for all snapshots of a compiled spec.
    warnings: Arc<OnceLock<Vec<Warning>>>,
}

/// The table of a ring as most clusters have it; see [`Cluster::plain`].
type QuickTable = Arc<Table<u16>>;

/// The migration as this process' region sees it.
#[derive(Debug, Clone)]
pub(crate) struct ActiveMigration {
    to: Arc<Cluster>,
    stage: Stage,
    bucket_seed: u64,
    /// Whether both clusters hash a key to the same number, so that one hash is enough.
    hashes_alike: bool,
    invalidates_both: bool,
    /// Whether a key may be the same entry of the same server in both clusters.
    shares_entries: bool,
    /// The tables of both clusters where it takes no more than that to place a key.
    quick: Option<(QuickTable, QuickTable)>,
}

impl ActiveMigration {
    pub(crate) fn to(&self) -> &Cluster {
        &self.to
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn shares_entries(&self) -> bool {
        self.shares_entries
    }

    pub(crate) fn invalidates_both(&self) -> bool {
        self.invalidates_both
    }
}

impl Snapshot {
    /// Compiles a spec, taking over from `previous` what did not change.
    ///
    /// Fails if a cluster's `max_load` cannot be kept, or the pool would hold too many nodes; whatever else a spec may
    /// have wrong was found when it was parsed.
    pub(crate) fn compile(
        spec: Arc<Spec>,
        region: Option<&str>,
        now: u64,
        pool: &NodePool,
        previous: Option<&Snapshot>,
    ) -> Result<Self, Refused> {
        let clusters = compile_clusters(&spec, pool, previous)?;
        // Names were checked by `Spec::parse`.
        let primary = Arc::clone(&clusters[&spec.primary]);
        let migration = spec.migration.as_ref().map(|migration| {
            let to = Arc::clone(&clusters[&migration.to]);
            ActiveMigration {
                hashes_alike: primary.hashes_like(&to),
                quick: primary.plain().cloned().zip(to.plain().cloned()),
                shares_entries: primary.shares_entries_with(&to),
                to,
                stage: migration.plan_of(region).stage,
                bucket_seed: hash::bucket_seed(&migration.id),
                invalidates_both: migration.has_begun(),
            }
        });
        Ok(Self {
            epoch: previous.map_or(1, |previous| previous.epoch + 1),
            weight: weight(&spec, region, now),
            quick: (primary.plain().filter(|_| migration.is_none())).cloned(),
            expired: previous.map_or(0, |previous| previous.end_of_life(pool.troubled().now())),
            spec,
            clusters,
            primary,
            migration,
            troubled: Arc::clone(pool.troubled()),
            owed: Arc::clone(pool.owed()),
            warnings: Arc::default(),
        })
    }

    /// The same with the weight of another time, or nothing if the weight is the same.
    pub(crate) fn at(&self, region: Option<&str>, now: u64) -> Option<Self> {
        let weight = weight(&self.spec, region, now);
        (weight != self.weight).then(|| Self {
            epoch: self.epoch + 1,
            weight,
            ..self.clone()
        })
    }

    /// Counts publications in this router; two snapshots with equal epochs are the same.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The generation of the spec.
    pub fn generation(&self) -> u64 {
        self.spec.generation
    }

    /// The content hash of the spec.
    pub fn digest(&self) -> &str {
        &self.spec.digest
    }

    /// The spec itself.
    pub fn spec(&self) -> &Arc<Spec> {
        &self.spec
    }

    /// The stage in this process' region.
    pub fn stage(&self) -> Stage {
        self.migration
            .as_ref()
            .map_or(Stage::None, |migration| migration.stage)
    }

    /// The share of the keys that have moved in this process' region, in basis points.
    pub fn weight(&self) -> u16 {
        self.weight
    }

    /// The longest time to live that a value may have.
    pub fn max_ttl(&self) -> Option<Duration> {
        self.spec.max_ttl
    }

    /// The time of breakers, in milliseconds since the router was opened.
    pub(crate) fn uptime(&self) -> u64 {
        self.troubled.now()
    }

    /// When the last value is gone that is stored by now, under this spec or those before it. Times are those of breakers.
    pub(crate) fn end_of_life(&self, now: u64) -> u64 {
        end_of_life(now, self.spec.max_ttl).max(self.expired)
    }

    /// The route of a key in one word.
    ///
    /// If the node to read has a breaker that is due for its probe, this is the probe: ask once for
    /// each request that is sent.
    #[inline(always)]
    pub fn code(&self, key: &[u8]) -> RouteCode {
        match self.quick_slot(key) {
            Some(slot) => RouteCode::new(slot, 0, 0, 0, false),
            None => self.code_otherwise(key),
        }
    }

    /// The slot of a key, if it tells the whole route and is found at once, as it is for most keys
    /// at most times. This is all that such a key costs; it calls nothing, so that nothing has to be
    /// saved.
    #[inline(always)]
    pub(crate) fn quick_slot(&self, key: &[u8]) -> Option<u32> {
        let table = self.quick.as_ref()?;
        let hash = hash::short_key_hash(key)?;
        self.all_is_well().then(|| table.quick(hash))?
    }

    #[inline(never)]
    fn code_otherwise(&self, key: &[u8]) -> RouteCode {
        self.quick_code_in_migration(key)
            .unwrap_or_else(|| self.code_of_any(key))
    }

    /// As [`Snapshot::quick_slot`], for keys that a migration concerns.
    #[inline]
    fn quick_code_in_migration(&self, key: &[u8]) -> Option<RouteCode> {
        let migration = self.migration.as_ref()?;
        let (from, to) = migration.quick.as_ref()?;
        let hash = hash::short_key_hash(key)?;
        if !self.all_is_well() {
            return None;
        }
        let moved = self.has_moved(migration, key);
        Some(RouteCode::new(
            from.quick(hash)?,
            to.quick(hash)?,
            0,
            0,
            moved,
        ))
    }

    /// `placed` are the bytes of a key that place it in `to`.
    #[inline]
    fn has_moved(&self, migration: &ActiveMigration, placed: &[u8]) -> bool {
        match migration.stage {
            Stage::None | Stage::Prepare => false,
            Stage::Ramp => hash::bucket(placed, migration.bucket_seed) < self.weight,
            Stage::Soak => true,
        }
    }

    /// Whatever the key is, whatever the clusters are, and whatever the state of their nodes.
    #[inline(never)]
    fn code_of_any(&self, key: &[u8]) -> RouteCode {
        let hash = self.primary.hash(key);
        let from = self.primary.slot(hash);
        let Some(migration) = &self.migration else {
            let open = if self.all_is_well() {
                0
            } else {
                self.open_of(key, from)
            };
            return RouteCode::new(from, 0, open, 0, false);
        };
        let hash = if migration.hashes_alike {
            hash
        } else {
            migration.to.hash(key)
        };
        let to = migration.to.slot(hash);
        let moved = self.has_moved(migration, migration.to.placed(key));
        let (from_open, to_open) = if self.all_is_well() {
            (0, 0)
        } else {
            self.open_in_migration(migration, key, from, to, moved)
        };
        RouteCode::new(from, to, from_open, to_open, moved)
    }

    #[inline]
    fn all_is_well(&self) -> bool {
        self.troubled.is_nobody()
    }

    /// The route that a code of this snapshot stands for.
    ///
    /// A code of another snapshot gives a meaningless route or, where it points outside this
    /// one's tables, a panic; see [`Snapshot::expand_from`] for codes that were kept.
    #[inline]
    pub fn expand(&self, code: RouteCode) -> Route<'_> {
        Route::new(self, code)
    }

    /// The route of a code that was kept as a number, given under an epoch; nothing if that epoch is
    /// not this snapshot's, or no code of it has this number.
    ///
    /// To ask for the code of a key and then for the whole route of the same key would be two
    /// requests to a breaker that lets only one through.
    pub fn expand_from(&self, epoch: u64, number: u64) -> Option<Route<'_>> {
        (epoch == self.epoch).then(|| Route::checked(self, number))?
    }

    /// The route of a key.
    #[inline(always)]
    pub fn route(&self, key: &[u8]) -> Route<'_> {
        self.expand(self.code(key))
    }

    /// The node that is read first for a key; nothing if there is nowhere to read.
    #[inline(always)]
    pub fn node(&self, key: &[u8]) -> Option<&Arc<Node>> {
        if let Some(slot) = self.quick_slot(key) {
            return Some(self.primary.first_of(slot));
        }
        let read = self.expand(self.code_otherwise(key)).read();
        read.map(|target| target.node())
    }

    /// The routes of many keys, in their order.
    pub fn route_many<'k>(&self, keys: impl IntoIterator<Item = &'k [u8]>) -> Vec<RouteCode> {
        keys.into_iter().map(|key| self.code(key)).collect()
    }

    /// The positions of keys by the node that is read first, in the order in which the nodes are
    /// met; under nothing those with nowhere to read.
    pub fn group_by_node<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k [u8]>,
    ) -> Vec<(Option<&Arc<Node>>, Vec<usize>)> {
        let mut groups: Vec<(Option<&Arc<Node>>, Vec<usize>)> = Vec::new();
        let mut group_of = std::collections::HashMap::new();
        for (position, key) in keys.into_iter().enumerate() {
            let node = self.route(key).read().map(|target| target.node());
            let group = *group_of
                .entry(node.map(|node| node.index()))
                .or_insert_with(|| {
                    groups.push((node, Vec::new()));
                    groups.len() - 1
                });
            groups[group].1.push(position);
        }
        groups
    }

    /// Without a migration, and while no breaker is open, the numbers of codes are below this; 0 in a
    /// migration. So an array can stand for a map of routes.
    pub fn dense_codes(&self) -> usize {
        match self.migration() {
            None => self.primary().slots() as usize,
            Some(_) => 0,
        }
    }

    /// What the placements take in memory, by cluster name.
    pub fn memory(&self) -> Vec<ClusterMemory> {
        let clusters = self.clusters.iter();
        clusters
            .map(|(name, cluster)| cluster.memory(name))
            .collect()
    }

    /// The nodes of all clusters, by cluster name and in the order of the spec.
    pub fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.clusters.values().flat_map(|cluster| cluster.nodes())
    }

    /// Where the warnings of this spec are kept once they were asked for.
    pub(crate) fn kept_warnings(&self) -> &OnceLock<Vec<Warning>> {
        &self.warnings
    }

    pub(crate) fn clusters(&self) -> &BTreeMap<String, Arc<Cluster>> {
        &self.clusters
    }

    pub(crate) fn primary(&self) -> &Cluster {
        &self.primary
    }

    pub(crate) fn migration(&self) -> Option<&ActiveMigration> {
        self.migration.as_ref()
    }
}

fn weight(spec: &Spec, region: Option<&str>, now: u64) -> u16 {
    spec.migration
        .as_ref()
        .map_or(0, |migration| migration.plan_of(region).weight(now))
}

fn compile_clusters(
    spec: &Spec,
    pool: &NodePool,
    previous: Option<&Snapshot>,
) -> Result<BTreeMap<String, Arc<Cluster>>, Refused> {
    let before = |name: &str| {
        let previous = previous?;
        Some((
            previous.spec.clusters.get(name)?,
            previous.clusters.get(name)?,
        ))
    };
    // A cluster that stays what it is, or the placement of one that does not.
    let place = |(name, cluster): (&String, &ClusterSpec)| match before(name) {
        Some((old, compiled)) if old == cluster => Ok(Ok(Arc::clone(compiled))),
        old => {
            let old = old.map(|(spec, compiled)| (spec, &**compiled));
            Cluster::place(name, cluster, old).map(Err)
        }
    };
    let placed: Result<Vec<_>, Refused> = spec.clusters.iter().map(place).collect();
    let placed = placed?;
    if !pool.has_room_for(spec) {
        return Err(Refused::Nodes);
    }
    let compiled = spec.clusters.iter().zip(placed);
    let compiled = compiled.map(|((name, cluster), placed)| {
        let compiled =
            placed.unwrap_or_else(|placed| Arc::new(Cluster::of(name, cluster, pool, placed)));
        (name.clone(), compiled)
    });
    Ok(compiled.collect())
}

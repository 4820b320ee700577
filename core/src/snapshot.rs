//! One state of the router: a compiled spec and the weight in force. Never changes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crate::balance::Warning;
use crate::breaker::Troubled;
use crate::cluster::{Cluster, Unbounded};
use crate::hash;
use crate::node::{Node, NodePool};
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
    troubled: Arc<Troubled>,
    /// One for all snapshots of a compiled spec.
    warnings: Arc<OnceLock<Vec<Warning>>>,
}

/// The migration as this process' region sees it.
#[derive(Debug, Clone)]
pub(crate) struct ActiveMigration {
    to: Arc<Cluster>,
    stage: Stage,
    bucket_seed: u64,
    /// Whether both clusters hash a key to the same number, so that one hash is enough.
    hashes_alike: bool,
    invalidates_both: bool,
}

impl ActiveMigration {
    pub(crate) fn to(&self) -> &Cluster {
        &self.to
    }

    pub(crate) fn stage(&self) -> Stage {
        self.stage
    }

    pub(crate) fn invalidates_both(&self) -> bool {
        self.invalidates_both
    }
}

impl Snapshot {
    /// Compiles a spec, taking over from `previous` what did not change.
    ///
    /// Fails if a cluster's `max_load` cannot be kept; whatever else a spec may have wrong was
    /// found when it was parsed.
    pub(crate) fn compile(
        spec: Arc<Spec>,
        region: Option<&str>,
        now: u64,
        pool: &NodePool,
        previous: Option<&Snapshot>,
    ) -> Result<Self, Unbounded> {
        let clusters = compile_clusters(&spec, pool, previous)?;
        // Names were checked by `Spec::parse`.
        let primary = Arc::clone(&clusters[&spec.primary]);
        let migration = spec.migration.as_ref().map(|migration| {
            let to = Arc::clone(&clusters[&migration.to]);
            ActiveMigration {
                hashes_alike: primary.hashes_like(&to),
                to,
                stage: migration.plan_of(region).stage,
                bucket_seed: hash::bucket_seed(&migration.id),
                invalidates_both: migration.has_begun(),
            }
        });
        Ok(Self {
            epoch: previous.map_or(1, |previous| previous.epoch + 1),
            weight: weight(&spec, region, now),
            spec,
            clusters,
            primary,
            migration,
            troubled: Arc::clone(pool.troubled()),
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

    /// The route of a key in one word.
    ///
    /// If the node to read has a breaker that is due for its probe, this is the probe: ask once for
    /// each request that is sent.
    #[inline]
    pub fn code(&self, key: &[u8]) -> RouteCode {
        let hash = self.primary.hash(key);
        let from = self.primary.slot(hash);
        let Some(migration) = &self.migration else {
            let open = if self.all_is_well() {
                0
            } else {
                self.open(&self.primary, from, true)
            };
            return RouteCode::new(from, 0, open, 0, false);
        };
        let hash = if migration.hashes_alike {
            hash
        } else {
            migration.to.hash(key)
        };
        let to = migration.to.slot(hash);
        let moved = match migration.stage {
            Stage::None | Stage::Prepare => false,
            Stage::Ramp => {
                hash::bucket(migration.to.placed(key), migration.bucket_seed) < self.weight
            }
            Stage::Soak => true,
        };
        let (from_open, to_open) = if self.all_is_well() {
            (0, 0)
        } else {
            self.open_in_migration(migration, from, to, moved)
        };
        RouteCode::new(from, to, from_open, to_open, moved)
    }

    #[inline]
    fn all_is_well(&self) -> bool {
        self.troubled.is_nobody()
    }

    /// Which nodes of both sides are not to be read, as bits in read order. A probe is given out
    /// only where the key will be read first.
    #[cold]
    fn open_in_migration(
        &self,
        migration: &ActiveMigration,
        from: u32,
        to: u32,
        moved: bool,
    ) -> (u8, u8) {
        let source = |probe| self.open(&self.primary, from, probe);
        let destination = |probe| self.open(&migration.to, to, probe);
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
                (source(migration.to.is_all_of(open, to)), open)
            }
        }
    }

    #[cold]
    fn open(&self, cluster: &Cluster, slot: u32, probe: bool) -> u8 {
        cluster.open(slot, self.spec.breaker.max_ejected, probe)
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
    #[inline]
    pub fn route(&self, key: &[u8]) -> Route<'_> {
        self.expand(self.code(key))
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
) -> Result<BTreeMap<String, Arc<Cluster>>, Unbounded> {
    let reuse = |name: &str| {
        let previous = previous?;
        (previous.spec.clusters.get(name)? == spec.clusters.get(name)?)
            .then(|| previous.clusters.get(name).cloned())?
    };
    let compile = |(name, cluster): (&String, &ClusterSpec)| {
        let compiled = match reuse(name) {
            Some(compiled) => compiled,
            None => Arc::new(Cluster::compile(name, cluster, pool)?),
        };
        Ok((name.clone(), compiled))
    };
    spec.clusters.iter().map(compile).collect()
}

//! The spec: clusters, nodes and migration as data, read from one file and valid as a whole.
//!
//! `docs/spec.md` is the norm. [`Spec::parse`] checks everything that can be checked without
//! knowing the spec in force; the rules about generations belong to [`Router`](crate::Router).

mod breaker;
mod clusters;
mod cursor;
mod migration;
mod names;
mod nodes;
mod path;
mod placement;
mod units;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::hash::{self, HashTag};
use crate::limits;
use crate::placement::LegacySpec;
use crate::schedule::Schedule;
use cursor::Cursor;
pub(crate) use names::check as check_name;
pub(crate) use path::pointer;
pub(crate) use units::ALL as ALL_BASIS_POINTS;
pub use units::parse_duration;

/// A valid spec.
///
/// # Examples
///
/// ```
/// let text = br#"{
///   "format": 1, "generation": 1, "primary": "blue",
///   "clusters": {"blue": {"placement": {"kind": "ring"},
///                         "nodes": [{"id": "mc1", "address": "127.0.0.1:11211"}]}}
/// }"#;
/// let spec = ringshift::Spec::parse(text)?;
/// assert_eq!(spec.clusters["blue"].nodes[0].id, "mc1");
/// # Ok::<(), ringshift::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Spec {
    /// The number of this spec; it rises with every change.
    pub generation: u64,
    /// Content hash of the text: 32 hex digits.
    pub digest: String,
    /// The cluster that serves.
    pub primary: String,
    /// The cluster that will serve next, if there is one.
    pub standby: Option<String>,
    /// All clusters by name.
    pub clusters: BTreeMap<String, ClusterSpec>,
    /// The move from primary to standby, if one is going on.
    pub migration: Option<MigrationSpec>,
    /// When breakers open and for how long.
    pub breaker: BreakerSpec,
    /// The longest time to live that a value may have in any cluster.
    pub max_ttl: Option<Duration>,
}

/// A named set of nodes with one placement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterSpec {
    /// The rule from key to node.
    pub placement: PlacementSpec,
    /// The part of a key that places it, if not all of it.
    pub hash_tag: Option<HashTag>,
    /// On how many nodes a key is kept, 1 to 8.
    pub replicas: usize,
    /// Put before every key on the wire, never into placement.
    pub key_prefix: String,
    /// The nodes, in the order of the file.
    pub nodes: Vec<NodeSpec>,
}

/// A placement as the spec names it. Its `Debug` does not tell the seed, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlacementSpec {
    /// The ring of virtual nodes, version 1.
    Ring {
        /// Points of a node of weight 1.
        vnodes: u32,
        /// Seed of key hashes and points.
        seed: u64,
        /// Bound on every node's share of the key space relative to its weight, in ten-thousandths:
        /// 10500 is 1.05.
        max_load: Option<u32>,
    },
    /// The placement of an existing client.
    Legacy(LegacySpec),
}

impl fmt::Debug for PlacementSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ring {
                vnodes,
                seed: _,
                max_load,
            } => f
                .debug_struct("Ring")
                .field("vnodes", vnodes)
                .field("max_load", max_load)
                .finish_non_exhaustive(),
            Self::Legacy(legacy) => f.debug_tuple("Legacy").field(legacy).finish(),
        }
    }
}

/// A node as the spec names it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeSpec {
    /// Decides placement; stable.
    pub id: String,
    /// Decides where to connect; may change without moving a key.
    pub address: String,
    /// The name under which an existing client knows the node, where its placement goes by names
    /// and this one is not the address.
    pub alias: Option<String>,
    /// Share of the keys relative to other nodes; 0 takes none.
    pub weight: u32,
    /// Failure domain, for replicas.
    pub zone: Option<String>,
    /// Whether its keys go to its neighbours for now.
    pub down: bool,
}

/// The settings of breakers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSpec {
    /// Consecutive failures that open a node's.
    pub failures: u32,
    /// The share of failures among the requests of a window that opens a node's, in basis points.
    pub rate: u16,
    /// The same for all nodes of a cluster together: then the cluster is not read.
    pub cluster_rate: u16,
    /// How long a window is.
    pub window: Duration,
    /// With fewer requests than these in a window, its shares say nothing.
    pub min_requests: u32,
    /// How long it stays open the first time.
    pub open: Duration,
    /// How long it stays open at the most.
    pub max_open: Duration,
    /// Largest share of a cluster's nodes that take keys which may be open, in basis points; with
    /// more, all of them are treated as closed until at most half of this share is open.
    pub max_ejected: u16,
}

/// A migration from one cluster to another.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigrationSpec {
    /// Names the migration; decides which keys move first.
    pub id: String,
    /// The cluster that is left.
    pub from: String,
    /// The cluster that is moved to.
    pub to: String,
    /// What regions without a plan of their own do.
    pub plan: Plan,
    /// The plans of regions.
    pub regions: BTreeMap<String, Plan>,
}

/// How far a migration has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The stage.
    pub stage: Stage,
    /// Share of the keys that have moved in `ramp`, in basis points, where no schedule says
    /// otherwise.
    pub percent: u16,
    /// The share as a function of time.
    pub schedule: Option<Schedule>,
}

/// The stages of a migration; see `docs/migration.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// No migration: one cluster.
    None,
    /// Reads go to `from`; invalidations go to both.
    Prepare,
    /// Moved keys are read from `to`, then `from`.
    Ramp,
    /// Reads go to `to`; invalidations go to both.
    Soak,
}

impl Stage {
    /// All stages, in the order in which a migration passes them.
    pub const ALL: [Self; 4] = [Self::None, Self::Prepare, Self::Ramp, Self::Soak];

    /// The name of this stage in a spec and in every language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Prepare => "prepare",
            Self::Ramp => "ramp",
            Self::Soak => "soak",
        }
    }
}

impl Plan {
    /// The share of the keys that have moved at a time (milliseconds since 1970), in basis points.
    pub fn weight(&self, now: u64) -> u16 {
        match self.stage {
            Stage::None | Stage::Prepare => 0,
            Stage::Ramp => self
                .schedule
                .as_ref()
                .and_then(|schedule| schedule.weight(now))
                .unwrap_or(self.percent),
            Stage::Soak => ALL_BASIS_POINTS,
        }
    }
}

impl MigrationSpec {
    /// The plan of a region; the migration's own if the region has none.
    pub fn plan_of(&self, region: Option<&str>) -> &Plan {
        region
            .and_then(|region| self.regions.get(region))
            .unwrap_or(&self.plan)
    }

    /// Whether any region may read or fill `to`, or may soon: then every region must invalidate
    /// both clusters, since regions share them.
    pub(crate) fn has_begun(&self) -> bool {
        std::iter::once(&self.plan)
            .chain(self.regions.values())
            .any(|plan| plan.stage > Stage::None)
    }
}

impl Spec {
    /// Reads and checks the text of a spec.
    pub fn parse(text: &[u8]) -> Result<Self, Error> {
        if text.len() > limits::MAX_SPEC_BYTES {
            return Err(Error::new(
                ErrorKind::SpecLimit,
                format!(
                    "the spec has {} bytes; at most {} are read",
                    text.len(),
                    limits::MAX_SPEC_BYTES
                ),
            ));
        }
        let root = Cursor::root(text)?;
        let fields = root.object(
            "a spec",
            &[
                "$schema",
                "format",
                "generation",
                "primary",
                "standby",
                "clusters",
                "migration",
                "breaker",
                "max_ttl",
            ],
        )?;
        let format = fields.required("format", "the version of the spec's format, 1")?;
        format.integer("a format that this version reads", 1, 1)?;
        let generation = fields
            .required("generation", "the number of this spec, from 1")?
            .integer("a generation", 1, limits::MAX_GENERATION)?;
        let clusters_place = fields.required("clusters", "the clusters by name")?;
        let clusters = clusters::decode(clusters_place)?;
        let primary = fields.required("primary", "the name of the cluster that serves")?;
        let primary_name = clusters::reference(primary, &clusters)?;
        let standby = fields.get("standby");
        let standby_name = standby
            .map(|place| clusters::reference(place, &clusters))
            .transpose()?;
        if let (Some(place), true) = (standby, standby_name.as_ref() == Some(&primary_name)) {
            return Err(place.invalid(format!(
                "`{primary_name}` is the primary already; the standby is another cluster"
            )));
        }
        let migration = fields
            .get("migration")
            .map(|place| {
                migration::decode(place, &primary_name, standby_name.as_deref(), &clusters)
            })
            .transpose()?;
        Ok(Self {
            generation,
            digest: hash::digest(text),
            primary: primary_name,
            standby: standby_name,
            clusters,
            migration,
            breaker: fields
                .get("breaker")
                .map_or_else(|| Ok(BreakerSpec::default()), breaker::decode)?,
            max_ttl: fields.get("max_ttl").map(units::duration).transpose()?,
        })
    }
}

impl Spec {
    /// Whether another text says the same.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let digest = other.digest.clone();
        Self {
            digest,
            ..self.clone()
        } == *other
    }

    /// An error about a value that was found wrong after parsing, with its place in the text.
    pub(crate) fn error_at(text: &[u8], path: &[&str], kind: ErrorKind, message: String) -> Error {
        let place = Cursor::root(text).and_then(|root| root.descend(path));
        place.map_or_else(|error| error, |place| place.error(kind, message))
    }
}

//! How evenly a cluster's keys are spread: the exact share of every node, and a warning where the
//! fullest one owns far more than is fair, with what would mend it.
//!
//! A pure function of the spec. It is worked out when somebody asks, once for each compiled spec:
//! neither a lookup nor a refresh pays for it.

mod mend;

use std::fmt;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::snapshot::Snapshot;
use crate::spec::{ALL_BASIS_POINTS, ClusterSpec, NodeSpec, PlacementSpec, pointer};
use mend::Mend;

/// What a node may own of its fair share before it is warned of, in basis points.
const EVEN_ENOUGH: u64 = 11_500;

/// The shares of a cluster's nodes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClusterShares {
    /// The cluster.
    pub cluster: String,
    /// All its nodes, in the order of the spec.
    pub nodes: Vec<NodeShare>,
}

/// How much of a cluster's keys a node owns. Further replicas are not counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NodeShare {
    /// The node's id.
    pub node: String,
    /// The share of the keys that it owns, 0 to 1.
    pub share: f64,
    /// The share that its weight gives it among the nodes that take keys; 0 if it takes none.
    pub fair: f64,
    /// `share` over `fair` in basis points, worked out in integers and rounded up: 10000 is exactly
    /// fair. 0 for a node that takes no keys.
    pub load: u64,
}

/// Says that the fullest node of a cluster owns over 15 % more than its fair share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// The cluster.
    pub cluster: String,
    /// The node with the highest load; of equal ones the first in the spec.
    pub node: String,
    /// Its load in basis points, as in [`NodeShare::load`].
    pub load: u64,
    /// The JSON pointer of what would have to change: the cluster's placement.
    pub pointer: String,
    /// A number of `vnodes` that mends it, if one was found.
    pub vnodes: Option<u32>,
    /// A `max_load` that mends it, the points being as they are, if one was found; in basis points.
    pub max_load: Option<u32>,
    /// What is wrong and what would mend it.
    pub message: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

impl Snapshot {
    /// The share of the keys that every node owns, exactly, by cluster name. Clusters whose shares
    /// cannot be counted are left out: those under `rendezvous`, those of clients whose hash
    /// does not spread keys evenly (FNV, CRC-16, Java's) or that hash again for nodes that are down.
    ///
    /// Goes through all points at every call.
    ///
    /// # Examples
    ///
    /// ```
    /// let spec = br#"{"format": 1, "generation": 1, "primary": "blue", "clusters": {"blue": {
    ///     "placement": {"kind": "ring", "max_load": 1.05},
    ///     "nodes": [{"id": "mc1", "address": "/1"}, {"id": "mc2", "address": "/2"}]}}}"#;
    /// let router = ringshift::Router::from_spec(spec, ringshift::Options::default())?;
    /// let shares = router.snapshot().shares();
    /// assert!(shares[0].nodes.iter().all(|node| node.load <= 10_500));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    pub fn shares(&self) -> Vec<ClusterShares> {
        let clusters = self.spec().clusters.iter();
        clusters
            .filter_map(|(name, spec)| cluster_shares(name, spec, &self.clusters()[name]))
            .collect()
    }

    /// The clusters whose fullest node owns over 15 % more than its fair share, by cluster name.
    ///
    /// Worked out at the first call for a spec, which goes through all points and, where there is
    /// something to warn of, builds a few rings to find what would mend it. No thread waits for
    /// another: those that ask at the same time all work it out.
    ///
    /// # Examples
    ///
    /// ```
    /// let spec = br#"{"format": 1, "generation": 1, "primary": "blue", "clusters": {"blue": {
    ///     "placement": {"kind": "ring", "vnodes": 1},
    ///     "nodes": [{"id": "mc1", "address": "/1"}, {"id": "mc2", "address": "/2"}]}}}"#;
    /// let router = ringshift::Router::from_spec(spec, ringshift::Options::default())?;
    /// let snapshot = router.snapshot();
    /// let warning = &snapshot.warnings()[0];
    /// assert!(warning.load > 11_500);
    /// assert!(warning.to_string().starts_with("/clusters/blue/placement: node `mc"));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    pub fn warnings(&self) -> &[Warning] {
        if let Some(found) = self.kept_warnings().get() {
            return found;
        }
        // Not inside the lock, where a process forked meanwhile would find it taken for ever.
        let found = warnings(self);
        self.kept_warnings().get_or_init(|| found)
    }
}

/// The clusters that are less even than they should be.
fn warnings(snapshot: &Snapshot) -> Vec<Warning> {
    let spec = snapshot.spec();
    let counted = spec.clusters.values().map(ClusterSpec::counted_points);
    let (all, mut left) = (counted.sum::<u64>(), mend::MOST_TRIED);
    let warning = |(name, cluster): (&String, &ClusterSpec)| {
        let (node, load) = fullest(&snapshot.clusters()[name], cluster)?;
        if load <= EVEN_ENOUGH {
            return None;
        }
        let mend = mend::find(cluster, load, all - cluster.counted_points(), &mut left);
        Some(Warning {
            cluster: name.clone(),
            node: cluster.nodes[node].id.clone(),
            load,
            pointer: pointer(&["clusters", name, "placement"]),
            message: message(&cluster.nodes[node].id, load, &cluster.placement, &mend),
            vnodes: mend.vnodes,
            max_load: mend.max_load,
        })
    };
    spec.clusters.iter().filter_map(warning).collect()
}

fn message(node: &str, load: u64, placement: &PlacementSpec, mend: &Mend) -> String {
    let over = load - u64::from(ALL_BASIS_POINTS);
    let mend = match placement {
        PlacementSpec::Legacy(_) => {
            "that is this client's placement; only a migration to a ring mends it".to_owned()
        }
        PlacementSpec::Ring { .. } => mend.to_string(),
    };
    format!(
        "node `{}` owns {}.{:02} % more of the keys than its weight makes fair; {mend}",
        node.escape_debug(),
        over / 100,
        over % 100
    )
}

fn cluster_shares(name: &str, spec: &ClusterSpec, cluster: &Cluster) -> Option<ClusterShares> {
    let owned = Owned::of(cluster)?;
    let total = total_weight(spec);
    #[allow(clippy::cast_precision_loss)] // 2^-52 of the keys is nothing to tell
    let share = |hashes: u128| hashes as f64 / owned.all as f64;
    let nodes = spec.nodes.iter().zip(&owned.hashes);
    let nodes = nodes.map(|(node, &hashes)| NodeShare {
        node: node.id.clone(),
        share: share(hashes),
        fair: f64::from(weight(node)) / f64::from(total),
        load: owned.load(hashes, weight(node), total),
    });
    Some(ClusterShares {
        cluster: name.to_owned(),
        nodes: nodes.collect(),
    })
}

/// The position of the node with the highest load, and that load.
fn fullest(cluster: &Cluster, spec: &ClusterSpec) -> Option<(usize, u64)> {
    let owned = Owned::of(cluster)?;
    let total = total_weight(spec);
    let loads = spec.nodes.iter().zip(&owned.hashes);
    loads
        .map(|(node, &hashes)| owned.load(hashes, weight(node), total))
        .enumerate()
        // Of equal ones the last in this order, which is the first in the spec.
        .rev()
        .max_by_key(|&(_, load)| load)
}

/// What a node may own relative to others.
fn weight(node: &NodeSpec) -> u32 {
    if node.takes_keys() { node.weight } else { 0 }
}

fn total_weight(spec: &ClusterSpec) -> u32 {
    spec.nodes.iter().map(weight).sum()
}

/// How many hashes each node of a cluster owns.
struct Owned {
    hashes: Vec<u128>,
    all: u128,
}

impl Owned {
    /// Nothing for a placement where only asking about every key would tell.
    fn of(cluster: &Cluster) -> Option<Self> {
        let mut hashes = vec![0; cluster.nodes().len()];
        let mut all = 0;
        if let Some((count, period)) = cluster.residues() {
            for residue in 0..period.min(count) {
                let node = cluster.owner(cluster.slot(residue));
                let here = count / period + u64::from(residue < count % period);
                hashes[node as usize] += u128::from(here);
            }
            all = u128::from(count);
        } else {
            for (end, slot) in cluster.arcs()? {
                hashes[cluster.owner(slot) as usize] += end - all;
                all = end;
            }
        }
        Some(Self { hashes, all })
    }

    fn load(&self, hashes: u128, weight: u32, total: u32) -> u64 {
        if weight == 0 {
            return 0;
        }
        // At most 2^64 hashes * 2^24 * 2^14: far below 2^128; the quotient is below 2^38.
        let fair = u128::from(weight) * self.all;
        (hashes * u128::from(total) * u128::from(ALL_BASIS_POINTS)).div_ceil(fair) as u64
    }
}

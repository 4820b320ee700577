//! What would move if one spec followed another: the share of the keys that would go from each
//! node to each other node.
//!
//! Two rings with the same seed, or two ketama placements with the same hash, are compared arc by
//! arc, two modulo placements with the same hash residue by residue: exactly. Placements that hash keys differently have no arcs in common; they
//! are compared by a sample of keys, and the error of the sample is given.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::node::{Node, NodePool};
use crate::snapshot::Snapshot;
use crate::spec::Spec;

/// Keys in a sample: at most 0.27 points off, nineteen times out of twenty.
const SAMPLE: u32 = 1 << 17;

/// The longest period of two modulo placements that is gone through; beyond it a sample is taken.
const LONGEST_PERIOD: u64 = 1 << 22;

/// What would move between two specs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moves {
    /// For every cluster that both specs have: what its own change moves.
    pub clusters: Vec<ClusterMoves>,
    /// What the migration of the second spec (or, without one there, of the first) moves once it
    /// is through.
    pub migration: Option<ClusterMoves>,
}

/// What would move between two clusters, or two states of one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ClusterMoves {
    /// The cluster that keys leave.
    pub from: String,
    /// The cluster that keys go to; the same one unless this is about a migration.
    pub to: String,
    /// The share of the keys whose entry would be elsewhere, 0 to 1.
    pub moved: f64,
    /// From which node to which, the largest share first. What stays is left out.
    pub flows: Vec<Flow>,
    /// Keys that were looked at, if this is an estimate; nothing if it is exact.
    pub sample: Option<u32>,
    /// How far off `moved` may be, with 95 % confidence; 0 if it is exact.
    pub error: f64,
}

/// Keys that would go from one node to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Flow {
    /// The node that loses them.
    pub from: String,
    /// The node that gets them.
    pub to: String,
    /// Which share of all keys, 0 to 1.
    pub share: f64,
}

/// Compares two specs, given as their texts. Owners alone are compared, not further replicas.
///
/// # Examples
///
/// ```
/// let spec = |nodes: &str| format!(
///     r#"{{"format": 1, "generation": 1, "primary": "c", "clusters":
///         {{"c": {{"placement": {{"kind": "ring"}}, "nodes": [{nodes}]}}}}}}"#
/// );
/// let before = spec(r#"{"id": "a", "address": "/a"}, {"id": "b", "address": "/b"}"#);
/// let after = before.replace("}]", r#"}, {"id": "c", "address": "/c"}]"#);
/// let moves = ringshift::moves(before.as_bytes(), after.as_bytes())?;
/// // About a third of the keys go to the new node, and none between the others.
/// assert!((0.2..0.5).contains(&moves.clusters[0].moved));
/// assert!(moves.clusters[0].flows.iter().all(|flow| flow.to == "c"));
/// # Ok::<(), ringshift::Error>(())
/// ```
pub fn moves(before: &[u8], after: &[u8]) -> Result<Moves, Error> {
    let pool = NodePool::default();
    let compile = |text: &[u8]| {
        Snapshot::compile(Spec::parse(text)?.into(), None, 0, &pool, None)
            .map_err(|unbounded| unbounded.into_error(text))
    };
    let (before, after) = (compile(before)?, compile(after)?);
    let clusters = before
        .clusters()
        .iter()
        .filter_map(|(name, old)| Some(compare((name, old), (name, after.clusters().get(name)?))))
        .collect();
    let migration = [&after, &before].into_iter().find_map(|snapshot| {
        let migration = snapshot.spec().migration.as_ref()?;
        let cluster = |name: &String| snapshot.clusters().get(name);
        Some(compare(
            (&migration.from, cluster(&migration.from)?),
            (&migration.to, cluster(&migration.to)?),
        ))
    });
    Ok(Moves {
        clusters,
        migration,
    })
}

/// How many hashes were gone through, and of how many keys in a sample.
struct Walked {
    total: u128,
    sample: Option<u32>,
}

fn compare(from: (&String, &Cluster), to: (&String, &Cluster)) -> ClusterMoves {
    let ((from_name, old), (to_name, new)) = (from, to);
    let mut counts: HashMap<(u32, u32), u128> = HashMap::new();
    let walked = walk(old, new, |old_slot, new_slot, count| {
        let pair = (old.owner(old_slot), new.owner(new_slot));
        *counts.entry(pair).or_default() += count;
    });
    #[allow(clippy::cast_precision_loss)] // 2^-52 of the keys is nothing to report
    let share = |count: u128| count as f64 / walked.total as f64;
    let mut flows: Vec<Flow> = Vec::new();
    let mut moved = 0;
    #[allow(clippy::iter_over_hash_type)] // sorted below
    for ((source, destination), count) in counts {
        let (source, destination) = (
            &old.nodes()[source as usize],
            &new.nodes()[destination as usize],
        );
        // The same entry of the same server, whatever the cluster is called.
        if source.identity() == destination.identity() {
            continue;
        }
        moved += count;
        let (from, to) = (source.id().to_owned(), destination.id().to_owned());
        flows.push(Flow {
            from,
            to,
            share: share(count),
        });
    }
    flows.sort_by(|a, b| {
        b.share
            .total_cmp(&a.share)
            .then_with(|| (&a.from, &a.to).cmp(&(&b.from, &b.to)))
    });
    let moved = share(moved);
    let error = walked.sample.map_or(0.0, |keys| {
        1.96 * (moved * (1.0 - moved) / f64::from(keys)).sqrt()
    });
    ClusterMoves {
        from: from_name.clone(),
        to: to_name.clone(),
        moved,
        flows,
        sample: walked.sample,
        error,
    }
}

/// The nodes of both clusters that come to hold keys which they did not hold. What is there under such a key, if
/// anything, is from an earlier time. In the order of their ids.
pub(crate) fn gaining(old: &Cluster, new: &Cluster) -> Vec<Arc<Node>> {
    let known: HashSet<u32> = old.nodes().iter().map(|node| node.identity()).collect();
    let mut gaining = BTreeMap::new();
    walk(old, new, |old_slot, new_slot, _| {
        for node in new.nodes_of(new_slot) {
            let held = |other: &Arc<Node>| other.identity() == node.identity();
            if known.contains(&node.identity()) && !old.nodes_of(old_slot).any(held) {
                gaining.insert(node.id(), Arc::clone(node));
            }
        }
    });
    gaining.into_values().collect()
}

/// Goes through all keys: gives `visit` the slots that some of them have in the old cluster and in the new, and how many.
/// Exact if both place a key by the same hash; otherwise a sample.
fn walk(old: &Cluster, new: &Cluster, mut visit: impl FnMut(u32, u32, u128)) -> Walked {
    if old.hashes_like(new) {
        let total = by_residues(old, new, &mut visit).or_else(|| by_arcs(old, new, &mut visit));
        if let Some(total) = total {
            return Walked {
                total,
                sample: None,
            };
        }
    }
    for number in 0..SAMPLE {
        let key = format!("sample:{number}");
        let slot = |cluster: &Cluster| cluster.slot(cluster.hash(key.as_bytes()));
        visit(slot(old), slot(new), 1);
    }
    Walked {
        total: u128::from(SAMPLE),
        sample: Some(SAMPLE),
    }
}

/// Walks both rings at once.
fn by_arcs(old: &Cluster, new: &Cluster, mut visit: impl FnMut(u32, u32, u128)) -> Option<u128> {
    let mut total = 0;
    let (mut old_arcs, mut new_arcs) = (old.arcs()?, new.arcs()?);
    let (mut one, mut other) = (old_arcs.next()?, new_arcs.next()?);
    loop {
        // Both arcs begin where the last ended; the shorter one ends first.
        let end = one.0.min(other.0);
        visit(one.1, other.1, end - total);
        total = end;
        let next = (one.0 == end).then(|| old_arcs.next());
        let next_other = (other.0 == end).then(|| new_arcs.next());
        // The last arcs of both end together, with the key space.
        match (next, next_other) {
            (Some(None), _) | (_, Some(None)) => return Some(total),
            (next, next_other) => {
                one = next.flatten().unwrap_or(one);
                other = next_other.flatten().unwrap_or(other);
            }
        }
    }
}

/// Goes through the residues of one period; they repeat after it.
fn by_residues(
    old: &Cluster,
    new: &Cluster,
    mut visit: impl FnMut(u32, u32, u128),
) -> Option<u128> {
    let ((hashes, old_nodes), (_, new_nodes)) = (old.residues()?, new.residues()?);
    let period = old_nodes / greatest_divisor(old_nodes, new_nodes) * new_nodes;
    if period > LONGEST_PERIOD {
        return None;
    }
    for residue in 0..period.min(hashes) {
        let count = hashes / period + u64::from(residue < hashes % period);
        visit(old.slot(residue), new.slot(residue), u128::from(count));
    }
    Some(u128::from(hashes))
}

fn greatest_divisor(one: u64, other: u64) -> u64 {
    if other == 0 {
        one
    } else {
        greatest_divisor(other, one % other)
    }
}

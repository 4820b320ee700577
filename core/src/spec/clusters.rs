//! Decodes clusters.

use std::collections::{BTreeMap, HashMap};

use super::cursor::Cursor;
use super::{ClusterSpec, NodeSpec, PlacementSpec, names, nodes, placement};
use crate::error::Error;
use crate::limits;

/// How many names of clusters a message lists.
const SHOWN: usize = 8;

/// All clusters by name, consistent with one another.
pub(super) fn decode(place: &Cursor<'_>) -> Result<BTreeMap<String, ClusterSpec>, Error> {
    let members = place.map("a set of clusters", limits::MAX_CLUSTERS)?;
    let mut clusters = BTreeMap::new();
    let mut addresses = HashMap::new();
    let mut points = 0;
    for (name, place) in members {
        names::check_at(&place, &name, "a cluster name")?;
        let cluster = cluster(&place, &mut addresses)?;
        points += cluster.counted_points();
        if points > limits::MAX_POINTS {
            return Err(place.limit(format!(
                "the placements have {points} points up to here, as the limit counts them; at most {} are allowed: use \
                 fewer vnodes or smaller weights{}",
                limits::MAX_POINTS,
                cluster.what_counts_more()
            )));
        }
        clusters.insert(name, cluster);
    }
    Ok(clusters)
}

/// The name of a cluster that must exist.
pub(super) fn reference(
    place: &Cursor<'_>,
    clusters: &BTreeMap<String, ClusterSpec>,
) -> Result<String, Error> {
    let name = place.string("a cluster name")?;
    if clusters.contains_key(&name) {
        return Ok(name);
    }
    let known: Vec<&str> = clusters.keys().take(SHOWN).map(String::as_str).collect();
    Err(place.invalid(format!(
        "{} is not a cluster of this spec; it has {}",
        place.shown(),
        match clusters.len() {
            0 => "none".to_owned(),
            count if count > SHOWN => format!("{} and {} more", known.join(", "), count - SHOWN),
            _ => known.join(", "),
        }
    )))
}

fn cluster(
    place: &Cursor<'_>,
    addresses: &mut HashMap<String, String>,
) -> Result<ClusterSpec, Error> {
    let fields = place.object(
        "a cluster",
        &["placement", "replicas", "key_prefix", "nodes"],
    )?;
    let (placement, hash_tag) =
        placement::decode(fields.required("placement", "the rule from key to node")?)?;
    let nodes_place = fields.required("nodes", "the nodes")?;
    let nodes = nodes::decode(nodes_place, &placement, addresses)?;
    Ok(ClusterSpec {
        replicas: fields
            .get("replicas")
            .map_or(Ok(1), |place| replicas(place, &placement, &nodes))?,
        key_prefix: fields
            .get("key_prefix")
            .map_or_else(|| Ok(String::new()), names::key_prefix)?,
        placement,
        hash_tag,
        nodes,
    })
}

fn replicas(
    place: &Cursor<'_>,
    placement: &PlacementSpec,
    nodes: &[NodeSpec],
) -> Result<usize, Error> {
    let replicas = place.integer("a number of replicas", 1, limits::MAX_REPLICAS as u64)? as usize;
    if let (2.., PlacementSpec::Legacy(legacy)) = (replicas, placement) {
        return Err(place.invalid(format!(
            "{replicas} replicas under {}, which places a key on one node; use 1 or a ring",
            legacy.kind()
        )));
    }
    let weighted = nodes.iter().filter(|node| node.weight > 0).count();
    if replicas > weighted {
        return Err(place.invalid(format!(
            "{replicas} replicas on {weighted} nodes that take keys; use at most {weighted}"
        )));
    }
    Ok(replicas)
}

impl ClusterSpec {
    fn is_bounded(&self) -> bool {
        let PlacementSpec::Ring { max_load, .. } = self.placement else {
            return false;
        };
        max_load.is_some()
    }

    /// Points as [`limits::MAX_POINTS`] counts them.
    pub(crate) fn counted_points(&self) -> u64 {
        let dear = u64::from(self.is_bounded()) + u64::from(self.replicas > 1);
        let each = match &self.placement {
            PlacementSpec::Ring { .. } => 1 + limits::MORE_OF_A_POINT * dear,
            PlacementSpec::Legacy(legacy) if legacy.kind() == "ketama" => limits::KETAMA_POINT,
            PlacementSpec::Legacy(_) => 1,
        };
        self.points() * each + self.nodes.len() as u64 * limits::POINTS_OF_A_NODE
    }

    /// For the message about too many.
    fn what_counts_more(&self) -> &'static str {
        match (self.is_bounded(), self.replicas > 1) {
            (true, true) => ", or no max_load or replicas, with which a point counts more",
            (true, false) => ", or no max_load, with which a point counts more",
            (false, true) => ", or no replicas, with which a point counts more",
            (false, false) => "",
        }
    }

    /// Points of the cluster's placement, counting nodes that are down.
    pub(crate) fn points(&self) -> u64 {
        let points = |node: &NodeSpec| match &self.placement {
            PlacementSpec::Ring { vnodes, .. } => u64::from(*vnodes) * u64::from(node.weight),
            PlacementSpec::Legacy(legacy) => legacy.points(node.weight),
        };
        self.nodes.iter().map(points).sum()
    }
}

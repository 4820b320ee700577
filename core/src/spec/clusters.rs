//! Decodes clusters, their placement and their nodes.

use std::collections::{BTreeMap, HashMap};

use super::cursor::{Cursor, Object};
use super::{ClusterSpec, NodeSpec, PlacementSpec, names, units};
use crate::error::Error;
use crate::hash::HashTag;
use crate::limits;
use crate::placement::ModuloHash;

/// All clusters by name, consistent with one another.
pub(super) fn decode(place: &Cursor<'_>) -> Result<BTreeMap<String, ClusterSpec>, Error> {
    let members = place.map("a set of clusters", limits::MAX_CLUSTERS)?;
    let mut clusters = BTreeMap::new();
    let mut addresses = HashMap::new();
    let mut points = 0;
    for (name, place) in members {
        names::check_at(&place, &name, "a cluster name")?;
        let cluster = cluster(&place, &mut addresses)?;
        let own = cluster.points();
        if own > limits::MAX_BOUNDED_POINTS && cluster.is_bounded() {
            return Err(place.limit(format!(
                "a ring of {own} points with max_load; at most {} are allowed with it",
                limits::MAX_BOUNDED_POINTS
            )));
        }
        points += own;
        if points > limits::MAX_POINTS {
            return Err(place.limit(format!(
                "the rings have {points} points up to here; at most {} are allowed: use fewer \
                 vnodes or smaller weights",
                limits::MAX_POINTS
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
    let known: Vec<&str> = clusters.keys().map(String::as_str).collect();
    Err(place.invalid(format!(
        "{} is not a cluster of this spec; it has {}",
        place.shown(),
        if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
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
        placement(fields.required("placement", "the rule from key to node")?)?;
    let nodes_place = fields.required("nodes", "the nodes")?;
    let nodes = nodes(nodes_place, &placement, addresses)?;
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

fn placement(place: &Cursor<'_>) -> Result<(PlacementSpec, Option<HashTag>), Error> {
    const ALL: [&str; 7] = [
        "kind", "hash_tag", "vnodes", "seed", "max_load", "flavor", "hash",
    ];
    let every = place.object("a placement", &ALL)?;
    let kind = choice(
        every.required("kind", "\"ring\" or \"modulo\"")?,
        "a placement",
        &["ring", "modulo"],
    )?;
    let placement = if kind == "ring" {
        let fields = place.object(
            "a ring",
            &["kind", "hash_tag", "vnodes", "seed", "max_load"],
        )?;
        PlacementSpec::Ring {
            vnodes: fields.get("vnodes").map_or(Ok(160), |place| {
                place.integer(
                    "a number of virtual nodes",
                    1,
                    u64::from(limits::MAX_VNODES),
                )
            })? as u32,
            seed: fields.get("seed").map_or(Ok(0), seed)?,
            max_load: fields.get("max_load").map(units::max_load).transpose()?,
        }
    } else {
        modulo(&place.object(
            "a modulo placement",
            &["kind", "hash_tag", "flavor", "hash"],
        )?)?
    };
    Ok((placement, every.get("hash_tag").map(hash_tag).transpose()?))
}

fn modulo(fields: &Object<'_>) -> Result<PlacementSpec, Error> {
    let flavor = fields.required(
        "flavor",
        "the client whose placement it is, \"libmemcached\"",
    )?;
    choice(flavor, "a flavor of modulo", &["libmemcached"])?;
    let hashes = [ModuloHash::OneAtATime, ModuloHash::Crc];
    let Some(place) = fields.get("hash") else {
        return Ok(PlacementSpec::Modulo {
            hash: ModuloHash::OneAtATime,
        });
    };
    let name = choice(
        place,
        "a hash of this flavor",
        &hashes.map(ModuloHash::name),
    )?;
    let hash = hashes.into_iter().find(|hash| hash.name() == name);
    Ok(PlacementSpec::Modulo {
        hash: hash.unwrap_or(ModuloHash::OneAtATime),
    })
}

/// One of a few words.
pub(super) fn choice(
    place: &Cursor<'_>,
    noun: &str,
    words: &[&'static str],
) -> Result<&'static str, Error> {
    let text = place.string(noun)?;
    words
        .iter()
        .find(|word| **word == text)
        .copied()
        .ok_or_else(|| {
            place.invalid(format!(
                "{} is not {noun}; use {}",
                place.shown(),
                words.join(" or ")
            ))
        })
}

/// A seed; as a string where JSON readers would round it.
fn seed(place: &Cursor<'_>) -> Result<u64, Error> {
    let right = format!("an integer from 0 to {}, or the same in a string", u64::MAX);
    let digits = if place.is_string() {
        place.string("a seed")?
    } else {
        place.number_text(&right)?.to_owned()
    };
    let seed = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok());
    seed.flatten()
        .ok_or_else(|| place.invalid(format!("{} is not a seed; use {right}", place.shown())))
}

fn hash_tag(place: &Cursor<'_>) -> Result<HashTag, Error> {
    let text = place.string("a hash tag")?;
    match *text.as_bytes() {
        [open, close] if open.is_ascii_graphic() && close.is_ascii_graphic() => {
            Ok(HashTag { open, close })
        }
        _ => Err(place.invalid(format!(
            "{} is not a hash tag; use two printable ASCII characters, such as \"{{}}\"",
            place.shown()
        ))),
    }
}

fn nodes(
    place: &Cursor<'_>,
    placement: &PlacementSpec,
    addresses: &mut HashMap<String, String>,
) -> Result<Vec<NodeSpec>, Error> {
    let items = place.array("a list of nodes", limits::MAX_NODES)?;
    let mut nodes: Vec<NodeSpec> = Vec::with_capacity(items.len());
    let (mut ids, mut taken) = (HashMap::new(), HashMap::new());
    for (position, item) in items.iter().enumerate() {
        let fields = item.object("a node", &["id", "address", "weight", "zone", "down"])?;
        let id_place = fields.required("id", "the node's stable name")?;
        let id = names::name(id_place, "a node id")?;
        let address_place = fields.required("address", "where to connect")?;
        let address = names::address(address_place)?;
        if let Some(first) = ids.insert(id.clone(), position) {
            return Err(id_place.invalid(format!(
                "node id \"{}\" stands twice, first as node {first}; ids are unique in a cluster",
                id.escape_debug()
            )));
        }
        if let Some(first) = taken.insert(address.clone(), position) {
            return Err(address_place.invalid(format!(
                "address \"{address}\" stands twice, first as node {first}; one node has it"
            )));
        }
        let elsewhere = addresses
            .entry(id.clone())
            .or_insert_with(|| address.clone());
        if *elsewhere != address {
            return Err(address_place.invalid(format!(
                "node \"{}\" has address \"{address}\" here and \"{elsewhere}\" in another cluster; \
                 an id is one node, use the same address or another id",
                id.escape_debug()
            )));
        }
        nodes.push(node(&fields, id, address, placement)?);
    }
    if nodes.is_empty() {
        return Err(place.invalid("a cluster without nodes; list at least one"));
    }
    if !nodes.iter().any(NodeSpec::takes_keys) {
        return Err(place.invalid("no node takes keys; leave one up with a weight of at least 1"));
    }
    Ok(nodes)
}

fn node(
    fields: &Object<'_>,
    id: String,
    address: String,
    placement: &PlacementSpec,
) -> Result<NodeSpec, Error> {
    let weight = fields.get("weight").map_or(Ok(1), |place| {
        place.integer("a weight", 0, u64::from(limits::MAX_WEIGHT))
    })? as u32;
    let down = fields.get("down").map_or(Ok(false), Cursor::boolean)?;
    if matches!(placement, PlacementSpec::Modulo { .. }) {
        if let (Some(place), true) = (fields.get("weight"), weight != 1) {
            return Err(place.invalid(format!(
                "weight {weight} under modulo; libmemcached ignores weights there, use 1"
            )));
        }
        if let (Some(place), true) = (fields.get("down"), down) {
            return Err(place.invalid(
                "`down` under modulo; leaving a node out of hash % N would move nearly every key: \
                 replace the server at the same position, or migrate to a ring",
            ));
        }
    }
    let zone = fields
        .get("zone")
        .map(|place| names::name(place, "a zone"))
        .transpose()?;
    Ok(NodeSpec {
        id,
        address,
        weight,
        zone,
        down,
    })
}

fn replicas(
    place: &Cursor<'_>,
    placement: &PlacementSpec,
    nodes: &[NodeSpec],
) -> Result<usize, Error> {
    let replicas = place.integer("a number of replicas", 1, limits::MAX_REPLICAS as u64)? as usize;
    if replicas > 1 && matches!(placement, PlacementSpec::Modulo { .. }) {
        return Err(place.invalid(format!(
            "{replicas} replicas under modulo, which has no order of further nodes; use 1 or a ring"
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

impl NodeSpec {
    /// Whether the node owns any keys now.
    pub(crate) fn takes_keys(&self) -> bool {
        self.weight > 0 && !self.down
    }
}

impl ClusterSpec {
    fn is_bounded(&self) -> bool {
        matches!(
            self.placement,
            PlacementSpec::Ring {
                max_load: Some(_),
                ..
            }
        )
    }

    /// Points of the cluster's ring, counting nodes that are down.
    fn points(&self) -> u64 {
        let PlacementSpec::Ring { vnodes, .. } = self.placement else {
            return 0;
        };
        self.nodes
            .iter()
            .map(|node| u64::from(vnodes) * u64::from(node.weight))
            .sum()
    }
}

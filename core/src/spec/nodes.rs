//! Decodes the nodes of a cluster, and asks of each only what its placement knows.

use std::collections::HashMap;

use super::cursor::{Cursor, Object};
use super::{NodeSpec, PlacementSpec, names};
use crate::error::Error;
use crate::limits;
use crate::placement::{LegacySpec, Rule, WeightRule};

const FIELDS: [&str; 6] = ["id", "address", "alias", "weight", "zone", "down"];

/// The nodes of a cluster, of which at least one takes keys. `addresses` are those of all ids up to
/// here.
pub(super) fn decode(
    place: &Cursor<'_>,
    placement: &PlacementSpec,
    addresses: &mut HashMap<String, String>,
) -> Result<Vec<NodeSpec>, Error> {
    let items = place.array("a list of nodes", limits::MAX_NODES)?;
    let mut nodes: Vec<NodeSpec> = Vec::with_capacity(items.len());
    let mut ids = HashMap::with_capacity(items.len());
    let mut taken = HashMap::with_capacity(items.len());
    let mut named = Vec::with_capacity(items.len());
    for (position, item) in items.iter().enumerate() {
        let fields = item.object("a node", &FIELDS)?;
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
        named.push(fields.get("alias").unwrap_or(address_place).clone());
    }
    if let PlacementSpec::Legacy(legacy) = placement {
        check_names(&named, &nodes, *legacy)?;
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
    let alias = fields
        .get("alias")
        .map(|place| names::name(place, "an alias"))
        .transpose()?;
    match placement {
        PlacementSpec::Ring { .. } => {
            if let Some(place) = fields.get("alias") {
                return Err(place.invalid(
                    "an alias under ring, which places nodes by their ids; leave it out",
                ));
            }
        }
        PlacementSpec::Legacy(legacy) => check_rules(fields, *legacy, weight, down)?,
    }
    let zone = fields
        .get("zone")
        .map(|place| names::name(place, "a zone"))
        .transpose()?;
    Ok(NodeSpec {
        id,
        address,
        alias,
        weight,
        zone,
        down,
    })
}

/// Refuses what the client whose placement it is does not know about a node.
fn check_rules(
    fields: &Object<'_>,
    legacy: LegacySpec,
    weight: u32,
    down: bool,
) -> Result<(), Error> {
    let rules = legacy.rules();
    let client = format!("{} {}", legacy.kind(), legacy.flavor());
    let refuse = |field: &str, what: &str, reason: &str| match fields.get(field) {
        Some(place) => Err(place.invalid(format!("{what} under {client}; {reason}"))),
        None => Ok(()),
    };
    match (rules.weight, weight) {
        (WeightRule::Refused(reason), weight) if weight != 1 => {
            refuse("weight", &format!("weight {weight}"), reason)?;
        }
        (WeightRule::FromOne(reason), 0) => {
            refuse("weight", "weight 0", &format!("{reason}, use at least 1"))?;
        }
        _ => {}
    }
    if let (Rule::Refused(reason), true) = (rules.down, down) {
        refuse("down", "`down`", reason)?;
    }
    Ok(())
}

/// Checks that the client can tell the nodes apart, and that it can tell their names, which stand at `named`.
fn check_names(named: &[Cursor<'_>], nodes: &[NodeSpec], legacy: LegacySpec) -> Result<(), Error> {
    let mut taken = HashMap::with_capacity(nodes.len());
    for ((place, node), position) in named.iter().zip(nodes).zip(0usize..) {
        let name = legacy.name_of(node).map_err(|right| {
            place.invalid(format!(
                "{} has no name under {legacy}: {right}",
                place.shown()
            ))
        })?;
        if let Some(first) = taken.insert(name, position) {
            return Err(place.invalid(format!(
                "{} is what {} calls node {first} too; names are distinct in a cluster",
                place.shown(),
                legacy.flavor()
            )));
        }
    }
    Ok(())
}

impl NodeSpec {
    /// Whether the node owns any keys now.
    pub(crate) fn takes_keys(&self) -> bool {
        self.weight > 0 && !self.down
    }
}

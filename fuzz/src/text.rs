//! Texts of specs made of decisions: mostly right, so that they get past the parser and reach what is behind it.

use std::sync::OnceLock;

use ringshift::{Error, Spec};
use serde_json::{Value, json};

use crate::input::Input;

/// A placement of an existing client: kind, flavor and, where there is a choice, hash.
#[derive(Debug, Clone)]
pub struct Flavor {
    kind: &'static str,
    name: String,
    hash: Option<String>,
}

impl Flavor {
    fn placement(&self) -> Value {
        match &self.hash {
            Some(hash) => json!({"kind": self.kind, "flavor": self.name, "hash": hash}),
            None => json!({"kind": self.kind, "flavor": self.name}),
        }
    }
}

/// All flavors with all their hashes, as the errors about unknown ones name them; so none that comes is forgotten.
pub fn flavors() -> &'static [Flavor] {
    static FLAVORS: OnceLock<Vec<Flavor>> = OnceLock::new();
    FLAVORS.get_or_init(|| {
        let mut all = Vec::new();
        for kind in ["ketama", "modulo", "rendezvous"] {
            for name in offered(&json!({"kind": kind, "flavor": "?"})) {
                let hashes = offered(&json!({"kind": kind, "flavor": name, "hash": "?"}));
                let flavor = |hash| Flavor {
                    kind,
                    name: name.clone(),
                    hash,
                };
                all.push(flavor(None));
                all.extend(hashes.into_iter().map(|hash| flavor(Some(hash))));
            }
        }
        all
    })
}

/// The words that the error about a wrong one offers.
fn offered(placement: &Value) -> Vec<String> {
    let text = spec(
        1,
        &[("c", cluster(placement.clone(), vec![node("a", "/a")]))],
        &Value::Null,
    );
    let message = Spec::parse(text.as_bytes())
        .err()
        .map(|error: Error| error.to_string());
    let message = message.unwrap_or_default();
    let words = message.split_once("; use ").map_or("", |(_, words)| words);
    words
        .split(" or ")
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A node with nothing but an id and an address.
#[must_use]
pub fn node(id: &str, address: &str) -> Value {
    json!({"id": id, "address": address})
}

/// A cluster.
#[must_use]
#[allow(clippy::needless_pass_by_value)] // values made for it
pub fn cluster(placement: Value, nodes: Vec<Value>) -> Value {
    json!({"placement": placement, "nodes": nodes})
}

/// A spec whose primary is the first of the clusters, and whose standby is the second.
#[must_use]
pub fn spec(generation: u64, clusters: &[(&str, Value)], migration: &Value) -> String {
    let by_name: serde_json::Map<String, Value> = clusters
        .iter()
        .map(|(name, cluster)| ((*name).to_owned(), cluster.clone()))
        .collect();
    let mut spec = json!({
        "format": 1, "generation": generation, "primary": clusters[0].0, "clusters": by_name, "max_ttl": "1h",
        "breaker": {"failures": 1},
    });
    if let Some((standby, _)) = clusters.get(1) {
        spec["standby"] = json!(standby);
    }
    if !migration.is_null() {
        spec["migration"] = migration.clone();
    }
    spec.to_string()
}

/// A ring as an input wants it; small, so that thousands are compiled in a second.
pub fn ring(input: &mut Input<'_>) -> Value {
    let mut ring = json!({"kind": "ring", "vnodes": 1 + input.below(40)});
    match input.below(6) {
        0 => ring["seed"] = json!(input.word().to_string()),
        1 => ring["hash_tag"] = json!(*input.one_of(&["{}", "||", "<>"])),
        2 => ring["max_load"] = json!(1.0 + f64::from(input.byte()) / 100.0),
        _ => {}
    }
    ring
}

/// Nodes of a ring. Ids and addresses go together, so that clusters may share them.
pub fn ring_nodes(input: &mut Input<'_>) -> Vec<Value> {
    let (count, first) = (1 + input.below(9), input.below(8));
    let node = |number: usize| {
        let mut node = node(&format!("n{number}"), &format!("10.0.0.{number}:1"));
        let choice = input.byte();
        node["weight"] = json!([1, 1, 1, 2, 3, 0, 1, 1][usize::from(choice & 7)]);
        node["down"] = json!(choice & 0x38 == 0x38);
        if choice & 0x40 != 0 {
            node["zone"] = json!(format!("z{}", choice >> 7));
        }
        node
    };
    (first..first + count).map(node).collect()
}

/// A cluster as an input wants it.
pub fn any_cluster(input: &mut Input<'_>) -> Value {
    if input.below(8) == 0 {
        let flavors = flavors();
        // More of them than a byte has values, one day.
        let flavor = &flavors[(input.below(256) << 1 | input.below(2)) % flavors.len()];
        let (count, first) = (1 + input.below(6), input.below(4));
        let nodes =
            (first..first + count).map(|n| node(&format!("n{n}"), &format!("10.0.0.{n}:1")));
        return cluster(flavor.placement(), nodes.collect());
    }
    let mut cluster = cluster(ring(input), ring_nodes(input));
    match input.below(4) {
        0 => cluster["replicas"] = json!(1 + input.below(8)),
        1 => cluster["key_prefix"] = json!(*input.one_of(&["p:", "q:"])),
        _ => {}
    }
    cluster
}

/// A plan of a migration.
fn plan(input: &mut Input<'_>, mut plan: Value) -> Value {
    plan["stage"] = json!(*input.one_of(&["none", "prepare", "ramp", "soak"]));
    plan["percent"] = json!(f64::from(input.byte().min(200)) / 2.0);
    plan
}

/// A whole spec as an input wants it: up to two clusters, perhaps moving from the one to the other.
pub fn any_spec(input: &mut Input<'_>, generation: u64) -> String {
    let choice = input.byte();
    let one = any_cluster(input);
    let other = if choice & 1 == 0 {
        any_cluster(input)
    } else {
        one.clone()
    };
    let names = if choice & 2 == 0 {
        ["a", "b"]
    } else {
        ["b", "a"]
    };
    if choice & 0xc == 0 {
        return spec(generation, &[(names[0], one)], &Value::Null);
    }
    let clusters = [(names[0], one), (names[1], other)];
    if choice & 0xc == 4 {
        return spec(generation, &clusters, &Value::Null);
    }
    let id = *input.one_of(&["m", "2026"]);
    let mut migration = plan(input, json!({"id": id, "from": names[0], "to": names[1]}));
    let mut regions = serde_json::Map::new();
    for region in ["kr", "jp", "us"].into_iter().take(input.below(4)) {
        regions.insert(region.to_owned(), plan(input, json!({})));
    }
    migration["regions"] = Value::Object(regions);
    spec(generation, &clusters, &migration)
}

/// A cluster under a client's placement with whatever names and weights an input has.
pub fn hostile_legacy(input: &mut Input<'_>) -> String {
    let flavors = flavors();
    let flavor = &flavors[(input.below(256) << 1 | input.below(2)) % flavors.len()];
    let count = 1 + input.below(8);
    let node = |number: usize| {
        let choice = input.byte();
        let address = match choice & 7 {
            0 => "/run/mc.sock".to_owned(),
            1 => format!("[::{number}]:11211"),
            2 => format!("mc-{number}.internal:{}", 1 + u32::from(input.byte()) * 257),
            3 => "10.0.0.1:11211".to_owned(),
            4 => String::from_utf8_lossy(input.bytes()).into_owned(),
            _ => format!("10.0.0.{number}:11211"),
        };
        let mut node = node(&format!("n{number}"), &address);
        if choice & 8 != 0 {
            node["alias"] = json!(String::from_utf8_lossy(input.bytes()));
        }
        match choice >> 4 & 7 {
            0 => node["weight"] = json!(input.byte()),
            1 => node["weight"] = json!(u16::from(input.byte()) * 4),
            2 => node["down"] = json!(true),
            _ => {}
        }
        node
    };
    spec(
        1,
        &[(
            "c",
            cluster(flavor.placement(), (0..count).map(node).collect()),
        )],
        &Value::Null,
    )
}

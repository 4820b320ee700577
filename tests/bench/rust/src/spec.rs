//! The specs that are measured: one cluster, and one on its way to another.

use serde_json::{Value, json};

use crate::keys::POINTS;

/// One cluster with these nodes, as the text of a spec.
pub fn plain(nodes: &[String], generation: u64) -> String {
    json!({
        "format": 1, "generation": generation, "primary": "blue",
        "clusters": {"blue": cluster(nodes, "")},
    })
    .to_string()
}

/// Half of the keys are on the way to another cluster with one node more.
pub fn migrating(nodes: &[String]) -> String {
    json!({
        "format": 1, "generation": 1, "primary": "blue", "standby": "green",
        "clusters": {"blue": cluster(nodes, ""), "green": cluster(&with_one_more(nodes), "g1:")},
        "migration": {"id": "bench", "from": "blue", "to": "green", "stage": "ramp", "percent": 50},
    })
    .to_string()
}

/// These nodes and another one behind them.
pub fn with_one_more(nodes: &[String]) -> Vec<String> {
    let mut more = nodes.to_vec();
    more.push("10.255.0.0:11211".to_owned());
    more
}

fn cluster(nodes: &[String], prefix: &str) -> Value {
    let nodes: Vec<Value> = nodes
        .iter()
        .map(|address| json!({"id": address, "address": address}))
        .collect();
    json!({"placement": {"kind": "ring", "vnodes": POINTS}, "key_prefix": prefix, "nodes": nodes})
}

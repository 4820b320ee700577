//! The library itself: a key's place in a snapshot, and the whole route, without and in the middle of a migration.

use std::sync::Arc;

use ringshift::{Options, Router};
use serde_json::{Value, json};

use crate::keys::POINTS;
use crate::measure::Subject;

pub fn subjects(nodes: &[String]) -> Result<Vec<Subject>, String> {
    let plain = router(&spec(nodes, false))?;
    let migrating = router(&spec(nodes, true))?;
    let snapshot = plain.snapshot();
    let numbers = index_of(nodes, &plain);
    let owner = {
        let router = Arc::clone(&plain);
        move |key: &[u8]| {
            router.with(|snapshot| {
                snapshot
                    .route(key)
                    .read()
                    .map_or(0, |target| numbers[target.node().index() as usize])
            })
        }
    };
    Ok(vec![
        Subject::new("ringshift: placement", move |key| snapshot.code(key)).with_balance(owner),
        Subject::new("ringshift: route", move |key| node_index(&plain, key)),
        Subject::new("ringshift: route, migrating", move |key| {
            migrating.with(|snapshot| {
                let route = snapshot.route(key);
                let read = route.read().map(|target| target.node().index());
                let fallback = route.fallback().map(|target| target.node().index());
                (read, fallback, route.fill())
            })
        }),
    ])
}

/// What a caller does: the snapshot in force, the route, the node to read.
fn node_index(router: &Router, key: &[u8]) -> Option<u32> {
    router.with(|snapshot| {
        snapshot
            .route(key)
            .read()
            .map(|target| target.node().index())
    })
}

fn router(spec: &Value) -> Result<Arc<Router>, String> {
    let router = Router::from_spec(spec.to_string().as_bytes(), Options::default())
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(router))
}

/// From the router's node indices to places in `nodes`.
fn index_of(nodes: &[String], router: &Router) -> Vec<usize> {
    (0..)
        .map_while(|index| router.node(index))
        .map(|node| nodes.iter().position(|id| id == node.id()).unwrap_or(0))
        .collect()
}

/// One cluster with these nodes; when migrating, half of the keys on the way to another with one node more.
fn spec(nodes: &[String], migrating: bool) -> Value {
    let mut spec = json!({
        "format": 1, "generation": 1, "primary": "blue",
        "clusters": {"blue": cluster(nodes, "")},
    });
    if migrating {
        let added = nodes
            .iter()
            .cloned()
            .chain(["10.255.0.0:11211".to_owned()])
            .collect::<Vec<_>>();
        spec["clusters"]["green"] = cluster(&added, "g1:");
        spec["standby"] = json!("green");
        spec["migration"] =
            json!({"id": "bench", "from": "blue", "to": "green", "stage": "ramp", "percent": 50});
    }
    spec
}

fn cluster(nodes: &[String], prefix: &str) -> Value {
    let nodes: Vec<Value> = nodes
        .iter()
        .map(|address| json!({"id": address, "address": address}))
        .collect();
    json!({"placement": {"kind": "ring", "vnodes": POINTS}, "key_prefix": prefix, "nodes": nodes})
}

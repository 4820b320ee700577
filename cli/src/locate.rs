//! `ringshift locate`: every place that a key is read from, filled to and invalidated at.

use std::path::Path;

use ringshift::{Error, Node, Options, Route, Router, Target};
use serde_json::{Value, json};

/// The routes of keys, for people or as one JSON object a line.
pub(crate) fn run(
    path: &Path,
    region: Option<String>,
    as_json: bool,
    keys: &[String],
) -> Result<String, Error> {
    let router = Router::open(
        path,
        Options {
            region,
            ..Options::default()
        },
    )?;
    let show = if as_json { json_line } else { text };
    Ok(router.with(|snapshot| {
        keys.iter()
            .map(|key| show(key, &snapshot.route(key.as_bytes())))
            .collect()
    }))
}

fn text(key: &str, route: &Route<'_>) -> String {
    let list = |nodes: Vec<String>| {
        if nodes.is_empty() {
            "-".to_owned()
        } else {
            nodes.join(", ")
        }
    };
    let target = |target: Option<Target<'_>>| {
        list(target.map_or_else(Vec::new, |target| {
            target.nodes().map(|node| place(node)).collect()
        }))
    };
    format!(
        "{key}\n  stage       {}{}\n  read        {}\n  fallback    {}\n  invalidate  {}\n",
        route.stage().name(),
        if route.moved() { ", moved" } else { "" },
        target(route.read()),
        target(route.fallback()),
        list(route.invalidate().map(|node| place(node)).collect()),
    )
}

fn place(node: &Node) -> String {
    format!("{}/{} at {}", node.cluster(), node.id(), node.address())
}

fn json_line(key: &str, route: &Route<'_>) -> String {
    let target = |target: Option<Target<'_>>| {
        target.map(|target| {
            target
                .nodes()
                .map(|node| object(node))
                .collect::<Vec<Value>>()
        })
    };
    let line = json!({
        "key": key,
        "generation": route.generation(),
        "stage": route.stage().name(),
        "moved": route.moved(),
        "read": target(route.read()),
        "fallback": target(route.fallback()),
        "fill": route.fill(),
        "invalidate": route.invalidate().map(|node| object(node)).collect::<Vec<Value>>(),
    });
    format!("{line}\n")
}

fn object(node: &Node) -> Value {
    json!({
        "cluster": node.cluster(),
        "id": node.id(),
        "address": node.address(),
        "zone": node.zone(),
        "key_prefix": node.key_prefix(),
    })
}

//! Specs made by tests, and a naive ring to compare with.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation
)]

pub mod bounded;
pub mod migration;
pub mod owed;

use ringshift::{Options, Router};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A node of a test's cluster.
#[derive(Debug, Clone)]
pub struct Node {
    pub id: String,
    pub weight: u32,
    pub zone: Option<u8>,
    pub down: bool,
}

impl Node {
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            weight: 1,
            zone: None,
            down: false,
        }
    }

    fn takes_keys(&self) -> bool {
        self.weight > 0 && !self.down
    }
}

/// A ring of a test.
#[derive(Debug, Clone)]
pub struct Ring {
    pub vnodes: u32,
    pub seed: u64,
    pub replicas: usize,
    pub nodes: Vec<Node>,
}

impl Ring {
    pub fn of(nodes: impl IntoIterator<Item = Node>) -> Self {
        Self {
            vnodes: 20,
            seed: 0,
            replicas: 1,
            nodes: nodes.into_iter().collect(),
        }
    }

    /// The cluster as it stands in a spec. Addresses follow the order of the nodes from `port` on.
    pub fn json(&self, port: usize) -> String {
        let nodes: Vec<String> = (self.nodes.iter().enumerate())
            .map(|(position, node)| {
                let zone = node
                    .zone
                    .map(|zone| format!(r#","zone":"z{zone}""#))
                    .unwrap_or_default();
                format!(
                    r#"{{"id":{},"address":"127.0.0.1:{}","weight":{},"down":{}{zone}}}"#,
                    serde_json::to_string(&node.id).unwrap(),
                    port + position,
                    node.weight,
                    node.down
                )
            })
            .collect();
        format!(
            r#"{{"placement":{{"kind":"ring","vnodes":{},"seed":"{}"}},"replicas":{},"nodes":[{}]}}"#,
            self.vnodes,
            self.seed,
            self.replicas,
            nodes.join(",")
        )
    }

    pub fn router(&self) -> Router {
        let spec = format!(
            r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{}}}}}"#,
            self.json(1)
        );
        Router::from_spec(spec.as_bytes(), Options::default()).unwrap()
    }

    /// The nodes of a key, found by looking at every point: no sorting, no index, no lists.
    pub fn naive(&self, key: &[u8]) -> Vec<&str> {
        let hash = xxh3_64_with_seed(key, self.seed);
        let mut left: Vec<(u64, &Node)> = Vec::new();
        for node in self.nodes.iter().filter(|node| node.takes_keys()) {
            for number in 0..self.vnodes * node.weight {
                let name = [node.id.as_bytes(), &number.to_le_bytes()].concat();
                left.push((xxh3_64_with_seed(&name, self.seed), node));
            }
        }
        // How far up the ring a point lies; of equal points the smaller id comes first.
        let distance = |&(point, node): &(u64, &Node)| (point.wrapping_sub(hash), node.id.clone());
        let mut list: Vec<&Node> = Vec::new();
        while list.len() < self.replicas && !left.is_empty() {
            let seen =
                |node: &Node| node.zone.is_some() && list.iter().any(|n| n.zone == node.zone);
            let fresh = left
                .iter()
                .filter(|(_, node)| !seen(node))
                .min_by_key(|point| distance(point));
            let next = fresh
                .or(left.iter().min_by_key(|point| distance(point)))
                .unwrap()
                .1;
            left.retain(|(_, node)| node.id != next.id);
            list.push(next);
        }
        list.into_iter().map(|node| node.id.as_str()).collect()
    }
}

/// The ids of the nodes that a key is read from, in order.
pub fn read(router: &Router, key: &[u8]) -> Vec<String> {
    router.with(|snapshot| {
        let target = snapshot.route(key).read();
        target.map_or_else(Vec::new, |target| {
            target.nodes().map(|node| node.id().to_owned()).collect()
        })
    })
}

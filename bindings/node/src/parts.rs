//! What JavaScript builds its objects from: nodes and routes as plain data.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use ringshift::{Node, OwedKey, Route, Target};

/// A node; the package makes one object of each.
#[napi(object, object_from_js = false)]
pub struct NodeParts {
    /// Unique within the router, for its life.
    pub index: u32,
    /// Decides placement.
    pub id: String,
    /// Where to connect.
    pub address: String,
    /// Share of the keys.
    pub weight: u32,
    /// Failure domain.
    pub zone: Option<String>,
    /// The cluster's name.
    pub cluster: String,
    /// Put before keys on the wire.
    pub key_prefix: String,
}

impl From<&Node> for NodeParts {
    fn from(node: &Node) -> Self {
        Self {
            index: node.index(),
            id: node.id().to_owned(),
            address: node.address().to_owned(),
            weight: node.weight(),
            zone: node.zone().map(str::to_owned),
            cluster: node.cluster().to_owned(),
            key_prefix: node.key_prefix().to_owned(),
        }
    }
}

/// A key whose invalidation is to be sent again.
#[napi(object, object_from_js = false)]
pub struct OwedParts {
    /// Its bytes.
    pub key: Uint8Array,
    /// The number of its loss: far below 2^53, for each was counted.
    pub loss: f64,
}

impl From<OwedKey> for OwedParts {
    #[allow(clippy::cast_precision_loss)]
    fn from(owed: OwedKey) -> Self {
        Self {
            key: Uint8Array::from(&*owed.key),
            loss: owed.loss as f64,
        }
    }
}

/// A route; nodes are given by their indices.
#[napi(object, object_from_js = false)]
pub struct RouteParts {
    /// Where JavaScript keeps the route.
    pub slot: u32,
    /// Whether all routes that JavaScript keeps have become invalid.
    pub reset: bool,
    /// The nodes to read, in order.
    pub read: Option<Vec<u32>>,
    /// The nodes to look at after a miss, in order.
    pub fallback: Option<Vec<u32>>,
    /// Whether a value found at the fallback is copied.
    pub fill: bool,
    /// The nodes to remove the key from, in order.
    pub invalidate: Vec<u32>,
    /// The stage's name.
    pub stage: &'static str,
    /// Whether the key has moved; an open breaker may still send it elsewhere.
    pub moved: bool,
    /// The spec's generation; at most 2^53 - 1.
    pub generation: f64,
}

impl RouteParts {
    pub(crate) fn new(route: &Route<'_>, slot: u32, reset: bool) -> Self {
        let nodes = |target: Target<'_>| target.nodes().map(|node| node.index()).collect();
        Self {
            slot,
            reset,
            read: route.read().map(nodes),
            fallback: route.fallback().map(nodes),
            fill: route.fill(),
            invalidate: route.invalidate().map(|node| node.index()).collect(),
            stage: route.stage().name(),
            moved: route.moved(),
            generation: number(route.generation()),
        }
    }
}

/// A count as JavaScript has it. Generations are limited to what a double holds exactly.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn number(value: u64) -> f64 {
    value as f64
}

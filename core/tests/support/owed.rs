//! Losses, and what is owed for them.

use std::sync::Arc;

use ringshift::{Node, Op, Outcome, Router};

pub fn node_of(router: &Router, id: &str) -> Arc<Node> {
    let snapshot = router.snapshot();
    let mut nodes = snapshot.nodes();
    nodes.find(|node| node.id() == id).unwrap().clone()
}

pub fn lose(router: &Router, id: &str, key: &[u8]) {
    let node = node_of(router, id);
    router.lost(&node, key, Outcome::Error).unwrap();
    // So that no breaker opens.
    router.report(&node, Op::Read, Outcome::Hit);
}

pub fn owed(router: &Router, id: &str) -> Vec<String> {
    let keys = router.owed(&node_of(router, id)).into_iter();
    keys.map(|owed| String::from_utf8(owed.key.to_vec()).unwrap())
        .collect()
}

pub fn clusters(generation: u32, clusters: &str) -> String {
    format!(
        r#"{{"format":1,"generation":{generation},"primary":"c","clusters":{{{clusters}}},"max_ttl":"1h","breaker":{{"rate":1,"cluster_rate":1}}}}"#
    )
}

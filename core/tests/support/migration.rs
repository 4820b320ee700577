//! Routers over two clusters of which one moves to the other.

use ringshift::{Options, Router};

use super::{Node, Ring};

pub fn ids(prefix: &str, count: usize) -> Ring {
    Ring::of((0..count).map(|n| Node::new(format!("{prefix}{n}"))))
}

pub fn migration(
    from: &Ring,
    to: &Ring,
    ports: (usize, usize),
    stage: &str,
    percent: &str,
) -> String {
    format!(
        r#"{{"format":1,"generation":7,"primary":"from","standby":"to",
            "clusters":{{"from":{},"to":{}}},
            "migration":{{"id":"m","from":"from","to":"to","stage":"{stage}","percent":{percent}}},
            "breaker":{{"failures":2,"max_ejected":1}}}}"#,
        from.json(ports.0),
        to.json(ports.1)
    )
}

pub fn router(spec: &str) -> Router {
    Router::from_spec(spec.as_bytes(), Options::default()).unwrap()
}

pub fn name(node: &ringshift::Node) -> String {
    format!("{}/{}", node.cluster(), node.id())
}

/// Everything about a route, as text.
pub fn told(router: &Router, key: &[u8]) -> String {
    router.with(|snapshot| {
        let route = snapshot.route(key);
        let names = |target: Option<ringshift::Target<'_>>| -> Vec<String> {
            target.map_or_else(Vec::new, |target| {
                target.nodes().map(|node| name(node)).collect()
            })
        };
        let invalidate: Vec<String> = route.invalidate().map(|node| name(node)).collect();
        format!(
            "read {} fallback {} fill {} invalidate {}",
            names(route.read()).join(","),
            names(route.fallback()).join(","),
            route.fill(),
            invalidate.join(",")
        )
    })
}

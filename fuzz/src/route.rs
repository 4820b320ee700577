//! What holds for the route of any key under any spec.

use ringshift::{NO_NODE, Node, Snapshot};

/// What holds for a key's route. Breakers may be open: to ask is to take a probe, so it asks once.
///
/// # Panics
///
/// If it does not.
pub fn check(snapshot: &Snapshot, key: &[u8]) {
    let spec = snapshot.spec();
    let code = snapshot.code(key);
    let route = snapshot.expand(code);
    let kept = snapshot.expand_from(snapshot.epoch(), code.number());
    assert_eq!(kept.map(|route| route.code()), Some(code));
    assert!(
        snapshot
            .expand_from(snapshot.epoch() + 1, code.number())
            .is_none()
    );
    assert_eq!(route.generation(), spec.generation);
    let invalidate: Vec<&Node> = route.invalidate().map(|node| &**node).collect();
    assert!((1..=16).contains(&invalidate.len()));
    assert!(
        route.read().is_some() || route.fallback().is_none(),
        "a fallback of nothing"
    );
    assert!(
        !route.fill() || route.fallback().is_some(),
        "a copy of nothing"
    );
    let targets = route.read().into_iter().chain(route.fallback());
    for target in targets {
        let cluster = &spec.clusters[target.cluster()];
        let mut seen = Vec::new();
        for node in target.nodes() {
            let listed = cluster.nodes.iter().find(|listed| listed.id == node.id());
            let listed = listed.unwrap_or_else(|| panic!("{} is not in the spec", node.id()));
            assert_eq!(
                (node.cluster(), node.address()),
                (target.cluster(), &*listed.address)
            );
            assert_eq!(node.key_prefix(), cluster.key_prefix);
            assert!(listed.weight > 0, "a node of weight 0 is read");
            assert!(!seen.contains(&node.index()), "one node twice");
            // The same entry may be invalidated under the other cluster's name.
            let same =
                |other: &&Node| (other.id(), other.key_prefix()) == (node.id(), node.key_prefix());
            assert!(
                invalidate.iter().any(same),
                "{} is read and never invalidated",
                node.id()
            );
            seen.push(node.index());
        }
        assert!((1..=cluster.replicas).contains(&seen.len()));
    }
}

/// What further holds while no breaker is open: whatever asks for the key's place says the same.
///
/// # Panics
///
/// If it does not.
pub fn check_all_well(snapshot: &Snapshot, key: &[u8]) {
    check(snapshot, key);
    let code = snapshot.code(key);
    let read = snapshot
        .expand(code)
        .read()
        .map(|target| target.node().index());
    assert!(read.is_some());
    assert_eq!(snapshot.route(key).code(), code);
    assert_eq!(snapshot.node(key).map(|node| node.index()), read);
    assert_eq!(snapshot.index(key), read.unwrap_or(NO_NODE));
    assert_eq!(snapshot.route_many([key, key]), [code, code]);
    if snapshot.dense_codes() > 0 {
        assert!(code.number() < snapshot.dense_codes() as u64);
    }
}

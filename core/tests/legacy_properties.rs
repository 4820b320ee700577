//! The placements of existing clients against naive versions of them, and what holds for all.
//!
//! That the clients agree is shown by the golden files in `tests/vectors`; this goes beyond the
//! lists of nodes there.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/legacy.rs"]
mod legacy;

use legacy::{Node, go_redis, ketama, modulo, router};
use proptest::prelude::*;
use ringshift::{Options, Router, Spec};

const KETAMA: [&str; 8] = [
    "libmemcached-weighted",
    "twemproxy",
    "nginx",
    "pingora",
    "uhashring",
    "npm-hashring",
    "npm-memcached",
    "dalli",
];

const MODULO: [&str; 5] = [
    "twemproxy",
    "gomemcache",
    "pecl-memcache",
    "nginx",
    "python-memcached",
];

/// Distinct nodes, some with an alias, some down, at least one up.
fn nodes(weights: bool, down: bool) -> impl Strategy<Value = Vec<Node>> {
    let weight = prop_oneof![3 => Just(1u32), 1 => 1u32..9];
    let node = (
        any::<u8>(),
        any::<bool>(),
        prop::option::weighted(0.3, "[a-z]{1,3}"),
        weight,
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(node, 1..16).prop_map(move |rows| {
        let mut taken = std::collections::BTreeSet::new();
        let mut nodes: Vec<Node> = Vec::new();
        for (number, default_port, alias, weight, is_down) in rows {
            let alias = alias.map(|alias| format!("{alias}{number}"));
            if taken.insert(number) {
                nodes.push(Node {
                    number,
                    default_port,
                    alias,
                    weight: if weights { weight } else { 1 },
                    down: down && is_down,
                });
            }
        }
        nodes[0].down = false;
        nodes
    })
}

fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = prop_oneof![".{0,20}", "[a-z0-9:]{1,40}"].prop_map(String::into_bytes);
    prop::collection::vec(text, 1..10)
}

fn bytes() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..30)
}

/// The id of the node that a key is read from.
fn read(router: &Router, key: &[u8]) -> String {
    router.with(|snapshot| snapshot.route(key).read().unwrap().node().id().to_owned())
}

fn id(node: &Node) -> String {
    format!("n{}", node.number)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn ketama_flavors_agree_with_naive_ones(
        nodes in nodes(true, true), keys in keys(), flavor in prop::sample::select(&KETAMA),
    ) {
        let mut nodes = nodes;
        for node in &mut nodes {
            // Each for a reason that the spec's error gives.
            node.down &= flavor != "dalli";
        }
        let router = router("ketama", flavor, &nodes);
        for key in &keys {
            prop_assert_eq!(read(&router, key), id(&nodes[ketama(flavor, &nodes, key)]));
        }
    }

    #[test]
    fn modulo_flavors_agree_with_naive_ones(
        nodes in nodes(true, true), keys in keys(), flavor in prop::sample::select(&MODULO),
    ) {
        let mut nodes = nodes;
        for node in &mut nodes {
            node.down &= ["nginx", "python-memcached"].contains(&flavor);
        }
        let router = router("modulo", flavor, &nodes);
        for key in &keys {
            let naive = &nodes[modulo(flavor, &nodes, key)];
            let read = read(&router, key);
            // After its last try a client has no answer; any node that is up will do.
            let up = nodes.iter().any(|node| id(node) == read && !node.down);
            prop_assert!(read == id(naive) || naive.down && up);
        }
    }

    #[test]
    fn go_redis_agrees_with_a_naive_one(nodes in nodes(false, true), keys in keys()) {
        let router = router("rendezvous", "go-redis", &nodes);
        for key in keys.iter().filter(|key| !key.contains(&b'{')) {
            prop_assert_eq!(read(&router, key), id(&nodes[go_redis(&nodes, key)]));
        }
    }

    #[test]
    fn every_key_has_a_node_that_is_up(
        nodes in nodes(false, true), keys in bytes(), at in 0usize..100,
    ) {
        for (kind, flavor) in flavors() {
            let mut nodes = nodes.clone();
            for node in &mut nodes {
                node.down &= !refuses_down(&kind, &flavor);
                if flavor == "pingora" || flavor == "spymemcached" {
                    node.alias = None;
                }
            }
            let router = router(&kind, &flavor, &nodes);
            let read = read(&router, &keys[at % keys.len()]);
            prop_assert!(nodes.iter().any(|node| id(node) == read && !node.down), "{}", flavor);
        }
    }

    #[test]
    fn a_node_that_is_down_is_as_one_that_is_not_there(
        nodes in nodes(true, true), keys in keys(),
    ) {
        // nginx and pingora keep its points; the others refuse it.
        let clients = ["libmemcached-weighted", "libmemcached-spy", "twemproxy", "uhashring",
                       "npm-hashring", "npm-memcached", "predis"];
        let left: Vec<Node> = nodes.iter().filter(|node| !node.down).cloned().collect();
        for flavor in clients {
            let (with, without) = (router("ketama", flavor, &nodes), router("ketama", flavor, &left));
            for key in &keys {
                prop_assert_eq!(read(&with, key), read(&without, key), "{}", flavor);
            }
        }
    }
}

/// Every kind and flavor, as the errors of a spec list them.
fn flavors() -> Vec<(String, String)> {
    ["ketama", "modulo", "rendezvous"]
        .into_iter()
        .flat_map(|kind| {
            let spec = format!(
                r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{{
                    "placement":{{"kind":"{kind}","flavor":"?"}},"nodes":[]}}}}}}"#
            );
            let error = Spec::parse(spec.as_bytes()).unwrap_err().to_string();
            let list = error.split_once("; use ").unwrap().1.to_owned();
            let names: Vec<String> = list.split(" or ").map(str::to_owned).collect();
            names.into_iter().map(move |name| (kind.to_owned(), name))
        })
        .collect()
}

fn refuses_down(kind: &str, flavor: &str) -> bool {
    let spec = format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{{
            "placement":{{"kind":"{kind}","flavor":"{flavor}"}},
            "nodes":[{{"id":"a","address":"10.0.0.1:1"}},{{"id":"b","address":"10.0.0.2:1","down":true}}]}}}}}}"#
    );
    Router::from_spec(spec.as_bytes(), Options::default()).is_err()
}

#[test]
fn all_flavors_are_there() {
    assert_eq!(flavors().len(), 22);
}

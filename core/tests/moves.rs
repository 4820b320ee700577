//! What would move, counted exactly, against keys that are really asked for.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use ringshift::{ClusterMoves, Options, Router, moves};
use support::{Node, Ring};

fn spec(cluster: &str) -> String {
    format!(r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{cluster}}}}}"#)
}

fn modulo(nodes: usize, hash: &str) -> String {
    let nodes: Vec<String> = (0..nodes)
        .map(|n| format!(r#"{{"id":"n{n}","address":"/n{n}"}}"#))
        .collect();
    format!(
        r#"{{"placement":{{"kind":"modulo","flavor":"libmemcached","hash":"{hash}"}},"nodes":[{}]}}"#,
        nodes.join(",")
    )
}

/// The share of keys from each node to each other, by asking both routers.
fn asked(before: &str, after: &str, keys: u32) -> BTreeMap<(String, String), f64> {
    let open = |text: &str| Router::from_spec(text.as_bytes(), Options::default()).unwrap();
    let (before, after) = (open(before), open(after));
    let mut shares = BTreeMap::new();
    for number in 0..keys {
        let key = format!("key {number}");
        let id = |router: &Router| support::read(router, key.as_bytes())[0].clone();
        let pair = (id(&before), id(&after));
        if pair.0 != pair.1 {
            *shares.entry(pair).or_insert(0.0) += 1.0 / f64::from(keys);
        }
    }
    shares
}

/// Whether shares agree as far as so many keys can tell (five standard deviations).
fn agree(
    moves: &ClusterMoves,
    asked: &BTreeMap<(String, String), f64>,
    keys: u32,
) -> Result<(), String> {
    let told: BTreeMap<_, _> = moves
        .flows
        .iter()
        .map(|flow| ((flow.from.clone(), flow.to.clone()), flow.share))
        .collect();
    for pair in told.keys().chain(asked.keys()) {
        let (told, asked) = (
            told.get(pair).unwrap_or(&0.0),
            asked.get(pair).unwrap_or(&0.0),
        );
        let spread = (told.max(1e-6) / f64::from(keys)).sqrt();
        if (told - asked).abs() > 5.0 * spread + 2.0 / f64::from(keys) + moves.error {
            return Err(format!("{pair:?}: told {told}, asked {asked}"));
        }
    }
    let sum: f64 = moves.flows.iter().map(|flow| flow.share).sum();
    if (sum - moves.moved).abs() > 1e-9 {
        return Err(format!("the flows add up to {sum}, not to {}", moves.moved));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]
    #[test]
    fn arcs_tell_what_keys_do(
        before in prop::collection::vec(0u32..4, 2..7),
        after in prop::collection::vec(0u32..4, 2..7),
        replicas in 1usize..3,
    ) {
        let ring = |weights: &[u32]| {
            let mut nodes: Vec<Node> = (0..).zip(weights)
                .map(|(n, &weight)| Node { weight, ..Node::new(format!("n{n}")) }).collect();
            for node in nodes.iter_mut().take(2) {
                node.weight = node.weight.max(1);
            }
            Ring { replicas, ..Ring::of(nodes) }
        };
        let (before, after) = (spec(&ring(&before).json(1)), spec(&ring(&after).json(1)));
        let told = moves(before.as_bytes(), after.as_bytes()).unwrap();
        prop_assert_eq!(told.clusters[0].sample, None);
        let keys = 5_000;
        if let Err(difference) = agree(&told.clusters[0], &asked(&before, &after, keys), keys) {
            prop_assert!(false, "{}", difference);
        }
    }
}

#[test]
fn residues_tell_what_keys_do() {
    for hash in ["one_at_a_time", "crc"] {
        for (old, new) in [(4, 5), (5, 5), (6, 4), (1, 7)] {
            let (before, after) = (spec(&modulo(old, hash)), spec(&modulo(new, hash)));
            let told = moves(before.as_bytes(), after.as_bytes()).unwrap();
            assert_eq!(told.clusters[0].sample, None);
            agree(&told.clusters[0], &asked(&before, &after, 20_000), 20_000).unwrap();
        }
    }
    // One node more under hash % N: 1 - 1/5 of the keys move, up to the rest of 2^32 by 20.
    let told = moves(
        spec(&modulo(4, "crc")).as_bytes(),
        spec(&modulo(5, "crc")).as_bytes(),
    )
    .unwrap();
    assert!((told.clusters[0].moved - 0.8).abs() < 1e-3);
}

#[test]
fn client_placements_that_hash_alike_are_compared_exactly() {
    let cluster = |placement: &str, weights: &[u32]| {
        let nodes: Vec<String> = (1..)
            .zip(weights)
            .map(|(n, weight)| {
                format!(r#"{{"id":"n{n}","address":"10.0.0.{n}:11211","weight":{weight}}}"#)
            })
            .collect();
        spec(&format!(
            r#"{{"placement":{{{placement}}},"nodes":[{}]}}"#,
            nodes.join(",")
        ))
    };
    for (placement, exact) in [
        (r#""kind":"ketama","flavor":"libmemcached-weighted""#, true),
        // Keys and points have 15 bits.
        (
            r#""kind":"ketama","flavor":"libmemcached","hash":"crc""#,
            true,
        ),
        (
            r#""kind":"ketama","flavor":"twemproxy","hash":"jenkins""#,
            true,
        ),
        // Keys are not spread over 32 bits evenly.
        (
            r#""kind":"ketama","flavor":"twemproxy","hash":"crc16""#,
            false,
        ),
        (r#""kind":"ketama","flavor":"nginx""#, true),
        // The first point above, the last point not above.
        (r#""kind":"ketama","flavor":"uhashring""#, true),
        (r#""kind":"ketama","flavor":"dalli""#, true),
        (r#""kind":"ketama","flavor":"pecl-memcache""#, true),
        (r#""kind":"modulo","flavor":"twemproxy","hash":"md5""#, true),
        (r#""kind":"modulo","flavor":"python-memcached""#, true),
        (r#""kind":"modulo","flavor":"pecl-memcache""#, false),
    ] {
        for (old, new) in [(&[1, 1, 1][..], &[1, 1, 1, 1][..]), (&[2, 1, 3], &[2, 5])] {
            let (before, after) = (cluster(placement, old), cluster(placement, new));
            let told = &moves(before.as_bytes(), after.as_bytes()).unwrap().clusters[0];
            assert_eq!(told.sample.is_none(), exact, "{placement}");
            if !exact {
                continue;
            }
            let keys = 20_000;
            agree(told, &asked(&before, &after, keys), keys)
                .unwrap_or_else(|difference| panic!("{placement}: {difference}"));
        }
    }
}

#[test]
fn placements_with_nothing_in_common_are_sampled() {
    let ring = Ring::of((0..5).map(|n| Node::new(format!("n{n}"))));
    let (before, after) = (
        spec(&modulo(4, "crc").replace("/n", "127.0.0.1:1")),
        spec(&ring.json(10)),
    );
    let told = &moves(before.as_bytes(), after.as_bytes()).unwrap().clusters[0];
    assert_eq!(told.sample, Some(131_072));
    assert!(told.error > 0.001 && told.error < 0.003, "{}", told.error);
    agree(told, &asked(&before, &after, 50_000), 50_000).unwrap();
    let other_seed = Ring {
        seed: 9,
        ..ring.clone()
    };
    let told = moves(
        spec(&ring.json(1)).as_bytes(),
        spec(&other_seed.json(1)).as_bytes(),
    )
    .unwrap();
    assert!((told.clusters[0].moved - 0.8).abs() < 0.1 && told.clusters[0].sample.is_some());
}

#[test]
fn a_migration_moves_what_changes_its_place() {
    let ring = |nodes: usize| Ring {
        vnodes: 160,
        ..Ring::of((0..nodes).map(|n| Node::new(format!("n{n}"))))
    };
    let text = |prefix: &str| {
        format!(
            r#"{{"format":1,"generation":1,"primary":"a","standby":"b","clusters":{{"a":{},"b":{}}},
                "migration":{{"id":"m","from":"a","to":"b","stage":"prepare"}}}}"#,
            ring(9).json(1),
            ring(10)
                .json(1)
                .replacen('{', &format!(r#"{{"key_prefix":"{prefix}","#), 1),
        )
    };
    let told = moves(text("").as_bytes(), text("").as_bytes()).unwrap();
    assert!(
        told.clusters
            .iter()
            .all(|cluster| cluster.moved == 0.0 && cluster.flows.is_empty())
    );
    let migration = told.migration.unwrap();
    assert_eq!((migration.from.as_str(), migration.to.as_str()), ("a", "b"));
    assert!(
        (0.07..0.13).contains(&migration.moved),
        "about a tenth: {}",
        migration.moved
    );
    assert!(migration.flows.iter().all(|flow| flow.to == "n9"));
    // Under another prefix every entry is another one.
    let told = moves(text("").as_bytes(), text("g2:").as_bytes()).unwrap();
    assert!((told.migration.unwrap().moved - 1.0).abs() < 1e-12);
    assert!((told.clusters[1].moved - 1.0).abs() < 1e-12);
}

#[test]
fn a_bounded_ring_moves_little_more_than_it_must() {
    let ring = |nodes: u32| {
        let ring = Ring {
            vnodes: 512,
            ..Ring::of((0..nodes).map(|n| Node::new(format!("n{n}"))))
        };
        spec(
            &ring
                .json(1)
                .replace(r#""seed""#, r#""max_load":1.05,"seed""#),
        )
    };
    for nodes in [10, 100] {
        let told = moves(ring(nodes).as_bytes(), ring(nodes + 1).as_bytes()).unwrap();
        let ideal = 1.0 / (f64::from(nodes) + 1.0);
        let ratio = told.clusters[0].moved / ideal;
        assert!(
            (0.9..1.15).contains(&ratio),
            "{nodes} nodes: {ratio} times the ideal"
        );
    }
}

#[test]
fn a_bad_spec_is_told() {
    let good = spec(&modulo(2, "crc"));
    assert!(moves(b"{", good.as_bytes()).is_err());
    assert!(moves(good.as_bytes(), b"{}").is_err());
}

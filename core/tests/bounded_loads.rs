//! `max_load`: the bound is kept exactly, little more than the ideal moves, and a bound that cannot
//! be kept is refused with the lowest that can.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod support;

use proptest::prelude::*;
use ringshift::{ErrorKind, Options, Router, moves};
use support::{Node, Ring, bounded, read};

fn spec(ring: &Ring, max_load: u32) -> String {
    let bound = format!(
        r#""max_load":{}.{:04},"seed""#,
        max_load / 10_000,
        max_load % 10_000
    );
    let cluster = ring.json(1).replace(r#""seed""#, &bound);
    format!(r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{cluster}}}}}"#)
}

fn open(ring: &Ring, max_load: u32) -> Result<Router, ringshift::Error> {
    Router::from_spec(spec(ring, max_load).as_bytes(), Options::default())
}

/// The highest load of any node, in basis points and rounded up.
fn highest(router: &Router) -> u64 {
    let shares = router.snapshot().shares();
    shares[0].nodes.iter().map(|node| node.load).max().unwrap()
}

/// The lowest bound that an error says is possible.
fn lowest(error: &ringshift::Error) -> u32 {
    assert_eq!(error.kind(), ErrorKind::SpecInvalid);
    assert_eq!(error.pointer(), Some("/clusters/c/placement/max_load"));
    let text = error.to_string();
    let said = text.split("use ").nth(1).unwrap();
    let number: f64 = said.split(' ').next().unwrap().parse().unwrap();
    (number * 10_000.0).round() as u32
}

fn equal(nodes: usize, vnodes: u32) -> Ring {
    Ring {
        vnodes,
        ..Ring::of((0..nodes).map(|n| Node::new(format!("n{n}"))))
    }
}

/// Weights 1 to 4 in turn, every seventh node down, every eleventh without weight.
fn mixed(nodes: usize, vnodes: u32) -> Ring {
    let node = |n: usize| Node {
        weight: if n % 11 == 10 { 0 } else { 1 + n as u32 % 4 },
        down: n % 7 == 6,
        zone: (n % 3 != 2).then_some(n as u8 % 5),
        ..Node::new(format!("n{n}"))
    };
    Ring {
        vnodes,
        ..Ring::of((0..nodes).map(node))
    }
}

prop_compose! {
    fn small_ring()(
        weights in prop::collection::vec((0u32..5, prop::bool::weighted(0.15)), 1..9),
        vnodes in 1u32..30,
        seed in any::<u64>(),
    ) -> Ring {
        let mut nodes: Vec<Node> = (0..).zip(weights)
            .map(|(n, (weight, down))| Node { weight, down, ..Node::new(format!("n{n}")) })
            .collect();
        nodes[0] = Node { weight: 1, ..Node::new("n0") };
        Ring { vnodes, seed, ..Ring::of(nodes) }
    }
}

proptest! {
    #[test]
    fn arcs_go_where_the_naive_rule_sends_them(
        ring in small_ring(),
        max_load in 10_000u32..16_000,
        keys in prop::collection::vec(any::<[u8; 8]>(), 30),
    ) {
        let naive = bounded::owners(&ring, max_load);
        match open(&ring, max_load) {
            Err(error) => {
                prop_assert!(naive.is_none());
                prop_assert!(lowest(&error) > max_load);
            }
            Ok(router) => {
                let owners = naive.unwrap();
                for key in keys {
                    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&key, ring.seed);
                    let arc = owners.iter().find(|arc| arc.0 >= hash).unwrap_or(&owners[0]);
                    prop_assert_eq!(&read(&router, &key)[0], &arc.1);
                }
                prop_assert!(highest(&router) <= u64::from(max_load));
            }
        }
    }

    #[test]
    fn the_lowest_bound_is_named_and_is_the_lowest(ring in small_ring()) {
        // Nobody can own exactly what is fair, but a node that is alone.
        match open(&ring, 10_000) {
            Ok(router) => prop_assert_eq!(highest(&router), 10_000),
            Err(error) => {
                let lowest = lowest(&error);
                prop_assert!(highest(&open(&ring, lowest).unwrap()) <= u64::from(lowest));
                prop_assert!(open(&ring, lowest - 1).is_err());
            }
        }
    }
}

#[test]
fn the_fullest_node_is_within_the_bound() {
    for (nodes, vnodes) in [
        (3, 512),
        (7, 320),
        (20, 160),
        (60, 80),
        (200, 40),
        (1000, 20),
    ] {
        for max_load in [10_200, 10_500, 12_500] {
            for ring in [equal(nodes, vnodes), mixed(nodes, vnodes)] {
                let router = open(&ring, max_load).unwrap();
                let highest = highest(&router);
                assert!(highest <= u64::from(max_load), "{nodes} nodes: {highest}");
                // Where the bound is felt at all, some node comes close to it.
                let unbounded = open(&ring, 1_000_000).unwrap();
                let free = self::highest(&unbounded);
                assert!(
                    free <= u64::from(max_load) || highest + 100 > u64::from(max_load),
                    "{nodes} nodes: {free} without, {highest} with {max_load}"
                );
            }
        }
    }
}

#[test]
fn owners_are_within_the_bound_with_replicas_too() {
    for replicas in [2, 3] {
        let alone = mixed(40, 80);
        let ring = Ring {
            replicas,
            ..alone.clone()
        };
        let (alone, router) = (open(&alone, 10_500).unwrap(), open(&ring, 10_500).unwrap());
        assert!(highest(&router) <= 10_500);
        for number in 0..2_000u32 {
            let list = read(&router, &number.to_le_bytes());
            assert_eq!(list.len(), replicas);
            // Replicas change nothing about the owner, and never name it twice.
            assert_eq!(list[0], read(&alone, &number.to_le_bytes())[0]);
            assert!(list[1..].iter().all(|id| *id != list[0]));
        }
    }
}

#[test]
fn a_node_that_is_down_is_as_if_it_were_gone() {
    let ring = equal(12, 100);
    let (mut down, mut gone, mut weightless) = (ring.clone(), ring.clone(), ring);
    down.nodes[5].down = true;
    gone.nodes.remove(5);
    weightless.nodes[5].weight = 0;
    let routers = [down, gone, weightless].map(|ring| open(&ring, 10_500).unwrap());
    for number in 0..3_000u32 {
        let owner = |router: &Router| read(router, &number.to_le_bytes()).remove(0);
        assert_eq!(owner(&routers[0]), owner(&routers[1]));
        assert_eq!(owner(&routers[0]), owner(&routers[2]));
    }
    let shares = routers[0].snapshot().shares().remove(0);
    assert_eq!((shares.nodes[5].share, shares.nodes[5].load), (0.0, 0));
}

#[test]
fn one_node_and_two() {
    assert_eq!(highest(&open(&equal(1, 1), 10_000).unwrap()), 10_000);
    assert_eq!(highest(&open(&equal(1, 512), 10_000).unwrap()), 10_000);
    let pair = open(&equal(2, 512), 10_100).unwrap();
    assert!(highest(&pair) <= 10_100);
    // One arc each: nothing but the larger of the two is possible.
    let error = open(&equal(2, 1), 10_500).unwrap_err();
    let arcs = open(&equal(2, 1), lowest(&error)).unwrap();
    assert_eq!(highest(&arcs), u64::from(lowest(&error)));
}

/// What moves, as a multiple of what the fair shares must, for three changes of several nodes.
fn ratios(ring: &Ring, max_load: u32, tries: usize) -> Vec<f64> {
    let fair = |ring: &Ring, id: &str| {
        let weight = |node: &Node| if node.down { 0 } else { node.weight };
        let total: u32 = ring.nodes.iter().map(weight).sum();
        let own = ring
            .nodes
            .iter()
            .find(|node| node.id == id)
            .map_or(0, weight);
        f64::from(own) / f64::from(total)
    };
    let ratio = |after: &Ring| {
        let texts = [spec(ring, max_load), spec(after, max_load)];
        let moved = moves(texts[0].as_bytes(), texts[1].as_bytes()).unwrap();
        let gain = |node: &Node| (fair(after, &node.id) - fair(ring, &node.id)).max(0.0);
        moved.clusters[0].moved / after.nodes.iter().map(gain).sum::<f64>()
    };
    let mut ratios = Vec::new();
    for attempt in 0..tries {
        let (mut added, mut removed, mut heavier) = (ring.clone(), ring.clone(), ring.clone());
        let at = attempt * ring.nodes.len() / tries;
        added.nodes.push(Node {
            weight: 2,
            ..Node::new(format!("new{attempt}"))
        });
        removed.nodes.remove(at);
        heavier.nodes[at].weight += 1;
        ratios.extend([ratio(&added), ratio(&removed), ratio(&heavier)]);
    }
    ratios
}

#[test]
fn little_more_moves_than_must() {
    let mean = |ratios: &[f64]| ratios.iter().sum::<f64>() / ratios.len() as f64;
    for (nodes, tries) in [(3, 3), (10, 3), (30, 2), (100, 1)] {
        let ratios = ratios(&equal(nodes, 512), 10_500, tries);
        assert!(mean(&ratios) <= 1.15, "{nodes} nodes: {ratios:?}");
    }
    // Mixed weights: as many points as vnodes times the weight.
    for (nodes, tries) in [(10, 2), (30, 1)] {
        let mut ring = mixed(nodes, 512);
        ring.nodes.retain(|node| node.weight > 0 && !node.down);
        let ratios = ratios(&ring, 10_500, tries);
        assert!(mean(&ratios) <= 1.15, "{nodes} nodes: {ratios:?}");
    }
}

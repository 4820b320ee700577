//! The ring against a naive one, and the promises that make a ring worth having.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use support::{Node, Ring, read};

fn node() -> impl Strategy<Value = Node> {
    (
        prop_oneof!["[a-c]{1,2}", "n[0-9]{1,3}", "[^\\p{Cc}\"\\\\]{1,12}"],
        prop_oneof![4 => Just(1u32), 2 => 0u32..6],
        prop::option::of(0u8..3),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(id, weight, zone, down)| Node {
            id,
            weight,
            zone,
            down,
        })
}

prop_compose! {
    fn ring()(
        nodes in prop::collection::vec(node(), 1..9),
        vnodes in 1u32..40,
        seed in prop_oneof![Just(0), Just(u64::MAX), any::<u64>()],
        replicas in 1usize..5,
    ) -> Ring {
        let mut nodes = nodes;
        nodes.sort_by(|a, b| a.id.cmp(&b.id));
        nodes.dedup_by(|a, b| a.id == b.id);
        if !nodes.iter().any(|node| node.weight > 0 && !node.down) {
            nodes[0].weight = 1;
            nodes[0].down = false;
        }
        let most = nodes.iter().filter(|node| node.weight > 0).count();
        Ring { vnodes, seed, replicas: replicas.min(most), nodes }
    }
}

fn keys() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..40)
}

proptest! {
    #[test]
    fn agrees_with_the_naive_ring(ring in ring(), keys in keys()) {
        let router = ring.router();
        for key in &keys {
            prop_assert_eq!(read(&router, key), ring.naive(key));
            // The first node is found in other ways than the list.
            router.with(|snapshot| {
                let first = snapshot.route(key).read().unwrap().node().clone();
                prop_assert_eq!(first.id(), ring.naive(key)[0]);
                prop_assert_eq!(snapshot.node(key).unwrap().index(), first.index());
                prop_assert_eq!(snapshot.index(key), first.index());
                Ok(())
            })?;
        }
    }

    #[test]
    fn neither_order_nor_address_decides(ring in ring(), keys in keys(), turn in 0usize..9) {
        let mut turned = ring.clone();
        let middle = turn % turned.nodes.len();
        turned.nodes.rotate_left(middle);
        let (router, turned) = (ring.router(), turned.router());
        for key in &keys {
            prop_assert_eq!(read(&router, key), read(&turned, key));
        }
    }

    #[test]
    fn a_weight_moves_keys_only_to_or_from_its_node(
        ring in ring(), keys in keys(), position in 0usize..9, weight in 1u32..6,
    ) {
        let ring = Ring { replicas: 1, ..ring };
        let mut changed = ring.clone();
        let position = position % ring.nodes.len();
        changed.nodes[position].weight = weight;
        changed.nodes[position].down = false;
        let id = &ring.nodes[position].id;
        let (before, after) = (ring.router(), changed.router());
        for key in &keys {
            let (old, new) = (read(&before, key), read(&after, key));
            prop_assert!(old == new || old[0] == *id || new[0] == *id);
        }
    }

    #[test]
    fn a_node_that_is_down_gives_its_keys_to_neighbours_only(ring in ring(), keys in keys()) {
        let mut ring = Ring { replicas: 1, ..ring };
        // Another one, so that some node takes keys; longer than any id of `node`.
        ring.nodes.push(Node::new("a node to spare"));
        let up: Vec<usize> = (0..ring.nodes.len())
            .filter(|&n| ring.nodes[n].weight > 0 && !ring.nodes[n].down)
            .collect();
        let mut changed = ring.clone();
        changed.nodes[up[0]].down = true;
        let id = &ring.nodes[up[0]].id;
        let (before, after) = (ring.router(), changed.router());
        for key in &keys {
            let (old, new) = (read(&before, key), read(&after, key));
            let right = if old[0] == *id { new[0] != *id } else { old == new };
            prop_assert!(right);
        }
    }
}

#[test]
fn shares_are_as_even_as_the_design_says() {
    // 100 nodes with short ids: the relative deviation of shares is 0.08, not the 0.71 that
    // points sharing their hashes would give.
    let mut ring = Ring::of((0..100).map(|n| Node::new(format!("n{n}"))));
    ring.vnodes = 160;
    let router = ring.router();
    let mut counts = std::collections::BTreeMap::new();
    for number in 0..400_000u32 {
        *counts
            .entry(read(&router, &number.to_le_bytes()))
            .or_insert(0u32) += 1;
    }
    let mean = 4_000.0;
    let variance = counts
        .values()
        .map(|&n| (f64::from(n) / mean - 1.0).powi(2))
        .sum::<f64>()
        / 100.0;
    assert_eq!(counts.len(), 100);
    assert!(
        variance.sqrt() < 0.12,
        "relative deviation {}",
        variance.sqrt()
    );
}

#[test]
fn a_rare_zone_does_not_slow_the_ring_down() {
    // One node in a zone of its own among many: walking up from every point until that zone is
    // met would look at 10^9 points.
    let mut nodes: Vec<Node> = (0..500)
        .map(|n| Node {
            zone: Some(0),
            ..Node::new(format!("n{n}"))
        })
        .collect();
    nodes.push(Node {
        zone: Some(1),
        ..Node::new("rare")
    });
    let ring = Ring {
        replicas: 3,
        vnodes: 100,
        ..Ring::of(nodes)
    };
    let router = ring.router();
    for number in 0..50u32 {
        let list = read(&router, &number.to_le_bytes());
        assert_eq!(list, ring.naive(&number.to_le_bytes()));
        assert!(list.contains(&"rare".to_owned()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    /// A spec that follows another is compiled from what the one before left; that must not show.
    #[test]
    fn what_came_before_does_not_matter(
        rings in prop::collection::vec(ring(), 2..5),
        same_rule: bool,
        keys in keys(),
    ) {
        let router = rings[0].router();
        for (generation, ring) in rings.iter().enumerate().skip(1) {
            let mut ring = ring.clone();
            if same_rule {
                (ring.vnodes, ring.seed) = (rings[0].vnodes, rings[0].seed);
            }
            // Addresses of their own: a node that came back may have another one.
            let spec = format!(
                r#"{{"format":1,"generation":{},"primary":"c","clusters":{{"c":{}}}}}"#,
                generation + 1,
                ring.json(generation * 100 + 1)
            );
            router.apply(spec.as_bytes()).unwrap();
            for key in &keys {
                prop_assert_eq!(read(&router, key), ring.naive(key));
            }
        }
    }

    #[test]
    fn all_ways_of_asking_agree(ring in ring(), keys in keys()) {
        let router = ring.router();
        let mut indices = vec![7; keys.len() + 1];
        router.with(|snapshot| {
            let slices = keys.iter().map(Vec::as_slice);
            prop_assert_eq!(snapshot.index_many(slices.clone(), &mut indices), keys.len());
            prop_assert_eq!(indices[keys.len()], 7, "what has no key is left alone");
            let codes = snapshot.route_many(slices);
            for ((key, &index), code) in keys.iter().zip(&indices).zip(codes) {
                let route = snapshot.route(key);
                let node = route.read().unwrap().node();
                prop_assert_eq!(snapshot.node(key).unwrap().index(), node.index());
                prop_assert_eq!(snapshot.index(key), node.index());
                prop_assert_eq!(index, node.index());
                prop_assert_eq!(code, route.code());
                prop_assert_eq!(snapshot.code(key), code);
            }
            Ok(())
        })?;
    }
}

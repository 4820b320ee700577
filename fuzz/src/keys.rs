//! Any bytes as keys, under specs that differ in whatever a key meets: tags, seeds, replicas, stages, open breakers.

use std::sync::OnceLock;

use ringshift::{NO_NODE, Op, Options, Outcome, Router, Snapshot};
use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::input::Input;
use crate::{route, text};

const VNODES: u32 = 20;
const SEED: u64 = 0x5eed_5eed;

/// See the module.
///
/// # Panics
///
/// If anything does not hold.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = usize::from(input.byte());
    let mut keys = Vec::new();
    while !input.is_empty() {
        keys.push(if input.byte() == 255 {
            input.rest()
        } else {
            input.bytes()
        });
    }
    let specs = specs();
    if choice >= 128 {
        return troubled(&specs[choice % specs.len()], &keys);
    }
    routers()[choice % specs.len()].with(|snapshot| {
        for key in &keys {
            route::check_all_well(snapshot, key);
        }
        together(snapshot, &keys);
        if choice % specs.len() < 2 {
            for key in &keys {
                by_the_book(snapshot, key, choice % specs.len() == 1);
            }
        }
    });
}

/// What is asked for many keys is what is asked for each.
fn together(snapshot: &Snapshot, keys: &[&[u8]]) {
    let mut indices = vec![NO_NODE; keys.len()];
    assert_eq!(
        snapshot.index_many(keys.iter().copied(), &mut indices),
        keys.len()
    );
    let mut positions = Vec::new();
    for (node, group) in snapshot.group_by_node(keys.iter().copied()) {
        let index = node.map_or(NO_NODE, |node| node.index());
        assert!(group.is_sorted() && group.iter().all(|&position| indices[position] == index));
        positions.extend(group);
    }
    positions.sort_unstable();
    assert!(
        positions.into_iter().eq(0..keys.len()),
        "each position once"
    );
}

/// The owner by docs/placement.md: every point is looked at, nothing is sorted.
fn by_the_book(snapshot: &Snapshot, key: &[u8], tagged: bool) {
    let placed = if tagged { tag(key) } else { key };
    let seed = if tagged { SEED } else { 0 };
    let hash = xxh3_64_with_seed(placed, seed);
    let points = (0..5_u8).flat_map(|node| {
        let point = move |number: u32| {
            let name = [&[b'n', b'0' + node][..], &number.to_le_bytes()].concat();
            (xxh3_64_with_seed(&name, seed).wrapping_sub(hash), node)
        };
        (0..VNODES).map(point)
    });
    let owner = points.min().map(|(_, node)| format!("n{node}"));
    assert_eq!(snapshot.node(key).map(|node| node.id()), owner.as_deref());
}

/// The first tag between braces, if it is not empty; else all.
fn tag(key: &[u8]) -> &[u8] {
    let after = key
        .iter()
        .position(|&byte| byte == b'{')
        .map(|open| &key[open + 1..]);
    let inside =
        after.and_then(|after| Some(&after[..after.iter().position(|&byte| byte == b'}')?]));
    inside.filter(|inside| !inside.is_empty()).unwrap_or(key)
}

/// With reports of all kinds in between, which open breakers.
fn troubled(spec: &str, keys: &[&[u8]]) {
    let Ok(router) = Router::from_spec(spec.as_bytes(), Options::default()) else {
        panic!("not a spec: {spec}");
    };
    for key in keys {
        router.with(|snapshot| route::check(snapshot, key));
        let number = key
            .iter()
            .fold(0, |sum, &byte| usize::from(byte) + sum % 0xffff * 3);
        let node = router.snapshot().nodes().nth(number % 7).cloned();
        if let Some(node) = node {
            router.report(&node, Op::ALL[number % 3], Outcome::ALL[number / 3 % 5]);
        }
    }
    let metrics = router.metrics();
    let reported: u64 = metrics.requests.iter().map(|request| request.count).sum();
    assert!(reported <= keys.len() as u64);
    assert!(router.metrics_text().ends_with("# EOF\n"));
}

fn routers() -> &'static [Router] {
    static ROUTERS: OnceLock<Vec<Router>> = OnceLock::new();
    ROUTERS.get_or_init(|| {
        let open = |spec: &String| Router::from_spec(spec.as_bytes(), Options::default());
        let open = |spec| open(spec).unwrap_or_else(|error| panic!("{error}: {spec}"));
        specs().iter().map(open).collect()
    })
}

/// The first two have what [`by_the_book`] looks for.
fn specs() -> &'static [String] {
    static SPECS: OnceLock<Vec<String>> = OnceLock::new();
    SPECS.get_or_init(|| {
        let nodes = |range: std::ops::Range<u32>| {
            range
                .map(|n| text::node(&format!("n{n}"), &format!("10.0.0.{n}:1")))
                .collect::<Vec<_>>()
        };
        let ring = |more: &[(&str, Value)]| {
            let mut ring = json!({"kind": "ring", "vnodes": VNODES});
            for (name, value) in more {
                ring[*name] = value.clone();
            }
            ring
        };
        let tagged = || ring(&[("seed", json!(SEED)), ("hash_tag", json!("{}"))]);
        let alone = |cluster: Value| text::spec(1, &[("a", cluster)], &Value::Null);
        let mut replicated = text::cluster(tagged(), nodes(0..6));
        replicated["replicas"] = json!(3);
        let go_redis = json!({"kind": "rendezvous", "flavor": "go-redis"});
        let mut all = vec![
            alone(text::cluster(ring(&[]), nodes(0..5))),
            alone(text::cluster(tagged(), nodes(0..5))),
            alone(text::cluster(
                ring(&[("hash_tag", json!("::"))]),
                nodes(0..9),
            )),
            alone(text::cluster(
                ring(&[("max_load", json!(1.2))]),
                nodes(0..9),
            )),
            alone(text::cluster(go_redis, nodes(0..4))),
            alone(replicated.clone()),
        ];
        for stage in ["none", "prepare", "ramp", "soak"] {
            let migration =
                json!({"id": "m", "from": "a", "to": "b", "stage": stage, "percent": 50});
            let pairs = [
                (
                    text::cluster(ring(&[]), nodes(0..4)),
                    text::cluster(ring(&[]), nodes(0..5)),
                ),
                (
                    text::cluster(ring(&[]), nodes(0..4)),
                    text::cluster(tagged(), nodes(4..9)),
                ),
                (replicated.clone(), text::cluster(ring(&[]), nodes(3..9))),
            ];
            all.extend(pairs.map(|(a, b)| text::spec(1, &[("a", a), ("b", b)], &migration)));
        }
        all
    })
}

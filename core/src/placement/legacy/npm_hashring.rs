//! The npm packages hashring and memcached, which is built on it.
//!
//! Traps: points are counted in 64-bit floats, so that equal nodes have 156 points for 7, 14, 28,
//! 49, … nodes; `memcached` leaves port 11211 out of names, `hashring` does not; keys are strings,
//! and a Buffer is decoded first. Its own `vnodes` per server, its mode `hash_ring` and algorithms
//! other than md5 are not reproduced.

use super::continuum::{Points, Search, Tie};
use super::hashes::{Hash, md5_words};
use super::{Build, Flavor, Kind, Legacy, LegacyNode, Reading, Rule, Size, WeightRule, names};

const NO_ZERO: WeightRule = WeightRule::FromOne("hashring counts a weight of 0 as 1");

/// `new HashRing(servers)`. A node that is down is one that was removed.
pub(super) static HASHRING: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "npm-hashring",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(build),
};

/// `new Memcached(servers)`.
pub(super) static MEMCACHED: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "npm-memcached",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::npm_memcached,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(build),
};

fn build(nodes: &[LegacyNode]) -> Legacy {
    let live = nodes.iter().filter(|node| !node.down);
    let total: u32 = live.clone().map(|node| node.weight).sum();
    let count = live.map(|_| 1.0).sum::<f64>();
    let mut points = Points::default();
    for (node, position) in nodes.iter().zip(0u32..) {
        if node.down {
            continue;
        }
        let share = f64::from(node.weight) / f64::from(total);
        let digests = (share * 40.0 * count).floor();
        // A whole number far below 2^32.
        #[allow(clippy::cast_sign_loss)]
        for number in 0..digests as u32 {
            for point in md5_words(format!("{}-{number}", node.name).as_bytes()) {
                points.add(point, position);
            }
        }
    }
    points.sort(Tie::First);
    Legacy::Continuum {
        key: Hash::Md5.read(Reading::Replaced),
        continuum: points.build(Search::AtLeast),
    }
}

//! Python's uhashring with `hash_fn="ketama"` (`ring_ketama.py`).
//!
//! Traps: it counts points in integers, so that equal nodes always have 160; a key's node is that
//! of the first point strictly above its hash; of equal points the last one stays; a `bytes` key
//! is hashed as Python shows it (`b'…'`), which is also what happens to a key that is no UTF-8.

use super::continuum::{Points, Search, Tie};
use super::hashes::{Hash, md5_words};
use super::{Build, Flavor, Kind, Legacy, Reading, Rule, Size, WeightRule, names};

/// `HashRing(nodes, hash_fn="ketama")`. A node that is down is one that was removed.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "uhashring",
    weight: WeightRule::FromZero,
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| {
        let live = nodes.iter().filter(|node| !node.down);
        let total: u64 = live.clone().map(|node| u64::from(node.weight)).sum();
        // Nodes of weight 0 are counted as well.
        let count = live.count() as u64;
        let mut points = Points::default();
        for (node, position) in nodes.iter().zip(0u32..) {
            let digests = if node.down {
                0
            } else {
                40 * count * u64::from(node.weight) / total
            };
            for number in 0..digests {
                for point in md5_words(format!("{}-{number}", node.name).as_bytes()) {
                    points.add(point, position);
                }
            }
        }
        points.sort(Tie::Last);
        Legacy::Continuum {
            key: Hash::Md5.read(Reading::Python),
            continuum: points.build(Search::Above),
        }
    }),
};

//! Java's spymemcached (`KetamaNodeLocator`, `ArrayModNodeLocator`).
//!
//! Traps: without weights every server has 160 points, with weights their number follows the
//! arithmetic of 32-bit floats that libmemcached uses (here: as soon as one weight is not 1);
//! names are what `InetSocketAddress` shows, less a slash at the start: `ip:port` or
//! `host/ip:port`; of equal points the last one stays; keys are strings of UTF-16.

use super::continuum::{Points, Search, Tie};
use super::hashes::{Hash, md5_words};
use super::libmemcached::weighted_points;
use super::{Build, Flavor, Kind, Legacy, Reading, Rule, Size, WeightRule, names};

/// `KETAMA_HASH` with `Locator.CONSISTENT`.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "spymemcached",
    weight: WeightRule::FromOne("no list with such a server was compared with the client"),
    down: Rule::Refused(super::REHASHES),
    spelling: names::spymemcached,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| {
        let mut points = Points::default();
        if nodes.iter().any(|node| node.weight != 1) {
            points = weighted_points(nodes, |share| (f64::from(share) + 0.000_000_000_1) as f32);
        } else {
            for (node, position) in nodes.iter().zip(0u32..) {
                for number in 0..40 {
                    for point in md5_words(format!("{}-{number}", node.name).as_bytes()) {
                        points.add(point, position);
                    }
                }
            }
        }
        points.sort(Tie::Last);
        Legacy::Continuum {
            key: Hash::Md5.read(Reading::Replaced),
            continuum: points.build(Search::AtLeast),
        }
    }),
};

/// `NATIVE_HASH` with `Locator.ARRAY_MOD`, the default.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "spymemcached",
    weight: WeightRule::Refused(super::NO_WEIGHT),
    down: Rule::Refused(super::MODULO_DOWN),
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::Fixed(|nodes| Legacy::table(nodes, Hash::JavaHashCode.read(Reading::Replaced))),
};

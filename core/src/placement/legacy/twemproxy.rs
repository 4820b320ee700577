//! twemproxy, or nutcracker (`hashkit/nc_ketama.c`, `nc_modula.c`, `nc_conf.c`).
//!
//! Traps: a server is named by its alias if it has one; servers are put in the order of their
//! names, shorter names first, before anything else is done with them, which decides everything
//! under `modula`; the points are those of libmemcached's weighted continuum, but keys are hashed
//! by the pool's own `hash`; the empty key has the hash 0.

use super::continuum::{Search, Tie};
use super::hashes::Hash;
use super::libmemcached::weighted_points;
use super::{Build, Flavor, Kind, Legacy, LegacyNode, Reading, Rule, Size, WeightRule, names};

const HASHES: &[(&str, Hash)] = &[
    ("fnv1a_64", Hash::Fnv1a64),
    ("one_at_a_time", Hash::OneAtATime),
    ("md5", Hash::Md5),
    ("crc16", Hash::Crc16),
    ("crc32", Hash::CrcHigh),
    ("crc32a", Hash::Crc32),
    ("fnv1_64", Hash::Fnv1_64),
    ("fnv1_32", Hash::Fnv1_32),
    ("fnv1a_32", Hash::Fnv1a32),
    ("hsieh", Hash::Hsieh),
    ("murmur", Hash::Murmur),
    ("jenkins", Hash::Jenkins),
];

const NO_ZERO: WeightRule = WeightRule::FromOne("twemproxy refuses a weight of 0");

/// `distribution: ketama`, the default.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "twemproxy",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::twemproxy,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::With(HASHES, |nodes, hash| {
        let order = by_name(nodes);
        let sorted: Vec<LegacyNode> = order.iter().map(|&at| nodes[at as usize].clone()).collect();
        let mut points =
            weighted_points(&sorted, |share| (f64::from(share) + 0.000_000_000_1) as f32);
        points.sort(Tie::First);
        points.rename(&order);
        Legacy::Continuum {
            key: hash.read(Reading::ZeroIfEmpty),
            continuum: points.build(Search::AtLeast),
        }
    }),
};

/// `distribution: modula`: every server as often as it weighs.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "twemproxy",
    weight: NO_ZERO,
    down: Rule::Refused(super::MODULO_DOWN),
    spelling: names::twemproxy,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::With(HASHES, |nodes, hash| {
        let entries = by_name(nodes).into_iter().flat_map(|position| {
            std::iter::repeat_n(position, nodes[position as usize].weight as usize)
        });
        Legacy::Table {
            key: hash.read(Reading::ZeroIfEmpty),
            nodes: entries.collect(),
        }
    }),
};

/// The positions of the nodes in the order of their names: by length, then by bytes.
fn by_name(nodes: &[LegacyNode]) -> Vec<u32> {
    let mut order: Vec<u32> = (0u32..).take(nodes.len()).collect();
    order.sort_by_key(|&position| {
        let name = nodes[position as usize].name.as_bytes();
        (name.len(), name)
    });
    order
}

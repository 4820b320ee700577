//! libmemcached (`hosts.cc`, `hash.cc`): its continua and its modulo, with every hash that it
//! offers. pylibmc and PHP's `memcached` place through it.
//!
//! Traps: the weighted continuum computes points in 32-bit floats, so that equal nodes have 156
//! points and not 160 for some numbers of nodes (25, 47, 50, …); its behaviour `KETAMA_HASH`
//! changes nothing; port 11211 is left out of names; `MEMCACHED_BEHAVIOR_HASH` sets the hash of
//! the points too, but a server of weight above 1 silently turns those to MD5.

use super::continuum::{Points, Search, Tie};
use super::hashes::{Hash, md5_words};
use super::{Build, Flavor, Kind, Legacy, LegacyNode, Rule, Size, WeightRule, names};

const HASHES: [(&str, Hash); 10] = [
    ("one_at_a_time", Hash::OneAtATime),
    ("md5", Hash::Md5),
    ("crc", Hash::CrcHigh),
    ("fnv1_64", Hash::Fnv1_64),
    ("fnv1a_64", Hash::Fnv1a64),
    ("fnv1_32", Hash::Fnv1_32),
    ("fnv1a_32", Hash::Fnv1a32),
    ("murmur", Hash::Murmur),
    ("murmur3", Hash::Murmur3),
    ("jenkins", Hash::Jenkins),
];

const NO_ZERO: WeightRule = WeightRule::FromOne("libmemcached counts a weight of 0 as 1");

/// `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`, PHP's `OPT_LIBKETAMA_COMPATIBLE`.
pub(super) static WEIGHTED: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "libmemcached-weighted",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::libmemcached,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| continuum(weighted_points(nodes, raised), Hash::Md5)),
};

/// `MEMCACHED_BEHAVIOR_KETAMA` or `MEMCACHED_DISTRIBUTION_CONSISTENT`, set before the servers are
/// added: 100 points a server while all weigh 1, weighted points with any other weight.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "libmemcached",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::libmemcached,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::With(&HASHES, |nodes, hash| {
        let points = if nodes.iter().any(|node| node.weight > 1) {
            weighted_points(nodes, raised)
        } else {
            hashed_points(nodes, hash)
        };
        continuum(points, hash)
    }),
};

/// `MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED`, then `MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY`. Its
/// names begin with a slash, which today's spymemcached leaves out, so that the two do not agree.
pub(super) static SPY: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "libmemcached-spy",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::libmemcached_spy,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| continuum(weighted_points(nodes, raised), Hash::Md5)),
};

/// `MEMCACHED_DISTRIBUTION_MODULA`, the default.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "libmemcached",
    weight: WeightRule::Refused("libmemcached ignores weights there, use 1"),
    down: Rule::Refused(super::MODULO_DOWN),
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::With(&HASHES, |nodes, hash| Legacy::table(nodes, hash.whole())),
};

/// The sum in 32-bit floats, as the client writes it.
fn raised(share: f32) -> f32 {
    share + 0.000_000_000_1
}

fn continuum(mut points: Points, hash: Hash) -> Legacy {
    // Equal points go to the server that was added first.
    points.sort(Tie::First);
    Legacy::Continuum {
        key: hash.whole(),
        continuum: points.build(Search::AtLeast),
    }
}

fn hashed_points(nodes: &[LegacyNode], hash: Hash) -> Points {
    let mut points = Points::default();
    for (node, position) in nodes.iter().zip(0u32..) {
        // A server that is ejected takes no part.
        let count = if node.down { 0 } else { 100 };
        for number in 0..count {
            points.add(
                hash.of(format!("{}-{number}", node.name).as_bytes()),
                position,
            );
        }
    }
    points
}

/// The points that libmemcached, twemproxy and spymemcached share: four of each MD5 digest of
/// `name-number`, their number by weight in the arithmetic of 32-bit floats. `raised` adds 1e-10
/// as the client does it. Servers that are down take no part.
#[allow(clippy::cast_precision_loss, clippy::cast_sign_loss)] // What the clients lose is lost here too.
pub(super) fn weighted_points(nodes: &[LegacyNode], raised: fn(f32) -> f32) -> Points {
    let live = nodes.iter().filter(|node| !node.down);
    let total: u64 = live.clone().map(|node| u64::from(node.weight)).sum();
    let servers = live.count() as f32;
    let mut points = Points::default();
    for (node, position) in nodes.iter().zip(0u32..) {
        if node.down {
            continue;
        }
        let part = node.weight as f32 / total as f32;
        let digests = raised(part * 160.0 / 4.0 * servers).floor() as u32;
        for number in 0..digests {
            for point in md5_words(format!("{}-{number}", node.name).as_bytes()) {
                points.add(point, position);
            }
        }
    }
    points
}

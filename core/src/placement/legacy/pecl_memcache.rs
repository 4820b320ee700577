//! PHP's extension memcache (`memcache_consistent_hash.c`, `memcache_standard_hash.c`), with its
//! default hash function, CRC-32.
//!
//! Traps: the extension's default is `consistent`, which looks up 1024 buckets at a distance of
//! 4194303 once and then places keys by `crc32 % 1024`; a hash of 0 counts as 1 under `standard`;
//! port 11211 is part of the name. A server that is down makes each process hash again with other
//! keys, so that `down` is refused.

use super::continuum::{Points, Search, Tie};
use super::hashes::Hash;
use super::{Build, Flavor, Kind, Legacy, Rule, Size, WeightRule, names};

const NO_ZERO: WeightRule = WeightRule::FromOne("the extension refuses a weight of 0");

/// `memcache.hash_strategy = consistent`, the default.
pub(super) static CONSISTENT: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "pecl-memcache",
    weight: NO_ZERO,
    down: Rule::Refused(super::REHASHES),
    spelling: names::host_and_port,
    hash_tag: None,
    size: Size::PerWeight(160),
    build: Build::Fixed(|nodes| {
        let mut points = Points::default();
        for (node, position) in nodes.iter().zip(0u32..) {
            for number in 0..160 * node.weight {
                points.add(
                    Hash::Crc32.of(format!("{}-{number}", node.name).as_bytes()),
                    position,
                );
            }
        }
        points.sort(Tie::First);
        let continuum = points.build(Search::AtLeast);
        let buckets = (0..BUCKETS).map(|bucket| continuum.node(u32::MAX / BUCKETS * bucket));
        Legacy::Table {
            key: Hash::Crc32.whole(),
            nodes: buckets.collect(),
        }
    }),
};

const BUCKETS: u32 = 1024;

/// `memcache.hash_strategy = standard`.
pub(super) static STANDARD: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "pecl-memcache",
    weight: NO_ZERO,
    down: Rule::Refused(super::REHASHES),
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::Fixed(|nodes| Legacy::table(nodes, Hash::CrcHighFromOne.whole())),
};

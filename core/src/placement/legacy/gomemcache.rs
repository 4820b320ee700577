//! Go's gomemcache (`selector.go`): the full CRC-32 of the key's first 256 bytes modulo the number
//! of servers.

use super::hashes::Hash;
use super::{Build, Flavor, Kind, Legacy, Reading, Rule, Size, WeightRule, names};

/// `memcache.New(servers...)`.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "gomemcache",
    // A server weighs more when it is listed more than once.
    weight: WeightRule::FromZero,
    down: Rule::Refused(super::MODULO_DOWN),
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::Fixed(|nodes| Legacy::table(nodes, Hash::Crc32.read(Reading::First256))),
};

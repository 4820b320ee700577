//! python-memcached (`memcache.py`): `crc % buckets`, every server as often as it weighs.
//!
//! Traps: when a server does not answer, the client hashes the hash's digits followed by the
//! number of the try, and so on ten times in all; then it has no server. Here the search then goes
//! on along the list.

use super::hashes::Hash;
use super::{Build, Flavor, Kind, Legacy, Rule, Size, WeightRule, names};

/// `memcache.Client(servers)`. A node that is down is one that refuses connections.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "python-memcached",
    weight: WeightRule::FromZero,
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::Fixed(|nodes| Legacy::rehashing(nodes, Hash::CrcHigh.whole(), tries)),
};

fn tries(key: &[u8], accept: &mut dyn FnMut(u32) -> bool) {
    let mut hash = Hash::CrcHigh.of(key);
    for number in 0..TRIES {
        if accept(hash) {
            return;
        }
        hash = Hash::CrcHigh.of(format!("{hash}{number}").as_bytes());
    }
}

/// `Client._SERVER_RETRIES`.
const TRIES: u32 = 10;

//! Ruby's dalli (`ring.rb`).
//!
//! Traps: points are the first 32 bits of SHA-1, the highest byte first; their number is computed
//! in 64-bit floats; a key belongs to the last point that is not above its CRC-32; port 11211 is
//! part of the name. A server that is down makes each process hash again with other keys, so that
//! `down` is refused.

use sha1::{Digest, Sha1};

use super::continuum::{Points, Search, Tie};
use super::hashes::Hash;
use super::{Build, Flavor, Kind, Legacy, Rule, Size, WeightRule, names};

/// `Dalli::Client.new(servers)`.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "dalli",
    weight: WeightRule::FromOne("no list with such a server was compared with the client"),
    down: Rule::Refused(super::REHASHES),
    spelling: names::unbracketed_address,
    hash_tag: None,
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| {
        let total: u32 = nodes.iter().map(|node| node.weight).sum();
        let mut points = Points::default();
        for (node, position) in nodes.iter().zip(0u32..) {
            let share = nodes.len() as u64 * 160 * u64::from(node.weight);
            for number in 0..floor_of_quotient(share, total) {
                let digest: [u8; 20] = Sha1::digest(format!("{}:{number}", node.name)).into();
                let point = [digest[0], digest[1], digest[2], digest[3]];
                points.add(u32::from_be_bytes(point), position);
            }
        }
        points.sort(Tie::First);
        Legacy::Continuum {
            key: Hash::Crc32.whole(),
            continuum: points.build(Search::AtMost),
        }
    }),
};

/// The quotient in 64-bit floats, as Ruby divides, rounded down.
#[allow(clippy::cast_precision_loss, clippy::cast_sign_loss)] // Both are far below 2^53.
fn floor_of_quotient(share: u64, total: u32) -> u32 {
    (share as f64 / f64::from(total)).floor() as u32
}

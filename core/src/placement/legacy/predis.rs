//! PHP's Predis, client-side sharding (`Cluster\Distributor\HashRing`).
//!
//! Traps: the number of points is rounded, not cut, and PHP's `round` first rounds to 15 digits;
//! points and keys are CRC-32; a key belongs to the last point that is not above its hash; of equal
//! points the last one stays; a `{tag}` in the key always counts.

use super::continuum::{Points, Search, Tie};
use super::hashes::Hash;
use super::{BRACES, Build, Flavor, Kind, Legacy, Rule, Size, WeightRule, names};

/// `new Predis\Client(servers, ['cluster' => 'predis'])`. A node that is down is one that was
/// removed.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "predis",
    weight: WeightRule::FromOne("Predis counts a weight of 0 as 100"),
    down: Rule::Honoured,
    spelling: names::host_and_port,
    hash_tag: Some(BRACES),
    size: Size::PerNode(160),
    build: Build::Fixed(|nodes| {
        let live = nodes.iter().filter(|node| !node.down);
        let total: u32 = live.clone().map(|node| node.weight).sum();
        let count = live.map(|_| 1.0).sum::<f64>();
        let mut points = Points::default();
        for (node, position) in nodes.iter().zip(0u32..) {
            if node.down {
                continue;
            }
            let ratio = f64::from(node.weight) / f64::from(total);
            for number in 0..rounded(ratio * count * 128.0) {
                points.add(
                    Hash::Crc32.of(format!("{}:{number}", node.name).as_bytes()),
                    position,
                );
            }
        }
        points.sort(Tie::Last);
        Legacy::Continuum {
            key: Hash::Crc32.whole(),
            continuum: points.build(Search::AtMost),
        }
    }),
};

/// PHP's `round` before 8.4: to 15 significant digits first, then half away from zero.
#[allow(clippy::cast_sign_loss)] // Never negative, and far below 2^32.
fn rounded(value: f64) -> u32 {
    let digits: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    digits.round() as u32
}

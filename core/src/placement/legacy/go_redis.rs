//! Go's go-redis, `Ring` (`internal/hashtag`): the shard with the highest score for the key.
//!
//! Traps: a shard is named by its key in `Addrs`, which is the node's alias here, not by its
//! address; a `{tag}` in the key always counts, so this flavor comes with the hash tag `{}`.

use xxhash_rust::xxh64::xxh64;

use super::{BRACES, Build, Flavor, Kind, Legacy, Rule, Size, WeightRule, names};

/// `redis.NewRing`. A node that is down is a shard that is not live.
pub(super) static RENDEZVOUS: Flavor = Flavor {
    kind: Kind::Rendezvous,
    name: "go-redis",
    weight: WeightRule::Refused(super::NO_WEIGHT),
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: Some(BRACES),
    size: Size::PerNode(1),
    build: Build::Fixed(|nodes| {
        let live = nodes.iter().zip(0u32..).filter(|(node, _)| !node.down);
        let hashed = live.map(|(node, position)| (xxh64(node.name.as_bytes(), 0), position));
        Legacy::GoRedis(Rendezvous(hashed.collect()))
    }),
};

/// The hashes of the shards' names.
#[derive(Debug)]
pub(crate) struct Rendezvous(Vec<(u64, u32)>);

impl Rendezvous {
    /// Bytes of all that a lookup may read.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }

    /// The node of a key with this hash.
    pub(super) fn node(&self, hash: u64) -> u32 {
        let mut best = (0, None);
        for &(name, position) in &self.0 {
            let score = mixed(hash ^ name);
            if best.1.is_none() || score > best.0 {
                best = (score, Some(position));
            }
        }
        best.1.unwrap_or(0)
    }
}

/// The hash of a key.
pub(super) fn hash(key: &[u8]) -> u64 {
    xxh64(key, 0)
}

fn mixed(mut bits: u64) -> u64 {
    bits ^= bits >> 12;
    bits ^= bits << 25;
    bits ^= bits >> 27;
    bits.wrapping_mul(2_685_821_657_736_338_717)
}

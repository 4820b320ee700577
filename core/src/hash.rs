//! Every hash that decides something: key, point, bucket, tag, digest.
//!
//! The functions here are frozen with placement version 1; `docs/placement.md` is their norm.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// Number of buckets; a bucket is one basis point of the keys.
pub const BUCKETS: u16 = 10_000;

/// The hash that places a key on a ring without a seed; nothing for a key so long that it would take
/// a call.
#[inline]
pub(crate) fn short_key_hash(key: &[u8]) -> Option<u64> {
    (key.len() <= 128).then(|| xxh3_64(key))
}

/// The hash that places a key on the ring.
#[inline]
pub(crate) fn key_hash(key: &[u8], seed: u64) -> u64 {
    xxh3_64_with_seed(key, seed)
}

/// The points of a node by their number: the hash of its id followed by the number, so that short
/// ids do not share points (as they do when the number is used as the hash's seed).
pub(crate) fn points(id: &str, count: u32, seed: u64) -> impl Iterator<Item = u64> + use<> {
    let mut id_and_number = [id.as_bytes(), &[0; 4]].concat();
    (0..count).map(move |number| {
        if let Some(end) = id_and_number.last_chunk_mut() {
            *end = number.to_le_bytes();
        }
        xxh3_64_with_seed(&id_and_number, seed)
    })
}

/// The seed from which the buckets of one migration are drawn. Independent of placement: a shared
/// hash would send the first percent of moved keys to a few nodes only.
pub(crate) fn bucket_seed(migration_id: &str) -> u64 {
    let mut name = b"ringshift/bucket/v1".to_vec();
    name.extend_from_slice(migration_id.as_bytes());
    xxh3_64_with_seed(&name, 0)
}

/// The bucket of a key, 0 to 9999: the high half of its hash scaled, in integers.
#[inline]
pub(crate) fn bucket(key: &[u8], seed: u64) -> u16 {
    let high = xxh3_64_with_seed(key, seed) >> 32;
    // At most (2^32 - 1) * 10000 >> 32 = 9999.
    ((high * u64::from(BUCKETS)) >> 32) as u16
}

/// The two delimiters of a hash tag, such as `{` and `}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HashTag {
    /// The byte before the tag.
    pub open: u8,
    /// The byte after the tag.
    pub close: u8,
}

impl HashTag {
    /// The bytes that place `key`: its first tag if it holds one that is not empty, else all of it.
    /// This is the rule of Redis Cluster.
    #[inline(never)]
    pub(crate) fn select(self, key: &[u8]) -> &[u8] {
        let Some(open) = key.iter().position(|&byte| byte == self.open) else {
            return key;
        };
        let inside = &key[open + 1..];
        match inside.iter().position(|&byte| byte == self.close) {
            Some(length) if length > 0 => &inside[..length],
            _ => key,
        }
    }
}

/// The content hash of a spec: XXH3-128 of its bytes as 32 hex digits.
pub(crate) fn digest(text: &[u8]) -> String {
    format!("{:032x}", xxh3_128(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_tag_is_taken_if_it_is_not_empty() {
        let tag = HashTag {
            open: b'{',
            close: b'}',
        };
        for (key, placed) in [
            ("user:{42}:name", "42"),
            ("user:{}:{42}", "user:{}:{42}"),
            ("user:{42", "user:{42"),
            ("}{a}", "a"),
            ("{a}{b}", "a"),
            ("{{a}}", "{a"),
            ("", ""),
        ] {
            assert_eq!(tag.select(key.as_bytes()), placed.as_bytes(), "{key}");
        }
    }

    #[test]
    fn buckets_fill_their_range_evenly() {
        let seed = bucket_seed("m");
        let mut counts = vec![0u32; usize::from(BUCKETS)];
        for number in 0..1_000_000u32 {
            counts[usize::from(bucket(&number.to_le_bytes(), seed))] += 1;
        }
        // 100 expected in each; six standard deviations.
        assert!(counts.iter().all(|&count| (40..=160).contains(&count)));
    }
}

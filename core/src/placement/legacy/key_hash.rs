//! The hash of a key as a client takes it: which function, of which bytes.

use super::hashes::Hash;
use super::text;

/// How a client hashes a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyHash {
    hash: Hash,
    reading: Reading,
}

/// Which bytes of a key a client hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// All of them.
    Bytes,
    /// All of them, and the hash of none is 0.
    ZeroIfEmpty,
    /// The first 256.
    First256,
    /// Those of the text that JavaScript and Java make of them.
    Replaced,
    /// Those of the text that Python makes of them.
    Python,
}

impl KeyHash {
    /// How many hashes there are, if keys are spread over them evenly. FNV with a short prime and
    /// Java's hash leave similar keys close to one another.
    pub(super) fn count(self) -> Option<u64> {
        match self.hash {
            Hash::CrcHigh => Some(1 << 15),
            Hash::OneAtATime
            | Hash::Md5
            | Hash::Crc32
            | Hash::Hsieh
            | Hash::Murmur
            | Hash::Murmur3
            | Hash::Jenkins => Some(1 << 32),
            Hash::CrcHighFromOne
            | Hash::Crc16
            | Hash::Fnv1_64
            | Hash::Fnv1a64
            | Hash::Fnv1_32
            | Hash::Fnv1a32
            | Hash::JavaHashCode => None,
        }
    }

    #[inline]
    pub(super) fn of(self, key: &[u8]) -> u32 {
        match self.reading {
            Reading::ZeroIfEmpty if key.is_empty() => 0,
            Reading::Bytes | Reading::ZeroIfEmpty => self.hash.of(key),
            Reading::First256 => self.hash.of(&key[..key.len().min(256)]),
            Reading::Replaced => self.hash.of(text::replaced(key).as_bytes()),
            Reading::Python => self.hash.of(text::python(key).as_bytes()),
        }
    }
}

impl Hash {
    /// This hash over the whole key.
    pub(super) fn whole(self) -> KeyHash {
        self.read(Reading::Bytes)
    }

    pub(super) fn read(self, reading: Reading) -> KeyHash {
        KeyHash {
            hash: self,
            reading,
        }
    }
}

//! The placement most fleets start from: a 32-bit hash of the key modulo the number of nodes.
//!
//! Reproduces libmemcached's `MEMCACHED_DISTRIBUTION_MODULA` bit for bit (libhashkit's
//! `one_at_a_time` and `crc`), so that a fleet can migrate away from it.

/// The key hashes that libmemcached offers under the modulo placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModuloHash {
    /// Jenkins' one-at-a-time, libmemcached's default. Bytes from 128 up are sign-extended, as
    /// the C code does where `char` is signed (x86).
    OneAtATime,
    /// `(crc32 >> 16) & 0x7fff`.
    Crc,
}

impl ModuloHash {
    /// The name of this hash in a spec.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OneAtATime => "one_at_a_time",
            Self::Crc => "crc",
        }
    }

    /// How many different hashes there are.
    pub(crate) const fn count(self) -> u64 {
        match self {
            Self::OneAtATime => 1 << 32,
            Self::Crc => 1 << 15,
        }
    }

    pub(crate) fn hash(self, key: &[u8]) -> u32 {
        match self {
            Self::OneAtATime => one_at_a_time(key),
            Self::Crc => (crc32(key) >> 16) & 0x7fff,
        }
    }
}

fn one_at_a_time(key: &[u8]) -> u32 {
    let mut hash = 0u32;
    for &byte in key {
        // `char` is signed on x86: 0xff adds 0xffffffff, not 255.
        hash = hash.wrapping_add(i32::from(byte.cast_signed()).cast_unsigned());
        hash = hash.wrapping_add(hash << 10);
        hash ^= hash >> 6;
    }
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}

/// CRC-32 (IEEE 802.3, reflected), one table lookup a byte.
fn crc32(key: &[u8]) -> u32 {
    const TABLE: [u32; 256] = crc32_table();
    !key.iter().fold(u32::MAX, |crc, &byte| {
        TABLE[usize::from((crc as u8) ^ byte)] ^ (crc >> 8)
    })
}

const fn crc32_table() -> [u32; 256] {
    let mut table = [0u32; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                0xedb8_8320 ^ (crc >> 1)
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_values() {
        // The check value of CRC-32 in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        // Bob Jenkins' own test value.
        assert_eq!(one_at_a_time(b"a"), 0xca2e_9442);
    }
}

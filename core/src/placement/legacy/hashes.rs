//! The 32-bit hashes that existing clients place keys and servers by.
//!
//! Several of them read plain `char`, which is signed on x86: a byte from 128 up then counts as
//! its value less 256, sign-extended. The functions here do what x86 does.

use md5::{Digest, Md5};

use super::{hsieh, jenkins, murmur};

/// A function from bytes to 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// Bob Jenkins' one-at-a-time; signed bytes.
    OneAtATime,
    /// The first four bytes of the MD5 digest, the lowest first.
    Md5,
    /// `(crc32 >> 16) & 0x7fff`.
    CrcHigh,
    /// The same, with 1 in place of 0.
    CrcHighFromOne,
    /// CRC-32 of zlib.
    Crc32,
    /// CRC-16/XMODEM in a register of 32 bits that is never cut down to 16.
    Crc16,
    /// The low half of 64-bit FNV-1; signed bytes.
    Fnv1_64,
    /// FNV-1a with the low halves of the 64-bit constants; signed bytes.
    Fnv1a64,
    /// FNV-1; signed bytes.
    Fnv1_32,
    /// FNV-1a; signed bytes.
    Fnv1a32,
    /// Paul Hsieh's `SuperFastHash`.
    Hsieh,
    /// `MurmurHash2` with a seed made of the length.
    Murmur,
    /// `MurmurHash3` (x86, 32 bits) with a seed made of the length.
    Murmur3,
    /// Bob Jenkins' lookup3 with 13 as its initial value.
    Jenkins,
    /// Java's `String.hashCode`, over the UTF-16 code units of UTF-8 bytes.
    JavaHashCode,
}

impl Hash {
    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> u32 {
        match self {
            Self::OneAtATime => one_at_a_time(bytes),
            Self::Md5 => md5_words(bytes)[0],
            Self::CrcHigh => (crc32fast::hash(bytes) >> 16) & 0x7fff,
            Self::CrcHighFromOne => Self::CrcHigh.of(bytes).max(1),
            Self::Crc32 => crc32fast::hash(bytes),
            Self::Crc16 => crc16(bytes),
            Self::Fnv1_64 => fnv1(bytes, FNV_64_START, FNV_64_PRIME),
            Self::Fnv1a64 => fnv1a(bytes, FNV_64_START, FNV_64_PRIME),
            Self::Fnv1_32 => fnv1(bytes, FNV_32_START, FNV_32_PRIME),
            Self::Fnv1a32 => fnv1a(bytes, FNV_32_START, FNV_32_PRIME),
            Self::Hsieh => hsieh::hash(bytes),
            Self::Murmur => murmur::murmur2(bytes),
            Self::Murmur3 => murmur::murmur3(bytes.iter().copied(), murmur::seed(bytes)),
            Self::Jenkins => jenkins::hash(bytes),
            Self::JavaHashCode => java_hash_code(bytes),
        }
    }
}

/// The MD5 digest as four numbers, the lowest byte of each first.
pub(super) fn md5_words(bytes: &[u8]) -> [u32; 4] {
    let digest: [u8; 16] = Md5::digest(bytes).into();
    let (words, _) = digest.as_chunks::<4>();
    [words[0], words[1], words[2], words[3]].map(u32::from_le_bytes)
}

/// A byte as C's plain `char` on x86, widened to 32 bits.
pub(super) fn signed(byte: u8) -> u32 {
    i32::from(byte.cast_signed()).cast_unsigned()
}

fn one_at_a_time(bytes: &[u8]) -> u32 {
    let mut hash = 0u32;
    for &byte in bytes {
        hash = hash.wrapping_add(signed(byte));
        hash = hash.wrapping_add(hash << 10);
        hash ^= hash >> 6;
    }
    hash = hash.wrapping_add(hash << 3);
    hash ^= hash >> 11;
    hash.wrapping_add(hash << 15)
}

const FNV_32_START: u32 = 0x811c_9dc5;
const FNV_32_PRIME: u32 = 0x0100_0193;
// The 64-bit constants cut to their low halves: no bit of a product's or a sum's low half comes
// from a high one, so that the clients' 64-bit arithmetic gives the same.
const FNV_64_START: u32 = 0x8422_2325;
const FNV_64_PRIME: u32 = 0x0000_01b3;

fn fnv1(bytes: &[u8], start: u32, prime: u32) -> u32 {
    bytes
        .iter()
        .fold(start, |hash, &byte| hash.wrapping_mul(prime) ^ signed(byte))
}

fn fnv1a(bytes: &[u8], start: u32, prime: u32) -> u32 {
    bytes.iter().fold(start, |hash, &byte| {
        (hash ^ signed(byte)).wrapping_mul(prime)
    })
}

fn crc16(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0u32, |crc, &byte| {
        let entry = CRC16[usize::from((crc >> 8) as u8 ^ byte)];
        (crc << 8) ^ u32::from(entry)
    })
}

const CRC16: [u16; 256] = {
    let mut table = [0u16; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

fn java_hash_code(bytes: &[u8]) -> u32 {
    String::from_utf8_lossy(bytes)
        .encode_utf16()
        .fold(0u32, |hash, unit| {
            hash.wrapping_mul(31).wrapping_add(u32::from(unit))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&[u8]; 10] = [
        b"",
        b"a",
        b"ab",
        b"abc",
        b"abcd",
        b"abcde",
        b"123456789",
        b"the quick brown fox",
        "été".as_bytes(),
        b"\xff\xfe\xfd",
    ];

    /// What `memcached_generate_hash_value` of libmemcached 1.1.4 on x86-64 answers for `KEYS`.
    const LIBMEMCACHED: [(Hash, [u32; 10]); 10] = [
        (
            Hash::OneAtATime,
            [
                0x0000_0000,
                0xca2e_9442,
                0x45e6_1e58,
                0xed13_1f5b,
                0xcd8b_6206,
                0xb985_59fc,
                0xc66b_58c5,
                0xc895_bec6,
                0x7fcb_4b35,
                0x4755_49b8,
            ],
        ),
        (
            Hash::Md5,
            [
                0xd98c_1dd4,
                0xb975_c10c,
                0x43f4_7e18,
                0x9850_0190,
                0x4c71_fce2,
                0xd9b4_56ab,
                0x94e7_f925,
                0x3ec9_f330,
                0x1e6a_afde,
                0xc24e_6789,
            ],
        ),
        (
            Hash::CrcHigh,
            [
                0x0000, 0x68b7, 0x1e83, 0x3524, 0x6d82, 0x0587, 0x4bf4, 0x11c1, 0x44d1, 0x08ea,
            ],
        ),
        (
            Hash::Fnv1_64,
            [
                0x8422_2325,
                0x8601_b7be,
                0xb4eb_37b8,
                0x6baf_adcb,
                0xfb84_4f95,
                0x61d3_3a4a,
                0x2bf9_16d6,
                0xbe6a_6f24,
                0xee20_2e17,
                0x93ed_f087,
            ],
        ),
        (
            Hash::Fnv1a64,
            [
                0x8422_2325,
                0x8601_ec8c,
                0xb545_986a,
                0x0541_574b,
                0xee07_24dd,
                0x7623_64a8,
                0x23c6_cdfc,
                0x0bd8_c122,
                0xea76_9c57,
                0x8f0e_92d7,
            ],
        ),
        (
            Hash::Fnv1_32,
            [
                0x811c_9dc5,
                0x050c_5d7e,
                0x7077_2d38,
                0x439c_2f4b,
                0xb9de_7375,
                0x0e2f_c14a,
                0x2414_8816,
                0x6ec8_5224,
                0xbebb_7c97,
                0x914c_9107,
            ],
        ),
        (
            Hash::Fnv1a32,
            [
                0x811c_9dc5,
                0xe40c_292c,
                0x4d25_05ca,
                0x1a47_e90b,
                0xce34_79bd,
                0x749b_cf08,
                0xbb86_b11c,
                0x338f_85c2,
                0x0bee_a017,
                0xbf6d_4517,
            ],
        ),
        (
            Hash::Murmur,
            [
                0x0000_0000,
                0x4b41_757c,
                0xe3b5_4dfb,
                0x7b0c_c428,
                0xef6a_86af,
                0x9a26_3eda,
                0xb776_0690,
                0x8afb_46f8,
                0xda71_0acb,
                0xc2e4_b7ff,
            ],
        ),
        (
            Hash::Jenkins,
            [
                0xdead_befc,
                0xe0a3_8690,
                0xc1b5_695b,
                0x8f41_5600,
                0xd512_151a,
                0x5cff_335b,
                0x1977_7af6,
                0xd580_e5fa,
                0x8946_6c13,
                0x222b_d93e,
            ],
        ),
        (
            Hash::Murmur3,
            [
                0x0000_0000,
                0x8872_dbc8,
                0x820b_9d10,
                0x25d3_a89a,
                0x0ac2_8782,
                0x3ed4_8523,
                0x36ae_260f,
                0x6ffa_cea8,
                0x5bec_fbdb,
                0x92ff_29ea,
            ],
        ),
    ];

    #[test]
    fn as_libmemcached() {
        for (hash, values) in LIBMEMCACHED {
            for (key, value) in KEYS.into_iter().zip(values) {
                assert_eq!(hash.of(key), value, "{hash:?} of {key:x?}");
            }
        }
    }

    #[test]
    fn published_check_values() {
        // The catalogue of parametrised CRC algorithms: CRC-32 and CRC-16/XMODEM.
        assert_eq!(Hash::Crc32.of(b"123456789"), 0xcbf4_3926);
        assert_eq!(Hash::Crc16.of(b"123456789") & 0xffff, 0x31c3);
        // RFC 1321.
        assert_eq!(
            md5_words(b"abc"),
            [0x9850_0190, 0xb04f_d23c, 0x7d3f_96d6, 0x727f_e128]
        );
        // The hash codes that Java's documentation of String makes: s[0]*31^(n-1) + ....
        assert_eq!(Hash::JavaHashCode.of(b"ab"), 97 * 31 + 98);
        assert_eq!(Hash::JavaHashCode.of("😀".as_bytes()), 0xd83d * 31 + 0xde00);
    }
}

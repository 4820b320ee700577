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
            Self::Murmur3 => murmur::murmur3(bytes, murmur::seed(bytes)),
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
mod tests;

//! `MurmurHash2` as libhashkit and twemproxy carry it, and `MurmurHash3` (x86, 32 bits).

/// The seed that libhashkit and twemproxy make of a key's length.
pub(super) fn seed(bytes: &[u8]) -> u32 {
    0xdead_beef_u32.wrapping_mul(bytes.len() as u32)
}

pub(super) fn murmur2(bytes: &[u8]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let mut hash = seed(bytes) ^ bytes.len() as u32;
    let (blocks, rest) = bytes.as_chunks::<4>();
    for &block in blocks {
        let mut word = u32::from_le_bytes(block).wrapping_mul(M);
        word ^= word >> 24;
        hash = hash.wrapping_mul(M) ^ word.wrapping_mul(M);
    }
    if !rest.is_empty() {
        hash = (hash ^ word(rest)).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 13)).wrapping_mul(M);
    hash ^ (hash >> 15)
}

/// `MurmurHash3` of a sequence of bytes.
pub(super) fn murmur3(bytes: impl Iterator<Item = u8>, seed: u32) -> u32 {
    let mut state = Murmur3::new(seed);
    state.extend(bytes);
    state.finish()
}

/// `MurmurHash3` on its way, so that a common beginning is hashed once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Murmur3 {
    hash: u32,
    length: u32,
    block: [u8; 4],
}

impl Murmur3 {
    pub(super) fn new(seed: u32) -> Self {
        Self {
            hash: seed,
            length: 0,
            block: [0; 4],
        }
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        let place = self.length as usize % 4;
        self.block[place] = byte;
        self.length = self.length.wrapping_add(1);
        if place == 3 {
            let word = scrambled(u32::from_le_bytes(self.block));
            self.hash = (self.hash ^ word)
                .rotate_left(13)
                .wrapping_mul(5)
                .wrapping_add(0xe654_6b64);
        }
    }

    pub(super) fn finish(self) -> u32 {
        let mut hash = self.hash;
        let rest = &self.block[..self.length as usize % 4];
        hash ^= scrambled(word(rest)) ^ self.length;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
        hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
        hash ^ (hash >> 16)
    }
}

impl Extend<u8> for Murmur3 {
    fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
        for byte in bytes {
            self.push(byte);
        }
    }
}

fn scrambled(word: u32) -> u32 {
    word.wrapping_mul(0xcc9e_2d51)
        .rotate_left(15)
        .wrapping_mul(0x1b87_3593)
}

/// Up to four bytes as a number, the lowest first.
fn word(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |word, &byte| word << 8 | u32::from(byte))
}

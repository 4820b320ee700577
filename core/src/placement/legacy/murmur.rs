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

pub(super) fn murmur3(bytes: &[u8], seed: u32) -> u32 {
    let mut state = Murmur3::new(seed);
    state.update(bytes);
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
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        let filled = self.length as usize % 4;
        self.length = self.length.wrapping_add(bytes.len() as u32);
        if filled > 0 {
            let (first, rest) = bytes.split_at(bytes.len().min(4 - filled));
            self.block[filled..filled + first.len()].copy_from_slice(first);
            if filled + first.len() < 4 {
                return;
            }
            self.mix(self.block);
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks::<4>();
        for &block in blocks {
            self.mix(block);
        }
        self.block[..rest.len()].copy_from_slice(rest);
    }

    #[inline]
    fn mix(&mut self, block: [u8; 4]) {
        self.hash = (self.hash ^ scrambled(u32::from_le_bytes(block)))
            .rotate_left(13)
            .wrapping_mul(5)
            .wrapping_add(0xe654_6b64);
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

//! Random changes of an input, from a number: the same ones in every run.

/// Numbers that follow from a seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The seed is any number.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        // splitmix64
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, count: usize) -> usize {
        usize::try_from(self.next() >> 1).unwrap_or(usize::MAX) % count.max(1)
    }
}

/// What texts of specs are made of: a change to one of these reaches further than one to a random byte.
const WORDS: [&str; 24] = [
    "0",
    "1",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.00001",
    "null",
    "true",
    "{}",
    "[]",
    "\"\"",
    "\"a\"",
    "\\ud800",
    "\u{0}",
    "\"weight\"",
    "\"nodes\"",
    "\"ring\"",
    "\"ketama\"",
    "\"max_load\"",
    "\"seed\"",
    "\"ramp\"",
    "\"regions\"",
    "[[[[[[[[",
    "\u{1f300}",
];

/// A few changes of `data`, or of `data` followed by a part of `other`.
#[must_use]
pub fn mutated(data: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        let end = (at + 1 + random.below(16)).min(data.len());
        match random.below(7) {
            0 if at < data.len() => data[at] = random.next() as u8,
            1 if at < data.len() => data[at] ^= 1 << random.below(8),
            2 => drop(data.drain(at.min(end)..end)),
            3 => drop(data.splice(at.min(end)..end, WORDS[random.below(WORDS.len())].bytes())),
            4 => {
                let from = random.below(other.len());
                let part = &other[from..(from + random.below(64)).min(other.len())];
                drop(data.splice(at..at, part.iter().copied()));
            }
            5 => data.truncate(at),
            _ => {
                let copy = data[at.min(end)..end].to_vec();
                drop(data.splice(at..at, copy));
            }
        }
    }
    data
}

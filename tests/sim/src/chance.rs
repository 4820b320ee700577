//! Random numbers that are the same for the same seed, on every machine.

/// A generator (`SplitMix64`: Steele, Lea, Flood, 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to 1.
    #[allow(clippy::cast_precision_loss)] // 53 bits are as many as fit
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Below a number.
    pub fn below(&mut self, end: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(end)) >> 64) as u64
    }

    /// A time around a mean, as often short as long times are rare.
    #[allow(clippy::cast_precision_loss, clippy::cast_sign_loss)] // a few seconds in microseconds
    pub fn around(&mut self, mean: u64) -> u64 {
        (-(1.0 - self.share()).ln() * mean as f64) as u64
    }
}

/// Keys by rank: the first are asked for far more often than the last (Zipf's law).
pub struct Zipf {
    /// Up to where the share of each rank goes, in all.
    ends: Vec<f64>,
}

impl Zipf {
    #[allow(clippy::cast_precision_loss)] // few keys
    pub fn new(keys: usize, exponent: f64) -> Self {
        let mut all = 0.0;
        let ends = (1..=keys).map(|rank| {
            all += (rank as f64).powf(-exponent);
            all
        });
        Self {
            ends: ends.collect(),
        }
    }

    pub fn key(&self, chance: &mut Chance) -> u32 {
        let at = chance.share() * self.ends.last().copied().unwrap_or(1.0);
        self.ends.partition_point(|&end| end <= at) as u32
    }
}

//! The keys and nodes that every program of the benchmark uses, in every language.

/// How many keys.
pub const COUNT: usize = 1_000_000;

/// Virtual nodes for each node, in every subject that has any.
pub const POINTS: usize = 160;

/// Bytes of a key.
pub const LENGTH: usize = "user:12345678:profile".len();

/// Keys like `user:12345678:profile`, all different, in one piece of memory that is never freed: some peers have a type
/// for their keys that must live as long as they do.
pub struct Keys {
    bytes: &'static [u8],
}

impl Keys {
    pub fn new(count: usize) -> Self {
        let mut bytes = Vec::with_capacity(count * LENGTH);
        for index in 0..count {
            bytes.extend_from_slice(format!("user:{:08}:profile", number(index)).as_bytes());
        }
        Self {
            bytes: bytes.leak(),
        }
    }

    /// The first `count` keys.
    pub fn take(&self, count: usize) -> impl Iterator<Item = &'static [u8]> + use<> {
        self.bytes.chunks_exact(LENGTH).take(count)
    }

    /// The first `count` keys, one behind the other.
    pub fn packed(&self, count: usize) -> &'static [u8] {
        &self.bytes[..count * LENGTH]
    }

    pub fn len(&self) -> usize {
        self.bytes.len() / LENGTH
    }
}

/// Spreads the numbers over eight digits. 48271 and 10^8 have no common divisor, so no two are equal.
fn number(index: usize) -> usize {
    index * 48271 % 100_000_000
}

/// `10.0.0.0:11211` and on.
pub fn addresses(count: usize) -> Vec<String> {
    (0..count)
        .map(|n| format!("10.{}.{}.{}:11211", n >> 16, n >> 8 & 255, n & 255))
        .collect()
}

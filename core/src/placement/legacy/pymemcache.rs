//! Python's pymemcache, `HashClient` (`rendezvous.py`, `murmur3.py`): the node whose
//! `MurmurHash3("node-key")` is highest.
//!
//! Traps: it hashes code points, of each only the low byte, and their number; a `bytes` key is
//! hashed as Python shows it (`b'…'`), which is also what happens to a key that is no UTF-8; of
//! equal scores the node whose name is greater wins.

use std::borrow::Cow;

use super::murmur::Murmur3;
use super::text;
use super::{Build, Flavor, Kind, Legacy, LegacyNode, Rule, Size, WeightRule, names};

/// `HashClient(servers)`. A node that is down is one that was removed as dead.
pub(super) static RENDEZVOUS: Flavor = Flavor {
    kind: Kind::Rendezvous,
    name: "pymemcache",
    weight: WeightRule::Refused(super::NO_WEIGHT),
    down: Rule::Honoured,
    spelling: names::unbracketed_address,
    hash_tag: None,
    size: Size::PerNode(1),
    build: Build::Fixed(|nodes| Legacy::Pymemcache(Rendezvous::build(nodes))),
};

/// The nodes, each with the state of the hash behind its name.
#[derive(Debug)]
pub(crate) struct Rendezvous(Vec<(Murmur3, u32)>);

impl Rendezvous {
    /// Bytes of all that a lookup may read.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }

    fn build(nodes: &[LegacyNode]) -> Self {
        let mut live: Vec<(&LegacyNode, u32)> = nodes
            .iter()
            .zip(0u32..)
            .filter(|(node, _)| !node.down)
            .collect();
        // Greatest first: it keeps the lead when scores are equal. Python compares code points,
        // which is the order of UTF-8 bytes.
        live.sort_by(|a, b| b.0.name.cmp(&a.0.name));
        let nodes = live.into_iter().map(|(node, position)| {
            let mut state = Murmur3::new(0);
            state.update(&low_bytes(&node.name));
            state.update(b"-");
            (state, position)
        });
        Self(nodes.collect())
    }

    pub(super) fn node(&self, key: &[u8]) -> u32 {
        let text = text::python(key);
        let key = low_bytes(&text);
        let mut best = (0, None);
        for &(mut state, position) in &self.0 {
            state.update(&key);
            let score = state.finish();
            if best.1.is_none() || score > best.0 {
                best = (score, Some(position));
            }
        }
        best.1.unwrap_or(0)
    }
}

/// The low byte of every code point.
fn low_bytes(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return Cow::Borrowed(text.as_bytes());
    }
    text.chars().map(|character| character as u8).collect()
}

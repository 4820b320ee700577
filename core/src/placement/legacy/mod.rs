//! The placements of existing clients, bit for bit, so that a fleet can migrate away from them.
//!
//! A client's way of placing keys is a [`Flavor`]: data about what it knows of a node, and a
//! function that compiles it. Each file here holds the flavors of one client; `docs/placement.md`
//! is the norm. The results were compared with the clients' own (`tests/vectors`).

mod continuum;
mod dalli;
mod flavor;
mod go_redis;
mod gomemcache;
mod hashes;
mod hsieh;
mod jenkins;
mod key_hash;
mod libmemcached;
mod murmur;
mod names;
mod nginx;
mod npm_hashring;
mod pecl_memcache;
mod pingora;
mod predis;
mod pymemcache;
mod python_memcached;
mod rehashed;
mod spymemcached;
mod text;
mod twemproxy;
mod uhashring;

use continuum::Continuum;
pub use flavor::LegacySpec;
use flavor::{BRACES, Build, Size};
pub(crate) use flavor::{Flavor, Kind, Rule, WeightRule};
use key_hash::{KeyHash, Reading};
use rehashed::{Rehashed, Tries};

/// All flavors, by kind and in the order in which errors list them.
pub(crate) static FLAVORS: [&Flavor; 22] = [
    &libmemcached::WEIGHTED,
    &libmemcached::KETAMA,
    &libmemcached::SPY,
    &twemproxy::KETAMA,
    &nginx::CONSISTENT,
    &pingora::KETAMA,
    &uhashring::KETAMA,
    &npm_hashring::HASHRING,
    &npm_hashring::MEMCACHED,
    &spymemcached::KETAMA,
    &dalli::KETAMA,
    &predis::KETAMA,
    &pecl_memcache::CONSISTENT,
    &libmemcached::MODULO,
    &twemproxy::MODULO,
    &python_memcached::MODULO,
    &gomemcache::MODULO,
    &spymemcached::MODULO,
    &nginx::MODULO,
    &pecl_memcache::STANDARD,
    &pymemcache::RENDEZVOUS,
    &go_redis::RENDEZVOUS,
];

/// Why `down` is refused where a hash is taken modulo the number of nodes.
const MODULO_DOWN: &str = "leaving a node out of hash % N would move nearly every key: replace the \
                           server at the same position, or migrate to a ring";

/// Why `down` is refused where the client looks for another server by further hashes.
const REHASHES: &str = "this client hashes again with other keys, as each process sees its \
                        servers: replace the server, or migrate to a ring";

/// Why a weight is refused by a client that has none.
const NO_WEIGHT: &str = "this client knows no weights, use 1";

/// What a node is to a client.
#[derive(Debug, Clone)]
pub(crate) struct LegacyNode {
    /// As the client spells it; see [`LegacySpec::name_of`].
    pub(crate) name: String,
    pub(crate) weight: u32,
    pub(crate) down: bool,
}

/// The compiled placement of an existing client.
#[derive(Debug)]
pub(crate) enum Legacy {
    /// The owner of the key's hash on a continuum.
    Continuum {
        key: KeyHash,
        continuum: Continuum,
    },
    /// The entry `hash % length` of a list of nodes.
    Table {
        key: KeyHash,
        nodes: Box<[u32]>,
    },
    /// The same with nodes that are down, where the client hashes again for those.
    Rehashed(Rehashed),
    Pymemcache(pymemcache::Rendezvous),
    GoRedis(go_redis::Rendezvous),
}

impl Legacy {
    /// The hash that places a key; the position of its node where no number alone decides.
    #[inline(never)]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        match self {
            Self::Continuum { key: by, .. } | Self::Table { key: by, .. } => u64::from(by.of(key)),
            Self::Rehashed(table) => u64::from(table.node(key)),
            Self::Pymemcache(rendezvous) => u64::from(rendezvous.node(key)),
            Self::GoRedis(_) => go_redis::hash(key),
        }
    }

    /// How many points there are; 0 where there are none.
    pub(crate) fn points(&self) -> usize {
        match self {
            Self::Continuum { continuum, .. } => continuum.points(),
            _ => 0,
        }
    }

    /// Bytes of all that a lookup may read.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Continuum { continuum, .. } => continuum.bytes(),
            Self::Table { nodes, .. } => size_of_val(&nodes[..]),
            Self::Rehashed(table) => table.bytes(),
            Self::Pymemcache(rendezvous) => rendezvous.bytes(),
            Self::GoRedis(rendezvous) => rendezvous.bytes(),
        }
    }

    /// The position of the node that a hash is placed on.
    #[inline(never)]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        match self {
            // These hashes have 32 bits, and lists at most 2^22 entries.
            Self::Continuum { continuum, .. } => continuum.node(hash as u32),
            Self::Table { nodes, .. } => nodes[(hash as u32 % nodes.len() as u32) as usize],
            Self::Rehashed(_) | Self::Pymemcache(_) => hash as u32,
            Self::GoRedis(rendezvous) => rendezvous.node(hash),
        }
    }

    /// The arcs of a continuum: where each ends (exclusive, the last with the hashes) and its node.
    /// Nothing for what is none, and where hashes are not spread evenly.
    pub(crate) fn arcs(&self) -> Option<Box<dyn Iterator<Item = (u128, u32)> + '_>> {
        match self {
            Self::Continuum { key, continuum } => {
                let arcs = continuum.arcs(key.count()?);
                Some(Box::new(arcs.map(|(end, node)| (u128::from(end), node))))
            }
            _ => None,
        }
    }

    /// How many hashes there are and after how many the nodes repeat.
    pub(crate) fn residues(&self) -> Option<(u64, u64)> {
        match self {
            Self::Table { key, nodes } => Some((key.count()?, nodes.len() as u64)),
            _ => None,
        }
    }

    /// Whether another one hashes every key to the same number.
    pub(crate) fn hashes_like(&self, other: &Self) -> bool {
        match (self.key_hash(), other.key_hash()) {
            (Some(one), Some(other)) => one == other,
            _ => matches!((self, other), (Self::GoRedis(_), Self::GoRedis(_))),
        }
    }

    fn key_hash(&self) -> Option<KeyHash> {
        match self {
            Self::Continuum { key, .. } | Self::Table { key, .. } => Some(*key),
            _ => None,
        }
    }

    /// Every node as often as its weight says, in their order.
    fn table(nodes: &[LegacyNode], key: KeyHash) -> Self {
        Self::Table {
            key,
            nodes: entries(nodes),
        }
    }

    /// The same for a client that hashes again while it meets nodes that are down.
    fn rehashing(nodes: &[LegacyNode], key: KeyHash, tries: Tries) -> Self {
        if nodes.iter().any(|node| node.down) {
            return Self::Rehashed(Rehashed::build(nodes, tries));
        }
        Self::table(nodes, key)
    }
}

/// Every node as often as its weight says, in their order.
fn entries(nodes: &[LegacyNode]) -> Box<[u32]> {
    let weighted = (0u32..).zip(nodes);
    weighted
        .flat_map(|(position, node)| std::iter::repeat_n(position, node.weight as usize))
        .collect()
}

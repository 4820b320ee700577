//! The placements of existing clients, bit for bit, so that a fleet can migrate away from them.
//!
//! A client's way of placing keys is a [`Flavor`]: data about what it knows of a node, and a
//! function that compiles it. Each file here holds the flavors of one client; `docs/placement.md`
//! is the norm. The results were compared with the clients' own (`tests/vectors`).

mod continuum;
mod go_redis;
mod gomemcache;
mod hashes;
mod hsieh;
mod jenkins;
mod libmemcached;
mod murmur;
mod names;
mod nginx;
mod npm_hashring;
mod pingora;
mod pymemcache;
mod python_memcached;
mod rehashed;
mod spymemcached;
mod text;
mod twemproxy;
mod uhashring;

use std::fmt;

use continuum::Continuum;
use hashes::Hash;
use names::Spelling;
use rehashed::Rehashed;

use crate::hash::HashTag;
use crate::spec::NodeSpec;

/// All flavors, by kind and in the order in which errors list them.
pub(crate) static FLAVORS: [&Flavor; 18] = [
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
    &libmemcached::MODULO,
    &twemproxy::MODULO,
    &python_memcached::MODULO,
    &gomemcache::MODULO,
    &spymemcached::MODULO,
    &nginx::MODULO,
    &pymemcache::RENDEZVOUS,
    &go_redis::RENDEZVOUS,
];

/// Why `down` is refused where a hash is taken modulo the number of nodes.
const MODULO_DOWN: &str = "leaving a node out of hash % N would move nearly every key: replace the \
                           server at the same position, or migrate to a ring";

/// Why a weight is refused by a client that has none.
const NO_WEIGHT: &str = "this client knows no weights, use 1";

/// The family of a client's placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Points on a continuum of 32 bits.
    Ketama,
    /// A hash modulo the number of nodes or of their weights.
    Modulo,
    /// The node with the highest score for the key.
    Rendezvous,
}

/// What a client does with something that a spec can say about a node.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// As the client does.
    Honoured,
    /// It knows no such thing, or does what no spec can say; with the reason.
    Refused(&'static str),
}

/// What a client does with weights.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WeightRule {
    /// A node of weight 0 has no share.
    FromZero,
    /// There is no weight of 0; with the reason.
    FromOne(&'static str),
    /// There are no weights; with the reason.
    Refused(&'static str),
}

/// One way of one client to place keys.
#[derive(Debug)]
pub(crate) struct Flavor {
    kind: Kind,
    /// The client's name in a spec.
    name: &'static str,
    pub(crate) weight: WeightRule,
    pub(crate) down: Rule,
    spelling: Spelling,
    /// The hash tag that it always looks for.
    hash_tag: Option<HashTag>,
    /// An upper bound on the points, or entries, of a node of weight 1 among nodes of weight 1.
    points: u32,
    build: Build,
}

/// How a flavor is compiled. At least one of the nodes takes keys.
#[derive(Debug)]
enum Build {
    /// With one of the hashes that the client lets one choose, by the names that it gives them;
    /// the first is the default.
    With(
        &'static [(&'static str, Hash)],
        fn(&[LegacyNode], Hash) -> Legacy,
    ),
    /// With what the client always uses.
    Fixed(fn(&[LegacyNode]) -> Legacy),
}

/// A flavor and the hash chosen for it: an existing client's placement, as a spec names it.
#[derive(Debug, Clone, Copy)]
pub struct LegacySpec {
    flavor: &'static Flavor,
    /// Its name and function, where there is a choice.
    hash: Option<&'static (&'static str, Hash)>,
}

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

/// How a client hashes a key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHash {
    hash: Hash,
    reading: Reading,
}

/// Which bytes of a key a client hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// All of them.
    Bytes,
    /// All of them, and the hash of none is 0.
    ZeroIfEmpty,
    /// The first 256.
    First256,
    /// Those of the text that JavaScript and Java make of them.
    Replaced,
    /// Those of the text that Python makes of them.
    Python,
}

impl Legacy {
    /// The position of the node that a key is placed on.
    #[inline]
    pub(crate) fn slot(&self, key: &[u8]) -> u32 {
        match self {
            Self::Continuum { key: by, continuum } => continuum.node(by.of(key)),
            Self::Table { key: by, nodes } => nodes[by.of(key) as usize % nodes.len()],
            Self::Rehashed(table) => table.node(key),
            Self::Pymemcache(rendezvous) => rendezvous.node(key),
            Self::GoRedis(rendezvous) => rendezvous.node(key),
        }
    }

    /// Every node as often as its weight says, in their order.
    fn table(nodes: &[LegacyNode], key: KeyHash) -> Self {
        Self::Table {
            key,
            nodes: entries(nodes),
        }
    }
}

/// Every node as often as its weight says, in their order.
fn entries(nodes: &[LegacyNode]) -> Box<[u32]> {
    let weighted = (0u32..).zip(nodes);
    weighted
        .flat_map(|(position, node)| std::iter::repeat_n(position, node.weight as usize))
        .collect()
}

impl KeyHash {
    #[inline]
    fn of(self, key: &[u8]) -> u32 {
        match self.reading {
            Reading::ZeroIfEmpty if key.is_empty() => 0,
            Reading::Bytes | Reading::ZeroIfEmpty => self.hash.of(key),
            Reading::First256 => self.hash.of(&key[..key.len().min(256)]),
            Reading::Replaced => self.hash.of(text::replaced(key).as_bytes()),
            Reading::Python => self.hash.of(text::python(key).as_bytes()),
        }
    }
}

impl Hash {
    /// This hash over the whole key.
    fn whole(self) -> KeyHash {
        self.read(Reading::Bytes)
    }

    fn read(self, reading: Reading) -> KeyHash {
        KeyHash {
            hash: self,
            reading,
        }
    }
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Ketama, Self::Modulo, Self::Rendezvous];

    /// The name of this kind in a spec.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ketama => "ketama",
            Self::Modulo => "modulo",
            Self::Rendezvous => "rendezvous",
        }
    }

    /// The flavors of this kind.
    pub(crate) fn flavors(self) -> impl Iterator<Item = &'static Flavor> {
        FLAVORS
            .into_iter()
            .filter(move |flavor| flavor.kind == self)
    }
}

impl Flavor {
    /// The client's name in a spec.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The names of the hashes that a spec may choose, the default first.
    pub(crate) fn hash_names(&self) -> Vec<&'static str> {
        self.hashes().iter().map(|hash| hash.0).collect()
    }

    /// This flavor with a hash of that name, or with its default.
    pub(crate) fn with_hash(&'static self, name: Option<&str>) -> LegacySpec {
        let named = self.hashes().iter().find(|hash| Some(hash.0) == name);
        LegacySpec {
            flavor: self,
            hash: named.or(self.hashes().first()),
        }
    }

    fn hashes(&self) -> &'static [(&'static str, Hash)] {
        match self.build {
            Build::With(hashes, _) => hashes,
            Build::Fixed(_) => &[],
        }
    }
}

impl LegacySpec {
    /// The kind of placement: `ketama`, `modulo` or `rendezvous`.
    pub fn kind(&self) -> &'static str {
        self.flavor.kind.name()
    }

    /// The client whose placement it is.
    pub fn flavor(&self) -> &'static str {
        self.flavor.name
    }

    /// The hash of the key by the client's name for it, where the client lets one choose.
    pub fn hash(&self) -> Option<&'static str> {
        self.hash.map(|hash| hash.0)
    }

    /// What the client does with what a spec says about a node.
    pub(crate) fn rules(&self) -> &'static Flavor {
        self.flavor
    }

    /// The name under which the client knows a node, or what would be needed to tell it.
    pub(crate) fn name_of(&self, node: &NodeSpec) -> Result<String, &'static str> {
        match &node.alias {
            Some(alias) => Ok(alias.clone()),
            None => (self.flavor.spelling)(&node.address),
        }
    }

    /// The hash tag that the client always looks for.
    pub(crate) fn fixed_hash_tag(&self) -> Option<HashTag> {
        self.flavor.hash_tag
    }

    /// An upper bound on what a node of some weight adds to the compiled placement.
    pub(crate) fn points(&self, weight: u32) -> u64 {
        u64::from(self.flavor.points) * u64::from(weight.max(1))
    }

    pub(crate) fn compile(&self, nodes: &[LegacyNode]) -> Legacy {
        match (&self.flavor.build, self.hash) {
            (Build::With(_, compile), Some(hash)) => compile(nodes, hash.1),
            (Build::With(hashes, compile), None) => compile(nodes, hashes[0].1),
            (Build::Fixed(compile), _) => compile(nodes),
        }
    }
}

/// Equal if they place every key alike for the same reason.
impl PartialEq for LegacySpec {
    fn eq(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.flavor() == other.flavor()
            && self.hash() == other.hash()
    }
}

impl Eq for LegacySpec {}

impl fmt::Display for LegacySpec {
    /// Such as `ketama twemproxy, fnv1a_64`, or `ketama nginx`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.flavor())?;
        match self.hash() {
            Some(hash) => write!(f, ", {hash}"),
            None => Ok(()),
        }
    }
}

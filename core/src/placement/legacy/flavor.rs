//! What an existing client knows of nodes and how its placement is compiled; the choice of one
//! in a spec.

use std::fmt;

use super::hashes::Hash;
use super::names::Spelling;
use super::{FLAVORS, Legacy, LegacyNode};
use crate::hash::HashTag;
use crate::spec::NodeSpec;

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
    pub(super) kind: Kind,
    /// The client's name in a spec.
    pub(super) name: &'static str,
    pub(crate) weight: WeightRule,
    pub(crate) down: Rule,
    pub(super) spelling: Spelling,
    /// The hash tag that it always looks for.
    pub(super) hash_tag: Option<HashTag>,
    pub(super) size: Size,
    pub(super) build: Build,
}

/// How much a node adds to the compiled placement, at the most.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// So many entries for every node on average, however weights are spread.
    PerNode(u32),
    /// So many entries for every unit of weight.
    PerWeight(u32),
}

/// The hash tag of Redis Cluster.
pub(super) const BRACES: HashTag = HashTag {
    open: b'{',
    close: b'}',
};

/// How a flavor is compiled. At least one of the nodes takes keys.
#[derive(Debug)]
pub(super) enum Build {
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
///
/// # Examples
///
/// ```
/// let text = br#"{
///   "format": 1, "generation": 1, "primary": "old",
///   "clusters": {"old": {"placement": {"kind": "ketama", "flavor": "twemproxy"},
///                        "nodes": [{"id": "mc1", "address": "127.0.0.1:11211", "alias": "one"}]}}
/// }"#;
/// let spec = ringshift::Spec::parse(text)?;
/// let ringshift::PlacementSpec::Legacy(legacy) = &spec.clusters["old"].placement else {
///     unreachable!("it is the placement of a client")
/// };
/// assert_eq!((legacy.kind(), legacy.flavor()), ("ketama", "twemproxy"));
/// assert_eq!(legacy.hash(), Some("fnv1a_64"));
/// assert_eq!(legacy.to_string(), "ketama twemproxy, fnv1a_64");
/// # Ok::<(), ringshift::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct LegacySpec {
    flavor: &'static Flavor,
    /// Its name and function, where there is a choice.
    hash: Option<&'static (&'static str, Hash)>,
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
        match self.flavor.size {
            Size::PerNode(points) => u64::from(points),
            Size::PerWeight(points) => u64::from(points) * u64::from(weight),
        }
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

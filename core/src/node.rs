//! Nodes as routes hand them out, and the pool that keeps each of them for the router's life.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::sync::{Arc, OnceLock};

use parking_lot::RwLock;
use xxhash_rust::xxh3::xxh3_64;

use crate::breaker::{Breaker, BreakerState, ClusterBreaker, Troubled, Turn};
use crate::counters::{Counters, Outcome};
use crate::debt::NodeDebt;
use crate::limits::MAX_NODES_KEPT;
use crate::owed::OwedKeys;
use crate::spec::{BreakerSpec, ClusterSpec, NodeSpec, Spec};
use crate::window::{Recent, Window};

/// A node of a cluster: what a caller needs to send a key there.
///
/// A node that is in two clusters is two of these, which share their breaker. A router keeps every
/// node that it ever handed out, so that borrowed names stay valid for as long as it lives.
#[derive(Debug)]
pub struct Node {
    index: u32,
    identity: u32,
    weight: u32,
    id: Name,
    address: Name,
    zone: Option<Name>,
    cluster: Name,
    key_prefix: Name,
    breaker: Arc<Breaker>,
    cluster_breaker: Arc<ClusterBreaker>,
    tally: SharedTally,
    debt: Arc<NodeDebt>,
}

type SharedTally = Arc<OnceLock<Box<Tally>>>;

/// The requests to one node in one cluster. Made with the first of them: a router may have met many
/// more nodes than it ever asks.
#[derive(Debug)]
struct Tally {
    counters: Counters,
    window: Window,
}

/// A name for Rust and for C, which wants a NUL behind it.
#[derive(Debug)]
struct Name(CString);

impl Name {
    /// A valid spec has no NUL in any name, so nothing is cut off here.
    fn new(text: &str) -> Self {
        let text = text.split('\0').next().unwrap_or_default();
        Self(CString::new(text).unwrap_or_default())
    }

    fn text(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl Node {
    /// A number that no other node of the same router has, ever.
    pub fn index(&self) -> u32 {
        self.index
    }

    /// The stable name that decides placement.
    pub fn id(&self) -> &str {
        self.id.text()
    }

    /// Where to connect.
    pub fn address(&self) -> &str {
        self.address.text()
    }

    /// The failure domain, if the spec names one.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_ref().map(Name::text)
    }

    /// The cluster that this node is a node of.
    pub fn cluster(&self) -> &str {
        self.cluster.text()
    }

    /// What to put before a key on the wire.
    pub fn key_prefix(&self) -> &str {
        self.key_prefix.text()
    }

    /// Share of the keys relative to other nodes.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// What this process thinks of the node's health.
    pub fn breaker(&self) -> BreakerState {
        self.breaker.state(self.breaker.now())
    }

    /// [`Node::id`] with a NUL behind it.
    pub fn id_c(&self) -> &CStr {
        &self.id.0
    }

    /// [`Node::address`] with a NUL behind it.
    pub fn address_c(&self) -> &CStr {
        &self.address.0
    }

    /// [`Node::zone`] with a NUL behind it.
    pub fn zone_c(&self) -> Option<&CStr> {
        self.zone.as_ref().map(|zone| zone.0.as_c_str())
    }

    /// [`Node::cluster`] with a NUL behind it.
    pub fn cluster_c(&self) -> &CStr {
        &self.cluster.0
    }

    /// [`Node::key_prefix`] with a NUL behind it.
    pub fn key_prefix_c(&self) -> &CStr {
        &self.key_prefix.0
    }

    /// Equal for nodes of the same id and key prefix: there, a key is the same entry on the same
    /// server, whatever the cluster.
    pub(crate) fn identity(&self) -> u32 {
        self.identity
    }

    pub(crate) fn health(&self) -> &Breaker {
        &self.breaker
    }

    pub(crate) fn cluster_breaker(&self) -> &ClusterBreaker {
        &self.cluster_breaker
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.tally().counters
    }

    #[inline]
    fn tally(&self) -> &Tally {
        self.tally.get_or_init(|| {
            Box::new(Tally {
                counters: Counters::default(),
                window: Window::new(self.breaker.now()),
            })
        })
    }

    /// Notes how many requests there were up to now, if that was not done just before.
    pub(crate) fn note(&self, now: u64, settings: &BreakerSpec) {
        let counts = || self.counters().sum();
        self.tally().window.note(now, length(settings), counts);
    }

    /// A request that is counted already failed: how that turns the breaker.
    pub(crate) fn failed(
        &self,
        now: u64,
        outcome: Outcome,
        settings: &BreakerSpec,
    ) -> Option<Turn> {
        // What was before this failure.
        let before = || {
            let Recent { requests, failures } = self.counters().sum();
            Recent {
                requests: requests.saturating_sub(1),
                failures: failures.saturating_sub(1),
            }
        };
        self.tally().window.note(now, length(settings), before);
        let at_once = outcome == Outcome::Unreachable;
        let unanswered = outcome.is_unanswered();
        self.breaker.failed(now, settings, unanswered, |row| {
            at_once
                || row >= u64::from(settings.failures)
                || self.recent(now, settings).is_bad(settings.rate, settings)
        })
    }

    /// The requests of the window that ends now, or since the breaker last closed.
    pub(crate) fn recent(&self, now: u64, settings: &BreakerSpec) -> Recent {
        let start = now.saturating_sub(length(settings));
        let start = start
            .max(self.breaker.closed_at())
            .max(self.cluster_breaker.closed_at());
        self.tally().window.since(start, now, self.counters().sum())
    }

    pub(crate) fn debt(&self) -> &NodeDebt {
        &self.debt
    }
}

/// All nodes that a router has seen.
#[derive(Debug)]
pub(crate) struct NodePool {
    troubled: Arc<Troubled>,
    owed: Arc<OwedKeys>,
    inner: RwLock<Inner>,
}

impl Default for NodePool {
    fn default() -> Self {
        let troubled = Arc::<Troubled>::default();
        Self {
            owed: Arc::new(OwedKeys::new(Arc::clone(&troubled))),
            troubled,
            inner: RwLock::default(),
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    nodes: Vec<Arc<Node>>,
    known: HashMap<Description, u32>,
    identities: HashMap<(String, String), u32>,
    breakers: HashMap<(String, String), Arc<Breaker>>,
    cluster_breakers: HashMap<String, Arc<ClusterBreaker>>,
    /// By cluster, id and address.
    tallies: BTreeMap<(String, String, String), SharedTally>,
    /// By id and key prefix, as identities are.
    debts: HashMap<(String, String), Arc<NodeDebt>>,
}

/// What tells a node of a spec from all others.
fn description(cluster: &str, spec: &ClusterSpec, node: &NodeSpec) -> Description {
    Description {
        cluster: cluster.to_owned(),
        key_prefix: spec.key_prefix.clone(),
        id: node.id.clone(),
        address: node.address.clone(),
        zone: node.zone.clone(),
        weight: node.weight,
    }
}

/// Everything about a node that a caller can see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Description {
    cluster: String,
    key_prefix: String,
    id: String,
    address: String,
    zone: Option<String>,
    weight: u32,
}

impl NodePool {
    /// Whether the nodes of a spec may be kept beside those that are.
    pub(crate) fn has_room_for(&self, spec: &Spec) -> bool {
        let inner = self.inner.read();
        let all: usize = spec.clusters.values().map(|each| each.nodes.len()).sum();
        let room = MAX_NODES_KEPT.saturating_sub(inner.nodes.len());
        if all <= room {
            return true;
        }
        let clusters = spec.clusters.iter();
        let new = clusters.flat_map(|(name, cluster)| {
            let described = |node| description(name, cluster, node);
            cluster.nodes.iter().map(described)
        });
        new.filter(|node| !inner.known.contains_key(node)).count() <= room
    }

    /// The node that a spec describes: the one handed out before, if nothing about it changed.
    pub(crate) fn intern(&self, cluster: &str, spec: &ClusterSpec, node: &NodeSpec) -> Arc<Node> {
        let mut inner = self.inner.write();
        let description = description(cluster, spec, node);
        if let Some(&index) = inner.known.get(&description) {
            return Arc::clone(&inner.nodes[index as usize]);
        }
        let index = inner.nodes.len() as u32;
        let next_identity = inner.identities.len() as u32;
        let identity = *inner
            .identities
            .entry((node.id.clone(), spec.key_prefix.clone()))
            .or_insert(next_identity);
        // Health belongs to the process behind an address: a new address starts afresh.
        let breaker = inner
            .breakers
            .entry((node.id.clone(), node.address.clone()))
            .or_insert_with(|| {
                let salt = xxh3_64(node.id.as_bytes());
                Arc::new(Breaker::new(salt, Arc::clone(&self.troubled)))
            });
        let breaker = Arc::clone(breaker);
        let tally = inner
            .tallies
            .entry((cluster.to_owned(), node.id.clone(), node.address.clone()))
            .or_default();
        let tally = Arc::clone(tally);
        let cluster_breaker = self.cluster_breaker_in(&mut inner, cluster);
        let entries = (node.id.clone(), spec.key_prefix.clone());
        let debt = Arc::clone(inner.debts.entry(entries).or_default());
        let interned = Arc::new(Node {
            index,
            identity,
            weight: node.weight,
            id: Name::new(&node.id),
            address: Name::new(&node.address),
            zone: node.zone.as_deref().map(Name::new),
            cluster: Name::new(cluster),
            key_prefix: Name::new(&spec.key_prefix),
            breaker,
            cluster_breaker,
            tally,
            debt,
        });
        inner.nodes.push(Arc::clone(&interned));
        inner.known.insert(description, index);
        interned
    }

    /// The keys whose invalidation was lost.
    pub(crate) fn owed(&self) -> &Arc<OwedKeys> {
        &self.owed
    }

    /// How many of the breakers have something to say.
    pub(crate) fn troubled(&self) -> &Arc<Troubled> {
        &self.troubled
    }

    /// Forgets the health of all nodes but these, which are those of the spec in force. No route leads
    /// to the others any more, so no probe ever would; and while a breaker has something to say, every
    /// route asks breakers.
    pub(crate) fn forget_health_of_others<'n>(&self, nodes: impl Iterator<Item = &'n Arc<Node>>) {
        if self.troubled.is_nobody() {
            return;
        }
        let nodes = nodes.flat_map(|node| [node.health(), node.cluster_breaker.breaker()]);
        let kept: HashSet<*const Breaker> = nodes.map(std::ptr::from_ref).collect();
        let inner = self.inner.read();
        let of_nodes = inner.breakers.values().map(|breaker| &**breaker);
        let of_clusters = inner.cluster_breakers.values();
        of_nodes
            .chain(of_clusters.map(|cluster| cluster.breaker()))
            .filter(|breaker| !kept.contains(&std::ptr::from_ref(*breaker)))
            .for_each(Breaker::forget);
    }

    /// The breaker of a cluster.
    pub(crate) fn cluster_breaker(&self, cluster: &str) -> Arc<ClusterBreaker> {
        self.cluster_breaker_in(&mut self.inner.write(), cluster)
    }

    fn cluster_breaker_in(&self, inner: &mut Inner, cluster: &str) -> Arc<ClusterBreaker> {
        let new = || {
            let salt = xxh3_64(cluster.as_bytes());
            Arc::new(ClusterBreaker::new(salt, Arc::clone(&self.troubled)))
        };
        Arc::clone(
            inner
                .cluster_breakers
                .entry(cluster.to_owned())
                .or_insert_with(new),
        )
    }

    pub(crate) fn get(&self, index: u32) -> Option<Arc<Node>> {
        self.inner.read().nodes.get(index as usize).cloned()
    }

    /// The counters of every node of every cluster ever seen, by the cluster's name.
    pub(crate) fn with_counters(&self, mut each: impl FnMut(&str, &Counters)) {
        let inner = self.inner.read();
        for ((cluster, ..), tally) in &inner.tallies {
            if let Some(tally) = tally.get() {
                each(cluster, &tally.counters);
            }
        }
    }
}

fn length(settings: &BreakerSpec) -> u64 {
    settings.window.as_millis() as u64
}

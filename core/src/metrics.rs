//! What a router knows about itself, as plain data for the host's own metrics registry.

use serde::Serialize;

use crate::balance::Warning;
use crate::breaker::BreakerState;
use crate::counters::{Op, Outcome};
use crate::debt::{Debt, debt_of};
use crate::node::NodePool;
use crate::owed::OwedMetrics;
use crate::snapshot::Snapshot;

/// All counters and states of a router at one moment. No key and no value is ever among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Metrics {
    /// The generation in force.
    pub generation: u64,
    /// Its content hash.
    pub digest: String,
    /// How often a snapshot was published.
    pub epoch: u64,
    /// The region of this process.
    pub region: Option<String>,
    /// The stage in this region: `none`, `prepare`, `ramp` or `soak`.
    pub stage: &'static str,
    /// The share of the keys that have moved in this region, in basis points.
    pub weight: u16,
    /// How refreshes ended.
    pub reloads: ReloadMetrics,
    /// Requests that were reported, by cluster, op and outcome; those that never happened are left
    /// out.
    pub requests: Vec<RequestMetric>,
    /// The breakers of all nodes in the spec.
    pub breakers: Vec<BreakerMetric>,
    /// The breakers of its clusters, by name.
    pub cluster_breakers: Vec<ClusterBreakerMetric>,
    /// The invalidations that were lost, for each cluster of the spec, by name.
    pub debts: Vec<Debt>,
    /// The keys whose invalidation is to be sent again.
    pub owed: OwedMetrics,
    /// What is uneven in the spec in force, by cluster name; see [`crate::Snapshot::warnings`].
    pub warnings: Vec<Warning>,
}

/// How refreshes ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReloadMetrics {
    /// Refreshes and applies that have ended, however they did: a number that stands still means that nobody watches.
    pub refreshes: u64,
    /// A new spec was put in force, the first one included.
    pub applied: u64,
    /// The file held the spec in force.
    pub unchanged: u64,
    /// The file was bad; counted once for as long as it stays the same.
    pub rejected: u64,
    /// A spec was put in force that may not follow the one before; see [`crate::illegal_changes`].
    pub illegal: u64,
    /// The generations of the last such change and why it is illegal.
    pub last_illegal: Option<String>,
    /// When the file was last found good, in seconds since 1970; 0 if never.
    pub last_success: u64,
    /// What is wrong with the file at present: where (pointer, line and column), what, and what would be right.
    pub last_error: Option<String>,
    /// Its kind; see [`crate::ErrorKind::name`].
    pub last_error_kind: Option<&'static str>,
    /// Why the last good copy could not be written, if one is kept.
    pub last_good_error: Option<String>,
}

/// A count of requests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RequestMetric {
    /// The cluster.
    pub cluster: String,
    /// `read`, `fill` or `invalidate`.
    pub op: &'static str,
    /// `hit`, `miss`, `ok`, `error`, `timeout`, `unreachable` or `unsent`.
    pub outcome: &'static str,
    /// How many.
    pub count: u64,
}

/// The state of a breaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BreakerMetric {
    /// The cluster.
    pub cluster: String,
    /// The node's id.
    pub node: String,
    /// What the breaker lets through.
    pub state: BreakerState,
    /// How often it has opened, failed probes included.
    pub opened: u64,
}

/// The state of a cluster's breaker: one that is open keeps this process from reading the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ClusterBreakerMetric {
    /// The cluster.
    pub cluster: String,
    /// What the breaker lets through.
    pub state: BreakerState,
    /// How often it has opened, failed probes included.
    pub opened: u64,
}

impl Metrics {
    pub(crate) fn collect(
        snapshot: &Snapshot,
        region: Option<&str>,
        reloads: ReloadMetrics,
        pool: &NodePool,
    ) -> Self {
        let mut requests = Vec::new();
        for (cluster, [op, outcome], count) in sums(pool) {
            requests.push(RequestMetric {
                cluster,
                op,
                outcome,
                count,
            });
        }
        let breakers = snapshot.nodes().map(|node| BreakerMetric {
            cluster: node.cluster().to_owned(),
            node: node.id().to_owned(),
            state: node.breaker(),
            opened: node.health().opened(),
        });
        let uptime = pool.troubled().now();
        let cluster_breakers = snapshot.clusters().iter().map(|(name, cluster)| {
            let (cluster, breaker) = (name.clone(), cluster.breaker());
            ClusterBreakerMetric {
                cluster,
                state: breaker.state(uptime),
                opened: breaker.breaker().opened(),
            }
        });
        Self {
            generation: snapshot.generation(),
            digest: snapshot.digest().to_owned(),
            epoch: snapshot.epoch(),
            region: region.map(str::to_owned),
            stage: snapshot.stage().name(),
            weight: snapshot.weight(),
            reloads,
            requests,
            breakers: breakers.collect(),
            cluster_breakers: cluster_breakers.collect(),
            debts: debts(snapshot),
            owed: pool.owed().metrics(),
            warnings: snapshot.warnings().to_vec(),
        }
    }
}

/// The counters of all nodes together, by cluster, op and outcome; without those that are 0.
fn sums(pool: &NodePool) -> Vec<(String, [&'static str; 2], u64)> {
    let kinds = || {
        Op::ALL
            .iter()
            .flat_map(|&op| Outcome::ALL.map(|outcome| (op, outcome)))
    };
    let mut sums: Vec<(String, Vec<u64>)> = Vec::new();
    pool.with_counters(|cluster, counters| {
        if sums.last().is_none_or(|(last, _)| last != cluster) {
            sums.push((cluster.to_owned(), vec![0; kinds().count()]));
        }
        if let Some((_, sum)) = sums.last_mut() {
            for (sum, (op, outcome)) in sum.iter_mut().zip(kinds()) {
                *sum += counters.get(op, outcome);
            }
        }
    });
    let of_cluster = |(cluster, counts): (String, Vec<u64>)| {
        let named = kinds().map(|(op, outcome)| [op.name(), outcome.name()]);
        let counted = named.zip(counts).filter(|&(_, count)| count > 0);
        counted
            .map(move |(kind, count)| (cluster.clone(), kind, count))
            .collect::<Vec<_>>()
    };
    sums.into_iter().flat_map(of_cluster).collect()
}

/// What is owed to each cluster of a spec.
pub(crate) fn debts(snapshot: &Snapshot) -> Vec<Debt> {
    let (spec, now) = (snapshot.spec(), snapshot.uptime());
    let of = |name: &String| {
        let nodes = snapshot.nodes().filter(|node| node.cluster() == name);
        debt_of(name, nodes.map(|node| node.debt()), spec.max_ttl, now)
    };
    spec.clusters.keys().map(of).collect()
}

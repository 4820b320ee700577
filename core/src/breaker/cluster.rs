//! The breaker of a whole cluster: whether this process reads it at all.

use std::sync::Arc;

use crate::breaker::{Breaker, BreakerState, Troubled, Turn};
use crate::spec::{ALL_BASIS_POINTS, BreakerSpec};
use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// What a process thinks of a cluster as a whole.
#[derive(Debug)]
pub(crate) struct ClusterBreaker {
    breaker: Breaker,
    /// Whether so many nodes are open that their breakers are not heeded.
    fails_open: AtomicBool,
    failures: AtomicU64,
}

impl ClusterBreaker {
    pub(crate) fn new(salt: u64, troubled: Arc<Troubled>) -> Self {
        Self {
            breaker: Breaker::new(salt, troubled),
            fails_open: AtomicBool::new(false),
            failures: AtomicU64::new(0),
        }
    }

    pub(crate) fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    pub(crate) fn state(&self, now: u64) -> BreakerState {
        self.breaker.state(now)
    }

    pub(crate) fn closed_at(&self) -> u64 {
        self.breaker.closed_at()
    }

    /// Whether breakers of nodes are not heeded, with so many of them open: more than `max_ejected`
    /// say more about this process than about the nodes. From then on until only half as many are,
    /// or a single one, so that a cluster at the limit is not treated now so and now otherwise.
    ///
    /// Asked whenever a breaker opens: what was true of an earlier trouble says nothing of a new one.
    pub(crate) fn fails_open(&self, open: usize, nodes: usize, max_ejected: u16) -> bool {
        const ONE: usize = ALL_BASIS_POINTS as usize;
        let was = self.fails_open.load(Ordering::Relaxed);
        let limit = usize::from(max_ejected) * nodes;
        let open = open * ONE;
        let still = was && open > ONE && 2 * open > limit;
        let is = open > limit || still;
        if is != was {
            self.fails_open.store(is, Ordering::Relaxed);
        }
        is
    }

    /// A request to one of so many nodes failed; `is_bad` says whether the cluster is to be left
    /// alone. To know it takes a look at all nodes, so of a large cluster not every failure asks.
    pub(crate) fn failed(
        &self,
        now: u64,
        nodes: usize,
        settings: &BreakerSpec,
        is_bad: impl FnOnce() -> bool,
    ) -> Option<Turn> {
        const LOOK_AT: u64 = 64;
        let failures = self.failures.fetch_add(1, Ordering::Relaxed);
        let asks = failures.is_multiple_of(1 + nodes as u64 / LOOK_AT);
        // While open, this may be the probe.
        let over = self.breaker.is_open() || (asks && is_bad());
        over.then(|| self.breaker.trip(now, settings))?
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn failing_open_ends_at_half_of_where_it_begins() {
        let cluster = ClusterBreaker::new(1, Arc::default());
        let mut seen = Vec::new();
        for open in [4, 5, 6, 5, 4, 3, 2, 3, 4, 5, 6] {
            seen.push(cluster.fails_open(open, 10, 5_000));
        }
        let (no, yes) = (false, true);
        assert_eq!(
            seen,
            [no, no, yes, yes, yes, yes, no, no, no, no, yes],
            "from 6 of 10 until 2 of 10"
        );
    }

    #[test]
    fn failing_open_ends_with_a_single_node_of_a_few() {
        for (nodes, max_ejected, begins) in
            [(2, 5_000, 2), (3, 5_000, 2), (4, 5_000, 3), (10, 1_000, 2)]
        {
            let cluster = ClusterBreaker::new(1, Arc::default());
            assert!(cluster.fails_open(begins, nodes, max_ejected));
            assert!(!cluster.fails_open(1, nodes, max_ejected), "{nodes}");
        }
        let none_may = ClusterBreaker::new(1, Arc::default());
        assert!(none_may.fails_open(1, 3, 0) && none_may.fails_open(1, 3, 3_000));
    }

    #[test]
    fn of_a_large_cluster_not_every_failure_is_judged() {
        let cluster = ClusterBreaker::new(1, Arc::default());
        let mut looked = 0;
        for _ in 0..1_000 {
            let settings = BreakerSpec::default();
            let turn = cluster.failed(1, 640, &settings, || {
                looked += 1;
                false
            });
            assert_eq!(turn, None);
        }
        assert_eq!(looked, 91);
    }
}

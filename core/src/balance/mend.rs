//! What would make a ring even enough, found by trying it.

use std::fmt;

use super::{EVEN_ENOUGH, fullest};
use crate::cluster::Cluster;
use crate::limits;
use crate::node::NodePool;
use crate::placement::max_load;
use crate::spec::{ALL_BASIS_POINTS, ClusterSpec, PlacementSpec};

/// Bounds to try, the loosest last: what a bound moves besides the ideal falls quickly with it.
const BOUNDS: [u32; 2] = [11_000, 11_500];

/// The largest ring that is built only to see whether it would do.
const MOST_TRIED: u64 = 1 << 19;

/// Numbers of virtual nodes are rounded up to a multiple of this, for people.
const ROUND: u32 = 32;

/// What was found; each of the two is enough.
#[derive(Debug, Default)]
pub(super) struct Mend {
    pub(super) vnodes: Option<u32>,
    pub(super) max_load: Option<u32>,
}

impl fmt::Display for Mend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |bound: u32| f64::from(bound) / f64::from(max_load::ONE);
        match (self.vnodes, self.max_load.map(bound)) {
            (Some(vnodes), Some(bound)) => {
                write!(f, "`vnodes` {vnodes} or `max_load` {bound} would mend it")
            }
            (Some(vnodes), None) => write!(f, "`vnodes` {vnodes} would mend it"),
            (None, Some(bound)) => write!(f, "`max_load` {bound} would mend it"),
            (None, None) => write!(
                f,
                "no `vnodes` or `max_load` was found that mends it with at most {MOST_TRIED} points"
            ),
        }
    }
}

/// Tries on a cluster with this load what would mend it. `others` are the points of the spec's other
/// clusters, which count for the limit of all.
pub(super) fn find(cluster: &ClusterSpec, load: u64, others: u64) -> Mend {
    let PlacementSpec::Ring {
        vnodes,
        seed,
        max_load,
    } = cluster.placement
    else {
        return Mend::default();
    };
    let would_do = |vnodes: u32, max_load: Option<u32>| {
        let placement = PlacementSpec::Ring {
            vnodes,
            seed,
            max_load,
        };
        is_even_enough(cluster, placement)
    };
    let weight = cluster.points() / u64::from(vnodes);
    let most = MOST_TRIED.min(limits::MAX_POINTS.saturating_sub(others));
    let fits = |vnodes: u32| vnodes <= limits::MAX_VNODES && weight * u64::from(vnodes) <= most;
    let guesses = std::iter::successors(Some(first_guess(vnodes, load)), |&tried| {
        Some((tried + tried / 2).next_multiple_of(ROUND))
    });
    let mut bounds = BOUNDS.into_iter();
    Mend {
        vnodes: guesses
            .take_while(|&guess| fits(guess))
            .find(|&guess| would_do(guess, max_load)),
        max_load: bounds.find(|&bound| fits(vnodes) && would_do(vnodes, Some(bound))),
    }
}

/// Shares stray by the root of the number of points, so that what is too much falls with it.
fn first_guess(vnodes: u32, load: u64) -> u32 {
    let even = u64::from(ALL_BASIS_POINTS);
    let (over, allowed) = (load - even, EVEN_ENOUGH - even);
    let times = u128::from(over).pow(2) * u128::from(vnodes) / u128::from(allowed).pow(2);
    let least = u32::try_from(times)
        .unwrap_or(u32::MAX)
        .min(limits::MAX_VNODES);
    least.max(vnodes + 1).next_multiple_of(ROUND)
}

fn is_even_enough(cluster: &ClusterSpec, placement: PlacementSpec) -> bool {
    let tried = ClusterSpec {
        placement,
        // Owners alone count.
        replicas: 1,
        ..cluster.clone()
    };
    Cluster::compile("", &tried, &NodePool::default(), None)
        .ok()
        .and_then(|compiled| fullest(&compiled, &tried))
        .is_some_and(|(_, load)| load <= EVEN_ENOUGH)
}

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

/// Points, as the limit of a spec counts them, of all rings together that are built for one spec only to see whether
/// they would do: metrics are asked for while the process serves.
pub(super) const MOST_TRIED: u64 = 1 << 20;

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
                "no `vnodes` or `max_load` was found that mends it by trying at most {MOST_TRIED} points"
            ),
        }
    }
}

/// Tries on a cluster with this load what would mend it. `others` are the points of the spec's other
/// clusters, which count for the limit of all; `left` are those that may still be tried.
pub(super) fn find(cluster: &ClusterSpec, load: u64, others: u64, left: &mut u64) -> Mend {
    let PlacementSpec::Ring {
        vnodes,
        seed,
        max_load,
    } = cluster.placement
    else {
        return Mend::default();
    };
    // Nothing if it may not be tried.
    let mut would_do = |vnodes: u32, max_load: Option<u32>| {
        let tried = ClusterSpec {
            placement: PlacementSpec::Ring {
                vnodes,
                seed,
                max_load,
            },
            ..cluster.clone()
        };
        let points = tried.counted_points();
        let legal = vnodes <= limits::MAX_VNODES && points + others <= limits::MAX_POINTS;
        *left = left.checked_sub(points).filter(|_| legal)?;
        Some(is_even_enough(tried))
    };
    // Few are tried of these, so they come first.
    let mut bounds = BOUNDS.into_iter();
    let bound = bounds.find(|&bound| would_do(vnodes, Some(bound)) == Some(true));
    let guesses = std::iter::successors(Some(first_guess(vnodes, load)), |&tried| {
        Some((tried + tried / 2).next_multiple_of(ROUND))
    });
    let mut guesses = guesses.map_while(|guess| Some((guess, would_do(guess, max_load)?)));
    Mend {
        vnodes: guesses.find(|&(_, does)| does).map(|(guess, _)| guess),
        max_load: bound,
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

fn is_even_enough(mut tried: ClusterSpec) -> bool {
    // Owners alone count.
    tried.replicas = 1;
    Cluster::compile("", &tried, &NodePool::default())
        .ok()
        .and_then(|compiled| fullest(&compiled, &tried))
        .is_some_and(|(_, load)| load <= EVEN_ENOUGH)
}

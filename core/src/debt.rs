//! Invalidations that were never acknowledged: what a cluster may still hold that is no longer true.
//!
//! Another process may read such a value for as long as it can live. So a debt stays open, also if the
//! invalidation is sent again later, until the spec's `max_ttl` (or that at the time of the loss, if it was longer) and the life of
//! a token have passed since the last loss, or the cluster gets another `key_prefix`. Whoever changes stages asks first, and does not move towards a cluster with a
//! debt.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use crate::token::TOKEN_LIFE;

/// Invalidations that were lost at one cluster under its present `key_prefix`, as far as this process knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Debt {
    /// The cluster.
    pub cluster: String,
    /// How many invalidations were reported as an error or a timeout.
    pub lost: u64,
    /// When the last of them was, in seconds since 1970; 0 if there was none.
    pub last: u64,
    /// Whether a value that it should have removed may still be there.
    pub open: bool,
}

/// What is owed to a node under a key prefix, whatever clusters it is a node of. Written on failures only.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    lost: AtomicU64,
    latest: AtomicU64,
    /// Until when a value may live that was stored under the `max_ttl` in force at a loss, which a later spec
    /// may lower: for values that are there that changes nothing.
    until: AtomicU64,
}

impl Owed {
    /// Notes a lost invalidation; `now` in milliseconds since 1970.
    pub(crate) fn lose(&self, now: u64, max_ttl: Option<Duration>) {
        self.until
            .fetch_max(end_of_life(now, max_ttl), Ordering::Release);
        // First the time: a debt that is seen is never older than it was.
        self.latest.fetch_max(now, Ordering::Release);
        self.lost.fetch_add(1, Ordering::Release);
    }
}

/// The debt of a cluster: what is owed to any of its nodes. `now` in milliseconds since 1970; with no `max_ttl` a value
/// may live for ever.
pub(crate) fn debt_of<'n>(
    cluster: &str,
    nodes: impl Iterator<Item = &'n Owed>,
    max_ttl: Option<Duration>,
    now: u64,
) -> Debt {
    let (mut lost, mut latest, mut until) = (0, 0, 0);
    for owed in nodes {
        lost += owed.lost.load(Ordering::Acquire);
        latest = latest.max(owed.latest.load(Ordering::Acquire));
        until = until.max(owed.until.load(Ordering::Acquire));
    }
    // A clock that was set back leaves it open.
    let over = now > until.max(end_of_life(latest, max_ttl));
    Debt {
        cluster: cluster.to_owned(),
        lost,
        last: latest / 1000,
        open: lost > 0 && !over,
    }
}

/// When the last value is gone that was stored at a time in milliseconds, or later by a token of that time.
fn end_of_life(stored: u64, max_ttl: Option<Duration>) -> u64 {
    let life = max_ttl.and_then(|longest| u64::try_from((longest + TOKEN_LIFE).as_millis()).ok());
    life.map_or(u64::MAX, |life| stored.saturating_add(life))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_debt_is_open_until_no_value_can_live_any_more() {
        let owed = [Owed::default(), Owed::default()];
        let of = |max_ttl, now| debt_of("a", owed.iter(), max_ttl, now);
        let minute = Some(Duration::from_secs(60));
        assert!(!of(minute, 5_000).open);
        owed[0].lose(10_000, minute);
        owed[1].lose(9_000, minute);
        let debt = of(minute, 100_000);
        assert_eq!((debt.lost, debt.last, debt.open), (2, 10, true));
        assert!(!of(minute, 100_001).open);
        assert!(of(None, u64::MAX).open);
        assert!(of(minute, 0).open, "the clock was set back");
    }

    #[test]
    fn a_lower_max_ttl_does_not_close_the_debts_from_before() {
        let owed = [Owed::default()];
        let (hour, minute) = (
            Some(Duration::from_secs(3_600)),
            Some(Duration::from_secs(60)),
        );
        owed[0].lose(0, hour);
        let is_open = |max_ttl, now| debt_of("a", owed.iter(), max_ttl, now).open;
        assert!(is_open(minute, 3_630_000));
        assert!(!is_open(minute, 3_630_001));
        assert!(
            is_open(Some(Duration::from_secs(7_200)), 3_630_001),
            "a higher one counts"
        );
    }
}

//! Invalidations that were never acknowledged: what a cluster may still hold that is no longer true.
//!
//! Another process may read such a value for as long as it can live. So a debt stays open, also if the invalidation is
//! sent again later, until the spec's `max_ttl` (or that at the time of the loss, if it was longer) and the life of a
//! token have passed since the last loss, or the cluster gets another `key_prefix`. Whoever changes stages asks first,
//! and does not move towards a cluster with a debt.

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
    /// How many invalidations were reported as an error, a timeout, unreachable or unsent.
    pub lost: u64,
    /// When the last of them was, in seconds since 1970; 0 if there was none.
    pub last: u64,
    /// Whether a value that it should have removed may still be there.
    pub open: bool,
}

/// The debt of a node under a key prefix, whatever clusters it is a node of. Written on failures only.
///
/// Times are those of breakers, by a clock that nobody sets: one that is set forward would close the debt while the value
/// lives.
#[derive(Debug, Default)]
pub(crate) struct NodeDebt {
    lost: AtomicU64,
    latest: AtomicU64,
    /// Until when a value may live that was stored under the `max_ttl` in force at a loss or an earlier one, which a later
    /// spec may lower: for values that are there that changes nothing.
    until: AtomicU64,
    /// When the latest loss was by the machine's clock, in milliseconds since 1970; to be shown.
    shown: AtomicU64,
}

impl NodeDebt {
    /// Notes an invalidation that was lost just `now`; no value that it should have removed lives after `until`. `shown` is
    /// the time by the machine's clock, in milliseconds since 1970.
    pub(crate) fn lose(&self, [now, until]: [u64; 2], shown: u64) {
        self.until.fetch_max(until, Ordering::Release);
        // First the time: a debt that is seen is never older than it was.
        self.latest.fetch_max(now, Ordering::Release);
        self.shown.store(shown, Ordering::Release);
        self.lost.fetch_add(1, Ordering::Release);
    }

    fn is_open_at(&self, now: u64, max_ttl: Option<Duration>) -> bool {
        let lost = self.lost.load(Ordering::Acquire);
        let latest = self.latest.load(Ordering::Acquire);
        let until = self.until.load(Ordering::Acquire);
        lost > 0 && now <= until.max(end_of_life(latest, max_ttl))
    }
}

/// The debt of a cluster: what is owed to any of its nodes. With no `max_ttl` a value may live for ever.
pub(crate) fn debt_of<'n>(
    cluster: &str,
    nodes: impl Iterator<Item = &'n NodeDebt>,
    max_ttl: Option<Duration>,
    now: u64,
) -> Debt {
    let (mut lost, mut shown, mut open) = (0, 0, false);
    for owed in nodes {
        lost += owed.lost.load(Ordering::Acquire);
        shown = shown.max(owed.shown.load(Ordering::Acquire));
        open |= owed.is_open_at(now, max_ttl);
    }
    Debt {
        cluster: cluster.to_owned(),
        lost,
        last: shown / 1000,
        open,
    }
}

/// When the last value is gone that was stored at a time in milliseconds, or later by a token of that time.
pub(crate) fn end_of_life(stored: u64, max_ttl: Option<Duration>) -> u64 {
    let life = max_ttl.and_then(|longest| u64::try_from((longest + TOKEN_LIFE).as_millis()).ok());
    life.map_or(u64::MAX, |life| stored.saturating_add(life))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Options, Router};

    fn lose(owed: &NodeDebt, now: u64, shown: u64, max_ttl: Option<Duration>) {
        owed.lose([now, end_of_life(now, max_ttl)], shown);
    }

    #[test]
    fn a_debt_is_open_until_no_value_can_live_any_more() {
        let owed = [NodeDebt::default(), NodeDebt::default()];
        let of = |max_ttl, now| debt_of("a", owed.iter(), max_ttl, now);
        let minute = Some(Duration::from_secs(60));
        assert!(!of(minute, 5_000).open);
        lose(&owed[0], 10_000, 1_700_000_010_999, minute);
        lose(&owed[1], 9_000, 1_700_000_009_000, minute);
        let debt = of(minute, 100_000);
        assert_eq!((debt.lost, debt.last, debt.open), (2, 1_700_000_010, true));
        assert!(!of(minute, 100_001).open);
        assert!(of(None, u64::MAX).open);
    }

    #[test]
    fn a_clock_that_is_set_neither_closes_a_debt_nor_keeps_it_open() {
        let minute = Some(Duration::from_secs(60));
        for shown in [0, u64::MAX] {
            let owed = [NodeDebt::default()];
            // By the machine's clock the loss was in 1970, or is in the far future.
            lose(&owed[0], 1, shown, minute);
            assert!(debt_of("a", owed.iter(), minute, 90_001).open);
            assert!(!debt_of("a", owed.iter(), minute, 90_002).open);
        }
    }

    #[test]
    fn a_lower_max_ttl_does_not_close_the_debts_from_before() {
        let owed = NodeDebt::default();
        let (hour, minute) = (
            Some(Duration::from_secs(3_600)),
            Some(Duration::from_secs(60)),
        );
        lose(&owed, 0, 0, hour);
        assert!(owed.is_open_at(3_630_000, minute));
        assert!(!owed.is_open_at(3_630_001, minute));
        let two_hours = Some(Duration::from_secs(7_200));
        assert!(owed.is_open_at(3_630_001, two_hours), "a higher one counts");
    }

    #[test]
    fn what_was_stored_before_max_ttl_was_lowered_keeps_its_time() {
        let spec = |generation: u32, max_ttl: &str| {
            format!(
                r#"{{"format":1,"generation":{generation},"primary":"a",{max_ttl}"clusters":{{
                    "a":{{"placement":{{"kind":"ring"}},"nodes":[{{"id":"n","address":"/n"}}]}}}}}}"#
            )
        };
        let end = |before: &str| {
            let router = Router::from_spec(spec(1, before).as_bytes(), Options::default()).unwrap();
            for (generation, max_ttl) in [(2, r#""max_ttl":"60s","#), (3, r#""max_ttl":"1s","#)] {
                router.apply(spec(generation, max_ttl).as_bytes()).unwrap();
            }
            let now = router.snapshot().uptime();
            router
                .with(|snapshot| snapshot.end_of_life(now))
                .saturating_sub(now)
        };
        assert!((3_600_000..=3_630_000).contains(&end(r#""max_ttl":"1h","#)));
        assert!(
            (60_000..=90_000).contains(&end(r#""max_ttl":"1s","#)),
            "the one between counts"
        );
        assert!(end("") > u64::MAX / 2, "without one it may live for ever");
    }
}

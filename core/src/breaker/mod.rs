//! Breakers: this process' opinion of the health of a node, or of a whole cluster.
//!
//! A breaker is one word. Closed without failures is 0. Only failures, and the first success after
//! one, change it; a success where all is well writes nothing. A router's breakers also share the
//! number of those that are not 0, so that while all is well a route costs one load for all of them.

mod cluster;
#[cfg(all(test, loom))]
mod loom_tests;
mod word;

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::spec::BreakerSpec;
use crate::sync::{AtomicU64, Ordering};
pub(crate) use cluster::ClusterBreaker;
use word::Word;

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One request, to see whether the node, or the cluster, is back.
    HalfOpen,
}

impl BreakerState {
    /// The name of this state in every language and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// How many of a router's breakers have something to say, and one more while keys are owed. Lags behind by a moment: a
/// reader may still miss a breaker that has just opened, as if it had come before, or look for one in vain.
#[derive(Debug)]
pub(crate) struct Troubled {
    count: AtomicU64,
    opened: Instant,
}

impl Default for Troubled {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            opened: Instant::now(),
        }
    }
}

impl Troubled {
    /// Whether no breaker has anything to say.
    #[inline]
    pub(crate) fn is_nobody(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// One more, or one less, has something to say.
    pub(crate) fn count_one(&self, more: bool) {
        if more {
            self.count.fetch_add(1, Ordering::Relaxed);
        } else {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Milliseconds since the router was opened: the time of breakers, which no clock that is set can
    /// disturb. Never 0.
    pub(crate) fn now(&self) -> u64 {
        milliseconds(self.opened.elapsed()).saturating_add(1)
    }
}

/// How a report changed a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It was closed, and is open.
    Opened,
    /// The probe failed: it is open for longer.
    Reopened,
    /// It was open, and is closed.
    Closed,
}

/// One breaker. A node's is shared by all clusters that the node is in.
#[derive(Debug)]
pub(crate) struct Breaker {
    word: AtomicU64,
    /// When it last closed, in milliseconds, and above these the trips that it had then.
    past: AtomicU64,
    opened: AtomicU64,
    /// Makes the jitter of nodes that fail together differ.
    salt: u64,
    troubled: Arc<Troubled>,
}

const PAST_BITS: u32 = 48;

impl Breaker {
    pub(crate) fn new(salt: u64, troubled: Arc<Troubled>) -> Self {
        Self {
            word: AtomicU64::new(0),
            past: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            salt,
            troubled,
        }
    }

    /// Whether the breaker has nothing to say.
    #[cfg(test)]
    pub(crate) fn is_quiet(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0
    }

    /// The time by which it goes.
    pub(crate) fn now(&self) -> u64 {
        self.troubled.now()
    }

    /// Whether requests are to be kept away. An open breaker whose time is over gives one caller
    /// the probe: for that caller it is not open.
    pub(crate) fn refuses(&self, now: u64) -> bool {
        let bits = self.word.load(Ordering::Relaxed);
        let word = Word::unpack(bits);
        if !word.open {
            return false;
        }
        let lease = word.leased(now).pack();
        word.is_shut(now)
            || self
                .word
                .compare_exchange(bits, lease, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
    }

    /// Whether it is open and no probe is due.
    pub(crate) fn is_shut(&self, now: u64) -> bool {
        self.word().is_shut(now)
    }

    /// Whether it is open or being probed.
    pub(crate) fn is_open(&self) -> bool {
        self.word().open
    }

    pub(crate) fn state(&self, now: u64) -> BreakerState {
        self.word().state(now)
    }

    /// How often it has opened.
    pub(crate) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    /// When it last closed; 0 if it never did.
    pub(crate) fn closed_at(&self) -> u64 {
        self.past.load(Ordering::Relaxed) & ((1 << PAST_BITS) - 1)
    }

    fn word(&self) -> Word {
        Word::unpack(self.word.load(Ordering::Relaxed))
    }

    /// A request was answered.
    pub(crate) fn succeeded(&self, now: u64) -> Option<Turn> {
        let (before, after) = self.change(Word::answered);
        let closed = before.open && !after.open;
        if closed {
            self.past
                .store(before.trips << PAST_BITS | now, Ordering::Relaxed);
        }
        closed.then_some(Turn::Closed)
    }

    /// Whatever was known is forgotten.
    pub(crate) fn forget(&self) {
        self.change(|_| Word::default());
        self.past.store(0, Ordering::Relaxed);
    }

    /// A request failed. If the breaker is closed, `enough` says whether it opens with so many
    /// failures in a row. If a probe is due, one that was not answered at all is as good as a probe that failed: there may
    /// be no reads that could be one.
    pub(crate) fn failed(
        &self,
        now: u64,
        settings: &BreakerSpec,
        unanswered: bool,
        enough: impl Fn(u64) -> bool,
    ) -> Option<Turn> {
        let open_again =
            |trips| Word::opened(trips + 1, now + self.open_time(now, trips, settings));
        let (before, after) = self.change(|word| match (word.open, word.probing) {
            (true, true) => open_again(word.trips),
            (true, false) if unanswered && !word.is_shut(now) => open_again(word.trips),
            (true, false) => word,
            (false, _) if enough(word.failures + 1) => open_again(self.trips(now, settings)),
            (false, _) => Word {
                failures: word.failures + 1,
                ..word
            },
        });
        self.tell(before, after)
    }

    /// Opens if it is closed, or if it was being probed.
    fn trip(&self, now: u64, settings: &BreakerSpec) -> Option<Turn> {
        self.failed(now, settings, false, |_| true)
    }

    fn tell(&self, before: Word, after: Word) -> Option<Turn> {
        if before == after || !after.open {
            return None;
        }
        self.opened.fetch_add(1, Ordering::Relaxed);
        Some(if before.open {
            Turn::Reopened
        } else {
            Turn::Opened
        })
    }

    /// What a breaker that opens begins with: one that fails again soon after it closed goes on
    /// doubling, so that what flaps is not asked again and again.
    fn trips(&self, now: u64, settings: &BreakerSpec) -> u64 {
        let recent = now.saturating_sub(self.closed_at()) < milliseconds(settings.max_open);
        let trips = self.past.load(Ordering::Relaxed) >> PAST_BITS;
        if recent { trips } else { 0 }
    }

    /// Doubles with every trip up to the limit, jittered by a quarter either way so that processes
    /// and nodes that failed together are not probed together.
    fn open_time(&self, now: u64, trips: u64, settings: &BreakerSpec) -> u64 {
        let longest = milliseconds(settings.max_open);
        let base = milliseconds(settings.open).saturating_mul(1 << trips.min(20));
        let time = base.min(longest);
        let random = xxh3_64_with_seed(&now.to_le_bytes(), self.salt) >> 48;
        let jittered = time * 3 / 4 + (time / 2).saturating_mul(random) / (1 << 16);
        jittered.min(longest)
    }

    /// Gives the words before and after.
    fn change(&self, change: impl Fn(Word) -> Word) -> (Word, Word) {
        let mut bits = self.word.load(Ordering::Relaxed);
        loop {
            let before = Word::unpack(bits);
            let changed = change(before).pack();
            if changed == bits {
                return (before, before);
            }
            match self.word.compare_exchange_weak(
                bits,
                changed,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    self.count(bits, changed);
                    return (before, Word::unpack(changed));
                }
                Err(now) => bits = now,
            }
        }
    }

    /// Keeps the number of troubled breakers after a change of the word.
    fn count(&self, before: u64, after: u64) {
        if (before == 0) != (after == 0) {
            self.troubled.count_one(before == 0);
        }
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn fail(breaker: &Breaker, now: u64, settings: &BreakerSpec) -> Option<Turn> {
        breaker.failed(now, settings, false, |row| {
            row >= u64::from(settings.failures)
        })
    }

    fn opened() -> (Breaker, BreakerSpec) {
        let (breaker, settings) = (Breaker::new(7, Arc::default()), BreakerSpec::default());
        for _ in 1..settings.failures {
            assert!(!breaker.refuses(0));
            assert_eq!(fail(&breaker, 0, &settings), None);
        }
        assert_eq!(fail(&breaker, 0, &settings), Some(Turn::Opened));
        assert_eq!(fail(&breaker, 0, &settings), None, "one that was under way");
        assert_eq!(breaker.opened(), 1);
        (breaker, settings)
    }

    #[test]
    fn consecutive_failures_open_it_and_a_success_between_them_does_not_count() {
        let (breaker, settings) = (Breaker::new(1, Arc::default()), BreakerSpec::default());
        for _ in 0..10 {
            fail(&breaker, 0, &settings);
            fail(&breaker, 0, &settings);
            breaker.succeeded(0);
            assert!(breaker.is_quiet());
        }
        let (breaker, _) = opened();
        assert!(breaker.refuses(0) && breaker.is_open());
    }

    #[test]
    fn what_is_not_answered_while_a_probe_is_due_is_one_that_failed() {
        let (breaker, settings) = opened();
        let fails = |now, unanswered| breaker.failed(now, &settings, unanswered, |_| false);
        assert_eq!(fails(0, true), None, "one that was under way");
        assert_eq!(fails(2_000, false), None, "it is alive");
        assert!(!breaker.is_shut(2_000));
        assert_eq!(fails(2_000, true), Some(Turn::Reopened));
        assert!(breaker.is_shut(2_000));
        assert_eq!(fails(2_000, true), None);
    }

    #[test]
    fn one_probe_is_let_through_and_replaced_when_it_is_lost() {
        let (breaker, _) = opened();
        let later = 2_000;
        assert!(!breaker.refuses(later), "the probe");
        assert!(breaker.refuses(later), "no second one");
        assert!(breaker.refuses(later + 4_999));
        assert!(!breaker.refuses(later + 5_000), "the lease is over");
        assert!(!breaker.troubled.is_nobody());
        assert_eq!(breaker.succeeded(later + 5_001), Some(Turn::Closed));
        assert!(breaker.is_quiet() && breaker.troubled.is_nobody());
    }

    #[test]
    fn open_time_doubles_up_to_the_limit() {
        let (breaker, settings) = opened();
        for trips in 0..10u32 {
            let expected = 1_000u64.saturating_mul(1 << trips).min(60_000);
            let time = breaker.open_time(5, u64::from(trips), &settings);
            assert!(
                (expected * 3 / 4..=(expected * 5 / 4).min(60_000)).contains(&time),
                "{trips}: {time}"
            );
        }
        assert!(!breaker.refuses(1_300));
        assert_eq!(fail(&breaker, 1_300, &settings), Some(Turn::Reopened));
        assert!(
            breaker.refuses(1_300 + 1_499),
            "the second time is twice as long"
        );
        assert!(!breaker.refuses(1_300 + 2_501));
    }

    #[test]
    fn what_flaps_is_left_alone_for_longer_and_longer() {
        let (breaker, settings) = opened();
        for trips in 1..8u32 {
            let now = breaker.word().until;
            assert!(!breaker.refuses(now));
            assert_eq!(breaker.succeeded(now), Some(Turn::Closed));
            for _ in 0..3 {
                fail(&breaker, now, &settings);
            }
            let least = 1_000u64.saturating_mul(1 << trips).min(60_000) * 3 / 4;
            assert!(breaker.word().until - now >= least, "{trips}");
        }
        // One that was well for as long as it may be open at the most starts afresh.
        let now = breaker.word().until;
        assert!(!breaker.refuses(now));
        breaker.succeeded(now);
        let now = now + 60_000;
        for _ in 0..3 {
            fail(&breaker, now, &settings);
        }
        assert!(breaker.word().until - now <= 1_250);
    }

    #[test]
    fn a_late_answer_does_not_close_an_open_breaker() {
        let (breaker, _) = opened();
        assert_eq!(breaker.succeeded(1), None);
        assert!(breaker.is_open());
    }
}

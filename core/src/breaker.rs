//! The breaker of a node: this process' opinion of its health, in one word.
//!
//! Closed without failures is 0. Only failures, and the first success after one, change the word;
//! a success on a healthy node writes nothing. A router's breakers also share the number of those
//! that are not 0, so that while all is well a route costs one load for all of its nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::spec::BreakerSpec;

/// How long the one probe of a half-open breaker may take before another is let through.
const PROBE_LEASE: Duration = Duration::from_secs(5);

/// What a breaker lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Everything.
    Closed,
    /// Nothing.
    Open,
    /// One request, to see whether the node is back.
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

/// How many of a router's breakers have something to say. Lags behind by a moment: a reader may
/// still miss a breaker that has just opened, as if it had come before, or look for one in vain.
#[derive(Debug, Default)]
pub(crate) struct Troubled(AtomicU64);

impl Troubled {
    /// Whether no breaker has anything to say.
    #[inline]
    pub(crate) fn is_nobody(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }
}

/// The breaker of one node, shared by all clusters that the node is in.
#[derive(Debug)]
pub(crate) struct Breaker {
    word: AtomicU64,
    started: Instant,
    /// Makes the jitter of nodes that fail together differ.
    salt: u64,
    troubled: Arc<Troubled>,
}

/// The word, taken apart. Bit 63 open, bit 62 probing, 8 bits failures, 6 bits trips, and in the
/// low 48 bits the time in milliseconds at which an open breaker lets a probe through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Word {
    open: bool,
    probing: bool,
    failures: u64,
    trips: u64,
    until: u64,
}

impl Word {
    const UNTIL: u64 = (1 << 48) - 1;

    fn unpack(bits: u64) -> Self {
        Self {
            open: bits >> 63 == 1,
            probing: (bits >> 62) & 1 == 1,
            failures: (bits >> 54) & 0xff,
            trips: (bits >> 48) & 0x3f,
            until: bits & Self::UNTIL,
        }
    }

    fn pack(self) -> u64 {
        u64::from(self.open) << 63
            | u64::from(self.probing) << 62
            | self.failures.min(0xff) << 54
            | self.trips.min(0x3f) << 48
            | self.until.min(Self::UNTIL)
    }
}

impl Breaker {
    pub(crate) fn new(salt: u64, troubled: Arc<Troubled>) -> Self {
        Self {
            word: AtomicU64::new(0),
            started: Instant::now(),
            salt,
            troubled,
        }
    }

    /// Whether the breaker has nothing to say.
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.word.load(Ordering::Relaxed) == 0
    }

    /// Whether requests are to be kept away. An open breaker whose time is over gives one caller
    /// the probe: for that caller it is not open.
    pub(crate) fn refuses(&self) -> bool {
        self.refuses_at(self.now())
    }

    fn refuses_at(&self, now: u64) -> bool {
        let bits = self.word.load(Ordering::Relaxed);
        let word = Word::unpack(bits);
        if !word.open {
            return false;
        }
        if now < word.until {
            return true;
        }
        // A probe that never reports is replaced when its lease ends.
        let lease = Word {
            probing: true,
            until: now + PROBE_LEASE.as_millis() as u64,
            ..word
        };
        self.word
            .compare_exchange(bits, lease.pack(), Ordering::Relaxed, Ordering::Relaxed)
            .is_err()
    }

    /// Whether the node counts as ejected: open or being probed.
    pub(crate) fn is_open(&self) -> bool {
        Word::unpack(self.word.load(Ordering::Relaxed)).open
    }

    pub(crate) fn state(&self) -> BreakerState {
        let word = Word::unpack(self.word.load(Ordering::Relaxed));
        match (word.open, word.probing || word.until <= self.now()) {
            (false, _) => BreakerState::Closed,
            (true, false) => BreakerState::Open,
            (true, true) => BreakerState::HalfOpen,
        }
    }

    /// A request to the node was answered.
    #[inline]
    pub(crate) fn succeeded(&self) {
        if !self.is_quiet() {
            self.change(|word| match (word.open, word.probing) {
                // An answer to a request that was sent before the node failed proves nothing.
                (true, false) => word,
                _ => Word::default(),
            });
        }
    }

    /// Whatever was known of the node's health is forgotten.
    pub(crate) fn forget(&self) {
        self.change(|_| Word::default());
    }

    /// A request to the node failed or timed out.
    pub(crate) fn failed(&self, settings: &BreakerSpec) {
        self.failed_at(self.now(), settings);
    }

    fn failed_at(&self, now: u64, settings: &BreakerSpec) {
        self.change(|word| match (word.open, word.probing) {
            (true, false) => word,
            (false, _) if word.failures + 1 < u64::from(settings.failures) => Word {
                failures: word.failures + 1,
                ..word
            },
            _ => Word {
                open: true,
                probing: false,
                failures: 0,
                trips: (word.trips + 1).min(0x3f),
                until: now + self.open_time(word.trips, settings),
            },
        });
    }

    /// Doubles with every trip up to the limit, jittered by a quarter either way so that processes
    /// and nodes that failed together are not probed together.
    fn open_time(&self, trips: u64, settings: &BreakerSpec) -> u64 {
        let base = (settings.open.as_millis() as u64).saturating_mul(1 << trips.min(20));
        let time = base.min(settings.max_open.as_millis() as u64);
        let random = xxh3_64_with_seed(&self.now().to_le_bytes(), self.salt) >> 48;
        let jittered = time * 3 / 4 + (time / 2).saturating_mul(random) / (1 << 16);
        jittered.min(settings.max_open.as_millis() as u64)
    }

    fn change(&self, change: impl Fn(Word) -> Word) {
        let mut bits = self.word.load(Ordering::Relaxed);
        loop {
            let changed = change(Word::unpack(bits)).pack();
            if changed == bits {
                return;
            }
            match self.word.compare_exchange_weak(
                bits,
                changed,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return self.count(bits, changed),
                Err(now) => bits = now,
            }
        }
    }

    /// Keeps the number of troubled breakers after a change of the word.
    fn count(&self, before: u64, after: u64) {
        match (before, after) {
            (0, 1..) => self.troubled.0.fetch_add(1, Ordering::Relaxed),
            (1.., 0) => self.troubled.0.fetch_sub(1, Ordering::Relaxed),
            _ => return,
        };
    }

    fn now(&self) -> u64 {
        // 48 bits of milliseconds last 8900 years.
        self.started.elapsed().as_millis() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Breaker, BreakerSpec) {
        let (breaker, settings) = (Breaker::new(7, Arc::default()), BreakerSpec::default());
        for _ in 0..settings.failures {
            assert!(!breaker.refuses_at(0));
            breaker.failed_at(0, &settings);
        }
        (breaker, settings)
    }

    #[test]
    fn consecutive_failures_open_it_and_a_success_between_them_does_not_count() {
        let (breaker, settings) = (Breaker::new(1, Arc::default()), BreakerSpec::default());
        for _ in 0..10 {
            breaker.failed(&settings);
            breaker.failed(&settings);
            breaker.succeeded();
            assert!(breaker.is_quiet());
        }
        let (breaker, _) = opened();
        assert!(breaker.refuses_at(0) && breaker.is_open());
    }

    #[test]
    fn one_probe_is_let_through_and_replaced_when_it_is_lost() {
        let (breaker, _) = opened();
        let later = 2_000;
        assert!(!breaker.refuses_at(later), "the probe");
        assert!(breaker.refuses_at(later), "no second one");
        assert!(breaker.refuses_at(later + 4_999));
        assert!(!breaker.refuses_at(later + 5_000), "the lease is over");
        assert!(!breaker.troubled.is_nobody());
        breaker.succeeded();
        assert!(breaker.is_quiet() && breaker.troubled.is_nobody());
    }

    #[test]
    fn open_time_doubles_up_to_the_limit() {
        let (breaker, settings) = opened();
        for trips in 0..10u32 {
            let expected = 1_000u64.saturating_mul(1 << trips).min(60_000);
            let time = breaker.open_time(u64::from(trips), &settings);
            assert!(
                (expected * 3 / 4..=(expected * 5 / 4).min(60_000)).contains(&time),
                "{trips}: {time}"
            );
        }
        assert!(!breaker.refuses_at(1_300));
        breaker.failed_at(1_300, &settings);
        assert!(
            breaker.refuses_at(1_300 + 1_499),
            "the second time is twice as long"
        );
        assert!(!breaker.refuses_at(1_300 + 2_501));
    }

    #[test]
    fn a_late_answer_does_not_close_an_open_breaker() {
        let (breaker, _) = opened();
        breaker.succeeded();
        assert!(breaker.is_open());
    }
}

//! The state of a breaker in one word, and how it moves from one to the next.

use crate::breaker::BreakerState;

/// How long the one probe of a half-open breaker may take before another is let through.
pub(super) const PROBE_LEASE_MS: u64 = 5_000;

/// The word, taken apart. Bit 63 open, bit 62 probing, 8 bits failures, 6 bits trips, and in the
/// low 48 bits the time in milliseconds at which an open breaker lets a probe through.
///
/// Closed without failures is 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) open: bool,
    /// A probe has been let through.
    pub(super) probing: bool,
    /// Failures in a row while closed.
    pub(super) failures: u64,
    /// How often it opened without having been closed for long.
    pub(super) trips: u64,
    pub(super) until: u64,
}

impl Word {
    /// 48 bits of milliseconds last 8900 years.
    const UNTIL: u64 = (1 << 48) - 1;
    const MOST_FAILURES: u64 = 0xff;
    const MOST_TRIPS: u64 = 0x3f;

    pub(super) fn unpack(bits: u64) -> Self {
        Self {
            open: bits >> 63 == 1,
            probing: (bits >> 62) & 1 == 1,
            failures: (bits >> 54) & Self::MOST_FAILURES,
            trips: (bits >> 48) & Self::MOST_TRIPS,
            until: bits & Self::UNTIL,
        }
    }

    pub(super) fn pack(self) -> u64 {
        u64::from(self.open) << 63
            | u64::from(self.probing) << 62
            | self.failures.min(Self::MOST_FAILURES) << 54
            | self.trips.min(Self::MOST_TRIPS) << 48
            | self.until.min(Self::UNTIL)
    }

    pub(super) fn opened(trips: u64, until: u64) -> Self {
        Self {
            open: true,
            trips: trips.min(Self::MOST_TRIPS),
            until,
            ..Self::default()
        }
    }

    /// Open, and not yet to be probed.
    pub(super) fn is_shut(self, now: u64) -> bool {
        self.open && now < self.until
    }

    /// One caller is let through. If it never reports, another is when the lease ends.
    pub(super) fn leased(self, now: u64) -> Self {
        Self {
            probing: true,
            until: now + PROBE_LEASE_MS,
            ..self
        }
    }

    /// After a request was answered.
    pub(super) fn answered(self) -> Self {
        match (self.open, self.probing) {
            // An answer to a request that was sent before the failures proves nothing.
            (true, false) => self,
            _ => Self::default(),
        }
    }

    pub(super) fn state(self, now: u64) -> BreakerState {
        match (self.open, self.probing || self.until <= now) {
            (false, _) => BreakerState::Closed,
            (true, false) => BreakerState::Open,
            (true, true) => BreakerState::HalfOpen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_is_lost_in_the_word(
            (open, probing) in any::<(bool, bool)>(),
            failures in 0..=Word::MOST_FAILURES,
            trips in 0..=Word::MOST_TRIPS,
            until in 0..=Word::UNTIL,
        ) {
            let word = Word { open, probing, failures, trips, until };
            prop_assert_eq!(Word::unpack(word.pack()), word);
        }
    }
}

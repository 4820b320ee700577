//! What happened to the requests of one node in one cluster, counted without contention.
//!
//! Each thread adds to one of a few stripes that lie on cache lines of their own.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind};
use crate::window::Recent;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// To get a value.
    Read,
    /// To store a value that was read elsewhere.
    Fill,
    /// To remove a value that is no longer true.
    Invalidate,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The value was there.
    Hit,
    /// The value was not there.
    Miss,
    /// The node did what was asked.
    Ok,
    /// The request failed: the node refused, or the connection broke.
    Error,
    /// The node did not answer in time.
    Timeout,
    /// There was no connection to the node and none could be made: nothing was sent. This opens
    /// its breaker at once.
    Unreachable,
    /// Nothing was sent, or its answer was not waited for, for a reason of the caller's own: no connection of its pool was
    /// free, it was closed meanwhile. This says nothing of the node.
    Unsent,
}

impl Op {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Read, Self::Fill, Self::Invalidate];

    /// The name in every language and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Fill => "fill",
            Self::Invalidate => "invalidate",
        }
    }
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Hit,
        Self::Miss,
        Self::Ok,
        Self::Error,
        Self::Timeout,
        Self::Unreachable,
        Self::Unsent,
    ];

    /// The name in every language and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Unsent => "unsent",
        }
    }

    /// Whether it speaks against the node's health.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Error | Self::Timeout | Self::Unreachable)
    }

    /// Whether the node may not have done what was asked.
    pub(crate) fn is_unacknowledged(self) -> bool {
        self.is_failure() || self == Self::Unsent
    }

    /// Whether the node gave no answer at all.
    pub(crate) fn is_unanswered(self) -> bool {
        matches!(self, Self::Timeout | Self::Unreachable)
    }
}

impl FromStr for Op {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|op| op.name() == text)
            .ok_or_else(|| unknown(text, "an op", &Self::ALL.map(Self::name)))
    }
}

impl FromStr for Outcome {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.name() == text)
            .ok_or_else(|| unknown(text, "an outcome", &Self::ALL.map(Self::name)))
    }
}

fn unknown(text: &str, noun: &str, known: &[&str]) -> Error {
    let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    Error::new(
        ErrorKind::InvalidArgument,
        format!("\"{shown}\" is not {noun}; use {}", known.join(", ")),
    )
}

const STRIPES: usize = 4;
const CELLS: usize = Op::ALL.len() * Outcome::ALL.len();

/// One cell for each op and outcome, on cache lines that no other stripe shares.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe([AtomicU64; CELLS]);

/// The counters of one node in one cluster. They only rise, for as long as the router lives.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    stripes: [Stripe; STRIPES],
}

/// Of so many requests of a kind in a thread, one looks at the clock.
const LOOKS: u64 = 64;

impl Counters {
    /// Whether it is time to look at the clock.
    #[inline]
    pub(crate) fn add(&self, op: Op, outcome: Outcome) -> bool {
        let before = self.stripes[stripe()].0[cell(op, outcome)].fetch_add(1, Ordering::Relaxed);
        before % LOOKS == LOOKS - 1
    }

    pub(crate) fn get(&self, op: Op, outcome: Outcome) -> u64 {
        let cell = cell(op, outcome);
        self.stripes
            .iter()
            .map(|stripe| stripe.0[cell].load(Ordering::Relaxed))
            .sum()
    }

    /// All requests so far that say something of the node, and those that failed.
    pub(crate) fn sum(&self) -> Recent {
        let mut sum = Recent::default();
        for op in Op::ALL {
            for outcome in Outcome::ALL {
                if outcome == Outcome::Unsent {
                    continue;
                }
                let count = self.get(op, outcome);
                sum.requests += count;
                sum.failures += if outcome.is_failure() { count } else { 0 };
            }
        }
        sum
    }
}

#[inline]
fn cell(op: Op, outcome: Outcome) -> usize {
    op as usize * Outcome::ALL.len() + outcome as usize
}

/// A number that is the same for all calls of one thread: threads keep their locals at different
/// addresses, so no shared counter is needed to tell them apart.
#[inline]
fn stripe() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    let address = HERE
        .try_with(|here| std::ptr::from_ref(here) as u64)
        .unwrap_or(0);
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 62) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_report_is_counted_whatever_thread_makes_it() {
        let counters = Counters::default();
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counters.add(Op::Read, Outcome::Hit);
                        counters.add(Op::Fill, Outcome::Ok);
                    }
                });
            }
        });
        assert_eq!(counters.get(Op::Read, Outcome::Hit), 16_000);
        assert_eq!(counters.get(Op::Fill, Outcome::Ok), 16_000);
        assert_eq!(counters.get(Op::Read, Outcome::Miss), 0);
        let (requests, failures) = (32_000, 0);
        assert_eq!(counters.sum(), Recent { requests, failures });
    }
}

//! What happened to the requests of one cluster, counted without contention.
//!
//! Each thread adds to one of a few stripes that lie on cache lines of their own.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind};

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
    /// The node could not be reached or refused.
    Error,
    /// The node did not answer in time.
    Timeout,
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
    pub const ALL: [Self; 5] = [Self::Hit, Self::Miss, Self::Ok, Self::Error, Self::Timeout];

    /// The name in every language and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
        }
    }

    /// Whether it speaks against the node's health.
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Error | Self::Timeout)
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

const STRIPES: usize = 8;
const CELLS: usize = Op::ALL.len() * Outcome::ALL.len();

/// One cell for each op and outcome, on cache lines that no other stripe shares.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; CELLS]);

/// The counters of one cluster. They only rise, for as long as the router lives.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    stripes: [Stripe; STRIPES],
}

impl Counters {
    #[inline]
    pub(crate) fn add(&self, op: Op, outcome: Outcome) {
        let cell = op as usize * Outcome::ALL.len() + outcome as usize;
        self.stripes[stripe()].0[cell].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self, op: Op, outcome: Outcome) -> u64 {
        let cell = op as usize * Outcome::ALL.len() + outcome as usize;
        self.stripes
            .iter()
            .map(|stripe| stripe.0[cell].load(Ordering::Relaxed))
            .sum()
    }
}

/// A number that is the same for all calls of one thread: threads keep their locals at different
/// addresses, so no shared counter is needed to tell them apart.
#[inline]
fn stripe() -> usize {
    thread_local!(static HERE: u8 = const { 0 });
    let address = HERE
        .try_with(|here| std::ptr::from_ref(here) as u64)
        .unwrap_or(0);
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 61) as usize
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
    }
}

//! How many requests there were in the last seconds, from counters that only rise.
//!
//! A counter on the way of every request cannot look at the clock. So the counts are noted now and
//! then, with the time: at every failure, and at every so many requests. What they were when the
//! window began lies between two notes, and is taken to have risen evenly between them.

use crate::spec::{ALL_BASIS_POINTS, BreakerSpec};
use crate::sync::{AtomicU64, Ordering};

/// Requests of a window, and how many of them failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    pub(crate) requests: u64,
    pub(crate) failures: u64,
}

impl Recent {
    /// Whether this is enough to say so, and the share of failures is not below `share`.
    pub(crate) fn is_bad(self, share: u16, settings: &BreakerSpec) -> bool {
        self.requests >= u64::from(settings.min_requests)
            && self.failures * u64::from(ALL_BASIS_POINTS) >= self.requests * u64::from(share)
    }
}

/// Parts of a window, each with one note at the most.
const PARTS: u64 = 10;
/// More than the parts of a window: the last note before it is to be kept.
const NOTES: usize = if cfg!(loom) { 3 } else { 16 };

/// Notes of how a pair of counters rose. Written without a lock: a note that is being written is
/// passed over by who reads, and one whose writer is gone is written again.
#[derive(Debug)]
pub(crate) struct Window {
    notes: [Note; NOTES],
}

#[derive(Debug)]
struct Note {
    /// The time in milliseconds, twice, and 1 more while the counts are being written. 0: no note.
    time: AtomicU64,
    /// Requests in the high half, failures in the low, both without what does not fit.
    counts: AtomicU64,
}

/// A time, and the counts at that time.
type Point = (u64, Recent);

impl Window {
    /// All counts are 0 at this time.
    pub(crate) fn new(now: u64) -> Self {
        let note = |at| Note {
            time: AtomicU64::new(if at == 0 { now << 1 } else { 0 }),
            counts: AtomicU64::new(0),
        };
        Self {
            notes: std::array::from_fn(note),
        }
    }

    /// Notes the counts, unless there is a note of this part of a window that is `length` long.
    pub(crate) fn note(&self, now: u64, length: u64, counts: impl FnOnce() -> Recent) {
        let part = |time: u64| time / (length / PARTS).max(1);
        let (mut oldest, mut time) = (&self.notes[0], u64::MAX);
        for note in &self.notes {
            let noted = note.time.load(Ordering::Relaxed);
            if noted != 0 && part(noted >> 1) >= part(now) {
                return;
            }
            if noted < time {
                (oldest, time) = (note, noted);
            }
        }
        let claim = now << 1 | 1;
        let claimed =
            (oldest.time).compare_exchange(time, claim, Ordering::Relaxed, Ordering::Relaxed);
        if claimed.is_ok() {
            oldest.counts.store(pack(counts()), Ordering::Release);
            oldest.time.store(now << 1, Ordering::Release);
        }
    }

    /// What was added since a time, if the counts are these now.
    pub(crate) fn since(&self, start: u64, now: u64, counts: Recent) -> Recent {
        let (mut before, mut after): (Option<Point>, Point) = (None, (now, truncated(counts)));
        for (time, counts) in self.notes.iter().filter_map(Note::read) {
            if time <= start && before.is_none_or(|(newest, _)| newest < time) {
                before = Some((time, counts));
            }
            if time > start && time <= after.0 {
                after = (time, counts);
            }
        }
        let then = before.map_or(after.1, |before| between(before, after, start));
        difference(truncated(counts), then)
    }
}

impl Note {
    fn read(&self) -> Option<Point> {
        let time = self.time.load(Ordering::Acquire);
        let counts = unpack(self.counts.load(Ordering::Acquire));
        // Written meanwhile?
        let whole = time & 1 == 0 && time != 0 && self.time.load(Ordering::Acquire) == time;
        whole.then_some((time >> 1, counts))
    }
}

/// The counts at a time between two.
fn between(before: Point, after: Point, time: u64) -> Recent {
    let (span, into) = (after.0.saturating_sub(before.0), time - before.0);
    let rise = difference(after.1, before.1);
    let part = |rise: u64| u128::from(rise) * u128::from(into) / u128::from(span.max(1));
    Recent {
        requests: before.1.requests + part(rise.requests) as u64,
        failures: before.1.failures + part(rise.failures) as u64,
    }
}

/// Counts are kept without their high half: between two notes they never rise by as much.
fn truncated(counts: Recent) -> Recent {
    unpack(pack(counts))
}

fn difference(after: Recent, before: Recent) -> Recent {
    let rise = |after: u64, before: u64| u64::from((after as u32).wrapping_sub(before as u32));
    Recent {
        requests: rise(after.requests, before.requests),
        failures: rise(after.failures, before.failures),
    }
}

fn pack(counts: Recent) -> u64 {
    counts.requests << 32 | counts.failures & u64::from(u32::MAX)
}

fn unpack(bits: u64) -> Recent {
    Recent {
        requests: bits >> 32,
        failures: bits & u64::from(u32::MAX),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const LENGTH: u64 = 10_000;

    fn counts(requests: u64, failures: u64) -> Recent {
        Recent { requests, failures }
    }

    #[test]
    fn what_left_the_window_does_not_count() {
        let window = Window::new(1);
        // Ten requests a second for a minute, the first half of it failing.
        for second in 1..=60 {
            let now = counts(second * 10, (second * 10).min(300));
            window.note(second * 1_000, LENGTH, || now);
            let recent = window.since((second * 1_000).saturating_sub(LENGTH), second * 1_000, now);
            if second >= 10 {
                let failures = 300u64.saturating_sub((second - 10) * 10).min(100);
                assert_eq!(recent, counts(100, failures), "{second}");
            }
        }
    }

    #[test]
    fn what_came_before_the_first_note_of_the_window_is_taken_to_be_even() {
        let window = Window::new(1);
        // An hour of requests without a note, then failures.
        let hour = 3_600_001;
        window.note(hour, LENGTH, || counts(3_600_000, 0));
        let recent = window.since(hour - LENGTH, hour + 5, counts(3_600_010, 10));
        assert_eq!(recent, counts(10_010, 10));
        // And a node that was not asked before them.
        let window = Window::new(1);
        window.note(hour, LENGTH, || counts(0, 0));
        let recent = window.since(hour - LENGTH, hour + 5, counts(20, 20));
        assert_eq!(recent, counts(20, 20));
    }

    #[test]
    fn counts_past_what_fits_go_on() {
        let window = Window::new(1);
        let most = u64::from(u32::MAX);
        window.note(5_000, LENGTH, || counts(most - 5, most - 1));
        let recent = window.since(5_000, 6_000, counts(most + 15, most + 3));
        assert_eq!(recent, counts(20, 4));
    }

    #[test]
    fn a_note_that_its_writer_left_unfinished_is_written_again() {
        let window = Window::new(1);
        let part = &window.notes[1];
        part.time.store(5_000 << 1 | 1, Ordering::Relaxed);
        assert_eq!(
            window.since(4_000, 6_000, counts(7, 7)).requests,
            7 - 4,
            "passed over: even from 0 at the start to 7 now"
        );
        for second in 6..=5 + NOTES as u64 {
            window.note(second * 1_000, LENGTH, || counts(70, 7));
        }
        assert_eq!(part.read(), Some((21_000, counts(70, 7))));
    }

    #[test]
    fn a_share_of_few_requests_says_nothing() {
        let settings = BreakerSpec::default();
        let is_bad = |failures, requests| Recent { requests, failures }.is_bad(5_000, &settings);
        assert!(!is_bad(19, 19));
        assert!(is_bad(10, 20));
        assert!(!is_bad(10, 21));
    }
}

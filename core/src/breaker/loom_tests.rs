//! Breakers and windows under every order of threads: `RUSTFLAGS="--cfg loom" cargo test --release
//! -p ringshift --lib loom`.

use std::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::window::{Recent, Window};

fn settings() -> BreakerSpec {
    BreakerSpec {
        failures: 2,
        open: Duration::from_secs(1),
        ..BreakerSpec::default()
    }
}

fn breaker() -> Arc<Breaker> {
    Arc::new(Breaker::new(7, std::sync::Arc::default()))
}

fn fail(breaker: &Breaker, now: u64) -> Option<Turn> {
    breaker.failed(now, &settings(), false, |row| row >= 2)
}

/// What must hold whenever no thread is at work.
fn check(breaker: &Breaker) {
    assert_eq!(
        breaker.is_quiet(),
        breaker.troubled.is_nobody(),
        "the number of troubled breakers is right"
    );
}

/// Runs two threads on one breaker, in every order. Both are threads of their own: what the first
/// thread of a model does right after it started another is not tried in every order.
fn both<A, B>(
    prepare: impl Fn(&Breaker) + Sync + Send + 'static,
    one: fn(&Breaker) -> A,
    other: fn(&Breaker) -> B,
    then: impl Fn(&Breaker, A, B) + Sync + Send + 'static,
) where
    A: Send + 'static,
    B: Send + 'static,
{
    loom::model(move || {
        let breaker = breaker();
        prepare(&breaker);
        let (ours, theirs) = (Arc::clone(&breaker), Arc::clone(&breaker));
        let (first, second) = (
            thread::spawn(move || one(&ours)),
            thread::spawn(move || other(&theirs)),
        );
        let (first, second) = (first.join().unwrap(), second.join().unwrap());
        check(&breaker);
        then(&breaker, first, second);
    });
}

#[test]
fn loom_failures_in_two_threads_open_it_once() {
    both(
        |_| {},
        |breaker| fail(breaker, 1),
        |breaker| fail(breaker, 1),
        |breaker, one, other| {
            assert!(breaker.is_open());
            let opened = [one, other].iter().flatten().count();
            assert_eq!((opened, breaker.opened()), (1, 1));
        },
    );
}

fn open(breaker: &Breaker) {
    fail(breaker, 1);
    fail(breaker, 1);
}

#[test]
fn loom_one_of_two_gets_the_probe() {
    both(
        open,
        |breaker| breaker.refuses(5_000),
        |breaker| breaker.refuses(5_000),
        |breaker, one, other| {
            assert_ne!(one, other);
            assert_eq!(breaker.state(5_001), BreakerState::HalfOpen);
            assert!(!breaker.refuses(10_000), "a probe that is lost is replaced");
        },
    );
}

#[test]
fn loom_an_answer_and_a_failure_of_a_probe_leave_it_open_or_closed() {
    both(
        |breaker| {
            open(breaker);
            assert!(!breaker.refuses(5_000));
        },
        |breaker| breaker.succeeded(5_001),
        |breaker| fail(breaker, 5_001),
        |breaker, answer, failure| {
            // Either came first. A failure after the answer is the first of a new row.
            match (answer, failure) {
                (Some(Turn::Closed), None) => assert!(!breaker.is_open()),
                (None, Some(Turn::Reopened)) => assert!(breaker.is_shut(5_002)),
                other => panic!("{other:?}"),
            }
        },
    );
}

#[test]
fn loom_a_success_and_a_failure_of_a_healthy_node_do_not_open_it() {
    both(
        |breaker| {
            fail(breaker, 1);
        },
        |breaker| breaker.succeeded(2),
        |breaker| fail(breaker, 2),
        |breaker, answer, failure| {
            assert_eq!(answer, None);
            // Two failures in a row, if the answer came last, are two failures.
            assert_eq!(failure.is_some(), breaker.is_open());
        },
    );
}

#[test]
fn loom_what_is_forgotten_while_it_fails_is_counted_right() {
    both(
        |breaker| {
            fail(breaker, 1);
        },
        Breaker::forget,
        |breaker| fail(breaker, 2),
        |_, (), _| {},
    );
}

/// What is read of a window since a time while another thread makes a note of 18 s in the place of the
/// one of 1 ms.
fn read_beside_a_note(start: u64, known: [Recent; 2]) {
    loom::model(move || {
        let window = Arc::new(Window::new(1));
        window.note(2_000, 10_000, || counts(10, 1));
        window.note(9_000, 10_000, || counts(50, 2));
        let shared = Arc::clone(&window);
        let writer = thread::spawn(move || shared.note(18_000, 10_000, || counts(100, 50)));
        let reader = thread::spawn(move || window.since(start, 18_500, counts(200, 60)));
        writer.join().unwrap();
        let recent = reader.join().unwrap();
        assert!(known.contains(&recent), "{recent:?}");
    });
}

fn counts(requests: u64, failures: u64) -> Recent {
    Recent { requests, failures }
}

#[test]
fn loom_a_note_that_is_written_over_is_read_whole_or_not_at_all() {
    // By the first two notes, or by the second alone once the first is gone.
    read_beside_a_note(1_500, [counts(193, 60), counts(190, 59)]);
}

#[test]
fn loom_a_note_that_is_made_is_read_whole_or_not_at_all() {
    // By the last of the old notes, or by the new one.
    read_beside_a_note(18_200, [counts(5, 2), counts(60, 6)]);
}

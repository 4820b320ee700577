//! Ways to find the first point not below a hash, side by side over the same ring: what the library does, and what was
//! tried and lost. One JSON line a way and number of nodes; `docs/performance.md` holds the table.
//!
//! `searches NODES...` — `tests/bench/run.py` runs it. A key is hashed in every way, as a lookup would.

#[path = "../../keys.rs"]
#[allow(dead_code)]
mod keys;
mod records;
mod ring;
mod sorted;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use xxhash_rust::xxh3::xxh3_64;

use crate::keys::Keys;
use crate::ring::Points;

const ROUNDS: usize = 7;
const KEYS: usize = 500_000;

/// A way to find the owner of a hash.
pub trait Search {
    const NAME: &'static str;
    /// Whether every answer is right; else the share of wrong ones is told.
    const EXACT: bool = true;
    fn new(ring: &Points) -> Self;
    fn find(&self, hash: u64) -> u32;
    /// Of all that is needed, points and slots included.
    fn bytes(&self) -> usize;
}

/// A way over one ring, with its figures.
struct Subject {
    name: &'static str,
    exact: bool,
    bytes: usize,
    find: Box<dyn Fn(u64) -> u32>,
    /// Nanoseconds for each key.
    pass: Box<dyn Fn(&Keys) -> f64>,
}

fn subject<S: Search + 'static>(ring: &Points) -> Subject {
    let search = std::rc::Rc::new(S::new(ring));
    let timed = search.clone();
    let pass = move |keys: &Keys| {
        let start = Instant::now();
        for key in keys.take(KEYS) {
            black_box(timed.find(xxh3_64(key)));
        }
        start.elapsed().as_secs_f64() * 1e9 / KEYS as f64
    };
    Subject {
        name: S::NAME,
        exact: S::EXACT,
        bytes: search.bytes(),
        find: Box::new(move |hash| search.find(hash)),
        pass: Box::new(pass),
    }
}

fn subjects(ring: &Points) -> Vec<Subject> {
    vec![
        subject::<sorted::Binary>(ring),
        subject::<sorted::Branchless>(ring),
        subject::<sorted::Eytzinger>(ring),
        subject::<sorted::Interpolation>(ring),
        subject::<sorted::Indexed>(ring),
        subject::<records::Owners>(ring),
        subject::<records::OnePoint>(ring),
        subject::<records::FourPoints>(ring),
        subject::<records::Line>(ring),
    ]
}

/// The share of keys that a way answers wrong.
fn wrong(subject: &Subject, ring: &Points, keys: &Keys) -> f64 {
    let wrong = keys.take(KEYS).filter(|key| {
        let hash = xxh3_64(key);
        (subject.find)(hash) != ring.owner(hash)
    });
    wrong.count() as f64 / KEYS as f64
}

fn main() -> ExitCode {
    let keys = Keys::new(KEYS);
    for argument in std::env::args().skip(1) {
        let Ok(nodes) = argument.parse() else {
            eprintln!("searches: {argument} is not a number of nodes");
            return ExitCode::FAILURE;
        };
        let ring = Points::of(nodes);
        let subjects = subjects(&ring);
        let mut rounds = vec![Vec::new(); subjects.len()];
        for _ in 0..ROUNDS {
            for (times, subject) in rounds.iter_mut().zip(&subjects) {
                times.push((subject.pass)(&keys));
            }
        }
        for (times, subject) in rounds.into_iter().zip(&subjects) {
            let wrong = wrong(subject, &ring, &keys);
            let line = serde_json::json!({
                "suite": "searches", "subject": subject.name, "nodes": nodes, "ns": times, "wrong": wrong,
                "bytes_a_point": subject.bytes as f64 / ring.len() as f64,
            });
            println!("{line}");
            if subject.exact {
                let check = serde_json::json!({
                    "suite": "searches", "check": format!("{} is exact for {nodes} nodes", subject.name),
                    "ok": wrong == 0.0, "detail": format!("{wrong} of the keys are wrong"),
                });
                println!("{check}");
            }
        }
    }
    ExitCode::SUCCESS
}

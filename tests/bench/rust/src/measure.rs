//! How time and balance are taken: subjects in turn, several times over, so that a slow moment of the machine falls on
//! all of them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::keys::Keys;

const ROUNDS: usize = 5;

/// A pass over all keys takes at most about this long; a slower subject gets fewer keys.
const BUDGET: Duration = Duration::from_millis(400);

/// Keys by which the speed of a subject is guessed, to give it as many as the budget allows.
const TRIAL: usize = 2_000;

/// Asks a subject about the first so many keys.
type Pass = Box<dyn Fn(&Keys, usize)>;

/// A key's owner as a number below the number of nodes.
type Owner = Box<dyn Fn(&'static [u8]) -> usize>;

/// One thing that is measured.
pub struct Subject {
    name: &'static str,
    pass: Pass,
    owner: Option<Owner>,
}

impl Subject {
    /// `ask` is what is timed; its loop is compiled into one piece with it.
    pub fn new<R>(name: &'static str, ask: impl Fn(&'static [u8]) -> R + 'static) -> Self {
        let pass = move |keys: &Keys, count: usize| {
            for key in keys.take(count) {
                black_box(ask(key));
            }
        };
        Self {
            name,
            pass: Box::new(pass),
            owner: None,
        }
    }

    /// Also measures how evenly keys are spread.
    pub fn with_balance(mut self, owner: impl Fn(&'static [u8]) -> usize + 'static) -> Self {
        self.owner = Some(Box::new(owner));
        self
    }

    fn nanoseconds(&self, keys: &Keys, count: usize) -> f64 {
        let start = Instant::now();
        (self.pass)(keys, count);
        start.elapsed().as_secs_f64() * 1e9 / count as f64
    }

    /// Keys of the fullest node by the average of all nodes.
    fn balance(&self, nodes: usize, keys: &Keys, count: usize) -> Option<f64> {
        let owner = self.owner.as_ref()?;
        let mut shares = vec![0u64; nodes];
        for key in keys.take(count) {
            shares[owner(key)] += 1;
        }
        let fullest = shares.iter().max().copied().unwrap_or(0);
        Some(fullest as f64 * nodes as f64 / count as f64)
    }
}

/// Measures the subjects side by side and prints a JSON line for each.
pub fn all(nodes: usize, keys: &Keys, subjects: &[Subject]) {
    let counts: Vec<usize> = subjects
        .iter()
        .map(|subject| affordable(subject, keys))
        .collect();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); subjects.len()];
    for _ in 0..ROUNDS {
        for (index, subject) in subjects.iter().enumerate() {
            rounds[index].push(subject.nanoseconds(keys, counts[index]));
        }
    }
    for (index, subject) in subjects.iter().enumerate() {
        // Fewer than a hundred keys a node say nothing about balance.
        let balance = (counts[index] >= nodes * 100)
            .then(|| subject.balance(nodes, keys, counts[index]))
            .flatten();
        let line = serde_json::json!({
            "suite": "rust", "subject": subject.name, "nodes": nodes, "keys": counts[index],
            "ns": rounds[index], "max_over_avg": balance,
        });
        println!("{line}");
    }
}

fn affordable(subject: &Subject, keys: &Keys) -> usize {
    // Twice: the first time also fills the caches.
    subject.nanoseconds(keys, TRIAL.min(200));
    let each = subject.nanoseconds(keys, TRIAL);
    let count = BUDGET.as_secs_f64() * 1e9 / each;
    // Enough keys to see the memory that a real load would touch, not more than there are.
    (count as usize).clamp(TRIAL, keys.len())
}

//! Searches variants, as many at a time as there are cores, and says what came out.

use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::model::{Action, Migration};
use crate::search::{Found, search};
use crate::state::State;
use crate::variants::{Expected, Variant};

/// The steps of a trace in words.
pub fn trace(model: &Migration, steps: &[(State, Action)]) -> String {
    let mut text = String::new();
    for (number, (state, action)) in steps.iter().enumerate() {
        let _ = writeln!(
            text,
            "  {:>3}  {}",
            number + 1,
            model.describe(state, *action)
        );
    }
    text
}

impl Variant {
    /// What is wrong with what was found, if anything is.
    pub fn fault(&self, found: &Found) -> Option<&'static str> {
        match (self.expected, &found.stale) {
            (Expected::Holds, Some(_)) => Some("a stale read"),
            (Expected::Holds, None) if !found.ends => Some("the last generation was never reached"),
            (Expected::Violated, None) => Some("no stale read found: the mutant survives"),
            _ => None,
        }
    }
}

/// Searches all variants and gives what was found, in their order.
pub fn search_all(variants: &[Variant]) -> Vec<Found> {
    let next = AtomicUsize::new(0);
    let found: Vec<Mutex<Option<Found>>> = variants.iter().map(|_| Mutex::new(None)).collect();
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(variant) = variants.get(number) else {
                        break;
                    };
                    *found[number]
                        .lock()
                        .expect("no thread panics while it holds it") =
                        Some(search(&Migration::new(variant)));
                }
            });
        }
    });
    let all = found
        .into_iter()
        .map(|found| found.into_inner().ok().flatten());
    all.map(|found| found.expect("every variant was searched"))
        .collect()
}

/// The table, one line for each variant.
pub fn table(variants: &[Variant], found: &[Found]) -> String {
    let mut text = format!(
        "{:<55} {:<9} {:<9} {:>10} {:>8}\n",
        "variant", "expected", "result", "states", "seconds"
    );
    for (variant, found) in variants.iter().zip(found) {
        let expected = if variant.expected == Expected::Holds {
            "holds"
        } else {
            "violated"
        };
        let result = if found.stale.is_none() {
            "holds"
        } else {
            "violated"
        };
        let _ = writeln!(
            text,
            "{:<55} {expected:<9} {result:<9} {:>10} {:>8.2}{}",
            variant.name,
            found.states,
            found.time.as_secs_f64(),
            variant
                .fault(found)
                .map_or_else(String::new, |fault| format!("  <- {fault}"))
        );
    }
    text
}

/// Every stale read, step by step.
pub fn traces(variants: &[Variant], found: &[Found]) -> String {
    let mut text = String::new();
    for (variant, found) in variants.iter().zip(found) {
        if let Some(steps) = &found.stale {
            let trace = trace(&Migration::new(variant), steps);
            let _ = writeln!(
                text,
                "{}: {}\n{trace}",
                variant.name,
                variant.situations.join(" | ")
            );
        }
    }
    text
}

//! Speed and balance of the core beside its peers in Rust: one JSON line a subject and number of nodes.
//!
//! `ringshift-bench NODES...` — `tests/bench/run.py` runs it and makes the table.

mod floors;
mod keys;
mod measure;
mod ours;
mod peers;

use std::process::ExitCode;

use crate::keys::Keys;
use crate::measure::Subject;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ringshift-bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let counts: Vec<usize> = std::env::args()
        .skip(1)
        .map(|text| {
            text.parse()
                .map_err(|_| format!("{text} is not a number of nodes"))
        })
        .collect::<Result<_, _>>()?;
    let keys = Keys::new(keys::COUNT);
    for count in counts {
        let nodes = keys::addresses(count);
        let mut subjects: Vec<Subject> = Vec::new();
        subjects.extend(floors::subjects(&nodes));
        subjects.extend(ours::subjects(&nodes)?);
        subjects.extend(peers::subjects(&nodes)?);
        measure::all(count, &keys, &subjects);
    }
    println!(
        "{}",
        serde_json::json!({"suite": "rust", "versions": versions()})
    );
    Ok(())
}

/// The peers' versions, as they were locked for this build.
fn versions() -> std::collections::BTreeMap<&'static str, &'static str> {
    const LOCK: &str = include_str!("../Cargo.lock");
    let value = |line: &'static str| line.split('"').nth(1).unwrap_or("unknown");
    let mut lines = LOCK.lines();
    let mut found = std::collections::BTreeMap::new();
    while let Some(line) = lines.next() {
        if line.starts_with("name = ") && peers::CRATES.contains(&value(line)) {
            found.insert(value(line), lines.next().map_or("unknown", value));
        }
    }
    found
}

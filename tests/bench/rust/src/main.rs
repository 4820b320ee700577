//! Speed and balance of the core beside its peers in Rust: one JSON line a subject and number of nodes.
//!
//! `ringshift-bench lookups|work NODES...` or `ringshift-bench threads` — `tests/bench/run.py` runs it and makes the table.

mod capi;
mod floors;
mod keys;
mod lines;
mod measure;
mod ours;
mod peers;
mod spec;
mod threads;
mod work;

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
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (part, counts) = arguments
        .split_first()
        .ok_or("say what to measure: lookups, work or threads")?;
    let counts: Vec<usize> = counts
        .iter()
        .map(|text| {
            text.parse()
                .map_err(|_| format!("{text} is not a number of nodes"))
        })
        .collect::<Result<_, _>>()?;
    match part.as_str() {
        "lookups" => lookups(&counts),
        "work" => counts.into_iter().try_for_each(work::measure),
        "threads" => threads::measure(),
        _ => Err(format!(
            "{part} can't be measured; use lookups, work or threads"
        )),
    }
}

fn lookups(counts: &[usize]) -> Result<(), String> {
    let keys = Keys::new(keys::COUNT);
    for &count in counts {
        let nodes = keys::addresses(count);
        ours::check(&nodes, &keys)?;
        let mut subjects: Vec<Subject> = Vec::new();
        subjects.extend(floors::subjects(ours::index_bytes(&nodes)?));
        subjects.extend(ours::subjects(&nodes)?);
        subjects.extend(capi::subjects(&nodes)?);
        subjects.extend(peers::subjects(&nodes)?);
        measure::all(count, &keys, &subjects)?;
    }
    lines::versions(&versions());
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

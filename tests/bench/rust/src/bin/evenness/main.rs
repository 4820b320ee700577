//! How evenly rings spread keys, what a change of one node moves, and what that costs: one JSON line a figure.
//!
//! `evenness` takes no arguments; `tests/bench/evenness.py` runs it and makes the tables.

mod clusters;
mod curve;
mod in_use;
mod lookups;
mod ring;

use std::process::ExitCode;

fn main() -> ExitCode {
    let run = || -> Result<(), String> {
        lookups::print()?;
        clusters::print()?;
        curve::print()
    };
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("evenness: {error}");
            ExitCode::FAILURE
        }
    }
}

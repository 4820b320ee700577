//! Searches the migration protocol exhaustively, driven by the core's own routes: every order in which readers,
//! writers, processes that take up a new spec, and nodes that restart can take their steps. See the README beside it.
//!
//! `ringshift-model quick|wide [FILE]` writes the traces of all stale reads to FILE, or prints them.

mod changes;
mod environment;
mod holding;
mod model;
mod reader;
mod report;
mod routes;
mod rules;
mod search;
mod situation;
mod state;
mod variants;
mod violated;
mod wide;
mod writer;

use std::process::ExitCode;
use std::slice;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (wide, file) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["quick"] => (false, None),
        ["wide"] => (true, None),
        ["quick", file] => (false, Some(file)),
        ["wide", file] => (true, Some(file)),
        _ => {
            eprintln!("error: say which set to search: ringshift-model quick|wide [FILE]");
            return ExitCode::from(2);
        }
    };
    let variants = variants::variants(wide);
    let found = report::search_all(&variants);
    print!("{}", report::table(&variants, &found));
    let traces = report::traces(&variants, &found);
    match file {
        None => print!("\n{traces}"),
        Some(file) => {
            if let Err(error) = std::fs::write(file, &traces) {
                eprintln!("error: the traces could not be written to {file}: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    let both = variants.iter().zip(&found);
    let wrong: Vec<_> = both
        .filter(|(variant, found)| variant.fault(found).is_some())
        .collect();
    for (variant, found) in &wrong {
        print!(
            "\n{}",
            report::traces(slice::from_ref(*variant), slice::from_ref(*found))
        );
    }
    let changes = changes::try_all();
    println!(
        "\nchanges, as the core judges them and the search finds ({} states):",
        changes.states
    );
    print!("{}", changes.table);
    for fault in &changes.faults {
        println!("{fault}");
    }
    let failed = wrong.len() + changes.faults.len();
    println!(
        "{} passed, {failed} failed",
        variants.len() + changes.tried - failed
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

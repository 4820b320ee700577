//! A fleet of hundreds of processes on a virtual clock: the same seed, the same run. See README.md.

mod chance;
mod engine;
mod operation;
mod report;
mod rules;
mod scenario;
mod server;
mod shared;
mod world;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let passed = match arguments[..] {
        ["quick"] => report::check(report::QUICK, 3),
        ["wide"] => report::check(report::WIDE, 20),
        ["replay", name, seed] => seed.parse().is_ok_and(|seed| report::replay(name, seed)),
        ["ramp"] => report::ramps(),
        _ => {
            eprintln!("use: quick, wide, replay SCENARIO SEED, or ramp");
            false
        }
    };
    if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

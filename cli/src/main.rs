//! The `ringshift` program: look at a spec before a fleet does.

#![forbid(unsafe_code)]

mod check;
mod locate;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

#[derive(Parser)]
#[command(
    name = "ringshift",
    version,
    about = "Check a spec and see where it sends keys"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check a spec file; exits with 1 and says where and why if it is not valid
    Check {
        /// The spec file
        spec: PathBuf,
        /// The spec that is in force: exits with 1 also if the file may not follow it
        #[arg(long, value_name = "FILE")]
        after: Option<PathBuf>,
        /// For how long keys have had the owners that they have by the spec in force; if not given, that is not known.
        /// It matters where clusters share nodes under one prefix of keys
        #[arg(long, value_name = "DURATION", requires = "after", value_parser = ringshift::parse_duration)]
        owners_kept: Option<Duration>,
    },
    /// Say what is done for keys: where they are read, filled and invalidated
    Locate {
        /// The spec file
        #[arg(long, value_name = "FILE")]
        spec: PathBuf,
        /// The region to answer for
        #[arg(long)]
        region: Option<String>,
        /// For people, or one JSON object a line
        #[arg(short, long, value_enum, default_value_t = Output::Text)]
        output: Output,
        /// The keys, as UTF-8
        #[arg(required = true)]
        keys: Vec<String>,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Check {
            spec,
            after,
            owners_kept,
        } => check::run(&spec, after.as_deref(), owners_kept.unwrap_or_default()),
        Command::Locate {
            spec,
            region,
            output,
            keys,
        } => locate::run(&spec, region, output == Output::Json, &keys),
    };
    match result {
        Ok(text) => match std::io::stdout().lock().write_all(text.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            // The reader has seen enough, as in `ringshift locate … | head`.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("error: {message}");
    ExitCode::FAILURE
}

//! How long the heaviest specs take that the limits let through, and what they hold: the figures of docs/security.md.
//! `cargo run --release -p ringshift --example heaviest`, with a word for those alone that have it in their name.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::cast_precision_loss)]

#[path = "../tests/support/heavy.rs"]
mod heavy;
#[path = "../tests/support/memory.rs"]
#[allow(unreachable_pub, missing_docs)]
mod memory;

use std::time::Duration;

use memory::held;
use ringshift::{Options, Refresh, Router};

#[global_allocator]
static COUNTING: memory::Counting = memory::Counting;

const ROUNDS: usize = 15;

/// The time that this thread has computed: what others do on the machine is no part of it.
fn computed() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a place for the time.
    assert_eq!(
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) },
        0
    );
    Duration::new(
        time.tv_sec.try_into().unwrap(),
        time.tv_nsec.try_into().unwrap(),
    )
}

fn timed<R>(body: impl FnOnce() -> R) -> (Duration, R) {
    let start = computed();
    let result = body();
    (computed().saturating_sub(start), result)
}

/// The least and the median, in milliseconds.
fn shown(mut times: Vec<Duration>) -> String {
    times.sort();
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    format!(
        "{:.0} · {:.0}",
        milliseconds(times[0]),
        milliseconds(times[times.len() / 2])
    )
}

/// The same spec with other nodes, as the next generation: nothing of the one in force can be used again.
fn next(text: &str) -> String {
    text.replace(r#""generation":1"#, r#""generation":2"#)
        .replace(r#""id":"n"#, r#""id":"m"#)
}

fn main() {
    println!(
        "Processor time in ms, the least and the median of {ROUNDS} rounds; memory with both specs in force.\n"
    );
    println!("| spec | KiB | opened | replaced by another | first metrics | MiB |");
    println!("|---|---|---|---|---|---|");
    let wanted = std::env::args().nth(1).unwrap_or_default();
    for (name, text) in heavy::heaviest()
        .into_iter()
        .filter(|heavy| heavy.0.contains(&wanted))
    {
        let other = next(&text);
        let (mut opened, mut replaced, mut asked) = (Vec::new(), Vec::new(), Vec::new());
        let mut most = 0;
        for _ in 0..ROUNDS {
            let ((), memory) = held(|| {
                let (time, router) =
                    timed(|| Router::from_spec(text.as_bytes(), Options::default()));
                opened.push(time);
                let router = router.unwrap_or_else(|error| panic!("{name}: {error}"));
                let (time, metrics) = timed(|| router.metrics());
                asked.push(time);
                drop(metrics);
                let (time, refresh) = timed(|| router.apply(other.as_bytes()));
                replaced.push(time);
                assert_eq!(refresh, Ok(Refresh::Applied), "{name}");
            });
            most = most.max(memory.most);
        }
        println!(
            "| {name} | {} | {} | {} | {} | {:.0} |",
            text.len() >> 10,
            shown(opened),
            shown(replaced),
            shown(asked),
            most as f64 / heavy::MIB as f64
        );
    }
}

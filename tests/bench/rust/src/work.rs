//! What isn't asked for with every key: building, a refresh that changes one node, what would move, and memory.

use std::hint::black_box;
use std::time::Instant;

use ringshift::{Options, Refresh, Router, Spec};

use crate::keys;
use crate::lines;
use crate::ours;
use crate::spec;

const ROUNDS: usize = 7;

/// Measures all of it for one number of nodes.
pub fn measure(count: usize) -> Result<(), String> {
    let nodes = keys::addresses(count);
    let text = spec::plain(&nodes, 1);
    let more = spec::plain(&spec::with_one_more(&nodes), 1);
    let router = build(&text)?;
    let mut times: [(&str, Vec<f64>); 4] = [
        ("building from a spec's text", Vec::new()),
        ("reading a spec's text", Vec::new()),
        ("refresh: one node replaced", Vec::new()),
        ("moves to one node more", Vec::new()),
    ];
    let mut applied = 0;
    let mut moved = 0.0;
    // In turn, so that a slow moment of the machine falls on all of them alike.
    for round in 0..ROUNDS {
        let changed = spec::plain(&replaced(&nodes, round), round as u64 + 2);
        times[0].1.push(milliseconds(|| build(&text))?);
        times[1].1.push(milliseconds(|| {
            Spec::parse(text.as_bytes()).map_err(|error| error.to_string())
        })?);
        times[2].1.push(milliseconds(|| {
            let done = router
                .apply(changed.as_bytes())
                .map_err(|error| error.to_string())?;
            applied += usize::from(done == Refresh::Applied);
            Ok(())
        })?);
        times[3].1.push(milliseconds(|| {
            let moves = ringshift::moves(text.as_bytes(), more.as_bytes())
                .map_err(|error| error.to_string())?;
            moved = moves.clusters[0].moved;
            Ok(())
        })?);
    }
    for (name, values) in &times {
        lines::figure(name, count, "ms", values);
    }
    let memory = router.snapshot().memory();
    let (points, bytes) = memory.iter().fold((0, 0), |(points, bytes), cluster| {
        (
            points + cluster.points,
            bytes + cluster.bytes + cluster.replica_bytes,
        )
    });
    lines::figure(
        "memory of a point",
        count,
        "bytes",
        &[bytes as f64 / points as f64],
    );
    check(count, &router, applied, moved)
}

/// What was timed did what it should have done.
fn check(count: usize, router: &Router, applied: usize, moved: f64) -> Result<(), String> {
    let nodes = keys::addresses(count);
    let last = spec::plain(&replaced(&nodes, ROUNDS - 1), ROUNDS as u64 + 1);
    let outcome = match applied {
        ROUNDS => ours::answers_as(router, &last),
        _ => Err(format!("{applied} of {ROUNDS} specs were put in force")),
    };
    lines::check(
        &format!("a refreshed router answers as one built anew, N = {count}"),
        outcome,
    );
    let ideal = 1.0 / (count as f64 + 1.0);
    let seen = format!("{:.3} times the ideal", moved / ideal);
    // 160 points spread a node's share by about 8 %: half or twice would be a fault.
    let outcome = if (ideal / 2.0..ideal * 2.0).contains(&moved) {
        Ok(seen)
    } else {
        Err(seen)
    };
    lines::check(
        &format!("moves: what one node more would take, N = {count}"),
        outcome,
    );
    Ok(())
}

fn build(text: &str) -> Result<Router, String> {
    Router::from_spec(text.as_bytes(), Options::default()).map_err(|error| error.to_string())
}

/// The nodes with another one in the place of one of them.
fn replaced(nodes: &[String], round: usize) -> Vec<String> {
    let mut changed = nodes.to_vec();
    let place = (round * 7 + 1) % nodes.len();
    changed[place] = format!("10.254.0.{round}:11211");
    changed
}

/// How long it takes, without throwing the result away.
fn milliseconds<R>(run: impl FnOnce() -> Result<R, String>) -> Result<f64, String> {
    let start = Instant::now();
    let result = black_box(run());
    let time = start.elapsed().as_secs_f64() * 1e3;
    result.map(|_| time)
}

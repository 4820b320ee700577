//! The whole curve: for each number of nodes, `vnodes` and `max_load` how even the ring is, what a change of one node
//! moves, how long it takes to build and how much memory it holds.

use std::time::{Duration, Instant};

use ringshift::{Options, Router, Spec};
use serde_json::{Value, json};

use crate::in_use;
use crate::ring::Ring;

const NODES: [usize; 6] = [3, 10, 30, 100, 300, 1000];
const VNODES: [u32; 7] = [40, 80, 160, 256, 320, 512, 1024];
const MAX_LOADS: [Option<&str>; 5] = [None, Some("1.25"), Some("1.1"), Some("1.05"), Some("1.02")];
/// Clusters whose weights are 1, 2, 3 and 4 in turn; their sum is what makes them slow.
const MIXED_NODES: [usize; 4] = [10, 30, 100, 300];

/// Nodes that each change is tried on. One node alone may be lucky: fewer only where rings are large.
const TRIES: usize = 8;
const FEWEST_TRIES: usize = 2;
const POINTS: u64 = 300_000;

/// How often a spec is compiled for its time.
const BUILDS: usize = 3;

pub fn print() -> Result<(), String> {
    for mixed in [false, true] {
        for &count in if mixed { &MIXED_NODES[..] } else { &NODES[..] } {
            for vnodes in VNODES {
                for max_load in MAX_LOADS {
                    let weight = |number: usize| if mixed { 1 + number as u32 % 4 } else { 1 };
                    let nodes = (0..count).map(|number| (number, weight(number))).collect();
                    let ring = Ring {
                        nodes,
                        max_load,
                        ..Ring::equal(count, vnodes)
                    };
                    if added(&ring, count, mixed).is_allowed() {
                        println!("{}", line(&ring, mixed)?);
                    }
                }
            }
        }
    }
    Ok(())
}

fn added(ring: &Ring, number: usize, mixed: bool) -> Ring {
    ring.with(number, if mixed { 2 } else { 1 })
}

fn line(ring: &Ring, mixed: bool) -> Result<Value, String> {
    let count = ring.nodes.len();
    let mut line = json!({
        "kind": "curve", "nodes": count, "mixed": mixed, "vnodes": ring.vnodes, "max_load": ring.max_load,
    });
    let bytes = in_use::bytes();
    let router = match ring.router() {
        Ok(router) => router,
        Err(error) => {
            // Only a bound that these points can't keep gets here.
            line["impossible"] = json!(error);
            return Ok(line);
        }
    };
    line["bytes"] = json!(in_use::bytes() - bytes);
    line["build_ms"] = json!(compiling(&ring.text())?);
    let loads = Ring::loads(&router);
    let spread = loads.iter().map(|load| (load - 1.0).powi(2)).sum::<f64>() / count as f64;
    line["worst"] = json!(loads.iter().copied().fold(0.0, f64::max));
    line["deviation"] = json!(spread.sqrt());
    drop(router);
    let tries = ((POINTS / ring.points()) as usize).clamp(FEWEST_TRIES, TRIES);
    let tried: Vec<_> = (0..tries)
        .map(|attempt| tried(ring, attempt, tries, mixed))
        .collect();
    for (name, position) in [("add", 0), ("remove", 1), ("reweight", 2)] {
        // A neighbour of this ring may be one that the bound is impossible for.
        let ratios = tried
            .iter()
            .filter_map(|ratios| ratios[position].as_ref().ok());
        line[name] = json!(ratios.collect::<Vec<_>>());
    }
    Ok(line)
}

/// Milliseconds to compile a spec, less those to read its text: of both the shortest of a few, since other work on the
/// machine only ever adds to them.
fn compiling(text: &str) -> Result<f64, String> {
    let (mut parsing, mut both) = (Duration::MAX, Duration::MAX);
    for _ in 0..BUILDS {
        let start = Instant::now();
        Spec::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        parsing = parsing.min(start.elapsed());
        let start = Instant::now();
        let router = Router::from_spec(text.as_bytes(), Options::default());
        both = both.min(start.elapsed());
        router.map_err(|error| error.to_string())?;
    }
    Ok(both.saturating_sub(parsing).as_secs_f64() * 1e3)
}

/// Adds a node, takes one out, and makes one heavier by 1, which moves what making it lighter again would.
fn tried(ring: &Ring, attempt: usize, tries: usize, mixed: bool) -> [Result<f64, String>; 3] {
    let count = ring.nodes.len();
    let (number, weight) = ring.nodes[attempt * count / tries];
    [
        ring.moved(&added(ring, count + attempt, mixed)),
        ring.moved(&ring.with(number, 0)),
        ring.moved(&ring.with(number, weight + 1)),
    ]
}

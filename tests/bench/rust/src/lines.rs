//! What the program prints: a JSON line for every subject, figure and check.

use serde_json::{Value, json};

const SUITE: &str = "rust";

/// Prints how long a key took in each round, and what else is known of the placement.
pub fn subject(
    name: &str,
    nodes: usize,
    keys: usize,
    ns: &[f64],
    balance: Option<f64>,
    moved: Option<f64>,
) {
    print(&json!({
        "suite": SUITE, "subject": name, "nodes": nodes, "keys": keys,
        "ns": ns, "max_over_avg": balance, "moved": moved,
    }));
}

/// Prints something that isn't the time of a key: a value for each round, in `unit`.
pub fn figure(name: &str, nodes: usize, unit: &str, values: &[f64]) {
    print(
        &json!({"suite": SUITE, "subject": name, "nodes": nodes, "unit": unit, "values": values}),
    );
}

/// Prints whether something holds that must hold whatever the machine. `detail` says what was looked at or what is wrong.
pub fn check(name: &str, outcome: Result<String, String>) {
    let (ok, detail) = match outcome {
        Ok(seen) => (true, seen),
        Err(wrong) => (false, wrong),
    };
    print(&json!({"suite": SUITE, "check": name, "ok": ok, "detail": detail}));
}

/// Prints what the peers' versions are.
pub fn versions(versions: &std::collections::BTreeMap<&str, &str>) {
    print(&json!({"suite": SUITE, "versions": versions}));
}

fn print(line: &Value) {
    println!("{line}");
}

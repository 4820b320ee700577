//! `ringshift check`: whether a spec is valid, and what it says.

use std::fmt::Write;
use std::path::Path;

use ringshift::{Error, Options, PlacementSpec, Plan, Router};

/// What the spec says, in a few lines. What is uneven in it goes to the standard error.
pub(crate) fn run(path: &Path) -> Result<String, Error> {
    // Compiled too, so that what passes here is what a process would take up.
    let snapshot = Router::open(path, Options::default())?.snapshot();
    let spec = snapshot.spec();
    let mut text = format!("{} is valid\n", path.display());
    let mut line = |label: &str, value: String| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {label:<12}{value}");
    };
    line("generation", spec.generation.to_string());
    line("digest", spec.digest.clone());
    line("primary", spec.primary.clone());
    if let Some(standby) = &spec.standby {
        line("standby", standby.clone());
    }
    for (name, cluster) in &spec.clusters {
        let down = cluster.nodes.iter().filter(|node| node.down).count();
        let placement = match &cluster.placement {
            PlacementSpec::Ring { vnodes, .. } => format!("ring, {vnodes} vnodes"),
            PlacementSpec::Legacy(legacy) => legacy.to_string(),
            _ => "another placement".to_owned(),
        };
        let nodes = cluster.nodes.len();
        line(
            "cluster",
            format!("{name}: {nodes} nodes, {down} down, {placement}"),
        );
    }
    if let Some(migration) = &spec.migration {
        let plan = told(&migration.plan);
        line(
            "migration",
            format!(
                "{}: {} to {}, {plan}",
                migration.id, migration.from, migration.to
            ),
        );
        for (region, plan) in &migration.regions {
            line("  region", format!("{region}: {}", told(plan)));
        }
    }
    for warning in snapshot.warnings() {
        eprintln!("warning: {warning}");
    }
    Ok(text)
}

fn told(plan: &Plan) -> String {
    match (plan.stage, &plan.schedule) {
        (ringshift::Stage::Ramp, Some(_)) => "ramp by schedule".to_owned(),
        (ringshift::Stage::Ramp, None) => {
            format!("ramp at {}.{:02} %", plan.percent / 100, plan.percent % 100)
        }
        (stage, _) => stage.name().to_owned(),
    }
}

//! `ringshift check`: whether a spec is valid, may follow another, and what it says.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use ringshift::{Error, ErrorKind, Options, PlacementSpec, Plan, Router, Spec, illegal_changes};

/// What the spec says, in a few lines. What is uneven in it goes to the standard error.
pub(crate) fn run(
    path: &Path,
    after: Option<&Path>,
    owners_kept: Duration,
) -> Result<String, Error> {
    // Compiled too, so that what passes here is what a process would take up.
    let snapshot = Router::open(path, Options::default())?.snapshot();
    let spec = snapshot.spec();
    if let Some(before) = after {
        let before = Router::open(before, Options::default())?.snapshot();
        check_change(before.spec(), spec, owners_kept)?;
    }
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

/// Whether processes may take the one spec up while others are still on the other.
fn check_change(before: &Spec, after: &Spec, owners_kept: Duration) -> Result<(), Error> {
    if after.generation <= before.generation {
        return Err(Error::new(
            ErrorKind::StaleGeneration,
            format!(
                "generation {} does not follow {}; use a higher one",
                after.generation, before.generation
            ),
        ));
    }
    let illegal: Vec<String> = illegal_changes(before, after, owners_kept)
        .iter()
        .map(ToString::to_string)
        .collect();
    if illegal.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SpecInvalid,
        illegal.join("\nerror: "),
    ))
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

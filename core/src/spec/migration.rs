//! Decodes a migration: its clusters, its plan, its regions.

use std::collections::BTreeMap;

use super::cursor::{Cursor, Object};
use super::{ALL_BASIS_POINTS, ClusterSpec, MigrationSpec, Plan, Stage, clusters, names, units};
use crate::error::Error;
use crate::limits;
use crate::schedule::Schedule;

pub(super) fn decode(
    place: &Cursor<'_>,
    primary: &str,
    standby: Option<&str>,
    all: &BTreeMap<String, ClusterSpec>,
) -> Result<MigrationSpec, Error> {
    let fields = place.object(
        "a migration",
        &[
            "id", "from", "to", "stage", "percent", "schedule", "regions",
        ],
    )?;
    let id_place = fields.required("id", "a name that no earlier migration had")?;
    let from_place = fields.required("from", "the cluster that is left, the primary")?;
    let from = clusters::reference(from_place, all)?;
    if from != primary {
        return Err(from_place.invalid(format!(
            "`{from}` is not the primary; a migration leaves the primary, `{primary}`"
        )));
    }
    let to_place = fields.required("to", "the cluster that is moved to, the standby")?;
    let to = clusters::reference(to_place, all)?;
    if Some(to.as_str()) != standby {
        return Err(to_place.invalid(match standby {
            Some(standby) => {
                format!("`{to}` is not the standby; a migration goes to the standby, `{standby}`")
            }
            None => format!(
                "the spec has no standby; a migration goes to it: add \"standby\": \"{to}\""
            ),
        }));
    }
    Ok(MigrationSpec {
        id: names::name(id_place, "a migration id")?,
        from,
        to,
        plan: plan(&fields)?,
        regions: fields
            .get("regions")
            .map_or_else(|| Ok(BTreeMap::new()), regions)?,
    })
}

fn regions(place: &Cursor<'_>) -> Result<BTreeMap<String, Plan>, Error> {
    let members = place.map("a set of regions", limits::MAX_REGIONS)?;
    let mut regions = BTreeMap::new();
    for (name, place) in members {
        names::check_at(&place, &name, "a region name")?;
        let fields = place.object("a region", &["stage", "percent", "schedule"])?;
        regions.insert(name, plan(&fields)?);
    }
    Ok(regions)
}

fn plan(fields: &Object<'_>) -> Result<Plan, Error> {
    let place = fields.required("stage", "none, prepare, ramp or soak")?;
    let name = place.choice("a stage", &Stage::ALL.map(Stage::name))?;
    let stage = Stage::ALL.into_iter().find(|stage| stage.name() == name);
    Ok(Plan {
        stage: stage.unwrap_or(Stage::None),
        percent: fields.get("percent").map_or(Ok(0), units::percent)?,
        schedule: fields.get("schedule").map(schedule).transpose()?,
    })
}

fn schedule(place: &Cursor<'_>) -> Result<Schedule, Error> {
    let every = place.object(
        "a schedule",
        &["start", "from", "to", "over", "steps", "every"],
    )?;
    if every.get("steps").is_some() {
        return steps(&place.object("a schedule of steps", &["start", "steps", "every"])?);
    }
    let fields = place.object("a linear schedule", &["start", "from", "to", "over"])?;
    let to_place = fields.required("to", "the percent at the end")?;
    let from_place = fields.required("from", "the percent at the start, or `steps`")?;
    let from = units::percent(from_place)?;
    let to = units::percent(to_place)?;
    if to < from {
        return Err(to_place.invalid(format!(
            "{} is below `from`, {}; a ramp rises: to go back, set `percent` or the stage by hand",
            to_place.shown(),
            from_place.shown()
        )));
    }
    Ok(Schedule::Linear {
        start: start(&fields)?,
        from,
        to,
        over: milliseconds(fields.required("over", "how long the ramp takes, such as \"2h\"")?)?,
    })
}

fn steps(fields: &Object<'_>) -> Result<Schedule, Error> {
    let place = fields.required("steps", "the percents, rising")?;
    let mut steps: Vec<u16> = Vec::new();
    for item in place.array("a list of percents", usize::from(ALL_BASIS_POINTS) + 1)? {
        let step = units::percent(&item)?;
        if steps.last().is_some_and(|last| *last >= step) {
            return Err(item.invalid(format!(
                "{} does not rise above the step before it; order the steps",
                item.shown()
            )));
        }
        steps.push(step);
    }
    if steps.is_empty() {
        return Err(place.invalid("no steps; list at least one percent"));
    }
    Ok(Schedule::Steps {
        start: start(fields)?,
        steps,
        every: milliseconds(fields.required("every", "how long a step is held, such as \"10m\"")?)?,
    })
}

fn start(fields: &Object<'_>) -> Result<u64, Error> {
    units::timestamp(fields.required("start", "when it begins, such as \"2026-11-22T10:00:00Z\"")?)
}

fn milliseconds(place: &Cursor<'_>) -> Result<u64, Error> {
    Ok(u64::try_from(units::duration(place)?.as_millis()).unwrap_or(u64::MAX))
}

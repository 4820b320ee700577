//! Which spec may follow which: the rules that keep a stale value from being read while processes on
//! both of them serve.
//!
//! Processes take a spec up at different moments, so two specs that follow one another are in force at
//! the same time. What is checked here follows from that alone:
//!
//! 1. What a process on one of them reads, a process on the other invalidates.
//! 2. While a process on one of them copies values from a cluster to another, a process on the other
//!    invalidates the one that is copied from first.
//! 3. A cluster that is invalidated no longer may hold old values from then on: it leaves the spec, or
//!    gets another `key_prefix`, so that it cannot be read again as it is.
//! 4. A node that comes to own keys under a `key_prefix` under which it owned others may hold old values
//!    of them, unless the owners have been the same for longer than `max_ttl` and [`TOKEN_LIFE`](crate::TOKEN_LIFE).
//!
//! `docs/migration.md` says what breaks without each. Regions share the clusters, so the rules hold
//! between any two of them.

mod regained;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::spec::{MigrationSpec, Plan, Spec, Stage};

use regained::regained;
pub(crate) use regained::same_owners;

/// Why a spec may not follow another, and what may.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IllegalChange {
    /// The region whose stage may not change so; nothing where it is not about one region's stage.
    pub region: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for IllegalChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.region {
            Some(region) => write!(f, "region {region}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Everything that makes it illegal to put `after` in force while `before` is; empty if it is legal.
///
/// The specs are each valid by themselves. Generations are not compared, nor edits of a cluster's nodes
/// in place, which are another matter (`docs/migration.md`).
///
/// `owners_kept` says for how long the clusters that `before` invalidates have been what they are:
/// [`Duration::ZERO`] if that is not known, [`Duration::MAX`] if it is known that no node has ever owned a key that it
/// does not own now. It matters only where clusters share nodes under one `key_prefix`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use ringshift::{Spec, illegal_changes};
///
/// let spec = |stage: &str| Spec::parse(format!(r#"{{"format": 1, "generation": 1, "primary": "a", "standby": "b",
///     "clusters": {{"a": {{"placement": {{"kind": "ring"}}, "nodes": [{{"id": "a", "address": "/a"}}]}},
///                   "b": {{"placement": {{"kind": "ring"}}, "nodes": [{{"id": "b", "address": "/b"}}]}}}},
///     "migration": {{"id": "m", "from": "a", "to": "b", "stage": "{stage}"}}}}"#).as_bytes());
/// assert!(illegal_changes(&spec("none")?, &spec("prepare")?, Duration::ZERO).is_empty());
/// let illegal = illegal_changes(&spec("none")?, &spec("ramp")?, Duration::ZERO);
/// assert!(illegal[0].to_string().contains("may follow: none, prepare"));
/// # Ok::<(), ringshift::Error>(())
/// ```
pub fn illegal_changes(before: &Spec, after: &Spec, owners_kept: Duration) -> Vec<IllegalChange> {
    let regions = regions(before, after);
    let in_force = in_force(before, &regions);
    let mut illegal: Vec<IllegalChange> = regions
        .into_iter()
        .filter_map(|region| stage_change(before, after, region, &in_force))
        .collect();
    illegal.extend(left_as_it_is(before, after));
    illegal.extend(regained(before, after, owners_kept));
    illegal
}

/// The regions that either spec names, and nothing for all others.
fn regions<'s>(before: &'s Spec, after: &'s Spec) -> BTreeSet<Option<&'s str>> {
    let named = [before, after].into_iter().flat_map(|spec| &spec.migration);
    let named = named.flat_map(|migration| migration.regions.keys());
    named
        .map(|name| Some(name.as_str()))
        .chain([None])
        .collect()
}

/// A cluster as far as its content goes: under another prefix it is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Contents<'s> {
    name: &'s str,
    key_prefix: &'s str,
}

/// What a process of some region does under a spec.
struct Behaviour<'s> {
    reads: Vec<Contents<'s>>,
    /// In order.
    invalidates: Vec<Contents<'s>>,
    /// From which cluster to which values are copied.
    copies: Option<(Contents<'s>, Contents<'s>)>,
}

/// What processes of any region do under a spec: each behaviour once, since regions may be many and
/// those at one stage behave alike.
fn in_force<'s>(spec: &'s Spec, regions: &BTreeSet<Option<&str>>) -> Vec<Behaviour<'s>> {
    let stages: BTreeSet<Stage> = (regions.iter().copied())
        .map(|region| spec.stage_of(region))
        .collect();
    let begun = spec.has_begun();
    let behaviours = stages.into_iter();
    behaviours
        .map(|stage| Behaviour::at(spec, stage, begun))
        .collect()
}

impl<'s> Behaviour<'s> {
    fn of(spec: &'s Spec, region: Option<&str>) -> Self {
        Self::at(spec, spec.stage_of(region), spec.has_begun())
    }

    /// As if the region were at a stage.
    fn at(spec: &'s Spec, stage: Stage, begun: bool) -> Self {
        let primary = contents(spec, &spec.primary);
        let Some(migration) = &spec.migration else {
            return Self {
                reads: vec![primary],
                invalidates: vec![primary],
                copies: None,
            };
        };
        let to = contents(spec, &migration.to);
        let reads = [(stage.reads_from(), primary), (stage.reads_to(), to)];
        let both = [(true, primary), (begun, to)];
        let chosen = |all: [(bool, Contents<'s>); 2]| {
            let chosen = all.into_iter().filter(|(chosen, _)| *chosen);
            chosen.map(|(_, cluster)| cluster).collect()
        };
        Self {
            reads: chosen(reads),
            invalidates: chosen(both),
            copies: stage.copies().then_some((primary, to)),
        }
    }

    /// Whether no process that behaves so harms one that behaves otherwise.
    fn is_safe_beside(&self, other: &Self) -> bool {
        let invalidated = |reader: &Self, writer: &Self| {
            let mut reads = reader.reads.iter();
            reads.all(|cluster| writer.invalidates.contains(cluster))
        };
        let in_order = |copier: &Self, writer: &Self| {
            let place = |cluster| writer.invalidates.iter().position(|other| other == cluster);
            // Whether both are invalidated at all is the other rule's matter.
            (copier.copies.as_ref()).is_none_or(|(from, to)| place(from) <= place(to))
        };
        invalidated(self, other)
            && invalidated(other, self)
            && in_order(self, other)
            && in_order(other, self)
    }
}

fn contents<'s>(spec: &'s Spec, name: &'s str) -> Contents<'s> {
    Contents {
        name,
        // Names were checked when the spec was parsed.
        key_prefix: spec
            .clusters
            .get(name)
            .map_or("", |cluster| &cluster.key_prefix),
    }
}

/// Rules 1 and 2 for a region, against all regions of the spec before.
fn stage_change(
    before: &Spec,
    after: &Spec,
    region: Option<&str>,
    in_force: &[Behaviour<'_>],
) -> Option<IllegalChange> {
    let next = Behaviour::of(after, region);
    let safe = |next: &Behaviour<'_>| in_force.iter().all(|other| other.is_safe_beside(next));
    if safe(&next) {
        return None;
    }
    let may_follow: Vec<&str> = match (&before.migration, &after.migration) {
        (Some(old), Some(new)) if (&old.from, &old.to) == (&new.from, &new.to) => {
            let possible = Stage::ALL.into_iter().filter(|&stage| {
                // A stage beyond `none` is one that has begun.
                let begun = after.has_begun_elsewhere(region) || stage > Stage::None;
                safe(&Behaviour::at(after, stage, begun))
            });
            possible.map(Stage::name).collect()
        }
        _ => Vec::new(),
    };
    let message = format!(
        "{} may not follow {} while processes of any region are still on that; {}",
        described(after, region),
        described(before, region),
        if may_follow.is_empty() {
            legal_steps(before)
        } else {
            format!("may follow: {}", may_follow.join(", "))
        }
    );
    Some(IllegalChange {
        region: region.map(str::to_owned),
        message,
    })
}

fn described(spec: &Spec, region: Option<&str>) -> String {
    match &spec.migration {
        None => format!("the primary {} without a migration", spec.primary),
        Some(migration) => format!(
            "{} from {} to {}",
            migration.plan_of(region).stage.name(),
            migration.from,
            migration.to
        ),
    }
}

/// What may follow a spec, where the other one goes elsewhere altogether.
fn legal_steps(before: &Spec) -> String {
    match &before.migration {
        None => format!(
            "go on with {0}, or add a migration from {0} in stage prepare",
            before.primary
        ),
        Some(migration) => format!(
            "go on with this migration to soak in every region and then make {1} the primary, or back to \
             prepare in every region and then to {0} alone, or from there to a migration from {1} to {0} in prepare",
            migration.from, migration.to
        ),
    }
}

/// Rule 3.
fn left_as_it_is(before: &Spec, after: &Spec) -> Vec<IllegalChange> {
    let before = Behaviour::of(before, None).invalidates;
    let now = Behaviour::of(after, None).invalidates;
    let left = before.into_iter().filter(|cluster| !now.contains(cluster));
    let kept = left.filter(|cluster| {
        let listed = after.clusters.get(cluster.name);
        listed.is_some_and(|listed| listed.key_prefix == cluster.key_prefix)
    });
    kept.map(|cluster| IllegalChange {
        region: None,
        message: format!(
            "cluster {} is invalidated no longer and will hold old values: take it out of the spec, or give it a \
             key_prefix that it never had (it has {:?})",
            cluster.name, cluster.key_prefix
        ),
    })
    .collect()
}

impl Stage {
    /// Whether keys are read from the cluster that is left.
    pub(crate) fn reads_from(self) -> bool {
        self < Self::Soak
    }

    /// Whether keys are read from the cluster that is moved to.
    pub(crate) fn reads_to(self) -> bool {
        self >= Self::Ramp
    }

    /// Whether values are copied from the one to the other.
    pub(crate) fn copies(self) -> bool {
        self == Self::Ramp
    }
}

impl Spec {
    fn stage_of(&self, region: Option<&str>) -> Stage {
        let migration = self.migration.as_ref();
        migration.map_or(Stage::None, |migration| migration.plan_of(region).stage)
    }

    fn has_begun(&self) -> bool {
        self.migration
            .as_ref()
            .is_some_and(MigrationSpec::has_begun)
    }

    /// Whether any other region than this one is beyond `none`.
    fn has_begun_elsewhere(&self, region: Option<&str>) -> bool {
        let begun = |plan: &Plan| plan.stage > Stage::None;
        self.migration.as_ref().is_some_and(|migration| {
            let others = migration.regions.iter();
            let mut others = others.filter(|(name, _)| Some(name.as_str()) != region);
            others.any(|(_, plan)| begun(plan)) || (region.is_some() && begun(&migration.plan))
        })
    }
}

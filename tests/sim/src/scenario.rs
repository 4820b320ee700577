//! What a fleet goes through: specs, faults, and which rule is broken, if any.

use std::fmt::Write as _;

use crate::engine::{Event, Time};
use crate::rules::{Fill, Rules};
use crate::world::{Size, Step, World};

const SECOND: Time = 1_000_000;

#[derive(Clone)]
pub struct Scenario {
    pub name: &'static str,
    steps: fn() -> Vec<Step>,
    pub rules: Rules,
    regions: bool,
    /// When what happens to which server.
    faults: &'static [(Time, Event)],
    adoption: Time,
    /// Few keys that are written often, so that rare meetings are frequent.
    hot: bool,
}

/// A cluster of servers from one number to another, on a ring.
fn ring(prefix: u8, servers: std::ops::Range<u16>, replicas: u8) -> String {
    cluster(r#""kind": "ring", "vnodes": 32"#, prefix, servers, replicas)
}

fn cluster(placement: &str, prefix: u8, servers: std::ops::Range<u16>, replicas: u8) -> String {
    let node = |number| format!(r#"{{"id": "n{number}", "address": "/{number}"}}"#);
    let nodes: Vec<String> = servers.map(node).collect();
    format!(
        r#"{{"placement": {{{placement}}}, "key_prefix": "p{prefix}:", "replicas": {replicas}, "nodes": [{}]}}"#,
        nodes.join(", ")
    )
}

/// Builds the steps of a scenario, with rising generations.
#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn add(mut self, primary: (&str, &str), to: Option<(&str, &str, &str)>, lasts: f64) -> Self {
        let generation = self.0.len() + 1;
        let (from, from_cluster) = primary;
        let mut clusters = format!(r#""{from}": {from_cluster}"#);
        let mut rest = String::new();
        if let Some((name, cluster, plan)) = to {
            let _ = write!(clusters, r#", "{name}": {cluster}"#);
            rest = format!(
                r#", "standby": "{name}", "migration": {{"id": "{from}{name}", "from": "{from}", "to": "{name}", {plan}}}"#
            );
        }
        let spec = format!(
            r#"{{"format": 1, "generation": {generation}, "primary": "{from}", "clusters": {{{clusters}}}{rest}}}"#
        );
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // seconds
        let lasts = (lasts * 1e6) as Time;
        let free = false;
        self.0.push(Step { spec, lasts, free });
        self
    }

    /// As `migrate`, without waiting after each.
    fn sweep(mut self, from: (&str, &str), to: (&str, &str), plans: &[String], lasts: f64) -> Self {
        for plan in plans {
            self = self.add(from, Some((to.0, to.1, plan)), lasts);
            if let Some(step) = self.0.last_mut() {
                step.free = true;
            }
        }
        if let Some(step) = self.0.last_mut() {
            step.free = false;
        }
        self
    }

    fn migrate(mut self, from: (&str, &str), to: (&str, &str), plans: &[&str], lasts: f64) -> Self {
        for plan in plans {
            self = self.add(from, Some((to.0, to.1, plan)), lasts);
        }
        self
    }
}

const NONE: &str = r#""stage": "none""#;
const PREPARE: &str = r#""stage": "prepare""#;
const SOAK: &str = r#""stage": "soak""#;
const RAMP: [&str; 4] = [
    r#""stage": "ramp", "percent": 10"#,
    r#""stage": "ramp", "percent": 25"#,
    r#""stage": "ramp", "percent": 50"#,
    r#""stage": "ramp", "percent": 100"#,
];
const FORWARD: [&str; 7] = [NONE, PREPARE, RAMP[0], RAMP[1], RAMP[2], RAMP[3], SOAK];

fn forward_with(replicas: u8) -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, replicas), ring(1, 8..18, replicas));
    let steps = Steps::default().add(("a", &a), None, 1.0);
    steps
        .migrate(("a", &a), ("b", &b), &FORWARD, 0.5)
        .add(("b", &b), None, 1.0)
        .0
}

fn forward() -> Vec<Step> {
    forward_with(1)
}

fn replicas() -> Vec<Step> {
    forward_with(2)
}

fn there_and_back() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let plans = [
        PREPARE, RAMP[1], PREPARE, RAMP[2], RAMP[0], RAMP[3], SOAK, RAMP[3], SOAK,
    ];
    let steps = Steps::default().add(("a", &a), None, 0.5);
    steps
        .migrate(("a", &a), ("b", &b), &plans, 0.4)
        .add(("b", &b), None, 0.5)
        .0
}

fn reversal() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let steps = Steps::default().migrate(
        ("a", &a),
        ("b", &b),
        &[NONE, PREPARE, RAMP[2], PREPARE],
        0.5,
    );
    let steps = steps.migrate(
        ("b", &b),
        ("a", &a),
        &[PREPARE, RAMP[1], RAMP[3], SOAK],
        0.5,
    );
    steps.add(("a", &a), None, 0.5).0
}

fn regions() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let plan = |own: &str, kr: &str| format!(r#"{own}, "regions": {{"kr": {{{kr}}}}}"#);
    let plans = [
        plan(NONE, NONE),
        plan(PREPARE, NONE),
        plan(RAMP[1], PREPARE),
        plan(SOAK, RAMP[0]),
        plan(SOAK, RAMP[3]),
        plan(SOAK, SOAK),
    ];
    let plans: Vec<&str> = plans.iter().map(String::as_str).collect();
    let steps = Steps::default().add(("a", &a), None, 0.5);
    steps
        .migrate(("a", &a), ("b", &b), &plans, 0.5)
        .add(("b", &b), None, 0.5)
        .0
}

/// One server more, under the same prefix: only keys whose owner changes migrate.
fn scale_out() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(0, 0..9, 1));
    let steps = Steps::default().add(("a", &a), None, 0.5);
    steps
        .migrate(("a", &a), ("b", &b), &FORWARD, 0.5)
        .add(("b", &b), None, 0.5)
        .0
}

fn linear() -> Vec<Step> {
    ramp(2.0, 4.0)
}

/// A ramp by forty even steps, one after the other over so many seconds; before and after as it has to be.
pub fn ramp(before: f64, over: f64) -> Vec<Step> {
    const PARTS: u32 = 40;
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let steps = Steps::default().add(("a", &a), None, before).migrate(
        ("a", &a),
        ("b", &b),
        &[PREPARE],
        0.2,
    );
    let percents = (1..=PARTS).map(|part| {
        let percent = f64::from(part * 100) / f64::from(PARTS);
        format!(r#""stage": "ramp", "percent": {percent}"#)
    });
    let percents: Vec<String> = percents.collect();
    let (from, to) = (("a", a.as_str()), ("b", b.as_str()));
    let steps = steps.sweep(from, to, &percents, over / f64::from(PARTS));
    steps.migrate(from, to, &[SOAK], 2.0).0
}

/// What people do without any of this: `hash(key) % N` with one server more, at once.
pub fn cold_switch(before: f64) -> Vec<Step> {
    let modulo = r#""kind": "modulo", "flavor": "libmemcached""#;
    let (few, many) = (cluster(modulo, 0, 0..8, 1), cluster(modulo, 0, 0..9, 1));
    Steps::default()
        .add(("a", &few), None, before)
        .add(("a", &many), None, 6.0)
        .0
}

fn skipped_prepare() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let steps = Steps::default().add(("a", &a), None, 1.0);
    steps.migrate(("a", &a), ("b", &b), &[NONE, RAMP[3]], 1.0).0
}

/// Back to where it came from and there again, under the prefix that missed invalidations meanwhile.
fn second_attempt() -> Vec<Step> {
    let (a, b) = (ring(0, 0..8, 1), ring(1, 8..18, 1));
    let steps = Steps::default().add(("a", &a), None, 0.5);
    let steps = steps.migrate(
        ("a", &a),
        ("b", &b),
        &[PREPARE, RAMP[3], PREPARE, NONE],
        0.6,
    );
    steps
        .migrate(("a", &a), ("b", &b), &[PREPARE, RAMP[3]], 1.0)
        .0
}

const NO_FAULTS: &[(Time, Event)] = &[];
const RESTARTS: &[(Time, Event)] = &[
    (2 * SECOND, Event::Restart { server: 9 }),
    (3 * SECOND, Event::Restart { server: 2 }),
    (4 * SECOND, Event::Restart { server: 12 }),
];
const HANGS: &[(Time, Event)] = &[
    (2 * SECOND, Event::Hang { server: 10 }),
    (3 * SECOND, Event::Wake { server: 10 }),
    (3 * SECOND, Event::Hang { server: 1 }),
    (4 * SECOND, Event::Wake { server: 1 }),
];

const fn holding(name: &'static str, steps: fn() -> Vec<Step>) -> Scenario {
    let rules = Rules {
        fill: Fill::Token,
        backwards: false,
        share_with_all: false,
        hurry: false,
    };
    Scenario {
        name,
        steps,
        rules,
        regions: false,
        faults: NO_FAULTS,
        adoption: SECOND / 2,
        hot: false,
    }
}

/// All rules kept: no read may be stale.
pub fn kept() -> Vec<Scenario> {
    vec![
        holding("forward", forward),
        Scenario {
            hot: true,
            ..holding("forward, few hot keys", forward)
        },
        holding("there and back", there_and_back),
        holding("reversal in four steps", reversal),
        Scenario {
            regions: true,
            ..holding("regions apart", regions)
        },
        holding("scale-out by one server", scale_out),
        holding("linear ramp", linear),
        holding("two replicas", replicas),
        Scenario {
            faults: RESTARTS,
            ..holding("servers restart", forward)
        },
        Scenario {
            faults: HANGS,
            ..holding("servers hang, deletes are lost", forward)
        },
        Scenario {
            faults: HANGS,
            ..holding("two replicas, servers hang", replicas)
        },
        Scenario {
            adoption: 3 * SECOND,
            ..holding("slow adopters", forward)
        },
    ]
}

/// One rule broken: stale reads have to be found.
pub fn broken() -> Vec<Scenario> {
    let with = |name, steps, change: fn(&mut Rules)| {
        let mut scenario = holding(name, steps);
        change(&mut scenario.rules);
        scenario
    };
    vec![
        with("add without a token", forward, |rules| {
            rules.fill = Fill::Add;
        }),
        with("token taken after the source", forward, |rules| {
            rules.fill = Fill::LateToken;
        }),
        Scenario {
            hot: true,
            ..with("destination invalidated first", forward, |rules| {
                rules.backwards = true;
            })
        },
        Scenario {
            hot: true,
            ..with("loads shared with everybody", forward, |rules| {
                rules.share_with_all = true;
            })
        },
        Scenario {
            adoption: 3 * SECOND,
            ..with("nobody waits for processes", forward, |rules| {
                rules.hurry = true;
            })
        },
        holding("prepare is skipped", skipped_prepare),
        holding("second attempt, same prefix", second_attempt),
    ]
}

pub fn all() -> Vec<Scenario> {
    [
        kept(),
        broken(),
        vec![holding("hash % N, one server more", || cold_switch(6.0))],
    ]
    .concat()
}

impl Scenario {
    /// Runs it from a seed.
    pub fn run(&self, seed: u64, size: Size) -> World {
        self.run_steps(seed, size, (self.steps)())
    }

    pub fn run_steps(&self, seed: u64, size: Size, steps: Vec<Step>) -> World {
        let mut size = Size {
            adoption: self.adoption,
            ..size
        };
        if self.hot {
            (size.keys, size.writes) = (30, 0.3);
        }
        let mut world = World::new(seed, size, self.rules, steps, self.regions, 18);
        for &(at, event) in self.faults {
            world.engine.plan(at, event);
        }
        world.run();
        world
    }
}

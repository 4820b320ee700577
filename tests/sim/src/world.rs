//! The fleet: processes with the core's own routers, servers, the origin, and what is counted.

use std::collections::BTreeMap;

use ringshift::{Options, Router};

use crate::chance::{Chance, Zipf};
use crate::engine::{Engine, Event, Op, Time};
use crate::operation::{At, Operation, Route};
use crate::rules::Rules;
use crate::server::{Origin, Server};
use crate::shared::Loads;

/// How large the fleet is, and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub processes: u32,
    pub lanes: u8,
    pub keys: usize,
    /// Microseconds that a lane rests, on average.
    pub rest: Time,
    pub writes: f64,
    /// How long values live.
    pub ttl: Time,
    /// Requests that the origin serves at once, and how long each takes.
    pub origin: (usize, Time),
    /// How long a process may take to take up a spec.
    pub adoption: Time,
}

/// Microseconds that a message is under way, on average, and at least.
const DELAY: (Time, Time) = (200, 50);
/// After how long a request is given up.
pub const TIMEOUT: Time = 200_000;
const SECOND: Time = 1_000_000;

/// What happened in one second, or in all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    pub reads: u64,
    pub hits: u64,
    pub stale: u64,
    pub loads: u64,
    pub writes: u64,
    pub lost: u64,
}

pub struct Process {
    pub router: Router,
    pub loads: Loads,
}

/// What the director publishes, one after the other.
#[derive(Debug, Clone)]
pub struct Step {
    pub spec: String,
    /// How long it lasts once everybody has taken it up.
    pub lasts: Time,
    /// Whether it need not be taken up by everybody before the next one comes, as percents of a ramp need not.
    pub free: bool,
}

pub struct World {
    pub engine: Engine,
    pub chance: Chance,
    pub rules: Rules,
    pub size: Size,
    zipf: Zipf,
    pub processes: Vec<Process>,
    pub servers: Vec<Server>,
    pub origin: Origin,
    pub operations: BTreeMap<Op, Operation>,
    next: Op,
    steps: Vec<Step>,
    published: usize,
    /// When everybody had taken up what is published and what began before was over.
    settled: Option<Time>,
    ended: bool,
    pub total: Counts,
    pub seconds: Vec<Counts>,
    /// The first stale read in words.
    pub first_stale: Option<String>,
}

impl World {
    pub fn new(
        seed: u64,
        size: Size,
        rules: Rules,
        steps: Vec<Step>,
        regions: bool,
        servers: usize,
    ) -> Self {
        let mut world = Self {
            engine: Engine::default(),
            chance: Chance::new(seed),
            rules,
            size,
            zipf: Zipf::new(size.keys, 1.0),
            processes: Vec::new(),
            servers: (0..servers).map(|_| Server::default()).collect(),
            origin: Origin::new(size.keys, size.origin.0, size.origin.1),
            operations: BTreeMap::new(),
            next: 0,
            steps,
            published: 0,
            settled: None,
            ended: false,
            total: Counts::default(),
            seconds: Vec::new(),
            first_stale: None,
        };
        for number in 0..size.processes {
            let region = (regions && number % 2 == 1).then(|| "kr".to_owned());
            let options = Options {
                region,
                ..Options::default()
            };
            let router = Router::from_spec(world.steps[0].spec.as_bytes(), options);
            world.processes.push(Process {
                router: router.unwrap_or_else(|error| panic!("the first spec: {error}")),
                loads: Loads::default(),
            });
            for lane in 0..size.lanes {
                let begin = world.chance.below(2 * size.rest);
                world.engine.plan(
                    begin,
                    Event::Begin {
                        process: number,
                        lane,
                    },
                );
            }
        }
        world.engine.plan(0, Event::Direct);
        world
    }

    /// Lets everything happen, up to the end of the last step and of what is under way then.
    pub fn run(&mut self) {
        while let Some(event) = self.engine.next() {
            match event {
                Event::Begin { process, lane } => self.begin(process, lane),
                Event::Arrive { op, request } => self.arrive(op, request),
                Event::Answer { op, request } => self.answer(op, request),
                Event::Resume { op } => self.resume(op),
                Event::Adopt { process } => self.adopt(process),
                Event::Direct => self.direct(),
                Event::Restart { server } => self.servers[usize::from(server)].restart(),
                Event::Hang { server } => self.servers[usize::from(server)].hangs = true,
                Event::Wake { server } => self.servers[usize::from(server)].hangs = false,
            }
        }
    }

    fn begin(&mut self, process: u32, lane: u8) {
        if self.ended {
            return;
        }
        let key = self.zipf.key(&mut self.chance);
        let writes = self.chance.share() < self.size.writes;
        let op = self.next;
        self.next += 1;
        let arrived = self.processes[process as usize].loads.arrive();
        let floor = self.origin.completed[key as usize];
        let operation = Operation::new(process, lane, key, floor, arrived, writes);
        self.operations.insert(op, operation);
        self.start(op);
    }

    /// An operation is over; its lane rests.
    pub fn end(&mut self, op: Op) {
        if let Some(operation) = self.operations.remove(&op) {
            let rest = self.chance.around(self.size.rest);
            let (process, lane) = (operation.process, operation.lane);
            self.engine.after(rest, Event::Begin { process, lane });
        }
    }

    /// A read has its value.
    pub fn found(&mut self, op: Op, version: u32, hit: bool) {
        let operation = &self.operations[&op];
        let stale = version < operation.floor;
        if stale && self.first_stale.is_none() {
            self.first_stale = Some(format!(
                "at {:.6} s process {} read key {} of generation {}: version {version}, older than {}",
                seconds(self.engine.now),
                operation.process,
                operation.key,
                operation.generation,
                operation.floor
            ));
        }
        self.count(|counts| {
            counts.reads += 1;
            counts.hits += u64::from(hit);
            counts.stale += u64::from(stale);
        });
    }

    /// Counts in the present second, and in all.
    pub fn count(&mut self, add: impl Fn(&mut Counts)) {
        let second = (self.engine.now / SECOND) as usize;
        if self.seconds.len() <= second {
            self.seconds.resize(second + 1, Counts::default());
        }
        add(&mut self.seconds[second]);
        add(&mut self.total);
    }

    pub fn delay(&mut self) -> Time {
        DELAY.1 + self.chance.around(DELAY.0)
    }

    /// What a process does for a key, as its router says.
    pub fn route(&self, process: u32, key: u32) -> Route {
        let router = &self.processes[process as usize].router;
        router.with(|snapshot| {
            let route = snapshot.route(format!("k{key}").as_bytes());
            let at =
                |node: &std::sync::Arc<ringshift::Node>| At::of(node.address(), node.key_prefix());
            Route {
                read: route
                    .read()
                    .map_or_else(Vec::new, |read| read.nodes().map(at).collect()),
                fallback: route
                    .fallback()
                    .map_or_else(Vec::new, |from| from.nodes().map(at).collect()),
                fill: route.fill(),
                invalidate: route.invalidate().map(at).collect(),
                generation: route.generation(),
            }
        })
    }

    fn adopt(&mut self, process: u32) {
        let spec = self.steps[self.published].spec.as_bytes();
        let applied = self.processes[process as usize].router.apply(spec);
        applied.unwrap_or_else(|error| panic!("step {}: {error}", self.published));
    }

    /// Publishes the next step when it is time.
    fn direct(&mut self) {
        const LOOK: Time = 20_000;
        let now = self.engine.now;
        let generation = self.published as u64 + 1;
        let settled = self.rules.hurry
            || self.steps[self.published].free
            || (self
                .processes
                .iter()
                .all(|process| process.router.generation() == generation)
                && self
                    .operations
                    .values()
                    .all(|operation| operation.generation >= generation));
        if settled && self.settled.is_none() {
            self.settled = Some(now);
        }
        let lasted = self
            .settled
            .is_some_and(|since| now - since >= self.steps[self.published].lasts);
        if lasted {
            if self.published + 1 == self.steps.len() {
                self.ended = true;
                return;
            }
            self.published += 1;
            self.settled = None;
            for process in 0..self.size.processes {
                let delay = self.chance.below(self.size.adoption);
                self.engine.after(delay, Event::Adopt { process });
            }
        }
        self.engine.after(LOOK, Event::Direct);
    }
}

#[allow(clippy::cast_precision_loss)] // minutes in microseconds
pub fn seconds(time: Time) -> f64 {
    time as f64 / SECOND as f64
}

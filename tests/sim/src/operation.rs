//! What a read and a write do, step by step, as docs/migration.md says that a client carries out a route.

use crate::engine::{Event, Op, Time};
use crate::rules::Fill;
use crate::server::{Found, Token};
use crate::world::{TIMEOUT, World};

/// An entry's place: a server and a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    pub server: u16,
    pub prefix: u8,
}

impl At {
    /// Addresses are `/3`, prefixes `p1:`.
    pub fn of(address: &str, prefix: &str) -> Self {
        let number = |text: &str| {
            text.trim_matches(|c: char| !c.is_ascii_digit())
                .parse::<u16>()
                .unwrap_or(0)
        };
        Self {
            server: number(address),
            prefix: number(prefix) as u8,
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Route {
    pub read: Vec<At>,
    pub fallback: Vec<At>,
    pub fill: bool,
    pub invalidate: Vec<At>,
    pub generation: u64,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Seek,
    Take,
    Fill {
        version: u32,
        expires: Time,
        token: Option<Token>,
    },
    Delete,
    Load,
    Commit,
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Found(Found),
    Done(bool),
    Version(u32),
    Failed,
}

#[derive(Debug, Clone, Copy)]
struct Request {
    /// Nothing for the origin.
    at: Option<At>,
    what: What,
    answer: Answer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The n-th node of `read` is asked.
    Seek(usize),
    /// Tokens are taken at the nodes behind.
    Behind(u32),
    Fallback(usize),
    Load,
    /// A token is taken when the value is known, which is too late.
    Late(u32),
    /// A value is stored; it came from the origin or not.
    Fill {
        left: u32,
        loaded: bool,
        accepted: bool,
    },
    /// Somebody else loads.
    Waiting,
    Commit,
    Invalidate(usize),
    /// An invalidation was lost and is sent again in a moment.
    Again,
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub process: u32,
    pub lane: u8,
    pub key: u32,
    pub floor: u32,
    pub arrived: u64,
    /// Of the route that it goes by; the highest where it has none.
    pub generation: u64,
    writes: bool,
    route: Route,
    phase: Phase,
    tokens: Vec<(At, Token)>,
    requests: Vec<Request>,
    version: u32,
    lost: bool,
}

impl Operation {
    pub fn new(process: u32, lane: u8, key: u32, floor: u32, arrived: u64, writes: bool) -> Self {
        Self {
            process,
            lane,
            key,
            floor,
            arrived,
            generation: u64::MAX,
            writes,
            route: Route::default(),
            phase: if writes {
                Phase::Commit
            } else {
                Phase::Seek(0)
            },
            tokens: Vec::new(),
            requests: Vec::new(),
            version: 0,
            lost: false,
        }
    }
}

impl World {
    fn operation(&mut self, op: Op) -> &mut Operation {
        self.operations
            .get_mut(&op)
            .expect("an operation that is under way")
    }

    pub fn start(&mut self, op: Op) {
        if self.operation(op).writes {
            self.send(op, None, What::Commit);
        } else {
            self.take_route(op);
            self.seek(op, 0);
        }
    }

    fn take_route(&mut self, op: Op) {
        let (process, key) = (self.operation(op).process, self.operation(op).key);
        let route = self.route(process, key);
        let operation = self.operation(op);
        operation.generation = route.generation;
        operation.route = route;
    }

    fn send(&mut self, op: Op, at: Option<At>, what: What) {
        let delay = self.delay();
        let operation = self.operation(op);
        let request = operation.requests.len() as u32;
        operation.requests.push(Request {
            at,
            what,
            answer: Answer::Failed,
        });
        self.engine.after(delay, Event::Arrive { op, request });
    }

    /// A request is carried out.
    pub fn arrive(&mut self, op: Op, request: u32) {
        let now = self.engine.now;
        let operation = &self.operations[&op];
        let (key, Request { at, what, .. }) = (operation.key, operation.requests[request as usize]);
        let mut delay = self.delay();
        let answer = if let Some(at) = at {
            let server = &mut self.servers[usize::from(at.server)];
            let wire = (at.prefix, key);
            match what {
                _ if server.hangs => {
                    delay = TIMEOUT;
                    Answer::Failed
                }
                What::Seek => Answer::Found(server.get(wire, now, self.rules.fill != Fill::Add)),
                What::Take => Answer::Found(server.get(wire, now, false)),
                What::Fill {
                    version,
                    expires,
                    token,
                } => Answer::Done(server.fill(wire, version, expires, token, now)),
                _ => {
                    server.delete(wire);
                    Answer::Done(true)
                }
            }
        } else {
            let (_, end) = self.origin.serve(now);
            delay += end - now;
            if matches!(what, What::Load) {
                self.count(|counts| counts.loads += 1);
            }
            // A load sees what is there when it comes; a commit is there when it is told.
            Answer::Version(self.origin.versions[key as usize])
        };
        self.operation(op).requests[request as usize].answer = answer;
        self.engine.after(delay, Event::Answer { op, request });
    }

    /// An answer is there: what is next.
    pub fn answer(&mut self, op: Op, request: u32) {
        let operation = &self.operations[&op];
        let Request { at, answer, .. } = operation.requests[request as usize];
        match (operation.phase, answer) {
            (Phase::Seek(number), Answer::Failed) => self.seek(op, number + 1),
            (
                Phase::Seek(_) | Phase::Fallback(_),
                Answer::Found(Found::Value { version, left }),
            ) => {
                self.value(op, version, left);
            }
            (Phase::Seek(number), Answer::Found(found)) => {
                self.hold(op, at, found);
                let behind: Vec<At> = self.operations[&op].route.read[number + 1..].to_vec();
                self.operation(op).phase = Phase::Behind(behind.len() as u32);
                if behind.is_empty() {
                    self.fallback(op, 0);
                }
                for other in behind {
                    self.send(op, Some(other), What::Seek);
                }
            }
            (Phase::Behind(left), answer) => {
                if let Answer::Found(found) = answer {
                    self.hold(op, at, found);
                }
                self.operation(op).phase = Phase::Behind(left - 1);
                if left == 1 {
                    self.fallback(op, 0);
                }
            }
            (Phase::Fallback(number), Answer::Failed) => self.fallback(op, number + 1),
            (Phase::Fallback(_), _) => self.load(op),
            (Phase::Load, Answer::Version(version)) => self.loaded(op, version),
            (Phase::Late(left), answer) => {
                if let Answer::Found(found) = answer {
                    self.hold(op, at, found);
                }
                self.operation(op).phase = Phase::Late(left - 1);
                if left == 1 {
                    let expires = self.engine.now + self.size.ttl;
                    self.fill(op, expires, true);
                }
            }
            (
                Phase::Fill {
                    left,
                    loaded,
                    accepted,
                },
                answer,
            ) => {
                let accepted = accepted || matches!(answer, Answer::Done(true));
                self.operation(op).phase = Phase::Fill {
                    left: left - 1,
                    loaded,
                    accepted,
                };
                if left == 1 {
                    self.filled(op, loaded, accepted);
                }
            }
            (Phase::Commit, _) => {
                let key = self.operations[&op].key as usize;
                self.origin.versions[key] += 1;
                let version = self.origin.versions[key];
                self.operation(op).version = version;
                self.take_route(op);
                self.order(op);
                self.invalidate(op, 0);
            }
            (Phase::Invalidate(number), answer) => {
                if matches!(answer, Answer::Failed) {
                    self.operation(op).lost = true;
                }
                self.invalidate(op, number + 1);
            }
            (phase, answer) => unreachable!("{answer:?} in {phase:?}"),
        }
    }

    fn seek(&mut self, op: Op, number: usize) {
        self.operation(op).phase = Phase::Seek(number);
        match self.operations[&op].route.read.get(number).copied() {
            Some(at) => self.send(op, Some(at), What::Seek),
            None => self.fallback(op, 0),
        }
    }

    fn hold(&mut self, op: Op, at: Option<At>, found: Found) {
        if let (Some(at), Found::Token(token)) = (at, found) {
            self.operation(op).tokens.push((at, token));
        }
    }

    fn fallback(&mut self, op: Op, number: usize) {
        self.operation(op).phase = Phase::Fallback(number);
        match self.operations[&op].route.fallback.get(number).copied() {
            Some(at) => self.send(op, Some(at), What::Take),
            None => self.load(op),
        }
    }

    /// A cache has the value.
    fn value(&mut self, op: Op, version: u32, left: Time) {
        let operation = &self.operations[&op];
        let copies = matches!(operation.phase, Phase::Fallback(_)) && operation.route.fill;
        self.operation(op).version = version;
        if copies {
            let expires = self.engine.now + left;
            self.fill(op, expires, false);
        } else {
            self.found(op, version, true);
            self.end(op);
        }
    }

    fn load(&mut self, op: Op) {
        let operation = &self.operations[&op];
        let (process, key) = (operation.process as usize, operation.key);
        if self.processes[process].loads.join(key, op, None) {
            self.operation(op).phase = Phase::Load;
            self.send(op, None, What::Load);
        } else {
            self.operation(op).phase = Phase::Waiting;
        }
    }

    fn loaded(&mut self, op: Op, version: u32) {
        self.operation(op).version = version;
        let (process, key) = (
            self.operations[&op].process as usize,
            self.operations[&op].key,
        );
        if !self.rules.share_with_all {
            self.processes[process].loads.close(key, op);
        }
        if self.rules.fill == Fill::LateToken {
            let nodes = self.operations[&op].route.read.clone();
            self.operation(op).tokens.clear();
            self.operation(op).phase = Phase::Late(nodes.len() as u32);
            for at in nodes {
                self.send(op, Some(at), What::Seek);
            }
        } else {
            let expires = self.engine.now + self.size.ttl;
            self.fill(op, expires, true);
        }
    }

    /// Stores the value where a token is held; without tokens as a rule, at every node that is read.
    fn fill(&mut self, op: Op, expires: Time, loaded: bool) {
        let operation = &self.operations[&op];
        let version = operation.version;
        let targets: Vec<(At, Option<Token>)> = if self.rules.fill == Fill::Add {
            operation.route.read.iter().map(|&at| (at, None)).collect()
        } else {
            operation
                .tokens
                .iter()
                .map(|&(at, token)| (at, Some(token)))
                .collect()
        };
        if targets.is_empty() {
            self.filled(op, loaded, false);
            return;
        }
        let left = targets.len() as u32;
        self.operation(op).phase = Phase::Fill {
            left,
            loaded,
            accepted: false,
        };
        for (at, token) in targets {
            self.send(
                op,
                Some(at),
                What::Fill {
                    version,
                    expires,
                    token,
                },
            );
        }
    }

    fn filled(&mut self, op: Op, loaded: bool, accepted: bool) {
        let operation = &self.operations[&op];
        let (process, key, version) =
            (operation.process as usize, operation.key, operation.version);
        self.found(op, version, !loaded);
        if loaded {
            let all = self.rules.share_with_all;
            let (sharing, others) =
                self.processes[process]
                    .loads
                    .finish(key, op, accepted, all, &|waiting| {
                        self.operations[&waiting].arrived
                    });
            for waiting in sharing {
                self.found(waiting, version, false);
                self.end(waiting);
            }
            // All others load again, as one.
            let mut after = Some(op);
            for waiting in others {
                let leads = self.processes[process].loads.join(key, waiting, after);
                after = None;
                if leads {
                    self.operation(waiting).phase = Phase::Load;
                    self.send(waiting, None, What::Load);
                }
            }
        }
        self.end(op);
    }

    /// The order in which a write invalidates.
    fn order(&mut self, op: Op) {
        if self.rules.backwards {
            self.operation(op).route.invalidate.reverse();
        }
    }

    fn invalidate(&mut self, op: Op, number: usize) {
        self.operation(op).phase = Phase::Invalidate(number);
        if let Some(&at) = self.operations[&op].route.invalidate.get(number) {
            self.send(op, Some(at), What::Delete);
            return;
        }
        let (process, key) = (self.operations[&op].process, self.operations[&op].key);
        let before = self.operations[&op].route.clone();
        let now = self.processes[process as usize].router.generation();
        if now != before.generation {
            // Others may read by the new route already: again, to the nodes of both.
            self.take_route(op);
            let new = std::mem::take(&mut self.operation(op).route.invalidate);
            let union = new.iter().filter(|at| !before.invalidate.contains(at));
            let union = before.invalidate.iter().chain(union).copied().collect();
            self.operation(op).route.invalidate = union;
            self.invalidate(op, 0);
        } else if self.operations[&op].lost {
            self.count(|counts| counts.lost += 1);
            self.operation(op).phase = Phase::Again;
            self.engine.after(10_000, Event::Resume { op });
        } else {
            let version = self.operations[&op].version;
            let completed = &mut self.origin.completed[key as usize];
            *completed = version.max(*completed);
            self.count(|counts| counts.writes += 1);
            self.end(op);
        }
    }

    /// What was lost is sent again.
    pub fn resume(&mut self, op: Op) {
        self.operation(op).lost = false;
        self.take_route(op);
        self.order(op);
        self.invalidate(op, 0);
    }
}

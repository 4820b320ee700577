//! A reader, step by step: route, token and read, fallback, load, fill. Between any two steps anything may happen, its
//! process taking up another generation included; the read goes on by the route that it began with.

use crate::model::{Action, Migration};
use crate::rules::Fill;
use crate::state::{ABSENT, Reader, Reading, State, Version};

/// A step of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Read {
    /// Asks the core for the route: one of those that it may answer, breakers considered.
    Route(u8),
    /// Asks the next node of `read` or `fallback`. A miss at `read` gives a token.
    Ask,
    /// The next node doesn't answer.
    NoAnswer,
    Load,
    /// Takes tokens where nothing is stored.
    Take,
    Fill,
}

impl Fill {
    /// Whether a token dies when its entry changes.
    pub fn is_bound(self) -> bool {
        matches!(self, Self::Token | Self::LateToken)
    }

    /// Whether a miss is what entitles a reader to fill.
    fn is_by_miss(self) -> bool {
        matches!(self, Self::Token | Self::Add)
    }
}

impl Migration {
    /// What a reader may do next.
    pub fn reads(&self, state: &State, number: usize, actions: &mut Vec<Action>) {
        let reader = &state.readers[number];
        let process = u8::try_from(number).expect("few readers");
        let mut may = |read| {
            actions.push(Action::Reader(process, read));
        };
        match reader.phase {
            Reading::Idle => {
                let region = self.region(number, self.rules.readers);
                (self.answers(reader.generation, region).reads.iter())
                    .for_each(|&route| may(Read::Route(route)));
            }
            Reading::Read | Reading::Fallback => {
                may(Read::Ask);
                if self.rules.failures {
                    may(Read::NoAnswer);
                }
            }
            Reading::Load => may(Read::Load),
            Reading::Take => may(Read::Take),
            Reading::Fill => may(Read::Fill),
        }
    }

    pub fn read(&self, state: &mut State, number: usize, read: Read) {
        let (committed, completed) = (state.committed, state.completed);
        let reader = &mut state.readers[number];
        match read {
            Read::Route(route) => {
                *reader = Reader {
                    route,
                    floor: completed,
                    phase: Reading::Read,
                    ..*reader
                };
                self.go_on(reader);
            }
            Read::Ask => self.ask(state, number),
            Read::NoAnswer => {
                reader.at += 1;
                self.go_on(reader);
            }
            Read::Load => self.found(state, number, committed, true),
            Read::Take => {
                let entries = self.read_route(reader.route).read.iter();
                let free = entries.filter(|&&entry| state.entries[usize::from(entry)] == ABSENT);
                reader.tokens = free.fold(0, |tokens, &entry| tokens | 1 << entry);
                reader.phase = Reading::Fill;
                reader.rest_if_done();
            }
            Read::Fill => self.fill(state, number),
        }
    }

    fn ask(&self, state: &mut State, number: usize) {
        let reader = state.readers[number];
        let route = self.read_route(reader.route);
        let of_read = reader.phase == Reading::Read;
        let entry = (if of_read {
            &route.read
        } else {
            &route.fallback
        })[usize::from(reader.at)];
        let version = state.entry(entry);
        if version != ABSENT {
            return self.found(state, number, version, !of_read && route.fill);
        }
        let reader = &mut state.readers[number];
        if of_read && self.rules.fill.is_by_miss() {
            reader.tokens |= 1 << entry;
        }
        reader.at += 1;
        self.go_on(reader);
    }

    /// When all nodes of a target were asked, the next source is.
    fn go_on(&self, reader: &mut Reader) {
        let route = self.read_route(reader.route);
        if reader.phase == Reading::Read && usize::from(reader.at) == route.read.len() {
            (reader.phase, reader.at) = (Reading::Fallback, 0);
        }
        if reader.phase == Reading::Fallback && usize::from(reader.at) == route.fallback.len() {
            (reader.phase, reader.at) = (Reading::Load, 0);
        }
    }

    /// The reader has its value and returns it; what it may store, it stores after that.
    fn found(&self, state: &mut State, number: usize, value: Version, fill: bool) {
        let reader = &mut state.readers[number];
        state.stale |= value < reader.floor;
        let mut tokens = reader.tokens;
        let mut phase = Reading::Fill;
        match self.rules.fill {
            Fill::Token | Fill::Add => {}
            Fill::LateToken => phase = Reading::Take,
            Fill::Set => {
                let entries = self.read_route(reader.route).read.iter();
                tokens = entries.fold(0, |all, &entry| all | 1 << entry);
            }
        }
        let route = if phase == Reading::Take {
            reader.route
        } else {
            0
        };
        let idle = Reader::idle(reader.generation);
        *reader = if fill {
            Reader {
                phase,
                route,
                tokens,
                value,
                ..idle
            }
        } else {
            idle
        };
        reader.rest_if_done();
    }

    fn fill(&self, state: &mut State, number: usize) {
        let reader = state.readers[number];
        let entry = u8::try_from(reader.tokens.trailing_zeros()).expect("one of eight");
        if self.rules.fill != Fill::Add || state.entry(entry) == ABSENT {
            self.put(state, entry, reader.value);
        }
        state.readers[number].lose_token(entry);
    }

    pub fn describe_read(&self, before: &State, number: usize, read: Read) -> String {
        let reader = &before.readers[number];
        let names = |entries: &[u8]| {
            entries
                .iter()
                .map(|&entry| self.routes.name(entry))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let route = self.read_route(reader.route);
        let what = match read {
            Read::Route(route) => {
                let route = self.read_route(route);
                let fallback = if route.fallback.is_empty() {
                    "none".into()
                } else {
                    names(&route.fallback)
                };
                format!(
                    "begins by generation {}: read {}, fallback {fallback}; version {} has completed",
                    reader.generation + 1,
                    names(&route.read),
                    before.completed
                )
            }
            Read::Ask | Read::NoAnswer => {
                let nodes = if reader.phase == Reading::Read {
                    &route.read
                } else {
                    &route.fallback
                };
                let entry = nodes[usize::from(reader.at)];
                let answer = match (read, before.entry(entry)) {
                    (Read::NoAnswer, _) => "no answer".to_owned(),
                    (_, ABSENT) => "a miss".to_owned(),
                    (_, version) if version < reader.floor => {
                        format!("version {version}, older than {}: STALE", reader.floor)
                    }
                    (_, version) => format!("version {version}"),
                };
                format!("asks {}: {answer}", self.routes.name(entry))
            }
            Read::Load => format!("loads version {} from the database", before.committed),
            Read::Take => "takes tokens".to_owned(),
            Read::Fill => {
                let entry = u8::try_from(reader.tokens.trailing_zeros()).expect("one of eight");
                format!(
                    "fills {} with version {}",
                    self.routes.name(entry),
                    reader.value
                )
            }
        };
        format!("reader {} {what}", number + 1)
    }
}

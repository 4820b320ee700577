//! What happens around readers and writers: generations are published and taken up, nodes restart.

use crate::model::{Action, Migration};
use crate::rules::{Change, Fault, Wait};
use crate::state::{ABSENT, Entry, Reading, State, Version, Writing};

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The next generation is there to be taken up.
    Publish,
    /// A reader's process takes up the newest generation.
    ReaderAdopts(u8),
    /// A writer's process does.
    WriterAdopts(u8),
    /// A server restarts empty.
    Restart(u8),
    /// An entry that nobody invalidates any more expires; for others that is no more than a restart.
    Expires(Entry),
    /// A server restarts with an entry as it was once.
    OldData(Entry, Version),
}

impl Migration {
    /// What may happen next.
    pub fn events(&self, state: &State, actions: &mut Vec<Action>) {
        let mut may = |event| actions.push(Action::Environment(event));
        if self.may_publish(state) {
            may(Event::Publish);
        }
        for (number, reader) in (0..).zip(&state.readers[..self.rules.readers]) {
            let is_free = !self.rules.readers_drain || reader.phase == Reading::Idle;
            if reader.generation < state.published && is_free {
                may(Event::ReaderAdopts(number));
            }
        }
        for (number, writer) in (0..).zip(&state.writers[..self.rules.writers]) {
            let is_free = self.rules.change != Change::Drain || writer.phase != Writing::Sending;
            if writer.generation < state.published && is_free {
                may(Event::WriterAdopts(number));
            }
        }
        if self.rules.restarts {
            for (number, server) in (0..).zip(&self.servers) {
                if server.iter().any(|&entry| self.is_in_use(state, entry)) {
                    may(Event::Restart(number));
                }
            }
        }
        if self.rules.wait == Wait::MaxTtl {
            self.left(state)
                .for_each(|entry| may(Event::Expires(entry)));
        }
        if self.rules.old_data != Fault::Never {
            for entry in (0..).take(self.routes.entries.len()) {
                let held = state.held[usize::from(entry)];
                let old = (0..8)
                    .filter(|version| held >> version & 1 == 1 && *version != state.entry(entry));
                if self.may_fail(state, self.rules.old_data, entry) {
                    old.for_each(|version| may(Event::OldData(entry, version)));
                }
            }
        }
    }

    pub fn happen(&self, state: &mut State, event: Event) {
        match event {
            Event::Publish => state.published += 1,
            Event::ReaderAdopts(number) => {
                state.readers[usize::from(number)].generation = state.published;
            }
            Event::WriterAdopts(number) => {
                state.writers[usize::from(number)].generation = state.published;
            }
            Event::Restart(server) => {
                let entries = &self.servers[usize::from(server)];
                for &entry in entries {
                    self.put(state, entry, ABSENT);
                }
            }
            Event::Expires(entry) => self.put(state, entry, ABSENT),
            Event::OldData(entry, version) => {
                self.put(state, entry, version);
                state.faults += 1;
                state.debt |= 1 << entry;
            }
        }
    }

    /// The publisher's rules: at most two neighbouring generations, and none that reads what has missed an
    /// invalidation.
    fn may_publish(&self, state: &State) -> bool {
        if state.published == self.last_generation() {
            return false;
        }
        let next = state.published + 1;
        let blocked = self.rules.debt_blocks && self.read_in(next) & state.debt != 0;
        let wait = if self.is_free(next) {
            Wait::Nothing
        } else {
            self.rules.wait
        };
        let all_there = || {
            self.running(state)
                .all(|generation| generation == state.published)
        };
        !blocked
            && match wait {
                Wait::Nothing => true,
                Wait::Processes => all_there(),
                Wait::Operations => all_there() && !self.is_outlived(state),
                Wait::MaxTtl => {
                    all_there() && !self.is_outlived(state) && self.left(state).next().is_none()
                }
            }
    }

    /// The entries that no process invalidates any more and that hold something, or for which there is a token.
    fn left<'s>(&'s self, state: &'s State) -> impl Iterator<Item = Entry> + 's {
        let regions = if self.rules.regions { 2 } else { 1 };
        let mut invalidated = 0u32;
        for generation in self.running(state) {
            for region in 0..regions {
                let entries = self.answers(generation, region).invalidate.iter();
                invalidated |= entries.fold(0, |all, entry| all | 1 << entry);
            }
        }
        let all = (0..).take(self.routes.entries.len());
        all.filter(move |&entry| invalidated >> entry & 1 == 0 && self.is_in_use(state, entry))
    }

    /// Whether anything is under way by a route that the newest generation does not give.
    fn is_outlived(&self, state: &State) -> bool {
        let readers = (0..).zip(&state.readers[..self.rules.readers]);
        let mut reads =
            readers.filter(|(_, reader)| !matches!(reader.phase, Reading::Idle | Reading::Fill));
        let writers = (0..).zip(&state.writers[..self.rules.writers]);
        let mut sending = writers.filter(|(_, writer)| writer.phase == Writing::Sending);
        let now = |number, of| self.answers(state.published, self.region(number, of));
        reads.any(|(number, reader)| {
            !now(number, self.rules.readers)
                .reads
                .contains(&reader.route)
        }) || sending.any(|(number, writer)| {
            let region = self.region(number, self.rules.writers);
            let then = self.answers(writer.route_generation, region);
            then.invalidate != now(number, self.rules.writers).invalidate
        })
    }

    /// Whether a fault may strike an entry; one is enough to break what can be broken.
    pub fn may_fail(&self, state: &State, fault: Fault, entry: Entry) -> bool {
        let is_read = || {
            let generations = self.running(state).chain([state.published]);
            let by_next = generations.fold(0, |all, generation| all | self.read_in(generation));
            let routes = state.readers[..self.rules.readers].iter();
            let by_now = routes
                .filter(|reader| !matches!(reader.phase, Reading::Idle | Reading::Fill))
                .fold(0, |all, reader| all | self.read_by(reader.route));
            (by_next | by_now) >> entry & 1 == 1
        };
        state.faults == 0
            && match fault {
                Fault::Never => false,
                Fault::Unread => !is_read(),
                Fault::Anywhere => true,
            }
    }

    /// The entries that a generation reads in any region, as bits.
    fn read_in(&self, generation: u8) -> u8 {
        let regions = if self.rules.regions { 2 } else { 1 };
        let routes = (0..regions).flat_map(|region| &self.answers(generation, region).reads);
        routes.fold(0, |all, &route| all | self.read_by(route))
    }

    fn read_by(&self, route: u8) -> u8 {
        let route = self.read_route(route);
        route
            .read
            .iter()
            .chain(&route.fallback)
            .fold(0, |all, &entry| all | 1 << entry)
    }

    /// Whether anybody could tell that an entry is lost.
    fn is_in_use(&self, state: &State, entry: Entry) -> bool {
        let tokens = state
            .readers
            .iter()
            .fold(0, |all, reader| all | reader.tokens);
        state.entry(entry) != ABSENT || (self.rules.fill.is_bound() && tokens >> entry & 1 == 1)
    }

    pub fn describe_event(&self, before: &State, event: Event) -> String {
        match event {
            Event::Publish => {
                let next = usize::from(before.published) + 1;
                format!(
                    "generation {} is published: {}",
                    next + 1,
                    self.situations[next]
                )
            }
            Event::ReaderAdopts(number) => format!(
                "reader {} takes up generation {}",
                number + 1,
                before.published + 1
            ),
            Event::WriterAdopts(number) => format!(
                "writer {} takes up generation {}",
                number + 1,
                before.published + 1
            ),
            Event::Restart(server) => {
                let entry = self.servers[usize::from(server)][0];
                format!("the server of {} restarts empty", self.routes.name(entry))
            }
            Event::Expires(entry) => format!("{} expires", self.routes.name(entry)),
            Event::OldData(entry, version) => format!(
                "{} comes back with version {version}",
                self.routes.name(entry)
            ),
        }
    }
}

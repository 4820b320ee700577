//! A variant as something that can be explored: its states, what may happen next, what must never be.

use crate::environment::Event;
use crate::reader::Read;
use crate::routes::{Answers, ReadRoute, Routes};
use crate::rules::Rules;
use crate::situation;
use crate::state::{ABSENT, Entry, State, Version, Writing};
use crate::variants::Variant;
use crate::writer::Write;

/// A variant with the core's answers for it.
#[derive(Debug, Clone)]
pub struct Migration {
    pub rules: Rules,
    pub routes: Routes,
    pub situations: Vec<String>,
    /// Entries of one server each.
    pub servers: Vec<Vec<Entry>>,
}

/// What may happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Reader(u8, Read),
    Writer(u8, Write),
    Environment(Event),
}

impl Migration {
    pub fn new(variant: &Variant) -> Self {
        let routes = Routes::ask(&variant.situations, variant.key, variant.rules.breakers);
        let mut addresses: Vec<&String> =
            routes.entries.iter().map(|(address, _)| address).collect();
        addresses.sort_unstable();
        addresses.dedup();
        let of_server = |address: &String| {
            let entries = (0..).zip(&routes.entries);
            entries
                .filter(|(_, (other, _))| other == address)
                .map(|(entry, _)| entry)
                .collect()
        };
        Self {
            rules: variant.rules,
            situations: variant.situations.clone(),
            servers: addresses.into_iter().map(of_server).collect(),
            routes,
        }
    }

    /// What the core answers a process: its generation's route, in its region.
    pub fn answers(&self, generation: u8, region: usize) -> &Answers {
        &self.routes.answers[usize::from(generation)][region]
    }

    pub fn read_route(&self, number: u8) -> &ReadRoute {
        &self.routes.reads[usize::from(number)]
    }

    /// The last process of its kind is of another region, if there are regions and more than one of the kind.
    pub fn region(&self, number: usize, of: usize) -> usize {
        usize::from(self.rules.regions && of > 1 && number + 1 == of)
    }

    pub fn put(&self, state: &mut State, entry: Entry, version: Version) {
        if version != ABSENT && self.rules.old_data != crate::rules::Fault::Never {
            state.held[usize::from(entry)] |= 1 << version;
        }
        state.put(entry, version, self.rules.fill.is_bound());
    }

    /// The generations that processes run.
    pub fn running<'s>(&'s self, state: &'s State) -> impl Iterator<Item = u8> + 's {
        let readers = state.readers[..self.rules.readers]
            .iter()
            .map(|reader| reader.generation);
        readers.chain(
            state.writers[..self.rules.writers]
                .iter()
                .map(|writer| writer.generation),
        )
    }

    pub fn last_generation(&self) -> u8 {
        u8::try_from(self.situations.len() - 1).expect("few generations")
    }

    pub fn is_free(&self, generation: u8) -> bool {
        situation::is_free(&self.situations[usize::from(generation)])
    }

    /// An action in words, with what it changes.
    pub fn describe(&self, before: &State, action: Action) -> String {
        match action {
            Action::Reader(number, read) => self.describe_read(before, number.into(), read),
            Action::Writer(number, write) => self.describe_write(before, number.into(), write),
            Action::Environment(event) => self.describe_event(before, event),
        }
    }

    pub fn start(&self) -> State {
        State::start(self.rules.writes)
    }

    /// All that may happen next.
    pub fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for number in 0..self.rules.readers {
            self.reads(state, number, actions);
        }
        for number in 0..self.rules.writers {
            self.writes(state, number, actions);
        }
        self.events(state, actions);
    }

    pub fn after(&self, state: &State, action: Action) -> State {
        let mut next = *state;
        match action {
            Action::Reader(number, read) => self.read(&mut next, number.into(), read),
            Action::Writer(number, write) => self.write(&mut next, number.into(), write),
            Action::Environment(event) => self.happen(&mut next, event),
        }
        next
    }

    /// Whether every process has come to the last generation and every write is made.
    pub fn has_ended(&self, state: &State) -> bool {
        let mut writers = state.writers[..self.rules.writers].iter();
        self.running(state)
            .all(|generation| generation == self.last_generation())
            && writers.all(|writer| writer.phase == Writing::Idle && writer.left == 0)
    }
}

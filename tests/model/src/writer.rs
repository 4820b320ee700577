//! A writer, step by step: commit, route, one invalidation after the other, done. It may die on the way.

use crate::model::{Action, Migration};
use crate::rules::{Change, Crash, Order};
use crate::state::{ABSENT, Entry, State, Writer, Writing};

/// A step of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Commits the next version to the database.
    Commit,
    /// Asks the core for the route.
    Route,
    /// An entry is invalidated and that is acknowledged.
    Invalidate(Entry),
    /// An invalidation gets lost; the writer knows.
    Lose(Entry),
    /// All are acknowledged: the write completes, or is invalidated again since the generation has changed.
    Finish,
    /// Dies; another process takes its place, on the newest generation.
    Die,
}

impl Migration {
    /// What a writer may do next.
    pub fn writes(&self, state: &State, number: usize, actions: &mut Vec<Action>) {
        let writer = &state.writers[number];
        let process = u8::try_from(number).expect("few writers");
        let mut may = |write| {
            actions.push(Action::Writer(process, write));
        };
        match writer.phase {
            Writing::Idle if writer.left > 0 => may(Write::Commit),
            Writing::Idle => {}
            Writing::Committed => may(Write::Route),
            Writing::Sending => {
                let at_once = if self.rules.order == Order::Parallel {
                    usize::MAX
                } else {
                    1
                };
                for entry in writer.pending().take(at_once) {
                    may(Write::Invalidate(entry));
                    if self.may_fail(state, self.rules.lost, entry) {
                        may(Write::Lose(entry));
                    }
                }
                if writer.pending().next().is_none() {
                    may(Write::Finish);
                }
            }
        }
        if writer.phase != Writing::Idle && self.rules.crash != Crash::Never && state.crashes == 0 {
            may(Write::Die);
        }
    }

    pub fn write(&self, state: &mut State, number: usize, write: Write) {
        let writer = &mut state.writers[number];
        match write {
            Write::Commit => {
                state.committed += 1;
                *writer = Writer {
                    phase: Writing::Committed,
                    version: state.committed,
                    left: writer.left - 1,
                    ..*writer
                };
            }
            Write::Route => {
                writer.phase = Writing::Sending;
                writer.route_generation = writer.generation;
                let mut entries = self.to_invalidate(writer.generation, number);
                if self.rules.order == Order::Reversed {
                    entries.reverse();
                }
                writer.set_pending(entries.into_iter());
            }
            Write::Invalidate(entry) => {
                remove(writer, entry);
                let here = self.answers(
                    writer.route_generation,
                    self.region(number, self.rules.writers),
                );
                let stores =
                    self.rules.sets && self.read_route(here.reads[0]).read.contains(&entry);
                let version = if stores { writer.version } else { ABSENT };
                self.put(state, entry, version);
            }
            Write::Lose(entry) => {
                remove(writer, entry);
                state.faults += 1;
                state.debt |= 1 << entry;
            }
            Write::Finish => self.finish(state, number),
            Write::Die => {
                if self.rules.crash == Crash::Counts {
                    state.completed = state.completed.max(writer.version);
                }
                *writer = Writer::idle(state.published, writer.left);
                state.crashes += 1;
            }
        }
    }

    fn to_invalidate(&self, generation: u8, number: usize) -> Vec<Entry> {
        let answers = self.answers(generation, self.region(number, self.rules.writers));
        let mut entries = answers.invalidate.clone();
        if self.rules.order == Order::ReadOnly {
            entries.retain(|entry| self.read_route(answers.reads[0]).read.contains(entry));
        }
        entries
    }

    fn finish(&self, state: &mut State, number: usize) {
        let writer = &mut state.writers[number];
        if self.rules.change == Change::Union && writer.generation != writer.route_generation {
            let mut entries = self.to_invalidate(writer.route_generation, number);
            let more = self.to_invalidate(writer.generation, number).into_iter();
            let more: Vec<Entry> = more.filter(|entry| !entries.contains(entry)).collect();
            entries.extend(more);
            writer.route_generation = writer.generation;
            writer.set_pending(entries.into_iter());
        } else {
            state.completed = state.completed.max(writer.version);
            *writer = Writer::idle(writer.generation, writer.left);
        }
    }

    pub fn describe_write(&self, before: &State, number: usize, write: Write) -> String {
        let writer = &before.writers[number];
        let what = match write {
            Write::Commit => format!("commits version {}", before.committed + 1),
            Write::Route => {
                let entries = self.to_invalidate(writer.generation, number);
                let names: Vec<String> = entries
                    .iter()
                    .map(|&entry| self.routes.name(entry))
                    .collect();
                format!(
                    "asks generation {}: invalidate {}",
                    writer.generation + 1,
                    names.join(", ")
                )
            }
            Write::Invalidate(entry) => format!("invalidates {}", self.routes.name(entry)),
            Write::Lose(entry) => format!("loses the invalidation of {}", self.routes.name(entry)),
            Write::Finish
                if self.rules.change == Change::Union
                    && writer.generation != writer.route_generation =>
            {
                format!(
                    "finds generation {} and sends again by both",
                    writer.generation + 1
                )
            }
            Write::Finish => format!("has completed version {}", writer.version),
            Write::Die => format!("dies, version {} committed", writer.version),
        };
        format!("writer {} {what}", number + 1)
    }
}

fn remove(writer: &mut Writer, entry: Entry) {
    let rest: Vec<Entry> = writer.pending().filter(|&other| other != entry).collect();
    writer.set_pending(rest.into_iter());
}

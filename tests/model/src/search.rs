//! Breadth-first search through all states of a variant, by one thread: the same count and the same shortest trace
//! every time.
//!
//! Of a state that was seen only a hash of 64 bits is kept, and how it was reached; states themselves are kept until
//! what follows them is known. With n states, two have one hash with a probability of about n^2 / 2^65: below one in a
//! million for five million states.

#![allow(clippy::cast_possible_truncation)] // a hash folds its product

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::time::{Duration, Instant};

use crate::model::{Action, Migration};
use crate::state::State;

/// What a search has found.
#[derive(Debug)]
pub struct Found {
    /// Different states: all that there are, if no read was stale.
    pub states: usize,
    pub time: Duration,
    /// The shortest way to a stale read.
    pub stale: Option<Vec<(State, Action)>>,
    /// Whether the end of the scenario was reached.
    pub ends: bool,
}

/// How a state was reached: the number of the state before, and which of its actions it was.
type Parent = (u32, u8);

/// Searches until a read is stale or every state was seen.
pub fn search(model: &Migration) -> Found {
    let begin = Instant::now();
    let start = model.start();
    let mut seen = HashSet::<u64, BuildHasherDefault<Kept>>::default();
    seen.insert(fingerprint(&start));
    let mut parents: Vec<Parent> = vec![(0, 0)];
    let mut next = VecDeque::from([(0, start)]);
    let mut actions = Vec::new();
    let (mut stale, mut ends) = (None, false);
    'search: while let Some((number, state)) = next.pop_front() {
        ends |= model.has_ended(&state);
        model.actions(&state, &mut actions);
        for (action, after) in
            (0..).zip(actions.drain(..).map(|action| model.after(&state, action)))
        {
            if seen.insert(fingerprint(&after)) {
                let added =
                    u32::try_from(parents.len()).expect("fewer states than a machine has room for");
                parents.push((number, action));
                if after.stale {
                    stale = Some(way(model, &parents, added));
                    break 'search;
                }
                next.push_back((added, after));
            }
        }
    }
    Found {
        states: seen.len(),
        time: begin.elapsed(),
        stale,
        ends,
    }
}

/// The states and actions that lead to a state, from the first.
fn way(model: &Migration, parents: &[Parent], to: u32) -> Vec<(State, Action)> {
    let mut choices = Vec::new();
    let mut number = to;
    while number != 0 {
        let (before, action) = parents[number as usize];
        choices.push(action);
        number = before;
    }
    let mut state = model.start();
    let mut steps = Vec::new();
    for choice in choices.into_iter().rev() {
        let mut actions = Vec::new();
        model.actions(&state, &mut actions);
        let action = actions[usize::from(choice)];
        steps.push((state, action));
        state = model.after(&state, action);
    }
    steps
}

fn fingerprint(state: &State) -> u64 {
    let mut hasher = Folded(0x243f_6a88_85a3_08d3);
    state.hash(&mut hasher);
    hasher.finish()
}

/// A hash of many small numbers: for each the halves of a product of 128 bits, folded.
struct Folded(u64);

impl Folded {
    fn fold(&mut self, word: u64) {
        // The constants are arbitrary; the first keeps a zero from making a zero.
        let mixed = (self.0 ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let product = u128::from(mixed) * 0xd6e8_feb8_6659_fd93;
        self.0 = (product ^ (product >> 64)) as u64 ^ self.0.rotate_left(23);
    }
}

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.fold(number.into());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Fingerprints are hashes already.
#[derive(Default)]
struct Kept(u64);

impl Hasher for Kept {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only fingerprints are kept");
    }

    fn write_u64(&mut self, fingerprint: u64) {
        self.0 = fingerprint;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

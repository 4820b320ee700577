//! How time, balance and moves are taken: subjects in turn, several times over, so that a slow moment of the machine falls
//! on all of them alike.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::keys::Keys;
use crate::lines;

const ROUNDS: usize = 5;

/// A pass over all keys takes at most about this long; a slower subject gets fewer keys.
const BUDGET: Duration = Duration::from_millis(400);

/// Keys by which the speed of a subject is guessed, to give it as many as the budget allows.
const TRIAL: usize = 2_000;

/// A slow subject is asked for its balance and moves for about so long at most.
const PLACING: Duration = Duration::from_secs(2);

/// Keys for each node, without which balance and moves would be those of chance.
const BALANCE_NEEDS: usize = 1_000;
const MOVES_NEED: usize = 100;

/// The number of nodes at which it is measured what one node more moves.
const MOVED_AT: usize = 100;

/// Asks a subject about the first so many keys.
type Pass = Box<dyn Fn(&Keys, usize)>;

/// A key's owner as a number below the number of nodes.
pub type Owner = Box<dyn Fn(&'static [u8]) -> usize>;

/// Makes the placement with one node more, which has the highest number.
type Grown = Box<dyn Fn() -> Result<Owner, String>>;

/// One thing that is measured.
pub struct Subject {
    name: &'static str,
    pass: Pass,
    placement: Option<(Owner, Grown)>,
    is_ours: bool,
}

impl Subject {
    /// `ask` is what is timed; its loop is compiled into one piece with it.
    pub fn new<R>(name: &'static str, ask: impl Fn(&'static [u8]) -> R + 'static) -> Self {
        Self::with_pass(name, move |keys, count| {
            for key in keys.take(count) {
                black_box(ask(key));
            }
        })
    }

    /// `pass` is what is timed: it asks about the first so many keys.
    pub fn with_pass(name: &'static str, pass: impl Fn(&Keys, usize) + 'static) -> Self {
        Self {
            name,
            pass: Box::new(pass),
            placement: None,
            is_ours: false,
        }
    }

    /// Also measures how evenly keys are spread, and what moves when a node is added.
    pub fn with_placement(
        mut self,
        owner: impl Fn(&'static [u8]) -> usize + 'static,
        grown: impl Fn() -> Result<Owner, String> + 'static,
    ) -> Self {
        self.placement = Some((Box::new(owner), Box::new(grown)));
        self
    }

    /// Of the library: what it promises about its placement is checked.
    pub fn ours(mut self) -> Self {
        self.is_ours = true;
        self
    }

    fn nanoseconds(&self, keys: &Keys, count: usize) -> f64 {
        let start = Instant::now();
        (self.pass)(keys, count);
        start.elapsed().as_secs_f64() * 1e9 / count as f64
    }

    /// Keys of the fullest node by the average of all nodes.
    fn balance(&self, nodes: usize, keys: &Keys, count: usize) -> Option<f64> {
        let (owner, _) = self.placement.as_ref()?;
        let mut shares = vec![0u64; nodes];
        let mut strays = 0u64;
        for key in keys.take(count) {
            match shares.get_mut(owner(key)) {
                Some(share) => *share += 1,
                None => strays += 1,
            }
        }
        let counted = shares.iter().sum::<u64>();
        let outcome = if strays == 0 && counted == count as u64 {
            Ok(format!("{count} keys have a node"))
        } else {
            Err(format!(
                "{strays} of {count} keys have a node that isn't one"
            ))
        };
        lines::check(
            &format!("{}: keys by node add up, N = {nodes}", self.name),
            outcome,
        );
        let fullest = shares.iter().max().copied().unwrap_or(0);
        Some(fullest as f64 * nodes as f64 / count as f64)
    }

    /// The share of the keys that move when one node is added, by the share that the new node should have.
    fn moved(&self, nodes: usize, keys: &Keys, count: usize) -> Result<Option<f64>, String> {
        let Some((owner, grown)) = self.placement.as_ref() else {
            return Ok(None);
        };
        let grown = grown()?;
        let (mut moved, mut between_others) = (0u64, 0u64);
        for key in keys.take(count) {
            let (before, after) = (owner(key), grown(key));
            moved += u64::from(before != after);
            between_others += u64::from(before != after && after != nodes);
        }
        if self.is_ours {
            let outcome = if moved > 0 && between_others == 0 {
                Ok(format!(
                    "{moved} of {count} keys moved, all to the new node"
                ))
            } else {
                Err(format!(
                    "{between_others} of {moved} keys that moved went to an old node"
                ))
            };
            lines::check(
                &format!(
                    "{}: a new node takes keys and nothing else moves",
                    self.name
                ),
                outcome,
            );
        }
        Ok(Some(moved as f64 * (nodes + 1) as f64 / count as f64))
    }
}

/// Measures the subjects side by side and prints a line for each.
pub fn all(nodes: usize, keys: &Keys, subjects: &[Subject]) -> Result<(), String> {
    let counts: Vec<usize> = subjects
        .iter()
        .map(|subject| affordable(subject, keys))
        .collect();
    let mut rounds = vec![Vec::with_capacity(ROUNDS); subjects.len()];
    for _ in 0..ROUNDS {
        for (index, subject) in subjects.iter().enumerate() {
            rounds[index].push(subject.nanoseconds(keys, counts[index]));
        }
    }
    for (index, subject) in subjects.iter().enumerate() {
        let count = counts[index];
        let fastest = rounds[index].iter().copied().fold(f64::MAX, f64::min);
        let placed = (PLACING.as_secs_f64() * 1e9 / fastest) as usize;
        let placed = placed.clamp(count, keys.len());
        let balance = (placed >= nodes * BALANCE_NEEDS)
            .then(|| subject.balance(nodes, keys, placed))
            .flatten();
        let moved = if placed >= nodes * MOVES_NEED && nodes == MOVED_AT {
            subject.moved(nodes, keys, placed)?
        } else {
            None
        };
        lines::subject(subject.name, nodes, count, &rounds[index], balance, moved);
    }
    Ok(())
}

fn affordable(subject: &Subject, keys: &Keys) -> usize {
    // Twice: the first time also fills the caches.
    subject.nanoseconds(keys, TRIAL.min(200));
    let each = subject.nanoseconds(keys, TRIAL);
    let count = BUDGET.as_secs_f64() * 1e9 / each;
    // Enough keys to see the memory that a real load would touch, not more than there are.
    (count as usize).clamp(TRIAL, keys.len())
}

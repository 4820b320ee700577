//! One moment of the model: a key in the database and in every cache, and how far each process has come.

/// A version of the key's value; the database begins with 0.
pub type Version = u8;

/// What stands for no version.
pub const ABSENT: Version = u8::MAX;

/// An entry of a cache, by its number in [`crate::routes::Routes::entries`].
pub type Entry = u8;

pub const MAX_ENTRIES: usize = 6;
pub const MAX_READERS: usize = 3;
pub const MAX_WRITERS: usize = 2;

/// Everything that can differ between two moments. Unused readers and writers stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct State {
    /// The version in the database.
    pub committed: Version,
    /// The newest version whose write has completed.
    pub completed: Version,
    /// The newest generation of the spec, counted from 0.
    pub published: u8,
    /// What each entry holds; a stub that only carries a token counts as nothing.
    pub entries: [Version; MAX_ENTRIES],
    /// Which versions each entry has ever held, as bits; only where old data may come back.
    pub held: [u8; MAX_ENTRIES],
    pub readers: [Reader; MAX_READERS],
    pub writers: [Writer; MAX_WRITERS],
    /// Entries that are known to have missed an invalidation, as bits.
    pub debt: u8,
    pub faults: u8,
    pub crashes: u8,
    /// A read has returned a version older than a write that had completed before the read began.
    pub stale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    Idle,
    /// Asks a node of the route's `read`, and takes a token there.
    Read,
    /// Asks a node of the route's `fallback`.
    Fallback,
    /// Loads from the database.
    Load,
    /// Takes tokens when it is too late for that.
    Take,
    /// Stores the value.
    Fill,
}

/// A process that reads the key again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reader {
    pub generation: u8,
    pub phase: Reading,
    /// The route that it carries out; its process may run a newer generation by now.
    pub route: u8,
    /// Which node of the route it asks next.
    pub at: u8,
    /// The newest version that had completed when it began.
    pub floor: Version,
    /// Entries that it may fill, as bits.
    pub tokens: u8,
    pub value: Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Writing {
    Idle,
    /// Its write is in the database; its route is still to be asked for.
    Committed,
    /// Sends invalidations.
    Sending,
}

/// A process that writes the key a number of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Writer {
    pub generation: u8,
    pub phase: Writing,
    pub version: Version,
    /// Whose route is being carried out.
    pub route_generation: u8,
    /// Entries that are still to be invalidated, in order; [`ABSENT`] behind the last.
    pub pending: [Entry; MAX_ENTRIES],
    /// Writes still to come.
    pub left: u8,
}

impl State {
    /// Empty caches, all processes on generation 0.
    pub fn start(writes: u8) -> Self {
        Self {
            committed: 0,
            completed: 0,
            published: 0,
            entries: [ABSENT; MAX_ENTRIES],
            held: [0; MAX_ENTRIES],
            readers: [Reader::idle(0); MAX_READERS],
            writers: [Writer::idle(0, writes); MAX_WRITERS],
            debt: 0,
            faults: 0,
            crashes: 0,
            stale: false,
        }
    }

    pub fn entry(&self, entry: Entry) -> Version {
        self.entries[usize::from(entry)]
    }

    /// An entry changes: whatever token was given out for it is dead, if fills are bound to tokens.
    pub fn put(&mut self, entry: Entry, version: Version, bound: bool) {
        self.entries[usize::from(entry)] = version;
        if bound {
            for reader in &mut self.readers {
                reader.lose_token(entry);
            }
        }
    }
}

impl Reader {
    pub fn idle(generation: u8) -> Self {
        Self {
            generation,
            phase: Reading::Idle,
            route: 0,
            at: 0,
            floor: 0,
            tokens: 0,
            value: ABSENT,
        }
    }

    pub fn lose_token(&mut self, entry: Entry) {
        self.tokens &= !(1 << entry);
        self.rest_if_done();
    }

    /// A reader that has returned its value and can fill nothing is done.
    pub fn rest_if_done(&mut self) {
        if self.phase == Reading::Fill && self.tokens == 0 {
            *self = Self::idle(self.generation);
        }
    }
}

impl Writer {
    pub fn idle(generation: u8, left: u8) -> Self {
        Self {
            generation,
            phase: Writing::Idle,
            version: ABSENT,
            route_generation: 0,
            pending: [ABSENT; MAX_ENTRIES],
            left,
        }
    }

    /// What it still has to invalidate.
    pub fn pending(&self) -> impl Iterator<Item = Entry> + '_ {
        self.pending
            .iter()
            .copied()
            .take_while(|&entry| entry != ABSENT)
    }

    pub fn set_pending(&mut self, entries: impl Iterator<Item = Entry>) {
        self.pending = [ABSENT; MAX_ENTRIES];
        for (place, entry) in self.pending.iter_mut().zip(entries) {
            *place = entry;
        }
    }
}

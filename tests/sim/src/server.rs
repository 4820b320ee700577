//! A cache server as memcached is one, and the database behind all of them.

use std::collections::BTreeMap;

use crate::engine::Time;

/// How long a token lives.
pub const LEASE: Time = 30_000_000;

/// What a server has under a key.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Nothing where it only stands in for a token.
    version: Option<u32>,
    cas: u64,
    expires: Time,
}

/// A token, good for as long as nothing changed and the server did not restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    cas: u64,
    /// Stands for the connection that it was taken on.
    life: u32,
}

/// The answer to a read.
#[derive(Debug, Clone, Copy)]
pub enum Found {
    Value { version: u32, left: Time },
    Token(Token),
    Nothing,
}

/// Keys are a prefix and a number.
pub type Wire = (u8, u32);

/// One cache server.
#[derive(Debug, Default)]
pub struct Server {
    entries: BTreeMap<Wire, Entry>,
    cas: u64,
    life: u32,
    /// It doesn't answer.
    pub hangs: bool,
}

impl Server {
    /// A read; with `lease` one that leaves a token where nothing is.
    pub fn get(&mut self, wire: Wire, now: Time, lease: bool) -> Found {
        let life = self.life;
        match self.entries.get(&wire).filter(|entry| entry.expires > now) {
            Some(&Entry {
                version: Some(version),
                expires,
                ..
            }) => Found::Value {
                version,
                left: expires - now,
            },
            Some(&Entry { cas, .. }) if lease => Found::Token(Token { cas, life }),
            None if lease => {
                self.cas += 1;
                let cas = self.cas;
                let entry = Entry {
                    version: None,
                    cas,
                    expires: now + LEASE,
                };
                self.entries.insert(wire, entry);
                Found::Token(Token { cas, life })
            }
            _ => Found::Nothing,
        }
    }

    /// Stores a value; with a token only if that still holds.
    pub fn fill(
        &mut self,
        wire: Wire,
        version: u32,
        expires: Time,
        token: Option<Token>,
        now: Time,
    ) -> bool {
        let present = self.entries.get(&wire).filter(|entry| entry.expires > now);
        let holds = match token {
            Some(token) => {
                token.life == self.life
                    && present
                        .is_some_and(|entry| entry.version.is_none() && entry.cas == token.cas)
            }
            // As `add`: not over a value.
            None => present.is_none_or(|entry| entry.version.is_none()),
        };
        if holds {
            self.cas += 1;
            let entry = Entry {
                version: Some(version),
                cas: self.cas,
                expires,
            };
            self.entries.insert(wire, entry);
        }
        holds
    }

    pub fn delete(&mut self, wire: Wire) {
        self.entries.remove(&wire);
    }

    /// It comes back empty, on new connections, and its CAS numbers start anew.
    pub fn restart(&mut self) {
        self.entries.clear();
        self.cas = 0;
        self.life += 1;
    }
}

/// The database: versions, and so many requests at once.
#[derive(Debug)]
pub struct Origin {
    pub versions: Vec<u32>,
    /// The newest version of each key whose write was completed.
    pub completed: Vec<u32>,
    /// When each of the slots is free again.
    slots: Vec<Time>,
    pub service: Time,
}

impl Origin {
    pub fn new(keys: usize, slots: usize, service: Time) -> Self {
        Self {
            versions: vec![0; keys],
            completed: vec![0; keys],
            slots: vec![0; slots],
            service,
        }
    }

    /// When a request that comes now is served: from when to when.
    pub fn serve(&mut self, now: Time) -> (Time, Time) {
        let slot = (0..self.slots.len()).min_by_key(|&slot| self.slots[slot]);
        let slot = &mut self.slots[slot.unwrap_or(0)];
        let begin = now.max(*slot);
        *slot = begin + self.service;
        (begin, begin + self.service)
    }
}

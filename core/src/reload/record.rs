//! What is known about the refreshes so far: counters, what is wrong at present, and the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::error::Error;
use crate::events::{Event, EventKind, Events};
use crate::metrics::ReloadMetrics;
use crate::snapshot::Snapshot;

/// Written by the one who replaces the spec; read by whoever asks for metrics, who never waits for a disk.
#[derive(Debug)]
pub(super) struct Record {
    events: Arc<Events>,
    /// What is wrong with the spec file at present.
    rejection: RwLock<Option<Error>>,
    /// Why the last good copy could not be written.
    unsaved: RwLock<Option<Error>>,
    applied: AtomicU64,
    unchanged: AtomicU64,
    rejected: AtomicU64,
    /// How often it was looked for a new spec, however that ended.
    refreshes: AtomicU64,
    /// Specs that were put in force though they may not follow the one before.
    illegal: AtomicU64,
    /// Why the last of these may not.
    last_illegal: RwLock<Option<String>>,
    /// Seconds since 1970; 0 if the file was never good.
    last_success: AtomicU64,
}

impl Record {
    pub(super) fn new(events: Arc<Events>) -> Self {
        Self {
            events,
            rejection: RwLock::default(),
            unsaved: RwLock::default(),
            applied: AtomicU64::default(),
            unchanged: AtomicU64::default(),
            rejected: AtomicU64::default(),
            refreshes: AtomicU64::default(),
            illegal: AtomicU64::default(),
            last_illegal: RwLock::default(),
            last_success: AtomicU64::default(),
        }
    }

    /// A spec was put in force that came from where it should.
    pub(super) fn applied(&self, snapshot: &Snapshot, now: u64) {
        self.applied.fetch_add(1, Ordering::Relaxed);
        self.succeeded(now);
        *self.rejection.write() = None;
        let digest = snapshot.digest();
        self.tell(EventKind::Applied, snapshot, now, |generation| {
            format!("generation {generation} is in force, digest {digest}")
        });
    }

    /// The first spec came from the last good copy, since of the file there was only an error.
    pub(super) fn used_copy(&self, snapshot: &Snapshot, error: &Error, now: u64) {
        self.applied.fetch_add(1, Ordering::Relaxed);
        self.rejected(error, snapshot, now);
        self.tell(EventKind::LastGoodUsed, snapshot, now, |generation| {
            format!("generation {generation} is in force, from the last good copy")
        });
    }

    /// What was found is in force already.
    pub(super) fn unchanged(&self, snapshot: &Snapshot, now: u64) {
        self.unchanged.fetch_add(1, Ordering::Relaxed);
        self.succeeded(now);
        if self.rejection.write().take().is_some() {
            self.tell(EventKind::Mended, snapshot, now, |generation| {
                format!("generation {generation}, which is in force, was found again")
            });
        }
    }

    /// What was found cannot be put in force; counted once for as long as it stays the same.
    pub(super) fn rejected(&self, error: &Error, in_force: &Snapshot, now: u64) {
        let mut rejection = self.rejection.write();
        if rejection.as_ref() != Some(error) {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            *rejection = Some(error.clone());
            self.tell_error(EventKind::Rejected, error, in_force, now);
        }
    }

    /// The spec in force may not follow the one before.
    pub(super) fn illegal(&self, why: String, snapshot: &Snapshot, now: u64) {
        self.illegal.fetch_add(1, Ordering::Relaxed);
        self.tell(EventKind::Illegal, snapshot, now, |_| why.clone());
        *self.last_illegal.write() = Some(why);
    }

    /// The last good copy was written, or not.
    pub(super) fn saved(&self, result: Result<(), Error>, snapshot: &Snapshot, now: u64) {
        let mut unsaved = self.unsaved.write();
        match result {
            Ok(()) if unsaved.take().is_some() => {
                self.tell(EventKind::LastGoodSaved, snapshot, now, |generation| {
                    format!("generation {generation} is in the last good copy")
                });
            }
            Ok(()) => {}
            Err(error) => {
                if unsaved.as_ref() != Some(&error) {
                    self.tell_error(EventKind::LastGoodUnsaved, &error, snapshot, now);
                }
                *unsaved = Some(error);
            }
        }
    }

    /// A refresh has ended. Called last, so that whoever sees it counted sees what it found.
    pub(super) fn refreshed(&self) {
        self.refreshes.fetch_add(1, Ordering::Release);
    }

    fn succeeded(&self, now: u64) {
        self.last_success.store(now / 1000, Ordering::Relaxed);
    }

    fn tell(&self, kind: EventKind, in_force: &Snapshot, now: u64, text: impl Fn(u64) -> String) {
        let generation = in_force.generation();
        let event = Event::new(kind, generation, &text(generation));
        self.events.push(now, event);
    }

    fn tell_error(&self, kind: EventKind, error: &Error, in_force: &Snapshot, now: u64) {
        let event = Event::of_error(kind, in_force.generation(), error);
        self.events.push(now, event);
    }

    /// What is wrong with the file, or else with the last good copy.
    pub(super) fn last_error(&self) -> Option<Error> {
        let rejection = self.rejection.read().clone();
        rejection.or_else(|| self.unsaved.read().clone())
    }

    pub(super) fn metrics(&self) -> ReloadMetrics {
        // First: what the refreshes that are counted found is seen below.
        let refreshes = self.refreshes.load(Ordering::Acquire);
        let rejection = self.rejection.read().clone();
        ReloadMetrics {
            refreshes,
            applied: self.applied.load(Ordering::Relaxed),
            unchanged: self.unchanged.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            illegal: self.illegal.load(Ordering::Relaxed),
            last_illegal: self.last_illegal.read().clone(),
            last_success: self.last_success.load(Ordering::Relaxed),
            last_error: rejection.as_ref().map(Error::to_string),
            last_error_kind: rejection.map(|error| error.kind().name()),
            last_good_error: self.unsaved.read().as_ref().map(Error::to_string),
        }
    }
}

//! How the spec in force is replaced: read, parse, check, compile, publish. Whatever fails, the
//! last good one stays.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use crate::change::{illegal_changes, same_owners};
use crate::current::Current;
use crate::error::{Error, ErrorKind};
use crate::events::{Event, EventKind, Events};
use crate::hash;
use crate::limits::MAX_GENERATION;
use crate::metrics::ReloadMetrics;
use crate::node::NodePool;
use crate::snapshot::Snapshot;
use crate::source::SpecFile;
use crate::spec::Spec;

/// What a refresh did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// A new spec is in force.
    Applied,
    /// The spec in force is what was found.
    Unchanged,
}

/// Everything that replacing the spec needs and counts.
#[derive(Debug)]
pub(crate) struct Reload {
    region: Option<String>,
    last_good: Option<SpecFile>,
    events: Arc<Events>,
    state: Mutex<State>,
    /// What is wrong with the spec file at present.
    rejection: RwLock<Option<Error>>,
    /// Why the last good copy could not be written.
    unsaved: RwLock<Option<Error>>,
    applied: AtomicU64,
    unchanged: AtomicU64,
    rejected: AtomicU64,
    /// Specs that were put in force though they may not follow the one before.
    illegal: AtomicU64,
    /// Why the last of these may not.
    last_illegal: RwLock<Option<String>>,
    /// Seconds since 1970; 0 if the file was never good.
    last_success: AtomicU64,
}

/// What only the one who replaces the spec needs.
#[derive(Debug, Default)]
struct State {
    /// The last text, by its digest, that did not become the spec in force: because it says the
    /// same, or because it was refused. So a poll does not check the same text again and again.
    known: Option<(String, Result<(), Error>)>,
    /// A good spec that is not in the last good copy yet.
    to_save: Option<Vec<u8>>,
    /// When this process last saw keys get other owners, in milliseconds since 1970.
    owners_since: Option<u64>,
}

impl Reload {
    pub(crate) fn new(
        region: Option<String>,
        last_good: Option<SpecFile>,
        events: Arc<Events>,
    ) -> Self {
        Self {
            region,
            last_good,
            events,
            state: Mutex::default(),
            rejection: RwLock::new(None),
            unsaved: RwLock::new(None),
            applied: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            illegal: AtomicU64::new(0),
            last_illegal: RwLock::new(None),
            last_success: AtomicU64::new(0),
        }
    }

    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The first snapshot.
    pub(crate) fn start(&self, text: &[u8], now: u64, pool: &NodePool) -> Result<Snapshot, Error> {
        let spec = Arc::new(Spec::parse(text)?);
        let snapshot = Snapshot::compile(spec, self.region(), now, pool, None)
            .map_err(|unbounded| unbounded.into_error(text))?;
        self.applied.fetch_add(1, Ordering::Relaxed);
        Ok(snapshot)
    }

    /// The first snapshot came from the file itself, or from memory.
    pub(crate) fn started_well(&self, text: &[u8], snapshot: &Snapshot, now: u64) {
        self.last_success.store(now / 1000, Ordering::Relaxed);
        self.note_applied(snapshot, now);
        self.save(&mut self.state.lock(), Some(text), snapshot, now);
    }

    /// The first snapshot came from the last good copy, since of the file there was only an error.
    pub(crate) fn started_from_copy(&self, snapshot: &Snapshot, error: &Error, now: u64) {
        self.note_rejection(error, snapshot.generation(), now);
        let generation = snapshot.generation();
        let text = format!("generation {generation} is in force, from the last good copy");
        let event = Event::new(EventKind::LastGoodUsed, generation, &text);
        self.events.push(now, event);
    }

    /// Puts a text in force that `read` gives, unless it is in force or not good.
    pub(crate) fn replace(
        &self,
        read: impl FnOnce() -> Result<Vec<u8>, Error>,
        name: impl Fn(Error) -> Error,
        now: u64,
        current: &Current,
        pool: &NodePool,
    ) -> Result<Refresh, Error> {
        let mut state = self.state.lock();
        let before = current.get();
        let result = read().and_then(|text| self.decide(&mut state, text, now, &before, pool));
        match result {
            Ok(Some((text, snapshot))) => {
                current.publish(snapshot);
                let after = current.get();
                *self.rejection.write() = None;
                self.succeeded(&self.applied, now);
                self.note_applied(&after, now);
                self.note_change(&mut state, before.spec(), after.spec(), now);
                self.save(&mut state, Some(&text), &after, now);
                Ok(Refresh::Applied)
            }
            Ok(None) => {
                self.follow_schedule(&before, now, current);
                self.note_unchanged(&before, now);
                self.save(&mut state, None, &before, now);
                Ok(Refresh::Unchanged)
            }
            Err(error) => {
                // The ramp in force goes on while the file is bad.
                self.follow_schedule(&before, now, current);
                self.save(&mut state, None, &before, now);
                let error = name(error);
                self.note_rejection(&error, before.generation(), now);
                Err(error)
            }
        }
    }

    /// Moves the weight of a ramp by schedule on.
    pub(crate) fn tick(&self, now: u64, current: &Current) -> Refresh {
        let mut state = self.state.lock();
        let before = current.get();
        self.follow_schedule(&before, now, current);
        self.note_unchanged(&before, now);
        self.save(&mut state, None, &before, now);
        Refresh::Unchanged
    }

    fn decide(
        &self,
        state: &mut State,
        text: Vec<u8>,
        now: u64,
        before: &Snapshot,
        pool: &NodePool,
    ) -> Result<Option<(Vec<u8>, Snapshot)>, Error> {
        let digest = hash::digest(&text);
        if digest == before.digest() {
            return Ok(None);
        }
        if let Some((known, result)) = &state.known
            && *known == digest
        {
            return result.clone().map(|()| None);
        }
        let compiled = self.compile(&text, now, before, pool);
        state.known = match &compiled {
            Ok(Some(_)) => None,
            Ok(None) => Some((digest, Ok(()))),
            Err(error) => Some((digest, Err(error.clone()))),
        };
        Ok(compiled?.map(|snapshot| (text, snapshot)))
    }

    /// Nothing if the text says what is in force already.
    fn compile(
        &self,
        text: &[u8],
        now: u64,
        before: &Snapshot,
        pool: &NodePool,
    ) -> Result<Option<Snapshot>, Error> {
        let spec = Spec::parse(text)?;
        if spec.says_the_same_as(before.spec()) {
            return Ok(None);
        }
        check_generation(before.generation(), spec.generation)?;
        Snapshot::compile(Arc::new(spec), self.region(), now, pool, Some(before))
            .map(Some)
            .map_err(|unbounded| unbounded.into_error(text))
    }

    fn follow_schedule(&self, before: &Snapshot, now: u64, current: &Current) {
        current.free_replaced();
        if let Some(snapshot) = before.at(self.region(), now) {
            current.publish(snapshot);
        }
    }

    fn succeeded(&self, counter: &AtomicU64, now: u64) {
        counter.fetch_add(1, Ordering::Relaxed);
        self.last_success.store(now / 1000, Ordering::Relaxed);
    }

    fn note_applied(&self, snapshot: &Snapshot, now: u64) {
        let (generation, digest) = (snapshot.generation(), snapshot.digest());
        let text = format!("generation {generation} is in force, digest {digest}");
        self.events
            .push(now, Event::new(EventKind::Applied, generation, &text));
    }

    fn note_unchanged(&self, snapshot: &Snapshot, now: u64) {
        self.succeeded(&self.unchanged, now);
        if self.rejection.write().take().is_some() {
            let generation = snapshot.generation();
            let text = format!("generation {generation}, which is in force, is found again");
            self.events
                .push(now, Event::new(EventKind::Mended, generation, &text));
        }
    }

    /// A rejection is counted once for as long as it stays the same.
    fn note_rejection(&self, error: &Error, generation: u64, now: u64) {
        let mut rejection = self.rejection.write();
        if rejection.as_ref() != Some(error) {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            *rejection = Some(error.clone());
            let event = Event::of_error(EventKind::Rejected, generation, error);
            self.events.push(now, event);
        }
    }

    /// A spec that may not follow the one in force is put in force all the same, since staying behind
    /// the rest of the fleet would be worse; but it is counted, and said.
    fn note_change(&self, state: &mut State, before: &Spec, after: &Spec, now: u64) {
        // What was before this process is not known, and not held against anybody.
        let kept = state.owners_since.map_or(Duration::MAX, |since| {
            Duration::from_millis(now.saturating_sub(since))
        });
        if !same_owners(before, after) {
            state.owners_since = Some(now);
        }
        let illegal: Vec<String> = illegal_changes(before, after, kept)
            .iter()
            .map(ToString::to_string)
            .collect();
        if !illegal.is_empty() {
            self.illegal.fetch_add(1, Ordering::Relaxed);
            let (old, new) = (before.generation, after.generation);
            let text = format!("generation {new} after {old}: {}", illegal.join("; "));
            self.events
                .push(now, Event::new(EventKind::Illegal, new, &text));
            *self.last_illegal.write() = Some(text);
        }
    }

    /// Writes the last good copy: of a new spec, or of one that could not be written before.
    fn save(&self, state: &mut State, new: Option<&[u8]>, in_force: &Snapshot, now: u64) {
        let Some(file) = &self.last_good else { return };
        if let Some(text) = new {
            state.to_save = Some(text.to_owned());
        }
        let Some(text) = &state.to_save else { return };
        let generation = in_force.generation();
        let written = file.write(text);
        // Not before: whoever asks for metrics does not wait for a disk.
        let mut unsaved = self.unsaved.write();
        match written {
            Ok(()) => {
                state.to_save = None;
                if unsaved.take().is_some() {
                    let text = format!("generation {generation} is in the last good copy");
                    let event = Event::new(EventKind::LastGoodSaved, generation, &text);
                    self.events.push(now, event);
                }
            }
            Err(error) => {
                if unsaved.as_ref() != Some(&error) {
                    let event = Event::of_error(EventKind::LastGoodUnsaved, generation, &error);
                    self.events.push(now, event);
                }
                *unsaved = Some(error);
            }
        }
    }

    /// What is wrong with the file, or else with the last good copy.
    pub(crate) fn last_error(&self) -> Option<Error> {
        self.rejection
            .read()
            .clone()
            .or_else(|| self.unsaved.read().clone())
    }

    pub(crate) fn metrics(&self) -> ReloadMetrics {
        let text = |error: &RwLock<Option<Error>>| error.read().as_ref().map(Error::to_string);
        ReloadMetrics {
            applied: self.applied.load(Ordering::Relaxed),
            unchanged: self.unchanged.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            illegal: self.illegal.load(Ordering::Relaxed),
            last_illegal: self.last_illegal.read().clone(),
            last_success: self.last_success.load(Ordering::Relaxed),
            last_error: text(&self.rejection),
            last_good_error: text(&self.unsaved),
        }
    }
}

/// A generation never falls, and has one content.
fn check_generation(old: u64, new: u64) -> Result<(), Error> {
    let right = if old < MAX_GENERATION {
        format!("use {} or more", old + 1)
    } else {
        "that is the highest: a router that is opened anew takes any".to_owned()
    };
    if new < old {
        return Err(Error::new(
            ErrorKind::StaleGeneration,
            format!("generation {new} is lower than {old}, which is in force; {right}"),
        ));
    }
    if new == old {
        return Err(Error::new(
            ErrorKind::GenerationConflict,
            format!("generation {old} is in force with other content; {right}"),
        ));
    }
    Ok(())
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &str = r#"{"format":1,"generation":1,"primary":"a","standby":"b","clusters":{
        "a":{"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]},
        "b":{"placement":{"kind":"ring"},"nodes":[{"id":"b","address":"/b"}]}},
        "migration":{"id":"m","from":"a","to":"b","stage":"ramp","percent":1,"schedule":
        {"start":"2026-01-01T00:00:00Z","steps":[10,50,100],"every":"1m"}}}"#;
    const START: u64 = 1_767_225_600_000;

    #[test]
    fn a_ramp_by_schedule_goes_on_whatever_a_refresh_finds() {
        let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
        let current = Current::new(reload.start(STEPS.as_bytes(), START - 1, &pool).unwrap());
        let weight = || current.with(|snapshot| (snapshot.weight(), snapshot.epoch()));
        let refresh = |text: &str, now: u64| {
            let read = || Ok(text.as_bytes().to_vec());
            reload.replace(read, |error| error, now, &current, &pool)
        };
        assert_eq!(weight(), (100, 1));
        assert_eq!(refresh(STEPS, START).unwrap(), Refresh::Unchanged);
        assert_eq!(weight(), (1_000, 2));
        assert_eq!(refresh(STEPS, START + 59_999).unwrap(), Refresh::Unchanged);
        assert_eq!(
            weight(),
            (1_000, 2),
            "nothing is published when the weight stays"
        );
        assert_eq!(
            refresh("{", START + 60_000).unwrap_err().kind(),
            ErrorKind::SpecSyntax
        );
        assert_eq!(weight(), (5_000, 3));
        assert_eq!(reload.tick(START + 120_000, &current), Refresh::Unchanged);
        assert_eq!(weight(), (10_000, 4));
        assert_eq!(reload.metrics().last_success, (START + 120_000) / 1000);
    }

    #[test]
    fn the_same_in_other_white_space_is_unchanged() {
        let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
        let current = Current::new(reload.start(STEPS.as_bytes(), 0, &pool).unwrap());
        for text in [format!("{STEPS}\n"), STEPS.replace("\":", "\" : ")] {
            let read = || Ok(text.clone().into_bytes());
            // The second look does not parse again.
            for _ in 0..2 {
                let result = reload.replace(read, |error| error, 0, &current, &pool);
                assert_eq!(result.unwrap(), Refresh::Unchanged);
            }
        }
        assert_eq!(current.epoch(), 1);
    }
}

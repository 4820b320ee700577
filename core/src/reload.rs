//! How the spec in force is replaced: read, parse, check, compile, publish. Whatever fails, the
//! last good one stays.

#[cfg(test)]
mod clock_tests;
mod record;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use self::record::Record;
use crate::change::{illegal_changes, same_owners};
use crate::current::Current;
use crate::error::{Error, ErrorKind};
use crate::events::Events;
use crate::hash;
use crate::last_good::LastGood;
use crate::limits::MAX_GENERATION;
use crate::metrics::ReloadMetrics;
use crate::node::NodePool;
use crate::snapshot::Snapshot;
use crate::spec::Spec;

/// What a refresh did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// A new spec is in force.
    Applied,
    /// The spec in force is what was found.
    Unchanged,
}

/// Everything that replacing the spec needs.
#[derive(Debug)]
pub(crate) struct Reload {
    region: Option<String>,
    last_good: Option<LastGood>,
    state: Mutex<State>,
    record: Record,
}

/// What only the one who replaces the spec needs.
#[derive(Debug, Default)]
struct State {
    /// The last text, by its digest, that did not become the spec in force: because it says the
    /// same, or because it was refused. So a poll does not check the same text again and again.
    known: Option<(String, Result<(), Error>)>,
    /// A good spec that is not in the last good copy yet.
    to_save: Option<Vec<u8>>,
    /// When this process last saw keys get other owners, by a clock that nobody sets.
    owners_since: Option<Instant>,
}

impl Reload {
    pub(crate) fn new(
        region: Option<String>,
        last_good: Option<LastGood>,
        events: Arc<Events>,
    ) -> Self {
        Self {
            region,
            last_good,
            state: Mutex::default(),
            record: Record::new(events),
        }
    }

    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The first snapshot.
    pub(crate) fn start(&self, text: &[u8], now: u64, pool: &NodePool) -> Result<Snapshot, Error> {
        let spec = Arc::new(Spec::parse(text)?);
        Snapshot::compile(spec, self.region(), now, pool, None)
            .map_err(|unbounded| unbounded.into_error(text))
    }

    /// The first snapshot came from the file itself, or from memory.
    pub(crate) fn started_well(&self, text: &[u8], snapshot: &Snapshot, now: u64) {
        self.record.applied(snapshot, now);
        self.save(&mut self.state.lock(), Some(text), snapshot, now);
    }

    /// The first snapshot came from the last good copy, since of the file there was only an error.
    pub(crate) fn started_from_copy(&self, snapshot: &Snapshot, error: &Error, now: u64) {
        self.record.used_copy(snapshot, error, now);
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
        let found = read().and_then(|text| self.decide(&mut state, text, now, &before, pool));
        let result = match found {
            Ok(Some((text, snapshot))) => {
                current.publish(snapshot);
                let after = current.get();
                self.record.applied(&after, now);
                self.note_change(&mut state, &before, &after, now);
                self.save(&mut state, Some(&text), &after, now);
                Ok(Refresh::Applied)
            }
            Ok(None) => {
                self.stay(&mut state, &before, now, current);
                self.record.unchanged(&before, now);
                Ok(Refresh::Unchanged)
            }
            Err(error) => {
                // The ramp in force goes on while the file is bad.
                self.stay(&mut state, &before, now, current);
                let error = name(error);
                self.record.rejected(&error, &before, now);
                Err(error)
            }
        };
        self.record.refreshed();
        result
    }

    /// Moves the weight of a ramp by schedule on.
    pub(crate) fn tick(&self, now: u64, current: &Current) -> Refresh {
        let mut state = self.state.lock();
        let before = current.get();
        self.stay(&mut state, &before, now, current);
        self.record.unchanged(&before, now);
        self.record.refreshed();
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
        check_generation(before.generation(), spec.generation)
            .map_err(|(kind, why)| Spec::error_at(text, &["generation"], kind, why))?;
        Snapshot::compile(Arc::new(spec), self.region(), now, pool, Some(before))
            .map(Some)
            .map_err(|unbounded| unbounded.into_error(text))
    }

    /// The spec in force stays; its schedule goes on, and its copy is tried again.
    fn stay(&self, state: &mut State, before: &Snapshot, now: u64, current: &Current) {
        current.free_replaced();
        if let Some(snapshot) = before.at(self.region(), now) {
            current.publish(snapshot);
        }
        self.save(state, None, before, now);
    }

    /// A spec that may not follow the one in force is put in force all the same, since staying behind
    /// the rest of the fleet would be worse; but it is counted, and said.
    fn note_change(&self, state: &mut State, before: &Snapshot, after: &Snapshot, now: u64) {
        let (old, new) = (before.spec(), after.spec());
        // What was before this process is not known, and not held against anybody.
        let kept = state
            .owners_since
            .map_or(Duration::MAX, |since| since.elapsed());
        if !same_owners(old, new) {
            state.owners_since = Some(Instant::now());
        }
        let illegal: Vec<String> = illegal_changes(old, new, kept)
            .iter()
            .map(ToString::to_string)
            .collect();
        if !illegal.is_empty() {
            let (old, new) = (old.generation, new.generation);
            let why = format!("generation {new} after {old}: {}", illegal.join("; "));
            self.record.illegal(why, after, now);
        }
    }

    /// Writes the last good copy: of a new spec, or of one that could not be written before.
    fn save(&self, state: &mut State, new: Option<&[u8]>, in_force: &Snapshot, now: u64) {
        let Some(copy) = &self.last_good else { return };
        if let Some(text) = new {
            state.to_save = Some(text.to_owned());
        }
        let Some(text) = &state.to_save else { return };
        let result = copy.write(text);
        if result.is_ok() {
            state.to_save = None;
        }
        self.record.saved(result, in_force, now);
    }

    /// What is wrong with the file, or else with the last good copy.
    pub(crate) fn last_error(&self) -> Option<Error> {
        self.record.last_error()
    }

    pub(crate) fn metrics(&self) -> ReloadMetrics {
        self.record.metrics()
    }
}

/// A generation never falls, and has one content.
fn check_generation(old: u64, new: u64) -> Result<(), (ErrorKind, String)> {
    let right = if old < MAX_GENERATION {
        format!("use {} or more", old + 1)
    } else {
        "that is the highest: a router that is opened anew takes any".to_owned()
    };
    if new < old {
        let why = format!("generation {new} is lower than {old}, which is in force; {right}");
        return Err((ErrorKind::StaleGeneration, why));
    }
    if new == old {
        let why = format!("generation {old} is in force with other content; {right}");
        return Err((ErrorKind::GenerationConflict, why));
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

    const SPEC: &str = r#"{"format":1,"generation":1,"primary":"a","clusters":{
        "a":{"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]}}}"#;

    #[test]
    fn the_same_in_other_white_space_is_unchanged() {
        let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
        let current = Current::new(reload.start(SPEC.as_bytes(), 0, &pool).unwrap());
        for text in [format!("{SPEC}\n"), SPEC.replace("\":", "\" : ")] {
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

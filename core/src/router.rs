//! The router: the spec in force, and how it is replaced.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, RwLock};

use crate::counters::{Op, Outcome};
use crate::current::Current;
use crate::error::{Error, ErrorKind};
use crate::metrics::{Metrics, ReloadMetrics};
use crate::node::{Node, NodePool};
use crate::snapshot::Snapshot;
use crate::spec::{Spec, check_name};
use crate::{hash, openmetrics, source};

/// How a router is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The region of this process; decides which plan of a migration it follows.
    pub region: Option<String>,
    /// Where the last good spec is kept, so that a process can start when the file is bad or gone.
    pub last_good: Option<PathBuf>,
}

/// What a refresh did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// A new spec is in force.
    Applied,
    /// The spec in force is the file's content.
    Unchanged,
}

/// Answers routes from the spec in force. Shared by all threads of a process.
///
/// Routes may be asked for by any number of threads while another refreshes; refreshes wait for
/// one another.
#[derive(Debug)]
pub struct Router {
    options: Options,
    path: Option<PathBuf>,
    current: Current,
    pool: NodePool,
    /// Held by the one who replaces the spec.
    writer: Mutex<()>,
    last_error: RwLock<Option<Error>>,
    applied: AtomicU64,
    unchanged: AtomicU64,
    rejected: AtomicU64,
    /// Seconds since 1970.
    last_success: AtomicU64,
}

impl Router {
    /// Opens the spec file. If it is missing or bad and a last good copy is kept, starts from that;
    /// [`Router::last_error`] then says what is wrong with the file.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let path = path.as_ref();
        let start = |file: &Path, options: Options| {
            let text = source::read(file)?;
            let router = Self::start(&text, options, Some(path))
                .map_err(|error| error.in_file(file.display().to_string()))?;
            Ok::<_, Error>((router, text))
        };
        match start(path, options.clone()) {
            Ok((router, text)) => {
                router.keep_last_good(&text);
                Ok(router)
            }
            Err(error) => {
                // If the copy is no help either, the first error is the one to mend.
                let Some(copy) = options.last_good.clone() else {
                    return Err(error);
                };
                let Ok((router, _)) = start(&copy, options) else {
                    return Err(error);
                };
                router.note_rejection(&error);
                Ok(router)
            }
        }
    }

    /// A router without a file; its spec changes by [`Router::apply`] only.
    pub fn from_spec(text: &[u8], options: Options) -> Result<Self, Error> {
        Self::start(text, options, None)
    }

    fn start(text: &[u8], options: Options, path: Option<&Path>) -> Result<Self, Error> {
        if let Some(Err(right)) = options.region.as_deref().map(check_name) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format!("the option `region` is not a region name; {right}"),
            ));
        }
        let spec = Arc::new(Spec::parse(text)?);
        let pool = NodePool::default();
        let region = options.region.as_deref();
        let first = Snapshot::compile(spec, region, now(), &pool, None)
            .map_err(|unbounded| unbounded.into_error(text))?;
        let router = Self {
            path: path.map(Path::to_owned),
            current: Current::new(first),
            pool,
            writer: Mutex::new(()),
            last_error: RwLock::new(None),
            applied: AtomicU64::new(1),
            unchanged: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            last_success: AtomicU64::new(now() / 1000),
            options,
        };
        Ok(router)
    }

    /// Reads the file again and puts its spec in force if it is a new one; also moves the weight
    /// of a ramp by schedule on. Whatever fails, the spec in force stays.
    ///
    /// The file is compared by content. A rejected file is counted once for as long as it stays
    /// the same, and its error is given at every call.
    pub fn refresh(&self) -> Result<Refresh, Error> {
        let _only_one = self.writer.lock();
        let Some(path) = &self.path else {
            self.follow_schedule();
            self.unchanged.fetch_add(1, Ordering::Relaxed);
            return Ok(Refresh::Unchanged);
        };
        let result = source::read(path).and_then(|text| {
            self.replace(&text)
                .map_err(|error| error.in_file(path.display().to_string()))
        });
        self.finish(result)
    }

    /// Puts the given spec in force, under the same rules as [`Router::refresh`].
    pub fn apply(&self, text: &[u8]) -> Result<Refresh, Error> {
        let _only_one = self.writer.lock();
        self.finish(self.replace(text))
    }

    /// Counts and keeps the result of a replacement.
    fn finish(&self, result: Result<Refresh, Error>) -> Result<Refresh, Error> {
        match &result {
            Ok(refresh) => {
                let counter = match refresh {
                    Refresh::Applied => &self.applied,
                    Refresh::Unchanged => &self.unchanged,
                };
                counter.fetch_add(1, Ordering::Relaxed);
                self.last_success.store(now() / 1000, Ordering::Relaxed);
            }
            Err(error) => {
                self.note_rejection(error);
                // The ramp in force goes on while the file is bad.
                self.follow_schedule();
            }
        }
        result
    }

    /// Reads, checks, compiles and publishes; the order matters, since any step may fail.
    fn replace(&self, text: &[u8]) -> Result<Refresh, Error> {
        let before = self.current.get();
        if hash::digest(text) == before.digest() {
            *self.last_error.write() = None;
            self.follow_schedule();
            return Ok(Refresh::Unchanged);
        }
        let spec = Spec::parse(text)?;
        check_generation(&before, &spec)?;
        let after = Snapshot::compile(
            Arc::new(spec),
            self.region(),
            now(),
            &self.pool,
            Some(&before),
        )
        .map_err(|unbounded| unbounded.into_error(text))?;
        self.current.publish(after);
        *self.last_error.write() = None;
        self.keep_last_good(text);
        Ok(Refresh::Applied)
    }

    fn follow_schedule(&self) {
        if let Some(snapshot) = self.current.get().at(self.region(), now()) {
            self.current.publish(snapshot);
        }
    }

    fn keep_last_good(&self, text: &[u8]) {
        let Some(path) = &self.options.last_good else {
            return;
        };
        if let Err(error) = source::write_last_good(path, text) {
            *self.last_error.write() = Some(error);
        }
    }

    fn note_rejection(&self, error: &Error) {
        let mut last = self.last_error.write();
        if last.as_ref() != Some(error) {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            *last = Some(error.clone());
        }
    }

    /// Calls `read` with the snapshot in force. Takes no lock and writes no shared memory.
    ///
    /// Everything that `read` asks of the snapshot belongs to one generation.
    #[inline]
    pub fn with<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        self.current.with(read)
    }

    /// The snapshot in force, to be kept for longer than a call.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.current.get()
    }

    /// The epoch of the snapshot in force; it rises whenever a new one is published.
    #[inline]
    pub fn epoch(&self) -> u64 {
        self.current.epoch()
    }

    /// The generation in force.
    pub fn generation(&self) -> u64 {
        self.with(Snapshot::generation)
    }

    /// The content hash of the spec in force.
    pub fn digest(&self) -> String {
        self.with(|snapshot| snapshot.digest().to_owned())
    }

    /// The region of this process.
    pub fn region(&self) -> Option<&str> {
        self.options.region.as_deref()
    }

    /// What is wrong with the spec file at present, if anything.
    pub fn last_error(&self) -> Option<Error> {
        self.last_error.read().clone()
    }

    /// The node of an index, however long ago it left the spec.
    pub fn node(&self, index: u32) -> Option<Arc<Node>> {
        self.pool.get(index)
    }

    /// Counts how a request to a node ended; failures open its breaker, answers close it.
    pub fn report(&self, node: &Node, op: Op, outcome: Outcome) {
        node.counters().add(op, outcome);
        if outcome.is_failure() {
            self.with(|snapshot| node.health().failed(&snapshot.spec().breaker));
        } else {
            node.health().succeeded();
        }
    }

    /// All counters and states, as data.
    pub fn metrics(&self) -> Metrics {
        let reloads = ReloadMetrics {
            applied: self.applied.load(Ordering::Relaxed),
            unchanged: self.unchanged.load(Ordering::Relaxed),
            rejected: self.rejected.load(Ordering::Relaxed),
            last_success: self.last_success.load(Ordering::Relaxed),
            last_error: self.last_error().map(|error| error.to_string()),
        };
        self.with(|snapshot| Metrics::collect(snapshot, self.region(), reloads, &self.pool))
    }

    /// All counters and states in the `OpenMetrics` text format, version 1.0.
    pub fn metrics_text(&self) -> String {
        openmetrics::encode(&self.metrics())
    }
}

/// A generation never falls, and has one content.
fn check_generation(before: &Snapshot, spec: &Spec) -> Result<(), Error> {
    let (old, new) = (before.generation(), spec.generation);
    if new < old {
        return Err(Error::new(
            ErrorKind::StaleGeneration,
            format!(
                "generation {new} is lower than {old}, which is in force; use {} or more",
                old + 1
            ),
        ));
    }
    if new == old {
        return Err(Error::new(
            ErrorKind::GenerationConflict,
            format!(
                "generation {old} is in force with other content; use {} or more",
                old + 1
            ),
        ));
    }
    Ok(())
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

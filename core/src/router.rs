//! The router: what a program holds. Answers routes, follows the spec file, takes reports.

mod reports;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::current::Current;
use crate::debt::Debt;
use crate::error::{Error, ErrorKind};
use crate::events::{Event, Events};
use crate::last_good::LastGood;
use crate::metrics::{Metrics, debts};
use crate::node::{Node, NodePool};
use crate::openmetrics;
use crate::reload::{Refresh, Reload, now};
use crate::snapshot::Snapshot;
use crate::source::SpecFile;
use crate::spec::check_name;

/// How a router is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The region of this process; decides which plan of a migration it follows.
    pub region: Option<String>,
    /// Where the last good spec is kept, so that a process can start when the file is bad or gone.
    /// Not the spec file itself. Its last line is the digest of the spec, without which it is not believed.
    pub last_good: Option<PathBuf>,
}

/// Answers routes from the spec in force. Shared by all threads of a process.
///
/// Routes may be asked for by any number of threads while another refreshes; refreshes wait for
/// one another. A thread keeps the snapshot that it used last until it uses another.
#[derive(Debug)]
pub struct Router {
    file: Option<SpecFile>,
    current: Current,
    pool: NodePool,
    reload: Reload,
    events: Arc<Events>,
}

impl Router {
    /// Opens the spec file. If it is missing or bad and a last good copy is kept, starts from that;
    /// [`Router::last_error`] then says what is wrong with the file. If neither is any good, the error is the
    /// file's and its message names both.
    ///
    /// A good file is always preferred, whatever generation the copy has.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        let file = SpecFile::new(path.as_ref())?;
        let copy = last_good(&options, Some(&file))?;
        if copy.as_ref().is_some_and(|copy| copy.is(&file)) {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "the option `last_good` is the spec file itself; use another path",
            ));
        }
        let events = Arc::<Events>::default();
        let reload = Reload::new(options.region, copy.clone(), Arc::clone(&events));
        let (pool, now) = (NodePool::default(), now());
        check_region(reload.region())?;
        let start = |text: Result<Vec<u8>, Error>| {
            let text = text?;
            let snapshot = reload.start(&text, now, &pool)?;
            Ok((text, snapshot))
        };
        let snapshot = match start(file.read()) {
            Ok((text, snapshot)) => {
                reload.started_well(&text, &snapshot, now);
                snapshot
            }
            Err(error) => {
                let error = file.name(error);
                let Some(copy) = &copy else {
                    return Err(error);
                };
                match start(copy.read()).map_err(|error| copy.name(error)) {
                    Ok((_, snapshot)) => {
                        reload.started_from_copy(&snapshot, &error, now);
                        snapshot
                    }
                    // The first error is the one to mend; the other says why it has to be now.
                    Err(other) => {
                        return Err(
                            error.and(&format!("and the last good copy is no help: {other}"))
                        );
                    }
                }
            }
        };
        Ok(Self {
            file: Some(file),
            current: Current::new(snapshot),
            pool,
            reload,
            events,
        })
    }

    /// A router without a file; its spec changes by [`Router::apply`] only.
    pub fn from_spec(text: &[u8], options: Options) -> Result<Self, Error> {
        let copy = last_good(&options, None)?;
        let events = Arc::<Events>::default();
        let reload = Reload::new(options.region, copy, Arc::clone(&events));
        let (pool, now) = (NodePool::default(), now());
        check_region(reload.region())?;
        let snapshot = reload.start(text, now, &pool)?;
        reload.started_well(text, &snapshot, now);
        Ok(Self {
            file: None,
            current: Current::new(snapshot),
            pool,
            reload,
            events,
        })
    }

    /// Reads the file again and puts its spec in force if it is a new one; also moves the weight
    /// of a ramp by schedule on. Whatever fails, the spec in force stays.
    ///
    /// The file is compared by content. A rejected file is counted once for as long as it stays
    /// the same, and its error is given at every call.
    pub fn refresh(&self) -> Result<Refresh, Error> {
        match &self.file {
            None => {
                let refresh = self.reload.tick(now(), &self.current);
                self.forget();
                Ok(refresh)
            }
            Some(file) => self.replace(|| file.read(), |error| file.name(error)),
        }
    }

    /// Puts the given spec in force, under the same rules as [`Router::refresh`].
    pub fn apply(&self, text: &[u8]) -> Result<Refresh, Error> {
        self.replace(|| Ok(text.to_owned()), |error| error)
    }

    fn replace(
        &self,
        read: impl FnOnce() -> Result<Vec<u8>, Error>,
        name: impl Fn(Error) -> Error,
    ) -> Result<Refresh, Error> {
        let result = self
            .reload
            .replace(read, name, now(), &self.current, &self.pool);
        self.forget();
        result
    }

    /// Health of nodes that have left the spec, and what was owed to them. With every refresh, since what was sent to a
    /// node before it left the spec may still fail.
    fn forget(&self) {
        let snapshot = self.snapshot();
        self.pool.forget_health_of_others(snapshot.nodes());
        self.pool
            .owed()
            .follow(&snapshot, self.pool.troubled().now());
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
        self.reload.region()
    }

    /// What is wrong at present with the spec file, or else with writing its last good copy.
    pub fn last_error(&self) -> Option<Error> {
        self.reload.last_error()
    }

    /// The node of an index, however long ago it left the spec.
    pub fn node(&self, index: u32) -> Option<Arc<Node>> {
        self.pool.get(index)
    }

    /// What is owed to the clusters of the spec in force: whoever changes stages does not move towards one whose debt
    /// is open.
    pub fn debts(&self) -> Vec<Debt> {
        self.with(debts)
    }

    /// What happened since the event with the number `since` (0: from the first), oldest first. For a program's log:
    /// it asks with the number of the last event that it has, after each refresh or from time to time.
    ///
    /// The last [`MAX_EVENTS`](crate::MAX_EVENTS) events are kept. When the first one of the answer is not number
    /// `since + 1`, those between them are forgotten.
    ///
    /// ```
    /// # use ringshift::{Options, Router};
    /// # let spec = br#"{"format":1,"generation":7,"primary":"c","clusters":{"c":
    /// #   {"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]}}}"#;
    /// let router = Router::from_spec(spec, Options::default())?;
    /// router.apply(b"{").unwrap_err();
    /// let mut seen = 0;
    /// let mut lines = Vec::new();
    /// for event in router.events(seen) {
    ///     lines.push(format!("{}: {}", event.kind.name(), event.message));
    ///     seen = event.sequence;
    /// }
    /// assert!(lines[0].starts_with("applied: generation 7 is in force"));
    /// assert!(lines[1].starts_with("rejected: line 1, column 1: "));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    pub fn events(&self, since: u64) -> Vec<Event> {
        self.events.since(since)
    }

    /// All counters and states, as data.
    pub fn metrics(&self) -> Metrics {
        let reloads = self.reload.metrics();
        self.with(|snapshot| Metrics::collect(snapshot, self.region(), reloads, &self.pool))
    }

    /// All counters and states in the `OpenMetrics` text format, version 1.0.
    pub fn metrics_text(&self) -> String {
        openmetrics::encode(&self.metrics())
    }
}

/// Where the copy of the last good spec is kept.
fn last_good(options: &Options, spec: Option<&SpecFile>) -> Result<Option<LastGood>, Error> {
    let path = options.last_good.as_deref();
    path.map(|path| LastGood::new(path, spec)).transpose()
}

fn check_region(region: Option<&str>) -> Result<(), Error> {
    region.map_or(Ok(()), check_name).map_err(|right| {
        Error::new(
            ErrorKind::InvalidArgument,
            format!("the option `region` is not a region name; {right}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{Op, Outcome};

    #[test]
    fn a_node_that_has_left_the_spec_troubles_nobody() {
        let spec = |generation: u32, nodes: &[&str]| {
            let nodes: Vec<String> = nodes
                .iter()
                .map(|id| format!(r#"{{"id":"{id}","address":"/{id}"}}"#))
                .collect();
            format!(
                r#"{{"format":1,"generation":{generation},"primary":"c","clusters":{{"c":
                {{"placement":{{"kind":"ring"}},"nodes":[{}]}}}},"breaker":{{"failures":1}}}}"#,
                nodes.join(",")
            )
        };
        let router =
            Router::from_spec(spec(1, &["a", "b", "c"]).as_bytes(), Options::default()).unwrap();
        let [a, b] = [0, 1].map(|index| router.node(index).unwrap());
        let fail = |node: &Node| router.report(node, Op::Read, Outcome::Timeout);
        let troubled = || !router.pool.troubled().is_nobody();
        fail(&a);
        router.apply(spec(2, &["a", "b"]).as_bytes()).unwrap();
        assert!(troubled(), "it is still there");
        router.apply(spec(3, &["b"]).as_bytes()).unwrap();
        assert!(!troubled());
        fail(&a);
        assert!(troubled(), "an answer that was under way");
        router.refresh().unwrap();
        assert!(!troubled());
        fail(&b);
        router.refresh().unwrap();
        assert!(troubled() && b.health().is_open());
    }
}

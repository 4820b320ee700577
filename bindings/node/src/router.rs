//! The router as JavaScript holds it. Everything but the lookup of a key.

use std::rc::Rc;

use napi::bindgen_prelude::{AsyncTask, Either, Uint8Array, Unknown};
use napi::{Env, JsValue};
use napi_derive::napi;
use ringshift::{ErrorKind, Op, Options, Outcome, Refresh, Router, Snapshot};

use crate::failure::Failure;
use crate::follow::Follow;
use crate::key::{KeyFault, with_key};
use crate::parts::{NodeParts, OwedParts, RouteParts, number};
use crate::shared::Shared;

/// A router, until it is closed or collected.
#[napi]
pub struct RouterHandle {
    shared: Rc<Shared>,
}

impl Drop for RouterHandle {
    fn drop(&mut self) {
        // The functions keep what is shared until another router takes its number.
        self.shared.close();
    }
}

/// A result, or the failure in its place.
pub(crate) type Checked<T> = Either<T, Failure>;

pub(crate) fn checked<T, E: Into<Failure>>(result: Result<T, E>) -> Checked<T> {
    match result {
        Ok(value) => Either::A(value),
        Err(error) => Either::B(error.into()),
    }
}

/// Opens a spec file.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value)]
pub fn open(
    path: String,
    region: Option<String>,
    last_good: Option<String>,
) -> Checked<RouterHandle> {
    let options = options(region, last_good);
    checked(Router::open(path, options).map(RouterHandle::new))
}

/// Makes a router of a spec's text.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value)]
pub fn from_spec(
    text: Uint8Array,
    region: Option<String>,
    last_good: Option<String>,
) -> Checked<RouterHandle> {
    let options = options(region, last_good);
    checked(Router::from_spec(&text, options).map(RouterHandle::new))
}

fn options(region: Option<String>, last_good: Option<String>) -> Options {
    Options {
        region,
        last_good: last_good.map(Into::into),
    }
}

#[napi]
impl RouterHandle {
    fn new(router: Router) -> Self {
        Self {
            shared: Rc::new(Shared::new(router)),
        }
    }

    pub(crate) fn shared(&self) -> &Rc<Shared> {
        &self.shared
    }

    /// Calls `ask` unless the router was closed.
    fn with<T>(&self, ask: impl FnOnce(&Router) -> Result<T, Failure>) -> Checked<T> {
        let router = self.shared.router.borrow();
        checked(match router.as_ref() {
            Some(router) => ask(router.as_ref()),
            None => Err(Failure::closed()),
        })
    }

    /// Calls `ask` with the bytes of a key, unless the router was closed or it has none.
    fn with_key<T>(
        &self,
        env: &Env,
        key: Unknown<'_>,
        ask: impl FnOnce(&Router, &[u8]) -> Result<T, Failure>,
    ) -> Checked<T> {
        let ask = |key: &[u8]| self.with(|router| ask(router, key));
        // SAFETY: both come from this call; `ask` stays within the core.
        let asked = unsafe { with_key(env.raw(), key.raw(), ask) };
        asked.unwrap_or_else(|fault| Checked::B(why(fault)))
    }

    /// The route of the key that was just looked up, and the slot to keep it in.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value)]
    pub fn describe(&self, env: &Env, key: Unknown<'_>) -> Checked<RouteParts> {
        let describe = |key: &[u8]| {
            self.shared.with(|snapshot| {
                let code = match self.shared.missed.take() {
                    Some((epoch, code)) if epoch == snapshot.epoch() => code,
                    _ => snapshot.code(key),
                };
                let mut table = self.shared.table.borrow_mut();
                let assigned = table.assign(snapshot, code.number());
                RouteParts::new(&snapshot.expand(code), assigned.slot, assigned.reset)
            })
        };
        // SAFETY: both come from this call; `describe` stays within the core.
        let parts = unsafe { with_key(env.raw(), key.raw(), describe) };
        checked(match parts {
            Ok(Some(parts)) => Ok(parts),
            Ok(None) => Err(Failure::closed()),
            Err(fault) => Err(why(fault)),
        })
    }

    /// A node by its index.
    #[napi(catch_unwind)]
    pub fn node(&self, index: u32) -> Checked<NodeParts> {
        self.with(|router| match router.node(index) {
            Some(node) => Ok(NodeParts::from(&*node)),
            None => Err(Failure::new(
                ErrorKind::InvalidArgument,
                &format!("this router has no node {index}"),
            )),
        })
    }

    /// The indices of all nodes in the spec, by cluster name and in the order of the spec.
    #[napi(catch_unwind)]
    pub fn nodes(&self) -> Checked<Vec<u32>> {
        self.with(|router| {
            Ok(router.with(|snapshot| snapshot.nodes().map(|node| node.index()).collect()))
        })
    }

    /// Counts how a request ended.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value)]
    pub fn report(&self, index: u32, op: String, outcome: String) -> Checked<()> {
        self.with(|router| {
            let op: Op = op.parse()?;
            let outcome: Outcome = outcome.parse()?;
            if let Some(node) = router.node(index) {
                router.report(&node, op, outcome);
            }
            Ok(())
        })
    }

    /// Says that a node did not acknowledge the invalidation of a key.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value)]
    pub fn lost(&self, env: &Env, index: u32, key: Unknown<'_>, outcome: String) -> Checked<()> {
        self.with_key(env, key, |router, key| {
            let outcome: Outcome = outcome.parse()?;
            match router.node(index) {
                Some(node) => Ok(router.lost(&node, key, outcome)?),
                None => Ok(()),
            }
        })
    }

    /// Keys whose invalidation is to be sent again.
    #[napi(catch_unwind)]
    pub fn owed(&self, index: u32) -> Checked<Vec<OwedParts>> {
        self.with(|router| {
            let node = router.node(index);
            let keys = node.map_or_else(Vec::new, |node| router.owed(&node));
            Ok(keys.into_iter().map(OwedParts::from).collect())
        })
    }

    /// Says that the invalidation of an owed key was sent again and acknowledged.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value)]
    pub fn repaid(&self, env: &Env, key: Unknown<'_>, loss: i64) -> Checked<()> {
        self.with_key(env, key, |router, key| {
            // A number below 0 is that of no loss.
            if let Ok(loss) = u64::try_from(loss) {
                router.repaid(key, loss);
            }
            Ok(())
        })
    }

    /// Reads the file again; whether a new spec is in force.
    #[napi(catch_unwind)]
    pub fn refresh(&self) -> Checked<bool> {
        self.with(|router| Ok(router.refresh()? == Refresh::Applied))
    }

    /// Refreshes in another thread, as a watcher does; the promise is kept when it is done, however it ended.
    #[napi]
    pub fn follow(&self) -> AsyncTask<Follow> {
        AsyncTask::new(Follow::new(self.shared.router.borrow().clone()))
    }

    /// Puts a spec in force; whether it is a new one.
    #[napi(catch_unwind)]
    #[allow(clippy::needless_pass_by_value)]
    pub fn apply(&self, text: Uint8Array) -> Checked<bool> {
        self.with(|router| Ok(router.apply(&text)? == Refresh::Applied))
    }

    /// The generation in force.
    #[napi(catch_unwind)]
    pub fn generation(&self) -> Checked<f64> {
        self.with(|router| Ok(number(router.generation())))
    }

    /// The content hash of the spec in force.
    #[napi(catch_unwind)]
    pub fn digest(&self) -> Checked<String> {
        self.with(|router| Ok(router.digest()))
    }

    /// Counts publications.
    #[napi(catch_unwind)]
    pub fn epoch(&self) -> Checked<f64> {
        self.with(|router| Ok(number(router.epoch())))
    }

    /// The stage's name, in this region.
    #[napi(catch_unwind)]
    pub fn stage(&self) -> Checked<&'static str> {
        self.with(|router| Ok(router.with(|snapshot| snapshot.stage().name())))
    }

    /// The moved share in basis points, in this region.
    #[napi(catch_unwind)]
    pub fn weight(&self) -> Checked<u16> {
        self.with(|router| Ok(router.with(Snapshot::weight)))
    }

    /// The longest time to live in seconds; less than 0 if there is none.
    #[napi(catch_unwind)]
    pub fn max_ttl(&self) -> Checked<f64> {
        self.with(|router| {
            let longest = router.with(Snapshot::max_ttl);
            Ok(longest.map_or(-1.0, |time| time.as_secs_f64()))
        })
    }

    /// What is wrong with the spec file at present.
    #[napi(catch_unwind)]
    pub fn last_error(&self) -> Checked<LastError> {
        self.with(|router| {
            let error = router.last_error().map(Failure::from);
            Ok(LastError { error })
        })
    }

    /// All counters and states as JSON.
    #[napi(catch_unwind)]
    pub fn metrics(&self) -> Checked<String> {
        self.with(|router| {
            serde_json::to_string(&router.metrics())
                .map_err(|error| Failure::new(ErrorKind::Internal, &error.to_string()))
        })
    }

    /// What happened since the event with this number, as JSON.
    #[napi(catch_unwind)]
    pub fn events(&self, since: i64) -> Checked<String> {
        self.with(|router| {
            // JavaScript has checked that it is a whole number from 0 on.
            let since = u64::try_from(since).unwrap_or_default();
            serde_json::to_string(&router.events(since))
                .map_err(|error| Failure::new(ErrorKind::Internal, &error.to_string()))
        })
    }

    /// All counters and states in the `OpenMetrics` text format.
    #[napi(catch_unwind)]
    pub fn metrics_text(&self) -> Checked<String> {
        self.with(|router| Ok(router.metrics_text()))
    }

    /// Frees the router.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        self.shared.close();
    }
}

/// An error that is an answer, not a failure.
#[napi(object, object_from_js = false)]
pub struct LastError {
    /// The file's present rejection.
    pub error: Option<Failure>,
}

fn why(fault: KeyFault) -> Failure {
    let (kind, message) = match fault {
        KeyFault::Type => (
            ErrorKind::InvalidArgument,
            "a key is a string or a Uint8Array",
        ),
        KeyFault::Surrogate => (
            ErrorKind::InvalidKey,
            "the key has a lone surrogate and therefore no UTF-8 form; give its bytes as a Uint8Array",
        ),
        KeyFault::Detached => (
            ErrorKind::InvalidArgument,
            "the key's memory was transferred away; give a Uint8Array that still has its bytes",
        ),
        KeyFault::SharedMemory => (
            ErrorKind::InvalidArgument,
            "the key is in shared memory, where it can change while it is read; give a copy",
        ),
        KeyFault::Unaligned => (
            ErrorKind::InvalidArgument,
            "the key's memory does not begin where its numbers may; give a copy",
        ),
    };
    Failure::new(kind, message)
}

//! A refresh that JavaScript does not wait for: a file system may take its time, and a large spec takes some
//! to compile. It is done by one of the threads that Node has for such work, which Node waits for before it
//! lets go of a worker and of this addon.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use napi::{Env, Result, Task};
use ringshift::Router;

/// One refresh.
pub struct Follow {
    /// Nothing if it was closed before.
    router: Option<Arc<Router>>,
}

impl Follow {
    pub(crate) fn new(router: Option<Arc<Router>>) -> Self {
        Self { router }
    }
}

impl Task for Follow {
    type Output = ();
    type JsValue = ();

    fn compute(&mut self) -> Result<()> {
        let Some(router) = self.router.take() else {
            return Ok(());
        };
        // A panic must not unwind into Node. Whatever else goes wrong was counted by the core, which keeps its text.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _ = router.refresh();
            // They go through all points of a new spec. Worked out here, they don't hold up a call of `metrics`.
            let _ = router.snapshot().warnings();
        }));
        Ok(())
    }

    fn resolve(&mut self, _env: Env, _output: ()) -> Result<()> {
        Ok(())
    }
}

//! Telling the router how a request ended.

use ringshift_core::{Error, Op, Outcome};

use crate::arguments::invalid;
use crate::node::ringshift_node;
use crate::panic::guard_status;
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// The request was to get a value.
pub const RINGSHIFT_OP_READ: u32 = 0;
/// The request was to store a value that was read elsewhere.
pub const RINGSHIFT_OP_FILL: u32 = 1;
/// The request was to remove a value that is no longer true.
pub const RINGSHIFT_OP_INVALIDATE: u32 = 2;

/// The value was there.
pub const RINGSHIFT_OUTCOME_HIT: u32 = 0;
/// The value was not there.
pub const RINGSHIFT_OUTCOME_MISS: u32 = 1;
/// The node did what was asked.
pub const RINGSHIFT_OUTCOME_OK: u32 = 2;
/// The request failed: the node refused, or the connection broke.
pub const RINGSHIFT_OUTCOME_ERROR: u32 = 3;
/// The node did not answer in time.
pub const RINGSHIFT_OUTCOME_TIMEOUT: u32 = 4;
/// There was no connection to the node and none could be made: nothing was sent. Opens its breaker at once.
pub const RINGSHIFT_OUTCOME_UNREACHABLE: u32 = 5;
/// Nothing was sent, or its answer was not waited for, for a reason of the caller's own: no connection of its pool was
/// free, it was closed meanwhile. Says nothing of the node.
pub const RINGSHIFT_OUTCOME_UNSENT: u32 = 6;

/// Counts how a request to a node of this router ended, for metrics and for the breakers of the node and its cluster:
/// failures open them, answers close them. `op` is one of `RINGSHIFT_OP_...`, `outcome` one of `RINGSHIFT_OUTCOME_...`.
/// Takes a lock only for the first request to a node and when a breaker opens or closes. Report an invalidation that was
/// not acknowledged by `ringshift_router_lost`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `node` is NULL or a number is unknown; nothing is then
/// counted.
///
/// ```c
/// ringshift_router_report(router, route.read[0], RINGSHIFT_OP_READ, RINGSHIFT_OUTCOME_HIT);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_report(
    router: *const ringshift_router,
    node: *const ringshift_node,
    op: u32,
    outcome: u32,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (router, node) =
            unsafe { (ringshift_router::core(router)?, ringshift_node::node(node)?) };
        router.report(node, op_of(op)?, outcome_of(outcome)?);
        Ok(())
    })
}

fn op_of(number: u32) -> Result<Op, Error> {
    match number {
        RINGSHIFT_OP_READ => Ok(Op::Read),
        RINGSHIFT_OP_FILL => Ok(Op::Fill),
        RINGSHIFT_OP_INVALIDATE => Ok(Op::Invalidate),
        _ => Err(invalid(format!(
            "{number} is not an op; use one of RINGSHIFT_OP_..."
        ))),
    }
}

pub(crate) fn outcome_of(number: u32) -> Result<Outcome, Error> {
    match number {
        RINGSHIFT_OUTCOME_HIT => Ok(Outcome::Hit),
        RINGSHIFT_OUTCOME_MISS => Ok(Outcome::Miss),
        RINGSHIFT_OUTCOME_OK => Ok(Outcome::Ok),
        RINGSHIFT_OUTCOME_ERROR => Ok(Outcome::Error),
        RINGSHIFT_OUTCOME_TIMEOUT => Ok(Outcome::Timeout),
        RINGSHIFT_OUTCOME_UNREACHABLE => Ok(Outcome::Unreachable),
        RINGSHIFT_OUTCOME_UNSENT => Ok(Outcome::Unsent),
        _ => Err(invalid(format!(
            "{number} is not an outcome; use one of RINGSHIFT_OUTCOME_..."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_core_and_no_others() {
        for (number, op) in (0_u32..).zip(Op::ALL) {
            assert_eq!(op_of(number), Ok(op));
        }
        for (number, outcome) in (0_u32..).zip(Outcome::ALL) {
            assert_eq!(outcome_of(number), Ok(outcome));
        }
        assert!(op_of(3).is_err() && op_of(u32::MAX).is_err());
        assert!(outcome_of(7).is_err() && outcome_of(u32::MAX).is_err());
    }
}

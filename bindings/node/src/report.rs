//! What an adapter says and asks with every request: how it ended, and which generation is in force. What
//! can't be answered here is left to the methods of `RouterHandle`, which say what is wrong.

use napi::sys;
use napi_derive::napi;
use ringshift::{Op, Outcome};

use crate::function::answer;
use crate::shared::Shared;

const COUNTED: i32 = 0;
const UNANSWERED: i32 = -1;

/// The names of ops; a call of `report` says one by its place.
#[napi(catch_unwind)]
#[must_use]
pub fn ops() -> Vec<&'static str> {
    Op::ALL.map(Op::name).to_vec()
}

/// The names of outcomes, in the same way.
#[napi(catch_unwind)]
#[must_use]
pub fn outcomes() -> Vec<&'static str> {
    Outcome::ALL.map(Outcome::name).to_vec()
}

/// `report(node, op, outcome)`: `COUNTED`, or `UNANSWERED` and nothing was counted.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn report(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let report = |shared: &Shared, arguments: [sys::napi_value; 3]| {
        // SAFETY: all come from this call.
        let [node, op, outcome] = arguments.map(|argument| unsafe { number_of(env, argument) });
        count(shared, node, op, outcome).map_or(UNANSWERED, |()| COUNTED)
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, report) }
}

fn count(shared: &Shared, node: Option<u32>, op: Option<u32>, outcome: Option<u32>) -> Option<()> {
    let op = *Op::ALL.get(op? as usize)?;
    let outcome = *Outcome::ALL.get(outcome? as usize)?;
    let router = shared.router.borrow();
    let router = router.as_ref()?;
    router.report(&*router.node(node?)?, op, outcome);
    Some(())
}

/// `owes()`: 1 if any invalidation is to be sent again, 0 if none is, or `UNANSWERED`.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn owes(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let owes = |shared: &Shared, []: [sys::napi_value; 0]| {
        let router = shared.router.borrow();
        (router.as_ref()).map_or(UNANSWERED, |router| i32::from(router.owes()))
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, owes) }
}

/// `generation()`: the generation in force, or `UNANSWERED` if it is too large a number for the cell.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn generation(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let generation = |shared: &Shared, []: [sys::napi_value; 0]| {
        let router = shared.router.borrow();
        let generation = router.as_ref().map(|router| router.generation());
        generation
            .and_then(|number| i32::try_from(number).ok())
            .unwrap_or(UNANSWERED)
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, generation) }
}

/// The number that an argument is, if it is one.
///
/// # Safety
///
/// Both are those of a call by Node-API that is going on.
unsafe fn number_of(env: sys::napi_env, value: sys::napi_value) -> Option<u32> {
    let mut number = 0;
    // SAFETY: passed on from the caller; there is room for a number.
    let status = unsafe { sys::napi_get_value_uint32(env, value, &raw mut number) };
    (status == sys::Status::napi_ok).then_some(number)
}

//! Statuses: 0, or the number of an error's kind.

use std::ffi::c_char;

use ringshift_core::ErrorKind;

use crate::panic::guard;

/// How a call ended: `RINGSHIFT_OK`, or the kind of the error. Numbers are never reused; a later version may add some.
pub type ringshift_status = u32;

/// No error.
pub const RINGSHIFT_OK: u32 = 0;
/// An argument or option that cannot be meant: NULL, an unknown number, a name that is not UTF-8.
pub const RINGSHIFT_INVALID_ARGUMENT: u32 = 1;
/// A key that is not a sequence of bytes. Languages with strings of other units give it; C never does.
pub const RINGSHIFT_INVALID_KEY: u32 = 2;
/// The spec file could not be read.
pub const RINGSHIFT_IO: u32 = 3;
/// The spec is not JSON.
pub const RINGSHIFT_SPEC_SYNTAX: u32 = 4;
/// The spec is JSON, but not a valid spec.
pub const RINGSHIFT_SPEC_INVALID: u32 = 5;
/// The spec exceeds a hard limit.
pub const RINGSHIFT_SPEC_LIMIT: u32 = 6;
/// The spec's generation is lower than the one in force.
pub const RINGSHIFT_STALE_GENERATION: u32 = 7;
/// The spec has the generation in force, but other content.
pub const RINGSHIFT_GENERATION_CONFLICT: u32 = 8;
/// The router was closed. Languages with a `close` give it; C never does.
pub const RINGSHIFT_CLOSED: u32 = 9;
/// An invalidation could not be delivered to a node. Adapters give it; this interface never does.
pub const RINGSHIFT_INVALIDATION_LOST: u32 = 10;
/// A fault inside ringshift that was caught before it reached the caller.
pub const RINGSHIFT_INTERNAL: u32 = 11;

/// The name of a status, such as `spec_invalid`; `ok` for 0 and `unknown` for a number that is none. Never NULL, valid
/// for ever.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_status_name(status: ringshift_status) -> *const c_char {
    guard(|| {
        let name = match status {
            RINGSHIFT_OK => c"ok",
            RINGSHIFT_INVALID_ARGUMENT => c"invalid_argument",
            RINGSHIFT_INVALID_KEY => c"invalid_key",
            RINGSHIFT_IO => c"io",
            RINGSHIFT_SPEC_SYNTAX => c"spec_syntax",
            RINGSHIFT_SPEC_INVALID => c"spec_invalid",
            RINGSHIFT_SPEC_LIMIT => c"spec_limit",
            RINGSHIFT_STALE_GENERATION => c"stale_generation",
            RINGSHIFT_GENERATION_CONFLICT => c"generation_conflict",
            RINGSHIFT_CLOSED => c"closed",
            RINGSHIFT_INVALIDATION_LOST => c"invalidation_lost",
            RINGSHIFT_INTERNAL => c"internal",
            _ => c"unknown",
        };
        Ok(name.as_ptr())
    })
}

/// The status of an error's kind.
pub(crate) fn of(kind: ErrorKind) -> ringshift_status {
    kind.number()
}

#[cfg(test)]
mod tests {
    use std::ffi::CStr;

    use super::*;

    fn name(status: ringshift_status) -> &'static str {
        // SAFETY: names are literals.
        unsafe { CStr::from_ptr(ringshift_status_name(status)) }
            .to_str()
            .unwrap()
    }

    #[test]
    fn statuses_are_the_kinds_of_the_core() {
        let here = [
            RINGSHIFT_INVALID_ARGUMENT,
            RINGSHIFT_INVALID_KEY,
            RINGSHIFT_IO,
            RINGSHIFT_SPEC_SYNTAX,
            RINGSHIFT_SPEC_INVALID,
            RINGSHIFT_SPEC_LIMIT,
            RINGSHIFT_STALE_GENERATION,
            RINGSHIFT_GENERATION_CONFLICT,
            RINGSHIFT_CLOSED,
            RINGSHIFT_INVALIDATION_LOST,
            RINGSHIFT_INTERNAL,
        ];
        assert_eq!(ErrorKind::ALL.map(ErrorKind::number), here);
        for kind in ErrorKind::ALL {
            assert_eq!(name(of(kind)), kind.name());
        }
        assert_eq!(name(RINGSHIFT_OK), "ok");
        for unknown in [12, 255, u32::MAX] {
            assert_eq!(name(unknown), "unknown");
        }
    }
}

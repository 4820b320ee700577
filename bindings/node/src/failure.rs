//! Errors on their way to JavaScript: as plain objects, from which the package makes its own
//! error class. A class cannot be reached from here without keeping a reference to it for each
//! environment.

use napi_derive::napi;
use ringshift::{Error, ErrorKind};

/// What went wrong; the package throws it as a `RingshiftError`.
#[napi(object, object_from_js = false)]
pub struct Failure {
    /// The kind's name, such as `spec_invalid`.
    pub kind: &'static str,
    /// The whole message.
    pub message: String,
    /// The JSON pointer of the offending value.
    pub pointer: Option<String>,
    /// The line in the spec, from 1.
    pub line: Option<u32>,
    /// The column in that line, in bytes, from 1.
    pub column: Option<u32>,
}

impl Failure {
    pub(crate) fn new(kind: ErrorKind, message: &str) -> Self {
        Self::from(Error::new(kind, message))
    }

    pub(crate) fn closed() -> Self {
        Self::new(ErrorKind::Closed, "the router was closed")
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            kind: error.kind().name(),
            message: error.to_string(),
            pointer: error.pointer().map(str::to_owned),
            line: error.line(),
            column: error.column(),
        }
    }
}

/// A kind of error, for code that goes through all of them.
#[napi(object, object_from_js = false)]
pub struct Kind {
    /// The number that stands for it in C.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
}

/// All kinds of error, in the order of their numbers.
#[napi(catch_unwind)]
pub fn error_kinds() -> Vec<Kind> {
    ErrorKind::ALL
        .iter()
        .map(|kind| Kind {
            number: kind.number(),
            name: kind.name(),
        })
        .collect()
}

//! What would move between two specs.

use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;
use ringshift::ErrorKind;

use crate::failure::Failure;
use crate::router::{Checked, checked};

/// What would move if the second spec followed the first, as JSON.
#[napi(catch_unwind)]
#[allow(clippy::needless_pass_by_value)] // napi hands owned values over
pub fn moves(before: Uint8Array, after: Uint8Array) -> Checked<String> {
    let text = ringshift::moves(&before, &after)
        .map_err(Failure::from)
        .and_then(|moves| {
            serde_json::to_string(&moves)
                .map_err(|error| Failure::new(ErrorKind::Internal, &error.to_string()))
        });
    checked(text)
}

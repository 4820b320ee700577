//! How long a token lives, by which a reader fills a cache: a promise of every adapter.

use std::time::Duration;

/// For how long after a token was taken a value may still be stored by it.
///
/// The adapters ask servers to forget tokens after this time, the same in every language. So a value may be stored by an
/// earlier route for this long after that route was left, and lives from then on: what waits for `max_ttl` waits for
/// this too. `tests/model` finds the stale read of a wait without it.
pub const TOKEN_LIFE: Duration = Duration::from_secs(30);

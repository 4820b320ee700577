//! Identical key placement for cache clusters in every language, and live migration between them.
//!
//! A [`Router`] reads a spec file that names clusters and nodes, answers for every key where to
//! read, where to look after a miss, and what to invalidate, and takes up a new spec while it
//! serves. The bindings for C, Python, Node and Go give out the answers of this crate and decide
//! nothing themselves.
//!
//! # Example
//!
//! ```
//! use ringshift::{Options, Router};
//!
//! let spec = br#"{
//!   "format": 1, "generation": 1, "primary": "blue",
//!   "clusters": {"blue": {"placement": {"kind": "ring"},
//!                         "nodes": [{"id": "mc1", "address": "127.0.0.1:11211"},
//!                                   {"id": "mc2", "address": "127.0.0.1:11212"}]}}
//! }"#;
//! let router = Router::from_spec(spec, Options::default())?;
//! let address = router.with(|snapshot| {
//!     let route = snapshot.route(b"user:42");
//!     route.read().map(|target| target.node().address().to_owned())
//! });
//! assert!(address.is_some_and(|address| address.starts_with("127.0.0.1:")));
//! # Ok::<(), ringshift::Error>(())
//! ```
//!
//! # How data flows
//!
//! A spec's text becomes a [`Spec`] (checked data), that becomes a [`Snapshot`] (compiled, never
//! changed), and a snapshot gives a [`Route`] for a key. A [`Router`] holds the snapshot in force
//! and replaces it. Reading takes no lock and writes no shared memory.
//!
//! The crate starts no thread, opens no socket and has no unsafe code.

#![forbid(unsafe_code)]
// Numbers that stand for slots, points and nodes are bounded by `limits` far below 2^32.
#![allow(clippy::cast_possible_truncation)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod balance;
mod batch;
mod breaker;
mod change;
mod cluster;
mod counters;
mod current;
mod debt;
mod error;
mod events;
mod hash;
mod last_good;
pub mod limits;
mod metrics;
mod moves;
mod node;
mod openmetrics;
mod owed;
mod placement;
mod reload;
mod route;
mod router;
mod schedule;
mod snapshot;
mod source;
mod spec;
mod sync;
mod token;
mod window;

pub use balance::{ClusterShares, NodeShare, Warning};
pub use batch::NO_NODE;
pub use breaker::BreakerState;
pub use change::{IllegalChange, illegal_changes};
pub use cluster::ClusterMemory;
pub use counters::{Op, Outcome};
pub use debt::Debt;
pub use error::{Error, ErrorKind};
pub use events::{Event, EventKind, Level, MAX_EVENTS};
pub use hash::{BUCKETS, HashTag};
pub use metrics::{BreakerMetric, ClusterBreakerMetric, Metrics, ReloadMetrics, RequestMetric};
pub use moves::{ClusterMoves, Flow, Moves, moves};
pub use node::Node;
pub use owed::{OwedKey, OwedMetrics};
pub use placement::LegacySpec;
pub use reload::Refresh;
pub use route::{Route, RouteCode, Target};
pub use router::{Options, Router};
pub use schedule::Schedule;
pub use snapshot::Snapshot;
pub use spec::{
    BreakerSpec, ClusterSpec, MigrationSpec, NodeSpec, PlacementSpec, Plan, Spec, Stage,
    parse_duration,
};
pub use token::TOKEN_LIFE;

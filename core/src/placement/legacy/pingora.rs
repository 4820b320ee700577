//! The crate pingora-ketama, version 1 of its ring: nginx's `consistent` with servers named by
//! their socket addresses.
//!
//! Traps: it knows IP addresses only; its sort leaves open which of two equal points stays (here:
//! the first server's, as in nginx).

use super::{Build, Flavor, Kind, Rule, Size, WeightRule, names, nginx};

/// `Continuum::new`.
pub(super) static KETAMA: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "pingora",
    weight: WeightRule::FromOne("pingora-ketama panics at a weight of 0"),
    down: Rule::Honoured,
    spelling: names::socket_address,
    hash_tag: None,
    size: Size::PerWeight(160),
    build: Build::Fixed(nginx::chained),
};

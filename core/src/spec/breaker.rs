//! When breakers open and for how long.

use std::time::Duration;

use super::cursor::Cursor;
use super::{ALL_BASIS_POINTS, BreakerSpec, units};
use crate::error::Error;

const SHORTEST_WINDOW: Duration = Duration::from_millis(100);
const LONGEST_WINDOW: Duration = Duration::from_secs(3_600);

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            failures: 3,
            rate: ALL_BASIS_POINTS / 2,
            cluster_rate: ALL_BASIS_POINTS / 2,
            window: Duration::from_secs(10),
            min_requests: 20,
            open: Duration::from_secs(1),
            max_open: Duration::from_secs(60),
            max_ejected: ALL_BASIS_POINTS / 2,
        }
    }
}

/// Reads and checks the settings of breakers.
pub(super) fn decode(place: &Cursor<'_>) -> Result<BreakerSpec, Error> {
    let fields = place.object(
        "a breaker",
        &[
            "failures",
            "rate",
            "cluster_rate",
            "window",
            "min_requests",
            "open",
            "max_open",
            "max_ejected",
        ],
    )?;
    let mut breaker = BreakerSpec::default();
    if let Some(place) = fields.get("failures") {
        breaker.failures = place.integer("a number of failures", 1, 100)? as u32;
    }
    if let Some(place) = fields.get("rate") {
        breaker.rate = rate(place)?;
    }
    if let Some(place) = fields.get("cluster_rate") {
        breaker.cluster_rate = rate(place)?;
    }
    if let Some(place) = fields.get("window") {
        breaker.window = window(place)?;
    }
    if let Some(place) = fields.get("min_requests") {
        breaker.min_requests = place.integer("a number of requests", 1, 1_000_000)? as u32;
    }
    if let Some(place) = fields.get("open") {
        breaker.open = units::duration(place)?;
    }
    if let Some(place) = fields.get("max_open") {
        breaker.max_open = units::duration(place)?;
    }
    if breaker.max_open < breaker.open {
        let place = fields
            .get("max_open")
            .or(fields.get("open"))
            .unwrap_or(fields.place());
        return Err(place.invalid(format!(
            "`max_open` is {:?}, shorter than `open`, {:?}; use at least as long",
            breaker.max_open, breaker.open
        )));
    }
    if let Some(place) = fields.get("max_ejected") {
        breaker.max_ejected = units::share(place)?;
    }
    Ok(breaker)
}

fn rate(place: &Cursor<'_>) -> Result<u16, Error> {
    match units::share(place)? {
        0 => Err(place.invalid(
            "no failure would be too many; use a share above 0, or 1 for only when all fail",
        )),
        share => Ok(share),
    }
}

fn window(place: &Cursor<'_>) -> Result<Duration, Error> {
    let window = units::duration(place)?;
    if !(SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window) {
        return Err(place.invalid(format!(
            "{} is not the length of a window; use {SHORTEST_WINDOW:?} to {LONGEST_WINDOW:?}",
            place.shown()
        )));
    }
    Ok(window)
}

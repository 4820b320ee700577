//! Durations, percents and timestamps as they stand in a spec.

use std::time::Duration;

use super::cursor::Cursor;
use crate::error::{Error, ErrorKind};
use crate::placement::max_load;

/// Basis points in all of a thing: 100 %.
pub(crate) const ALL: u16 = 10_000;

/// A duration as a spec has it, such as `500ms`, `90s`, `2h` or `1d`.
///
/// Fails with [`ErrorKind::InvalidArgument`] if it is none, or not from 1 ms to 3650 days.
///
/// ```
/// assert_eq!(ringshift::parse_duration("90s")?.as_secs(), 90);
/// assert!(ringshift::parse_duration("soon").is_err());
/// # Ok::<(), ringshift::Error>(())
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, Error> {
    let wrong = || format!("{text:?} {NOT_A_DURATION}");
    of_text(text).ok_or_else(|| Error::new(ErrorKind::InvalidArgument, wrong()))
}

const NOT_A_DURATION: &str =
    "is not a duration; use digits and ms, s, m, h or d, such as \"90s\", from 1ms to 3650d";

/// The same in a spec.
pub(super) fn duration(place: &Cursor<'_>) -> Result<Duration, Error> {
    let text = place.string("a duration")?;
    of_text(&text).ok_or_else(|| place.invalid(format!("{} {NOT_A_DURATION}", place.shown())))
}

fn of_text(text: &str) -> Option<Duration> {
    const MOST: u64 = 3_650 * 86_400_000;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let unit = match &text[digits..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let milliseconds = text[..digits].parse::<u64>().ok()?.checked_mul(unit)?;
    let legal = (1..=MOST).contains(&milliseconds);
    legal.then(|| Duration::from_millis(milliseconds))
}

/// A percent in basis points. Read from the digits, so that none is rounded away.
pub(super) fn percent(place: &Cursor<'_>) -> Result<u16, Error> {
    const RIGHT: &str = "a number from 0 to 100 with at most two decimals";
    let text = place.number_text(RIGHT)?;
    basis_points(text)
        .ok_or_else(|| place.invalid(format!("{} is not a percent; use {RIGHT}", place.shown())))
}

fn basis_points(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    if whole.len() > 3 || fraction.len() > 2 {
        return None;
    }
    let hundredths: u32 = format!("{fraction:0<2}").parse().ok()?;
    // Neither sign nor exponent: both parts are digits. Three of them are more than fit into 16 bits.
    let whole = whole
        .parse::<u32>()
        .ok()
        .filter(|_| !whole.starts_with('+'))?;
    let points = whole * 100 + hundredths;
    u16::try_from(points).ok().filter(|&points| points <= ALL)
}

/// A share between 0 and 1 in basis points.
pub(super) fn share(place: &Cursor<'_>) -> Result<u16, Error> {
    let parts = ten_thousandths(place, "a share", 0, 1)?;
    Ok(u16::try_from(parts).unwrap_or(ALL))
}

/// A bound on loads, from 1, in ten-thousandths.
pub(super) fn max_load(place: &Cursor<'_>) -> Result<u32, Error> {
    ten_thousandths(place, "a bound on loads", 1, max_load::MOST / max_load::ONE)
}

/// A number between two whole ones in ten-thousandths, read from its digits.
fn ten_thousandths(place: &Cursor<'_>, noun: &str, least: u32, most: u32) -> Result<u32, Error> {
    let right = format!("a number from {least} to {most} with at most four decimals");
    let text = place.number_text(&right)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    (whole.len() <= 6 && fraction.len() <= 4 && digits(whole) && digits(fraction))
        .then(|| format!("{whole}{fraction:0<4}").parse::<u32>().ok())
        .flatten()
        .filter(|parts| (least * 10_000..=most * 10_000).contains(parts))
        .ok_or_else(|| place.invalid(format!("{} is not {noun}; use {right}", place.shown())))
}

/// A point in time in UTC, `2026-11-22T10:00:00Z`, in milliseconds since 1970.
pub(super) fn timestamp(place: &Cursor<'_>) -> Result<u64, Error> {
    let text = place.string("a timestamp")?;
    milliseconds(&text).ok_or_else(|| {
        place.invalid(format!(
            "{} is not a timestamp; use UTC in the form \"2026-11-22T10:00:00Z\", from 1970 on",
            place.shown()
        ))
    })
}

/// RFC 3339, restricted to whole seconds and `Z`. Leap seconds do not exist in Unix time.
fn milliseconds(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let shape = b"dddd-dd-ddTdd:dd:ddZ";
    let fits = bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => byte == form,
        });
    if !fits {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let february = if leap { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = month.checked_sub(1)? as usize;
    if year < 1970 || !(1..=*months.get(before)?).contains(&day) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let last = year - 1;
    // Leap days before this year, less the 477 before 1970.
    let years = (year - 1970) * 365 + (last / 4 - last / 100 + last / 400) - 477;
    let days = years + months[..before].iter().sum::<u64>() + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_are_exact_or_refused() {
        for (text, points) in [
            ("0", Some(0)),
            ("100", Some(10_000)),
            ("12.5", Some(1_250)),
            ("0.01", Some(1)),
            ("12.500", Some(1_250)),
            ("12.345", None),
            ("100.01", None),
            ("101", None),
            ("656", None),
            ("755.36", None),
            ("999.99", None),
            ("-1", None),
            ("1e1", None),
            ("1e-2", None),
        ] {
            assert_eq!(basis_points(text), points, "{text}");
        }
    }

    #[test]
    fn timestamps() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600_000)),
            ("2026-11-22T10:00:00Z", Some(1_795_341_600_000)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400_000)),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-22T10:00:00+09:00", None),
            ("2026-11-22 10:00:00Z", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }
}

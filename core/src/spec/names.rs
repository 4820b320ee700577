//! What names, prefixes and addresses may look like.

use std::net::Ipv6Addr;

use super::cursor::Cursor;
use crate::error::Error;
use crate::limits::{MAX_KEY_PREFIX_BYTES, MAX_NAME_BYTES};

/// Says why a text cannot be a name, if it cannot.
pub(crate) fn check(text: &str) -> Result<(), String> {
    if text.is_empty() || text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        return Err(format!(
            "use 1 to {MAX_NAME_BYTES} bytes without control characters"
        ));
    }
    Ok(())
}

/// A name of something; `noun` with its article.
pub(super) fn name(place: &Cursor<'_>, noun: &str) -> Result<String, Error> {
    let text = place.string(noun)?;
    check_at(place, &text, noun)?;
    Ok(text)
}

/// Checks a name that is the field name of the value at `place`.
pub(super) fn check_at(place: &Cursor<'_>, text: &str, noun: &str) -> Result<(), Error> {
    check(text).map_err(|right| {
        let shown: String = text.chars().take(60).flat_map(char::escape_debug).collect();
        place.invalid(format!("\"{shown}\" is not {noun}; {right}"))
    })
}

/// What is put before keys: printable ASCII, since memcached and Redis tools must show it.
pub(super) fn key_prefix(place: &Cursor<'_>) -> Result<String, Error> {
    let text = place.string("a key prefix")?;
    if text.len() > MAX_KEY_PREFIX_BYTES || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(place.invalid(format!(
            "{} is not a key prefix; use at most {MAX_KEY_PREFIX_BYTES} printable ASCII characters \
             without spaces",
            place.shown()
        )));
    }
    Ok(text)
}

/// Where to connect. Checked for its form and never resolved.
pub(super) fn address(place: &Cursor<'_>) -> Result<String, Error> {
    let text = place.string("an address")?;
    if is_address(&text) {
        return Ok(text);
    }
    Err(place.invalid(format!(
        "{} is not an address; use host:port, [IPv6]:port or the absolute path of a Unix socket",
        place.shown()
    )))
}

fn is_address(text: &str) -> bool {
    if text.starts_with('/') {
        // A longer path does not fit into sockaddr_un.
        return text.len() <= 107 && !text.chars().any(char::is_control);
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return false;
    };
    let is_port = !port.is_empty()
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && !port.starts_with('0')
        && port.parse::<u16>().is_ok();
    let is_host = match host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
    {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => {
            (1..=253).contains(&host.len())
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
        }
    };
    is_port && is_host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for good in [
            "10.0.0.1:11211",
            "mc-1.internal:1",
            "[::1]:65535",
            "/run/mc.sock",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "10.0.0.1",
            "h:",
            "h:0",
            "h:65536",
            ":1",
            "::1:11211",
            "[::g]:1",
            "a b:1",
            "h:+1",
            "h:01",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}

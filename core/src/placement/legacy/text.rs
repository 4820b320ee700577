//! Keys as text, for clients whose keys are strings and not bytes.
//!
//! Bytes that are no UTF-8 have no such string. They are placed as the client's language turns
//! bytes into text: what the client itself does if it is handed bytes.

use std::borrow::Cow;
use std::fmt::Write;

/// UTF-8 as it is; in anything else each ill-formed part is U+FFFD, as JavaScript and Java decode.
pub(super) fn replaced(key: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(key)
}

/// UTF-8 as it is; anything else as Python's `str(bytes)` shows it, such as `b'\xff'`.
pub(super) fn python(key: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(key) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(shown(key)),
    }
}

fn shown(key: &[u8]) -> String {
    // Python prefers single quotes unless only those occur inside.
    let quote = if key.contains(&b'\'') && !key.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut text = format!("b{quote}");
    for &byte in key {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b'\'' if quote == '\'' => text.push_str("\\'"),
            b' '..=b'~' => text.push(char::from(byte)),
            // Writing to a string does not fail.
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python_shows_bytes() {
        assert_eq!(python("é".as_bytes()), "é");
        // What `str(...)` says in Python 3.11.
        assert_eq!(python(b"\xff"), r"b'\xff'");
        assert_eq!(python(b"a\tb\\c\x00\x7f\xe9"), r"b'a\tb\\c\x00\x7f\xe9'");
        assert_eq!(python(b"it's \xff"), r#"b"it's \xff""#);
        assert_eq!(python(b"it's \"\xff\""), r#"b'it\'s "\xff"'"#);
    }

    #[test]
    fn as_javascript_and_java_decode() {
        assert_eq!(replaced("é".as_bytes()), "é");
        // A sequence that breaks off is one part, bytes that start none are one part each.
        assert_eq!(
            replaced(b"a\xe2\x82b\xff\xfe"),
            "a\u{fffd}b\u{fffd}\u{fffd}"
        );
    }
}

//! A cursor over JSON text that knows where it stands, so that every error about a spec can name
//! pointer, line and column.
//!
//! `serde_json` parses; a cursor is its raw text of one value, found again in the whole text by
//! its address. Values are parsed when asked for, so nesting that no spec has is never followed.

use std::collections::HashSet;
use std::fmt;
use std::rc::Rc;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::path::{self, Path};
use crate::error::{Error, ErrorKind};

/// Up to so many fields a set takes longer than comparing each with all before it.
const FEW: usize = 8;

/// One JSON value of a spec and its place.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    raw: &'t str,
    path: Rc<Path>,
}

/// The fields of a JSON object, all of them known.
#[derive(Debug)]
pub(super) struct Object<'t> {
    place: Cursor<'t>,
    members: Vec<(String, Cursor<'t>)>,
}

impl<'t> Cursor<'t> {
    /// The whole text, which must be UTF-8 and JSON.
    pub(super) fn root(bytes: &'t [u8]) -> Result<Self, Error> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let (line, column) = line_column(&bytes[..error.valid_up_to()]);
            Error::new(ErrorKind::SpecSyntax, "not UTF-8; a spec is JSON in UTF-8")
                .at(None, line, column)
        })?;
        let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
            Error::new(
                ErrorKind::SpecSyntax,
                format!("not JSON: {}", describe(&error)),
            )
            .at(
                None,
                u32::try_from(error.line()).unwrap_or(u32::MAX).max(1),
                u32::try_from(error.column()).unwrap_or(u32::MAX).max(1),
            )
        })?;
        Ok(Self {
            text,
            raw: raw.get(),
            path: Rc::new(Path::Root),
        })
    }

    /// An error of the given kind about this value.
    pub(super) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> Error {
        let (line, column) = self.line_column();
        Error::new(kind, message).at(Some(self.path.pointer()), line, column)
    }

    fn line_column(&self) -> (u32, u32) {
        let offset = self.raw.as_ptr() as usize - self.text.as_ptr() as usize;
        line_column(&self.text.as_bytes()[..offset])
    }

    /// An error that says what stands here and what would be right.
    pub(super) fn invalid(&self, message: impl Into<String>) -> Error {
        self.error(ErrorKind::SpecInvalid, message)
    }

    /// A hard limit is exceeded here.
    pub(super) fn limit(&self, message: impl Into<String>) -> Error {
        self.error(ErrorKind::SpecLimit, message)
    }

    /// The value as it stands in the file, shortened for a message. Of an object or an array only that it is one: a
    /// seed may be inside.
    pub(super) fn shown(&self) -> String {
        match self.raw.as_bytes().first() {
            Some(b'{') => return "an object".to_owned(),
            Some(b'[') => return "an array".to_owned(),
            _ => {}
        }
        let mut end = self.raw.len().min(60);
        while !self.raw.is_char_boundary(end) {
            end -= 1;
        }
        let ellipsis = if end < self.raw.len() { "…" } else { "" };
        format!(
            "{}{ellipsis}",
            self.raw[..end]
                .escape_debug()
                .to_string()
                .replace("\\\"", "\"")
        )
    }

    /// The text of a number, undecoded, so that no digit is lost.
    pub(super) fn number_text(&self, right: &str) -> Result<&'t str, Error> {
        if self
            .raw
            .starts_with(|c: char| c == '-' || c.is_ascii_digit())
        {
            Ok(self.raw)
        } else {
            Err(self.invalid(format!("{} is not a number; use {right}", self.shown())))
        }
    }

    /// An integer between two bounds; `noun` with its article, such as "a weight".
    pub(super) fn integer(&self, noun: &str, least: u64, most: u64) -> Result<u64, Error> {
        let number = self
            .raw
            .parse::<u64>()
            .ok()
            .filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            self.invalid(format!(
                "{} is not {noun}; use an integer from {least} to {most}",
                self.shown()
            ))
        })
    }

    pub(super) fn boolean(&self) -> Result<bool, Error> {
        match self.raw {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.invalid(format!(
                "{} is not a boolean; use true or false",
                self.shown()
            ))),
        }
    }

    /// A string; `noun` with its article, such as "a node id".
    pub(super) fn string(&self, noun: &str) -> Result<String, Error> {
        if !self.is_string() {
            return Err(self.invalid(format!("{} is not {noun}; use a string", self.shown())));
        }
        self.parse()
    }

    /// One of a few words; `noun` with its article, such as "a stage".
    pub(super) fn choice(&self, noun: &str, words: &[&'static str]) -> Result<&'static str, Error> {
        let text = self.string(noun)?;
        let found = words.iter().find(|word| **word == text);
        found.copied().ok_or_else(|| {
            self.invalid(format!(
                "{} is not {noun}; use {}",
                self.shown(),
                words.join(" or ")
            ))
        })
    }

    /// The items of an array; more than `most` exceed a limit.
    pub(super) fn array(&self, noun: &str, most: usize) -> Result<Vec<Cursor<'t>>, Error> {
        if !self.raw.starts_with('[') {
            return Err(self.invalid(format!("{} is not {noun}; use an array", self.shown())));
        }
        let items: Vec<&RawValue> = self.parse()?;
        self.check_count(items.len(), most, noun)?;
        let path = |position| Path::Item(Rc::clone(&self.path), position);
        Ok((items.into_iter().enumerate())
            .map(|(position, item)| self.child(path(position), item))
            .collect())
    }

    /// The members of an object whose field names are free; none may stand twice, and more than
    /// `most` exceed a limit.
    pub(super) fn map(&self, noun: &str, most: usize) -> Result<Vec<(String, Cursor<'t>)>, Error> {
        let members = self.members(noun)?;
        self.check_count(members.len(), most, noun)?;
        self.distinct(members, |_, _| Ok(()))
    }

    /// The members of an object whose field names are fixed.
    pub(super) fn object(&self, noun: &str, known: &[&str]) -> Result<Object<'t>, Error> {
        let check = |name: &str, place: &Self| {
            if known.contains(&name) {
                return Ok(());
            }
            Err(place.invalid(format!(
                "unknown field `{}`; {noun} has {}",
                path::shown(name),
                known.join(", ")
            )))
        };
        let members = self.distinct(self.members(noun)?, check)?;
        Ok(Object {
            place: self.clone(),
            members,
        })
    }

    fn members(&self, noun: &str) -> Result<Vec<(String, &'t RawValue)>, Error> {
        if !self.raw.starts_with('{') {
            return Err(self.invalid(format!("{} is not {noun}; use an object", self.shown())));
        }
        let Members(members) = self.parse()?;
        Ok(members)
    }

    /// Checks members one by one, so that a bad one ends it.
    fn distinct(
        &self,
        members: Vec<(String, &'t RawValue)>,
        check: impl Fn(&str, &Self) -> Result<(), Error>,
    ) -> Result<Vec<(String, Cursor<'t>)>, Error> {
        // The few fields of a node, of which a spec has thousands, are compared with one another.
        let mut seen = (members.len() > FEW).then(HashSet::new);
        let mut result: Vec<(String, Self)> = Vec::with_capacity(members.len());
        for (name, raw) in members {
            let child = self.child(Path::Field(Rc::clone(&self.path), name.clone()), raw);
            check(&name, &child)?;
            let is_new = match &mut seen {
                Some(seen) => seen.insert(name.clone()),
                None => result.iter().all(|(other, _)| *other != name),
            };
            if !is_new {
                let name = path::shown(&name);
                return Err(child.invalid(format!("field `{name}` stands twice; keep one")));
            }
            result.push((name, child));
        }
        Ok(result)
    }

    fn check_count(&self, count: usize, most: usize, noun: &str) -> Result<(), Error> {
        if count > most {
            return Err(self.limit(format!("{noun} of {count}; at most {most} are allowed")));
        }
        Ok(())
    }

    /// The value at a path of field names; where it ends early, what is there.
    pub(super) fn descend(&self, path: &[&str]) -> Result<Self, Error> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(self.clone());
        };
        let members = self.map("an object", usize::MAX)?;
        match members.into_iter().find(|(member, _)| member == name) {
            Some((_, place)) => place.descend(rest),
            None => Ok(self.clone()),
        }
    }

    fn parse<'a, T: serde::Deserialize<'a>>(&self) -> Result<T, Error>
    where
        't: 'a,
    {
        // The structure was checked with the root; what is left are escapes such as a lone
        // surrogate, which no string can hold.
        serde_json::from_str(self.raw).map_err(|error| {
            let (line, column) = self.line_column();
            Error::new(
                ErrorKind::SpecSyntax,
                format!("not JSON: {}", describe(&error)),
            )
            .at(None, line, column)
        })
    }

    fn child(&self, path: Path, raw: &'t RawValue) -> Self {
        Self {
            text: self.text,
            raw: raw.get(),
            path: Rc::new(path),
        }
    }

    /// Whether the value is a string.
    pub(super) fn is_string(&self) -> bool {
        self.raw.starts_with('"')
    }
}

impl<'t> Object<'t> {
    /// The place of the object itself.
    pub(super) fn place(&self) -> &Cursor<'t> {
        &self.place
    }

    pub(super) fn get(&self, name: &str) -> Option<&Cursor<'t>> {
        self.members
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, place)| place)
    }

    /// A field that must be there; `right` says what it holds.
    pub(super) fn required(&self, name: &str, right: &str) -> Result<&Cursor<'t>, Error> {
        self.get(name).ok_or_else(|| {
            self.place
                .invalid(format!("field `{name}` is missing; it holds {right}"))
        })
    }
}

/// Members in the order of the file, with duplicates, which a map type would swallow.
struct Members<'t>(Vec<(String, &'t RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

/// The message of a JSON error without its own position, which the place gives already.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// Line and column of the position after `before`, both from 1, the column in bytes.
fn line_column(before: &[u8]) -> (u32, u32) {
    let line = before.split(|&byte| byte == b'\n').count();
    let column = before
        .iter()
        .rev()
        .take_while(|&&byte| byte != b'\n')
        .count()
        + 1;
    (
        u32::try_from(line).unwrap_or(u32::MAX),
        u32::try_from(column).unwrap_or(u32::MAX),
    )
}

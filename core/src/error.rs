//! The one list of what can go wrong, shared by every language.

use std::fmt;

/// Kinds of error. Each has a number that is never reused (0 is "no error" in C),
/// a Python class, a Node `code` and a Go sentinel of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument or option that cannot be meant (unknown outcome, bad region name, NULL).
    InvalidArgument,
    /// A key that is not a sequence of bytes, such as a string with a lone surrogate.
    InvalidKey,
    /// The spec file could not be read.
    Io,
    /// The spec is not JSON.
    SpecSyntax,
    /// The spec is JSON, but not a valid spec.
    SpecInvalid,
    /// The spec exceeds a hard limit (see [`crate::limits`]).
    SpecLimit,
    /// The spec's generation is lower than the one in force.
    StaleGeneration,
    /// The spec has the generation in force, but other content.
    GenerationConflict,
    /// The router was closed.
    Closed,
    /// An invalidation could not be delivered to a node. Raised by adapters.
    InvalidationLost,
    /// A fault inside ringshift, caught before it reached the host.
    Internal,
}

impl ErrorKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::InvalidArgument,
        Self::InvalidKey,
        Self::Io,
        Self::SpecSyntax,
        Self::SpecInvalid,
        Self::SpecLimit,
        Self::StaleGeneration,
        Self::GenerationConflict,
        Self::Closed,
        Self::InvalidationLost,
        Self::Internal,
    ];

    /// The number of this kind in the C interface; stable for ever.
    pub const fn number(self) -> u32 {
        match self {
            Self::InvalidArgument => 1,
            Self::InvalidKey => 2,
            Self::Io => 3,
            Self::SpecSyntax => 4,
            Self::SpecInvalid => 5,
            Self::SpecLimit => 6,
            Self::StaleGeneration => 7,
            Self::GenerationConflict => 8,
            Self::Closed => 9,
            Self::InvalidationLost => 10,
            Self::Internal => 11,
        }
    }

    /// The name of this kind, from which every language derives its own.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::InvalidKey => "invalid_key",
            Self::Io => "io",
            Self::SpecSyntax => "spec_syntax",
            Self::SpecInvalid => "spec_invalid",
            Self::SpecLimit => "spec_limit",
            Self::StaleGeneration => "stale_generation",
            Self::GenerationConflict => "generation_conflict",
            Self::Closed => "closed",
            Self::InvalidationLost => "invalidation_lost",
            Self::Internal => "internal",
        }
    }
}

/// What went wrong, where, and what would be right.
///
/// `Display` gives the whole message: `cache.json:9:70: /clusters/green/nodes/1/weight: 1001 is
/// not a weight; use an integer from 0 to 1000`.
///
/// One word, so that a result costs no more than what it holds if all is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(Box<Parts>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Parts {
    kind: ErrorKind,
    message: String,
    file: Option<String>,
    place: Option<Place>,
}

/// A place in the spec's text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    pointer: Option<String>,
    line: u32,
    column: u32,
}

impl Error {
    /// An error that has no place in a spec.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            kind,
            message: message.into(),
            file: None,
            place: None,
        }))
    }

    /// Adds the place: a JSON pointer (none for text that is not JSON), line and column from 1.
    #[must_use]
    pub(crate) fn at(mut self, pointer: Option<String>, line: u32, column: u32) -> Self {
        self.0.place = Some(Place {
            pointer,
            line,
            column,
        });
        self
    }

    /// Adds the name of the file that the place is in.
    #[must_use]
    pub(crate) fn in_file(mut self, file: impl Into<String>) -> Self {
        self.0.file = Some(file.into());
        self
    }

    /// Adds to the message what else was tried.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.0.message = format!("{}; {more}", self.0.message);
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The JSON pointer of the offending value, if the error is about one.
    pub fn pointer(&self) -> Option<&str> {
        self.0.place.as_ref()?.pointer.as_deref()
    }

    /// The line in the spec, counted from 1.
    pub fn line(&self) -> Option<u32> {
        Some(self.0.place.as_ref()?.line)
    }

    /// The column in that line, in bytes, counted from 1.
    pub fn column(&self) -> Option<u32> {
        Some(self.0.place.as_ref()?.column)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.0.file {
            write!(f, "{file}:")?;
        }
        match (&self.0.file, &self.0.place) {
            (Some(_), Some(place)) => write!(f, "{}:{}: ", place.line, place.column)?,
            (Some(_), None) => write!(f, " ")?,
            (None, Some(place)) => write!(f, "line {}, column {}: ", place.line, place.column)?,
            (None, None) => {}
        }
        // The root's pointer is empty: the whole spec, which the line and column say too.
        if let Some(pointer) = self.pointer().filter(|pointer| !pointer.is_empty()) {
            write!(f, "{pointer}: ")?;
        }
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_names_are_distinct_and_in_order() {
        for (position, kind) in ErrorKind::ALL.iter().enumerate() {
            assert_eq!(kind.number() as usize, position + 1);
        }
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }

    #[test]
    fn a_result_without_a_value_is_one_word() {
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn the_message_names_file_place_and_pointer() {
        let error = Error::new(ErrorKind::SpecInvalid, "1001 is not a weight")
            .at(Some("/clusters/green".into()), 9, 70)
            .in_file("cache.json");
        assert_eq!(
            error.to_string(),
            "cache.json:9:70: /clusters/green: 1001 is not a weight"
        );
        let error = Error::new(ErrorKind::Io, "no such file").in_file("cache.json");
        assert_eq!(error.to_string(), "cache.json: no such file");
    }
}

//! What a variant is, and the sets that are run. The variants themselves are in [`crate::holding`],
//! [`crate::wide`] and [`crate::violated`].

use crate::routes::Key;
use crate::rules::{RULES, Rules};
use crate::{holding, violated, wide};

/// What a variant must come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Holds,
    /// A rule is broken; if that is not found, the model sees nothing.
    Violated,
}

/// Generations that are published one after the other, and the rules that are kept.
#[derive(Debug, Clone)]
pub struct Variant {
    pub name: String,
    pub situations: Vec<String>,
    pub key: Key,
    pub rules: Rules,
    pub expected: Expected,
}

impl Variant {
    pub fn holds(name: &str, situations: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            situations: situations
                .iter()
                .map(|&situation| situation.to_owned())
                .collect(),
            key: Key::Any,
            rules: RULES,
            expected: Expected::Holds,
        }
    }

    pub fn violated(name: &str, situations: &[&str]) -> Self {
        Self {
            expected: Expected::Violated,
            ..Self::holds(name, situations)
        }
    }

    pub fn rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    pub fn key(self, key: Key) -> Self {
        Self { key, ..self }
    }
}

/// The variants of a set; the wide one has those of the quick one too.
pub fn variants(wide: bool) -> Vec<Variant> {
    let more = if wide { wide::variants() } else { Vec::new() };
    [holding::variants(), more, violated::variants()].concat()
}

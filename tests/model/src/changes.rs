//! The core's judgement of changes beside what the search finds: where `illegal_changes` says that one spec may follow
//! another, no read may be stale; where it says that it may not, a stale read must be found.

use std::fmt::Write as _;
use std::time::Duration;

use ringshift::{Spec, illegal_changes};

use crate::holding::ONE_WRITE;
use crate::report::search_all;
use crate::situation::{direction, spec};
use crate::variants::Variant;

/// The situations of which every two are tried. A ramp stands for all percents, in any order.
const FAMILY: [&str; 10] = [
    "A",
    "A>B none",
    "A>B prepare",
    "A>B ramp",
    "A>B soak",
    "B",
    "B>A none",
    "B>A prepare",
    "B>A ramp",
    "B>A soak",
];

/// What the core says of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judgement {
    Legal,
    /// Both at once do harm.
    Harmful,
    /// A cluster is kept that misses invalidations from then on: that does harm when it is read again.
    LeftAsItIs,
}

/// The table of all changes, the number of them, and what is wrong with any.
pub struct Changes {
    pub table: String,
    pub tried: usize,
    pub states: usize,
    pub faults: Vec<String>,
}

/// Tries every change of the family.
pub fn try_all() -> Changes {
    let pairs: Vec<(&str, &str)> = FAMILY
        .iter()
        .flat_map(|&before| FAMILY.map(|after| (before, after)))
        .collect();
    let judged: Vec<Judgement> = pairs
        .iter()
        .map(|(before, after)| judge(before, after))
        .collect();
    let mut variants = Vec::new();
    let mut of = Vec::new();
    for (number, (&(before, after), &judgement)) in pairs.iter().zip(&judged).enumerate() {
        for situations in scenarios(before, after, judgement) {
            of.push(number);
            let situations: Vec<&str> = situations.iter().map(String::as_str).collect();
            variants.push(Variant::holds("change", &situations).rules(ONE_WRITE));
        }
    }
    let found = search_all(&variants);
    let mut stale = vec![false; pairs.len()];
    for (&number, found) in of.iter().zip(&found) {
        stale[number] |= found.stale.is_some();
    }
    let wrong = |number: usize| stale[number] == (judged[number] == Judgement::Legal);
    let faults = (0..pairs.len())
        .filter(|&number| wrong(number))
        .map(|number| {
            let (before, after) = pairs[number];
            let found = if stale[number] {
                "a stale read is found"
            } else {
                "no stale read is found"
            };
            format!(
                "{before} -> {after}: the core says {:?}, and {found}",
                judged[number]
            )
        });
    let mut table = format!(
        "{:<12} {}\n",
        "from \\ to",
        FAMILY.map(|name| format!("{name:<12}")).join("")
    );
    for (row, before) in FAMILY.iter().enumerate() {
        let cells = (row * FAMILY.len()..)
            .take(FAMILY.len())
            .map(|number| match judged[number] {
                _ if wrong(number) => "WRONG",
                Judgement::Legal => "holds",
                Judgement::Harmful => "x",
                Judgement::LeftAsItIs => "x later",
            });
        let cells: Vec<String> = cells.map(|cell| format!("{cell:<12}")).collect();
        let _ = writeln!(table, "{before:<12} {}", cells.concat().trim_end());
    }
    Changes {
        table,
        tried: pairs.len(),
        states: found.iter().map(|found| found.states).sum(),
        faults: faults.collect(),
    }
}

fn judge(before: &str, after: &str) -> Judgement {
    let parse = |situation: &str, generation| {
        Spec::parse(spec(situation, generation).as_bytes())
            .unwrap_or_else(|error| panic!("{situation}: {error}"))
    };
    let illegal = illegal_changes(&parse(before, 0), &parse(after, 1), Duration::ZERO);
    if illegal.is_empty() {
        Judgement::Legal
    } else if illegal
        .iter()
        .all(|change| change.message.starts_with("cluster "))
    {
        Judgement::LeftAsItIs
    } else {
        Judgement::Harmful
    }
}

/// The generations by which a change is tried.
fn scenarios(before: &str, after: &str, judgement: Judgement) -> Vec<Vec<String>> {
    if judgement == Judgement::LeftAsItIs {
        // Filled before, it is read again afterwards.
        let (Some(left), Some(again)) = (direction(before), direction(after)) else {
            return Vec::new();
        };
        let filled = [format!("{left} ramp:25"), format!("~{left} ramp:75")];
        let changed = [before.to_owned(), after.to_owned()];
        let read_again = ["prepare", "ramp:75"].map(|stage| format!("{again} {stage}"));
        return vec![[&filled[..], &changed[..], &read_again[..]].concat()];
    }
    let firsts = percents(before);
    let of_first = |first: &Vec<String>| {
        let joined = |second: Vec<String>| first.iter().cloned().chain(second).collect();
        percents(after).into_iter().map(joined).collect::<Vec<_>>()
    };
    firsts.iter().flat_map(of_first).collect()
}

/// A ramp moves the key forward or back while its spec is in force, which needs no waiting.
fn percents(situation: &str) -> Vec<Vec<String>> {
    match situation.strip_suffix(" ramp") {
        None => vec![vec![situation.to_owned()]],
        Some(direction) => [[25, 75], [75, 25]]
            .map(|[one, two]| {
                vec![
                    format!("{direction} ramp:{one}"),
                    format!("~{direction} ramp:{two}"),
                ]
            })
            .to_vec(),
    }
}

//! What happened to a router of late, for a program's log: a bounded list with rising numbers.
//!
//! Nothing on the way of a key comes here: an event is a change of state, such as a spec that was refused.

use std::borrow::Cow;
use std::collections::VecDeque;

use parking_lot::Mutex;
use serde::Serialize;

use crate::error::Error;
use crate::node::Node;

/// How many events are kept; older ones are forgotten.
pub const MAX_EVENTS: usize = 256;

/// The longest text of an event, in bytes: a spec may hold names as long as the file.
const MAX_TEXT_BYTES: usize = 1_024;

/// What kind of thing happened. More kinds may come; a program logs those that it does not know by their name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A spec was put in force, the first one included.
    Applied,
    /// A spec was refused, or its file could not be read: the one in force stays.
    Rejected,
    /// The file that was refused before holds the spec in force again.
    Mended,
    /// A spec was put in force that may not follow the one before; see [`crate::illegal_changes`].
    Illegal,
    /// The router started from the copy of the last good spec, since its file was bad or gone.
    LastGoodUsed,
    /// The copy of the last good spec could not be written. It is tried again with every refresh.
    LastGoodUnsaved,
    /// The copy of the last good spec was written after that had failed.
    LastGoodSaved,
    /// The breaker of a node opened: this process keeps its reads away from it.
    BreakerOpened,
    /// The breaker of a node closed: it answered.
    BreakerClosed,
    /// The breaker of a cluster opened: this process does not read it.
    ClusterBreakerOpened,
    /// The breaker of a cluster closed: a node of it answered.
    ClusterBreakerClosed,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Applied,
        Self::Rejected,
        Self::Mended,
        Self::Illegal,
        Self::LastGoodUsed,
        Self::LastGoodUnsaved,
        Self::LastGoodSaved,
        Self::BreakerOpened,
        Self::BreakerClosed,
        Self::ClusterBreakerOpened,
        Self::ClusterBreakerClosed,
    ];

    /// The name of this kind, the same in every language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Mended => "mended",
            Self::Illegal => "illegal",
            Self::LastGoodUsed => "last_good_used",
            Self::LastGoodUnsaved => "last_good_unsaved",
            Self::LastGoodSaved => "last_good_saved",
            Self::BreakerOpened => "breaker_opened",
            Self::BreakerClosed => "breaker_closed",
            Self::ClusterBreakerOpened => "cluster_breaker_opened",
            Self::ClusterBreakerClosed => "cluster_breaker_closed",
        }
    }

    /// How a program should log events of this kind, if it does not care for single kinds.
    pub const fn level(self) -> Level {
        match self {
            Self::Applied
            | Self::Mended
            | Self::LastGoodSaved
            | Self::BreakerClosed
            | Self::ClusterBreakerClosed => Level::Info,
            Self::Rejected
            | Self::Illegal
            | Self::LastGoodUsed
            | Self::LastGoodUnsaved
            | Self::BreakerOpened
            | Self::ClusterBreakerOpened => Level::Warning,
        }
    }
}

/// How a program should log an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// All is well.
    Info,
    /// Somebody should look.
    Warning,
}

/// One thing that happened. It never holds a key or a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Its number: 1 for a router's first event, and one more for each.
    pub sequence: u64,
    /// When it happened, in milliseconds since 1970 by this machine's clock.
    pub time: u64,
    /// What kind of thing happened.
    pub kind: EventKind,
    /// How to log it.
    pub level: Level,
    /// The generation that was in force after it.
    pub generation: u64,
    /// The cluster that it is about, if it is about one.
    pub cluster: Option<String>,
    /// The node's id, if it is about one.
    pub node: Option<String>,
    /// The kind of error, if it is about one; see [`crate::ErrorKind::name`].
    pub error: Option<&'static str>,
    /// The JSON pointer of what is wrong with the spec, if that is known.
    pub pointer: Option<String>,
    /// The line in the spec, from 1.
    pub line: Option<u32>,
    /// The column in that line, in bytes, from 1.
    pub column: Option<u32>,
    /// What happened, for people to read. A text of over 1024 bytes is cut, and then ends in "…".
    pub message: String,
}

impl Event {
    /// An event that has not happened yet: [`Events::push`] gives it its number and time.
    pub(crate) fn new(kind: EventKind, generation: u64, message: &str) -> Self {
        Self {
            sequence: 0,
            time: 0,
            kind,
            level: kind.level(),
            generation,
            cluster: None,
            node: None,
            error: None,
            pointer: None,
            line: None,
            column: None,
            message: cut(message).into_owned(),
        }
    }

    /// An event about a node of a cluster.
    pub(crate) fn of_node(kind: EventKind, generation: u64, node: &Node, message: &str) -> Self {
        let id = Some(cut(node.id()).into_owned());
        Self {
            node: id,
            ..Self::of_cluster(kind, generation, node.cluster(), message)
        }
    }

    /// An event about a cluster.
    pub(crate) fn of_cluster(
        kind: EventKind,
        generation: u64,
        cluster: &str,
        message: &str,
    ) -> Self {
        Self {
            cluster: Some(cut(cluster).into_owned()),
            ..Self::new(kind, generation, message)
        }
    }

    /// An event about an error, with its place.
    pub(crate) fn of_error(kind: EventKind, generation: u64, error: &Error) -> Self {
        Self {
            error: Some(error.kind().name()),
            pointer: error.pointer().map(|pointer| cut(pointer).into_owned()),
            line: error.line(),
            column: error.column(),
            ..Self::new(kind, generation, &error.to_string())
        }
    }
}

/// The events of a router. All methods may be called by any thread.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Recent>);

#[derive(Debug, Default)]
struct Recent {
    /// The number of the last event.
    last: u64,
    /// Oldest first.
    events: VecDeque<Event>,
}

impl Events {
    /// Adds an event that happened at `now`, in milliseconds since 1970.
    pub(crate) fn push(&self, now: u64, mut event: Event) {
        let mut recent = self.0.lock();
        recent.last += 1;
        event.sequence = recent.last;
        event.time = now;
        if recent.events.len() == MAX_EVENTS {
            recent.events.pop_front();
        }
        recent.events.push_back(event);
    }

    /// The events with a number above `sequence`, oldest first, as far as they are kept.
    pub(crate) fn since(&self, sequence: u64) -> Vec<Event> {
        let recent = self.0.lock();
        let newer = |event: &&Event| event.sequence > sequence;
        let count = recent.events.iter().rev().take_while(newer).count();
        let known = recent.events.len() - count;
        recent.events.range(known..).cloned().collect()
    }
}

/// The text, or as much of it as an event may hold.
fn cut(text: &str) -> Cow<'_, str> {
    const MARK: &str = "…";
    if text.len() <= MAX_TEXT_BYTES {
        return text.into();
    }
    let mut end = MAX_TEXT_BYTES - MARK.len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{MARK}", text.get(..end).unwrap_or_default()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn numbers(events: &Events, since: u64) -> Vec<u64> {
        let found = events.since(since);
        found.iter().map(|event| event.sequence).collect()
    }

    #[test]
    fn events_are_numbered_read_from_a_cursor_and_forgotten_when_old() {
        let events = Events::default();
        assert!(events.since(0).is_empty());
        for number in 1..=3 {
            events.push(number * 10, Event::new(EventKind::Applied, number, "so"));
        }
        assert_eq!(numbers(&events, 0), [1, 2, 3]);
        assert_eq!(numbers(&events, 2), [3]);
        assert!(events.since(3).is_empty() && events.since(u64::MAX).is_empty());
        let last = events.since(2).remove(0);
        assert_eq!((last.time, last.generation), (30, 3));
        for _ in 0..MAX_EVENTS {
            events.push(0, Event::new(EventKind::Rejected, 3, "no"));
        }
        let kept = numbers(&events, 1);
        assert_eq!(kept.len(), MAX_EVENTS);
        assert_eq!((kept[0], kept[MAX_EVENTS - 1]), (4, 3 + MAX_EVENTS as u64));
    }

    #[test]
    fn a_text_is_never_longer_than_allowed_and_stays_text() {
        for length in [
            MAX_TEXT_BYTES / 2,
            MAX_TEXT_BYTES / 2 + 1,
            5 * MAX_TEXT_BYTES,
        ] {
            let text = "ä".repeat(length);
            let error =
                Error::new(ErrorKind::SpecInvalid, text.clone()).at(Some(text.clone()), 1, 2);
            let event = Event::of_error(EventKind::Rejected, 1, &error);
            let pointer = event.pointer.unwrap();
            assert!(pointer.len() <= MAX_TEXT_BYTES && event.message.len() <= MAX_TEXT_BYTES);
            assert_eq!(pointer == text, text.len() <= MAX_TEXT_BYTES);
            assert!(pointer == text || pointer.ends_with("ä…"));
        }
    }

    #[test]
    fn a_kind_has_one_name() {
        for kind in EventKind::ALL {
            let shown = serde_json::to_string(&kind).unwrap();
            assert_eq!(shown, format!("\"{}\"", kind.name()));
        }
    }
}

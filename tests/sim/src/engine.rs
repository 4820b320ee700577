//! Virtual time, and what happens in it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Microseconds since the beginning.
pub type Time = u64;
/// An operation's number.
pub type Op = u32;

/// What happens at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// A lane of a process begins its next operation.
    Begin {
        process: u32,
        lane: u8,
    },
    /// A request arrives where it is carried out: the n-th of the operation.
    Arrive {
        op: Op,
        request: u32,
    },
    /// The answer arrives; the request is the n-th.
    Answer {
        op: Op,
        request: u32,
    },
    /// An operation that waited goes on.
    Resume {
        op: Op,
    },
    /// A process takes up the newest spec.
    Adopt {
        process: u32,
    },
    /// The director looks whether it may go on.
    Direct,
    /// A server restarts, hangs, or answers again.
    Restart {
        server: u16,
    },
    Hang {
        server: u16,
    },
    Wake {
        server: u16,
    },
}

/// Events in the order of their times; of one time, in the order in which they were planned.
#[derive(Debug, Default)]
pub struct Engine {
    pub now: Time,
    planned: u64,
    queue: BinaryHeap<Reverse<(Time, u64, Event)>>,
}

impl Engine {
    pub fn plan(&mut self, at: Time, event: Event) {
        self.planned += 1;
        self.queue.push(Reverse((at, self.planned, event)));
    }

    pub fn after(&mut self, delay: Time, event: Event) {
        self.plan(self.now + delay, event);
    }

    /// The next event, at its time.
    pub fn next(&mut self) -> Option<Event> {
        let Reverse((at, _, event)) = self.queue.pop()?;
        self.now = at;
        Some(event)
    }
}

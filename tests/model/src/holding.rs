//! Variants of the protocol that keep its rules: no read may be stale in any of them.

use crate::routes::Key;
use crate::rules::{Change, Crash, Fault, Order, RULES, Rules, Wait};
use crate::variants::Variant;

/// A whole migration.
pub const FORWARD: &[&str] = &[
    "A",
    "A>B prepare",
    "A>B ramp:25",
    "A>B ramp:75",
    "A>B soak",
    "B",
];
pub const THERE_AND_BACK: &[&str] = &[
    "A",
    "A>B prepare",
    "A>B ramp:75",
    "A>B ramp:25",
    "A>B soak",
    "A>B ramp:75",
    "A>B prepare",
    "A",
];
pub const REVERSAL: &[&str] = &[
    "A",
    "A>B prepare",
    "A>B ramp:75",
    "A>B prepare",
    "B>A prepare",
    "B>A ramp:75",
    "B>A soak",
    "A",
];
pub const REGIONS: &[&str] = &[
    "A",
    "A>B none kr=prepare",
    "A>B none kr=ramp:75",
    "A>B prepare kr=soak",
    "A>B ramp:75 kr=soak",
    "A>B soak kr=soak",
    "B",
];
pub const SCALE_OUT: &[&str] = &[
    "O",
    "O>N prepare",
    "O>N ramp:25",
    "O>N ramp:75",
    "O>N soak",
    "N",
];
pub const REPLICAS: &[&str] = &["P", "P>Q prepare", "P>Q ramp:75", "P>Q soak", "Q"];
pub const PERCENTS: &[&str] = &[
    "A",
    "A>B prepare",
    "A>B ramp:25",
    "~A>B ramp:75",
    "~A>B ramp:25",
    "~A>B ramp:75",
    "A>B soak",
    "B",
];
const SECOND_ATTEMPT: &[&str] = &[
    "A",
    "A>B prepare",
    "A>B ramp:75",
    "A>B prepare",
    "A",
    "A>B2 prepare",
    "A>B2 ramp:75",
    "A>B2 soak",
    "B2",
];

pub const ONE_WRITE: Rules = Rules { writes: 1, ..RULES };
/// A process takes up a generation when nothing of it is under way; the publisher need not know of operations.
pub const DRAIN: Rules = Rules {
    change: Change::Drain,
    readers_drain: true,
    wait: Wait::Processes,
    ..RULES
};

/// All of the quick set.
pub fn variants() -> Vec<Variant> {
    [forward(), back(), clusters(), faults()].concat()
}

fn forward() -> Vec<Variant> {
    let holds = Variant::holds;
    vec![
        holds("forward, none to final", FORWARD),
        holds("forward, processes drain", FORWARD).rules(DRAIN),
        holds("forward, readers drain, writers send again", FORWARD).rules(Rules {
            change: Change::Union,
            ..DRAIN
        }),
        holds("forward, writers neither drain nor send again", FORWARD).rules(Rules {
            change: Change::Ignore,
            ..RULES
        }),
        holds("forward, two writers, processes drain", FORWARD).rules(Rules {
            writers: 2,
            writes: 1,
            ..DRAIN
        }),
        holds("forward, three readers", FORWARD).rules(Rules {
            readers: 3,
            ..ONE_WRITE
        }),
        holds("percents published without waiting", PERCENTS).rules(ONE_WRITE),
        holds(
            "prepare to soak without copying, parallel deletes",
            &["A", "A>B prepare", "A>B soak", "B"],
        )
        .rules(Rules {
            order: Order::Parallel,
            ..RULES
        }),
        holds("regions apart", REGIONS).rules(Rules {
            regions: true,
            ..ONE_WRITE
        }),
        holds("regions apart, two writers, processes drain", REGIONS).rules(Rules {
            regions: true,
            writers: 2,
            writes: 1,
            ..DRAIN
        }),
    ]
}

fn back() -> Vec<Variant> {
    let holds = Variant::holds;
    vec![
        holds("forward and back to none", THERE_AND_BACK),
        holds("forward and back, processes drain", THERE_AND_BACK).rules(DRAIN),
        holds(
            "emergency: soak to prepare, and on again",
            &[
                "A",
                "A>B prepare",
                "A>B ramp:75",
                "A>B soak",
                "A>B prepare",
                "A>B soak",
                "B",
            ],
        ),
        holds("reversal in four steps", REVERSAL),
        holds("reversal in four steps, processes drain", REVERSAL).rules(DRAIN),
        holds(
            "soak of A to B, then prepare of B to A",
            &[
                "A",
                "A>B prepare",
                "A>B soak",
                "B>A prepare",
                "B>A ramp:75",
                "B>A soak",
                "A",
            ],
        ),
        holds(
            "back after final, fresh prefix",
            &[
                "A",
                "A>B prepare",
                "A>B soak",
                "B",
                "B>A2 prepare",
                "B>A2 ramp:75",
                "B>A2 soak",
                "A2",
            ],
        ),
        holds("second attempt, fresh prefix", SECOND_ATTEMPT),
        holds(
            "A to B to C",
            &[
                "A",
                "A>B prepare",
                "A>B ramp:75",
                "A>B soak",
                "B",
                "B>C prepare",
                "B>C ramp:75",
                "B>C soak",
                "C",
            ],
        )
        .rules(ONE_WRITE),
    ]
}

fn clusters() -> Vec<Variant> {
    let holds = Variant::holds;
    vec![
        holds("scale-out under one prefix, owner changes", SCALE_OUT).key(Key::ChangesOwner),
        holds("scale-out under one prefix, owner stays", SCALE_OUT).key(Key::KeepsOwner),
        holds(
            "scale-out and in again, same prefix, max_ttl between",
            &[
                "O",
                "O>N prepare",
                "O>N soak",
                "N",
                "N>O prepare",
                "N>O ramp:75",
            ],
        )
        .key(Key::ChangesOwner)
        .rules(Rules {
            wait: Wait::MaxTtl,
            ..ONE_WRITE
        }),
        holds(
            "two clusters on one server",
            &["A", "A>H prepare", "A>H ramp:75", "A>H soak", "H"],
        ),
        holds("two replicas, nodes that don't answer reads", REPLICAS).rules(Rules {
            failures: true,
            restarts: false,
            ..ONE_WRITE
        }),
        holds(
            "replicas that share a node",
            &["P", "P>M prepare", "P>M ramp:75", "P>M soak", "M"],
        )
        .rules(ONE_WRITE),
        holds("open breakers", FORWARD).rules(Rules {
            breakers: true,
            ..ONE_WRITE
        }),
    ]
}

fn faults() -> Vec<Variant> {
    let holds = Variant::holds;
    vec![
        holds("a writer dies, its write never completes", FORWARD).rules(Rules {
            crash: Crash::Unfinished,
            ..RULES
        }),
        holds(
            "lost delete where nobody reads, debt blocks",
            THERE_AND_BACK,
        )
        .rules(Rules {
            lost: Fault::Unread,
            ..ONE_WRITE
        }),
        holds("lost delete, debt, second attempt", SECOND_ATTEMPT).rules(Rules {
            lost: Fault::Unread,
            ..ONE_WRITE
        }),
        holds("old data where nobody reads, debt blocks", THERE_AND_BACK).rules(Rules {
            old_data: Fault::Unread,
            restarts: false,
            ..ONE_WRITE
        }),
    ]
}

//! Variants that break one rule, or suffer what no rule helps against: a stale read must be found in each of them.
//! One that is not found means that the model is blind.

use crate::holding::FORWARD;
use crate::routes::Key;
use crate::rules::{Change, Crash, Fault, Fill, Order, RULES, Rules, Wait};
use crate::variants::Variant;

/// All of them.
pub fn variants() -> Vec<Variant> {
    let violated = Variant::violated;
    let mut all = stages();
    all.extend([
        violated("deletes only where the key is read", FORWARD).rules(Rules {
            order: Order::ReadOnly,
            ..RULES
        }),
        violated("copying, destination deleted first", FORWARD).rules(Rules {
            order: Order::Reversed,
            ..RULES
        }),
        violated("copying, parallel deletes", FORWARD).rules(Rules {
            order: Order::Parallel,
            ..RULES
        }),
        violated("add without a token", FORWARD).rules(Rules {
            fill: Fill::Add,
            ..RULES
        }),
        violated("add without a token, no migration", &["A"]).rules(Rules {
            fill: Fill::Add,
            ..RULES
        }),
        violated("set without a token, no migration", &["A"]).rules(Rules {
            fill: Fill::Set,
            ..RULES
        }),
        violated("token taken after the source was read", &["A"]).rules(Rules {
            fill: Fill::LateToken,
            ..RULES
        }),
        violated("two writers that set", &["A"]).rules(Rules {
            sets: true,
            writers: 2,
            ..RULES
        }),
        violated("writers neither drain nor send again", FORWARD).rules(Rules {
            wait: Wait::Processes,
            change: Change::Ignore,
            readers_drain: true,
            ..RULES
        }),
        violated("a read outlives its generation's neighbour", FORWARD).rules(Rules {
            wait: Wait::Processes,
            ..RULES
        }),
        violated("the same, writers drain", FORWARD).rules(Rules {
            wait: Wait::Processes,
            change: Change::Drain,
            ..RULES
        }),
        violated("three generations at once", FORWARD).rules(Rules {
            wait: Wait::Nothing,
            ..RULES
        }),
        violated(
            "lost delete, debt ignored",
            &[
                "A",
                "A>B prepare",
                "A>B ramp:75",
                "A>B prepare",
                "A>B ramp:75",
            ],
        )
        .rules(Rules {
            lost: Fault::Unread,
            debt_blocks: false,
            ..RULES
        }),
        violated(
            "old data where nobody reads, debt ignored",
            &[
                "A",
                "A>B prepare",
                "A>B ramp:75",
                "A>B prepare",
                "A>B ramp:75",
            ],
        )
        .rules(Rules {
            old_data: Fault::Unread,
            debt_blocks: false,
            ..RULES
        }),
        // Limits, which the documentation names.
        violated("limit: lost delete where others read", &["A"]).rules(Rules {
            lost: Fault::Anywhere,
            ..RULES
        }),
        violated("limit: a node comes back with old data", &["A"]).rules(Rules {
            old_data: Fault::Anywhere,
            ..RULES
        }),
        violated("limit: a writer dies, its commit counts", &["A"]).rules(Rules {
            crash: Crash::Counts,
            ..RULES
        }),
    ]);
    all
}

/// Generations that may not follow one another.
fn stages() -> Vec<Variant> {
    let violated = Variant::violated;
    vec![
        violated("skip prepare: none to ramp", &["A", "A>B ramp:75"]),
        violated("skip prepare: none to soak", &["A", "A>B soak"]),
        violated("skip prepare in one region", &["A", "A>B none kr=ramp:75"]).rules(Rules {
            regions: true,
            ..RULES
        }),
        violated("all at once: A to B", &["A", "B"]),
        violated("prepare to final", &["A", "A>B prepare", "B"]),
        violated("ramp to final", &["A", "A>B prepare", "A>B ramp:75", "B"]),
        violated("ramp to none", &["A", "A>B prepare", "A>B ramp:75", "A"]),
        violated("soak to none", &["A", "A>B prepare", "A>B soak", "A"]),
        violated(
            "back after final, same prefix",
            &[
                "A",
                "A>B prepare",
                "A>B soak",
                "B",
                "B>A prepare",
                "B>A ramp:75",
            ],
        ),
        violated(
            "second attempt, same prefix",
            &[
                "A",
                "A>B prepare",
                "A>B ramp:75",
                "A>B prepare",
                "A",
                "A>B prepare",
                "A>B ramp:75",
            ],
        ),
        violated(
            "reversal: ramp to ramp",
            &["A", "A>B prepare", "A>B ramp:75", "B>A ramp:75"],
        ),
        violated(
            "reversal: ramp to the other prepare",
            &["A", "A>B prepare", "A>B ramp:75", "B>A prepare"],
        ),
        violated(
            "reversal: prepare to the other ramp",
            &["A", "A>B prepare", "B>A ramp:25", "~B>A ramp:75"],
        ),
        violated(
            "reversal: soak to the other ramp",
            &["A", "A>B prepare", "A>B soak", "B>A ramp:75"],
        ),
        violated("a node added in place", &["O", "N"]).key(Key::ChangesOwner),
        violated(
            "scale-out and in again, same prefix",
            &[
                "O",
                "O>N prepare",
                "O>N soak",
                "N",
                "N>O prepare",
                "N>O ramp:75",
            ],
        )
        .key(Key::ChangesOwner),
    ]
}

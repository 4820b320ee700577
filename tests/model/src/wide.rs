//! Variants that hold and take longer: more readers and writers at once.

use crate::holding::{
    DRAIN, FORWARD, ONE_WRITE, PERCENTS, REGIONS, REPLICAS, REVERSAL, SCALE_OUT, THERE_AND_BACK,
};
use crate::routes::Key;
use crate::rules::{RULES, Rules};
use crate::variants::Variant;

/// What the wide set has beyond the quick one.
pub fn variants() -> Vec<Variant> {
    let holds = Variant::holds;
    let two_writers = Rules {
        writers: 2,
        ..ONE_WRITE
    };
    let three_readers = Rules {
        readers: 3,
        ..ONE_WRITE
    };
    let breakers = Rules {
        breakers: true,
        ..ONE_WRITE
    };
    vec![
        holds("forward, two writers", FORWARD).rules(two_writers),
        holds(
            "forward, two writers of two writes, processes drain",
            FORWARD,
        )
        .rules(Rules {
            writers: 2,
            ..DRAIN
        }),
        holds("forward, three readers, two writes", FORWARD).rules(Rules {
            readers: 3,
            ..RULES
        }),
        holds("forward and back, two writers", THERE_AND_BACK).rules(two_writers),
        holds("forward and back, three readers", THERE_AND_BACK).rules(three_readers),
        holds("percents published without waiting, two writes", PERCENTS),
        holds("reversal in four steps, two writers", REVERSAL).rules(two_writers),
        holds("reversal in four steps, three readers", REVERSAL).rules(three_readers),
        holds("regions apart, two writers", REGIONS).rules(Rules {
            regions: true,
            ..two_writers
        }),
        holds("regions apart, three readers", REGIONS).rules(Rules {
            regions: true,
            ..three_readers
        }),
        holds("scale-out, owner changes, two writers", SCALE_OUT)
            .key(Key::ChangesOwner)
            .rules(two_writers),
        holds("two replicas, restarts too", REPLICAS).rules(Rules {
            failures: true,
            ..ONE_WRITE
        }),
        holds("open breakers, two writes", FORWARD).rules(Rules {
            breakers: true,
            ..RULES
        }),
        holds("open breakers, there and back", THERE_AND_BACK).rules(breakers),
        holds("open breakers, reversal", REVERSAL).rules(breakers),
    ]
}

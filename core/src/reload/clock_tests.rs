//! A schedule follows the machine's clock, wherever that goes; nothing else does.

use super::*;

const STEPS: &str = r#"{"format":1,"generation":1,"primary":"a","standby":"b","clusters":{
    "a":{"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]},
    "b":{"placement":{"kind":"ring"},"nodes":[{"id":"b","address":"/b"}]}},
    "migration":{"id":"m","from":"a","to":"b","stage":"ramp","percent":1,"schedule":
    {"start":"2026-01-01T00:00:00Z","steps":[10,50,100],"every":"1m"}}}"#;
const START: u64 = 1_767_225_600_000;

#[test]
fn a_ramp_by_schedule_goes_on_whatever_a_refresh_finds() {
    let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
    let current = Current::new(reload.start(STEPS.as_bytes(), START - 1, &pool).unwrap());
    let weight = || current.with(|snapshot| (snapshot.weight(), snapshot.epoch()));
    let refresh = |text: &str, now: u64| {
        let read = || Ok(text.as_bytes().to_vec());
        reload.replace(read, |error| error, now, &current, &pool)
    };
    assert_eq!(weight(), (100, 1));
    assert_eq!(refresh(STEPS, START).unwrap(), Refresh::Unchanged);
    assert_eq!(weight(), (1_000, 2));
    assert_eq!(refresh(STEPS, START + 59_999).unwrap(), Refresh::Unchanged);
    assert_eq!(
        weight(),
        (1_000, 2),
        "nothing is published when the weight stays"
    );
    assert_eq!(
        refresh("{", START + 60_000).unwrap_err().kind(),
        ErrorKind::SpecSyntax
    );
    assert_eq!(weight(), (5_000, 3));
    assert_eq!(reload.tick(START + 120_000, &current), Refresh::Unchanged);
    assert_eq!(weight(), (10_000, 4));
    assert_eq!(reload.metrics().last_success, (START + 120_000) / 1000);
}

#[test]
fn a_clock_that_jumps_takes_the_weight_with_it_and_nothing_else() {
    let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
    let current = Current::new(reload.start(STEPS.as_bytes(), START, &pool).unwrap());
    let weight = || current.with(|snapshot| (snapshot.weight(), snapshot.generation()));
    let refresh = |now: u64| {
        let read = || Ok(STEPS.as_bytes().to_vec());
        reload.replace(read, |error| error, now, &current, &pool)
    };
    let day = 24 * 3_600_000;
    for (now, expected) in [
        (START + 60_000, 5_000),
        (START + 365 * day, 10_000),
        // Back to where it should be: the weight is the schedule's at that time, lower than before.
        (START + 60_000, 5_000),
        // Before the schedule, and at the beginning and end of all time.
        (START - 1, 100),
        (0, 100),
        (u64::MAX, 10_000),
        (START, 1_000),
    ] {
        assert_eq!(refresh(now).unwrap(), Refresh::Unchanged);
        assert_eq!(weight(), (expected, 1), "at {now}");
    }
    assert_eq!(reload.metrics().illegal, 0);
}

#[test]
fn a_clock_that_is_set_forward_does_not_make_old_values_safe() {
    let cluster = |name: &str, nodes: &[u32]| {
        let nodes: Vec<String> = nodes
            .iter()
            .map(|n| format!(r#"{{"id":"n{n}","address":"/n{n}"}}"#))
            .collect();
        format!(
            r#""{name}":{{"placement":{{"kind":"ring"}},"nodes":[{}]}}"#,
            nodes.join(",")
        )
    };
    let head = r#""format":1,"primary":"a","max_ttl":"1h""#;
    let alone = |generation: u64, nodes: &[u32]| {
        format!(
            r#"{{{head},"generation":{generation},"clusters":{{{}}}}}"#,
            cluster("a", nodes)
        )
    };
    // Node n1 comes to own again what it owned in generation 1.
    let shrunk = format!(
        r#"{{{head},"generation":3,"standby":"b","clusters":{{{},{}}},
        "migration":{{"id":"m","from":"a","to":"b","stage":"prepare"}}}}"#,
        cluster("a", &[1, 2]),
        cluster("b", &[1])
    );
    for later in [0, 3 * 3_600_000] {
        let (reload, pool) = (Reload::new(None, None, Arc::default()), NodePool::default());
        let first = alone(1, &[1]);
        let current = Current::new(reload.start(first.as_bytes(), START, &pool).unwrap());
        let apply = |text: &str, now| {
            let read = || Ok(text.as_bytes().to_vec());
            let result = reload.replace(read, |error| error, now, &current, &pool);
            assert_eq!(result.unwrap(), Refresh::Applied);
            reload.metrics().illegal
        };
        assert_eq!(apply(&alone(2, &[1, 2]), START), 0);
        assert_eq!(
            apply(&shrunk, START + later),
            1,
            "{later} ms later by the clock"
        );
    }
}

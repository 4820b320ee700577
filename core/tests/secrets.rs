//! Neither a key nor a secret seed is in anything that a router tells: metrics, events, errors, what `Debug` shows.

#![allow(clippy::unwrap_used)]

use ringshift::{Op, Options, Outcome, Refresh, Router, Spec, illegal_changes, moves};

const SEED: &str = "10481950214237420671";
const KEY: &[u8] = b"marker-of-a-key";

fn spec(generation: u32, seed: &str, more: &str) -> String {
    format!(
        r#"{{"format":1,"generation":{generation},"primary":"a","standby":"b","max_ttl":"1h","clusters":{{
        "a":{{"placement":{{"kind":"ring","vnodes":3,"seed":{seed}}},"replicas":2,
             "nodes":[{{"id":"n","address":"/n"}},{{"id":"m","address":"/m","zone":"z"}}]}},
        "b":{{"placement":{{"kind":"ring","seed":{seed},"max_load":1.5}},"key_prefix":"p:","nodes":[{{"id":"o","address":"/o"}}]}}}},
        "migration":{{"id":"m","from":"a","to":"b","stage":"ramp","percent":50}}{more}}}"#
    )
}

fn good(generation: u32) -> String {
    spec(generation, &format!("\"{SEED}\""), "")
}

#[track_caller]
fn tells_nothing(text: &str) {
    assert!(!text.is_empty());
    let key_in_numbers = KEY.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    for secret in [
        SEED,
        "1048195021423742067",
        "marker-of-a-key",
        &key_in_numbers,
    ] {
        assert!(!text.contains(secret), "{secret} is told: {text}");
    }
    // The seed as the computer holds it.
    let bits = SEED.parse::<u64>().unwrap();
    for shown in [format!("{bits:x}"), format!("{}", bits.cast_signed())] {
        assert!(!text.contains(&shown), "{shown} is told: {text}");
    }
}

/// Every text that is wrong in some way and holds the seed: the seed itself where it can't be one, and the value that it is
/// in where that can't be.
fn wrong() -> Vec<String> {
    let seeds = [
        format!("\"{SEED}0\""),
        format!("{SEED}0"),
        format!("{SEED}.0"),
        format!("-{SEED}"),
        format!("{SEED}e1"),
        format!("\" {SEED}\""),
        format!("\"0x{SEED}\""),
        format!("[{SEED}]"),
        format!("{{\"is\":{SEED}}}"),
        format!("\"{SEED}\",\"seed\":\"{SEED}\""),
        format!("\"{SEED}\\ud800\""),
    ];
    let mut texts: Vec<String> = seeds.iter().map(|seed| spec(2, seed, "")).collect();
    let good = good(2);
    // Whatever holds the seed is in a place where it can't be.
    for (right, wrong) in [
        (r#""placement":{"#, r#""placement":[{"#),
        (r#""placement":{"#, r#""placement":7,"placment":{"#),
        (r#""kind":"ring","#, r#""kind":"rung","#),
        (r#""kind":"ring","#, r#""kind":"ketama","flavor":"dalli","#),
        (r#""kind":"ring","#, ""),
        (r#""vnodes":3"#, r#""vnodes":0"#),
        (r#""vnodes":3"#, r#""vnodes":10000,"max_load":1"#),
        (r#""clusters":{"#, r#""clusters":{"":1,"#),
        (
            r#""primary":"a""#,
            r#""primary":{"seed":10481950214237420671}"#,
        ),
        (r#""id":"n""#, r#""id":["10481950214237420671"]"#),
        (r#""generation":2"#, r#""generation":0"#),
        (
            r#"2,"primary":"a","standby":"b","max_ttl":"1h""#,
            r#"1,"primary":"a","standby":"b","max_ttl":"2h""#,
        ),
        ("}}", "}"),
        ("{", ""),
    ] {
        assert!(good.contains(right), "{right}");
        texts.push(good.replacen(right, wrong, 1));
    }
    texts
}

#[test]
fn errors_tell_no_seed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("spec.json");
    std::fs::write(&file, good(1)).unwrap();
    let router = Router::open(&file, Options::default()).unwrap();
    let mut refused = 0;
    for text in wrong() {
        std::fs::write(&file, &text).unwrap();
        let Err(error) = router.refresh() else {
            panic!("nothing is wrong with {text}")
        };
        refused += 1;
        tells_nothing(&error.to_string());
        tells_nothing(&format!("{error:?}"));
        tells_nothing(&format!("{:?}", error.pointer()));
        tells_nothing(&format!("{:?}", router.last_error()));
        if let Err(error) = moves(good(1).as_bytes(), text.as_bytes()) {
            tells_nothing(&error.to_string());
        }
    }
    assert!(refused >= 25, "{refused}");
    tells_nothing(&format!("{:?}", router.events(0)));
    tells_nothing(&format!("{:?}", router.metrics()));
    tells_nothing(&router.metrics_text());
}

#[test]
fn what_is_owed_is_not_told() {
    let router = Router::from_spec(good(1).as_bytes(), Options::default()).unwrap();
    let node = router.node(0).unwrap();
    router.lost(&node, KEY, Outcome::Error).unwrap();
    tells_nothing(&format!("{router:?}"));
    tells_nothing(&format!("{:?}", router.snapshot()));
    router.report(&node, Op::Read, Outcome::Hit);
    let owed = router.owed(&node);
    assert_eq!(owed[0].key[..], *KEY);
    tells_nothing(&format!("{owed:?}"));
}

#[test]
fn what_a_router_tells_in_service_holds_neither_keys_nor_the_seed() {
    let router = Router::from_spec(good(1).as_bytes(), Options::default()).unwrap();
    for op in Op::ALL {
        for outcome in Outcome::ALL {
            for _ in 0..20 {
                let nodes: Vec<_> = router.with(|snapshot| {
                    let route = snapshot.route(KEY);
                    tells_nothing(&format!("{:?}", route.code()));
                    route.invalidate().cloned().collect()
                });
                for node in nodes {
                    router.report(&node, op, outcome);
                    tells_nothing(&format!("{node:?}"));
                }
            }
        }
    }
    // An illegal change, which is told.
    let back = good(2).replace(r#""stage":"ramp""#, r#""stage":"none""#);
    assert_eq!(router.apply(back.as_bytes()), Ok(Refresh::Applied));
    let (one, other) = (
        Spec::parse(good(1).as_bytes()).unwrap(),
        Spec::parse(back.as_bytes()).unwrap(),
    );
    let illegal = illegal_changes(&one, &other, std::time::Duration::ZERO);
    assert!(!illegal.is_empty());
    tells_nothing(&format!("{illegal:?}"));
    tells_nothing(&format!(
        "{:?}",
        moves(good(1).as_bytes(), back.as_bytes()).unwrap()
    ));
    for told in [
        router.metrics_text(),
        format!("{:?}", router.metrics()),
        serde_json::to_string(&router.metrics()).unwrap(),
        format!("{:?}", router.events(0)),
        serde_json::to_string(&router.events(0)).unwrap(),
        format!("{:?}", router.debts()),
        format!("{:?}", router.snapshot().warnings()),
        format!("{one:?}"),
        format!("{:?}", router.snapshot()),
        format!("{router:?}"),
    ] {
        tells_nothing(&told);
    }
}

//! Keys whose invalidation was lost: where they are not read, when they are handed out to be invalidated again.

#![allow(missing_docs, clippy::unwrap_used)]

mod support;

use ringshift::{BreakerState, ErrorKind, Op, Outcome, OwedKey, Router};
use support::Ring;
use support::migration::{ids, migration, router, told};
use support::owed::{clusters, lose, node_of, owed};

#[test]
fn it_is_not_read_where_it_was_lost_and_every_node_is_invalidated_as_before() {
    let ring = Ring {
        replicas: 3,
        ..ids("n", 5)
    };
    let router = ring.router();
    let list = ring.naive(b"key");
    let before = told(&router, b"key");
    lose(&router, list[0], b"key");
    assert_eq!(support::read(&router, b"key"), &list[1..]);
    lose(&router, list[2], b"key");
    assert_eq!(support::read(&router, b"key"), &list[1..2]);
    lose(&router, list[1], b"key");
    assert!(support::read(&router, b"key").is_empty());
    let invalidated = |told: &str| told.split(" invalidate ").nth(1).unwrap().to_owned();
    assert_eq!(invalidated(&told(&router, b"key")), invalidated(&before));
    for key in (0..100).map(|n| format!("other{n}")) {
        assert_eq!(
            support::read(&router, key.as_bytes()),
            ring.naive(key.as_bytes())
        );
    }
    let debt = &router.debts()[0];
    assert_eq!((debt.lost, debt.open), (3, true));
    let text = router.metrics_text();
    assert!(text.contains("ringshift_owed_keys 1\n"), "{text}");
    assert!(!text.contains("key\""), "no key in metrics");
}

#[test]
fn in_a_migration_it_is_read_nowhere_if_it_may_have_been_copied() {
    for (stage, percent, lost_at_b) in [
        ("none", "0", "read from/a0 fallback  fill false"),
        ("prepare", "0", "read from/a0 fallback  fill false"),
        ("ramp", "0", "read from/a0 fallback  fill false"),
        ("ramp", "100", "read from/a0 fallback  fill false"),
        ("soak", "0", "read  fallback  fill false"),
    ] {
        for (lost, expected) in [("a0", "read  fallback  fill false"), ("b0", lost_at_b)] {
            let router = router(&migration(
                &ids("a", 1),
                &ids("b", 1),
                (1, 100),
                stage,
                percent,
            ));
            let before = told(&router, b"other");
            lose(&router, lost, b"key");
            let now = told(&router, b"key");
            assert!(
                now.starts_with(expected),
                "{stage} {percent}, lost at {lost}: {now}"
            );
            assert_eq!(told(&router, b"other"), before);
        }
    }
}

#[test]
fn what_the_destination_lost_keeps_nobody_from_going_back() {
    let (a, b) = (ids("a", 1), ids("b", 1));
    let of = |generation: u32, stage: &str| {
        let spec = migration(&a, &b, (1, 100), stage, "100");
        spec.replace("\"generation\":7", &format!("\"generation\":{generation}"))
    };
    let router = router(&of(7, "ramp"));
    lose(&router, "b0", b"key");
    for (generation, stage) in [(8, "prepare"), (9, "none")] {
        router.apply(of(generation, stage).as_bytes()).unwrap();
        assert!(
            told(&router, b"key").starts_with("read from/a0 "),
            "{stage}"
        );
    }
}

#[test]
fn it_is_handed_out_once_and_read_again_when_that_is_acknowledged() {
    let router = ids("n", 1).router();
    assert!(owed(&router, "n0").is_empty());
    lose(&router, "n0", b"key");
    let node = node_of(&router, "n0");
    let [OwedKey { key, loss }] = &router.owed(&node)[..] else {
        panic!("one key")
    };
    assert_eq!(&key[..], b"key");
    assert!(owed(&router, "n0").is_empty(), "somebody has it");
    router.repaid(b"another", *loss);
    router.repaid(key, loss + 1);
    assert!(support::read(&router, b"key").is_empty());
    router.repaid(key, *loss);
    assert_eq!(support::read(&router, b"key"), ["n0"]);
    let metrics = router.metrics().owed;
    assert_eq!(
        (metrics.keys, metrics.unlisted_nodes, metrics.repaid),
        (0, 0, 1)
    );
    router.repaid(key, *loss);
    assert_eq!(router.metrics().owed.repaid, 1, "only once");
}

#[test]
fn what_is_lost_again_meanwhile_is_not_repaid() {
    let router = ids("n", 1).router();
    lose(&router, "n0", b"key");
    let first = router.owed(&node_of(&router, "n0")).remove(0);
    lose(&router, "n0", b"key");
    router.repaid(b"key", first.loss);
    assert!(support::read(&router, b"key").is_empty());
    assert_eq!(router.metrics().owed.keys, 1);
}

#[test]
fn it_is_kept_back_while_another_node_that_lost_it_is_not_asked() {
    let ring = Ring {
        replicas: 2,
        ..ids("n", 2)
    };
    let router = ring.router();
    lose(&router, "n0", b"key");
    let other = node_of(&router, "n1");
    router.lost(&other, b"key", Outcome::Unreachable).unwrap();
    assert!(owed(&router, "n0").is_empty(), "n1 cannot be reached");
    lose(&router, "n0", b"only here");
    assert_eq!(owed(&router, "n0"), ["only here"]);
}

#[test]
fn where_the_breaker_is_open_its_one_probe_sends_it_again() {
    let two = format!(
        r#""c":{}"#,
        Ring {
            replicas: 2,
            ..ids("n", 2)
        }
        .json(1)
    );
    let spec = clusters(1, &two).replacen(
        r#""breaker":{"#,
        r#""breaker":{"open":"1ms","max_open":"1ms","#,
        1,
    );
    let router = router(&spec);
    let [one, other] = ["n0", "n1"].map(|id| node_of(&router, id));
    for node in [&one, &other] {
        router.lost(node, b"key", Outcome::Unreachable).unwrap();
        router.lost(node, b"later", Outcome::Unreachable).unwrap();
    }
    // Every key that is read there is owed, so that no read is a probe.
    assert!(support::read(&router, b"key").is_empty());
    let given = loop {
        let given = router.owed(&one);
        if !given.is_empty() {
            break given;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    assert_eq!(given.len(), 2);
    for node in [&one, &other] {
        router.report(node, Op::Invalidate, Outcome::Ok);
    }
    let states = router.metrics().breakers;
    assert_eq!(states[0].state.name(), "closed", "that was the probe");
    for owed in given {
        router.repaid(&owed.key, owed.loss);
    }
    assert_eq!(support::read(&router, b"key").len(), 2);
}

#[test]
fn many_are_handed_out_a_few_at_a_time_and_all_of_them() {
    let router = router(&clusters(1, &format!(r#""c":{}"#, ids("n", 1).json(1))));
    let keys: Vec<String> = (0..100).map(|n| format!("key{n:02}")).collect();
    for key in &keys {
        lose(&router, "n0", key.as_bytes());
    }
    let node = node_of(&router, "n0");
    let mut seen = Vec::new();
    while router.metrics().owed.keys > 0 {
        let some = router.owed(&node);
        assert!((1..=16).contains(&some.len()), "{}", some.len());
        for OwedKey { key, loss } in some {
            router.repaid(&key, loss);
            seen.push(String::from_utf8(key.to_vec()).unwrap());
        }
    }
    assert_eq!(seen, keys, "oldest first");
}

#[test]
fn only_a_failure_is_a_loss() {
    let router = ids("n", 1).router();
    let node = node_of(&router, "n0");
    for outcome in [Outcome::Hit, Outcome::Miss, Outcome::Ok] {
        let error = router.lost(&node, b"key", outcome).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(
            error
                .to_string()
                .contains("use error, timeout, unreachable or unsent"),
            "{error}"
        );
    }
    assert!(router.metrics().requests.is_empty() && router.metrics().owed.keys == 0);
}

#[test]
fn what_was_never_sent_is_owed_and_says_nothing_of_the_node() {
    let router = router(&clusters(1, &format!(r#""c":{}"#, ids("n", 1).json(1))));
    let node = node_of(&router, "n0");
    for _ in 0..200 {
        router.lost(&node, b"key", Outcome::Unsent).unwrap();
        router.report(&node, Op::Read, Outcome::Unsent);
    }
    let metrics = router.metrics();
    assert_eq!(metrics.breakers[0].state.name(), "closed");
    assert!(metrics.debts[0].open && metrics.debts[0].lost == 200);
    assert!(support::read(&router, b"key").is_empty());
    assert_eq!(support::read(&router, b"other"), ["n0"]);
    let told = metrics
        .requests
        .iter()
        .map(|each| (each.op, each.outcome, each.count));
    let told: Vec<_> = told.collect();
    assert_eq!(
        told,
        [("read", "unsent", 200), ("invalidate", "unsent", 200)]
    );
    assert_eq!(owed(&router, "n0"), ["key"]);
}

#[test]
fn what_was_never_sent_neither_thins_out_failures_nor_ends_a_row_of_them() {
    let spec = |breaker: &str| {
        let cluster = ids("n", 1).json(1);
        format!(
            r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{cluster}}},"breaker":{{{breaker}}}}}"#
        )
    };
    let is_open = |router: &Router| router.metrics().breakers[0].state == BreakerState::Open;
    let row = router(&spec(r#""failures":3"#));
    let rate = router(&spec(r#""failures":100,"rate":0.5,"min_requests":20"#));
    for (router, failures) in [(&row, 3), (&rate, 20)] {
        let node = node_of(router, "n0");
        for n in 0..failures {
            assert!(!is_open(router), "{n}");
            router.report(&node, Op::Read, Outcome::Error);
            for _ in 0..50 {
                router.report(&node, Op::Fill, Outcome::Unsent);
            }
        }
        assert!(is_open(router), "{failures}");
    }
}

#[test]
fn what_other_nodes_owe_takes_no_probe_of_the_one_that_is_not_read_first() {
    let ring = Ring {
        replicas: 2,
        ..ids("n", 2)
    };
    let spec = format!(r#""c":{}"#, ring.json(1));
    let spec = clusters(1, &spec).replacen(
        r#""breaker":{"#,
        r#""breaker":{"open":"1ms","max_ejected":1,"#,
        1,
    );
    let router = router(&spec);
    let first = support::read(&router, b"key").remove(0);
    let node = node_of(&router, &first);
    // It is dead, owes the key, and its probe is due.
    router.lost(&node, b"key", Outcome::Unreachable).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(5));
    for _ in 0..3 {
        let read = support::read(&router, b"key");
        assert_eq!(read.len(), 1);
        assert_ne!(
            read[0], first,
            "read from the other, which is no probe of this one"
        );
    }
    assert_eq!(
        owed(&router, &first),
        ["key"],
        "the probe was still there to be had"
    );
}

#[test]
fn a_node_that_nobody_asks_for_anything_else_is_probed_by_what_is_owed_to_it() {
    let spec = ids("n", 1).json(1);
    let router = router(&format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{spec}}},"breaker":{{"failures":1,"open":"20ms"}}}}"#
    ));
    let node = node_of(&router, "n0");
    router.lost(&node, b"key", Outcome::Timeout).unwrap();
    router.lost(&node, b"other", Outcome::Timeout).unwrap();
    assert!(owed(&router, "n0").is_empty(), "its breaker is open");
    std::thread::sleep(std::time::Duration::from_millis(30));
    assert!(
        support::read(&router, b"key").is_empty(),
        "an owed key is no probe"
    );
    assert_eq!(
        owed(&router, "n0"),
        ["key", "other"],
        "but its invalidation is"
    );
    router.report(&node, Op::Invalidate, Outcome::Ok);
    assert_eq!(node.breaker(), BreakerState::Closed);
}

//! The worst specs that the limits let through, and the worst that they do not: memory is counted, and work is bounded by
//! the limits that are named. How long they take is measured in docs/security.md, not here.

#![allow(clippy::unwrap_used)]

#[path = "support/heavy.rs"]
mod heavy;
#[path = "support/memory.rs"]
#[allow(unreachable_pub, missing_docs)]
mod memory;

use heavy::{MIB, cluster, heaviest, ketama, rings, spec, vnodes};
use memory::held;
use ringshift::{Error, ErrorKind, Options, Router, Spec, limits};

#[global_allocator]
static COUNTING: memory::Counting = memory::Counting;

fn open(text: &str) -> Result<Router, Error> {
    Router::from_spec(text.as_bytes(), Options::default())
}

#[test]
fn the_heaviest_specs_stay_far_below_256_mib() {
    for (name, text) in heaviest() {
        assert!(text.len() <= MIB, "{name} has {} bytes", text.len());
        let (router, memory) = held(|| open(&text));
        let router = router.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(
            memory.most < 48 * MIB,
            "{name} held {} MiB",
            memory.most / MIB
        );
        let (_, memory) = held(|| router.metrics());
        assert!(
            memory.most < 48 * MIB,
            "metrics of {name} held {} MiB",
            memory.most / MIB
        );
    }
}

#[test]
fn one_more_point_is_too_many_whatever_makes_it_count() {
    for (name, text) in rings().into_iter().chain(ketama()) {
        // A few more vnodes, or two more nodes.
        let heavier = match text.split_once(r#""vnodes":"#) {
            Some((before, after)) => {
                let end = after.find([',', '}']).unwrap();
                let more = after[..end].parse::<u64>().unwrap() + 17;
                format!(r#"{before}"vnodes":{more}{}"#, &after[end..])
            }
            None => text.replacen(
                r#""nodes":["#,
                r#""nodes":[{"id":"x","address":"10.1.0.1:1"},{"id":"y","address":"10.1.0.2:1"},"#,
                1,
            ),
        };
        let (error, memory) = held(|| open(&heavier).map(drop).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::SpecLimit, "{name}");
        assert_eq!(error.pointer(), Some("/clusters/a"));
        assert!(error.to_string().contains("1048576"), "{error}");
        // Nothing was compiled.
        assert!(
            memory.most < 16 * MIB && memory.after < 4096,
            "{name}: {memory:?}"
        );
    }
}

#[test]
fn a_bound_that_cannot_be_kept_costs_no_more_than_one_that_can() {
    for nodes in [200, 2_000, limits::MAX_NODES] {
        let ring = format!(
            r#""kind":"ring","vnodes":{},"max_load":1"#,
            vnodes(nodes, 4)
        );
        let text = spec(&cluster("a", &ring, "", nodes, ""), "");
        let (error, memory) = held(|| open(&text).map(drop).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::SpecInvalid);
        assert!(
            memory.most < 32 * MIB,
            "{nodes} nodes held {} MiB",
            memory.most / MIB
        );
    }
}

/// Texts of a megabyte that mean little, and what is wrong with each.
fn bloated() -> Vec<(String, &'static str)> {
    let ring = r#""placement":{"kind":"ring"}"#;
    let head = r#"{"format":1,"generation":1,"#;
    vec![
        (
            format!(
                r#"{{"format":{}{}}}"#,
                "[".repeat(MIB / 2),
                "]".repeat(MIB / 2)
            ),
            "not a format",
        ),
        (
            format!("{}{}", "[".repeat(MIB / 2), "]".repeat(MIB / 2)),
            "not a spec",
        ),
        ("[".repeat(MIB), "not JSON"),
        (
            format!(
                r#"{head}"clusters":{{"a":{{{ring},"nodes":[{}1]}}}}}}"#,
                "1,".repeat(MIB / 2)
            ),
            "at most 8192",
        ),
        (
            format!(r#"{{{}"format":1}}"#, r#""":1,"#.repeat(MIB / 5)),
            "unknown field",
        ),
        (
            format!(
                r#"{head}"clusters":{{{}"":1}}}}"#,
                r#""":1,"#.repeat(MIB / 5)
            ),
            "at most 64",
        ),
        (
            format!(
                r#"{head}"clusters":{{"{}":1}}}}"#,
                "\\u00e9".repeat(MIB / 6)
            ),
            "not a cluster name",
        ),
        (
            format!(r#"{head}"{}":1}}"#, "x".repeat(MIB)),
            "unknown field",
        ),
        (
            format!(
                r#"{head}"clusters":{{"a":{{{ring},"nodes":[{{{}"id":1}}]}}}}}}"#,
                r#""id":1,"#.repeat(MIB / 7)
            ),
            "stands twice",
        ),
        (
            format!(r#"{head}"primary":"{}","clusters":{{}}}}"#, "x".repeat(MIB)),
            "not a cluster",
        ),
        (
            format!(r#"{{"format":1,"generation":{}}}"#, "9".repeat(MIB)),
            "not a generation",
        ),
        (
            format!(r#"{{"format":1,"generation":1e{}}}"#, "9".repeat(MIB)),
            "not a generation",
        ),
    ]
}

#[test]
fn a_bloated_text_is_refused_in_few_words_and_little_memory() {
    for (text, wrong) in bloated() {
        let (error, memory) = held(|| Spec::parse(text.as_bytes()).unwrap_err());
        let message = error.to_string();
        let shown = &message[..message.len().min(200)];
        assert!(message.contains(wrong), "{shown}");
        assert!(
            message.len() < 2_000,
            "{} bytes of message: {shown}",
            message.len()
        );
        assert!(error.pointer().unwrap_or_default().len() < 2_000);
        assert!(memory.most < 32 * MIB, "{} MiB: {shown}", memory.most / MIB);
    }
}

#[test]
fn more_bytes_than_a_spec_may_have_are_not_looked_at() {
    let text = vec![b'['; limits::MAX_SPEC_BYTES + 1];
    let (error, memory) = held(|| Spec::parse(&text).unwrap_err());
    assert_eq!(error.kind(), ErrorKind::SpecLimit);
    assert!(memory.most < 4096);
}

#[test]
fn numbers_that_no_machine_holds_are_errors() {
    for (field, value) in [
        ("vnodes", "1e999"),
        ("vnodes", "-0"),
        ("vnodes", "1E+1"),
        ("seed", "18446744073709551616"),
        ("max_load", "1e999"),
        ("max_load", "1.00000000000000000000000000001"),
    ] {
        let ring = format!(r#""kind":"ring","{field}":{value}"#);
        let error = Spec::parse(spec(&cluster("a", &ring, "", 1, ""), "").as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SpecInvalid, "{field} {value}");
        assert_eq!(
            error.pointer().unwrap(),
            format!("/clusters/a/placement/{field}")
        );
    }
}

#[test]
fn a_refused_spec_leaves_nothing_behind() {
    let good = spec(&cluster("a", r#""kind":"ring","vnodes":1"#, "", 1, ""), "");
    let router = open(&good).unwrap();
    // The first cluster is in order and its nodes are new; the second can't keep its bound.
    let refused = |round: usize| {
        let node = format!(r#","zone":"{round}""#);
        let first = cluster("a", r#""kind":"ring","vnodes":1"#, "", 100, &node);
        let second = cluster("b", r#""kind":"ring","vnodes":1,"max_load":1"#, "", 3, "");
        spec(&format!("{first},{second}"), "").replace(r#""generation":1"#, r#""generation":2"#)
    };
    router.apply(refused(0).as_bytes()).unwrap_err();
    let ((), memory) = held(|| {
        for round in 1..100 {
            let error = router.apply(refused(round).as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SpecInvalid);
        }
    });
    assert!(memory.after < 4096, "{memory:?}");
    assert!(
        router.node(1).is_none(),
        "a node of a refused spec was kept"
    );
}

#[test]
fn a_router_keeps_a_bounded_number_of_nodes() {
    let nodes = limits::MAX_NODES;
    let text = |generation: usize, prefix: usize| {
        let more = format!(r#","key_prefix":"{prefix}:""#);
        let modulo = r#""kind":"modulo","flavor":"gomemcache""#;
        spec(&cluster("a", modulo, &more, nodes, ""), "").replace(
            r#""generation":1"#,
            &format!(r#""generation":{generation}"#),
        )
    };
    let times = limits::MAX_NODES_KEPT / nodes;
    let (router, memory) = held(|| {
        let router = open(&text(1, 1)).unwrap();
        for generation in 2..=times {
            router
                .apply(text(generation, generation).as_bytes())
                .unwrap();
        }
        router
    });
    assert!(memory.most < 256 * MIB, "{} MiB", memory.most / MIB);
    let error = router
        .apply(text(times + 1, times + 1).as_bytes())
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.pointer()),
        (ErrorKind::SpecLimit, Some("/clusters"))
    );
    assert!(error.to_string().contains("262144"), "{error}");
    assert_eq!(router.generation(), times as u64);
    // What is kept already may come again.
    router.apply(text(times + 2, 3).as_bytes()).unwrap();
}

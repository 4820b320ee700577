//! The spec file: what is taken up, and what it leaves behind.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/reload.rs"]
mod support;

use std::fs;

use ringshift::{ErrorKind, Options, Refresh, Router, Stage};
use support::{open, place, spec, write};

#[test]
fn a_new_generation_is_applied_and_the_same_file_is_not() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    write(&place.path, &spec(5));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.generation(), 5);
    // In place, as an editor that truncates and writes does.
    fs::write(&place.path, spec(6)).unwrap();
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(router.generation(), 6);
    let reloads = router.metrics().reloads;
    assert_eq!(
        (reloads.applied, reloads.unchanged, reloads.rejected),
        (3, 2, 0)
    );
}

#[test]
fn a_refused_file_is_checked_once() {
    // Finding out how low max_load may be takes long; a poll must not do it every second.
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let tight = spec(2).replace("\"vnodes\":8", "\"vnodes\":9999,\"max_load\":1");
    write(&place.path, &tight);
    let error = router.refresh().unwrap_err();
    assert!(error.pointer().unwrap().ends_with("max_load"), "{error}");
    for _ in 0..20_000 {
        assert_eq!(router.refresh().unwrap_err(), error);
    }
    assert_eq!(router.metrics().reloads.rejected, 1);
}

#[test]
fn a_schedule_that_is_over_publishes_nothing_more() {
    let place = place();
    let cluster = |name: &str| {
        format!(
            r#""{name}":{{"placement":{{"kind":"ring"}},"nodes":[{{"id":"{name}","address":"/{name}"}}]}}"#
        )
    };
    let text = format!(
        r#"{{"format":1,"generation":1,"primary":"a","standby":"b","clusters":{{{},{}}},
            "migration":{{"id":"m","from":"a","to":"b","stage":"ramp","schedule":
              {{"start":"2020-01-01T00:00:00Z","steps":[1,100],"every":"1ms"}}}}}}"#,
        cluster("a"),
        cluster("b")
    );
    write(&place.path, &text);
    let router = open(&place.path);
    let snapshot = router.snapshot();
    assert_eq!((snapshot.weight(), snapshot.stage()), (10_000, Stage::Ramp));
    let epoch = router.epoch();
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(
        router.epoch(),
        epoch,
        "nothing is published when the weight stays"
    );
}

#[test]
fn nodes_stay_valid_and_the_same_while_nothing_about_them_changes() {
    let router = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
    let first = router.snapshot().nodes().next().unwrap().clone();
    let grown = spec(1)
        .replace("\"generation\":1", "\"generation\":2")
        .replace(
            "\"nodes\":[",
            "\"nodes\":[{\"id\":\"new\",\"address\":\"10.0.1.1:1\"},",
        );
    router.apply(grown.as_bytes()).unwrap();
    assert!(
        router
            .snapshot()
            .nodes()
            .any(|node| std::ptr::eq(&raw const **node, &raw const *first))
    );
    assert_eq!(router.node(first.index()).unwrap().id(), first.id());
    assert!(router.node(10_000).is_none());
}

#[test]
fn a_router_that_was_dropped_leaves_nothing_behind_in_threads() {
    for round in 1..200 {
        let router = Router::from_spec(spec(round).as_bytes(), Options::default()).unwrap();
        assert_eq!(router.generation(), round);
        let snapshot = std::sync::Arc::downgrade(&router.snapshot());
        drop(router);
        let other = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
        assert_eq!(other.generation(), 1);
        assert!(
            snapshot.upgrade().is_none(),
            "the thread let go of it at the next new snapshot"
        );
    }
}

#[test]
fn reads_may_nest() {
    let one = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
    let two = Router::from_spec(spec(2).as_bytes(), Options::default()).unwrap();
    let sum =
        one.with(|a| two.with(|b| one.with(|c| a.generation() + b.generation() + c.generation())));
    assert_eq!(sum, 4);
}

#[test]
fn a_bad_option_is_told() {
    for region in ["", "a\nb"] {
        let options = Options {
            region: Some(region.into()),
            ..Options::default()
        };
        let error = Router::from_spec(spec(1).as_bytes(), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn metrics_as_text_are_complete_and_end() {
    let router = Router::from_spec(spec(3).as_bytes(), Options::default()).unwrap();
    let node = router.snapshot().nodes().next().unwrap().clone();
    router.report(&node, "read".parse().unwrap(), "hit".parse().unwrap());
    let text = router.metrics_text();
    for line in [
        "ringshift_requests_total{cluster=\"c\",op=\"read\",outcome=\"hit\"} 1",
        "ringshift_breaker_state{cluster=\"c\",node=\"g3-0\"} 0",
        "ringshift_spec_generation 3",
        "ringshift_spec_reloads_total{result=\"applied\"} 1",
        "ringshift_migration_weight_ratio{region=\"\"} 0.0",
        "ringshift_migration_stage{region=\"\",stage=\"none\"} 1",
        "# TYPE ringshift_requests counter",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is missing in\n{text}"
        );
    }
    assert!(text.contains(&format!(
        "ringshift_spec_info{{digest=\"{}\"}} 1",
        router.digest()
    )));
    assert!(
        "gone"
            .parse::<ringshift::Outcome>()
            .unwrap_err()
            .to_string()
            .contains("hit, miss")
    );
}

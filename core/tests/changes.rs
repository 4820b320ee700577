//! Which spec may follow which: every pair of steps of a migration, there and back, by the table of
//! `docs/migration.md`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::time::Duration;

use ringshift::{IllegalChange, Options, Refresh, Router, Spec};

const NODES: &str = r#"{"placement":{"kind":"ring"},"nodes":[{"id":"NAME1","address":"/NAME1"}],"key_prefix":"PREFIX"}"#;

/// A spec with the clusters `name` or `name:prefix`; the first is the primary, the second the standby.
fn spec(clusters: &str, migration: &str) -> Spec {
    let listed: Vec<(&str, &str)> = clusters
        .split(' ')
        .map(|cluster| cluster.split_once(':').unwrap_or((cluster, "")))
        .collect();
    let all: Vec<String> = listed
        .iter()
        .map(|(name, prefix)| {
            format!(
                "\"{name}\":{}",
                NODES.replace("NAME", name).replace("PREFIX", prefix)
            )
        })
        .collect();
    let standby = listed
        .get(1)
        .map(|(name, _)| format!(r#""standby":"{name}","#));
    let text = format!(
        r#"{{"format":1,"generation":1,"primary":"{}",{}"clusters":{{{}}}{migration}}}"#,
        listed[0].0,
        standby.unwrap_or_default(),
        all.join(",")
    );
    Spec::parse(text.as_bytes()).unwrap()
}

fn stage(clusters: &str, stage: &str) -> Spec {
    regions(clusters, stage, "")
}

fn regions(clusters: &str, stage: &str, regions: &str) -> Spec {
    let mut names = clusters
        .split(' ')
        .map(|cluster| cluster.split(':').next().unwrap());
    let (from, to) = (names.next().unwrap(), names.next().unwrap());
    spec(
        clusters,
        &format!(
            r#","migration":{{"id":"m","from":"{from}","to":"{to}","stage":"{stage}","regions":{{{regions}}}}}"#
        ),
    )
}

fn alone(cluster: &str) -> Spec {
    spec(cluster, "")
}

/// By the rules about stages; no cluster here shares a node with another.
fn illegal_changes(before: &Spec, after: &Spec) -> Vec<IllegalChange> {
    ringshift::illegal_changes(before, after, Duration::ZERO)
}

fn is_legal(before: &Spec, after: &Spec) -> bool {
    illegal_changes(before, after).is_empty()
}

#[test]
fn stages_of_one_migration() {
    let legal = [
        ("none", "none prepare"),
        ("prepare", "prepare ramp soak"),
        ("ramp", "prepare ramp soak"),
        ("soak", "prepare ramp soak"),
    ];
    for (before, after) in legal {
        for next in ["none", "prepare", "ramp", "soak"] {
            // Back at `none` the other cluster is left, and has to have another prefix.
            let prefix = if before != "none" && next == "none" {
                "a b:new"
            } else {
                "a b"
            };
            let is = is_legal(&stage("a b", before), &stage(prefix, next));
            let should = after.split(' ').any(|stage| stage == next)
                || (before, next) == ("prepare", "none");
            assert_eq!(is, should, "{before} -> {next}");
        }
    }
}

#[test]
fn beginnings_and_ends() {
    let (a, b) = (alone("a"), alone("b"));
    for (next, legal) in [
        ("none", true),
        ("prepare", true),
        ("ramp", false),
        ("soak", false),
    ] {
        assert_eq!(is_legal(&a, &stage("a b", next)), legal, "alone -> {next}");
    }
    for (last, back, on) in [
        ("none", true, false),
        ("prepare", true, false),
        ("ramp", false, false),
        ("soak", false, true),
    ] {
        assert_eq!(is_legal(&stage("a b", last), &a), back, "{last} -> back");
        assert_eq!(is_legal(&stage("a b", last), &b), on, "{last} -> final");
    }
    assert!(!is_legal(&a, &b), "without a migration");
    assert!(is_legal(&a, &a));
}

#[test]
fn a_cluster_that_is_left_gets_another_prefix_or_leaves_the_spec() {
    let soak = stage("a b", "soak");
    assert!(!is_legal(&soak, &spec("b a", "")));
    assert!(is_legal(&soak, &spec("b a:a2", "")));
    let prepare = stage("a b", "prepare");
    let illegal = illegal_changes(&prepare, &stage("a b", "none"));
    assert_eq!(illegal.len(), 1);
    assert!(illegal[0].message.contains("cluster b") && illegal[0].message.contains("key_prefix"));
    assert!(is_legal(&prepare, &stage("a b:b2", "none")));
}

#[test]
fn a_copy_is_reversed_in_four_steps() {
    let forward = |stage_name: &str| stage("a b", stage_name);
    let backward = |stage_name: &str| stage("b a", stage_name);
    assert!(is_legal(&forward("ramp"), &forward("prepare")));
    assert!(is_legal(&forward("prepare"), &backward("prepare")));
    assert!(is_legal(&backward("prepare"), &backward("ramp")));
    for (before, after) in [
        ("ramp", "ramp"),
        ("ramp", "prepare"),
        ("prepare", "ramp"),
        ("soak", "ramp"),
    ] {
        assert!(
            !is_legal(&forward(before), &backward(after)),
            "{before} -> reversed {after}"
        );
    }
}

#[test]
fn regions_share_the_clusters() {
    let plan = |name: &str, stage: &str| format!(r#""{name}":{{"stage":"{stage}"}}"#);
    let before = regions("a b", "prepare", &plan("jp", "none"));
    // All regions invalidate both clusters already.
    assert!(is_legal(
        &before,
        &regions("a b", "prepare", &plan("jp", "ramp"))
    ));
    // One region that still reads the old cluster keeps the others from leaving it.
    let mixed = regions("a b", "soak", &plan("kr", "ramp"));
    let illegal = illegal_changes(&mixed, &alone("b"));
    assert!(!illegal.is_empty());
    assert!(is_legal(
        &regions("a b", "soak", &plan("kr", "soak")),
        &alone("b")
    ));
    // The error names the region and what it may do.
    let illegal = illegal_changes(
        &stage("a b", "none"),
        &regions("a b", "none", &plan("kr", "ramp")),
    );
    assert_eq!(illegal.len(), 1);
    assert_eq!(illegal[0].region.as_deref(), Some("kr"));
    assert!(
        illegal[0]
            .to_string()
            .ends_with("may follow: none, prepare"),
        "{}",
        illegal[0]
    );
}

#[test]
fn another_destination_needs_the_first_to_be_given_up() {
    assert!(is_legal(&stage("a b", "prepare"), &stage("a c", "prepare")));
    assert!(!is_legal(&stage("a b", "ramp"), &stage("a c", "prepare")));
    assert!(!is_legal(&stage("a b", "prepare"), &stage("a c", "ramp")));
    // A new prefix makes another cluster of it.
    assert!(!is_legal(&stage("a b", "ramp"), &stage("a b:b2", "ramp")));
    assert!(is_legal(
        &stage("a b", "prepare"),
        &stage("a b:b2", "prepare")
    ));
}

#[test]
fn as_many_regions_as_a_spec_may_have_are_compared_at_once() {
    let many = |first: usize, stage: &str| {
        let plan = |number| format!(r#""r{number}":{{"stage":"{stage}"}}"#);
        let plans: Vec<String> = (first..first + 1_024).map(plan).collect();
        regions("a b", "none", &plans.join(","))
    };
    // A refresh compares them, on the only thread of some hosts: if time grew with their square, this would take minutes.
    let (before, after) = (many(0, "none"), many(1_024, "soak"));
    assert_eq!(illegal_changes(&before, &after).len(), 1_024);
}

#[test]
fn a_change_that_skips_a_stage_is_followed_and_counted() {
    let spec = |generation: u32, stage: &str| {
        format!(
            r#"{{"format":1,"generation":{generation},"primary":"a","standby":"b","clusters":{{
                "a":{{"placement":{{"kind":"ring"}},"nodes":[{{"id":"a","address":"/a"}}]}},
                "b":{{"placement":{{"kind":"ring"}},"nodes":[{{"id":"b","address":"/b"}}]}}}},
                "migration":{{"id":"m","from":"a","to":"b","stage":"{stage}","percent":10}}}}"#
        )
    };
    let router = Router::from_spec(spec(1, "none").as_bytes(), Options::default()).unwrap();
    let apply = |generation, stage| router.apply(spec(generation, stage).as_bytes()).unwrap();
    assert_eq!(apply(2, "prepare"), Refresh::Applied);
    assert_eq!(router.metrics().reloads.illegal, 0);
    assert_eq!(router.metrics().reloads.last_illegal, None);
    assert_eq!(apply(3, "soak"), Refresh::Applied);
    assert_eq!(apply(4, "none"), Refresh::Applied);
    assert_eq!(
        (
            router.generation(),
            router.with(ringshift::Snapshot::stage).name()
        ),
        (4, "none")
    );
    let reloads = router.metrics().reloads;
    assert_eq!(reloads.illegal, 1);
    let told = reloads.last_illegal.unwrap();
    assert!(
        told.starts_with("generation 4 after 3: none from a to b may not follow soak"),
        "{told}"
    );
    assert!(told.contains("may follow: prepare, ramp, soak"), "{told}");
    assert!(
        router
            .metrics_text()
            .contains("ringshift_spec_illegal_changes_total 1")
    );
    assert_eq!(apply(5, "prepare"), Refresh::Applied);
    assert_eq!(router.metrics().reloads.illegal, 1);
}

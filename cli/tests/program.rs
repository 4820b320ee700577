//! The program as people call it.

#![allow(missing_docs, clippy::unwrap_used)]

use std::process::{Command, Output};

const SPEC: &str = r#"{
  "format": 1, "generation": 12, "primary": "blue", "standby": "green",
  "clusters": {
    "blue":  {"placement": {"kind": "modulo", "flavor": "libmemcached"},
              "nodes": [{"id": "mc1", "address": "10.0.0.1:11211"}]},
    "green": {"placement": {"kind": "ring"}, "key_prefix": "g1:",
              "nodes": [{"id": "mc7", "address": "10.0.1.7:11211", "zone": "kr-1a"}]}
  },
  "migration": {"id": "m", "from": "blue", "to": "green", "stage": "prepare",
                "regions": {"kr": {"stage": "ramp", "percent": 100}}}
}"#;

fn run(spec: &str, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("cache.json"), spec).unwrap();
    Command::new(env!("CARGO_BIN_EXE_ringshift"))
        .current_dir(directory.path())
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn check_tells_what_a_spec_says() {
    let text = stdout(&run(SPEC, &["check", "cache.json"]));
    for part in [
        "cache.json is valid",
        "generation  12",
        "blue: 1 nodes, 0 down, modulo libmemcached, one_at_a_time",
        "green: 1 nodes, 0 down, ring, 512 vnodes",
        "m: blue to green, prepare",
        "kr: ramp at 100.00 %",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn check_warns_of_what_is_uneven_and_passes() {
    let output = run(
        &SPEC
            .replace(r#"{"kind": "ring"}"#, r#"{"kind": "ring", "vnodes": 1}"#)
            .replace(
                r#""zone": "kr-1a"}"#,
                r#""weight": 1}, {"id": "mc8", "address": "10.0.1.8:11211"},
                    {"id": "mc9", "address": "10.0.1.9:11211"}"#,
            ),
        &["check", "cache.json"],
    );
    assert!(stdout(&output).starts_with("cache.json is valid\n"));
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.starts_with("warning: /clusters/green/placement: node `mc"),
        "{told}"
    );
    assert!(
        told.contains("`vnodes` ") && told.ends_with("would mend it\n"),
        "{told}"
    );
}

#[test]
fn check_tells_what_is_wrong_and_where() {
    let output = run(
        &SPEC.replace("\"percent\": 100", "\"percent\": 101"),
        &["check", "cache.json"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "error: cache.json:10:64: /migration/regions/kr/percent: 101 is not a percent; use a number \
         from 0 to 100 with at most two decimals\n"
    );
}

#[test]
fn locate_names_every_hop() {
    let text = stdout(&run(
        SPEC,
        &[
            "locate",
            "--spec",
            "cache.json",
            "--region",
            "kr",
            "user:42",
        ],
    ));
    assert_eq!(
        text,
        "user:42\n  stage       ramp, moved\n  read        green/mc7 at 10.0.1.7:11211\n  fallback    \
         blue/mc1 at 10.0.0.1:11211\n  invalidate  blue/mc1 at 10.0.0.1:11211, green/mc7 at \
         10.0.1.7:11211\n"
    );
    let json = stdout(&run(
        SPEC,
        &["locate", "--spec", "cache.json", "-o", "json", "a", "b"],
    ));
    let lines: Vec<serde_json::Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1]["key"], "b");
    assert_eq!(lines[1]["read"][0]["id"], "mc1");
    assert_eq!(lines[1]["fallback"], serde_json::Value::Null);
    assert_eq!(lines[1]["invalidate"][1]["key_prefix"], "g1:");
}

#[test]
fn check_says_whether_a_spec_may_follow_another() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, generation: &str, stage: &str| {
        let spec = SPEC.replace(
            "\"generation\": 12",
            &format!("\"generation\": {generation}"),
        );
        let (head, _) = spec.split_once("\"stage\"").unwrap();
        std::fs::write(
            directory.path().join(name),
            format!("{head}\"stage\": \"{stage}\"}}}}"),
        )
        .unwrap();
    };
    let check = |new: &str, old: &str| {
        Command::new(env!("CARGO_BIN_EXE_ringshift"))
            .current_dir(directory.path())
            .args(["check", new, "--after", old])
            .output()
            .unwrap()
    };
    write("none.json", "12", "none");
    write("prepare.json", "13", "prepare");
    write("ramp.json", "14", "ramp");
    assert!(stdout(&check("prepare.json", "none.json")).contains("prepare.json is valid"));
    assert!(stdout(&check("ramp.json", "prepare.json")).contains("ramp.json is valid"));
    // Scale-in under one prefix: the nodes that stay get keys that they may have owned before.
    let nodes = |count: usize| {
        let node = |at: usize| format!(r#"{{"id":"n{at}","address":"/n{at}"}}"#);
        let nodes: Vec<String> = (0..count).map(node).collect();
        format!(
            r#"{{"placement":{{"kind":"ring"}},"nodes":[{}]}}"#,
            nodes.join(",")
        )
    };
    let (four, three) = (nodes(4), nodes(3));
    let four_alone = format!(
        r#"{{"format":1,"generation":1,"primary":"a","max_ttl":"1h","clusters":{{"a":{four}}}}}"#
    );
    let to_three = format!(
        r#"{{"format":1,"generation":2,"primary":"a","standby":"b","max_ttl":"1h","clusters":{{"a":{four},"b":{three}}},
            "migration":{{"id":"m","from":"a","to":"b","stage":"prepare"}}}}"#
    );
    std::fs::write(directory.path().join("four.json"), four_alone).unwrap();
    std::fs::write(directory.path().join("three.json"), to_three).unwrap();
    let kept = |kept: &str| {
        Command::new(env!("CARGO_BIN_EXE_ringshift"))
            .current_dir(directory.path())
            .args([
                "check",
                "three.json",
                "--after",
                "four.json",
                "--owners-kept",
                kept,
            ])
            .output()
            .unwrap()
    };
    assert!(stdout(&kept("2h")).contains("three.json is valid"));
    assert_eq!(kept("1h").status.code(), Some(1));
    assert_eq!(kept("soon").status.code(), Some(2));
    for (new, old, told) in [
        (
            "three.json",
            "four.json",
            "nodes n0, n1, n2 get keys that they may have owned before",
        ),
        ("ramp.json", "none.json", "may follow: none, prepare"),
        (
            "none.json",
            "prepare.json",
            "generation 12 does not follow 13; use a higher one",
        ),
    ] {
        let output = check(new, old);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(text.starts_with("error: ") && text.contains(told), "{text}");
    }
}

//! The shared vectors: `tests/vectors/index.json` names the files, this runs every one of them.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};

use ringshift::{Options, Router, Snapshot, Spec};
use serde_json::Value;

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

fn load(file: &str) -> Value {
    let text = std::fs::read(directory().join(file)).expect(file);
    serde_json::from_slice(&text).expect(file)
}

#[test]
fn every_file_of_the_index() {
    let index = load("index.json");
    assert_eq!(index["version"], 1);
    let mut run = 0;
    for entry in array(&index["files"]) {
        let file = text(&entry["file"]);
        let vectors = load(file);
        let cases = match text(&entry["kind"]) {
            "route" => routes(file, &vectors),
            "schedule" => schedules(file, &vectors),
            "accept" => accepts(file, &vectors),
            "spec_error" => spec_errors(file, &vectors),
            "digest" => digests(file, &vectors),
            "golden" => golden(file, &vectors),
            "balance" => balances(file, &vectors),
            kind => panic!("{file}: a kind of vectors without a runner: {kind}"),
        };
        assert!(cases > 0, "{file} holds no case");
        println!("{file}: {cases} cases");
        run += cases;
    }
    assert!(run > 10_000, "only {run} cases");
}

fn routes(file: &str, vectors: &Value) -> usize {
    let mut cases = 0;
    for group in array(&vectors["groups"]) {
        let router = open(&group["spec"], &group["region"]);
        let snapshot = router.snapshot();
        assert_eq!(
            u64::from(snapshot.weight()),
            group["weight"].as_u64().unwrap(),
            "{file}"
        );
        for case in array(&group["cases"]) {
            let key = key(case);
            let route = snapshot.route(&key);
            let names = |target: ringshift::Target<'_>| -> Value {
                let prefix = &group["key_prefix"][target.cluster()];
                assert_eq!(target.key_prefix(), text(prefix), "{file}");
                target.nodes().map(|node| name(node)).collect()
            };
            let invalidate: Value = route.invalidate().map(|node| name(node)).collect();
            let told = format!("{file}: {} under {}", case["key"], group["spec"]);
            assert_eq!(
                route.read().map(names).unwrap(),
                case["read"],
                "read, {told}"
            );
            assert_eq!(
                route.fallback().map_or(Value::Null, names),
                case["fallback"],
                "fallback, {told}"
            );
            let first = route.read().map(|target| target.node().index());
            assert_eq!(Some(snapshot.index(&key)), first, "index, {told}");
            assert_eq!(route.fill(), case["fill"], "fill, {told}");
            assert_eq!(invalidate, case["invalidate"], "invalidate, {told}");
            assert_eq!(route.moved(), case["moved"], "moved, {told}");
            assert_eq!(route.stage().name(), text(&case["stage"]), "stage, {told}");
            assert_eq!(
                route.generation(),
                case["generation"].as_u64().unwrap(),
                "{told}"
            );
            cases += 1;
        }
    }
    cases
}

fn schedules(file: &str, vectors: &Value) -> usize {
    let mut cases = 0;
    for case in array(&vectors["cases"]) {
        let spec = Spec::parse(text(&case["spec"]).as_bytes()).unwrap();
        let migration = spec.migration.unwrap();
        for (now, expected) in array(&case["now_ms"]).iter().zip(array(&case["weight"])) {
            let now = number(now);
            let weight = migration.plan_of(case["region"].as_str()).weight(now);
            assert_eq!(
                u64::from(weight),
                number(expected),
                "{file}: {} at {now}",
                case["spec"]
            );
            cases += 1;
        }
    }
    cases
}

fn accepts(file: &str, vectors: &Value) -> usize {
    for case in array(&vectors["cases"]) {
        let snapshot = open_text(&spec_text(case), &case["region"]).snapshot();
        let told = format!("{file}: {}", case["spec"]);
        assert_eq!(snapshot.generation(), number(&case["generation"]), "{told}");
        assert_eq!(snapshot.digest(), text(&case["digest"]), "{told}");
        assert_eq!(snapshot.stage().name(), text(&case["stage"]), "{told}");
        assert_eq!(
            u64::from(snapshot.weight()),
            number(&case["weight"]),
            "{told}"
        );
        let max_ttl: Option<u64> = snapshot
            .max_ttl()
            .map(|ttl| ttl.as_millis().try_into().unwrap());
        assert_eq!(
            max_ttl,
            (!case["max_ttl_ms"].is_null()).then(|| number(&case["max_ttl_ms"])),
            "{told}"
        );
    }
    array(&vectors["cases"]).len()
}

fn spec_errors(file: &str, vectors: &Value) -> usize {
    for case in array(&vectors["cases"]) {
        let spec = spec_text(case);
        let shown = String::from_utf8_lossy(&spec[..spec.len().min(2_000)]).into_owned();
        let Err(error) = Router::from_spec(&spec, Options::default()) else {
            panic!("{file}: accepted {shown}")
        };
        let told = format!("{file}: {error}\nof {shown}");
        assert_eq!(error.kind().name(), text(&case["kind"]), "kind, {told}");
        assert_eq!(error.pointer(), case["pointer"].as_str(), "pointer, {told}");
        for (found, field) in [(error.line(), "line"), (error.column(), "column")] {
            // Absent: any; null: none.
            if let Some(expected) = case.get(field) {
                assert_eq!(found.map(u64::from), expected.as_u64(), "{field}, {told}");
            }
        }
        for part in array(&case["says"]) {
            assert!(
                error.to_string().contains(text(part)),
                "does not say {part}: {told}"
            );
        }
    }
    array(&vectors["cases"]).len()
}

fn digests(file: &str, vectors: &Value) -> usize {
    let keys = number(&vectors["keys"]);
    for case in array(&vectors["digests"]) {
        let snapshot = open(&case["spec"], &case["region"]).snapshot();
        assert_eq!(
            format!("{:016x}", digest(&snapshot, keys)),
            text(&case["digest"]),
            "{file}"
        );
    }
    array(&vectors["digests"]).len()
}

/// FNV-1a over one line a key, as the README of the vectors says.
fn digest(snapshot: &Snapshot, keys: u64) -> u64 {
    let mut digest = 0xcbf2_9ce4_8422_2325u64;
    for number in 0..keys {
        let route = snapshot.route(format!("user:{number}:profile").as_bytes());
        let id = |target: Option<ringshift::Target<'_>>| {
            target.map_or_else(|| "-".to_owned(), |target| target.node().id().to_owned())
        };
        let line = format!(
            "{}|{}|{}\n",
            id(route.read()),
            id(route.fallback()),
            u8::from(route.moved())
        );
        for byte in line.bytes() {
            digest = (digest ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
    digest
}

fn golden(file: &str, vectors: &Value) -> usize {
    let keys: Vec<Vec<u8>> = array(&vectors["keys"])
        .iter()
        .map(|key| hex(text(key)))
        .collect();
    let mut cases = 0;
    for (spec, expected) in array(&vectors["specs"])
        .iter()
        .zip(array(&vectors["expected"]))
    {
        let snapshot = open(spec, &Value::Null).snapshot();
        let parsed = snapshot.spec();
        let ids: Vec<&str> = parsed.clusters[&parsed.primary]
            .nodes
            .iter()
            .map(|node| node.id.as_str())
            .collect();
        for (key, position) in keys.iter().zip(array(expected)) {
            let route = snapshot.route(key);
            let id = route.read().unwrap().node().id();
            assert_eq!(id, ids[size(position)], "{file}: {key:?} under {spec}");
            cases += 1;
        }
    }
    cases
}

fn balances(file: &str, vectors: &Value) -> usize {
    for case in array(&vectors["cases"]) {
        let snapshot = open(&case["spec"], &case["region"]).snapshot();
        let told = format!("{file}: {}", case["spec"]);
        let loads: Value = snapshot
            .shares()
            .iter()
            .map(|shares| {
                let loads: Vec<u64> = shares.nodes.iter().map(|node| node.load).collect();
                (shares.cluster.clone(), Value::from(loads))
            })
            .collect();
        assert_eq!(loads, case["loads"], "{told}");
        let warnings = snapshot.warnings().iter().map(|warning| {
            serde_json::json!({
                "cluster": warning.cluster, "node": warning.node, "load": warning.load,
                "pointer": warning.pointer,
            })
        });
        assert_eq!(warnings.collect::<Value>(), case["warnings"], "{told}");
    }
    array(&vectors["cases"]).len()
}

fn open(spec: &Value, region: &Value) -> Router {
    open_text(text(spec).as_bytes(), region)
}

fn open_text(spec: &[u8], region: &Value) -> Router {
    let options = Options {
        region: region.as_str().map(str::to_owned),
        ..Options::default()
    };
    Router::from_spec(spec, options)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(spec)))
}

fn spec_text(case: &Value) -> Vec<u8> {
    if let Some(digits) = case["spec_hex"].as_str() {
        return hex(digits);
    }
    if let Some(parts) = case["spec_parts"].as_array() {
        // Long specs: `#` in a part stands for the number of the repetition.
        return parts
            .iter()
            .flat_map(|part| {
                (0..number(&part[1])).map(|n| text(&part[0]).replace('#', &n.to_string()))
            })
            .collect::<String>()
            .into_bytes();
    }
    text(&case["spec"]).as_bytes().to_vec()
}

fn key(case: &Value) -> Vec<u8> {
    match case["key_repeat"].as_array() {
        Some(repeat) => hex(text(&repeat[0])).repeat(size(&repeat[1])),
        None => hex(text(&case["key"])),
    }
}

fn name(node: &ringshift::Node) -> String {
    format!("{}/{}", node.cluster(), node.id())
}

fn hex(digits: &str) -> Vec<u8> {
    assert_eq!(digits.len() % 2, 0);
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

fn array(value: &Value) -> &Vec<Value> {
    value
        .as_array()
        .unwrap_or_else(|| panic!("not an array: {value}"))
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"))
}

/// A number, or a string of digits where it may not fit into a double.
fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .unwrap_or_else(|| panic!("not a number: {value}"))
}

fn size(value: &Value) -> usize {
    usize::try_from(number(value)).unwrap()
}

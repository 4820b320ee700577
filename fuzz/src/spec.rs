//! The text of a spec, whatever it is: an error that stands inside the text, or a spec that keeps its own rules.

use ringshift::{Error, ErrorKind, Options, Refresh, Router, Spec, limits};

use crate::memory;
use crate::route;

/// What reading a spec may hold for each byte of its text, and for none: small values have cursors, lists double.
const HELD_PER_BYTE: usize = 200;
const HELD_ANYWAY: usize = 1 << 16;

/// Points that are few enough to be compiled a hundred times a second.
const FEW_POINTS: u64 = 1 << 13;

/// See the module.
///
/// # Panics
///
/// If anything does not hold.
pub fn run(text: &[u8]) {
    let (parsed, held) = memory::most(|| Spec::parse(text));
    let most = HELD_ANYWAY + HELD_PER_BYTE * text.len();
    assert!(
        held <= most,
        "{held} bytes held for {} bytes of text",
        text.len()
    );
    match (parsed, Spec::parse(text)) {
        (Ok(spec), Ok(again)) => {
            assert_eq!(spec, again);
            check(&spec);
            if points(&spec) <= FEW_POINTS {
                serve(text, &spec);
            }
        }
        (Err(error), Err(again)) => {
            assert_eq!(error, again);
            check_error(&error, text);
        }
        (one, other) => panic!("{one:?} and then {other:?}"),
    }
}

/// At the most; placements of clients have fewer.
fn points(spec: &Spec) -> u64 {
    let clusters = spec.clusters.values();
    clusters
        .map(|cluster| {
            let vnodes = match cluster.placement {
                ringshift::PlacementSpec::Ring { vnodes, .. } => u64::from(vnodes),
                _ => 160,
            };
            let nodes = cluster.nodes.iter();
            nodes
                .map(|node| vnodes * u64::from(node.weight))
                .sum::<u64>()
        })
        .sum()
}

/// What holds for every spec that was accepted.
fn check(spec: &Spec) {
    assert!((1..=limits::MAX_GENERATION).contains(&spec.generation));
    assert!((1..=limits::MAX_CLUSTERS).contains(&spec.clusters.len()));
    assert!(spec.clusters.contains_key(&spec.primary));
    assert_ne!(spec.standby.as_ref(), Some(&spec.primary));
    for (name, cluster) in &spec.clusters {
        is_name(name);
        assert!((1..=limits::MAX_NODES).contains(&cluster.nodes.len()));
        assert!((1..=limits::MAX_REPLICAS).contains(&cluster.replicas));
        assert!(cluster.key_prefix.len() <= limits::MAX_KEY_PREFIX_BYTES);
        assert!(
            cluster
                .nodes
                .iter()
                .any(|node| node.weight > 0 && !node.down)
        );
        for node in &cluster.nodes {
            is_name(&node.id);
            node.alias
                .iter()
                .chain(&node.zone)
                .for_each(|name| is_name(name));
            assert!(node.weight <= limits::MAX_WEIGHT);
            assert!(
                !node.address.chars().any(char::is_control) && node.address.contains([':', '/'])
            );
        }
    }
    if let Some(migration) = &spec.migration {
        is_name(&migration.id);
        assert_eq!(migration.from, spec.primary);
        assert_eq!(Some(&migration.to), spec.standby.as_ref());
        assert!(migration.regions.len() <= limits::MAX_REGIONS);
        for plan in migration.regions.values().chain([&migration.plan]) {
            for time in [0, 1_764_000_000_000, u64::MAX] {
                assert!(plan.weight(time) <= 10_000);
            }
        }
    }
}

fn is_name(name: &str) {
    assert!((1..=limits::MAX_NAME_BYTES).contains(&name.len()));
    assert!(!name.chars().any(char::is_control));
}

/// Routes of a spec that was accepted; only a `max_load` that its points cannot keep may still be refused.
fn serve(text: &[u8], spec: &Spec) {
    let router = match Router::from_spec(text, Options::default()) {
        Ok(router) => router,
        Err(error) => {
            assert!(
                error
                    .pointer()
                    .is_some_and(|pointer| pointer.ends_with("/max_load")),
                "{error}"
            );
            return check_error(&error, text);
        }
    };
    for number in 0..16_u32 {
        router.with(|snapshot| route::check(snapshot, format!("key:{number}").as_bytes()));
    }
    let spaced = [text, b"\n "].concat();
    if spaced.len() <= limits::MAX_SPEC_BYTES {
        assert_eq!(router.apply(&spaced), Ok(Refresh::Unchanged));
    }
    assert_eq!((router.epoch(), router.generation()), (1, spec.generation));
    assert!(router.metrics_text().ends_with("# EOF\n"));
}

/// What holds for every error about a text.
///
/// # Panics
///
/// If it does not.
pub fn check_error(error: &Error, text: &[u8]) {
    use ErrorKind::{SpecInvalid, SpecLimit, SpecSyntax};
    let message = error.to_string();
    assert!(
        matches!(error.kind(), SpecSyntax | SpecInvalid | SpecLimit),
        "{message}"
    );
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert!(
        message.len() <= 1 << 13,
        "{} bytes of message",
        message.len()
    );
    let (Some(line), Some(column)) = (error.line(), error.column()) else {
        return assert!(text.len() > limits::MAX_SPEC_BYTES, "{message}");
    };
    let line = text.split(|&byte| byte == b'\n').nth(line as usize - 1);
    let line = line.unwrap_or_else(|| panic!("there is no such line: {message}"));
    // The end of a text that ends too early is behind its last byte.
    assert!(
        (1..=line.len() + 1).contains(&(column as usize)),
        "{message}"
    );
    let Some(pointer) = error.pointer() else {
        return assert_eq!(error.kind(), SpecSyntax);
    };
    let first = line[column as usize - 1];
    assert!(
        b"\"{[-0123456789tfn".contains(&first),
        "no value begins there: {message}"
    );
    // What is nested too deeply or too large for a number here is nothing to the parser of specs; and a pointer shows
    // control characters by their escapes.
    if let Ok(whole) = serde_json::from_slice::<serde_json::Value>(text)
        && !pointer.contains(['\\', '…'])
    {
        let value = whole
            .pointer(pointer)
            .unwrap_or_else(|| panic!("points nowhere: {message}"));
        let begins = match value {
            serde_json::Value::Object(_) => first == b'{',
            serde_json::Value::Array(_) => first == b'[',
            serde_json::Value::String(_) => first == b'"',
            serde_json::Value::Number(_) => b"-0123456789".contains(&first),
            _ => b"tfn".contains(&first),
        };
        // Of a field that stands twice this parser keeps the last.
        let twice = message.contains("stands twice") || message.contains("unknown field");
        assert!(begins || twice, "another value begins there: {message}");
    }
}

//! Every exported function is guarded against panics and stands in the header.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// The exported functions of a source: name and the text from its body on.
fn exports(source: &str) -> Vec<(String, String)> {
    source
        .split("#[unsafe(no_mangle)]")
        .skip(1)
        .map(|rest| {
            let (signature, body) = rest.split_once('{').expect("a function has a body");
            let (_, name) = signature
                .split_once("extern \"C\" fn ")
                .expect("what is exported is a C function");
            let name = name.split('(').next().unwrap().to_owned();
            (name, body.to_owned())
        })
        .collect()
}

/// The first statement of a body that is not a comment.
fn starts_with_a_guard(body: &str) -> bool {
    body.lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("//"))
        .is_some_and(|line| line.starts_with("guard(||") || line.starts_with("guard_status(||"))
}

/// All files of a directory and of those in it.
fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_export_is_guarded_and_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = fs::read_to_string(root.join("../../include/ringshift.h")).unwrap();
    let mut found = 0;
    for path in sources(&root.join("src")) {
        let source = fs::read_to_string(&path).unwrap();
        let exports = exports(&source);
        assert_eq!(
            source.matches("extern \"C\" fn ").count(),
            exports.len(),
            "{}: a C function is not exported",
            path.display()
        );
        for (name, body) in exports {
            assert!(starts_with_a_guard(&body), "{name} has no guard");
            assert!(
                header.contains(&format!("{name}(")),
                "{name} is not in the header"
            );
            found += 1;
        }
    }
    assert!(found > 30, "only {found} exported functions were found");
}

#[test]
fn a_missing_guard_is_seen() {
    let source = "#[unsafe(no_mangle)]\npub extern \"C\" fn a() -> u32 {\n    // why\n    guard(|| Ok(1))\n}\n\
                  #[unsafe(no_mangle)]\npub extern \"C\" fn b() -> u32 {\n    1\n}\n";
    let guarded: Vec<bool> = exports(source)
        .iter()
        .map(|(_, body)| starts_with_a_guard(body))
        .collect();
    assert_eq!(guarded, [true, false]);
}

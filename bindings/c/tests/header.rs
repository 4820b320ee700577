//! `include/ringshift.h` is what cbindgen makes of the sources. `RINGSHIFT_UPDATE=1 cargo test -p
//! ringshift-capi --test header` writes it anew.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

/// The sources in the order in which a reader of the header wants them.
const SOURCES: [&str; 13] = [
    "version", "status", "error", "options", "router", "node", "route", "index", "code", "report",
    "owed", "metrics", "moves",
];

fn generate() -> String {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(crate_dir.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(crate_dir.join("src").join(source).with_extension("rs"));
    }
    let mut header = Vec::new();
    builder.generate().unwrap().write(&mut header);
    String::from_utf8(header).unwrap()
}

#[test]
fn the_header_is_what_the_sources_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include/ringshift.h");
    let generated = generate();
    if std::env::var_os("RINGSHIFT_UPDATE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "include/ringshift.h is out of date; run: RINGSHIFT_UPDATE=1 cargo test -p ringshift-capi --test header"
    );
}

//! A spec file in a directory of its own, and specs that show when two are mixed.

#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use ringshift::{Options, Router};

/// A spec whose nodes carry its generation, so that a mixture of two would show.
pub fn spec(generation: u64) -> String {
    let nodes: Vec<String> = (0..5)
        .map(|n| {
            format!(
                r#"{{"id":"g{generation}-{n}","address":"10.0.0.{n}:{}"}}"#,
                1 + generation % 60_000
            )
        })
        .collect();
    format!(
        "{{\n\"format\":1,\"generation\":{generation},\"primary\":\"c\",\n\"clusters\":{{\"c\":\
         {{\"placement\":{{\"kind\":\"ring\",\"vnodes\":8}},\n\"nodes\":[{}]}}}}\n}}\n",
        nodes.join(",\n")
    )
}

/// Replaces a file by rename.
pub fn write(path: &Path, text: &str) {
    let temporary = path.with_extension("new");
    fs::write(&temporary, text).unwrap();
    fs::rename(&temporary, path).unwrap();
}

/// A directory for one test, and the spec file's path in it.
pub struct Place {
    pub directory: tempfile::TempDir,
    pub path: PathBuf,
}

impl Place {
    /// Another path in the same directory.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

pub fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.json");
    Place { directory, path }
}

pub fn open(path: &Path) -> Router {
    Router::open(path, Options::default()).unwrap()
}

/// Routes a few keys and says which generation answered; fails if any answer is of another one.
pub fn whole_generation(router: &Router) -> u64 {
    router.with(|snapshot| {
        for key in 0..16u32 {
            let route = snapshot.route(&key.to_le_bytes());
            let node = route.read().unwrap().node();
            let of = format!("g{}-", snapshot.generation());
            assert!(node.id().starts_with(&of) && route.generation() == snapshot.generation());
        }
        snapshot.generation()
    })
}

//! What the system does not allow: a file that may not be read, a directory that may not be written, a full disk.
//!
//! Each test runs itself again in a process that has less: another user, or a limit on the length of files.

#![allow(missing_docs, clippy::unwrap_used)]
#![cfg(unix)]

#[path = "support/reload.rs"]
mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use ringshift::{ErrorKind, Options, Refresh, Router};
use support::{open, place, spec, whole_generation, write};

/// Tells a process that it is the one with less, and where.
const PLACE: &str = "RINGSHIFT_TEST_PLACE";
/// The user that owns nothing.
const NOBODY: u32 = 65_534;

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The test's own program, where anybody may run it.
fn program(directory: &Path) -> PathBuf {
    let program = directory.join("program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    mode(&program, 0o755);
    program
}

fn must_succeed(mut command: Command, test: &str, place: &Path) {
    let output = command
        .env(PLACE, place)
        .args(["--exact", test, "--test-threads=1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{wrong}"
    );
}

#[test]
fn a_file_that_may_not_be_read_and_a_copy_that_may_not_be_written() {
    if let Some(place) = std::env::var_os(PLACE) {
        return without_permission(Path::new(&place));
    }
    let outer = tempfile::tempdir().unwrap();
    mode(outer.path(), 0o755);
    let place = outer.path().join("place");
    fs::create_dir(&place).unwrap();
    let mut command = Command::new(program(outer.path()));
    // Root may read everything.
    if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        std::os::unix::fs::chown(&place, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    let test = "a_file_that_may_not_be_read_and_a_copy_that_may_not_be_written";
    must_succeed(command, test, &place);
}

fn without_permission(place: &Path) {
    let path = place.join("cache.json");
    write(&path, &spec(1));
    let router = open(&path);
    // The file, then its directory.
    mode(&path, 0);
    let error = router.refresh().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("Permission denied"), "{error}");
    assert_eq!(router.metrics().reloads.last_error_kind, Some("io"));
    assert_eq!(whole_generation(&router), 1);
    write(&path, &spec(2));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    mode(place, 0);
    let error = router.refresh().unwrap_err();
    assert!(error.to_string().contains("Permission denied"), "{error}");
    assert_eq!(whole_generation(&router), 2);
    mode(place, 0o755);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    // A file that may only be read is as good as any.
    write(&path, &spec(3));
    mode(&path, 0o444);
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);

    // The copy: in a directory that may not be written, then one that may.
    let kept = place.join("kept");
    let copy = kept.join("last-good");
    fs::create_dir(&kept).unwrap();
    mode(&kept, 0o555);
    let options = Options {
        last_good: Some(copy.clone()),
        ..Options::default()
    };
    let router = Router::open(&path, options.clone()).unwrap();
    let told = router.metrics().reloads.last_good_error.unwrap();
    assert!(
        told.contains("Permission denied") && told.contains("last-good"),
        "{told}"
    );
    // One that may be written and not read cannot be flushed, and is as good.
    mode(&kept, 0o333);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(router.metrics().reloads.last_good_error, None);
    mode(&kept, 0o755);
    assert!(fs::read_to_string(&copy).unwrap().starts_with(&spec(3)));
    // A copy that may not be read helps nobody, but it is replaced.
    mode(&copy, 0);
    fs::remove_file(&path).unwrap();
    let error = Router::open(&path, options.clone())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("No such file") && error.contains("Permission denied"),
        "{error}"
    );
    write(&path, &spec(4));
    let router = Router::open(&path, options).unwrap();
    assert_eq!(router.last_error(), None);
    assert!(fs::read_to_string(&copy).unwrap().starts_with(&spec(4)));
}

#[test]
fn a_full_disk_leaves_the_copy_as_it_was() {
    if let Some(place) = std::env::var_os(PLACE) {
        return with_little_room(Path::new(&place));
    }
    let place = place();
    // Files of at most two blocks; a write beyond that fails as one on a full disk does, in its middle.
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""]);
    command.arg(std::env::current_exe().unwrap());
    must_succeed(
        command,
        "a_full_disk_leaves_the_copy_as_it_was",
        place.directory.path(),
    );
}

fn with_little_room(place: &Path) {
    let (path, copy) = (place.join("cache.json"), place.join("last-good"));
    write(&path, &spec(1));
    let options = Options {
        last_good: Some(copy.clone()),
        ..Options::default()
    };
    let router = Router::open(&path, options.clone()).unwrap();
    assert_eq!(router.last_error(), None);
    let before = fs::read(&copy).unwrap();
    // More than the limit, from memory: such a file could not be written either.
    let large = spec(2) + &" ".repeat(4096);
    assert_eq!(router.apply(large.as_bytes()).unwrap(), Refresh::Applied);
    assert_eq!(whole_generation(&router), 2, "it serves all the same");
    let told = router.metrics().reloads.last_good_error.unwrap();
    assert!(
        told.contains("cannot be written") && told.contains("large"),
        "{told}"
    );
    assert_eq!(fs::read(&copy).unwrap(), before);
    assert_eq!(
        fs::read_dir(place).unwrap().count(),
        2,
        "no part of a copy is left"
    );
    // What fits is written again.
    write(&path, &spec(3));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.last_error(), None);
    fs::remove_file(&path).unwrap();
    assert_eq!(whole_generation(&Router::open(&path, options).unwrap()), 3);
}

//! The copy of the last good spec: what a process starts from when the file is bad or gone.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/reload.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use ringshift::{Error, ErrorKind, EventKind, Options, Refresh, Router};
use support::{Place, place, spec, whole_generation, write};

fn keeping(copy: &Path) -> Options {
    Options {
        last_good: Some(copy.to_owned()),
        ..Options::default()
    }
}

/// A directory with a good file and a copy of it, both of a generation.
fn copied(generation: u64) -> (Place, PathBuf) {
    let place = place();
    let copy = place.beside("last-good");
    write(&place.path, &spec(generation));
    drop(Router::open(&place.path, keeping(&copy)).unwrap());
    (place, copy)
}

fn kinds(router: &Router) -> Vec<EventKind> {
    let events = router.events(0).into_iter();
    events.map(|event| event.kind).collect()
}

#[cfg(unix)]
#[test]
fn the_copy_has_the_permission_bits_of_the_spec_file() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let copy = place.beside("last-good");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    write(&place.path, &spec(1));
    let router = Router::open(&place.path, keeping(&copy)).unwrap();
    for (generation, wanted) in [(2, 0o600), (3, 0o640), (4, 0o600)] {
        write(&place.path, &spec(generation));
        fs::set_permissions(&place.path, fs::Permissions::from_mode(wanted)).unwrap();
        assert_eq!(router.refresh().unwrap(), Refresh::Applied);
        assert_eq!(mode(&copy), wanted, "{wanted:o}");
    }
    // A copy that others may read, of an older version perhaps, is written again by the next start.
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o644)).unwrap();
    drop(Router::open(&place.path, keeping(&copy)).unwrap());
    assert_eq!(mode(&copy), 0o600);
    // While there is no spec file, those may that could so far.
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(&place.path).unwrap();
    router.apply(spec(5).as_bytes()).unwrap();
    assert_eq!(mode(&copy), 0o640);
    // Without one at all there is nobody else.
    let alone = place.beside("alone");
    drop(Router::from_spec(spec(1).as_bytes(), keeping(&alone)).unwrap());
    assert_eq!(mode(&alone), 0o600);
}

#[test]
fn a_process_starts_from_the_copy_when_the_file_is_bad_or_gone() {
    let (place, copy) = copied(3);
    for bad in [None, Some("{"), Some("")] {
        let _ = fs::remove_file(&place.path);
        if let Some(text) = bad {
            write(&place.path, text);
        }
        let router = Router::open(&place.path, keeping(&copy)).unwrap();
        assert_eq!(whole_generation(&router), 3);
        let kind = bad.map_or(ErrorKind::Io, |_| ErrorKind::SpecSyntax);
        assert_eq!(router.last_error().unwrap().kind(), kind);
        let reloads = router.metrics().reloads;
        assert_eq!(
            (reloads.applied, reloads.rejected, reloads.last_success),
            (1, 1, 0)
        );
        assert_eq!(
            kinds(&router),
            [EventKind::Rejected, EventKind::LastGoodUsed]
        );
        // The digest is that of the spec, so the file that comes back is the one in force.
        write(&place.path, &spec(3));
        assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
        assert_eq!(kinds(&router)[2..], [EventKind::Mended]);
    }
    write(&place.path, "{");
    let router = Router::open(&place.path, keeping(&copy)).unwrap();
    write(&place.path, &spec(4));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    drop(router);
    write(&place.path, "{");
    let router = Router::open(&place.path, keeping(&copy)).unwrap();
    assert_eq!(router.generation(), 4);
}

#[test]
fn the_copy_is_the_text_and_a_line_with_its_digest() {
    let (place, copy) = copied(3);
    let router = Router::open(&place.path, Options::default()).unwrap();
    let expected = format!(
        "{}\n#ringshift last good spec, digest {}\n",
        spec(3),
        router.digest()
    );
    assert_eq!(fs::read_to_string(&copy).unwrap(), expected);
}

#[test]
fn a_copy_that_was_cut_off_or_changed_is_refused_and_both_are_named() {
    let (place, copy) = copied(3);
    let whole = fs::read(&copy).unwrap();
    write(&place.path, "{");
    let refused = |says: &str| {
        let error = Router::open(&place.path, keeping(&copy)).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::SpecSyntax,
            "the file is what has to be mended"
        );
        assert_eq!((error.line(), error.column()), (Some(1), Some(1)));
        let text = error.to_string();
        for part in [
            &*place.path.to_string_lossy(),
            "not JSON",
            "the last good copy is no help",
            &copy.to_string_lossy(),
            says,
        ] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
    };
    for length in 0..whole.len() {
        fs::write(&copy, &whole[..length]).unwrap();
        refused("the last line is not that of a last good copy");
    }
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&copy, &changed).unwrap();
        refused("last line");
    }
    // Content that would be a good spec by itself.
    let forged = String::from_utf8(whole).unwrap().replace("g3-0", "g3-9");
    fs::write(&copy, forged).unwrap();
    refused("it was changed or damaged");
    fs::write(&copy, spec(3)).unwrap();
    refused("or is another file");
    fs::remove_file(&copy).unwrap();
    refused("No such file");
    fs::create_dir(&copy).unwrap();
    refused("it is a directory");
    // Without a copy the error is the file's alone.
    let error = Router::open(&place.path, Options::default()).unwrap_err();
    assert!(!error.to_string().contains("copy"), "{error}");
}

#[test]
fn a_good_file_wins_over_the_copy_whatever_their_generations() {
    for (file, copied_before) in [(3, 9), (9, 3)] {
        let (place, copy) = copied(copied_before);
        write(&place.path, &spec(file));
        let router = Router::open(&place.path, keeping(&copy)).unwrap();
        assert_eq!(router.generation(), file);
        // And becomes the copy.
        drop(router);
        fs::remove_file(&place.path).unwrap();
        let router = Router::open(&place.path, keeping(&copy)).unwrap();
        assert_eq!(router.generation(), file);
        // From then on the generation in force counts, wherever it came from.
        write(&place.path, &spec(file - 1));
        let error = router.refresh().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StaleGeneration);
        write(&place.path, &spec(file + 1));
        assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    }
}

#[test]
fn a_copy_that_could_not_be_written_is_told_and_written_later() {
    let place = place();
    let directory = place.beside("later");
    let copy = directory.join("last-good");
    write(&place.path, &spec(3));
    let router = Router::open(&place.path, keeping(&copy)).unwrap();
    for _ in 0..2 {
        assert_eq!(router.last_error().unwrap().kind(), ErrorKind::Io);
        let reloads = router.metrics().reloads;
        assert!(reloads.last_good_error.unwrap().contains("last-good"));
        assert_eq!(reloads.last_error, None);
        assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    }
    fs::create_dir(&directory).unwrap();
    // Also while the file is bad.
    write(&place.path, "{");
    assert_eq!(router.refresh().unwrap_err().kind(), ErrorKind::SpecSyntax);
    assert_eq!(router.metrics().reloads.last_good_error, None);
    assert!(fs::read_to_string(&copy).unwrap().starts_with(&spec(3)));
    let expected = [
        EventKind::Applied,
        EventKind::LastGoodUnsaved,
        EventKind::LastGoodSaved,
        EventKind::Rejected,
    ];
    assert_eq!(kinds(&router), expected, "each is told once");
}

#[test]
fn a_router_without_a_file_keeps_a_copy_too() {
    let place = place();
    let directory = place.beside("later");
    let copy = directory.join("last-good");
    let router = Router::from_spec(spec(1).as_bytes(), keeping(&copy)).unwrap();
    assert!(router.last_error().is_some());
    fs::create_dir(&directory).unwrap();
    router.refresh().unwrap();
    assert_eq!(router.last_error(), None::<Error>);
    router.apply(spec(2).as_bytes()).unwrap();
    assert!(fs::read_to_string(&copy).unwrap().starts_with(&spec(2)));
}

#[test]
fn routers_that_share_a_copy_never_tear_it() {
    let (place, copy) = copied(1);
    let texts: Vec<String> = (1..=3).map(|n| spec(n * 1_000)).collect();
    std::thread::scope(|scope| {
        for text in &texts {
            scope.spawn(|| {
                for _ in 0..60 {
                    let router = Router::from_spec(text.as_bytes(), keeping(&copy)).unwrap();
                    assert_eq!(router.last_error(), None);
                    // Whoever starts now gets one of the specs, whole.
                    let missing = place.beside("missing");
                    let started = Router::open(&missing, keeping(&copy)).unwrap();
                    assert_eq!(whole_generation(&started) % 1_000, 0);
                }
            });
        }
    });
    let left = fs::read_dir(place.directory.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

#[test]
fn the_spec_file_is_never_taken_for_its_own_copy() {
    let place = place();
    write(&place.path, &spec(1));
    let refused = |path: &Path, copy: &Path| {
        let error = Router::open(path, keeping(copy)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        assert!(
            error
                .to_string()
                .contains("`last_good` is the spec file itself")
        );
        assert_eq!(fs::read_to_string(&place.path).unwrap(), spec(1));
    };
    refused(&place.path, &place.path);
    fs::create_dir(place.beside("sub")).unwrap();
    refused(&place.path, &place.beside("sub/../cache.json"));
    #[cfg(unix)]
    {
        let (link, directory) = (place.beside("link"), place.beside("directory"));
        std::os::unix::fs::symlink("cache.json", &link).unwrap();
        std::os::unix::fs::symlink(".", &directory).unwrap();
        refused(&link, &place.path);
        refused(&place.path, &directory.join("cache.json"));
        // Known by its directory while it is not there.
        refused(&place.beside("none"), &directory.join("none"));
    }
}

#[test]
fn a_copy_that_says_the_same_is_left_alone() {
    let (place, copy) = copied(1);
    let written = || fs::metadata(&copy).unwrap().modified().unwrap();
    let before = written();
    drop(Router::open(&place.path, keeping(&copy)).unwrap());
    assert_eq!(written(), before);
    // One that was damaged is not.
    fs::write(&copy, "damaged").unwrap();
    drop(Router::open(&place.path, keeping(&copy)).unwrap());
    assert!(fs::read_to_string(&copy).unwrap().starts_with(&spec(1)));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_not_replaced_by_the_copy() {
    use std::os::unix::fs::FileTypeExt;

    let place = place();
    write(&place.path, &spec(1));
    // As a device, which only root could make.
    let fifo = place.beside("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let link = place.beside("link");
    std::os::unix::fs::symlink(&fifo, &link).unwrap();
    for path in [&fifo, &link] {
        let router = Router::open(&place.path, keeping(path)).unwrap();
        let error = router.metrics().reloads.last_good_error.unwrap();
        assert!(error.contains("give the path of a file"), "{error}");
        assert!(fs::metadata(path).unwrap().file_type().is_fifo());
    }
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

//! Every way in which a spec file goes wrong: the last good spec serves, the reason is told, and the next good one is
//! taken up by the first refresh.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/reload.rs"]
mod support;

use std::fs;
use std::path::Path;

use ringshift::{ErrorKind, EventKind, Options, Refresh, Router};
use support::{Place, open, place, spec, whole_generation, write};

/// A router whose spec file goes wrong again and again.
struct Served {
    place: Place,
    router: Router,
}

/// What is told of a fault: the kind, a part of the message, and the place in the text if there is one.
type Told<'t> = (ErrorKind, &'t str, Option<(Option<&'t str>, u32, u32)>);

impl Served {
    fn new(generation: u64) -> Self {
        let place = place();
        write(&place.path, &spec(generation));
        let router = open(&place.path);
        Self { place, router }
    }

    fn path(&self) -> &Path {
        &self.place.path
    }

    /// The fault is there: the last good spec serves, and everything tells why, once.
    fn is_refused(&self, (kind, says, at): Told<'_>) {
        let router = &self.router;
        let in_force = (router.generation(), router.digest());
        let before = router.metrics().reloads;
        let seen = router.events(0).last().unwrap().sequence;
        let error = router.refresh().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), kind, "{text}");
        assert!(text.contains(says), "{says} is missing in: {text}");
        assert!(text.starts_with(&*self.path().to_string_lossy()), "{text}");
        let place = error.line().zip(error.column());
        let place = place.map(|(line, column)| (error.pointer(), line, column));
        assert_eq!(place, at, "{text}");
        if let Some((_, line, column)) = at {
            assert!(text.contains(&format!(".json:{line}:{column}: ")), "{text}");
        }
        // Seen again, it is told again and counted once.
        assert_eq!(router.refresh().unwrap_err(), error);
        let reloads = router.metrics().reloads;
        assert_eq!(reloads.rejected, before.rejected + 1);
        assert_eq!(reloads.refreshes, before.refreshes + 2);
        assert_eq!(reloads.applied, before.applied);
        assert_eq!(reloads.last_error, Some(text.clone()));
        assert_eq!(reloads.last_error_kind, Some(kind.name()));
        assert_eq!(router.last_error(), Some(error));
        let exposed = format!("ringshift_spec_rejection{{kind=\"{}\"}} 1\n", kind.name());
        assert!(router.metrics_text().contains(&exposed));
        let [event] = &router.events(seen)[..] else {
            panic!("{:?}", router.events(seen));
        };
        assert_eq!(
            (event.kind, event.generation),
            (EventKind::Rejected, in_force.0)
        );
        assert_eq!((event.error, &event.message), (Some(kind.name()), &text));
        let place = event.line.zip(event.column);
        let place = place.map(|(line, column)| (event.pointer.as_deref(), line, column));
        assert_eq!(place, at);
        assert_eq!((router.generation(), router.digest()), in_force);
        assert_eq!(whole_generation(router), in_force.0);
    }

    /// The fault is over: the first refresh takes up the next spec.
    fn takes_up(&self, generation: u64) {
        assert_eq!(self.router.refresh().unwrap(), Refresh::Applied);
        assert_eq!(whole_generation(&self.router), generation);
        assert_eq!(self.router.last_error(), None);
        let reloads = self.router.metrics().reloads;
        assert_eq!((reloads.last_error, reloads.last_error_kind), (None, None));
        assert!(
            !self
                .router
                .metrics_text()
                .contains("ringshift_spec_rejection{")
        );
        let event = self.router.events(0).pop().unwrap();
        assert_eq!(
            (event.kind, event.generation),
            (EventKind::Applied, generation)
        );
    }
}

#[test]
fn a_text_that_is_no_good_spec() {
    let served = Served::new(10);
    let good = |generation| spec(generation);
    let root = Some((Some(""), 1, 1));
    let texts: [(String, Told<'_>); 10] = [
        (
            String::new(),
            (ErrorKind::SpecSyntax, "not JSON", Some((None, 1, 1))),
        ),
        (
            good(11)[..60].to_owned(),
            (ErrorKind::SpecSyntax, "not JSON", Some((None, 3, 16))),
        ),
        (
            "{}".to_owned(),
            (ErrorKind::SpecInvalid, "field `format` is missing", root),
        ),
        (
            "\0\0\0\0".to_owned(),
            (ErrorKind::SpecSyntax, "not JSON", Some((None, 1, 1))),
        ),
        (
            good(11) + &good(12),
            (ErrorKind::SpecSyntax, "not JSON", Some((None, 10, 1))),
        ),
        (
            good(11).replace("\"vnodes\":8", "\"vnodes\":0"),
            (
                ErrorKind::SpecInvalid,
                "0 is not",
                Some((Some("/clusters/c/placement/vnodes"), 3, 54)),
            ),
        ),
        (
            good(11).replace("10.0.0.3:", "10.0.0.2:"),
            (
                ErrorKind::SpecInvalid,
                "10.0.0.2",
                Some((Some("/clusters/c/nodes/3/address"), 7, 25)),
            ),
        ),
        (
            good(9),
            (
                ErrorKind::StaleGeneration,
                "generation 9 is lower than 10",
                Some((Some("/generation"), 2, 25)),
            ),
        ),
        (
            good(10).replace("g10-0", "other"),
            (
                ErrorKind::GenerationConflict,
                "use 11 or more",
                Some((Some("/generation"), 2, 25)),
            ),
        ),
        (
            " ".repeat((4 << 20) + 1),
            (ErrorKind::SpecLimit, "4194304", None),
        ),
    ];
    for (round, (text, told)) in texts.into_iter().enumerate() {
        // By rename and in place, in turn.
        if round % 2 == 0 {
            write(served.path(), &text);
        } else {
            fs::write(served.path(), &text).unwrap();
        }
        served.is_refused(told);
    }
    write(served.path(), &spec(11));
    served.takes_up(11);
}

#[test]
fn a_file_that_is_gone_and_comes_back() {
    let served = Served::new(1);
    fs::remove_file(served.path()).unwrap();
    served.is_refused((ErrorKind::Io, "cannot be read: No such file", None));
    // As it was: nothing is applied, and the fault is over.
    write(served.path(), &spec(1));
    assert_eq!(served.router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(served.router.last_error(), None);
    let last = served.router.events(0).pop().unwrap();
    assert_eq!((last.kind, last.generation), (EventKind::Mended, 1));
    // Its directory too.
    let away = served.place.directory.path().with_extension("away");
    fs::rename(served.place.directory.path(), &away).unwrap();
    served.is_refused((ErrorKind::Io, "cannot be read: No such file", None));
    fs::rename(&away, served.place.directory.path()).unwrap();
    write(served.path(), &spec(2));
    served.takes_up(2);
}

#[cfg(unix)]
#[test]
fn something_else_than_a_file_in_its_place() {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let served = Served::new(1);
    let path = served.path();
    let special = "it is a device, FIFO or socket, not a regular file";
    let mut generation = 1;
    // Nobody writes to the FIFO, and the device never ends: waiting for either would be for ever.
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let kinds: [(&dyn Fn(), &str); 7] = [
        (
            &|| fs::create_dir(path).unwrap(),
            "it is a directory, not a regular file",
        ),
        (&|| fifo(path), special),
        (&|| drop(UnixListener::bind(path).unwrap()), special),
        (&|| symlink("/dev/zero", path).unwrap(), special),
        (&|| symlink(".", path).unwrap(), "it is a directory"),
        (&|| symlink("cache.json", path).unwrap(), "symbolic link"),
        (&|| symlink("nowhere", path).unwrap(), "No such file"),
    ];
    for (put, says) in kinds {
        fs::remove_file(path).unwrap();
        put();
        served.is_refused((ErrorKind::Io, says, None));
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir(path).unwrap();
        }
        generation += 1;
        write(path, &spec(generation));
        served.takes_up(generation);
    }
}

#[test]
fn a_file_of_a_gibibyte_is_refused_by_its_length() {
    let served = Served::new(1);
    let file = fs::File::create(served.path()).unwrap();
    file.set_len(1 << 30).unwrap();
    served.is_refused((ErrorKind::SpecLimit, "larger than 4194304 bytes", None));
    #[cfg(target_os = "linux")]
    {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let peak = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .unwrap();
        let kilobytes: u64 = peak.split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(
            kilobytes < 512 << 10,
            "the file was read into memory: {peak}"
        );
    }
    write(served.path(), &spec(2));
    served.takes_up(2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_longer_than_it_says() {
    // Files of /proc say that they are empty, as one says that grows while it is read.
    let served = Served::new(1);
    fs::remove_file(served.path()).unwrap();
    std::os::unix::fs::symlink("/proc/self/status", served.path()).unwrap();
    served.is_refused((ErrorKind::Io, "it changes while it is read", None));
    write(served.path(), &spec(2));
    served.takes_up(2);
}

#[cfg(unix)]
#[test]
fn the_swap_of_a_mounted_directory() {
    use std::os::unix::fs::symlink;
    // As Kubernetes mounts a ConfigMap: cache.json -> ..data/cache.json, ..data -> a directory.
    let place = place();
    let root = place.directory.path().to_owned();
    let swap = |version: &str, text: Option<&str>| {
        fs::create_dir(root.join(version)).unwrap();
        if let Some(text) = text {
            fs::write(root.join(version).join("cache.json"), text).unwrap();
        }
        symlink(version, root.join("..data_tmp")).unwrap();
        fs::rename(root.join("..data_tmp"), root.join("..data")).unwrap();
    };
    swap("..v1", Some(&spec(1)));
    symlink("..data/cache.json", &place.path).unwrap();
    let router = open(&place.path);
    let served = Served { place, router };
    swap("..v2", Some(&spec(2)));
    served.takes_up(2);
    swap("..v3", Some(&spec(3)[..60]));
    served.is_refused((ErrorKind::SpecSyntax, "not JSON", Some((None, 3, 17))));
    swap("..v4", None);
    served.is_refused((ErrorKind::Io, "No such file", None));
    fs::remove_dir_all(root.join("..v4")).unwrap();
    fs::remove_dir_all(root.join("..v1")).unwrap();
    swap("..v5", Some(&spec(5)));
    served.takes_up(5);
}

#[test]
fn a_start_on_a_fault_is_told_the_same_way() {
    let place = place();
    let error = Router::open(&place.path, Options::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    fs::create_dir(&place.path).unwrap();
    let error = Router::open(&place.path, Options::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it is a directory, not a regular file"),
        "{error}"
    );
    fs::remove_dir(&place.path).unwrap();
    write(
        &place.path,
        &spec(1).replace("\"vnodes\":8", "\"vnodes\":0"),
    );
    let error = Router::open(&place.path, Options::default()).unwrap_err();
    assert_eq!(
        (error.pointer(), error.line()),
        (Some("/clusters/c/placement/vnodes"), Some(3))
    );
}

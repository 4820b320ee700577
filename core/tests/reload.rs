//! The spec file: what is taken up, what is refused, and what never happens to readers.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use ringshift::{ErrorKind, Options, Refresh, Router, Stage};

/// A spec whose nodes carry its generation, so that a mixture of two would show.
fn spec(generation: u64) -> String {
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

fn write(path: &Path, text: &str) {
    let temporary = path.with_extension("new");
    fs::write(&temporary, text).unwrap();
    fs::rename(&temporary, path).unwrap();
}

struct Place {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn place() -> Place {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cache.json");
    Place {
        _directory: directory,
        path,
    }
}

fn open(path: &Path) -> Router {
    Router::open(path, Options::default()).unwrap()
}

#[test]
fn a_new_generation_is_applied_and_the_same_file_is_not() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    write(&place.path, &spec(5));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.generation(), 5);
    // In place, as an editor that truncates and writes does.
    fs::write(&place.path, spec(6)).unwrap();
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(router.generation(), 6);
    let reloads = router.metrics().reloads;
    assert_eq!(
        (reloads.applied, reloads.unchanged, reloads.rejected),
        (3, 2, 0)
    );
}

#[test]
fn the_last_good_spec_stays_and_the_failure_is_told() {
    let place = place();
    write(&place.path, &spec(10));
    let router = open(&place.path);
    let digest = router.digest();
    let name = place.path.display().to_string();
    let half = &spec(11)[..60];
    for (text, kind, says) in [
        ("", ErrorKind::SpecSyntax, ":1:"),
        (half, ErrorKind::SpecSyntax, "not JSON"),
        (
            "{}",
            ErrorKind::SpecInvalid,
            ":1:1: field `format` is missing",
        ),
        (
            &spec(9),
            ErrorKind::StaleGeneration,
            "generation 9 is lower than 10",
        ),
        (
            &spec(10).replace("g10-0", "other"),
            ErrorKind::GenerationConflict,
            "use 11 or more",
        ),
        (&" ".repeat((4 << 20) + 1), ErrorKind::SpecLimit, "4194304"),
    ] {
        write(&place.path, text);
        let before = router.metrics().reloads.rejected;
        let error = router.refresh().unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(&name), "{error}");
        assert!(error.to_string().contains(says), "{error}");
        // Seen again, it is told again and counted once.
        assert_eq!(router.refresh().unwrap_err(), error);
        assert_eq!(router.metrics().reloads.rejected, before + 1);
        assert_eq!(router.last_error(), Some(error));
        assert_eq!((router.generation(), router.digest()), (10, digest.clone()));
    }
    fs::remove_file(&place.path).unwrap();
    assert_eq!(router.refresh().unwrap_err().kind(), ErrorKind::Io);
    fs::create_dir(&place.path).unwrap();
    assert_eq!(router.refresh().unwrap_err().kind(), ErrorKind::Io);
    fs::remove_dir(&place.path).unwrap();
    write(&place.path, &spec(11));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(router.last_error(), None);
}

#[cfg(unix)]
#[test]
fn the_swap_of_a_mounted_directory_is_seen() {
    use std::os::unix::fs::symlink;
    // As Kubernetes mounts a ConfigMap: cache.json -> ..data/cache.json, ..data -> a directory.
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for generation in 1..=3 {
        fs::create_dir(root.join(format!("v{generation}"))).unwrap();
        fs::write(
            root.join(format!("v{generation}/cache.json")),
            spec(generation),
        )
        .unwrap();
    }
    symlink("v1", root.join("..data")).unwrap();
    symlink("..data/cache.json", root.join("cache.json")).unwrap();
    let router = open(&root.join("cache.json"));
    for generation in 2..=3 {
        symlink(format!("v{generation}"), root.join("..tmp")).unwrap();
        fs::rename(root.join("..tmp"), root.join("..data")).unwrap();
        assert_eq!(router.refresh().unwrap(), Refresh::Applied);
        assert_eq!(router.generation(), generation);
    }
}

#[test]
fn a_process_starts_from_the_last_good_copy() {
    let place = place();
    let copy = place.path.with_file_name("last-good.json");
    let options = Options {
        last_good: Some(copy.clone()),
        ..Options::default()
    };
    write(&place.path, &spec(3));
    drop(Router::open(&place.path, options.clone()).unwrap());
    write(&place.path, "{");
    let router = Router::open(&place.path, options.clone()).unwrap();
    assert_eq!(router.generation(), 3);
    assert_eq!(router.last_error().unwrap().kind(), ErrorKind::SpecSyntax);
    assert_eq!(router.metrics().reloads.rejected, 1);
    write(&place.path, &spec(4));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
    assert_eq!(fs::read_to_string(&copy).unwrap(), spec(4));
    // Without a copy the error is the caller's; with a bad one it is the file's.
    write(&place.path, "{");
    assert_eq!(
        Router::open(&place.path, Options::default())
            .unwrap_err()
            .kind(),
        ErrorKind::SpecSyntax
    );
    fs::write(&copy, "[").unwrap();
    let error = Router::open(&place.path, options).unwrap_err();
    assert!(error.to_string().contains("cache.json"), "{error}");
}

#[test]
fn a_copy_that_could_not_be_written_is_told_and_written_later() {
    let place = place();
    let directory = place.path.with_file_name("later");
    let copy = directory.join("last-good.json");
    write(&place.path, &spec(3));
    let options = Options {
        last_good: Some(copy.clone()),
        ..Options::default()
    };
    let router = Router::open(&place.path, options).unwrap();
    for _ in 0..2 {
        assert_eq!(router.last_error().unwrap().kind(), ErrorKind::Io);
        assert!(
            router
                .metrics()
                .reloads
                .last_good_error
                .unwrap()
                .contains("last-good.json")
        );
        assert_eq!(router.metrics().reloads.last_error, None);
        assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    }
    fs::create_dir(&directory).unwrap();
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(router.last_error(), None);
    assert_eq!(fs::read_to_string(&copy).unwrap(), spec(3));
    let options = Options {
        last_good: Some(place.path.clone()),
        ..Options::default()
    };
    let error = Router::open(&place.path, options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
}

#[test]
fn routers_that_share_a_copy_never_tear_it() {
    let place = place();
    let copy = place.path.with_file_name("last-good.json");
    write(&place.path, &spec(1));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..60 {
                    let options = Options {
                        last_good: Some(copy.clone()),
                        ..Options::default()
                    };
                    let router = Router::open(&place.path, options).unwrap();
                    assert_eq!(router.last_error(), None);
                    assert_eq!(fs::read_to_string(&copy).unwrap(), spec(1));
                }
            });
        }
    });
    let left = fs::read_dir(place.path.parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
}

#[test]
fn a_refused_file_is_checked_once() {
    // Finding out how low max_load may be takes long; a poll must not do it every second.
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let tight = spec(2).replace("\"vnodes\":8", "\"vnodes\":9999,\"max_load\":1");
    write(&place.path, &tight);
    let error = router.refresh().unwrap_err();
    assert!(error.pointer().unwrap().ends_with("max_load"), "{error}");
    for _ in 0..20_000 {
        assert_eq!(router.refresh().unwrap_err(), error);
    }
    assert_eq!(router.metrics().reloads.rejected, 1);
}

#[test]
fn a_schedule_that_is_over_publishes_nothing_more() {
    let place = place();
    let cluster = |name: &str| {
        format!(
            r#""{name}":{{"placement":{{"kind":"ring"}},"nodes":[{{"id":"{name}","address":"/{name}"}}]}}"#
        )
    };
    let text = format!(
        r#"{{"format":1,"generation":1,"primary":"a","standby":"b","clusters":{{{},{}}},
            "migration":{{"id":"m","from":"a","to":"b","stage":"ramp","schedule":
              {{"start":"2020-01-01T00:00:00Z","steps":[1,100],"every":"1ms"}}}}}}"#,
        cluster("a"),
        cluster("b")
    );
    write(&place.path, &text);
    let router = open(&place.path);
    let snapshot = router.snapshot();
    assert_eq!((snapshot.weight(), snapshot.stage()), (10_000, Stage::Ramp));
    let epoch = router.epoch();
    assert_eq!(router.refresh().unwrap(), Refresh::Unchanged);
    assert_eq!(
        router.epoch(),
        epoch,
        "nothing is published when the weight stays"
    );
}

#[test]
fn nodes_stay_valid_and_the_same_while_nothing_about_them_changes() {
    let router = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
    let first = router.snapshot().nodes().next().unwrap().clone();
    let grown = spec(1)
        .replace("\"generation\":1", "\"generation\":2")
        .replace(
            "\"nodes\":[",
            "\"nodes\":[{\"id\":\"new\",\"address\":\"10.0.1.1:1\"},",
        );
    router.apply(grown.as_bytes()).unwrap();
    assert!(
        router
            .snapshot()
            .nodes()
            .any(|node| std::ptr::eq(&raw const **node, &raw const *first))
    );
    assert_eq!(router.node(first.index()).unwrap().id(), first.id());
    assert!(router.node(10_000).is_none());
}

#[test]
fn a_file_rewritten_a_thousand_times_is_never_half_read() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let (done, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let (mut applied, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    for key in 0..64u32 {
                        let (generation, id) = router.with(|snapshot| {
                            let route = snapshot.route(&key.to_le_bytes());
                            (
                                route.generation(),
                                route.read().unwrap().node().id().to_owned(),
                            )
                        });
                        assert!(
                            id.starts_with(&format!("g{generation}-")),
                            "{id} in {generation}"
                        );
                        assert!(generation >= last, "generations never fall");
                        last = generation;
                    }
                    answered.fetch_add(64, Ordering::Relaxed);
                }
            });
        }
        for generation in 2..=1_001 {
            let text = match generation % 3 {
                0 => spec(generation).replace("\"format\"", "\"farmat\""),
                _ => spec(generation),
            };
            if generation % 2 == 0 {
                write(&place.path, &text);
            } else {
                fs::write(&place.path, &text).unwrap();
            }
            match router.refresh() {
                Ok(Refresh::Applied) => applied += 1,
                Ok(Refresh::Unchanged) => panic!("generation {generation} was not seen"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::SpecInvalid, "{error}");
                    assert_eq!((error.line(), error.pointer()), (Some(2), Some("/farmat")));
                    refused += 1;
                }
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    assert_eq!((applied, refused), (667, 333));
    assert_eq!(router.metrics().reloads.rejected, 333);
    assert!(answered.into_inner() > 0);
}

#[test]
fn readers_that_race_with_a_writer_who_truncates_see_whole_specs_only() {
    // One writes in place without pause, the other refreshes without pause.
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for generation in 2..500 {
                fs::write(&place.path, spec(generation)).unwrap();
            }
            done.store(true, Ordering::Relaxed);
        });
        while !done.load(Ordering::Relaxed) {
            if let Err(error) = router.refresh() {
                assert!(
                    matches!(error.kind(), ErrorKind::SpecSyntax | ErrorKind::Io),
                    "{error}"
                );
            }
            let generation = router.generation();
            assert_eq!(spec(generation), reconstruct(&router));
        }
    });
    router.refresh().unwrap();
    assert_eq!(router.generation(), 499);
}

/// The text that must have been read, from what is in force.
fn reconstruct(router: &Router) -> String {
    let snapshot = router.snapshot();
    let ids: Vec<&str> = snapshot.nodes().map(|node| node.id()).collect();
    let generation = ids[0][1..].split('-').next().unwrap().parse().unwrap();
    assert!(
        ids.iter()
            .all(|id| id.starts_with(&format!("g{generation}-")))
    );
    spec(generation)
}

#[test]
fn a_router_that_was_dropped_leaves_nothing_behind_in_threads() {
    for round in 1..200 {
        let router = Router::from_spec(spec(round).as_bytes(), Options::default()).unwrap();
        assert_eq!(router.generation(), round);
        let snapshot = std::sync::Arc::downgrade(&router.snapshot());
        drop(router);
        let other = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
        assert_eq!(other.generation(), 1);
        assert!(
            snapshot.upgrade().is_none(),
            "the thread let go of it at the next new snapshot"
        );
    }
}

#[test]
fn reads_may_nest() {
    let one = Router::from_spec(spec(1).as_bytes(), Options::default()).unwrap();
    let two = Router::from_spec(spec(2).as_bytes(), Options::default()).unwrap();
    let sum =
        one.with(|a| two.with(|b| one.with(|c| a.generation() + b.generation() + c.generation())));
    assert_eq!(sum, 4);
}

#[test]
fn a_bad_option_is_told() {
    for region in ["", "a\nb"] {
        let options = Options {
            region: Some(region.into()),
            ..Options::default()
        };
        let error = Router::from_spec(spec(1).as_bytes(), options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn metrics_as_text_are_complete_and_end() {
    let router = Router::from_spec(spec(3).as_bytes(), Options::default()).unwrap();
    let node = router.snapshot().nodes().next().unwrap().clone();
    router.report(&node, "read".parse().unwrap(), "hit".parse().unwrap());
    let text = router.metrics_text();
    for line in [
        "ringshift_requests_total{cluster=\"c\",op=\"read\",outcome=\"hit\"} 1",
        "ringshift_breaker_state{cluster=\"c\",node=\"g3-0\"} 0",
        "ringshift_spec_generation 3",
        "ringshift_spec_reloads_total{result=\"applied\"} 1",
        "ringshift_migration_weight_ratio{region=\"\"} 0.0",
        "ringshift_migration_stage{region=\"\",stage=\"none\"} 1",
        "# TYPE ringshift_requests counter",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is missing in\n{text}"
        );
    }
    assert!(text.contains(&format!(
        "ringshift_spec_info{{digest=\"{}\"}} 1",
        router.digest()
    )));
    assert!(
        "gone"
            .parse::<ringshift::Outcome>()
            .unwrap_err()
            .to_string()
            .contains("hit, miss")
    );
}

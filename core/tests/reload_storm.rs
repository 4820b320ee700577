//! A file that is rewritten without pause, under readers that never stop.

#![allow(missing_docs, clippy::unwrap_used)]

#[path = "support/reload.rs"]
mod support;

use std::fs;
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ringshift::{ErrorKind, MAX_EVENTS, Refresh, Router};
use support::{open, place, spec, whole_generation, write};

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

/// How long the file is rewritten a hundred times a second; longer in `make soak`.
fn storm() -> Duration {
    let seconds = std::env::var("REWRITE_SECONDS").ok();
    Duration::from_secs(seconds.map_or(2, |seconds| seconds.parse().unwrap()))
}

#[test]
fn a_hundred_rewrites_a_second_and_the_good_one_after_them_within_two_refreshes() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let done = AtomicBool::new(false);
    let mut generation = 1;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let generation = whole_generation(&router);
                    assert!(generation >= last, "generations never fall");
                    last = generation;
                }
            });
        }
        // The watcher of a host.
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(15));
                let _ = router.refresh();
            }
        });
        let began = Instant::now();
        while began.elapsed() < storm() {
            for round in 0..20 {
                generation += 1;
                let good = spec(generation);
                match round % 5 {
                    0 => write(&place.path, &good),
                    1 => fs::write(&place.path, &good).unwrap(),
                    2 => write(&place.path, &good.replace("\"format\"", "\"farmat\"")),
                    3 => fs::write(&place.path, &good[..good.len() / 2]).unwrap(),
                    _ => fs::remove_file(&place.path).unwrap(),
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            generation += 1;
            write(&place.path, &spec(generation));
            let refreshes = || router.metrics().reloads.refreshes;
            // One may have begun before the file was there.
            let enough = refreshes() + 2;
            while refreshes() < enough {
                std::thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(whole_generation(&router), generation);
        }
        done.store(true, Ordering::Relaxed);
    });
    let reloads = router.metrics().reloads;
    assert!(reloads.rejected > 0 && reloads.applied > 2, "{reloads:?}");
    let events = router.events(0);
    assert!(events.len() <= MAX_EVENTS, "however long it went on");
    let numbers: Vec<u64> = events.iter().map(|event| event.sequence).collect();
    assert!(numbers.windows(2).all(|two| two[1] == two[0] + 1));
}

#[test]
fn a_writer_that_takes_its_time_is_waited_for() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    for generation in 2..5 {
        let text = spec(generation);
        let mut file = fs::File::create(&place.path).unwrap();
        for part in text.as_bytes().chunks(7) {
            let error = router.refresh().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SpecSyntax, "{error}");
            assert_eq!(whole_generation(&router), generation - 1);
            file.write_all(part).unwrap();
        }
        assert_eq!(router.refresh().unwrap(), Refresh::Applied);
        assert_eq!(whole_generation(&router), generation);
    }
}

#[test]
fn a_file_that_grows_without_end_is_left_in_time() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let done = AtomicBool::new(false);
    fs::write(&place.path, spec(2).trim_end().trim_end_matches('}')).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = fs::File::options().append(true).open(&place.path).unwrap();
            while !done.load(Ordering::Relaxed) {
                file.write_all(&[b' '; 8 << 10]).unwrap();
            }
        });
        // While it is short it changes or is cut off, then it is too long for good.
        loop {
            let error = router.refresh().unwrap_err();
            assert_eq!(whole_generation(&router), 1);
            match error.kind() {
                ErrorKind::SpecLimit => break,
                kind => assert!(
                    matches!(kind, ErrorKind::Io | ErrorKind::SpecSyntax),
                    "{error}"
                ),
            }
        }
        done.store(true, Ordering::Relaxed);
    });
    write(&place.path, &spec(3));
    assert_eq!(router.refresh().unwrap(), Refresh::Applied);
}

#[cfg(unix)]
#[test]
fn a_file_that_becomes_a_fifo_while_it_is_opened_holds_nobody_up() {
    let place = place();
    write(&place.path, &spec(1));
    let router = open(&place.path);
    let (fifo, file) = (place.beside("fifo"), place.beside("file"));
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    fs::write(&file, spec(1)).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let new = place.beside("new");
            while !done.load(Ordering::Relaxed) {
                for kept in [&fifo, &file] {
                    fs::hard_link(kept, &new).unwrap();
                    fs::rename(&new, &place.path).unwrap();
                }
            }
        });
        let (mut found, mut refused) = (0, 0);
        for _ in 0..20_000 {
            match router.refresh() {
                Ok(_) => found += 1,
                Err(error) => {
                    assert!(error.to_string().contains("FIFO"), "{error}");
                    refused += 1;
                }
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(found > 0 && refused > 0, "{found} {refused}");
    });
}

//! Every target over its committed seeds and over random changes of these, the same in every run.

use std::fs;
use std::path::Path;

use ringshift_fuzz::mutate::{Random, mutated};
use ringshift_fuzz::{TARGETS, Target};

/// Changed inputs for each target; `RINGSHIFT_FUZZ_INPUTS` says otherwise.
const INPUTS: u64 = 20_000;

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(name);
    let mut files: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn replay(name: &str) {
    let seeds = seeds(name);
    assert!(seeds.len() >= 8, "{name} has {} seeds", seeds.len());
    let target: Target = TARGETS.iter().find(|target| target.0 == name).unwrap().1;
    target(b"");
    for seed in &seeds {
        target(seed);
    }
    let inputs =
        std::env::var("RINGSHIFT_FUZZ_INPUTS").map_or(INPUTS, |inputs| inputs.parse().unwrap());
    for number in 0..inputs {
        let mut random = Random::new(number);
        let (one, other) = (
            number as usize % seeds.len(),
            number as usize * 7 % seeds.len(),
        );
        let input = mutated(&seeds[one], &seeds[other], &mut random);
        // The input of a failure is told, so that it can become a seed.
        let failed = std::panic::catch_unwind(|| target(&input)).is_err();
        assert!(
            !failed,
            "input {number} of {name}: {}",
            input.escape_ascii()
        );
    }
}

#[test]
fn spec() {
    replay("spec");
}

#[test]
fn keys() {
    replay("keys");
}

#[test]
fn legacy() {
    replay("legacy");
}

#[test]
fn changes() {
    replay("changes");
}

#[test]
fn calls() {
    replay("calls");
}

#[test]
fn every_target_has_seeds_and_no_seeds_are_without() {
    let mut named: Vec<String> = TARGETS.iter().map(|target| target.0.to_owned()).collect();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut found: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    named.sort();
    found.sort();
    assert_eq!(named, found);
}

//! Runs scenarios, and says what came out.

use crate::scenario::{Scenario, all, broken, cold_switch, kept, ramp};
use crate::world::{Size, Step, World, seconds};

/// As in `make test`.
pub const QUICK: Size = Size {
    processes: 200,
    lanes: 2,
    keys: 1_000,
    rest: 100_000,
    writes: 0.1,
    ttl: 600_000_000,
    origin: (64, 4_000),
    adoption: 0,
};

/// As in `make soak`.
pub const WIDE: Size = Size {
    processes: 400,
    lanes: 4,
    keys: 4_000,
    ..QUICK
};

/// What a run says in one line, the same for the same seed.
fn line(scenario: &Scenario, seed: u64, world: &World) -> String {
    let all = &world.total;
    let peak = world
        .seconds
        .iter()
        .map(|second| second.loads)
        .max()
        .unwrap_or(0);
    let hits = 100 * all.hits / all.reads.max(1);
    format!(
        "{:<32} {seed:>4} {:>8} {:>7} {hits:>4} % {peak:>9} {:>6} {:>7} {:>6.1} s",
        scenario.name,
        all.reads,
        all.writes,
        all.lost,
        all.stale,
        seconds(world.engine.now)
    )
}

const HEAD: &str = "scenario                         seed    reads  writes   hits  origin/s   lost   stale   lasted";

/// Whether all rules kept means no stale read, each broken rule means some, and a seed decides everything.
pub fn check(size: Size, seeds: u64) -> bool {
    let mut faults = Vec::new();
    let (mut reads, mut passed) = (0, 0);
    println!("{HEAD}");
    for scenario in kept() {
        for seed in 1..=seeds {
            let world = scenario.run(seed, size);
            println!("{}", line(&scenario, seed, &world));
            reads += world.total.reads;
            match &world.first_stale {
                Some(first) => faults.push(format!(
                    "{}: {first}; see: {}",
                    scenario.name,
                    command(&scenario, seed)
                )),
                None => passed += 1,
            }
        }
    }
    println!("\nbroken rules");
    for scenario in broken() {
        let (mut stale, mut all) = (0, 0);
        for seed in 1..=seeds {
            let world = scenario.run(seed, size);
            println!("{}", line(&scenario, seed, &world));
            stale += world.total.stale;
            all += world.total.reads;
        }
        #[allow(clippy::cast_precision_loss)] // for people
        let share = stale as f64 / all as f64 * 1e6;
        println!("{:<32} {share:.0} stale reads in a million", "");
        if stale == 0 {
            faults.push(format!(
                "{}: no stale read is found, so none could be",
                scenario.name
            ));
        } else {
            passed += 1;
        }
    }
    let scenario = &kept()[1];
    let again = || line(scenario, 1, &scenario.run(1, size));
    if again() == again() {
        passed += 1;
    } else {
        faults.push("the same seed gave another run".to_owned());
    }
    println!("\n{reads} reads with all rules kept");
    for fault in &faults {
        println!("FAILED {fault}");
    }
    println!("{passed} passed, {} failed", faults.len());
    faults.is_empty()
}

fn command(scenario: &Scenario, seed: u64) -> String {
    format!("cargo run --release -- replay '{}' {seed}", scenario.name)
}

/// One run again, second by second.
pub fn replay(name: &str, seed: u64) -> bool {
    let Some(scenario) = all().into_iter().find(|scenario| scenario.name == name) else {
        let names: Vec<&str> = all().iter().map(|scenario| scenario.name).collect();
        eprintln!(
            "there is no scenario {name}; use one of: {}",
            names.join(", ")
        );
        return false;
    };
    let world = scenario.run(seed, QUICK);
    println!("second  reads   hits origin/s writes  lost stale");
    for (second, counts) in world.seconds.iter().enumerate() {
        let hits = 100 * counts.hits / counts.reads.max(1);
        println!(
            "{second:>6} {:>6} {hits:>4} % {:>8} {:>6} {:>5} {:>5}",
            counts.reads, counts.loads, counts.writes, counts.lost, counts.stale
        );
    }
    println!("{HEAD}\n{}", line(&scenario, seed, &world));
    if let Some(first) = &world.first_stale {
        println!("{first}");
    }
    true
}

/// The fleet of the question how long a ramp should take: far more keys than are asked for within a few seconds.
const RAMPED: Size = Size {
    processes: 200,
    lanes: 2,
    keys: 20_000,
    rest: 60_000,
    writes: 0.02,
    ttl: 600_000_000,
    origin: (256, 2_000),
    adoption: 0,
};

/// Seconds before anything changes, in which the caches fill.
const BEFORE: u8 = 30;

/// What a change costs: the origin's requests a second before it, and in the worst second after; the lowest hit rate.
fn cost(steps: &[Step]) -> (u64, u64, u64) {
    let (mut usual, mut peak, mut lowest) = (0, 0, 100);
    for seed in 1..=3 {
        let world = kept()[0].run_steps(seed, RAMPED, steps.to_vec());
        let (before, after) = world.seconds.split_at(usize::from(BEFORE));
        let last: Vec<u64> = before
            .iter()
            .rev()
            .take(5)
            .map(|counts| counts.loads)
            .collect();
        usual = usual.max(last.iter().sum::<u64>() / last.len() as u64);
        // What is left of the last second is no second.
        for counts in after.iter().rev().skip(2) {
            peak = peak.max(counts.loads);
            lowest = lowest.min(100 * counts.hits / counts.reads.max(1));
        }
    }
    (usual, peak, lowest)
}

/// How long a ramp has to take so that the origin gets no more than so many requests a second.
pub fn ramps() -> bool {
    const SECONDS: [u32; 8] = [1, 2, 4, 8, 16, 32, 64, 128];
    const BUDGETS: [f64; 5] = [1.2, 1.5, 2.0, 2.5, 3.0];
    println!("ramp     origin before  peak after  lowest hit rate");
    let (usual, peak, lowest) = cost(&cold_switch(f64::from(BEFORE)));
    println!("hash % N {usual:>12}/s {peak:>9}/s {lowest:>13} %");
    let mut costs = Vec::new();
    for over in SECONDS {
        let (usual, peak, lowest) = cost(&ramp(f64::from(BEFORE), f64::from(over)));
        println!("{over:>5} s  {usual:>12}/s {peak:>9}/s {lowest:>13} %");
        #[allow(clippy::cast_precision_loss)] // thousands
        costs.push((over, peak as f64 / usual as f64));
    }
    println!("\nbudget of the origin   shortest ramp");
    for budget in BUDGETS {
        let enough = costs.iter().find(|(_, factor)| *factor <= budget);
        let shortest = enough.map_or("none of these".to_owned(), |(over, _)| format!("{over} s"));
        println!("{budget:>9} x as before   {shortest:>13}");
    }
    true
}

//! Readers on several threads, and a reader while specs are put in force beside it. Each thread has a core of its own.
//!
//! What is compared takes turns, most of a second each, over and over: the machine's good and bad moments fall on all of it.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use ringshift::Router;

use crate::floors::Table;
use crate::keys::{self, Keys};
use crate::lines;
use crate::ours;
use crate::spec;

const NODES: usize = 100;
const ROUNDS: usize = 7;
const TURN: Duration = Duration::from_millis(600);
/// A hundred specs a second.
const PAUSE: Duration = Duration::from_millis(10);
/// Lookups that are timed together: one alone is shorter than asking for the time.
const GROUP: usize = 100;

/// A reader's work on a group of keys.
type Work = Arc<dyn Fn(&[&'static [u8]]) + Send + Sync>;

/// Measures both, or says why it can't.
pub fn measure() -> Result<(), String> {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let [first, second, ..] = cores[..] else {
        eprintln!("ringshift-bench: threads need two cores and are not measured");
        return Ok(());
    };
    let keys: Arc<Vec<&'static [u8]>> =
        Arc::new(Keys::new(keys::COUNT).take(keys::COUNT).collect());
    let nodes = keys::addresses(NODES);
    scaling(&nodes, &keys, [first, second])?;
    storm(&nodes, &keys, [first, second])
}

/// Routes on one thread and on two, and the same of the floor: what the machine itself gives to a second thread.
fn scaling(
    nodes: &[String],
    keys: &Arc<Vec<&'static [u8]>>,
    cores: [CoreId; 2],
) -> Result<(), String> {
    let router = ours::router(&spec::plain(nodes, 1))?;
    let table = Table::new(ours::index_bytes(nodes)?);
    let floor: Work = Arc::new(move |group| {
        for key in group {
            black_box(table.load(key));
        }
    });
    let mut rates: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        for (index, work) in [&routes(&router), &floor].into_iter().enumerate() {
            rates[index * 2].push(together(work, keys, &cores[..1]));
            rates[index * 2 + 1].push(together(work, keys, &cores));
        }
    }
    let names = [
        "ringshift: route, 1 thread",
        "ringshift: route, 2 threads",
        "floor: XXH3-64 and one load, 1 thread",
        "floor: XXH3-64 and one load, 2 threads",
    ];
    for (name, values) in names.iter().zip(&rates) {
        lines::figure(name, NODES, "million keys/s", values);
    }
    Ok(())
}

fn routes(router: &Arc<Router>) -> Work {
    let router = Arc::clone(router);
    Arc::new(move |group| {
        for key in group {
            black_box(router.with(|snapshot| ours::node(snapshot, key)));
        }
    })
}

/// How many million keys a second the cores get through together.
fn together(work: &Work, keys: &Arc<Vec<&'static [u8]>>, cores: &[CoreId]) -> f64 {
    let start = Arc::new(Barrier::new(cores.len()));
    let threads: Vec<_> = cores
        .iter()
        .enumerate()
        .map(|(index, &core)| {
            let (work, keys, start) = (Arc::clone(work), Arc::clone(keys), Arc::clone(&start));
            thread::spawn(move || {
                core_affinity::set_for_current(core);
                // Not all the same keys at the same time.
                let offset = keys.len() / 2 * index;
                read(&work, &keys, offset, Duration::from_millis(20));
                start.wait();
                read(&work, &keys, offset, TURN).rate()
            })
        })
        .collect();
    threads
        .into_iter()
        .map(|thread| thread.join().unwrap_or(0.0))
        .sum()
}

/// What a reader did in its turn.
struct Turn {
    seconds: f64,
    /// Nanoseconds of each group of keys.
    groups: Vec<u32>,
}

impl Turn {
    fn rate(&self) -> f64 {
        (self.groups.len() * GROUP) as f64 / self.seconds / 1e6
    }

    /// The time that one group in so many exceeds.
    fn one_in(&mut self, many: usize) -> f64 {
        let at = self.groups.len() * (many - 1) / many;
        f64::from(*self.groups.select_nth_unstable(at).1)
    }
}

/// Reads until the time is up.
fn read(work: &Work, keys: &[&'static [u8]], offset: usize, time: Duration) -> Turn {
    // Room for all of it: no page is asked of the system while reading.
    let mut groups = vec![0; 1 << 21];
    groups.clear();
    let start = Instant::now();
    let mut last = start;
    for group in keys[offset..]
        .chunks_exact(GROUP)
        .chain(keys.chunks_exact(GROUP).cycle())
    {
        work(group);
        let now = Instant::now();
        groups.push(now.duration_since(last).as_nanos() as u32);
        last = now;
        if now.duration_since(start) >= time {
            break;
        }
    }
    let seconds = last.duration_since(start).as_secs_f64();
    Turn { seconds, groups }
}

/// A reader alone, beside specs that are put in force in its router, and beside as many that are put in force in a router
/// that it doesn't use: what of the difference comes from sharing a machine.
fn storm(
    nodes: &[String],
    keys: &Arc<Vec<&'static [u8]>>,
    [reader, publisher]: [CoreId; 2],
) -> Result<(), String> {
    let router = ours::router(&spec::plain(nodes, 1))?;
    let other = ours::router(&spec::plain(nodes, 1))?;
    let work = routes(&router);
    let conditions = [
        ("alone", None),
        ("100 reloads a second", Some(&router)),
        ("100 reloads a second of another router", Some(&other)),
    ];
    let mut rates: [Vec<f64>; 3] = Default::default();
    let mut slow: [Vec<f64>; 3] = Default::default();
    let mut slowest: [Vec<f64>; 3] = Default::default();
    let mut reloads: Vec<f64> = Vec::new();
    for _ in 0..ROUNDS {
        for (index, (_, target)) in conditions.iter().enumerate() {
            let publishing = target.map(|router| Publisher::start(router, nodes, publisher));
            let (work, keys) = (Arc::clone(&work), Arc::clone(keys));
            let turn = thread::spawn(move || {
                core_affinity::set_for_current(reader);
                read(&work, &keys, 0, Duration::from_millis(20));
                read(&work, &keys, 0, TURN)
            });
            let mut turn = turn.join().map_err(|_| "a reader panicked")?;
            if let Some(publishing) = publishing {
                reloads.push(publishing.stop()?);
            }
            rates[index].push(turn.rate());
            slow[index].push(turn.one_in(1_000));
            // About as rare as a reload: this is what the group that meets one takes.
            slowest[index].push(turn.one_in(10_000));
        }
    }
    for (index, (name, _)) in conditions.iter().enumerate() {
        lines::figure(
            &format!("reader, {name}"),
            NODES,
            "million keys/s",
            &rates[index],
        );
        for (percentile, values) in [("p99.9", &slow[index]), ("p99.99", &slowest[index])] {
            let name = format!("reader, {name}: {percentile} of {GROUP} keys");
            lines::figure(&name, NODES, "ns", values);
        }
    }
    lines::figure("reloads beside a reader", NODES, "reloads/s", &reloads);
    let generation = router.generation();
    let last = spec::plain(&changed(nodes, generation), generation);
    let name = format!("after {generation} reloads a router answers as one built anew");
    lines::check(&name, ours::answers_as(&router, &last));
    Ok(())
}

/// The nodes of a generation: one is replaced each time. By few different ones, as a router keeps the nodes it ever had.
fn changed(nodes: &[String], generation: u64) -> Vec<String> {
    let mut nodes = nodes.to_vec();
    nodes[0] = format!("10.254.0.{}:11211", generation % 4);
    nodes
}

/// Puts one spec after the other in force until it is stopped.
struct Publisher {
    stop: Arc<AtomicBool>,
    applied: Arc<AtomicU64>,
    start: Instant,
    thread: thread::JoinHandle<Result<(), String>>,
}

impl Publisher {
    fn start(router: &Arc<Router>, nodes: &[String], core: CoreId) -> Self {
        let (stop, applied) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let thread = {
            let (router, nodes) = (Arc::clone(router), nodes.to_vec());
            let (stop, applied) = (Arc::clone(&stop), Arc::clone(&applied));
            move || {
                core_affinity::set_for_current(core);
                let mut next = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    let generation = router.generation() + 1;
                    let text = spec::plain(&changed(&nodes, generation), generation);
                    router
                        .apply(text.as_bytes())
                        .map_err(|error| error.to_string())?;
                    applied.fetch_add(1, Ordering::Relaxed);
                    next += PAUSE;
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                }
                Ok(())
            }
        };
        Self {
            stop,
            applied,
            start: Instant::now(),
            thread: thread::spawn(thread),
        }
    }

    /// How many specs a second were put in force.
    fn stop(self) -> Result<f64, String> {
        self.stop.store(true, Ordering::Relaxed);
        let applied = self.applied.load(Ordering::Relaxed) as f64;
        let seconds = self.start.elapsed().as_secs_f64();
        self.thread.join().map_err(|_| "a publisher panicked")??;
        Ok(applied / seconds)
    }
}

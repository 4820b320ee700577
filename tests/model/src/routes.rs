//! What the core answers for the key: every generation's spec is put in force in a real router, one for each region, and
//! its route is written down as entries. The model itself knows no stage.

use ringshift::{Node, Op, Options, Outcome, Router, Snapshot, Target};

use crate::situation;
use crate::state::{Entry, MAX_ENTRIES};

/// The regions of the model; the second is that of the last reader and the last writer, if a variant has regions.
pub const REGIONS: [Option<&str>; 2] = [None, Some("kr")];

/// The percents between which the key's bucket lies in every migration: `ramp:25` leaves it, `ramp:75` moves it.
const UNMOVED: u8 = 30;
const MOVED: u8 = 70;

/// Which key a variant is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    Any,
    /// One that another node owns after the migration from `O` to `N`.
    ChangesOwner,
    /// One that the same node owns before and after.
    KeepsOwner,
}

/// What a reader carries out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadRoute {
    pub read: Vec<Entry>,
    pub fallback: Vec<Entry>,
    pub fill: bool,
}

/// The answers of a generation in a region.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Routes of readers, by their number in [`Routes::reads`]: the first with all breakers closed, the others with
    /// one open.
    pub reads: Vec<u8>,
    pub invalidate: Vec<Entry>,
}

/// All answers for the generations of a variant.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    pub key: String,
    /// Address and wire key of every entry.
    pub entries: Vec<(String, String)>,
    pub reads: Vec<ReadRoute>,
    /// By generation, then by region.
    pub answers: Vec<[Answers; 2]>,
}

impl Routes {
    /// Asks the core about every situation.
    pub fn ask(situations: &[String], key: Key, breakers: bool) -> Self {
        let mut routes = Self {
            key: find_key(situations, key),
            answers: vec![<[Answers; 2]>::default(); situations.len()],
            ..Self::default()
        };
        for (region, name) in REGIONS.iter().enumerate() {
            let fleet = router(&situation::spec(&situations[0], 0), *name);
            for (generation, situation) in situations.iter().enumerate() {
                let text = situation::spec(situation, generation);
                if generation > 0 {
                    (fleet.apply(text.as_bytes()))
                        .unwrap_or_else(|error| panic!("{situation}: {error}"));
                }
                let mut answers = routes.answer(&fleet.snapshot());
                if breakers {
                    routes.add_with_breakers(&mut answers, &text, *name);
                }
                routes.answers[generation][region] = answers;
            }
        }
        routes
    }

    fn answer(&mut self, snapshot: &Snapshot) -> Answers {
        let key = self.key.clone();
        let route = snapshot.route(key.as_bytes());
        Answers {
            invalidate: route.invalidate().map(|node| self.entry(node)).collect(),
            reads: vec![self.read_route(snapshot)],
        }
    }

    /// Adds what readers are answered while the breaker of one node is open.
    fn add_with_breakers(&mut self, answers: &mut Answers, text: &str, region: Option<&str>) {
        let nodes = router(text, region).snapshot().nodes().count();
        for position in 0..nodes {
            // Nothing but time closes a breaker, so each case has a router of its own.
            let router = router(text, region);
            let snapshot = router.snapshot();
            if let Some(node) = snapshot.nodes().nth(position) {
                router.report(node, Op::Read, Outcome::Timeout);
            }
            let number = self.read_route(&snapshot);
            if !answers.reads.contains(&number) {
                answers.reads.push(number);
            }
        }
    }

    /// The number of the key's route as a reader sees it; equal routes have equal numbers.
    fn read_route(&mut self, snapshot: &Snapshot) -> u8 {
        let key = self.key.clone();
        let route = snapshot.route(key.as_bytes());
        let read = ReadRoute {
            read: self.target(route.read()),
            fallback: self.target(route.fallback()),
            fill: route.fill(),
        };
        let known = self.reads.iter().position(|other| *other == read);
        let number = known.unwrap_or_else(|| {
            self.reads.push(read);
            self.reads.len() - 1
        });
        u8::try_from(number).expect("few routes")
    }

    fn target(&mut self, target: Option<Target<'_>>) -> Vec<Entry> {
        let nodes = target.iter().flat_map(Target::nodes);
        nodes.map(|node| self.entry(node)).collect()
    }

    /// An entry is a wire key at an address, whatever cluster and node are called.
    fn entry(&mut self, node: &Node) -> Entry {
        let entry = (
            node.address().to_owned(),
            format!("{}{}", node.key_prefix(), self.key),
        );
        let known = self.entries.iter().position(|other| *other == entry);
        let number = known.unwrap_or_else(|| {
            self.entries.push(entry);
            self.entries.len() - 1
        });
        assert!(
            number < MAX_ENTRIES,
            "more entries than a state has room for"
        );
        u8::try_from(number).expect("few entries")
    }

    /// An entry for people.
    pub fn name(&self, entry: Entry) -> String {
        let (address, wire_key) = &self.entries[usize::from(entry)];
        format!(
            "{}/{}",
            address.trim_start_matches('/'),
            wire_key.trim_end_matches(&self.key)
        )
    }
}

fn router(spec: &str, region: Option<&str>) -> Router {
    let options = Options {
        region: region.map(str::to_owned),
        ..Options::default()
    };
    Router::from_spec(spec.as_bytes(), options).unwrap_or_else(|error| panic!("{spec}: {error}"))
}

/// The first key that is moved and unmoved where it should be.
fn find_key(situations: &[String], wanted: Key) -> String {
    let mut directions: Vec<&str> = situations
        .iter()
        .filter_map(|one| situation::direction(one))
        .collect();
    directions.sort_unstable();
    directions.dedup();
    let ramps: Vec<_> = (directions.iter())
        .flat_map(|direction| [(direction, UNMOVED, false), (direction, MOVED, true)])
        .map(|(direction, percent, moved)| {
            let situation = format!("{direction} ramp:{percent}");
            (
                router(&situation::spec(&situation, 0), None).snapshot(),
                moved,
            )
        })
        .collect();
    let (old, new) = (
        router(&situation::spec("O", 0), None).snapshot(),
        router(&situation::spec("N", 0), None).snapshot(),
    );
    let owner = |snapshot: &Snapshot, key: &str| {
        snapshot
            .node(key.as_bytes())
            .map(|node| node.id().to_owned())
    };
    (0..1_000_000)
        .map(|number| format!("k{number}"))
        .find(|key| {
            (ramps.iter()).all(|(snapshot, moved)| snapshot.route(key.as_bytes()).moved() == *moved)
                && match wanted {
                    Key::Any => true,
                    Key::ChangesOwner => owner(&old, key) != owner(&new, key),
                    Key::KeepsOwner => owner(&old, key) == owner(&new, key),
                }
        })
        .expect("one of a million keys has the right buckets")
}

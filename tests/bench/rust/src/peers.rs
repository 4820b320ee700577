//! The peers, each as its documentation shows it, with as many points a node as ours where it has points.

use std::collections::HashMap;
use std::hash::RandomState;
use std::net::SocketAddr;
use std::sync::Arc;

use anchorhash::{AnchorHash, Builder};
use conhash::ConsistentHash;
use hashring::HashRing;
use hrw::Rendezvous;
use pingora_ketama::{Bucket, Continuum, Version};

use crate::keys::POINTS;
use crate::measure::{Owner, Subject};
use crate::spec::with_one_more;

/// The crates that are measured here, for the record of their versions.
pub const CRATES: [&str; 5] = ["anchorhash", "conhash", "hashring", "hrw", "pingora-ketama"];

pub fn subjects(nodes: &[String]) -> Result<Vec<Subject>, String> {
    let points = POINTS as u32;
    let second = Version::V2 {
        point_multiple: points,
    };
    Ok(vec![
        ketama("pingora-ketama", nodes, Version::V1)?,
        ketama("pingora-ketama v2", nodes, second)?,
        hash_ring(nodes),
        anchor(nodes)?,
        con_hash(nodes),
        rendezvous(nodes),
    ])
}

fn ketama(name: &'static str, nodes: &[String], version: Version) -> Result<Subject, String> {
    let addresses: Vec<SocketAddr> = with_one_more(nodes)
        .iter()
        .map(|text| text.parse().map_err(|_| format!("{text} is no address")))
        .collect::<Result<_, _>>()?;
    let count = nodes.len();
    let ring = move |addresses: &[SocketAddr]| {
        let buckets: Vec<Bucket> = addresses
            .iter()
            .map(|address| Bucket::new(*address, 1))
            .collect();
        Continuum::new_with_version(&buckets, version)
    };
    let places: Arc<HashMap<SocketAddr, usize>> = {
        let numbered = addresses.iter().enumerate();
        Arc::new(numbered.map(|(place, address)| (*address, place)).collect())
    };
    let timed = Arc::new(ring(&addresses[..count]));
    let place = |ring: &Continuum, places: &HashMap<SocketAddr, usize>, key: &[u8]| {
        ring.node(key)
            .map_or(usize::MAX, |address| places[&address])
    };
    let owner = {
        let (ring, places) = (Arc::clone(&timed), Arc::clone(&places));
        move |key: &'static [u8]| place(&ring, &places, key)
    };
    let grown = move || -> Result<Owner, String> {
        let (ring, places) = (ring(&addresses), Arc::clone(&places));
        Ok(Box::new(move |key| place(&ring, &places, key)))
    };
    Ok(Subject::new(name, move |key| timed.node(key)).with_placement(owner, grown))
}

/// The crate takes one point a node: the points are given to it as nodes.
#[derive(Clone, Copy, Hash)]
struct Point {
    node: u32,
    // Only its hash matters.
    #[allow(dead_code)]
    number: u32,
}

fn hash_ring(nodes: &[String]) -> Subject {
    let count = nodes.len();
    let ring = |count: usize| {
        let mut ring: HashRing<Point> = HashRing::new();
        let points = |node: u32| (0..POINTS as u32).map(move |number| Point { node, number });
        ring.batch_add((0..count as u32).flat_map(points).collect());
        ring
    };
    let place = |ring: &HashRing<Point>, key: &[u8]| {
        ring.get(&key)
            .map_or(usize::MAX, |point| point.node as usize)
    };
    let timed = Arc::new(ring(count));
    let counted = Arc::clone(&timed);
    Subject::new("hashring", move |key| {
        timed.get(&key).map(|point| point.node)
    })
    .with_placement(
        move |key| place(&counted, key),
        move || {
            let ring = ring(count + 1);
            Ok(Box::new(move |key| place(&ring, key)))
        },
    )
}

type Anchor = AnchorHash<&'static [u8], u16, RandomState>;

fn anchor(nodes: &[String]) -> Result<Subject, String> {
    let count =
        u16::try_from(nodes.len()).map_err(|_| "anchorhash has room for 65535 nodes".to_owned())?;
    // Its hash is another one in every process, but it has to be the same before and after.
    let hasher = RandomState::new();
    // Room for as many again, as a service that means to grow would leave.
    let build = move || -> Anchor {
        Builder::with_hasher(hasher.clone())
            .with_resources(0..count)
            .build(count.saturating_mul(2))
    };
    let place = |ring: &Anchor, key| {
        ring.get_resource(key)
            .map_or(usize::MAX, |&node| node.into())
    };
    let timed = Arc::new(build());
    let counted = Arc::clone(&timed);
    let subject = Subject::new("anchorhash", move |key| timed.get_resource(key).copied());
    Ok(subject.with_placement(
        move |key| place(&counted, key),
        move || {
            let mut ring = build();
            ring.add_resource(count)
                .map_err(|error| format!("anchorhash: {error:?}"))?;
            Ok(Box::new(move |key| place(&ring, key)))
        },
    ))
}

#[derive(Clone)]
struct Named {
    place: usize,
    name: String,
}

impl conhash::Node for Named {
    fn name(&self) -> String {
        self.name.clone()
    }
}

fn con_hash(nodes: &[String]) -> Subject {
    let ring = |nodes: &[String]| {
        let mut ring = ConsistentHash::new();
        for (place, name) in nodes.iter().enumerate() {
            let name = name.clone();
            ring.add(&Named { place, name }, POINTS);
        }
        ring
    };
    let place = |ring: &ConsistentHash<Named>, key: &[u8]| {
        ring.get(key).map_or(usize::MAX, |node| node.place)
    };
    let more = with_one_more(nodes);
    let timed = Arc::new(ring(nodes));
    let counted = Arc::clone(&timed);
    Subject::new("conhash", move |key| timed.get(key).map(|node| node.place)).with_placement(
        move |key| place(&counted, key),
        move || {
            let ring = ring(&more);
            Ok(Box::new(move |key| place(&ring, key)))
        },
    )
}

fn rendezvous(nodes: &[String]) -> Subject {
    let count = nodes.len();
    let place = |scores: &Rendezvous<usize>, key: &[u8]| {
        scores.pick_top(&key).copied().unwrap_or(usize::MAX)
    };
    let timed = Arc::new(Rendezvous::from_nodes(0..count));
    let (counted, base) = (Arc::clone(&timed), Arc::clone(&timed));
    Subject::new("hrw (rendezvous)", move |key| timed.pick_top(&key).copied()).with_placement(
        move |key| place(&counted, key),
        move || {
            // A copy, since its hash is another one for each that is made.
            let mut scores = Rendezvous::clone(&base);
            scores.add_node(count);
            Ok(Box::new(move |key| place(&scores, key)))
        },
    )
}

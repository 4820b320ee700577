//! The peers, each as its documentation shows it, with as many points a node as ours where it has points.

use std::collections::HashMap;
use std::hash::RandomState;
use std::net::SocketAddr;

use anchorhash::{AnchorHash, Builder};
use conhash::ConsistentHash;
use hashring::HashRing;
use hrw::Rendezvous;
use pingora_ketama::{Bucket, Continuum, Version};

use crate::keys::POINTS;
use crate::measure::Subject;

/// The crates that are measured here, for the record of their versions.
pub const CRATES: [&str; 5] = ["anchorhash", "conhash", "hashring", "hrw", "pingora-ketama"];

/// Some peers need seconds for a thousand nodes and more; these numbers of nodes are as far as they go.
const CONHASH_LIMIT: usize = 1_000;
const HRW_LIMIT: usize = 1_000;

pub fn subjects(nodes: &[String]) -> Result<Vec<Subject>, String> {
    let mut subjects = vec![
        ketama("pingora-ketama", nodes, Version::V1)?,
        ketama(
            "pingora-ketama v2",
            nodes,
            Version::V2 {
                point_multiple: POINTS as u32,
            },
        )?,
        hash_ring(nodes),
        anchor(nodes)?,
    ];
    if nodes.len() <= CONHASH_LIMIT {
        subjects.push(con_hash(nodes));
    }
    if nodes.len() <= HRW_LIMIT {
        subjects.push(rendezvous(nodes));
    }
    Ok(subjects)
}

fn ketama(name: &'static str, nodes: &[String], version: Version) -> Result<Subject, String> {
    let addresses: Vec<SocketAddr> = nodes
        .iter()
        .map(|text| text.parse().map_err(|_| format!("{text} is no address")))
        .collect::<Result<_, _>>()?;
    let places: HashMap<SocketAddr, usize> = addresses
        .iter()
        .enumerate()
        .map(|(place, address)| (*address, place))
        .collect();
    let buckets: Vec<Bucket> = addresses
        .iter()
        .map(|address| Bucket::new(*address, 1))
        .collect();
    let timed = Continuum::new_with_version(&buckets, version);
    let counted = Continuum::new_with_version(&buckets, version);
    Ok(Subject::new(name, move |key| timed.node(key))
        .with_balance(move |key| counted.node(key).map_or(0, |address| places[&address])))
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
    let ring = || {
        let mut ring: HashRing<Point> = HashRing::new();
        let points = |node: u32| (0..POINTS as u32).map(move |number| Point { node, number });
        ring.batch_add((0..nodes.len() as u32).flat_map(points).collect());
        ring
    };
    let (timed, counted) = (ring(), ring());
    Subject::new("hashring", move |key| {
        timed.get(&key).map(|point| point.node)
    })
    .with_balance(move |key| counted.get(&key).map_or(0, |point| point.node as usize))
}

fn anchor(nodes: &[String]) -> Result<Subject, String> {
    let count =
        u16::try_from(nodes.len()).map_err(|_| "anchorhash has room for 65535 nodes".to_owned())?;
    // Room for as many again, as a service that means to grow would leave.
    let build = move || -> AnchorHash<&'static [u8], u16, RandomState> {
        Builder::default()
            .with_resources(0..count)
            .build(count.saturating_mul(2))
    };
    let (timed, counted) = (build(), build());
    Ok(
        Subject::new("anchorhash", move |key| timed.get_resource(key).copied()).with_balance(
            move |key| {
                counted
                    .get_resource(key)
                    .map_or(0, |node| usize::from(*node))
            },
        ),
    )
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
    let ring = || {
        let mut ring = ConsistentHash::new();
        for (place, name) in nodes.iter().enumerate() {
            ring.add(
                &Named {
                    place,
                    name: name.clone(),
                },
                POINTS,
            );
        }
        ring
    };
    let (timed, counted) = (ring(), ring());
    Subject::new("conhash", move |key| timed.get(key).map(|node| node.place))
        .with_balance(move |key| counted.get(key).map_or(0, |node| node.place))
}

fn rendezvous(nodes: &[String]) -> Subject {
    let (timed, counted) = (
        Rendezvous::from_nodes(0..nodes.len()),
        Rendezvous::from_nodes(0..nodes.len()),
    );
    Subject::new("hrw (rendezvous)", move |key| timed.pick_top(&key).copied())
        .with_balance(move |key| counted.pick_top(&key).copied().unwrap_or(0))
}

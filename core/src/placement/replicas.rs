//! The ordered lists of nodes that the points of a ring stand for.
//!
//! Walking up from every point until enough distinct nodes and zones are met would take quadratic
//! time when a zone is rare. Instead the points are passed from the top down while two lists keep
//! nodes and zones in the order in which a walk upwards would meet them: each point moves its node
//! and its zone to the front.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use crate::limits::MAX_REPLICAS;

/// Lists of nodes, all of the same length, numbered by slot.
#[derive(Debug)]
pub(crate) struct Replicas {
    length: usize,
    /// `length` node positions for each slot, one list after the other.
    nodes: Vec<u32>,
}

impl Replicas {
    /// One list for each node: the node itself.
    pub(crate) fn single(nodes: usize) -> Self {
        Self {
            length: 1,
            nodes: (0u32..).take(nodes).collect(),
        }
    }

    /// The lists along a ring: `walk` are the nodes whose points they are, in ascending order,
    /// `owners` the nodes that own the arcs below them, `zones` the zone of each node. Gives the
    /// lists and the slot of each point.
    pub(crate) fn along<'a>(
        walk: &[u32],
        owners: &'a [u32],
        zones: &[u32],
        replicas: usize,
    ) -> (Self, Cow<'a, [u32]>) {
        if replicas == 1 {
            return (Self::single(zones.len()), Cow::Borrowed(owners));
        }
        let mut nodes = Recency::new(zones.len());
        // The node that a walk meets first in each zone.
        let mut zone_nodes = vec![0u32; zones.iter().max().map_or(0, |zone| *zone as usize + 1)];
        let mut zone_order = Recency::new(zone_nodes.len());
        let mut lists = Lists::default();
        let mut slots = vec![0u32; owners.len()];
        // The first round only learns what a walk across the wrap would meet.
        for round in 0..2 {
            for (position, &node) in walk.iter().enumerate().rev() {
                let zone = zones[node as usize];
                nodes.touch(node);
                zone_order.touch(zone);
                zone_nodes[zone as usize] = node;
                if round == 0 {
                    continue;
                }
                let owner = owners[position];
                let own_zone = zones[owner as usize];
                let fresh = zone_order
                    .iter()
                    .filter(|&zone| zone != own_zone)
                    .map(|zone| zone_nodes[zone as usize]);
                let (list, length) = list(owner, fresh, nodes.iter(), replicas);
                slots[position] = lists.number(&list[..length]);
            }
        }
        let lists = lists.all;
        // With a single node that has points every list is that node, whatever its position.
        if lists.length == 1 {
            return (Self::single(zones.len()), Cow::Borrowed(owners));
        }
        (lists, Cow::Owned(slots))
    }

    /// How many lists there are.
    pub(crate) fn slots(&self) -> u32 {
        (self.nodes.len() / self.length.max(1)) as u32
    }

    /// How many nodes every list has.
    #[inline]
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// The first node of a slot.
    #[inline]
    pub(crate) fn first(&self, slot: u32) -> u32 {
        // A list of one is its own number; see `single`.
        if self.length == 1 {
            slot
        } else {
            self.nodes[slot as usize * self.length]
        }
    }

    /// Bytes of all that a lookup may read.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.nodes[..])
    }

    /// The nodes of a slot, in read order.
    #[inline]
    pub(crate) fn nodes(&self, slot: u32) -> &[u32] {
        let start = slot as usize * self.length;
        &self.nodes[start..start + self.length]
    }
}

/// Lists that are numbered in the order in which they are first met. Many points have one list, and many lists are
/// met by one point only; so none is kept twice, and none costs an allocation of its own.
struct Lists {
    all: Replicas,
    /// The number of a list by its hash, or by the next number that is free.
    known: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    /// A spec can't choose lists that share a hash, not knowing its key.
    keyed: RandomState,
}

impl Default for Lists {
    fn default() -> Self {
        Self {
            all: Replicas {
                length: 1,
                nodes: Vec::new(),
            },
            known: HashMap::default(),
            keyed: RandomState::new(),
        }
    }
}

impl Lists {
    fn number(&mut self, list: &[u32]) -> u32 {
        let mut hash = self.keyed.hash_one(list);
        while let Some(&number) = self.known.get(&hash) {
            if self.all.nodes(number) == list {
                return number;
            }
            hash = hash.wrapping_add(1);
        }
        self.all.length = list.len();
        let number = self.all.slots();
        self.all.nodes.extend_from_slice(list);
        self.known.insert(hash, number);
        number
    }
}

/// Numbers that are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0 << 8 | u64::from(byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// First the owner, then the nearest node of each further zone, then the nearest of the rest; and how many they are.
fn list(
    owner: u32,
    of_further_zones: impl Iterator<Item = u32>,
    all: impl Iterator<Item = u32>,
    replicas: usize,
) -> ([u32; MAX_REPLICAS], usize) {
    let mut list = [owner; MAX_REPLICAS];
    let mut length = 1;
    for node in of_further_zones.take(replicas - 1) {
        list[length] = node;
        length += 1;
    }
    for node in all {
        if length == replicas {
            break;
        }
        if !list[..length].contains(&node) {
            list[length] = node;
            length += 1;
        }
    }
    (list, length)
}

/// Numbers in the order in which they were last touched, most recent first; a doubly linked list
/// in two arrays, so that moving one to the front takes constant time.
struct Recency {
    head: u32,
    next: Vec<u32>,
    previous: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Recency {
    fn new(length: usize) -> Self {
        Self {
            head: NONE,
            next: vec![NONE; length],
            previous: vec![NONE; length],
        }
    }

    fn touch(&mut self, number: u32) {
        if self.head == number {
            return;
        }
        let (previous, next) = (self.previous[number as usize], self.next[number as usize]);
        if previous != NONE {
            self.next[previous as usize] = next;
            if next != NONE {
                self.previous[next as usize] = previous;
            }
        }
        if self.head != NONE {
            self.previous[self.head as usize] = number;
        }
        self.previous[number as usize] = NONE;
        self.next[number as usize] = self.head;
        self.head = number;
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        let mut number = self.head;
        std::iter::from_fn(move || {
            let current = (number != NONE).then_some(number)?;
            number = self.next[current as usize];
            Some(current)
        })
    }
}

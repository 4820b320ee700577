//! The library itself: a key's node in a snapshot that is kept, and the whole route, without and in the middle of a
//! migration. What is given out is the node; nobody looks into it.

use std::sync::Arc;

use ringshift::{NO_NODE, Node, Options, Router, Snapshot};

use crate::capi::CRouter;
use crate::keys::Keys;
use crate::lines;
use crate::measure::{Owner, Subject};
use crate::spec;

/// Keys that every way of asking is asked about.
const CHECKED: usize = 20_000;

/// Bytes of a sorted point and the number of its node.
const SORTED_POINT: u64 = 10;

pub fn subjects(nodes: &[String]) -> Result<Vec<Subject>, String> {
    let plain = router(&spec::plain(nodes, 1))?;
    let migrating = router(&spec::migrating(nodes))?;
    let (snapshot, indices) = (plain.snapshot(), plain.snapshot());
    let more = spec::with_one_more(nodes);
    let grown = move || -> Result<Owner, String> {
        let router = router(&spec::plain(&more, 1))?;
        Ok(Box::new(move |key| {
            router.with(|snapshot| place(snapshot, key))
        }))
    };
    let owner = {
        let router = Arc::clone(&plain);
        move |key: &[u8]| router.with(|snapshot| place(snapshot, key))
    };
    Ok(vec![
        Subject::new("ringshift: lookup", move |key| {
            snapshot.node(key).map(Arc::as_ptr)
        })
        .with_placement(owner, grown)
        .ours(),
        Subject::new("ringshift: lookup of a node's index", move |key| {
            indices.index(key)
        }),
        Subject::new("ringshift: route", move |key| {
            plain.with(|snapshot| node(snapshot, key))
        }),
        Subject::new("ringshift: route, migrating", move |key| {
            migrating.with(|snapshot| {
                let route = snapshot.route(key);
                // What it takes to ask the first node, and to know whether a miss goes on to another.
                let read = route.read().map(|target| Arc::as_ptr(target.node()));
                (read, route.fill())
            })
        }),
    ])
}

pub fn router(text: &str) -> Result<Arc<Router>, String> {
    let router = Router::from_spec(text.as_bytes(), Options::default())
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(router))
}

/// What a caller wants of a route: the node to read.
#[inline]
pub fn node(snapshot: &Snapshot, key: &[u8]) -> Option<*const Node> {
    let route = snapshot.route(key);
    route.read().map(|target| Arc::as_ptr(target.node()))
}

/// The place of a key's node in the spec, by which a new router numbers its nodes.
fn place(snapshot: &Snapshot, key: &[u8]) -> usize {
    let route = snapshot.route(key);
    route
        .read()
        .map_or(usize::MAX, |target| target.node().index() as usize)
}

/// The size of the index over a ring of these nodes: of all that finds a key's arc, but for the sorted points and their
/// nodes, which few lookups read.
pub fn index_bytes(nodes: &[String]) -> Result<u64, String> {
    let memory = router(&spec::plain(nodes, 1))?.snapshot().memory();
    let [ring] = &memory[..] else {
        return Err("a spec of one cluster has another number of placements".to_owned());
    };
    Ok(ring.bytes - ring.points * SORTED_POINT)
}

/// Every way of asking for the same keys gives the same node.
pub fn check(nodes: &[String], keys: &Keys) -> Result<(), String> {
    let plain = router(&spec::plain(nodes, 1))?;
    let snapshot = plain.snapshot();
    let c = CRouter::new(&spec::plain(nodes, 1))?;
    let batch = c.codes(keys.packed(CHECKED), CHECKED)?;
    let mut many = vec![NO_NODE; CHECKED];
    let count = snapshot.index_many(keys.take(CHECKED), &mut many);
    if count != CHECKED {
        return Err(format!("{count} of {CHECKED} keys got an index"));
    }
    let compare = || {
        for (position, key) in keys.take(CHECKED).enumerate() {
            let expected = place(&snapshot, key);
            let node = snapshot.node(key).map_or(NO_NODE, |node| node.index());
            let ways = [
                ("Snapshot::node", node as usize),
                ("Snapshot::index", snapshot.index(key) as usize),
                ("Snapshot::index_many", many[position] as usize),
                ("Router::with", plain.with(|snapshot| place(snapshot, key))),
                ("the C function", c.place(key)),
            ];
            for (way, found) in ways {
                if found != expected || found >= nodes.len() {
                    let key = String::from_utf8_lossy(key);
                    return Err(format!(
                        "{key}: node {expected} in a snapshot, {found} by {way}"
                    ));
                }
            }
            if batch[position] != snapshot.code(key).number() {
                return Err(format!("key {position} has another code in the C batch"));
            }
        }
        Ok(format!("{CHECKED} keys"))
    };
    let name = format!("all ways of asking give the same node, N = {}", nodes.len());
    lines::check(&name, compare());
    Ok(())
}

/// A router that came to this spec gives every key the node that a router built from it gives.
pub fn answers_as(router: &Router, text: &str) -> Result<String, String> {
    let fresh = self::router(text)?;
    for key in Keys::new(CHECKED).take(CHECKED) {
        let id = |router: &Router| {
            router.with(|snapshot| {
                let route = snapshot.route(key);
                route.read().map(|target| target.node().id().to_owned())
            })
        };
        if id(router) != id(&fresh) {
            let key = String::from_utf8_lossy(key);
            return Err(format!(
                "{key} has another node than in a router built anew"
            ));
        }
    }
    Ok(format!("{CHECKED} keys"))
}

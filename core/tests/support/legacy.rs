//! Clusters with the placements of existing clients, and naive versions of those placements: every
//! point is looked at, nothing is sorted, and nothing of the crate is used.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use md5::{Digest, Md5};
use ringshift::{Options, Router};
use xxhash_rust::xxh64::xxh64;

/// A node of a test's cluster. Its host is made of its number, its port is 11211 or 11212.
#[derive(Debug, Clone)]
pub struct Node {
    pub number: u8,
    pub default_port: bool,
    pub alias: Option<String>,
    pub weight: u32,
    pub down: bool,
}

impl Node {
    pub fn address(&self) -> String {
        let port = if self.default_port { 11211 } else { 11212 };
        format!("10.0.0.{}:{port}", self.number)
    }

    /// The name in the eyes of a client that leaves out port 11211, or of one that does not.
    pub fn name(&self, leaves_out: bool) -> String {
        let address = self.address();
        match &self.alias {
            Some(alias) => alias.clone(),
            None if leaves_out => address.trim_end_matches(":11211").to_owned(),
            None => address,
        }
    }
}

/// A router over these nodes; ids are `n` and the number.
pub fn router(kind: &str, flavor: &str, nodes: &[Node]) -> Router {
    let nodes: Vec<String> = nodes
        .iter()
        .map(|node| {
            let alias = node.alias.as_ref();
            let alias = alias.map(|alias| format!(r#","alias":"{alias}""#));
            format!(
                r#"{{"id":"n{}","address":"{}","weight":{},"down":{}{}}}"#,
                node.number,
                node.address(),
                node.weight,
                node.down,
                alias.unwrap_or_default()
            )
        })
        .collect();
    let spec = format!(
        r#"{{"format":1,"generation":1,"primary":"c","clusters":{{"c":{{
            "placement":{{"kind":"{kind}","flavor":"{flavor}"}},"nodes":[{}]}}}}}}"#,
        nodes.join(",")
    );
    Router::from_spec(spec.as_bytes(), Options::default()).unwrap_or_else(|e| panic!("{e}: {spec}"))
}

/// The node of a key under the naive version of a ketama flavor.
pub fn ketama(flavor: &str, nodes: &[Node], key: &[u8]) -> usize {
    let up = |node: &&Node| !node.down;
    let total: u32 = nodes.iter().filter(up).map(|node| node.weight).sum();
    let count = nodes.iter().filter(up).count();
    let mut points: Vec<(u32, usize)> = Vec::new();
    let order = if flavor == "twemproxy" {
        by_name(nodes)
    } else {
        (0..nodes.len()).collect()
    };
    for position in order {
        let node = &nodes[position];
        if node.down && flavor != "nginx" && flavor != "pingora" {
            continue;
        }
        let name =
            node.name(["libmemcached-weighted", "twemproxy", "npm-memcached"].contains(&flavor));
        match flavor {
            "nginx" | "pingora" => {
                let text = name.replace(':', "\0").into_bytes();
                let text = if name.contains(':') {
                    text
                } else {
                    [text, vec![0]].concat()
                };
                let mut last = 0u32;
                for _ in 0..160 * node.weight {
                    last = crc32fast::hash(&[&text[..], &last.to_le_bytes()].concat());
                    points.push((last, position));
                }
            }
            "dalli" => {
                let share = f64::from(160 * node.weight) * count as f64 / f64::from(total);
                for number in 0..share.floor() as u32 {
                    let digest = sha1::Sha1::digest(format!("{name}:{number}"));
                    points.push((
                        u32::from_be_bytes(digest[..4].try_into().unwrap()),
                        position,
                    ));
                }
            }
            _ => {
                let weight = node.weight as f32;
                let digests = match flavor {
                    "uhashring" => 40 * count as u32 * node.weight / total,
                    "npm-hashring" | "npm-memcached" => {
                        (f64::from(node.weight) / f64::from(total) * 40.0 * count as f64) as u32
                    }
                    _ => (weight / total as f32 * 160.0 / 4.0 * count as f32 + 1e-10) as u32,
                };
                for number in 0..digests {
                    let digest = Md5::digest(format!("{name}-{number}"));
                    for word in digest.chunks(4) {
                        points.push((u32::from_le_bytes(word.try_into().unwrap()), position));
                    }
                }
            }
        }
    }
    let hash = match flavor {
        "nginx" | "pingora" | "dalli" => crc32fast::hash(key),
        "twemproxy" => fnv1a_64(key),
        _ => u32::from_le_bytes(Md5::digest(key)[..4].try_into().unwrap()),
    };
    let distance = |point: u32| match flavor {
        "uhashring" => point.wrapping_sub(hash).wrapping_sub(1),
        "dalli" => hash.wrapping_sub(point),
        _ => point.wrapping_sub(hash),
    };
    // Of equal points that of a node that is down hides the others; then the next one counts.
    points.sort_by_key(|&(point, _)| distance(point));
    points.dedup_by_key(|&mut (point, _)| point);
    points
        .into_iter()
        .map(|point| point.1)
        .find(|&at| !nodes[at].down)
        .unwrap()
}

/// The node of a key under the naive version of a modulo flavor.
pub fn modulo(flavor: &str, nodes: &[Node], key: &[u8]) -> usize {
    let order = if flavor == "twemproxy" {
        by_name(nodes)
    } else {
        (0..nodes.len()).collect()
    };
    let entries: Vec<usize> = order
        .into_iter()
        .flat_map(|at| std::iter::repeat_n(at, nodes[at].weight as usize))
        .collect();
    let crc = |key: &[u8]| crc32fast::hash(key) >> 16 & 0x7fff;
    let entry = |hash: u32| entries[hash as usize % entries.len()];
    match flavor {
        "gomemcache" => entry(crc32fast::hash(key)),
        "twemproxy" => entry(fnv1a_64(key)),
        "pecl-memcache" => entry(if crc(key) == 0 { 1 } else { crc(key) }),
        "nginx" => {
            let mut sum = crc(key);
            for number in 1..21u32 {
                if !nodes[entry(sum)].down {
                    break;
                }
                sum += crc(&[number.to_string().as_bytes(), key].concat());
            }
            entry(sum)
        }
        _ => {
            let mut hash = crc(key);
            for number in 0..9u32 {
                if !nodes[entry(hash)].down {
                    break;
                }
                hash = crc(format!("{hash}{number}").as_bytes());
            }
            entry(hash)
        }
    }
}

/// The node of a key under go-redis.
pub fn go_redis(nodes: &[Node], key: &[u8]) -> usize {
    let score = |at: usize| {
        let mut bits = xxh64(key, 0) ^ xxh64(nodes[at].name(false).as_bytes(), 0);
        bits ^= bits >> 12;
        bits ^= bits << 25;
        bits ^= bits >> 27;
        bits.wrapping_mul(2_685_821_657_736_338_717)
    };
    let up = (0..nodes.len()).filter(|&at| !nodes[at].down);
    up.max_by_key(|&at| score(at)).unwrap()
}

fn by_name(nodes: &[Node]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..nodes.len()).collect();
    order.sort_by_key(|&at| (nodes[at].name(true).len(), nodes[at].name(true)));
    order
}

/// The low half of twemproxy's default hash, over signed bytes.
fn fnv1a_64(key: &[u8]) -> u32 {
    if key.is_empty() {
        return 0;
    }
    let mut hash = 0x8422_2325u64;
    for &byte in key {
        hash ^= u64::from(i32::from(byte.cast_signed()).cast_unsigned());
        hash = (hash * 0x1b3) & 0xffff_ffff;
    }
    hash as u32
}

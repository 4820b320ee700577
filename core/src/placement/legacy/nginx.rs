//! nginx's upstream `hash` (`ngx_http_upstream_hash_module.c`), plain and `consistent`.
//!
//! Traps: a point's hash takes in the one before it; the name is the text of the `server`
//! directive, split at its port only if one is written there; a server that is down keeps its
//! points and hands their keys to the next ones, so that of two equal points the one that was
//! left out stays left out; plain `hash` adds up further hashes of the key until a server is up.
//! (After 21 tries in vain nginx turns to its round-robin order, which no hash decides; here the
//! search goes on along the points or the list.)

use super::continuum::{Points, Search, Tie};
use super::hashes::Hash;
use super::{Build, Flavor, Kind, Legacy, LegacyNode, Rule, Size, WeightRule, names};

const NO_ZERO: WeightRule = WeightRule::FromOne("nginx refuses a weight of 0");

/// `hash … consistent`.
pub(super) static CONSISTENT: Flavor = Flavor {
    kind: Kind::Ketama,
    name: "nginx",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(160),
    build: Build::Fixed(chained),
};

/// `hash` alone, which is Perl's `Cache::Memcached`.
pub(super) static MODULO: Flavor = Flavor {
    kind: Kind::Modulo,
    name: "nginx",
    weight: NO_ZERO,
    down: Rule::Honoured,
    spelling: names::literal,
    hash_tag: None,
    size: Size::PerWeight(1),
    build: Build::Fixed(|nodes| Legacy::rehashing(nodes, Hash::CrcHigh.whole(), tries)),
};

/// Adds up the hashes of the key, of `1` and the key, of `2` and the key, ….
fn tries(key: &[u8], accept: &mut dyn FnMut(u32) -> bool) {
    let mut sum = Hash::CrcHigh.of(key);
    for number in 1..=TRIES {
        if accept(sum) {
            return;
        }
        let again = [number.to_string().as_bytes(), key].concat();
        sum = sum.wrapping_add(Hash::CrcHigh.of(&again));
    }
}

/// How often nginx looks for a server before it turns to its round-robin order.
const TRIES: u32 = 21;

/// 160 points for every unit of weight, each made of the name and the point before it.
pub(super) fn chained(nodes: &[LegacyNode]) -> Legacy {
    let mut points = Points::default();
    for (node, position) in nodes.iter().zip(0u32..) {
        let (host, port) = host_and_port(&node.name);
        let mut name = crc32fast::Hasher::new();
        for part in [host, "\0", port] {
            name.update(part.as_bytes());
        }
        let mut point = 0u32;
        for _ in 0..160 * node.weight {
            let mut chained = name.clone();
            chained.update(&point.to_le_bytes());
            point = chained.finalize();
            points.add(point, position);
        }
    }
    points.sort(Tie::First);
    points.retain(|position| !nodes[position as usize].down);
    if points.is_empty() {
        // Whatever is up has the same host and port as something that is down.
        let up = nodes.iter().position(|node| !node.down);
        points.add(0, up.unwrap_or(0) as u32);
    }
    Legacy::Continuum {
        key: Hash::Crc32.whole(),
        continuum: points.build(Search::AtLeast),
    }
}

/// Digits behind the last colon are the port; `unix:` before a path is left out.
fn host_and_port(name: &str) -> (&str, &str) {
    let scheme = name
        .get(..5)
        .filter(|start| start.eq_ignore_ascii_case("unix:"));
    if scheme.is_some() {
        return (&name[5..], "");
    }
    match name.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports() {
        for (name, host, port) in [
            ("mc:80", "mc", "80"),
            ("mc", "mc", ""),
            ("[::1]:80", "[::1]", "80"),
            ("[::1]", "[::1]", ""),
            ("unix:/run/mc.sock", "/run/mc.sock", ""),
            ("/run/mc.sock", "/run/mc.sock", ""),
        ] {
            assert_eq!(host_and_port(name), (host, port), "{name}");
        }
    }
}

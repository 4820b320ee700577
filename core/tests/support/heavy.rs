//! The heaviest specs of up to a mebibyte that the limits let through, each at the limit of points or of nodes: every
//! placement, few nodes and many, weights, zones, replicas, bounds, long names, many clusters, two in a migration.

#![allow(missing_docs, unreachable_pub, dead_code, clippy::unwrap_used)]

use std::fmt::Write as _;

use ringshift::limits;

pub const MIB: usize = 1 << 20;

/// Flavors of ketama, those that take the longest among them.
const KETAMA: [&str; 4] = ["libmemcached-weighted", "nginx", "dalli", "pecl-memcache"];

/// A cluster of nodes that are alike but for what is made of their number. `node` is put behind the address.
pub fn cluster(name: &str, placement: &str, more: &str, nodes: usize, node: &str) -> String {
    cluster_of(name, placement, more, nodes, |_| node.to_owned())
}

fn cluster_of(
    name: &str,
    placement: &str,
    more: &str,
    nodes: usize,
    node: impl Fn(usize) -> String,
) -> String {
    let mut text = format!(r#""{name}":{{"placement":{{{placement}}}{more},"nodes":["#);
    for number in 0..nodes {
        let comma = if number > 0 { "," } else { "" };
        write!(
            text,
            r#"{comma}{{"id":"n{number}","address":"10.0.{}.{}:1"{}}}"#,
            number / 250,
            number % 250,
            node(number)
        )
        .unwrap();
    }
    text + "]}"
}

pub fn spec(clusters: &str, more: &str) -> String {
    format!(r#"{{"format":1,"generation":1,"primary":"a","clusters":{{{clusters}}}{more}}}"#)
}

/// The most `vnodes` of equal nodes whose points count so often.
pub fn vnodes(nodes: usize, often: u64) -> u64 {
    let nodes = nodes as u64;
    ((limits::MAX_POINTS - nodes * limits::POINTS_OF_A_NODE) / nodes / often)
        .min(limits::MAX_VNODES.into())
}

/// The most nodes that count so many points each, over all clusters.
pub fn nodes(points: u64) -> usize {
    usize::try_from(limits::MAX_POINTS / (points + limits::POINTS_OF_A_NODE)).unwrap()
}

fn ring(vnodes: u64, bound: &str) -> String {
    let bound = match bound {
        "" => String::new(),
        bound => format!(r#","max_load":{bound}"#),
    };
    format!(r#""kind":"ring","vnodes":{vnodes}{bound}"#)
}

/// What is heavy, and the text of the spec.
pub type Heavy = (String, String);

pub fn heaviest() -> Vec<Heavy> {
    let mut all = rings();
    all.extend(weighted());
    all.extend(ketama());
    all.extend(other_clients());
    all.extend(migrations());
    all.extend(many_clusters());
    all.extend(long());
    all
}

/// Rings of equal nodes, and of as many `vnodes` as they may have.
pub fn rings() -> Vec<Heavy> {
    let mut all = Vec::new();
    for nodes in [110, 2_000, limits::MAX_NODES] {
        // The tighter a bound, the more nodes are passed; with few points only a loose one can be kept.
        let bound = match nodes {
            110 => "1.02",
            2_000 => "1.5",
            _ => "5",
        };
        for (bound, replicas, often, zones) in [
            ("", 1, 1, 0),
            ("", 2, 4, 1),
            ("", 8, 4, 1),
            ("", 8, 4, nodes),
            (bound, 1, 4, 0),
            (bound, 8, 7, 1),
        ] {
            let zone = |number| match zones {
                0 => String::new(),
                zones => format!(r#","zone":"{}""#, number % zones),
            };
            let mut name = format!("ring: {nodes} nodes");
            if !bound.is_empty() {
                write!(name, ", max_load {bound}").unwrap();
            }
            if replicas > 1 {
                write!(name, ", {replicas} replicas, zones: {zones}").unwrap();
            }
            let more = format!(r#","replicas":{replicas}"#);
            let ring = ring(vnodes(nodes, often), bound);
            all.push((name, spec(&cluster_of("a", &ring, &more, nodes, zone), "")));
        }
    }
    all
}

/// Nodes of weight 1000: one and as many as there can be.
fn weighted() -> Vec<Heavy> {
    let weight = r#","weight":1000"#;
    let mut all = vec![(
        "ring: 1 node of weight 1000".to_owned(),
        spec(&cluster("a", &ring(1_048, ""), "", 1, weight), ""),
    )];
    for (name, bound, replicas, often) in [
        ("", "", 1, 1),
        (", 8 replicas", "", 8, 4),
        (", max_load 1.5, 8 replicas", "1.5", 8, 7),
    ] {
        let nodes = nodes(1_000 * often);
        let more = format!(r#","replicas":{replicas}"#);
        all.push((
            format!("ring: {nodes} nodes of weight 1000{name}"),
            spec(&cluster("a", &ring(1, bound), &more, nodes, weight), ""),
        ));
    }
    let listed = nodes(1_000);
    for (kind, flavor, nodes) in [("ketama", "nginx", 3), ("modulo", "gomemcache", listed)] {
        let placement = format!(r#""kind":"{kind}","flavor":"{flavor}""#);
        all.push((
            format!("{kind} {flavor}: {nodes} nodes of weight 1000"),
            spec(&cluster("a", &placement, "", nodes, weight), ""),
        ));
    }
    all
}

/// As many nodes as the points of ketama allow.
pub fn ketama() -> Vec<Heavy> {
    let nodes = nodes(160 * limits::KETAMA_POINT);
    KETAMA
        .into_iter()
        .map(|flavor| of_client("ketama", flavor, nodes))
        .collect()
}

fn other_clients() -> Vec<Heavy> {
    [
        ("modulo", "twemproxy"),
        ("rendezvous", "pymemcache"),
        ("rendezvous", "go-redis"),
    ]
    .into_iter()
    .map(|(kind, flavor)| of_client(kind, flavor, limits::MAX_NODES))
    .collect()
}

fn of_client(kind: &str, flavor: &str, nodes: usize) -> Heavy {
    let placement = format!(r#""kind":"{kind}","flavor":"{flavor}""#);
    (
        format!("{kind} {flavor}: {nodes} nodes"),
        spec(&cluster("a", &placement, "", nodes, ""), ""),
    )
}

/// Two clusters of half as much each, with a migration from one to the other.
fn migrations() -> Vec<Heavy> {
    let ketama = r#""kind":"ketama","flavor":"libmemcached-weighted""#;
    let rendezvous = r#""kind":"rendezvous","flavor":"pymemcache""#;
    let plain = |nodes| ring(vnodes(nodes * 2, 1), "");
    let dear = |nodes| ring(vnodes(nodes * 2, 7), "1.5");
    let (few, many, most) = (55, 5_000, nodes(1) / 2);
    let clients = nodes(160 * limits::KETAMA_POINT) / 2;
    [
        (
            "two rings",
            many,
            (plain(many), ""),
            (format!(r#"{},"seed":7"#, plain(many)), ""),
        ),
        (
            "two rings, max_load 1.5 and 8 replicas",
            few,
            (dear(few), r#","replicas":8"#),
            (format!(r#"{},"seed":7"#, dear(few)), r#","replicas":8"#),
        ),
        (
            "two of rendezvous",
            most,
            (rendezvous.to_owned(), ""),
            (rendezvous.to_owned(), ""),
        ),
        (
            "ketama to a ring",
            clients,
            (ketama.to_owned(), ""),
            (
                format!(
                    r#""kind":"ring","vnodes":{}"#,
                    160 * limits::KETAMA_POINT
                ),
                "",
            ),
        ),
    ]
    .into_iter()
    .map(|(name, nodes, (from, of_from), (to, of_to))| {
        let clusters = [
            cluster("a", &from, of_from, nodes, ""),
            cluster("b", &to, &format!(r#"{of_to},"key_prefix":"b:""#), nodes, ""),
        ];
        let migration = r#","standby":"b","migration":{"id":"m","from":"a","to":"b","stage":"ramp","percent":50}"#;
        (
            format!("migration: {name}, {nodes} nodes each"),
            spec(&clusters.join(","), migration),
        )
    })
    .collect()
}

/// As many clusters as there can be.
fn many_clusters() -> Vec<Heavy> {
    let most = limits::MAX_CLUSTERS;
    let named = |number| match number {
        0 => "a".to_owned(),
        number => format!("c{number}"),
    };
    [(128, "", 1, 1), (30, "3", 8, 7)]
        .into_iter()
        .map(|(nodes, bound, replicas, often)| {
            let ring = ring(vnodes(nodes * most, often), bound);
            let more = format!(r#","replicas":{replicas}"#);
            let clusters: Vec<String> = (0..most)
                .map(|number| cluster(&named(number), &ring, &more, nodes, ""))
                .collect();
            let what = if bound.is_empty() {
                ""
            } else {
                ", max_load 3 and 8 replicas"
            };
            (
                format!("{most} clusters of {nodes} nodes each{what}"),
                spec(&clusters.join(","), ""),
            )
        })
        .collect()
}

/// Texts of nearly a mebibyte: names of escapes, and regions with schedules of many steps.
fn long() -> Vec<Heavy> {
    let most = limits::MAX_NODES;
    let zone = |number| format!(r#","zone":"{number}{}""#, r"\u00e9".repeat(11));
    let nodes = cluster_of("a", &ring(vnodes(most, 1), ""), "", most, zone);
    let steps: Vec<String> = (1..=165)
        .map(|half| format!("{:.1}", f64::from(half) / 2.0))
        .collect();
    let regions: Vec<String> = (0..limits::MAX_REGIONS)
        .map(|number| {
            format!(
                r#""r{number}":{{"stage":"ramp","percent":1,"schedule":{{"start":"2026-11-22T10:00:00Z","steps":[{}],"every":"1s"}}}}"#,
                steps.join(",")
            )
        })
        .collect();
    vec![
        (
            format!("ring: {most} nodes with long zones"),
            spec(&nodes, ""),
        ),
        (
            format!("{} regions of {} steps", regions.len(), steps.len()),
            spec(
                &[
                    cluster("a", &ring(1, ""), "", 1, ""),
                    cluster("b", &ring(1, ""), "", 1, ""),
                ]
                .join(","),
                &format!(
                    r#","standby":"b","migration":{{"id":"m","from":"a","to":"b","stage":"ramp","percent":1,"regions":{{{}}}}}"#,
                    regions.join(",")
                ),
            ),
        ),
    ]
}

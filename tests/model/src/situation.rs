//! Specs in short: `A`, `A>B prepare`, `A>B ramp:25 kr=soak`, as the JSON that the core reads.
//!
//! | place | is |
//! |---|---|
//! | `A`, `B`, `C` | a cluster of one node each |
//! | `A2`, `B2`, `C2` | the same under a fresh key prefix |
//! | `H` | a cluster on the node of `A`, under another prefix |
//! | `O`, `N` | one node; the same with one node more, under the same prefix |
//! | `P`, `Q` | two nodes each, a key on both |
//! | `M` | as `P` and `Q`, of one node of each under the prefix of `P` |

/// A cluster: name, key prefix, replicas, nodes.
struct Place(&'static str, &'static str, u8, &'static [&'static str]);

fn place(name: &str) -> Place {
    match name {
        "A" => Place("a", "", 1, &["a1"]),
        "A2" => Place("a", "a2:", 1, &["a1"]),
        "B" => Place("b", "b:", 1, &["b1"]),
        "B2" => Place("b", "b2:", 1, &["b1"]),
        "C" => Place("c", "c:", 1, &["c1"]),
        "C2" => Place("c", "c2:", 1, &["c1"]),
        "H" => Place("h", "h:", 1, &["a1"]),
        "O" => Place("o", "o:", 1, &["n1"]),
        "N" => Place("n", "o:", 1, &["n1", "n2"]),
        "P" => Place("p", "p:", 2, &["p1", "p2"]),
        "Q" => Place("q", "q:", 2, &["q1", "q2"]),
        "M" => Place("m", "p:", 2, &["p2", "q1"]),
        _ => panic!("{name} is no place of a situation; see src/situation.rs"),
    }
}

impl Place {
    fn json(&self) -> String {
        let Self(name, prefix, replicas, nodes) = self;
        let nodes: Vec<String> = (nodes.iter())
            .map(|node| format!(r#"{{"id": "{node}", "address": "/{node}"}}"#))
            .collect();
        format!(
            r#""{name}": {{"placement": {{"kind": "ring"}}, "key_prefix": "{prefix}", "replicas": {replicas}, "nodes": [{}]}}"#,
            nodes.join(", ")
        )
    }
}

/// Whether a generation may be published while not every process runs the one before: `~` in front.
pub fn is_free(situation: &str) -> bool {
    situation.starts_with('~')
}

/// The clusters that a situation moves from and to, if it does.
pub fn direction(situation: &str) -> Option<&str> {
    let clusters = situation.trim_start_matches('~').split(' ').next()?;
    clusters.contains('>').then_some(clusters)
}

/// The spec of a situation.
pub fn spec(situation: &str, generation: usize) -> String {
    let mut words = situation.trim_start_matches('~').split(' ');
    let clusters = words.next().unwrap_or_default();
    let (from, to) = match clusters.split_once('>') {
        Some((from, to)) => (place(from), Some(place(to))),
        None => (place(clusters), None),
    };
    let mut all = vec![from.json()];
    let mut rest = String::new();
    if let Some(to) = to {
        all.push(to.json());
        let plan = plan(words.next().unwrap_or("none"));
        let regions: Vec<String> = words
            .filter_map(|word| word.split_once('='))
            .map(|(region, stage)| format!(r#""{region}": {{{}}}"#, self::plan(stage)))
            .collect();
        // The id decides buckets; one for each direction.
        rest = format!(
            r#", "standby": "{1}", "migration": {{"id": "{clusters}", "from": "{0}", "to": "{1}", {plan}, "regions": {{{2}}}}}"#,
            from.0,
            to.0,
            regions.join(", ")
        );
    }
    format!(
        r#"{{"format": 1, "generation": {}, "primary": "{}", "clusters": {{{}}}{rest},
            "breaker": {{"failures": 1, "open": "1d", "max_open": "1d", "max_ejected": 1}}}}"#,
        generation + 1,
        from.0,
        all.join(", ")
    )
}

fn plan(word: &str) -> String {
    match word.split_once(':') {
        Some((stage, percent)) => format!(r#""stage": "{stage}", "percent": {percent}"#),
        None => format!(r#""stage": "{word}""#),
    }
}

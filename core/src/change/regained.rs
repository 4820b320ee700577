//! Nodes that come to own keys which they may have owned before: the rule about `max_ttl`.
//!
//! Where two clusters share nodes under one `key_prefix`, a node that gets a key may still hold what it was
//! given when it owned that key the last time, and missed every invalidation since. So the owners must have been the
//! same for longer than any value can live, one that was stored by a token of that time included, or the cluster gets a
//! prefix that was never used.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Behaviour, Contents, IllegalChange};
use crate::cluster::Cluster;
use crate::moves::gaining;
use crate::node::NodePool;
use crate::spec::Spec;
use crate::token::TOKEN_LIFE;

/// Whether keys have the same owners under two specs, as far as invalidations reach.
pub(crate) fn same_owners(one: &Spec, other: &Spec) -> bool {
    let clusters = |spec| {
        let invalidated = Behaviour::of(spec, None).invalidates.into_iter();
        invalidated
            .map(|contents| (contents.name, spec.clusters.get(contents.name)))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    clusters(one) == clusters(other)
}

/// What is illegal by the rule, if the owners of `before` have been the same for as long as `kept`.
pub(super) fn regained(before: &Spec, after: &Spec, kept: Duration) -> Vec<IllegalChange> {
    if kept == Duration::MAX
        || before
            .max_ttl
            .is_some_and(|longest| kept > longest + TOKEN_LIFE)
    {
        return Vec::new();
    }
    let invalidated = Behaviour::of(before, None).invalidates;
    let mut begun = Behaviour::of(after, None).invalidates;
    begun.retain(|contents| !invalidated.contains(contents));
    let illegal = begun.into_iter().filter_map(|contents| {
        let earlier = invalidated
            .iter()
            .filter(|other| other.key_prefix == contents.key_prefix);
        let nodes = nodes_that_gain(before, earlier, after, contents)?;
        let most = before.max_ttl.map_or_else(
            || "max_ttl, which the spec does not have".to_owned(),
            |longest| {
                let seconds = (longest + TOKEN_LIFE).as_secs_f64();
                format!("{seconds} s (max_ttl and the life of a token)")
            },
        );
        Some(IllegalChange {
            region: None,
            message: format!(
                "cluster {} under key_prefix {:?}: {nodes} get keys that they may have owned before, and may still hold \
                 old values of: let the owners be the same for longer than {most}, or give {} a key_prefix that it \
                 never had",
                contents.name, contents.key_prefix, contents.name
            ),
        })
    });
    illegal.collect()
}

/// The nodes that hold a key under none of the earlier clusters and do in the new one, if there are any; as a text.
fn nodes_that_gain<'s>(
    before: &Spec,
    earlier: impl Iterator<Item = &'s Contents<'s>>,
    after: &Spec,
    contents: Contents<'_>,
) -> Option<String> {
    let pool = NodePool::default();
    let compiled = |spec: &Spec, name: &str| {
        // A cluster that can't be compiled is in no spec that is put in force.
        Cluster::compile(name, spec.clusters.get(name)?, &pool).ok()
    };
    let new = compiled(after, contents.name)?;
    let gaining = |other: &Contents<'_>| {
        let old = compiled(before, other.name)?;
        let ids = gaining(&old, &new).into_iter();
        Some(
            ids.map(|node| node.id().to_owned())
                .collect::<BTreeSet<_>>(),
        )
    };
    let nodes = earlier
        .filter_map(gaining)
        .reduce(|one, other| one.intersection(&other).cloned().collect())?;
    let shown: Vec<&str> = nodes.iter().take(3).map(String::as_str).collect();
    match nodes.len() {
        0 => None,
        count @ 1..=3 => Some(format!(
            "node{} {}",
            if count > 1 { "s" } else { "" },
            shown.join(", ")
        )),
        count => Some(format!("nodes {} and {} more", shown.join(", "), count - 3)),
    }
}

//! Two specs, one after the other: what is illegal, what moves, and that both ways agree where they must.

use std::time::Duration;

use ringshift::{
    ClusterMoves, IllegalChange, Options, Refresh, Router, Spec, illegal_changes, moves,
};

use crate::input::Input;
use crate::{route, text};

/// See the module.
///
/// # Panics
///
/// If anything does not hold.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (before, after) = (text::any_spec(&mut input, 1), text::any_spec(&mut input, 2));
    let (Ok(one), Ok(other)) = (
        Spec::parse(before.as_bytes()),
        Spec::parse(after.as_bytes()),
    ) else {
        return;
    };
    // What takes long is looked at now and then, or there would be little else.
    let rare = input.byte();
    legal_or_not(&one, &other, rare.trailing_zeros() >= 3);
    let Ok(router) = Router::from_spec(before.as_bytes(), Options::default()) else {
        // A `max_load` that cannot be kept: then there is nothing to compare either.
        return assert!(moves(before.as_bytes(), after.as_bytes()).is_err());
    };
    match router.apply(after.as_bytes()) {
        Ok(refresh) => {
            assert_eq!(refresh, Refresh::Applied);
            let illegal = illegal_changes(&one, &other, Duration::MAX);
            assert_eq!(
                router.metrics().reloads.illegal,
                u64::from(!illegal.is_empty())
            );
            if rare & 0x38 == 0x38 {
                what_moves(&before, &after);
            }
        }
        Err(error) => {
            assert!(
                error
                    .pointer()
                    .is_some_and(|pointer| pointer.ends_with("/max_load")),
                "{error}"
            );
            assert_eq!(router.generation(), 1);
        }
    }
    router.with(|snapshot| {
        for number in 0..8_u32 {
            route::check_all_well(snapshot, &number.to_le_bytes());
        }
        if rare & 0xc7 == 0xc7 {
            snapshot.warnings();
        }
    });
    as_if_opened(
        &router,
        if router.generation() == 1 {
            &before
        } else {
            &after
        },
    );
}

/// What a router took over from the spec before changes no key's place.
fn as_if_opened(router: &Router, text: &str) {
    let Ok(fresh) = Router::from_spec(text.as_bytes(), Options::default()) else {
        panic!("in force, and yet refused: {text}");
    };
    let told = |router: &Router, key: &[u8]| {
        router.with(|snapshot| {
            let route = snapshot.route(key);
            let names = |node: &std::sync::Arc<ringshift::Node>| {
                (node.cluster().to_owned(), node.id().to_owned())
            };
            let read: Vec<_> = route
                .read()
                .into_iter()
                .flat_map(|target| target.nodes().map(names))
                .collect();
            (
                read,
                route.moved(),
                route.fill(),
                route.invalidate().map(names).collect::<Vec<_>>(),
            )
        })
    };
    for number in 0..32_u32 {
        let key = format!("key:{number}");
        assert_eq!(
            told(router, key.as_bytes()),
            told(&fresh, key.as_bytes()),
            "{key}"
        );
    }
}

fn legal_or_not(one: &Spec, other: &Spec, owners_too: bool) {
    let known = illegal_changes(one, other, Duration::MAX);
    let mut kept = vec![Duration::MAX];
    if owners_too {
        let strict = illegal_changes(one, other, Duration::ZERO);
        assert!(
            known.iter().all(|change| strict.contains(change)),
            "knowing more made more illegal"
        );
        kept.push(Duration::ZERO);
    }
    for kept in kept {
        // Regions that no processes may mix are illegal as they stand.
        let itself = illegal_changes(one, one, kept);
        assert!(
            itself.iter().all(is_about_stages),
            "a spec after itself: {itself:?}"
        );
    }
    // Whether two processes harm one another does not depend on who came first.
    let back = illegal_changes(other, one, Duration::MAX);
    assert_eq!(
        known.iter().any(is_about_stages),
        back.iter().any(is_about_stages),
        "{known:?} {back:?}"
    );
    for change in known.iter().chain(&back) {
        assert!(!change.to_string().chars().any(char::is_control));
    }
}

fn is_about_stages(change: &IllegalChange) -> bool {
    change.message.contains(" may not follow ")
}

fn what_moves(before: &str, after: &str) {
    let moves = |one: &str, other: &str| {
        moves(one.as_bytes(), other.as_bytes())
            .unwrap_or_else(|error| panic!("both were in force: {error}"))
    };
    let (there, back, nothing) = (
        moves(before, after),
        moves(after, before),
        moves(after, after),
    );
    assert!(
        nothing
            .clusters
            .iter()
            .all(|cluster| cluster.moved == 0.0 && cluster.flows.is_empty())
    );
    assert_eq!(there.clusters.len(), back.clusters.len());
    for (one, other) in there.clusters.iter().zip(&back.clusters) {
        assert!((one.moved - other.moved).abs() < 1e-9, "{one:?} {other:?}");
        assert_eq!(
            (one.flows.len(), one.sample),
            (other.flows.len(), other.sample)
        );
    }
    for cluster in there.clusters.iter().chain(&there.migration) {
        add_up(cluster);
    }
}

fn add_up(moves: &ClusterMoves) {
    let all: f64 = moves.flows.iter().map(|flow| flow.share).sum();
    assert!(
        (all - moves.moved).abs() < 1e-9 && (0.0..=1.0).contains(&moves.moved),
        "{moves:?}"
    );
    assert!(moves.flows.iter().all(|flow| flow.share > 0.0));
    assert!(
        moves
            .flows
            .is_sorted_by(|one, next| one.share >= next.share)
    );
    assert_eq!(
        moves.sample.is_none(),
        moves.error == 0.0 && moves.sample.is_none()
    );
}

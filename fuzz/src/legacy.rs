//! The placements of existing clients: all flavors and hashes, hostile names, weights and keys.

use ringshift::{Options, PlacementSpec, Router, Spec};

use crate::input::Input;
use crate::{route, spec, text};

/// Points and entries of a table that are few enough to be made a hundred times a second.
const FEW: u32 = 300;

/// See the module.
///
/// # Panics
///
/// If anything does not hold.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let text = text::hostile_legacy(&mut input);
    let parsed = match Spec::parse(text.as_bytes()) {
        Ok(parsed) => parsed,
        Err(error) => return spec::check_error(&error, text.as_bytes()),
    };
    let cluster = &parsed.clusters["c"];
    let PlacementSpec::Legacy(flavor) = &cluster.placement else {
        panic!("not the placement of a client: {text}");
    };
    if cluster.nodes.iter().map(|node| node.weight).sum::<u32>() > FEW {
        return;
    }
    let open = || Router::from_spec(text.as_bytes(), Options::default());
    let routers =
        [open(), open()].map(|router| router.unwrap_or_else(|error| panic!("{error}: {text}")));
    loop {
        let key = input.bytes();
        let [one, other] = routers.each_ref().map(|router| {
            router.with(|snapshot| {
                route::check_all_well(snapshot, key);
                snapshot.index(key)
            })
        });
        assert_eq!(one, other, "{flavor} places a key by more than the spec");
        assert!((one as usize) < cluster.nodes.len());
        if input.is_empty() {
            break;
        }
    }
    routers[0].with(|snapshot| {
        for shares in snapshot.shares() {
            let all: f64 = shares.nodes.iter().map(|node| node.share).sum();
            assert!((all - 1.0).abs() < 1e-6, "{flavor}: shares add up to {all}");
        }
        snapshot.warnings();
    });
}

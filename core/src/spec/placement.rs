//! Decodes the placement of a cluster: the ring, or the placement of an existing client.

use super::cursor::{Cursor, Object};
use super::{PlacementSpec, units};
use crate::error::Error;
use crate::hash::HashTag;
use crate::limits;
use crate::placement::{Flavor, Kind, LegacySpec};

/// Points of a node of weight 1 where the spec does not say. `docs/evenness.md` says why.
const DEFAULT_VNODES: u32 = 512;

/// The placement and the part of a key that it looks at, if not all of it.
pub(super) fn decode(place: &Cursor<'_>) -> Result<(PlacementSpec, Option<HashTag>), Error> {
    const ALL: [&str; 7] = [
        "kind", "hash_tag", "vnodes", "seed", "max_load", "flavor", "hash",
    ];
    const KINDS: [&str; 4] = ["ring", "ketama", "modulo", "rendezvous"];
    let every = place.object("a placement", &ALL)?;
    let kind_place = every.required("kind", "\"ring\", or the kind of a client's placement")?;
    let kind = kind_place.choice("a placement", &KINDS)?;
    let tag = every.get("hash_tag").map(hash_tag).transpose()?;
    let Some(kind) = Kind::ALL.into_iter().find(|known| known.name() == kind) else {
        let fields = place.object(
            "a ring",
            &["kind", "hash_tag", "vnodes", "seed", "max_load"],
        )?;
        let vnodes = fields
            .get("vnodes")
            .map_or(Ok(u64::from(DEFAULT_VNODES)), |place| {
                let most = u64::from(limits::MAX_VNODES);
                place.integer("a number of virtual nodes", 1, most)
            })? as u32;
        let seed = fields.get("seed").map_or(Ok(0), seed)?;
        let max_load = fields.get("max_load").map(units::max_load).transpose()?;
        let ring = PlacementSpec::Ring {
            vnodes,
            seed,
            max_load,
        };
        return Ok((ring, tag));
    };
    let noun = format!("a {} placement", kind.name());
    let fields = place.object(&noun, &["kind", "hash_tag", "flavor", "hash"])?;
    let legacy = legacy(kind, &fields)?;
    let tag = match (legacy.fixed_hash_tag(), every.get("hash_tag")) {
        (Some(fixed), Some(place)) if tag != Some(fixed) => {
            return Err(place.invalid(format!(
                "{} is not the hash tag of {}, which always has \"{{}}\"; leave it out",
                place.shown(),
                legacy.flavor()
            )));
        }
        (fixed, _) => tag.or(fixed),
    };
    Ok((PlacementSpec::Legacy(legacy), tag))
}

fn legacy(kind: Kind, fields: &Object<'_>) -> Result<LegacySpec, Error> {
    let names: Vec<&str> = kind.flavors().map(Flavor::name).collect();
    let right = format!("the client whose placement it is: {}", names.join(", "));
    let place = fields.required("flavor", &right)?;
    let name = place.choice(&format!("a flavor of {}", kind.name()), &names)?;
    let hash = fields.get("hash");
    // The choice was one of their names.
    let Some(flavor) = kind.flavors().find(|flavor| flavor.name() == name) else {
        return Err(place.invalid("not a flavor"));
    };
    let hashes = flavor.hash_names();
    let hash = match hash {
        Some(place) if hashes.is_empty() => {
            return Err(place.invalid(format!(
                "{} for {name}, whose hash is fixed; leave `hash` out",
                place.shown()
            )));
        }
        Some(place) => Some(place.choice("a hash of this flavor", &hashes)?),
        None => None,
    };
    Ok(flavor.with_hash(hash))
}

/// A seed; as a string where JSON readers would round it.
fn seed(place: &Cursor<'_>) -> Result<u64, Error> {
    let right = format!("an integer from 0 to {}, or the same in a string", u64::MAX);
    let digits = if place.is_string() {
        place.string("a seed")?
    } else {
        place.number_text(&right)?.to_owned()
    };
    let seed = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok());
    seed.flatten()
        // A seed may be a secret, and one that is mistyped is nearly the right one: it is not shown.
        .ok_or_else(|| place.invalid(format!("not a seed; use {right}")))
}

fn hash_tag(place: &Cursor<'_>) -> Result<HashTag, Error> {
    let text = place.string("a hash tag")?;
    match *text.as_bytes() {
        [open, close] if open.is_ascii_graphic() && close.is_ascii_graphic() => {
            Ok(HashTag { open, close })
        }
        _ => Err(place.invalid(format!(
            "{} is not a hash tag; use two printable ASCII characters, such as \"{{}}\"",
            place.shown()
        ))),
    }
}

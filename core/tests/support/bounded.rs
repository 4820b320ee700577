//! `max_load` as docs/placement.md says it, with nothing clever: every arc walks the ring from its
//! point, and nothing of the crate is used.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Ring;

/// Who owns the arc that ends at each point, lowest first; nothing if the bound, in
/// ten-thousandths, cannot be kept.
pub fn owners(ring: &Ring, max_load: u32) -> Option<Vec<(u64, String)>> {
    let up = || ring.nodes.iter().filter(|node| node.takes_keys());
    let mut points: Vec<(u64, &str)> = Vec::new();
    for node in up() {
        for number in 0..ring.vnodes * node.weight {
            let name = [node.id.as_bytes(), &number.to_le_bytes()].concat();
            points.push((xxh3_64_with_seed(&name, ring.seed), &node.id));
        }
    }
    points.sort_unstable();
    points.dedup_by_key(|point| point.0);
    let weight: u32 = up().map(|node| node.weight).sum();
    let mut room: std::collections::BTreeMap<&str, u128> = up()
        .map(|node| {
            let most = (1u128 << 64) * u128::from(max_load) * u128::from(node.weight);
            (node.id.as_str(), most / (10_000 * u128::from(weight)))
        })
        .collect();
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&at| {
        let order = xxh3_64_with_seed(&points[at].0.to_le_bytes(), ring.seed);
        (order, at)
    });
    let mut owners = vec![""; points.len()];
    let mut passed = 0;
    for at in order {
        let below = points[(at + points.len() - 1) % points.len()].0;
        let length = match points[at].0.wrapping_sub(below) {
            0 => 1 << 64,
            length => u128::from(length),
        };
        let walk = (0..points.len()).map(|step| points[(at + step) % points.len()].1);
        let (steps, node) = walk.enumerate().find(|(_, node)| room[node] >= length)?;
        passed += steps;
        if passed > 64 * points.len() {
            return None;
        }
        *room.get_mut(node)? -= length;
        owners[at] = node;
    }
    let owned = points.iter().zip(owners);
    Some(
        owned
            .map(|(point, owner)| (point.0, owner.to_owned()))
            .collect(),
    )
}

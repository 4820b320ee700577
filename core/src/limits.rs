//! Hard limits on what a spec may ask for, so that a hostile or broken file costs neither memory
//! nor time. Exceeding one is [`ErrorKind::SpecLimit`](crate::ErrorKind::SpecLimit).

/// Largest spec file, in bytes.
pub const MAX_SPEC_BYTES: usize = 4 << 20;
/// Most clusters in a spec.
pub const MAX_CLUSTERS: usize = 64;
/// Most nodes in a cluster.
pub const MAX_NODES: usize = 16_384;
/// Most points in a spec, over all its rings.
pub const MAX_POINTS: u64 = 1 << 22;
/// Most points of a ring with a `max_load`, whose compilation takes longer.
pub const MAX_BOUNDED_POINTS: u64 = 1 << 20;
/// Most regions in a migration.
pub const MAX_REGIONS: usize = 1_024;
/// Most replicas of a key.
pub const MAX_REPLICAS: usize = 8;
/// Most points of a node of weight 1.
pub const MAX_VNODES: u32 = 10_000;
/// Largest weight of a node.
pub const MAX_WEIGHT: u32 = 1_000;
/// Longest name (cluster, node id, migration id, region, zone), in bytes.
pub const MAX_NAME_BYTES: usize = 255;
/// Longest key prefix, in bytes.
pub const MAX_KEY_PREFIX_BYTES: usize = 128;
/// Largest generation: the largest integer that every language can hold exactly.
pub const MAX_GENERATION: u64 = (1 << 53) - 1;

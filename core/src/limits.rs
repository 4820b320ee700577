//! Hard limits on what a spec may ask for, so that a hostile or broken file costs neither memory
//! nor time. Exceeding one is [`ErrorKind::SpecLimit`](crate::ErrorKind::SpecLimit).

/// Largest spec file, in bytes.
pub const MAX_SPEC_BYTES: usize = 4 << 20;
/// Most clusters in a spec.
pub const MAX_CLUSTERS: usize = 64;
/// Most nodes in a cluster.
pub const MAX_NODES: usize = 16_384;
/// Most nodes that a router keeps: those of all specs that were in force, since it lends them out for its life.
pub const MAX_NODES_KEPT: usize = 1 << 18;
/// Most points in a spec, over all its placements, each counted as often as it takes longer to compile than a point of
/// a plain ring: so that no spec takes longer than this many of those.
pub const MAX_POINTS: u64 = 1 << 20;
/// How often a node counts among the points, beside those that it has.
pub const POINTS_OF_A_NODE: u64 = 32;
/// How often a point counts more where a ring has a `max_load`, and once more where it has replicas.
pub const MORE_OF_A_POINT: u64 = 3;
/// How often a point of `ketama` counts, which is a digest.
pub const KETAMA_POINT: u64 = 2;
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
/// Most bytes that a router takes to remember keys whose invalidation was lost. Where more are lost, the node is not read.
pub const MAX_OWED_BYTES: usize = 16 << 20;

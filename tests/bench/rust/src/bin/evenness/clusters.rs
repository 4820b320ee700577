//! The fullest node of many clusters: one cluster may be lucky. This is what the default of `vnodes` is chosen by.

use serde_json::json;

use crate::ring::Ring;

const NODES: [usize; 5] = [5, 10, 30, 100, 1000];
const VNODES: [u32; 6] = [80, 160, 256, 320, 512, 1024];

/// Clusters with other ids each; fewer where they are large.
const CLUSTERS: usize = 200;
const POINTS: u64 = 10_300_000;

pub fn print() -> Result<(), String> {
    for count in NODES {
        for vnodes in VNODES {
            let ring = Ring::equal(count, vnodes);
            let clusters = CLUSTERS.min((POINTS / ring.points()) as usize);
            let mut worst = Vec::new();
            for number in 0..clusters {
                let prefix = format!("cluster-{number}-node-");
                let router = Ring {
                    prefix,
                    ..ring.clone()
                }
                .router()?;
                worst.push(Ring::loads(&router).into_iter().fold(0.0, f64::max));
            }
            let line =
                json!({"kind": "clusters", "nodes": count, "vnodes": vnodes, "worst": worst});
            println!("{line}");
        }
    }
    Ok(())
}

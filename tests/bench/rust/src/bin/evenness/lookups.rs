//! What more points cost a lookup: rings of the same nodes side by side, in turn, so that a slow moment falls on all.

use std::hint::black_box;
use std::time::Instant;

use serde_json::json;

use crate::ring::Ring;

const NODES: [usize; 3] = [10, 100, 1000];
const VNODES: [u32; 6] = [80, 160, 256, 320, 512, 1024];
const ROUNDS: usize = 9;
const KEYS: usize = 400_000;
const LENGTH: usize = "user:12345678:profile".len();

pub fn print() -> Result<(), String> {
    let keys: String = (0..KEYS)
        .map(|n| format!("user:{:08}:profile", n * 48_271 % 100_000_000))
        .collect();
    for count in NODES {
        let routers = VNODES
            .iter()
            .map(|&vnodes| Ring::equal(count, vnodes).router())
            .collect::<Result<Vec<_>, _>>()?;
        let mut rounds = vec![Vec::new(); VNODES.len()];
        for _ in 0..ROUNDS {
            for (router, rounds) in routers.iter().zip(&mut rounds) {
                let snapshot = router.snapshot();
                let start = Instant::now();
                for key in keys.as_bytes().chunks_exact(LENGTH) {
                    black_box(snapshot.code(key));
                }
                rounds.push(start.elapsed().as_secs_f64() * 1e9 / KEYS as f64);
            }
        }
        for (vnodes, rounds) in VNODES.iter().zip(rounds) {
            println!(
                "{}",
                json!({"kind": "lookups", "nodes": count, "vnodes": vnodes, "ns": rounds})
            );
        }
    }
    Ok(())
}

//! Prints where the crate pingora-ketama puts keys; the lines that it reads and writes are those of `golden_file.py`.
//!
//! No server runs and nothing is sent: placement is the crate's alone.

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::io::{self, BufRead as _, Write as _};
use std::net::{IpAddr, SocketAddr};

use pingora_ketama::{Bucket, Continuum};

/// The version that Cargo.toml pins.
const VERSION: &str = "0.9.1";

fn bytes(hex: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let digits = (0..hex.len())
        .step_by(2)
        .map(|i| hex.get(i..i + 2).ok_or("half a byte"));
    digits
        .map(|two| Ok(u8::from_str_radix(two?, 16)?))
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut down = HashSet::new();
    let (mut buckets, mut places, mut keys) = (Vec::new(), HashMap::new(), Vec::new());
    for line in io::stdin().lock().lines() {
        let line = line?;
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["server", host, port, weight, _] => {
                let address = SocketAddr::new(host.parse::<IpAddr>()?, port.parse()?);
                places.insert(address, buckets.len());
                buckets.push(Bucket::new(address, weight.parse()?));
            }
            ["down", index] => {
                down.insert(index.parse::<usize>()?);
            }
            ["key", hex] => keys.push(bytes(hex)?),
            _ => return Err(format!("neither a server nor a key: {line}").into()),
        }
    }
    let continuum = Continuum::new(&buckets);
    let mut out = io::stdout().lock();
    writeln!(out, "{VERSION}")?;
    for key in keys {
        // How the crate means a server that is down to be passed over: up the ring, point by point.
        let mut owners = continuum.node_iter(&key).map(|owner| places[owner]);
        let owner = owners.find(|owner| !down.contains(owner));
        writeln!(out, "{}", owner.ok_or("no server")?)?;
    }
    Ok(())
}

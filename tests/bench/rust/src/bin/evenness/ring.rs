//! A ring as it stands in a spec, and what a change of it moves.

use ringshift::{Options, Router, limits, moves};
use serde_json::{Value, json};

#[derive(Clone)]
pub struct Ring {
    /// Put before the numbers in ids: other ids, another ring.
    pub prefix: String,
    /// The nodes' numbers and weights.
    pub nodes: Vec<(usize, u32)>,
    pub vnodes: u32,
    /// As it stands in a spec.
    pub max_load: Option<&'static str>,
}

impl Ring {
    /// Nodes of weight 1.
    pub fn equal(count: usize, vnodes: u32) -> Self {
        Self {
            prefix: "n".to_owned(),
            nodes: (0..count).map(|number| (number, 1)).collect(),
            vnodes,
            max_load: None,
        }
    }

    pub fn text(&self) -> String {
        let mut placement = json!({"kind": "ring", "vnodes": self.vnodes});
        if let Some(bound) = self.max_load {
            placement["max_load"] = serde_json::from_str(bound).unwrap_or(Value::Null);
        }
        let nodes: Vec<Value> = (self.nodes.iter())
            .map(|(number, weight)| {
                let id = format!("{}{number}", self.prefix);
                json!({"id": id, "address": format!("/{number}"), "weight": weight})
            })
            .collect();
        json!({
            "format": 1, "generation": 1, "primary": "c",
            "clusters": {"c": {"placement": placement, "nodes": nodes}},
        })
        .to_string()
    }

    pub fn router(&self) -> Result<Router, String> {
        Router::from_spec(self.text().as_bytes(), Options::default()).map_err(|e| e.to_string())
    }

    fn weight(&self) -> u32 {
        self.nodes.iter().map(|(_, weight)| weight).sum()
    }

    pub fn points(&self) -> u64 {
        u64::from(self.vnodes) * u64::from(self.weight())
    }

    /// Whether a spec may have it.
    pub fn is_allowed(&self) -> bool {
        let more = u64::from(self.max_load.is_some()) * limits::MORE_OF_A_POINT;
        let nodes = self.nodes.len() as u64 * limits::POINTS_OF_A_NODE;
        self.points() * (1 + more) + nodes <= limits::MAX_POINTS
    }

    /// With one node of another weight; 0 takes it out, and a new number puts one in.
    pub fn with(&self, number: usize, weight: u32) -> Self {
        let mut ring = self.clone();
        ring.nodes.retain(|node| node.0 != number);
        if weight > 0 {
            ring.nodes.push((number, weight));
        }
        ring
    }

    fn fair(&self, number: usize) -> f64 {
        let own = self.nodes.iter().find(|node| node.0 == number);
        own.map_or(0.0, |node| f64::from(node.1) / f64::from(self.weight()))
    }

    /// What has to move at least: what the fair shares of all nodes gain.
    fn ideal(&self, after: &Self) -> f64 {
        let gains = (after.nodes.iter()).map(|&(number, _)| after.fair(number) - self.fair(number));
        gains.filter(|gain| *gain > 0.0).sum()
    }

    /// What moves, as a multiple of what has to. The same for the change and for its reverse.
    pub fn moved(&self, after: &Self) -> Result<f64, String> {
        let told = moves(self.text().as_bytes(), after.text().as_bytes());
        let told = told.map_err(|error| error.to_string())?;
        Ok(told.clusters[0].moved / self.ideal(after))
    }

    /// Every node's share of the keys by its fair share.
    pub fn loads(router: &Router) -> Vec<f64> {
        let shares = router.snapshot().shares();
        let nodes = shares.iter().flat_map(|cluster| &cluster.nodes);
        nodes.map(|node| node.share / node.fair).collect()
    }
}

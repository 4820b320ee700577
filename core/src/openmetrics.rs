//! Metrics in the `OpenMetrics` text format.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::breaker::BreakerState;
use crate::metrics::Metrics;
use crate::owed::OwedMetrics;
use crate::spec::ALL_BASIS_POINTS;

/// The whole exposition, ending in `# EOF`.
pub(crate) fn encode(metrics: &Metrics) -> String {
    let mut registry = Registry::with_prefix("ringshift");
    registry.register_collector(Box::new(Exposition(metrics.clone())));
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = text::encode(&mut text, &registry);
    text
}

#[derive(Debug)]
struct Exposition(Metrics);

type Labels<'a> = Vec<(&'static str, &'a str)>;

impl Collector for Exposition {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let metrics = &self.0;
        let region = metrics.region.as_deref().unwrap_or("");
        let mut out = Writer(&mut encoder);
        out.counters(
            "requests",
            "Requests to nodes by how they ended",
            metrics.requests.iter().map(|request| {
                let labels = vec![
                    ("cluster", request.cluster.as_str()),
                    ("op", request.op),
                    ("outcome", request.outcome),
                ];
                (labels, request.count)
            }),
        )?;
        out.gauges(
            "invalidation_debt",
            "Invalidations of a cluster that were lost, until no value they should have removed can live",
            metrics.debts.iter().map(|debt| {
                let labels = vec![("cluster", debt.cluster.as_str())];
                (labels, if debt.open { debt.lost } else { 0 })
            }),
        )?;
        owed(&mut out, &metrics.owed)?;
        breakers(&mut out, metrics)?;
        out.gauges(
            "migration_weight_ratio",
            "Share of the keys that have moved",
            [(
                vec![("region", region)],
                f64::from(metrics.weight) / f64::from(ALL_BASIS_POINTS),
            )],
        )?;
        out.gauges(
            "migration_stage",
            "1 for the stage in force",
            [(vec![("region", region), ("stage", metrics.stage)], 1u64)],
        )?;
        out.gauges(
            "spec_info",
            "1 for the spec in force",
            [(vec![("digest", metrics.digest.as_str())], 1u64)],
        )?;
        out.gauge("spec_generation", "Generation in force", metrics.generation)?;
        out.gauge(
            "spec_warnings",
            "Clusters whose fullest node owns over 15 % more than its fair share",
            metrics.warnings.len() as u64,
        )?;
        let reloads = &metrics.reloads;
        out.counters(
            "spec_reloads",
            "Refreshes by how they ended",
            [
                ("applied", reloads.applied),
                ("unchanged", reloads.unchanged),
                ("rejected", reloads.rejected),
            ]
            .map(|(result, count)| (vec![("result", result)], count)),
        )?;
        out.counter(
            "spec_refreshes",
            "Refreshes that have ended, however they did",
            reloads.refreshes,
        )?;
        out.gauges(
            "spec_rejection",
            "1 while the spec file is refused or cannot be read, with the kind of error",
            reloads
                .last_error_kind
                .map(|kind| (vec![("kind", kind)], 1u64)),
        )?;
        out.counter(
            "spec_illegal_changes",
            "Specs that were put in force though they may not follow the one before",
            reloads.illegal,
        )?;
        out.gauge(
            "spec_last_good_unsaved",
            "1 if the last good copy could not be written",
            u64::from(reloads.last_good_error.is_some()),
        )?;
        out.gauge(
            "spec_last_reload_success_timestamp_seconds",
            "When the spec file was last found good",
            reloads.last_success,
        )
    }
}

fn owed(out: &mut Writer<'_, '_>, owed: &OwedMetrics) -> fmt::Result {
    out.gauge(
        "owed_keys",
        "Keys that are not read where their invalidation was lost, until it was sent again",
        owed.keys,
    )?;
    out.gauge(
        "owed_unlisted_nodes",
        "Nodes that are not read, since more invalidations were lost there than are remembered",
        owed.unlisted_nodes,
    )?;
    out.counter(
        "owed_repaid",
        "Lost invalidations that were sent again and acknowledged",
        owed.repaid,
    )
}

fn breakers(out: &mut Writer<'_, '_>, metrics: &Metrics) -> fmt::Result {
    out.gauges(
        "breaker_state",
        "Breaker of a node: 0 closed, 1 open, 2 half-open",
        metrics.breakers.iter().map(|breaker| {
            let labels = vec![
                ("cluster", breaker.cluster.as_str()),
                ("node", breaker.node.as_str()),
            ];
            (labels, breaker_number(breaker.state))
        }),
    )?;
    out.counters(
        "breaker_openings",
        "How often the breaker of a node opened",
        metrics.breakers.iter().map(|breaker| {
            let labels = vec![
                ("cluster", breaker.cluster.as_str()),
                ("node", breaker.node.as_str()),
            ];
            (labels, breaker.opened)
        }),
    )?;
    out.gauges(
        "cluster_breaker_state",
        "Breaker of a cluster: 0 closed, 1 open (the cluster is not read), 2 half-open",
        metrics.cluster_breakers.iter().map(|breaker| {
            let labels = vec![("cluster", breaker.cluster.as_str())];
            (labels, breaker_number(breaker.state))
        }),
    )?;
    out.counters(
        "cluster_breaker_openings",
        "How often the breaker of a cluster opened",
        metrics.cluster_breakers.iter().map(|breaker| {
            let labels = vec![("cluster", breaker.cluster.as_str())];
            (labels, breaker.opened)
        }),
    )
}

fn breaker_number(state: BreakerState) -> u64 {
    match state {
        BreakerState::Closed => 0,
        BreakerState::Open => 1,
        BreakerState::HalfOpen => 2,
    }
}

struct Writer<'a, 'e>(&'a mut DescriptorEncoder<'e>);

impl Writer<'_, '_> {
    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        ConstGauge::new(value).encode(self.0.encode_descriptor(
            name,
            help,
            None,
            MetricType::Gauge,
        )?)
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        ConstCounter::new(count).encode(self.0.encode_descriptor(
            name,
            help,
            None,
            MetricType::Counter,
        )?)
    }

    fn counters<'l>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l>, u64)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Counter)?;
        for (labels, count) in samples {
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }

    fn gauges<'l, V: EncodeGaugeValue>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'l>, V)>,
    ) -> fmt::Result {
        let mut family = self
            .0
            .encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in samples {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

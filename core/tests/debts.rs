//! Invalidations that were lost: what a router tells of them, and until when.

#![allow(missing_docs, clippy::unwrap_used)]

use ringshift::{Options, Router};

#[test]
fn a_lost_invalidation_is_a_debt_of_every_cluster_that_has_the_node_until_its_prefix_changes() {
    let spec = |generation: u32, prefix: &str| {
        format!(
            r#"{{"format":1,"generation":{generation},"primary":"a","standby":"b","clusters":{{
                "a":{{"placement":{{"kind":"ring"}},"key_prefix":"p:","nodes":[{{"id":"n","address":"/n"}}]}},
                "b":{{"placement":{{"kind":"ring"}},"key_prefix":"{prefix}",
                      "nodes":[{{"id":"n","address":"/n"}},{{"id":"m","address":"/m"}}]}}}}}}"#
        )
    };
    let router = Router::from_spec(spec(1, "p:").as_bytes(), Options::default()).unwrap();
    let open = |router: &Router| {
        let debts = router.debts().into_iter();
        debts
            .map(|debt| (debt.cluster, debt.lost, debt.open))
            .collect::<Vec<_>>()
    };
    let report = |op: &str, outcome: &str| {
        let node = router.snapshot().nodes().next().unwrap().clone();
        router.report(&node, op.parse().unwrap(), outcome.parse().unwrap());
    };
    report("read", "error");
    report("fill", "timeout");
    report("invalidate", "ok");
    assert_eq!(
        open(&router),
        [("a".into(), 0, false), ("b".into(), 0, false)]
    );
    report("invalidate", "error");
    report("invalidate", "timeout");
    report("invalidate", "unreachable");
    assert_eq!(
        open(&router),
        [("a".into(), 3, true), ("b".into(), 3, true)]
    );
    assert!(router.metrics().debts[0].last > 1_700_000_000);
    let text = router.metrics_text();
    assert!(
        text.contains("ringshift_invalidation_debt{cluster=\"b\"} 3"),
        "{text}"
    );
    router.apply(spec(2, "q:").as_bytes()).unwrap();
    assert_eq!(
        open(&router),
        [("a".into(), 3, true), ("b".into(), 0, false)]
    );
    let text = router.metrics_text();
    assert!(
        text.contains("ringshift_invalidation_debt{cluster=\"b\"} 0"),
        "{text}"
    );
}

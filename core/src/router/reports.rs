//! What a program reports of its requests, and what follows: breakers that open and close, debts, and keys that are
//! owed.

use std::sync::Arc;

use super::Router;
use crate::breaker::Turn;
use crate::counters::{Op, Outcome};
use crate::error::{Error, ErrorKind};
use crate::events::{Event, EventKind};
use crate::node::Node;
use crate::owed::{self, Circumstances, OwedKey};
use crate::reload::now;

impl Router {
    /// Counts how a request to a node ended; failures open the breakers of the node and its cluster, answers close
    /// them. An invalidation that failed is a debt of the node's cluster from then on; see [`Debt`](crate::Debt), and
    /// [`Router::lost`] for one whose key is known.
    ///
    /// Where all is well nothing is written but a counter that few threads share.
    pub fn report(&self, node: &Node, op: Op, outcome: Outcome) {
        let look = node.counters().add(op, outcome);
        if op == Op::Invalidate && outcome.is_unacknowledged() {
            self.note_debt(node);
        }
        if outcome.is_failure() {
            self.failed(node, outcome);
        } else if outcome != Outcome::Unsent {
            if look {
                let now = self.pool.troubled().now();
                self.with(|snapshot| node.note(now, &snapshot.spec().breaker));
            }
            if !self.pool.troubled().is_nobody() {
                self.succeeded(node);
            }
        }
    }

    /// Counts an invalidation that a node did not acknowledge, as [`Router::report`] does, and remembers its key: until
    /// [`Router::repaid`], or no value that it should have removed can live any more, routes do not read it there, nor
    /// anywhere else if values are copied from there in a migration. See [`Router::owed`] for when to send it again.
    ///
    /// Keys take at most [`limits::MAX_OWED_BYTES`](crate::limits::MAX_OWED_BYTES). What is lost beyond that keeps the
    /// node from being read at all, for as long as its values can live. The router forgets the keys when it is dropped.
    ///
    /// Fails if the outcome is that of an answer; nothing is then counted.
    ///
    /// ```
    /// # use ringshift::{Op, Options, Outcome, Router};
    /// # let spec = br#"{"format":1,"generation":7,"primary":"c","clusters":{"c":
    /// #   {"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]}}}"#;
    /// let router = Router::from_spec(spec, Options::default())?;
    /// let node = router.node(0).unwrap();
    /// router.lost(&node, b"user:42", Outcome::Error)?;
    /// let is_read = |key: &[u8]| router.with(|snapshot| snapshot.route(key).read().is_some());
    /// assert!(!is_read(b"user:42") && is_read(b"user:43"));
    /// // Some other request to the node is answered: it is back.
    /// router.report(&node, Op::Read, Outcome::Hit);
    /// for owed in router.owed(&node) {
    ///     // ... the invalidation of owed.key is sent again, and every node acknowledges it.
    ///     router.repaid(&owed.key, owed.loss);
    /// }
    /// assert!(is_read(b"user:42"));
    /// # Ok::<(), ringshift::Error>(())
    /// ```
    #[cold]
    pub fn lost(&self, node: &Node, key: &[u8], outcome: Outcome) -> Result<(), Error> {
        if !outcome.is_unacknowledged() {
            let message = format!(
                "\"{}\" is not how an invalidation is lost; use error, timeout, unreachable or unsent",
                outcome.name()
            );
            return Err(Error::new(ErrorKind::InvalidArgument, message));
        }
        self.with(|snapshot| {
            let now = self.pool.troubled().now();
            let is_this = |other: &Arc<Node>| other.identity() == node.identity();
            let circumstances = Circumstances {
                now,
                until: snapshot.end_of_life(now),
                copied: snapshot.copied_from().any(is_this),
                epoch: snapshot.epoch(),
            };
            self.pool.owed().lose(node.identity(), key, circumstances);
        });
        self.report(node, Op::Invalidate, outcome);
        Ok(())
    }

    /// Keys whose invalidation is to be sent again, by the route that they have now: ask after each request that the
    /// node answered. At most a few at a time, and each of them once in five seconds until it is
    /// [repaid](Router::repaid), so that any number of threads may ask. While nothing is owed this costs one load.
    ///
    /// While the node's own breaker is open, keys are given to one caller, when a probe is due: their invalidation is
    /// the probe, since nobody else may come by if all keys that would be read there are owed. A key that other nodes
    /// did not acknowledge either is kept back while one of their breakers is open and no probe is due.
    #[inline]
    pub fn owed(&self, node: &Node) -> Vec<OwedKey> {
        if self.owes() {
            self.owed_now(node)
        } else {
            Vec::new()
        }
    }

    /// Whether any invalidation is to be sent again. Costs one load.
    #[inline]
    pub fn owes(&self) -> bool {
        !self.pool.owed().is_nothing()
    }

    #[cold]
    fn owed_now(&self, node: &Node) -> Vec<OwedKey> {
        let asked = node.identity();
        let now = self.pool.troubled().now();
        let shut = || self.with(|snapshot| owed::shut(snapshot.nodes(), asked, now));
        let keep_away = || node.health().refuses(now);
        self.pool.owed().hand_out(asked, now, shut, keep_away)
    }

    /// Tells that the invalidation of a key that [`Router::owed`] gave was sent again, in the order of its route, and
    /// acknowledged by every node of it. Does nothing if it was lost once more meanwhile, or is not owed.
    pub fn repaid(&self, key: &[u8], loss: u64) {
        self.pool.owed().repaid(key, loss);
    }

    #[cold]
    fn succeeded(&self, node: &Node) {
        let now = self.pool.troubled().now();
        let of_node = node.health().succeeded(now);
        let of_cluster = node.cluster_breaker().breaker().succeeded(now);
        if of_node.or(of_cluster).is_some() {
            let generation = self.generation();
            self.tell(of_node, generation, node, false);
            self.tell(of_cluster, generation, node, true);
        }
    }

    #[cold]
    fn note_debt(&self, node: &Node) {
        let uptime = self.pool.troubled().now();
        let until = self.with(|snapshot| snapshot.end_of_life(uptime));
        node.debt().lose([uptime, until], now());
    }

    #[cold]
    fn failed(&self, node: &Node, outcome: Outcome) {
        let uptime = self.pool.troubled().now();
        self.with(|snapshot| {
            let settings = &snapshot.spec().breaker;
            let turn = node.failed(uptime, outcome, settings);
            self.tell(turn, snapshot.generation(), node, false);
            if turn == Some(Turn::Opened) {
                // A server may be a node of several.
                for cluster in snapshot.clusters().values() {
                    cluster.fails_open(settings.max_ejected);
                }
            }
            // Of a cluster that is no longer in the spec there is nothing to keep away from.
            if let Some(cluster) = snapshot.clusters().get(node.cluster()) {
                let (breaker, nodes) = (cluster.breaker(), cluster.reader_count());
                let is_bad = || cluster.is_bad(uptime, settings);
                let turn = breaker.failed(uptime, nodes, settings, is_bad);
                self.tell(turn, snapshot.generation(), node, true);
            }
        });
    }

    /// Makes an event of a breaker that opened or closed: that of a node, or of its cluster. One that
    /// stays open since its probe failed is none: what is dead for hours would be told again and again.
    fn tell(&self, turn: Option<Turn>, generation: u64, node: &Node, of_cluster: bool) {
        let (kind, message) = match (turn, of_cluster) {
            (None | Some(Turn::Reopened), _) => return,
            (Some(Turn::Opened), false) => (
                EventKind::BreakerOpened,
                format!("node {} fails; reads are kept away from it", node.id()),
            ),
            (Some(Turn::Closed), false) => (
                EventKind::BreakerClosed,
                format!("node {} answers again", node.id()),
            ),
            (Some(Turn::Opened), true) => (
                EventKind::ClusterBreakerOpened,
                format!("cluster {} fails; it is not read", node.cluster()),
            ),
            (Some(Turn::Closed), true) => (
                EventKind::ClusterBreakerClosed,
                format!("cluster {} answers again", node.cluster()),
            ),
        };
        let event = if of_cluster {
            Event::of_cluster(kind, generation, node.cluster(), &message)
        } else {
            Event::of_node(kind, generation, node, &message)
        };
        self.events.push(now(), event);
    }
}

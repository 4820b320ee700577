//! Loads of one process that several reads share, by the two rules of docs/migration.md.

use std::collections::BTreeMap;

use crate::engine::Op;

#[derive(Debug)]
struct Load {
    leader: Op,
    began: u64,
    waiting: Vec<Op>,
    /// Nobody can join any more.
    closed: bool,
}

#[derive(Debug, Default)]
pub struct Loads {
    clock: u64,
    /// By key; a load that is closed may be followed by another before it is finished.
    running: BTreeMap<u32, Vec<Load>>,
}

impl Loads {
    /// When a read begins.
    pub fn arrive(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    /// Whether an operation leads a load of its own, rather than to wait for one. The first of those with whom the load
    /// `after` may not be shared leads whatever else is under way.
    pub fn join(&mut self, key: u32, op: Op, after: Option<Op>) -> bool {
        self.clock += 1;
        let loads = self.running.entry(key).or_default();
        if after.is_none()
            && let Some(open) = loads.iter_mut().rev().find(|load| !load.closed)
        {
            open.waiting.push(op);
            return false;
        }
        loads.push(Load {
            leader: op,
            began: self.clock,
            waiting: Vec::new(),
            closed: false,
        });
        true
    }

    /// The value is there and its fill is about to be sent.
    pub fn close(&mut self, key: u32, op: Op) {
        let loads = self.running.entry(key).or_default();
        for load in loads.iter_mut().filter(|load| load.leader == op) {
            load.closed = true;
        }
    }

    /// Who may have the value, and who has to load again.
    pub fn finish(
        &mut self,
        key: u32,
        op: Op,
        accepted: bool,
        all: bool,
        arrived: &dyn Fn(Op) -> u64,
    ) -> (Vec<Op>, Vec<Op>) {
        let loads = self.running.entry(key).or_default();
        let Some(at) = loads.iter().position(|load| load.leader == op) else {
            return (Vec::new(), Vec::new());
        };
        let load = loads.remove(at);
        if loads.is_empty() {
            self.running.remove(&key);
        }
        let may = |waiting: &Op| all || accepted || load.began > arrived(*waiting);
        load.waiting.iter().copied().partition(may)
    }
}

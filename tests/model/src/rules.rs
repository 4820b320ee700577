//! What a variant of the protocol keeps to, and what may happen to it.

/// How a value gets into a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// By a token that was taken on the destination before any source was read.
    Token,
    /// By a token that is taken when the value is known already.
    LateToken,
    /// If nothing is there.
    Add,
    /// Whatever is there.
    Set,
}

/// In which order a writer sends its invalidations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// As the route says, each after the acknowledgement of the one before.
    Route,
    /// The other way round, each after the acknowledgement of the one before.
    Reversed,
    /// All at once: they arrive in any order.
    Parallel,
    /// Only to the nodes where the key is read.
    ReadOnly,
}

/// What a process does when a new generation is there while it invalidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It takes the generation up when it is done.
    Drain,
    /// It takes it up at once, and sends the invalidations again by the routes of both.
    Union,
    /// It takes it up at once, and does not look back.
    Ignore,
}

/// What the publisher of a generation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    Nothing,
    /// Every process runs the generation before.
    Processes,
    /// And whatever was begun by the route of an earlier one is over: reads up to their value, invalidations.
    Operations,
    /// And so much time has passed since keys got other owners that what nobody invalidates any more has expired, and the
    /// tokens for it.
    MaxTtl,
}

/// Where a fault may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Never,
    /// Only at entries that nobody reads at that moment.
    Unread,
    Anywhere,
}

/// Whether a writer may die between its commit and its last invalidation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    Never,
    /// Its write never completes: nobody may rely on it.
    Unfinished,
    /// Whoever sees the commit in the database relies on it.
    Counts,
}

/// The rules of a variant. [`RULES`] is the protocol as it should be.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // switches, each of its own
pub struct Rules {
    pub readers: usize,
    pub writers: usize,
    /// Writes of each writer.
    pub writes: u8,
    /// Whether the last reader and the second writer are of the region `kr`, all others of none.
    pub regions: bool,
    pub fill: Fill,
    pub order: Order,
    pub change: Change,
    /// Writers store the new value where the key is read, instead of removing the old one.
    pub sets: bool,
    pub wait: Wait,
    /// Whether a process takes up a generation only when none of its reads is under way.
    pub readers_drain: bool,
    /// Nodes restart empty.
    pub restarts: bool,
    /// A reader's breaker may be open for a node.
    pub breakers: bool,
    /// A node may fail to answer a read, so that the next replica is asked.
    pub failures: bool,
    pub crash: Crash,
    /// An invalidation gets lost.
    pub lost: Fault,
    /// A node restarts with what it held at an earlier time.
    pub old_data: Fault,
    /// Whether a recorded fault keeps every generation from being published that reads the entry.
    pub debt_blocks: bool,
}

/// All rules kept, and nothing worse than empty restarts.
pub const RULES: Rules = Rules {
    readers: 2,
    writers: 1,
    writes: 2,
    regions: false,
    fill: Fill::Token,
    order: Order::Route,
    change: Change::Union,
    sets: false,
    wait: Wait::Operations,
    readers_drain: false,
    restarts: true,
    breakers: false,
    failures: false,
    crash: Crash::Never,
    lost: Fault::Never,
    old_data: Fault::Never,
    debt_blocks: true,
};

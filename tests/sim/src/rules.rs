//! Which rules of the protocol are kept; every field but the default breaks one.

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// By a token that was taken before the source was asked.
    #[default]
    Token,
    /// If no value is there.
    Add,
    /// By a token that is taken when the value is known.
    LateToken,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Rules {
    pub fill: Fill,
    /// The destination is invalidated before the source.
    pub backwards: bool,
    /// A load is shared with all who wait for it.
    pub share_with_all: bool,
    /// Specs are published in a hurry: nobody waits for processes or for what is under way.
    pub hurry: bool,
}

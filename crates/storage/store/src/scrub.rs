//! What a step of a pass through everything that is stored has found.

/// A step of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// What is damaged, each in words for an operator, without content of records or events. A bounded number of them.
    pub findings: Vec<String>,
    /// How many there are besides those.
    pub further: u64,
    /// Whether the pass has come to its end.
    pub is_end: bool,
}

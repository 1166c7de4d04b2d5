//! The APIs that have objects below `sobjects`.

/// By which API an object is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Below `/services/data/vNN.0`.
    Plain,
    /// Below `/services/data/vNN.0/tooling`.
    Tooling,
}

impl Api {
    /// What its paths have after the version.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tooling => "tooling/",
        }
    }
}

/// The object whose records are generic channels: events are pushed to them.
pub const GENERIC_CHANNEL: &str = "StreamingChannel";

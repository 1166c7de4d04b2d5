//! Where the values of settings were set.

use std::fmt;
use std::path::PathBuf;

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// By a flag, with its dashes.
    Flag(String),
    /// By an environment variable.
    Variable(String),
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1. Unit: characters.
        column: usize,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Variable(name) => f.write_str(name),
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
        }
    }
}

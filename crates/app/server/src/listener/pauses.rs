//! Pauses of a listener between two attempts.

use std::time::Duration;

/// Pause after the machine could not give a connection, such as for lack of file descriptors.
pub(crate) const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Pause before looking again at a connection that has begun a word.
pub(crate) const PEEK_RETRY: Duration = Duration::from_millis(5);

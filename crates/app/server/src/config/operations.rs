//! The settings of the listener for operators.

use std::net::SocketAddr;

use crate::config::secret::Secret;

/// The listener for operators of a production node.
#[derive(Clone, Debug)]
pub struct Operations {
    /// The address of the listener.
    pub listen: SocketAddr,
    /// The bearer token of every request.
    pub token: Secret,
}

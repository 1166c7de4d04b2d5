//! The settings of the listener for operators.

use std::net::SocketAddr;

use crate::config::secret::Secret;

/// Where operators reach a production node, and what they show for it.
#[derive(Clone, Debug)]
pub struct Operations {
    /// The address of the listener.
    pub listen: SocketAddr,
    /// The bearer token of every request.
    pub token: Secret,
}

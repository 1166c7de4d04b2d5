//! The settings of a node of a cluster.

use crate::config::secret::Secret;
use crate::settings::HostPort;

/// The configuration of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// `host:port` at which the other nodes reach it; its name. Port 0 is the one that it listens on.
    pub advertise: HostPort,
    /// What all nodes have in common.
    pub secret: Secret,
}

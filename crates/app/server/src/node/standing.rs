//! What the probes of an org report of the cluster that the node belongs to.

use std::sync::Arc;

use crate::node::metrics::text::Text;

/// A node of a cluster.
pub(crate) trait Membership: Send + Sync {
    /// Members of the answer to `/readyz`, each with its comma.
    fn members(&self) -> String;

    /// Adds the metrics of the node.
    fn measure(&self, text: &mut Text);

    /// Whether the node stops.
    fn is_leaving(&self) -> bool;
}

/// The node that answers a request: an extension of it.
#[derive(Clone)]
pub(crate) struct Standing(Arc<dyn Membership>);

impl Standing {
    /// Of a node.
    pub(crate) fn of(node: &Arc<impl Membership + 'static>) -> Self {
        let node: Arc<dyn Membership> = node.clone();
        Self(node)
    }
}

impl std::ops::Deref for Standing {
    type Target = dyn Membership;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

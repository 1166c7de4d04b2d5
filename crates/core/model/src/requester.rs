//! Who makes a request, for observers of requests.

use std::sync::{Arc, OnceLock};

/// The user who makes a request, known once a surface has found the login of its access token. An observer attaches it to
/// the request; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Requester(Arc<OnceLock<Arc<str>>>);

impl Requester {
    /// Sets the user name. The first one stays: a request that is read twice has one user.
    pub fn set(&self, username: &Arc<str>) {
        self.0.get_or_init(|| Arc::clone(username));
    }

    /// The user name, if it is known yet.
    pub fn username(&self) -> Option<&str> {
        self.0.get().map(|username| &**username)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_learn_the_first_user() {
        let requester = Requester::default();
        let attached = requester.clone();
        assert_eq!(requester.username(), None);
        attached.set(&"ann@landfall.test".into());
        attached.set(&"bob@landfall.test".into());
        assert_eq!(requester.username(), Some("ann@landfall.test"));
    }
}

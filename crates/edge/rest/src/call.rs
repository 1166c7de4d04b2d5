//! One request of the REST API: the call, and where its records are read and changed.

use std::ops::Deref;

use landfall_engine::Engine;

use crate::scope::{Records, Scope};

/// A request of a client that is logged in.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) request: landfall_http::Call,
    /// Where records are read and changed.
    pub(crate) scope: Scope,
}

impl Deref for Call {
    type Target = landfall_http::Call;

    fn deref(&self) -> &Self::Target {
        &self.request
    }
}

impl Call {
    /// Records as this request sees them.
    pub(crate) fn records<'a>(&'a self, engine: &'a Engine) -> Records<'a> {
        Records {
            engine,
            scope: &self.scope,
            login: &self.login,
        }
    }
}

//! Where a request finds the components of the org, and changes them.

use landfall_engine::{Amending, Engine, Staging};

/// The components of the org, as one request changes them.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'s> {
    pub(crate) engine: &'s Engine,
    /// Where changes wait for those of other requests; without it they take effect at once.
    pub(crate) staging: Option<&'s Staging>,
}

impl<'s> Setup<'s> {
    /// Takes the components in hand.
    pub(crate) async fn amending(self) -> Amending<'s> {
        match self.staging {
            Some(staging) => staging.amending().await,
            None => self.engine.amending().await,
        }
    }
}

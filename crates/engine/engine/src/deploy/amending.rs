//! Changes of components by one caller at a time.

use std::sync::Arc;

use landfall_lock::MutexGuard;
use landfall_model::RecordId;

use super::{Amended, Step, amend};
use crate::Engine;
use crate::definitions::Definitions;
use crate::error::Error;

/// The components in the hands of one caller: until it is dropped nobody else changes them, so what was found out about
/// them still holds when they are changed.
pub struct Amending<'e> {
    engine: &'e Engine,
    _only: MutexGuard<'e, ()>,
}

impl<'e> Amending<'e> {
    /// Waits for whoever changes components now.
    pub(crate) async fn begin(engine: &'e Engine) -> Self {
        Self {
            engine,
            _only: engine.0.deploying.lock().await,
        }
    }

    /// The definitions as they are, with what was amended so far.
    pub fn definitions(&self) -> Arc<Definitions> {
        self.engine.definitions()
    }

    /// Puts and removes components one after the other, all or none; with `check_only`, only says what would become of
    /// it. The path of a problem is that of a component: [`landfall_metadata::Kind::path`], if it was amended itself.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, [`Error::Store`], [`Error::Stopped`]: the org is as before.
    pub async fn amend(
        &self,
        steps: Vec<Step>,
        by: RecordId,
        check_only: bool,
    ) -> Result<Amended, Error> {
        amend(self.engine, steps, by, check_only).await
    }
}

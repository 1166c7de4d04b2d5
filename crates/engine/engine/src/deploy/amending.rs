//! Changes of components by one caller at a time.

use std::sync::Arc;

use landfall_lock::MutexGuard;
use landfall_model::RecordId;

use super::managing;
use super::staging::{self, Staged};
use super::{Amended, Step, amend};
use crate::Engine;
use crate::definitions::Definitions;
use crate::error::Error;
use crate::managed::ManagedChange;

/// Exclusive access to the components: until it is dropped no other caller changes them, so what was read of them still
/// holds when they are changed.
pub struct Amending<'e> {
    engine: &'e Engine,
    effect: TakesEffect<'e>,
}

/// When a change takes effect.
enum TakesEffect<'e> {
    /// With each call of [`Amending::amend`].
    AtOnce { _only: MutexGuard<'e, ()> },
    /// With all others that are staged.
    Together(MutexGuard<'e, Staged>),
}

impl<'e> Amending<'e> {
    /// Waits for the current change of components.
    pub(crate) async fn begin(engine: &'e Engine) -> Self {
        Self {
            engine,
            effect: TakesEffect::AtOnce {
                _only: engine.0.deploying.lock().await,
            },
        }
    }

    pub(super) const fn staging(engine: &'e Engine, staged: MutexGuard<'e, Staged>) -> Self {
        Self {
            engine,
            effect: TakesEffect::Together(staged),
        }
    }

    /// The definitions as they are, with what was amended so far.
    pub fn definitions(&self) -> Arc<Definitions> {
        match &self.effect {
            TakesEffect::AtOnce { .. } => self.engine.definitions(),
            TakesEffect::Together(staged) => staged.definitions(self.engine),
        }
    }

    /// Puts and removes components one after the other, all or none; with `check_only`, only says what would become of
    /// it. The path of a problem is that of a component: [`landfall_metadata::Kind::path`], if it was amended itself.
    ///
    /// # Errors
    /// [`Error::Invalid`] with all that is wrong, [`Error::Store`], [`Error::Stopped`]: the org is as before.
    pub async fn amend(
        &mut self,
        steps: Vec<Step>,
        by: RecordId,
        check_only: bool,
    ) -> Result<Amended, Error> {
        match &mut self.effect {
            TakesEffect::AtOnce { .. } => amend(self.engine, steps, by, check_only).await,
            TakesEffect::Together(staged) => {
                staging::amend(self.engine, staged, steps, by, check_only).await
            }
        }
    }

    /// Changes one subscription whose position the service keeps, and returns its id. A stream of one that is deleted or
    /// stopped ends once the change takes effect.
    ///
    /// # Errors
    /// [`Error::Refused`], or as [`Self::amend`]: they are as before.
    pub async fn manage(&mut self, change: ManagedChange, by: RecordId) -> Result<RecordId, Error> {
        managing::manage(self, change, by).await
    }
}

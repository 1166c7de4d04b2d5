//! Whether an org takes changes, and if not, why.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};

use landfall_model::{Fault, LimitFault};
use landfall_store::{Document, DocumentKind, Failure};
use tracing::{info, warn};

use crate::error::Error;
use crate::{Engine, chain};

/// What an org can do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Changes are taken.
    Writable,
    /// The last commit was refused, and nothing of it was kept. The next one is tried.
    Refusing(Failure),
    /// No changes are taken until the store is opened again.
    Ended(Failure),
    /// A durable commit could not be read back; it is tried again.
    Stale,
    /// The engine has stopped.
    Stopped,
}

/// The health of a writer, as its thread sees it.
#[derive(Debug)]
pub(crate) struct WriterHealth(Mutex<Health>);

impl Default for WriterHealth {
    fn default() -> Self {
        Self(Mutex::new(Health::Writable))
    }
}

impl WriterHealth {
    pub(crate) fn now(&self) -> Health {
        *self.lock()
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.now(), Health::Ended(_))
    }

    /// The writer takes nothing more. The first cause is the one that is reported.
    pub(crate) fn end(&self, failure: Failure) {
        let mut health = self.lock();
        if !matches!(*health, Health::Ended(_)) {
            *health = Health::Ended(failure);
        }
    }

    /// A commit was refused; returns whether the one before was not, or was for another reason.
    pub(crate) fn refuse(&self, failure: Failure) -> bool {
        let mut health = self.lock();
        let is_new = *health != Health::Refusing(failure);
        *health = Health::Refusing(failure);
        is_new
    }

    /// A commit was kept; returns whether the one before was not.
    pub(crate) fn accept(&self) -> bool {
        let mut health = self.lock();
        let was_refusing = matches!(*health, Health::Refusing(_));
        if was_refusing {
            *health = Health::Writable;
        }
        was_refusing
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// What the org can do now.
    pub fn health(&self) -> Health {
        match self.0.writer.health() {
            Health::Writable if self.0.state.is_stale() => Health::Stale,
            health => health,
        }
    }

    /// Whether writes are tried: not after the store has failed.
    pub fn is_writable(&self) -> bool {
        !matches!(self.health(), Health::Ended(_) | Health::Stopped)
    }

    /// Finds out whether the org can write again, or can no longer, where no client would: a refusing store gets a commit
    /// that changes nothing, and so does one whose file is not in its place.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Stopped`]: it cannot.
    pub async fn probe(&self) -> Result<(), Error> {
        let in_place = self.read(|reader| reader.free_bytes()).await;
        let refuses = matches!(self.health(), Health::Refusing(_));
        if in_place.is_ok() && !refuses {
            return Ok(());
        }
        self.put(vec![Document {
            kind: DocumentKind::Org,
            key: "probe".to_owned(),
            content: None,
        }])
        .await
    }

    /// Free space of the disk, where the store knows it. Unit: bytes.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn free_bytes(&self) -> Result<Option<u64>, Error> {
        self.read(|reader| reader.free_bytes()).await
    }

    /// Refuses what stores much while the disk has less space than the reserve, which is for commits.
    ///
    /// # Errors
    /// [`LimitFault::Storage`]; [`landfall_model::ServiceFault::StoreUnavailable`] if the data file is not in its place.
    pub fn check_reserve(&self) -> Result<(), Fault> {
        let reserve = self.0.reserve_bytes;
        let free = self.0.reader.free_bytes().map_err(Error::from);
        let is_low = free
            .map_err(Error::fault)?
            .is_some_and(|free| free < reserve);
        if self.0.is_low.swap(is_low, Ordering::Relaxed) != is_low {
            if is_low {
                warn!(
                    reserve,
                    "disk space below the reserve: uploads and jobs are refused"
                );
            } else {
                info!(reserve, "disk space above the reserve again");
            }
        }
        if is_low {
            Err(Fault::Limit(LimitFault::Storage))
        } else {
            Ok(())
        }
    }
}

/// Logs that the writer has ended.
pub(crate) fn log_end(failure: Failure, error: &dyn std::error::Error) {
    tracing::error!(
        failure = failure.as_str(),
        error = %chain(error),
        "commit failed: no more writes are taken until a restart"
    );
}

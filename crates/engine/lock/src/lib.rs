//! Locks that are held across an `await`, with one order for the whole process.
//!
//! Two tasks that take the same two locks in opposite order wait for each other for ever. Every lock here has a [`Rank`];
//! a task may wait only for a lock of a higher rank than all that it holds. Wherever debug assertions are on, which they
//! are in every test, breaking the order panics, whether or not another task happens to be in the way. Clippy refuses the
//! locks of `tokio` anywhere else, so none escapes the check. Locks of the standard library are not held across an `await`
//! (Clippy refuses that, too) and not while another lock is taken.

#![expect(
    clippy::disallowed_types,
    reason = "the locks that are wrapped here are refused everywhere else"
)]

mod order;

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use order::Held;

/// The order of all locks: a task takes them from the top of this list to its bottom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The snapshots of the org. What returns to one deploys.
    Snapshots,
    /// A job of the Bulk API before 2.0. Below it: those of its batches.
    BulkClassicJob,
    /// A job of the Bulk API 2.0, or a batch.
    BulkJob,
    /// A deployment of the Metadata API.
    Deployment,
    /// The answer of one Streaming API client.
    Delivery,
    /// The records that the events of a channel are enriched with. A delivery reads them.
    Enrichment,
    /// The definitions of the org.
    Definitions,
    /// Changes of the definitions that one caller collects until they take effect together.
    StagedDefinitions,
    /// The logins of the org.
    Logins,
}

/// Counts the locks of a future for itself. Futures that are joined within one task, as tests like to do with requests,
/// are one holder otherwise, though each waits for its own locks only.
pub async fn apart<F: Future>(future: F) -> F::Output {
    order::apart(future).await
}

/// [`tokio::sync::Mutex`] with a rank.
#[derive(Debug)]
pub struct Mutex<T> {
    rank: Rank,
    inner: Arc<tokio::sync::Mutex<T>>,
}

/// A locked [`Mutex`].
#[derive(Debug)]
pub struct MutexGuard<'l, T> {
    guard: tokio::sync::MutexGuard<'l, T>,
    _held: Held,
}

/// A locked [`Mutex`] that keeps the mutex alive: it can be stored.
#[derive(Debug)]
pub struct OwnedMutexGuard<T> {
    guard: tokio::sync::OwnedMutexGuard<T>,
    _held: Held,
}

impl<T> Mutex<T> {
    /// A lock at its position in the order.
    pub fn new(rank: Rank, value: T) -> Self {
        Self {
            rank,
            inner: Arc::new(tokio::sync::Mutex::new(value)),
        }
    }

    /// Waits for the lock.
    ///
    /// # Panics
    /// With debug assertions, if the task holds a lock of the same or a higher rank.
    pub async fn lock(&self) -> MutexGuard<'_, T> {
        let held = Held::in_order(self.rank);
        // A free lock is taken without the means to wait for it. Who waits already has been given it: nobody is passed.
        let guard = match self.inner.try_lock() {
            Ok(guard) => guard,
            Err(_) => self.inner.lock().await,
        };
        MutexGuard { guard, _held: held }
    }

    /// Waits for the lock, and holds it until the guard is dropped, wherever that is stored.
    ///
    /// # Panics
    /// As [`Self::lock`].
    pub async fn lock_owned(&self) -> OwnedMutexGuard<T> {
        let held = Held::in_order(self.rank);
        OwnedMutexGuard {
            guard: Arc::clone(&self.inner).lock_owned().await,
            _held: held,
        }
    }

    /// Takes the lock if it is free: nobody waits, so any order will do.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = self.inner.try_lock().ok()?;
        let held = Held::in_any_order(self.rank);
        Some(MutexGuard { guard, _held: held })
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

impl<T> Deref for OwnedMutexGuard<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for OwnedMutexGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// [`tokio::sync::RwLock`] with a rank.
#[derive(Debug)]
pub struct RwLock<T> {
    rank: Rank,
    inner: tokio::sync::RwLock<T>,
}

/// A [`RwLock`] that is read.
#[derive(Debug)]
pub struct ReadGuard<'l, T> {
    guard: tokio::sync::RwLockReadGuard<'l, T>,
    _held: Held,
}

/// A [`RwLock`] that is written.
#[derive(Debug)]
pub struct WriteGuard<'l, T> {
    guard: tokio::sync::RwLockWriteGuard<'l, T>,
    _held: Held,
}

impl<T> RwLock<T> {
    /// A lock at its position in the order.
    pub const fn new(rank: Rank, value: T) -> Self {
        Self {
            rank,
            inner: tokio::sync::RwLock::const_new(value),
        }
    }

    /// Waits until nobody writes.
    ///
    /// # Panics
    /// With debug assertions, if the task holds a lock of the same or a higher rank: reading twice waits for ever, too, if
    /// somebody else waits to write in between.
    pub async fn read(&self) -> ReadGuard<'_, T> {
        let held = Held::in_order(self.rank);
        ReadGuard {
            guard: self.inner.read().await,
            _held: held,
        }
    }

    /// Waits until no other task reads or writes.
    ///
    /// # Panics
    /// With debug assertions, if the task holds a lock of the same or a higher rank.
    pub async fn write(&self) -> WriteGuard<'_, T> {
        let held = Held::in_order(self.rank);
        WriteGuard {
            guard: self.inner.write().await,
            _held: held,
        }
    }
}

impl<T> Deref for ReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> Deref for WriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for WriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

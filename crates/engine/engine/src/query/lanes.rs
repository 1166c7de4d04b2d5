//! Who may read how much at once: lanes for queries, of which one user has some.
//!
//! The store has connections for queries and others for short reads, so queries never keep short reads waiting. Among
//! queries it is turn by turn, first within a user, then among users.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use landfall_model::RecordId;
use landfall_model::limits::{QUERIES_AT_ONCE_MAX, QUERIES_OF_USER_AT_ONCE_MAX};
use landfall_store::Deadline;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::Error;

/// The lanes of an org.
#[derive(Debug)]
pub(crate) struct Lanes {
    all: Arc<Semaphore>,
    /// Of users that read or wait.
    users: Mutex<HashMap<RecordId, Weak<Semaphore>>>,
}

/// A lane that is taken, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lane {
    _own: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

/// Ends a query that nobody waits for any more.
#[derive(Debug)]
pub(crate) struct Waiting(pub(crate) Deadline);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(QUERIES_AT_ONCE_MAX)),
            users: Mutex::default(),
        }
    }
}

impl Lanes {
    /// Waits for a lane.
    ///
    /// # Errors
    /// [`landfall_store::Error::TimedOut`] if there is none before the deadline.
    pub(crate) async fn enter(&self, user: RecordId, deadline: &Deadline) -> Result<Lane, Error> {
        let lane = timeout(deadline.remaining(), self.wait(user)).await;
        lane.unwrap_or(Err(landfall_store::Error::TimedOut.into()))
    }

    async fn wait(&self, user: RecordId) -> Result<Lane, Error> {
        let own = self.of(user).acquire_owned().await;
        let own = own.map_err(|_| Error::Stopped)?;
        let all = Arc::clone(&self.all).acquire_owned().await;
        let all = all.map_err(|_| Error::Stopped)?;
        Ok(Lane {
            _own: own,
            _all: all,
        })
    }

    fn of(&self, user: RecordId) -> Arc<Semaphore> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = users.get(&user).and_then(Weak::upgrade) {
            return known;
        }
        users.retain(|_, lanes| lanes.strong_count() > 0);
        let own = Arc::new(Semaphore::new(QUERIES_OF_USER_AT_ONCE_MAX));
        users.insert(user, Arc::downgrade(&own));
        own
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use landfall_model::KeyPrefix;

    use super::*;

    fn user(number: u64) -> RecordId {
        let prefix = KeyPrefix::parse("005").expect("a prefix");
        RecordId::from_number(prefix, *b"00", number)
    }

    #[tokio::test]
    async fn one_user_leaves_lanes_to_others() {
        let (lanes, now) = (Lanes::default(), Deadline::after(Duration::ZERO));
        let later = Deadline::after(Duration::from_hours(1));
        let mut taken = Vec::new();
        for _ in 0..QUERIES_OF_USER_AT_ONCE_MAX {
            taken.push(lanes.enter(user(1), &later).await.expect("a lane"));
        }
        let refused = lanes.enter(user(1), &now).await;
        assert!(
            matches!(refused, Err(Error::Store(landfall_store::Error::TimedOut))),
            "{refused:?}"
        );
        for number in 2..=u64::try_from(QUERIES_AT_ONCE_MAX / QUERIES_OF_USER_AT_ONCE_MAX)
            .expect("a small number")
        {
            taken.push(lanes.enter(user(number), &later).await.expect("a lane"));
        }
        taken.remove(0);
        lanes.enter(user(1), &later).await.expect("its turn");
    }

    #[tokio::test]
    async fn users_who_have_finished_take_no_memory() {
        let (lanes, later) = (Lanes::default(), Deadline::after(Duration::from_hours(1)));
        for number in 0..100 {
            lanes.enter(user(number), &later).await.expect("a lane");
        }
        let users = lanes.users.lock().expect("no poison");
        assert_eq!(users.len(), 1);
    }
}

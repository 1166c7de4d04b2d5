//! When held polls end by time.
//!
//! Polls begin far more often than one of them is held to its end, so a session has one alarm for all of its polls: it is
//! left as it is while the end moves away, and set again when it goes off too early.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use landfall_bayeux::Moment;
use tokio::sync::Notify;

use crate::client::Client;

/// The alarms of all sessions, at most one for each.
#[derive(Default)]
pub(crate) struct Alarms {
    /// By their time, and by the address of the session, which stays taken as long as its entry is there.
    set: Mutex<BTreeMap<(Moment, usize), Weak<Client>>>,
    /// One was set that is the first of all.
    is_earlier: Notify,
}

impl Alarms {
    fn all(&self) -> MutexGuard<'_, BTreeMap<(Moment, usize), Weak<Client>>> {
        self.set.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the alarm of a session, in place of the one that it had.
    pub(crate) fn set(&self, client: &Arc<Client>, before: Option<Moment>, at: Moment) {
        let address = Arc::as_ptr(client).addr();
        let mut all = self.all();
        if let Some(before) = before {
            all.remove(&(before, address));
        }
        let first = all.first_key_value().map(|((first, _), _)| *first);
        all.insert((at, address), Arc::downgrade(client));
        drop(all);
        if first.is_none_or(|first| at < first) {
            self.is_earlier.notify_one();
        }
    }

    /// Forgets the alarm of a session that is over.
    pub(crate) fn unset(&self, client: &Arc<Client>) {
        if let Some(at) = client.state().alarm.take() {
            self.all().remove(&(at, Arc::as_ptr(client).addr()));
        }
    }

    /// When the next goes off.
    pub(crate) fn next(&self) -> Option<Moment> {
        self.all().first_key_value().map(|((at, _), _)| *at)
    }

    /// Ends when the next goes off earlier than before.
    pub(crate) async fn earlier(&self) {
        self.is_earlier.notified().await;
    }

    /// The sessions whose alarms have gone off by now. Each has none any more.
    pub(crate) fn take_due(&self, now: Moment) -> Vec<Arc<Client>> {
        let mut all = self.all();
        let mut due = Vec::new();
        while let Some(first) = all.first_entry()
            && first.key().0 <= now
        {
            due.extend(first.remove().upgrade());
        }
        due
    }
}

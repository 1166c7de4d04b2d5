//! All streaming clients of an org: found by client id, counted against the limit, forgotten when they expire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_auth::{Auth, Login};
use landfall_bayeux::Timings;
use landfall_engine::{Engine, draw};
use landfall_model::{Fault, StreamingFault};

use crate::alarms::Alarms;
use crate::client::{Client, moment};

/// The table of clients.
#[derive(Default)]
pub(crate) struct Clients {
    table: Mutex<HashMap<String, Arc<Client>>>,
    pub(crate) alarms: Alarms,
}

impl Clients {
    fn table(&self) -> MutexGuard<'_, HashMap<String, Arc<Client>>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new client, if there may be one more.
    ///
    /// # Errors
    /// [`StreamingFault::ClientLimitExceeded`].
    pub(crate) fn shake_hands(
        &self,
        engine: &Engine,
        login: &Arc<Login>,
        browser: Option<String>,
        timings: Timings,
    ) -> Result<Arc<Client>, Fault> {
        let browser = browser.unwrap_or_else(|| new_browser(engine));
        let id = base36(draw(engine.entropy()), 28);
        let limit = engine.usage().allocations().concurrent_clients;
        let elsewhere = engine.usage().clients_elsewhere();
        let limit = limit.map(|limit| limit.saturating_sub(elsewhere));
        let limit = limit.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut table = self.table();
        if limit.is_some_and(|limit| table.len() >= limit) {
            table.retain(|_, client| {
                let is_over = client.tick(engine);
                if is_over {
                    self.alarms.unset(client);
                }
                !is_over
            });
            if limit.is_some_and(|limit| table.len() >= limit) {
                return Err(Fault::Streaming(StreamingFault::ClientLimitExceeded));
            }
        }
        let client = Arc::new(Client::new(
            engine,
            Arc::clone(login),
            id.clone(),
            browser,
            timings,
        ));
        table.insert(id, Arc::clone(&client));
        engine.usage().set_clients(table.len());
        Ok(client)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Client>> {
        self.table().get(id).cloned()
    }

    pub(crate) fn forget(&self, engine: &Engine, id: &str) {
        let mut table = self.table();
        if let Some(client) = table.remove(id) {
            self.alarms.unset(&client);
        }
        engine.usage().set_clients(table.len());
    }

    pub(crate) fn all(&self) -> Vec<Arc<Client>> {
        self.table().values().cloned().collect()
    }

    /// Notifies all of new definitions.
    pub(crate) fn redefined(&self, engine: &Engine) {
        for client in self.all() {
            client.redefined(engine);
        }
    }

    /// Has held polls look whether they go on.
    pub(crate) fn wake(&self) {
        for client in self.all() {
            client.watcher.wake();
        }
    }

    /// The same for those whose login has ended.
    pub(crate) fn wake_logged_out(&self) {
        for client in self.all() {
            if client.state().is_logged_out() {
                client.watcher.wake();
            }
        }
    }

    /// Answers the polls that are held no longer.
    pub(crate) fn ring(&self, engine: &Engine) {
        for client in self.alarms.take_due(moment(engine)) {
            client.rung(engine, &self.alarms);
        }
    }

    /// Lets time pass for all: expired clients are forgotten, and the logins of those that wait stay in use.
    pub(crate) fn sweep(&self, engine: &Engine, auth: &Auth) {
        for client in self.all() {
            if client.tick(engine) {
                self.forget(engine, &client.id);
            } else if let Some(login) = client.waiting_login() {
                // A login that has ended meanwhile ends its poll by itself.
                let _ = auth.keep_alive(&login);
            }
        }
    }
}

/// Value of a cookie for a browser that has none.
pub(crate) fn new_browser(engine: &Engine) -> String {
    base36(draw(engine.entropy()), 16)
}

/// Random text of `[0-9a-z]`: 28 characters hold 144 bits. Source: client ids in logs have 25 to 29 of these characters.
fn base36(random: [u8; 32], length: usize) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    random
        .iter()
        .take(length)
        .map(|byte| {
            // 252 is the largest multiple of 36 in a byte; the few values above it lean on the first digits, which
            // costs less than a fiftieth of a bit a character.
            let digit = usize::from(*byte % 36);
            char::from(DIGITS.get(digit).copied().unwrap_or(b'0'))
        })
        .collect()
}

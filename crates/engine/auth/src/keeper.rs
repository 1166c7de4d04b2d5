//! What happens to logins without a request: they expire, and their last use is saved.

use std::sync::{Arc, Weak};

use landfall_engine::{Clock, Working};
use landfall_model::Timestamp;
use landfall_model::limits::{LOGIN_EXPIRY_ROUND_MS_MAX, LOGIN_EXPIRY_ROUND_MS_MIN};
use landfall_store::{Document, DocumentKind};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::documents::{StoredLogin, forgotten, kept};
use crate::error::Error;
use crate::login::Login;
use crate::token::TokenHash;
use crate::{Auth, Shared};

/// How often a login in use is reported to the process that writes, in its idle time.
const USES_PER_IDLE_TIME: i64 = 100;

/// Documents in one write.
const DOCUMENTS_A_WRITE: usize = 1_000;

/// Starts the keeper. It ends with the last handle, or when it is stopped.
pub(crate) fn start(shared: &Arc<Shared>) -> JoinHandle<()> {
    let round_ms = (shared.settings.idle_ms() / 10)
        .clamp(LOGIN_EXPIRY_ROUND_MS_MIN, LOGIN_EXPIRY_ROUND_MS_MAX);
    let clock = Arc::clone(shared.engine.clock());
    let stopped = Arc::clone(&shared.stopped);
    let due = shared.following.due();
    tokio::spawn(keep(
        Arc::downgrade(shared),
        clock,
        (stopped, due),
        round_ms,
    ))
}

async fn keep(
    shared: Weak<Shared>,
    clock: Arc<dyn Clock>,
    (stopped, due): (Arc<Notify>, Arc<Notify>),
    round_ms: i64,
) {
    let mut stop = std::pin::pin!(stopped.notified());
    stop.as_mut().enable();
    loop {
        let next = clock.now().plus_millis(round_ms);
        let _work = tokio::select! {
            () = &mut stop => return,
            () = due.notified() => Working::default(),
            work = clock.wait_until(next) => work,
        };
        let Some(shared) = shared.upgrade() else {
            return;
        };
        if let Err(error) = shared.round().await {
            warn!(
                error = &error as &dyn std::error::Error,
                "logins could not be looked after"
            );
        }
    }
}

impl Shared {
    /// One round of the keeper.
    async fn round(&self) -> Result<(), Error> {
        self.save(self.settings.idle_ms() / 10).await
    }

    /// Saves every use that is not stored yet.
    pub(crate) async fn save_all(&self) -> Result<(), Error> {
        self.save(1).await
    }

    /// Ends what has expired, and saves the last use of logins where at least `unsaved_ms` of it are not stored.
    async fn save(&self, unsaved_ms: i64) -> Result<(), Error> {
        let _alone = self.gate.write().await;
        let expired = self.logins.expired(self.engine.clock().now());
        for login in &expired {
            self.logins.end_one(login);
        }
        let mut over = forget(&expired);
        over.extend(self.following.take_unusable());
        self.put_in_turns(over).await?;
        let unsaved: Vec<(Arc<Login>, Timestamp)> = self
            .logins
            .select(|login| login.unsaved_ms() >= unsaved_ms.max(1))
            .into_iter()
            .map(|login| {
                let used = login.used();
                (login, used)
            })
            .collect();
        let documents = unsaved.iter().map(|(login, used)| {
            let stored = StoredLogin::of(login, *used);
            kept(DocumentKind::Session, login.hash.key(), &stored)
        });
        self.put_in_turns(documents.collect()).await?;
        for (login, used) in unsaved {
            login.saved(used);
        }
        Ok(())
    }

    /// The logins that were used for at least `unsaved_ms` that the process which writes does not know of, each with its last
    /// use. It is taken to know them from now on.
    fn take_uses(&self, unsaved_ms: i64) -> Vec<(String, Timestamp)> {
        let unsaved = self.logins.select(|login| login.unsaved_ms() >= unsaved_ms);
        let used = unsaved.iter().map(|login| {
            let used = login.used();
            login.saved(used);
            (login.hash.key(), used)
        });
        used.collect()
    }

    async fn put_in_turns(&self, documents: Vec<Document>) -> Result<(), Error> {
        for turn in documents.chunks(DOCUMENTS_A_WRITE) {
            self.put(turn.to_vec()).await?;
        }
        Ok(())
    }
}

impl Auth {
    /// Where another process writes: the logins in use, by the keys of their documents, with their last uses, as far as that
    /// process has to know them. Each is reported once.
    pub fn uses(&self) -> Vec<(String, Timestamp)> {
        self.0
            .take_uses((self.0.settings.idle_ms() / USES_PER_IDLE_TIME).max(1))
    }

    /// Takes note of uses that another process has seen. Logins that are unknown or over stay so.
    pub fn used_elsewhere(&self, uses: &[(String, Timestamp)]) {
        for (key, used) in uses {
            let hash = TokenHash::from_key(key);
            let login = hash.and_then(|hash| self.0.logins.find(&hash));
            if let Some(login) = login.filter(|login| login.is_live()) {
                login.used_elsewhere(*used);
            }
        }
    }
}

/// The documents of logins that have ended.
pub(crate) fn forget(ended: &[Arc<Login>]) -> Vec<Document> {
    ended
        .iter()
        .map(|login| forgotten(DocumentKind::Session, login.hash.key()))
        .collect()
}

//! What happens to logins without anybody asking: they expire, their last use is saved, their users change.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use landfall_engine::Clock;
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::Shared;
use crate::documents::{StoredLogin, forgotten, kept};
use crate::error::Error;
use crate::login::Login;

/// The longest time between two rounds. Unit: milliseconds.
const ROUND_MS_MAX: i64 = 10_000;

/// The shortest time between two rounds. Unit: milliseconds.
const ROUND_MS_MIN: i64 = 50;

/// Users whose records are looked at in one round; the others have their turn in the next ones.
const USERS_A_ROUND: usize = 500;

/// Documents in one write.
const DOCUMENTS_A_WRITE: usize = 1_000;

/// Starts the keeper. It ends with the last handle, or when told to stop.
pub(crate) fn start(shared: &Arc<Shared>) -> JoinHandle<()> {
    let round_ms = (shared.settings.idle_ms() / 10).clamp(ROUND_MS_MIN, ROUND_MS_MAX);
    let clock = Arc::clone(shared.engine.clock());
    let stopped = Arc::clone(&shared.stopped);
    tokio::spawn(keep(Arc::downgrade(shared), clock, stopped, round_ms))
}

async fn keep(shared: Weak<Shared>, clock: Arc<dyn Clock>, stopped: Arc<Notify>, round_ms: i64) {
    let mut stop = std::pin::pin!(stopped.notified());
    stop.as_mut().enable();
    let mut checked = RecordId::EMPTY;
    loop {
        let next = clock.now().plus_millis(round_ms);
        tokio::select! {
            () = &mut stop => return,
            () = clock.wait_until(next) => (),
        }
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match shared.round(checked).await {
            Ok(last) => checked = last,
            Err(error) => {
                warn!(
                    error = &error as &dyn std::error::Error,
                    "logins could not be looked after"
                );
            }
        }
    }
}

impl Shared {
    /// One round of the keeper; `checked` is the user whom the last one ended with.
    async fn round(&self, checked: RecordId) -> Result<RecordId, Error> {
        self.save(self.settings.idle_ms() / 10).await?;
        let users = self.logins.users_after(checked, USERS_A_ROUND);
        self.recheck(&users).await?;
        Ok(users.last().copied().unwrap_or(checked))
    }

    /// Saves every use that is not stored yet.
    pub(crate) async fn save_all(&self) -> Result<(), Error> {
        self.save(1).await
    }

    /// Ends what has expired, and saves the last use of logins where at least `unsaved_ms` of it are not stored.
    async fn save(&self, unsaved_ms: i64) -> Result<(), Error> {
        let _alone = self.gate.write().await;
        let expired = self.logins.end_expired(self.engine.clock().now());
        self.put_in_turns(forget(&expired)).await?;
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
        self.put_in_turns(documents.collect::<Result<_, _>>()?)
            .await?;
        for (login, used) in unsaved {
            login.saved(used);
        }
        Ok(())
    }

    async fn put_in_turns(&self, documents: Vec<Document>) -> Result<(), Error> {
        for turn in documents.chunks(DOCUMENTS_A_WRITE) {
            self.put(turn.to_vec()).await?;
        }
        Ok(())
    }

    /// Ends the logins of users who are no longer active, and gives the others a changed name.
    pub(crate) async fn recheck(&self, ids: &[RecordId]) -> Result<(), Error> {
        let mut users = HashMap::with_capacity(ids.len());
        for id in ids {
            let user = self.users.by_id(*id).await?;
            users.insert(*id, user.filter(|user| user.active));
        }
        let changed = self.logins.select(|login| match users.get(&login.user_id) {
            Some(Some(user)) => login.username != user.username,
            Some(None) | None => false,
        });
        for login in changed {
            if let Some(Some(user)) = users.get(&login.user_id) {
                let username = user.username.clone();
                self.logins.replace(login.of_changed_user(username));
            }
        }
        let gone = |login: &Login| matches!(users.get(&login.user_id), Some(None));
        let _alone = self.gate.write().await;
        self.put_in_turns(forget(&self.logins.end_where(gone)))
            .await
    }
}

/// The documents of logins that have ended.
pub(crate) fn forget(ended: &[Arc<Login>]) -> Vec<Document> {
    ended
        .iter()
        .map(|login| forgotten(DocumentKind::Session, login.hash.key()))
        .collect()
}

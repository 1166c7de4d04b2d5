//! A connect request that waits for its answer.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_bayeux::{Answer, Input, Moment, PollId, Refusal};
use landfall_engine::Engine;
use landfall_model::Timestamp;
use tokio::sync::oneshot;
use tracing::error;

use crate::StreamingState;
use crate::client::{Client, moment};

/// A poll that waits for its answer. Dropping it notifies the session that nobody reads the answer any more.
pub(crate) struct Waiting {
    client: Arc<Client>,
    engine: Engine,
    id: PollId,
    answer: oneshot::Receiver<Answer>,
    /// None if it is answered already.
    held_until: Option<Moment>,
    answered: bool,
}

impl Waiting {
    pub(crate) const fn new(
        client: Arc<Client>,
        engine: Engine,
        id: PollId,
        answer: oneshot::Receiver<Answer>,
        held_until: Option<Moment>,
    ) -> Self {
        Self {
            client,
            engine,
            id,
            answer,
            held_until,
            answered: false,
        }
    }

    /// Ends with the poll's answer; none if the session ended without one.
    pub(crate) async fn answered(
        &mut self,
        login: &Login,
        refusal: impl Fn() -> Refusal,
        state: &StreamingState,
    ) -> Option<Answer> {
        let Some(held_until) = self.held_until else {
            self.answered = true;
            return self.answer.try_recv().ok();
        };
        let client = Arc::clone(&self.client);
        let engine = self.engine.clone();
        let held_until = timestamp(held_until);
        let mut due = engine.clock().wait_until(held_until);
        let mut stopping = std::pin::pin!(state.stopping());
        let mut revoked = std::pin::pin!(login.ended());
        let mut going_on = true;
        loop {
            let input = tokio::select! {
                biased;
                answer = &mut self.answer => {
                    self.answered = true;
                    return answer.ok();
                }
                () = client.watcher.woken() => {
                    if going_on && (!login.is_live() || state.is_stopping()) {
                        // What ends the poll comes first. It is looked at last because a look at it costs more.
                        continue;
                    }
                    match client.has_pending(&engine).await {
                        Ok(false) => continue,
                        Ok(true) => Input::EventsAvailable,
                        Err(error) => {
                            error!(%error, client_id = %client.id, "the log cannot be read");
                            Input::Release
                        }
                    }
                }
                () = &mut revoked, if going_on => {
                    going_on = false;
                    Input::Refuse(refusal())
                }
                () = &mut stopping, if going_on => {
                    going_on = false;
                    Input::Release
                }
                work = &mut due => {
                    due = engine.clock().wait_until(held_until);
                    client.feed(&engine, Input::Tick).ok()?;
                    drop(work);
                    continue;
                }
            };
            client.feed(&engine, input).ok()?;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.answered {
            let mut state = self.client.state();
            state.forget(self.id);
            // An abandoned poll is refused by nobody: the session only notes it.
            let _ = state.feed(moment(&self.engine), Input::Abandoned(self.id));
            drop(state);
            // It may have been woken without having looked: let the next one look.
            self.client.watcher.wake();
        }
    }
}

fn timestamp(moment: Moment) -> Timestamp {
    Timestamp::from_millis(i64::try_from(moment.as_millis()).unwrap_or(i64::MAX))
}

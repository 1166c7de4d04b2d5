//! A connect request that waits for its answer.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_bayeux::{Answer, Input, PollId, Refusal};
use landfall_engine::Engine;
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
    /// False if it is answered already.
    is_held: bool,
    answered: bool,
}

impl Waiting {
    pub(crate) const fn new(
        client: Arc<Client>,
        engine: Engine,
        id: PollId,
        answer: oneshot::Receiver<Answer>,
        is_held: bool,
    ) -> Self {
        Self {
            client,
            engine,
            id,
            answer,
            is_held,
            answered: false,
        }
    }

    /// Ends with the poll's answer; none if the session ended without one. What ends a poll besides its answer wakes its
    /// session: a new event, the end of a login, a stop, the lapse of the org's lease.
    pub(crate) async fn answered(
        &mut self,
        login: &Login,
        refusal: impl Fn() -> Refusal,
        state: &StreamingState,
    ) -> Option<Answer> {
        if !self.is_held {
            self.answered = true;
            return self.answer.try_recv().ok();
        }
        // What has ended it before it was held wakes nobody any more.
        let mut is_woken = !login.is_live() || state.is_stopping() || !self.engine.lease().holds();
        loop {
            if !is_woken {
                tokio::select! {
                    biased;
                    answer = &mut self.answer => {
                        self.answered = true;
                        return answer.ok();
                    }
                    () = self.client.watcher.woken() => {}
                }
            }
            is_woken = false;
            // What ends the poll comes before events.
            let input = if !login.is_live() {
                Input::Refuse(refusal())
            } else if state.is_stopping() || !self.engine.lease().holds() {
                Input::Release
            } else {
                match self.client.has_pending(&self.engine).await {
                    Ok(false) => continue,
                    Ok(true) => Input::EventsAvailable,
                    Err(error) => {
                        error!(%error, client_id = %self.client.id, "the log cannot be read");
                        Input::Release
                    }
                }
            };
            return self.ended_by(input);
        }
    }

    /// Ends this poll, unless it has an answer already. It takes the answer as it is made: one that came by the channel
    /// would wake this task once more, for nothing.
    fn ended_by(&mut self, input: Input) -> Option<Answer> {
        self.answer.close();
        let own = self.client.feed_for(&self.engine, self.id, input).ok()?;
        self.answered = true;
        own.or_else(|| self.answer.try_recv().ok())
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

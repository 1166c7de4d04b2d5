//! Faults that a test has armed, for the message at hand.

use landfall_bayeux::{Message, Request};
use landfall_engine::faults::{Called, FaultKind, Occasion};
use landfall_model::{Fault, ReplayId, StreamingFault};

use crate::clients::new_browser;
use crate::respond::Responder;

impl Responder<'_> {
    /// Whether a fault fires for a message. Its topics are those that it names, or those of its session.
    pub(crate) fn fires(&self, kind: FaultKind, message: &Message) -> bool {
        if !self.state.engine.faults().is_armed() {
            return false;
        }
        let channels = match &message.request {
            Request::Subscribe(channels) | Request::Unsubscribe(channels) => {
                let channels = channels.channels().unwrap_or_default();
                channels.iter().map(|channel| (**channel).into()).collect()
            }
            Request::Connect(_) => self.subscribed(message),
            _ => Vec::new(),
        };
        let topics: Vec<&str> = channels.iter().map(String::as_str).collect();
        self.fires_on(kind, message, &topics)
    }

    /// Whether a fault fires for a message about these channels.
    pub(crate) fn fires_on(&self, kind: FaultKind, message: &Message, topics: &[&str]) -> bool {
        let occasion = || {
            let mut occasion = Occasion::default().topics(topics);
            if let Some(client) = &message.client_id {
                occasion = occasion.client(client);
            }
            if let Ok(login) = &self.caller.login {
                occasion = occasion.user(login.user_id, &login.username);
            }
            occasion.method(Called::Name(channel_of(&message.request)))
        };
        let faults = self.state.engine.faults();
        faults.fires(kind, occasion).is_some()
    }

    /// Gives the session of a message another browser cookie, as a load balancer that moves it to another server.
    pub(crate) fn move_session(&mut self, message: &Message) {
        if !self.state.engine.faults().is_armed() {
            return;
        }
        let named = message.client_id.as_deref();
        let client = named.and_then(|id| self.state.clients.find(id));
        if let Some(client) = client
            && self.fires(FaultKind::ServerMoved, message)
        {
            let browser = new_browser(&self.state.engine);
            client.state().browser.clone_from(&browser);
            self.browser = Some(browser);
        }
    }

    /// What faults do to a subscription that names a replay id.
    ///
    /// # Errors
    /// [`StreamingFault::ReplayIdInvalid`] if it is refused; [`Fault::Service`] if the log cannot be changed.
    pub(crate) async fn rehearse_replay(
        &self,
        message: &Message,
        channel: &str,
        id: ReplayId,
    ) -> Result<(), Fault> {
        let fires = |kind| self.fires_on(kind, message, &[channel]);
        if fires(FaultKind::Trim) {
            let engine = &self.state.engine;
            let forgotten = engine.forget_events().await;
            forgotten.map_err(landfall_engine::Error::fault)?;
        }
        if fires(FaultKind::RestartStream) {
            let restarted = self.state.engine.restart_log().await;
            restarted.map_err(landfall_engine::Error::fault)?;
        }
        if fires(FaultKind::ReplayIdInvalid) {
            let replay_id = id.to_string();
            return Err(Fault::Streaming(StreamingFault::ReplayIdInvalid {
                replay_id,
            }));
        }
        Ok(())
    }

    /// The channels that the session of a message is subscribed to.
    fn subscribed(&self, message: &Message) -> Vec<String> {
        let named = message.client_id.as_deref();
        let client = named.and_then(|id| self.state.clients.find(id));
        let channels = client.map(|client| client.state().channels());
        channels.unwrap_or_default()
    }
}

/// The channel that a message is sent to.
fn channel_of(request: &Request) -> &str {
    match request {
        Request::Handshake(_) => "/meta/handshake",
        Request::Connect(_) => "/meta/connect",
        Request::Subscribe(_) => "/meta/subscribe",
        Request::Unsubscribe(_) => "/meta/unsubscribe",
        Request::Disconnect => "/meta/disconnect",
        Request::Publish(channel) | Request::UnknownMeta(channel) => channel,
        Request::Unaddressed => "",
    }
}

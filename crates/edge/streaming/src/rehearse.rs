//! Faults that a test has armed, for the message at hand.

use std::time::Duration;

use landfall_bayeux::{Message, Request};
use landfall_engine::faults::{Arming, Called, FaultKind, Occasion};
use tokio::time::sleep;

use crate::respond::Responder;

impl Responder<'_> {
    /// Whether a fault fires for a message. Its topics are those that it names, or those of its session.
    pub(crate) fn fires(&self, kind: FaultKind, message: &Message) -> bool {
        self.armed(kind, message).is_some()
    }

    /// What a fault that fires for a message was armed with.
    pub(crate) fn armed(&self, kind: FaultKind, message: &Message) -> Option<Arming> {
        if !self.state.engine.faults().is_armed() {
            return None;
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
        self.armed_on(kind, message, &topics)
    }

    /// Waits if an answer without events is to come late.
    pub(crate) async fn rehearse_late(&self, message: &Message) {
        if let Some(late) = self.armed(FaultKind::KeepaliveLate, message) {
            // In a box: polls that wait hold nothing for it.
            Box::pin(sleep(Duration::from_millis(late.delay_ms))).await;
        }
    }

    /// Whether a fault fires for a message about these channels.
    pub(crate) fn fires_on(&self, kind: FaultKind, message: &Message, topics: &[&str]) -> bool {
        self.armed_on(kind, message, topics).is_some()
    }

    fn armed_on(&self, kind: FaultKind, message: &Message, topics: &[&str]) -> Option<Arming> {
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
        faults.fires(kind, occasion)
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

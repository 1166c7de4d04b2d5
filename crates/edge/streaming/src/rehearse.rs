//! Faults that a test has armed, for the message at hand.

use landfall_bayeux::{Message, Request};
use landfall_engine::faults::{Called, FaultKind, Occasion};

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

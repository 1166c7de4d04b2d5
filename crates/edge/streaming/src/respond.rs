//! The reply to each message of a request.

use std::sync::Arc;

use landfall_auth::Login;
use landfall_bayeux::{
    Advice, Answer, Connect, Echo, Handshake, Input, Message, Refusal, Request, Response,
    Subscription as Channels, SubscriptionError,
};
use landfall_engine::faults::FaultKind;
use landfall_engine::usage::Meter;
use landfall_model::{Fault, LimitFault, ReplayPreset, ServiceFault, SessionFault, StreamingFault};
use landfall_subscription::Bounds;

use crate::channel::Admission;
use crate::client::Client;
use crate::http::Caller;
use crate::in_flight::InFlight;
use crate::state::SubscribeRequest;
use crate::{StreamingState, channel, replay};

/// Members of `ext` in every handshake reply.
///
/// Clients: EMP-Connector and Camel send replay ids only if `replay` is the boolean true.
const CAPABILITIES: [(&str, bool); 2] = [("replay", true), ("payload.format", true)];

/// Answers the messages of one request, in order.
pub(crate) struct Responder<'r> {
    pub(crate) state: &'r StreamingState,
    pub(crate) caller: &'r Caller,
    pub(crate) response: Response,
    /// The response, if it has events.
    pub(crate) in_flight: Option<InFlight>,
    /// Value of the browser cookie to be set: a handshake succeeded, or a fault moved the session.
    pub(crate) browser: Option<String>,
    /// Why messages were refused.
    pub(crate) refused: Vec<Fault>,
}

impl Responder<'_> {
    pub(crate) async fn message(&mut self, message: &Message, alone: bool) {
        let echo = message.echo();
        let is_unavailable = self.fires(FaultKind::Unavailable, message);
        match &message.request {
            Request::Handshake(_) if is_unavailable => {
                let refusal = denied(&Fault::Service(ServiceFault::StoreUnavailable));
                self.response
                    .handshake_refused(&echo, &refusal, &CAPABILITIES);
            }
            _ if is_unavailable => {
                self.refuse(message, &Fault::Service(ServiceFault::StoreUnavailable));
            }
            Request::Handshake(handshake) => match self.handshake(message, handshake) {
                Ok(client) => {
                    self.response.handshake(&echo, &client.id, &CAPABILITIES);
                    self.browser = Some(client.state().browser.clone());
                }
                Err(refused) => {
                    let (refusal, fault) = *refused;
                    self.refused.push(fault);
                    self.response
                        .handshake_refused(&echo, &refusal, &CAPABILITIES);
                }
            },
            Request::Connect(connect) => self.connect(message, connect, alone).await,
            Request::Subscribe(_)
            | Request::Unsubscribe(_)
            | Request::Disconnect
            | Request::Publish(_)
            | Request::UnknownMeta(_)
            // A future of its own: a poll that waits holds nothing for it.
            | Request::Unaddressed => match Box::pin(self.other(message)).await {
                Ok(client) => self.response.accepted(&echo, &client.id, None),
                Err(fault) => self.refuse(message, &fault),
            },
        }
        self.move_session(message);
    }

    /// The session, or its refusal and the fault behind that.
    fn handshake(
        &self,
        message: &Message,
        handshake: &Handshake,
    ) -> Result<Arc<Client>, Box<(Refusal, Fault)>> {
        // Clients: @salesforce/core looks for the version text in `error`, others in the failure reason: both have it.
        let plain = |fault: &Fault| {
            let text = landfall_wire::bayeux(fault);
            Box::new((Refusal::new(text.clone()).because(text), fault.clone()))
        };
        let denied = |fault: &Fault| Box::new((denied(fault), fault.clone()));
        let version = *self.caller.head.version.as_ref().map_err(plain)?;
        let login = self.caller.login.as_ref().map_err(denied)?;
        if self.fires(FaultKind::TooManyConnections, message) {
            return Err(denied(&Fault::Streaming(
                StreamingFault::ClientLimitExceeded,
            )));
        }
        if !handshake.offers_long_polling() {
            let offered = handshake
                .supported_connection_types
                .as_deref()
                .unwrap_or_default()
                .join(", ");
            return Err(plain(&Fault::Streaming(
                StreamingFault::ConnectionTypeInvalid { offered },
            )));
        }
        let client = self
            .state
            .clients
            .shake_hands(
                &self.state.engine,
                login,
                self.caller.head.browser.as_deref().map(str::to_owned),
                self.state.settings.timings,
            )
            .map_err(|fault| denied(&fault))?;
        let mut state = client.state();
        state.version = version;
        state.agent.clone_from(&self.caller.head.agent);
        drop(state);
        Ok(client)
    }

    async fn connect(&mut self, message: &Message, connect: &Connect, alone: bool) {
        let answer = self.poll(message, connect, alone).await;
        if answer.is_ok() && self.fires(FaultKind::StreamSilent, message) {
            // Until the client is gone, which drops the answer, or the server stops.
            self.state.stopping().await;
        }
        let echo = Echo::connect(message.id.as_ref());
        match answer {
            Ok((client, answer)) => match answer {
                Answer::Deliver(advice) => {
                    let in_flight = client.deliver(&self.state.engine, &mut self.response).await;
                    self.in_flight = Some(in_flight);
                    self.response.accepted(&echo, &client.id, advice);
                }
                Answer::Empty(advice) => self.response.accepted(&echo, &client.id, advice),
                Answer::Refused(refusal) => {
                    self.response.refused(&echo, Some(&client.id), &refusal);
                }
            },
            Err(fault) => self.refuse(message, &fault),
        }
    }

    async fn poll(
        &self,
        message: &Message,
        connect: &Connect,
        alone: bool,
    ) -> Result<(Arc<Client>, Answer), Fault> {
        let (client, login) = self.client(message)?;
        if !connect.is_long_polling() {
            let offered = connect.connection_type.as_deref().unwrap_or_default();
            return Err(Fault::Streaming(StreamingFault::ConnectionTypeInvalid {
                offered: offered.to_owned(),
            }));
        }
        if client.state().is_used_up(self.state.engine.usage())
            || self.fires(FaultKind::EventsDailyLimit, message)
        {
            return Err(Fault::Limit(LimitFault::Deliveries));
        }
        let mut waiting = client
            .connect(
                &self.state.engine,
                &self.state.clients.alarms,
                &login,
                alone,
                connect.advice,
            )
            .await?;
        let refusal = || refusal(&Fault::Session(SessionFault::Invalid));
        let answer = waiting.answered(&login, refusal, self.state).await;
        Ok((
            client,
            answer.ok_or(Fault::Streaming(StreamingFault::ClientUnknown))?,
        ))
    }

    /// Everything that is answered at once, by success alone.
    async fn other(&self, message: &Message) -> Result<Arc<Client>, Fault> {
        let (client, login) = match &message.request {
            Request::Publish(_) | Request::UnknownMeta(_) => {
                return Err(Fault::Streaming(StreamingFault::PublishDenied));
            }
            Request::Unaddressed => {
                return Err(Fault::Streaming(StreamingFault::ChannelNameMissing));
            }
            _ => self.client(message)?,
        };
        let engine = &self.state.engine;
        match &message.request {
            Request::Subscribe(channels) => {
                let mut requests = Vec::new();
                for channel in named(channels)? {
                    let is_repeated = client.is_subscribed(channel);
                    let request = self
                        .subscribe_request(message, &login, channel, is_repeated)
                        .await;
                    let is_refused = request.is_err();
                    requests.push(request);
                    if is_refused {
                        break;
                    }
                }
                client.subscribe(engine, requests.into_iter())?;
            }
            Request::Unsubscribe(channels) => client.unsubscribe(engine, named(channels)?)?,
            Request::Disconnect => {
                client.feed(engine, Input::Disconnect)?;
                self.state.clients.forget(engine, &client.id);
            }
            _ => {}
        }
        Ok(client)
    }

    async fn subscribe_request<'m>(
        &self,
        message: &Message,
        login: &Login,
        channel: &'m str,
        is_repeated: bool,
    ) -> Result<SubscribeRequest<'m>, Fault> {
        let engine = &self.state.engine;
        let admission = Admission {
            version: *self.caller.head.version.as_ref().map_err(Fault::clone)?,
            creates_channels: self.state.settings.dynamic_channels,
            is_repeated,
        };
        let target = channel::target(engine, login, channel, admission).await?;
        if engine.usage().left(Meter::of_channel(channel)) == Some(0)
            || self.fires_on(FaultKind::EventsDailyLimit, message, &[channel])
        {
            return Err(Fault::Limit(LimitFault::Deliveries));
        }
        let preset = replay::preset(message.ext.as_ref(), channel)?;
        if let ReplayPreset::Custom(id) = preset {
            self.rehearse_replay(message, channel, id).await?;
        }
        engine.reach(preset).await;
        let log = if target.is_short_lived() && preset != ReplayPreset::Latest {
            let bounds = engine.stream_bounds().await;
            bounds.map_err(landfall_engine::Error::fault)?
        } else {
            engine.log().bounds()
        };
        Ok(SubscribeRequest {
            channel,
            target,
            preset,
            bounds: Bounds {
                earliest: log.earliest,
                // Clients: jsforce creates records right after sending the subscribe: new is what comes after the
                // request arrived.
                tail: match preset {
                    ReplayPreset::Latest => self.caller.arrived,
                    ReplayPreset::Earliest | ReplayPreset::Custom(_) => log.tail,
                },
            },
        })
    }

    /// The session and the login behind a message, checked in the documented order.
    fn client(&self, message: &Message) -> Result<(Arc<Client>, Arc<Login>), Fault> {
        if let Err(fault) = &self.caller.head.version {
            return Err(fault.clone());
        }
        let id = message
            .client_id
            .as_deref()
            .ok_or(Fault::Streaming(StreamingFault::HandshakeMissing))?;
        let client = self
            .state
            .clients
            .find(id)
            .ok_or(Fault::Streaming(StreamingFault::ClientUnknown))?;
        if self.fires(FaultKind::ClientUnknown, message) {
            let engine = &self.state.engine;
            // A held poll of the session ends with it; one that has ended meanwhile cannot be ended again.
            let _ = client.feed(engine, Input::Disconnect);
            self.state.clients.forget(engine, id);
            return Err(Fault::Streaming(StreamingFault::ClientUnknown));
        }
        let login = self.caller.login.clone()?;
        if login.user_id != client.user {
            return Err(Fault::Streaming(StreamingFault::UserMismatch));
        }
        if self.state.settings.strict_cookies
            && self.caller.head.browser.as_deref() != Some(client.state().browser.as_str())
        {
            return Err(Fault::Streaming(StreamingFault::CookieMissing {
                client_id: id.to_owned(),
            }));
        }
        client.logged_in(&self.state.engine, &login);
        Ok((client, login))
    }

    /// Refuses a message. Any response restarts the time that its session has to live.
    ///
    /// Source: "Clients and Timeouts" (Streaming API Developer Guide).
    fn refuse(&mut self, message: &Message, fault: &Fault) {
        let named = message.client_id.as_deref();
        if let Some(client) = named.and_then(|id| self.state.clients.find(id)) {
            // A session that is over has no time to restart.
            let _ = client.feed(&self.state.engine, Input::Responded);
        }
        let client_id = match fault {
            Fault::Streaming(
                StreamingFault::ClientUnknown
                | StreamingFault::HandshakeMissing
                | StreamingFault::PublishDenied,
            ) => None,
            _ => message.client_id.as_deref(),
        };
        self.refused.push(fault.clone());
        let mut refusal = refusal(fault);
        // A client that is advised to retry would do so at once.
        let ends =
            refusal.failure_reason.is_some() || *fault == Fault::Limit(LimitFault::Deliveries);
        if ends && matches!(message.request, Request::Connect(_)) {
            refusal = refusal.advising(Advice::None);
        }
        self.response.refused(&message.echo(), client_id, &refusal);
    }
}

/// The refusal of a handshake, with its reason.
fn denied(fault: &Fault) -> Refusal {
    Refusal::new(landfall_wire::bayeux(&Fault::Streaming(
        StreamingFault::HandshakeDenied,
    )))
    .because(landfall_wire::bayeux(fault))
}

/// A refusal with the advice that belongs to it.
///
/// Source: "Handling Streaming API Errors" (Streaming API Developer Guide): a refused token ends the connection, an
/// unknown client repeats the handshake, and all else leaves the session as it is. A server that is too busy says so as the
/// cause, where Camel looks for it, and ends the connection of who polls.
fn refusal(fault: &Fault) -> Refusal {
    let refusal = Refusal::new(landfall_wire::bayeux(fault));
    match fault {
        Fault::Streaming(StreamingFault::ClientUnknown) => refusal.advising(Advice::Handshake),
        Fault::Session(SessionFault::Invalid | SessionFault::Missing)
        | Fault::Streaming(StreamingFault::UserMismatch) => refusal.advising(Advice::None),
        Fault::Service(ServiceFault::StoreUnavailable | ServiceFault::Busy) => {
            refusal.because(landfall_wire::bayeux(fault))
        }
        _ => refusal,
    }
}

fn named(channels: &Channels) -> Result<&[Box<str>], Fault> {
    channels.channels().map_err(|error| match error {
        SubscriptionError::Missing | SubscriptionError::Malformed => {
            Fault::Streaming(StreamingFault::ChannelNameMissing)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: "Handling Streaming API Errors" (Streaming API Developer Guide), the sample of a busy server.
    #[test]
    fn a_busy_server_is_named_as_the_cause() {
        let busy = "503::Server is too busy.  Please try your request again later.";
        for fault in [
            Fault::Service(ServiceFault::StoreUnavailable),
            Fault::Service(ServiceFault::Busy),
        ] {
            let refusal = refusal(&fault);
            assert_eq!(refusal.failure_reason.as_deref(), Some(busy));
            assert_eq!(refusal.advice, None);
        }
        assert_eq!(
            refusal(&Fault::Streaming(StreamingFault::ClientUnknown)).advice,
            Some(Advice::Handshake)
        );
        assert_eq!(
            refusal(&Fault::Session(SessionFault::Invalid)).advice,
            Some(Advice::None)
        );
    }
}

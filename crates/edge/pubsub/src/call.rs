//! One call: its id, who makes it, and how its errors look.

use std::sync::{Arc, OnceLock};

use landfall_auth::Login;
use landfall_engine::faults::{Called, FaultKind, Occasion};
use landfall_engine::{Subscriber, draw};
use landfall_model::limits::TOPIC_SHOWN_BYTES_MAX;
use landfall_model::{EventUuid, Fault, PubSubFault, ServiceFault, SessionFault};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Request, Status};

use crate::PubsubState;

/// The calls that subscribe.
const SUBSCRIPTIONS: [&str; 2] = ["ManagedSubscribe", "Subscribe"];

/// The calls that are streams of requests.
const STREAMS: [&str; 3] = ["ManagedSubscribe", "PublishStream", "Subscribe"];

/// A call in progress.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The same in every answer of the call.
    pub(crate) rpc_id: String,
    rpc: &'static str,
    /// What the client calls itself, once its metadata is read.
    agent: OnceLock<Option<Arc<str>>>,
}

impl Call {
    pub(crate) fn new(state: &PubsubState, rpc: &'static str) -> Self {
        Self {
            rpc_id: EventUuid::from_random(draw(state.engine.entropy())).to_string(),
            rpc,
            agent: OnceLock::new(),
        }
    }

    /// What the client calls itself.
    pub(crate) fn agent(&self) -> Option<Arc<str>> {
        self.agent.get().cloned().flatten()
    }

    /// The login behind the metadata that every call carries.
    ///
    /// # Errors
    /// The status that the call ends with.
    /// Source: "Supported Authentication" (Pub/Sub API Developer Guide).
    pub(crate) fn login<T>(
        &self,
        state: &PubsubState,
        request: &Request<T>,
    ) -> Result<Arc<Login>, Status> {
        let login = login(state, request.metadata()).map_err(|fault| self.refused(&fault))?;
        login.identify(request.extensions().get());
        // A second attempt is of the same request.
        let _ = self.agent.set(agent(request.metadata()));
        let fires = |kind| {
            let occasion = || self.occasion(&login);
            state.engine.faults().fires(kind, occasion).is_some()
        };
        if STREAMS.contains(&self.rpc) && fires(FaultKind::TooManyConnections) {
            return Err(self.refused(&Fault::PubSub(PubSubFault::ConnectionsTooMany)));
        }
        // A subscription is asked once its topic is known.
        if !SUBSCRIPTIONS.contains(&self.rpc) && fires(FaultKind::Unavailable) {
            return Err(self.refused(&Fault::Service(ServiceFault::StoreUnavailable)));
        }
        Ok(login)
    }

    /// The call as faults are restricted to.
    pub(crate) fn occasion<'o>(&self, login: &'o Login) -> Occasion<'o> {
        Occasion::default()
            .user(login.user_id, &login.username)
            .method(Called::Name(self.rpc))
    }

    /// The status that reports a fault, with its three trailers.
    pub(crate) fn refused(&self, fault: &Fault) -> Status {
        let error = landfall_wire::grpc(fault);
        let mut trailers = MetadataMap::new();
        let values = [
            ("error-code", error.code),
            ("rpc-id", &self.rpc_id),
            ("type", self.rpc),
        ];
        for (key, value) in values {
            if let Ok(value) = MetadataValue::try_from(value) {
                trailers.insert(key, value);
            }
        }
        let message = format!("{} rpcId: {}", error.message, self.rpc_id);
        Status::with_metadata(Code::from_i32(error.status as i32), message, trailers)
    }
}

/// What the client calls itself; none if it is no text.
fn agent(metadata: &MetadataMap) -> Option<Arc<str>> {
    let agent = metadata.get("user-agent")?.to_str().ok()?;
    Some(Subscriber::client_of(agent))
}

/// The login that takes over from `login` on an open stream: the same user with another access token.
///
/// # Errors
/// [`PubSubFault::AuthRefreshInvalid`].
/// Source: the error table of "Handle Errors" (Pub/Sub API Developer Guide); the field is called internal there.
pub(crate) fn refreshed(
    state: &PubsubState,
    login: &Login,
    token: &str,
) -> Result<Arc<Login>, Fault> {
    match state.auth.api_login(token) {
        Ok(other) if other.user_id == login.user_id => Ok(other),
        _ => Err(Fault::PubSub(PubSubFault::AuthRefreshInvalid)),
    }
}

/// A topic that is not there.
pub(crate) fn topic_not_found(login: &Login, topic: &str) -> Fault {
    Fault::PubSub(PubSubFault::TopicNotFound {
        org: login.org_id,
        topic: shown(topic).to_owned(),
    })
}

/// As much of a client's text as is sent back: the text of an error travels in a header.
pub(crate) fn shown(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TOPIC_SHOWN_BYTES_MAX))
        .unwrap_or_default()
}

fn login(state: &PubsubState, metadata: &MetadataMap) -> Result<Arc<Login>, Fault> {
    let value = |key| {
        metadata
            .get(key)
            .and_then(|value| value.to_str().ok())
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .ok_or(Fault::PubSub(PubSubFault::CallMetadataMissing))
    };
    let (token, tenant) = (value("accesstoken")?, value("tenantid")?);
    if !is_url(value("instanceurl")?) {
        return Err(Fault::PubSub(PubSubFault::CallMetadataMissing));
    }
    let login = state.auth.api_login(token)?;
    // Clients: the npm client sends 15 characters, others 18.
    if tenant != login.org_id.as_str() && tenant != login.org_id.short() {
        return Err(Fault::Session(SessionFault::Invalid));
    }
    Ok(login)
}

/// Whether it can be the URL of an instance; which one, clients behind proxies and tunnels cannot be held to.
fn is_url(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let known = ["https", "http"];
    known.iter().any(|known| scheme.eq_ignore_ascii_case(known))
        && rest.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '[')
}

//! Logins as events: `LoginEventStream`.
//!
//! Answering a login queues an attempt; one task looks up the rest and publishes. An attempt that does not fit into the
//! queue is dropped, and logged. Nothing is published unless the operator has enabled it.
//! Source: "`LoginEventStream`" (Platform Events Developer Guide); "`LoginHistory`" (Object Reference) for the values of
//! `LoginType` and `LoginSubType`.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use landfall_engine::usage::Client;
use landfall_engine::{NewEvent, draw};
use landfall_model::limits::{LOGIN_EVENTS_BATCH_MAX, LOGIN_EVENTS_QUEUED_MAX};
use landfall_model::{EventUuid, Fault, LoginFault, RecordId, Timestamp, Value};
use tokio::sync::{mpsc, watch};
use tracing::{error, warn};

use crate::app::Grant;
use crate::error::Error;
use crate::grants::Granted;
use crate::token::TokenHash;
use crate::{Auth, Shared};

const EVENT: &str = "LoginEventStream";

/// Characters of a key that ties the events of a login together.
const KEY_BYTES: usize = 12;

/// What is known of a login by the request that asked for it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Where the request came from.
    pub source_ip: IpAddr,
    /// Name of the host that it went to.
    pub host: String,
    /// The connected app, by its client id.
    pub client_id: String,
}

/// One login, or an attempt at one.
#[derive(Debug)]
pub(crate) struct LoginAttempt {
    who: Who,
    visit: Visit,
    grant: Grant,
    status: &'static str,
    at: Timestamp,
}

#[derive(Debug)]
enum Who {
    /// A user who is in, and the key of the login.
    Known {
        user: RecordId,
        username: String,
        key: String,
    },
    /// A name that was given.
    Named(String),
}

impl Auth {
    /// Publishes logins from now on, in the returned task, until `stopping` turns true.
    pub fn publish_logins(
        &self,
        stopping: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + use<> {
        let (sender, logins) = mpsc::channel(LOGIN_EVENTS_QUEUED_MAX);
        // A second call publishes nothing twice.
        let _ = self.0.login_events.set(sender);
        publish(self.clone(), logins, stopping)
    }

    /// Reports the outcome of a login. One in which the client itself is refused is no login of a user.
    pub fn tell(
        &self,
        grant: Grant,
        outcome: Result<&Granted, &Error>,
        username: Option<&str>,
        visit: impl FnOnce() -> Visit,
    ) {
        let Some(queue) = self.0.login_events.get() else {
            return;
        };
        let (who, status) = match (outcome, username) {
            (Ok(granted), _) => (known(granted), "Success"),
            (Err(Error::Refused(fault)), Some(name)) => match status_of(fault) {
                Some(status) => (Who::Named(name.to_owned()), status),
                None => return,
            },
            (Err(_), _) => return,
        };
        let attempt = LoginAttempt {
            who,
            visit: visit(),
            grant,
            status,
            at: self.0.engine.clock().now(),
        };
        if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(attempt) {
            warn!("login event dropped: queue full");
        }
    }
}

fn known(granted: &Granted) -> Who {
    let hash = TokenHash::of(granted.access_token.as_str()).key();
    // A hash of the hash: the key leads neither to the token nor to what is stored of it.
    let key = TokenHash::of(&hash);
    Who::Known {
        user: granted.user_id,
        username: granted.username.clone(),
        key: BASE64_STANDARD.encode(key.begin::<KEY_BYTES>()),
    }
}

/// What the event says of a refusal; none for those that are about the app.
const fn status_of(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Login(LoginFault::AuthenticationFailed) => Some("Invalid Password"),
        Fault::Login(LoginFault::UserInactive) => Some("User is Inactive"),
        Fault::Login(LoginFault::LoginRateExceeded) => Some("Login Rate Exceeded"),
        _ => None,
    }
}

const fn sub_type(grant: Grant) -> Option<&'static str> {
    match grant {
        Grant::AuthorizationCode => Some("OauthWebServer"),
        Grant::Implicit => Some("OauthUserAgent"),
        Grant::Password => Some("OauthUsernamePassword"),
        Grant::ClientCredentials => Some("OauthClientCredentials"),
        Grant::RefreshToken => Some("OauthRefreshToken"),
        Grant::Device | Grant::JwtBearer | Grant::Session => None,
    }
}

const fn login_type(grant: Grant) -> &'static str {
    match grant {
        Grant::Session => "Other Apex API",
        Grant::AuthorizationCode
        | Grant::Implicit
        | Grant::Password
        | Grant::ClientCredentials
        | Grant::RefreshToken
        | Grant::JwtBearer
        | Grant::Device => "Oauth2",
    }
}

async fn publish(
    auth: Auth,
    mut logins: mpsc::Receiver<LoginAttempt>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        let mut attempts = Vec::new();
        tokio::select! {
            count = logins.recv_many(&mut attempts, LOGIN_EVENTS_BATCH_MAX) => if count == 0 { return },
            _ = stopping.wait_for(|stopping| *stopping), if !logins.is_closed() => {
                logins.close();
                continue;
            }
        }
        let mut events = Vec::with_capacity(attempts.len());
        for attempt in attempts {
            match auth.0.login_event(attempt).await {
                Ok(event) => events.extend(event),
                Err(failure) => error!(error = %failure, "login event not published"),
            }
        }
        if let Err(failure) = auth.0.engine.publish(&Client::System, events).await {
            error!(error = %failure, "login events cannot be published");
        }
    }
}

impl Shared {
    /// The event of a login; none for a name that nobody has.
    async fn login_event(
        self: &Arc<Self>,
        attempt: LoginAttempt,
    ) -> Result<Option<NewEvent>, Error> {
        let (user, username, key) = match attempt.who {
            Who::Known {
                user,
                username,
                key,
            } => (user, username, Some(key)),
            Who::Named(name) => match self.users.by_name(&name).await? {
                Some(user) => (user.id, user.username, None),
                None => return Ok(None),
            },
        };
        let text = |text: &str| Value::Text(text.to_owned());
        let identifier = EventUuid::from_random(draw(self.engine.entropy()));
        let mut values = vec![
            ("EventIdentifier", Value::Text(identifier.to_string())),
            ("EventDate", Value::DateTime(attempt.at)),
            ("UserId", Value::Id(user)),
            ("Username", Value::Text(username)),
            ("UserType", text("Standard")),
            ("Status", text(attempt.status)),
            ("Application", Value::Text(attempt.visit.client_id)),
            ("LoginType", text(login_type(attempt.grant))),
            ("LoginUrl", Value::Text(attempt.visit.host)),
            ("SourceIp", Value::Text(attempt.visit.source_ip.to_string())),
            ("HttpMethod", text("POST")),
        ];
        for name in [
            "ApiVersion",
            "Browser",
            "ClientVersion",
            "Platform",
            "TlsProtocol",
        ] {
            values.push((name, text("Unknown")));
        }
        if let Some(sub_type) = sub_type(attempt.grant) {
            values.push(("LoginSubType", text(sub_type)));
        }
        if let Some(key) = key {
            values.push(("LoginKey", Value::Text(key.clone())));
            values.push(("SessionKey", Value::Text(key)));
            values.push(("SessionLevel", text("STANDARD")));
        }
        Ok(self.engine.event_of_service(EVENT, user, values)?)
    }
}

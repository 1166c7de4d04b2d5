//! Logins of devices: the response to a device, and the page where its user answers.
//!
//! Source: "OAuth 2.0 Device Flow" (Salesforce Help).
//! Clients: the device login of old command lines opens the page with `?user_code=`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use http::request::Parts;
use landfall_auth::{Attempt, DeviceRequest, Source};
use landfall_model::{Fault, RecordId, limits};
use serde::Serialize;

use crate::OauthState;
use crate::answer::{self, fault_of};
use crate::origin::is_of_this_origin;
use crate::pages::{self, Asks, Problem};
use crate::params::Params;
use crate::visit;

/// Where the user of a device answers.
pub(crate) const PAGE: &str = "/setup/connect";

/// Wire: `interval` is a number of seconds.
#[derive(Serialize)]
struct Started<'s> {
    device_code: &'s str,
    user_code: &'s str,
    verification_uri: String,
    interval: i64,
}

/// Answers a device that begins: `response_type=device_code` at the token endpoint.
pub(crate) fn begin(state: &OauthState, parts: &Parts, params: &Params) -> Result<Response, Fault> {
    let started = state
        .auth
        .begin_device(params.client()?, params.find("scope"))?;
    Ok(answer::document(&Started {
        device_code: started.device_code.as_str(),
        user_code: &started.user_code,
        verification_uri: format!("{}{PAGE}", state.base_url.of(parts)),
        interval: limits::DEVICE_POLL_SECONDS,
    }))
}

/// `GET` or `POST /setup/connect`.
pub(crate) async fn page(State(state): State<OauthState>, request: Request) -> Response {
    let (parts, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return pages::refusal(&fault),
    };
    let browser = Visit {
        state: &state,
        params: &params,
        source: visit::source(&parts),
    };
    match state.auth.approving_user().await {
        Ok(Some(user)) => match browser.device() {
            Some(device) => browser.answered(&device, Some(user)),
            None => browser.page(None),
        },
        Ok(None) if parts.method == Method::POST && is_of_this_origin(&parts) => {
            browser.heard().await
        }
        Ok(None) => browser.page(None),
        Err(error) => pages::refusal(&fault_of(error, "connect")),
    }
}

/// One request of the browser of a device's user.
struct Visit<'v> {
    state: &'v OauthState,
    params: &'v Params,
    source: Source,
}

impl Visit<'_> {
    fn typed(&self) -> &str {
        self.params.find("user_code").unwrap_or_default()
    }

    fn device(&self) -> Option<DeviceRequest> {
        self.state.auth.device_request(self.typed())
    }

    /// The password comes before the code: who has none learns nothing about codes.
    async fn heard(&self) -> Response {
        let decision = self.params.find("decision");
        if let (Some(decision), Some(ticket)) = (decision, self.params.find("ticket")) {
            return self.decided(decision, ticket);
        }
        let (name, password) = (self.params.find("username"), self.params.find("password"));
        let (Some(username), Some(password)) = (name, password) else {
            return self.page(Some(Problem::Incomplete));
        };
        let source = self.source;
        let attempt = Attempt { username, source };
        let user = match self.state.auth.log_in(attempt, password).await {
            Ok(user) => user,
            Err(error) => {
                let fault = fault_of(error, "connect");
                return match Problem::of(&fault) {
                    Some(problem) => self.page(Some(problem)),
                    None => pages::refusal(&fault),
                };
            }
        };
        let Some(device) = self.device() else {
            return self.page(Some(Problem::CodeUnknown));
        };
        pages::consent(&pages::Consent {
            action: PAGE,
            client_id: device.client_id(),
            username,
            scopes: device.scopes(),
            redirect_uri: None,
            user_code: self.typed(),
            ticket: &self.state.auth.device_ticket(&device, user),
        })
    }

    fn decided(&self, decision: &str, ticket: &str) -> Response {
        let Some(device) = self.device() else {
            return self.page(Some(Problem::CodeUnknown));
        };
        match self.state.auth.device_ticket_user(&device, ticket) {
            Some(user) => self.answered(&device, (decision == "allow").then_some(user)),
            None => self.page(Some(Problem::Late)),
        }
    }

    fn answered(&self, device: &DeviceRequest, user: Option<RecordId>) -> Response {
        if self.state.auth.answer_device(device, user) {
            pages::answered(device.client_id(), user.is_some())
        } else {
            self.page(Some(Problem::CodeUnknown))
        }
    }

    fn page(&self, problem: Option<Problem>) -> Response {
        pages::login(&pages::Login {
            action: PAGE,
            asks: Asks::Device {
                user_code: self.typed(),
            },
            username: self.params.find("username").unwrap_or_default(),
            problem,
        })
    }
}

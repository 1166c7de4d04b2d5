//! The authorization endpoint: a login page, a page that asks for consent, and the way back to the app.
//!
//! What is asked stands in the address at every step, so each request is checked anew and nothing is kept in between. The
//! pages need no script and set no cookie: a browser that has logged in sends the ticket that is in the page.
//!
//! Source: "OAuth 2.0 Web Server Flow", "OAuth 2.0 User-Agent Flow", "OAuth 2.0 Authorization Errors" (Salesforce Help).

use axum::extract::{Request, State};
use axum::response::Response;
use http::Method;
use http::request::Parts;
use landfall_auth::{
    Attempt, AuthorizationParameters, AuthorizationRequest, Authorized, Error, Grant, ResponseType,
};
use landfall_model::{Fault, LoginFault, RecordId};

use crate::OauthState;
use crate::answer::fault_of;
use crate::granted::members;
use crate::origin::is_of_this_origin;
use crate::pages::{self, Asks, Problem};
use crate::params::Params;
use crate::redirect::{Part, Redirect};
use crate::visit;

/// What an app may say when it asks; the pages repeat it in the address of their forms.
const ASKED: [&str; 10] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "prompt",
    "display",
];

/// `GET` or `POST /services/oauth2/authorize`.
pub(crate) async fn authorize(State(state): State<OauthState>, request: Request) -> Response {
    let (parts, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return pages::refusal(&fault),
    };
    let asked = match Asked::of(&state, &params) {
        Ok(asked) => asked,
        Err(Refused::Page(fault)) => return pages::refusal(&fault),
        Err(Refused::Redirect(redirect, fault)) => return redirect.refusal(&fault),
    };
    let visit = Visit {
        state: &state,
        parts: &parts,
        params: &params,
        asked,
    };
    visit.answer().await
}

/// Why an app is not even asked for.
enum Refused {
    /// It is not known where the user may be sent back to.
    Page(Fault),
    Redirect(Box<Redirect>, Fault),
}

/// A request that is in order.
struct Asked {
    request: AuthorizationRequest,
    redirect: Redirect,
}

impl Asked {
    fn of(state: &OauthState, params: &Params) -> Result<Self, Refused> {
        let client_id = params.need("client_id").map_err(Refused::Page)?;
        let uri = params.find("redirect_uri");
        let uri = uri.ok_or(Refused::Page(Fault::Login(LoginFault::RedirectUriMissing)))?;
        let app = state
            .auth
            .asking_app(client_id, uri)
            .map_err(Refused::Page)?;
        let given = params.find("response_type").unwrap_or_default();
        let response_type = ResponseType::parse(given);
        let redirect = Redirect {
            uri: uri.to_owned(),
            state: params.find("state").map(str::to_owned),
            part: match response_type {
                Ok(ResponseType::Token | ResponseType::TokenAndIdToken) => Part::Fragment,
                Ok(ResponseType::Code) | Err(_) => Part::Query,
            },
        };
        let request = response_type.and_then(|response_type| {
            let parameters = AuthorizationParameters {
                response_type,
                redirect_uri: uri,
                scope: params.find("scope"),
                code_challenge: params.find("code_challenge"),
                code_challenge_method: params.find("code_challenge_method"),
                nonce: params.find("nonce"),
            };
            state.auth.authorization_request(app, parameters)
        });
        match request {
            Ok(request) => Ok(Self { request, redirect }),
            Err(fault) => Err(Refused::Redirect(Box::new(redirect), fault)),
        }
    }
}

/// One request of a user's browser.
struct Visit<'v> {
    state: &'v OauthState,
    parts: &'v Parts,
    params: &'v Params,
    asked: Asked,
}

impl Visit<'_> {
    async fn answer(self) -> Response {
        match self.state.auth.approving_user().await {
            Ok(Some(user)) => return self.give(user).await,
            Ok(None) => (),
            Err(error) => return self.refuse(error),
        }
        // Another site can have the browser ask, but neither log in nor answer.
        let speaks = self.parts.method == Method::POST && is_of_this_origin(self.parts);
        if !speaks {
            return if self.params.find("immediate") == Some("true") {
                self.refuse(Fault::Login(LoginFault::ImmediateUnsuccessful).into())
            } else {
                self.login_page(None)
            };
        }
        if let Some(decision) = self.params.find("decision") {
            return self.decided(decision).await;
        }
        match (self.params.find("username"), self.params.find("password")) {
            (Some(username), Some(password)) => self.log_in(username, password).await,
            (None, None) => self.login_page(None),
            _ => self.login_page(Some(Problem::Incomplete)),
        }
    }

    async fn log_in(&self, username: &str, password: &str) -> Response {
        let source = visit::source(self.parts);
        let attempt = Attempt { username, source };
        let user = match self.state.auth.log_in(attempt, password).await {
            Ok(user) => user,
            Err(error) => {
                let fault = fault_of(error, "authorize");
                return match Problem::of(&fault) {
                    Some(problem) => self.login_page(Some(problem)),
                    None => self.asked.redirect.refusal(&fault),
                };
            }
        };
        let prompt = self.params.find("prompt").unwrap_or_default();
        let asks_again = prompt
            .split_ascii_whitespace()
            .any(|word| word == "consent");
        let request = &self.asked.request;
        if !asks_again && self.state.auth.is_approved(request, user) {
            return self.give(user).await;
        }
        pages::consent(&pages::Consent {
            action: &self.action(),
            client_id: request.client_id(),
            username,
            scopes: request.scopes(),
            redirect_uri: Some(&self.asked.redirect.uri),
            user_code: "",
            ticket: &self.state.auth.ticket(request, user),
        })
    }

    async fn decided(&self, decision: &str) -> Response {
        if decision != "allow" {
            return self
                .asked
                .redirect
                .refusal(&Fault::Login(LoginFault::AuthorizationDenied));
        }
        let ticket = self.params.find("ticket").unwrap_or_default();
        match self.state.auth.ticket_user(&self.asked.request, ticket) {
            Some(user) => self.give(user).await,
            None => self.login_page(Some(Problem::Late)),
        }
    }

    async fn give(&self, user: RecordId) -> Response {
        let redirect = &self.asked.redirect;
        match self
            .state
            .auth
            .authorize(self.asked.request.clone(), user)
            .await
        {
            Ok(Authorized::Code(code)) => redirect.to(&[("code", code.as_str())]),
            Ok(Authorized::Tokens(granted)) => {
                let client_id = self.asked.request.client_id();
                let visit = || visit::of(self.parts, client_id);
                let auth = &self.state.auth;
                auth.tell(Grant::Implicit, Ok(&granted), None, visit);
                let base = self.state.base_url.of(self.parts);
                let members = match members(self.state, &base, &granted).await {
                    Ok(members) => members,
                    Err(error) => return self.refuse(error),
                };
                let members: Vec<_> = members
                    .iter()
                    .map(|(name, text)| (*name, &**text))
                    .collect();
                redirect.to(&members)
            }
            Err(error) => self.refuse(error),
        }
    }

    fn refuse(&self, error: Error) -> Response {
        self.asked.redirect.refusal(&fault_of(error, "authorize"))
    }

    fn login_page(&self, problem: Option<Problem>) -> Response {
        let typed = self.params.find("username");
        pages::login(&pages::Login {
            action: &self.action(),
            asks: Asks::App(self.asked.request.client_id()),
            username: typed
                .or_else(|| self.params.find("login_hint"))
                .unwrap_or_default(),
            problem,
        })
    }

    /// Where the forms go: here, with what was asked.
    fn action(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for name in ASKED {
            if let Some(value) = self.params.find(name) {
                query.append_pair(name, value);
            }
        }
        format!("?{}", query.finish())
    }
}

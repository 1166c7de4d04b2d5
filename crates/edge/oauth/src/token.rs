//! The token endpoint.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use landfall_auth::{Attempt, Client, CodeExchange, Error, Grant, Granted};
use landfall_model::{Fault, LoginFault};

use crate::OauthState;
use crate::answer::{self, Format, fault_of, refusal};
use crate::device;
use crate::granted::members;
use crate::params::Params;
use crate::visit;

/// What a `client_assertion` is. Source: RFC 7523, section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Answers a grant.
pub(crate) async fn grant(State(state): State<OauthState>, request: Request) -> Response {
    let headers = request.headers().clone();
    let (parts, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return refusal(&fault, Format::of(None, &headers)),
    };
    let format = Format::of(params.find("format"), &headers);
    let begins = params.find("grant_type").is_none();
    if begins && params.find("response_type") == Some("device_code") {
        return device::begin(&state, &parts, &params)
            .unwrap_or_else(|fault| refusal(&fault, format));
    }
    let granted = granted(&state, &parts, &params).await;
    tell(&state, &parts, &params, granted.as_ref());
    match granted {
        Ok(granted) => render(&state, &parts, &granted, format).await,
        Err(error) => refusal(&fault_of(error, "token"), format),
    }
}

/// Publishes the outcome of this login to observers of logins.
fn tell(state: &OauthState, parts: &Parts, params: &Params, outcome: Result<&Granted, &Error>) {
    let Ok(grant) = Grant::parse(params.find("grant_type").unwrap_or_default()) else {
        return;
    };
    let username = params.find("username");
    state.auth.tell(grant, outcome, username, || {
        let client = params.client().map(|client| client.id);
        visit::of(parts, client.unwrap_or_default())
    });
}

/// Refuses to put secrets into a request line.
pub(crate) async fn post_required(request: Request) -> Response {
    refusal(
        &Fault::Login(LoginFault::PostRequired),
        Format::of(None, request.headers()),
    )
}

async fn granted(state: &OauthState, parts: &Parts, params: &Params) -> Result<Granted, Error> {
    let grant = Grant::parse(params.find("grant_type").unwrap_or_default())?;
    let auth = &state.auth;
    let audience = state.audience.as_ref().map(|base| base.of(parts));
    let audience = audience.as_deref();
    let proven = match params.find("client_assertion") {
        Some(_) if params.find("client_assertion_type") != Some(ASSERTION_TYPE) => {
            return Err(Fault::Login(LoginFault::ClientCredentialsInvalid).into());
        }
        Some(assertion) => Some(auth.proven_app(assertion, params.find("client_id"), audience)?),
        None => None,
    };
    let client = || match &proven {
        Some(app) => Ok(Client {
            id: &app.client_id,
            secret: Some(&app.secret),
        }),
        None => params.client(),
    };
    match grant {
        Grant::AuthorizationCode => {
            let client = client()?;
            let shown = CodeExchange {
                code: params.need("code")?,
                redirect_uri: params
                    .find("redirect_uri")
                    .ok_or(Fault::Login(LoginFault::RedirectUriMissing))?,
                verifier: params.find("code_verifier"),
            };
            auth.code_grant(client, shown).await
        }
        // One ends where it begins, at the authorization endpoint; the other is none of OAuth.
        Grant::Implicit | Grant::Session => Err(Fault::Login(LoginFault::GrantUnsupported).into()),
        Grant::Password => {
            let client = client()?;
            let (username, password) = (params.need("username")?, params.need("password")?);
            let source = visit::source(parts);
            auth.password_grant(client, Attempt { username, source }, password)
                .await
        }
        Grant::ClientCredentials => auth.client_credentials_grant(client()?).await,
        // The assertion names the client.
        Grant::JwtBearer => {
            auth.assertion_grant(params.need("assertion")?, audience)
                .await
        }
        Grant::Device => {
            let client = client()?;
            auth.device_grant(client, params.need("code")?).await
        }
        Grant::RefreshToken => {
            let client = client()?;
            auth.refresh_grant(client, params.need("refresh_token")?)
                .await
        }
    }
}

async fn render(state: &OauthState, parts: &Parts, granted: &Granted, format: Format) -> Response {
    let base = state.base_url.of(parts);
    let members = match members(state, &base, granted).await {
        Ok(members) => members,
        Err(error) => return refusal(&fault_of(error, "token"), format),
    };
    let members: Vec<_> = members
        .iter()
        .map(|(name, text)| (*name, &**text))
        .collect();
    answer::members(StatusCode::OK, format, &members)
}

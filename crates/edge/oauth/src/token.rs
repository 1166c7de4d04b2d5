//! The token endpoint.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use http::request::Parts;
use landfall_auth::{Error, Grant, Granted};
use landfall_model::Fault;

use crate::OauthState;
use crate::answer::{self, Format, fault_of, refusal};
use crate::identity::identity_url;
use crate::params::Params;

/// Answers a grant.
pub(crate) async fn grant(State(state): State<OauthState>, request: Request) -> Response {
    let headers = request.headers().clone();
    let (parts, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return refusal(&fault, Format::of(None, &headers)),
    };
    let format = Format::of(params.find("format"), &headers);
    match granted(&state, &params).await {
        Ok(granted) => render(&state, &parts, &granted, format),
        Err(error) => refusal(&fault_of(error, "token"), format),
    }
}

/// Refuses to put secrets into a request line.
pub(crate) async fn post_required(request: Request) -> Response {
    refusal(&Fault::PostRequired, Format::of(None, request.headers()))
}

async fn granted(state: &OauthState, params: &Params) -> Result<Granted, Error> {
    let grant = Grant::parse(params.find("grant_type").unwrap_or_default())?;
    let client = params.client()?;
    let auth = &state.auth;
    match grant {
        Grant::Password => {
            let (username, password) = (params.need("username")?, params.need("password")?);
            auth.password_grant(client, username, password).await
        }
        Grant::ClientCredentials => auth.client_credentials_grant(client).await,
        Grant::RefreshToken => {
            auth.refresh_grant(client, params.need("refresh_token")?)
                .await
        }
    }
}

/// Wire: `issued_at` is a text; there is no `expires_in`; `scope` is absent from password answers, as observed.
/// Clients: camel and @salesforce/core parse `id`; aiosfstream sends `token_type` back with its capital.
fn render(state: &OauthState, parts: &Parts, granted: &Granted, format: Format) -> Response {
    let base = state.base_url.of(parts);
    let id = identity_url(&base, granted.org_id, granted.user_id);
    let signature = granted.signature(&id);
    let issued_at = granted.issued_at_text();
    let scope = granted.scopes.to_string();
    let refresh_token = granted.refresh_token.as_ref();
    let mut members = vec![("access_token", granted.access_token.as_str())];
    members.extend(refresh_token.map(|token| ("refresh_token", token.as_str())));
    members.push(("signature", &signature));
    if granted.grant != Grant::Password {
        members.push(("scope", &scope));
    }
    members.extend([
        ("instance_url", base.as_str()),
        ("id", &id),
        ("token_type", "Bearer"),
        ("issued_at", &issued_at),
    ]);
    answer::members(StatusCode::OK, format, &members)
}

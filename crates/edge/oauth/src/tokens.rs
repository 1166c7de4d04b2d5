//! What a token is good for, and how it is ended.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use landfall_auth::{ActiveToken, TokenKind};
use landfall_model::{Fault, LoginFault};
use serde::Serialize;

use crate::OauthState;
use crate::answer::{self, Format, SCRIPT, fault_of, is_function_name, refusal, refusal_with};
use crate::identity::identity_url;
use crate::params::Params;

/// What an introspected token is good for.
///
/// Wire: times are numbers of seconds. Clients: take `exp - iat` for the session timeout.
#[derive(Serialize)]
struct Introspection {
    active: bool,
    scope: String,
    client_id: String,
    username: String,
    sub: String,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    iat: i64,
    nbf: i64,
}

#[derive(Serialize)]
struct Inactive {
    active: bool,
}

/// Answers an introspection. Source: "`OpenID` Connect Token Introspection" (Salesforce Help); RFC 7662.
pub(crate) async fn introspect(State(state): State<OauthState>, request: Request) -> Response {
    let (parts, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return refusal(&fault, Format::Json),
    };
    let read = params
        .client()
        .and_then(|client| Ok((client, params.need("token")?)));
    let (client, token) = match read {
        Ok(read) => read,
        Err(fault) => return refusal(&fault, Format::Json),
    };
    match state.auth.introspect(client, token).await {
        Ok(Some(active)) => {
            let base = state.base_url.of(&parts);
            let org = state.auth.engine().org().id;
            let sub = identity_url(&base, org, active.user_id);
            answer::document(&introspection(active, sub))
        }
        Ok(None) => answer::document(&Inactive { active: false }),
        Err(error) => match fault_of(error, "introspect") {
            // The asking client is refused, not the token: RFC 7662, 2.3.
            Fault::Login(LoginFault::ClientIdInvalid | LoginFault::ClientCredentialsInvalid) => {
                let status = Some(StatusCode::UNAUTHORIZED);
                refusal_with(
                    &Fault::Login(LoginFault::ClientCredentialsInvalid),
                    Format::Json,
                    status,
                )
            }
            fault => refusal(&fault, Format::Json),
        },
    }
}

fn introspection(token: ActiveToken, sub: String) -> Introspection {
    let issued = token.issued.as_millis().div_euclid(1_000);
    let expires = token.expires;
    Introspection {
        active: true,
        scope: token.scopes.to_string(),
        client_id: token.client_id,
        username: token.username,
        sub,
        token_type: match token.kind {
            TokenKind::Access => "access_token",
            TokenKind::Refresh => "refresh_token",
        },
        exp: expires.map(|end| issued + end.since(token.issued).div_euclid(1_000)),
        iat: issued,
        nbf: issued,
    }
}

/// Answers a revocation: by form or query, or as a script for a web page.
///
/// Source: "Revoke OAuth Tokens" (Salesforce Help).
/// Clients: jsforce reads a refusal as a form, not as JSON.
pub(crate) async fn revoke(State(state): State<OauthState>, request: Request) -> Response {
    let (_, params) = match Params::read(request).await {
        Ok(read) => read,
        Err(fault) => return refusal(&fault, Format::Form),
    };
    let revoked = match params.need("token") {
        Ok(token) => state
            .auth
            .revoke(token)
            .await
            .map_err(|error| fault_of(error, "revoke")),
        Err(fault) => Err(fault),
    };
    let callback = params
        .find("callback")
        .filter(|name| is_function_name(name));
    match (revoked, callback) {
        (Ok(()), None) => StatusCode::OK.into_response(),
        (Ok(()), Some(name)) => script(name, ""),
        (Err(fault), None) => refusal(&fault, Format::Form),
        (Err(fault), Some(name)) => script(name, &landfall_wire::oauth(&fault).to_string()),
    }
}

/// A call of the page's function, for pages of other origins: always status 200, since they see no other.
fn script(function: &str, argument: &str) -> Response {
    let media_type = [(header::CONTENT_TYPE, SCRIPT)];
    (media_type, format!("{function}({argument});")).into_response()
}

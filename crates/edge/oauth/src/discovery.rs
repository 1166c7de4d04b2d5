//! What the server offers to clients that ask before they log in. Only what is served is named.
//!
//! Source: `OpenID` Connect Discovery 1.0; names and order as in the vendor's document.

use axum::extract::{Request, State};
use axum::response::Response;
use landfall_auth::Grant;
use serde::Serialize;

use crate::OauthState;
use crate::answer;

#[derive(Serialize)]
struct Configuration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    introspection_endpoint: String,
    scopes_supported: &'static [&'static str],
    response_types_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: &'static [&'static str],
    token_endpoint_auth_methods_supported: &'static [&'static str],
    claims_supported: &'static [&'static str],
}

/// `GET /.well-known/openid-configuration`.
pub(crate) async fn configuration(State(state): State<OauthState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let base = state.base_url.of(&parts);
    let endpoint = |name| format!("{base}/services/oauth2/{name}");
    answer::document(&Configuration {
        authorization_endpoint: endpoint("authorize"),
        token_endpoint: endpoint("token"),
        revocation_endpoint: endpoint("revoke"),
        userinfo_endpoint: endpoint("userinfo"),
        introspection_endpoint: endpoint("introspect"),
        scopes_supported: &[
            "id",
            "api",
            "web",
            "full",
            "refresh_token",
            "openid",
            "profile",
            "email",
            "address",
            "phone",
            "offline_access",
        ],
        response_types_supported: &["code", "token"],
        code_challenge_methods_supported: &["S256"],
        grant_types_supported: Grant::ALL.map(Grant::as_str).to_vec(),
        subject_types_supported: &["public"],
        token_endpoint_auth_methods_supported: &["client_secret_post", "client_secret_basic"],
        claims_supported: &[
            "active",
            "address",
            "email",
            "email_verified",
            "family_name",
            "given_name",
            "is_app_installed",
            "language",
            "locale",
            "name",
            "nickname",
            "organization_id",
            "photos",
            "picture",
            "preferred_username",
            "profile",
            "sub",
            "updated_at",
            "urls",
            "user_id",
            "user_type",
            "zoneinfo",
        ],
        issuer: base,
    })
}

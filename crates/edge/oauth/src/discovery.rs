//! What the server offers to clients that ask before they log in. Only what is served is named.
//!
//! Source: `OpenID` Connect Discovery 1.0; names and order as in the vendor's document.

use axum::extract::{Request, State};
use axum::response::Response;
use landfall_auth::Grant;
use serde::Serialize;

use crate::OauthState;
use crate::answer::{self, Format, fault_of, refusal};

#[derive(Serialize)]
struct Configuration {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    scopes_supported: &'static [&'static str],
    response_types_supported: &'static [&'static str],
    code_challenge_methods_supported: &'static [&'static str],
    grant_types_supported: Vec<&'static str>,
    subject_types_supported: &'static [&'static str],
    id_token_signing_alg_values_supported: &'static [&'static str],
    display_values_supported: &'static [&'static str],
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
        jwks_uri: format!("{base}/id/keys"),
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
        response_types_supported: &["code", "token", "token id_token"],
        code_challenge_methods_supported: &["S256"],
        grant_types_supported: Grant::ALL.map(Grant::as_str).to_vec(),
        subject_types_supported: &["public"],
        id_token_signing_alg_values_supported: &["RS256"],
        display_values_supported: &["page", "popup", "touch"],
        token_endpoint_auth_methods_supported: &[
            "client_secret_post",
            "client_secret_basic",
            "private_key_jwt",
        ],
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

#[derive(Serialize)]
struct Keys {
    keys: [Key; 1],
}

/// Source: RFC 7517.
#[derive(Serialize)]
struct Key {
    n: String,
    e: String,
    kty: &'static str,
    alg: &'static str,
    #[serde(rename = "use")]
    purpose: &'static str,
    kid: String,
}

/// `GET /id/keys`.
pub(crate) async fn keys(State(state): State<OauthState>) -> Response {
    match state.auth.id_key().await {
        Ok(key) => answer::document(&Keys {
            keys: [Key {
                n: key.modulus,
                e: key.exponent,
                kty: "RSA",
                alg: "RS256",
                purpose: "sig",
                kid: key.id,
            }],
        }),
        Err(error) => refusal(&fault_of(error, "keys"), Format::Json),
    }
}

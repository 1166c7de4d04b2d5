//! The OAuth 2.0 endpoints: asking a user, tokens, their introspection and revocation, who the user is, discovery.
//!
//! Reads requests and renders answers; what they mean is decided by `landfall-auth`. It deliberately knows no password,
//! no hash and no store. Start reading at [`router`].
//!
//! Source: the "OAuth 2.0" flows, "`OpenID` Connect Token Introspection", "Identity URLs" (Salesforce Help).

mod answer;
mod authorize;
mod base_url;
mod device;
mod discovery;
mod granted;
mod identity;
mod multipart;
mod origin;
mod pages;
mod params;
mod person;
mod redirect;
mod token;
mod tokens;
mod visit;
mod xml;

use axum::Router;
use axum::response::Html;
use axum::routing::{get, post};
use landfall_auth::Auth;

pub use base_url::BaseUrl;
pub use params::{basic_client, fields};

/// What the endpoints stand on.
#[derive(Clone)]
pub struct OauthState {
    /// Who decides.
    pub auth: Auth,
    /// What every absolute URL in an answer begins with.
    pub base_url: BaseUrl,
    /// The audience of assertions, besides the login hosts of the service.
    pub audience: Option<BaseUrl>,
}

/// The endpoints. They answer on every host name: a server is login host and instance host in one.
pub fn router(state: OauthState) -> Router {
    Router::new()
        .route(
            "/services/oauth2/token",
            post(token::grant).get(token::post_required),
        )
        .route(
            "/services/oauth2/authorize",
            get(authorize::authorize).post(authorize::authorize),
        )
        .route(device::PAGE, get(device::page).post(device::page))
        .route("/services/oauth2/introspect", post(tokens::introspect))
        .route(
            "/services/oauth2/revoke",
            post(tokens::revoke).get(tokens::revoke),
        )
        .route(
            "/services/oauth2/userinfo",
            get(identity::user_info).post(identity::user_info),
        )
        .route("/services/oauth2/success", get(success))
        .route("/id/keys", get(discovery::keys))
        .route("/id/{org}/{user}", get(identity::identity))
        .route(
            "/.well-known/openid-configuration",
            get(discovery::configuration),
        )
        .with_state(state)
}

/// The fixed address that old apps have themselves redirected to.
///
/// Source: "OAuth 2.0 User-Agent Flow" (Salesforce Help), `redirect_uri`.
async fn success() -> Html<&'static str> {
    Html(
        "<!DOCTYPE html>\n<html lang=\"en\"><title>Success</title><p>You can close this page.</p></html>\n",
    )
}

//! The listener for operators of a production node: what they read and do on it, with a token.
//!
//! It has an address of its own, so that a firewall can keep clients away from it, and serves the control interface alone,
//! as far as its calls are safe for a production node: [`Effect::Operates`]. It is off unless it is configured.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use landfall_control::Effect;
use landfall_wire::headers::{JSON, NO_STORE};
use tower::ServiceExt as _;

use crate::config::Secret;
use crate::control::Controlled;
use crate::front::refusal::guarded;
use crate::node::bearer::bearer;
use crate::node::metrics::is_same;

/// What the listener serves.
#[derive(Debug)]
pub(crate) struct Operators {
    control: Router,
    token: Secret,
}

impl Operators {
    pub(crate) fn new(orgs: Controlled, token: Secret) -> Self {
        Self {
            control: guarded(landfall_control::router(Arc::new(orgs), Effect::Operates)),
            token,
        }
    }

    /// Answers a request. Without the token the response is the same for every path.
    pub(crate) async fn answer(self: Arc<Self>, mut request: Request<Body>) -> Response {
        if !self.may_ask(request.headers()) {
            return refused();
        }
        // The token is not an access token, by which calls find the org.
        request.headers_mut().remove(AUTHORIZATION);
        let Ok(answer) = self.control.clone().oneshot(request).await;
        answer
    }

    fn may_ask(&self, headers: &HeaderMap) -> bool {
        let own = self.token.expose().as_bytes();
        bearer(headers).is_some_and(|token| is_same(token.as_bytes(), own))
    }
}

/// Source: RFC 6750, section 3, for the challenge; the body is that of every refusal of the control interface.
fn refused() -> Response {
    let body = r#"{"error":{"code":"unauthorized","message":"the request needs the header \"Authorization: Bearer TOKEN\" with the token of `operations.token_file`"}}"#;
    let headers = [
        (WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        (CONTENT_TYPE, HeaderValue::from_static(JSON)),
        (CACHE_CONTROL, HeaderValue::from_static(NO_STORE)),
    ];
    (StatusCode::UNAUTHORIZED, headers, body).into_response()
}

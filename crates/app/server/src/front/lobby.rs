//! Routing of requests whose head does not name their org: logins, and SOAP calls, which have their session in the body.
//!
//! The query, the beginning of the body and a Basic header are searched, in this order, for an access token, a credential
//! that an org has issued (a refresh token, an authorization code, the code of a device), a user name and a consumer key,
//! also where an assertion names them. The body is passed on unchanged. If nothing is found, the first org answers, with
//! its refusal of an unknown login.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::front::observed;
use crate::orgs::{Instance, Orgs};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use landfall_auth::Claimed;
use landfall_model::limits::ORG_HEAD_BYTES_MAX;

/// The paths of requests whose body may name their org.
const NAMED_IN_BODY: [&str; 3] = ["/services/oauth2/", "/services/Soap/", "/setup/connect"];

/// Hands a request to its org.
pub(crate) async fn answer(orgs: Orgs, request: Request<Body>) -> Response {
    let path = request.uri().path();
    let is_named_in_body = NAMED_IN_BODY.iter().any(|start| path.starts_with(start));
    let (parts, mut body) = request.into_parts();
    let mut names = Names::default();
    names.add_query(parts.uri.query().unwrap_or_default());
    names.add_basic(&parts.headers);
    if is_named_in_body {
        let beginning = beginning_of(&mut body).await;
        for (name, value) in landfall_oauth::fields(&parts.headers, &beginning) {
            names.add(&name, value);
        }
        if let Ok(text) = std::str::from_utf8(&beginning) {
            names.add_xml(text);
        }
        body = Body::new(Continued {
            beginning,
            rest: body,
        });
    }
    let Some(org) = names.org(&orgs).await else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    observed::answer(org, Request::from_parts(parts, body)).await
}

/// What may name an org, as the request has it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Names {
    access_tokens: Vec<String>,
    /// What an org may have issued.
    credentials: Vec<String>,
    usernames: Vec<String>,
    clients: Vec<String>,
}

impl Names {
    /// Takes the names of a query.
    fn add_query(&mut self, query: &str) {
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            self.add(&name, value.into_owned());
        }
    }

    /// Takes the app of a Basic header.
    fn add_basic(&mut self, headers: &HeaderMap) {
        let client = landfall_oauth::basic_client(headers);
        self.clients.extend(client.map(|(id, _)| id));
    }

    /// Takes what a parameter names.
    fn add(&mut self, parameter: &str, value: String) {
        match parameter {
            "username" | "login_hint" => self.usernames.push(value),
            "client_id" => self.clients.push(value),
            "refresh_token" | "code" | "user_code" => self.credentials.push(value),
            "token" | "access_token" => {
                self.credentials.push(value.clone());
                self.access_tokens.push(value);
            }
            "assertion" | "client_assertion" => {
                if let Some(claimed) = Claimed::parse(&value) {
                    self.usernames.push(claimed.username);
                    self.clients.push(claimed.client_id);
                }
            }
            _ => {}
        }
    }

    /// Takes the names of an envelope, whatever prefixes its elements have.
    fn add_xml(&mut self, text: &str) {
        self.access_tokens.extend(element(text, "sessionId"));
        self.usernames.extend(element(text, "username"));
    }

    async fn org(&self, orgs: &Orgs) -> Option<Arc<Instance>> {
        let mut tokens = self.access_tokens.iter();
        if let Some(org) = tokens.find_map(|token| orgs.of_token(token)) {
            return Some(org);
        }
        let all = orgs.all();
        let has_issued = |org: &&Arc<Instance>| {
            let mut credentials = self.credentials.iter();
            credentials.any(|credential| org.auth().has_issued(credential))
        };
        if let Some(org) = all.iter().find(has_issued) {
            return Some(Arc::clone(org));
        }
        for username in &self.usernames {
            for org in &all {
                // A store that cannot be read has no say: the org itself answers for that.
                if org.auth().has_user(username).await.unwrap_or_default() {
                    return Some(Arc::clone(org));
                }
            }
        }
        let knows = |org: &&Arc<Instance>| {
            let mut clients = self.clients.iter();
            clients.any(|client| org.auth().app(client).is_some())
        };
        let org = all.iter().find(knows).or_else(|| all.first());
        org.map(Arc::clone)
    }
}

/// The text of the first element of this local name. Neither tokens nor user names have anything that XML escapes.
fn element(text: &str, name: &str) -> Option<String> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(name) {
        let opens = before.ends_with(['<', ':']) && !before.ends_with("</");
        if let (true, Some((attributes, content))) = (opens, after.split_once('>')) {
            let is_whole = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
            if let (true, Some((value, _))) = (is_whole, content.split_once('<')) {
                return Some(value.trim().to_owned());
            }
        }
        rest = after;
    }
    None
}

/// Reads up to so many bytes of a body. What cannot be read is an end, which the org finds as well.
async fn beginning_of(body: &mut Body) -> Bytes {
    let mut beginning = BytesMut::new();
    while beginning.len() < ORG_HEAD_BYTES_MAX {
        match body.frame().await {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    beginning.extend_from_slice(&data);
                }
            }
            Some(Err(_)) | None => break,
        }
    }
    beginning.freeze()
}

/// A body whose beginning was looked at.
struct Continued {
    beginning: Bytes,
    rest: Body,
}

impl hyper::body::Body for Continued {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.beginning.is_empty() {
            let beginning = std::mem::take(&mut self.beginning);
            return Poll::Ready(Some(Ok(Frame::data(beginning))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.rest.size_hint();
        let beginning = u64::try_from(self.beginning.len()).unwrap_or(u64::MAX);
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(beginning));
        }
        hint.set_lower(hint.lower().saturating_add(beginning));
        hint
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::AUTHORIZATION;

    use super::*;

    #[test]
    fn a_login_is_found_in_a_form_and_in_an_envelope() {
        let mut names = Names::default();
        names.add_query("grant_type=password&username=ann%40landfall.test&client_id=app");
        names.add_xml("<urn:login><urn:username>bob@landfall.test</urn:username></urn:login>");
        assert_eq!(names.usernames, ["ann@landfall.test", "bob@landfall.test"]);
        assert_eq!(names.clients, ["app"]);
    }

    #[test]
    fn a_basic_header_names_its_app() {
        let mut names = Names::default();
        let basic = HeaderValue::from_static("Basic YXBwOnNlY3JldA==");
        names.add_basic(&HeaderMap::from_iter([(AUTHORIZATION, basic)]));
        assert_eq!(names.clients, ["app"]);
    }

    #[test]
    fn an_assertion_names_its_user_and_its_app() {
        let mut names = Names::default();
        // {"alg":"RS256"} and {"iss":"app","sub":"ann@landfall.test","aud":"x","exp":1}
        let assertion = "eyJhbGciOiJSUzI1NiJ9.\
            eyJpc3MiOiJhcHAiLCJzdWIiOiJhbm5AbGFuZGZhbGwudGVzdCIsImF1ZCI6IngiLCJleHAiOjF9.c2ln";
        names.add("assertion", assertion.to_owned());
        assert_eq!(names.usernames, ["ann@landfall.test"]);
        assert_eq!(names.clients, ["app"]);
        names.add("client_assertion", "no assertion".to_owned());
        assert_eq!(names.clients, ["app"]);
    }

    #[test]
    fn an_element_is_found_with_any_prefix_and_with_attributes() {
        assert_eq!(
            element("<a:sessionId xmlns:a='x'> t </a:sessionId>", "sessionId"),
            Some("t".to_owned())
        );
        assert_eq!(
            element("<sessionId>t</sessionId>", "sessionId"),
            Some("t".to_owned())
        );
        for none in [
            "</sessionId>t<",
            "<sessionIds>t<",
            "sessionId",
            "<sessionId",
        ] {
            assert_eq!(element(none, "sessionId"), None, "{none}");
        }
    }
}

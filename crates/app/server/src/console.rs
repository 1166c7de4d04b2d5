//! The console of a production node: who is logged in to it, and what it may read.
//!
//! Users log in with the name and password of an administrator of the org. The browser gets a cookie that names a session
//! of this process; the access token behind it stays here, so the cookie opens nothing but the console: the calls of the
//! control interface that read, and those of the REST API that [`reads`] lists, with fields masked. A restart ends all sessions.

mod masked;
mod until;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, COOKIE, SET_COOKIE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Limited};
use landfall_auth::{Attempt, Auth, Error as LoginError, Grant, Login, Source, Visit};
use landfall_control::{Effect, is_own};
use landfall_engine::{Entropy, draw};
use landfall_model::limits::{CONSOLE_LOGIN_BYTES_MAX, CONSOLE_SESSIONS_MAX};
use landfall_streaming::Secure;
use landfall_wire::headers::{JSON, NO_STORE};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tracing::info;

use crate::control::Controlled;
use crate::front::refusal::guarded;
use crate::orgs::{Instance, Orgs};

/// Where sessions begin and end.
pub(crate) const SESSION: &str = "/console/session";

/// Below this path, the console reads the REST API.
const REST: &str = "/console/rest";

/// Name of the cookie over TLS. Browsers send it to this host only, and set it only over TLS. Source: RFC 6265bis, 4.1.3.2.
const COOKIE_SECURE: &str = "__Host-landfall-console";

/// Name of the cookie in cleartext, which the server speaks on loopback only, or to a proxy.
const COOKIE_CLEARTEXT: &str = "landfall-console";

/// Bytes of the secret that names a session.
const SECRET_BYTES: usize = 32;

/// Who is logged in, and where their requests go.
pub(crate) struct Console {
    orgs: Orgs,
    control: Router,
    pages: Router,
    entropy: Arc<dyn Entropy>,
    sessions: Mutex<HashMap<String, Session>>,
}

struct Session {
    /// What the org knows the login by.
    access_token: String,
    used: Instant,
}

/// A session whose login is valid.
struct Known {
    access_token: String,
    org: Arc<Instance>,
    login: Arc<Login>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    username: String,
    password: String,
}

/// Why a request is not answered.
struct Refused(StatusCode, &'static str, &'static str);

const OTHER_ORIGIN: Refused = Refused(
    StatusCode::FORBIDDEN,
    "origin",
    "pages of other origins cannot use the console",
);

const LOGIN_REQUIRED: Refused = Refused(
    StatusCode::UNAUTHORIZED,
    "login-required",
    "log in to the console",
);

const LOGIN_REFUSED: Refused = Refused(
    StatusCode::UNAUTHORIZED,
    "login-refused",
    "wrong user name or password, or too many attempts",
);

const NOT_ADMINISTRATOR: Refused = Refused(
    StatusCode::FORBIDDEN,
    "not-administrator",
    "the console requires the permissions View All Data and View Setup and Configuration",
);

const BODY: Refused = Refused(
    StatusCode::BAD_REQUEST,
    "invalid",
    "the body is not {\"username\":…,\"password\":…}",
);

const METHOD: Refused = Refused(
    StatusCode::METHOD_NOT_ALLOWED,
    "method-not-allowed",
    "the console only reads",
);

const NOT_READ: Refused = Refused(
    StatusCode::NOT_FOUND,
    "not-found",
    "the console does not read this resource",
);

const UNAVAILABLE: Refused = Refused(
    StatusCode::SERVICE_UNAVAILABLE,
    "unavailable",
    "the org takes no logins at the moment",
);

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").finish_non_exhaustive()
    }
}

impl Console {
    pub(crate) fn new(orgs: Orgs, control: Controlled, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            orgs,
            control: guarded(landfall_control::router(Arc::new(control), Effect::Reads)),
            pages: landfall_console::router(landfall_console::Access::ReadOnly),
            entropy,
            sessions: Mutex::default(),
        }
    }

    /// Answers a request for the console, or for the control interface.
    pub(crate) async fn answer(self: Arc<Self>, request: Request<Body>) -> Response {
        let path = request.uri().path();
        let answered = if path == SESSION {
            self.session(request).await
        } else if let Some(rest) = path.strip_prefix(REST) {
            let rest = rest.to_owned();
            self.rest(request, &rest).await
        } else if landfall_console::has(path) {
            let Ok(page) = self.pages.clone().oneshot(request).await;
            Ok(page)
        } else {
            self.control(request).await
        };
        answered.unwrap_or_else(IntoResponse::into_response)
    }

    async fn session(&self, request: Request<Body>) -> Result<Response, Refused> {
        let (parts, body) = request.into_parts();
        if !is_own(&parts.uri, &parts.headers) {
            return Err(OTHER_ORIGIN);
        }
        match parts.method {
            Method::GET => Ok(shown(&self.known(&parts.headers)?)),
            Method::POST => self.log_in(&parts, body).await,
            Method::DELETE => self.log_out(&parts.headers).await,
            _ => Err(METHOD),
        }
    }

    async fn log_in(&self, parts: &Parts, body: Body) -> Result<Response, Refused> {
        let body = Limited::new(body, CONSOLE_LOGIN_BYTES_MAX).collect().await;
        let body = body.map_err(|_| BODY)?.to_bytes();
        let Credentials { username, password } = serde_json::from_slice(&body).map_err(|_| BODY)?;
        let org = self.orgs.all().into_iter().next().ok_or(UNAVAILABLE)?;
        let auth = org.auth();
        let source = parts.extensions.get::<Source>().copied();
        let attempt = Attempt {
            username: username.trim(),
            source: source.unwrap_or(Source::UNKNOWN),
        };
        let outcome = auth.page_session(attempt, &password).await;
        let visit = || visit(parts);
        auth.tell(
            Grant::Session,
            outcome.as_ref(),
            Some(username.as_str()),
            visit,
        );
        let granted = match outcome {
            Ok(granted) => granted,
            Err(LoginError::Refused(_)) => return Err(LOGIN_REFUSED),
            Err(_) => return Err(UNAVAILABLE),
        };
        let access_token = granted.access_token.as_str();
        let known = match checked(&org, access_token) {
            Ok(known) => known,
            Err(refused) => {
                forget(auth, access_token).await;
                return Err(refused);
            }
        };
        info!(user = %known.login.user_id, "logged in to the console");
        let secret = self.begin(access_token).await;
        let is_secure = parts.extensions.get::<Secure>().is_some_and(|one| one.0);
        let mut response = shown(&known);
        set_cookie(&mut response, &cookie(&secret, is_secure));
        Ok(response)
    }

    /// A new session. If there are too many, the one ends that was not used for the longest time.
    async fn begin(&self, access_token: &str) -> String {
        let mut secret = String::new();
        for byte in draw::<SECRET_BYTES>(&*self.entropy) {
            // Writing to memory does not fail.
            let _ = write!(secret, "{byte:02x}");
        }
        let session = Session {
            access_token: access_token.to_owned(),
            used: Instant::now(),
        };
        let oldest = {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            let oldest = (sessions.len() >= CONSOLE_SESSIONS_MAX)
                .then(|| sessions.iter().min_by_key(|(_, session)| session.used))
                .flatten()
                .map(|(secret, _)| secret.clone());
            sessions.insert(secret.clone(), session);
            oldest.and_then(|secret| sessions.remove(&secret))
        };
        if let Some(oldest) = oldest
            && let Some(org) = self.orgs.of_token(&oldest.access_token)
        {
            forget(org.auth(), &oldest.access_token).await;
        }
        secret
    }

    async fn log_out(&self, headers: &HeaderMap) -> Result<Response, Refused> {
        let session = secret_of(headers).and_then(|secret| {
            let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.remove(secret)
        });
        let session = session.ok_or(LOGIN_REQUIRED)?;
        if let Some(org) = self.orgs.of_token(&session.access_token) {
            forget(org.auth(), &session.access_token).await;
        }
        let mut response = StatusCode::NO_CONTENT.into_response();
        for is_secure in [true, false] {
            set_cookie(&mut response, &(cookie("", is_secure) + "; Max-Age=0"));
        }
        Ok(response)
    }

    /// The session of a request, whose login is valid and still an administrator's. Restarts its idle time.
    fn known(&self, headers: &HeaderMap) -> Result<Known, Refused> {
        let secret = secret_of(headers).ok_or(LOGIN_REQUIRED)?;
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let session = sessions.get_mut(secret).ok_or(LOGIN_REQUIRED)?;
        let org = self.orgs.of_token(&session.access_token);
        let known = org
            .ok_or(LOGIN_REQUIRED)
            .and_then(|org| checked(&org, &session.access_token));
        match known {
            Ok(known) => {
                session.used = Instant::now();
                Ok(known)
            }
            Err(refused) => {
                if refused.0 == StatusCode::UNAUTHORIZED {
                    sessions.remove(secret);
                }
                Err(refused)
            }
        }
    }

    /// A call of the control interface.
    async fn control(&self, mut request: Request<Body>) -> Result<Response, Refused> {
        if !is_own(request.uri(), request.headers()) {
            return Err(OTHER_ORIGIN);
        }
        let known = self.known(request.headers())?;
        as_login(request.headers_mut(), &known.access_token)?;
        let Ok(response) = self.control.clone().oneshot(request).await;
        // What is followed ends with the login.
        let ended = known.login.ended();
        Ok(response.map(|body| Body::new(until::Until::new(body, ended))))
    }

    /// A call of the REST API.
    async fn rest(&self, mut request: Request<Body>, path: &str) -> Result<Response, Refused> {
        if !is_own(request.uri(), request.headers()) {
            return Err(OTHER_ORIGIN);
        }
        let known = self.known(request.headers())?;
        if request.method() != Method::GET {
            return Err(METHOD);
        }
        let reads = reads(path).ok_or(NOT_READ)?;
        let mask = known.org.masked();
        if let Some(name) = masked::named(mask, request.uri().query().unwrap_or_default()) {
            return Ok(masked::refusal(&name));
        }
        *request.uri_mut() = rewritten(request.uri(), path).ok_or(NOT_READ)?;
        as_login(request.headers_mut(), &known.access_token)?;
        let response = known.org.answer(request).await;
        Ok(match reads {
            Reads::Records => masked::applied(mask, response).await,
            Reads::Definitions => response,
        })
    }
}

/// What the console reads of the REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// Records, by id or by a query.
    Records,
    /// Limits, schemas of events, objects: no values of records.
    Definitions,
}

/// What the console reads with a path, if it does.
fn reads(path: &str) -> Option<Reads> {
    let mut segments = path.trim_start_matches('/').split('/');
    let front = [segments.next(), segments.next()];
    let version = segments.next()?;
    let rest: Vec<&str> = segments.collect();
    let reads = match *rest.as_slice() {
        ["limits" | "sobjects"] | ["event", "eventSchema", _] | ["sobjects", _, "describe"] => {
            Reads::Definitions
        }
        ["query"] | ["query", _] | ["sobjects", _, _] => Reads::Records,
        _ => return None,
    };
    let is_data = front == [Some("services"), Some("data")] && version.starts_with('v');
    is_data.then_some(reads)
}

/// The address of the REST API that is meant.
fn rewritten(uri: &Uri, path: &str) -> Option<Uri> {
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The login of a token, if it is an administrator's.
fn checked(org: &Arc<Instance>, access_token: &str) -> Result<Known, Refused> {
    let login = org.auth().api_login(access_token);
    let login = login.map_err(|_| LOGIN_REQUIRED)?;
    let permissions = login.permissions();
    if !permissions.view_all_data || !permissions.view_setup {
        return Err(NOT_ADMINISTRATOR);
    }
    Ok(Known {
        access_token: access_token.to_owned(),
        org: Arc::clone(org),
        login,
    })
}

/// Ends a login that nobody uses any more.
async fn forget(auth: &Auth, access_token: &str) {
    if let Err(error) = auth.revoke(access_token).await {
        // It ends by itself when its time is over.
        info!(%error, "a login to the console was not revoked");
    }
}

/// The request as the org sees it: with the access token, and without the cookie.
fn as_login(headers: &mut HeaderMap, access_token: &str) -> Result<(), Refused> {
    let bearer = HeaderValue::try_from(format!("Bearer {access_token}"));
    headers.insert(AUTHORIZATION, bearer.map_err(|_| LOGIN_REQUIRED)?);
    headers.remove(COOKIE);
    // What is masked is read first.
    headers.remove(ACCEPT_ENCODING);
    Ok(())
}

fn visit(parts: &Parts) -> Visit {
    let peer = parts.extensions.get::<ConnectInfo<std::net::SocketAddr>>();
    let unknown = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
    Visit {
        source_ip: peer.map_or(unknown, |peer| peer.0.ip()),
        host: parts.uri.host().unwrap_or_default().to_owned(),
        client_id: String::new(),
    }
}

fn cookie(secret: &str, is_secure: bool) -> String {
    let (name, secure) = if is_secure {
        (COOKIE_SECURE, "; Secure")
    } else {
        (COOKIE_CLEARTEXT, "")
    };
    format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

/// The secret in the cookie of a request.
fn secret_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter();
    let texts = cookies.filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        [COOKIE_SECURE, COOKIE_CLEARTEXT]
            .contains(&name)
            .then_some(value)
    })
}

fn shown(known: &Known) -> Response {
    let masked: Vec<&str> = known.org.masked().names().collect();
    let body = json!({
        "username": &*known.login.username,
        "org": known.org.id().to_string(),
        "maskedFields": masked,
    });
    answer_with(StatusCode::OK, &body)
}

fn answer_with(status: StatusCode, body: &Value) -> Response {
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, NO_STORE)];
    (status, headers, body.to_string()).into_response()
}

/// A refusal in the shape of the control interface.
fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"error": {"code": code, "message": message}});
    answer_with(status, &body)
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        refused(self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_console_reads_of_the_rest_api_is_a_list() {
        for (path, expected) in [
            ("limits", Reads::Definitions),
            ("query", Reads::Records),
            ("query/01g5f-2000", Reads::Records),
            ("sobjects", Reads::Definitions),
            ("sobjects/Account/describe", Reads::Definitions),
            ("sobjects/Account/0015f0000000001AAA", Reads::Records),
            ("event/eventSchema/abc", Reads::Definitions),
        ] {
            let path = format!("/services/data/v62.0/{path}");
            assert_eq!(reads(&path), Some(expected), "{path}");
        }
        for path in [
            "/services/data/v62.0/composite",
            "/services/data/v62.0/jobs/query",
            "/services/data/v62.0/sobjects/Account/1/2",
            "/services/data/v62.0/query/a/b",
            "/services/data",
            "/services/oauth2/token",
            "/cometd/62.0",
            "",
        ] {
            assert_eq!(reads(path), None, "{path}");
        }
    }

    #[test]
    fn only_the_cookies_of_the_console_name_a_session() {
        let secret = |cookies: &'static str| {
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_static(cookies))]);
            secret_of(&headers).map(str::to_owned)
        };
        assert_eq!(secret("sid=1; landfall-console=ab"), Some("ab".to_owned()));
        assert_eq!(secret("__Host-landfall-console=cd"), Some("cd".to_owned()));
        assert_eq!(secret("sid=1; landfall=ab"), None);
    }
}

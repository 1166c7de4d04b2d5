//! The control interface, `/_landfall/v1`: what a test does to an org that no client can do, and what operators read.
//!
//! Its calls are declared once, in `calls`: requests are routed and checked by the declarations, and the `OpenAPI` document
//! is made from them. Each has an [`Effect`]: developer orgs have all calls, production nodes those that are safe.
//! It knows no listener, no login and no configuration: who opens orgs implements [`Orgs`]. Start reading at [`router`].

mod calls;
mod channels;
mod clock;
mod difference;
mod events;
mod expect;
mod faults;
mod har;
mod input;
mod logins;
mod mask;
mod node;
mod node_report;
mod orgs;
mod origin;
mod push_topics;
mod refusal;
mod rendered;
mod requests;
mod reset;
mod schemas;
mod settle;
mod snapshots;
mod span;
mod subscribers;
mod topics;
mod usage;

use std::any::Any;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri};
use landfall_apidoc::{Call, Interface, Node};
use landfall_engine::{
    AdjustableClock, DifferenceRequest, Differences, Engine, Event, SnapshotContent, Subscriber,
};
use landfall_http::path::{parameters, segments};
use landfall_journal::Journal;
use landfall_model::limits::CONTROL_BODY_BYTES_MAX;
use landfall_model::{RecordId, Timestamp};
use landfall_wire::headers::{JSON, NO_STORE};

use calls::{CALLS, Declared};
use input::Input;
use refusal::Refusal;

pub use calls::Effect;
pub use events::check_filter;
pub use mask::Mask;
pub use node_report::{ConnectionsReport, NodeFacts, NodeReport, SettingReport, StorageReport};
pub use origin::is_own;
pub use rendered::Rendered;

/// Where the paths of the interface begin.
pub const BASE: &str = "/_landfall/v1";

/// Source: "Server-sent events" (HTML Living Standard).
const EVENT_STREAM: &str = "text/event-stream";

/// How many segments of a path that is.
const BASE_SEGMENTS: usize = 2;

/// Calls that answer with server-sent events.
const STREAMS: &[Call] = &[events::FOLLOW];

/// The path of the document.
const DOCUMENT: &str = "openapi.json";

/// The orgs that are controlled.
pub trait Orgs: Send + Sync + 'static {
    /// The org of a request: the one that issued its access token, and without a token the first one.
    fn find(&self, headers: &HeaderMap) -> Option<Org>;

    /// The open orgs, in the order in which they were opened.
    fn list(&self) -> Vec<Named>;

    /// Opens an org with the project, the seeds and the settings of the first one. It is removed when it closes.
    fn open(&self) -> Work<Result<Credentials, OpenError>>;

    /// Logs in to an org as its administrator; to the first one if none is named. None if it is not open.
    fn log_in(&self, org: Option<&str>) -> Work<Result<Option<Credentials>, OpenError>>;

    /// Closes an org and removes it.
    fn close(&self, org: &str) -> Work<Result<(), CloseError>>;
}

/// Work of [`Orgs`] in progress.
pub type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An open org, and the names that lead logins to it.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its id.
    pub id: RecordId,
    /// The user name of its administrator.
    pub username: String,
    /// The consumer key of its connected app.
    pub client_id: String,
}

/// An org that was opened, with a login to it.
#[derive(Clone)]
pub struct Credentials {
    /// The org.
    pub org: Named,
    /// The password of its administrator.
    pub password: String,
    /// The consumer secret of its connected app.
    pub client_secret: String,
    /// An access token of its administrator.
    pub access_token: String,
}

/// Why no org was opened.
#[derive(Clone, Debug)]
pub enum OpenError {
    /// As many are open as are allowed.
    TooMany,
    /// It could not be opened, for this reason.
    Failed(String),
}

/// Why an org was not closed.
#[derive(Clone, Debug)]
pub enum CloseError {
    /// It is not open.
    Unknown,
    /// It is the org that the process was started with.
    First,
    /// It is closed, but could not be removed as a whole, for this reason.
    Failed(String),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("org", &self.org)
            .finish_non_exhaustive()
    }
}

/// An org under control.
#[derive(Clone)]
pub struct Org {
    /// Its engine.
    pub engine: Engine,
    /// Its clock, if it is a developer org: of any other nobody moves it.
    pub clock: Option<AdjustableClock>,
    /// Its subscribers.
    pub subscribers: Arc<dyn Subscribers>,
    /// Its snapshots.
    pub snapshots: Arc<dyn Snapshots>,
    /// What its clients have sent, if that is kept.
    pub journal: Option<Journal>,
    /// The node that it is on.
    pub node: Arc<dyn NodeFacts>,
    /// The fields whose values are not shown.
    pub masked: Arc<Mask>,
    /// What clients that follow its events share.
    pub rendered: Arc<Rendered>,
    /// Keeps the org open until the request is answered.
    pub guard: Arc<dyn Any + Send + Sync>,
}

/// The subscribers of an org.
pub trait Subscribers: Send + Sync + 'static {
    /// Those that are there, of each protocol.
    fn list(&self) -> Vec<(Protocol, Subscriber)>;

    /// Ends one; false if there is none with this id.
    fn end(&self, id: &str) -> bool;

    /// What ends until a time if nobody uses it before.
    fn ending(&self, until: Timestamp) -> Ending;

    /// Ends when the org closes.
    fn stopping(&self) -> Work<()>;

    /// What a client of the Streaming API gets as the `data` of an event.
    fn data(&self, event: &Event) -> Bytes;
}

/// What time ends, as an advance of the clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Access tokens that are not used before.
    pub logins: usize,
    /// Sessions of the Streaming API whose clients send nothing more.
    pub sessions: usize,
}

/// The snapshots of an org, and the states that it can return to without one: `empty`, without records of a seed, and `seed`.
pub trait Snapshots: Send + Sync + 'static {
    /// Those that were saved, in the order of their names.
    fn list(&self) -> Work<Result<Vec<Snapshot>, SnapshotError>>;

    /// Saves one; an earlier one of the name is replaced.
    fn save(&self, name: &str) -> Work<Result<Snapshot, SnapshotError>>;

    /// Returns to one, or to a state. With `log_goes_on` none of its events are there, and replay ids go on.
    fn restore(&self, name: &str, log_goes_on: bool) -> Work<Result<Snapshot, SnapshotError>>;

    /// What differs between one of them, or a state, and another one; none: what the org holds now.
    fn difference(
        &self,
        from: &str,
        to: Option<&str>,
        request: DifferenceRequest,
    ) -> Work<Result<Differences, SnapshotError>>;

    /// Removes one.
    fn remove(&self, name: &str) -> Work<Result<(), SnapshotError>>;
}

/// A snapshot, or a state that an org can return to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its name.
    pub name: String,
    /// When it was saved, by the clock of the org.
    pub saved: Timestamp,
    /// Bytes of its file.
    pub bytes: u64,
    /// What it holds.
    pub content: SnapshotContent,
}

/// Why a snapshot was not saved, restored or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnapshotError {
    /// There is none with the name.
    Unknown,
    /// The name cannot be that of a snapshot, for this reason.
    Name(&'static str),
    /// As many are there as are allowed.
    TooMany,
    /// It cannot be used, or the org did not keep the state, for this reason. Nothing was changed.
    Unusable(String),
    /// It could not be written, read or removed, for this reason.
    Failed(String),
}

/// How a subscriber is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The Streaming API.
    Cometd,
    /// The Pub/Sub API.
    Pubsub,
}

impl std::fmt::Debug for Org {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Org")
            .field("id", &self.engine.org().id)
            .finish_non_exhaustive()
    }
}

/// The interface over these orgs, with the calls whose effect is no stronger than `most`: all of a developer org, of a
/// production node those that read and, for operators, those that act on what runs. Others are answered as if they did not exist.
pub fn router(orgs: Arc<dyn Orgs>, most: Effect) -> Router {
    Router::new()
        .fallback(answer)
        .with_state(Interfaced { orgs, most })
}

/// What a request is answered with.
#[derive(Clone)]
struct Interfaced {
    orgs: Arc<dyn Orgs>,
    most: Effect,
}

/// The `OpenAPI` document of the interface.
pub fn document() -> Node {
    document_of(Effect::Tests)
}

fn document_of(most: Effect) -> Node {
    let calls: Vec<_> = CALLS
        .iter()
        .filter(|declared| declared.effect() <= most)
        .map(|declared| declared.call)
        .collect();
    landfall_apidoc::interface(&Interface {
        title: "Control interface of Landfall",
        description: "Controls developer orgs in tests. A request is for the org that issued its access token, and for the \
                      first org if it has none.",
        version: "1",
        base: BASE,
        calls: &calls,
        streams: STREAMS,
    })
}

/// A call whose body has been checked.
pub(crate) struct Made<'m> {
    orgs: &'m dyn Orgs,
    /// Scheme and authority of the server, as the client has addressed it.
    base_url: String,
    headers: HeaderMap,
    input: Input,
}

impl Made<'_> {
    /// The org that it is for.
    fn org(&self) -> Result<Org, Refusal> {
        self.orgs.find(&self.headers).ok_or_else(refusal::no_org)
    }

    /// The org and its clock, which tests move.
    fn adjustable(&self) -> Result<(Org, AdjustableClock), Refusal> {
        let org = self.org()?;
        let clock = org.clock.clone().ok_or_else(refusal::no_org)?;
        Ok((org, clock))
    }
}

async fn answer(State(interfaced): State<Interfaced>, request: Request<Body>) -> Response {
    match answered(&*interfaced.orgs, interfaced.most, request).await {
        Ok(response) => response,
        Err(refusal) => response(refusal.status, refusal.body()),
    }
}

async fn answered(
    orgs: &dyn Orgs,
    most: Effect,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    origin::check(request.uri(), request.headers())?;
    let path: Vec<String> = segments(request.uri().path())
        .into_iter()
        .skip(BASE_SEGMENTS)
        .collect();
    let method = request.method().as_str().to_ascii_lowercase();
    let allowed: Vec<&Declared> = CALLS
        .iter()
        .filter(|declared| declared.effect() <= most && declared.parameters(&path).is_some())
        .collect();
    let stream = STREAMS.iter().find(|call| path == [call.path]);
    if let Some(call) = stream {
        return followed(orgs, call, request).await;
    }
    let Some(declared) = allowed.iter().find(|of| of.call.method == method) else {
        if path == [DOCUMENT] && method == "get" {
            return Ok(response(StatusCode::OK, document_of(most).json()));
        }
        return not_allowed(&allowed);
    };
    let named = declared.parameters(&path).unwrap_or_default();
    let made = made(orgs, &declared.call, named, request).await?;
    let body = (declared.answer)(&made).await?;
    let status = StatusCode::from_u16(declared.call.status).unwrap_or(StatusCode::OK);
    Ok(response(status, body))
}

/// The call that a request makes, checked.
async fn made<'o>(
    orgs: &'o dyn Orgs,
    call: &Call,
    mut named: Vec<(String, String)>,
    request: Request<Body>,
) -> Result<Made<'o>, Refusal> {
    named.extend(parameters(request.uri().query().unwrap_or_default()));
    let (parts, body) = request.into_parts();
    let read = landfall_http::body::read(&parts.headers, body, CONTROL_BODY_BYTES_MAX);
    let body = read.await.map_err(Refusal::from)?;
    Ok(Made {
        orgs,
        base_url: base_url(&parts.uri),
        headers: parts.headers,
        input: Input::checked(call, named, &body)?,
    })
}

/// The answer of a call that follows something.
async fn followed(
    orgs: &dyn Orgs,
    call: &Call,
    request: Request<Body>,
) -> Result<Response, Refusal> {
    if !request.method().as_str().eq_ignore_ascii_case(call.method) {
        return Err(refusal::method(&call.method.to_ascii_uppercase()));
    }
    let made = made(orgs, call, Vec::new(), request).await?;
    let body = events::follow(&made)?;
    let headers = [(CONTENT_TYPE, EVENT_STREAM), (CACHE_CONTROL, NO_STORE)];
    Ok((headers, body).into_response())
}

/// The refusal of a method, and of a path that no call has.
fn not_allowed(allowed: &[&Declared]) -> Result<Response, Refusal> {
    if allowed.is_empty() {
        return Err(refusal::not_found());
    }
    let methods = allowed.iter().map(|of| of.call.method.to_ascii_uppercase());
    let methods = methods.collect::<Vec<_>>().join(", ");
    let refusal = refusal::method(&methods);
    let mut response = response(refusal.status, refusal.body());
    if let Ok(methods) = HeaderValue::try_from(methods) {
        response.headers_mut().insert(ALLOW, methods);
    }
    Ok(response)
}

/// Scheme and authority of a request, which the listener has put into its URI.
fn base_url(uri: &Uri) -> String {
    let authority = uri.authority().map_or("localhost", Authority::as_str);
    format!("{}://{authority}", uri.scheme_str().unwrap_or("http"))
}

fn response(status: StatusCode, body: String) -> Response {
    if body.is_empty() {
        return status.into_response();
    }
    let headers = [(CONTENT_TYPE, JSON), (CACHE_CONTROL, NO_STORE)];
    (status, headers, body).into_response()
}

//! The HTTP side of the Streaming API: one handler for every path below `/cometd`.

use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Body as _;
use landfall_auth::Login;
use landfall_bayeux::{Echo, LastPoll, MESSAGES_MAX, Message, Refusal};
use landfall_model::limits::COMPRESSED_BYTES_MIN;
use landfall_model::{Fault, Refused, ReplayId, RequestFault};
use tower::{Layer as _, ServiceExt as _, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use crate::StreamingState;
use crate::body;
use crate::head::{self, RequestHead};
use crate::in_flight::EventBody;
use crate::respond::Responder;

/// The methods that are answered.
const ALLOWED: [(header::HeaderName, &str); 1] = [(header::ALLOW, "POST, OPTIONS")];

/// Who sends a request, and what its head says.
pub(crate) struct Caller {
    pub(crate) login: Result<Arc<Login>, Fault>,
    pub(crate) head: Arc<RequestHead>,
    /// Where the log stood when the request arrived.
    pub(crate) arrived: ReplayId,
}

impl Caller {
    pub(crate) fn new(state: &StreamingState, head: Arc<RequestHead>) -> Self {
        let token = head.token.as_ref().map_err(Fault::clone);
        let login = token.and_then(|token| state.auth.streaming_login(token));
        if let Ok(login) = &login {
            login.identify(head.requester.as_ref());
        }
        Self {
            login,
            arrived: state.engine.log().bounds().tail,
            head,
        }
    }
}

/// Answers any request below `/cometd`.
///
/// What is needed of the head is taken before anything is waited for, so that a held poll keeps neither the request nor
/// the connection's buffer, which the head shares.
pub(crate) fn handle(
    State(state): State<Arc<StreamingState>>,
    request: Request,
) -> impl Future<Output = Response> + Send {
    let (parts, body) = request.into_parts();
    let secure = parts.extensions.get::<Secure>();
    let secure = secure.is_some_and(|secure| secure.0);
    let head = RequestHead::new(
        parts.uri.path(),
        &parts.headers,
        secure,
        parts.extensions.get().cloned(),
    );
    let caller = Caller::new(&state, Arc::new(head));
    let method = parts.method;
    async move {
        match method {
            Method::POST => {}
            Method::OPTIONS => return (StatusCode::OK, ALLOWED).into_response(),
            _ => return (StatusCode::METHOD_NOT_ALLOWED, ALLOWED).into_response(),
        }
        match body::read(body).await {
            Ok(body) => {
                let messages = messages(&body, caller.head.is_form, &mut LastPoll::default());
                drop(body);
                post(&state, &caller, messages).await.into()
            }
            Err(fault) => compressed(&caller.head, refused(&fault).into())
                .await
                .into(),
        }
    }
}

/// Answers a post of these messages.
pub(crate) async fn post(
    state: &StreamingState,
    caller: &Caller,
    messages: Result<Vec<Message>, Fault>,
) -> Reply {
    let reply = match messages {
        Ok(messages) => respond(state, caller, &messages).await,
        Err(fault) => refused(&fault).into(),
    };
    compressed(&caller.head, reply).await
}

/// The answer to a post.
pub enum Reply {
    /// Messages with status 200 and [`MESSAGES_HEADERS`], as most answers are.
    Messages(EventBody),
    /// Any other.
    Response(Response),
}

/// The headers of an answer that has no others.
pub const MESSAGES_HEADERS: [(header::HeaderName, HeaderValue); 2] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json;charset=UTF-8"),
    ),
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache,must-revalidate,max-age=0,no-store,private"),
    ),
];

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        match reply {
            Reply::Messages(body) => json(StatusCode::OK, Body::new(body)),
            Reply::Response(response) => response,
        }
    }
}

impl Reply {
    fn bytes(&self) -> Option<u64> {
        match self {
            Self::Messages(body) => u64::try_from(body.bytes()).ok(),
            Self::Response(response) => response.body().size_hint().exact(),
        }
    }
}

/// Request extension: whether the connection is encrypted, so that cookies may say so.
#[derive(Clone, Copy, Debug)]
pub struct Secure(pub bool);

async fn respond(state: &StreamingState, caller: &Caller, messages: &[Message]) -> Reply {
    let mut responder = Responder {
        state,
        caller,
        response: landfall_bayeux::Response::new(),
        in_flight: None,
        browser: None,
        refused: Vec::new(),
    };
    for message in messages {
        responder.message(message, messages.len() == 1).await;
    }
    let body = EventBody::new(responder.response.finish(), responder.in_flight);
    let set_cookie = responder
        .browser
        .filter(|browser| caller.head.browser.as_deref() != Some(browser.as_str()))
        .and_then(|browser| head::set_browser(&browser, caller.head.is_secure));
    if responder.refused.is_empty() && set_cookie.is_none() {
        return Reply::Messages(body);
    }
    let mut response = json(StatusCode::OK, Body::new(body));
    if !responder.refused.is_empty() {
        let refused = Refused(responder.refused);
        response.extensions_mut().insert(refused);
    }
    if let Some(value) = set_cookie {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response.into()
}

/// Compresses an answer that is worth it, for a client that accepts it.
async fn compressed(head: &RequestHead, reply: Reply) -> Reply {
    let Some(accepts) = &head.accepts else {
        return reply;
    };
    if reply
        .bytes()
        .is_some_and(|bytes| bytes < COMPRESSED_BYTES_MIN)
    {
        return reply;
    }
    let mut request = http::Request::new(());
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT_ENCODING, accepts.clone());
    let mut response = Some(Response::from(reply));
    let once = service_fn(move |_: http::Request<()>| {
        let response = response.take().unwrap_or_default();
        async move { Ok::<_, Infallible>(response) }
    });
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(COMPRESSED_BYTES_MIN));
    // In a box: polls that wait hold nothing for it.
    let Ok(response) = Box::pin(compression.layer(once).oneshot(request)).await;
    response.map(Body::new).into()
}

/// The messages of a request. A handshake comes alone: messages next to it cannot have the client id that it returns.
///
/// Source: `AbstractHttpTransport.java` (cometd/cometd), which reads both forms and refuses such a handshake.
pub(crate) fn messages(
    body: &[u8],
    is_form: bool,
    last: &mut LastPoll,
) -> Result<Vec<Message>, Fault> {
    let invalid = |reason| {
        Fault::Request(RequestFault::JsonInvalid {
            reason,
            line: 1,
            column: 1,
        })
    };
    let mut parse = |body: &[u8]| {
        let parsed = last.parse(body, MESSAGES_MAX);
        parsed.map_err(|error| invalid(error.to_string()))
    };
    // Clients: tools that name no media type send JSON as a form.
    let is_json = matches!(body.trim_ascii_start().first(), Some(b'[' | b'{'));
    let messages = if is_form && !is_json {
        let mut messages = Vec::new();
        for (_, text) in form_urlencoded::parse(body).filter(|(key, _)| key == "message") {
            messages.append(&mut parse(text.as_bytes())?);
        }
        messages
    } else {
        parse(body)?
    };
    if messages.is_empty() || messages.len() > MESSAGES_MAX {
        return Err(invalid(format!(
            "between 1 and {MESSAGES_MAX} messages are needed"
        )));
    }
    let is_handshake =
        |message: &Message| matches!(message.request, landfall_bayeux::Request::Handshake(_));
    if messages.len() > 1 && messages.iter().any(is_handshake) {
        return Err(invalid(
            "a handshake is the only message of its request".to_owned(),
        ));
    }
    Ok(messages)
}

/// Refuses a request as a whole.
fn refused(fault: &Fault) -> Response {
    let status = match fault {
        Fault::Request(RequestFault::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut response = landfall_bayeux::Response::new();
    let refusal = Refusal::new(landfall_wire::bayeux(fault));
    response.refused(&Echo::nothing(), None, &refusal);
    let mut response = json(status, Body::from(response.finish()));
    response.extensions_mut().insert(Refused::from(fault));
    response
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::from_iter(MESSAGES_HEADERS);
    response
}

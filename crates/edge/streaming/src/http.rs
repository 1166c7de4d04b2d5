//! The HTTP side of the Streaming API: one handler for every path below `/cometd`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use landfall_auth::Login;
use landfall_bayeux::{Echo, MESSAGES_MAX, Message, Refusal};
use landfall_model::{Fault, Refused, ReplayId, RequestFault, StreamingFault};
use landfall_wire::ApiVersion;

use crate::StreamingState;
use crate::body;
use crate::in_flight::EventBody;
use crate::respond::Responder;

const BROWSER_COOKIE: &str = "BAYEUX_BROWSER";

/// The methods that are answered.
const ALLOWED: [(header::HeaderName, &str); 1] = [(header::ALLOW, "POST, OPTIONS")];

/// What clients write behind the version, or where it should be: the kind of the message.
const DECORATIONS: [&str; 6] = [
    "connect",
    "disconnect",
    "handshake",
    "meta",
    "subscribe",
    "unsubscribe",
];

/// Who sends a request, and what its head says.
pub(crate) struct Caller {
    pub(crate) login: Result<Arc<Login>, Fault>,
    /// The API version that the path names, if it is served.
    pub(crate) version: Result<ApiVersion, Fault>,
    /// The browser cookie.
    pub(crate) browser: Option<String>,
    /// Where the log stood when the request arrived.
    pub(crate) arrived: ReplayId,
}

/// Answers any request below `/cometd`. The path says the version and nothing else: clients decorate it with the type
/// of the message.
///
/// What is needed of the head is taken before anything is waited for, so that a held poll keeps neither the request nor
/// the connection's buffer, which the head shares.
pub(crate) fn handle(
    State(state): State<Arc<StreamingState>>,
    request: Request,
) -> impl Future<Output = Response> + Send {
    let (head, body) = request.into_parts();
    // What is no text is a token that nobody has.
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.map(|value| value.to_str().unwrap_or("?"));
    let caller = Caller {
        login: state.auth.streaming_login(authorization),
        version: version(head.uri.path()),
        browser: cookie(&head.headers, BROWSER_COOKIE),
        arrived: state.engine.log().bounds().tail,
    };
    let secure = head.extensions.get::<Secure>();
    let secure = secure.is_some_and(|secure| secure.0);
    let is_form = is_form(&head.headers);
    let method = head.method;
    async move {
        match method {
            Method::POST => {}
            Method::OPTIONS => return (StatusCode::OK, ALLOWED).into_response(),
            _ => return (StatusCode::METHOD_NOT_ALLOWED, ALLOWED).into_response(),
        }
        let body = body::read(body).await;
        match body.and_then(|body| messages(&body, is_form)) {
            Ok(messages) => respond(&state, &caller, &messages, secure).await,
            Err(fault) => refused(&fault),
        }
    }
}

/// Request extension: whether the connection is encrypted, so that cookies may say so.
#[derive(Clone, Copy, Debug)]
pub struct Secure(pub bool);

async fn respond(
    state: &StreamingState,
    caller: &Caller,
    messages: &[Message],
    secure: bool,
) -> Response {
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
    let mut response = json(StatusCode::OK, Body::new(body));
    if !responder.refused.is_empty() {
        let refused = Refused(responder.refused);
        response.extensions_mut().insert(refused);
    }
    let set_cookie = responder
        .browser
        .filter(|browser| caller.browser.as_ref() != Some(browser));
    if let Some(browser) = set_cookie {
        let secure = if secure { "; Secure" } else { "" };
        let cookie = format!("{BROWSER_COOKIE}={browser}; Path=/; HttpOnly{secure}");
        if let Ok(value) = HeaderValue::try_from(cookie) {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
    }
    response
}

/// `/cometd/59.0`, `/cometd/59.0/connect`, `/cometd/replay/36.0`.
fn version(path: &str) -> Result<ApiVersion, Fault> {
    let mut segments = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .skip(1);
    let segment = match segments.next() {
        Some("replay") => segments.next(),
        segment => segment,
    };
    match segment {
        None => Err(Fault::Streaming(StreamingFault::VersionMissing)),
        Some(segment) if DECORATIONS.contains(&segment) => {
            Err(Fault::Streaming(StreamingFault::VersionMissing))
        }
        Some(segment) => landfall_wire::versions::parse_streaming(segment)
            .ok_or(Fault::Request(RequestFault::VersionUnsupported)),
    }
}

/// The messages of a request. A handshake comes alone: what stands beside it cannot know the client id that it leads to.
///
/// Source: `AbstractHttpTransport.java` (cometd/cometd), which reads both forms and refuses such a handshake.
fn messages(body: &[u8], is_form: bool) -> Result<Vec<Message>, Fault> {
    let invalid = |reason| {
        Fault::Request(RequestFault::JsonInvalid {
            reason,
            line: 1,
            column: 1,
        })
    };
    let parse = |body: &[u8]| {
        landfall_bayeux::parse(body, MESSAGES_MAX).map_err(|error| invalid(error.to_string()))
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

/// Whether messages are the fields `message=` of a form.
fn is_form(headers: &HeaderMap) -> bool {
    let media_type = headers.get(header::CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    media_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && is_browser_id(value))
        .map(|(_, value)| value.to_owned())
}

/// What we hand out ourselves, with room for what a proxy of the real service handed out.
fn is_browser_id(value: &str) -> bool {
    (1..=64).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
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
    let headers = [
        (header::CONTENT_TYPE, "application/json;charset=UTF-8"),
        (
            header::CACHE_CONTROL,
            "no-cache,must-revalidate,max-age=0,no-store,private",
        ),
    ];
    (status, headers, body).into_response()
}

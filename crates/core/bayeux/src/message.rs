//! What a client sends: one HTTP body to messages.
//!
//! Reads leniently, as the reference server does: unknown fields are ignored, an optional field of the wrong type is
//! as good as absent, and what must be refused with a documented text is kept so that the caller can say so. It
//! checks no channel rules and no client ids. Start at [`parse`].

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::fields::{self, Fields};
use crate::json::{self, RawJson};

/// The channel of handshake requests and replies.
pub const HANDSHAKE: &str = "/meta/handshake";
/// The channel of connect requests (the polls) and their replies.
pub const CONNECT: &str = "/meta/connect";
/// The channel of subscribe requests and replies.
pub const SUBSCRIBE: &str = "/meta/subscribe";
/// The channel of unsubscribe requests and replies.
pub const UNSUBSCRIBE: &str = "/meta/unsubscribe";
/// The channel of disconnect requests and replies.
pub const DISCONNECT: &str = "/meta/disconnect";
/// The one connection type the server machine speaks.
pub const LONG_POLLING: &str = "long-polling";

/// Messages in one request body. Source: none; the documented body limit of 32,768 bytes leaves room for fewer useful
/// ones.
pub const MESSAGES_MAX: usize = 1_000;

/// A body that cannot be answered message by message.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// Not JSON, or not UTF-8.
    #[error("the body is not JSON")]
    Syntax(#[source] serde_json::Error),
    /// JSON, but neither an object nor an array of objects.
    #[error("the body holds something that is not a message object")]
    NotMessage(#[source] serde_json::Error),
    /// An empty array.
    #[error("the body holds no message")]
    Empty,
    /// More messages than the caller allows.
    #[error("the body holds {count} messages, more than {max}")]
    TooMany {
        /// Messages in the body.
        count: usize,
        /// Messages allowed.
        max: usize,
    },
}

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Echoed verbatim in the reply; absent (or `null`) means that the reply has none either.
    pub id: Option<RawJson>,
    /// The session it claims to belong to; anything but a JSON string counts as absent.
    pub client_id: Option<Box<str>>,
    /// The extensions, uninterpreted; `null` counts as absent.
    pub ext: Option<RawJson>,
    /// What it asks for.
    pub request: Request,
}

/// What a message asks for, by its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `/meta/handshake`
    Handshake(Handshake),
    /// `/meta/connect`
    Connect(Connect),
    /// `/meta/subscribe`
    Subscribe(Subscription),
    /// `/meta/unsubscribe`
    Unsubscribe(Subscription),
    /// `/meta/disconnect`
    Disconnect,
    /// Any channel outside `/meta/`: the client wants to publish there.
    Publish(Box<str>),
    /// A `/meta/` channel that Bayeux does not have.
    UnknownMeta(Box<str>),
    /// No channel, or one that is not a JSON string.
    Unaddressed,
}

/// The fields of a handshake that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Handshake {
    /// Absent means that the client did not say; entries that are not strings are kept as their JSON text.
    pub supported_connection_types: Option<Vec<Box<str>>>,
}

impl Handshake {
    /// Whether the client can do long polling; one that does not say can.
    pub fn offers_long_polling(&self) -> bool {
        self.supported_connection_types
            .as_ref()
            .is_none_or(|types| types.iter().any(|offered| &**offered == LONG_POLLING))
    }
}

/// The fields of a connect that matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// Absent means that the client did not say; one that is not a string is kept as its JSON text.
    pub connection_type: Option<Box<str>>,
    /// What the client wants for this poll only.
    pub advice: RequestedAdvice,
}

impl Connect {
    /// Whether the poll is a long poll; one that does not say is.
    pub fn is_long_polling(&self) -> bool {
        self.connection_type
            .as_ref()
            .is_none_or(|named| &**named == LONG_POLLING)
    }
}

/// The `advice` of a connect request: what the client wants for this poll only.
///
/// Anything but a non-negative integer counts as absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RequestedAdvice {
    /// How long the poll may be held; zero asks for an answer at once.
    pub timeout: Option<Duration>,
    /// How long the client will wait before its next connect.
    pub interval: Option<Duration>,
}

impl RequestedAdvice {
    /// Whether the client asked for anything, which makes the reply carry full advice.
    pub const fn is_some(&self) -> bool {
        self.timeout.is_some() || self.interval.is_some()
    }
}

/// The `subscription` field as it was sent, which is also how it is echoed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// Absent or `null`.
    Missing,
    /// One channel.
    One(Box<str>),
    /// An array of channels: processed in order, answered once.
    Many(Vec<Box<str>>),
    /// Neither text nor an array of text.
    Malformed(RawJson),
}

/// A `subscription` that names no channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionError {
    /// The field is absent, empty, or holds an empty name.
    #[error("no channel is named")]
    Missing,
    /// The field is neither a string nor an array of strings.
    #[error("the subscription is neither text nor an array of text")]
    Malformed,
}

impl Subscription {
    /// The channels named, in order; at least one, none of them empty.
    ///
    /// # Errors
    /// [`SubscriptionError`] when there is nothing to subscribe to.
    pub fn channels(&self) -> Result<&[Box<str>], SubscriptionError> {
        let channels = match self {
            Self::Missing => return Err(SubscriptionError::Missing),
            Self::Malformed(_) => return Err(SubscriptionError::Malformed),
            Self::One(channel) => std::slice::from_ref(channel),
            Self::Many(channels) => channels,
        };
        if channels.is_empty() || channels.iter().any(|channel| channel.is_empty()) {
            return Err(SubscriptionError::Missing);
        }
        Ok(channels)
    }
}

/// Reads a request body: an array of messages, or one bare message.
///
/// Limit: `messages_max` messages ([`MESSAGES_MAX`] unless there is reason for less); the caller bounds the bytes.
///
/// # Errors
/// [`ParseError`] when the body as a whole is unusable; the peer gets HTTP 400 for it.
pub fn parse(body: &[u8], messages_max: usize) -> Result<Vec<Message>, ParseError> {
    // As long as a poll is held its message is: the capacity is what they take and no more.
    let fields = fields::read(body, messages_max)?;
    Ok(fields.iter().map(of).collect())
}

/// The messages of a body, each still text.
pub(crate) fn elements(body: &[u8]) -> Result<Vec<&RawValue>, ParseError> {
    let whole: &RawValue = serde_json::from_slice(body).map_err(ParseError::Syntax)?;
    if whole.get().starts_with('[') {
        serde_json::from_str(whole.get()).map_err(ParseError::Syntax)
    } else {
        Ok(vec![whole])
    }
}

/// The message with these fields.
pub(crate) fn of(fields: &Fields<'_>) -> Message {
    Message {
        id: json::verbatim(fields.id),
        client_id: json::text(fields.client_id),
        ext: json::verbatim(fields.ext),
        request: request(fields),
    }
}

fn request(fields: &Fields<'_>) -> Request {
    let Some(channel) = json::text(fields.channel) else {
        return Request::Unaddressed;
    };
    match &*channel {
        HANDSHAKE => Request::Handshake(Handshake {
            supported_connection_types: json::tree(fields.supported_connection_types).map(texts),
        }),
        CONNECT => Request::Connect(Connect {
            connection_type: json::any_text(fields.connection_type),
            advice: requested_advice(fields),
        }),
        SUBSCRIBE => Request::Subscribe(subscription(fields)),
        UNSUBSCRIBE => Request::Unsubscribe(subscription(fields)),
        DISCONNECT => Request::Disconnect,
        meta if meta.starts_with("/meta/") => Request::UnknownMeta(channel),
        _ => Request::Publish(channel),
    }
}

fn subscription(fields: &Fields<'_>) -> Subscription {
    let Some(raw) = json::verbatim(fields.subscription) else {
        return Subscription::Missing;
    };
    let read = match raw.as_str().as_bytes().first() {
        Some(b'"') => serde_json::from_str(raw.as_str()).map(Subscription::One),
        _ => serde_json::from_str(raw.as_str()).map(Subscription::Many),
    };
    read.unwrap_or(Subscription::Malformed(raw))
}

fn requested_advice(fields: &Fields<'_>) -> RequestedAdvice {
    let advice = json::tree(fields.advice).unwrap_or_default();
    let span = |key| {
        let value: Option<&Value> = advice.get(key);
        value.and_then(Value::as_u64).map(Duration::from_millis)
    };
    RequestedAdvice {
        timeout: span("timeout"),
        interval: span("interval"),
    }
}

/// The entries of an array as text; anything else is a list of itself.
fn texts(value: Value) -> Vec<Box<str>> {
    match value {
        Value::Array(entries) => entries.into_iter().map(into_text).collect(),
        single => vec![into_text(single)],
    }
}

fn into_text(value: Value) -> Box<str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> Message {
        let mut messages = parse(body.as_bytes(), MESSAGES_MAX).unwrap();
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }

    fn id(body: &str) -> Option<String> {
        one(body).id.map(|id| id.as_str().to_owned())
    }

    #[test]
    fn a_bare_object_and_an_array_of_one_are_the_same() {
        let bare = one(r#" {"channel":"/meta/disconnect","id":"7"} "#);
        let array = one(r#" [ {"channel":"/meta/disconnect","id":"7"} ] "#);
        assert_eq!(bare, array);
        assert_eq!(bare.request, Request::Disconnect);
    }

    #[test]
    fn an_id_keeps_its_text_whatever_it_is() {
        assert_eq!(id(r#"{"id":"4"}"#).as_deref(), Some(r#""4""#));
        assert_eq!(id(r#"{"id":4}"#).as_deref(), Some("4"));
        assert_eq!(id(r#"{"id":4.0}"#).as_deref(), Some("4.0"));
        assert_eq!(
            id(r#"{"id":123456789012345678901234567890}"#).as_deref(),
            Some("123456789012345678901234567890")
        );
        assert_eq!(id(r#"{"id":null}"#), None);
        assert_eq!(id("{}"), None);
    }

    #[test]
    fn the_channel_decides_the_mode() {
        let request = |channel: &str| one(&format!(r#"{{"channel":{channel}}}"#)).request;
        assert_eq!(
            request(r#""/meta/handshake""#),
            Request::Handshake(Handshake::default())
        );
        assert_eq!(
            request(r#""/meta/connect""#),
            Request::Connect(Connect::default())
        );
        assert_eq!(
            request(r#""/meta/subscribe""#),
            Request::Subscribe(Subscription::Missing)
        );
        assert_eq!(
            request(r#""/meta/unsubscribe""#),
            Request::Unsubscribe(Subscription::Missing)
        );
        assert_eq!(
            request(r#""\u002fmeta\u002fdisconnect""#),
            Request::Disconnect
        );
        assert_eq!(
            request(r#""/meta/nope""#),
            Request::UnknownMeta("/meta/nope".into())
        );
        assert_eq!(
            request(r#""/event/X__e""#),
            Request::Publish("/event/X__e".into())
        );
        assert_eq!(request("7"), Request::Unaddressed);
        assert_eq!(one("{}").request, Request::Unaddressed);
    }

    #[test]
    fn a_subscription_is_missing_one_many_or_malformed() {
        let subscription = |json: &str| {
            let body = format!(r#"{{"channel":"/meta/subscribe","subscription":{json}}}"#);
            match one(&body).request {
                Request::Subscribe(subscription) => subscription,
                other => panic!("{other:?}"),
            }
        };
        let one = subscription(r#""/topic/A""#);
        assert_eq!(one.channels().unwrap(), ["/topic/A".into()]);
        let many = subscription(r#"["/a","/b"]"#);
        assert_eq!(many.channels().unwrap(), ["/a".into(), "/b".into()]);
        for empty in ["null", r#""""#, "[]", r#"["/a",""]"#] {
            assert_eq!(
                subscription(empty).channels(),
                Err(SubscriptionError::Missing),
                "{empty}"
            );
        }
        for malformed in ["7", "true", "{}", "[7]", r#"["/a",null]"#, r#""\ud800""#] {
            assert_eq!(
                subscription(malformed).channels(),
                Err(SubscriptionError::Malformed),
                "{malformed}"
            );
        }
    }

    #[test]
    fn requested_advice_is_whole_milliseconds_or_nothing() {
        let advice = |json: &str| {
            let body = format!(r#"{{"channel":"/meta/connect","advice":{json}}}"#);
            match one(&body).request {
                Request::Connect(connect) => connect.advice,
                other => panic!("{other:?}"),
            }
        };
        let asked = advice(r#"{"timeout":0,"interval":5}"#);
        assert_eq!(asked.timeout, Some(Duration::ZERO));
        assert_eq!(asked.interval, Some(Duration::from_millis(5)));
        for nothing in [
            "null",
            "[]",
            "7",
            r#"{"timeout":-1}"#,
            r#"{"timeout":"0","interval":1.5}"#,
        ] {
            assert!(!advice(nothing).is_some(), "{nothing}");
        }
    }

    #[test]
    fn a_client_that_does_not_name_its_transports_can_long_poll() {
        let handshake = |json: &str| {
            let body =
                format!(r#"{{"channel":"/meta/handshake","supportedConnectionTypes":{json}}}"#);
            match one(&body).request {
                Request::Handshake(handshake) => handshake,
                other => panic!("{other:?}"),
            }
        };
        assert!(handshake("null").offers_long_polling());
        assert!(handshake(r#"["websocket","long-polling"]"#).offers_long_polling());
        assert!(handshake(r#""long-polling""#).offers_long_polling());
        let websocket = handshake(r#"["websocket",7]"#);
        assert!(!websocket.offers_long_polling());
        assert_eq!(
            websocket.supported_connection_types,
            Some(vec!["websocket".into(), "7".into()])
        );
    }

    #[test]
    fn a_connection_type_other_than_long_polling_is_kept_for_the_refusal() {
        let connect = |json: &str| {
            let body = format!(r#"{{"channel":"/meta/connect","connectionType":{json}}}"#);
            match one(&body).request {
                Request::Connect(connect) => connect,
                other => panic!("{other:?}"),
            }
        };
        assert!(connect("null").is_long_polling());
        assert!(connect(r#""long-polling""#).is_long_polling());
        let websocket = connect(r#""websocket""#);
        assert!(!websocket.is_long_polling());
        assert_eq!(websocket.connection_type.as_deref(), Some("websocket"));
    }

    #[test]
    fn optional_fields_of_the_wrong_type_are_as_good_as_absent() {
        let message = one(r#"{"clientId":7,"ext":null,"channel":"/meta/connect","reestablish":1}"#);
        assert_eq!(message.client_id, None);
        assert_eq!(message.ext, None);
    }

    #[test]
    fn the_extensions_stay_uninterpreted() {
        let message = one(r#"{"channel":"/meta/subscribe","ext":{"replay": {"/a":-1.0}}}"#);
        assert_eq!(message.ext.unwrap().as_str(), r#"{"replay": {"/a":-1.0}}"#);
    }

    #[test]
    fn nesting_without_end_neither_panics_nor_counts() {
        let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
        let message = one(&format!(
            r#"{{"ext":{deep},"advice":{deep},"id":1,"channel":"/meta/connect"}}"#
        ));
        assert_eq!(message.ext.unwrap().members(), None);
        assert_eq!(message.request, Request::Connect(Connect::default()));
        assert!(parse(deep.as_bytes(), MESSAGES_MAX).is_err());
    }

    #[test]
    fn what_is_not_messages_is_refused_as_a_whole() {
        let parse = |body: &[u8]| parse(body, 2);
        for syntax in [
            &b""[..],
            b"{",
            b"[{}",
            b"[{}]x",
            b"{\"a\":\"\xff\"}",
            b"message=1",
        ] {
            assert!(matches!(parse(syntax), Err(ParseError::Syntax(_))));
        }
        for not_message in [&b"7"[..], b"null", b"\"text\"", b"[7]", b"[{},[]]"] {
            assert!(matches!(parse(not_message), Err(ParseError::NotMessage(_))));
        }
        assert!(matches!(parse(b"[]"), Err(ParseError::Empty)));
        assert!(matches!(
            parse(b"[{},{},{}]"),
            Err(ParseError::TooMany { count: 3, max: 2 })
        ));
        assert_eq!(parse(b"[{},{}]").unwrap().len(), 2);
    }

    #[test]
    fn every_truncation_of_a_good_body_is_an_error() {
        let body = br#"[{"channel":"/meta/connect","id":"1","clientId":"c","ext":{"a":[1,2]}}]"#;
        for end in 0..body.len() {
            assert!(parse(&body[..end], MESSAGES_MAX).is_err(), "{end}");
        }
    }
}

//! What the server sends: replies and events, written straight into the response body.
//!
//! Keys come in the order in which the real service sends them. Error texts, failure reasons and the handshake's
//! capabilities are the caller's; only their places are known here. Start at [`Response`].

use std::borrow::Cow;
use std::ops::Range;
use std::time::Duration;

use crate::json::{ObjectWriter, RawJson, write_text};
use crate::message::{
    CONNECT, DISCONNECT, HANDSHAKE, LONG_POLLING, Message, Request, SUBSCRIBE, Subscription,
    UNSUBSCRIBE,
};
use crate::time::millis;

/// What a reply advises the client to do next.
///
/// Wire: `advice`; every form has `reconnect`, numbers are integers of milliseconds.
/// Clients: Camel fails without `reconnect`; faye merges advice, so that a stale `handshake` stays until a `retry`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Connect again, after `interval`; it will be held for `timeout` at most.
    Retry {
        /// Clients: aiocometd and the PHP SDK read it as seconds, so it should be zero.
        interval: Duration,
        /// Clients: `CometD.NetCore` sizes its read timeout by it.
        timeout: Duration,
    },
    /// The session is gone: make a new one.
    Handshake,
    /// Do not come back by yourself.
    None,
}

impl Advice {
    fn write(self, out: &mut Vec<u8>) {
        let mut advice = ObjectWriter::open(out);
        match self {
            Self::Retry { interval, timeout } => {
                advice.number("interval", millis(interval));
                advice.number("timeout", millis(timeout));
                advice.text("reconnect", "retry");
            }
            Self::Handshake => {
                advice.number("interval", 0);
                advice.text("reconnect", "handshake");
            }
            Self::None => {
                advice.text("reconnect", "none");
                advice.number("interval", 0);
            }
        }
        advice.close();
    }
}

/// Why a message is refused, in the caller's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Wire: `error`, of the form `code:arguments:text`.
    pub error: Cow<'static, str>,
    /// Wire: `ext.sfdc.failureReason`, the cause behind an `error` that only says what was denied.
    pub failure_reason: Option<Cow<'static, str>>,
    /// What to do next. A refused handshake is always advised not to come back, whatever stands here.
    pub advice: Option<Advice>,
}

impl Refusal {
    /// A refusal that is all `error`.
    pub fn new(error: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error: error.into(),
            failure_reason: None,
            advice: None,
        }
    }

    /// The same with the cause behind it.
    #[must_use]
    pub fn because(mut self, failure_reason: impl Into<Cow<'static, str>>) -> Self {
        self.failure_reason = Some(failure_reason.into());
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn advising(mut self, advice: Advice) -> Self {
        self.advice = Some(advice);
        self
    }
}

/// The parts of a request that its reply repeats.
#[derive(Clone, Copy, Debug)]
pub struct Echo<'a> {
    channel: Option<&'a str>,
    id: Option<&'a RawJson>,
    subscription: Option<&'a Subscription>,
}

impl<'a> Echo<'a> {
    /// For a request that could not be read as messages.
    pub const fn nothing() -> Self {
        Self {
            channel: None,
            id: None,
            subscription: None,
        }
    }

    /// For a poll of which only the `id` was kept while it was held.
    pub const fn connect(id: Option<&'a RawJson>) -> Self {
        Self {
            channel: Some(CONNECT),
            id,
            subscription: None,
        }
    }
}

impl Message {
    /// What the reply to this message repeats.
    pub fn echo(&self) -> Echo<'_> {
        let (channel, subscription) = match &self.request {
            Request::Handshake(_) => (Some(HANDSHAKE), None),
            Request::Connect(_) => (Some(CONNECT), None),
            Request::Subscribe(subscription) => (Some(SUBSCRIBE), Some(subscription)),
            Request::Unsubscribe(subscription) => (Some(UNSUBSCRIBE), Some(subscription)),
            Request::Disconnect => (Some(DISCONNECT), None),
            Request::Publish(channel) | Request::UnknownMeta(channel) => (Some(&**channel), None),
            Request::Unaddressed => (None, None),
        };
        Echo {
            channel,
            id: self.id.as_ref(),
            subscription,
        }
    }
}

/// Bytes of an ordinary reply.
const ELEMENT_BYTES: usize = 256;

/// One response body under construction: a JSON array, always.
///
/// Order of elements is the caller's: a handshake reply, then events, then the other replies in request order.
#[derive(Debug)]
pub struct Response {
    body: Vec<u8>,
    /// Where the last event's channel was written, with what is around it: most events of a response are of one.
    ending: Range<usize>,
}

impl Default for Response {
    fn default() -> Self {
        Self::new()
    }
}

impl Response {
    /// An empty array, next to no bytes until there is an element: a held poll has one.
    pub fn new() -> Self {
        Self::with_capacity(0)
    }

    /// An empty array with room for `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        let mut body = Vec::with_capacity(bytes.max(2));
        body.push(b'[');
        Self { body, ending: 0..0 }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Reserves memory for events of so many bytes and the reply after them.
    pub fn reserve(&mut self, bytes: usize) {
        let bytes = bytes + 2 * ELEMENT_BYTES;
        if self.is_empty() {
            // There is nothing to be moved.
            *self = Self::with_capacity(bytes);
        } else {
            self.body.reserve(bytes);
        }
    }

    /// Whether there is no element yet.
    pub fn is_empty(&self) -> bool {
        self.body.len() == 1
    }

    /// Takes back what was written after the response had `bytes` bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.body.truncate(bytes.max(1));
        if self.ending.end > self.body.len() {
            self.ending = 0..0;
        }
    }

    /// Closes the array.
    pub fn finish(mut self) -> Vec<u8> {
        self.body.push(b']');
        self.body
    }

    /// An element that is already rendered, such as a shared [`write_event`].
    pub fn element(&mut self, json: &[u8]) {
        self.next().extend_from_slice(json);
    }

    /// An event: `data` is JSON text, spliced as it is.
    pub fn event(&mut self, channel: &str, data: &[u8]) {
        // With room for the reply after it, which a single event is followed by.
        self.body
            .reserve(data.len() + channel.len() + 2 * ELEMENT_BYTES);
        if !self.is_empty() {
            self.body.push(b',');
        }
        self.body.extend_from_slice(b"{\"data\":");
        self.body.extend_from_slice(data);
        if self.has_ended_with(channel) {
            return self.body.extend_from_within(self.ending.clone());
        }
        let start = self.body.len();
        write_ending(&mut self.body, channel);
        self.ending = start..self.body.len();
    }

    /// Whether the noted ending is that of a channel. One with an escape is taken for another, since it is longer.
    fn has_ended_with(&self, channel: &str) -> bool {
        let around = BEFORE_CHANNEL.len() + AFTER_CHANNEL.len();
        self.ending.len() == around + channel.len()
            && self.body.get(self.ending.clone()).is_some_and(|ending| {
                let written = ending.get(BEFORE_CHANNEL.len()..).unwrap_or_default();
                written.starts_with(channel.as_bytes()) && !channel.contains('\\')
            })
    }

    /// The handshake succeeded; `capabilities` are the members of its `ext`.
    ///
    /// Wire: no `advice`.
    pub fn handshake(&mut self, echo: &Echo<'_>, client_id: &str, capabilities: &[(&str, bool)]) {
        let mut reply = ObjectWriter::open(self.next());
        write_capabilities(reply.key("ext"), None, capabilities);
        reply.text("minimumVersion", "1.0");
        reply.text("clientId", client_id);
        let types = reply.key("supportedConnectionTypes");
        types.push(b'[');
        write_text(types, LONG_POLLING);
        types.push(b']');
        write_echo(&mut reply, echo);
        reply.text("version", "1.0");
        reply.flag("successful", true);
        reply.close();
    }

    /// The handshake is refused. Wire: no `clientId`, no versions, and advice that has only `reconnect`.
    ///
    /// Clients: without that advice, `CometD` clients repeat the handshake at once and for ever.
    pub fn handshake_refused(
        &mut self,
        echo: &Echo<'_>,
        refusal: &Refusal,
        capabilities: &[(&str, bool)],
    ) {
        let mut reply = ObjectWriter::open(self.next());
        let reason = refusal.failure_reason.as_deref();
        write_capabilities(reply.key("ext"), reason, capabilities);
        reply.raw("advice", r#"{"reconnect":"none"}"#);
        write_echo(&mut reply, echo);
        reply.text("error", &refusal.error);
        reply.flag("successful", false);
        reply.close();
    }

    /// A connect, subscribe, unsubscribe or disconnect succeeded.
    pub fn accepted(&mut self, echo: &Echo<'_>, client_id: &str, advice: Option<Advice>) {
        let mut reply = ObjectWriter::open(self.next());
        reply.text("clientId", client_id);
        if let Some(advice) = advice {
            advice.write(reply.key("advice"));
        }
        write_echo(&mut reply, echo);
        reply.flag("successful", true);
        reply.close();
    }

    /// Anything but a handshake is refused; leave the `client_id` out where it means nothing (any more).
    ///
    /// Wire: three orders of keys were seen, one with a failure reason, one for publishing, one for the rest.
    pub fn refused(&mut self, echo: &Echo<'_>, client_id: Option<&str>, refusal: &Refusal) {
        let mut reply = ObjectWriter::open(self.next());
        if let Some(reason) = &refusal.failure_reason {
            write_echo(&mut reply, echo);
            reply.text("error", &refusal.error);
            reply.flag("successful", false);
            write_capabilities(reply.key("ext"), Some(reason), &[]);
            write_session(&mut reply, client_id, refusal.advice);
        } else if echo
            .channel
            .is_some_and(|channel| !channel.starts_with("/meta/"))
        {
            write_session(&mut reply, client_id, refusal.advice);
            write_echo(&mut reply, echo);
            reply.flag("successful", false);
            reply.text("error", &refusal.error);
        } else {
            write_session(&mut reply, client_id, refusal.advice);
            write_echo(&mut reply, echo);
            reply.text("error", &refusal.error);
            reply.flag("successful", false);
        }
        reply.close();
    }

    fn next(&mut self) -> &mut Vec<u8> {
        self.body.reserve(ELEMENT_BYTES);
        if !self.is_empty() {
            self.body.push(b',');
        }
        &mut self.body
    }
}

/// Writes one event message: exactly `data` and `channel`. `data` is JSON text, spliced as it is.
pub fn write_event(out: &mut Vec<u8>, channel: &str, data: &[u8]) {
    out.extend_from_slice(b"{\"data\":");
    out.extend_from_slice(data);
    write_ending(out, channel);
}

/// What comes before and after the channel at the end of an event message.
const BEFORE_CHANNEL: &[u8] = b",\"channel\":\"";
const AFTER_CHANNEL: &[u8] = b"\"}";

/// Writes what follows the data of an event: `,"channel":"/event/Order__e"}`.
fn write_ending(out: &mut Vec<u8>, channel: &str) {
    out.extend_from_slice(b",\"channel\":");
    write_text(out, channel);
    out.push(b'}');
}

fn write_session(reply: &mut ObjectWriter<'_>, client_id: Option<&str>, advice: Option<Advice>) {
    if let Some(client_id) = client_id {
        reply.text("clientId", client_id);
    }
    if let Some(advice) = advice {
        advice.write(reply.key("advice"));
    }
}

fn write_echo(reply: &mut ObjectWriter<'_>, echo: &Echo<'_>) {
    if let Some(channel) = echo.channel {
        reply.text("channel", channel);
    }
    if let Some(id) = echo.id {
        reply.raw("id", id.as_str());
    }
    match echo.subscription {
        None | Some(Subscription::Missing) => (),
        Some(Subscription::One(channel)) => reply.text("subscription", channel),
        Some(Subscription::Many(channels)) => {
            let out = reply.key("subscription");
            out.push(b'[');
            for (index, channel) in channels.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(out, channel);
            }
            out.push(b']');
        }
        Some(Subscription::Malformed(raw)) => reply.raw("subscription", raw.as_str()),
    }
}

fn write_capabilities(out: &mut Vec<u8>, reason: Option<&str>, capabilities: &[(&str, bool)]) {
    let mut ext = ObjectWriter::open(out);
    if let Some(reason) = reason {
        let mut vendor = ObjectWriter::open(ext.key("sfdc"));
        vendor.text("failureReason", reason);
        vendor.close();
    }
    for (name, offered) in capabilities {
        ext.flag(name, *offered);
    }
    ext.close();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{MESSAGES_MAX, parse};

    const CAPABILITIES: [(&str, bool); 2] = [("replay", true), ("payload.format", true)];
    const RETRY: Advice = Advice::Retry {
        interval: Duration::ZERO,
        timeout: Duration::from_secs(110),
    };

    /// The reply to `request`, as written by `write`.
    fn reply(request: &str, write: impl Fn(&mut Response, &Echo<'_>)) -> String {
        let messages = parse(request.as_bytes(), MESSAGES_MAX).unwrap();
        let mut response = Response::new();
        for message in &messages {
            write(&mut response, &message.echo());
        }
        String::from_utf8(response.finish()).unwrap()
    }

    #[test]
    fn a_handshake_that_succeeds_has_capabilities_and_no_advice() {
        assert_eq!(
            reply(
                r#"{"channel":"/meta/handshake","id":"305"}"#,
                |response, echo| {
                    response.handshake(echo, "1cyu4thyxh3fgv1nqwcvebt3o9x", &CAPABILITIES);
                }
            ),
            r#"[{"ext":{"replay":true,"payload.format":true},"minimumVersion":"1.0","clientId":"1cyu4thyxh3fgv1nqwcvebt3o9x","supportedConnectionTypes":["long-polling"],"channel":"/meta/handshake","id":"305","version":"1.0","successful":true}]"#
        );
    }

    #[test]
    fn a_handshake_that_is_refused_hides_the_cause_in_its_extension() {
        let refusal = Refusal::new("403::Handshake denied").because("401::Authentication invalid");
        assert_eq!(
            reply(
                r#"{"channel":"/meta/handshake","id":"1"}"#,
                |response, echo| {
                    response.handshake_refused(echo, &refusal, &CAPABILITIES);
                }
            ),
            r#"[{"ext":{"sfdc":{"failureReason":"401::Authentication invalid"},"replay":true,"payload.format":true},"advice":{"reconnect":"none"},"channel":"/meta/handshake","id":"1","error":"403::Handshake denied","successful":false}]"#
        );
    }

    #[test]
    fn a_connect_reply_has_advice_only_when_given_any() {
        assert_eq!(
            reply(
                r#"{"channel":"/meta/connect","id":"306"}"#,
                |response, echo| {
                    response.accepted(echo, "c", Some(RETRY));
                }
            ),
            r#"[{"clientId":"c","advice":{"interval":0,"timeout":110000,"reconnect":"retry"},"channel":"/meta/connect","id":"306","successful":true}]"#
        );
        assert_eq!(
            reply(
                r#"{"channel":"/meta/connect","id":307}"#,
                |response, echo| {
                    response.accepted(echo, "c", None);
                }
            ),
            r#"[{"clientId":"c","channel":"/meta/connect","id":307,"successful":true}]"#
        );
    }

    #[test]
    fn a_request_without_id_is_answered_without_id() {
        assert_eq!(
            reply(r#"{"channel":"/meta/connect"}"#, |response, echo| {
                response.accepted(echo, "c", None);
            }),
            r#"[{"clientId":"c","channel":"/meta/connect","successful":true}]"#
        );
    }

    #[test]
    fn a_revoked_token_ends_the_poll_with_the_error_itself() {
        let refusal = Refusal::new("401::Authentication invalid").advising(Advice::None);
        let id = RawJson::parse("7".to_owned()).unwrap();
        let mut response = Response::new();
        response.refused(
            &Echo::connect(Some(&id)),
            Some("1q1ib66fvm7kli1gfoauu95i78g"),
            &refusal,
        );
        assert_eq!(
            String::from_utf8(response.finish()).unwrap(),
            r#"[{"clientId":"1q1ib66fvm7kli1gfoauu95i78g","advice":{"reconnect":"none","interval":0},"channel":"/meta/connect","id":7,"error":"401::Authentication invalid","successful":false}]"#
        );
    }

    #[test]
    fn an_unknown_client_gets_handshake_advice_and_no_client_id() {
        let refusal = Refusal::new("403::Unknown client").advising(Advice::Handshake);
        assert_eq!(
            reply(
                r#"{"channel":"/meta/connect","id":"304"}"#,
                |response, echo| {
                    response.refused(echo, None, &refusal);
                }
            ),
            r#"[{"advice":{"interval":0,"reconnect":"handshake"},"channel":"/meta/connect","id":"304","error":"403::Unknown client","successful":false}]"#
        );
    }

    #[test]
    fn an_overload_error_ends_with_its_cause() {
        let refusal = Refusal::new("401::Authentication invalid")
            .because("503::Server is too busy.  Please try your request again later.")
            .advising(Advice::None);
        assert_eq!(
            reply(
                r#"{"channel":"/meta/connect","id":"6"}"#,
                |response, echo| {
                    response.refused(echo, Some("b1un"), &refusal);
                }
            ),
            r#"[{"channel":"/meta/connect","id":"6","error":"401::Authentication invalid","successful":false,"ext":{"sfdc":{"failureReason":"503::Server is too busy.  Please try your request again later."}},"clientId":"b1un","advice":{"reconnect":"none","interval":0}}]"#
        );
    }

    #[test]
    fn subscribe_replies_repeat_the_subscription_as_it_was_sent() {
        assert_eq!(
            reply(
                r#"{"channel":"/meta/subscribe","id":"15","subscription":"/topic/InvoiceStatementUpdates"}"#,
                |response, echo| response.accepted(echo, "41kd", None)
            ),
            r#"[{"clientId":"41kd","channel":"/meta/subscribe","id":"15","subscription":"/topic/InvoiceStatementUpdates","successful":true}]"#
        );
        let refusal = Refusal::new(
            "400::The channel you requested to subscribe to does not exist {/topic/A}",
        );
        assert_eq!(
            reply(
                r#"{"channel":"/meta/subscribe","id":"7","subscription":["/topic/A","/b"]}"#,
                |response, echo| response.refused(echo, Some("4xg1"), &refusal)
            ),
            r#"[{"clientId":"4xg1","channel":"/meta/subscribe","id":"7","subscription":["/topic/A","/b"],"error":"400::The channel you requested to subscribe to does not exist {/topic/A}","successful":false}]"#
        );
        assert_eq!(
            reply(
                r#"{"channel":"/meta/unsubscribe","subscription":{"a" : 1}}"#,
                |response, echo| response.refused(echo, Some("c"), &Refusal::new("400::no"))
            ),
            r#"[{"clientId":"c","channel":"/meta/unsubscribe","subscription":{"a" : 1},"error":"400::no","successful":false}]"#
        );
    }

    #[test]
    fn disconnect_and_publish_have_their_own_forms() {
        assert_eq!(
            reply(
                r#"{"channel":"/meta/disconnect","id":"10"}"#,
                |response, echo| {
                    response.accepted(echo, "c", None);
                }
            ),
            r#"[{"clientId":"c","channel":"/meta/disconnect","id":"10","successful":true}]"#
        );
        let refusal = Refusal::new("403:denied_by_security_policy:publish_denied");
        assert_eq!(
            reply(r#"{"channel":"/event/X__e","id":"1"}"#, |response, echo| {
                response.refused(echo, None, &refusal);
            }),
            r#"[{"channel":"/event/X__e","id":"1","successful":false,"error":"403:denied_by_security_policy:publish_denied"}]"#
        );
    }

    #[test]
    fn a_message_without_channel_is_refused_without_one() {
        assert_eq!(
            reply(r#"{"id":"1"}"#, |response, echo| {
                response.refused(echo, None, &Refusal::new("400::no channel"));
            }),
            r#"[{"id":"1","error":"400::no channel","successful":false}]"#
        );
    }

    #[test]
    fn events_are_spliced_in_front_without_id_or_success() {
        let mut shared = Vec::new();
        write_event(
            &mut shared,
            "/topic/A?x='1'",
            br#"{"event":{"replayId":13}}"#,
        );
        let mut response = Response::with_capacity(0);
        assert!(response.is_empty());
        response.element(&shared);
        response.event("/u/\"b\"", b"{}");
        response.accepted(&Echo::connect(None), "c", None);
        assert!(!response.is_empty());
        assert_eq!(
            String::from_utf8(response.finish()).unwrap(),
            r#"[{"data":{"event":{"replayId":13}},"channel":"/topic/A?x='1'"},{"data":{},"channel":"/u/\"b\""},{"clientId":"c","channel":"/meta/connect","successful":true}]"#
        );
    }

    #[test]
    fn events_of_many_channels_end_with_their_own() {
        let channels = [
            "/a", "/b", "/b", "/\"", "/\\\"", "/\\\"", "/\"x", "/a", "/a", "",
        ];
        let mut response = Response::new();
        let mut expected = Vec::new();
        for channel in channels {
            response.event(channel, b"{}");
            let taken_back = response.len();
            response.event("/other", b"{}");
            response.truncate(taken_back);
            response.event(channel, b"1");
            for data in ["{}", "1"] {
                let mut event = Vec::new();
                write_event(&mut event, channel, data.as_bytes());
                expected.push(String::from_utf8(event).unwrap());
            }
        }
        let written = String::from_utf8(response.finish()).unwrap();
        assert_eq!(written, format!("[{}]", expected.join(",")));
    }

    #[test]
    fn a_response_to_nothing_is_an_empty_array() {
        assert_eq!(Response::default().finish(), b"[]");
    }

    #[test]
    fn hostile_text_comes_back_as_valid_json() {
        let request = r#"{"channel":"/x\"\u0000\\","id":"\ud800"}"#;
        let refusal = Refusal::new("400::\"{\n}");
        assert_eq!(
            reply(request, |response, echo| {
                response.refused(echo, Some("\""), &refusal);
            }),
            r#"[{"clientId":"\"","channel":"/x\"\u0000\\","id":"\ud800","successful":false,"error":"400::\"{\n}"}]"#
        );
    }
}

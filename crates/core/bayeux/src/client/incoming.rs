//! What a server sends, as a client reads it: replies and events.
//!
//! Event data is kept as the text it came in: a value tree would reorder its keys and round its numbers.

use std::time::Duration;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::json::{self, Members, RawJson};
use crate::message::{ParseError, elements};
use crate::reply::Refusal;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The channel as it was subscribed to.
    pub channel: Box<str>,
    /// `data.event.replayId`; not every channel has one.
    pub replay_id: Option<i64>,
    /// `data`, verbatim.
    pub data: RawJson,
}

/// One element of a response.
pub(super) enum Incoming {
    Event(Event),
    Reply(Reply),
}

/// The fields of a reply that matter.
pub(super) struct Reply {
    pub(super) channel: Box<str>,
    pub(super) id: Option<RawJson>,
    pub(super) client_id: Option<Box<str>>,
    pub(super) advice: ReceivedAdvice,
    /// `None` means success.
    pub(super) refusal: Option<Refusal>,
}

impl Reply {
    /// Whether this is the reply to the message `id`; a server that echoes no id is trusted with the channel.
    pub(super) fn answers(&self, channel: &str, id: u64) -> bool {
        let echoed = self.id.as_ref();
        &*self.channel == channel
            && echoed.is_none_or(|echoed| echoed.as_str() == format!("\"{id}\""))
    }
}

/// The `advice` of a reply; what is absent or of the wrong type is not advised.
#[derive(Clone, Copy, Default)]
pub(super) struct ReceivedAdvice {
    pub(super) reconnect: Option<Reconnect>,
    pub(super) interval: Option<Duration>,
    pub(super) timeout: Option<Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reconnect {
    Retry,
    Handshake,
    None,
}

/// Reads a response body. The caller bounds its bytes.
pub(super) fn parse(body: &[u8]) -> Result<Vec<Incoming>, ParseError> {
    elements(body)?
        .into_iter()
        .map(|element| {
            let members: Members<'_> =
                serde_json::from_str(element.get()).map_err(ParseError::NotMessage)?;
            Ok(incoming(&members))
        })
        .collect()
}

fn incoming(members: &Members<'_>) -> Incoming {
    let channel = json::text(members.get("channel").copied()).unwrap_or_default();
    match members.get("data") {
        Some(data) if !channel.starts_with("/meta/") && !members.contains_key("successful") => {
            Incoming::Event(Event {
                channel,
                replay_id: replay_id(data),
                data: RawJson::of(data),
            })
        }
        Some(_) | None => {
            let refusal = refusal(members);
            let mut advice = advice(members);
            if advice.reconnect.is_none() && refusal.as_ref().is_some_and(is_unknown_client) {
                advice.reconnect = Some(Reconnect::Handshake);
            }
            Incoming::Reply(Reply {
                channel,
                id: json::verbatim(members.get("id").copied()),
                client_id: json::text(members.get("clientId").copied()),
                advice,
                refusal,
            })
        }
    }
}

/// Servers leave the advice out of replies other than those to handshake and connect.
fn is_unknown_client(refusal: &Refusal) -> bool {
    let error = refusal.error.to_ascii_lowercase();
    error.ends_with(":unknown client")
}

/// `data.event.replayId`, without building the other members.
fn replay_id(data: &RawValue) -> Option<i64> {
    let data: Members<'_> = serde_json::from_str(data.get()).ok()?;
    let event: Members<'_> = serde_json::from_str(data.get("event")?.get()).ok()?;
    serde_json::from_str(event.get("replayId")?.get()).ok()
}

fn advice(members: &Members<'_>) -> ReceivedAdvice {
    let advice = json::tree(members.get("advice").copied()).unwrap_or_default();
    let member = |key: &str| -> Option<&Value> { advice.get(key) };
    let span = |key| {
        member(key)
            .and_then(Value::as_u64)
            .map(Duration::from_millis)
    };
    ReceivedAdvice {
        reconnect: match member("reconnect").and_then(Value::as_str) {
            Some("retry") => Some(Reconnect::Retry),
            Some("handshake") => Some(Reconnect::Handshake),
            Some("none") => Some(Reconnect::None),
            Some(_) | None => None,
        },
        interval: span("interval"),
        timeout: span("timeout"),
    }
}

fn refusal(members: &Members<'_>) -> Option<Refusal> {
    if members.get("successful").map(|raw| raw.get()) == Some("true") {
        return None;
    }
    let error = json::text(members.get("error").copied()).unwrap_or_default();
    let refusal = Refusal::new(String::from(error));
    let ext = json::tree(members.get("ext").copied()).unwrap_or_default();
    let reason = ext.pointer("/sfdc/failureReason").and_then(Value::as_str);
    Some(match reason {
        Some(reason) => refusal.because(reason.to_owned()),
        None => refusal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_its_data_to_the_letter() {
        let body = br#"[{"data":{"z":3.0,"event":{"replayId":13},"a":12345678901234567890123},"channel":"/data/X"}]"#;
        let parsed = parse(body).unwrap();
        let [Incoming::Event(event)] = &parsed[..] else {
            panic!("not one event");
        };
        assert_eq!(&*event.channel, "/data/X");
        assert_eq!(event.replay_id, Some(13));
        assert_eq!(
            event.data.as_str(),
            r#"{"z":3.0,"event":{"replayId":13},"a":12345678901234567890123}"#
        );
    }

    #[test]
    fn an_event_needs_no_replay_id() {
        for data in ["7", "{}", r#"{"event":7}"#, r#"{"event":{"replayId":"x"}}"#] {
            let body = format!(r#"{{"data":{data},"channel":"/u/a"}}"#);
            let parsed = parse(body.as_bytes()).unwrap();
            let [Incoming::Event(event)] = &parsed[..] else {
                panic!("not one event: {data}");
            };
            assert_eq!(event.replay_id, None);
        }
    }

    #[test]
    fn a_refusal_has_its_reason_and_advice() {
        let body = br#"[{"ext":{"sfdc":{"failureReason":"401::Authentication invalid"}},"advice":{"reconnect":"none","interval":5,"timeout":"x"},"channel":"/meta/handshake","id":"1","error":"403::Handshake denied","successful":false}]"#;
        let parsed = parse(body).unwrap();
        let [Incoming::Reply(reply)] = &parsed[..] else {
            panic!("not one reply");
        };
        assert_eq!(
            reply.refusal,
            Some(Refusal::new("403::Handshake denied").because("401::Authentication invalid"))
        );
        assert!(reply.advice.reconnect == Some(Reconnect::None));
        assert_eq!(reply.advice.interval, Some(Duration::from_millis(5)));
        assert_eq!(reply.advice.timeout, None);
    }

    #[test]
    fn an_unknown_client_shakes_hands_advised_or_not() {
        for code in ["402::Unknown client", "403::unknown client"] {
            let body = format!(
                r#"[{{"channel":"/meta/subscribe","id":"1","error":"{code}","successful":false}}]"#
            );
            let parsed = parse(body.as_bytes()).unwrap();
            let [Incoming::Reply(reply)] = &parsed[..] else {
                panic!("not one reply");
            };
            assert!(reply.advice.reconnect == Some(Reconnect::Handshake));
        }
    }

    #[test]
    fn a_reply_is_known_by_its_channel_and_its_id_if_it_has_one() {
        let answers = |body: &str| match &parse(body.as_bytes()).unwrap()[..] {
            [Incoming::Reply(reply)] => reply.answers("/meta/connect", 7),
            _ => panic!("not one reply"),
        };
        assert!(answers(r#"{"channel":"/meta/connect","id":"7"}"#));
        assert!(answers(r#"{"channel":"/meta/connect"}"#));
        assert!(!answers(r#"{"channel":"/meta/connect","id":"8"}"#));
        assert!(!answers(r#"{"channel":"/meta/subscribe","id":"7"}"#));
    }
}

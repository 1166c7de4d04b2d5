//! A poll that repeats the one before it: a client that polls sends the same body again and again, with another id.

use serde_json::value::RawValue;

use crate::fields::{self, Fields};
use crate::json;
use crate::message::{self, Message, ParseError, Request};

/// The last poll of a connection. A body that differs from it in the id alone is not read as a whole.
#[derive(Debug, Default)]
pub struct LastPoll(Option<Box<Template>>);

/// A body with one connect, and where its id is.
#[derive(Debug)]
struct Template {
    before: Box<[u8]>,
    after: Box<[u8]>,
    message: Message,
}

impl LastPoll {
    /// Reads a request body as [`crate::parse`] does.
    ///
    /// # Errors
    /// As [`crate::parse`].
    pub fn parse(&mut self, body: &[u8], messages_max: usize) -> Result<Vec<Message>, ParseError> {
        let repeated = self.0.as_ref().and_then(|last| last.repeated(body));
        if let Some(message) = repeated {
            return Ok(vec![message]);
        }
        let fields = fields::read(body, messages_max)?;
        let messages: Vec<Message> = fields.iter().map(message::of).collect();
        self.0 = Template::of(body, &fields, &messages).map(Box::new);
        Ok(messages)
    }
}

impl Template {
    fn of(body: &[u8], fields: &[Fields<'_>], messages: &[Message]) -> Option<Self> {
        let ([fields], [message]) = (fields, messages) else {
            return None;
        };
        let id = fields.id?.get();
        let start = id.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
        let is_poll = matches!(message.request, Request::Connect(_));
        is_poll.then_some(Self {
            before: body.get(..start)?.into(),
            after: body.get(start + id.len()..)?.into(),
            message: message.clone(),
        })
    }

    /// The message of a body that has one JSON value in the place of the id, and is the same around it.
    fn repeated(&self, body: &[u8]) -> Option<Message> {
        let rest = body.strip_prefix(&*self.before)?;
        let id: &RawValue = serde_json::from_slice(rest.strip_suffix(&*self.after)?).ok()?;
        Some(Message {
            id: json::verbatim(Some(id)),
            client_id: self.message.client_id.clone(),
            ext: self.message.ext.clone(),
            request: self.message.request.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MESSAGES_MAX;

    const POLL: &str =
        r#"[{"channel":"/meta/connect","clientId":"c","connectionType":"long-polling","id":"7"}]"#;

    /// Each body is read as if it were the first.
    #[test]
    fn what_is_repeated_is_read_as_always() {
        let mut last = LastPoll::default();
        for body in [
            POLL,
            &POLL.replace('7', "8"),
            &POLL.replace(r#""7""#, "9"),
            &POLL.replace(r#""7""#, "null"),
            &POLL.replace(r#""7""#, r#" {"a":[1]} "#),
            &POLL.replace(r#""7""#, r#""\u0037""#),
            &POLL.replace(r#""7""#, r#""7","channel":"/meta/disconnect""#),
            POLL,
            &POLL.replace(r#""7""#, r#""7","advice":{"timeout":0}"#),
            &POLL.replace(r#""7""#, r#""8","advice":{"timeout":0}"#),
            &POLL.replace("connect", "disconnect"),
            POLL,
            &POLL.replace(r#""c""#, r#""d""#),
            r#"{"id":1,"channel":"/meta/connect","id":"1"}"#,
            r#"{"id":1,"channel":"/meta/connect","id":"2"}"#,
        ] {
            let alone = message::parse(body.as_bytes(), MESSAGES_MAX).unwrap();
            assert_eq!(
                last.parse(body.as_bytes(), MESSAGES_MAX).unwrap(),
                alone,
                "{body}"
            );
        }
    }

    #[test]
    fn what_is_no_value_is_refused_as_always() {
        for id in [
            "",
            "7",
            r#""7"#,
            "7 8",
            r#""7"}]"#,
            "\"\u{1}\"",
            r#""7"},{"id":"8""#,
            "nul",
        ] {
            let mut last = LastPoll::default();
            last.parse(POLL.as_bytes(), MESSAGES_MAX).unwrap();
            let body = POLL.replace(r#""7""#, id);
            let alone = message::parse(body.as_bytes(), MESSAGES_MAX).ok();
            assert_eq!(
                last.parse(body.as_bytes(), MESSAGES_MAX).ok(),
                alone,
                "{body}"
            );
        }
        let mut last = LastPoll::default();
        last.parse(POLL.as_bytes(), MESSAGES_MAX).unwrap();
        assert!(last.parse(b"[{\"channel\":\"/meta/connect\",\"clientId\":\"c\",\"connectionType\":\"long-polling\",\"id\":\"\xff\"}]", MESSAGES_MAX).is_err());
    }

    #[test]
    fn a_repeated_poll_is_recognized() {
        let mut last = LastPoll::default();
        last.parse(POLL.as_bytes(), MESSAGES_MAX).unwrap();
        let template = last.0.as_ref().unwrap();
        assert!(
            template
                .repeated(POLL.replace('7', "1234").as_bytes())
                .is_some()
        );
        assert!(
            template
                .repeated(POLL.replace('c', "d").as_bytes())
                .is_none()
        );
    }
}

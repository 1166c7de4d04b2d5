//! Waiting for events that look as a test expects.

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::{LogEvent, SubscribableKind, TopicFilter};
use landfall_http::Writer;
use landfall_http::json::{Body, Content};
use landfall_model::ReplayId;
use landfall_model::limits::{CONTROL_EVENTS_MAX, CONTROL_SHOWN_BYTES_MAX, REPLAY_PAGE_EVENTS_MAX};
use tokio::time::{Instant, timeout_at};

use crate::refusal::{Refusal, failed, invalid};
use crate::settle::{TIMEOUT, timeout};
use crate::{Made, Org, topics};

pub(crate) const EXPECT: Call = Call {
    method: "post",
    path: "expect",
    id: "expectEvents",
    summary: "Waits for events of a channel that look as expected; those that are there already count",
    parameters: &[],
    reads: &[
        Member::required(
            "channel",
            Kind::Text,
            "Such as /data/AccountChangeEvent; no custom channel",
        ),
        Member::optional(
            "match",
            Kind::AnyObject,
            "What the data of an event must contain, as a client of the Streaming API gets it: objects by their members, \
             everything else as it is. Without it, any event is expected",
        ),
        Member::optional(
            "count",
            Kind::Integer,
            "How many events are expected: 1 unless given",
        ),
        Member::optional(
            "after",
            Kind::Integer,
            "Only events after this replay id; without it, all that are retained",
        ),
        TIMEOUT,
    ],
    status: 200,
    answers: &[Member::required(
        "events",
        Kind::List(&[
            Member::required("replayId", Kind::Integer, "Its replay id"),
            Member::required(
                "data",
                Kind::AnyObject,
                "As a client of the Streaming API gets it",
            ),
        ]),
        "The first that match, in order",
    )],
    refusals: &[(408, "They have not come in time; the message says what has")],
};

/// What was asked for, and what has come.
struct Search {
    pattern: Option<Content>,
    count: usize,
    after: ReplayId,
    found: Vec<(ReplayId, String)>,
    /// How many events did not match, and the newest of them.
    others: usize,
    newest: String,
}

pub(crate) async fn expect(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let deadline = Instant::now() + timeout(made)?;
    let name = made.input.text("channel").unwrap_or_default();
    let channel = topics::named(&org, name)?;
    if channel.kind == SubscribableKind::Channel {
        return Err(invalid(format!(
            "\"{name}\" is a channel with several topics: expect the event on its own topic"
        )));
    }
    let mut search = Search::new(made)?;
    let filter = TopicFilter::These(channel.topics);
    let watcher = org.engine.log().watch();
    watcher.set(filter.clone());
    loop {
        search.look(&org, &filter).await?;
        if search.found.len() >= search.count {
            return Ok(search.rendered());
        }
        if timeout_at(deadline, watcher.woken()).await.is_err() {
            return Err(search.refusal(name));
        }
    }
}

impl Search {
    fn new(made: &Made<'_>) -> Result<Self, Refusal> {
        let within = |number: i64, most: usize| {
            usize::try_from(number)
                .ok()
                .filter(|number| *number <= most)
        };
        let count = made.input.integer("count").unwrap_or(1);
        let count = within(count, CONTROL_EVENTS_MAX).filter(|count| *count > 0);
        let after = made.input.integer("after").unwrap_or(0);
        Ok(Self {
            pattern: made.input.value("match").cloned(),
            count: count.ok_or_else(|| {
                invalid(format!(
                    "\"count\" is not between 1 and {CONTROL_EVENTS_MAX}"
                ))
            })?,
            after: u64::try_from(after)
                .map(ReplayId::new)
                .map_err(|_| invalid("\"after\" is no replay id"))?,
            found: Vec::new(),
            others: 0,
            newest: String::new(),
        })
    }

    /// Looks through what is in the log.
    async fn look(&mut self, org: &Org, filter: &TopicFilter) -> Result<(), Refusal> {
        let log = org.engine.log();
        loop {
            let tail = log.bounds().tail;
            let stretch = log.read(self.after, filter, REPLAY_PAGE_EVENTS_MAX).await;
            let stretch = stretch.map_err(|failure| failed(&failure))?;
            for event in &stretch.events {
                self.take(org, event);
                if self.found.len() >= self.count {
                    return Ok(());
                }
            }
            let reached = stretch.reached.max(self.after);
            let is_end = reached >= tail || reached == self.after;
            self.after = reached;
            if is_end {
                return Ok(());
            }
        }
    }

    fn take(&mut self, org: &Org, event: &LogEvent) {
        let data = org.subscribers.data(event.event());
        let data = String::from_utf8_lossy(&data).into_owned();
        let content = Body::parse(data.as_bytes()).map(|body| body.root.content);
        let is_expected = match (&self.pattern, content) {
            (Some(pattern), Ok(content)) => contains(&content, pattern),
            (None, Ok(_)) => true,
            // It could not be rendered, which is logged.
            (_, Err(_)) => false,
        };
        if is_expected {
            self.found.push((event.event().replay_id, data));
        } else {
            self.others += 1;
            self.newest = data;
        }
    }

    fn rendered(self) -> String {
        let mut w = Writer::new();
        w.object(|w| {
            w.name("events").array(|w| {
                for (replay_id, data) in &self.found {
                    w.object(|w| {
                        w.name("replayId").raw(&replay_id.to_string());
                        w.name("data").raw(data);
                    });
                }
            });
        });
        w.finish()
    }

    fn refusal(self, channel: &str) -> Refusal {
        let mut message = format!(
            "{} of {} expected events have come on {channel}, and {} others",
            self.found.len(),
            self.count,
            self.others
        );
        if self.others > 0 {
            let mut newest = self.newest;
            newest.truncate(newest.floor_char_boundary(CONTROL_SHOWN_BYTES_MAX));
            message.push_str("; the newest of them: ");
            message.push_str(&newest);
        }
        Refusal::new(StatusCode::REQUEST_TIMEOUT, "not-met", message)
    }
}

/// Whether a value contains another: objects by their members, everything else as it is. Numbers compare by value.
fn contains(value: &Content, pattern: &Content) -> bool {
    match (value, pattern) {
        (Content::Object(members), Content::Object(wanted)) => {
            wanted.iter().all(|(name, wanted)| {
                let mut members = members.iter().filter(|(known, _)| known == name);
                members.any(|(_, value)| contains(&value.content, &wanted.content))
            })
        }
        (Content::Array(items), Content::Array(wanted)) => {
            let mut pairs = items.iter().zip(wanted);
            items.len() == wanted.len()
                && pairs.all(|(item, wanted)| contains(&item.content, &wanted.content))
        }
        (Content::Number(digits), Content::Number(wanted)) => {
            digits == wanted || digits.parse::<f64>().ok() == wanted.parse::<f64>().ok()
        }
        _ => value == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(json: &str) -> Content {
        Body::parse(json.as_bytes()).expect("JSON").root.content
    }

    #[test]
    fn a_pattern_names_the_members_that_count() {
        let event = parsed(
            r#"{"payload":{"Name":"Acme","Amount":1.50,"List":[{"a":1,"b":2}],"Gone":null},"event":{"replayId":7}}"#,
        );
        for pattern in [
            "{}",
            r#"{"payload":{"Name":"Acme"}}"#,
            r#"{"payload":{"Amount":1.5},"event":{"replayId":7.0}}"#,
            r#"{"payload":{"List":[{"b":2}]}}"#,
            r#"{"payload":{"Gone":null}}"#,
        ] {
            assert!(contains(&event, &parsed(pattern)), "{pattern}");
        }
        for pattern in [
            r#"{"payload":{"Name":"acme"}}"#,
            r#"{"payload":{"Name":null}}"#,
            r#"{"payload":{"Other":null}}"#,
            r#"{"payload":{"List":[]}}"#,
            r#"{"payload":{"List":[{"b":2},{"b":2}]}}"#,
            r#"{"payload":"Acme"}"#,
        ] {
            assert!(!contains(&event, &parsed(pattern)), "{pattern}");
        }
    }
}

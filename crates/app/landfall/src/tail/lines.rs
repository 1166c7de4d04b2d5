//! Events as lines, and refusals as words.

use std::fmt::Write as _;

use landfall_client::streaming::{Event, Refusal};
use serde_json::{Map, Value};

use crate::cli::Replay;
use crate::colour::{self, Paint};
use crate::outcome::{Exit, Failure};
use crate::suggest;

use super::Since;

/// An event as JSON, one object: its keys are a promise to scripts.
pub(super) fn json(event: &Event) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let mut line = format!("{{\"topic\":{}", text(&event.topic));
    match event.replay_id {
        Some(id) => {
            // Writing to a string cannot fail; the same below.
            let _ = write!(line, ",\"replayId\":{id}");
        }
        None => line.push_str(",\"replayId\":null"),
    }
    let schema = event
        .schema
        .as_deref()
        .map_or_else(|| "null".to_owned(), text);
    // What came may be spread over lines; one event is one line.
    let payload = if event.payload.contains('\n') {
        serde_json::from_str::<Value>(&event.payload)
            .map_or_else(|_| text(&event.payload), |value| value.to_string())
    } else {
        event.payload.to_string()
    };
    let _ = write!(line, ",\"schema\":{schema},\"payload\":{payload}}}");
    line
}

/// An event for people: time, replay id, what happened, which record, which values.
pub(super) fn human(event: &Event, paint: Paint) -> String {
    let id = event
        .replay_id
        .map_or_else(|| "-".to_owned(), |id| id.to_string());
    // What is pushed to a generic channel is any text.
    let Ok(payload) = serde_json::from_str::<Map<String, Value>>(&event.payload) else {
        return format!("{id}  {}  {}", event.topic, event.payload);
    };
    let Some(header) = payload.get("ChangeEventHeader") else {
        return format!("{id}  {}  {}", event.topic, values(&payload));
    };
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let change = text("changeType");
    let sign = match change {
        "CREATE" => '+',
        "UPDATE" => '~',
        "DELETE" => '-',
        "UNDELETE" => '^',
        _ => '!',
    };
    let change = paint(colour::of_change(change), &format!("{sign} {change:<8}"));
    let records: Vec<&str> = header
        .get("recordIds")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    format!(
        "{time}  {id}  {change}  {entity} {records}   {values}",
        time = time_of_day(header.get("commitTimestamp").and_then(Value::as_i64)),
        entity = text("entityName"),
        records = records.join(" "),
        values = values(&payload),
    )
    .trim_end()
    .to_owned()
}

/// `12:30:25.114`, UTC.
fn time_of_day(millis: Option<i64>) -> String {
    let Some(millis) = millis else {
        return "--:--:--.---".to_owned();
    };
    let of_day = millis.rem_euclid(86_400_000);
    let (seconds, millis) = (of_day / 1000, of_day % 1000);
    format!(
        "{:02}:{:02}:{:02}.{millis:03}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

fn values(payload: &Map<String, Value>) -> String {
    let pairs: Vec<String> = payload
        .iter()
        .filter(|(name, _)| *name != "ChangeEventHeader")
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join(" ")
}

/// Where a tail begins, in words.
pub(super) fn beginning(replay: Replay, since: Option<&Since>) -> String {
    match replay {
        _ if since.is_some() => "from that time on".to_owned(),
        Replay::Latest => "from now on".to_owned(),
        Replay::Earliest => "from the oldest event retained".to_owned(),
        Replay::After(id) => format!("after replay id {id}"),
    }
}

/// Whether a new login can help.
pub(super) fn is_about_login(refusal: &Refusal) -> bool {
    [Some(&refusal.error), refusal.failure_reason.as_ref()]
        .into_iter()
        .flatten()
        .any(|text| text.starts_with("401"))
}

/// The message of a session that ended for good.
pub(super) fn closed(refusal: &Refusal) -> Failure {
    let failure = Failure::new(format!("the org refused the session: {}", said(refusal)));
    if is_about_login(refusal) {
        failure.exit(Exit::LoginRefused)
    } else {
        failure
    }
}

/// The message of a refused subscription.
pub(super) fn subscription_refused(topic: &str, refusal: &Refusal) -> Failure {
    let said = said(refusal);
    // Source: "Streaming API Error Codes".
    if said.contains("replayId") {
        replay_refused(topic, &said)
    } else if said.starts_with("404")
        || said.contains("does not exist")
        || said.contains("create_denied")
    {
        suggest::unknown(topic, &said)
    } else {
        Failure::new(format!("the subscription to {topic} was refused: {said}"))
    }
}

/// The message of a replay id outside retention.
pub(super) fn replay_refused(topic: &str, said: &str) -> Failure {
    Failure::new(format!("the replay id is outside retention on {topic}"))
        .because(said)
        .hint(format!("landfall tail {topic} -r earliest"))
        .exit(Exit::ReplayIdInvalid)
}

fn said(refusal: &Refusal) -> String {
    match &refusal.failure_reason {
        Some(reason) => format!("{reason} ({})", refusal.error),
        None => refusal.error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(payload: &str) -> Event {
        Event {
            topic: "/data/AccountChangeEvent".into(),
            replay_id: Some(1017),
            schema: Some("abc".into()),
            payload: payload.into(),
        }
    }

    #[test]
    fn json_keeps_the_payload_to_the_letter() {
        assert_eq!(
            json(&event(r#"{"b":1.0,"a":2}"#)),
            r#"{"topic":"/data/AccountChangeEvent","replayId":1017,"schema":"abc","payload":{"b":1.0,"a":2}}"#
        );
    }

    #[test]
    fn json_is_one_line_whatever_came() {
        assert!(!json(&event("{\n\"a\":1}")).contains('\n'));
    }

    #[test]
    fn people_see_what_happened_to_which_record() {
        let event = event(
            r#"{"ChangeEventHeader":{"entityName":"Account","recordIds":["001"],"changeType":"UPDATE","commitTimestamp":45025114},"Phone":null}"#,
        );
        assert_eq!(
            human(&event, colour::plain),
            "12:30:25.114  1017  ~ UPDATE    Account 001   Phone=null"
        );
    }

    #[test]
    fn people_see_texts_as_they_were_pushed() {
        let line = human(&event(r#""Berth A-1 is \"free\"""#), colour::plain);
        assert_eq!(
            line,
            r#"1017  /data/AccountChangeEvent  "Berth A-1 is \"free\"""#
        );
    }
}

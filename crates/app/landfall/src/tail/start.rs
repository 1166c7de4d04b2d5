//! Where a tail starts: a preset, a replay id, or a time, which only a developer org can tell a replay id for.

use std::str::FromStr;

use landfall_client::streaming::Replay;
use landfall_client::{Error, Method, Org};
use landfall_wire::dates::{parse_date_time, render_utc};
use serde_json::Value;

use crate::cli::{Replay as Preset, TailOptions};
use crate::connection::{self, Logins};
use crate::control::segment;
use crate::outcome::{Exit, Failure};
use crate::suggest;

/// The units of a span, in milliseconds.
const UNITS: [(&str, i64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Since when events are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// For so many milliseconds up to now, by the clock of the org.
    Span(i64),
    /// A time, in UTC.
    Time(String),
}

impl FromStr for Since {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(time) = parse_date_time(text) {
            return Ok(Self::Time(render_utc(time)));
        }
        span(text).map(Self::Span).ok_or_else(|| {
            "expected a span such as 2h or 1d12h, or a time such as 2030-01-01T09:00:00Z".to_owned()
        })
    }
}

/// Reads a span such as `1d12h`. Unit: milliseconds.
fn span(text: &str) -> Option<i64> {
    let (mut rest, mut sum) = (text, 0_i64);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let letters = after.find(|c: char| c.is_ascii_digit());
        let (unit, after) = after.split_at(letters.unwrap_or(after.len()));
        let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(number.parse::<i64>().ok()?.checked_mul(*millis)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// The topics, each with where it starts.
///
/// # Errors
/// If a time is given and the org has no control interface, or no such topic.
pub(super) async fn starts(
    options: &TailOptions,
    logins: &Logins,
    org: &Org,
) -> Result<Vec<(String, Replay)>, Failure> {
    let topics = options.topics.iter().cloned();
    let Some(since) = &options.since else {
        let replay = match options.replay {
            Preset::Latest => Replay::Latest,
            Preset::Earliest => Replay::Earliest,
            Preset::After(id) => Replay::After(i64::try_from(id).unwrap_or(i64::MAX)),
        };
        return Ok(topics.map(|topic| (topic, replay)).collect());
    };
    let control = logins.control(org)?;
    let call = async |path: String| control.call(Method::GET, &path, None).await;
    let at = match since {
        Since::Time(time) => time.clone(),
        Since::Span(millis) => {
            let clock = call("clock".to_owned()).await;
            let clock = clock.map_err(|error| refused(&error))?;
            let now = clock.get("now").and_then(Value::as_str);
            let now = now.and_then(parse_date_time);
            let now = now.ok_or_else(|| Failure::new("the org did not report its time"))?;
            render_utc(now.plus_millis(-millis))
        }
    };
    let mut starts = Vec::new();
    for topic in topics {
        let path = format!("topics/{}/position?at={}", segment(&topic), segment(&at));
        let replay = match call(path).await {
            Ok(position) => from(&position),
            Err(Error::Refused { code, .. }) if code.ends_with("not-found") => {
                return Err(suggest::unknown(&topic, ""));
            }
            Err(error) => return Err(refused(&error)),
        };
        starts.push((topic, replay));
    }
    Ok(starts)
}

fn refused(error: &Error) -> Failure {
    match error {
        Error::Status { .. } => {
            Failure::new("--since needs a developer org: others have no replay id for a time")
                .hint("landfall tail -r earliest starts with the oldest event retained")
                .exit(Exit::Usage)
        }
        error => connection::failure(error),
    }
}

/// After a position; if nothing that is retained is before it, with the oldest event, since the position itself may be
/// older than what the org accepts.
fn from(position: &Value) -> Replay {
    let id = |name: &str| position.get(name).and_then(Value::as_i64);
    match (id("replayId"), id("earliest"), id("tail")) {
        (Some(after), Some(earliest), _) if after >= earliest => Replay::After(after),
        (Some(_), Some(_), _) => Replay::Earliest,
        _ => Replay::Latest,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_span_or_a_time_is_read() {
        let parse = |text: &str| text.parse::<Since>();
        assert_eq!(parse("2h"), Ok(Since::Span(7_200_000)));
        assert_eq!(parse("1d12h"), Ok(Since::Span(129_600_000)));
        assert_eq!(
            parse("2030-01-01T10:00:00+01:00"),
            Ok(Since::Time("2030-01-01T09:00:00.000Z".to_owned()))
        );
        for bad in ["", "5", "h", "-5s", "1w", "yesterday", "99999999999999999d"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_starts_before_what_is_retained() {
        let at = |id: i64| from(&json!({ "replayId": id, "earliest": 5, "tail": 9 }));
        assert_eq!(at(7), Replay::After(7));
        assert_eq!(at(4), Replay::Earliest);
        assert_eq!(from(&json!({ "replayId": 9, "tail": 9 })), Replay::Latest);
    }
}

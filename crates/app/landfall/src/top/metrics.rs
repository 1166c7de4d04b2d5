//! What `/metrics` says, as far as the view shows it.
//!
//! Source: "Exposition Formats" (Prometheus), text format.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Counters and gauges at one time.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Sample {
    /// By topic.
    pub(super) topics: BTreeMap<String, Totals>,
    pub(super) subscriptions: Vec<Subscription>,
    /// Commits since the start.
    pub(super) commits: u64,
    pub(super) newest: u64,
    pub(super) oldest: Option<u64>,
    /// Subscriptions that are open, also those that are not listed.
    pub(super) open: u64,
}

/// Events since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) published: u64,
    pub(super) delivered: u64,
}

/// One of the subscriptions that are furthest behind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Subscription {
    pub(super) protocol: String,
    pub(super) topic: String,
    pub(super) client: String,
    pub(super) position: u64,
    pub(super) lag: u64,
    pub(super) lag_seconds: u64,
}

impl Sample {
    /// Reads the text; lines of other series are passed over. None if it has none of those that every server has.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut sample = Self::default();
        let mut subscriptions = Subscriptions::new();
        let mut is_landfall = false;
        for line in text.lines() {
            let Some((name, labels, value)) = series(line) else {
                continue;
            };
            let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
            let key = || (label("protocol"), label("client"), label("topic"));
            match name {
                "landfall_events_published_total" => {
                    sample.topics.entry(label("topic")).or_default().published = value;
                }
                "landfall_events_delivered_total" => {
                    sample.topics.entry(label("topic")).or_default().delivered = value;
                }
                "landfall_writer_groups_total" => sample.commits = value,
                "landfall_log_newest_replay_id" => {
                    sample.newest = value;
                    is_landfall = true;
                }
                "landfall_log_oldest_replay_id" => sample.oldest = Some(value),
                "landfall_subscriptions" => sample.open += value,
                "landfall_subscription_position" => {
                    subscription(&mut subscriptions, key()).position = value;
                }
                "landfall_subscription_lag_events" => {
                    subscription(&mut subscriptions, key()).lag = value;
                }
                "landfall_subscription_lag_seconds" => {
                    subscription(&mut subscriptions, key()).lag_seconds = value;
                }
                _ => {}
            }
        }
        sample.subscriptions = subscriptions.into_values().collect();
        sample
            .subscriptions
            .sort_by_key(|subscription| Reverse(subscription.lag));
        is_landfall.then_some(sample)
    }
}

/// Subscriptions by protocol, client and topic.
type Subscriptions = BTreeMap<(String, String, String), Subscription>;

/// The subscription of a key, made if it is new.
fn subscription(all: &mut Subscriptions, key: (String, String, String)) -> &mut Subscription {
    let (protocol, client, topic) = key.clone();
    all.entry(key).or_insert_with(|| Subscription {
        protocol,
        topic,
        client,
        ..Subscription::default()
    })
}

/// A line `name{label="value"} 7`: whole numbers are all that the view needs.
fn series(line: &str) -> Option<(&str, BTreeMap<&str, String>, u64)> {
    if line.starts_with('#') {
        return None;
    }
    let (series, value) = line.rsplit_once(' ')?;
    let value = value.parse().ok()?;
    let Some((name, mut rest)) = series.split_once('{') else {
        return Some((series, BTreeMap::new(), value));
    };
    let mut labels = BTreeMap::new();
    while let Some((label, after)) = rest.split_once("=\"") {
        let (text, after) = quoted(after)?;
        labels.insert(label.trim_start_matches(','), text);
        rest = after;
    }
    Some((name, labels, value))
}

/// A text up to its quotation mark, and what is after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((read, text.get(at + 1..)?)),
            '\\' => match letters.next()?.1 {
                'n' => read.push('\n'),
                other => read.push(other),
            },
            other => read.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_topics_and_subscriptions() {
        let text = r#"# HELP landfall_log_newest_replay_id Newest position of the event log
landfall_log_newest_replay_id 9
landfall_log_oldest_replay_id 3
landfall_writer_groups_total 4
landfall_events_published_total{topic="/data/AccountChangeEvent"} 7
landfall_events_delivered_total{topic="/data/AccountChangeEvent"} 14
landfall_subscriptions{protocol="cometd"} 1
landfall_subscriptions{protocol="pubsub"} 2
landfall_subscription_position{protocol="cometd",topic="/topic/a\"b",client="c1"} 8
landfall_subscription_lag_events{protocol="cometd",topic="/topic/a\"b",client="c1"} 1
landfall_subscription_lag_seconds{protocol="cometd",topic="/topic/a\"b",client="c1"} 60
landfall_other 1.5
"#;
        let sample = Sample::parse(text).expect("a sample");
        assert_eq!(
            (sample.newest, sample.oldest, sample.commits),
            (9, Some(3), 4)
        );
        assert_eq!(sample.open, 3);
        let totals = sample.topics.get("/data/AccountChangeEvent").copied();
        let expected = Totals {
            published: 7,
            delivered: 14,
        };
        assert_eq!(totals, Some(expected));
        let [subscription] = sample.subscriptions.as_slice() else {
            panic!("{sample:?}");
        };
        assert_eq!(subscription.topic, "/topic/a\"b");
        assert_eq!(
            (
                subscription.position,
                subscription.lag,
                subscription.lag_seconds
            ),
            (8, 1, 60)
        );
    }

    #[test]
    fn other_text_is_no_sample() {
        for text in ["", "<html>", "up 1\n", "landfall_log_newest_replay_id x"] {
            assert_eq!(Sample::parse(text), None, "{text}");
        }
    }
}

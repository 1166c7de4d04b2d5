//! The document that keeps the subscriptions: a line each, its values separated by tabs.
//!
//! `id`, then what it is now, then, for one of the project, what the project says of it.

use std::sync::Arc;

use landfall_metadata::{ManagedSubscription, ReplayFrom};
use landfall_model::{RecordId, Topic};
use landfall_store::{Document, DocumentKind, Reads};

use super::{Managed, unreadable};
use crate::error::Error;
use crate::tabbed;

const KEY: &str = "managed-event-subscriptions";

/// The document.
pub(super) fn of(managed: &[Arc<Managed>]) -> Document {
    let mut content = String::new();
    for managed in managed {
        content.push_str(managed.id.as_str());
        write(&mut content, &managed.subscription);
        if let Some(deployed) = &managed.deployed {
            write(&mut content, deployed);
        }
        content.push('\n');
    }
    Document {
        kind: DocumentKind::Org,
        key: KEY.to_owned(),
        content: Some(content.into_bytes()),
    }
}

/// The subscriptions that are kept.
pub(crate) fn stored(reads: &dyn Reads) -> Result<Vec<Arc<Managed>>, Error> {
    let content = reads.document(DocumentKind::Org, KEY)?.unwrap_or_default();
    let content = String::from_utf8(content).map_err(|error| unreadable(error.to_string()))?;
    let wrong = |line| unreadable(format!("a line of the wrong form: {line:?}"));
    let lines = content.lines();
    let read = lines.map(|line| parse(line).map(Arc::new).ok_or_else(|| wrong(line)));
    read.collect()
}

fn write(line: &mut String, subscription: &ManagedSubscription) {
    let version = subscription.version.as_deref();
    for value in [
        subscription.developer_name.as_str(),
        subscription.topic_name.as_str(),
        replay(subscription.default_replay),
        replay(subscription.error_recovery_replay),
        if subscription.runs { "RUN" } else { "STOP" },
        version.map_or("-", |_| "+"),
        version.unwrap_or_default(),
        subscription.label.as_str(),
    ] {
        line.push('\t');
        tabbed::push(line, value);
    }
}

const fn replay(from: ReplayFrom) -> &'static str {
    match from {
        ReplayFrom::Latest => "LATEST",
        ReplayFrom::Earliest => "EARLIEST",
    }
}

fn parse(line: &str) -> Option<Managed> {
    let mut values = tabbed::values(line);
    let id = RecordId::parse(&values.next()?).ok()?;
    let subscription = subscription(&mut values)?;
    let mut values = values.peekable();
    let deployed = match values.peek() {
        Some(_) => Some(self::subscription(&mut values)?),
        None => None,
    };
    values.next().is_none().then_some(Managed {
        id,
        subscription,
        deployed,
        stops: 0,
    })
}

fn subscription(values: &mut impl Iterator<Item = String>) -> Option<ManagedSubscription> {
    Some(ManagedSubscription {
        developer_name: values.next()?,
        topic_name: Topic::new(values.next()?),
        default_replay: replay_from(&values.next()?)?,
        error_recovery_replay: replay_from(&values.next()?)?,
        runs: values.next()? == "RUN",
        version: {
            let given = values.next()? == "+";
            let version = values.next()?;
            given.then_some(version)
        },
        label: values.next()?,
    })
}

fn replay_from(text: &str) -> Option<ReplayFrom> {
    let all = [ReplayFrom::Latest, ReplayFrom::Earliest];
    all.into_iter().find(|from| replay(*from) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(label: &str, version: Option<&str>) -> ManagedSubscription {
        ManagedSubscription {
            developer_name: "Ink".to_owned(),
            label: label.to_owned(),
            topic_name: Topic::new("/event/Low_Ink__e"),
            default_replay: ReplayFrom::Earliest,
            error_recovery_replay: ReplayFrom::Latest,
            runs: false,
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_kept_is_read_back_whatever_its_texts_are() {
        for (label, version) in [
            ("", None),
            ("a\tb\\n\r\nc\\", Some("")),
            ("ü", Some("66.0")),
        ] {
            for deployed in [None, Some(subscription("x\\\\", Some("\\t")))] {
                let managed = Managed {
                    id: RecordId::parse("18x5f0000000001AAA").expect("an id"),
                    subscription: subscription(label, version),
                    deployed,
                    stops: 0,
                };
                let document = of(&[Arc::new(managed.clone())]);
                let line = String::from_utf8(document.content.expect("content")).expect("text");
                assert_eq!(parse(line.trim_end_matches('\n')), Some(managed));
            }
        }
    }

    #[test]
    fn a_line_of_another_form_is_not_read() {
        for line in [
            "",
            "Ink 18x5f0000000001AAA",
            "18x5f0000000001AAA",
            "18x5f0000000001AAA\tInk\t/event/A__e",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}

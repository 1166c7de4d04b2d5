//! Names that were probably meant, and positions, looked up at the org after it has refused one.
//!
//! A look-up that fails or takes too long is no further failure: the first one is reported without it.

use std::time::Duration;

use landfall_client::{Code, Error, Method, Org};
use serde_json::Value;
use tokio::time::timeout;

use crate::connection::{self, Logins};
use crate::outcome::{Exit, Failure};

/// How long a look-up may take.
const LOOK_UP_MAX: Duration = Duration::from_secs(2);

/// How many letters may be wrong. Source: none.
const DISTANCE_MAX: usize = 2;

/// The version whose list of objects is read: every org has it.
const OBJECTS: &str = "/services/data/v59.0/sobjects";

/// The message of a topic that does not exist.
pub(crate) fn unknown(topic: &str, said: &str) -> Failure {
    let failure = Failure::new(format!("this org has no channel {topic}"))
        .because(said)
        .about(topic)
        .exit(Exit::Unknown);
    match suggestion(topic) {
        Some(suggestion) => failure.hint(suggestion),
        None => failure,
    }
}

/// The names that people mix up most.
fn suggestion(topic: &str) -> Option<String> {
    if let Some(object) = topic
        .strip_prefix("/data/")
        .and_then(|name| name.strip_suffix("__cChangeEvent"))
    {
        return Some(format!(
            "changes of {object}__c are on /data/{object}__ChangeEvent"
        ));
    }
    if topic
        .strip_prefix('/')
        .is_none_or(|rest| !rest.contains('/'))
    {
        let name = topic.trim_start_matches('/');
        return Some(if name.ends_with("ChangeEvent") {
            format!("change events are on /data/{name}")
        } else {
            format!("platform events are on /event/{name}")
        });
    }
    None
}

/// The message of an error of a call about a topic, with the topic that was probably meant if there is none of its name.
pub(crate) async fn refused(topic: &str, error: &Error, logins: &Logins, org: &Org) -> Failure {
    match error {
        Error::Rpc {
            code: Code::NotFound,
            message,
            ..
        } => self::topic(unknown(topic, message), logins, org).await,
        error => connection::failure(error),
    }
}

/// Adds the topic that was probably meant to a failure about one that does not exist, unless it has a hint.
pub(crate) async fn topic(failure: Failure, logins: &Logins, org: &Org) -> Failure {
    let (Some(topic), false) = (failure.subject(), failure.has_hint()) else {
        return failure;
    };
    let known = timeout(LOOK_UP_MAX, topics(logins, org)).await;
    let known = known.ok().flatten().unwrap_or_default();
    match nearest(topic, &known).map(|near| format!("did you mean {near}?")) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// The topic with the most similar name: names alone count, since all topics begin alike.
fn nearest<'t>(topic: &str, known: &'t [String]) -> Option<&'t str> {
    let name = |topic: &str| {
        let name = topic.rsplit('/').next().unwrap_or_default();
        name.to_ascii_lowercase()
    };
    let wrong = name(topic);
    let distances = known.iter().map(|known| {
        let distance = strsim::osa_distance(&wrong, &name(known));
        (distance, known.as_str())
    });
    let (distance, near) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= DISTANCE_MAX && distance < wrong.chars().count()).then_some(near)
}

/// All topics of an org: of a developer org as it lists them, of others by the names of its objects.
pub(crate) async fn topics(logins: &Logins, org: &Org) -> Option<Vec<String>> {
    let control = logins.control(org).ok()?;
    if let Ok(answer) = control.call(Method::GET, "topics", None).await {
        let topics = answer.get("topics")?.as_array()?.iter();
        let names = topics.filter_map(|topic| topic["channel"].as_str());
        return Some(names.map(str::to_owned).collect());
    }
    let answer = org.call(Method::GET, OBJECTS, None).await.ok()?.json();
    let objects = answer.get("sobjects")?.as_array()?.iter();
    let names = objects.filter_map(|object| object["name"].as_str());
    Some(names.filter_map(topic_of).collect())
}

/// The topic of the events of an object.
fn topic_of(object: &str) -> Option<String> {
    if object.ends_with("ChangeEvent") {
        Some(format!("/data/{object}"))
    } else if object.ends_with("__e") {
        Some(format!("/event/{object}"))
    } else {
        None
    }
}

/// The oldest replay id that is kept, and the newest that was assigned, of an org that reports them.
pub(crate) async fn bounds(logins: &Logins, org: &Org) -> Option<(Option<i64>, i64)> {
    let control = logins.control(org).ok()?;
    let call = control.call(Method::GET, "topics", None);
    let answer: Value = timeout(LOOK_UP_MAX, call).await.ok()?.ok()?;
    let bound = |name| answer.get(name).and_then(Value::as_i64);
    Some((bound("earliest"), bound("tail")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_topics() {
        let topic = |object| topic_of(object);
        assert_eq!(
            topic("AccountChangeEvent").as_deref(),
            Some("/data/AccountChangeEvent")
        );
        assert_eq!(topic("Order__e").as_deref(), Some("/event/Order__e"));
        assert_eq!(topic("Account"), None);
    }

    #[test]
    fn mixed_up_names_are_set_right() {
        assert_eq!(
            suggestion("/data/Invoice__cChangeEvent").as_deref(),
            Some("changes of Invoice__c are on /data/Invoice__ChangeEvent")
        );
        assert_eq!(
            suggestion("Order__e").as_deref(),
            Some("platform events are on /event/Order__e")
        );
        assert_eq!(suggestion("/data/XChangeEvent"), None);
    }

    #[test]
    fn a_topic_is_found_by_its_name() {
        let known = ["/data/AccountChangeEvent", "/event/Order__e", "/u/alerts"];
        let known = known.map(str::to_owned);
        for (wrong, right) in [
            ("/data/AcountChangeEvents", Some("/data/AccountChangeEvent")),
            (
                "/event/AccountChangeEvent",
                Some("/data/AccountChangeEvent"),
            ),
            ("/event/order__e", Some("/event/Order__e")),
            ("/data/Invoice__ChangeEvent", None),
            ("/event/", None),
        ] {
            assert_eq!(nearest(wrong, &known), right, "{wrong}");
        }
    }
}

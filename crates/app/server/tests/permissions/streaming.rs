//! Channels of the Streaming API: subscribing, and what is delivered to a subscription that was there before a right was lost.
//!
//! Each session also listens to what its user may always see: once an event of that has come, what was not delivered
//! before it never is.

use crate::right::Right::{Edit, FieldRead, Read, ViewAll};
use crate::row::{HIDDEN, Row, Step};
use crate::stage::DATA;

const DATA_DENIED: &str = "403::User not allowed to subscribe CDC without required permissions";

pub(crate) fn rows() -> Vec<Row> {
    vec![
        changes(
            "/data/Vault__ChangeEvent",
            "change events of an object",
            &change(NOTE),
        )
        .without_any(&[Read, ViewAll], DATA_DENIED)
        .losing(Read, HIDDEN)
        .losing(ViewAll, HIDDEN)
        .without(FieldRead, HIDDEN),
        changes(
            "/data/ChangeEvents",
            "change events of all objects",
            &change(NOTE),
        )
        .without_any(&[Read, ViewAll, FieldRead], HIDDEN),
        changes("/data/Sights__chn", "a custom channel", &change(NOTE))
            .without_any(&[Read, ViewAll, FieldRead], HIDDEN),
        changes(
            "/data/Marks__chn",
            "an enriched field behind a filter",
            &mark(),
        )
        .without_any(&[Read, ViewAll, FieldRead], HIDDEN),
        push_topic(),
        event("/event/Alarm__e", "a platform event")
            .without(Read, "403::")
            .losing(Read, HIDDEN),
        event("/event/Signals__chn", "a custom channel of platform events").without(Read, HIDDEN),
        generic(),
        Row::new("Streaming /systemTopic/", "a channel of the service")
            .first(handshake())
            .then(subscribe("/systemTopic/Logging"))
            .shows("\"successful\":true"),
    ]
}

fn cometd(message: &str) -> Step {
    Step::http("POST", "/cometd/59.0", &format!("[{message}]"))
}

fn handshake() -> Step {
    let message = r#"{"channel":"/meta/handshake","version":"1.0","supportedConnectionTypes":["long-polling"]}"#;
    cometd(message).take("client", "\"clientId\":\"", "\"")
}

fn subscribe(channel: &str) -> Step {
    let message = format!(
        r#"{{"channel":"/meta/subscribe","clientId":"{{client}}","subscription":"{channel}"}}"#
    );
    cometd(&message).needs("\"successful\":true")
}

/// Polls until an event with this text has come, or until the session has ended.
fn polled(text: &str) -> Step {
    let message = r#"{"channel":"/meta/connect","clientId":"{client}","connectionType":"long-polling","advice":{"timeout":100}}"#;
    cometd(message).until(&[text, "\"successful\":false"])
}

const NOTE: &str = r#"{"Secret__c":"{secret}","Note__c":"n{n}"}"#;

/// A change of the record by the administrator.
fn change(body: &str) -> Vec<Step> {
    // A value that does not change is in no event.
    let other = r#"{"Secret__c":"other"}"#;
    [other, body]
        .map(|body| {
            Step::http(
                "PATCH",
                &format!("{DATA}/sobjects/Vault__c/{{vault}}"),
                body,
            )
            .by_admin()
        })
        .into()
}

/// A change that passes the filter of the channel, and leaves the field to be enriched.
fn mark() -> Vec<Step> {
    let body = r#"{"Note__c":"mark{n}"}"#;
    vec![
        Step::http(
            "PATCH",
            &format!("{DATA}/sobjects/Vault__c/{{vault}}"),
            body,
        )
        .by_admin(),
    ]
}

/// What everybody sees.
fn beacon(object: &str, field: &str) -> Step {
    let body = format!(r#"{{"{field}":"beacon{{n}}x"}}"#);
    Step::http("POST", &format!("{DATA}/sobjects/{object}"), &body).by_admin()
}

fn session(surface: &str, case: &'static str, channels: &[&str]) -> Row {
    let row = Row::new(&format!("Streaming {surface}"), case).first(handshake());
    channels
        .iter()
        .fold(row, |row, channel| row.first(subscribe(channel)))
}

fn changes(channel: &str, case: &'static str, change: &[Step]) -> Row {
    let row = session("/data/", case, &["/data/Ledger__ChangeEvent", channel]);
    let row = change.iter().fold(row, |row, step| row.then(step.clone()));
    row.then(beacon("Ledger__c", "Note__c"))
        .then(polled("beacon{n}x"))
}

fn push_topic() -> Row {
    let row = session(
        "/topic/",
        "notifications",
        &["/topic/Ledgers", "/topic/Vaults"],
    );
    let row = change(NOTE).into_iter().fold(row, Row::then);
    row.then(beacon("Ledger__c", "Note__c"))
        .then(polled("beacon{n}x"))
        .without(
            Read,
            "403::Subscriber does not have access to the entity in this topic",
        )
        .losing(Read, HIDDEN)
        .without(FieldRead, HIDDEN)
}

fn event(channel: &str, case: &'static str) -> Row {
    session("/event/", case, &["/event/Beacon__e", channel])
        .then(
            Step::http(
                "POST",
                &format!("{DATA}/sobjects/Alarm__e"),
                r#"{"Text__c":"{secret}"}"#,
            )
            .by_admin(),
        )
        .then(beacon("Beacon__e", "Text__c"))
        .then(polled("beacon{n}x"))
}

fn generic() -> Row {
    let channel = Step::http(
        "GET",
        &format!("{DATA}/query?q=SELECT+Id+FROM+StreamingChannel"),
        "",
    );
    let push = r#"{"pushEvents":[{"payload":"{secret}","userIds":[]}]}"#;
    let path = format!("{DATA}/sobjects/StreamingChannel/{{channel}}/push");
    session("/u/", "a generic channel", &["/topic/Ledgers", "/u/alarms"])
        .first(channel.by_admin().take("channel", "\"Id\":\"", "\""))
        .then(Step::http("POST", &path, push).by_admin())
        .then(beacon("Ledger__c", "Note__c"))
        .then(polled("beacon{n}x"))
        .without(Read, "403::No access on channel")
        .losing(Read, HIDDEN)
        .outlasts(Edit)
}

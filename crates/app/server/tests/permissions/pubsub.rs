//! The RPCs of the Pub/Sub API.

use crate::right::Right::{Create, FieldRead, Read, ViewAll};
use crate::row::{Action, HIDDEN, Row, Step};
use crate::stage::DATA;

const DENIED: &str = "PERMISSION_DENIED";

/// An event as a publisher sends it.
const MESSAGE: &str = r#"{"topic_name":"/event/Alarm__e","events":[{"id":"a","schema_id":"{schema}",
    "payload":{"CreatedDate":0,"CreatedById":"005000000000001AAA","Text__c":"a"}}]}"#;

pub(crate) fn rows() -> Vec<Row> {
    [topics(), publishing(), subscribing()].concat()
}

fn begin(rpc: &'static str, message: &str) -> Step {
    Step::of(Action::Begin(rpc, message.to_owned()))
}

fn receive() -> Step {
    Step::of(Action::Receive)
}

fn drain() -> Step {
    Step::of(Action::Drain)
}

fn row(rpc: &str, case: &'static str) -> Row {
    Row::new(&format!("Pub/Sub {rpc}"), case)
}

fn schema(object: &str) -> Step {
    let step = Step::http("GET", &format!("{DATA}/sobjects/{object}/eventSchema"), "");
    step.by_admin().take("schema", "\"uuid\":\"", "\"")
}

fn topics() -> Vec<Row> {
    let topic = |case, name: &str| {
        row("GetTopic", case)
            .then(begin("GetTopic", &format!(r#"{{"topic_name":"{name}"}}"#)))
            .then(receive())
    };
    vec![
        topic("whether an event may be read", "/event/Alarm__e")
            .shows("\"can_subscribe\":true")
            .without(Read, DENIED),
        topic("whether an event may be published", "/event/Alarm__e")
            .shows("\"can_publish\":true")
            .without(Read, DENIED)
            .without(Create, HIDDEN),
        topic("whether changes may be read", "/data/Vault__ChangeEvent")
            .shows("\"can_subscribe\":true")
            .without_any(&[Read, ViewAll], ""),
        row("GetSchema", "the schema of an event")
            .first(schema("Alarm__e"))
            .then(begin("GetSchema", r#"{"schema_id":"{schema}"}"#))
            .then(receive())
            .shows("Text__c"),
    ]
}

fn publishing() -> Vec<Row> {
    let publish = |rpc: &'static str| {
        row(rpc, "an event")
            .first(schema("Alarm__e"))
            .then(begin(rpc, MESSAGE))
            .then(receive())
            .shows("replay_id")
            .without_any(&[Read, Create], DENIED)
    };
    vec![publish("Publish"), publish("PublishStream")]
}

/// After an event of the administrator: whatever comes next is delivered, however late the stream begins.
fn position(row: Row) -> Row {
    row.first(schema("Alarm__e"))
        .first(begin("Publish", MESSAGE).by_admin())
        .first(receive().by_admin().take("position", "\"replay_id\":", "}"))
}

fn subscription(topic: &str) -> Step {
    let message = format!(
        r#"{{"topic_name":"{topic}","replay_preset":"CUSTOM","replay_id":{{position}},"num_requested":100}}"#
    );
    begin("Subscribe", &message)
}

/// A subscription that has begun and has a name: what everybody sees came first.
fn subscribe(case: &'static str, topic: &str, (object, field): (&str, &str)) -> Row {
    let body = format!(r#"{{"{field}":"beacon{{n}}x"}}"#);
    let beacon = Step::http("POST", &format!("{DATA}/sobjects/{object}"), &body).by_admin();
    let received = receive().until(&["beacon{n}x"]);
    position(row("Subscribe", case))
        .first(subscription(topic))
        .first(beacon)
        .first(received.take("rpc", "\"rpc_id\":\"", "\""))
}

fn change(body: &str) -> Step {
    let path = format!("{DATA}/sobjects/Vault__c/{{vault}}");
    Step::http("PATCH", &path, body).by_admin()
}

fn changes(row: Row) -> Row {
    row.then(change(r#"{"Secret__c":"other"}"#))
        .then(change(r#"{"Secret__c":"{secret}"}"#))
        .then(drain())
}

fn subscribing() -> Vec<Row> {
    let ledger = ("Ledger__c", "Note__c");
    let managed = r#"{"developer_name":"Watch{user}","num_requested":1}"#;
    vec![
        position(row(
            "ManagedSubscribe",
            "a subscription whose position is kept",
        ))
        .then(begin("ManagedSubscribe", managed))
        .then(receive())
        .shows("Text__c")
        .without(Read, DENIED),
        changes(subscribe(
            "change events of all objects",
            "/data/ChangeEvents",
            ledger,
        ))
        .without_any(&[Read, ViewAll, FieldRead], HIDDEN),
        changes(subscribe(
            "change events of a custom channel",
            "/data/Sights__chn",
            ledger,
        ))
        .without_any(&[Read, ViewAll, FieldRead], HIDDEN),
        position(row("Subscribe", "change events of an object"))
            .then(change(r#"{"Secret__c":"other"}"#))
            .then(change(r#"{"Secret__c":"{secret}","Note__c":"mark{n}x"}"#))
            .then(subscription("/data/Vault__ChangeEvent"))
            .then(receive().until(&["mark{n}x"]))
            .without_any(&[Read, ViewAll], DENIED)
            .without(FieldRead, HIDDEN),
        subscribe(
            "platform events of a custom channel",
            "/event/Signals__chn",
            ("Beacon__e", "Text__c"),
        )
        .then(
            Step::http(
                "POST",
                &format!("{DATA}/sobjects/Alarm__e"),
                r#"{"Text__c":"{secret}"}"#,
            )
            .by_admin(),
        )
        .then(drain())
        .without(Read, HIDDEN),
    ]
}

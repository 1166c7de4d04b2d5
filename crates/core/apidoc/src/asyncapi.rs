//! `AsyncAPI`: what can be subscribed to over the Streaming API.

use crate::event::{envelope, message};
use crate::node::{Node, list, map, reference, text, texts};
use crate::{Carries, Channel, Org};

/// What a `PushTopic` calls the kinds of changes.
/// Source: "`PushTopic` Events" (Streaming API Developer Guide).
const NOTIFICATIONS: [&str; 4] = ["created", "updated", "deleted", "undeleted"];

/// The `AsyncAPI` document of an org.
pub fn asyncapi(org: &Org<'_>) -> Node {
    let channels = org.channels.iter();
    let channels = channels.map(|channel| (escaped(&channel.address), described(channel)));
    let (messages, schemas) = components(org);
    map([
        ("asyncapi", text("2.6.0")),
        (
            "info",
            map([
                ("title", text("Streaming API of this org")),
                ("version", text(org.version)),
                (
                    "description",
                    text(
                        "What can be subscribed to over the Bayeux protocol, made from the definitions of the org.",
                    ),
                ),
            ]),
        ),
        ("servers", map([("org", server(org))])),
        ("defaultContentType", text("application/json")),
        ("channels", Node::Map(channels.collect())),
        (
            "components",
            map([
                ("messages", messages),
                ("schemas", schemas),
                ("securitySchemes", map([("oauth2", oauth2(org))])),
            ]),
        ),
    ])
}

fn server(org: &Org<'_>) -> Node {
    let protocol = org.base_url.split(':').next().unwrap_or_default();
    map([
        (
            "url",
            text(format!("{}/cometd/{}", org.base_url, org.version)),
        ),
        ("protocol", text(protocol)),
        ("description", text("Bayeux over long polling")),
        ("security", list([map([("oauth2", list([]))])])),
    ])
}

fn oauth2(org: &Org<'_>) -> Node {
    let at = |path: &str| text(format!("{}/services/oauth2/{path}", org.base_url));
    let flow = map([
        ("authorizationUrl", at("authorize")),
        ("tokenUrl", at("token")),
        ("scopes", map([("api", text("Access and manage data"))])),
    ]);
    map([
        ("type", text("oauth2")),
        ("flows", map([("authorizationCode", flow)])),
    ])
}

/// Braces would be a parameter.
fn escaped(address: &str) -> String {
    address.replace('{', "%7B").replace('}', "%7D")
}

fn described(channel: &Channel<'_>) -> Node {
    let to = |name: &str| reference(&format!("#/components/messages/{name}"));
    let (summary, message) = match &channel.carries {
        Carries::Changes(schema) => ("Changes of records", to(schema.name())),
        Carries::Event(event, schema) => (&*event.label, to(schema.name())),
        Carries::Several(names) => {
            let one_of = list(names.iter().map(|name| to(name)));
            ("Several events", map([("oneOf", one_of)]))
        }
        Carries::Records(_) => ("Records that a query selects", to(&message_of(channel))),
        Carries::Texts => ("Texts that are pushed", to("GenericEvent")),
    };
    let id: String = channel
        .address
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '_'
            }
        })
        .collect();
    let subscribe = map([
        ("operationId", text(format!("receive{id}"))),
        ("summary", text(summary)),
        ("message", message),
    ]);
    map([("subscribe", subscribe)])
}

/// The message of a `PushTopic` has its fields: it is of that topic alone.
fn message_of(channel: &Channel<'_>) -> String {
    let name = channel.address.rsplit('/').next().unwrap_or_default();
    let name: String = name
        .chars()
        .map(|char| {
            if char.is_ascii_alphanumeric() {
                char
            } else {
                '_'
            }
        })
        .collect();
    format!("PushTopic_{name}")
}

/// Messages and their schemas, each once.
fn components(org: &Org<'_>) -> (Node, Node) {
    let mut messages: Vec<(String, Node)> = Vec::new();
    let mut schemas = Vec::new();
    let mut has_texts = false;
    for channel in &org.channels {
        let (name, title, schema) = match &channel.carries {
            Carries::Changes(schema) => (schema.name().to_owned(), schema.name(), message(schema)),
            Carries::Event(event, schema) => {
                (schema.name().to_owned(), &*event.label, message(schema))
            }
            Carries::Records(object) => (message_of(channel), *object, notification()),
            Carries::Texts if !has_texts => {
                has_texts = true;
                ("GenericEvent".to_owned(), "Generic event", generic())
            }
            Carries::Texts | Carries::Several(_) => continue,
        };
        if messages.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let message = map([
            ("name", text(&*name)),
            ("title", text(title)),
            ("contentType", text("application/json")),
            (
                "payload",
                reference(&format!("#/components/schemas/{name}")),
            ),
        ]);
        messages.push((name.clone(), message));
        schemas.push((name, schema));
    }
    (Node::Map(messages), Node::Map(schemas))
}

/// Source: "`PushTopic` Events" (Streaming API Developer Guide).
fn notification() -> Node {
    let kind = map([("type", text("string")), ("enum", texts(NOTIFICATIONS))]);
    let created = map([("type", text("string")), ("format", text("date-time"))]);
    let sobject = map([
        ("type", text("object")),
        ("properties", map([("Id", map([("type", text("string"))]))])),
    ]);
    envelope(
        &[],
        Some(("sobject", sobject)),
        map([("type", kind), ("createdDate", created)]),
    )
}

/// Source: "Generic Streaming" (Streaming API Developer Guide).
fn generic() -> Node {
    let created = map([("type", text("string")), ("format", text("date-time"))]);
    let payload = map([("type", text("string"))]);
    envelope(
        &[],
        Some(("payload", payload)),
        map([("createdDate", created)]),
    )
}

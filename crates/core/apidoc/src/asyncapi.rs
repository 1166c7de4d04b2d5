//! `AsyncAPI`: what can be subscribed to over the Streaming API.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use landfall_model::EntityDefinition;
use landfall_schema::EventSchema;

use crate::event::{envelope, message, selected};
use crate::node::{Node, list, map, reference, text, texts};
use crate::{Carries, Channel, Org};

/// What a `PushTopic` calls the kinds of changes.
/// Source: "`PushTopic` Events" (Streaming API Developer Guide).
const NOTIFICATIONS: [&str; 4] = ["created", "updated", "deleted", "undeleted"];

/// The `AsyncAPI` document of an org.
pub fn asyncapi(org: &Org<'_>) -> Node {
    let channels = org.channels.iter();
    let channels = channels.map(|channel| (template(&channel.address), described(channel)));
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

/// A channel whose name has marks in it, as a parameter that has one value.
struct Parameter<'c> {
    folder: &'c str,
    value: &'c str,
}

impl<'c> Parameter<'c> {
    /// None for an address that is a URI template already. Readers of documents disagree about percent signs in it.
    /// Source: "Channels Object", "Parameters Object" (`AsyncAPI` 2.6.0); RFC 3986, section 2.3.
    fn of(address: &'c str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if address.bytes().all(plain) {
            return None;
        }
        let (folder, value) = address.strip_prefix('/')?.split_once('/')?;
        Some(Self { folder, value })
    }

    /// No two values have the same.
    fn name(&self) -> String {
        spelled(self.value, '_', b"")
    }
}

fn template(address: &str) -> String {
    Parameter::of(address).map_or_else(
        || address.to_owned(),
        |parameter| format!("/{}/{{{}}}", parameter.folder, parameter.name()),
    )
}

/// An address in characters that names of components may have; no two come to the same.
/// Source: "Components Object" (`AsyncAPI` 2.6.0).
fn identifier(address: &str) -> String {
    spelled(address.trim_start_matches('/'), '-', b"_/").replace('/', ".")
}

/// A text with the codes of all bytes that are neither letters, digits nor among `kept`.
fn spelled(text: &str, mark: char, kept: &[u8]) -> String {
    let mut spelled = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            spelled.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(spelled, "{mark}{byte:02X}");
        }
    }
    spelled
}

fn described(channel: &Channel<'_>) -> Node {
    let to = |name: &str| reference(&format!("#/components/messages/{name}"));
    let (summary, message) = match &channel.carries {
        Carries::Changes(_, schema) => ("Changes of records", to(schema.name())),
        Carries::Event(event, schema) => (&*event.label, to(schema.name())),
        Carries::Several(names) => {
            let one_of = list(names.iter().map(|name| to(name)));
            ("Several events", map([("oneOf", one_of)]))
        }
        Carries::Records(..) => ("Records that a query selects", to(&message_of(channel))),
        Carries::Texts => ("Texts that are pushed", to(GENERIC)),
    };
    let id = format!("receive.{}", identifier(&channel.address));
    let subscribe = map([
        ("operationId", text(id)),
        ("summary", text(summary)),
        ("message", message),
    ]);
    let described = map([("subscribe", subscribe)]);
    let Some(parameter) = Parameter::of(&channel.address) else {
        return described;
    };
    let value = map([("type", text("string")), ("const", text(parameter.value))]);
    let parameters = map([(&*parameter.name(), map([("schema", value)]))]);
    described.with("parameters", parameters)
}

/// The message of a `PushTopic` has its fields: it is of that topic alone. No event has a dot in its name.
fn message_of(channel: &Channel<'_>) -> String {
    identifier(&channel.address)
}

/// The message of all generic channels.
const GENERIC: &str = "GenericEvent";

/// Messages and their schemas, each once.
fn components(org: &Org<'_>) -> (Node, Node) {
    let mut messages: Vec<(String, Node)> = Vec::new();
    let mut schemas = Vec::new();
    let mut known = BTreeSet::new();
    for channel in &org.channels {
        let (name, title) = match &channel.carries {
            Carries::Changes(_, schema) => (schema.name().to_owned(), schema.name()),
            Carries::Event(event, schema) => (schema.name().to_owned(), &*event.label),
            Carries::Records(entity, _) => (message_of(channel), &*entity.label),
            Carries::Texts => (GENERIC.to_owned(), "Generic event"),
            Carries::Several(_) => continue,
        };
        if !known.insert(name.clone()) {
            continue;
        }
        let schema = match &channel.carries {
            Carries::Changes(entity, schema) => message(Some(entity), schema),
            Carries::Event(_, schema) => message(None, schema),
            Carries::Records(entity, schema) => notification(entity, schema),
            Carries::Texts => generic(),
            Carries::Several(_) => continue,
        };
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
fn notification(entity: &EntityDefinition, schema: &EventSchema) -> Node {
    let kind = map([("type", text("string")), ("enum", texts(NOTIFICATIONS))]);
    envelope(
        vec![("sobject", selected(entity, schema))],
        vec![("createdDate", created()), ("type", kind)],
        Vec::new(),
    )
}

/// Source: "Generic Streaming" (Streaming API Developer Guide).
fn generic() -> Node {
    let payload = map([("type", text("string"))]);
    envelope(
        vec![("payload", payload)],
        vec![("createdDate", created())],
        Vec::new(),
    )
}

fn created() -> Node {
    map([("type", text("string")), ("format", text("date-time"))])
}

//! A small JSON interface that is the same in every org: its calls as they are declared, and their `OpenAPI` document.
//!
//! Who serves the calls checks requests by the same declarations. Start reading at [`interface`].

use crate::node::{Node, list, map, reference, text, texts};
use crate::resource::Parameter;

/// An interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface<'i> {
    /// Its name.
    pub title: &'i str,
    /// What it is for.
    pub description: &'i str,
    /// Its own version.
    pub version: &'i str,
    /// Where its paths begin.
    pub base: &'i str,
    /// In the order of the document.
    pub calls: &'i [Call],
    /// Calls that answer with server-sent events.
    pub streams: &'i [Call],
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// In lower case: `get`.
    pub method: &'static str,
    /// Below the base, without a slash at the beginning; parameters in braces.
    pub path: &'static str,
    /// Different for every call.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Of the path and of the query string.
    pub parameters: &'static [Parameter],
    /// The members of its body; none: there is no body.
    pub reads: &'static [Member],
    /// Its status when it has succeeded.
    pub status: u16,
    /// The members of its answer; none: there is no body.
    pub answers: &'static [Member],
    /// What it is refused with, besides what any call is.
    pub refusals: &'static [(u16, &'static str)],
}

/// A member of a body or of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether it is always there.
    pub required: bool,
    /// What it means.
    pub description: &'static str,
}

impl Member {
    /// One that is always there.
    pub const fn required(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            required: true,
            description,
        }
    }

    /// One that may be left out.
    pub const fn optional(name: &'static str, kind: Kind, description: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            description,
        }
    }
}

/// The value of a member.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A point in time: `2026-11-22T12:00:00.000Z`.
    Time,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// An object with these members.
    Object(&'static [Member]),
    /// An object with any members.
    AnyObject,
    /// A list of texts.
    Texts,
    /// A list of objects with these members.
    List(&'static [Member]),
}

/// The errors that any call can have.
const ANY: [(u16, &str); 4] = [
    (
        400,
        "The request cannot be understood, or a value is refused",
    ),
    (404, "There is no such resource, or no such org"),
    (413, "The body is too large"),
    (503, "The org takes no requests at the moment"),
];

/// The members of the error in the body of a refusal.
const ERROR: [Member; 2] = [
    Member {
        name: "code",
        kind: Kind::Text,
        required: true,
        description: "What went wrong, for programs",
    },
    Member {
        name: "message",
        kind: Kind::Text,
        required: true,
        description: "What went wrong, for people",
    },
];

/// The `OpenAPI` document of an interface.
pub fn interface(interface: &Interface<'_>) -> Node {
    let mut paths: Vec<(String, Node)> = Vec::new();
    let calls = interface.calls.iter().map(|call| (call, None));
    let streams = interface.streams.iter();
    for (call, content) in calls.chain(streams.map(|call| (call, Some(events())))) {
        let path = format!("/{}", call.path);
        let operation = (call.method.to_owned(), operation(call, content));
        match paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, Node::Map(operations))) => operations.push(operation),
            _ => paths.push((path, Node::Map(vec![operation]))),
        }
    }
    let error = map([
        ("type", text("object")),
        ("properties", map([("error", object(&ERROR))])),
        ("required", texts(["error"])),
        ("additionalProperties", Node::Bool(false)),
    ]);
    map([
        ("openapi", text("3.1.0")),
        (
            "info",
            map([
                ("title", text(interface.title)),
                ("version", text(interface.version)),
                ("description", text(interface.description)),
            ]),
        ),
        ("servers", list([map([("url", text(interface.base))])])),
        ("paths", Node::Map(paths)),
        (
            "components",
            map([("schemas", map([("ErrorResponse", error)]))]),
        ),
    ])
}

/// Source: "Server-sent events" (HTML Living Standard).
fn events() -> Node {
    let schema = map([("type", text("string"))]);
    map([("text/event-stream", map([("schema", schema)]))])
}

/// A call, with the content of its answer if that is no object.
fn operation(call: &Call, content: Option<Node>) -> Node {
    let mut node = map([
        ("operationId", text(call.id)),
        ("summary", text(call.summary)),
    ]);
    if !call.parameters.is_empty() {
        let parameters = call.parameters.iter();
        node = node.with(
            "parameters",
            list(parameters.map(crate::openapi::parameter)),
        );
    }
    if !call.reads.is_empty() {
        let required = call.reads.iter().any(|member| member.required);
        let body = map([
            ("required", Node::Bool(required)),
            ("content", json(object(call.reads))),
        ]);
        node = node.with("requestBody", body);
    }
    let mut done = map([("description", text("Done"))]);
    if let Some(content) = content {
        done = done.with("content", content);
    } else if !call.answers.is_empty() {
        done = done.with("content", json(object(call.answers)));
    }
    let mut responses = vec![(call.status.to_string(), done)];
    let mut refusals: Vec<(u16, &str)> = [&ANY[..], call.refusals].concat();
    refusals.sort_by_key(|(status, _)| *status);
    for (status, description) in refusals {
        let refusal = map([
            ("description", text(description)),
            (
                "content",
                json(reference("#/components/schemas/ErrorResponse")),
            ),
        ]);
        responses.push((status.to_string(), refusal));
    }
    node.with("responses", Node::Map(responses))
}

fn object(members: &[Member]) -> Node {
    let properties = members.iter().map(|member| {
        let value = value(member.kind).with("description", text(member.description));
        (member.name, value)
    });
    let node = map([("type", text("object")), ("properties", map(properties))]);
    let required = members.iter().filter(|member| member.required);
    let required: Vec<&str> = required.map(|member| member.name).collect();
    let node = if required.is_empty() {
        node
    } else {
        node.with("required", texts(required))
    };
    node.with("additionalProperties", Node::Bool(false))
}

fn value(kind: Kind) -> Node {
    let plain = |name: &str| map([("type", text(name))]);
    match kind {
        Kind::Text => plain("string"),
        Kind::OneOf(values) => plain("string").with("enum", texts(values.iter().copied())),
        Kind::Time => plain("string").with("format", text("date-time")),
        Kind::Integer => plain("integer"),
        Kind::Boolean => plain("boolean"),
        Kind::Object(members) => object(members),
        Kind::AnyObject => plain("object"),
        Kind::Texts => plain("array").with("items", plain("string")),
        Kind::List(members) => plain("array").with("items", object(members)),
    }
}

fn json(schema: Node) -> Node {
    map([("application/json", map([("schema", schema)]))])
}

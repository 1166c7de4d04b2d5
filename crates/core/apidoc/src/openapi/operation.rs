//! One operation of the `OpenAPI` document, with everything that it can be answered with.

use crate::node::{Node, list, map, reference, text, texts};
use crate::resource::Parameter;

/// Errors, by status: the name of the response, and what it means.
/// Source: "Status Codes and Error Responses" (REST API Developer Guide).
const ERRORS: [(u16, &str, &str); 12] = [
    (304, "NotModified", "Nothing has changed since then"),
    (
        400,
        "BadRequest",
        "The request cannot be understood, or a value is refused",
    ),
    (401, "Unauthorized", "Authentication failed"),
    (
        403,
        "Forbidden",
        "The user may not do this, or an allocation is used up",
    ),
    (404, "NotFound", "Resource not found"),
    (
        405,
        "MethodNotAllowed",
        "The object does not take this method",
    ),
    (
        409,
        "Conflict",
        "The record is in another state than the request takes it to be",
    ),
    (
        412,
        "PreconditionFailed",
        "The record has changed since then",
    ),
    (413, "RequestTooLarge", "The body is too large"),
    (414, "TargetTooLong", "The address is too long"),
    (
        415,
        "UnsupportedMediaType",
        "The body is neither JSON nor anything else that is read here",
    ),
    (
        503,
        "Unavailable",
        "The org takes no requests at the moment",
    ),
];

/// Errors that any operation can have.
const ANY: [u16; 7] = [400, 401, 403, 404, 405, 414, 503];

/// The same for those with a body.
const OF_BODY: [u16; 3] = [409, 413, 415];

/// The same for those that can be made to depend on the time of the last change.
/// Source: "Conditional Requests" (REST API Developer Guide).
const CONDITIONAL: [u16; 2] = [304, 412];

/// An operation in the making.
pub(super) struct Builder {
    id: String,
    tag: String,
    summary: String,
    parameters: Vec<Node>,
    body: Option<Node>,
    responses: Vec<(String, Node)>,
    conditional: bool,
}

impl Builder {
    pub(super) fn new(id: &str, tag: &str, summary: &str) -> Self {
        Self {
            id: id.to_owned(),
            tag: tag.to_owned(),
            summary: summary.to_owned(),
            parameters: Vec::new(),
            body: None,
            responses: Vec::new(),
            conditional: false,
        }
    }

    pub(super) fn takes(mut self, parameters: impl IntoIterator<Item = Node>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    pub(super) fn reads(mut self, schema: Node) -> Self {
        self.body = Some(map([
            ("required", Node::Bool(true)),
            ("content", json(schema)),
        ]));
        self
    }

    pub(super) fn answers(mut self, status: u16, schema: Node) -> Self {
        let response = map([("description", text("Done")), ("content", json(schema))]);
        self.responses.push((status.to_string(), response));
        self
    }

    pub(super) fn answers_nothing(mut self, status: u16) -> Self {
        let response = map([("description", text("Done"))]);
        self.responses.push((status.to_string(), response));
        self
    }

    pub(super) const fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    pub(super) fn node(self) -> Node {
        let mut responses = self.responses;
        for (status, name, _) in ERRORS {
            let possible = ANY.contains(&status)
                || self.body.is_some() && OF_BODY.contains(&status)
                || self.conditional && CONDITIONAL.contains(&status);
            if possible {
                let response = reference(&format!("#/components/responses/{name}"));
                responses.push((status.to_string(), response));
            }
        }
        let mut node = map([
            ("operationId", text(self.id)),
            ("summary", text(self.summary)),
            ("tags", list([text(self.tag)])),
        ]);
        if !self.parameters.is_empty() {
            node = node.with("parameters", Node::List(self.parameters));
        }
        if let Some(body) = self.body {
            node = node.with("requestBody", body);
        }
        node.with("responses", Node::Map(responses))
    }
}

/// The responses that operations share.
pub(super) fn error_responses() -> Node {
    map(ERRORS.map(|(status, name, description)| {
        let response = map([("description", text(description))]);
        let has_body = !matches!(status, 304 | 412 | 414);
        let response = if has_body {
            response.with("content", json(super::schema("ErrorResponse")))
        } else {
            response
        };
        (name, response)
    }))
}

fn json(schema: Node) -> Node {
    map([("application/json", map([("schema", schema)]))])
}

/// A parameter that is a text.
pub(crate) fn parameter(parameter: &Parameter) -> Node {
    let text_schema = map([("type", text("string"))]);
    let schema = if parameter.values.is_empty() {
        text_schema
    } else {
        text_schema.with("enum", texts(parameter.values.iter().copied()))
    };
    let node = map([
        ("name", text(parameter.name)),
        ("in", text(parameter.location)),
        ("description", text(parameter.description)),
        ("schema", schema),
    ]);
    if parameter.required {
        node.with("required", Node::Bool(true))
    } else {
        node
    }
}

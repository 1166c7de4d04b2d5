//! `OpenAPI`: the REST resources, with the objects and events of the org.

mod operation;

use landfall_model::{EntityDefinition, PlatformEventDefinition};

use crate::node::{Node, list, map, reference, text, texts};
use crate::resource::{Described, Operation, PAYLOAD_FORMAT, Parameter, Resource, Shape};
use crate::{Org, record};
pub(crate) use operation::parameter;
use operation::{Builder, error_responses};

/// The `OpenAPI` document of an org.
pub fn openapi(org: &Org<'_>) -> Node {
    let mut schemas = shared_schemas();
    for entity in org.catalog.entities() {
        schemas.push((entity.name.to_string(), record::record(entity)));
    }
    for event in org.catalog.platform_events() {
        schemas.push((event.name.to_string(), record::publication(event)));
    }
    let server = format!("{}/services/data/v{}", org.base_url, org.version);
    map([
        ("openapi", text("3.1.0")),
        (
            "info",
            map([
                ("title", text("REST API of this org")),
                ("version", text(org.version)),
                (
                    "description",
                    text(
                        "Records, queries, events and their schemas, made from the definitions of the org.",
                    ),
                ),
            ]),
        ),
        ("servers", list([map([("url", text(server))])])),
        (
            "security",
            list([map([("oauth2", list([]))]), map([("bearerAuth", list([]))])]),
        ),
        ("paths", Node::Map(paths(org))),
        (
            "components",
            map([
                ("schemas", Node::Map(schemas)),
                ("responses", error_responses()),
                ("securitySchemes", security(org)),
            ]),
        ),
    ])
}

fn security(org: &Org<'_>) -> Node {
    let at = |path: &str| text(format!("{}/services/oauth2/{path}", org.base_url));
    let flow = map([
        ("authorizationUrl", at("authorize")),
        ("tokenUrl", at("token")),
        ("scopes", map([("api", text("Access and manage data"))])),
    ]);
    map([
        (
            "oauth2",
            map([
                ("type", text("oauth2")),
                ("flows", map([("authorizationCode", flow)])),
            ]),
        ),
        (
            "bearerAuth",
            map([("type", text("http")), ("scheme", text("bearer"))]),
        ),
    ])
}

/// The paths of the resources that the API declares, then of those of each object.
fn paths(org: &Org<'_>) -> Vec<(String, Node)> {
    let mut paths = Vec::new();
    for resource in org.resources {
        if let Described::Fixed(operations) = resource.described
            && !operations.is_empty()
        {
            let operations = operations.iter();
            let operations =
                operations.map(|operation| (operation.method.to_owned(), fixed(operation)));
            paths.push((
                format!("/{}", resource.path),
                Node::Map(operations.collect()),
            ));
        }
    }
    for resource in org.resources {
        of_objects(org, resource, &mut paths);
    }
    paths
}

/// An operation that is the same in every org.
fn fixed(operation: &Operation) -> Node {
    let builder = Builder::new(operation.id, operation.tag, operation.summary)
        .takes(operation.parameters.iter().map(parameter));
    let builder = match operation.reads {
        Some(list) => builder.reads(map([
            ("type", text("object")),
            ("properties", map([(list, any_list())])),
            ("required", texts([list])),
        ])),
        None => builder,
    };
    let answer = match operation.answers {
        Shape::Object => any(),
        Shape::List => any_list(),
        Shape::QueryResult => schema("QueryResult"),
    };
    builder.answers(200, answer).node()
}

/// The paths of a resource that each object has. Change events differ by name alone: they have one path together.
fn of_objects(org: &Org<'_>, resource: &Resource, paths: &mut Vec<(String, Node)>) {
    let (objects, events) = (org.catalog.entities(), org.catalog.platform_events());
    let path = |name: &str| {
        let (before, after) = resource.path.split_once('{').unwrap_or((resource.path, ""));
        let (_, after) = after.split_once('}').unwrap_or(("", after));
        format!("/{before}{name}{after}")
    };
    let mut add = |name: &str, node: Node| paths.push((path(name), node));
    match resource.described {
        Described::Fixed(_) => {}
        Described::Object => {
            for entity in objects {
                add(entity.name.as_str(), object(entity));
            }
            for event in events {
                add(event.name.as_str(), publication(event));
            }
            let summary = ("describeChangeEvent", "A change event in short");
            change_events(org, summary, &mut add);
        }
        Described::Describe => {
            let names = objects.iter().map(|entity| entity.name.as_str());
            for name in names.chain(events.iter().map(|event| event.name.as_str())) {
                add(name, describe(name));
            }
            let summary = ("describeChangeEventFull", "All about a change event");
            change_events(org, summary, &mut add);
        }
        Described::EventSchema => {
            for event in events {
                let name = event.name.as_str();
                let schema = event_schema(&format!("schemaOf{name}"), Vec::new());
                add(name, map([("get", schema)]));
            }
            if let Some(name) = change_event_name(org) {
                let schema = event_schema("getChangeEventSchema", vec![name]);
                add(CHANGE_EVENT, map([("get", schema)]));
            }
        }
        Described::Row => {
            for entity in objects {
                add(entity.name.as_str(), row(entity));
            }
        }
    }
}

/// The parameter that stands for the change event objects.
const CHANGE_EVENT: &str = "{changeEventName}";

fn change_event_name(org: &Org<'_>) -> Option<Node> {
    let entities = org.catalog.entities().iter();
    let names = entities.filter_map(|entity| entity.change_event.as_ref());
    let names: Vec<&str> = names.map(|event| event.name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let one_of = map([("type", text("string")), ("enum", texts(names))]);
    Some(map([
        ("name", text("changeEventName")),
        ("in", text("path")),
        ("required", Node::Bool(true)),
        ("description", text("The object of a change event")),
        ("schema", one_of),
    ]))
}

/// A read of what all change events have.
fn change_events(org: &Org<'_>, (id, summary): (&str, &str), add: &mut impl FnMut(&str, Node)) {
    if let Some(name) = change_event_name(org) {
        let get = Builder::new(id, "Change Events", summary).takes([name]);
        let get = get.answers(200, any()).node();
        add(CHANGE_EVENT, map([("get", get)]));
    }
}

fn event_schema(id: &str, parameters: Vec<Node>) -> Node {
    Builder::new(id, "Event Schema", "The Avro schema of an event")
        .takes(parameters.into_iter().chain([parameter(&PAYLOAD_FORMAT)]))
        .answers(200, any())
        .node()
}

fn describe(name: &str) -> Node {
    let id = format!("describe{name}");
    let operation = Builder::new(&id, name, "All about the object").answers(200, any());
    map([("get", operation.node())])
}

/// An object: what it is, and new records.
fn object(entity: &EntityDefinition) -> Node {
    let name = entity.name.as_str();
    let basic =
        Builder::new(&format!("basic{name}"), name, "The object in short").answers(200, any());
    let mut node = map([("get", basic.node())]);
    if entity.capabilities.createable {
        let body = match record::required(entity) {
            fields if fields.is_empty() => schema(name),
            fields => map([(
                "allOf",
                list([schema(name), map([("required", texts(fields))])]),
            )]),
        };
        let create = Builder::new(&format!("create{name}"), name, "A new record")
            .reads(body)
            .answers(201, schema("SaveResult"));
        node = node.with("post", create.node());
    }
    node
}

/// The fields of a record that are read.
const FIELDS: Parameter = Parameter::in_query("fields", "Names of fields, separated by commas");

/// One record.
fn row(entity: &EntityDefinition) -> Node {
    let name = entity.name.as_str();
    let id = || {
        let of = map([
            ("type", text("string")),
            ("pattern", text("^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")),
        ]);
        map([
            ("name", text("id")),
            ("in", text("path")),
            ("required", Node::Bool(true)),
            ("schema", of),
        ])
    };
    let read = Builder::new(&format!("read{name}"), name, "A record")
        .takes([id(), parameter(&FIELDS)])
        .answers(200, schema(name))
        .conditional();
    let mut node = map([("get", read.node())]);
    if entity.capabilities.updateable {
        let update = Builder::new(&format!("update{name}"), name, "Other values of a record")
            .takes([id()])
            .reads(schema(name))
            .answers_nothing(204)
            .conditional();
        node = node.with("patch", update.node());
    }
    if entity.capabilities.deletable {
        let delete = Builder::new(&format!("delete{name}"), name, "To the recycle bin")
            .takes([id()])
            .answers_nothing(204)
            .conditional();
        node = node.with("delete", delete.node());
    }
    node
}

/// A platform event: what it is, and publishing.
fn publication(event: &PlatformEventDefinition) -> Node {
    let name = event.name.as_str();
    let basic =
        Builder::new(&format!("basic{name}"), name, "The event in short").answers(200, any());
    let node = map([("get", basic.node())]);
    if event.standard.is_some() {
        return node;
    }
    let publish = Builder::new(&format!("publish{name}"), name, "Publishes an event")
        .reads(schema(name))
        .answers(201, schema("SaveResult"));
    node.with("post", publish.node())
}

fn schema(name: &str) -> Node {
    reference(&format!("#/components/schemas/{name}"))
}

fn any() -> Node {
    map([("type", text("object"))])
}

fn any_list() -> Node {
    map([("type", text("array")), ("items", any())])
}

fn shared_schemas() -> Vec<(String, Node)> {
    let string = || map([("type", text("string"))]);
    let error = map([
        ("type", text("object")),
        (
            "properties",
            map([
                ("message", string()),
                ("errorCode", string()),
                (
                    "fields",
                    map([("type", text("array")), ("items", string())]),
                ),
            ]),
        ),
        ("required", texts(["message", "errorCode"])),
    ]);
    let errors = map([("type", text("array")), ("items", schema("ApiError"))]);
    let saved = map([
        ("type", text("object")),
        (
            "properties",
            map([
                ("id", string()),
                ("success", map([("type", text("boolean"))])),
                ("errors", any_list()),
            ]),
        ),
        ("required", texts(["id", "success", "errors"])),
    ]);
    let found = map([
        ("type", text("object")),
        (
            "properties",
            map([
                ("totalSize", map([("type", text("integer"))])),
                ("done", map([("type", text("boolean"))])),
                ("nextRecordsUrl", string()),
                ("records", any_list()),
            ]),
        ),
        ("required", texts(["totalSize", "done", "records"])),
    ]);
    vec![
        ("ApiError".to_owned(), error),
        ("ErrorResponse".to_owned(), errors),
        ("SaveResult".to_owned(), saved),
        ("QueryResult".to_owned(), found),
    ]
}

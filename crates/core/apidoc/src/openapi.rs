//! `OpenAPI`: the REST resources, with the objects and events of the org.

mod operation;

use landfall_model::{EntityDefinition, PlatformEventDefinition};

use crate::node::{Node, list, map, reference, text, texts};
use crate::{Org, record};
use operation::{Operation, error_responses, parameter, required};

/// The `OpenAPI` document of an org.
pub fn openapi(org: &Org<'_>) -> Node {
    let mut paths = resources(org);
    let mut schemas = shared_schemas();
    for entity in org.catalog.entities() {
        let name = entity.name.as_str();
        schemas.push((name.to_owned(), record::record(entity)));
        paths.push((format!("/sobjects/{name}"), object(entity)));
        paths.push((format!("/sobjects/{name}/describe"), describe(name)));
        paths.push((format!("/sobjects/{name}/{{id}}"), row(entity)));
    }
    for event in org.catalog.platform_events() {
        let name = event.name.as_str();
        schemas.push((name.to_owned(), record::publication(event)));
        paths.push((format!("/sobjects/{name}"), publication(event)));
        paths.push((format!("/sobjects/{name}/describe"), describe(name)));
        paths.push((
            format!("/sobjects/{name}/eventSchema"),
            map([("get", event_schema(&format!("schemaOf{name}"), Vec::new()))]),
        ));
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
        ("paths", Node::Map(paths)),
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

/// What does not depend on one object.
fn resources(org: &Org<'_>) -> Vec<(String, Node)> {
    let get = |operation: Operation| map([("get", operation.node())]);
    let plain =
        |id: &str, summary: &str| get(Operation::new(id, "Org", summary).answers(200, any()));
    let query = |id: &str, summary: &str| {
        let text = required(parameter("q", "query", "A SOQL query"));
        let operation = Operation::new(id, "Query", summary).takes([text]);
        get(operation.answers(200, schema("QueryResult")))
    };
    let locator = || required(parameter("locator", "path", "The end of nextRecordsUrl"));
    let page = |id: &str| {
        let operation = Operation::new(id, "Query", "The next page of a query").takes([locator()]);
        get(operation.answers(200, schema("QueryResult")))
    };
    let recent = Operation::new("recent", "Org", "Records that were changed last")
        .takes([parameter("limit", "query", "How many")])
        .answers(200, any_list());
    let counts = Operation::new("recordCount", "Org", "How many records there are")
        .takes([parameter(
            "sObjects",
            "query",
            "Objects, separated by commas",
        )])
        .answers(200, any());
    let schema_id = required(parameter("schemaId", "path", "The schema id of an event"));
    let mut paths = vec![
        ("/".to_owned(), plain("resources", "The resources")),
        (
            "/limits".to_owned(),
            plain("limits", "Allocations, and what is left of them"),
        ),
        ("/limits/recordCount".to_owned(), get(counts)),
        ("/recent".to_owned(), get(recent)),
        ("/sobjects".to_owned(), plain("sobjects", "All objects")),
        (
            "/query".to_owned(),
            query("query", "Records that a query finds"),
        ),
        ("/query/{locator}".to_owned(), page("queryMore")),
        (
            "/queryAll".to_owned(),
            query("queryAll", "The same with deleted records"),
        ),
        ("/queryAll/{locator}".to_owned(), page("queryAllMore")),
        (
            "/event/eventSchema/{schemaId}".to_owned(),
            map([("get", event_schema("getEventSchemaById", vec![schema_id]))]),
        ),
    ];
    paths.extend(composite());
    paths.extend(change_events(org));
    paths
}

/// What consists of several requests.
fn composite() -> Vec<(String, Node)> {
    let post = |id: &str, summary: &str, body: Node, answer: Node| {
        let operation = Operation::new(id, "Composite", summary).reads(body);
        map([("post", operation.answers(200, answer).node())])
    };
    let requests = |name: &str| {
        map([
            ("type", text("object")),
            ("properties", map([(name, any_list())])),
            ("required", texts([name])),
        ])
    };
    vec![
        (
            "/composite".to_owned(),
            post(
                "composite",
                "Requests that refer to each other",
                requests("compositeRequest"),
                any(),
            ),
        ),
        (
            "/composite/batch".to_owned(),
            post(
                "batch",
                "Requests of their own",
                requests("batchRequests"),
                any(),
            ),
        ),
        (
            "/composite/sobjects".to_owned(),
            post(
                "createRecords",
                "New records",
                requests("records"),
                any_list(),
            ),
        ),
    ]
}

/// The describes and schemas of change events, which differ by name alone.
fn change_events(org: &Org<'_>) -> Vec<(String, Node)> {
    let entities = org.catalog.entities().iter();
    let names = entities.filter_map(|entity| entity.change_event.as_ref());
    let names: Vec<&str> = names.map(|event| event.name.as_str()).collect();
    if names.is_empty() {
        return Vec::new();
    }
    let name = || {
        let one_of = map([
            ("type", text("string")),
            ("enum", texts(names.iter().copied())),
        ]);
        map([
            ("name", text("changeEventName")),
            ("in", text("path")),
            ("required", Node::Bool(true)),
            ("description", text("The object of a change event")),
            ("schema", one_of),
        ])
    };
    let get = |id: &str, summary: &str| {
        let operation = Operation::new(id, "Change Events", summary).takes([name()]);
        map([("get", operation.answers(200, any()).node())])
    };
    let below = |rest: &str| format!("/sobjects/{{changeEventName}}{rest}");
    vec![
        (
            below(""),
            get("describeChangeEvent", "A change event in short"),
        ),
        (
            below("/describe"),
            get("describeChangeEventFull", "All about a change event"),
        ),
        (
            below("/eventSchema"),
            map([("get", event_schema("getChangeEventSchema", vec![name()]))]),
        ),
    ]
}

fn event_schema(id: &str, parameters: Vec<Node>) -> Node {
    let formats = map([
        ("type", text("string")),
        ("enum", texts(["EXPANDED", "COMPACT"])),
    ]);
    let format = map([
        ("name", text("payloadFormat")),
        ("in", text("query")),
        ("schema", formats),
    ]);
    Operation::new(id, "Event Schema", "The Avro schema of an event")
        .takes(parameters.into_iter().chain([format]))
        .answers(200, any())
        .node()
}

fn describe(name: &str) -> Node {
    let id = format!("describe{name}");
    let operation = Operation::new(&id, name, "All about the object").answers(200, any());
    map([("get", operation.node())])
}

/// An object: what it is, and new records.
fn object(entity: &EntityDefinition) -> Node {
    let name = entity.name.as_str();
    let basic =
        Operation::new(&format!("basic{name}"), name, "The object in short").answers(200, any());
    let mut node = map([("get", basic.node())]);
    if entity.capabilities.createable {
        let body = match record::required(entity) {
            fields if fields.is_empty() => schema(name),
            fields => map([(
                "allOf",
                list([schema(name), map([("required", texts(fields))])]),
            )]),
        };
        let create = Operation::new(&format!("create{name}"), name, "A new record")
            .reads(body)
            .answers(201, schema("SaveResult"));
        node = node.with("post", create.node());
    }
    node
}

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
    let read = Operation::new(&format!("read{name}"), name, "A record")
        .takes([
            id(),
            parameter("fields", "query", "Names of fields, separated by commas"),
        ])
        .answers(200, schema(name))
        .conditional();
    let mut node = map([("get", read.node())]);
    if entity.capabilities.updateable {
        let update = Operation::new(&format!("update{name}"), name, "Other values of a record")
            .takes([id()])
            .reads(schema(name))
            .answers_nothing(204)
            .conditional();
        node = node.with("patch", update.node());
    }
    if entity.capabilities.deletable {
        let delete = Operation::new(&format!("delete{name}"), name, "To the recycle bin")
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
        Operation::new(&format!("basic{name}"), name, "The event in short").answers(200, any());
    let node = map([("get", basic.node())]);
    if event.standard.is_some() {
        return node;
    }
    let publish = Operation::new(&format!("publish{name}"), name, "Publishes an event")
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

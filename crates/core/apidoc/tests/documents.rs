//! The documents of an org as it is shipped. Whether they are valid is for the peers to say.

use std::collections::{BTreeMap, BTreeSet};

use landfall_apidoc::{
    Carries, Channel, Described, Node, Operation, Org, Parameter, Resource, Shape, asyncapi,
    event_schema, openapi,
};
use landfall_model::{Catalog, EntityDefinition};
use landfall_schema::EventSchema;
use serde_json::{Value, json};

fn catalog() -> Catalog {
    Catalog::new(landfall_standard::entities().expect("shipped objects"))
}

fn account(catalog: &Catalog) -> EventSchema {
    let entity = catalog.entity("Account").expect("shipped");
    EventSchema::of_change_event(entity).expect("a schema")
}

/// Resources of each kind.
const RESOURCES: &[Resource] = &[
    Resource {
        path: "query/{locator}",
        described: Described::Fixed(&[Operation {
            method: "get",
            id: "queryMore",
            tag: "Query",
            summary: "The next page of a query",
            parameters: &[Parameter::in_path("locator", "The end of nextRecordsUrl")],
            reads: None,
            answers: Shape::QueryResult,
        }]),
    },
    Resource {
        path: "search",
        described: Described::Fixed(&[]),
    },
    Resource {
        path: "sobjects/{object}",
        described: Described::Object,
    },
    Resource {
        path: "sobjects/{object}/describe",
        described: Described::Describe,
    },
    Resource {
        path: "sobjects/{event}/eventSchema",
        described: Described::EventSchema,
    },
    Resource {
        path: "sobjects/{records}/{id}",
        described: Described::Row,
    },
];

/// Of a topic that selects a few fields of accounts.
fn notification(catalog: &Catalog) -> EventSchema {
    let entity = catalog.entity("Account").expect("shipped");
    let place = |name| entity.index_of(name).expect("a field");
    let told = ["Id", "Name", "AnnualRevenue", "CreatedDate"].map(place);
    EventSchema::of_push_topic(entity, &told).expect("a schema")
}

fn org<'o>(
    catalog: &'o Catalog,
    account: &'o EventSchema,
    notification: &'o EventSchema,
) -> Org<'o> {
    let entity = catalog.entity("Account").expect("shipped");
    let channel = |address: &str, carries| Channel {
        address: address.to_owned(),
        carries,
    };
    Org {
        catalog,
        resources: RESOURCES,
        channels: vec![
            channel("/data/ChangeEvents", Carries::Several(vec![account.name()])),
            channel(
                "/data/AccountChangeEvent",
                Carries::Changes(entity, account),
            ),
            channel("/topic/Große {1}", Carries::Records(entity, notification)),
            channel("/topic/Gro_e_{1}", Carries::Records(entity, notification)),
            channel("/u/news/a", Carries::Texts),
            channel("/u/news_a", Carries::Texts),
        ],
        base_url: "https://localhost:7443",
        version: "67.0",
    }
}

/// Everything that a document refers to.
fn references(node: &Value, found: &mut BTreeSet<String>) {
    match node {
        Value::Object(members) => {
            if let Some(Value::String(to)) = members.get("$ref") {
                found.insert(to.clone());
            }
            members.values().for_each(|node| references(node, found));
        }
        Value::Array(nodes) => nodes.iter().for_each(|node| references(node, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let catalog = catalog();
    let (account, notification) = (account(&catalog), notification(&catalog));
    let org = org(&catalog, &account, &notification);
    for document in [asyncapi(&org), openapi(&org)] {
        let document: Value = serde_json::from_str(&document.json()).expect("JSON");
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 3, "{found:?}");
        for to in found {
            let pointer = to.strip_prefix('#').expect("of this document");
            assert!(document.pointer(pointer).is_some(), "{to}");
        }
    }
}

#[test]
fn operations_have_names_of_their_own() {
    let catalog = catalog();
    let (account, notification) = (account(&catalog), notification(&catalog));
    let org = org(&catalog, &account, &notification);
    let document: Value = serde_json::from_str(&openapi(&org).json()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let operations = paths.values().filter_map(Value::as_object).flatten();
    let names: Vec<&str> = operations
        .filter_map(|(_, operation)| operation["operationId"].as_str())
        .collect();
    let different: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(names.len(), different.len());
    assert!(different.contains("createAccount"), "{different:?}");
}

#[test]
fn a_resource_is_in_the_document_as_it_is_declared() {
    let catalog = catalog();
    let (account, notification) = (account(&catalog), notification(&catalog));
    let org = org(&catalog, &account, &notification);
    let document: Value = serde_json::from_str(&openapi(&org).json()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    for path in [
        "/query/{locator}",
        "/sobjects/Account",
        "/sobjects/Account/describe",
        "/sobjects/Account/{id}",
        "/sobjects/{changeEventName}/eventSchema",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    assert!(!paths.contains_key("/search"));
    let more = &paths["/query/{locator}"]["get"];
    assert_eq!(more["operationId"], "queryMore");
    assert_eq!(more["parameters"][0]["required"], true);
}

#[test]
fn a_change_event_is_described_as_it_is_delivered() {
    let catalog = catalog();
    let schema: Node = event_schema(
        catalog.entity("Account").map(|entity| &**entity),
        &account(&catalog),
    );
    let schema: Value = serde_json::from_str(&schema.json()).expect("JSON");
    assert_eq!(schema["title"], "AccountChangeEvent");
    let payload = &schema["properties"]["data"]["properties"]["payload"];
    assert_eq!(
        payload["required"],
        serde_json::json!(["ChangeEventHeader"])
    );
    let kinds = &payload["properties"]["ChangeEventHeader"]["properties"]["changeType"]["enum"];
    assert_eq!(kinds[0], "CREATE");
    let street = &payload["properties"]["BillingAddress"]["properties"]["Street"];
    assert_eq!(street["type"], serde_json::json!(["string", "null"]));
}

fn streaming() -> Value {
    let catalog = catalog();
    let (account, notification) = (account(&catalog), notification(&catalog));
    let org = org(&catalog, &account, &notification);
    serde_json::from_str(&asyncapi(&org).json()).expect("JSON")
}

#[test]
fn a_push_topic_is_described_as_it_is_delivered() {
    let document = streaming();
    let channel = &document["channels"]["/topic/{Gro_C3_9Fe_20_7B1_7D}"];
    assert_eq!(
        channel["parameters"]["Gro_C3_9Fe_20_7B1_7D"]["schema"]["const"],
        "Große {1}"
    );
    let name = "topic.Gro-C3-9Fe-20-7B1-7D";
    let message = format!("#/components/messages/{name}");
    assert_eq!(channel["subscribe"]["message"]["$ref"], message);
    assert_eq!(document["components"]["messages"][name]["title"], "Account");
    let data = &document["components"]["schemas"][name]["properties"]["data"];
    assert_eq!(data["required"], json!(["sobject", "event"]));
    let record = &data["properties"]["sobject"];
    assert_eq!(record["required"], json!(["Id"]));
    let kinds: Vec<(&String, &Value)> = record["properties"]
        .as_object()
        .expect("fields")
        .iter()
        .map(|(name, field)| (name, &field["type"]))
        .collect();
    let number = json!(["number", "null"]);
    let nullable = json!(["string", "null"]);
    let expected = [
        ("AnnualRevenue", &number),
        ("CreatedDate", &nullable),
        ("Id", &json!("string")),
        ("Name", &nullable),
    ];
    assert_eq!(
        kinds
            .iter()
            .map(|(name, kind)| (name.as_str(), *kind))
            .collect::<BTreeMap<_, _>>(),
        BTreeMap::from(expected)
    );
    let event = &data["properties"]["event"];
    assert_eq!(
        event["required"],
        json!(["replayId", "createdDate", "type"])
    );
    assert_eq!(
        event["properties"]["type"]["enum"],
        json!(["created", "updated", "deleted", "undeleted"])
    );
}

#[test]
fn fields_that_may_not_be_read_are_not_described() {
    let catalog = catalog();
    let (account, notification) = (account(&catalog), notification(&catalog));
    let whole = catalog.entity("Account").expect("shipped");
    let fields = whole.fields.iter();
    let fields = fields.filter(|field| field.name.as_str() != "AnnualRevenue");
    let entity = EntityDefinition::new(
        whole.name.clone(),
        (whole.label.clone(), whole.label_plural.clone()),
        whole.key_prefix,
        whole.custom,
        whole.capabilities,
        fields.cloned().collect::<Vec<_>>(),
        Vec::new(),
        whole.change_event.clone().map(|mut event| {
            event.fields.retain(|name| name.as_str() != "AnnualRevenue");
            event
        }),
    );
    let mut org = org(&catalog, &account, &notification);
    let channel = |address: &str, carries| Channel {
        address: address.to_owned(),
        carries,
    };
    org.channels = vec![
        channel("/topic/Revenue", Carries::Records(&entity, &notification)),
        channel(
            "/data/AccountChangeEvent",
            Carries::Changes(&entity, &account),
        ),
    ];
    let schema = event_schema(Some(&entity), &account).yaml();
    for document in [asyncapi(&org).yaml(), schema] {
        assert!(!document.contains("AnnualRevenue"), "{document}");
        assert!(document.contains("CreatedDate"), "{document}");
        assert!(document.contains("ChangeEventHeader"), "{document}");
    }
}

#[test]
fn a_platform_event_may_contain_its_name() {
    let events = landfall_standard::platform_events().expect("shipped events");
    let schema = EventSchema::of_platform_event(&events[0]).expect("a schema");
    let document: Value = serde_json::from_str(&event_schema(None, &schema).json()).expect("JSON");
    let event = &document["properties"]["data"]["properties"]["event"];
    assert_eq!(event["required"], json!(["replayId", "EventUuid"]));
    let name = &event["properties"]["EventApiName"];
    assert_eq!(name["const"], events[0].name.as_str());
    let payload = &document["properties"]["data"]["properties"]["payload"];
    assert_eq!(payload["required"][0], "CreatedDate");
}

#[test]
fn channels_that_are_spelled_alike_stay_apart() {
    let document = streaming();
    let channels = document["channels"].as_object().expect("channels");
    assert_eq!(channels.len(), 6);
    let id = |channel: &Value| channel["subscribe"]["operationId"].clone();
    let ids: BTreeSet<String> = channels.values().map(|one| id(one).to_string()).collect();
    assert_eq!(ids.len(), 6, "{ids:?}");
    let generic = json!({"$ref": "#/components/messages/GenericEvent"});
    for address in ["/u/news/a", "/u/news_a"] {
        assert_eq!(channels[address]["subscribe"]["message"], generic);
    }
    let messages = document["components"]["messages"].as_object();
    assert_eq!(messages.expect("messages").len(), 4);
}

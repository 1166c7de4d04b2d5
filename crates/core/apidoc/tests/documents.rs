//! The documents of an org as it is shipped. Whether they are valid is for the peers to say.

use std::collections::BTreeSet;

use landfall_apidoc::{Carries, Channel, Node, Org, asyncapi, event_schema, openapi};
use landfall_model::Catalog;
use landfall_schema::EventSchema;
use serde_json::Value;

fn catalog() -> Catalog {
    Catalog::new(landfall_standard::entities().expect("shipped objects"))
}

fn account(catalog: &Catalog) -> EventSchema {
    let entity = catalog.entity("Account").expect("shipped");
    EventSchema::of_change_event(entity).expect("a schema")
}

fn org<'o>(catalog: &'o Catalog, account: &'o EventSchema) -> Org<'o> {
    let channel = |address: &str, carries| Channel {
        address: address.to_owned(),
        carries,
    };
    Org {
        catalog,
        channels: vec![
            channel("/data/ChangeEvents", Carries::Several(vec![account.name()])),
            channel("/data/AccountChangeEvent", Carries::Changes(account)),
            channel("/topic/Open cases", Carries::Records("Case")),
            channel("/u/news", Carries::Texts),
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
    let account = account(&catalog);
    let org = org(&catalog, &account);
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
    let account = account(&catalog);
    let document: Value =
        serde_json::from_str(&openapi(&org(&catalog, &account)).json()).expect("JSON");
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
fn a_change_event_is_described_as_it_is_delivered() {
    let catalog = catalog();
    let schema: Node = event_schema(&account(&catalog));
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

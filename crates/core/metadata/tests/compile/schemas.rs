//! Schema ids that are known, from metadata files.

use landfall_model::EntityDefinition;
use landfall_schema::EventSchema;

use crate::common::{
    compiled, custom_object, entity, field, file, names, object, platform_event, standard,
};

/// Source: "Platform Event Schema by Event Name" (REST API Developer Guide).
#[test]
fn the_documented_platform_event_has_the_documented_schema() {
    let fields = field(
        "Printer_Model__c",
        "Text",
        "<length>20</length><required>true</required>",
    ) + &field("Serial_Number__c", "Text", "<length>20</length>")
        + &field(
            "Ink_Percentage__c",
            "Number",
            "<precision>16</precision><scale>2</scale>",
        );
    let org = compiled(&[platform_event("Low_Ink__e", &fields)]);
    let event = org.platform_events.first().expect("one");
    let schema = EventSchema::of_platform_event(event).expect("a schema");
    assert_eq!(schema.id().to_string(), "5E5OtZj5_Gm6Vax9XMXH9A");
    assert_eq!(
        schema.compact_json(),
        concat!(
            r#"{"name":"Low_Ink__e","namespace":"com.sforce.eventbus","type":"record","fields":["#,
            r#"{"name":"CreatedDate","type":"long","doc":"CreatedDate:DateTime"},"#,
            r#"{"name":"CreatedById","type":"string","doc":"CreatedBy:EntityId"},"#,
            r#"{"name":"Printer_Model__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Serial_Number__c","type":["null","string"],"doc":"Data:Text","default":null},"#,
            r#"{"name":"Ink_Percentage__c","type":["null","double"],"doc":"Data:Double","default":null}"#,
            r#"],"uuid":"5E5OtZj5_Gm6Vax9XMXH9A"}"#
        )
    );
}

/// `Low_Ink__e` in source format; `entries` are in the object's file.
fn low_ink_in_source_format(entries: &str) -> String {
    let own = |name: &str, definition: &str| {
        let path = format!("objects/Low_Ink__e/fields/{name}.field-meta.xml");
        let body = format!("<fullName>{name}</fullName><label>L</label>{definition}");
        file(&path, "CustomField", &body)
    };
    let heading = format!("<label>L</label><eventType>HighVolume</eventType>{entries}");
    let org = compiled(&[
        own("Serial_Number__c", "<type>Text</type><length>20</length>"),
        file(
            "objects/Low_Ink__e/Low_Ink__e.object-meta.xml",
            "CustomObject",
            &heading,
        ),
        own(
            "Ink_Percentage__c",
            "<type>Number</type><precision>16</precision><scale>2</scale>",
        ),
        own(
            "Printer_Model__c",
            "<type>Text</type><length>20</length><required>true</required>",
        ),
    ]);
    let event = org.platform_events.first().expect("one");
    let schema = EventSchema::of_platform_event(event).expect("a schema");
    schema.id().to_string()
}

#[test]
fn the_objects_file_can_order_fields_that_have_files_of_their_own() {
    let entries = |names: [&str; 3]| {
        names
            .map(|name| format!("<fields><fullName>{name}</fullName></fields>"))
            .concat()
    };
    let documented = entries(["Printer_Model__c", "Serial_Number__c", "Ink_Percentage__c"]);
    assert_eq!(
        low_ink_in_source_format(&documented),
        "5E5OtZj5_Gm6Vax9XMXH9A"
    );
    // Without entries the order is that of the vendor's tools, by name.
    let by_name = entries(["Ink_Percentage__c", "Printer_Model__c", "Serial_Number__c"]);
    let id = low_ink_in_source_format("");
    assert_eq!(id, low_ink_in_source_format(&by_name));
    assert_ne!(id, "5E5OtZj5_Gm6Vax9XMXH9A");
}

#[test]
fn an_empty_project_leaves_the_shipped_schemas_alone() {
    let org = compiled(&[]);
    let account = EventSchema::of_change_event(entity(&org, "Account")).expect("a schema");
    assert_eq!(account.id().to_string(), "VPi2zuaq2uY5dgjgTXgqAA");
    assert_eq!(org.entities.len(), standard().len());
}

#[test]
fn a_changed_definition_changes_the_schema_id_and_a_changed_label_does_not() {
    let id = |fields: &str| {
        let org = compiled(&[custom_object("Trip__c", fields)]);
        let schema = EventSchema::of_change_event(entity(&org, "Trip__c")).expect("a schema");
        schema.id().to_string()
    };
    let one = field(
        "Days__c",
        "Number",
        "<precision>3</precision><scale>0</scale>",
    );
    assert_eq!(id(&one), id(&one.replace("<label>L<", "<label>Days<")));
    assert_ne!(id(&one), id(&one.replace("Days__c", "Nights__c")));
    assert_ne!(
        id(&one),
        id(&field("Days__c", "Text", "<length>3</length>"))
    );
    assert_eq!(
        id(""),
        id(&field("F__c", "Number", "<formula>1</formula>")),
        "a formula is not captured"
    );
}

#[test]
fn all_compounds_and_external_keys_fit_a_schema() {
    let fields = field("Home__c", "Address", "")
        + &field("Place__c", "Location", "<scale>3</scale>")
        + &field("Other__c", "Location", "<scale>3</scale>")
        + &field(
            "Out__c",
            "ExternalLookup",
            "<referenceTo>Order__x</referenceTo><length>20</length>",
        );
    let org = compiled(&[custom_object("Trip__c", &fields)]);
    let trip = entity(&org, "Trip__c");
    let schema = EventSchema::of_change_event(trip).expect("a schema");
    for part in [
        "Home__Street__s",
        "Home__CountryCode__s",
        "Home__Latitude__s",
        "Other__Longitude__s",
    ] {
        let index = trip.index_of(part).expect("a field");
        assert!(
            schema
                .slot_of(index)
                .is_some_and(|slot| slot.component.is_some()),
            "{part}"
        );
    }
    assert!(
        schema
            .avro_json()
            .contains(r#""doc":"ExternalForeignKey:ExternalId""#)
    );
}

#[test]
fn a_shipped_custom_field_that_is_declared_again_keeps_its_position() {
    let org = compiled(&[object(
        "Account",
        &field("SLA__c", "Location", "<scale>3</scale>"),
    )]);
    let account = entity(&org, "Account");
    let at = account.index_of("SLA__c").expect("a field");
    assert_eq!(
        names(account).get(at - 3..=at + 1),
        Some(
            &[
                "CustomerPriority__c",
                "SLA__Latitude__s",
                "SLA__Longitude__s",
                "SLA__c",
                "Active__c"
            ][..]
        )
    );
    let schema = EventSchema::of_change_event(account).expect("a schema");
    assert_eq!(schema.fields().len(), 43);
    assert!(schema.slot_of(at - 1).is_some());
}

#[test]
fn a_project_of_many_objects_is_compiled_at_once() {
    let fields: String = (0..50)
        .map(|number| field(&format!("F{number}__c"), "Text", "<length>20</length>"))
        .collect();
    let objects: Vec<_> = (0..200)
        .map(|number| custom_object(&format!("Thing{number}__c"), &fields))
        .collect();
    let org = compiled(&objects);
    let prefixes = |entities: &[EntityDefinition]| -> std::collections::BTreeSet<_> {
        entities.iter().map(|entity| entity.key_prefix).collect()
    };
    assert_eq!(
        prefixes(&org.entities).len(),
        prefixes(&standard()).len() + 200,
        "each has its own prefix"
    );
}

/// Source: Valeriyyy/SalesforceGRPC, `AccountChangeEvent.avsc` (2026), of an org with person accounts.
#[test]
fn the_account_event_of_an_org_with_person_accounts_has_its_schema() {
    let text = |name: &str| field(name, "Text", "<length>20</length>");
    let own = |name: &str, kind: &str| field(name, kind, "");
    let number = "<precision>18</precision><scale>2</scale>";
    let values = "<valueSet><valueSetDefinition><value><fullName>A</fullName><default>false</default>\
        <label>A</label></value></valueSetDefinition></valueSet>";
    let account = [
        own("Some_phone__c", "Phone"),
        field("Amount_Owed__c", "Currency", number),
        own("Some_Date_Time__c", "DateTime"),
        own("Some_Date__c", "Date"),
        own("Some_Email__c", "Email"),
        field(
            "Some_Geolocation__c",
            "Location",
            "<displayLocationInDecimal>true</displayLocationInDecimal><scale>5</scale>",
        ),
        field("Some_Number__c", "Number", number),
        field("Some_Percent__c", "Percent", number),
        field("Some_Picklist__c", "Picklist", values),
        field(
            "Some_Multipicklist__c",
            "MultiselectPicklist",
            &format!("{values}<visibleLines>4</visibleLines>"),
        ),
        text("Some_Text__c"),
        field(
            "Some_Rich_Text_Area__c",
            "Html",
            "<length>32768</length><visibleLines>10</visibleLines>",
        ),
        own("Some_Time__c", "Time"),
        own("Some_URL__c", "Url"),
        text("GUID__c"),
        field(
            "Some_Check_Box__c",
            "Checkbox",
            "<defaultValue>false</defaultValue>",
        ),
    ];
    let contact = ["Level__c", "Languages__c", "GUID__c"].map(text);
    let person = landfall_metadata::person_account_type();
    let org = compiled(&[
        object("Account", &account.concat()),
        object("Contact", &contact.concat()),
        person,
    ]);
    let account = entity(&org, "Account");
    let schema = EventSchema::of_change_event(account).expect("captured");
    assert_eq!(schema.id().to_string(), "i8wgJwwM-AVcDbFkbRl5Nw");
    let contact = entity(&org, "Contact");
    let captured = &contact.change_event.as_ref().expect("captured").fields;
    assert_eq!(captured[1].as_str(), "IsPersonAccount");
}

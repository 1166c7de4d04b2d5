//! Lookup filters.
//!
//! Source: "`LookupFilter`" (Metadata API Developer Guide).

use landfall_metadata::Org;
use landfall_model::FieldName;

use crate::common::{compiled, custom_object, field, field_of, lines};

fn item(field: &str, operation: &str, value: &str) -> String {
    let value = match value.strip_prefix("field:") {
        Some(name) => format!("<valueField>{name}</valueField>"),
        None => format!("<value>{value}</value>"),
    };
    format!(
        "<filterItems><field>{field}</field><operation>{operation}</operation>{value}</filterItems>"
    )
}

fn with(items: &[String], more: &str) -> Org {
    let filter = format!(
        "<lookupFilter><active>true</active>{}<isOptional>false</isOptional>{more}</lookupFilter>",
        items.concat()
    );
    let parent = [
        field("Open__c", "Checkbox", "<defaultValue>true</defaultValue>"),
        field(
            "Seats__c",
            "Number",
            "<precision>6</precision><scale>0</scale>",
        ),
        field("Day__c", "Date", ""),
        field("Note__c", "Text", "<length>20</length>"),
    ];
    let lookup = format!(
        "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName>{filter}"
    );
    let child =
        field("Trip__c", "Lookup", &lookup) + &field("Note__c", "Text", "<length>20</length>");
    compiled(&[
        custom_object("Trip__c", &parent.concat()),
        custom_object("Leg__c", &child),
    ])
}

#[test]
fn every_operation_becomes_a_condition() {
    let items = [
        item("Trip__c.Open__c", "equals", "True"),
        item("Trip__c.Open__c", "notEqual", "False"),
        item("Trip__c.Seats__c", "greaterOrEqual", "10"),
        item("Trip__c.Day__c", "lessThan", "2026-11-24"),
        item("Trip__c.Note__c", "equals", "A, \"B, C\", \\"),
        item("Trip__c.Note__c", "contains", "a"),
        item("Trip__c.Note__c", "startsWith", "a"),
        item("Trip__c.Note__c", "equals", "field:$Source.Note__c"),
        item("Trip__c.OwnerId", "equals", "field:$User.Id"),
        item("$Profile.Name", "notEqual", ""),
    ];
    let org = with(
        &items,
        "<booleanFilter>(1 AND 2) OR NOT 3 AND 4 AND 5 AND 6 AND 7 AND 8 AND 9 AND 10</booleanFilter>",
    );
    assert_eq!(lines(&org.warnings), "");
    let filter = org.lookup_filters.first().expect("a filter");
    let sources: Vec<&str> = filter.sources.iter().map(FieldName::as_str).collect();
    assert_eq!(sources, ["Note__c"]);
    assert_eq!(
        filter.message,
        "Value does not exist or does not match filter criteria."
    );
    let info = field_of(&org, "Leg__c", "Trip__c").lookup_filter.as_ref();
    assert!(info.is_some_and(|info| !info.optional && info.controlling_fields.len() == 1));
}

#[test]
fn the_type_of_the_record_itself_can_decide() {
    let parent = field("Note__c", "Text", "<length>20</length>");
    let filter = |items: &[String]| {
        format!(
            "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName><lookupFilter><active>true\
             </active>{}<isOptional>false</isOptional></lookupFilter>",
            items.concat()
        )
    };
    let items = [
        item("$RecordType.DeveloperName", "equals", "Sea"),
        item("Trip__c.Note__c", "equals", "field:$RecordType.Name"),
    ];
    let types = "<recordTypes><fullName>Sea</fullName><active>true</active><label>Sea</label></recordTypes>";
    let org = compiled(&[
        custom_object("Trip__c", &parent),
        custom_object(
            "Leg__c",
            &(field("Trip__c", "Lookup", &filter(&items)) + types),
        ),
    ]);
    assert_eq!(lines(&org.warnings), "");
    let filter = org.lookup_filters.first().expect("a filter");
    let sources: Vec<&str> = filter.sources.iter().map(FieldName::as_str).collect();
    assert_eq!(sources, ["RecordTypeId"]);
}

#[test]
fn what_cannot_be_checked_is_a_warning() {
    for (field, operation, value, more, reason) in [
        (
            "Trip__c.Nope__c",
            "equals",
            "x",
            "",
            "Trip__c.Nope__c is not here",
        ),
        (
            "Leg__c.Note__c",
            "equals",
            "x",
            "",
            "Leg__c.Note__c is not here",
        ),
        (
            "Trip__c.Seats__c",
            "lessThan",
            "many",
            "",
            "many is no number",
        ),
        (
            "Trip__c.Note__c",
            "within",
            "1",
            "",
            "distances are not compared",
        ),
        (
            "Trip__c.Note__c",
            "equals",
            "x",
            "<booleanFilter>1 AND 2</booleanFilter>",
            "there is no item 2",
        ),
    ] {
        let org = with(&[item(field, operation, value)], more);
        assert_eq!(
            lines(&org.warnings),
            format!(
                "objects/Leg__c.object:3: the lookup filter of Leg__c.Trip__c is not checked: {reason}"
            )
        );
        assert!(org.lookup_filters.is_empty());
    }
}

#[test]
fn only_filters_that_are_active_and_not_optional_are_checked() {
    let items = [item("Trip__c.Note__c", "equals", "x")];
    let body = |active: bool, optional: bool| {
        let filter = format!(
            "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName><lookupFilter><active>{active}\
             </active>{}<isOptional>{optional}</isOptional></lookupFilter>",
            items.concat()
        );
        let note = field("Note__c", "Text", "<length>20</length>");
        compiled(&[
            custom_object("Trip__c", &note),
            custom_object("Leg__c", &field("Trip__c", "Lookup", &filter)),
        ])
    };
    assert_eq!(body(true, false).lookup_filters.len(), 1);
    assert_eq!(body(false, false).lookup_filters.len(), 0);
    let optional = body(true, true);
    assert_eq!(optional.lookup_filters.len(), 0);
    let info = field_of(&optional, "Leg__c", "Trip__c")
        .lookup_filter
        .as_ref();
    assert!(info.is_some_and(|info| info.optional));
}

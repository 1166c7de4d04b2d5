//! Queues and public groups: what is read, and what is left out with a warning.
//!
//! Source: "Queue", "Group" (Metadata API Developer Guide).

use landfall_metadata::Kind;
use landfall_model::EntityName;

use crate::common::{compiled, custom_object, file, lines};

#[test]
fn a_queue_serves_the_objects_that_are_here() {
    let body = "<name>Help</name><queueSobject><sobjectType>Case</sobjectType></queueSobject>\n\
        <queueSobject><sobjectType>trip__c</sobjectType></queueSobject>\n\
        <queueSobject><sobjectType>Gone__c</sobjectType></queueSobject>\n\
        <queueMembers><users><user>ada@example.com</user></users></queueMembers>";
    let org = compiled(&[
        custom_object("Trip__c", ""),
        file("queues/Help.queue-meta.xml", "Queue", body),
        file("groups/Crew.group-meta.xml", "Group", "<name>Crew</name>"),
    ]);
    let [help, crew] = org.groups.as_slice() else {
        panic!("{:?}", org.groups);
    };
    assert_eq!((help.kind, crew.kind), (Kind::Queue, Kind::Group));
    let served: Vec<&str> = help.objects.iter().map(EntityName::as_str).collect();
    assert_eq!(served, ["Case", "Trip__c"]);
    assert_eq!(
        lines(&org.inapplicable),
        "queues/Help.queue-meta.xml:4: In field: queueSobject - no CustomObject named Gone__c found"
    );
    assert_eq!(
        lines(&org.warnings),
        "queues/Help.queue-meta.xml:1: the members of the queue Help are left out"
    );
}

#[test]
fn a_queue_has_a_label_and_a_developer_name() {
    let unnamed = compiled(&[file("queues/Help.queue-meta.xml", "Queue", "")]);
    assert!(lines(&unnamed.inapplicable).contains("Required field is missing: name"));
    let labels: Vec<&str> = unnamed
        .groups
        .iter()
        .map(|group| group.label.as_str())
        .collect();
    assert_eq!(labels, ["Help"]);
    let org = compiled(&[file(
        "queues/Help Desk.queue-meta.xml",
        "Queue",
        "<name>Help</name>",
    )]);
    assert!(org.groups.is_empty());
    assert!(lines(&org.inapplicable).contains("The name 'Help Desk' must begin with a letter"));
}

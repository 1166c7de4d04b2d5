//! Record types and business processes: what is read, and what is left out with a warning.
//!
//! Source: "`RecordType`", "`BusinessProcess`" (Metadata API Developer Guide); the texts of recorded deployments.

use crate::common::{compiled, custom_object, field, file, lines, object};

fn picklist(name: &str, values: &[&str]) -> String {
    let values = values
        .iter()
        .map(|value| format!("<value><fullName>{value}</fullName></value>"));
    let values: String = values.collect();
    let set = format!("<valueSet><valueSetDefinition>{values}</valueSetDefinition></valueSet>");
    field(name, "Picklist", &set)
}

#[test]
fn a_type_offers_the_values_of_its_object_and_no_others() {
    let offered = "<picklistValues><picklist>Way__c</picklist>\
        <values><fullName>To%2FFrom</fullName><default>true</default></values>\
        <values><fullName>Gone</fullName></values></picklistValues>\
        <picklistValues><picklist>Nope__c</picklist></picklistValues>";
    let types = format!(
        "<recordTypes><fullName>Long</fullName><active>true</active><label>Long</label>{offered}</recordTypes>"
    );
    let org = compiled(&[custom_object(
        "Trip__c",
        &(picklist("Way__c", &["To/From", "Past"]) + &types),
    )]);
    let long = org.record_types.first().expect("a type");
    let subset = long.picklists.first().expect("a picklist");
    assert_eq!(subset.values, ["To/From"]);
    assert_eq!(subset.default.as_deref(), Some("To/From"));
    assert_eq!(long.picklists.len(), 1);
    let warnings = lines(&org.inapplicable);
    for expected in [
        "Picklist value: Gone in picklist: Way__c not found",
        "In field: picklist - no CustomField named Trip__c.Nope__c found",
    ] {
        assert!(warnings.contains(expected), "{warnings}");
    }
}

#[test]
fn the_salutation_goes_by_the_name_of_the_person() {
    let types = "<recordTypes><fullName>Student</fullName><active>true</active><label>Student</label>\
        <picklistValues><picklist>Name</picklist><values><fullName>Dr%2E</fullName></values></picklistValues></recordTypes>";
    let org = compiled(&[object("Contact", types)]);
    assert_eq!(lines(&org.inapplicable), "");
    let student = org.record_types.first().expect("a type");
    let subset = student.picklists.first().expect("a picklist");
    assert_eq!(
        (subset.field.as_str(), subset.values.as_slice()),
        ("Salutation", ["Dr.".to_owned()].as_slice())
    );
}

#[test]
fn the_types_of_opportunities_follow_a_process() {
    let types = |process: &str| {
        format!(
            "<recordTypes><fullName>Grant</fullName><active>true</active><label>Grant</label>{process}</recordTypes>"
        )
    };
    let process = "<businessProcesses><fullName>Big Grants</fullName><isActive>true</isActive>\
        <values><fullName>Prospecting</fullName><default>true</default></values></businessProcesses>";
    let named = types("<businessProcess>Big Grants</businessProcess>");
    let org = compiled(&[object("Opportunity", &format!("{process}{named}"))]);
    assert_eq!(lines(&org.inapplicable), "");
    let grant = org.record_types.first().expect("a type");
    assert_eq!(grant.business_process.as_deref(), Some("Big Grants"));
    let stages = grant.picklists.first().expect("the stages");
    assert_eq!(stages.field.as_str(), "StageName");
    assert_eq!(stages.default.as_deref(), Some("Prospecting"));
    for (process, expected) in [
        ("", "Required field is missing: businessProcess"),
        (
            "<businessProcess>Other</businessProcess>",
            "In field: businessProcess - no BusinessProcess named Opportunity.Other found",
        ),
    ] {
        let org = compiled(&[object("Opportunity", &types(process))]);
        assert!(lines(&org.inapplicable).contains(expected), "{process}");
    }
}

#[test]
fn profiles_name_types_that_are_there() {
    let visible = |name: &str| {
        format!(
            "<recordTypeVisibilities><default>true</default><recordType>{name}</recordType>\
             <visible>true</visible></recordTypeVisibilities>"
        )
    };
    let types = "<recordTypes><fullName>Long</fullName><active>true</active><label>L</label></recordTypes>\
        <recordTypes><fullName>Old</fullName><active>false</active><label>O</label></recordTypes>";
    let names = [
        "Trip__c.Long",
        "Trip__c.Old",
        "Trip__c.Gone",
        "PersonAccount.Buyer",
        "Nope__c.X",
    ];
    let org = compiled(&[
        custom_object("Trip__c", types),
        file(
            "profiles/Admin.profile-meta.xml",
            "Profile",
            &names.map(visible).concat(),
        ),
    ]);
    let granted = org.granted.first().expect("a profile");
    let shown: Vec<_> = granted
        .record_types
        .iter()
        .map(|of| (of.name.as_str(), of.default))
        .collect();
    assert_eq!(shown, [("Trip__c.Long", true)]);
    let refused = lines(&org.inapplicable);
    for expected in [
        "In field: recordType - no RecordType named Trip__c.Gone found",
        "In field: recordType - no CustomObject named Nope__c found",
    ] {
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(lines(&org.warnings).contains("PersonAccount is left out"));
}

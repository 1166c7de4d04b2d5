//! Roll-up summaries: what they may be computed from, and by which conditions.

use landfall_metadata::{Comparison, Org};
use landfall_model::{FieldType, Value};

use crate::common::{compiled, custom_object, field, field_of, lines, refused};

const COUNT: &str = "<summaryOperation>count</summaryOperation>";

fn leg(more: &str) -> landfall_metadata::Component {
    let way = "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName>";
    let fields = [
        field("Trip__c", "MasterDetail", way),
        field("Trip2__c", "Lookup", "<referenceTo>Trip__c</referenceTo>"),
        field("Note__c", "TextArea", ""),
        field(
            "Km__c",
            "Number",
            "<precision>9</precision><scale>1</scale>",
        ),
        field("Day__c", "Date", ""),
    ];
    custom_object("Leg__c", &(fields.concat() + more))
}

fn summary(key: &str, more: &str) -> String {
    let more = format!("<summaryForeignKey>{key}</summaryForeignKey>{more}");
    field("Sum__c", "Summary", &more)
}

fn problem(key: &str, more: &str) -> String {
    let trip = custom_object("Trip__c", &summary(key, more));
    refused(&[trip, leg("")]).replace("objects/Trip__c.object:3: ", "")
}

fn of(operation: &str, summarized: &str) -> String {
    format!(
        "<summaryOperation>{operation}</summaryOperation><summarizedField>{summarized}</summarizedField>"
    )
}

fn filter(name: &str, operation: &str, more: &str) -> String {
    format!(
        "<summaryFilterItems><field>Leg__c.{name}</field><operation>{operation}</operation>{more}</summaryFilterItems>"
    )
}

fn org(more: &str, of_leg: &str) -> Org {
    let trip = custom_object("Trip__c", &summary("Leg__c.Trip__c", more));
    compiled(&[trip, leg(of_leg)])
}

#[test]
fn roll_ups_sum_up_details() {
    assert_eq!(
        problem("Leg__c.Other__c", COUNT),
        "the field 'Leg__c.Other__c' does not exist: Trip__c.Sum__c is empty"
    );
    assert_eq!(
        problem("Leg__c.Trip2__c", COUNT),
        "Leg__c.Trip2__c does not make Leg__c a detail of Trip__c"
    );
    assert_eq!(
        problem("Leg__c.Trip__c", &of("sum", "Leg__c.Note__c")),
        "the field Leg__c.Note__c cannot be summarized this way"
    );
}

#[test]
fn conditions_are_read_when_the_project_is() {
    let counted = |filter: &str| problem("Leg__c.Trip__c", &format!("{COUNT}{filter}"));
    assert_eq!(
        counted(&filter("No__c", "equals", "")),
        "the field 'Leg__c.No__c' does not exist: Trip__c.Sum__c is empty"
    );
    assert_eq!(
        counted(&filter("Km__c", "near", "")),
        "'near' is no operation of a filter"
    );
    assert_eq!(
        counted(&filter("Km__c", "includes", "<value>1</value>")),
        "Km__c cannot be compared by 'includes'"
    );
    assert_eq!(
        counted(&filter("Day__c", "lessThan", "<value>TODAY</value>")),
        "'TODAY' is not a value of Day__c"
    );
    assert_eq!(
        counted(&filter(
            "Km__c",
            "equals",
            "<valueField>Leg__c.Day__c</valueField>"
        )),
        "a roll-up compares with values, not with other fields"
    );
    let conditions = filter("Km__c", "greaterThan", "<value>10.5</value>")
        + &filter("Note__c", "startsWith", "<value>by sea, by air</value>");
    let org = org(&format!("{COUNT}{conditions}"), "");
    let [roll_up] = org.roll_ups.as_slice() else {
        panic!("{:?}", org.roll_ups);
    };
    let [far, way] = roll_up.filters.as_slice() else {
        panic!("{:?}", roll_up.filters);
    };
    assert_eq!(
        (far.comparison, far.values.as_slice()),
        (Comparison::GreaterThan, &[Value::Double(10.5)][..])
    );
    assert!(way.admits(&Value::Text("By air to Rome".to_owned())));
}

#[test]
fn a_roll_up_is_of_the_type_of_what_it_is_computed_from() {
    let latest = org(&of("max", "Leg__c.Day__c"), "");
    assert_eq!(
        field_of(&latest, "Trip__c", "Sum__c").field_type,
        FieldType::Date
    );
    let length = org(&of("sum", "Leg__c.Km__c"), "");
    let field = field_of(&length, "Trip__c", "Sum__c");
    assert_eq!(
        (field.field_type, field.scale, field.precision),
        (FieldType::Double, 1, 18)
    );
    assert!(field.stored() && field.calculated && !field.createable && !field.updateable);
}

#[test]
fn roll_ups_of_roll_ups_come_after_them_and_never_in_a_circle() {
    let up = "<referenceTo>Atlas__c</referenceTo><relationshipName>Trips</relationshipName>";
    let key = |key: &str, summarized: &str| {
        format!(
            "<summaryForeignKey>{key}</summaryForeignKey>{}",
            of("max", summarized)
        )
    };
    let atlas = |summarized| {
        let latest = key("Trip__c.Atlas__c", summarized);
        custom_object("Atlas__c", &field("Latest__c", "Summary", &latest))
    };
    let trip = custom_object(
        "Trip__c",
        &(summary("Leg__c.Trip__c", &of("max", "Leg__c.Day__c"))
            + &field("Atlas__c", "MasterDetail", up)),
    );
    let org = compiled(&[atlas("Trip__c.Sum__c"), trip, leg("")]);
    let order: Vec<&str> = org.roll_ups.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(order, ["Sum__c", "Latest__c"]);
    assert_eq!(
        field_of(&org, "Atlas__c", "Latest__c").field_type,
        FieldType::Date
    );
    let circle = key("Account.ParentId", "Account.Sum__c");
    let account = crate::common::object("Account", &field("Sum__c", "Summary", &circle));
    assert_eq!(
        refused(&[account]),
        "objects/Account.object:2: Account.Sum__c is computed from itself"
    );
}

fn miles(formula: &str) -> String {
    let more = format!("<formula>{formula}</formula><precision>9</precision><scale>2</scale>");
    field("Miles__c", "Number", &more)
}

#[test]
fn formulas_of_the_detail_alone_are_summarized() {
    let org = org(&of("sum", "Leg__c.Miles__c"), &miles("Km__c / 1.6"));
    assert_eq!(lines(&org.warnings), "");
    let [roll_up] = org.roll_ups.as_slice() else {
        panic!("{:?}", org.roll_ups);
    };
    let read: Vec<&str> = roll_up
        .formulas
        .iter()
        .map(|computed| computed.field.as_str())
        .collect();
    assert_eq!(read, ["Miles__c"]);
    let field = field_of(&org, "Trip__c", "Sum__c");
    assert!(field.calculated && field.stored());
    assert_eq!(field.scale, 2);
}

#[test]
fn other_formulas_cannot_be_summarized() {
    let cannot = "cannot be summarized, since its value depends on more than its record";
    for (formula, why) in [
        ("Day__c - TODAY()", cannot),
        ("DAY(DATEVALUE(CreatedDate))", cannot),
        ("LEN(Trip__r.Name)", cannot),
        ("LEN($User.Id)", cannot),
        ("Nope__c", "has no values here"),
    ] {
        let org = org(&of("sum", "Leg__c.Miles__c"), &miles(formula));
        let expected =
            format!("objects/Trip__c.object:3: Leg__c.Miles__c {why}: Trip__c.Sum__c is empty");
        let warnings = lines(&org.warnings);
        assert!(warnings.contains(&expected), "{formula}: {warnings}");
        assert!(org.roll_ups.is_empty());
        let field = field_of(&org, "Trip__c", "Sum__c");
        assert!(field.calculated && !field.stored());
    }
}

#[test]
fn a_roll_up_comes_after_the_one_that_its_formula_reads() {
    let up = "<referenceTo>Atlas__c</referenceTo><relationshipName>Trips</relationshipName>";
    let summary_of = |summarized: &str| {
        format!(
            "<summaryForeignKey>Trip__c.Atlas__c</summaryForeignKey>{}",
            of("sum", summarized)
        )
    };
    let half = "<formula>Sum__c / 2</formula><precision>9</precision><scale>2</scale>";
    let trip = custom_object(
        "Trip__c",
        &(summary("Leg__c.Trip__c", &of("sum", "Leg__c.Km__c"))
            + &field("Half__c", "Number", half)
            + &field("Atlas__c", "MasterDetail", up)),
    );
    let total = field("All__c", "Summary", &summary_of("Trip__c.Half__c"));
    let org = compiled(&[custom_object("Atlas__c", &total), trip, leg("")]);
    let order: Vec<&str> = org.roll_ups.iter().map(|one| one.field.as_str()).collect();
    assert_eq!(order, ["Sum__c", "All__c"]);
}

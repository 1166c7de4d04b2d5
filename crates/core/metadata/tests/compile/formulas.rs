//! Formula fields and validation rules: what is checked, and what is left out with a warning.
//!
//! Source: "`ValidationRule`" (Metadata API Developer Guide); the texts of `salesforce/formula-engine`.

use landfall_metadata::{Component, Kind, parts};
use landfall_model::FieldName;

use crate::common::{compiled, custom_object, field, lines, platform_event, refused};

fn formula(name: &str, kind: &str, text: &str) -> String {
    field(name, kind, &format!("<formula>{text}</formula>"))
}

fn rule(name: &str, active: &str, condition: &str, more: &str) -> String {
    format!(
        "<validationRules><fullName>{name}</fullName><active>{active}</active>\
         <errorConditionFormula>{condition}</errorConditionFormula>{more}</validationRules>"
    )
}

const MESSAGE: &str = "<errorMessage>No</errorMessage>";

#[test]
fn a_formula_that_is_refused_is_a_warning_at_its_line() {
    let fields = [
        formula("Wrong__c", "Number", "Nope__c + 1"),
        formula("Left__c", "Number", "Right__c"),
        formula("Right__c", "Number", "Left__c"),
        formula("Ranked__c", "Number", "2 * 2 ^ 3"),
        formula("Good__c", "Text", "IMAGE(Name, 'x')"),
    ];
    let org = compiled(&[custom_object("Trip__c", &fields.concat())]);
    let warnings = lines(&org.warnings);
    for expected in [
        "Trip__c.Wrong__c is empty: Field Nope__c does not exist. Check spelling.",
        "Trip__c.Left__c is empty: Formula cannot use another formula field that directly or indirectly refers to itself.",
        "Trip__c.Ranked__c: * and / are computed before ^, as the service does",
    ] {
        assert!(warnings.contains(expected), "{warnings}");
    }
    assert!(
        warnings
            .lines()
            .all(|line| line.starts_with("objects/Trip__c.object:"))
    );
    let mut entities = org.entities.iter();
    let trip = entities.find(|entity| entity.name.as_str() == "Trip__c");
    let trip = trip.expect("the object");
    let known = |name: &str| org.formulas.of(&trip.name, &FieldName::new(name)).is_some();
    assert!(known("Good__c") && known("Ranked__c") && !known("Wrong__c"));
    let html = |name: &str| {
        let (_, field) = trip.field(name).expect("the field");
        field.formula.as_ref().expect("a formula").html
    };
    assert!(html("Good__c") && !html("Ranked__c"));
}

#[test]
fn active_rules_are_kept_by_name_and_the_others_are_checked_too() {
    let shown = format!("<errorDisplayField>Name</errorDisplayField>{MESSAGE}");
    let rules = [
        rule("B", "true", "ISBLANK(Name)", &shown),
        rule(
            "A",
            "true",
            "ISNEW()",
            "<validationMessage>Yes</validationMessage>",
        ),
        rule("Off", "false", "ISNEW()", MESSAGE),
        rule("Wrong", "true", "Name", MESSAGE),
    ];
    let org = compiled(&[custom_object("Trip__c", &rules.concat())]);
    let kept: Vec<_> = org
        .validation_rules
        .iter()
        .map(|rule| {
            (
                rule.name.as_str(),
                rule.message.as_str(),
                rule.field.is_some(),
            )
        })
        .collect();
    assert_eq!(kept, [("A", "Yes", false), ("B", "No", true)]);
    assert!(
        lines(&org.warnings).contains(
            "the rule Trip__c.Wrong is left out: Formula result is data type (Text), incompatible with expected data \
             type (Boolean)."
        ),
        "{:?}",
        org.warnings
    );
}

#[test]
fn what_is_no_rule_is_a_problem() {
    let problems = |rules: &str| refused(&[custom_object("Trip__c", rules)]);
    assert!(
        problems(&rule("A", "true", "ISNEW()", ""))
            .contains("Required field is missing: errorMessage")
    );
    let twice = rule("A", "true", "ISNEW()", MESSAGE).repeat(2);
    assert!(problems(&twice).contains("There is already a validation rule named A on Trip__c."));
    assert!(
        problems(&rule("A", "maybe", "ISNEW()", MESSAGE))
            .contains("'maybe' is not a value of <active>")
    );
}

#[test]
fn a_rule_is_a_component_of_its_object() {
    let source = "<ValidationRule xmlns=\"http://soap.sforce.com/2006/04/metadata\"/>";
    let file = |path: &str, content: &str| Component {
        path: path.to_owned(),
        content: content.to_owned(),
    };
    let inline = custom_object("Trip__c", &rule("A", "true", "ISNEW()", MESSAGE));
    let all = parts(&[
        inline,
        file(
            "objects/Trip__c/validationRules/B.validationRule-meta.xml",
            source,
        ),
    ]);
    let rules: Vec<&str> = all
        .iter()
        .filter(|part| part.kind == Kind::ValidationRule)
        .map(|part| part.name.as_str())
        .collect();
    assert_eq!(rules, ["Trip__c.A", "Trip__c.B"]);
}

#[test]
fn a_rule_of_an_event_is_left_out() {
    let org = compiled(&[platform_event(
        "Landed__e",
        &rule("Never", "true", "TRUE", MESSAGE),
    )]);
    assert_eq!(org.validation_rules.len(), 0);
    assert!(
        lines(&org.warnings).contains("the rule Landed__e.Never is left out: events have no rules"),
        "{:?}",
        org.warnings
    );
}

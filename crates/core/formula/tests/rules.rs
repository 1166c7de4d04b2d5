//! Conditions of validation rules, and what the checker says of invalid formulas.
//!
//! Source: "Validation Rule Considerations", "ISCHANGED", "PRIORVALUE" (Salesforce Help); the texts of `salesforce/formula-engine`.

mod support;

use landfall_formula::{Environment, Error, Failure, Inputs, Mode, Surroundings, Usage};
use landfall_model::{FieldType, Value};
use support::{NOW, catalog, compiled, fires, formula_field, refused, values};

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

const NONE: &[(&str, Value)] = &[];

#[test]
fn a_missing_truth_is_false_while_saving() {
    assert!(fires("NOT(AND(N1__c > 0, TRUE))", true, NONE));
    assert!(!fires("N1__c > 5", true, NONE));
    assert!(!fires("NOT(N1__c > 5)", true, NONE));
    assert!(fires("ISBLANK(N1__c)", true, NONE));
    assert!(fires("NOT(ISNUMBER(T1__c))", true, NONE));
    assert!(!fires(
        "P1__c > 1.0",
        true,
        &[("P1__c", Value::Double(45.0))]
    ));
    assert!(fires(
        "TEXT(N1__c) = '0.25'",
        true,
        &[("N1__c", Value::Double(0.25))]
    ));
}

#[test]
fn changes_are_compared_with_the_stored_value() {
    let numbers = |old: f64, new: f64| {
        [
            ("N1__c", Value::Double(new)),
            ("old N1__c", Value::Double(old)),
        ]
    };
    assert!(fires("ISNEW()", true, NONE));
    assert!(!fires("ISNEW()", false, NONE));
    assert!(!fires("ISCHANGED(N1__c)", true, &numbers(1.0, 2.0)));
    assert!(fires("ISCHANGED(N1__c)", false, &numbers(1.0, 2.0)));
    assert!(!fires("ISCHANGED(N1__c)", false, &numbers(1.0, 1.0)));
    assert!(fires(
        "ISCHANGED(N1__c)",
        false,
        &[("N1__c", Value::Double(0.0))]
    ));
    assert!(fires(
        "PRIORVALUE(N1__c) > N1__c",
        false,
        &numbers(2.0, 1.0)
    ));
    let lines = [("T1__c", text("a\r\nb")), ("old T1__c", text("a\nb"))];
    assert!(!fires("ISCHANGED(T1__c)", false, &lines));
    let lists = [("L1__c", text("A")), ("old L1__c", text("C"))];
    assert!(fires("ISPICKVAL(PRIORVALUE(L1__c), \"C\")", false, &lists));
    // The former value of a picklist is a text.
    assert!(fires("PRIORVALUE(L1__c) <> \"A\"", false, &lists));
    assert!(!fires("PRIORVALUE(L1__c) = \"\"", false, &lists));
}

#[test]
fn former_values_of_formula_fields_come_from_the_record_before() {
    let of = [
        formula_field("Twice__c", FieldType::Double, 2, "N1__c * 2"),
        formula_field("Up1__c", FieldType::Double, 2, "Twice__c + Up__r.N1__c"),
    ];
    let catalog = catalog(of.to_vec());
    let fires = |text: &str, row: &[(&str, Value)]| {
        let formula = compiled(&catalog, text, Usage::Rule, FieldType::Boolean, false);
        let formula = formula.unwrap_or_else(|error| panic!("{text}: {error}"));
        let inputs = Inputs {
            values: &values(&formula, row),
            found: &[],
            mode: Mode::Save,
            is_new: false,
        };
        formula
            .holds(inputs, &Environment::at(NOW))
            .expect("a result")
    };
    let number = |name, value| (name, Value::Double(value));
    let row = [
        number("N1__c", 5.0),
        number("old N1__c", 2.0),
        number("Up__c.N1__c", 10.0),
        number("old Up__c.N1__c", 20.0),
    ];
    assert!(fires("PRIORVALUE(Twice__c) = 4", &row));
    assert!(fires("PRIORVALUE(Up1__c) = 24", &row));
    assert!(fires("Up1__c = 20", &row));
    assert!(fires("ISCHANGED(Twice__c)", &row));
    let same = [number("N1__c", 5.0), number("old N1__c", 5.0)];
    assert!(!fires("ISCHANGED(Twice__c)", &same));
}

#[test]
fn records_without_types_have_a_blank_one_and_users_see_lightning() {
    assert!(fires("ISBLANK(RecordType.Name)", true, NONE));
    assert!(fires("$User.UIThemeDisplayed = \"Theme4d\"", true, NONE));
    let nope = refused("ISBLANK(RecordType.Nope)", FieldType::Boolean);
    assert_eq!(
        nope,
        "Field RecordType.Nope does not exist. Check spelling."
    );
}

#[test]
fn regular_expressions_match_the_whole_text() {
    let rule = r#"NOT(REGEX(T1__c, "\\d{5}(-\\d{4})?"))"#;
    for (value, expected) in [("12345", false), ("12345-6789", false), ("1234", true)] {
        assert_eq!(
            fires(rule, true, &[("T1__c", text(value))]),
            expected,
            "{value}"
        );
    }
    assert!(fires(rule, true, NONE));
}

#[test]
fn what_has_no_result_fails_the_save() {
    let catalog = catalog(Vec::new());
    let rule = compiled(
        &catalog,
        "1/N1__c > 0",
        Usage::Rule,
        FieldType::Boolean,
        false,
    );
    let rule = rule.expect("a rule");
    let inputs = Inputs {
        values: &values(&rule, &[("N1__c", Value::Double(0.0))]),
        found: &[],
        mode: Mode::Save,
        is_new: true,
    };
    let failure = rule.holds(inputs, &Environment::at(NOW));
    assert_eq!(failure, Err(Failure::DivisionByZero));
}

const REFUSALS: &[(&str, FieldType, &str)] = &[
    (
        "Nope__c",
        FieldType::String,
        "Field Nope__c does not exist. Check spelling.",
    ),
    (
        "Up__r.Nope__c",
        FieldType::String,
        "Field Up__r.Nope__c does not exist. Check spelling.",
    ),
    (
        "Owner:Account.Name",
        FieldType::String,
        "Account is an invalid object type for the Owner field. Check spelling.",
    ),
    (
        "FOO(1)",
        FieldType::Double,
        "Unknown function FOO. Check spelling.",
    ),
    (
        "ISCHANGED(N1__c)",
        FieldType::Boolean,
        "Function ISCHANGED may not be used in this type of formula",
    ),
    (
        "REGEX(T1__c, 'a')",
        FieldType::Boolean,
        "Function REGEX may not be used in this type of formula",
    ),
    (
        "URLFOR('a')",
        FieldType::String,
        "Function URLFOR may not be used in this type of formula",
    ),
    (
        "IF(T1__c, 1, 2)",
        FieldType::Double,
        "Incorrect parameter type for function 'IF()'. Expected Boolean, received Text",
    ),
    (
        "IF(TRUE, 1)",
        FieldType::Double,
        "Incorrect number of parameters for function 'IF()'. Expected 3, received 2",
    ),
    (
        "CASE(1, 2, 3)",
        FieldType::Double,
        "Incorrect number of parameters for function 'CASE()'. Expected 4, received 3",
    ),
    (
        "CASE(1,1,B1__c,B2__c)",
        FieldType::String,
        "Incorrect argument type for function 'CASE()'. ",
    ),
    (
        "T1__c",
        FieldType::Double,
        "Formula result is data type (Text), incompatible with expected data type (Number).",
    ),
    (
        "L1__c",
        FieldType::String,
        "Field L1__c is a picklist field. Picklist fields are only supported in certain functions.",
    ),
    (
        "L1__c & 'x'",
        FieldType::String,
        "Field L1__c is a picklist field. Picklist fields are only supported in certain functions.",
    ),
    (
        "Long__c",
        FieldType::String,
        "You referenced an unsupported field type called \"Long Text Area\" using the following field: Long__c",
    ),
    (
        "Secret__c",
        FieldType::String,
        "You referenced an unsupported field type called \"Encrypted Text\" using the following field: Secret__c",
    ),
    (
        "T1__c * 2",
        FieldType::Double,
        "Incorrect parameter type for operator '*'. Expected Number, received Text",
    ),
    (
        "1 + T1__c",
        FieldType::Double,
        "Incorrect parameter type for operator '+'. Expected Number, received Text",
    ),
    (
        "INCLUDES(M1__c, T1__c)",
        FieldType::Boolean,
        "Incorrect parameter for function INCLUDES(). Text Literal must be a valid value for this multi-select picklist field.",
    ),
    (
        "DISTANCE(Loc__c, Loc__c, 'm')",
        FieldType::Double,
        "Incorrect parameter value for function 'DISTANCE()'. Expected 'mi'/'km', received m",
    ),
    (
        "HYPERLINK('javascript:x', 'a')",
        FieldType::String,
        "Incorrect parameter value for function 'HYPERLINK()'. Javascript is not allowed.",
    ),
];

#[test]
fn refusals_have_the_texts_of_the_service() {
    for (formula, result, expected) in REFUSALS {
        assert_eq!(refused(formula, *result), *expected, "{formula}");
    }
    let catalog = catalog(Vec::new());
    let rule = compiled(
        &catalog,
        "ISCHANGED(Up__r.N1__c)",
        Usage::Rule,
        FieldType::Boolean,
        false,
    );
    assert_eq!(
        rule.expect_err("a refusal").to_string(),
        "The ISCHANGED function cannot reference the Up__r.N1__c field."
    );
}

#[test]
fn a_formula_within_a_formula_is_unrounded_and_has_no_circle() {
    let catalog = catalog(vec![
        formula_field("A__c", FieldType::Double, 0, "N1__c / 3"),
        formula_field("Error__c", FieldType::Double, 0, "1 / N2__c"),
        formula_field("Left__c", FieldType::Double, 0, "Right__c + 1"),
        formula_field("Right__c", FieldType::Double, 0, "Left__c + 1"),
        formula_field("Wrong__c", FieldType::Double, 0, "Nope__c"),
    ]);
    let value = |text: &str, row: &[(&str, Value)]| {
        let formula = compiled(&catalog, text, Usage::Field, FieldType::Double, false);
        let formula = formula.expect("a formula");
        let target = landfall_formula::Target {
            field_type: FieldType::Double,
            scale: 4,
        };
        formula.read(&values(&formula, row), &Environment::at(NOW), target)
    };
    assert_eq!(
        value("A__c * 3", &[("N1__c", Value::Double(1.0))]),
        Value::Double(1.0)
    );
    let erring = "IF(ISBLANK(Error__c), 1, 2)";
    assert_eq!(value(erring, &[("N2__c", Value::Double(0.0))]), Value::Null);
    assert_eq!(value(erring, NONE), Value::Double(1.0));
    let error = |text: &str| {
        compiled(&catalog, text, Usage::Field, FieldType::Double, false).expect_err(text)
    };
    assert_eq!(error("Left__c"), Error::Cycle);
    assert_eq!(
        error("Wrong__c").to_string(),
        "Error in referenced formula Wrong__c, Field Nope__c does not exist. Check spelling."
    );
}

/// A new record, and what was looked up for it.
const fn at<'i>(values: &'i [Value], found: &'i [Result<Value, Failure>]) -> Inputs<'i> {
    Inputs {
        values,
        found,
        mode: Mode::Save,
        is_new: true,
    }
}

#[test]
fn a_record_is_looked_up_by_its_name_in_rules() {
    let mut codes = catalog(Vec::new());
    let mut name = landfall_model::FieldDefinition::new("Name", "Name", FieldType::String);
    name.name_field = true;
    let city = landfall_model::FieldDefinition::new("City__c", "City", FieldType::String);
    let zip = support::entity("Zip__c", "a01", vec![name, city]);
    let entities = codes.entities().iter().map(|entity| (**entity).clone());
    codes = landfall_model::Catalog::new(entities.chain([zip]));
    let rule = |text: &str| compiled(&codes, text, Usage::Rule, FieldType::Boolean, false);
    let lookup = "VLOOKUP($ObjectType.Zip__c.Fields.City__c, $ObjectType.Zip__c.Fields.Name, LEFT(T1__c, 5))";
    let wrong_city = rule(&format!("{lookup} <> T2__c")).expect("a rule");
    let row = [("T1__c", text("10115-1")), ("T2__c", text("Berlin"))];
    let row = values(&wrong_city, &row);
    let environment = Environment::at(NOW);
    let [zip] = wrong_city.lookups() else {
        panic!("{:?}", wrong_city.lookups());
    };
    let name = wrong_city.name_of(zip, at(&row, &[]), &environment);
    assert_eq!(name, Ok(Some("10115".to_owned())));
    for (found, refuses) in [
        (Ok(text("Berlin")), Ok(false)),
        (Ok(text("Bonn")), Ok(true)),
        (Ok(Value::Null), Ok(true)),
        (Err(Failure::DivisionByZero), Err(Failure::DivisionByZero)),
    ] {
        let inputs = at(&row, std::slice::from_ref(&found));
        assert_eq!(wrong_city.holds(inputs, &environment), refuses);
    }
    for (refused, why) in [
        (
            lookup.replace("Zip__c.Fields.Name", "Zip__c.Fields.City__c"),
            "Incorrect argument type for function 'VLOOKUP()'. ",
        ),
        (
            lookup.replace("$ObjectType.Zip__c.Fields.City__c", "T1__c"),
            "Field T1__c does not exist. Check spelling.",
        ),
        (
            lookup.replace("Zip__c", "Zap__c"),
            "Field $ObjectType.Zap__c.Fields.City__c does not exist. Check spelling.",
        ),
    ] {
        let error = rule(&format!("ISBLANK({refused})")).expect_err(&refused);
        assert_eq!(error.to_string(), why);
    }
    let field = compiled(&codes, lookup, Usage::Field, FieldType::String, false);
    assert_eq!(
        field.expect_err("a refusal").to_string(),
        "Function VLOOKUP may not be used in this type of formula"
    );
}

#[test]
fn formulas_that_double_each_other_are_too_big() {
    let mut further = vec![formula_field("F0__c", FieldType::Double, 0, "N1__c + 1")];
    for level in 1..40 {
        let below = level - 1;
        let text = format!("F{below}__c + F{below}__c");
        further.push(formula_field(
            &format!("F{level}__c"),
            FieldType::Double,
            0,
            &text,
        ));
    }
    let catalog = catalog(further);
    let error = compiled(&catalog, "F39__c", Usage::Field, FieldType::Double, false);
    assert!(matches!(error, Err(Error::TooBig { .. })));
}

#[test]
fn what_depends_on_the_user_is_known_before_it_is_evaluated() {
    let surroundings = |texts: &[&str]| {
        let catalog = catalog(Vec::new());
        let formulas: Vec<_> = texts
            .iter()
            .map(|text| compiled(&catalog, text, Usage::Rule, FieldType::Boolean, false))
            .map(|formula| formula.expect("a formula"))
            .collect();
        Surroundings::from_iter(&formulas)
    };
    for text in [
        "N1__c > 5",
        "NOW() > W1__c",
        "DATEVALUE('2026-11-25') > D1__c",
        "$Permission.Any",
        "Owner:User.Username = T1__c",
        "$Label.Hello = T1__c",
    ] {
        assert!(!surroundings(&[text]).depend_on_user(), "{text}");
    }
    for text in [
        "TODAY() > D1__c",
        "DATEVALUE(W1__c) > D1__c",
        "$User.Username = T1__c",
    ] {
        let of_user = surroundings(&["N1__c > 5", text]);
        assert!(of_user.depend_on_user(), "{text}");
        assert_eq!(of_user.zone(), !text.starts_with('$'), "{text}");
    }
    let both = surroundings(&["$User.Username = T1__c", "$User.Username = T2__c"]);
    assert_eq!(both.globals(), ["$user.username"]);
}

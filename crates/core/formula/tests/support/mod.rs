//! One object with a field of each type, and formulas about its records.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::collections::BTreeMap;

use landfall_formula::{
    Constant, Datum, Environment, Error, Formula, Inputs, Mode, Subject, Target, Usage,
};
use landfall_model::{
    Capabilities, Catalog, EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType,
    FormulaDefinition, KeyPrefix, Timestamp, Value,
};

/// 2026-11-22T10:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_795_341_600_000);

/// A formula field `name` of `Calc__c`.
pub(crate) fn formula_field(
    name: &str,
    kind: FieldType,
    scale: u32,
    text: &str,
) -> FieldDefinition {
    FieldDefinition {
        calculated: true,
        scale,
        formula: Some(FormulaDefinition {
            text: text.to_owned(),
            blanks_as_zero: false,
            html: false,
        }),
        ..FieldDefinition::new(name, name, kind)
    }
}

fn fields() -> Vec<FieldDefinition> {
    let plain = [
        ("Id", FieldType::Id),
        ("Name", FieldType::String),
        ("N1__c", FieldType::Double),
        ("N2__c", FieldType::Double),
        ("P1__c", FieldType::Percent),
        ("C1__c", FieldType::Currency),
        ("T1__c", FieldType::String),
        ("T2__c", FieldType::String),
        ("D1__c", FieldType::Date),
        ("D2__c", FieldType::Date),
        ("W1__c", FieldType::DateTime),
        ("W2__c", FieldType::DateTime),
        ("H1__c", FieldType::Time),
        ("H2__c", FieldType::Time),
        ("B1__c", FieldType::Boolean),
        ("B2__c", FieldType::Boolean),
        ("L1__c", FieldType::Picklist),
        ("M1__c", FieldType::MultiPicklist),
        ("U1__c", FieldType::Url),
        ("Secret__c", FieldType::EncryptedString),
    ];
    let mut fields: Vec<_> = plain
        .into_iter()
        .map(|(name, kind)| FieldDefinition::new(name, name, kind))
        .collect();
    fields.push(FieldDefinition {
        length: 32_768,
        ..FieldDefinition::new("Long__c", "Long", FieldType::TextArea)
    });
    fields.push(FieldDefinition {
        reference_to: vec![EntityName::new("Calc__c")],
        relationship_name: Some("Up__r".to_owned()),
        ..FieldDefinition::new("Up__c", "Up", FieldType::Reference)
    });
    fields.push(FieldDefinition {
        reference_to: vec![EntityName::new("Group"), EntityName::new("User")],
        relationship_name: Some("Owner".to_owned()),
        polymorphic: true,
        ..FieldDefinition::new("OwnerId", "Owner", FieldType::Reference)
    });
    for name in ["Loc__Latitude__s", "Loc__Longitude__s"] {
        fields.push(FieldDefinition {
            compound: Some(FieldName::new("Loc__c")),
            ..FieldDefinition::new(name, name, FieldType::Double)
        });
    }
    fields.push(FieldDefinition::new("Loc__c", "Loc", FieldType::Location));
    fields
}

pub(crate) fn entity(name: &str, prefix: &str, fields: Vec<FieldDefinition>) -> EntityDefinition {
    EntityDefinition::new(
        EntityName::new(name),
        (name.to_owned(), name.to_owned()),
        KeyPrefix::parse(prefix).expect("a prefix"),
        true,
        Capabilities::default(),
        fields,
        Vec::new(),
        None,
    )
}

/// `Calc__c` with further fields, `User` and `Group`.
pub(crate) fn catalog(further: Vec<FieldDefinition>) -> Catalog {
    let mut all = fields();
    all.extend(further);
    let named = || {
        vec![
            FieldDefinition::new("Id", "Id", FieldType::Id),
            FieldDefinition::new("Name", "Name", FieldType::String),
            FieldDefinition::new("Username", "Username", FieldType::String),
        ]
    };
    Catalog::new([
        entity("Calc__c", "a00", all),
        entity("User", "005", named()),
        entity("Group", "00G", named()),
        entity("RecordType", "012", named()),
    ])
}

/// A formula about `Calc__c`.
pub(crate) fn compiled(
    catalog: &Catalog,
    text: &str,
    usage: Usage,
    result: FieldType,
    blanks_as_zero: bool,
) -> Result<Formula, Error> {
    let hello = Constant {
        value: Datum::Text("Hello".to_owned()),
        field_type: FieldType::String,
    };
    let constants = BTreeMap::from([("$label.hello".to_owned(), hello)]);
    let subject = Subject {
        catalog,
        constants: &constants,
        entity: catalog.entity("Calc__c").expect("the object"),
        field: None,
        usage,
        blanks_as_zero,
        result,
    };
    Formula::new(text, &subject)
}

/// The values of references, by their paths.
pub(crate) fn values(formula: &Formula, row: &[(&str, Value)]) -> Vec<Value> {
    let value = |reference: &landfall_formula::Reference| {
        let mut path = if reference.prior { "old " } else { "" }.to_owned();
        for step in &reference.steps {
            path = path + step.field.as_str() + ".";
        }
        path.push_str(reference.field.as_str());
        let found = row.iter().find(|(name, _)| *name == path);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    };
    formula.references().iter().map(value).collect()
}

/// The value of a formula field.
pub(crate) fn read(
    text: &str,
    target: Target,
    blanks_as_zero: bool,
    row: &[(&str, Value)],
) -> Value {
    let catalog = catalog(Vec::new());
    let formula = compiled(
        &catalog,
        text,
        Usage::Field,
        target.field_type,
        blanks_as_zero,
    );
    let formula = formula.unwrap_or_else(|error| panic!("{text}: {error}"));
    formula.read(&values(&formula, row), &Environment::at(NOW), target)
}

/// Whether a rule refuses the save.
pub(crate) fn fires(text: &str, is_new: bool, row: &[(&str, Value)]) -> bool {
    let catalog = catalog(Vec::new());
    let formula = compiled(&catalog, text, Usage::Rule, FieldType::Boolean, false);
    let formula = formula.unwrap_or_else(|error| panic!("{text}: {error}"));
    let inputs = Inputs {
        values: &values(&formula, row),
        found: &[],
        mode: Mode::Save,
        is_new,
    };
    formula
        .holds(inputs, &Environment::at(NOW))
        .unwrap_or_else(|failure| panic!("{text}: {failure}"))
}

/// What the checker says of a formula field.
pub(crate) fn refused(text: &str, result: FieldType) -> String {
    let catalog = catalog(Vec::new());
    compiled(&catalog, text, Usage::Field, result, false)
        .expect_err(text)
        .to_string()
}

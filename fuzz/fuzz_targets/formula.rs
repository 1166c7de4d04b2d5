//! Formulas as people write them: any text is a formula or an error with a text of its own, and a formula has the same
//! bounded result whenever it is evaluated.

#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use landfall_formula::{Constant, Datum, Environment, Formula, Inputs, Mode, Subject, Usage};
use landfall_model::limits::FORMULA_TEXT_BYTES_MAX;
use landfall_model::{Catalog, FieldType, Timestamp, Value};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_millis(1_795_341_600_000);

/// One of each kind of result.
const RESULTS: [FieldType; 6] = [
    FieldType::Boolean,
    FieldType::String,
    FieldType::Double,
    FieldType::Date,
    FieldType::DateTime,
    FieldType::Time,
];

static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::new(landfall_standard::entities().expect("shipped definitions")));

static CONSTANTS: LazyLock<BTreeMap<String, Constant>> = LazyLock::new(|| {
    let hello = Constant {
        value: Datum::Text("Hello".to_owned()),
        field_type: FieldType::String,
    };
    BTreeMap::from([("$label.hello".to_owned(), hello)])
});

/// A value that a field of the type may have.
fn sample(kind: FieldType) -> Value {
    match kind {
        FieldType::Boolean => Value::Boolean(true),
        FieldType::Int => Value::Integer(i64::from(i32::MAX)),
        FieldType::Double | FieldType::Currency | FieldType::Percent => Value::Double(-0.125),
        FieldType::Date => Value::Date(landfall_model::Date::of(NOW)),
        FieldType::DateTime => Value::DateTime(NOW),
        FieldType::Time => Value::Time(86_399_999),
        _ => Value::Text("Ä b;c".to_owned()),
    }
}

fn evaluate(formula: &Formula) {
    let values = formula.references().iter();
    let full: Vec<Value> = values
        .map(|reference| sample(reference.field_type))
        .collect();
    let environment = Environment::at(NOW);
    for (values, mode, is_new) in [
        (&full[..], Mode::Read, false),
        (&full[..], Mode::Save, true),
        (&[], Mode::Save, false),
    ] {
        let inputs = Inputs {
            values,
            found: &[],
            mode,
            is_new,
        };
        let result = formula.evaluate(inputs, &environment);
        if let Ok(Datum::Text(text)) = &result {
            assert!(text.len() <= FORMULA_TEXT_BYTES_MAX);
        }
        let again = formula.evaluate(inputs, &environment);
        assert_eq!(format!("{result:?}"), format!("{again:?}"));
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for result in RESULTS {
        let subject = Subject {
            catalog: &CATALOG,
            constants: &CONSTANTS,
            entity: CATALOG.entity("Account").expect("a shipped object"),
            field: None,
            usage: Usage::Rule,
            blanks_as_zero: result == FieldType::Double,
            result,
        };
        match Formula::new(text, &subject) {
            Ok(formula) => evaluate(&formula),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
});

//! What a formula costs: to check, and to evaluate for a record.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use landfall_formula::{Environment, Formula, Subject, Target, Usage};
use landfall_model::{
    Capabilities, Catalog, EntityDefinition, EntityName, FieldDefinition, FieldType, KeyPrefix,
    Timestamp, Value,
};

const SUMMARY: &str =
    "TEXT(N1__c) + ' total entries' + IF(N2__c = 0, '', ', ' + TEXT(N2__c) + ' error(s)')";

fn evaluations(criterion: &mut Criterion) {
    let fields = [("N1__c", FieldType::Double), ("N2__c", FieldType::Double)];
    let fields = fields.map(|(name, kind)| FieldDefinition::new(name, name, kind));
    let entity = EntityDefinition::new(
        EntityName::new("Calc__c"),
        ("Calc".to_owned(), "Calcs".to_owned()),
        KeyPrefix::parse("a00").expect("a prefix"),
        true,
        Capabilities::default(),
        fields.to_vec(),
        Vec::new(),
        None,
    );
    let catalog = Catalog::new([entity]);
    let constants = BTreeMap::new();
    let subject = |result| Subject {
        catalog: &catalog,
        constants: &constants,
        entity: catalog.entity("Calc__c").expect("the object"),
        field: None,
        usage: Usage::Field,
        blanks_as_zero: true,
        result,
    };
    let environment = Environment::at(Timestamp::from_millis(1_700_000_000_000));
    let values = [Value::Double(5.0), Value::Double(2.5)];
    criterion.bench_function("check", |bench| {
        bench.iter(|| Formula::new(black_box(SUMMARY), &subject(FieldType::String)));
    });
    for (name, text, field_type) in [
        ("sum", "N1__c + N2__c", FieldType::Double),
        ("quotient", "N1__c / N2__c * 100", FieldType::Double),
        ("text", SUMMARY, FieldType::String),
    ] {
        let formula = Formula::new(text, &subject(field_type)).expect("a formula");
        let target = Target {
            field_type,
            scale: 2,
        };
        criterion.bench_function(name, |bench| {
            bench.iter(|| formula.read(black_box(&values), &environment, target));
        });
    }
}

criterion_group!(benches, evaluations);
criterion_main!(benches);

//! Records with what a request selects of them, as JSON.
//!
//! Source: "sObject Rows" (REST API Developer Guide) and recorded responses.

use landfall_http::Writer;
use landfall_sobject::record_json::{write_attributes, write_value};
use landfall_wire::ApiVersion;

use crate::selection::{Loaded, Node};

/// Writes a record with what was selected of it.
pub(crate) fn write_record(w: &mut Writer, version: ApiVersion, nodes: &[Node], record: &Loaded) {
    w.object(|w| {
        write_attributes(w, version, &record.entity, &record.row);
        let mut parents = record.parents.iter();
        for node in nodes {
            match node {
                Node::Field(name) => {
                    if let Some((place, field)) = record.entity.field(name) {
                        w.name(field.name.as_str());
                        write_value(w, version, &record.entity, &record.row, (place, field));
                    } else {
                        w.name(name).null();
                    }
                }
                Node::Parent { name, nodes, .. } => {
                    w.name(name);
                    match parents.next() {
                        Some(Some(parent)) => write_record(w, version, nodes, parent),
                        _ => w.null(),
                    }
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use landfall_model::{RecordId, Timestamp, Value};
    use landfall_wire::versions::{Named, parse_rest};

    use super::*;
    use crate::selection;
    use landfall_test_org::definitions;

    fn version() -> ApiVersion {
        match parse_rest("v59.0") {
            Named::Served(version) => version,
            other => panic!("{other:?}"),
        }
    }

    fn rendered(set: &[(&str, Value)], fields: Option<&str>) -> String {
        let catalog = definitions::catalog();
        let entity = catalog.entity("Thing").expect("in the fixture");
        let mut row = vec![Value::Null; entity.fields.len()];
        let id = RecordId::parse("a005f0000000001").expect("an id");
        for (field, value) in set.iter().chain(&[("Id", Value::Id(id))]) {
            row[entity.index_of(field).expect("in the fixture")] = value.clone();
        }
        let nodes = match fields {
            Some(fields) => selection::parse(&catalog, entity, fields).expect("valid"),
            None => selection::everything(entity),
        };
        let loaded = Loaded {
            entity: Arc::clone(entity),
            row,
            parents: Vec::new(),
        };
        let mut w = Writer::new();
        write_record(&mut w, version(), &nodes, &loaded);
        w.finish()
    }

    #[test]
    fn a_record_shows_its_fields_in_describe_order() {
        assert_eq!(
            rendered(
                &[
                    ("Name", Value::Text("A".to_owned())),
                    ("Amount", Value::Double(50_000.0)),
                    ("HomeCity", Value::Text("Rome".to_owned())),
                    (
                        "CreatedDate",
                        Value::DateTime(Timestamp::from_millis(1_367_964_439_000))
                    ),
                ],
                None
            ),
            concat!(
                r#"{"attributes":{"type":"Thing","url":"/services/data/v59.0/sobjects/Thing/a005f0000000001AAA"},"#,
                r#""Id":"a005f0000000001AAA","IsDeleted":false,"Name":"A","HomeStreet":null,"HomeCity":"Rome","#,
                r#""HomeLatitude":null,"HomeAddress":{"city":"Rome","country":null,"geocodeAccuracy":null,"#,
                r#""latitude":null,"longitude":null,"postalCode":null,"state":null,"street":null},"Amount":50000.0,"#,
                r#""Code__c":null,"ParentId":null,"CreatedDate":"2013-05-07T22:07:19.000+0000"}"#
            )
        );
    }

    #[test]
    fn selected_fields_come_in_the_order_asked_for_and_the_id_last() {
        assert_eq!(
            rendered(&[], Some("amount,Name,amount,HomeAddress")),
            concat!(
                r#"{"attributes":{"type":"Thing","url":"/services/data/v59.0/sobjects/Thing/a005f0000000001AAA"},"#,
                r#""Amount":null,"Name":null,"HomeAddress":null,"Id":"a005f0000000001AAA"}"#
            )
        );
    }
}

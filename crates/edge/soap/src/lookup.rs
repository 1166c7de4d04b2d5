//! References whose record is named by an external id: `<Account><Number__c>7</Number__c></Account>` in place of
//! `<AccountId>…</AccountId>`.
//!
//! Source: "Foreign Keys" in `create()` and `upsert()` (SOAP API Developer Guide).

use std::borrow::Cow;
use std::sync::Arc;

use landfall_engine::record_named;
use landfall_http::refused;
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{
    EntityDefinition, Fault, FieldDefinition, FieldFault, QueryFault, RecordId, SoapFault, Value,
};
use landfall_xml::Element;

use crate::call::Call;
use crate::input;

/// The record with an id in place of each such reference.
///
/// # Errors
/// [`FieldFault::Unknown`], [`SoapFault::ReferenceInvalid`], [`landfall_model::ValueFault::ForeignKeyUnknown`],
/// [`landfall_model::RecordFault::ExternalIdAmbiguous`].
pub(crate) async fn resolved<'r>(
    call: &Call<'_>,
    entity: &EntityDefinition,
    record: &'r Element,
) -> Result<Cow<'r, Element>, Fault> {
    let names_another =
        |element: &Element| !element.children.is_empty() && entity.field(&element.name).is_none();
    if !record.children.iter().any(names_another) {
        return Ok(Cow::Borrowed(record));
    }
    let mut record = record.clone();
    for element in &mut record.children {
        if names_another(element) {
            let field = reference_named(entity, &element.name)?;
            let id = found(call, field, element).await?;
            *element = Element {
                name: field.name.to_string(),
                text: id.to_string(),
                ..Element::default()
            };
        }
    }
    Ok(Cow::Owned(record))
}

fn reference_named<'e>(
    entity: &'e EntityDefinition,
    name: &str,
) -> Result<&'e FieldDefinition, Fault> {
    let is_named = |field: &&FieldDefinition| {
        let relationship = field.relationship_name.as_deref();
        relationship.is_some_and(|relationship| relationship.eq_ignore_ascii_case(name))
    };
    let reference = entity.fields.iter().find(is_named);
    reference.ok_or_else(|| {
        Fault::Field(FieldFault::Unknown {
            field: name.to_owned(),
            entity: entity.name.clone(),
        })
    })
}

/// The one record that has the external id.
async fn found(
    call: &Call<'_>,
    reference: &FieldDefinition,
    element: &Element,
) -> Result<RecordId, Fault> {
    let (target, place, field) = key(call, reference, element)?;
    let key = input::key(target, element, place)?.unwrap_or_default();
    if let Value::Id(id) = key {
        return Ok(id);
    }
    let engine = &call.state.engine;
    let most = REST_RELATED_RECORDS_MAX;
    let rows = engine.rows_where(target, place, key, most).await;
    let rows = rows.map_err(refused)?;
    let spelled = element.value(field.name.as_str());
    record_named(target, place, spelled.unwrap_or_default(), &rows)
}

/// The object that a reference leads to, and the field that identifies its record: there is one, and nothing else.
fn key<'c>(
    call: &'c Call<'_>,
    reference: &FieldDefinition,
    element: &Element,
) -> Result<(&'c Arc<EntityDefinition>, usize, &'c FieldDefinition), Fault> {
    let kind = input::object_name(element);
    let mut names = element.children.iter().filter(|child| child.name != "type");
    let (Some(name), None) = (names.next(), names.next()) else {
        return Err(Fault::Soap(SoapFault::ReferenceInvalid {
            field: reference.name.clone(),
        }));
    };
    let targets = reference.reference_to.iter();
    let targets = targets.filter(|target| kind.is_empty() || target.as_str() == kind);
    let targets: Vec<_> = targets
        .filter_map(|target| call.catalog().entity(target.as_str()))
        .collect();
    let identified = targets.iter().find_map(|target| {
        let (place, field) = target.field(&name.name)?;
        (field.external_id || field.id_lookup).then_some((*target, place, field))
    });
    identified.ok_or_else(|| match targets.first() {
        Some(target) => Fault::Soap(SoapFault::KeyInvalid {
            field: name.name.clone(),
            entity: target.name.clone(),
        }),
        None => Fault::Query(QueryFault::ObjectUnknown {
            name: kind.to_owned(),
        }),
    })
}

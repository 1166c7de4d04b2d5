//! The record type of a record: what a user may give it, what it has by default, and the values of picklists that it offers.
//!
//! Source: "`RecordType`" (Object Reference; Metadata API Developer Guide); the refusal: recorded responses of `CumulusCI`.

use std::sync::Arc;

use landfall_model::{
    FieldDefinition, FieldType, PicklistSubset, RecordId, RecordType, Row, Value, ValueFault,
};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::rows::{read, write};
use crate::validate;

impl Planner<'_, '_> {
    /// Checks the record type that a request gives to a record. A new record without one gets the user's default, and
    /// then the default values of its picklists.
    ///
    /// # Errors
    /// [`ValueFault::RecordTypeRefused`].
    pub(super) fn settle_record_type(
        &self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
        given: &mut Vec<usize>,
    ) -> Result<(), ValueFault> {
        let Some(place) = object.system.record_type else {
            return Ok(());
        };
        let access = self.access.as_ref().map(Arc::clone);
        let types = match &access {
            Some(access) => access.record_types(&object.entity),
            None => &object.entity.record_types,
        };
        if given.contains(&place) {
            let known = before.and_then(|before| read(before, Some(place)).as_id());
            check(object, types, row, known)?;
        } else if before.is_none()
            && access.is_some()
            && let Some(default) = types.iter().find(|record_type| record_type.default)
        {
            write(row, Some(place), Value::Id(default.id));
            given.push(place);
        }
        if before.is_none() {
            offer_defaults(object, row, given);
        }
        Ok(())
    }
}

/// Whether the user can give the record type to records. The id of the master type is that of none.
fn check(
    object: &Blueprint,
    types: &[RecordType],
    row: &mut Row,
    known: Option<RecordId>,
) -> Result<(), ValueFault> {
    let place = object.system.record_type;
    let Value::Id(id) = *read(row, place) else {
        return Ok(());
    };
    // Ids of other objects are refused as in any reference.
    if Some(id) == known || id.prefix() != RecordId::MASTER_RECORD_TYPE.prefix() {
        return Ok(());
    }
    if id == RecordId::MASTER_RECORD_TYPE && !types.iter().any(|other| other.default) {
        write(row, place, Value::Null);
        return Ok(());
    }
    let mut available = types.iter().filter(|other| other.active && other.available);
    if available.any(|other| other.id == id) {
        return Ok(());
    }
    let field = place.and_then(|place| object.entity.fields.get(place));
    match field {
        Some(field) => Err(ValueFault::RecordTypeRefused {
            field: validate::subject(field),
            value: id,
        }),
        None => Ok(()),
    }
}

/// Gives the picklists that the request is silent about the defaults of the record type.
fn offer_defaults(object: &Blueprint, row: &mut Row, given: &mut Vec<usize>) {
    let Some(record_type) = object.type_of(row) else {
        return;
    };
    for subset in &record_type.picklists {
        let Some((place, field)) = object.entity.field(subset.field.as_str()) else {
            continue;
        };
        if given.contains(&place) {
            continue;
        }
        let usual = read(row, Some(place)).as_text();
        if let Some(default) = &subset.default {
            let default = Value::Text(default.clone());
            write(row, Some(place), default);
            given.push(place);
        } else if field.nillable && usual.is_some_and(|usual| !subset.contains(usual)) {
            write(row, Some(place), Value::Null);
        }
    }
}

/// Whether the record type offers the value of a restricted picklist.
///
/// # Errors
/// [`ValueFault::PicklistValueUnknown`].
pub(super) fn check_offered(
    object: &Blueprint,
    row: &Row,
    place: usize,
    field: &FieldDefinition,
) -> Result<(), ValueFault> {
    if !field.restricted_picklist {
        return Ok(());
    }
    let subset = object.type_of(row).and_then(|of| of.picklist(&field.name));
    let (Some(subset), Some(value)) = (subset, read(row, Some(place)).as_text()) else {
        return Ok(());
    };
    if offers(subset, field, value) {
        return Ok(());
    }
    Err(ValueFault::PicklistValueUnknown {
        field: validate::subject(field),
        value: value.to_owned(),
    })
}

fn offers(subset: &PicklistSubset, field: &FieldDefinition, value: &str) -> bool {
    match field.field_type {
        FieldType::MultiPicklist => value.split(';').all(|part| subset.contains(part)),
        _ => subset.contains(value),
    }
}

//! What the columns of a job's data stand for.
//!
//! Source: "Prepare CSV Files", "Relationship Fields in a Header Row" (Bulk API 2.0 and Bulk API Developer Guide).

use std::collections::HashSet;
use std::sync::Arc;

use csv::StringRecord;
use landfall_model::{Catalog, EntityDefinition, FieldDefinition, JobFailure};

use crate::definition::identifies;
use crate::job::Operation;

/// A column.
#[derive(Debug)]
pub(crate) enum Column {
    /// The record's own id.
    Id,
    /// The field at this place.
    Field(usize),
    /// The reference at this place, whose record is named by a field of its own.
    Related {
        place: usize,
        target: Arc<EntityDefinition>,
        key: usize,
    },
}

/// Reads the header of data.
///
/// # Errors
/// The error of the job.
pub(crate) fn columns(
    header: &StringRecord,
    catalog: &Catalog,
    entity: &EntityDefinition,
    operation: Operation,
    key: Option<usize>,
) -> Result<Vec<Column>, JobFailure> {
    let mut seen = HashSet::new();
    let mut columns = Vec::with_capacity(header.len());
    for name in header {
        let name = name.trim();
        let column = column(name, catalog, entity).ok_or_else(|| not_found(name))?;
        if !seen.insert(name.to_lowercase()) {
            let name = name.to_owned();
            return Err(JobFailure::FieldTwice { name });
        }
        columns.push(column);
    }
    match operation {
        Operation::Delete | Operation::HardDelete
            if !matches!(columns.as_slice(), [Column::Id]) =>
        {
            let operation = operation.as_str();
            Err(JobFailure::OnlyIds { operation })
        }
        Operation::Update if !columns.iter().any(|column| matches!(column, Column::Id)) => {
            Err(not_found("Id"))
        }
        Operation::Upsert => match key.and_then(|place| entity.fields.get(place)) {
            Some(field) if !seen.contains(&field.name.as_str().to_lowercase()) => {
                Err(not_found(field.name.as_str()))
            }
            _ => Ok(columns),
        },
        _ => Ok(columns),
    }
}

/// The failure of a column that is no field.
pub(crate) fn not_found(name: &str) -> JobFailure {
    let name = name.to_owned();
    JobFailure::FieldUnknown { name }
}

fn column(name: &str, catalog: &Catalog, entity: &EntityDefinition) -> Option<Column> {
    if name.eq_ignore_ascii_case("Id") {
        return Some(Column::Id);
    }
    let Some((path, key)) = name.split_once('.') else {
        return entity.index_of(name).map(Column::Field);
    };
    // `Lead:Who.Email` says which of several objects is meant.
    let (object, relationship) = match path.split_once(':') {
        Some((object, relationship)) => (Some(object), relationship),
        None => (None, path),
    };
    let (place, field) = reference_named(entity, relationship)?;
    let targets = field
        .reference_to
        .iter()
        .map(landfall_model::EntityName::as_str);
    targets
        .filter(|target| object.is_none_or(|object| object.eq_ignore_ascii_case(target)))
        .filter_map(|target| catalog.entity(target))
        .find_map(|target| {
            let (key, field) = target.field(key)?;
            identifies(field).then(|| Column::Related {
                place,
                target: Arc::clone(target),
                key,
            })
        })
}

fn reference_named<'e>(
    entity: &'e EntityDefinition,
    relationship: &str,
) -> Option<(usize, &'e FieldDefinition)> {
    let mut fields = entity.fields.iter().enumerate();
    fields.find(|(_, field)| {
        let name = field.relationship_name.as_deref();
        name.is_some_and(|name| name.eq_ignore_ascii_case(relationship))
    })
}

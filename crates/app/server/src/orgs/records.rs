//! What the records of files have in common: their creator, their references, and how problems are reported.

use std::path::Path;
use std::sync::Arc;

use landfall_data_file::{FileRecord, Lookup};
use landfall_engine::{Assignment, Engine, OpenTransaction};
use landfall_metadata::Problem;
use landfall_model::limits::ADMINISTRATORS_READ_MAX;
use landfall_model::limits::REST_RELATED_RECORDS_MAX;
use landfall_model::{Catalog, EntityDefinition, Fault, RecordId, Row, Value};

use crate::error::Error;

/// In whose name the org makes records: its first active administrator.
///
/// # Errors
/// [`Error::Incomplete`] if there is none, [`Error::Engine`].
pub(crate) async fn administrator(engine: &Engine) -> Result<RecordId, Error> {
    let none = || Error::Incomplete {
        reason: "records of files are created as an active administrator, and the org has none"
            .to_owned(),
    };
    let catalog = engine.catalog();
    let user = catalog.entity("User").ok_or_else(none)?;
    let (profile, active) = user
        .index_of("ProfileId")
        .zip(user.index_of("IsActive"))
        .ok_or_else(none)?;
    let administrators = Value::Id(engine.org().administrators);
    let found = engine
        .rows_where(user, profile, administrators, ADMINISTRATORS_READ_MAX)
        .await?;
    let active = found
        .iter()
        .filter(|row| row.get(active) == Some(&Value::Boolean(true)));
    active
        .filter_map(|row| id_of(user, row))
        .min()
        .ok_or_else(none)
}

/// The id of a record.
pub(crate) fn id_of(entity: &EntityDefinition, row: &Row) -> Option<RecordId> {
    match row.get(entity.index_of("Id")?) {
        Some(Value::Id(id)) => Some(*id),
        _ => None,
    }
}

/// The fields of a record, with the records that are named by external ids.
///
/// # Errors
/// Within, why it cannot be made.
pub(crate) async fn values(
    open: &OpenTransaction,
    catalog: &Catalog,
    record: &FileRecord,
) -> Result<Result<Vec<Assignment>, Fault>, Error> {
    let mut values = record.values.clone();
    for lookup in &record.lookups {
        match looked_up(open, catalog, &record.entity, lookup).await? {
            Ok(id) => set(&mut values, lookup.reference, id),
            Err(fault) => return Ok(Err(fault)),
        }
    }
    Ok(Ok(values))
}

/// Makes a field refer to a record.
pub(crate) fn set(values: &mut Vec<Assignment>, place: usize, id: RecordId) {
    values.retain(|(given, _)| *given != place);
    values.push((place, Value::Id(id)));
}

async fn looked_up(
    open: &OpenTransaction,
    catalog: &Catalog,
    entity: &EntityDefinition,
    lookup: &Lookup,
) -> Result<Result<RecordId, Fault>, Error> {
    let Some(target) = catalog.entity(&lookup.target) else {
        return Ok(Err(lookup.unknown(entity)));
    };
    let (key, most) = (lookup.key.clone(), REST_RELATED_RECORDS_MAX);
    let rows = open.rows_where(target, lookup.field, key, most).await?;
    Ok(lookup.record(target, &rows))
}

/// Something that is wrong with a record of a file. What is said of a query begins with an empty line.
pub(crate) fn problem(path: &Arc<str>, line: usize, fault: &Fault) -> Problem {
    Problem {
        path: path.to_string(),
        line,
        reason: landfall_wire::rest(fault).message.trim().to_owned(),
    }
}

/// A file that cannot be read.
pub(crate) fn unreadable(path: &Path, reason: &dyn std::fmt::Display) -> Problem {
    Problem {
        path: path.display().to_string(),
        line: 1,
        reason: reason.to_string(),
    }
}

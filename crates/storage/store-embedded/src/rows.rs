//! Rows: reading and writing records.

use std::fmt::Write as _;

use landfall_model::{EntityDefinition, RecordId, Row, Value};
use landfall_store::{Lookup, Result, RowWrite, ValueKind};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Params, ToSql, params_from_iter};

use crate::checksum::{CHECKSUM, RecordChecksum, Values};
use crate::convert::Converted;
use crate::error::{Attempt, corrupt, reading};
use crate::layout::{Column, ID, Layout, Layouts, collation};
use crate::value::{decode, encode};

const RECORD: &str = "record";

/// The row of a record. An object without a table has none.
pub(crate) fn one(
    connection: &Connection,
    layouts: &Layouts,
    entity: &EntityDefinition,
    id: RecordId,
) -> Result<Option<Row>> {
    let Some(layout) = layouts.existing(entity) else {
        return Ok(None);
    };
    connection
        .prepare_cached(&layout.select_one)
        .and_then(|mut statement| {
            statement
                .query_row([id.as_str()], |row| Ok(read(&layout, row)))
                .optional()
        })
        .map_err(reading(RECORD))?
        .transpose()
}

pub(crate) fn matching(
    connection: &Connection,
    layouts: &Layouts,
    lookup: &Lookup<'_>,
) -> Result<Vec<Row>> {
    let Some(layout) = layouts.existing(lookup.entity) else {
        return Ok(Vec::new());
    };
    let limit = i64::try_from(lookup.limit).unwrap_or(i64::MAX);
    let (select, value) = (&layout.select, lookup.value);
    let Some(column) = layout.table.column(lookup.field) else {
        // Nothing is kept of the field: it is null in every row.
        let sql = format!("{select} WHERE ?1 ORDER BY {ID} LIMIT ?2");
        return many(connection, &layout, &sql, (value.is_null(), limit));
    };
    let Some(wanted) = encode(column.holds, value) else {
        return Ok(Vec::new());
    };
    let (name, collation) = (&column.name, collation(column));
    let sql = if value.is_null() {
        format!("{select} WHERE {name} IS ?1 ORDER BY {ID} LIMIT ?2")
    } else {
        format!("{select} WHERE {name} = ?1 COLLATE {collation} ORDER BY {ID} LIMIT ?2")
    };
    many(connection, &layout, &sql, (wanted, limit))
}

/// The rows of several records. The caller's connection sees one state of the file throughout.
pub(crate) fn several(
    connection: &Connection,
    layouts: &Layouts,
    records: &[(&EntityDefinition, RecordId)],
) -> Result<Vec<Option<Row>>> {
    records
        .iter()
        .map(|(entity, id)| one(connection, layouts, entity, *id))
        .collect()
}

/// What several lookups find. The caller's connection sees one state of the file throughout.
pub(crate) fn matching_several(
    connection: &Connection,
    layouts: &Layouts,
    lookups: &[Lookup<'_>],
) -> Result<Vec<Vec<Row>>> {
    lookups
        .iter()
        .map(|lookup| matching(connection, layouts, lookup))
        .collect()
}

pub(crate) fn recent(
    connection: &Connection,
    layouts: &Layouts,
    entity: &EntityDefinition,
    limit: usize,
) -> Result<Vec<Row>> {
    let Some(layout) = layouts.existing(entity) else {
        return Ok(Vec::new());
    };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let sql = format!("{} {}", layout.select, layout.recent);
    many(connection, &layout, &sql, [limit])
}

/// Rows in the order of their ids, those after an id, with the ids.
pub(crate) fn page(
    connection: &Connection,
    layout: &Layout,
    after: Option<RecordId>,
    limit: usize,
) -> Result<Vec<(RecordId, Row)>> {
    let sql = format!("{} WHERE {ID} > ?1 ORDER BY {ID} LIMIT ?2", layout.select);
    let after = after.map(|id| id.as_str().to_owned()).unwrap_or_default();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql).map_err(reading(RECORD))?;
    let mut rows = statement.query((after, limit)).map_err(reading(RECORD))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(reading(RECORD))? {
        let kept = row.get_ref(0).map_err(reading(RECORD))?;
        let id = decode(ValueKind::Id, kept).and_then(|value| value.as_id());
        let id = id.ok_or_else(|| corrupt(RECORD, "an id is none"))?;
        found.push((id, read(layout, row)?));
    }
    Ok(found)
}

fn many(
    connection: &Connection,
    layout: &Layout,
    sql: &str,
    params: impl Params,
) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql).map_err(reading(RECORD))?;
    let mut rows = statement.query(params).map_err(reading(RECORD))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(reading(RECORD))? {
        found.push(read(layout, row)?);
    }
    Ok(found)
}

fn read(layout: &Layout, row: &rusqlite::Row<'_>) -> Result<Row> {
    let field = |column: &Option<Column>| {
        let Some(column) = column else {
            return Ok(Value::Null);
        };
        let kept = row.get_ref(column.result).map_err(reading(RECORD))?;
        decode(column.holds, kept).ok_or_else(|| {
            let Column { name, holds, .. } = column;
            let found = kept.data_type();
            let table = &layout.table.name;
            corrupt(
                RECORD,
                format_args!("{table}.{name}: {found} is no {holds:?}"),
            )
        })
    };
    let values = layout
        .table
        .columns
        .iter()
        .map(field)
        .collect::<Result<_>>()?;
    check(layout, row)?;
    Ok(values)
}

/// Checks that a row is what was written. A row of the second format has no checksum; that of a row from before columns were
/// added covers others, and is left to a pass through the file.
fn check(layout: &Layout, row: &rusqlite::Row<'_>) -> Result<()> {
    let last = layout.checksum_result();
    let stored: Option<i64> = row.get(last).map_err(reading(RECORD))?;
    let Some(stored) = stored else {
        return Ok(());
    };
    let mismatch = || {
        let id: String = row.get(0).unwrap_or_default();
        let table = &layout.table.name;
        corrupt(
            RECORD,
            format_args!("the checksum of {id} in {table} does not match"),
        )
    };
    let stored = RecordChecksum::from_stored(stored).ok_or_else(mismatch)?;
    if stored.set != layout.column_set {
        return Ok(());
    }
    let mut values = Values::new();
    for place in 0..last {
        values.add(row.get_ref(place).map_err(reading(RECORD))?);
    }
    if values.checksum(stored.set) == stored {
        Ok(())
    } else {
        Err(mismatch())
    }
}

/// The checksum of a row of these values: the id, and every other column.
fn checksum(layout: &Layout, values: &[ToSqlOutput<'_>]) -> Attempt<i64> {
    let mut joined = Values::new();
    for value in values {
        match value {
            ToSqlOutput::Borrowed(value) => joined.add(*value),
            ToSqlOutput::Owned(value) => joined.add(ValueRef::from(value)),
            _ => return Err("a value of no known form".into()),
        }
    }
    Ok(joined.checksum(layout.column_set).to_stored())
}

/// What the columns of a row hold, the id first.
fn encoded_row<'v>(layout: &Layout, row: &'v RowWrite) -> Attempt<Vec<ToSqlOutput<'v>>> {
    // And the checksum.
    let mut values = Vec::with_capacity(layout.table.columns.len() + 2);
    values.push(ToSqlOutput::from(row.id.as_str()));
    for (column, value) in layout.table.columns.iter().zip(&row.row) {
        if let Some(column) = column.as_ref().filter(|column| column.result > 0) {
            values.push(encoded(layout, column, value)?);
        }
    }
    Ok(values)
}

/// Writes one row inside the transaction.
pub(crate) fn write(connection: &Connection, layout: &Layout, row: &RowWrite) -> Attempt<()> {
    if row.row.len() != layout.table.columns.len() {
        return Err(format!(
            "a row of {} has {} values for {} fields",
            row.entity.name,
            row.row.len(),
            layout.table.columns.len()
        )
        .into());
    }
    match &row.changed {
        None => insert(connection, layout, row),
        Some(changed) => update(connection, layout, row, changed),
    }
}

/// Forgets one row inside the transaction.
pub(crate) fn remove(connection: &Connection, layout: &Layout, id: RecordId) -> Attempt<()> {
    let sql = format!("DELETE FROM {} WHERE {ID} = ?1", layout.table.name);
    let removed = connection.prepare_cached(&sql)?.execute([id.as_str()])?;
    found(removed, id, layout)
}

/// Exactly one row was there to be written.
fn found(written: usize, id: RecordId, layout: &Layout) -> Attempt<()> {
    if written == 1 {
        Ok(())
    } else {
        Err(format!("{id} is not in {}", layout.table.name).into())
    }
}

fn insert(connection: &Connection, layout: &Layout, row: &RowWrite) -> Attempt<()> {
    let mut values = encoded_row(layout, row)?;
    let checksum = checksum(layout, &values)?;
    values.push(ToSqlOutput::from(checksum));
    let mut statement = connection.prepare_cached(&layout.insert)?;
    for (place, value) in values.iter().enumerate() {
        // What is not bound is null, as most fields of a record are.
        if !is_null(value) {
            statement.raw_bind_parameter(place + 1, value)?;
        }
    }
    statement.raw_execute()?;
    Ok(())
}

const fn is_null(value: &ToSqlOutput<'_>) -> bool {
    matches!(
        value,
        ToSqlOutput::Borrowed(ValueRef::Null) | ToSqlOutput::Owned(rusqlite::types::Value::Null)
    )
}

fn update(
    connection: &Connection,
    layout: &Layout,
    row: &RowWrite,
    changed: &[usize],
) -> Attempt<()> {
    let mut places = changed.to_vec();
    places.sort_unstable();
    places.dedup();
    let mut sql = format!("UPDATE {} SET ", layout.table.name);
    let mut values: Vec<ToSqlOutput<'_>> = vec![ToSqlOutput::from(row.id.as_str())];
    for place in places {
        let (Some(column), Some(value)) = (layout.table.columns.get(place), row.row.get(place))
        else {
            return Err(format!("{} has no field number {place}", row.entity.name).into());
        };
        match column {
            Some(column) if column.result > 0 => {
                let comma = if values.len() == 1 { "" } else { ", " };
                values.push(encoded(layout, column, value)?);
                let _ = write!(sql, "{comma}{} = ?{}", column.name, values.len());
            }
            _ => (),
        }
    }
    if values.len() == 1 {
        return Ok(());
    }
    let checksum = checksum(layout, &encoded_row(layout, row)?)?;
    values.push(ToSqlOutput::from(checksum));
    let _ = write!(sql, ", {CHECKSUM} = ?{} WHERE {ID} = ?1", values.len());
    let updated = connection.prepare_cached(&sql)?.execute(params_from_iter(
        values.iter().map(|value| value as &dyn ToSql),
    ))?;
    found(updated, row.id, layout)
}

/// Writes the converted values of a row, and its checksum.
pub(crate) fn convert(
    connection: &Connection,
    layout: &Layout,
    row: &RowWrite,
    columns: &[Converted<'_>],
) -> Attempt<()> {
    let mut sql = format!("UPDATE {} SET ", layout.table.name);
    let mut values: Vec<ToSqlOutput<'_>> = vec![ToSqlOutput::from(row.id.as_str())];
    for own in columns {
        let value = row.row.get(own.place).unwrap_or(&Value::Null);
        values.push(encoded(layout, own.column, value)?);
        let _ = write!(sql, "{} = ?{}, ", own.written, values.len());
    }
    let checksum = checksum(layout, &encoded_row(layout, row)?)?;
    values.push(ToSqlOutput::from(checksum));
    let _ = write!(sql, "{CHECKSUM} = ?{} WHERE {ID} = ?1", values.len());
    let updated = connection.prepare_cached(&sql)?.execute(params_from_iter(
        values.iter().map(|value| value as &dyn ToSql),
    ))?;
    found(updated, row.id, layout)
}

fn encoded<'v>(layout: &Layout, column: &Column, value: &'v Value) -> Attempt<ToSqlOutput<'v>> {
    encode(column.holds, value).ok_or_else(|| {
        let Column { name, holds, .. } = column;
        // The value itself stays out of the message: it may be anybody's data.
        format!(
            "{}.{name} takes no value other than {holds:?}",
            layout.table.name
        )
        .into()
    })
}

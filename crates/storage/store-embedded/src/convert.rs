//! Fields that get another type: a column for the new values takes the place of the old one, inside the transaction.

use std::sync::Arc;

use landfall_model::limits::CONVERSION_RECORDS;
use landfall_model::{RecordId, Row};
use landfall_store::{Conversion, RowWrite};
use rusqlite::Connection;

use crate::error::Attempt;
use crate::layout::{Column, Layout, quoted};
use crate::{prepare, rows};

/// A column whose values are converted.
pub(crate) struct Converted<'l> {
    /// The place of its field.
    pub(crate) place: usize,
    pub(crate) column: &'l Column,
    /// The quoted name of the column that the new values are written to: itself, if it can hold them.
    pub(crate) written: String,
}

/// Converts the values of all records of an object.
pub(crate) fn apply(connection: &Connection, conversion: &Conversion) -> Attempt<()> {
    let (from, to) = (Layout::new(&conversion.from), Layout::new(&conversion.to));
    let columns = converted(conversion, &from, &to)?;
    let table = &to.table.name;
    let replaced = || columns.iter().filter(|own| own.written != own.column.name);
    for own in replaced() {
        prepare::add_column(connection, table, &own.written, own.column.holds)?;
    }
    let mut after: Option<RecordId> = None;
    loop {
        let page = rows::page(connection, &from, after, CONVERSION_RECORDS)?;
        let Some((last, _)) = page.last() else {
            break;
        };
        after = Some(*last);
        for (id, row) in page {
            write(connection, conversion, (&to, &columns), id, row)?;
        }
    }
    for own in replaced() {
        let name = &own.column.name;
        prepare::drop_indexes_of(connection, conversion.to.name.as_str(), name)?;
        connection.execute_batch(&format!(
            "ALTER TABLE {table} DROP COLUMN {name};
             ALTER TABLE {table} RENAME COLUMN {} TO {name};",
            own.written
        ))?;
    }
    if let Some(change) = prepare::plan(connection, &conversion.to, &to)?.change {
        prepare::apply(connection, &change)?;
    }
    Ok(())
}

fn converted<'l>(
    conversion: &Conversion,
    from: &Layout,
    to: &'l Layout,
) -> Attempt<Vec<Converted<'l>>> {
    let mut columns = Vec::new();
    for place in conversion.places() {
        let (Some(old), Some(column)) = (from.table.column(place), to.table.column(place)) else {
            return Err(format!("field number {place} of {} has no column", to.table.name).into());
        };
        let written = if old.holds == column.holds {
            column.name.clone()
        } else {
            // No field has a name with a space.
            quoted(&format!("{} converted", column.name.trim_matches('"')))
        };
        columns.push(Converted {
            place,
            column,
            written,
        });
    }
    Ok(columns)
}

/// Writes the converted values of one record, if they differ.
fn write(
    connection: &Connection,
    conversion: &Conversion,
    (to, columns): (&Layout, &[Converted<'_>]),
    id: RecordId,
    mut row: Row,
) -> Attempt<()> {
    let mut is_changed = false;
    for own in columns {
        if let Some(value) = row.get_mut(own.place) {
            let converted = conversion.value(own.place, value);
            is_changed |= converted != *value;
            *value = converted;
        }
    }
    if !is_changed {
        return Ok(());
    }
    let row = RowWrite {
        entity: Arc::clone(&conversion.to),
        id,
        row,
        changed: None,
    };
    rows::convert(connection, to, &row, columns)
}

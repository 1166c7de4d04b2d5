//! Records: each is what was written, with the columns that its object had then.

use std::collections::BTreeMap;

use landfall_store::Result;
use rusqlite::{Connection, OptionalExtension, Row, Statement};

use super::{Part, Pass, Report};
use crate::checksum::{CHECKSUM, RecordChecksum, Values};
use crate::error::{corrupt, reading};
use crate::layout::{ID, ROW_NUMBER, quoted};

const WHAT: &str = "record";

/// What the names of the tables of records begin with.
pub(crate) const PREFIX: &str = "record_";

/// The beginning of the first table after `after`, or the end.
pub(super) fn first(connection: &Connection, after: &str, report: &mut Report) -> Result<Pass> {
    let table: Result<Option<String>> = connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) = 'record_' AND name > ?1
             ORDER BY name LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([after], |row| row.get(0)).optional())
        .map_err(reading(WHAT));
    Ok(match report.sound(Part::Database, table)?.flatten() {
        Some(table) => Pass::Records { table, after: -1 },
        None => Pass::Done,
    })
}

/// Looks at records of a table behind row `after`; gives the number of the last one, none at the end.
pub(super) fn step(
    connection: &Connection,
    table: &str,
    after: i64,
    bytes: usize,
    report: &mut Report,
) -> Result<Option<i64>> {
    let snapshot = connection.unchecked_transaction().map_err(reading(WHAT))?;
    let sql = format!(
        "SELECT * FROM {} WHERE {ROW_NUMBER} > ?1 ORDER BY {ROW_NUMBER}",
        quoted(table)
    );
    let mut statement = snapshot.prepare(&sql).map_err(reading(WHAT))?;
    let columns = Columns::of(&statement)?;
    let sets = sets(&snapshot, table, &columns)?;
    let mut rows = statement.query([after]).map_err(reading(WHAT))?;
    let mut looked_at = 0_usize;
    while let Some(row) = rows.next().map_err(reading(WHAT))? {
        let number: i64 = row.get(columns.number).map_err(reading(WHAT))?;
        report.records += 1;
        looked_at = looked_at.saturating_add(look_at(table, &columns, &sets, row, report)?);
        if looked_at >= bytes {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Where a table has what.
pub(crate) struct Columns {
    pub(crate) by_name: BTreeMap<String, usize>,
    pub(crate) number: usize,
    pub(crate) id: usize,
    /// None in a table that was last prepared by an earlier version.
    checksum: Option<usize>,
}

/// The places of the columns of each set that records of a table were written with. A set with a column that is not there
/// has no places.
pub(crate) type Sets = BTreeMap<i64, Option<Vec<usize>>>;

impl Columns {
    pub(crate) fn of(statement: &Statement<'_>) -> Result<Self> {
        let names = statement.column_names();
        let by_name: BTreeMap<String, usize> =
            names.into_iter().map(str::to_owned).zip(0..).collect();
        let place = |quoted: &str| by_name.get(quoted.trim_matches('"')).copied();
        let own = |quoted: &str| {
            place(quoted)
                .ok_or_else(|| corrupt(WHAT, format_args!("a table has no column {quoted}")))
        };
        Ok(Self {
            number: own(ROW_NUMBER)?,
            id: own(ID)?,
            checksum: place(CHECKSUM),
            by_name,
        })
    }
}

/// The sets of a table.
pub(crate) fn sets(connection: &Connection, table: &str, columns: &Columns) -> Result<Sets> {
    let entity = table.strip_prefix(PREFIX).unwrap_or(table);
    let mut statement = connection
        .prepare_cached("SELECT number, columns FROM column_set WHERE entity = ?1")
        .map_err(reading(WHAT))?;
    let mut rows = statement.query([entity]).map_err(reading(WHAT))?;
    let mut sets = BTreeMap::new();
    while let Some(row) = rows.next().map_err(reading(WHAT))? {
        let number: i64 = row.get(0).map_err(reading(WHAT))?;
        let names: String = row.get(1).map_err(reading(WHAT))?;
        let places = names
            .lines()
            .map(|name| columns.by_name.get(name).copied())
            .collect();
        sets.insert(number, places);
    }
    Ok(sets)
}

/// Looks at one record; gives how many bytes it has.
fn look_at(
    table: &str,
    columns: &Columns,
    sets: &Sets,
    row: &Row<'_>,
    report: &mut Report,
) -> Result<usize> {
    let looked = looked_at(columns, sets, row)?;
    match looked.is_whole {
        None => report.without_checksum += 1,
        Some(true) => {}
        Some(false) => {
            let id: Option<String> = row.get(columns.id).ok();
            let id = id.unwrap_or_else(|| "a record without a readable id".to_owned());
            let entity = table.strip_prefix(PREFIX).unwrap_or(table);
            report.add(Part::Records, format!("{entity} {id} is damaged"));
        }
    }
    Ok(looked.bytes)
}

/// A record that was compared with its checksum.
pub(crate) struct Looked {
    /// None: it has no checksum.
    pub(crate) is_whole: Option<bool>,
    /// Of its values, one at least.
    pub(crate) bytes: usize,
}

/// Compares one record with its checksum.
pub(crate) fn looked_at(columns: &Columns, sets: &Sets, row: &Row<'_>) -> Result<Looked> {
    let stored: Option<i64> = match columns.checksum {
        Some(place) => row.get(place).map_err(reading(WHAT))?,
        None => None,
    };
    let Some(stored) = stored else {
        return Ok(Looked {
            is_whole: None,
            bytes: 1,
        });
    };
    let checksum = RecordChecksum::from_stored(stored);
    let places = checksum.and_then(|checksum| sets.get(&checksum.set.number())?.as_ref());
    let mut values = Values::new();
    for &place in places.into_iter().flatten() {
        values.add(row.get_ref(place).map_err(reading(WHAT))?);
    }
    let is_whole = places.is_some()
        && checksum.is_some_and(|checksum| values.checksum(checksum.set) == checksum);
    Ok(Looked {
        is_whole: Some(is_whole),
        bytes: values.len().max(1),
    })
}

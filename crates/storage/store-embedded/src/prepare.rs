//! Preparing storage for objects: tables, columns and indexes. Nothing that is stored is lost by it.
//!
//! An object gets its table with its first record: of the objects that an org has, most are never used.

use std::collections::{BTreeMap, HashSet};

use landfall_model::{EntityDefinition, EntityName};
use landfall_store::{Error, ValueKind};
use rusqlite::{Connection, OptionalExtension};

use crate::checksum::{CHECKSUM, ColumnSet};
use crate::error::Attempt;
use crate::layout::{Column, ID, Layout, ROW_NUMBER, collation, quoted};
use crate::value;

/// The objects that have tables.
pub(crate) fn objects(connection: &Connection) -> rusqlite::Result<Vec<EntityName>> {
    let mut statement = connection.prepare("SELECT entity FROM layout")?;
    let objects = statement.query_map([], |row| row.get::<_, String>(0))?;
    objects.map(|object| object.map(EntityName::new)).collect()
}

/// The objects that have tables, known or not: after a restore, a table can be left of which nothing is known.
pub(crate) fn with_tables(connection: &Connection) -> rusqlite::Result<HashSet<EntityName>> {
    let mut statement = connection.prepare(
        r"SELECT entity FROM layout UNION
          SELECT substr(name, 8) FROM sqlite_master WHERE type = 'table' AND name LIKE 'record\_%' ESCAPE '\'",
    )?;
    let objects = statement.query_map([], |row| row.get::<_, String>(0))?;
    objects.map(|object| object.map(EntityName::new)).collect()
}

/// What has to be done for one object.
pub(crate) struct Change {
    entity: String,
    fingerprint: String,
    statements: Vec<String>,
    column_set: ColumnSet,
    covered: String,
}

impl Change {
    /// One that makes known which columns there are.
    fn new(entity: &str, layout: &Layout) -> Self {
        Self {
            entity: entity.to_owned(),
            fingerprint: layout.fingerprint(),
            statements: Vec::new(),
            column_set: layout.column_set,
            covered: layout.covered.clone(),
        }
    }
}

/// What an object needs.
pub(crate) struct Planned {
    pub(crate) change: Option<Change>,
    /// Whether it has a table after that.
    pub(crate) has_table: bool,
}

/// Compares the table with what the definition needs.
///
/// # Errors
/// A stored field would have to become something else.
pub(crate) fn plan(
    connection: &Connection,
    entity: &EntityDefinition,
    layout: &Layout,
) -> Attempt<Planned> {
    let name = entity.name.as_str();
    let planned = |change, has_table| Planned { change, has_table };
    let known: Option<String> = connection
        .prepare_cached("SELECT fingerprint FROM layout WHERE entity = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    if known.as_deref() == Some(&layout.fingerprint()) {
        return Ok(planned(None, true));
    }
    check_column_set(connection, name, layout)?;
    let existing = columns(connection, name)?;
    if existing.is_empty() {
        return Ok(planned(None, false));
    }
    let mut change = Change::new(name, layout);
    if let Err(refused) = add_columns(name, layout, &existing, &mut change.statements) {
        if !is_empty(connection, layout)? {
            return Err(refused);
        }
        // Nothing is kept that a field would change.
        let drop = format!("DROP TABLE {}", layout.table.name);
        change.statements = vec![drop];
        change.statements.extend(creation(name, layout));
        return Ok(planned(Some(change), true));
    }
    change_indexes(connection, name, layout, &mut change.statements)?;
    Ok(planned(Some(change), true))
}

/// The table of an object that has none.
pub(crate) fn create(entity: &str, layout: &Layout) -> Change {
    Change {
        statements: creation(entity, layout),
        ..Change::new(entity, layout)
    }
}

fn creation(entity: &str, layout: &Layout) -> Vec<String> {
    let mut statements = vec![create_table(layout)];
    statements.extend(indexes(entity, layout).into_values());
    statements
}

/// The number of a set of columns is a hash of their names, so that two sets may have the same one.
pub(crate) fn check_column_set(
    connection: &Connection,
    entity: &str,
    layout: &Layout,
) -> Attempt<()> {
    let covered: Option<String> = connection
        .prepare_cached("SELECT columns FROM column_set WHERE entity = ?1 AND number = ?2")?
        .query_row((entity, layout.column_set.number()), |row| row.get(0))
        .optional()?;
    match covered {
        Some(covered) if covered != layout.covered => {
            Err(format!("two sets of columns of {entity} have the same number").into())
        }
        _ => Ok(()),
    }
}

/// Whether an object has no records, deleted ones included.
fn is_empty(connection: &Connection, layout: &Layout) -> Attempt<bool> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", layout.table.name);
    let row = connection.query_row(&sql, [], |_| Ok(())).optional()?;
    Ok(row.is_none())
}

/// Does it, inside a transaction.
pub(crate) fn apply(connection: &Connection, change: &Change) -> Attempt<()> {
    for statement in &change.statements {
        connection.execute_batch(statement)?;
    }
    note_layout(connection, &change.entity, &change.fingerprint)?;
    note_column_set(
        connection,
        &change.entity,
        change.column_set,
        &change.covered,
    )
}

/// Notes what the table of an object was prepared for.
pub(crate) fn note_layout(connection: &Connection, entity: &str, fingerprint: &str) -> Attempt<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO layout (entity, fingerprint) VALUES (?1, ?2)")?
        .execute((entity, fingerprint))?;
    Ok(())
}

/// Notes the columns that checksums of records cover.
pub(crate) fn note_column_set(
    connection: &Connection,
    entity: &str,
    set: ColumnSet,
    covered: &str,
) -> Attempt<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO column_set (entity, number, columns) VALUES (?1, ?2, ?3)",
        )?
        .execute((entity, set.number(), covered))?;
    Ok(())
}

pub(crate) fn create_table(layout: &Layout) -> String {
    let mut sql = format!(
        "CREATE TABLE {} ({ROW_NUMBER} INTEGER PRIMARY KEY, {ID} {} NOT NULL UNIQUE, {CHECKSUM} INTEGER",
        layout.table.name,
        value::declared(ValueKind::Id)
    );
    for column in layout.table.own_columns() {
        sql.push_str(", ");
        sql.push_str(&declaration(column));
    }
    sql.push(')');
    sql
}

fn declaration(column: &Column) -> String {
    declaration_of(&column.name, column.holds)
}

/// A checkbox is never null: records from before it was there have it unchecked.
fn declaration_of(name: &str, holds: ValueKind) -> String {
    let declared = value::declared(holds);
    let default = if holds == ValueKind::Boolean {
        " DEFAULT 0"
    } else {
        ""
    };
    format!("{name} {declared}{default}")
}

/// Adds a column that no definition has, inside a transaction.
pub(crate) fn add_column(
    connection: &Connection,
    table: &str,
    name: &str,
    holds: ValueKind,
) -> Attempt<()> {
    let declaration = declaration_of(name, holds);
    connection.execute_batch(&format!("ALTER TABLE {table} ADD COLUMN {declaration}"))?;
    Ok(())
}

/// Drops the indexes that have a column, inside a transaction.
pub(crate) fn drop_indexes_of(connection: &Connection, entity: &str, column: &str) -> Attempt<()> {
    let of = format!("record_{entity}.{}.", column.trim_matches('"'));
    for index in indexes_of(connection, entity)? {
        if index.starts_with(&of) {
            connection.execute_batch(&format!("DROP INDEX {}", quoted(&index)))?;
        }
    }
    Ok(())
}

/// The indexes of a table that were made for columns, by their names.
fn indexes_of(connection: &Connection, entity: &str) -> Attempt<Vec<String>> {
    let indexes = connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ?1 AND sql IS NOT NULL",
        )?
        .query_map([format!("record_{entity}")], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(indexes)
}

fn add_columns(
    entity: &str,
    layout: &Layout,
    existing: &BTreeMap<String, String>,
    statements: &mut Vec<String>,
) -> Attempt<()> {
    if !existing.contains_key(CHECKSUM) {
        statements.push(format!(
            "ALTER TABLE {} ADD COLUMN {CHECKSUM} INTEGER",
            layout.table.name
        ));
    }
    for column in layout.table.own_columns() {
        let wanted = value::declared(column.holds);
        match existing.get(&column.name.to_ascii_lowercase()) {
            None => statements.push(format!(
                "ALTER TABLE {} ADD COLUMN {}",
                layout.table.name,
                declaration(column)
            )),
            Some(kept) if kept == wanted => (),
            Some(kept) => {
                return Err(Box::new(Error::FieldKept {
                    entity: entity.to_owned(),
                    field: column.name.trim_matches('"').to_owned(),
                    kept: kept.clone(),
                    wanted: wanted.to_owned(),
                }));
            }
        }
    }
    Ok(())
}

/// The columns of the table by quoted name in lower case, with their declared types.
fn columns(connection: &Connection, entity: &str) -> Attempt<BTreeMap<String, String>> {
    let mut statement =
        connection.prepare_cached("SELECT name, type FROM pragma_table_info(?1)")?;
    let columns = statement.query_map([format!("record_{entity}")], |row| {
        let name: String = row.get(0)?;
        Ok((quoted(&name.to_ascii_lowercase()), row.get(1)?))
    })?;
    Ok(columns.collect::<Result<_, _>>()?)
}

/// An index bears in its name how text compares in it, so that another way of comparing is another index.
/// It ends with the id: that is the order in which rows are wanted.
fn change_indexes(
    connection: &Connection,
    entity: &str,
    layout: &Layout,
    statements: &mut Vec<String>,
) -> Attempt<()> {
    let wanted = indexes(entity, layout);
    let existing = indexes_of(connection, entity)?;
    let old = existing.iter().filter(|name| !wanted.contains_key(*name));
    statements.extend(old.map(|name| format!("DROP INDEX {}", quoted(name))));
    let new = wanted.iter().filter(|(name, _)| !existing.contains(name));
    statements.extend(new.map(|(_, sql)| sql.clone()));
    Ok(())
}

/// The indexes that a definition needs: the statements that create them, by name. Records without a reference are not in its
/// index, so that a create writes no page for it; searches for them read the table, as the service does. Tables of before
/// keep indexes of all records, which answer the same searches.
///
/// Source: "Make SOQL Query Selective" (Salesforce Help): nulls are not in indexes.
pub(crate) fn indexes(entity: &str, layout: &Layout) -> BTreeMap<String, String> {
    layout
        .table
        .own_columns()
        .filter(|column| column.indexed)
        .map(|column| {
            let (name, collation) = (&column.name, collation(column));
            let index = format!("record_{entity}.{}.{collation}", name.replace('"', ""));
            let table = &layout.table.name;
            let some = if column.holds == ValueKind::Id {
                format!(" WHERE {name} IS NOT NULL")
            } else {
                String::new()
            };
            let sql = format!(
                "CREATE INDEX {} ON {table} ({name} COLLATE {collation}, {ID}){some}",
                quoted(&index)
            );
            (index, sql)
        })
        .collect()
}

//! Preparing storage for objects: tables, columns and indexes. Nothing that is stored is lost by it.
//!
//! An object gets its table before its first record is written: of the objects that an org has, most are never used.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use landfall_model::{EntityDefinition, EntityName};
use landfall_relational::query::Dialect;
use landfall_relational::table::Layout as _;
use landfall_store::{Cause, Error, ValueKind};

use crate::error::Failed;
use crate::layout::{Column, ID, Layout, ROW_NUMBER, Table, declared, name, quoted};
use crate::session::{Request, Session, plain};
use crate::value::Arg;

/// The objects that have tables.
pub(crate) fn objects(session: &Session) -> Result<Vec<EntityName>, Failed> {
    let rows = session.one(plain("SELECT entity FROM layout"))?;
    let objects = rows.iter().map(|row| row.get::<_, String>(0));
    Ok(objects.map(EntityName::new).collect())
}

/// The statement that says which layout a table has.
pub(crate) fn known_as(entity: &str, layout: &Layout) -> Request {
    Request::new(
        "INSERT INTO layout (entity, fingerprint) VALUES ($1::text, $2::text)
         ON CONFLICT (entity) DO UPDATE SET fingerprint = excluded.fingerprint",
        vec![
            Arg::Text(entity.to_owned()),
            Arg::Text(layout.fingerprint()),
        ],
    )
}

/// What has to be done for one object.
pub(crate) struct Change {
    statements: Vec<String>,
    known_as: Request,
}

impl Change {
    /// As statements of a transaction.
    pub(crate) fn requests(&self) -> Vec<Request> {
        let statements = self.statements.iter();
        let mut requests: Vec<Request> = statements
            .map(|sql| Request::new(sql.as_str(), Vec::new()))
            .collect();
        requests.push(self.known_as.clone());
        requests
    }
}

/// What a failed plan comes from.
pub(crate) enum Refused {
    /// A stored field would have to become something else.
    Kept(Error),
    Failed(Failed),
    Corrupt(Cause),
}

impl From<Failed> for Refused {
    fn from(failed: Failed) -> Self {
        Self::Failed(failed)
    }
}

impl From<tokio_postgres::Error> for Refused {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Corrupt(error.into())
    }
}

/// What objects need.
pub(crate) struct Planned {
    pub(crate) changes: Vec<Change>,
    /// The layout of each that has a table.
    pub(crate) layouts: Vec<Option<Arc<Layout>>>,
}

/// Compares tables with what the definitions need. Of the objects that an org has, most have no table: nothing has to be
/// known of their fields.
pub(crate) fn plan(
    session: &Session,
    entities: &[Arc<EntityDefinition>],
) -> Result<Planned, Refused> {
    let mut known: HashMap<String, String> = HashMap::new();
    for row in session.one(plain("SELECT entity, fingerprint FROM layout"))? {
        known.insert(row.try_get(0)?, row.try_get(1)?);
    }
    let mut changes = Vec::new();
    let mut layouts = Vec::with_capacity(entities.len());
    for entity in entities {
        let name = entity.name.as_str();
        let Some(fingerprint) = known.get(name) else {
            layouts.push(None);
            continue;
        };
        let layout = Arc::new(Layout::new(entity));
        if *fingerprint != layout.fingerprint() {
            changes.push(Change {
                statements: changed(session, name, &layout)?,
                known_as: known_as(name, &layout),
            });
        }
        layouts.push(Some(layout));
    }
    Ok(Planned { changes, layouts })
}

/// The table of an object that has none.
pub(crate) fn create(entity: &str, layout: &Layout) -> Change {
    Change {
        statements: created(layout),
        known_as: known_as(entity, layout),
    }
}

fn created(layout: &Layout) -> Vec<String> {
    let mut statements = vec![create_table(&layout.table)];
    statements.extend(indexes(&layout.table).into_values());
    statements
}

/// The statement that makes a table without indexes besides that of the ids.
pub(crate) fn create_table(table: &Table) -> String {
    let mut sql = format!(
        "CREATE TABLE {} ({ROW_NUMBER} bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {ID} {} NOT NULL UNIQUE",
        table.name,
        declared(ValueKind::Id)
    );
    for column in table.own_columns() {
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
pub(crate) fn declaration_of(name: &str, holds: ValueKind) -> String {
    let default = if holds == ValueKind::Boolean {
        " DEFAULT FALSE"
    } else {
        ""
    };
    format!("{name} {}{default}", declared(holds))
}

fn changed(session: &Session, entity: &str, layout: &Layout) -> Result<Vec<String>, Refused> {
    let table = &layout.table;
    let existing = columns(session, table)?;
    let mut statements = Vec::new();
    for column in table.own_columns() {
        let needed = Dialect::Postgres.type_of(column.holds);
        match existing.get(&column.name) {
            None => statements.push(format!(
                "ALTER TABLE {} ADD COLUMN {}",
                table.name,
                declaration(column)
            )),
            Some(kept) if kept == needed => (),
            Some(_) if is_empty(session, table)? => {
                // Nothing is kept that a field would change.
                let mut statements = vec![format!("DROP TABLE {}", table.name)];
                statements.extend(created(layout));
                return Ok(statements);
            }
            Some(kept) => {
                return Err(Refused::Kept(Error::FieldKept {
                    entity: entity.to_owned(),
                    field: column.field.as_str().to_owned(),
                    kept: kept.clone(),
                    wanted: needed.to_owned(),
                }));
            }
        }
    }
    change_indexes(session, table, &mut statements)?;
    Ok(statements)
}

/// The columns of the table by quoted name, with their types.
fn columns(session: &Session, table: &Table) -> Result<BTreeMap<String, String>, Refused> {
    let rows = session.one(Request::new(
        "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
         WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped",
        vec![Arg::Text(table.name.clone())],
    ))?;
    let mut columns = BTreeMap::new();
    for row in rows {
        let column: String = row.try_get(0)?;
        columns.insert(quoted(&column), row.try_get(1)?);
    }
    Ok(columns)
}

/// Whether an object has no records, deleted ones included.
fn is_empty(session: &Session, table: &Table) -> Result<bool, Refused> {
    let sql = format!("SELECT 1 FROM {} LIMIT 1", table.name);
    Ok(session.one(Request::new(sql, Vec::new()))?.is_empty())
}

/// An index has in its name how text compares in it, so that another way of comparing is another index.
/// It ends with the id: rows are read in that order.
fn change_indexes(
    session: &Session,
    table: &Table,
    statements: &mut Vec<String>,
) -> Result<(), Refused> {
    let needed = indexes(table);
    let rows = session.one(Request::new(
        "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = $1::text::regclass AND NOT i.indisunique",
        vec![Arg::Text(table.name.clone())],
    ))?;
    let mut existing = Vec::with_capacity(rows.len());
    for row in rows {
        let index: String = row.try_get(0)?;
        existing.push(quoted(&index));
    }
    let old = existing.iter().filter(|index| !needed.contains_key(*index));
    statements.extend(old.map(|index| format!("DROP INDEX {index}")));
    let new = needed.iter().filter(|(index, _)| !existing.contains(index));
    statements.extend(new.map(|(_, sql)| sql.clone()));
    Ok(())
}

/// The indexes that a definition needs: the statements that create them, by name.
pub(crate) fn indexes(table: &Table) -> BTreeMap<String, String> {
    let columns = table.own_columns();
    columns.filter_map(|column| index(table, column)).collect()
}

/// The name of a column's index and the statement that creates it, if it needs one.
pub(crate) fn index(table: &Table, column: &Column) -> Option<(String, String)> {
    let field = &column.name;
    let (way, key) = if column.folds {
        ("folded", format!("upper({field} COLLATE \"C\")"))
    } else {
        ("exact", field.clone())
    };
    let own = table.name.trim_matches('"');
    let index = name(&format!("{own}.{}.{way}", field.trim_matches('"')));
    let sql = format!("CREATE INDEX {index} ON {} ({key}, {ID})", table.name);
    column.indexed.then_some((index, sql))
}

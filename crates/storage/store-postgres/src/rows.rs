//! Rows: the statements that read and write records, and what they return.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;

use landfall_model::{EntityDefinition, RecordId, Value};
use landfall_store::{Cause, Lookup, Result, RowWrite, ValueKind, WriteSet};
use tokio_postgres::Row;

use crate::error::corrupt;
use crate::layout::{Column, ID, Layout, Layouts};
use crate::session::Request;
use crate::value::{Arg, Id, decode, fits};
use landfall_relational::query::Dialect;

const RECORD: &str = "record";

/// One record by its id.
pub(crate) fn one(layout: &Layout, id: RecordId) -> Request {
    several_of(layout, &[id])
}

fn several_of(layout: &Layout, ids: &[RecordId]) -> Request {
    let ids = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let sql = format!("{} WHERE {ID} = ANY($1::text[])", layout.select);
    Request::new(sql, vec![Arg::Texts(ids)])
}

/// The rows of several records: one statement for each object.
pub(crate) struct Several {
    objects: Vec<(Arc<Layout>, Vec<RecordId>)>,
    /// Of each record, its object; none if that has no table.
    records: Vec<Option<(usize, RecordId)>>,
}

impl Several {
    pub(crate) fn new(layouts: &Layouts, records: &[(&EntityDefinition, RecordId)]) -> Self {
        let mut several = Self {
            objects: Vec::new(),
            records: Vec::with_capacity(records.len()),
        };
        let mut known: HashMap<*const EntityDefinition, Option<usize>> = HashMap::new();
        for (entity, id) in records {
            let objects = &mut several.objects;
            let object = *known.entry(std::ptr::from_ref(*entity)).or_insert_with(|| {
                objects.push((layouts.existing(entity)?, Vec::new()));
                Some(objects.len() - 1)
            });
            if let Some((_, ids)) = object.and_then(|object| objects.get_mut(object)) {
                ids.push(*id);
            }
            several.records.push(object.map(|object| (object, *id)));
        }
        several
    }

    pub(crate) fn requests(&self) -> impl Iterator<Item = Request> {
        let objects = self.objects.iter();
        objects.map(|(layout, ids)| several_of(layout, ids))
    }

    /// What the statements have returned, in the order of the records.
    pub(crate) fn read(&self, answers: &[Vec<Row>]) -> Result<Vec<Option<landfall_model::Row>>> {
        let mut found: HashMap<(usize, RecordId), landfall_model::Row> = HashMap::new();
        for (object, ((layout, _), rows)) in self.objects.iter().zip(answers).enumerate() {
            for row in rows {
                found.insert((object, id_of(row)?), read(layout, row)?);
            }
        }
        let records = self.records.iter();
        let found = records.map(|record| record.as_ref().and_then(|record| found.get(record)));
        Ok(found.map(Option::<&_>::cloned).collect())
    }
}

/// The record that a row is of.
pub(crate) fn id_of(row: &Row) -> Result<RecordId> {
    let id: Id = row.try_get(0).map_err(|error| corrupt(RECORD, error))?;
    Ok(id.0)
}

/// The rows of one statement.
pub(crate) fn read_all(layout: &Layout, rows: &[Row]) -> Result<Vec<landfall_model::Row>> {
    rows.iter().map(|row| read(layout, row)).collect()
}

pub(crate) fn read(layout: &Layout, row: &Row) -> Result<landfall_model::Row> {
    let columns = layout.table.columns.iter();
    let values = columns.map(|column| match column {
        None => Ok(Value::Null),
        Some(column) => decode(column.holds, row, column.result).map_err(|error| {
            corrupt(
                RECORD,
                format_args!("{}.{}: {error}", layout.table.name, column.name),
            )
        }),
    });
    values.collect()
}

/// What a lookup finds; none if the column cannot hold the value.
pub(crate) fn matching(layout: &Layout, lookup: &Lookup<'_>) -> Option<Request> {
    let limit = Arg::Limit(i64::try_from(lookup.limit).ok());
    let select = &layout.select;
    let condition = match layout.table.column(lookup.field) {
        // Nothing is kept of the field: it is null in every row.
        None if lookup.value.is_null() => "TRUE".to_owned(),
        None => return None,
        Some(Column { name, .. }) if lookup.value.is_null() => format!("{name} IS NULL"),
        Some(column) => return compared(select, column, lookup.value, limit),
    };
    let sql = format!("{select} WHERE {condition} ORDER BY {ID} LIMIT $1::bigint");
    Some(Request::new(sql, vec![limit]))
}

fn compared(select: &str, column: &Column, value: &Value, limit: Arg) -> Option<Request> {
    if !fits(column.holds, value) {
        return None;
    }
    let name = &column.name;
    let ty = Dialect::Postgres.type_of(column.holds);
    let (left, value) = match value {
        Value::Text(text) if column.folds => (
            format!("upper({name} COLLATE \"C\")"),
            Value::Text(text.to_ascii_uppercase()),
        ),
        value => (name.clone(), value.clone()),
    };
    let sql = format!("{select} WHERE {left} = $1::{ty} ORDER BY {ID} LIMIT $2::bigint");
    Some(Request::new(sql, vec![Arg::Value(value), limit]))
}

/// The newest rows.
pub(crate) fn recent(layout: &Layout, limit: usize) -> Request {
    let sql = format!("{} {}", layout.select, layout.recent);
    Request::new(sql, vec![Arg::Limit(i64::try_from(limit).ok())])
}

/// Rows in the order of their ids, those after an id.
pub(crate) fn page(layout: &Layout, after: Option<RecordId>, limit: usize) -> Request {
    let after = after.map(|id| id.as_str().to_owned()).unwrap_or_default();
    let sql = format!(
        "{} WHERE {ID} > $1::text ORDER BY {ID} LIMIT $2::bigint",
        layout.select
    );
    let limit = Arg::Limit(i64::try_from(limit).ok());
    Request::new(sql, vec![Arg::Text(after), limit])
}

/// Rows that one statement writes: of one object, and with the same columns.
struct Group<'w> {
    layout: Arc<Layout>,
    rows: Vec<&'w RowWrite>,
}

/// The statements of a commit that write its rows.
pub(crate) fn write(
    layouts: &Layouts,
    write: &WriteSet,
) -> std::result::Result<Vec<Request>, Cause> {
    let mut inserts: Vec<(&str, Group<'_>)> = Vec::new();
    let mut updates: BTreeMap<(&str, Vec<usize>), Group<'_>> = BTreeMap::new();
    for row in &write.rows {
        let (layout, _) = layouts.of(&row.entity);
        check(&layout, row)?;
        let entity = row.entity.name.as_str();
        let new = || Group {
            layout: Arc::clone(&layout),
            rows: Vec::new(),
        };
        let group = match &row.changed {
            None => group_of(&mut inserts, entity, new),
            Some(changed) => {
                let key = (entity, own_columns(&layout, changed)?);
                Some(updates.entry(key).or_insert_with(new))
            }
        };
        if let Some(group) = group {
            group.rows.push(row);
        }
    }
    let mut requests = Vec::new();
    for (_, group) in &inserts {
        requests.push(insert(group));
    }
    for ((_, changed), group) in &updates {
        requests.extend(update(group, changed));
    }
    requests.extend(remove(layouts, write));
    Ok(requests)
}

fn group_of<'g, 'w>(
    groups: &'g mut Vec<(&'w str, Group<'w>)>,
    entity: &'w str,
    new: impl FnOnce() -> Group<'w>,
) -> Option<&'g mut Group<'w>> {
    let known = groups.iter().position(|(of, _)| *of == entity);
    let place = known.unwrap_or_else(|| {
        groups.push((entity, new()));
        groups.len() - 1
    });
    groups.get_mut(place).map(|(_, group)| group)
}

fn check(layout: &Layout, row: &RowWrite) -> std::result::Result<(), Cause> {
    let (values, columns) = (row.row.len(), layout.table.columns.len());
    if values != columns {
        let entity = &row.entity.name;
        return Err(format!("a row of {entity} has {values} values for {columns} fields").into());
    }
    for (column, value) in layout.table.columns.iter().zip(&row.row) {
        if let Some(column) = column
            && !fits(column.holds, value)
        {
            let Column { name, holds, .. } = column;
            // The value itself stays out of the message: it may be anybody's data.
            let table = &layout.table.name;
            return Err(format!("{table}.{name} takes no value other than {holds:?}").into());
        }
    }
    Ok(())
}

/// The changed fields that have a column of their own, in order.
fn own_columns(layout: &Layout, changed: &[usize]) -> std::result::Result<Vec<usize>, Cause> {
    let mut places = changed.to_vec();
    places.sort_unstable();
    places.dedup();
    if places
        .last()
        .is_some_and(|last| *last >= layout.table.columns.len())
    {
        return Err(format!("{} has no field of that number", layout.table.name).into());
    }
    places.retain(|place| {
        layout
            .table
            .column(*place)
            .is_some_and(|column| column.result > 0)
    });
    Ok(places)
}

/// The values of a column in all rows, as one parameter.
fn column_of(rows: &[&RowWrite], place: usize, kind: ValueKind) -> Arg {
    let values = rows.iter().map(|row| row.row.get(place).cloned());
    Arg::Column(kind, values.map(Option::unwrap_or_default).collect())
}

fn ids_of(rows: &[&RowWrite]) -> Arg {
    Arg::Texts(rows.iter().map(|row| row.id.as_str().to_owned()).collect())
}

/// New records, in their order. Columns that are null in all of them are left out.
fn insert(group: &Group<'_>) -> Request {
    let Group { layout, rows } = group;
    let (mut names, mut arrays) = (ID.to_owned(), "$1::text[]".to_owned());
    let (mut places, mut args) = ("c1".to_owned(), vec![ids_of(rows)]);
    for (place, column) in layout.table.columns.iter().enumerate() {
        let Some(column) = column.as_ref().filter(|column| column.result > 0) else {
            continue;
        };
        let is_null = |row: &&RowWrite| row.row.get(place).is_none_or(Value::is_null);
        if rows.iter().all(is_null) {
            continue;
        }
        args.push(column_of(rows, place, column.holds));
        let number = args.len();
        let _ = write!(names, ", {}", column.name);
        let _ = write!(
            arrays,
            ", ${number}::{}[]",
            Dialect::Postgres.type_of(column.holds)
        );
        let _ = write!(places, ", c{number}");
    }
    let sql = format!(
        "INSERT INTO {} ({names}) SELECT {places} FROM unnest({arrays}) WITH ORDINALITY AS v({places}, n) ORDER BY n",
        layout.table.name
    );
    Request::new(sql, args)
}

/// Changed records; each of them is there.
fn update(group: &Group<'_>, changed: &[usize]) -> Option<Request> {
    let Group { layout, rows } = group;
    let mut args = vec![ids_of(rows)];
    let (mut set, mut arrays, mut places) =
        (String::new(), "$1::text[]".to_owned(), "c1".to_owned());
    for place in changed {
        let column = layout.table.column(*place)?;
        args.push(column_of(rows, *place, column.holds));
        let number = args.len();
        let comma = if set.is_empty() { "" } else { ", " };
        let _ = write!(set, "{comma}{} = v.c{number}", column.name);
        let _ = write!(
            arrays,
            ", ${number}::{}[]",
            Dialect::Postgres.type_of(column.holds)
        );
        let _ = write!(places, ", c{number}");
    }
    if set.is_empty() {
        return None;
    }
    let sql = format!(
        "WITH written AS (UPDATE {} AS t SET {set} FROM unnest({arrays}) AS v({places}) WHERE t.{ID} = v.c1 RETURNING 1)
         SELECT landfall_expect(cardinality($1::text[])::bigint, (SELECT count(*) FROM written))",
        layout.table.name
    );
    Some(Request::new(sql, args))
}

/// Removed records; each of them is there.
fn remove(layouts: &Layouts, write: &WriteSet) -> Vec<Request> {
    let mut objects: BTreeMap<&str, (Arc<Layout>, Vec<String>)> = BTreeMap::new();
    for removal in &write.removals {
        let object = objects
            .entry(removal.entity.name.as_str())
            .or_insert_with(|| (layouts.of(&removal.entity).0, Vec::new()));
        object.1.push(removal.id.as_str().to_owned());
    }
    objects
        .into_values()
        .map(|(layout, ids)| {
            let sql = format!(
                "WITH written AS (DELETE FROM {} WHERE {ID} = ANY($1::text[]) RETURNING 1)
                 SELECT landfall_expect(cardinality($1::text[])::bigint, (SELECT count(*) FROM written))",
                layout.table.name
            );
            Request::new(sql, vec![Arg::Texts(ids)])
        })
        .collect()
}

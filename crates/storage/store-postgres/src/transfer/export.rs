//! Reading a schema as a whole. Blocks of events have a checksum, which is compared; PostgreSQL checks its own pages.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use landfall_model::limits::{MOVE_BATCH_BYTES, MOVE_BATCH_ITEMS};
use landfall_model::{EntityName, RecordId, ReplayId, Topic, Value};
use landfall_relational::block;
use landfall_relational::query::Dialect;
use landfall_store::transfer::{
    Amounts, Export, KeptBlock, KeptDocument, KeptField, KeptRecord, KeptTable,
};
use landfall_store::{DocumentKind, JobFiles, Position, Result, TopicId, ValueKind};
use tokio_postgres::Row;

use super::alone;
use crate::documents::DOCUMENT;
use crate::error::{corrupt, loaded, open, reading};
use crate::files::{Files, Own, TABLES as FILES};
use crate::layout::{ID, ROW_NUMBER, fields_of, name, quoted};
use crate::log::{LOG, place, topic_id};
use crate::schema::{check_version, number, position, refused};
use crate::session::{Request, Session, plain};
use crate::value::{Arg, decode};

const RECORD: &str = "record";
const TABLE: &str = "table of records";

/// Ends a statement that reads a bounded part of rows that are numbered by `_before`, the bytes before each.
const BOUNDED: &str = ") AS sized WHERE _before < $1::bigint";

/// Opens the schema of an org for reading it as a whole.
///
/// # Errors
/// [`landfall_store::Error::Open`]: the server cannot be reached, there is no org, it is in use, is half filled itself, or is
/// somebody else's or of another version.
pub fn export(url: &str) -> Result<Box<dyn Export>> {
    let (session, place) = alone(url)?;
    let schema = &place.schema;
    let tables = session
        .one(plain("SELECT to_regclass('org') IS NOT NULL"))
        .map_err(refused)?;
    let has_org = tables.first().is_some_and(|row| row.get(0));
    if !has_org {
        return Err(open(format_args!("the schema {schema} holds no org")));
    }
    let rows = session
        .one(plain(
            "SELECT format, tail, commit_number, appended_ms FROM org",
        ))
        .map_err(refused)?;
    let row = rows.first();
    let row = row.ok_or_else(|| open("the table org is empty"))?;
    check_version(number(row, 0)?, schema)?;
    let position = position(row, 1)?;
    // A schema that was last used by an earlier version has none.
    session.execute(FILES.to_owned()).map_err(refused)?;
    Ok(Box::new(SchemaExport {
        files: Files(Own(Arc::clone(&session))),
        session,
        position,
    }))
}

struct SchemaExport {
    session: Arc<Session>,
    position: Position,
    files: Files<Own>,
}

impl SchemaExport {
    fn rows(
        &self,
        what: &'static str,
        sql: impl Into<Arc<str>>,
        args: Vec<Arg>,
    ) -> Result<Vec<Row>> {
        let rows = self.session.one(Request::new(sql, args));
        rows.map_err(reading(what))
    }

    fn count(&self, what: &'static str, sql: String) -> Result<u64> {
        let rows = self.rows(what, sql, Vec::new())?;
        let row = rows.first();
        let row = row.ok_or_else(|| corrupt(what, "an answer is missing"))?;
        loaded(what, column(row, 0, what)?)
    }

    /// The objects that have tables, with what each was prepared for.
    fn objects(&self) -> Result<Vec<(String, String)>> {
        let rows = self.rows(
            TABLE,
            "SELECT entity, fingerprint FROM layout ORDER BY entity",
            Vec::new(),
        )?;
        rows.iter()
            .map(|row| Ok((column(row, 0, TABLE)?, column(row, 1, TABLE)?)))
            .collect()
    }

    fn table(&self, entity: &str, fingerprint: &str) -> Result<KeptTable> {
        let fields = fields_of(fingerprint).ok_or_else(|| {
            open(format_args!(
                "the table of {entity} was last used by an earlier version of this program: start the server on it once"
            ))
        })?;
        let mut columns = self.columns(entity)?;
        for field in &fields {
            if columns.remove(&field.name).is_none() {
                let name = &field.name;
                return Err(corrupt(
                    TABLE,
                    format_args!("{entity} has no column {name}"),
                ));
            }
        }
        let mut table = KeptTable {
            entity: EntityName::new(entity),
            fields,
        };
        for (name, ty) in columns {
            let holds = self.kind_of(entity, &name, &ty)?;
            table.fields.push(KeptField {
                name,
                holds,
                index: None,
                is_current: false,
            });
        }
        Ok(table)
    }

    /// The columns of values with their types. What a conversion has left that was given up is none: no field has a name with
    /// a space.
    fn columns(&self, entity: &str) -> Result<BTreeMap<String, String>> {
        let rows = self.rows(
            TABLE,
            "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
             WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped
                 AND attname <> 'Id' AND left(attname, 1) <> '_' AND position(' ' IN attname) = 0",
            vec![Arg::Text(table_of(entity))],
        )?;
        rows.iter()
            .map(|row| Ok((column(row, 0, TABLE)?, column(row, 1, TABLE)?)))
            .collect()
    }

    /// What a deleted field holds. Ids are texts here: it was a reference if every value is an id.
    fn kind_of(&self, entity: &str, field: &str, ty: &str) -> Result<ValueKind> {
        let mut kinds = ValueKind::ALL.into_iter();
        let kind = kinds.find(|kind| Dialect::Postgres.type_of(*kind) == ty);
        let kind = kind.ok_or_else(|| corrupt(TABLE, format_args!("{entity}.{field} is {ty}")))?;
        if kind != ValueKind::Text {
            return Ok(kind);
        }
        let field = quoted(field);
        let sql = format!(
            "SELECT coalesce(bool_and({field} ~ '^[0-9A-Za-z]{{15}}[A-Z0-5]{{3}}$'), false) FROM {}",
            table_of(entity)
        );
        let rows = self.rows(TABLE, sql, Vec::new())?;
        let are_ids = rows.first().is_some_and(|row| row.get(0));
        Ok(if are_ids {
            ValueKind::Id
        } else {
            ValueKind::Text
        })
    }
}

fn column<'r, T: tokio_postgres::types::FromSql<'r>>(
    row: &'r Row,
    place: usize,
    what: &'static str,
) -> Result<T> {
    row.try_get(place).map_err(|error| corrupt(what, error))
}

fn table_of(entity: &str) -> String {
    name(&format!("record_{entity}"))
}

fn limits() -> [Arg; 2] {
    [MOVE_BATCH_BYTES, MOVE_BATCH_ITEMS].map(|limit| Arg::Limit(i64::try_from(limit).ok()))
}

impl Export for SchemaExport {
    fn position(&self) -> Position {
        self.position
    }

    fn amounts(&self) -> Result<Amounts> {
        let mut amounts = Amounts {
            documents: self.count(DOCUMENT, "SELECT count(*) FROM document".to_owned())?,
            events: self.count(
                LOG,
                "SELECT coalesce(sum(last_replay_id - first_replay_id + 1), 0)::bigint FROM event_block"
                    .to_owned(),
            )?,
            records: 0,
        };
        for (entity, _) in self.objects()? {
            let sql = format!("SELECT count(*) FROM {}", table_of(&entity));
            amounts.records += self.count(RECORD, sql)?;
        }
        Ok(amounts)
    }

    fn topics(&self) -> Result<Vec<(TopicId, Topic)>> {
        let sql = "SELECT topic_id, name FROM topic ORDER BY topic_id";
        let rows = self.rows("topics", sql, Vec::new())?;
        rows.iter()
            .map(|row| {
                let name: String = column(row, 1, "topics")?;
                Ok((topic_id(column(row, 0, "topics")?)?, Topic::new(name)))
            })
            .collect()
    }

    fn documents(&self, after: Option<(DocumentKind, &str)>) -> Result<Vec<KeptDocument>> {
        let (kind, key) = after.map_or(("", ""), |(kind, key)| (kind.as_str(), key));
        let [bytes, items] = limits();
        let rows = self.rows(
            DOCUMENT,
            format!(
                "SELECT kind, key, content FROM (
                     SELECT *, sum(octet_length(content)) OVER (ORDER BY kind, key) - octet_length(content) AS _before FROM (
                         SELECT * FROM document WHERE (kind, key) > ($3::text, $4::text) ORDER BY kind, key LIMIT $2::bigint) AS next
                 {BOUNDED} ORDER BY kind, key"
            ),
            vec![
                bytes,
                items,
                Arg::Text(kind.to_owned()),
                Arg::Text(key.to_owned()),
            ],
        )?;
        rows.iter()
            .map(|row| {
                let kind: String = column(row, 0, DOCUMENT)?;
                let kind = DocumentKind::named(&kind).ok_or_else(|| {
                    corrupt(
                        DOCUMENT,
                        format_args!("{kind} is no known kind of document"),
                    )
                })?;
                Ok(KeptDocument {
                    kind,
                    key: column(row, 1, DOCUMENT)?,
                    content: column(row, 2, DOCUMENT)?,
                })
            })
            .collect()
    }

    fn tables(&self) -> Result<Vec<KeptTable>> {
        let objects = self.objects()?;
        objects
            .iter()
            .map(|(entity, fingerprint)| self.table(entity, fingerprint))
            .collect()
    }

    fn records(&self, table: &KeptTable, after: u64) -> Result<Vec<KeptRecord>> {
        let (mut names, mut size) = (String::new(), "100".to_owned());
        for field in &table.fields {
            let name = name(&field.name);
            let _ = write!(names, ", {name}");
            if field.holds == ValueKind::Text {
                let _ = write!(size, " + coalesce(octet_length({name}), 0)");
            }
        }
        let of = table_of(table.entity.as_str());
        let sql = format!(
            "SELECT {ROW_NUMBER}, {ID}{names} FROM (
                 SELECT *, sum({size}) OVER (ORDER BY {ROW_NUMBER}) - ({size}) AS _before FROM (
                     SELECT * FROM {of} WHERE {ROW_NUMBER} > $3::bigint ORDER BY {ROW_NUMBER} LIMIT $2::bigint) AS next
             {BOUNDED} ORDER BY {ROW_NUMBER}"
        );
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let [bytes, items] = limits();
        let rows = self.rows(RECORD, sql, vec![bytes, items, Arg::Int(after)])?;
        rows.iter().map(|row| record(table, row)).collect()
    }

    fn blocks(&self, after: Option<ReplayId>) -> Result<Vec<KeptBlock>> {
        let from = after.map_or(0, |after| place(after.advanced_by(1)));
        let [bytes, items] = limits();
        let rows = self.rows(
            LOG,
            format!(
                "SELECT first_replay_id, last_replay_id, data FROM (
                     SELECT *, sum(octet_length(data)) OVER (ORDER BY first_replay_id) - octet_length(data) AS _before FROM (
                         SELECT * FROM event_block WHERE first_replay_id >= $3::bigint
                         ORDER BY first_replay_id LIMIT $2::bigint) AS next
                 {BOUNDED} ORDER BY first_replay_id"
            ),
            vec![bytes, items, Arg::Int(from)],
        )?;
        let (mut blocks, mut previous) = (Vec::with_capacity(rows.len()), after);
        for row in &rows {
            let first = ReplayId::new(loaded(LOG, column(row, 0, LOG)?)?);
            let last = ReplayId::new(loaded(LOG, column(row, 1, LOG)?)?);
            if previous.is_some_and(|previous| previous.advanced_by(1) != first) {
                return Err(corrupt(
                    LOG,
                    format_args!("events before {first} are missing"),
                ));
            }
            let kept = block::kept(first, last, column(row, 2, LOG)?);
            let kept = kept
                .map_err(|damage| corrupt("event block", format_args!("{damage} (block {first})")));
            blocks.extend(kept?);
            previous = Some(last);
        }
        Ok(blocks)
    }

    fn files(&self) -> &dyn JobFiles {
        &self.files
    }
}

fn record(table: &KeptTable, row: &Row) -> Result<KeptRecord> {
    let id: String = column(row, 1, RECORD)?;
    let damaged = |what: &str| {
        let entity = &table.entity;
        corrupt(RECORD, format_args!("{entity}: {what} cannot be read"))
    };
    let values =
        table.fields.iter().zip(2..).map(|(field, place)| {
            decode(field.holds, row, place).map_err(|_| damaged(&field.name))
        });
    let values: Vec<Value> = values.collect::<Result<_>>()?;
    Ok(KeptRecord {
        number: loaded(RECORD, column(row, 0, RECORD)?)?,
        id: RecordId::parse(&id).map_err(|_| damaged("an id"))?,
        values,
    })
}

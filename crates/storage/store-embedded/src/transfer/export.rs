//! Reading a file as a whole, each part of it compared with its checksum.

use std::collections::BTreeMap;
use std::path::Path;

use landfall_model::limits::{MOVE_BATCH_BYTES, MOVE_BATCH_ITEMS};
use landfall_model::{EntityName, RecordId, ReplayId, Topic, Value};
use landfall_relational::block;
use landfall_store::transfer::{
    Amounts, Comparison, Export, KeptBlock, KeptDocument, KeptField, KeptRecord, KeptTable,
};
use landfall_store::{DocumentKind, JobFiles, Position, Result, TopicId, ValueKind};
use rusqlite::{Connection, Row};

use crate::check::records::{Columns, PREFIX, looked_at, sets};
use crate::error::{corrupt, loaded, open as refused, reading};
use crate::job_folder::JobFolder;
use crate::layout::{ID, ROW_NUMBER, quoted};
use crate::log::{self, BLOCK, LOG};
use crate::look::Look;
use crate::{checksum, value};

const DOCUMENT: &str = "document";
const RECORD: &str = "record";
const TABLE: &str = "table of records";

/// Opens the file of a store for reading it as a whole; `jobs` is the folder of the files of its jobs.
///
/// # Errors
/// [`landfall_store::Error::Open`]: it is not there, is in use, is half filled itself, or is somebody else's or of another
/// version.
pub fn export(path: &Path, jobs: &Path) -> Result<Box<dyn Export>> {
    let look = Look::begin(path)?;
    if look.is_in_use() {
        return Err(refused(format_args!(
            "{} is in use by another process: stop that one first",
            path.display()
        )));
    }
    Ok(Box::new(FileExport {
        position: log::position(&look.connection)?,
        look,
        jobs: JobFolder::at(jobs),
    }))
}

struct FileExport {
    look: Look,
    position: Position,
    jobs: JobFolder,
}

impl FileExport {
    const fn connection(&self) -> &Connection {
        &self.look.connection
    }

    fn count(&self, sql: &str, what: &'static str) -> Result<u64> {
        let count = self.connection().query_row(sql, [], |row| row.get(0));
        loaded(what, count.map_err(reading(what))?)
    }

    /// The tables of records, by object.
    fn objects(&self) -> Result<Vec<String>> {
        self.connection()
            .prepare_cached(
                "SELECT substr(name, 8) FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) = 'record_'
                 ORDER BY substr(name, 8)",
            )
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(reading(TABLE))
    }

    fn table(&self, entity: &str) -> Result<KeptTable> {
        let fingerprint = self
            .connection()
            .prepare_cached("SELECT fingerprint FROM layout WHERE entity = ?1")
            .and_then(|mut statement| {
                let mut rows = statement.query([entity])?;
                rows.next()?.map(|row| row.get::<_, String>(0)).transpose()
            })
            .map_err(reading(TABLE))?;
        let mut columns = self.columns(entity)?;
        let mut fields = Vec::with_capacity(columns.len());
        // The first line is about the checksums.
        for line in fingerprint.iter().flat_map(|text| text.lines().skip(1)) {
            let field = field_of(line);
            let field = field.ok_or_else(|| corrupt(TABLE, format_args!("{entity}: {line}")))?;
            if columns.remove(&field.name.to_ascii_lowercase()).is_none() {
                let name = &field.name;
                return Err(corrupt(
                    TABLE,
                    format_args!("{entity} has no column {name}"),
                ));
            }
            fields.push(field);
        }
        let deleted = columns.into_values().map(|(name, holds)| KeptField {
            name,
            holds,
            index: None,
            is_current: false,
        });
        fields.extend(deleted);
        Ok(KeptTable {
            entity: EntityName::new(entity),
            fields,
        })
    }

    /// The columns of values by their names in lower case.
    fn columns(&self, entity: &str) -> Result<BTreeMap<String, (String, ValueKind)>> {
        let columns: Vec<(String, String)> = self
            .connection()
            .prepare_cached("SELECT name, type FROM pragma_table_info(?1)")
            .and_then(|mut statement| {
                let rows = statement.query_map([format!("{PREFIX}{entity}")], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
                rows.collect()
            })
            .map_err(reading(TABLE))?;
        let mut found = BTreeMap::new();
        for (name, declared) in columns {
            // The number of the row and the checksum have names that no field can have.
            if name.starts_with('_') || quoted(&name) == ID {
                continue;
            }
            let holds = value::kind_of(&declared).ok_or_else(|| {
                corrupt(TABLE, format_args!("{entity}.{name} holds {declared:?}"))
            })?;
            found.insert(name.to_ascii_lowercase(), (name, holds));
        }
        Ok(found)
    }
}

/// A line of what a table was prepared for: the quoted name, the type and the way of comparing in the index.
fn field_of(line: &str) -> Option<KeptField> {
    let (name, rest) = line.strip_prefix('"')?.split_once("\" ")?;
    let (declared, index) = rest.rsplit_once(' ')?;
    Some(KeptField {
        name: name.to_owned(),
        holds: value::kind_of(declared)?,
        index: match index {
            "-" => None,
            "NOCASE" => Some(Comparison::Folded),
            "BINARY" => Some(Comparison::Exact),
            _ => return None,
        },
        is_current: true,
    })
}

impl Export for FileExport {
    fn position(&self) -> Position {
        self.position
    }

    fn amounts(&self) -> Result<Amounts> {
        let mut amounts = Amounts {
            documents: self.count("SELECT count(*) FROM document", DOCUMENT)?,
            events: self.count(
                "SELECT coalesce(sum(last_replay_id - first_replay_id + 1), 0) FROM event_block",
                LOG,
            )?,
            records: 0,
        };
        for object in self.objects()? {
            let table = quoted(&format!("{PREFIX}{object}"));
            amounts.records += self.count(&format!("SELECT count(*) FROM {table}"), RECORD)?;
        }
        Ok(amounts)
    }

    fn topics(&self) -> Result<Vec<(TopicId, Topic)>> {
        let topics = log::topics(self.connection())?.into_iter();
        let mut topics: Vec<(TopicId, Topic)> = topics
            .map(|(name, number)| (number, Topic::new(name)))
            .collect();
        topics.sort_unstable_by_key(|(number, _)| *number);
        Ok(topics)
    }

    fn documents(&self, after: Option<(DocumentKind, &str)>) -> Result<Vec<KeptDocument>> {
        let after = after.map_or(("", ""), |(kind, key)| (kind.as_str(), key));
        let mut statement = self
            .connection()
            .prepare_cached(
                "SELECT kind, key, content, checksum FROM document WHERE (kind, key) > (?1, ?2)
                 ORDER BY kind, key",
            )
            .map_err(reading(DOCUMENT))?;
        let mut rows = statement.query(after).map_err(reading(DOCUMENT))?;
        let (mut documents, mut bytes) = (Vec::new(), 0);
        while documents.len() < MOVE_BATCH_ITEMS
            && bytes < MOVE_BATCH_BYTES
            && let Some(row) = rows.next().map_err(reading(DOCUMENT))?
        {
            let document = document(row)?;
            bytes += document.content.len() + document.key.len();
            documents.push(document);
        }
        Ok(documents)
    }

    fn tables(&self) -> Result<Vec<KeptTable>> {
        let objects = self.objects()?;
        objects.iter().map(|object| self.table(object)).collect()
    }

    fn records(&self, table: &KeptTable, after: u64) -> Result<Vec<KeptRecord>> {
        let name = format!("{PREFIX}{}", table.entity);
        let sql = format!(
            "SELECT * FROM {} WHERE {ROW_NUMBER} > ?1 ORDER BY {ROW_NUMBER}",
            quoted(&name)
        );
        let mut statement = self
            .connection()
            .prepare_cached(&sql)
            .map_err(reading(RECORD))?;
        let columns = Columns::of(&statement)?;
        let sets = sets(self.connection(), &name, &columns)?;
        let places = places(&columns, table)?;
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut rows = statement.query([after]).map_err(reading(RECORD))?;
        let (mut records, mut bytes) = (Vec::new(), 0);
        while records.len() < MOVE_BATCH_ITEMS
            && bytes < MOVE_BATCH_BYTES
            && let Some(row) = rows.next().map_err(reading(RECORD))?
        {
            let looked = looked_at(&columns, &sets, row)?;
            let record = record(table, &columns, &places, row)?;
            if looked.is_whole == Some(false) {
                let (entity, id) = (&table.entity, record.id);
                return Err(corrupt(
                    RECORD,
                    format_args!("the checksum of {entity} {id} does not match"),
                ));
            }
            // Those without a checksum are not measured there.
            bytes += looked.bytes.max(landfall_store::bytes_of(&record.values));
            records.push(record);
        }
        Ok(records)
    }

    fn blocks(&self, after: Option<ReplayId>) -> Result<Vec<KeptBlock>> {
        let from = after.map_or(Ok(0), stored_next)?;
        let mut statement = self
            .connection()
            .prepare_cached(
                "SELECT first_replay_id, last_replay_id, data FROM event_block WHERE first_replay_id >= ?1
                 ORDER BY first_replay_id",
            )
            .map_err(reading(LOG))?;
        let mut rows = statement.query([from]).map_err(reading(LOG))?;
        let (mut blocks, mut bytes) = (Vec::new(), 0);
        let mut previous = after;
        while blocks.len() < MOVE_BATCH_ITEMS
            && bytes < MOVE_BATCH_BYTES
            && let Some(row) = rows.next().map_err(reading(LOG))?
        {
            let first = ReplayId::new(loaded(LOG, row.get(0).map_err(reading(BLOCK))?)?);
            let last = ReplayId::new(loaded(LOG, row.get(1).map_err(reading(BLOCK))?)?);
            if previous.is_some_and(|previous| previous.advanced_by(1) != first) {
                return Err(corrupt(
                    LOG,
                    format_args!("events before {first} are missing"),
                ));
            }
            let data = row
                .get_ref(2)
                .and_then(|data| Ok(data.as_blob()?))
                .map_err(reading(BLOCK))?;
            bytes += data.len();
            blocks.extend(
                block::kept(first, last, data)
                    .map_err(|reason| corrupt(BLOCK, format_args!("{reason} (block {first})")))?,
            );
            previous = Some(last);
        }
        Ok(blocks)
    }

    fn files(&self) -> &dyn JobFiles {
        &self.jobs
    }
}

fn stored_next(after: ReplayId) -> Result<i64> {
    i64::try_from(after.advanced_by(1).get())
        .map_err(|_| corrupt(LOG, "a replay id is out of range"))
}

fn document(row: &Row<'_>) -> Result<KeptDocument> {
    let kind: String = row.get(0).map_err(reading(DOCUMENT))?;
    let key: String = row.get(1).map_err(reading(DOCUMENT))?;
    let content: Vec<u8> = row.get(2).map_err(reading(DOCUMENT))?;
    let sum: Option<i64> = row.get(3).map_err(reading(DOCUMENT))?;
    if sum.is_some_and(|sum| sum != checksum::of_entry(&kind, &key, &content)) {
        // A key may name a user.
        return Err(corrupt(
            DOCUMENT,
            format_args!("the checksum of a document of {kind} does not match"),
        ));
    }
    let kind = DocumentKind::named(&kind).ok_or_else(|| {
        corrupt(
            DOCUMENT,
            format_args!("{kind} is no known kind of document"),
        )
    })?;
    Ok(KeptDocument { kind, key, content })
}

/// The places of the fields in a row.
fn places(columns: &Columns, table: &KeptTable) -> Result<Vec<usize>> {
    let by_name: BTreeMap<String, usize> = columns
        .by_name
        .iter()
        .map(|(name, place)| (name.to_ascii_lowercase(), *place))
        .collect();
    let places = table.fields.iter().map(|field| {
        let place = by_name.get(&field.name.to_ascii_lowercase()).copied();
        place.ok_or_else(|| {
            let entity = &table.entity;
            corrupt(TABLE, format_args!("{entity} has no column {}", field.name))
        })
    });
    places.collect()
}

fn record(
    table: &KeptTable,
    columns: &Columns,
    places: &[usize],
    row: &Row<'_>,
) -> Result<KeptRecord> {
    let damaged = |what: &str| {
        let entity = &table.entity;
        corrupt(RECORD, format_args!("{entity}: {what} cannot be read"))
    };
    let number: i64 = row.get(columns.number).map_err(reading(RECORD))?;
    let id: String = row.get(columns.id).map_err(reading(RECORD))?;
    let values = table.fields.iter().zip(places).map(|(field, place)| {
        let kept = row.get_ref(*place).map_err(reading(RECORD))?;
        value::decode(field.holds, kept).ok_or_else(|| damaged(&field.name))
    });
    let values: Vec<Value> = values.collect::<Result<_>>()?;
    Ok(KeptRecord {
        number: loaded(RECORD, number)?,
        id: RecordId::parse(&id).map_err(|_| damaged("an id"))?,
        values,
    })
}

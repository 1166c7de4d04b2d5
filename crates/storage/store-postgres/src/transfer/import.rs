//! Filling a schema from another store. In the place of the format version it has a mark until it is finished, so that no
//! server of any version takes it for an org.

use std::sync::Arc;

use landfall_model::Value;
use landfall_model::limits::POSTGRES_NAME_BYTES_MAX;
use landfall_relational::block;
use landfall_relational::query::Dialect;
use landfall_store::transfer::{Batch, Import, KeptBlock, KeptDocument, KeptRecord, KeptTable};
use landfall_store::{Error, JobFiles, Position, Result, ValueKind};

use super::{alone, defect, unwritten};
use crate::error::{open, reading, stored};
use crate::files::{Files, Own, TABLES as FILES};
use crate::layout::{ID, Layout, ROW_NUMBER, Table, name};
use crate::prepare;
use crate::schema::{FORMAT_VERSION, MOVING, TABLES, number, refused};
use crate::session::{BEGIN, COMMIT, Request, Session, plain};
use crate::value::{Arg, fits};

/// The note, in one row, with the format that the schema is going to have.
const NOTE: &str = "
CREATE TABLE moving (number bigint PRIMARY KEY CHECK (number = 1), format bigint NOT NULL, note text);
";

/// Opens a schema for being filled, and makes it if there is none.
///
/// # Errors
/// [`landfall_store::Error::Open`]: the server cannot be reached; the schema holds an org already, is somebody else's, was
/// half filled by another version, or is in use.
pub fn import(url: &str) -> Result<Box<dyn Import>> {
    let (session, place) = alone(url)?;
    claim(&session, &place.schema)?;
    Ok(Box::new(SchemaImport {
        files: Files(Own(Arc::clone(&session))),
        session,
    }))
}

/// Makes an empty schema one that is being filled, or checks that it is one.
fn claim(session: &Session, schema: &str) -> Result<()> {
    let tables = session.one(plain(
        "SELECT count(*), count(*) FILTER (WHERE relname = 'org'), count(*) FILTER (WHERE relname = 'moving') FROM pg_class
         WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'",
    ));
    let tables = tables.map_err(refused)?;
    let row = tables
        .first()
        .ok_or_else(|| open("PostgreSQL counts no tables"))?;
    let mark = format!("{NOTE} INSERT INTO moving (number, format) VALUES (1, {FORMAT_VERSION});");
    match (number(row, 0)?, number(row, 1)?, number(row, 2)?) {
        (0, ..) => session
            .execute(format!(
                "BEGIN; {TABLES} {FILES} INSERT INTO org VALUES (1, {MOVING}, 0, {}, {}, {}, 0, ''); {mark} COMMIT;",
                Position::ORIGIN.tail.get(),
                Position::ORIGIN.commit_number.get(),
                Position::ORIGIN.appended_at.as_millis()
            ))
            .map_err(refused),
        (_, 0, _) => Err(open(format_args!(
            "the schema {schema} has tables of something else: name another one"
        ))),
        (_, _, 0) if is_unused(session)? => session
            .execute(format!(
                "BEGIN; {FILES} UPDATE org SET format = {MOVING}; {mark} COMMIT;"
            ))
            .map_err(refused),
        (_, _, 0) => Err(open(format_args!(
            "the schema {schema} holds an org already: name another one, or drop it"
        ))),
        _ => resumed(session, schema),
    }
}

/// Whether a server has made the tables, and no org in them.
fn is_unused(session: &Session) -> Result<bool> {
    let used = session.one(Request::new(
        "SELECT 1 FROM org WHERE format <> $1::bigint OR commit_number <> $2::bigint
         UNION ALL SELECT 1 FROM document UNION ALL SELECT 1 FROM topic UNION ALL SELECT 1 FROM layout LIMIT 1",
        vec![
            Arg::Int(FORMAT_VERSION),
            Arg::Int(stored(Position::ORIGIN.commit_number.get()).map_err(open)?),
        ],
    ));
    Ok(used.map_err(refused)?.is_empty())
}

fn resumed(session: &Session, schema: &str) -> Result<()> {
    let format = session
        .one(plain("SELECT format FROM moving"))
        .map_err(refused)?;
    match format.first().map(|row| number(row, 0)).transpose()? {
        Some(FORMAT_VERSION) => Ok(()),
        _ => Err(open(format_args!(
            "the schema {schema} was half filled by another version of this program: go on with that one, or drop it"
        ))),
    }
}

struct SchemaImport {
    session: Arc<Session>,
    files: Files<Own>,
}

impl SchemaImport {
    /// Does all of it in one durable transaction.
    fn transact(&self, statements: Vec<Request>) -> Result<()> {
        let all = [vec![plain(BEGIN)], statements, vec![plain(COMMIT)]].concat();
        self.session.run(all).map(drop).map_err(unwritten)
    }
}

impl Import for SchemaImport {
    fn noted(&self) -> Result<Option<String>> {
        const WHAT: &str = "note of the move";
        let rows = self.session.one(plain("SELECT note FROM moving"));
        let rows = rows.map_err(reading(WHAT))?;
        let row = rows.first();
        let note = row.map(|row| row.try_get::<_, Option<String>>(0));
        note.transpose()
            .map(Option::flatten)
            .map_err(|error| crate::error::corrupt(WHAT, error))
    }

    fn write(&mut self, batch: Batch<'_>, note: &str) -> Result<()> {
        let mut statements = match batch {
            Batch::Topics(topics) => {
                let numbers = topics.iter().map(|(number, _)| i64::from(number.0));
                let names = topics.iter().map(|(_, topic)| topic.as_str().to_owned());
                vec![Request::new(
                    "INSERT INTO topic (topic_id, name) SELECT * FROM unnest($1::bigint[], $2::text[])",
                    vec![Arg::Ints(numbers.collect()), Arg::Texts(names.collect())],
                )]
            }
            Batch::Documents(documents) => vec![insert_documents(documents)?],
            Batch::Table(table) => vec![Filled::of(table)?.create()],
            Batch::Records(table, records) => vec![Filled::of(table)?.insert(records)?],
            Batch::Indexes(table) => {
                let filled = Filled::of(table)?;
                self.session.execute(filled.indexes()).map_err(unwritten)?;
                filled.prepared()
            }
            Batch::Blocks(blocks) => append(blocks)?,
            Batch::Nothing => Vec::new(),
        };
        statements.push(Request::new(
            "UPDATE moving SET note = $1::text",
            vec![Arg::Text(note.to_owned())],
        ));
        self.transact(statements)
    }

    fn files(&self) -> &dyn JobFiles {
        &self.files
    }

    fn finish(self: Box<Self>, position: Position) -> Result<()> {
        self.session
            .execute("ANALYZE document; ANALYZE event_block; ANALYZE event_topic;".to_owned())
            .map_err(unwritten)?;
        let number = |number: u64| stored(number).map(Arg::Int).map_err(defect);
        self.transact(vec![
            Request::new(
                "UPDATE org SET format = $1::bigint, tail = $2::bigint, commit_number = $3::bigint, appended_ms = $4::bigint",
                vec![
                    Arg::Int(FORMAT_VERSION),
                    number(position.tail.get())?,
                    number(position.commit_number.get())?,
                    Arg::Int(position.appended_at.as_millis()),
                ],
            ),
            plain("DROP TABLE moving"),
        ])
    }
}

fn insert_documents(documents: &[KeptDocument]) -> Result<Request> {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for KeptDocument { kind, key, content } in documents {
        if key.contains('\0') {
            let kind = kind.as_str();
            return Err(unfit(&format!("the key of a document of {kind}")));
        }
        columns.0.push(kind.as_str().to_owned());
        columns.1.push(key.clone());
        columns.2.push(content.clone());
    }
    Ok(Request::new(
        "INSERT INTO document (kind, key, content) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])",
        vec![
            Arg::Texts(columns.0),
            Arg::Texts(columns.1),
            Arg::Bytes(columns.2),
        ],
    ))
}

/// PostgreSQL has no place for it.
fn unfit(what: &str) -> Error {
    Error::Snapshot {
        reason: format!(
            "{what} has the character U+0000, which PostgreSQL cannot hold: remove it first"
        ),
    }
}

fn append(kept: &[KeptBlock]) -> Result<Vec<Request>> {
    let (mut first, mut last, mut at) = (Vec::new(), Vec::new(), Vec::new());
    let (mut data, mut topics, mut of_topics) = (Vec::new(), Vec::new(), Vec::new());
    for kept in kept {
        for block in block::of_kept(kept).map_err(defect)? {
            let begin = stored(block.first.get()).map_err(defect)?;
            first.push(begin);
            last.push(stored(block.last.get()).map_err(defect)?);
            at.push(kept.appended.as_millis());
            data.push(block.data);
            for topic in block.topics {
                topics.push(i64::from(topic.0));
                of_topics.push(begin);
            }
        }
    }
    Ok(vec![
        Request::new(
            "INSERT INTO event_block (first_replay_id, last_replay_id, appended_ms, data)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])",
            vec![
                Arg::Ints(first),
                Arg::Ints(last),
                Arg::Ints(at),
                Arg::Bytes(data),
            ],
        ),
        Request::new(
            "INSERT INTO event_topic (topic_id, first_replay_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])",
            vec![Arg::Ints(topics), Arg::Ints(of_topics)],
        ),
    ])
}

/// The table of an object that is filled.
struct Filled<'k> {
    kept: &'k KeptTable,
    /// With the columns of the definition in force.
    current: Layout,
    /// With those of deleted fields too.
    all: Layout,
}

impl<'k> Filled<'k> {
    fn of(kept: &'k KeptTable) -> Result<Self> {
        let long = kept
            .fields
            .iter()
            .find(|field| field.name.len() > POSTGRES_NAME_BYTES_MAX);
        if let Some(field) = long {
            let (entity, field) = (&kept.entity, &field.name);
            return Err(Error::Snapshot {
                reason: format!(
                    "the name of {entity}.{field} is too long for a move to PostgreSQL"
                ),
            });
        }
        let layout = |all| Layout {
            table: Table::of_kept(kept, all, name),
            select: String::new(),
            recent: String::new(),
        };
        Ok(Self {
            kept,
            current: layout(false),
            all: layout(true),
        })
    }

    fn create(&self) -> Request {
        Request::new(prepare::create_table(&self.all.table), Vec::new())
    }

    /// The records with their numbers. Columns that are null in all of them are left out.
    fn insert(&self, records: &[KeptRecord]) -> Result<Request> {
        let numbers = records.iter().map(|record| stored(record.number));
        let numbers: std::result::Result<Vec<i64>, _> = numbers.collect();
        let ids = records.iter().map(|record| record.id.as_str().to_owned());
        let mut args = vec![
            Arg::Ints(numbers.map_err(defect)?),
            Arg::Texts(ids.collect()),
        ];
        let mut names = vec![ROW_NUMBER.to_owned(), ID.to_owned()];
        let mut arrays = vec!["$1::bigint[]".to_owned(), "$2::text[]".to_owned()];
        for (place, column) in self.all.table.own_columns().enumerate() {
            let values: Vec<Value> = records
                .iter()
                .map(|record| record.values.get(place).cloned().unwrap_or_default())
                .collect();
            if values.iter().all(Value::is_null) {
                continue;
            }
            for (record, value) in records.iter().zip(&values) {
                self.check(record, column.field.as_str(), column.holds, value)?;
            }
            args.push(Arg::Column(column.holds, values));
            names.push(column.name.clone());
            let ty = Dialect::Postgres.type_of(column.holds);
            arrays.push(format!("${}::{ty}[]", args.len()));
        }
        let sql = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({})",
            self.all.table.name,
            names.join(", "),
            arrays.join(", ")
        );
        Ok(Request::new(sql, args))
    }

    fn check(
        &self,
        record: &KeptRecord,
        field: &str,
        holds: ValueKind,
        value: &Value,
    ) -> Result<()> {
        let (entity, id) = (&self.kept.entity, record.id);
        if value.as_text().is_some_and(|text| text.contains('\0')) {
            return Err(unfit(&format!("{field} of {entity} {id}")));
        }
        if fits(holds, value) {
            return Ok(());
        }
        // The value itself stays out of the message: it may be anybody's data.
        Err(defect(format!("{entity}.{field} takes no such value")))
    }

    /// The statements that make the indexes, now that the records are there. An attempt that was interrupted may have made
    /// some.
    fn indexes(&self) -> String {
        let indexes = prepare::indexes(&self.current.table);
        let mut statements: Vec<String> = indexes
            .iter()
            .map(|(index, sql)| format!("DROP INDEX IF EXISTS {index}; {sql};"))
            .collect();
        statements.push(format!("ANALYZE {};", self.all.table.name));
        statements.concat()
    }

    /// What makes the table one of an object.
    fn prepared(&self) -> Vec<Request> {
        let table = &self.all.table.name;
        let newest = format!(
            "SELECT setval(pg_get_serial_sequence($1::text, '_row'), (SELECT max({ROW_NUMBER}) FROM {table}))"
        );
        vec![
            Request::new(newest, vec![Arg::Text(table.clone())]),
            prepare::known_as(self.kept.entity.as_str(), &self.current),
        ]
    }
}

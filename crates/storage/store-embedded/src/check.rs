//! Whether a file is whole: the structure of the database, and everything that has a checksum.
//!
//! [`check`] looks at a file, whether or not a server uses it. It writes nothing. Start reading at `Pass`, which goes through a file
//! part by part.

mod blocks;
mod documents;
pub(crate) mod records;

use std::path::Path;

use landfall_model::limits::{CHECK_FINDINGS_MAX, CHECK_STEP_BYTES};
use landfall_store::{Error, Failure, Result};
use rusqlite::{Connection, OptionalExtension};

use crate::error::reading;
use crate::layout::quoted;
use crate::look::Look;

const DATABASE: &str = "database";

/// What is in a file, and what of it is damaged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whether a server used the file meanwhile: its unused pages were not looked at then.
    pub in_use: bool,
    /// Blocks of events.
    pub blocks: u64,
    /// Events in blocks that are whole.
    pub events: u64,
    /// Documents.
    pub documents: u64,
    /// Records.
    pub records: u64,
    /// Documents and records of an earlier version, which have no checksum until they are written again.
    pub without_checksum: u64,
    /// What is damaged, [`CHECK_FINDINGS_MAX`] at most.
    pub findings: Vec<Finding>,
    /// How many findings there are besides those listed.
    pub further: u64,
}

impl Report {
    /// Whether nothing is damaged.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    fn add(&mut self, part: Part, problem: String) {
        if self.findings.len() < CHECK_FINDINGS_MAX {
            self.findings.push(Finding { part, problem });
        } else {
            self.further += 1;
        }
    }

    /// Takes what was read; damage becomes a finding.
    ///
    /// # Errors
    /// What is not damage: the file cannot be read now.
    fn sound<T>(&mut self, part: Part, read: Result<T>) -> Result<Option<T>> {
        match read {
            Ok(read) => Ok(Some(read)),
            Err(Error::Corrupt { reason, .. }) => {
                self.add(part, reason);
                Ok(None)
            }
            Err(error) if error.failure() == Failure::Damaged => {
                self.add(part, error.to_string());
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Something that is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where.
    pub part: Part,
    /// What, for an operator. No content of records or events.
    pub problem: String,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The database: its pages and indexes.
    Database,
    /// The event log: its bounds, its blocks and the index of topics.
    Log,
    /// The documents: everything that is neither a record nor an event.
    Documents,
    /// The records.
    Records,
}

impl Part {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Log => "event log",
            Self::Documents => "documents",
            Self::Records => "records",
        }
    }
}

/// Looks at all of a file. Beside a server, each part of it is of one state, and all of them are of the time of the check.
///
/// # Errors
/// [`Error::Open`]: the file is not there, is not ours, or its server writes too much for a check of its indexes beside it.
/// [`Error::Read`].
pub fn check(path: &Path) -> Result<Report> {
    let mut look = Look::begin(path)?;
    let mut report = Report {
        in_use: look.is_in_use(),
        ..Report::default()
    };
    let structure = if look.is_in_use() {
        structure_in_use(&mut look, &mut report)
    } else {
        structure(&look.connection, &mut report)
    };
    report.sound(Part::Database, structure)?;
    let mut pass = Pass::default();
    while pass.step(&look.connection, CHECK_STEP_BYTES, &mut report)? {}
    Ok(report)
}

/// What SQLite says of its pages, tables and indexes.
fn structure(connection: &Connection, report: &mut Report) -> Result<()> {
    let sql = format!("PRAGMA integrity_check({CHECK_FINDINGS_MAX})");
    integrity(connection, &sql, report)
}

/// The same of each table, in a transaction of its own.
fn structure_in_use(look: &mut Look, report: &mut Report) -> Result<()> {
    let mut after = String::new();
    loop {
        let table = look.while_the_log_is_short(|connection| {
            let snapshot = connection.unchecked_transaction();
            let snapshot = snapshot.map_err(reading(DATABASE))?;
            let table = next_table(&snapshot, &after)?;
            if let Some(table) = &table {
                let sql = format!("PRAGMA integrity_check({})", quoted(table));
                integrity(&snapshot, &sql, report)?;
            }
            Ok(table)
        })?;
        match table {
            Some(table) => after = table,
            None => return Ok(()),
        }
    }
}

fn next_table(connection: &Connection, after: &str) -> Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name > ?1 ORDER BY name LIMIT 1",
        )
        .and_then(|mut statement| statement.query_row([after], |row| row.get(0)).optional())
        .map_err(reading(DATABASE))
}

fn integrity(connection: &Connection, sql: &str, report: &mut Report) -> Result<()> {
    let mut statement = connection.prepare(sql).map_err(reading(DATABASE))?;
    let mut rows = statement.query([]).map_err(reading(DATABASE))?;
    while let Some(row) = rows.next().map_err(reading(DATABASE))? {
        let line: String = row.get(0).map_err(reading(DATABASE))?;
        if line != "ok" {
            report.add(Part::Database, line);
        }
    }
    Ok(())
}

/// How far a pass through a file has come. Its steps are short, so that others may write in between.
#[derive(Debug)]
pub(crate) enum Pass {
    /// Behind this event of the log.
    Blocks { after: i64 },
    /// Behind this document, by kind and key.
    Documents { after: (String, String) },
    /// Behind this row of this table; tables are in the order of their names.
    Records { table: String, after: i64 },
    /// At the end.
    Done,
}

impl Default for Pass {
    fn default() -> Self {
        Self::Blocks { after: -1 }
    }
}

impl Pass {
    /// Looks at the next `bytes` or somewhat more; returns whether there are others.
    ///
    /// # Errors
    /// The file cannot be read now. Damage is no error but a finding.
    pub(crate) fn step(
        &mut self,
        connection: &Connection,
        bytes: usize,
        report: &mut Report,
    ) -> Result<bool> {
        *self = match self {
            Self::Blocks { after } => {
                let step = blocks::step(connection, *after, bytes, report);
                match report.sound(Part::Log, step)?.flatten() {
                    Some(after) => Self::Blocks { after },
                    None => Self::Documents {
                        after: Default::default(),
                    },
                }
            }
            Self::Documents { after } => {
                let step = documents::step(connection, after, bytes, report);
                match report.sound(Part::Documents, step)?.flatten() {
                    Some(after) => Self::Documents { after },
                    None => records::first(connection, "", report)?,
                }
            }
            Self::Records { table, after } => {
                let step = records::step(connection, table, *after, bytes, report);
                match report.sound(Part::Records, step)?.flatten() {
                    Some(after) => Self::Records {
                        table: std::mem::take(table),
                        after,
                    },
                    None => records::first(connection, table, report)?,
                }
            }
            Self::Done => Self::Done,
        };
        Ok(!matches!(self, Self::Done))
    }
}

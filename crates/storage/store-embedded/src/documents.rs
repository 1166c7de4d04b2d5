//! Documents: bytes by kind and key.

use landfall_store::{Document, DocumentKind, Result};
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Attempt, reading};

pub(crate) fn one(
    connection: &Connection,
    kind: DocumentKind,
    key: &str,
) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT content FROM document WHERE kind = ?1 AND key = ?2")
        .and_then(|mut statement| {
            statement
                .query_row((kind.as_str(), key), |row| row.get(0))
                .optional()
        })
        .map_err(reading("document"))
}

/// Several documents. The caller's connection sees one state of the file throughout.
pub(crate) fn several(
    connection: &Connection,
    kind: DocumentKind,
    keys: &[String],
) -> Result<Vec<Option<Vec<u8>>>> {
    keys.iter().map(|key| one(connection, kind, key)).collect()
}

pub(crate) fn all(connection: &Connection, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
    connection
        .prepare_cached("SELECT key, content FROM document WHERE kind = ?1 ORDER BY key")
        .and_then(|mut statement| {
            statement
                .query_map([kind.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(reading("documents"))
}

pub(crate) fn write(connection: &Connection, document: &Document) -> Attempt<()> {
    let kind = document.kind.as_str();
    match &document.content {
        Some(content) => connection
            .prepare_cached(
                "INSERT INTO document (kind, key, content) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, key) DO UPDATE SET content = excluded.content",
            )?
            .execute((kind, &document.key, content))?,
        None => connection
            .prepare_cached("DELETE FROM document WHERE kind = ?1 AND key = ?2")?
            .execute((kind, &document.key))?,
    };
    Ok(())
}

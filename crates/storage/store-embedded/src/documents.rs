//! Documents: bytes by kind and key.

use landfall_store::{Document, DocumentKind, Result};
use rusqlite::{Connection, OptionalExtension};

use crate::checksum;
use crate::error::{Attempt, corrupt, reading};

const DOCUMENT: &str = "document";

pub(crate) fn one(
    connection: &Connection,
    kind: DocumentKind,
    key: &str,
) -> Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT content, checksum FROM document WHERE kind = ?1 AND key = ?2")
        .and_then(|mut statement| {
            statement
                .query_row((kind.as_str(), key), |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(reading(DOCUMENT))?
        .map(|(content, checksum)| checked(kind, key, content, checksum))
        .transpose()
}

/// The content, which is what was written. A document of the second format has no checksum.
fn checked(
    kind: DocumentKind,
    key: &str,
    content: Vec<u8>,
    checksum: Option<i64>,
) -> Result<Vec<u8>> {
    match checksum {
        Some(checksum) if checksum != checksum::of_document(kind, key, &content) => Err(corrupt(
            DOCUMENT,
            format_args!(
                "the checksum of a document of {kind} does not match",
                kind = kind.as_str()
            ),
        )),
        _ => Ok(content),
    }
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
        .prepare_cached("SELECT key, content, checksum FROM document WHERE kind = ?1 ORDER BY key")
        .and_then(|mut statement| {
            statement
                .query_map([kind.as_str()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })?
                .collect::<rusqlite::Result<Vec<(String, _, _)>>>()
        })
        .map_err(reading(DOCUMENT))?
        .into_iter()
        .map(|(key, content, checksum)| {
            let content = checked(kind, &key, content, checksum)?;
            Ok((key, content))
        })
        .collect()
}

pub(crate) fn write(connection: &Connection, document: &Document) -> Attempt<()> {
    let kind = document.kind.as_str();
    match &document.content {
        Some(content) => connection
            .prepare_cached(
                "INSERT INTO document (kind, key, content, checksum) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (kind, key) DO UPDATE
                 SET content = excluded.content, checksum = excluded.checksum",
            )?
            .execute((
                kind,
                &document.key,
                content,
                checksum::of_document(document.kind, &document.key, content),
            ))?,
        None => connection
            .prepare_cached("DELETE FROM document WHERE kind = ?1 AND key = ?2")?
            .execute((kind, &document.key))?,
    };
    Ok(())
}

//! Which key prefix each object and event has, as it is stored.

use std::collections::BTreeMap;

use landfall_metadata::KeyPrefixes;
use landfall_model::KeyPrefix;
use landfall_store::{Document, DocumentKind, Reads};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stored;

/// Key of the document.
pub(crate) const KEY: &str = "prefixes";

const WHAT: &str = "book of key prefixes";

#[derive(Serialize, Deserialize)]
struct Stored {
    /// By name.
    prefixes: BTreeMap<String, String>,
}

pub(crate) fn document(book: &KeyPrefixes) -> Document {
    let entries = book.entries();
    let prefixes = entries.map(|(name, prefix)| (name.to_string(), prefix.to_string()));
    let stored = Stored {
        prefixes: prefixes.collect(),
    };
    stored::document(DocumentKind::Org, KEY, &stored)
}

pub(crate) fn stored(reads: &dyn Reads) -> Result<KeyPrefixes, Error> {
    read(reads.document(DocumentKind::Org, KEY)?)
}

pub(crate) fn read(content: Option<Vec<u8>>) -> Result<KeyPrefixes, Error> {
    let Some(content) = content else {
        return Ok(KeyPrefixes::new(Vec::new()));
    };
    if !stored::is_versioned(&content) {
        return unversioned(&content);
    }
    let Stored { prefixes } = stored::read(WHAT, &content)?;
    let entries = prefixes.into_iter().map(|(name, prefix)| {
        let prefix = KeyPrefix::parse(&prefix).ok_or_else(|| unreadable(&name))?;
        Ok((name, prefix))
    });
    Ok(KeyPrefixes::new(
        entries.collect::<Result<Vec<_>, Error>>()?,
    ))
}

/// The form before version 1: `name prefix`, a line each.
fn unversioned(content: &[u8]) -> Result<KeyPrefixes, Error> {
    let text = std::str::from_utf8(content).map_err(|_| unreadable("its text"))?;
    let entries = text.lines().map(|line| {
        let entry = line
            .split_once(' ')
            .and_then(|(name, prefix)| Some((name.to_owned(), KeyPrefix::parse(prefix)?)));
        entry.ok_or_else(|| unreadable(line))
    });
    Ok(KeyPrefixes::new(
        entries.collect::<Result<Vec<_>, Error>>()?,
    ))
}

fn unreadable(entry: &str) -> Error {
    Error::Document {
        what: WHAT,
        reason: format!("{entry} has no prefix"),
    }
}

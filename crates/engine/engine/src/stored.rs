//! How documents are stored: JSON objects that begin with the version of their form, `{"v":1,...}`.
//!
//! A later release reads every version that an earlier one has written; a version that it does not know was written by a
//! still later one, and is refused rather than guessed at.

use landfall_model::Topic;
use landfall_store::{Document, DocumentKind, Reads, TopicId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Key of the document that says when the definitions changed last.
pub(crate) const DEFINITIONS: &str = "definitions";

/// The version that is written.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Written<'c, T> {
    v: u32,
    #[serde(flatten)]
    content: &'c T,
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// The stored form of something whose JSON is an object.
///
/// # Panics
/// If its JSON is none: its type is at fault.
pub fn write<T: Serialize>(content: &T) -> Vec<u8> {
    let written = Written {
        v: VERSION,
        content,
    };
    serde_json::to_vec(&written).expect("documents are structures with text keys")
}

/// Reads a stored form back.
///
/// # Errors
/// [`Error::Document`] for another version, or another form.
pub fn read<T: DeserializeOwned>(what: &'static str, content: &[u8]) -> Result<T, Error> {
    let unreadable = |error: serde_json::Error| Error::Document {
        what,
        reason: error.to_string(),
    };
    let Version { v } = serde_json::from_slice(content).map_err(unreadable)?;
    if v != VERSION {
        return Err(Error::Document {
            what,
            reason: format!("its form has version {v}, which a later release has written"),
        });
    }
    serde_json::from_slice(content).map_err(unreadable)
}

/// Reads a form that was the same before version 1, without the version.
///
/// # Errors
/// As [`read`].
pub fn read_since_before<T: DeserializeOwned>(
    what: &'static str,
    content: &[u8],
) -> Result<T, Error> {
    if is_versioned(content) {
        return read(what, content);
    }
    serde_json::from_slice(content).map_err(|error| Error::Document {
        what,
        reason: error.to_string(),
    })
}

/// Whether a stored form has a version. Before version 1 each document had a form of its own.
pub fn is_versioned(content: &[u8]) -> bool {
    content.starts_with(b"{\"v\":")
}

/// A document of an object.
pub fn document<T: Serialize>(kind: DocumentKind, key: impl Into<String>, content: &T) -> Document {
    Document {
        kind,
        key: key.into(),
        content: Some(write(content)),
    }
}

/// The number of a topic that has one.
///
/// # Errors
/// [`Error::Document`] if it has none, [`Error::Store`].
pub(crate) fn topic_number(reads: &dyn Reads, topic: &Topic) -> Result<TopicId, Error> {
    let number = reads.topic_number(topic)?;
    number.ok_or_else(|| Error::Document {
        what: "number of a topic",
        reason: format!("{topic} has none"),
    })
}

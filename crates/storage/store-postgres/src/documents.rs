//! Documents: bytes by kind and key.

use std::collections::{BTreeMap, HashMap};

use landfall_store::{Document, DocumentKind, Result};
use tokio_postgres::Row;

use crate::error::corrupt;
use crate::session::Request;
use crate::value::Arg;

pub(crate) const DOCUMENT: &str = "document";

pub(crate) fn several(kind: DocumentKind, keys: &[String]) -> Request {
    Request::new(
        "SELECT key, content FROM document WHERE kind = $1::text AND key = ANY($2::text[])",
        vec![
            Arg::Text(kind.as_str().to_owned()),
            Arg::Texts(keys.to_vec()),
        ],
    )
}

pub(crate) fn all(kind: DocumentKind) -> Request {
    Request::new(
        "SELECT key, content FROM document WHERE kind = $1::text ORDER BY key",
        vec![Arg::Text(kind.as_str().to_owned())],
    )
}

pub(crate) fn read(rows: &[Row]) -> Result<Vec<(String, Vec<u8>)>> {
    let damaged = |error| corrupt(DOCUMENT, error);
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get(0).map_err(damaged)?,
                row.try_get(1).map_err(damaged)?,
            ))
        })
        .collect()
}

/// In the order of the keys.
pub(crate) fn in_order(rows: &[Row], keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
    let found: HashMap<String, Vec<u8>> = read(rows)?.into_iter().collect();
    Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
}

/// The statements of a commit that keep and delete its documents. Of several with one name the last counts.
pub(crate) fn write(documents: &[Document]) -> Vec<Request> {
    let mut last: BTreeMap<(&str, &str), Option<&Vec<u8>>> = BTreeMap::new();
    for document in documents {
        let name = (document.kind.as_str(), document.key.as_str());
        last.insert(name, document.content.as_ref());
    }
    let (mut kept, mut deleted) = (
        (Vec::new(), Vec::new(), Vec::new()),
        (Vec::new(), Vec::new()),
    );
    for ((kind, key), content) in last {
        if let Some(content) = content {
            kept.0.push(kind.to_owned());
            kept.1.push(key.to_owned());
            kept.2.push(content.clone());
        } else {
            deleted.0.push(kind.to_owned());
            deleted.1.push(key.to_owned());
        }
    }
    let mut requests = Vec::new();
    if !kept.0.is_empty() {
        requests.push(Request::new(
            "INSERT INTO document (kind, key, content) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
             ON CONFLICT (kind, key) DO UPDATE SET content = excluded.content",
            vec![Arg::Texts(kept.0), Arg::Texts(kept.1), Arg::Bytes(kept.2)],
        ));
    }
    if !deleted.0.is_empty() {
        requests.push(Request::new(
            "DELETE FROM document WHERE (kind, key) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
            vec![Arg::Texts(deleted.0), Arg::Texts(deleted.1)],
        ));
    }
    requests
}

//! Documents: each is what was written.

use landfall_store::Result;
use rusqlite::Connection;

use super::{Part, Report};
use crate::checksum;
use crate::error::reading;

const WHAT: &str = "document";

/// Looks at documents behind `after`; gives kind and key of the last one, none at the end.
pub(super) fn step(
    connection: &Connection,
    after: &(String, String),
    bytes: usize,
    report: &mut Report,
) -> Result<Option<(String, String)>> {
    let mut statement = connection
        .prepare_cached(
            "SELECT kind, key, content, checksum FROM document WHERE (kind, key) > (?1, ?2)
             ORDER BY kind, key",
        )
        .map_err(reading(WHAT))?;
    let mut rows = statement
        .query((&after.0, &after.1))
        .map_err(reading(WHAT))?;
    let mut looked_at = 0_usize;
    while let Some(row) = rows.next().map_err(reading(WHAT))? {
        let kind: String = row.get(0).map_err(reading(WHAT))?;
        let key: String = row.get(1).map_err(reading(WHAT))?;
        let content = row.get_ref(2).map_err(reading(WHAT))?.as_bytes();
        let checksum: Option<i64> = row.get(3).map_err(reading(WHAT))?;
        report.documents += 1;
        match (content, checksum) {
            (Ok(content), Some(sum)) if sum == checksum::of_entry(&kind, &key, content) => {
                looked_at = looked_at.saturating_add(content.len() + key.len());
            }
            (Ok(content), None) => {
                report.without_checksum += 1;
                looked_at = looked_at.saturating_add(content.len() + key.len());
            }
            // A key may name a user, so it stays out of reports.
            _ => report.add(Part::Documents, format!("a document of {kind} is damaged")),
        }
        if looked_at >= bytes {
            return Ok(Some((kind, key)));
        }
    }
    Ok(None)
}

//! The event log: no hole between its blocks, each block whole and in the index of its topics, the last one at the tail.

use landfall_store::Result;
use rusqlite::{Connection, OptionalExtension};

use super::{Part, Report};
use crate::error::reading;
use crate::log::gap::{self, WholeBlock};
use crate::log::{self, LOG};

/// Looks at blocks behind `after`; gives the last event of the last one, none at the end.
pub(super) fn step(
    connection: &Connection,
    after: i64,
    bytes: usize,
    report: &mut Report,
) -> Result<Option<i64>> {
    let snapshot = connection.unchecked_transaction().map_err(reading(LOG))?;
    let (mut after, mut looked_at) = (after, 0_usize);
    while looked_at < bytes {
        let Some((first, last)) = next(&snapshot, after)? else {
            end(&snapshot, after, report)?;
            return Ok(None);
        };
        if after >= 0 && first != after + 1 && has_before(&snapshot, first)? {
            let missing = format!("events {} to {} are missing", after + 1, first - 1);
            report.add(Part::Log, missing);
        }
        report.blocks += 1;
        match report.sound(Part::Log, gap::check(&snapshot, first))? {
            Some(block) => {
                looked_at = looked_at.saturating_add(block.bytes);
                report.events += block.events;
                indexed(&snapshot, first, &block, report)?;
                after = block.last;
            }
            // Where it ends is as uncertain as the rest of it.
            None => after = last.max(first),
        }
    }
    Ok(Some(after))
}

fn next(connection: &Connection, after: i64) -> Result<Option<(i64, i64)>> {
    connection
        .prepare_cached(
            "SELECT first_replay_id, last_replay_id FROM event_block WHERE first_replay_id > ?1
             ORDER BY first_replay_id LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([after], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()
        })
        .map_err(reading(LOG))
}

/// Whether there are blocks before this one: events that are past their retention leave no hole.
fn has_before(connection: &Connection, first: i64) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM event_block WHERE first_replay_id < ?1)")
        .and_then(|mut statement| statement.query_row([first], |row| row.get(0)))
        .map_err(reading(LOG))
}

/// A subscriber of a topic would not see the events of a block that is not in the index.
fn indexed(
    connection: &Connection,
    first: i64,
    block: &WholeBlock,
    report: &mut Report,
) -> Result<()> {
    let mut entry = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM event_topic WHERE topic_id = ?1 AND first_replay_id = ?2)",
        )
        .map_err(reading(LOG))?;
    for topic in &block.topics {
        let is_there: bool = entry
            .query_row((topic.0, first), |row| row.get(0))
            .map_err(reading(LOG))?;
        if !is_there {
            report.add(
                Part::Log,
                format!("block {first} is not in the index of topic {}", topic.0),
            );
        }
    }
    Ok(())
}

/// The log ends where its position says; a log without blocks may end anywhere.
fn end(connection: &Connection, after: i64, report: &mut Report) -> Result<()> {
    let tail = log::position(connection)?.tail.get();
    if after >= 0 && u64::try_from(after).ok() != Some(tail) {
        report.add(
            Part::Log,
            format!("the last event is {after}, and the log ends at {tail}"),
        );
    }
    Ok(())
}

//! What damage to the log has cost: which events, and of which topics.

use std::collections::BTreeSet;

use landfall_model::limits::LOG_GAP_BLOCKS_MAX;
use landfall_model::{ReplayId, Timestamp};
use landfall_relational::block;
use landfall_store::{Error, Failure, LogGap, Result, TopicId};
use rusqlite::{Connection, OptionalExtension};
use tracing::debug;

use super::{BLOCK, BLOCK_COLUMNS, LOG, place, position, replay_id, topics};
use crate::error::{corrupt, reading};

/// The events from `first` on to the next block that is whole, or to the tail.
pub(super) fn after_damage(
    connection: &Connection,
    first: ReplayId,
    tail: ReplayId,
) -> Result<LogGap> {
    let mut last = tail;
    let mut from = place(first);
    for _ in 0..LOG_GAP_BLOCKS_MAX {
        let Some(candidate) = next_block(connection, from)? else {
            last = tail;
            break;
        };
        match check(connection, candidate) {
            Ok(_) if candidate == place(first) => {
                return Err(corrupt(LOG, format_args!("block {first} is whole now")));
            }
            Ok(_) => {
                last = replay_id(candidate.saturating_sub(1))?;
                break;
            }
            Err(damage) => {
                debug!(error = %damage, block = candidate, "a block of events is damaged");
            }
        }
        // Damage beyond the bound is the next gap, which begins in this block.
        last = replay_id(candidate)?;
        from = candidate.saturating_add(1);
    }
    Ok(LogGap {
        first,
        last,
        topics: topics_between(connection, first, last)?,
        appended: appended(connection, last)?,
    })
}

/// A block that is whole.
#[derive(Debug, Default)]
pub(crate) struct WholeBlock {
    pub(crate) last: i64,
    pub(crate) events: u64,
    pub(crate) bytes: usize,
    pub(crate) topics: BTreeSet<TopicId>,
}

/// Checks that a block can be read and has the events that it should.
///
/// # Errors
/// [`Error::Corrupt`].
pub(crate) fn check(connection: &Connection, first: i64) -> Result<WholeBlock> {
    let sql = format!("{BLOCK_COLUMNS} WHERE first_replay_id = ?1");
    let mut statement = connection.prepare_cached(&sql).map_err(reading(LOG))?;
    let mut rows = statement.query([first]).map_err(reading(LOG))?;
    let row = rows.next().map_err(reading(LOG))?;
    let row = row.ok_or_else(|| corrupt(LOG, format_args!("there is no block {first}")))?;
    let last = replay_id(row.get(1).map_err(reading(BLOCK))?)?;
    let data = row
        .get_ref(2)
        .and_then(|data| Ok(data.as_blob()?))
        .map_err(reading(BLOCK))?;
    let damaged = |damage| corrupt(BLOCK, format_args!("{damage} (block {first})"));
    let misplaced = || corrupt(BLOCK, format_args!("block {first} holds other events"));
    let mut whole = WholeBlock {
        last: place(last),
        bytes: data.len(),
        ..WholeBlock::default()
    };
    let mut expected = replay_id(first)?;
    for record in block::records(data).map_err(damaged)? {
        let record = record.map_err(damaged)?;
        if record.replay_id != expected {
            return Err(misplaced());
        }
        expected = expected.advanced_by(1);
        whole.events += 1;
        whole.topics.insert(record.topic);
    }
    if expected == last.advanced_by(1) {
        Ok(whole)
    } else {
        Err(misplaced())
    }
}

/// The first block from `from` on: as the blocks say, or where they cannot be read, as the index of topics says.
fn next_block(connection: &Connection, from: i64) -> Result<Option<i64>> {
    let next = connection
        .prepare_cached("SELECT min(first_replay_id) FROM event_block WHERE first_replay_id >= ?1")
        .and_then(|mut statement| statement.query_row([from], |row| row.get(0)))
        .map_err(reading(LOG));
    match next {
        Err(damage) if damage.failure() == Failure::Damaged => {
            let mut next = None;
            for (_, topic) in topics(connection)? {
                let found = first_of(connection, topic, from)?;
                next = [next, found].into_iter().flatten().min();
            }
            Ok(next)
        }
        next => next,
    }
}

fn first_of(connection: &Connection, topic: TopicId, from: i64) -> Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT min(first_replay_id) FROM event_topic WHERE topic_id = ?1 AND first_replay_id >= ?2",
        )
        .and_then(|mut statement| statement.query_row((topic.0, from), |row| row.get(0)))
        .map_err(reading(LOG))
}

/// The topics with events in blocks that begin within these bounds or go into them; all topics if nobody knows.
fn topics_between(
    connection: &Connection,
    first: ReplayId,
    last: ReplayId,
) -> Result<Vec<TopicId>> {
    let mut all: Vec<TopicId> = topics(connection)?
        .into_iter()
        .map(|(_, topic)| topic)
        .collect();
    all.sort();
    // A subscriber may have stopped within the block that is damaged now.
    let begin = block_of(connection, first)?;
    let mut within = Vec::new();
    for &topic in &all {
        match first_of(connection, topic, begin) {
            Ok(Some(block)) if block <= place(last) => within.push(topic),
            Ok(_) => {}
            Err(Error::Corrupt { .. }) => return Ok(all),
            Err(failure) => return Err(failure),
        }
    }
    Ok(within)
}

/// Where the block begins that holds an event, as far as that can be read.
fn block_of(connection: &Connection, event: ReplayId) -> Result<i64> {
    let begin = connection
        .prepare_cached(
            "SELECT first_replay_id, last_replay_id FROM event_block WHERE first_replay_id <= ?1
             ORDER BY first_replay_id DESC LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([place(event)], |row| {
                    Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
                })
                .optional()
        })
        .map_err(reading(LOG));
    match begin {
        Ok(Some((begin, last))) if last >= place(event) => Ok(begin),
        Ok(_) | Err(Error::Corrupt { .. }) => Ok(place(event)),
        Err(failure) => Err(failure),
    }
}

/// The time of the first block after a gap, or of the newest commit.
fn appended(connection: &Connection, last: ReplayId) -> Result<Timestamp> {
    let next = connection
        .prepare_cached(
            "SELECT appended_ms FROM event_block WHERE first_replay_id > ?1 ORDER BY first_replay_id LIMIT 1",
        )
        .and_then(|mut statement| {
            statement
                .query_row([place(last)], |row| row.get::<_, i64>(0))
                .optional()
        })
        .map_err(reading(LOG));
    match next {
        Ok(Some(millis)) => Ok(Timestamp::from_millis(millis)),
        Ok(None) | Err(Error::Corrupt { .. }) => Ok(position(connection)?.appended_at),
        Err(failure) => Err(failure),
    }
}

//! The event log: blocks of events in replay order, and an index of the blocks that hold each topic.
//!
//! The blocks that are kept follow each other without a hole up to the tail; a reader that finds a hole says so.

pub(crate) mod gap;

use std::sync::Arc;

use landfall_model::limits::{
    LOG_INDEXED_TOPICS_MAX, LOG_PAGE_BYTES_MAX, SHRINK_PAGES_MAX, TRIM_BLOCKS_MAX, TRIM_BYTES_MAX,
};
use landfall_model::{CommitNumber, ReplayId, Timestamp, Topic};
use landfall_relational::block::{self, Damage};
use landfall_store::{
    Event, Failure, LogBounds, NewEvent, Page, Position, Result, TopicFilter, TopicId,
};
use rusqlite::{Connection, OptionalExtension};

use crate::error::{Attempt, corrupt, loaded, reading, stored};
use crate::reader::begin;

pub(crate) const LOG: &str = "event log";
pub(crate) const BLOCK: &str = "event block";
/// How `PRAGMA auto_vacuum` reports that free pages are given back on demand.
const AUTO_VACUUM_INCREMENTAL: i64 = 2;
/// Free pages that the file keeps at least, 10 MiB: the next events need them.
const FREE_PAGES_KEPT: i64 = 2_560;

const BLOCK_COLUMNS: &str = "SELECT first_replay_id, last_replay_id, data FROM event_block";

pub(crate) fn bounds(connection: &Connection) -> Result<LogBounds> {
    let (tail, earliest) = connection
        .prepare_cached("SELECT tail, (SELECT min(first_replay_id) FROM event_block) FROM log")
        .and_then(|mut statement| {
            statement.query_row([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))
        })
        .map_err(reading(LOG))?;
    Ok(LogBounds {
        tail: replay_id(tail)?,
        earliest: earliest.map(replay_id).transpose()?,
    })
}

/// How far the store has come.
pub(crate) fn position(connection: &Connection) -> Result<Position> {
    let (tail, commit_number, appended_ms): (i64, i64, i64) = connection
        .query_row(
            "SELECT tail, commit_number, appended_ms FROM log",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(reading(LOG))?;
    Ok(Position {
        tail: replay_id(tail)?,
        commit_number: CommitNumber::new(loaded(LOG, commit_number)?),
        appended_at: Timestamp::from_millis(appended_ms),
    })
}

/// The first block that was appended at or after `at`: blocks are in the order of time, so that few are looked at.
pub(crate) fn first_since(connection: &Connection, at: Timestamp) -> Result<Option<ReplayId>> {
    let _snapshot = begin(connection).map_err(reading(LOG))?;
    let LogBounds { tail, earliest } = bounds(connection)?;
    let mut low = earliest.map_or(i64::MAX, place);
    let mut high = place(tail);
    let mut found = None;
    let mut block = connection
        .prepare_cached(
            "SELECT first_replay_id, last_replay_id, appended_ms FROM event_block WHERE first_replay_id <= ?1
             ORDER BY first_replay_id DESC LIMIT 1",
        )
        .map_err(reading(LOG))?;
    while low <= high {
        let middle = low + (high - low) / 2;
        let (first, last, appended): (i64, i64, i64) = block
            .query_row([middle], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .map_err(reading(BLOCK))?;
        if appended >= at.as_millis() {
            found = Some(first);
            high = first - 1;
        } else {
            low = last + 1;
        }
    }
    found.map(replay_id).transpose()
}

fn place(id: ReplayId) -> i64 {
    i64::try_from(id.get()).unwrap_or(i64::MAX)
}

fn replay_id(kept: i64) -> Result<ReplayId> {
    loaded(LOG, kept).map(ReplayId::new)
}

/// Appends a commit's events inside its transaction; assigns their replay ids.
pub(crate) fn append(
    connection: &Connection,
    tail: ReplayId,
    at: Timestamp,
    new: &[NewEvent],
) -> Attempt<Vec<Arc<Event>>> {
    let (events, blocks) = block::appended(tail, at, new)?;
    for block in blocks {
        let first = stored(block.first.get())?;
        connection
            .prepare_cached(
                "INSERT INTO event_block (first_replay_id, last_replay_id, appended_ms, data)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((first, stored(block.last.get())?, at.as_millis(), block.data))?;
        for topic in block.topics {
            connection
                .prepare_cached(
                    "INSERT INTO event_topic (topic_id, first_replay_id) VALUES (?1, ?2)",
                )?
                .execute((topic.0, first))?;
        }
    }
    Ok(events)
}

/// Reads on after `after`, in one short read transaction.
pub(crate) fn read(
    connection: &Connection,
    after: ReplayId,
    filter: &TopicFilter,
    limit: usize,
) -> Result<Page> {
    let _snapshot = begin(connection).map_err(reading(LOG))?;
    let tail = bounds(connection)?.tail;
    let mut search = Search {
        after,
        filter,
        limit,
        events: Vec::new(),
        reached: after,
        bytes: 0,
        previous: None,
        unread: None,
    };
    let searched = match filter {
        _ if after >= tail || limit == 0 => Ok(false),
        TopicFilter::These(topics) if topics.len() <= LOG_INDEXED_TOPICS_MAX => {
            match search.indexed(connection, topics) {
                // It is the index that is damaged: the blocks may be whole.
                Err(damage) if damage.failure() == Failure::Damaged && search.unread.is_none() => {
                    search = search.anew();
                    search.scan(connection, tail)
                }
                searched => searched,
            }
        }
        TopicFilter::These(_) | TopicFilter::All => search.scan(connection, tail),
    };
    let mut found = None;
    let reached = match searched {
        Ok(true) => tail,
        Ok(false) => search.reached,
        Err(damage) if damage.failure() == Failure::Damaged => {
            let gap = gap::after_damage(connection, search.damaged_from(), tail)?;
            let last = gap.last;
            found = Some(gap);
            last
        }
        Err(failure) => return Err(failure),
    };
    Ok(Page {
        events: search.events,
        reached,
        gap: found,
    })
}

/// A page in the making.
struct Search<'f> {
    after: ReplayId,
    filter: &'f TopicFilter,
    limit: usize,
    events: Vec<Arc<Event>>,
    reached: ReplayId,
    /// Looked through so far.
    bytes: usize,
    /// The last replay id of the block before.
    previous: Option<ReplayId>,
    /// The first replay id of the block that is being read.
    unread: Option<ReplayId>,
}

impl Search<'_> {
    /// The same search before its first block.
    fn anew(self) -> Self {
        Self {
            events: Vec::new(),
            reached: self.after,
            bytes: 0,
            previous: None,
            unread: None,
            ..self
        }
    }

    /// Looks through all blocks; says whether it came to the end.
    fn scan(&mut self, connection: &Connection, tail: ReplayId) -> Result<bool> {
        let start = self.start(connection)?;
        let sql = format!("{BLOCK_COLUMNS} WHERE first_replay_id >= ?1 ORDER BY first_replay_id");
        let mut statement = connection.prepare_cached(&sql).map_err(reading(LOG))?;
        let mut rows = statement.query([start]).map_err(reading(LOG))?;
        while let Some(row) = rows.next().map_err(reading(LOG))? {
            let before = self.previous;
            let first = replay_id(row.get(0).map_err(reading(BLOCK))?)?;
            if before.is_some_and(|before| before.advanced_by(1) != first) {
                return Err(corrupt(
                    LOG,
                    format_args!("events before {first} are missing"),
                ));
            }
            if !self.look_through(row)? {
                return Ok(false);
            }
        }
        match self.previous {
            Some(last) if last != tail => Err(corrupt(
                LOG,
                format_args!("events after {last} are missing"),
            )),
            _ => Ok(true),
        }
    }

    /// Looks through the blocks that hold one of the topics; says whether it came to the end.
    fn indexed(&mut self, connection: &Connection, topics: &[TopicId]) -> Result<bool> {
        let start = self.start(connection)?;
        let sql = format!("{BLOCK_COLUMNS} WHERE first_replay_id = ?1");
        let mut block = connection.prepare_cached(&sql).map_err(reading(LOG))?;
        let mut next = connection
            .prepare_cached(
                "SELECT min(first_replay_id) FROM event_topic WHERE topic_id = ?1 AND first_replay_id >= ?2",
            )
            .map_err(reading(LOG))?;
        let mut next = |topic: TopicId, from: i64| -> Result<Option<i64>> {
            next.query_row((topic.0, from), |row| row.get(0))
                .map_err(reading(LOG))
        };
        let mut places = Vec::with_capacity(topics.len());
        for &topic in topics {
            places.extend(next(topic, start)?.map(|place| (place, topic)));
        }
        while let Some(place) = places.iter().map(|(place, _)| *place).min() {
            self.unread = Some(replay_id(place)?);
            let mut rows = block.query([place]).map_err(reading(LOG))?;
            let row = rows
                .next()
                .map_err(reading(LOG))?
                .ok_or_else(|| corrupt(LOG, format_args!("there is no block {place}")))?;
            if !self.look_through(row)? {
                return Ok(false);
            }
            drop(rows);
            let mut later = Vec::with_capacity(places.len());
            for (of, topic) in places {
                let found = if of == place {
                    next(topic, place + 1)?
                } else {
                    Some(of)
                };
                later.extend(found.map(|found| (found, topic)));
            }
            places = later;
        }
        Ok(true)
    }

    /// Where damage begins that reading has just met: no event from here on was taken.
    fn damaged_from(&self) -> ReplayId {
        let next = self.previous.unwrap_or(self.after).advanced_by(1);
        self.unread.unwrap_or(next).max(self.after.advanced_by(1))
    }

    /// The block that holds the first event after `after`, or the first one of all.
    fn start(&self, connection: &Connection) -> Result<i64> {
        let wanted =
            i64::try_from(self.after.get()).map_or(i64::MAX, |after| after.saturating_add(1));
        connection
            .prepare_cached(
                "SELECT coalesce(max(first_replay_id), 0) FROM event_block WHERE first_replay_id <= ?1",
            )
            .and_then(|mut statement| statement.query_row([wanted], |row| row.get(0)))
            .map_err(reading(LOG))
    }

    /// Takes what passes of one block; says whether the page may go on after it.
    fn look_through(&mut self, row: &rusqlite::Row<'_>) -> Result<bool> {
        let first = replay_id(row.get(0).map_err(reading(BLOCK))?)?;
        self.unread = Some(first);
        let last = replay_id(row.get(1).map_err(reading(BLOCK))?)?;
        let data = row
            .get_ref(2)
            .and_then(|data| Ok(data.as_blob()?))
            .map_err(reading(BLOCK))?;
        let damaged = |damage: Damage| corrupt(BLOCK, format_args!("{damage} (block {first})"));
        let misplaced = || corrupt(BLOCK, format_args!("block {first} holds other events"));
        let mut taken = Vec::new();
        let mut expected = first;
        let mut full = false;
        for record in block::records(data).map_err(damaged)? {
            let record = record.map_err(damaged)?;
            if record.replay_id != expected {
                return Err(misplaced());
            }
            expected = expected.advanced_by(1);
            if record.replay_id > self.after && self.filter.passes(record.topic) {
                if self.events.len() + taken.len() == self.limit {
                    full = true;
                    break;
                }
                taken.push(record);
            }
        }
        if !full && expected != last.advanced_by(1) {
            return Err(misplaced());
        }
        self.events
            .extend(block::taken(data, taken).ok_or_else(misplaced)?);
        self.reached = match self.events.last() {
            Some(newest) if full => newest.replay_id,
            _ => last.max(self.after),
        };
        self.previous = Some(last);
        self.unread = None;
        self.bytes = self.bytes.saturating_add(data.len());
        Ok(!full && self.events.len() < self.limit && self.bytes < LOG_PAGE_BYTES_MAX)
    }
}

/// What a step of trimming did.
pub(crate) struct Trimmed {
    /// The newest event that was deleted; none if none was old enough.
    pub(crate) newest: Option<ReplayId>,
    /// Whether there is more to do.
    pub(crate) has_more: bool,
}

/// Deletes old blocks inside a transaction, the oldest first and never one after a younger one, since the log has no
/// holes.
pub(crate) fn trim(connection: &Connection, before: Timestamp) -> Attempt<Trimmed> {
    let mut statement = connection.prepare_cached(
        "SELECT first_replay_id, appended_ms, length(data), last_replay_id FROM event_block
         ORDER BY first_replay_id LIMIT ?1",
    )?;
    let mut rows = statement.query([i64::try_from(TRIM_BLOCKS_MAX + 1)?])?;
    let (mut blocks, mut bytes, mut has_more) = (0, 0, false);
    let mut newest: Option<(i64, i64)> = None;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= before.as_millis() {
            break;
        }
        if blocks == TRIM_BLOCKS_MAX || bytes >= TRIM_BYTES_MAX {
            has_more = true;
            break;
        }
        blocks += 1;
        bytes += u64::try_from(row.get::<_, i64>(2)?)?;
        newest = Some((row.get(0)?, row.get(3)?));
    }
    drop(rows);
    let Some((newest, last)) = newest else {
        return Ok(Trimmed {
            newest: None,
            has_more,
        });
    };
    connection
        .prepare_cached("DELETE FROM event_block WHERE first_replay_id <= ?1")?
        .execute([newest])?;
    let topics = topics(connection)?;
    for (_, topic) in topics {
        connection
            .prepare_cached(
                "DELETE FROM event_topic WHERE topic_id = ?1 AND first_replay_id <= ?2",
            )?
            .execute((topic.0, newest))?;
    }
    Ok(Trimmed {
        newest: Some(replay_id(last)?),
        has_more,
    })
}

/// Gives free pages of the file back to the disk, a bounded number at a time, and leaves some for what comes next; returns
/// whether there is more to do. A file of the first format keeps its free pages for itself.
pub(crate) fn shrink(connection: &Connection) -> Attempt<bool> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("auto_vacuum")? != AUTO_VACUUM_INCREMENTAL {
        return Ok(false);
    }
    let free = pragma("freelist_count")?;
    let reserve = FREE_PAGES_KEPT.max(pragma("page_count")? / 10);
    let surplus = free - reserve;
    if surplus <= 0 {
        return Ok(false);
    }
    let step = surplus.min(SHRINK_PAGES_MAX);
    let mut statement = connection.prepare(&format!("PRAGMA incremental_vacuum({step})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    drop(rows);
    let left = pragma("freelist_count")?;
    Ok(left < free && left > reserve)
}

/// Every topic that was ever numbered.
pub(crate) fn topics(connection: &Connection) -> Result<Vec<(String, TopicId)>> {
    connection
        .prepare_cached("SELECT name, topic_id FROM topic")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, TopicId(row.get(1)?))))?
                .collect()
        })
        .map_err(reading("topics"))
}

/// The number of a topic that has one.
pub(crate) fn topic_number(connection: &Connection, topic: &Topic) -> Result<Option<TopicId>> {
    connection
        .prepare_cached("SELECT topic_id FROM topic WHERE name = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([topic.as_str()], |row| row.get(0).map(TopicId))
                .optional()
        })
        .map_err(reading("topics"))
}

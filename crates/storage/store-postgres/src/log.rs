//! The event log: blocks of events in replay order, and an index of the blocks that hold each topic.
//!
//! The blocks that are kept follow each other without a hole up to the tail; a reader that finds a hole or a block that is
//! damaged ends its page with a gap.

use std::sync::Arc;

use landfall_model::limits::{
    LOG_INDEXED_TOPICS_MAX, LOG_PAGE_BLOCKS_MAX, LOG_PAGE_BYTES_MAX, TRIM_BLOCKS_MAX,
    TRIM_BYTES_MAX,
};
use landfall_model::{ReplayId, Timestamp};
use landfall_relational::block::{self, Block};
use landfall_store::{Cause, Event, LogBounds, LogGap, Page, Result, TopicFilter, TopicId};
use tokio_postgres::Row;

use crate::error::{corrupt, loaded, reading, stored};
use crate::session::{COMMIT, Request, SNAPSHOT, Session, plain};
use crate::value::Arg;

pub(crate) const LOG: &str = "event log";
const BLOCK: &str = "event block";

const TAIL: &str = "SELECT tail FROM org";

/// All blocks from the one that holds the first event after `$1`, as many as a page has space for.
const SCAN: &str = "
SELECT first_replay_id, last_replay_id, appended_ms, data FROM (
    SELECT *, sum(octet_length(data)) OVER (ORDER BY first_replay_id) - octet_length(data) AS before FROM (
        SELECT * FROM event_block WHERE first_replay_id >= coalesce(
            (SELECT max(first_replay_id) FROM event_block WHERE first_replay_id <= $1::bigint), 0)
        ORDER BY first_replay_id LIMIT $2::bigint) AS next) AS sized
WHERE before < $3::bigint ORDER BY first_replay_id";

/// The same of the blocks that hold one of the topics `$4`.
const INDEXED: &str = "
SELECT first_replay_id, last_replay_id, appended_ms, data FROM (
    SELECT *, sum(octet_length(data)) OVER (ORDER BY first_replay_id) - octet_length(data) AS before
    FROM event_block WHERE first_replay_id IN (
        SELECT DISTINCT place.first_replay_id FROM unnest($4::bigint[]) AS topic(id) CROSS JOIN LATERAL (
            SELECT first_replay_id FROM event_topic WHERE topic_id = topic.id AND first_replay_id >= coalesce(
                (SELECT max(first_replay_id) FROM event_block WHERE first_replay_id <= $1::bigint), 0)
            ORDER BY first_replay_id LIMIT $2::bigint) AS place
        ORDER BY 1 LIMIT $2::bigint)) AS sized
WHERE before < $3::bigint ORDER BY first_replay_id";

pub(crate) fn bounds() -> Request {
    plain("SELECT tail, (SELECT min(first_replay_id) FROM event_block) FROM org")
}

pub(crate) fn read_bounds(rows: &[Row]) -> Result<LogBounds> {
    let damaged = |error| corrupt(LOG, error);
    let row = rows
        .first()
        .ok_or_else(|| corrupt(LOG, "the table org is empty"))?;
    let earliest: Option<i64> = row.try_get(1).map_err(damaged)?;
    Ok(LogBounds {
        tail: replay_id(row.try_get(0).map_err(damaged)?)?,
        earliest: earliest.map(replay_id).transpose()?,
    })
}

/// The first block that was appended at or after a point in time.
pub(crate) fn first_since(at: Timestamp) -> Request {
    Request::new(
        "SELECT first_replay_id FROM event_block WHERE appended_ms >= $1::bigint ORDER BY appended_ms, first_replay_id LIMIT 1",
        vec![Arg::Int(at.as_millis())],
    )
}

pub(crate) fn read_first(rows: &[Row]) -> Result<Option<ReplayId>> {
    let first = rows.first().map(|row| number(row, 0)).transpose()?;
    first.map(replay_id).transpose()
}

fn number(row: &Row, place: usize) -> Result<i64> {
    row.try_get(place).map_err(|error| corrupt(LOG, error))
}

pub(crate) fn place(id: ReplayId) -> i64 {
    i64::try_from(id.get()).unwrap_or(i64::MAX)
}

fn replay_id(kept: i64) -> Result<ReplayId> {
    loaded(LOG, kept).map(ReplayId::new)
}

/// The statements of a commit that append its blocks.
pub(crate) fn append(
    blocks: Vec<Block>,
    at: Timestamp,
) -> std::result::Result<Vec<Request>, Cause> {
    let (mut topics, mut of_topics) = (Vec::new(), Vec::new());
    let (mut first, mut last, mut data) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        let begin = stored(block.first.get())?;
        first.push(begin);
        last.push(stored(block.last.get())?);
        data.push(block.data);
        for topic in block.topics {
            topics.push(i64::from(topic.0));
            of_topics.push(begin);
        }
    }
    if first.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![
        Request::new(
            "INSERT INTO event_block (first_replay_id, last_replay_id, appended_ms, data)
             SELECT f, l, $4::bigint, d FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS v(f, l, d)",
            vec![
                Arg::Ints(first),
                Arg::Ints(last),
                Arg::Bytes(data),
                Arg::Int(at.as_millis()),
            ],
        ),
        Request::new(
            "INSERT INTO event_topic (topic_id, first_replay_id) SELECT * FROM unnest($1::bigint[], $2::bigint[])",
            vec![Arg::Ints(topics), Arg::Ints(of_topics)],
        ),
    ])
}

/// Reads on after `after`, in one round trip.
pub(crate) fn read(
    session: &Session,
    after: ReplayId,
    filter: &TopicFilter,
    limit: usize,
) -> Result<Page> {
    let mut args = vec![
        Arg::Int(place(after.advanced_by(1))),
        Arg::Limit(i64::try_from(LOG_PAGE_BLOCKS_MAX).ok()),
        Arg::Limit(i64::try_from(LOG_PAGE_BYTES_MAX).ok()),
    ];
    let indexed = match filter {
        TopicFilter::These(topics) if topics.len() <= LOG_INDEXED_TOPICS_MAX => {
            args.push(Arg::Ints(
                topics.iter().map(|topic| i64::from(topic.0)).collect(),
            ));
            true
        }
        TopicFilter::These(_) | TopicFilter::All => false,
    };
    let blocks = Request::new(if indexed { INDEXED } else { SCAN }, args);
    let answers = session
        .run(vec![plain(SNAPSHOT), plain(TAIL), blocks, plain(COMMIT)])
        .map_err(reading(LOG))?;
    let [_, tail, blocks, _] = answers.as_slice() else {
        return Err(corrupt(LOG, "an answer is missing"));
    };
    let tail = tail
        .first()
        .ok_or_else(|| corrupt(LOG, "the table org is empty"))?;
    let tail = replay_id(number(tail, 0)?)?;
    let mut search = Search {
        after,
        filter,
        limit,
        events: Vec::new(),
        reached: after,
        bytes: 0,
        previous: None,
    };
    if after >= tail || limit == 0 {
        return Ok(search.page(after, None));
    }
    for row in blocks {
        match search.look_through(row, !indexed)? {
            Looked::On => {}
            Looked::Full => {
                let reached = search.reached;
                return Ok(search.page(reached, None));
            }
            Looked::Damaged {
                first,
                last,
                appended,
            } => {
                let gap = LogGap {
                    first,
                    last,
                    topics: topics_within(session, first, last)?,
                    appended,
                };
                return Ok(search.page(last, Some(gap)));
            }
        }
    }
    // The page may have ended for its size.
    let is_cut = blocks.len() >= LOG_PAGE_BLOCKS_MAX || search.bytes >= LOG_PAGE_BYTES_MAX;
    let reached = if is_cut { search.reached } else { tail };
    Ok(search.page(reached, None))
}

/// The outcome of reading a block.
enum Looked {
    /// The page goes on after it.
    On,
    /// The page is full.
    Full,
    /// These events cannot be read.
    Damaged {
        first: ReplayId,
        last: ReplayId,
        appended: Timestamp,
    },
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
}

impl Search<'_> {
    fn page(self, reached: ReplayId, gap: Option<LogGap>) -> Page {
        Page {
            events: self.events,
            reached,
            gap,
        }
    }

    /// Takes what passes of one block. Where all blocks are read, each begins where the one before ended.
    fn look_through(&mut self, row: &Row, all: bool) -> Result<Looked> {
        let (first, last) = (replay_id(number(row, 0)?)?, replay_id(number(row, 1)?)?);
        let appended = Timestamp::from_millis(number(row, 2)?);
        let data: &[u8] = row.try_get(3).map_err(|error| corrupt(BLOCK, error))?;
        let next = self.previous.map(|previous| previous.advanced_by(1));
        if let Some(next) = next.filter(|next| all && *next < first) {
            let last = ReplayId::new(first.get() - 1);
            return Ok(Looked::Damaged {
                first: next,
                last,
                appended,
            });
        }
        let damaged = Looked::Damaged {
            first: first.max(self.after.advanced_by(1)),
            last,
            appended,
        };
        let (mut taken, mut expected, mut full) = (Vec::new(), first, false);
        let Ok(records) = block::records(data) else {
            return Ok(damaged);
        };
        for record in records {
            let Some(record) = record.ok().filter(|record| record.replay_id == expected) else {
                return Ok(damaged);
            };
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
            return Ok(damaged);
        }
        let Some(taken) = block::taken(data, taken) else {
            return Ok(damaged);
        };
        self.events.extend(taken);
        self.reached = match self.events.last() {
            Some(newest) if full => newest.replay_id,
            _ => last.max(self.after),
        };
        self.previous = Some(last);
        self.bytes = self.bytes.saturating_add(data.len());
        if full || self.events.len() == self.limit {
            return Ok(Looked::Full);
        }
        Ok(Looked::On)
    }
}

/// The topics with events in blocks of this stretch; all topics if the index has none.
fn topics_within(session: &Session, first: ReplayId, last: ReplayId) -> Result<Vec<TopicId>> {
    let rows = session.one(Request::new(
        "WITH within AS (SELECT DISTINCT topic_id FROM event_topic WHERE first_replay_id <= $2::bigint AND first_replay_id >=
             coalesce((SELECT max(first_replay_id) FROM event_block WHERE first_replay_id <= $1::bigint), $1::bigint))
         SELECT topic_id FROM within UNION SELECT topic_id FROM topic WHERE NOT EXISTS (SELECT FROM within) ORDER BY 1",
        vec![Arg::Int(place(first)), Arg::Int(place(last))],
    ));
    let rows = rows.map_err(reading(LOG))?;
    rows.iter().map(|row| topic_id(number(row, 0)?)).collect()
}

pub(crate) fn topic_id(kept: i64) -> Result<TopicId> {
    u32::try_from(kept)
        .map(TopicId)
        .map_err(|error| corrupt("topics", error))
}

/// What a step of trimming is to delete.
pub(crate) struct Old {
    /// The first event of the newest block that is deleted, and the last one of it; none if none is old enough.
    pub(crate) newest: Option<(i64, ReplayId)>,
    /// Whether there is more to do.
    pub(crate) has_more: bool,
}

/// The oldest blocks, and never one after a younger one, since the log has no holes.
pub(crate) fn old(
    session: &Session,
    before: Timestamp,
) -> std::result::Result<Old, crate::error::Failed> {
    let most = i64::try_from(TRIM_BLOCKS_MAX + 1).ok();
    let rows = session.one(Request::new(
        "SELECT first_replay_id, last_replay_id, appended_ms, octet_length(data)::bigint FROM event_block
         ORDER BY first_replay_id LIMIT $1::bigint",
        vec![Arg::Limit(most)],
    ))?;
    let mut old = Old {
        newest: None,
        has_more: false,
    };
    let (mut blocks, mut bytes) = (0, 0_u64);
    for row in rows {
        if row.get::<_, i64>(2) >= before.as_millis() {
            break;
        }
        if blocks == TRIM_BLOCKS_MAX || bytes >= TRIM_BYTES_MAX {
            old.has_more = true;
            break;
        }
        blocks += 1;
        bytes += u64::try_from(row.get::<_, i64>(3)).unwrap_or(0);
        let last = u64::try_from(row.get::<_, i64>(1)).unwrap_or(0);
        old.newest = Some((row.get(0), ReplayId::new(last)));
    }
    Ok(old)
}

/// The statements that delete blocks up to the one that begins here.
pub(crate) fn delete(newest: i64) -> Vec<Request> {
    vec![
        Request::new(
            "DELETE FROM event_block WHERE first_replay_id <= $1::bigint",
            vec![Arg::Int(newest)],
        ),
        Request::new(
            "DELETE FROM event_topic WHERE topic_id IN (SELECT topic_id FROM topic) AND first_replay_id <= $1::bigint",
            vec![Arg::Int(newest)],
        ),
    ]
}

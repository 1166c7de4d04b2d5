//! The feed of commits as a table, for the nodes of a cluster that follow the one that writes.
//!
//! The writer adds a row along with each commit, which names the commit before it: a reader that finds another one there has
//! missed something, because rows were deleted or a process without a feed has written, and loads everything anew. Readers of
//! the writer's own process need no table: [`landfall_store::RecentCommits`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use landfall_model::limits::{
    FEED_ITEMS_OF_COMMIT_MAX, FEED_KEPT, FEED_KEPT_COMMITS_MAX, FEED_TRIM_COMMITS, FEED_TRIM_EVERY,
};
use landfall_model::{CommitNumber, EntityName, RecordId, ReplayId, Timestamp};
use landfall_store::{Cause, Commit, DocumentKind, Followed, Position, Result, Touched};
use tokio_postgres::Row;

use crate::error::{corrupt, loaded, reading, stored};
use crate::session::{Request, Session};
use crate::value::Arg;

const FEED: &str = "commit feed";

/// `documents` and `records` list kind and key, object and id, one after the other. `has_other_tables`: tables were made or
/// changed since the commit before. `is_whole`: everything that was touched is listed.
pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS recent_commit (
    commit_number bigint PRIMARY KEY,
    previous bigint NOT NULL,
    tail bigint NOT NULL,
    appended_ms bigint NOT NULL,
    documents text[] NOT NULL,
    records text[] NOT NULL,
    trimmed bigint,
    has_other_tables boolean NOT NULL,
    is_whole boolean NOT NULL
);
";

const INSERT: &str = "INSERT INTO recent_commit VALUES ($1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::text[], $6::text[],
    $7::bigint, $8::bigint = 1, $9::bigint = 1)";

const READ: &str = "
SELECT org.commit_number, feed.commit_number, feed.previous, feed.tail, feed.appended_ms, feed.documents, feed.records,
    feed.trimmed, feed.has_other_tables, feed.is_whole
FROM org LEFT JOIN LATERAL (
    SELECT * FROM recent_commit WHERE commit_number > $1::bigint ORDER BY commit_number LIMIT $2::bigint) AS feed ON true
ORDER BY feed.commit_number";

/// What the writer adds to the feed.
pub(crate) struct Feeding {
    /// Whether tables were made or changed that no row of the feed reports. So it is at first: nobody knows what an earlier
    /// writer has done after its last commit.
    has_other_tables: bool,
    /// Commits by their time, one for each time that old rows were deleted.
    past: VecDeque<(Instant, CommitNumber)>,
    since_trim: u32,
}

impl Feeding {
    pub(crate) const fn new() -> Self {
        Self {
            has_other_tables: true,
            past: VecDeque::new(),
            since_trim: 0,
        }
    }

    /// Takes note that tables were made or changed.
    pub(crate) const fn tables_changed(&mut self) {
        self.has_other_tables = true;
    }

    /// The statements of a commit that report it.
    pub(crate) fn statements(
        &self,
        from: Position,
        to: Position,
        touched: &Touched,
    ) -> std::result::Result<Vec<Request>, Cause> {
        let (documents, records) = listed(touched);
        // Each has two texts.
        let is_whole = documents.len() + records.len() <= 2 * FEED_ITEMS_OF_COMMIT_MAX;
        let listed = |items: Vec<String>| Arg::Texts(if is_whole { items } else { Vec::new() });
        let trimmed = touched.trimmed.map(|last| stored(last.get())).transpose()?;
        let mut statements = vec![Request::new(
            INSERT,
            vec![
                Arg::Int(stored(to.commit_number.get())?),
                Arg::Int(stored(from.commit_number.get())?),
                Arg::Int(stored(to.tail.get())?),
                Arg::Int(to.appended_at.as_millis()),
                listed(documents),
                listed(records),
                Arg::Limit(trimmed),
                Arg::Int(i64::from(self.has_other_tables)),
                Arg::Int(i64::from(is_whole)),
            ],
        )];
        if self.is_trim_due() {
            let before = self.kept_since(to.commit_number);
            statements.push(Request::new(
                "DELETE FROM recent_commit WHERE commit_number < $1::bigint",
                vec![Arg::Int(stored(before.get())?)],
            ));
        }
        Ok(statements)
    }

    /// Takes note that a commit was kept.
    pub(crate) fn kept(&mut self, number: CommitNumber) {
        self.has_other_tables = false;
        if !self.is_trim_due() {
            self.since_trim += 1;
            return;
        }
        self.since_trim = 0;
        self.past.push_back((Instant::now(), number));
        let is_old = |past: &(Instant, CommitNumber)| past.0.elapsed() > FEED_KEPT;
        // The newest of the old ones is kept: rows up to it may go.
        while self.past.get(1).is_some_and(is_old) {
            self.past.pop_front();
        }
    }

    fn is_trim_due(&self) -> bool {
        let last = self.past.back();
        self.since_trim >= FEED_TRIM_COMMITS
            || last.is_none_or(|(at, _)| at.elapsed() > FEED_TRIM_EVERY)
    }

    /// The first commit whose row is kept.
    fn kept_since(&self, newest: CommitNumber) -> CommitNumber {
        let most = CommitNumber::new(newest.get().saturating_sub(FEED_KEPT_COMMITS_MAX));
        let oldest = self.past.front();
        let old = oldest.filter(|(at, _)| at.elapsed() > FEED_KEPT);
        old.map_or(most, |(_, number)| most.max(*number))
    }
}

/// Kinds and keys, objects and ids.
fn listed(touched: &Touched) -> (Vec<String>, Vec<String>) {
    let documents = touched.documents.iter();
    let documents = documents.flat_map(|(kind, key)| [kind.as_str().to_owned(), key.clone()]);
    let records = touched.records.iter().flat_map(|(object, ids)| {
        let ids = ids.iter();
        ids.flat_map(|id| [object.as_str().to_owned(), id.to_string()])
    });
    (documents.collect(), records.collect())
}

/// Commits after `after`, and whether tables were made or changed before the last of them.
pub(crate) fn read(
    session: &Session,
    after: CommitNumber,
    limit: usize,
) -> Result<(Followed, bool)> {
    let damaged = |reason: &dyn std::fmt::Display| corrupt(FEED, reason);
    let number = stored(after.get()).map_err(|reason| damaged(&reason))?;
    let limit = Arg::Limit(i64::try_from(limit).ok());
    let rows = session.one(Request::new(READ, vec![Arg::Int(number), limit]));
    let rows = rows.map_err(reading(FEED))?;
    let newest = rows.first().map(|row| row.try_get::<_, i64>(0));
    let newest = newest.ok_or_else(|| damaged(&"the table org is empty"))?;
    let newest = newest.map_err(|error| damaged(&error))?;
    if newest < number {
        // A server that has lost commits, such as a standby that took over too early.
        return Err(damaged(&format_args!(
            "the newest commit has number {newest}, and {number} was there before"
        )));
    }
    let mut commits: Vec<Arc<Commit>> = Vec::new();
    let mut has_other_tables = false;
    for row in &rows {
        let Some(next) = Next::of(row)? else {
            break;
        };
        let reached = commits.last().map_or(after, |commit| commit.number);
        let Some(commit) = next.commit.filter(|_| next.previous == reached) else {
            if commits.is_empty() {
                return Ok((Followed::TooFarBehind, true));
            }
            break;
        };
        has_other_tables |= next.has_other_tables;
        commits.push(Arc::new(commit));
    }
    if commits.is_empty() && newest > number {
        return Ok((Followed::TooFarBehind, true));
    }
    Ok((Followed::Commits(commits), has_other_tables))
}

/// A row of the feed.
struct Next {
    previous: CommitNumber,
    /// None if not all that it has touched is known.
    commit: Option<Commit>,
    has_other_tables: bool,
}

impl Next {
    /// None if the row is that of the org alone.
    fn of(row: &Row) -> Result<Option<Self>> {
        let damaged = |error: tokio_postgres::Error| corrupt(FEED, error);
        let Some(number) = row.try_get::<_, Option<i64>>(1).map_err(damaged)? else {
            return Ok(None);
        };
        let whole = |place| loaded(FEED, row.try_get(place).map_err(damaged)?);
        let documents: Vec<String> = row.try_get(5).map_err(damaged)?;
        let records: Vec<String> = row.try_get(6).map_err(damaged)?;
        let trimmed: Option<i64> = row.try_get(7).map_err(damaged)?;
        let trimmed = trimmed.map(|last| loaded(FEED, last)).transpose()?;
        let is_whole: bool = row.try_get(9).map_err(damaged)?;
        let touched = touched(&documents, &records).filter(|_| is_whole);
        let commit = touched.map(|touched| -> Result<Commit> {
            Ok(Commit {
                number: CommitNumber::new(loaded(FEED, number)?),
                tail: ReplayId::new(whole(3)?),
                appended_at: Timestamp::from_millis(row.try_get(4).map_err(damaged)?),
                touched: Touched {
                    trimmed: trimmed.map(ReplayId::new),
                    ..touched
                },
            })
        });
        Ok(Some(Self {
            previous: CommitNumber::new(whole(2)?),
            commit: commit.transpose()?,
            has_other_tables: row.try_get(8).map_err(damaged)?,
        }))
    }
}

/// What rows list; none if a newer version has listed what this one does not know.
fn touched(documents: &[String], records: &[String]) -> Option<Touched> {
    let mut touched = Touched::default();
    for pair in documents.chunks(2) {
        let [kind, key] = pair else {
            return None;
        };
        let kind = DocumentKind::named(kind)?;
        touched.documents.insert((kind, key.clone()));
    }
    let mut listed: BTreeMap<EntityName, BTreeSet<RecordId>> = BTreeMap::new();
    for pair in records.chunks(2) {
        let [object, id] = pair else {
            return None;
        };
        let id = RecordId::parse(id).ok()?;
        let ids = listed.entry(EntityName::new(object.as_str())).or_default();
        ids.insert(id);
    }
    touched.records = listed;
    Some(touched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed_is_read_again() {
        let id = RecordId::parse("005000000000001AAA").expect("an id");
        let expected = Touched {
            documents: BTreeSet::from([
                (DocumentKind::Session, "a b".to_owned()),
                (DocumentKind::Component, String::new()),
            ]),
            records: BTreeMap::from([(EntityName::new("User"), BTreeSet::from([id]))]),
            ..Touched::default()
        };
        let (documents, records) = listed(&expected);
        assert_eq!(touched(&documents, &records), Some(expected));
        let unknown = ["of_a_newer_version".to_owned(), "a".to_owned()];
        assert_eq!(touched(&unknown, &[]), None);
    }

    #[test]
    fn old_rows_are_deleted_now_and_then() {
        let mut feeding = Feeding::new();
        let newest = CommitNumber::new(FEED_KEPT_COMMITS_MAX + 7);
        assert_eq!(feeding.kept_since(newest), CommitNumber::new(7));
        assert!(feeding.is_trim_due());
        feeding.kept(newest);
        assert!(!feeding.is_trim_due());
        for _ in 0..FEED_TRIM_COMMITS {
            assert!(!feeding.is_trim_due());
            feeding.since_trim += 1;
        }
        assert!(feeding.is_trim_due());
        assert_eq!(feeding.kept_since(CommitNumber::new(9)).get(), 0);
    }
}

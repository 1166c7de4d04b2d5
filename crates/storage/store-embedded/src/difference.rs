//! What differs between two states of a store: a snapshot, and a later one or the file itself.
//!
//! Records differ where their checksums do; the declared types of columns say what their values are, so that a field is
//! compared which only one of the two states knows.

use std::collections::BTreeMap;
use std::path::Path;

use landfall_model::{EntityName, RecordId, Topic, Value};
use landfall_relational::block;
use landfall_store::{
    Deadline, Difference, DifferenceQuery, EventDifference, ObjectDifference, RecordDifference,
    Restoring, Result, TopicId, ValueKind,
};
use rusqlite::{Connection, OpenFlags};

use crate::checksum::CHECKSUM;
use crate::error::{Attempt, loaded};
use crate::file::FLAGS;
use crate::layout::{ID, ROW_NUMBER, quoted};
use crate::snapshot::{SNAPSHOT, TABLE_PREFIX, attach, end_at, refused, tables};
use crate::value;

/// The kinds of values, to be recognized by the types of their columns.
const KINDS: [ValueKind; 8] = [
    ValueKind::Boolean,
    ValueKind::Integer,
    ValueKind::Double,
    ValueKind::Text,
    ValueKind::Id,
    ValueKind::Date,
    ValueKind::DateTime,
    ValueKind::Time,
];

/// What differs between the snapshot at `from` and the file at `to`.
pub(crate) fn between(
    from: &Path,
    to: &Path,
    query: &DifferenceQuery,
    deadline: &Deadline,
) -> Result<Difference> {
    let failed = |cause: &dyn std::fmt::Display| refused(format_args!("{}: {cause}", to.display()));
    deadline.check().map_err(|passed| failed(&passed))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | FLAGS;
    let mut connection = Connection::open_with_flags(to, flags).map_err(|error| failed(&error))?;
    end_at(&mut connection, deadline).map_err(|error| failed(&error))?;
    let how = Restoring {
        kept: &[],
        identity: query.identity,
        log_goes_on: false,
    };
    attach(&connection, from, &how)?;
    compared(&connection, query).map_err(|cause| failed(&cause))
}

/// Compares the attached snapshot with the file, both as they are at one point in time.
fn compared(connection: &Connection, query: &DifferenceQuery) -> Attempt<Difference> {
    let transaction = connection.unchecked_transaction()?;
    let mut difference = Difference::default();
    let (earlier, later) = (tables(connection, SNAPSHOT)?, tables(connection, "main")?);
    let mut objects: Vec<&String> = earlier.keys().chain(later.keys()).collect();
    objects.sort();
    objects.dedup();
    for object in objects {
        let entity = EntityName::new(object.as_str());
        if query.object.as_ref().is_some_and(|only| *only != entity) {
            continue;
        }
        let pair = Pair {
            connection,
            table: format!("{TABLE_PREFIX}{object}"),
            has: (earlier.contains_key(object), later.contains_key(object)),
        };
        let counted = pair.count(&entity)?;
        if counted.created + counted.changed + counted.removed == 0 {
            continue;
        }
        difference.objects.push(counted);
        let left = query.limit.saturating_sub(difference.records.len());
        if left > 0 {
            let records = pair.records(&entity, query.after, left)?;
            difference.records.extend(records);
        }
    }
    let topics = topics(connection)?;
    difference.added = events(connection, ("main", SNAPSHOT), &topics, query.limit)?;
    difference.removed = events(connection, (SNAPSHOT, "main"), &topics, query.limit)?;
    drop(transaction);
    Ok(difference)
}

/// The topics of both states, which number them alike.
fn topics(connection: &Connection) -> Attempt<BTreeMap<TopicId, String>> {
    let sql =
        "SELECT topic_id, name FROM snapshot.topic UNION SELECT topic_id, name FROM main.topic";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut topics = BTreeMap::new();
    while let Some(row) = rows.next()? {
        topics.insert(TopicId(row.get(0)?), row.get(1)?);
    }
    Ok(topics)
}

/// The table of an object in both states.
struct Pair<'c> {
    connection: &'c Connection,
    table: String,
    /// Whether the earlier and the later state have it.
    has: (bool, bool),
}

impl Pair<'_> {
    /// The table of one state; no rows if it has no such table.
    fn rows(&self, schema: &str, is_there: bool) -> String {
        if is_there {
            format!("{schema}.{}", quoted(&self.table))
        } else {
            format!("(SELECT NULL AS {ID}, NULL AS {CHECKSUM} WHERE false)")
        }
    }

    /// The records that differ: their ids, and whether each state has them.
    ///
    /// The tables are joined themselves, not what is selected from them, since only they have an index of the ids.
    fn differing(&self) -> String {
        let earlier = self.rows(SNAPSHOT, self.has.0);
        let later = self.rows("main", self.has.1);
        format!(
            "SELECT coalesce(e.{ID}, l.{ID}) AS id, e.{ID} IS NOT NULL AS was, l.{ID} IS NOT NULL AS is_there
             FROM {earlier} e FULL JOIN {later} l ON e.{ID} = l.{ID}
             WHERE e.{ID} IS NULL OR l.{ID} IS NULL OR e.{CHECKSUM} IS NOT l.{CHECKSUM}"
        )
    }

    fn count(&self, object: &EntityName) -> Attempt<ObjectDifference> {
        let sql = format!(
            "SELECT count(*) FILTER (WHERE NOT was), count(*) FILTER (WHERE was AND is_there),
                    count(*) FILTER (WHERE NOT is_there) FROM ({})",
            self.differing()
        );
        let (created, changed, removed): (i64, i64, i64) =
            self.connection
                .query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(ObjectDifference {
            object: object.clone(),
            created: loaded(SNAPSHOT, created)?,
            changed: loaded(SNAPSHOT, changed)?,
            removed: loaded(SNAPSHOT, removed)?,
        })
    }

    fn records(
        &self,
        object: &EntityName,
        after: Option<RecordId>,
        limit: usize,
    ) -> Attempt<Vec<RecordDifference>> {
        let sql = format!(
            "SELECT id, was, is_there FROM ({}) WHERE id > ?1 ORDER BY id LIMIT ?2",
            self.differing()
        );
        let after = after.map_or(String::new(), |id| id.to_string());
        let mut statement = self.connection.prepare(&sql)?;
        let mut rows = statement.query((after, i64::try_from(limit)?))?;
        let columns = (self.columns(SNAPSHOT)?, self.columns("main")?);
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let before = self.values(SNAPSHOT, &columns.0, &id)?;
            let mut after = self.values("main", &columns.1, &id)?;
            let mut fields = Vec::new();
            for (name, value) in before {
                let now = after.remove(&name).unwrap_or(Value::Null);
                if now != value {
                    fields.push((name, value, now));
                }
            }
            let new = after.into_iter().filter(|(_, value)| !value.is_null());
            fields.extend(new.map(|(name, value)| (name, Value::Null, value)));
            fields.sort_by(|(one, ..), (other, ..)| one.cmp(other));
            records.push(RecordDifference {
                object: object.clone(),
                id: RecordId::parse(&id).map_err(|_| format!("{id} is no id"))?,
                is_in: (row.get(1)?, row.get(2)?),
                fields,
            });
        }
        Ok(records)
    }

    /// The columns of fields, and what their values are.
    fn columns(&self, schema: &str) -> Attempt<Vec<(String, ValueKind)>> {
        let sql = "SELECT name, type FROM pragma_table_info(?1, ?2)";
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([self.table.as_str(), schema])?;
        let mut columns = Vec::new();
        while let Some(row) = rows.next()? {
            let (name, declared): (String, String) = (row.get(0)?, row.get(1)?);
            let mut kinds = KINDS.iter();
            let kind = kinds.find(|kind| value::declared(**kind) == declared);
            let is_own = [CHECKSUM, ROW_NUMBER].contains(&quoted(&name).as_str());
            if let Some(kind) = kind.filter(|_| !is_own) {
                columns.push((name, *kind));
            }
        }
        Ok(columns)
    }

    /// The values of a record in one state; none if it is not there.
    fn values(
        &self,
        schema: &str,
        columns: &[(String, ValueKind)],
        id: &str,
    ) -> Attempt<BTreeMap<String, Value>> {
        if columns.is_empty() {
            return Ok(BTreeMap::new());
        }
        let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
        let (names, table) = (names.join(", "), quoted(&self.table));
        let sql = format!("SELECT {names} FROM {schema}.{table} WHERE {ID} = ?1");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([id])?;
        let mut values = BTreeMap::new();
        if let Some(row) = rows.next()? {
            for (place, (name, kind)) in columns.iter().enumerate() {
                let value = value::decode(*kind, row.get_ref(place)?);
                let value = value.ok_or_else(|| format!("{name} of {id} is damaged"))?;
                values.insert(name.clone(), value);
            }
        }
        Ok(values)
    }
}

/// The events that one state has and the other has not: those in other blocks.
fn events(
    connection: &Connection,
    (of, other): (&str, &str),
    topics: &BTreeMap<TopicId, String>,
    limit: usize,
) -> Attempt<EventDifference> {
    // The beginning of a block has the checksum of the rest.
    let block = |schema: &str| {
        format!(
            "SELECT first_replay_id, last_replay_id, appended_ms, substr(data, 1, 5) FROM {schema}.event_block"
        )
    };
    let only = format!("{} EXCEPT {}", block(of), block(other));
    let sql =
        format!("SELECT coalesce(sum(last_replay_id - first_replay_id + 1), 0) FROM ({only})");
    let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
    let sql = format!(
        "SELECT b.data FROM ({only}) o JOIN {of}.event_block b USING (first_replay_id) ORDER BY first_replay_id"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut first = Vec::new();
    while first.len() < limit
        && let Some(row) = rows.next()?
    {
        let data = row.get_ref(0)?.as_blob()?;
        for record in block::records(data).map_err(|damage| damage.to_string())? {
            let record = record.map_err(|damage| damage.to_string())?;
            let name = topics.get(&record.topic);
            let name = name.ok_or_else(|| format!("event {} has no topic", record.replay_id))?;
            first.push((record.replay_id, record.topic, Topic::new(name.clone())));
        }
    }
    first.truncate(limit);
    Ok(EventDifference {
        count: loaded(SNAPSHOT, count)?,
        first,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Steps of SQLite that comparing a table of so many records takes.
    fn steps(records: u32) -> u64 {
        let mut connection = Connection::open_in_memory().expect("opened");
        let attached = connection.execute_batch("ATTACH DATABASE ':memory:' AS snapshot");
        attached.expect("attached");
        for schema in ["main", "snapshot"] {
            let made = connection.execute_batch(&format!(
                "CREATE TABLE {schema}.record_Some ({ROW_NUMBER} INTEGER PRIMARY KEY, {ID} TEXT NOT NULL UNIQUE, {CHECKSUM} INTEGER);
                 WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {records})
                 INSERT INTO {schema}.record_Some SELECT n, n, n FROM numbers;"
            ));
            made.expect("made");
        }
        let changed = connection.execute_batch(&format!(
            "UPDATE record_Some SET {CHECKSUM} = 0 WHERE {ID} = '1';
             DELETE FROM record_Some WHERE {ID} = '2';
             INSERT INTO record_Some VALUES (0, 'new', NULL);"
        ));
        changed.expect("changed");
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let count = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        };
        connection.progress_handler(1, Some(count)).expect("set");
        let pair = Pair {
            connection: &connection,
            table: "record_Some".to_owned(),
            has: (true, true),
        };
        let some = EntityName::new("Some");
        let found = pair.count(&some).expect("counted");
        assert_eq!((found.created, found.changed, found.removed), (1, 1, 1));
        steps.load(Ordering::Relaxed)
    }

    #[test]
    fn twice_as_many_records_take_twice_as_many_steps() {
        let (some, twice) = (steps(500), steps(1_000));
        assert!(twice < some * 3, "{some} and {twice}");
    }
}

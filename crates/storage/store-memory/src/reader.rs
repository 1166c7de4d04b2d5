//! The read side: every call looks at one state.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::{Arc, RwLock};

use landfall_model::limits::{MEMORY_PAGE_EVENTS_MAX, QUERY_CHILD_ROWS_MIN};
use landfall_model::{
    CommitNumber, EntityDefinition, RecordId, ReplayId, Row, Timestamp, Topic, Value,
};
use landfall_query::Plan;
use landfall_query::plan::Predicate;
use landfall_store::{
    Deadline, DocumentKind, Error, Followed, LogBounds, Lookup, Page, Position, QueryLimits,
    QueryResult, Reader, Reads, RecentCommits, Reread, Result, TopicFilter, TopicId, bytes_of,
};

use crate::state::{self, Snapshot, State, Table};

#[derive(Clone)]
pub(crate) struct MemoryReader {
    pub(crate) state: Arc<RwLock<State>>,
    pub(crate) recent: Arc<RecentCommits>,
}

impl MemoryReader {
    pub(crate) const fn new(state: Arc<RwLock<State>>, recent: Arc<RecentCommits>) -> Self {
        Self { state, recent }
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&state::read(&self.state))
    }

    /// What a plan finds, in any amount.
    fn find(&self, plan: &Plan, deadline: &Deadline) -> Result<QueryResult> {
        deadline.check()?;
        let found = self.read(|state| plan.find(&Snapshot::of(state)));
        deadline.check()?;
        Ok(found)
    }
}

fn row(state: &State, entity: &EntityDefinition, id: RecordId) -> Option<Row> {
    state.tables.get(&entity.name)?.row(entity, id)
}

fn matching(state: &State, lookup: &Lookup<'_>) -> Vec<Row> {
    let is_exact = lookup
        .entity
        .fields
        .get(lookup.field)
        .is_some_and(|field| field.case_sensitive);
    let is_equal = |row: &Row| match (row.get(lookup.field), lookup.value) {
        (Some(Value::Text(text)), Value::Text(wanted)) if !is_exact => {
            text.eq_ignore_ascii_case(wanted)
        }
        (value, wanted) => value == Some(wanted),
    };
    let table = state.tables.get(&lookup.entity.name);
    let rows = table
        .into_iter()
        .flat_map(|table| table.by_id(lookup.entity));
    rows.filter(is_equal).take(lookup.limit).collect()
}

impl Reads for MemoryReader {
    fn row(&self, entity: &EntityDefinition, id: RecordId) -> Result<Option<Row>> {
        Ok(self.read(|state| row(state, entity, id)))
    }

    fn rows_where(
        &self,
        entity: &EntityDefinition,
        field: usize,
        value: &Value,
        limit: usize,
    ) -> Result<Vec<Row>> {
        let lookup = Lookup {
            entity,
            field,
            value,
            limit,
        };
        Ok(self.read(|state| matching(state, &lookup)))
    }

    fn rows(&self, records: &[(&EntityDefinition, RecordId)]) -> Result<Vec<Option<Row>>> {
        Ok(self.read(|state| {
            let records = records.iter();
            records
                .map(|(entity, id)| row(state, entity, *id))
                .collect()
        }))
    }

    fn matching(&self, lookups: &[Lookup<'_>]) -> Result<Vec<Vec<Row>>> {
        Ok(self.read(|state| {
            let lookups = lookups.iter();
            lookups.map(|lookup| matching(state, lookup)).collect()
        }))
    }

    fn recent_rows(&self, entity: &EntityDefinition, limit: usize) -> Result<Vec<Row>> {
        let value = |row: &Row, name| {
            entity
                .index_of(name)
                .and_then(|index| row.get(index).cloned())
        };
        let rows = self.read(|state| {
            let table = state.tables.get(&entity.name);
            table
                .map(|table: &Table| table.rows(entity))
                .unwrap_or_default()
        });
        let mut rows: Vec<(usize, Row)> = rows
            .into_iter()
            .filter(|row| value(row, "IsDeleted") != Some(Value::Boolean(true)))
            .enumerate()
            .collect();
        rows.sort_by_key(|(number, row)| {
            let modified = match value(row, "LastModifiedDate") {
                Some(Value::DateTime(point)) => Some(point),
                _ => None,
            };
            Reverse((modified, *number))
        });
        Ok(rows.into_iter().map(|(_, row)| row).take(limit).collect())
    }

    fn document(&self, kind: DocumentKind, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.read(|state| state.documents.get(&(kind, key.to_owned())).cloned()))
    }

    fn documents_at(&self, kind: DocumentKind, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        Ok(self.read(|state| {
            let documents = keys.iter();
            documents
                .map(|key| state.documents.get(&(kind, key.clone())).cloned())
                .collect()
        }))
    }

    fn documents(&self, kind: DocumentKind) -> Result<Vec<(String, Vec<u8>)>> {
        Ok(self.read(|state| {
            let documents = state.documents.iter();
            documents
                .filter(|((of, _), _)| *of == kind)
                .map(|((_, key), content)| (key.clone(), content.clone()))
                .collect()
        }))
    }

    fn topic_number(&self, topic: &Topic) -> Result<Option<TopicId>> {
        Ok(self.read(|state| {
            let index = state.topics.iter().position(|name| name == topic.as_str());
            let number = index.and_then(|index| u32::try_from(index + 1).ok());
            number.map(TopicId)
        }))
    }
}

impl Reader for MemoryReader {
    fn log_bounds(&self) -> Result<LogBounds> {
        Ok(self.read(State::bounds))
    }

    fn position(&self) -> Result<Position> {
        Ok(self.recent.position())
    }

    fn free_bytes(&self) -> Result<Option<u64>> {
        Ok(None)
    }

    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed> {
        Ok(self.recent.after(after, limit))
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        Ok(self.read(|state| {
            let tail = state.position.tail;
            let mut page = Page {
                gap: None,
                events: Vec::new(),
                reached: after,
            };
            if after >= tail || limit == 0 {
                return page;
            }
            let first = state
                .events
                .partition_point(|event| event.replay_id <= after);
            let mut events = state.events.iter().skip(first);
            for event in events.by_ref().take(MEMORY_PAGE_EVENTS_MAX) {
                page.reached = event.replay_id;
                if filter.passes(event.topic) {
                    page.events.push(Arc::clone(event));
                }
                if page.events.len() == limit {
                    break;
                }
            }
            if events.next().is_none() {
                page.reached = tail;
            }
            page
        }))
    }

    fn first_since(&self, at: Timestamp) -> Result<Option<ReplayId>> {
        Ok(self.read(|state| {
            let first = state.events.iter().find(|event| event.appended >= at);
            first.map(|event| event.replay_id)
        }))
    }

    fn query(&self, plan: &Plan, limits: QueryLimits, deadline: &Deadline) -> Result<QueryResult> {
        let mut found = self.find(plan, deadline)?;
        let is_too_much = match &plan.grouping {
            Some(_) => {
                let bytes = found.rows.iter().map(|row| bytes_of(&row.values));
                found.rows.len() > limits.rows || bytes.sum::<usize>() > limits.bytes
            }
            None => found.ids.len() > limits.records,
        };
        if is_too_much {
            return Err(Error::TooMany);
        }
        if plan.grouping.is_none() {
            let mut page = Space {
                rows: limits.rows.max(1),
                bytes: limits.bytes,
            };
            cut(&mut found, &mut page);
        }
        Ok(found)
    }

    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        deadline: &Deadline,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        let found = self.find(plan, deadline)?;
        if !plan.order.is_empty() && found.ids.len() > records {
            return Err(Error::TooMany);
        }
        for found in found.rows {
            deadline.check()?;
            if row(found.values).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, plan: &Plan, deadline: &Deadline) -> Result<u64> {
        let found = self.find(plan, deadline)?;
        Ok(u64::try_from(found.ids.len()).unwrap_or(u64::MAX))
    }

    fn reread(
        &self,
        plan: &Plan,
        ids: &[RecordId],
        limits: QueryLimits,
        deadline: &Deadline,
    ) -> Result<Reread> {
        let whole = Plan {
            filter: Predicate::ALWAYS,
            order: Vec::new(),
            limit: None,
            offset: 0,
            ..plan.clone()
        };
        let found = self.find(&whole, deadline)?;
        let mut rows: HashMap<_, _> = found.ids.into_iter().zip(found.rows).collect();
        let mut reread = Reread::default();
        let mut bytes = 0;
        for id in ids {
            let is_full = reread.rows.len() >= limits.rows || bytes >= limits.bytes;
            if is_full && !reread.rows.is_empty() {
                break;
            }
            reread.looked_at += 1;
            if let Some(row) = rows.remove(id) {
                bytes += bytes_of(&row.values);
                reread.rows.push(row);
            }
        }
        Ok(reread)
    }
}

/// What is left of a page.
struct Space {
    rows: usize,
    bytes: usize,
}

/// Leaves as many rows as the page has space for, one at least; all ids stay.
fn cut(found: &mut QueryResult, page: &mut Space) {
    let mut kept = 0;
    for row in &mut found.rows {
        if (page.rows == 0 || page.bytes == 0) && kept > 0 {
            break;
        }
        kept += 1;
        page.rows = page.rows.saturating_sub(1);
        page.bytes = page.bytes.saturating_sub(bytes_of(&row.values));
        for children in &mut row.children {
            let rows = page.rows.max(QUERY_CHILD_ROWS_MIN);
            let mut own = Space {
                rows,
                bytes: page.bytes,
            };
            cut(children, &mut own);
            page.rows = page.rows.saturating_sub(rows - own.rows);
            page.bytes = own.bytes;
        }
    }
    found.rows.truncate(kept);
}

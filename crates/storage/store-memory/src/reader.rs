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
    DocumentKind, Error, Followed, LogBounds, Lookup, Page, Position, QueryLimits, QueryResult,
    Reader, Reads, RecentCommits, Reread, Result, TopicFilter, TopicId,
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
    fn find(&self, plan: &Plan) -> QueryResult {
        self.read(|state| plan.find(&Snapshot::of(state)))
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

    fn follow(&self, after: CommitNumber, limit: usize) -> Result<Followed> {
        Ok(self.recent.after(after, limit))
    }

    fn events(&self, after: ReplayId, filter: &TopicFilter, limit: usize) -> Result<Page> {
        Ok(self.read(|state| {
            let tail = state.position.tail;
            let mut page = Page {
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

    fn query(&self, plan: &Plan, limits: QueryLimits) -> Result<QueryResult> {
        let mut found = self.find(plan);
        let is_too_much = match &plan.grouping {
            Some(_) => found.rows.len() > limits.rows,
            None => found.ids.len() > limits.records,
        };
        if is_too_much {
            return Err(Error::TooMany);
        }
        if plan.grouping.is_none() {
            cut(&mut found, &mut limits.rows.max(1));
        }
        Ok(found)
    }

    fn scan(
        &self,
        plan: &Plan,
        records: usize,
        row: &mut dyn FnMut(Vec<Value>) -> ControlFlow<()>,
    ) -> Result<()> {
        let found = self.find(plan);
        if !plan.order.is_empty() && found.ids.len() > records {
            return Err(Error::TooMany);
        }
        for found in found.rows {
            if row(found.values).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, plan: &Plan) -> Result<u64> {
        Ok(u64::try_from(self.find(plan).ids.len()).unwrap_or(u64::MAX))
    }

    fn reread(&self, plan: &Plan, ids: &[RecordId], limits: QueryLimits) -> Result<Reread> {
        let whole = Plan {
            filter: Predicate::ALWAYS,
            order: Vec::new(),
            limit: None,
            offset: 0,
            ..plan.clone()
        };
        let found = self.find(&whole);
        let mut rows: HashMap<_, _> = found.ids.into_iter().zip(found.rows).collect();
        let mut reread = Reread::default();
        for id in ids {
            if reread.rows.len() >= limits.rows.max(1) {
                break;
            }
            reread.looked_at += 1;
            reread.rows.extend(rows.remove(id));
        }
        Ok(reread)
    }
}

/// Leaves as many rows as the page has space for, one at least; all ids stay.
fn cut(found: &mut QueryResult, page: &mut usize) {
    let mut kept = 0;
    for row in &mut found.rows {
        if *page == 0 && kept > 0 {
            break;
        }
        kept += 1;
        *page = page.saturating_sub(1);
        for children in &mut row.children {
            let space = (*page).max(QUERY_CHILD_ROWS_MIN);
            let mut left = space;
            cut(children, &mut left);
            *page = page.saturating_sub(space - left);
        }
    }
    found.rows.truncate(kept);
}

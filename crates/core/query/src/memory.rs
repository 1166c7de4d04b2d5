//! A plan carried out on rows in memory: what a query means, said plainly.
//!
//! It serves objects whose records are not kept but made when they are asked for, and it is what the stores are tried
//! against. Every record is looked at. Start reading at [`Plan::find`]; `group` has what is asked of groups.

mod group;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use landfall_model::{EntityDefinition, EntityName, RecordId, Row, Value};

use crate::evaluate::{Record, ordering};
use crate::plan::{self, Grouping, Plan};
use crate::result::{QueryResult, ResultRow};

/// Objects with their records.
pub trait Tables {
    /// The records of an object, in the order in which they were created.
    fn rows(&self, entity: &EntityDefinition) -> &[Row];
}

impl Plan {
    /// What it finds, all rows read.
    pub fn find(&self, tables: &dyn Tables) -> QueryResult {
        let run = Run {
            tables,
            lookups: RefCell::default(),
            semi_joins: RefCell::default(),
        };
        match &self.grouping {
            Some(grouping) => run.groups(self, grouping),
            None => run.records(self, None),
        }
    }
}

/// The records of an object by what identifies them.
type Lookup<'t> = Rc<HashMap<&'t str, &'t Row>>;

/// One plan while it is carried out.
struct Run<'t> {
    tables: &'t dyn Tables,
    lookups: RefCell<HashMap<EntityName, Lookup<'t>>>,
    /// What semi-joins have found, by where their plans are.
    semi_joins: RefCell<HashMap<*const Plan, Rc<HashSet<String>>>>,
}

impl<'t> Run<'t> {
    fn records(&self, plan: &'t Plan, owner: Option<(usize, &Value)>) -> QueryResult {
        let mut found = QueryResult::default();
        for record in self.found(plan, owner) {
            let values = plan.columns.iter();
            let values = values.map(|column| plan.value_of(&column.expression, &record));
            let own = record.value(0, plan.entity.identity());
            let children = plan
                .children
                .iter()
                .map(|children| self.records(&children.plan, Some((children.place, &own))));
            found.rows.push(ResultRow {
                values: values.collect(),
                children: children.collect(),
            });
            found.ids.push(record.id);
        }
        found
    }

    /// The records of a plan in its order, those that refer to `owner` if there is one.
    fn found<'r>(&'r self, plan: &'t Plan, owner: Option<(usize, &'r Value)>) -> Vec<One<'r, 't>> {
        let found = self.matching(plan, owner);
        let mut found: Vec<(Vec<Value>, One<'r, 't>)> = found
            .map(|record| {
                let steps = plan.order.iter();
                let by = steps.map(|step| plan.value_of(&step.operand.expression, &record));
                (by.collect(), record)
            })
            .collect();
        found.sort_by(|(left, _), (right, _)| in_order(&plan.order, left, right));
        cut(found.into_iter().map(|(_, record)| record), plan)
    }

    /// The records that a plan means, as they were created.
    fn matching<'r>(
        &'r self,
        plan: &'t Plan,
        owner: Option<(usize, &'r Value)>,
    ) -> impl Iterator<Item = One<'r, 't>> + 'r {
        self.tables
            .rows(&plan.entity)
            .iter()
            .filter(move |row| owner.is_none_or(|(place, id)| row.get(place) == Some(id)))
            .map(move |row| self.one(plan, row))
            .filter(move |record| plan.matches(record))
    }

    fn one(&self, plan: &Plan, row: &'t Row) -> One<'_, 't> {
        let mut sources = vec![Some(row)];
        for parent in &plan.parents {
            let from = sources.get(parent.from).copied().flatten();
            let reference = from.and_then(|row| row.get(parent.place)).and_then(key);
            let parents = reference.map(|_| self.lookup(&parent.entity));
            sources.push(
                reference
                    .zip(parents)
                    .and_then(|(reference, parents)| parents.get(reference).copied()),
            );
        }
        let id = plan.entity.index_of("Id").and_then(|place| row.get(place));
        One {
            run: self,
            id: id.and_then(Value::as_id).unwrap_or(RecordId::EMPTY),
            sources,
        }
    }

    fn lookup(&self, entity: &EntityDefinition) -> Lookup<'t> {
        if let Some(known) = self.lookups.borrow().get(&entity.name) {
            return Rc::clone(known);
        }
        let place = entity.identity();
        let rows = self.tables.rows(entity).iter();
        let lookup: HashMap<_, _> = rows
            .filter_map(|row| Some((row.get(place).and_then(key)?, row)))
            .collect();
        let lookup = Rc::new(lookup);
        let mut lookups = self.lookups.borrow_mut();
        lookups.insert(entity.name.clone(), Rc::clone(&lookup));
        lookup
    }

    /// What a semi-join finds in its one column.
    fn semi_join(&self, plan: &Plan) -> Rc<HashSet<String>> {
        let known = std::ptr::from_ref(plan);
        if let Some(found) = self.semi_joins.borrow().get(&known) {
            return Rc::clone(found);
        }
        let found = plan.find(self.tables).rows.into_iter();
        let found = found.filter_map(|row| row.values.first().and_then(key).map(str::to_owned));
        let found: Rc<HashSet<String>> = Rc::new(found.collect());
        let mut semi_joins = self.semi_joins.borrow_mut();
        semi_joins.insert(known, Rc::clone(&found));
        found
    }

    fn groups(&self, plan: &'t Plan, grouping: &'t Grouping) -> QueryResult {
        let all: Vec<One<'_, 't>> = self.matching(plan, None).collect();
        let found = group::groups(plan, grouping, &all);
        let rows = cut(found.into_iter(), plan).into_iter();
        QueryResult {
            rows: rows
                .map(|values| ResultRow {
                    values,
                    children: Vec::new(),
                })
                .collect(),
            ids: Vec::new(),
        }
    }
}

/// A record with those that it leads to.
struct One<'r, 't> {
    run: &'r Run<'t>,
    id: RecordId,
    sources: Vec<Option<&'t Row>>,
}

impl Record for One<'_, '_> {
    fn value(&self, source: usize, place: usize) -> Value {
        let row = self.sources.get(source).copied().flatten();
        let value = row.and_then(|row| row.get(place));
        value.cloned().unwrap_or_default()
    }

    fn finds(&self, plan: &Plan, id: &Value) -> bool {
        key(id).is_some_and(|id| self.run.semi_join(plan).contains(id))
    }
}

/// What identifies a record.
fn key(value: &Value) -> Option<&str> {
    match value {
        Value::Id(id) => Some(id.as_str()),
        Value::Text(text) => Some(text),
        _ => None,
    }
}

fn cut<T>(found: impl Iterator<Item = T>, plan: &Plan) -> Vec<T> {
    let whole = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let limit = plan.limit.map_or(usize::MAX, whole);
    found.skip(whole(plan.offset)).take(limit).collect()
}

/// Nulls first, then by value.
fn compare(left: &Value, right: &Value, folded: bool) -> Ordering {
    match (left.is_null(), right.is_null()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => ordering(left, right, folded).unwrap_or(Ordering::Equal),
    }
}

/// The order of two rows by the values of each step.
fn in_order(steps: &[plan::Ordering], left: &[Value], right: &[Value]) -> Ordering {
    let values = left.iter().zip(right);
    steps
        .iter()
        .zip(values)
        .fold(Ordering::Equal, |so_far, (step, (left, right))| {
            so_far.then_with(|| {
                let order = compare(left, right, step.operand.folded);
                let of_null = left.is_null() != right.is_null();
                let reversed = if of_null {
                    step.nulls_last
                } else {
                    step.descending
                };
                if reversed { order.reverse() } else { order }
            })
        })
}

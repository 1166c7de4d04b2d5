//! Groups of records in memory: what they have in common, and what is computed of all of them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use landfall_model::Value;

use super::{One, compare, in_order};
use crate::evaluate::{Record, Subject, rank};
use crate::plan::{Aggregate, Expression, Grouping, Operand, Plan};

/// The values of the columns of each group, in the order of the plan.
#[expect(
    clippy::mutable_key_type,
    reason = "keys compare by their values; what changes is the cache of a regular expression"
)]
pub(super) fn groups(plan: &Plan, grouping: &Grouping, all: &[One<'_, '_>]) -> Vec<Vec<Value>> {
    let keys: Vec<Vec<Value>> = all
        .iter()
        .map(|record| {
            let keys = grouping.keys.iter();
            keys.map(|key| plan.value_of(&key.expression, record))
                .collect()
        })
        .collect();
    let mut found: Vec<(Vec<Value>, Vec<Value>)> = Vec::new();
    for set in &grouping.sets {
        let mut of_set: Vec<Vec<&One<'_, '_>>> = Vec::new();
        let mut places: BTreeMap<Common<'_>, usize> = BTreeMap::new();
        for (record, keys) in all.iter().zip(&keys) {
            let common = Common {
                set,
                keys: &grouping.keys,
                values: keys,
            };
            let place = *places.entry(common).or_insert_with(|| {
                of_set.push(Vec::new());
                of_set.len() - 1
            });
            if let Some(members) = of_set.get_mut(place) {
                members.push(record);
            }
        }
        if of_set.is_empty() && set.iter().all(|counts| !counts) {
            of_set.push(Vec::new());
        }
        for members in of_set {
            let group = Group { plan, set, members };
            if grouping.having.holds(&group) {
                let by = plan.order.iter();
                let by = by.map(|step| group.value(&step.operand.expression));
                let columns = plan.columns.iter();
                let columns = columns.map(|column| group.value(&column.expression));
                found.push((by.collect(), columns.collect()));
            }
        }
    }
    found.sort_by(|(left, _), (right, _)| in_order(&plan.order, left, right));
    found.into_iter().map(|(_, columns)| columns).collect()
}

/// The keys of a record; equal if those that count are.
struct Common<'g> {
    set: &'g [bool],
    keys: &'g [Operand],
    values: &'g [Value],
}

impl Ord for Common<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let counted = self.set.iter().zip(self.keys);
        counted
            .zip(self.values.iter().zip(other.values))
            .filter(|((counts, _), _)| **counts)
            .map(|((_, key), (own, other))| compare(own, other, key.folded))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Common<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Common<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Common<'_> {}

/// Records that have the counted keys in common.
struct Group<'g, 'r, 't> {
    plan: &'g Plan,
    set: &'g [bool],
    members: Vec<&'g One<'r, 't>>,
}

impl Subject for Group<'_, '_, '_> {
    fn value(&self, expression: &Expression) -> Value {
        match expression {
            Expression::Key(place) => self.key(*place),
            Expression::IsSubtotal(place) => {
                let counts = self.set.get(*place).copied().unwrap_or(false);
                Value::Integer(i64::from(!counts))
            }
            Expression::Aggregate {
                function,
                of,
                folded,
            } => self.aggregate(*function, of.as_deref(), *folded),
            Expression::Rank { of, values } => match self.value(of) {
                Value::Text(own) => Value::Integer(rank(&own, values)),
                _ => Value::Null,
            },
            Expression::Ranked { rank, values } => match self.value(rank) {
                Value::Integer(place) => usize::try_from(place)
                    .ok()
                    .and_then(|place| values.get(place))
                    .map_or(Value::Null, |value| Value::Text(value.clone())),
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }

    /// Groups are not joined.
    fn finds(&self, _: &Plan, _: &Value) -> bool {
        false
    }
}

impl Group<'_, '_, '_> {
    fn values<'a>(&'a self, of: &'a Expression) -> impl Iterator<Item = Value> + 'a {
        let members = self.members.iter();
        members.map(|record| self.plan.value_of(of, *record as &dyn Record))
    }

    /// The least of what its records have in its place: they may differ in letter case.
    fn key(&self, place: usize) -> Value {
        let counts = self.set.get(place).copied().unwrap_or(false);
        let keys = self.plan.grouping.as_ref().map(|grouping| &grouping.keys);
        let Some(key) = keys.and_then(|keys| keys.get(place)).filter(|_| counts) else {
            return Value::Null;
        };
        self.values(&key.expression)
            .min_by(|left, right| compare(left, right, false))
            .unwrap_or_default()
    }

    fn aggregate(&self, function: Aggregate, of: Option<&Expression>, folded: bool) -> Value {
        let count = |count: usize| Value::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let Some(of) = of else {
            return count(self.members.len());
        };
        let mut values: Vec<Value> = self.values(of).filter(|value| !value.is_null()).collect();
        let order = |left: &Value, right: &Value| compare(left, right, folded);
        match function {
            Aggregate::Count => count(values.len()),
            Aggregate::CountDistinct => {
                values.sort_by(order);
                values.dedup_by(|left, right| order(left, right).is_eq());
                count(values.len())
            }
            Aggregate::Min => values.into_iter().min_by(order).unwrap_or_default(),
            // The first of several that differ in letter case.
            Aggregate::Max => values.into_iter().rev().max_by(order).unwrap_or_default(),
            Aggregate::Sum | Aggregate::Avg if values.is_empty() => Value::Null,
            Aggregate::Sum => Value::Double(values.iter().map(number).sum()),
            #[expect(
                clippy::cast_precision_loss,
                reason = "records in memory are far fewer than 2^52"
            )]
            Aggregate::Avg => {
                Value::Double(values.iter().map(number).sum::<f64>() / values.len() as f64)
            }
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "whole numbers of fields have 18 digits at most, and are summed as SQL does"
)]
fn number(value: &Value) -> f64 {
    match value {
        Value::Integer(number) => *number as f64,
        Value::Double(number) => *number,
        _ => 0.0,
    }
}

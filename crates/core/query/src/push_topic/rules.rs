//! Constructs that queries of topics do not have, with the documented texts.
//!
//! Source: "Unsupported `PushTopic` Queries" (Streaming API Developer Guide). The texts about functions and about clauses
//! that the page does not list are ours, in the form of the others.

use landfall_model::QueryFault;
use landfall_soql::{Call, Condition, Function, Operand, Query, Select, Value};

use super::refused;
use crate::plan::Plan;

const AGGREGATES: &str = "Aggregate queries are not supported";
const RELATIONSHIPS: &str = "relationships are not supported";
const SEMI_JOINS: &str = "semi/anti join sub-selects are not supported";

/// # Errors
/// [`landfall_model::QueryFault::Refused`] for the first construct that is not supported.
pub(super) fn keep(query: &Query) -> Result<(), QueryFault> {
    let refuse = |text: &str| refused(text.to_owned());
    for item in &query.select {
        match item {
            Select::Operand { operand, .. } => selected(operand)?,
            Select::Fields { .. } => return refuse("'FIELDS' is not allowed"),
            Select::Children(_) => return refuse(RELATIONSHIPS),
            Select::TypeOf(_) => return refuse("'TYPEOF' clause is not allowed"),
        }
    }
    if query.from.len() > 1 {
        return refuse(RELATIONSHIPS);
    }
    if query.scope.is_some() {
        return refuse("'USING SCOPE' clause is not allowed");
    }
    if let Some(filter) = &query.filter {
        condition(filter)?;
    }
    if query.group.is_some() || query.having.is_some() {
        return refuse(AGGREGATES);
    }
    if !query.order.is_empty() {
        return refuse("'ORDER BY' clause is not allowed");
    }
    if query.limit.is_some() {
        return refuse("'LIMIT' is not allowed");
    }
    if query.offset.is_some() {
        return refuse("'OFFSET' clause is not allowed");
    }
    if query.for_update.is_some() {
        return refuse("'FOR UPDATE' clause is not allowed");
    }
    Ok(())
}

fn selected(operand: &Operand) -> Result<(), QueryFault> {
    match operand {
        Operand::Path(_) => Ok(()),
        Operand::Call(call) if is_aggregate(call) => refused(AGGREGATES.to_owned()),
        Operand::Call(_) => refused("functions are not supported".to_owned()),
    }
}

fn condition(of: &Condition) -> Result<(), QueryFault> {
    match of {
        Condition::All(terms) | Condition::Any(terms) => terms.iter().try_for_each(condition),
        Condition::Not(_) => refused("'NOT' is not supported".to_owned()),
        Condition::Compare(comparison) => match (&comparison.value, &comparison.operand) {
            (Value::Query(_), _) => refused(SEMI_JOINS.to_owned()),
            (_, Operand::Call(call)) if is_aggregate(call) => refused(AGGREGATES.to_owned()),
            _ => Ok(()),
        },
    }
}

/// Only names and the objects behind them say whether a path leads to another record, so the plan is asked.
///
/// # Errors
/// [`landfall_model::QueryFault::Refused`] if it does.
pub(super) fn keep_within(plan: &Plan) -> Result<(), QueryFault> {
    if plan.parents.is_empty() {
        Ok(())
    } else {
        refused(RELATIONSHIPS.to_owned())
    }
}

const fn is_aggregate(call: &Call) -> bool {
    matches!(call.function, Function::Aggregate(_) | Function::Grouping)
}

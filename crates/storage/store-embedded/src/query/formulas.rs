//! Formula fields within a statement: a function of the connection that is called with a number and the inputs.
//!
//! A statement is text and can name no formula. So each formula of a query has a number while the query runs, on the thread
//! that it runs on.

use std::cell::RefCell;
use std::sync::Arc;

use landfall_model::Value;
use landfall_query::plan::Computed;
use landfall_store::ValueKind;
use rusqlite::functions::Context;
use rusqlite::types::{ToSqlOutput, Value as Kept};
use rusqlite::{Error, Result};

use crate::value::{decode, encode};

thread_local! {
    static FORMULAS: RefCell<Vec<Arc<Computed>>> = const { RefCell::new(Vec::new()) };
}

/// A query that runs on this thread. Dropping it forgets its formulas.
pub(super) struct Running(());

impl Running {
    pub(super) fn begin() -> Self {
        FORMULAS.with_borrow_mut(Vec::clear);
        Self(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        FORMULAS.with_borrow_mut(Vec::clear);
    }
}

/// The number by which statements of the running query call a formula.
pub(super) fn number_of(computed: &Arc<Computed>) -> i64 {
    FORMULAS.with_borrow_mut(|formulas| {
        let known = formulas
            .iter()
            .position(|known| Arc::ptr_eq(known, computed));
        let number = known.unwrap_or_else(|| {
            formulas.push(Arc::clone(computed));
            formulas.len() - 1
        });
        i64::try_from(number).unwrap_or(i64::MAX)
    })
}

/// The value of a formula field: its number, then its inputs.
pub(super) fn value(context: &Context<'_>) -> Result<ToSqlOutput<'static>> {
    let number = usize::try_from(context.get::<i64>(0)?).ok();
    let computed = FORMULAS.with_borrow(|formulas| formulas.get(number?).cloned());
    let failed = |reason: &str| Error::UserFunctionError(reason.into());
    let computed = computed.ok_or_else(|| failed("the formula is not of the running query"))?;
    let mut inputs = Vec::with_capacity(computed.inputs.len());
    for (place, field_type) in (1..).zip(&computed.input_types) {
        let kept = context.get_raw(place);
        let value = decode(ValueKind::of(*field_type), kept);
        inputs.push(value.ok_or_else(|| failed("an input is not of its type"))?);
    }
    let kind = ValueKind::of(computed.target.field_type);
    Ok(match computed.value(&inputs) {
        Value::Text(text) => ToSqlOutput::Owned(Kept::Text(text)),
        value => match encode(kind, &value) {
            Some(ToSqlOutput::Owned(kept)) => ToSqlOutput::Owned(kept),
            _ => ToSqlOutput::Owned(Kept::Null),
        },
    })
}

//! Statements of whole queries.
//!
//! Nothing that a client has written becomes SQL: names are those of definitions, quoted, and values are parameters.

use std::fmt::Write as _;
use std::sync::Arc;

use landfall_query::Plan;
use landfall_query::plan::{Children, Computed, Grouping, Operand, Ordering};
use rusqlite::types::Value as Kept;

use super::expression::quoted_order;
use crate::layout::{ID, Layout, Layouts, ROW_NUMBER};

/// A statement with its parameters.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) sql: String,
    pub(super) params: Vec<Param>,
}

/// What a place of a statement holds.
#[derive(Clone, Debug)]
pub(super) enum Param {
    Value(Kept),
    /// The record that it is about.
    Subject,
    /// The number of the row that a scan continues after.
    After,
    /// A formula, by the number that it has while the query runs.
    Formula(Arc<Computed>),
    /// How many rows are wanted; none: all. Less may be wanted each time.
    Limit(Option<i64>),
}

/// What is wanted of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Columns,
    Ids,
}

/// Writes one statement.
pub(super) struct Sql<'p> {
    pub(super) out: String,
    pub(super) params: Vec<Param>,
    pub(super) layouts: &'p Layouts,
    pub(super) plan: &'p Plan,
    /// The layout of each source.
    pub(super) sources: Vec<Arc<Layout>>,
    /// Begins the names of the sources: each query within the statement has its own.
    pub(super) prefix: String,
    /// Which keys count, while groups of one kind are written.
    pub(super) counted: Vec<bool>,
}

impl<'p> Sql<'p> {
    pub(super) fn new(layouts: &'p Layouts, plan: &'p Plan, prefix: &str) -> Self {
        let mut sources = vec![layouts.of(&plan.entity)];
        sources.extend(plan.parents.iter().map(|parent| layouts.of(&parent.entity)));
        Self {
            out: String::new(),
            params: Vec::new(),
            layouts,
            plan,
            sources,
            prefix: prefix.to_owned(),
            counted: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, sql: &str) {
        self.out.push_str(sql);
    }

    pub(super) fn param(&mut self, value: Kept) {
        self.out.push('?');
        self.params.push(Param::Value(value));
    }

    /// `FROM`, with the sources that references lead to.
    pub(super) fn from(&mut self) {
        self.sources_with("");
    }

    /// As [`Self::from`], with a hint for the first source.
    fn sources_with(&mut self, hint: &str) {
        let prefix = self.prefix.clone();
        let table = self.sources.first().map_or("", |layout| &layout.table);
        let _ = write!(self.out, " FROM {table} {prefix}0{hint}");
        for (number, parent) in (1..).zip(&self.plan.parents) {
            let (Some(from), Some(layout)) = (
                self.sources.get(parent.from).cloned(),
                self.sources.get(number).cloned(),
            ) else {
                continue;
            };
            let column = from.columns.get(parent.place).and_then(Option::as_ref);
            let reference = column.map_or_else(
                || "NULL".to_owned(),
                |column| format!("{prefix}{}.{}", parent.from, column.name),
            );
            let _ = write!(
                self.out,
                " LEFT JOIN {} {prefix}{number} ON {prefix}{number}.{ID} = {reference}",
                layout.table
            );
        }
    }

    fn columns(&mut self, wanted: Wanted) {
        if wanted == Wanted::Ids {
            return;
        }
        let plan = self.plan;
        for column in &plan.columns {
            self.push(", ");
            self.expression(&column.expression);
        }
    }

    fn order(&mut self) {
        self.push(" ORDER BY ");
        let plan = self.plan;
        for Ordering {
            operand,
            descending,
            nulls_last,
        } in &plan.order
        {
            self.operand(operand);
            self.push(quoted_order(*descending, *nulls_last));
            self.push(", ");
        }
        let _ = write!(self.out, "{}0.{ROW_NUMBER}", self.prefix);
    }

    fn limit(&mut self) {
        let counted = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.push(" LIMIT ?");
        self.params.push(Param::Limit(self.plan.limit.map(counted)));
        if self.plan.offset > 0 {
            self.push(" OFFSET ");
            self.param(Kept::Integer(counted(self.plan.offset)));
        }
    }

    pub(super) fn filter(&mut self) {
        self.push(" WHERE ");
        let plan = self.plan;
        self.predicate(&plan.filter);
    }

    fn finished(self) -> Statement {
        Statement {
            sql: self.out,
            params: self.params,
        }
    }
}

pub(super) fn of_records(layouts: &Layouts, plan: &Plan, wanted: Wanted) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(wanted);
    sql.from();
    sql.filter();
    sql.order();
    sql.limit();
    sql.finished()
}

/// How the rows of a scan are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// As SQLite prefers.
    Any,
    /// In the table, one after the other.
    Table,
}

/// All records after a row, in the order in which they were created. The number of the row comes last.
pub(super) fn of_rows(layouts: &Layouts, plan: &Plan, way: Way) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    let _ = write!(sql.out, ", t0.{ROW_NUMBER}");
    sql.sources_with(match way {
        Way::Any => "",
        Way::Table => " NOT INDEXED",
    });
    sql.filter();
    let _ = write!(sql.out, " AND t0.{ROW_NUMBER} > ?");
    sql.params.push(Param::After);
    let _ = write!(sql.out, " ORDER BY t0.{ROW_NUMBER} LIMIT ?");
    sql.params.push(Param::Limit(None));
    sql.finished()
}

/// The records that refer to one.
pub(super) fn of_children(layouts: &Layouts, children: &Children, wanted: Wanted) -> Statement {
    let mut sql = Sql::new(layouts, &children.plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(wanted);
    sql.from();
    let reference = sql.field(0, children.place);
    let _ = write!(sql.out, " WHERE {reference} = ? AND ");
    sql.params.push(Param::Subject);
    sql.predicate(&children.plan.filter);
    sql.order();
    sql.limit();
    sql.finished()
}

/// One record, whatever the filter says.
pub(super) fn of_one(layouts: &Layouts, plan: &Plan) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    sql.from();
    let _ = write!(sql.out, " WHERE t0.{ID} = ?");
    sql.params.push(Param::Subject);
    sql.finished()
}

/// One record, if the filter finds it.
pub(super) fn of_one_that_matches(layouts: &Layouts, plan: &Plan) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    sql.from();
    let _ = write!(sql.out, " WHERE t0.{ID} = ? AND ");
    sql.params.push(Param::Subject);
    sql.predicate(&plan.filter);
    sql.finished()
}

pub(super) fn of_count(layouts: &Layouts, plan: &Plan) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    sql.push("SELECT count(*) FROM (SELECT 1");
    sql.from();
    sql.filter();
    sql.limit();
    sql.push(")");
    sql.finished()
}

/// Groups of each kind, one kind after the other, and then in their order.
pub(super) fn of_groups(layouts: &Layouts, plan: &Plan) -> Statement {
    let mut sql = Sql::new(layouts, plan, "t");
    let Some(grouping) = &plan.grouping else {
        return of_records(layouts, plan, Wanted::Columns);
    };
    sql.push("SELECT ");
    let names: Vec<String> = (0..plan.columns.len())
        .map(|place| format!("c{place}"))
        .collect();
    sql.push(&names.join(", "));
    sql.push(" FROM (");
    for (number, set) in grouping.sets.iter().enumerate() {
        if number > 0 {
            sql.push(" UNION ALL ");
        }
        sql.counted.clone_from(set);
        sql.one_set(grouping, number);
    }
    sql.push(") ORDER BY ");
    for (number, ordering) in plan.order.iter().enumerate() {
        let collation = if ordering.operand.folded {
            super::expression::FOLDED
        } else {
            ""
        };
        let direction = quoted_order(ordering.descending, ordering.nulls_last);
        let _ = write!(sql.out, "o{number}{collation}{direction}, ");
    }
    sql.push("kind, first");
    sql.limit();
    sql.finished()
}

impl Sql<'_> {
    fn one_set(&mut self, grouping: &Grouping, number: usize) {
        let plan = self.plan;
        self.push("SELECT ");
        for (place, column) in plan.columns.iter().enumerate() {
            self.expression(&column.expression);
            let _ = write!(self.out, " AS c{place}, ");
        }
        for (place, ordering) in plan.order.iter().enumerate() {
            self.expression(&ordering.operand.expression);
            let _ = write!(self.out, " AS o{place}, ");
        }
        // An aggregate in any case, so that a set without keys is one row.
        let _ = write!(self.out, "min(t0.{ROW_NUMBER}) AS first, {number} AS kind");
        self.from();
        self.filter();
        let keys: Vec<&Operand> = grouping
            .keys
            .iter()
            .zip(self.counted.clone())
            .filter_map(|(key, counts)| counts.then_some(key))
            .collect();
        for (place, key) in keys.iter().enumerate() {
            self.push(if place == 0 { " GROUP BY " } else { ", " });
            self.operand(key);
        }
        self.push(" HAVING ");
        self.predicate(&grouping.having);
    }
}

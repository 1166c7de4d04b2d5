//! Statements of whole queries.

use std::fmt::Write as _;
use std::sync::Arc;

use landfall_model::Value;
use landfall_query::plan::{self, Computed, Grouping, Operand, Ordering};
use landfall_query::{Plan, Zone};
use landfall_store::ValueKind;

use super::Dialect;
use super::expression::quoted_order;
use super::formula::{Joined, fields_of, has_formula, without_formulas};
use crate::table::{ID, Layout, Layouts, ROW_NUMBER};

pub use landfall_query::plan::Children;

/// A statement with its parameters.
#[derive(Debug)]
pub struct Statement {
    /// In the words of the dialect. SQLite's parameters are `?`, PostgreSQL's are numbered.
    pub sql: String,
    /// In their order.
    pub params: Vec<Param>,
    /// Formulas whose values have to be computed before: PostgreSQL only.
    pub joined: Vec<Joined>,
}

/// A parameter of a statement.
#[derive(Clone, Debug)]
pub enum Param {
    /// A value.
    Value(Value),
    /// Values of one kind, as one parameter.
    List(Vec<Value>, ValueKind),
    /// The record that it is about.
    Subject,
    /// The records that it is about.
    Subjects,
    /// The number of the row that a scan continues after.
    After,
    /// A formula that the connection computes.
    Formula(Arc<Computed>),
    /// A formula by its index in [`Statement::joined`]: the ids of records, or the values of the formula in their order.
    Joined(usize, Part),
    /// A time zone: when its distance from Greenwich changes, or the distances.
    Zone(Zone, Part),
    /// How many rows are read; none: all. Less may be read each time.
    Limit(Option<i64>),
}

/// Half of a list of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the pairs are ordered or found by.
    Keys,
    /// What they have for that.
    Values,
}

/// What a statement reads of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The columns of the plan, after the id.
    Columns,
    /// Only ids.
    Ids,
}

/// Writes one statement.
pub struct Sql<'p, L> {
    pub(super) out: String,
    pub(super) dialect: Dialect,
    pub(super) params: Vec<Param>,
    pub(super) joined: Vec<Joined>,
    pub(super) layouts: &'p Layouts<L>,
    pub(super) plan: &'p Plan,
    /// The layout of each source.
    pub(super) sources: Vec<Arc<L>>,
    /// Whether each of them has a table.
    has_table: Vec<bool>,
    /// Begins the names of the sources: each query within the statement has its own.
    pub(super) prefix: String,
    /// Which keys count, while groups of one kind are written.
    pub(super) counted: Vec<bool>,
    /// Formulas of the sources that are being written: their indexes in `joined`, and kinds.
    pub(super) formulas: Vec<(usize, ValueKind)>,
    /// Where those sources end.
    pub(super) sources_end: usize,
}

impl<'p, L: Layout> Sql<'p, L> {
    pub(super) fn new(
        dialect: Dialect,
        layouts: &'p Layouts<L>,
        plan: &'p Plan,
        prefix: &str,
    ) -> Self {
        let parents = plan.parents.iter().map(|parent| &parent.entity);
        let entities = std::iter::once(&plan.entity).chain(parents);
        let (sources, has_table) = entities.map(|entity| layouts.of(entity)).unzip();
        Self {
            out: String::new(),
            dialect,
            params: Vec::new(),
            joined: Vec::new(),
            layouts,
            plan,
            sources,
            has_table,
            prefix: prefix.to_owned(),
            counted: Vec::new(),
            formulas: Vec::new(),
            sources_end: 0,
        }
    }

    pub(super) fn push(&mut self, sql: &str) {
        self.out.push_str(sql);
    }

    /// A parameter, of a type if the dialect wants one.
    pub(super) fn param(&mut self, param: Param, kind: Option<ValueKind>) {
        self.params.push(param);
        match self.dialect {
            Dialect::Sqlite => self.push("?"),
            Dialect::Postgres => {
                let kind = kind.unwrap_or(ValueKind::Integer);
                let number = self.params.len();
                let _ = write!(self.out, "${number}::{}", self.dialect.type_of(kind));
            }
        }
    }

    /// A parameter with many values.
    pub(super) fn list_param(&mut self, param: Param, kind: ValueKind) {
        self.param(param, Some(kind));
        self.push("[]");
    }

    /// A value as a parameter.
    pub(super) fn value(&mut self, value: Value) {
        let kind = kind_of_value(&value);
        self.param(Param::Value(value), Some(kind));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.value(Value::Text(text.to_owned()));
    }

    /// A text, in the form in which it compares without regard to letter case if the dialect wants it so.
    pub(super) fn folded_text(&mut self, text: &str) {
        match self.dialect {
            Dialect::Sqlite => self.text(text),
            Dialect::Postgres => self.value(Value::Text(fold(text))),
        }
    }

    /// `FROM`, with the sources that references lead to.
    pub(super) fn from(&mut self) {
        self.sources_with("");
    }

    /// As [`Self::from`], with a hint for the first source.
    fn sources_with(&mut self, hint: &str) {
        let prefix = self.prefix.clone();
        let (table, is_empty) = self.table(0);
        // Only tables take hints.
        let hint = if is_empty { "" } else { hint };
        let _ = write!(self.out, " FROM {table} {prefix}0{hint}");
        for (number, parent) in (1..).zip(&self.plan.parents) {
            let Some(from) = self.sources.get(parent.from).cloned() else {
                continue;
            };
            let (table, _) = self.table(number);
            let column = from.table().column(parent.place);
            let reference = column.map_or_else(
                || "NULL".to_owned(),
                |column| format!("{prefix}{}.{}", parent.from, column.name),
            );
            let _ = write!(
                self.out,
                " LEFT JOIN {table} {prefix}{number} ON {prefix}{number}.{ID} = {reference}"
            );
        }
        self.sources_end = self.out.len();
    }

    /// What a source is read from, and whether there is no table of it yet: then it is a query without rows.
    fn table(&self, source: usize) -> (String, bool) {
        let Some(layout) = self.sources.get(source) else {
            return (String::new(), true);
        };
        let table = layout.table();
        if self.has_table.get(source) == Some(&true) {
            return (table.name.clone(), false);
        }
        let null = |kind, name: &str| format!("{} AS {name}", self.dialect.null(kind));
        let columns = table.columns.iter().flatten();
        let mut nulls: Vec<String> = columns
            .map(|column| null(column.holds, &column.name))
            .collect();
        nulls.push(null(ValueKind::Integer, ROW_NUMBER));
        (format!("(SELECT {} WHERE 1 = 0)", nulls.join(", ")), true)
    }

    fn columns(&mut self, wanted: Wanted) {
        if wanted == Wanted::Ids {
            return;
        }
        let plan = self.plan;
        for column in &plan.columns {
            self.column(&column.expression);
        }
    }

    /// A column of records. What PostgreSQL cannot compute is replaced by the fields that it reads: see [`fields_of`].
    fn column(&mut self, expression: &plan::Expression) {
        let mut fields = Vec::new();
        if self.dialect == Dialect::Postgres && is_computed_here(expression) {
            fields_of(expression, &mut fields);
            for (source, place) in fields {
                let _ = write!(self.out, ", {}", self.field(source, place));
            }
            return;
        }
        self.push(", ");
        self.expression(expression);
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
        self.push(" LIMIT ");
        self.param(Param::Limit(self.plan.limit.map(counted)), None);
        if self.plan.offset > 0 {
            self.push(" OFFSET ");
            self.value(Value::Integer(counted(self.plan.offset)));
        }
    }

    pub(super) fn filter(&mut self) {
        self.push(" WHERE ");
        let plan = self.plan;
        self.predicate(&plan.filter);
    }

    /// The end of what follows the sources.
    pub(super) fn ended(&mut self) {
        if !self.formulas.is_empty() {
            self.join_formulas();
        }
    }

    fn finished(mut self) -> Statement {
        self.ended();
        Statement {
            sql: self.out,
            params: self.params,
            joined: self.joined,
        }
    }
}

/// Whether the columns of records that this program computes have this one.
pub fn is_computed_here(expression: &plan::Expression) -> bool {
    has_formula(expression) || matches!(expression, plan::Expression::Distance { .. })
}

/// The form of a text in which it compares without regard to letter case.
pub fn fold(text: &str) -> String {
    text.chars().map(landfall_query::text::folded).collect()
}

/// The kind of a value; that of a null is any.
pub(super) const fn kind_of_value(value: &Value) -> ValueKind {
    match value {
        Value::Null | Value::Text(_) => ValueKind::Text,
        Value::Boolean(_) => ValueKind::Boolean,
        Value::Integer(_) => ValueKind::Integer,
        Value::Double(_) => ValueKind::Double,
        Value::Id(_) => ValueKind::Id,
        Value::Date(_) => ValueKind::Date,
        Value::DateTime(_) => ValueKind::DateTime,
        Value::Time(_) => ValueKind::Time,
    }
}

/// Records in their order.
pub fn of_records<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
    wanted: Wanted,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
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
pub enum Way {
    /// As SQLite prefers.
    Any,
    /// In the table, one after the other.
    Table,
}

/// All records after a row, in the order in which they were created. The number of the row comes last.
pub fn of_rows<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
    way: Way,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    let _ = write!(sql.out, ", t0.{ROW_NUMBER}");
    sql.sources_with(match way {
        Way::Any => "",
        Way::Table => " NOT INDEXED",
    });
    sql.filter();
    let _ = write!(sql.out, " AND t0.{ROW_NUMBER} > ");
    sql.param(Param::After, None);
    let _ = write!(sql.out, " ORDER BY t0.{ROW_NUMBER} LIMIT ");
    sql.param(Param::Limit(None), None);
    sql.finished()
}

/// The records that refer to one.
pub fn of_children<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    children: &'p Children,
    wanted: Wanted,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, &children.plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(wanted);
    sql.from();
    let reference = sql.field(0, children.place);
    let _ = write!(sql.out, " WHERE {reference} = ");
    sql.param(Param::Subject, Some(ValueKind::Id));
    sql.push(" AND ");
    sql.predicate(&children.plan.filter);
    sql.order();
    sql.limit();
    sql.finished()
}

/// One record: whatever the filter says, or if the filter finds it.
pub fn of_one<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
    filtered: bool,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    sql.from();
    let _ = write!(sql.out, " WHERE t0.{ID} = ");
    sql.param(Param::Subject, Some(ValueKind::Id));
    if filtered {
        sql.push(" AND ");
        sql.predicate(&plan.filter);
    }
    sql.finished()
}

/// Several records in one statement; all of them, or those that the filter finds.
pub fn of_several<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
    filtered: bool,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    sql.columns(Wanted::Columns);
    sql.from();
    let _ = write!(sql.out, " WHERE t0.{ID} = ANY(");
    sql.list_param(Param::Subjects, ValueKind::Id);
    sql.push(")");
    if filtered {
        sql.push(" AND ");
        sql.predicate(&plan.filter);
    }
    sql.finished()
}

/// What a formula of a query reads of every record that the conditions without formulas leave, after the id.
pub fn of_candidates<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    joined: &'p Joined,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, &joined.plan, "t");
    let _ = write!(sql.out, "SELECT t0.{ID}");
    let mut fields = Vec::new();
    for input in &joined.computed.inputs {
        fields_of(input, &mut fields);
    }
    for (source, place) in fields {
        let _ = write!(sql.out, ", {}", sql.field(source, place));
    }
    sql.from();
    sql.push(" WHERE ");
    sql.predicate(&without_formulas(&joined.plan.filter));
    sql.push(" LIMIT ");
    sql.param(Param::Limit(None), None);
    sql.finished()
}

/// How many records.
pub fn of_count<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
    sql.push("SELECT count(*) FROM (SELECT 1");
    sql.from();
    sql.filter();
    sql.limit();
    sql.ended();
    sql.push(") AS counted");
    sql.finished()
}

/// Groups of each kind, one kind after the other, and then in their order.
pub fn of_groups<'p, L: Layout>(
    dialect: Dialect,
    layouts: &'p Layouts<L>,
    plan: &'p Plan,
) -> Statement {
    let mut sql = Sql::new(dialect, layouts, plan, "t");
    let Some(grouping) = &plan.grouping else {
        return of_records(dialect, layouts, plan, Wanted::Columns);
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
    sql.push(") AS grouped ORDER BY ");
    for (number, ordering) in plan.order.iter().enumerate() {
        let operand = &ordering.operand;
        let (before, after) = if sql.folds(&operand.expression, operand.folded) {
            dialect.folded()
        } else {
            (
                "",
                dialect.exactly(sql.kind_of(&ordering.operand.expression)),
            )
        };
        let direction = quoted_order(ordering.descending, ordering.nulls_last);
        let _ = write!(sql.out, "{before}o{number}{after}{direction}, ");
    }
    sql.push("kind, first");
    sql.limit();
    sql.finished()
}

impl<L: Layout> Sql<'_, L> {
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
        self.ended();
    }
}

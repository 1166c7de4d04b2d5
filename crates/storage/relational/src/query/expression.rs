//! Expressions.

use std::fmt::Write as _;

use landfall_model::Value;
use landfall_query::plan::{Aggregate, DateFunction, Expression, Operand};
use landfall_store::ValueKind;

use super::statement::{Param, Part, Sql};
use super::{Dialect, function_number};
use crate::table::{Layout, ROW_NUMBER};

/// How a step of an order ends.
pub(super) const fn quoted_order(descending: bool, nulls_last: bool) -> &'static str {
    match (descending, nulls_last) {
        (false, false) => " ASC NULLS FIRST",
        (false, true) => " ASC NULLS LAST",
        (true, false) => " DESC NULLS FIRST",
        (true, true) => " DESC NULLS LAST",
    }
}

impl<L: Layout> Sql<'_, L> {
    /// The column of a field; null if nothing is kept of it.
    pub(super) fn field(&self, source: usize, place: usize) -> String {
        let layout = self.sources.get(source);
        let column = layout.and_then(|layout| layout.table().column(place));
        column.map_or_else(
            || self.dialect.null(self.kind_of_field(source, place)),
            |column| format!("{}{source}.{}", self.prefix, column.name),
        )
    }

    fn kind_of_field(&self, source: usize, place: usize) -> ValueKind {
        let plan = self.plan;
        let entity = match source.checked_sub(1) {
            None => Some(&plan.entity),
            Some(parent) => plan.parents.get(parent).map(|parent| &parent.entity),
        };
        let field = entity.and_then(|entity| entity.fields.get(place));
        field.map_or(ValueKind::Text, |field| ValueKind::of(field.field_type))
    }

    /// What kind of values an expression has.
    pub(super) fn kind_of(&self, expression: &Expression) -> ValueKind {
        match expression {
            Expression::Field { source, place } => self.kind_of_field(*source, *place),
            Expression::Formula(computed) => ValueKind::of(computed.target.field_type),
            Expression::FirstOf(choices) => choices
                .first()
                .map_or(ValueKind::Text, |choice| self.kind_of(choice)),
            Expression::Null | Expression::TypeName { .. } | Expression::Ranked { .. } => {
                ValueKind::Text
            }
            Expression::DatePart { function, .. } => match function {
                DateFunction::DayOnly => ValueKind::Date,
                _ => ValueKind::Integer,
            },
            Expression::Distance { .. } => ValueKind::Double,
            Expression::Rank { .. } | Expression::IsSubtotal(_) => ValueKind::Integer,
            Expression::Aggregate { function, of, .. } => match function {
                Aggregate::Count | Aggregate::CountDistinct => ValueKind::Integer,
                Aggregate::Avg | Aggregate::Sum => ValueKind::Double,
                Aggregate::Min | Aggregate::Max => of
                    .as_deref()
                    .map_or(ValueKind::Integer, |of| self.kind_of(of)),
            },
            Expression::Key(place) => {
                let keys = self.plan.grouping.as_ref().map(|grouping| &grouping.keys);
                let key = keys.and_then(|keys| keys.get(*place));
                key.map_or(ValueKind::Text, |key| self.kind_of(&key.expression))
            }
        }
    }

    /// Whether an expression compares without regard to letter case: only texts have letters.
    pub(super) fn folds(&self, expression: &Expression, folded: bool) -> bool {
        folded && (self.dialect == Dialect::Sqlite || self.kind_of(expression) == ValueKind::Text)
    }

    /// What is compared, grouped or sorted by, with its way of comparing.
    pub(super) fn operand(&mut self, operand: &Operand) {
        let (before, after) = if self.folds(&operand.expression, operand.folded) {
            self.dialect.folded()
        } else {
            ("", self.dialect.exactly(self.kind_of(&operand.expression)))
        };
        self.push(before);
        self.expression(&operand.expression);
        self.push(after);
    }

    pub(super) fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Null => self.null(expression),
            Expression::Field { source, place } => {
                let column = self.field(*source, *place);
                self.push(&column);
            }
            Expression::Formula(computed) => self.formula(computed),
            Expression::FirstOf(choices) => {
                // coalesce takes two at least.
                self.push("coalesce(NULL");
                for choice in choices {
                    self.push(", ");
                    self.expression(choice);
                }
                self.push(", NULL)");
            }
            Expression::TypeName { id, names } => self.type_name(id, names),
            Expression::DatePart {
                function,
                of,
                of_day,
                zoned,
            } => match self.dialect {
                Dialect::Sqlite => self.date_part_sqlite(*function, of, *of_day, *zoned),
                Dialect::Postgres => self.date_part_postgres(*function, of, *of_day, *zoned),
            },
            Expression::Distance {
                latitude,
                longitude,
                to,
                kilometres,
            } => self.distance((latitude, longitude), *to, *kilometres),
            Expression::Rank { of, values } => self.rank(of, values),
            Expression::Ranked { rank, values } => {
                self.push("CASE ");
                self.expression(rank);
                for (place, value) in values.iter().enumerate() {
                    let _ = write!(self.out, " WHEN {place} THEN ");
                    self.text(value);
                }
                self.push(" END");
            }
            Expression::Aggregate {
                function,
                of,
                folded,
            } => self.aggregate(*function, of.as_deref(), *folded),
            Expression::Key(place) => self.key(*place),
            Expression::IsSubtotal(place) => {
                let counts = self.counted.get(*place).copied().unwrap_or(false);
                self.push(match (self.dialect, counts) {
                    (Dialect::Sqlite, true) => "0",
                    (Dialect::Sqlite, false) => "1",
                    (Dialect::Postgres, true) => "0::bigint",
                    (Dialect::Postgres, false) => "1::bigint",
                });
            }
        }
    }

    fn type_name(&mut self, id: &Expression, names: &[(String, String)]) {
        self.push("CASE substr(");
        self.expression(id);
        self.push(", 1, 3)");
        for (prefix, name) in names {
            self.push(" WHEN ");
            self.text(prefix);
            self.push(" THEN ");
            self.text(name);
        }
        self.push(" END");
    }

    fn null(&mut self, of: &Expression) {
        let null = self.dialect.null(self.kind_of(of));
        self.push(&null);
    }

    fn date_part_sqlite(
        &mut self,
        function: DateFunction,
        of: &Expression,
        day: bool,
        zoned: bool,
    ) {
        let zone = zoned.then(|| Value::Text(self.plan.zone.name().to_owned()));
        self.push("landfall_date_part(");
        self.value(Value::Integer(function_number(function)));
        self.push(", ");
        self.expression(of);
        let _ = write!(self.out, ", {}, ", i32::from(day));
        self.value(zone.unwrap_or_default());
        let _ = write!(self.out, ", {})", self.plan.fiscal_month);
    }

    /// The moment as a time of day at a place, and of that a part.
    fn date_part_postgres(
        &mut self,
        function: DateFunction,
        of: &Expression,
        day: bool,
        zoned: bool,
    ) {
        let is_day = function == DateFunction::DayOnly;
        if is_day {
            self.push("(");
        } else {
            let _ = write!(self.out, "landfall_part({}, ", function_number(function));
        }
        if zoned && !day {
            self.push("landfall_local(");
            self.expression(of);
            self.push(", ");
            let zone = &self.plan.zone;
            self.list_param(Param::Zone(zone.clone(), Part::Keys), ValueKind::Integer);
            self.push(", ");
            self.list_param(Param::Zone(zone.clone(), Part::Values), ValueKind::Integer);
            self.push(")");
        } else {
            self.push("(");
            self.expression(of);
            self.push(if day {
                ")::timestamp"
            } else {
                " AT TIME ZONE 'UTC')"
            });
        }
        if is_day {
            self.push(")::date");
        } else {
            let _ = write!(self.out, ", {})", self.plan.fiscal_month);
        }
    }

    fn distance(&mut self, from: (&Expression, &Expression), to: (f64, f64), kilometres: bool) {
        self.push("landfall_distance(");
        self.expression(from.0);
        self.push(", ");
        self.expression(from.1);
        self.push(", ");
        self.value(Value::Double(to.0));
        self.push(", ");
        self.value(Value::Double(to.1));
        let _ = write!(self.out, ", {})", self.dialect.truth(kilometres));
    }

    fn rank(&mut self, of: &Expression, values: &[String]) {
        let (before, after) = self.dialect.folded();
        self.push("CASE WHEN ");
        self.expression(of);
        self.push(" IS NULL THEN NULL");
        for (place, value) in values.iter().enumerate() {
            self.push(" WHEN ");
            self.push(before);
            self.expression(of);
            self.push(after);
            self.push(" = ");
            self.folded_text(value);
            let _ = write!(self.out, " THEN {place}");
        }
        let _ = write!(self.out, " ELSE {} END", values.len());
        if self.dialect == Dialect::Postgres {
            self.push("::bigint");
        }
    }

    fn aggregate(&mut self, function: Aggregate, of: Option<&Expression>, folded: bool) {
        let Some(of) = of else {
            return self.push("count(*)");
        };
        let folded = self.folds(of, folded);
        match function {
            Aggregate::Count => self.around("count(", of, ")"),
            Aggregate::CountDistinct => {
                self.push("count(DISTINCT ");
                let (before, after) = if folded {
                    self.dialect.folded()
                } else {
                    ("", "")
                };
                self.around(before, of, after);
                self.push(")");
            }
            Aggregate::Avg => self.around("avg(CAST(", of, " AS double precision))"),
            // A sum of whole numbers is a decimal too.
            Aggregate::Sum => self.around("sum(CAST(", of, " AS double precision))"),
            Aggregate::Min => self.extreme(of, false, folded),
            Aggregate::Max => self.extreme(of, true, folded),
        }
    }

    fn around(&mut self, before: &str, of: &Expression, after: &str) {
        self.push(before);
        self.expression(of);
        self.push(after);
    }

    /// The least or greatest; of texts that differ in letter case the first.
    fn extreme(&mut self, of: &Expression, greatest: bool, folded: bool) {
        let (word, end) = self.dialect.extreme(self.kind_of(of), greatest);
        let (before, after) = self.dialect.folded();
        match (self.dialect, folded) {
            (_, false) => self.around(word, of, end),
            (Dialect::Sqlite, true) => {
                self.around(word, of, after);
                self.push(end);
            }
            (Dialect::Postgres, true) => {
                self.around("(array_agg(", of, " ORDER BY ");
                self.around(before, of, after);
                self.push(if greatest { " DESC" } else { "" });
                let _ = write!(self.out, ", {}0.{ROW_NUMBER}) FILTER (WHERE ", self.prefix);
                self.around("", of, " IS NOT NULL))[1]");
            }
        }
    }

    /// What the records of a group have in common; of texts that differ in letter case the least.
    fn key(&mut self, place: usize) {
        let counts = self.counted.get(place).copied().unwrap_or(false);
        let plan = self.plan;
        let grouping = plan.grouping.as_ref();
        let key = grouping.and_then(|grouping| grouping.keys.get(place));
        match (key.filter(|_| counts), self.dialect) {
            (Some(key), Dialect::Sqlite) => {
                self.around("min(", &key.expression, " COLLATE BINARY)");
            }
            (Some(key), Dialect::Postgres) => {
                let (word, end) = self.dialect.extreme(self.kind_of(&key.expression), false);
                self.around(word, &key.expression, end);
            }
            (None, _) => self.null(&Expression::Key(place)),
        }
    }
}

//! Where the dialects differ in words.

use landfall_query::plan::DateFunction;
use landfall_store::ValueKind;

/// The database that a statement is for.
///
/// What SQL lacks are functions of `landfall_query`: on SQLite functions and a collation of the connection, on PostgreSQL
/// functions of the schema (`landfall_fold` and others), of which only formulas cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3.51 and later.
    Sqlite,
    /// PostgreSQL 15 and later, in a database of UTF-8.
    Postgres,
}

impl Dialect {
    /// A condition that is always true or never.
    pub(super) const fn truth(self, truth: bool) -> &'static str {
        match (self, truth) {
            (Self::Sqlite, true) => "1",
            (Self::Sqlite, false) => "0",
            (Self::Postgres, true) => "TRUE",
            (Self::Postgres, false) => "FALSE",
        }
    }

    /// The type of the columns and parameters of a kind of value. SQLite's parameters need none.
    pub const fn type_of(self, kind: ValueKind) -> &'static str {
        match (self, kind) {
            (Self::Sqlite, _) => "",
            (Self::Postgres, ValueKind::Boolean) => "boolean",
            (Self::Postgres, ValueKind::Integer) => "bigint",
            (Self::Postgres, ValueKind::Double) => "double precision",
            (Self::Postgres, ValueKind::Text | ValueKind::Id) => "text",
            (Self::Postgres, ValueKind::Date) => "date",
            (Self::Postgres, ValueKind::DateTime) => "timestamp with time zone",
            (Self::Postgres, ValueKind::Time) => "time without time zone",
        }
    }

    /// Null, as a value of this kind.
    pub(super) fn null(self, kind: ValueKind) -> String {
        match self {
            Self::Sqlite => "NULL".to_owned(),
            Self::Postgres => format!("NULL::{}", self.type_of(kind)),
        }
    }

    /// How text compares letter by letter: in the order of code points.
    pub(super) const fn exactly(self, kind: ValueKind) -> &'static str {
        match (self, kind) {
            (Self::Postgres, ValueKind::Text | ValueKind::Id) => " COLLATE \"C\"",
            _ => "",
        }
    }

    /// What puts an expression before it compares without regard to letter case, and what comes after it.
    pub(super) const fn folded(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("", " COLLATE landfall"),
            Self::Postgres => ("landfall_fold(", ") COLLATE \"C\""),
        }
    }

    /// The same where the other side is ASCII alone: an index has it.
    pub(super) const fn folded_ascii(self) -> (&'static str, &'static str) {
        match self {
            Self::Sqlite => ("", " COLLATE NOCASE"),
            Self::Postgres => ("upper(", " COLLATE \"C\")"),
        }
    }

    /// The words that begin and end the least or greatest value of a kind.
    pub(super) const fn extreme(
        self,
        kind: ValueKind,
        greatest: bool,
    ) -> (&'static str, &'static str) {
        match (self, kind, greatest) {
            (Self::Postgres, ValueKind::Boolean, false) => ("bool_and(", ")"),
            (Self::Postgres, ValueKind::Boolean, true) => ("bool_or(", ")"),
            (Self::Postgres, ValueKind::Text | ValueKind::Id, false) => ("min(", " COLLATE \"C\")"),
            (Self::Postgres, ValueKind::Text | ValueKind::Id, true) => ("max(", " COLLATE \"C\")"),
            (_, _, false) => ("min(", ")"),
            (_, _, true) => ("max(", ")"),
        }
    }
}

/// Date functions by the numbers that statements call them.
pub const FUNCTIONS: [DateFunction; 13] = [
    DateFunction::CalendarMonth,
    DateFunction::CalendarQuarter,
    DateFunction::CalendarYear,
    DateFunction::DayInMonth,
    DateFunction::DayInWeek,
    DateFunction::DayInYear,
    DateFunction::DayOnly,
    DateFunction::FiscalMonth,
    DateFunction::FiscalQuarter,
    DateFunction::FiscalYear,
    DateFunction::HourInDay,
    DateFunction::WeekInMonth,
    DateFunction::WeekInYear,
];

/// The number of a date function in statements.
pub fn function_number(function: DateFunction) -> i64 {
    let place = FUNCTIONS.iter().position(|known| *known == function);
    place
        .and_then(|place| i64::try_from(place).ok())
        .unwrap_or(-1)
}

//! The syntax tree. Names are as written; `at` is the offset in the statement, in bytes, for error texts.

use crate::keyword::{Aggregate, DateKeyword, Function};

/// A name as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where it begins. Unit: bytes.
    pub at: usize,
}

/// Names with points between them: a field, or the way to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// At least one name.
    pub names: Vec<String>,
    /// Where it begins. Unit: bytes.
    pub at: usize,
}

impl Path {
    /// The last name; the whole of a path without points.
    pub fn last(&self) -> &str {
        self.names.last().map_or("", String::as_str)
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.names.join("."))
    }
}

/// `SELECT ... FROM ...`, also within another query.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Query {
    /// What is selected, in order.
    pub select: Vec<Select>,
    /// The object; further items give names to ways to parents.
    pub from: Vec<From>,
    /// `USING SCOPE`.
    pub scope: Option<Name>,
    /// `WHERE`.
    pub filter: Option<Condition>,
    /// `GROUP BY`.
    pub group: Option<Group>,
    /// `HAVING`.
    pub having: Option<Condition>,
    /// `ORDER BY`.
    pub order: Vec<Order>,
    /// `LIMIT`.
    pub limit: Option<u64>,
    /// `OFFSET`.
    pub offset: Option<u64>,
    /// `FOR UPDATE`, and its offset; the other purposes do not change the answer.
    pub for_update: Option<usize>,
    /// `ALL ROWS`, and its offset.
    pub all_rows: Option<usize>,
    /// Where it begins. Unit: bytes.
    pub at: usize,
}

impl Query {
    /// A query for the ids of all records of an object.
    pub fn of(object: From) -> Self {
        let at = object.path.at;
        let names = vec!["Id".to_owned()];
        Self {
            select: vec![Select::Operand {
                operand: Operand::Path(Path { names, at }),
                alias: None,
            }],
            from: vec![object],
            at,
            ..Self::default()
        }
    }
}

/// One item of the `FROM` list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct From {
    /// The object, or the way to a parent or to children.
    pub path: Path,
    /// Another name for it.
    pub alias: Option<Name>,
}

/// One item of the `SELECT` list.
#[derive(Clone, Debug, PartialEq)]
pub enum Select {
    /// A field or a function of one.
    Operand {
        /// Which.
        operand: Operand,
        /// The name in the answer.
        alias: Option<Name>,
    },
    /// `FIELDS(...)`.
    Fields {
        /// Which.
        set: FieldSet,
        /// Where it begins. Unit: bytes.
        at: usize,
    },
    /// A query of children.
    Children(Box<Query>),
    /// `TYPEOF`.
    TypeOf(TypeOf),
}

/// Which fields `FIELDS()` selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSet {
    /// Every field.
    All,
    /// Those of administrators.
    Custom,
    /// The others.
    Standard,
}

/// `TYPEOF path WHEN ... THEN ... ELSE ... END`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOf {
    /// The relationship.
    pub path: Path,
    /// For each object what to show.
    pub cases: Vec<TypeOfCase>,
    /// What to show of any other object.
    pub otherwise: Option<Vec<Path>>,
}

/// One `WHEN` of a [`TypeOf`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeOfCase {
    /// The object.
    pub object: Name,
    /// What to show of it.
    pub fields: Vec<Path>,
}

/// A field or a function of one.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A field.
    Path(Path),
    /// A function.
    Call(Call),
}

impl Operand {
    /// Where it begins. Unit: bytes.
    pub const fn at(&self) -> usize {
        match self {
            Self::Path(path) => path.at,
            Self::Call(call) => call.at,
        }
    }
}

/// A function with what it is applied to.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Which.
    pub function: Function,
    /// As many as the function takes.
    pub arguments: Vec<Argument>,
    /// Where it begins. Unit: bytes.
    pub at: usize,
}

impl Call {
    /// The field or function that it is applied to, if there is just that.
    pub fn only(&self) -> Option<&Operand> {
        match self.arguments.as_slice() {
            [Argument::Operand(operand)] => Some(operand),
            _ => None,
        }
    }

    /// Whether it is `COUNT()`.
    pub fn is_bare_count(&self) -> bool {
        self.function == Function::Aggregate(Aggregate::Count) && self.arguments.is_empty()
    }
}

/// What a function is applied to.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// A field or a function.
    Operand(Operand),
    /// `GEOLOCATION(latitude, longitude)`.
    Point {
        /// Unit: degrees.
        latitude: f64,
        /// Unit: degrees.
        longitude: f64,
    },
    /// A text.
    Text(String),
}

/// A truth about a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these.
    All(Vec<Self>),
    /// At least one of these.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// A comparison.
    Compare(Comparison),
}

/// A field compared with a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// What is compared.
    pub operand: Operand,
    /// How.
    pub operator: Operator,
    /// With what.
    pub value: Value,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `LIKE`
    Like,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `INCLUDES`
    Includes,
    /// `EXCLUDES`
    Excludes,
}

/// What a field is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One value.
    Literal(Literal),
    /// Values in parentheses.
    List(Vec<Literal>),
    /// What a query finds.
    Query(Box<Query>),
}

/// A value and its offset.
#[derive(Clone, Debug, PartialEq)]
pub struct Literal {
    /// The value.
    pub kind: LiteralKind,
    /// Where it begins. Unit: bytes.
    pub at: usize,
}

/// A value as it can be written.
#[derive(Clone, Debug, PartialEq)]
pub enum LiteralKind {
    /// `'text'`, without escapes.
    Text(String),
    /// The text of a `LIKE`: `%` and `_` are wild, what follows a backslash is itself.
    Pattern(String),
    /// A number as written.
    Number(String),
    /// `USD5000`: currency and number.
    Currency(String, String),
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// `NULL`
    Null,
    /// Unit: days since 1970-01-01.
    Date(i32),
    /// Unit: milliseconds since 1970-01-01T00:00:00Z.
    DateTime(i64),
    /// Unit: milliseconds since midnight.
    Time(i32),
    /// `TODAY`, `LAST_N_DAYS:30`.
    Keyword(DateKeyword),
}

/// `GROUP BY`.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Which subtotals come with it.
    pub kind: GroupKind,
    /// By what, in order.
    pub by: Vec<Operand>,
}

/// Which subtotals a grouping has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// None.
    Plain,
    /// Of each leading part of the list.
    Rollup,
    /// Of each part of the list.
    Cube,
}

/// One item of `ORDER BY`.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// By what.
    pub operand: Operand,
    /// `DESC`.
    pub descending: bool,
    /// `NULLS LAST`; none if nothing is said.
    pub nulls_last: Option<bool>,
}

//! What is to be done for a query.

use std::sync::Arc;

use landfall_formula::{Environment, Formula, Target};
use landfall_model::{EntityDefinition, FieldType, Value};

pub use landfall_soql::{Aggregate, DateFunction};

use crate::zone::Zone;

/// A query of one object and what it leads to.
///
/// A *source* is where a value comes from: 0 is the record itself, `n` the record that [`Plan::parents`]`[n - 1]` finds, if any.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whose records.
    pub entity: Arc<EntityDefinition>,
    /// Records that references lead to; one that leads nowhere takes nothing away.
    pub parents: Vec<Parent>,
    /// What is asked of each record, or of each group.
    pub columns: Vec<Column>,
    /// Which records.
    pub filter: Predicate,
    /// How records make groups; none: they do not.
    pub grouping: Option<Grouping>,
    /// In which order; records that it leaves open come as they were created.
    pub order: Vec<Ordering>,
    /// How many at most, after skipping.
    pub limit: Option<u64>,
    /// How many are skipped.
    pub offset: u64,
    /// Of each record, records that refer to it.
    pub children: Vec<Children>,
    /// For functions in the user's time zone.
    pub zone: Zone,
    /// The first month of the fiscal year, from 1.
    pub fiscal_month: u8,
}

/// The record that a reference leads to.
#[derive(Clone, Debug)]
pub struct Parent {
    /// The source that has the reference; one before this.
    pub from: usize,
    /// Its place there.
    pub place: usize,
    /// Of this object; the reference may lead to others too.
    pub entity: Arc<EntityDefinition>,
}

/// Records that refer to a record.
#[derive(Clone, Debug)]
pub struct Children {
    /// The place of the reference in the children.
    pub place: usize,
    /// Which of them, and what of them.
    pub plan: Plan,
}

/// One value of a row.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it is.
    pub expression: Expression,
    /// Its type.
    pub field_type: FieldType,
}

/// A value of a record or of a group.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Null.
    Null,
    /// A field.
    Field {
        /// Whose.
        source: usize,
        /// Its place.
        place: usize,
    },
    /// A formula field.
    Formula(Arc<Computed>),
    /// The first that is not null.
    FirstOf(Vec<Self>),
    /// The name of the object whose record an id is.
    TypeName {
        /// The id.
        id: Box<Self>,
        /// Prefixes of ids, and names.
        names: Vec<(String, String)>,
    },
    /// A part of a date.
    DatePart {
        /// Which.
        function: DateFunction,
        /// Of what.
        of: Box<Self>,
        /// Whether that is a day rather than a point in time.
        of_day: bool,
        /// Whether the user's time zone counts.
        zoned: bool,
    },
    /// How far a place is from another.
    Distance {
        /// Unit: degrees.
        latitude: Box<Self>,
        /// Unit: degrees.
        longitude: Box<Self>,
        /// The other place: latitude and longitude.
        to: (f64, f64),
        /// Whether in kilometres rather than miles.
        kilometres: bool,
    },
    /// The place of a value in a list; those that are not in it come after it.
    Rank {
        /// The value.
        of: Box<Self>,
        /// The list.
        values: Vec<String>,
    },
    /// The value at a place of a list.
    Ranked {
        /// The place.
        rank: Box<Self>,
        /// The list.
        values: Vec<String>,
    },
    /// Something of all records of a group.
    Aggregate {
        /// What.
        function: Aggregate,
        /// Of this, where it is not null; none: of the records.
        of: Option<Box<Self>>,
        /// Whether texts that differ in letter case are one.
        folded: bool,
    },
    /// What a group has in common: a key by its place.
    Key(usize),
    /// 1 if the group is a subtotal over a key, else 0.
    IsSubtotal(usize),
}

/// A formula field with all that its value depends on.
#[derive(Clone, Debug)]
pub struct Computed {
    /// The place of the field in its object.
    pub place: usize,
    /// The values of the formula's references, in their order.
    pub inputs: Vec<Expression>,
    /// The types of those.
    pub input_types: Vec<FieldType>,
    /// What the result has to fit.
    pub target: Target,
    /// The formula.
    pub formula: Formula,
    /// The user and the time.
    pub environment: Arc<Environment>,
}

impl PartialEq for Computed {
    fn eq(&self, other: &Self) -> bool {
        self.formula == other.formula && self.place == other.place && self.inputs == other.inputs
    }
}

impl Computed {
    /// The value of the field where its inputs have these values.
    pub fn value(&self, inputs: &[Value]) -> Value {
        self.formula.read(inputs, &self.environment, self.target)
    }
}

impl Expression {
    /// Every field that it is made of, by its place.
    pub fn each_field(&self, tell: &mut impl FnMut(usize)) {
        match self {
            Self::Field { place, .. } => tell(*place),
            // The inputs are not what a query names.
            Self::Formula(computed) => tell(computed.place),
            Self::FirstOf(choices) => {
                for choice in choices {
                    choice.each_field(tell);
                }
            }
            Self::TypeName { id: of, .. }
            | Self::DatePart { of, .. }
            | Self::Rank { of, .. }
            | Self::Ranked { rank: of, .. } => of.each_field(tell),
            Self::Distance {
                latitude,
                longitude,
                ..
            } => {
                latitude.each_field(tell);
                longitude.each_field(tell);
            }
            Self::Aggregate { of, .. } => {
                if let Some(of) = of {
                    of.each_field(tell);
                }
            }
            Self::Null | Self::Key(_) | Self::IsSubtotal(_) => {}
        }
    }
}

/// What a record or a group is compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    /// The value.
    pub expression: Expression,
    /// Whether texts that differ in letter case are equal.
    pub folded: bool,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Whether a record is meant. Two-valued: a comparison with null is false, and its negation true.
#[derive(Clone, Debug)]
pub enum Predicate {
    /// All of these; of none: true.
    All(Vec<Self>),
    /// At least one of these; of none: false.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// Compared with a value that is not null. Compared with a truth value, null is false.
    Compare {
        /// What.
        operand: Operand,
        /// How.
        comparison: Comparison,
        /// With what.
        value: Value,
    },
    /// Equal to one of these, none of them null.
    OneOf {
        /// What.
        operand: Operand,
        /// Which.
        values: Vec<Value>,
    },
    /// Null.
    IsNull(Expression),
    /// Of the form of a pattern, see [`crate::text::is_like`].
    Like {
        /// What.
        expression: Expression,
        /// `%` and `_` are wild, what follows a backslash is itself.
        pattern: String,
    },
    /// A text in which words follow each other, see [`crate::text::has_words`].
    Words {
        /// What.
        expression: Expression,
        /// Patterns of words, with blanks between them.
        pattern: String,
    },
    /// A list that has all values of at least one of these lists, see [`crate::text::includes`].
    Includes {
        /// The list.
        expression: Expression,
        /// Values with `;` between them.
        lists: Vec<String>,
    },
    /// Among the values that a query finds in its one column.
    InQuery {
        /// An id.
        expression: Expression,
        /// The query.
        plan: Box<Plan>,
    },
}

impl Predicate {
    /// True.
    pub const ALWAYS: Self = Self::All(Vec::new());
    /// False.
    pub const NEVER: Self = Self::Any(Vec::new());

    /// Not this.
    #[must_use]
    pub fn negated(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Every field that it is about, by its place.
    pub fn each_field(&self, tell: &mut impl FnMut(usize)) {
        match self {
            Self::All(terms) | Self::Any(terms) => {
                for term in terms {
                    term.each_field(tell);
                }
            }
            Self::Not(term) => term.each_field(tell),
            Self::Compare { operand, .. } | Self::OneOf { operand, .. } => {
                operand.expression.each_field(tell);
            }
            Self::IsNull(expression)
            | Self::Like { expression, .. }
            | Self::Words { expression, .. }
            | Self::Includes { expression, .. }
            | Self::InQuery { expression, .. } => expression.each_field(tell),
        }
    }

    /// How many comparisons it consists of, semi-joins included.
    pub fn terms(&self) -> usize {
        match self {
            Self::All(terms) | Self::Any(terms) => terms.iter().map(Self::terms).sum(),
            Self::Not(term) => term.terms(),
            Self::InQuery { plan, .. } => 1 + plan.filter.terms(),
            Self::Compare { .. }
            | Self::OneOf { .. }
            | Self::IsNull(_)
            | Self::Like { .. }
            | Self::Words { .. }
            | Self::Includes { .. } => 1,
        }
    }
}

/// How records make groups.
#[derive(Clone, Debug)]
pub struct Grouping {
    /// What the records of a group have in common.
    pub keys: Vec<Operand>,
    /// For each kind of group which keys count; a subtotal leaves some out. Without keys there is one group, also of no record.
    pub sets: Vec<Vec<bool>>,
    /// Which groups.
    pub having: Predicate,
}

/// One step of an order.
#[derive(Clone, Debug)]
pub struct Ordering {
    /// By what.
    pub operand: Operand,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Whether nulls come last.
    pub nulls_last: bool,
}

//! A formula that has been checked: names resolved, types known.

use std::sync::Arc;

use landfall_model::{EntityName, FieldName, FieldType};

use crate::ast::Operator;
use crate::datum::Datum;
use crate::function::Function;
use crate::kind::Kind;

/// A part of a checked formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Constant(Datum),
    /// The value of a reference.
    Input {
        at: usize,
        /// What a missing value is.
        blank: Datum,
    },
    /// A global of the user or the org.
    Global(usize),
    /// A value of a record that is looked up by its name.
    LookedUp {
        at: usize,
        /// What a missing value is.
        blank: Datum,
    },
    Not(Box<Self>),
    Negated(Box<Self>),
    /// Operands that are joined from left to right; with each operator the type of its operands.
    Chain(Box<Self>, Vec<(Operator, Kind, Self)>),
    Call(Call),
    /// The parts of an address or a name.
    Compound(Vec<Self>),
    /// Another formula field.
    Formula {
        root: Box<Self>,
        /// What a missing value is.
        blank: Datum,
        /// Whether a point in time becomes its day, in Greenwich.
        day: bool,
    },
}

/// A function with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    /// The type of the values that it compares or chooses from.
    pub(crate) kind: Kind,
    pub(crate) arguments: Vec<Node>,
    /// The compiled regular expression, where it is a literal.
    pub(crate) regex: Option<Arc<fancy_regex::Regex>>,
}

impl PartialEq for Call {
    /// The regular expression follows from the arguments.
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function
            && self.kind == other.kind
            && self.arguments == other.arguments
    }
}

/// A field that a formula reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The way from the record to the one that has the field.
    pub steps: Vec<Step>,
    /// The field.
    pub field: FieldName,
    /// Its type.
    pub field_type: FieldType,
    /// Whether its value before the save is meant.
    pub prior: bool,
}

/// A record of a custom object that a rule looks up by its name.
///
/// Source: "`VLOOKUP`" (Salesforce Help).
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The object.
    pub entity: EntityName,
    /// The field whose value is returned.
    pub field: FieldName,
    /// Its type.
    pub field_type: FieldType,
    /// The name of the record.
    pub(crate) key: Node,
}

/// One step to another record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The reference to follow.
    pub field: FieldName,
    /// The object that it leads to; a reference to a record of another object leads nowhere.
    pub target: EntityName,
}

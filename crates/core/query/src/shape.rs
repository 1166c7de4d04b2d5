//! What an answer looks like: which value of a row stands where.

use std::sync::Arc;

use landfall_model::{EntityDefinition, FieldType, Value};

use crate::format::Format;
use crate::plan::Plan;

/// A checked query.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What is to be done.
    pub plan: Plan,
    /// What it answers.
    pub answers: Answers,
    /// Whether one answer is all, because rows were skipped.
    pub single_page: bool,
    /// The values of a record in the order of the `SELECT` list, for answers that are tables; compounds, children and `TYPEOF`
    /// have no place there.
    pub cells: Vec<Cell>,
}

/// A value of a record in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// The way to it, as declared: `Owner.Name`.
    pub name: String,
    /// The column with it.
    pub column: usize,
    /// How it is shown.
    pub shown: Shown,
}

/// What a query answers.
#[derive(Clone, Debug)]
pub enum Answers {
    /// Records.
    Records(RecordShape),
    /// Groups of records.
    Groups(Vec<Item>),
    /// How many records there are.
    Count,
}

/// A record in an answer.
#[derive(Clone, Debug)]
pub struct RecordShape {
    /// Whose; none: what the id says.
    pub entity: Option<Arc<EntityDefinition>>,
    /// The column with its id; where that is null there is no record.
    pub id: usize,
    /// What is shown of it, in order.
    pub items: Vec<Item>,
    /// For each child query of the plan what its records look like.
    pub children: Vec<Self>,
}

/// One member of a record.
#[derive(Clone, Debug)]
pub enum Item {
    /// A value.
    Value {
        /// Its name.
        name: String,
        /// The column with it.
        column: usize,
        /// How it is shown.
        shown: Shown,
    },
    /// An address or a location: its parts with their columns.
    Compound {
        /// Its name.
        name: String,
        /// Which of the two.
        field_type: FieldType,
        /// Names of the component fields, and columns.
        parts: Vec<(String, usize)>,
    },
    /// The record that a reference leads to, or null.
    Parent {
        /// The name of the relationship.
        name: String,
        /// What it looks like.
        record: RecordShape,
    },
    /// The records that refer to it.
    Children {
        /// The name of the relationship.
        name: String,
        /// The place among [`Plan::children`] and [`RecordShape::children`].
        place: usize,
    },
    /// The record that a reference to several objects leads to; what is shown depends on the object.
    TypeOf {
        /// The name of the relationship.
        name: String,
        /// The column with its id.
        id: usize,
        /// The objects.
        cases: Vec<TypeCase>,
        /// Any other object; none: null.
        otherwise: Option<Vec<Self>>,
    },
}

impl Item {
    /// The name of the member.
    pub fn name(&self) -> &str {
        match self {
            Self::Value { name, .. }
            | Self::Compound { name, .. }
            | Self::Parent { name, .. }
            | Self::Children { name, .. }
            | Self::TypeOf { name, .. } => name,
        }
    }
}

/// One object of a [`Item::TypeOf`].
#[derive(Clone, Debug)]
pub struct TypeCase {
    /// The object.
    pub entity: Arc<EntityDefinition>,
    /// What is shown of it.
    pub items: Vec<Item>,
}

/// How a value is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// As a value of this type.
    Plain(FieldType),
    /// By the labels of a picklist: values with their labels.
    Labelled(Vec<(String, String)>),
    /// As people read it, where that is another form.
    Formatted(Format),
}

impl Shown {
    /// What a value is shown as, where that is another text than its own.
    pub fn text(&self, value: &Value) -> Option<String> {
        match (self, value) {
            (Self::Labelled(labels), Value::Text(text)) => Some(labelled(text, labels)),
            (Self::Formatted(format), value) => format.text(value),
            (Self::Plain(_) | Self::Labelled(_), _) => None,
        }
    }

    /// The type of what is shown otherwise.
    pub const fn field_type(&self) -> FieldType {
        match self {
            Self::Plain(kind) => *kind,
            Self::Labelled(_) => FieldType::String,
            Self::Formatted(format) => format.field_type(),
        }
    }
}

/// What people see in place of a value, or of each of several: its label, if it has one.
fn labelled(text: &str, labels: &[(String, String)]) -> String {
    let label = |value: &str| {
        let known = labels
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(value));
        known.map_or_else(|| value.to_owned(), |(_, label)| label.clone())
    };
    text.split(';').map(label).collect::<Vec<_>>().join(";")
}

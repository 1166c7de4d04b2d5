//! The syntax tree of a formula.

use crate::number::Number;

/// A part of a formula.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Number(Number),
    Text(String),
    Boolean(bool),
    Null,
    /// A field, by the path to it.
    Name(String),
    Unary(Sign, Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    /// A function by its name, as it is written.
    Call(String, Vec<Self>),
}

/// An operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Plus,
    Minus,
    Not,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    Plus,
    Minus,
    Concatenate,
    Power,
    Times,
    Divide,
}

impl Operator {
    /// The operator as error texts spell it.
    pub(crate) const fn spelled(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::Greater => ">",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Concatenate => "&",
            Self::Power => "^",
            Self::Times => "*",
            Self::Divide => "/",
        }
    }
}

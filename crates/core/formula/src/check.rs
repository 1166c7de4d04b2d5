//! From a syntax tree to a checked formula.

mod call;
mod name;

use std::collections::BTreeMap;

use landfall_model::limits::{FORMULA_DEPTH_MAX, FORMULA_NODES_MAX};
use landfall_model::{Catalog, EntityDefinition, FieldName, FieldType};

use crate::ast::{Expr, Operator, Sign};
use crate::datum::Datum;
use crate::error::Error;
use crate::kind::{Kind, Kinds};
use crate::node::{Lookup, Node, Reference, Step};
use crate::parse::parse;
use crate::surroundings::Surroundings;

/// Where a formula is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Usage {
    /// It is the value of a field.
    Field,
    /// It is the condition of a validation rule.
    Rule,
    /// It is the default of a field: there is no record yet.
    Default,
}

/// A global that is the same for everybody.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// What it is; null if it is blank.
    pub value: Datum,
    /// Its type.
    pub field_type: FieldType,
}

/// What a formula is checked against.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'c> {
    /// The objects of the org.
    pub catalog: &'c Catalog,
    /// Globals that are the same for everybody, such as `$Label.Hello`, by their paths in small letters.
    pub constants: &'c BTreeMap<String, Constant>,
    /// The object of the record.
    pub entity: &'c EntityDefinition,
    /// The field that has the formula; none for a rule.
    pub field: Option<&'c FieldName>,
    /// Where the formula is.
    pub usage: Usage,
    /// Whether numbers that are missing count as zero.
    pub blanks_as_zero: bool,
    /// The type of its result.
    pub result: FieldType,
}

/// What the checker makes of a formula.
pub(crate) struct Outcome {
    pub(crate) root: Node,
    pub(crate) kind: Kind,
    pub(crate) references: Vec<Reference>,
    pub(crate) lookups: Vec<Lookup>,
    pub(crate) surroundings: Surroundings,
    pub(crate) html: bool,
    pub(crate) mixes_power: bool,
    /// Whether it depends on the time.
    pub(crate) reads_clock: bool,
}

/// Checks a formula.
pub(crate) fn check(text: &str, subject: &Subject<'_>) -> Result<Outcome, Error> {
    let parsed = parse(text)?;
    let mut checker = Checker {
        subject: *subject,
        references: Vec::new(),
        lookups: Vec::new(),
        surroundings: Surroundings::default(),
        html: false,
        reads_clock: false,
        nodes: 0,
        depth: 0,
        within: Vec::new(),
    };
    if let Some(field) = subject.field {
        checker.within.push(key(subject.entity, field));
    }
    let scope = Scope {
        entity: subject.entity,
        steps: &[],
        zero: subject.blanks_as_zero,
        prior: false,
    };
    let typed = checker.expr(&parsed.root, scope)?;
    typed.plain()?;
    fits(typed.kind, subject.result)?;
    Ok(Outcome {
        root: typed.node,
        kind: typed.kind,
        references: checker.references,
        lookups: checker.lookups,
        surroundings: checker.surroundings,
        html: checker.html,
        mixes_power: parsed.mixes_power,
        reads_clock: checker.reads_clock,
    })
}

/// Names a field of the org.
fn key(entity: &EntityDefinition, field: &FieldName) -> (String, String) {
    (entity.name.to_string(), field.to_string())
}

/// The type within formulas of a field's values.
pub(crate) const fn kind_of(field_type: FieldType) -> Option<Kind> {
    Some(match field_type {
        FieldType::Id
        | FieldType::Reference
        | FieldType::String
        | FieldType::TextArea
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url => Kind::Text,
        FieldType::Boolean => Kind::Boolean,
        FieldType::Int
        | FieldType::Long
        | FieldType::Double
        | FieldType::Currency
        | FieldType::Percent => Kind::Number,
        FieldType::Date => Kind::Date,
        FieldType::DateTime => Kind::DateTime,
        FieldType::Time => Kind::Time,
        FieldType::Picklist => Kind::Picklist,
        FieldType::MultiPicklist => Kind::MultiPicklist,
        FieldType::Address | FieldType::PersonName => Kind::Compound,
        FieldType::Location => Kind::Location,
        FieldType::EncryptedString
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::JunctionIdList
        | FieldType::Complex => return None,
    })
}

/// Whether a result of this type can be the value of a field.
fn fits(kind: Kind, field_type: FieldType) -> Result<(), Error> {
    let expected = match field_type {
        FieldType::Picklist | FieldType::MultiPicklist => Kind::Text,
        other => kind_of(other).unwrap_or(Kind::Text),
    };
    let fits = kind == expected
        || kind == Kind::Null
        || (kind == Kind::DateTime && expected == Kind::Date);
    if fits {
        return Ok(());
    }
    Err(Error::ResultType {
        received: kind.name(),
        expected: expected.name(),
    })
}

/// The record that names are about.
#[derive(Clone, Copy)]
struct Scope<'s> {
    entity: &'s EntityDefinition,
    /// The way to it from the record of the outermost formula.
    steps: &'s [Step],
    /// Whether missing numbers are zero.
    zero: bool,
    /// Whether the record before the save is meant.
    prior: bool,
}

/// A part with its type.
struct Typed {
    node: Node,
    kind: Kind,
    /// The field, if the part is nothing but that.
    field: Option<String>,
    /// Whether it is the value of a field before the save.
    prior: bool,
}

impl Typed {
    const fn new(node: Node, kind: Kind) -> Self {
        Self {
            node,
            kind,
            field: None,
            prior: false,
        }
    }

    /// Its type in a comparison: the former value of a picklist is a text.
    ///
    /// Source: none but rules of orgs, which compare it so.
    fn compared(&self) -> Kind {
        match self.kind {
            Kind::Picklist if self.prior => Kind::Text,
            kind => kind,
        }
    }

    /// Refuses picklists, which few functions take.
    fn plain(&self) -> Result<(), Error> {
        let field = || self.field.clone().unwrap_or_default();
        match self.kind {
            Kind::Picklist => Err(Error::Picklist(field())),
            Kind::MultiPicklist => Err(Error::MultiPicklist(field())),
            _ => Ok(()),
        }
    }
}

struct Checker<'c> {
    subject: Subject<'c>,
    references: Vec<Reference>,
    lookups: Vec<Lookup>,
    surroundings: Surroundings,
    html: bool,
    reads_clock: bool,
    nodes: usize,
    depth: usize,
    /// The formula fields that are being checked, outermost first.
    within: Vec<(String, String)>,
}

impl Checker<'_> {
    fn expr(&mut self, expr: &Expr, scope: Scope<'_>) -> Result<Typed, Error> {
        self.nodes += 1;
        if self.nodes > FORMULA_NODES_MAX {
            return Err(Error::TooBig { size: self.nodes });
        }
        self.depth += 1;
        if self.depth > FORMULA_DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        let typed = match expr {
            Expr::Number(number) => constant(Datum::Number(number.clone()), Kind::Number),
            Expr::Text(text) => constant(Datum::text(text.clone()), Kind::Text),
            Expr::Boolean(truth) => constant(Datum::Boolean(*truth), Kind::Boolean),
            Expr::Null => constant(Datum::Null, Kind::Null),
            Expr::Name(path) => self.name(path, scope)?,
            Expr::Unary(sign, operand) => self.unary(*sign, operand, scope)?,
            Expr::Binary(..) => self.chain(expr, scope)?,
            Expr::Call(name, arguments) => self.call(name, arguments, scope)?,
        };
        self.depth -= 1;
        Ok(typed)
    }

    fn unary(&mut self, sign: Sign, operand: &Expr, scope: Scope<'_>) -> Result<Typed, Error> {
        let operand = self.expr(operand, scope)?;
        let (spelled, takes, kind) = match sign {
            Sign::Plus => ("+", Kinds::NUMBER, Kind::Number),
            Sign::Minus => ("-", Kinds::NUMBER, Kind::Number),
            Sign::Not => ("NOT", Kinds::BOOLEAN, Kind::Boolean),
        };
        expect(&operand, takes, || format!("operator '{spelled}'"))?;
        let node = match sign {
            Sign::Plus => operand.node,
            Sign::Minus => Node::Negated(Box::new(operand.node)),
            Sign::Not => Node::Not(Box::new(operand.node)),
        };
        Ok(Typed::new(node, kind))
    }

    /// Checks what is joined from left to right, however long it is, without a level of the stack for each.
    fn chain(&mut self, expr: &Expr, scope: Scope<'_>) -> Result<Typed, Error> {
        let mut links = Vec::new();
        let mut first = expr;
        while let Expr::Binary(operator, left, right) = first {
            links.push((*operator, right));
            first = left;
        }
        let mut left = self.expr(first, scope)?;
        let mut chain = Vec::with_capacity(links.len());
        for (operator, right) in links.into_iter().rev() {
            let right = self.expr(right, scope)?;
            let (operands, kind) = joined(operator, &left, &right)?;
            chain.push((operator, operands, right.node));
            left = Typed::new(left.node, kind);
        }
        let kind = left.kind;
        Ok(Typed::new(Node::Chain(Box::new(left.node), chain), kind))
    }
}

const fn constant(value: Datum, kind: Kind) -> Typed {
    Typed::new(Node::Constant(value), kind)
}

fn expect(typed: &Typed, takes: Kinds, subject: impl FnOnce() -> String) -> Result<(), Error> {
    if takes.take(typed.kind) {
        return Ok(());
    }
    typed.plain()?;
    Err(Error::ParameterType {
        subject: subject(),
        expected: takes.spelled(),
        received: typed.kind.name(),
    })
}

/// The type of the operands, and of what they make together.
fn joined(operator: Operator, left: &Typed, right: &Typed) -> Result<(Kind, Kind), Error> {
    let subject = || format!("operator '{}'", operator.spelled());
    let both = |takes: Kinds| {
        expect(left, takes, subject)?;
        expect(right, takes, subject)
    };
    match operator {
        Operator::Or | Operator::And => {
            both(Kinds::BOOLEAN)?;
            Ok((Kind::Boolean, Kind::Boolean))
        }
        Operator::Equal | Operator::NotEqual => {
            for operand in [left, right] {
                if operand.compared() == operand.kind {
                    expect(operand, Kinds::VALUES, subject)?;
                }
            }
            Ok((alike(left, right, subject)?, Kind::Boolean))
        }
        Operator::Less | Operator::Greater | Operator::LessOrEqual | Operator::GreaterOrEqual => {
            both(Kinds::ORDERED)?;
            Ok((alike(left, right, subject)?, Kind::Boolean))
        }
        Operator::Concatenate => {
            both(Kinds::TEXT)?;
            Ok((Kind::Text, Kind::Text))
        }
        Operator::Power | Operator::Times | Operator::Divide => {
            both(Kinds::NUMBER)?;
            Ok((Kind::Number, Kind::Number))
        }
        Operator::Plus => sum(left, right, subject),
        Operator::Minus => difference(left, right, subject),
    }
}

/// The one type that both have.
fn alike(left: &Typed, right: &Typed, subject: impl FnOnce() -> String) -> Result<Kind, Error> {
    match (left.compared(), right.compared()) {
        (Kind::Null, kind) | (kind, Kind::Null) => Ok(kind),
        (left, right) if left == right => Ok(left),
        (left, right) => Err(Error::ParameterType {
            subject: subject(),
            expected: left.name().to_owned(),
            received: right.name(),
        }),
    }
}

fn sum(left: &Typed, right: &Typed, subject: impl Fn() -> String) -> Result<(Kind, Kind), Error> {
    expect(left, Kinds::ORDERED, &subject)?;
    expect(right, Kinds::ORDERED, &subject)?;
    let kind = match (left.kind, right.kind) {
        (Kind::Null, kind)
        | (kind, Kind::Null)
        | (kind @ (Kind::Date | Kind::DateTime | Kind::Time), Kind::Number)
        | (Kind::Number, kind @ (Kind::Date | Kind::DateTime | Kind::Time)) => kind,
        (left, right) if left == right && matches!(left, Kind::Number | Kind::Text) => left,
        (Kind::Text, right) => return Err(wrong(&subject, "Text", right)),
        (_, right) => return Err(wrong(&subject, "Number", right)),
    };
    Ok((kind, kind))
}

fn difference(
    left: &Typed,
    right: &Typed,
    subject: impl Fn() -> String,
) -> Result<(Kind, Kind), Error> {
    const TAKES: Kinds = Kinds::of(&[Kind::Number, Kind::Date, Kind::DateTime, Kind::Time]);
    expect(left, TAKES, &subject)?;
    expect(right, TAKES, &subject)?;
    match (left.kind, right.kind) {
        (Kind::Null, kind) | (kind, Kind::Null) => Ok((kind, kind)),
        (left, Kind::Number) => Ok((left, left)),
        (left, right) if left == right => Ok((left, Kind::Number)),
        (left, right) => Err(wrong(&subject, left.name(), right)),
    }
}

fn wrong(subject: &impl Fn() -> String, expected: &str, received: Kind) -> Error {
    Error::ParameterType {
        subject: subject(),
        expected: expected.to_owned(),
        received: received.name(),
    }
}

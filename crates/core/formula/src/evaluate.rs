//! The value of a checked formula for a record.

mod choice;
mod html;
mod math;
mod moment;
mod text;

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use landfall_model::limits::FORMULA_TEXT_BYTES_MAX;
use landfall_model::{Date, Timestamp};

use crate::ast::Operator;
use crate::datum::Datum;
use crate::failure::Failure;
use crate::function::Function;
use crate::kind::Kind;
use crate::node::{Call, Node};
use crate::number::Number;

/// The two ways of the service to evaluate: in its database where a field is read, in memory where a record is saved.
///
/// Source: the generated SQL and the gold files of `salesforce/formula-engine`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A field is read: what fails is null.
    Read,
    /// A record is saved: what fails refuses the save.
    Save,
}

/// What a formula depends on besides the record.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The time.
    pub now: Timestamp,
    /// The time zone of the user.
    pub zone: TimeZone,
    /// Globals by their paths in small letters, such as `$user.id`; one that is missing is null.
    pub globals: BTreeMap<String, Datum>,
}

impl Environment {
    /// Greenwich, and no globals.
    pub const fn at(now: Timestamp) -> Self {
        Self {
            now,
            zone: TimeZone::UTC,
            globals: BTreeMap::new(),
        }
    }
}

/// One evaluation.
pub(crate) struct Evaluation<'e> {
    /// The values of the references.
    pub(crate) inputs: &'e [Datum],
    /// The values of the lookups.
    pub(crate) found: &'e [Result<Datum, Failure>],
    /// The names of the globals.
    pub(crate) globals: &'e [String],
    pub(crate) environment: &'e Environment,
    pub(crate) mode: Mode,
    /// Whether the record is being created.
    pub(crate) is_new: bool,
}

impl Evaluation<'_> {
    pub(crate) fn node(&self, node: &Node) -> Result<Datum, Failure> {
        match node {
            Node::Constant(value) => Ok(value.clone()),
            Node::Input { at, blank } => Ok(filled(self.inputs.get(*at).cloned(), blank)),
            Node::Global(at) => {
                let name = self.globals.get(*at);
                let value = name.and_then(|name| self.environment.globals.get(name));
                Ok(value.cloned().unwrap_or(Datum::Null))
            }
            Node::LookedUp { at, blank } => {
                let found = self.found.get(*at).cloned().transpose()?;
                Ok(filled(found, blank))
            }
            Node::Not(operand) => match self.node(operand)? {
                Datum::Boolean(truth) => Ok(Datum::Boolean(!truth)),
                _ => Ok(Datum::Null),
            },
            Node::Negated(operand) => match self.node(operand)? {
                Datum::Number(number) => Ok(Datum::Number(number.negated())),
                _ => Ok(Datum::Null),
            },
            Node::Chain(first, links) => self.chain(first, links),
            Node::Call(call) => self.call(call),
            Node::Compound(parts) => {
                for part in parts {
                    let value = self.node(part)?;
                    if !value.is_blank() {
                        return Ok(value);
                    }
                }
                Ok(Datum::Null)
            }
            Node::Formula { root, blank, day } => {
                let value = match self.node(root)? {
                    Datum::DateTime(point) if *day => Datum::Date(Date::of(point)),
                    other => other,
                };
                Ok(filled(Some(value), blank))
            }
        }
    }

    fn chain(&self, first: &Node, links: &[(Operator, Kind, Node)]) -> Result<Datum, Failure> {
        let mut left = self.node(first)?;
        for (operator, kind, right) in links {
            left = match operator {
                Operator::And | Operator::Or => {
                    let decisive = *operator == Operator::Or;
                    match self.truth(&left) {
                        Some(truth) if truth == decisive => Datum::Boolean(decisive),
                        known => self.joined_truth(known, right, decisive)?,
                    }
                }
                _ => {
                    let right = self.node(right)?;
                    self.operation(*operator, *kind, left, right)?
                }
            };
        }
        Ok(left)
    }

    /// A truth value; while saving a missing one is false.
    fn truth(&self, value: &Datum) -> Option<bool> {
        match value {
            Datum::Boolean(truth) => Some(*truth),
            _ if self.mode == Mode::Save => Some(false),
            _ => None,
        }
    }

    /// What a truth value that does not decide makes with the next.
    fn joined_truth(
        &self,
        left: Option<bool>,
        right: &Node,
        decisive: bool,
    ) -> Result<Datum, Failure> {
        let right = self.node(right)?;
        Ok(match (left, self.truth(&right)) {
            (_, Some(right)) if right == decisive => Datum::Boolean(decisive),
            (Some(_), Some(_)) => Datum::Boolean(!decisive),
            _ => Datum::Null,
        })
    }

    fn operation(
        &self,
        operator: Operator,
        kind: Kind,
        left: Datum,
        right: Datum,
    ) -> Result<Datum, Failure> {
        use std::cmp::Ordering;
        match operator {
            Operator::Equal => Ok(equal(kind, &left, &right)),
            Operator::NotEqual => Ok(match equal(kind, &left, &right) {
                Datum::Boolean(truth) => Datum::Boolean(!truth),
                other => other,
            }),
            Operator::Less => Ok(compared(&left, &right, Ordering::is_lt)),
            Operator::Greater => Ok(compared(&left, &right, Ordering::is_gt)),
            Operator::LessOrEqual => Ok(compared(&left, &right, Ordering::is_le)),
            Operator::GreaterOrEqual => Ok(compared(&left, &right, Ordering::is_ge)),
            Operator::Concatenate => joined(left, &right),
            Operator::Plus if kind == Kind::Text => joined(left, &right),
            Operator::Plus => moment::plus(left, right),
            Operator::Minus => moment::minus(left, right),
            Operator::Power | Operator::Times | Operator::Divide => {
                let (Datum::Number(left), Datum::Number(right)) = (left, right) else {
                    return Ok(Datum::Null);
                };
                let number = match operator {
                    Operator::Times => left.times(&right),
                    Operator::Divide => left.divided_by(&right),
                    _ => left.power(&right, self.magnitude()),
                };
                number.map(Datum::Number)
            }
            Operator::And | Operator::Or => Err(Failure::Operands),
        }
    }

    /// Powers are below ten to this. Source: generated SQL and `OperatorPower` of `salesforce/formula-engine`.
    fn magnitude(&self) -> f64 {
        match self.mode {
            Mode::Read => 38.0,
            Mode::Save => 64.0,
        }
    }

    fn call(&self, call: &Call) -> Result<Datum, Failure> {
        match call.function {
            Function::And => self.all(&call.arguments, false),
            Function::Or => self.all(&call.arguments, true),
            Function::If => self.choose(&call.arguments),
            Function::IfError => {
                let [value, otherwise] = call.arguments.as_slice() else {
                    return Err(Failure::Operands);
                };
                self.node(value).or_else(|_| self.node(otherwise))
            }
            Function::IsNew => Ok(Datum::Boolean(self.is_new)),
            Function::IsClone => Ok(Datum::Boolean(false)),
            Function::Now => Ok(Datum::DateTime(self.environment.now.whole_second())),
            Function::Today => Ok(Datum::Date(self.local_day(self.environment.now))),
            Function::TimeNow => Ok(Datum::Time(moment::time_of(self.environment.now))),
            _ => {
                let mut arguments = Vec::with_capacity(call.arguments.len());
                for argument in &call.arguments {
                    arguments.push(self.node(argument)?);
                }
                self.apply(call, &arguments)
            }
        }
    }

    /// A function of values.
    fn apply(&self, call: &Call, arguments: &[Datum]) -> Result<Datum, Failure> {
        if let Some(found) = self.choice(call, arguments)? {
            return Ok(found);
        }
        if let Some(found) = self.math(call.function, arguments)? {
            return Ok(found);
        }
        if let Some(found) = self.moment(call.function, arguments)? {
            return Ok(found);
        }
        self.text(call, arguments)
    }

    /// The day of a point in the user's time zone.
    fn local_day(&self, point: Timestamp) -> Date {
        let offset = jiff::Timestamp::from_millisecond(point.as_millis()).map_or(0, |instant| {
            self.environment.zone.to_offset(instant).seconds()
        });
        Date::of(point.plus_millis(i64::from(offset) * 1_000))
    }
}

fn filled(value: Option<Datum>, blank: &Datum) -> Datum {
    match value {
        Some(value) if value != Datum::Null => value,
        _ => blank.clone(),
    }
}

/// Whether two values are equal: missing texts are empty, any other missing value is equal to none and unequal to none.
pub(super) fn equal(kind: Kind, left: &Datum, right: &Datum) -> Datum {
    if kind == Kind::Text {
        return Datum::Boolean(left.as_text() == right.as_text());
    }
    left.order(right)
        .map_or(Datum::Null, |order| Datum::Boolean(order.is_eq()))
}

fn compared(left: &Datum, right: &Datum, holds: fn(std::cmp::Ordering) -> bool) -> Datum {
    left.order(right)
        .map_or(Datum::Null, |order| Datum::Boolean(holds(order)))
}

fn joined(left: Datum, right: &Datum) -> Result<Datum, Failure> {
    let mut text = match left {
        Datum::Text(text) => text,
        _ => String::new(),
    };
    text.push_str(right.as_text());
    short(text)
}

/// A text, unless it is longer than any field.
pub(super) fn short(text: String) -> Result<Datum, Failure> {
    if text.len() > FORMULA_TEXT_BYTES_MAX {
        return Err(Failure::TextTooLong);
    }
    Ok(Datum::text(text))
}

/// The number at a place; none if there is none.
pub(super) fn number(arguments: &[Datum], place: usize) -> Option<&Number> {
    match arguments.get(place) {
        Some(Datum::Number(number)) => Some(number),
        _ => None,
    }
}

/// The number at a place without its fraction, within what texts and dates need.
pub(super) fn cut(arguments: &[Datum], place: usize) -> Option<i64> {
    let number = number(arguments, place)?;
    let end = if number.is_positive() {
        i64::MAX
    } else {
        i64::MIN
    };
    Some(number.cut().unwrap_or(end))
}

/// The text at a place; empty if there is none.
pub(super) fn text_at(arguments: &[Datum], place: usize) -> &str {
    arguments.get(place).map_or("", Datum::as_text)
}

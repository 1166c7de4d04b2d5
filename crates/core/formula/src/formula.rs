//! Formulas that have been checked, and what they give.

use std::sync::Arc;

use landfall_model::limits::FORMULA_RESULT_CHARACTERS_MAX;
use landfall_model::{Date, FieldType, Value};

use crate::check::{Subject, check};
use crate::datum::Datum;
use crate::error::Error;
use crate::evaluate::{Environment, Evaluation, Mode};
use crate::failure::Failure;
use crate::kind::Kind;
use crate::node::{Lookup, Node, Reference};
use crate::surroundings::Surroundings;

/// A formula that has been checked. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Formula(Arc<Inner>);

impl PartialEq for Formula {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

#[derive(Debug, PartialEq)]
struct Inner {
    root: Node,
    kind: Kind,
    references: Vec<Reference>,
    lookups: Vec<Lookup>,
    surroundings: Surroundings,
    html: bool,
    mixes_power: bool,
    reads_clock: bool,
}

/// What an evaluation is about.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'i> {
    /// The values of [`Formula::references`], in their order.
    pub values: &'i [Value],
    /// What was found for [`Formula::lookups`], in their order: null if there is no such record, a failure if its name has
    /// no result.
    pub found: &'i [Result<Value, Failure>],
    /// Whether a field is read or a record saved.
    pub mode: Mode,
    /// Whether the record is being created.
    pub is_new: bool,
}

impl Formula {
    /// Checks a formula.
    ///
    /// # Errors
    /// What the service refuses it for.
    pub fn new(text: &str, subject: &Subject<'_>) -> Result<Self, Error> {
        let outcome = check(text, subject)?;
        Ok(Self(Arc::new(Inner {
            root: outcome.root,
            kind: outcome.kind,
            references: outcome.references,
            lookups: outcome.lookups,
            surroundings: outcome.surroundings,
            html: outcome.html,
            mixes_power: outcome.mixes_power,
            reads_clock: outcome.reads_clock,
        })))
    }

    /// The fields that it reads, those of other formulas that it refers to included.
    pub fn references(&self) -> &[Reference] {
        &self.0.references
    }

    /// The records that it looks up by their names. The name of one may depend on what was found for those before it.
    pub fn lookups(&self) -> &[Lookup] {
        &self.0.lookups
    }

    /// The name of the record that is looked up; none if it is blank.
    ///
    /// # Errors
    /// What has no result.
    pub fn name_of(
        &self,
        lookup: &Lookup,
        inputs: Inputs<'_>,
        environment: &Environment,
    ) -> Result<Option<String>, Failure> {
        match self.node(&lookup.key, inputs, environment)? {
            Datum::Text(name) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    /// What it reads besides records.
    pub fn surroundings(&self) -> &Surroundings {
        &self.0.surroundings
    }

    /// The type of its result.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Whether its result is written in HTML.
    ///
    /// Source: "`describeSObjects()`" (SOAP API Developer Guide), `htmlFormatted`.
    pub fn is_html(&self) -> bool {
        self.0.html
    }

    /// Whether it has `^` next to `*` or `/` without parentheses, which the service ranks in its own way.
    pub fn mixes_power(&self) -> bool {
        self.0.mixes_power
    }

    /// Whether its value changes with its record alone: it reads no other record, no global of the user or the org, and
    /// neither the time nor a time zone.
    ///
    /// Source: "Roll-Up Summary Field" (Salesforce Help): which formulas can be summarized.
    pub fn is_of_its_record(&self) -> bool {
        let mut references = self.0.references.iter();
        !self.0.reads_clock
            && self.0.surroundings == Surroundings::default()
            && references.all(|reference| reference.steps.is_empty())
    }

    /// What it gives.
    ///
    /// # Errors
    /// What has no result, such as a division by zero.
    pub fn evaluate(
        &self,
        inputs: Inputs<'_>,
        environment: &Environment,
    ) -> Result<Datum, Failure> {
        self.node(&self.0.root, inputs, environment)
    }

    fn node(
        &self,
        node: &Node,
        inputs: Inputs<'_>,
        environment: &Environment,
    ) -> Result<Datum, Failure> {
        let values: Vec<Datum> = self
            .0
            .references
            .iter()
            .enumerate()
            .map(|(at, reference)| {
                let value = inputs.values.get(at).unwrap_or(&Value::Null);
                Datum::of(value, reference.field_type)
            })
            .collect();
        let found = self.0.lookups.iter().zip(inputs.found);
        let found = found.map(|(lookup, found)| match found {
            Ok(value) => Ok(Datum::of(value, lookup.field_type)),
            Err(failure) => Err(failure.clone()),
        });
        let found: Vec<Result<Datum, Failure>> = found.collect();
        let evaluation = Evaluation {
            inputs: &values,
            found: &found,
            globals: self.0.surroundings.globals(),
            environment,
            mode: inputs.mode,
            is_new: inputs.is_new,
        };
        evaluation.node(node)
    }

    /// Whether a rule with this condition refuses a record: a missing truth value is false.
    ///
    /// # Errors
    /// What has no result.
    pub fn holds(&self, inputs: Inputs<'_>, environment: &Environment) -> Result<bool, Failure> {
        let result = self.evaluate(inputs, environment)?;
        Ok(result == Datum::Boolean(true))
    }

    /// The value of a field of this type and scale; null where the evaluation fails.
    pub fn read(&self, values: &[Value], environment: &Environment, target: Target) -> Value {
        let inputs = Inputs {
            values,
            found: &[],
            mode: Mode::Read,
            is_new: false,
        };
        let result = self.evaluate(inputs, environment).unwrap_or(Datum::Null);
        self.shaped(result, target)
    }

    /// A result as the value of a field.
    pub fn shaped(&self, result: Datum, target: Target) -> Value {
        match (result, target.field_type) {
            (Datum::Boolean(truth), _) => Value::Boolean(truth),
            (_, FieldType::Boolean) => Value::Boolean(false),
            (Datum::Text(text), _) => shortened(&text, self.0.html),
            (Datum::Number(number), kind) => {
                let number = if kind == FieldType::Percent {
                    number.hundredfold()
                } else {
                    number
                };
                let number = number.rounded(i64::from(target.scale)).as_double();
                if !number.is_finite() {
                    return Value::Null;
                }
                if kind == FieldType::Int {
                    #[expect(
                        clippy::cast_possible_truncation,
                        reason = "a whole number saturates"
                    )]
                    return Value::Integer(number as i64);
                }
                // Adding zero takes the sign from a zero.
                Value::Double(number + 0.0)
            }
            (Datum::DateTime(point), FieldType::Date) => Value::Date(Date::of(point)),
            (Datum::DateTime(point), _) => Value::DateTime(point),
            (Datum::Date(day), _) => Value::Date(day),
            (Datum::Time(millis), _) => i32::try_from(millis).map_or(Value::Null, Value::Time),
            (Datum::Null | Datum::Location(..), _) => Value::Null,
        }
    }
}

/// The field that a result becomes the value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its type.
    pub field_type: FieldType,
    /// Digits after the point.
    pub scale: u32,
}

/// A text without blanks around it, as far as it fits; HTML keeps its blanks.
fn shortened(text: &str, html: bool) -> Value {
    let text = if html { text } else { text.trim_matches(' ') };
    if text.is_empty() {
        return Value::Null;
    }
    Value::Text(text.chars().take(FORMULA_RESULT_CHARACTERS_MAX).collect())
}

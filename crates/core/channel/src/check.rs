//! From the text of a filter expression to a filter: names, types and the rules of the language.

use landfall_model::limits::{FILTER_CHARACTERS_MAX, FILTER_FIELDS_MAX};
use landfall_model::{Date, RecordId, Timestamp, Value};
use landfall_query::plan::Comparison as Order;
use landfall_soql::{
    Argument, Comparison, Condition, Error, Function, Literal, LiteralKind, Operand, Operator,
    Path, Value as Written,
};

use crate::field::Field;
use crate::filter::{Filter, Test};
use crate::refusal::Refusal;
use crate::subject::{Kind, Subject};

pub(crate) fn read(expression: &str, subject: &Subject<'_>) -> Result<Filter, Refusal> {
    if expression.chars().count() > FILTER_CHARACTERS_MAX {
        let max = FILTER_CHARACTERS_MAX;
        return Err(Refusal::TooLong { max });
    }
    let condition = landfall_soql::parse_filter(expression).map_err(|error| {
        let without_place = Error {
            place: String::new(),
            ..error
        };
        let reason = without_place.to_string();
        Refusal::Syntax { reason }
    })?;
    let mut checker = Checker {
        subject,
        fields: Vec::new(),
    };
    let test = checker.condition(&condition)?;
    Ok(Filter {
        text: expression.to_owned(),
        fields: checker.fields,
        test,
    })
}

struct Checker<'c> {
    subject: &'c Subject<'c>,
    fields: Vec<Field>,
}

/// What a comparison is about.
struct About<'a> {
    field: usize,
    kind: Kind,
    written: &'a Path,
}

impl Checker<'_> {
    fn condition(&mut self, condition: &Condition) -> Result<Test, Refusal> {
        Ok(match condition {
            Condition::All(terms) => Test::All(self.conditions(terms)?),
            Condition::Any(terms) => Test::Any(self.conditions(terms)?),
            Condition::Not(term) => Test::Not(Box::new(self.condition(term)?)),
            Condition::Compare(comparison) => self.comparison(comparison)?,
        })
    }

    fn conditions(&mut self, terms: &[Condition]) -> Result<Vec<Test>, Refusal> {
        terms.iter().map(|term| self.condition(term)).collect()
    }

    fn comparison(&mut self, comparison: &Comparison) -> Result<Test, Refusal> {
        let about = self.about(&comparison.operand)?;
        match (&comparison.value, comparison.operator) {
            (Written::Literal(literal), Operator::Like) => like(&about, literal),
            (Written::Literal(literal), operator) => one(&about, operator, literal),
            (Written::List(literals), Operator::In) => any(&about, literals),
            (Written::List(literals), Operator::NotIn) => any(&about, literals).map(not),
            // The reader of filters has neither queries nor lists after anything else.
            (Written::List(_) | Written::Query(_), _) => Err(Refusal::OperatorInvalid),
        }
    }

    fn about<'a>(&mut self, operand: &'a Operand) -> Result<About<'a>, Refusal> {
        let (path, lowered) = match operand {
            Operand::Path(path) => (path, false),
            Operand::Call(call) => match (call.function, call.arguments.as_slice()) {
                (Function::Lower, [Argument::Operand(Operand::Path(path))]) => (path, true),
                _ => return Err(Refusal::OperatorInvalid),
            },
        };
        let (field, kind) = self.subject.field(&path.names)?;
        let kind = match kind {
            Kind::Text { folded } => Kind::Text {
                folded: folded || lowered,
            },
            // Only texts have letters.
            _ if lowered => return Err(invalid(path)),
            kind => kind,
        };
        let known = self.fields.iter().position(|known| *known == field);
        let place = known.unwrap_or(self.fields.len());
        if known.is_none() {
            self.fields.push(field);
        }
        if self.fields.len() > FILTER_FIELDS_MAX {
            let max = FILTER_FIELDS_MAX;
            return Err(Refusal::TooManyFields { max });
        }
        Ok(About {
            field: place,
            kind,
            written: path,
        })
    }
}

fn not(test: Test) -> Test {
    Test::Not(Box::new(test))
}

fn invalid(path: &Path) -> Refusal {
    Refusal::FieldInvalid {
        field: path.to_string(),
    }
}

fn like(about: &About<'_>, literal: &Literal) -> Result<Test, Refusal> {
    match (&literal.kind, about.kind) {
        (LiteralKind::Pattern(pattern), Kind::Text { .. }) => Ok(Test::Like {
            field: about.field,
            pattern: pattern.clone(),
        }),
        (LiteralKind::Pattern(_) | LiteralKind::Null, _) => Err(Refusal::OperatorInvalid),
        _ => Err(mistyped(about)),
    }
}

fn any(about: &About<'_>, literals: &[Literal]) -> Result<Test, Refusal> {
    let tests = literals
        .iter()
        .map(|literal| one(about, Operator::Equal, literal));
    Ok(Test::Any(tests.collect::<Result<_, _>>()?))
}

fn one(about: &About<'_>, operator: Operator, literal: &Literal) -> Result<Test, Refusal> {
    let comparison = match operator {
        Operator::NotEqual => return one(about, Operator::Equal, literal).map(not),
        Operator::Equal => Order::Equal,
        Operator::Less => Order::Less,
        Operator::LessOrEqual => Order::LessOrEqual,
        Operator::Greater => Order::Greater,
        Operator::GreaterOrEqual => Order::GreaterOrEqual,
        Operator::Like
        | Operator::In
        | Operator::NotIn
        | Operator::Includes
        | Operator::Excludes => {
            return Err(Refusal::OperatorInvalid);
        }
    };
    let equality = comparison == Order::Equal;
    let field = about.field;
    if let (LiteralKind::Keyword(keyword), Kind::Date | Kind::DateTime) =
        (&literal.kind, about.kind)
    {
        return Ok(Test::IsDay {
            field,
            comparison,
            keyword: *keyword,
        });
    }
    let value = value(about, literal)?;
    let folded = about.kind == Kind::Text { folded: true };
    match value {
        Value::Null | Value::Boolean(_) if !equality => Err(Refusal::OperatorInvalid),
        // An unchecked box and no value are the same.
        Value::Null if about.kind == Kind::Boolean => Ok(Test::Is {
            field,
            folded,
            comparison,
            value: Value::Boolean(false),
        }),
        Value::Null => Ok(Test::Null(field)),
        value => Ok(Test::Is {
            field,
            folded,
            comparison,
            value,
        }),
    }
}

/// The value of a literal, of the kind that the field has; null also for an empty text.
fn value(about: &About<'_>, literal: &Literal) -> Result<Value, Refusal> {
    Ok(match (&literal.kind, about.kind) {
        (LiteralKind::Null, _) => Value::Null,
        (LiteralKind::Text(text), Kind::Text { .. } | Kind::Id) if text.is_empty() => Value::Null,
        (LiteralKind::Text(text), Kind::Text { .. }) => Value::Text(text.clone()),
        // Events have the long form; an invalid id is equal to none.
        (LiteralKind::Text(text), Kind::Id) => {
            Value::Text(RecordId::parse(text).map_or_else(|_| text.clone(), |id| id.to_string()))
        }
        (LiteralKind::Boolean(truth), Kind::Boolean) => Value::Boolean(*truth),
        (LiteralKind::Number(digits), Kind::Number) => Value::Double(number(about, digits)?),
        (LiteralKind::Date(days), Kind::Date) => Value::Date(Date::from_days(*days)),
        (LiteralKind::DateTime(millis), Kind::DateTime) => {
            Value::DateTime(Timestamp::from_millis(*millis))
        }
        (LiteralKind::Time(millis), Kind::Time) => Value::Time(*millis),
        _ => return Err(mistyped(about)),
    })
}

fn number(about: &About<'_>, digits: &str) -> Result<f64, Refusal> {
    if !digits.contains(['.', 'e', 'E']) && digits.parse::<i32>().is_err() {
        return Err(Refusal::NumberFormat {
            literal: digits.to_owned(),
        });
    }
    let number = digits.parse::<f64>().ok();
    number
        .filter(|number| number.is_finite())
        .ok_or_else(|| mistyped(about))
}

fn mistyped(about: &About<'_>) -> Refusal {
    Refusal::ValueMistyped {
        field: about.written.to_string(),
        expected: match about.kind {
            Kind::Text { .. } => "string and in quotes",
            Kind::Id => "id and in quotes",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::Date => "date",
            Kind::DateTime => "dateTime",
            Kind::Time => "time",
        },
    }
}

//! Values of conditions, by the type of what they are compared with.

use landfall_model::limits::QUERY_TEXT_CHARACTERS_MAX;
use landfall_model::{Date, FieldType, QueryFault, QueryRefusal, RecordId, Timestamp, Value};
use landfall_soql::{Literal, LiteralKind};

use super::subject::Subject;
use super::{Scope, plain, rule};
use crate::calendar;

/// What a subject is compared with.
pub(super) enum Typed {
    Null,
    One(Value),
    /// From the first, up to and without the second.
    Range(Value, Value),
}

impl Scope<'_> {
    /// # Errors
    /// The value is of another kind.
    pub(super) fn typed(&self, subject: &Subject, literal: &Literal) -> Result<Typed, QueryFault> {
        let kind = subject.field_type;
        let value = match (&literal.kind, kind) {
            (LiteralKind::Null, _) => return Ok(Typed::Null),
            (LiteralKind::Text(text) | LiteralKind::Pattern(text), _) if is_quoted(kind) => {
                return text_of(kind, text);
            }
            (LiteralKind::Boolean(truth), FieldType::Boolean) => Value::Boolean(*truth),
            (LiteralKind::Number(text), FieldType::Int | FieldType::Long)
                if !text.contains(['.', 'e', 'E']) =>
            {
                let Ok(number) = text.parse() else {
                    return self.mistyped(subject);
                };
                Value::Integer(number)
            }
            (LiteralKind::Number(text), _) if kind.is_whole() || kind.is_decimal() => {
                return self.number(subject, text);
            }
            (LiteralKind::Currency(_, text), FieldType::Currency) => {
                return self.number(subject, text);
            }
            (LiteralKind::Date(days), FieldType::Date) => Value::Date(Date::from_days(*days)),
            (LiteralKind::DateTime(millis), FieldType::DateTime) => {
                Value::DateTime(Timestamp::from_millis(*millis))
            }
            (LiteralKind::Time(millis), FieldType::Time) => Value::Time(*millis),
            (LiteralKind::Keyword(keyword), FieldType::Date | FieldType::DateTime) => {
                return self.range(*keyword, kind);
            }
            _ => return self.mistyped(subject),
        };
        Ok(Typed::One(value))
    }

    pub(super) fn mistyped<T>(&self, subject: &Subject) -> Result<T, QueryFault> {
        let refusal = QueryRefusal::ValueMistyped {
            field: subject.name.clone(),
            expected: type_name(subject.field_type),
            quoted: is_quoted(subject.field_type),
        };
        self.refused(subject.at, refusal)
    }

    fn number(&self, subject: &Subject, text: &str) -> Result<Typed, QueryFault> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Typed::One(Value::Double(number))),
            _ => self.mistyped(subject),
        }
    }

    fn range(
        &self,
        keyword: landfall_soql::DateKeyword,
        kind: FieldType,
    ) -> Result<Typed, QueryFault> {
        let zone = &self.context.zone;
        let beyond = || {
            plain(QueryRefusal::Rule {
                text: "The date literal is beyond the calendar",
            })
        };
        let today = calendar::day_at(self.context.now, zone).ok_or_else(beyond)?;
        let days = calendar::days(keyword, today, self.context.fiscal_month);
        let (first, after) = days.ok_or_else(beyond)?;
        if kind == FieldType::Date {
            return Ok(Typed::Range(Value::Date(first), Value::Date(after)));
        }
        let start = |day| {
            let point = calendar::start_of_day(day, zone).ok_or_else(beyond)?;
            Ok::<_, QueryFault>(Value::DateTime(point))
        };
        Ok(Typed::Range(start(first)?, start(after)?))
    }
}

/// Whether values of this type are written in quotes.
pub(super) const fn is_quoted(kind: FieldType) -> bool {
    kind.is_text() || matches!(kind, FieldType::Id | FieldType::Reference)
}

/// An empty text is null.
fn text_of(kind: FieldType, text: &str) -> Result<Typed, QueryFault> {
    if text.is_empty() {
        return Ok(Typed::Null);
    }
    if text.chars().nth(QUERY_TEXT_CHARACTERS_MAX).is_some() {
        return rule("A text in a condition can have 4000 characters at most");
    }
    if !matches!(kind, FieldType::Id | FieldType::Reference) {
        return Ok(Typed::One(Value::Text(text.to_owned())));
    }
    match RecordId::parse(text) {
        Ok(id) => Ok(Typed::One(Value::Id(id))),
        Err(_) => Err(plain(QueryRefusal::IdInvalid {
            value: text.to_owned(),
        })),
    }
}

/// The type's name in error texts.
pub(super) const fn type_name(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Id | FieldType::Reference => "id",
        FieldType::Boolean => "boolean",
        FieldType::Int => "int",
        FieldType::Long => "long",
        FieldType::Double => "double",
        FieldType::Currency => "currency",
        FieldType::Percent => "percent",
        FieldType::Date => "date",
        FieldType::DateTime => "dateTime",
        FieldType::Time => "time",
        FieldType::MultiPicklist => "multipicklist",
        FieldType::Address | FieldType::Location | FieldType::PersonName => "location",
        FieldType::String
        | FieldType::TextArea
        | FieldType::Picklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::EncryptedString
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::JunctionIdList
        | FieldType::Complex => "string",
    }
}

//! Conversion of the values of a custom field that gets another type.
//!
//! Owns which types become which, what each value becomes, and of what subscribers to change events are informed. It
//! deliberately knows nothing of how values are stored.
//! Start reading at [`TypeChange::between`].
//!
//! Source: "Considerations for Converting the Field Type of a Custom Field" (Salesforce Help), "Change Events for Custom Field
//! Type Conversions" (Change Data Capture Developer Guide). Source: none for what a single value becomes.

use std::fmt;

use crate::entity::{FieldDefinition, FieldType};
use crate::value::Value;

/// How the type of a field differs from its earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeChange {
    /// It is the same, or the field is not one that an administrator made.
    None,
    /// Values are converted one by one: [`converted`].
    Converts(Informs),
    /// There is no such conversion.
    Refused(Refusal),
}

/// Which event informs subscribers of a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Informs {
    /// None: values are preserved or cut off, or the guide says so.
    Nobody,
    /// One change event for all records of the object, if a value is lost.
    OfLoss,
    /// Gap events with the records that have a value.
    OfRecords,
}

/// Why a type cannot become another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Types that are never converted into others.
    From(&'static str),
    /// Types that nothing else is converted into.
    To(&'static str),
    /// Types that are converted, but not into each other.
    Between(&'static str, &'static str),
}

impl fmt::Display for Refusal {
    /// Source: deployments of the Metadata API, for the texts about formulas and references; the others follow them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(kind) => write!(f, "Cannot update a field from a {kind} to something else"),
            Self::To(kind) => write!(f, "Cannot update a field to a {kind} from something else"),
            Self::Between(from, to) => write!(f, "Cannot update a field from a {from} to a {to}"),
        }
    }
}

/// The types as administrators know them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    AutoNumber,
    Checkbox,
    Date,
    DateTime,
    Email,
    Html,
    LongText,
    MultiPicklist,
    /// Numbers, currency amounts and percentages.
    Number,
    Phone,
    Picklist,
    Text,
    TextArea,
    Url,
    /// Never converted, in neither direction.
    Fixed(&'static str),
}

impl Kind {
    fn of(field: &FieldDefinition) -> Self {
        if field.summarized {
            return Self::Fixed("Summary");
        }
        if field.calculated {
            return Self::Fixed("Formula");
        }
        match field.field_type {
            FieldType::String if field.auto_number.is_some() => Self::AutoNumber,
            // The key of a record of another system.
            FieldType::String if field.relationship_name.is_some() => Self::REFERENCE,
            FieldType::String => Self::Text,
            FieldType::TextArea if field.extra_type_info.as_deref() == Some("richtextarea") => {
                Self::Html
            }
            FieldType::TextArea if field.is_long_text() => Self::LongText,
            FieldType::TextArea => Self::TextArea,
            FieldType::Boolean => Self::Checkbox,
            FieldType::Double | FieldType::Currency | FieldType::Percent => Self::Number,
            FieldType::Date => Self::Date,
            FieldType::DateTime => Self::DateTime,
            FieldType::Email => Self::Email,
            FieldType::Phone => Self::Phone,
            FieldType::Url => Self::Url,
            FieldType::Picklist => Self::Picklist,
            FieldType::MultiPicklist => Self::MultiPicklist,
            FieldType::Id | FieldType::Reference => Self::REFERENCE,
            FieldType::Time => Self::Fixed("Time"),
            FieldType::Address => Self::Fixed("Address"),
            FieldType::Location => Self::Fixed("Location"),
            FieldType::EncryptedString => Self::Fixed("EncryptedText"),
            FieldType::Int
            | FieldType::Long
            | FieldType::AnyType
            | FieldType::Combobox
            | FieldType::PersonName
            | FieldType::Base64
            | FieldType::JunctionIdList
            | FieldType::Complex => Self::Fixed("field of the service"),
        }
    }

    const REFERENCE: Self = Self::Fixed("Lookup, MasterDetail, or Hierarchy");

    const fn name(self) -> &'static str {
        match self {
            Self::AutoNumber => "AutoNumber",
            Self::Checkbox => "Checkbox",
            Self::Date => "Date",
            Self::DateTime => "DateTime",
            Self::Email => "Email",
            Self::Html => "Html",
            Self::LongText => "LongTextArea",
            Self::MultiPicklist => "MultiselectPicklist",
            Self::Number => "Number",
            Self::Phone => "Phone",
            Self::Picklist => "Picklist",
            Self::Text => "Text",
            Self::TextArea => "TextArea",
            Self::Url => "Url",
            Self::Fixed(name) => name,
        }
    }

    /// Whether values are texts of at most 255 characters that anybody may write.
    const fn is_short_text(self) -> bool {
        matches!(
            self,
            Self::Text | Self::TextArea | Self::Email | Self::Phone | Self::Url
        )
    }
}

/// What a conversion does to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// It is lost.
    Lose,
    /// It stays; what is too long is cut off.
    Keep,
    /// It stays if it is one of the listed values.
    KeepListed,
    /// It stays; if only listed values are accepted and it is none, it is lost.
    KeepAccepted,
    /// It is read as a number; what is none, or too large, is lost.
    Read,
    /// A number with the digits of its new type; what is too large is lost.
    Round,
    /// A number is written; what is too long is lost.
    Print,
}

fn rule(from: Kind, to: Kind) -> Result<(Rule, Informs), Refusal> {
    use Informs::{Nobody, OfLoss, OfRecords};
    use Kind::{
        AutoNumber, Checkbox, Date, DateTime, Fixed, Html, LongText, MultiPicklist, Number,
        Picklist, Text, TextArea,
    };
    Ok(match (from, to) {
        (_, Fixed(kind)) => return Err(Refusal::To(kind)),
        (Fixed(kind), _) => return Err(Refusal::From(kind)),
        (Html, LongText)
        | (Text | TextArea | LongText, Html)
        | (Text, AutoNumber)
        | (AutoNumber, Text | TextArea | LongText) => (Rule::Keep, Nobody),
        (Html, _) | (_, Html) => return Err(Refusal::Between(from.name(), to.name())),
        (Picklist, Checkbox) => (Rule::Lose, OfRecords),
        (Picklist, MultiPicklist) => (Rule::KeepListed, OfRecords),
        (Date | DateTime | Checkbox | MultiPicklist | AutoNumber, _)
        | (_, Date | DateTime | Checkbox | AutoNumber)
        | (Number, Picklist | MultiPicklist) => (Rule::Lose, OfLoss),
        (LongText, to) if !to.is_short_text() => (Rule::Lose, OfLoss),
        (Number, Number) => (Rule::Round, OfLoss),
        (_, Number) => (Rule::Read, OfLoss),
        (Number, _) => (Rule::Print, OfLoss),
        (_, MultiPicklist) => (Rule::KeepListed, OfLoss),
        (Text, Picklist) => (Rule::KeepAccepted, Nobody),
        (_, Picklist) => (Rule::KeepAccepted, OfLoss),
        _ => (Rule::Keep, Nobody),
    })
}

impl TypeChange {
    /// How a field's type changes from one definition to the next.
    pub fn between(from: &FieldDefinition, to: &FieldDefinition) -> Self {
        let (old, new) = (Kind::of(from), Kind::of(to));
        let is_same = old == new && (from.field_type == to.field_type || new != Kind::Number);
        if is_same || !from.custom || !to.custom {
            return Self::None;
        }
        match rule(old, new) {
            Ok((_, informs)) => Self::Converts(informs),
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// What a value of a field becomes in a definition of another type; as it is if there is no conversion.
pub fn converted(from: &FieldDefinition, to: &FieldDefinition, value: &Value) -> Value {
    if !matches!(TypeChange::between(from, to), TypeChange::Converts(_)) {
        return value.clone();
    }
    let Ok((rule, _)) = rule(Kind::of(from), Kind::of(to)) else {
        return value.clone();
    };
    let becomes = match (rule, value) {
        (Rule::Keep, Value::Text(text)) => Some(cut(text, to)),
        (Rule::KeepListed, Value::Text(text)) if is_listed(text, to) => Some(value.clone()),
        (Rule::KeepAccepted, Value::Text(text))
            if !to.restricted_picklist || is_listed(text, to) =>
        {
            Some(cut(text, to))
        }
        (Rule::Read, Value::Text(text)) => read(text).and_then(|number| rounded(number, to)),
        (Rule::Round, Value::Double(number)) => rounded(*number, to),
        (Rule::Print, Value::Double(number)) => printed(*number, to),
        _ => None,
    };
    match becomes {
        Some(value) => value,
        // A checkbox is never null.
        None if to.field_type == FieldType::Boolean => Value::Boolean(false),
        None => Value::Null,
    }
}

/// Whether a conversion has lost a value. No conversion keeps anything in a checkbox.
pub const fn is_lost(before: &Value, after: &Value) -> bool {
    !before.is_null() && matches!(after, Value::Null | Value::Boolean(_))
}

fn cut(text: &str, to: &FieldDefinition) -> Value {
    let most = usize::try_from(to.length).unwrap_or(usize::MAX);
    Value::Text(text.chars().take(most).collect())
}

fn is_listed(text: &str, to: &FieldDefinition) -> bool {
    to.picklist.iter().any(|listed| listed.value == text)
}

/// A number as people write it: digits, a sign, a point. Neither exponents nor separators of thousands.
fn read(text: &str) -> Option<f64> {
    let text = text.trim();
    let is_plain = |letter: char| letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+');
    text.chars()
        .all(is_plain)
        .then(|| text.parse().ok())
        .flatten()
}

/// The number with as many digits as its type has.
fn rounded(number: f64, to: &FieldDefinition) -> Option<Value> {
    let scale = usize::try_from(to.scale).ok()?;
    let rounded: f64 = format!("{number:.scale$}").parse().ok()?;
    let whole = i32::try_from(to.precision.checked_sub(to.scale)?).ok()?;
    // A zero has no sign.
    (rounded.abs() < 10_f64.powi(whole)).then_some(Value::Double(rounded + 0.0))
}

fn printed(number: f64, to: &FieldDefinition) -> Option<Value> {
    let text = (number + 0.0).to_string();
    let fits = u32::try_from(text.len()).is_ok_and(|length| length <= to.length);
    fits.then_some(Value::Text(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::PicklistValue;

    fn field(field_type: FieldType) -> FieldDefinition {
        FieldDefinition {
            length: 255,
            precision: 5,
            scale: 2,
            custom: true,
            ..FieldDefinition::new("Some__c", "Some", field_type)
        }
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn listing(field_type: FieldType, restricted: bool) -> FieldDefinition {
        FieldDefinition {
            restricted_picklist: restricted,
            picklist: vec![PicklistValue {
                value: "Sloop".to_owned(),
                label: "Sloop".to_owned(),
                active: true,
                default: false,
            }],
            ..field(field_type)
        }
    }

    #[test]
    fn a_field_that_keeps_its_type_or_is_standard_is_not_converted() {
        let short = FieldDefinition {
            length: 3,
            ..field(FieldType::String)
        };
        let change = |from: &FieldDefinition, to: &FieldDefinition| TypeChange::between(from, to);
        assert_eq!(change(&field(FieldType::String), &short), TypeChange::None);
        assert_eq!(
            converted(&field(FieldType::String), &short, &text("four")),
            text("four")
        );
        let standard = FieldDefinition {
            custom: false,
            ..field(FieldType::Double)
        };
        assert_eq!(change(&standard, &standard), TypeChange::None);
        assert_eq!(change(&field(FieldType::Date), &standard), TypeChange::None);
    }

    #[test]
    fn numbers_are_read_and_written_and_what_is_none_is_lost() {
        let (string, number) = (field(FieldType::String), field(FieldType::Double));
        for (value, becomes) in [
            (" 12.345 ", Value::Double(12.35)),
            ("-7", Value::Double(-7.0)),
            ("+.5", Value::Double(0.5)),
            ("-0.001", Value::Double(0.0)),
            ("999.99", Value::Double(999.99)),
            ("999.999", Value::Null),
            ("1,000", Value::Null),
            ("1e2", Value::Null),
            ("NaN", Value::Null),
            ("inf", Value::Null),
            ("1-2", Value::Null),
            ("", Value::Null),
            (".", Value::Null),
            ("twelve", Value::Null),
        ] {
            let after = converted(&string, &number, &text(value));
            assert_eq!(after, becomes, "{value}");
            assert_eq!(is_lost(&text(value), &after), becomes.is_null(), "{value}");
        }
        let percent = field(FieldType::Percent);
        let written = |number| converted(&percent, &string, &Value::Double(number));
        assert_eq!(written(1_000_000.5), text("1000000.5"));
        assert_eq!(written(-0.0), text("0"));
        let short = FieldDefinition {
            length: 3,
            ..string.clone()
        };
        assert_eq!(
            converted(&number, &short, &Value::Double(1234.0)),
            Value::Null
        );
        assert_eq!(
            converted(
                &field(FieldType::Currency),
                &number,
                &Value::Double(1.005_1)
            ),
            Value::Double(1.01)
        );
        assert_eq!(converted(&string, &number, &Value::Null), Value::Null);
    }

    #[test]
    fn texts_stay_and_are_cut_off() {
        let phone = FieldDefinition {
            length: 3,
            ..field(FieldType::Phone)
        };
        assert_eq!(
            converted(&field(FieldType::String), &phone, &text("ä123")),
            text("ä12")
        );
        let number = FieldDefinition {
            auto_number: Some("A-{0000}".to_owned()),
            length: 30,
            ..field(FieldType::String)
        };
        let string = field(FieldType::String);
        for (from, to) in [(&number, &string), (&string, &number)] {
            assert_eq!(
                TypeChange::between(from, to),
                TypeChange::Converts(Informs::Nobody)
            );
            assert_eq!(converted(from, to, &text("A-0001")), text("A-0001"));
        }
        let lost = converted(&number, &field(FieldType::Email), &text("A-0001"));
        assert_eq!(lost, Value::Null);
    }

    #[test]
    fn listed_values_stay() {
        let (string, picklist) = (field(FieldType::String), FieldType::Picklist);
        let multi = listing(FieldType::MultiPicklist, false);
        for (from, to, value, becomes) in [
            (&string, listing(picklist, false), "Yawl", text("Yawl")),
            (&string, listing(picklist, true), "Yawl", Value::Null),
            (&string, listing(picklist, true), "Sloop", text("Sloop")),
            (
                &listing(picklist, false),
                multi.clone(),
                "Sloop",
                text("Sloop"),
            ),
            (
                &listing(picklist, false),
                multi.clone(),
                "Yawl",
                Value::Null,
            ),
            (&multi, listing(picklist, false), "Sloop", Value::Null),
        ] {
            assert_eq!(converted(from, &to, &text(value)), becomes, "{to:?}");
        }
    }

    /// Source: the pages that the module names.
    #[test]
    fn subscribers_are_informed_as_the_guide_says() {
        use FieldType::{
            Boolean, Date, DateTime, Double, Email, MultiPicklist, Picklist, String, TextArea, Url,
        };
        let informs = |from, to| match TypeChange::between(&field(from), &field(to)) {
            TypeChange::Converts(informs) => informs,
            other => panic!("{from:?} to {to:?}: {other:?}"),
        };
        for (from, to) in [
            (Date, String),
            (Date, DateTime),
            (DateTime, Date),
            (Email, Date),
            (Boolean, String),
            (Boolean, Picklist),
            (MultiPicklist, Picklist),
            (MultiPicklist, String),
            (String, Double),
        ] {
            assert_eq!(informs(from, to), Informs::OfLoss, "{from:?} to {to:?}");
        }
        for to in [Boolean, MultiPicklist] {
            assert_eq!(informs(Picklist, to), Informs::OfRecords, "{to:?}");
        }
        for (from, to) in [
            (Picklist, String),
            (String, Picklist),
            (String, TextArea),
            (TextArea, Url),
        ] {
            assert_eq!(informs(from, to), Informs::Nobody, "{from:?} to {to:?}");
        }
        assert_eq!(
            converted(&field(Boolean), &field(String), &Value::Boolean(true)),
            Value::Null
        );
        assert_eq!(
            converted(&field(Picklist), &field(Boolean), &text("true")),
            Value::Boolean(false)
        );
    }

    #[test]
    fn what_is_computed_or_refers_to_records_is_not_converted() {
        let refused =
            |from: &FieldDefinition, to: &FieldDefinition| match TypeChange::between(from, to) {
                TypeChange::Refused(refusal) => refusal.to_string(),
                other => panic!("{other:?}"),
            };
        let formula = FieldDefinition {
            calculated: true,
            ..field(FieldType::String)
        };
        let string = field(FieldType::String);
        let lookup = field(FieldType::Reference);
        let rich = FieldDefinition {
            extra_type_info: Some("richtextarea".to_owned()),
            length: 1_000,
            ..field(FieldType::TextArea)
        };
        for (from, to, said) in [
            (&formula, &string, "from a Formula to something else"),
            (&string, &formula, "to a Formula from something else"),
            (
                &string,
                &lookup,
                "to a Lookup, MasterDetail, or Hierarchy from something else",
            ),
            (
                &lookup,
                &string,
                "from a Lookup, MasterDetail, or Hierarchy to something else",
            ),
            (&rich, &string, "from a Html to a Text"),
        ] {
            assert_eq!(refused(from, to), format!("Cannot update a field {said}"));
        }
    }
}

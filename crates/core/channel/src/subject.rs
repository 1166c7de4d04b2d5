//! Whose events a filter is about, and which of their fields it may name.

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, PlatformEventDefinition};
use landfall_schema::{EventField, EventSchema, HEADER, Scalar, Shape};

use crate::field::{Field, HeaderField, RecordField};
use crate::refusal::Refusal;

/// Events with one schema.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'s> {
    /// Changes of an object's records.
    Changes {
        /// The object.
        entity: &'s EntityDefinition,
        /// The schema of its change event.
        schema: &'s EventSchema,
    },
    /// A platform event.
    PlatformEvent {
        /// The event.
        event: &'s PlatformEventDefinition,
        /// Its schema.
        schema: &'s EventSchema,
    },
}

/// How the values of a field compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// With regard to letter case, or without it.
    Text {
        folded: bool,
    },
    Id,
    Boolean,
    Number,
    Date,
    DateTime,
    Time,
}

impl Subject<'_> {
    const fn schema(&self) -> &EventSchema {
        match self {
            Self::Changes { schema, .. } | Self::PlatformEvent { schema, .. } => schema,
        }
    }

    /// The field that a name leads to, and how its values compare. Letter case does not matter.
    pub(crate) fn field(&self, names: &[String]) -> Result<(Field, Kind), Refusal> {
        let invalid = || Refusal::FieldInvalid {
            field: names.join("."),
        };
        let (top, component) = match names {
            [top] => (top, None),
            [header, name] if self.schema().has_header() && header.eq_ignore_ascii_case(HEADER) => {
                let field = HeaderField::find(name).ok_or_else(invalid)?;
                return Ok((Field::Header(field), kind_of_header(field)));
            }
            [top, component] => (top, Some(component)),
            _ => return Err(invalid()),
        };
        let mut fields = self.schema().fields().iter();
        let found = fields.find(|field| field.name.eq_ignore_ascii_case(top));
        let found = found.ok_or_else(invalid)?;
        let (component, kind) = match component {
            Some(name) => {
                let (name, kind) = component_of(found, name).ok_or_else(invalid)?;
                (Some(name), kind)
            }
            None if matches!(found.shape, Shape::Compound(_)) => {
                return Err(Refusal::CompoundWhole { field: top.clone() });
            }
            None => (None, self.kind(found).ok_or_else(invalid)?),
        };
        let top = found.name.clone();
        Ok((Field::Record(RecordField { top, component }), kind))
    }

    fn kind(&self, field: &EventField) -> Option<Kind> {
        let scalar = match &field.shape {
            Shape::Required(scalar) | Shape::Optional(scalar) => *scalar,
            Shape::TextOrCompound(_) => Scalar::Text,
            Shape::Header | Shape::Names | Shape::Compound(_) => return None,
        };
        let definition = match self {
            Self::Changes { entity, .. } => {
                let (_, definition) = entity.field(&field.name)?;
                Some(is_readable(definition).then_some(definition)?)
            }
            // Fields of every type that events have.
            Self::PlatformEvent { event, .. } => event.field(&field.name).map(|(_, found)| found),
        };
        match definition {
            Some(definition) => kind_of(definition),
            // What every platform event has: when it was made, and by whom.
            None if scalar == Scalar::Text => Some(Kind::Id),
            None => Some(kind_of_scalar(scalar)),
        }
    }
}

/// How values of a field compare; none for a field that no filter is about.
///
/// Source: "Supported Field Types" of filter expressions (Change Data Capture Developer Guide, Platform Events Developer
/// Guide): long texts of platform events can be filtered by, those of records cannot.
fn kind_of(field: &FieldDefinition) -> Option<Kind> {
    Some(match field.field_type {
        FieldType::Id | FieldType::Reference => Kind::Id,
        FieldType::Boolean => Kind::Boolean,
        FieldType::Int
        | FieldType::Long
        | FieldType::Double
        | FieldType::Currency
        | FieldType::Percent => Kind::Number,
        FieldType::Date => Kind::Date,
        FieldType::DateTime => Kind::DateTime,
        FieldType::Time => Kind::Time,
        kind if kind.is_text() => Kind::Text {
            folded: !field.case_sensitive,
        },
        _ => return None,
    })
}

/// Whether filters and enrichment may read a field of a record: formulas, long, rich and encrypted texts they may not.
pub(crate) fn is_readable(field: &FieldDefinition) -> bool {
    let rich = field.extra_type_info.as_deref() == Some("richtextarea");
    let sealed = matches!(
        field.field_type,
        FieldType::EncryptedString
            | FieldType::AnyType
            | FieldType::Base64
            | FieldType::JunctionIdList
    );
    let formula = field.calculated && !field.summarized;
    !field.is_long_text() && !rich && !sealed && !formula
}

fn component_of(field: &EventField, name: &str) -> Option<(String, Kind)> {
    let mut parts = field.shape.compound()?.components.iter();
    let part = parts.find(|part| part.name.eq_ignore_ascii_case(name))?;
    Some((part.name.clone(), kind_of_scalar(part.scalar)))
}

const fn kind_of_scalar(scalar: Scalar) -> Kind {
    match scalar {
        Scalar::Boolean => Kind::Boolean,
        Scalar::Int | Scalar::Double | Scalar::Long => Kind::Number,
        Scalar::Text => Kind::Text { folded: true },
        Scalar::Date => Kind::Date,
        Scalar::DateTime => Kind::DateTime,
        Scalar::Time => Kind::Time,
    }
}

const fn kind_of_header(field: HeaderField) -> Kind {
    match field {
        HeaderField::EntityName
        | HeaderField::ChangeType
        | HeaderField::ChangeOrigin
        | HeaderField::TransactionKey => Kind::Text { folded: true },
        HeaderField::SequenceNumber | HeaderField::CommitNumber => Kind::Number,
        HeaderField::CommitTimestamp => Kind::DateTime,
        HeaderField::CommitUser => Kind::Id,
    }
}

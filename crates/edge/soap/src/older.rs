//! What old versions of the API have that those of today have otherwise: one field of `PushTopic`.
//!
//! Source: "`PushTopic`" (Object Reference): up to 28.0 `NotifyForOperations` selects the changes that are reported, and can be
//! written; from 29.0 on it follows from a flag for each operation.

use std::borrow::Cow;

use landfall_model::{EntityDefinition, Fault, FieldDefinition, FieldFault, ValueFault};
use landfall_wire::values::subject;
use landfall_xml::Element;

use crate::call::Call;

const TOPICS: &str = "PushTopic";
const OPERATIONS: &str = "NotifyForOperations";
/// The version from which on there are flags.
const FLAGS_SINCE: u16 = 29;

/// The words, with the flags for creates and for updates. Deletes and undeletes have none.
const WORDS: [(&str, bool, bool); 4] = [
    ("All", true, true),
    ("Create", true, false),
    ("Update", false, true),
    ("Extended", false, false),
];

/// A record as the newest version writes it.
///
/// # Errors
/// [`ValueFault::PicklistValueUnknown`].
pub(crate) fn record<'r>(
    call: &Call<'_>,
    entity: &EntityDefinition,
    record: Cow<'r, Element>,
) -> Result<Cow<'r, Element>, Fault> {
    let is_word =
        |element: &Element| !element.nil && is_written(call, entity, element.name.as_str());
    let Some(place) = record.children.iter().position(is_word) else {
        return Ok(record);
    };
    let mut record = record.into_owned();
    let word = record.children.remove(place);
    let [create, update] = flags(entity, word.text.trim())?;
    record.children.extend([
        flag("NotifyForOperationCreate", create),
        flag("NotifyForOperationUpdate", update),
    ]);
    Ok(Cow::Owned(record))
}

/// A field as describes of this version have it.
pub(crate) fn field<'f>(
    call: &Call<'_>,
    entity: &EntityDefinition,
    field: &'f FieldDefinition,
) -> Cow<'f, FieldDefinition> {
    if !is_written(call, entity, field.name.as_str()) {
        return Cow::Borrowed(field);
    }
    Cow::Owned(FieldDefinition {
        createable: true,
        updateable: true,
        ..field.clone()
    })
}

/// Whether this is the field, in a version that writes it.
fn is_written(call: &Call<'_>, entity: &EntityDefinition, field: &str) -> bool {
    call.endpoint.version.number() < FLAGS_SINCE
        && entity.name.as_str() == TOPICS
        && field.eq_ignore_ascii_case(OPERATIONS)
}

fn flags(entity: &EntityDefinition, word: &str) -> Result<[bool; 2], Fault> {
    let known = WORDS
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(word));
    match (known, entity.field(OPERATIONS)) {
        (Some((_, create, update)), _) => Ok([*create, *update]),
        (None, Some((_, field))) => Err(Fault::Value(ValueFault::PicklistValueUnknown {
            field: subject(field),
            value: word.to_owned(),
        })),
        (None, None) => Err(Fault::Field(FieldFault::Unknown {
            field: OPERATIONS.to_owned(),
            entity: entity.name.clone(),
        })),
    }
}

fn flag(name: &str, is_set: bool) -> Element {
    Element {
        name: name.to_owned(),
        text: is_set.to_string(),
        ..Element::default()
    }
}

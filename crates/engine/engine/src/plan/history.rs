//! Field history: which values a record had before.
//!
//! Source: "`StandardObjectNameHistory`", "Custom Object`__History`" (Object Reference), and their pages of single objects.

use std::sync::Arc;

use landfall_model::{
    ChangeType, Date, FieldDefinition, FieldType, RecordId, Row, Value, limits, time_of_day,
};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::rows::read;

/// What is kept of one change.
struct Entry {
    field: String,
    data_type: Option<&'static str>,
    old: Value,
    new: Value,
}

impl Planner<'_, '_> {
    /// Keeps what has changed since in records whose fields are tracked.
    pub(super) fn settle_history(&mut self, since: usize) -> Result<(), Error> {
        for at in since..self.steps.len() {
            let Some(step) = self.steps.get(at) else {
                break;
            };
            if step.entity.traits.history.is_none() {
                continue;
            }
            let object = self.object(&step.entity)?;
            let (id, before, after) = (step.id, step.before.clone(), Arc::clone(&step.after));
            match (step.change, before) {
                (ChangeType::Create, _) => self.keep(object, id, vec![created()])?,
                (ChangeType::Update, Some(before)) => {
                    let entries = self.differences(object, &before, &after)?;
                    self.keep(object, id, entries)?;
                }
                _ => (),
            }
        }
        Ok(())
    }

    /// The tracked fields that differ, with their values.
    fn differences(
        &mut self,
        object: &Blueprint,
        before: &Row,
        after: &Row,
    ) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        let Some(history) = &object.entity.traits.history else {
            return Ok(entries);
        };
        for (place, field) in history
            .fields
            .iter()
            .filter_map(|name| object.entity.field(name.as_str()))
        {
            let (old, new) = (read(before, Some(place)), read(after, Some(place)));
            if old == new {
                continue;
            }
            let is_reference = field.field_type == FieldType::Reference;
            let mut values = vec![(data_type(field), shown(field, old), shown(field, new))];
            if is_reference {
                values.push(("Text", self.name_of(old)?, self.name_of(new)?));
            }
            entries.extend(values.into_iter().map(|(data_type, old, new)| Entry {
                field: field.history_name().to_owned(),
                data_type: Some(data_type),
                old,
                new,
            }));
        }
        Ok(entries)
    }

    fn keep(
        &mut self,
        object: &Blueprint,
        record: RecordId,
        entries: Vec<Entry>,
    ) -> Result<(), Error> {
        let Some(history) = &object.entity.traits.history else {
            return Ok(());
        };
        let kept = self.named(history.object.as_str())?;
        for entry in entries {
            let id = self.numbers.record_id(kept.entity.key_prefix);
            let data_type = entry.data_type.map_or(Value::Null, text);
            let values = vec![
                (history.parent.as_str(), Value::Id(record)),
                ("Field", Value::Text(entry.field)),
                ("DataType", data_type),
                ("OldValue", entry.old),
                ("NewValue", entry.new),
            ];
            self.put_new(kept, id, values);
        }
        Ok(())
    }

    /// The name of the record that a reference leads to.
    fn name_of(&mut self, reference: &Value) -> Result<Value, Error> {
        let object = reference
            .as_id()
            .and_then(|id| Some((id, self.blueprints.with_prefix(id.prefix())?)));
        let Some((id, object)) = object else {
            return Ok(Value::Null);
        };
        let name = object
            .entity
            .fields
            .iter()
            .position(|field| field.name_field);
        let row = self.workspace.row(object, id)?;
        Ok(row.map_or(Value::Null, |row| read(&row, name).clone()))
    }
}

/// A new record has one entry, without values.
fn created() -> Entry {
    Entry {
        field: "created".to_owned(),
        data_type: None,
        old: Value::Null,
        new: Value::Null,
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A value as text; long texts and several choices are only said to have changed.
fn shown(field: &FieldDefinition, value: &Value) -> Value {
    if field.is_long_text() || field.field_type == FieldType::MultiPicklist {
        return Value::Null;
    }
    let text = match value {
        Value::Null => return Value::Null,
        Value::Boolean(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Text(text) => text.chars().take(limits::HISTORY_CHARACTERS_MAX).collect(),
        Value::Id(id) => id.to_string(),
        Value::Date(day) => day.to_string(),
        Value::DateTime(point) => {
            let day = Date::of(*point);
            let time = time_of_day(point.since(day.midnight()));
            format!("{day}T{time}+0000")
        }
        Value::Time(millis) => format!("{}Z", time_of_day(i64::from(*millis))),
    };
    Value::Text(text)
}

/// The values of the field `DataType`.
fn data_type(field: &FieldDefinition) -> &'static str {
    match field.field_type {
        FieldType::Boolean => "Boolean",
        FieldType::Currency => "Currency",
        FieldType::Date => "DateOnly",
        FieldType::DateTime => "DateTime",
        FieldType::Double | FieldType::Int | FieldType::Long => "Double",
        FieldType::Email => "Email",
        FieldType::EncryptedString => "EncryptedText",
        FieldType::Id | FieldType::Reference if field.is_record_type() => "RecordType",
        FieldType::Id | FieldType::Reference => "EntityId",
        FieldType::MultiPicklist => "MultiEnum",
        FieldType::Percent => "Percent",
        FieldType::Phone => "Phone",
        FieldType::Picklist => "DynamicEnum",
        FieldType::TextArea if field.is_long_text() => "StringPlusClob",
        FieldType::TextArea => "MultiLineText",
        FieldType::Time => "TimeOnly",
        FieldType::Url => "Url",
        FieldType::Address
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::Combobox
        | FieldType::Complex
        | FieldType::JunctionIdList
        | FieldType::Location
        | FieldType::PersonName
        | FieldType::String => "Text",
    }
}

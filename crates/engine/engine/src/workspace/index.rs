//! Which records of a group may hold a value: without it, every look by value would go through all of the group.
//!
//! It only grows: a record stays listed under every value that it had in the group, and callers compare again. So
//! nothing has to be taken out when a command is rolled back.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use landfall_model::{KeyPrefix, RecordId, Row, Value};

/// A field of an object.
pub(crate) type Field = (KeyPrefix, usize);

/// Filled for a field when it is first asked for.
#[derive(Default)]
pub(crate) struct Index {
    fields: HashMap<Field, HashMap<u64, Vec<RecordId>>>,
}

impl Index {
    /// The records that may hold the value, each once. `present` lists what the group has when the field is first asked
    /// for.
    pub(crate) fn candidates<'v, I>(
        &mut self,
        field: Field,
        value: &Value,
        present: impl FnOnce() -> I,
    ) -> Vec<RecordId>
    where
        I: Iterator<Item = (RecordId, &'v Value)>,
    {
        let by_value = self.fields.entry(field).or_insert_with(|| {
            let mut by_value: HashMap<u64, Vec<RecordId>> = HashMap::new();
            for (id, value) in present() {
                by_value.entry(digest(value)).or_default().push(id);
            }
            by_value
        });
        let Some(listed) = by_value.get_mut(&digest(value)) else {
            return Vec::new();
        };
        listed.sort_unstable();
        listed.dedup();
        listed.clone()
    }

    /// Lists a record under what a row of it holds.
    pub(crate) fn add(&mut self, id: RecordId, row: &Row) {
        for ((prefix, place), by_value) in &mut self.fields {
            if *prefix == id.prefix() {
                let value = row.get(*place).unwrap_or(&Value::Null);
                by_value.entry(digest(value)).or_default().push(id);
            }
        }
    }
}

/// The same for values that a store may take for equal: letter case never counts here.
pub(super) fn digest(value: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    match value {
        Value::Null => {}
        Value::Boolean(truth) => truth.hash(&mut hasher),
        Value::Integer(number) => number.hash(&mut hasher),
        // Adding zero takes the sign from a zero.
        Value::Double(number) => (number + 0.0).to_bits().hash(&mut hasher),
        Value::Text(text) => {
            for byte in text.bytes() {
                hasher.write_u8(byte.to_ascii_lowercase());
            }
        }
        Value::Id(id) => id.hash(&mut hasher),
        Value::Date(day) => day.hash(&mut hasher),
        Value::DateTime(point) => point.hash(&mut hasher),
        Value::Time(millis) => millis.hash(&mut hasher),
    }
    hasher.finish()
}

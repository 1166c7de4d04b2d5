//! From a header and a row to Avro bytes.

use landfall_model::{ChangeEventHeader, FieldBits, Value};

use crate::shape::{Compound, EventField, Scalar, Shape};
use crate::{Error, EventSchema, Slot, bitmap};

/// Where the value of a field comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// Nowhere: the value is null.
    Absent,
    /// One value of the row.
    Row(usize),
    /// One value of the row for each component that the object has.
    Components(Vec<Option<usize>>),
    /// Text, unless one of the components has a value.
    TextOrComponents {
        text: usize,
        parts: Vec<Option<usize>>,
    },
    /// Checkboxes: index in the row, and the name that represents a set one.
    Names(Vec<(usize, String)>),
}

/// Which values of the row an event carries; the others are null in it.
#[derive(Clone, Copy, Debug)]
pub enum Inclusion<'a> {
    /// All of them: a create or an undelete.
    All,
    /// All but these.
    Except(&'a FieldBits),
    /// Only these: the changed fields of an update.
    Only(&'a FieldBits),
    /// None: a delete or a gap event.
    Nothing,
}

impl Inclusion<'_> {
    fn field(self, position: usize) -> bool {
        match self {
            Self::All => true,
            Self::Except(bits) => !bits.contains(position),
            Self::Only(bits) => bits.contains(position),
            Self::Nothing => false,
        }
    }

    fn components(self, position: usize) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::Except(bits) => !bits.components(position),
            Self::Only(bits) => bits.components(position),
            Self::Nothing => 0,
        }
    }
}

/// Where each value of a row goes.
pub(crate) fn slots(sources: &[Source]) -> Vec<Option<Slot>> {
    let mut slots = Vec::new();
    let mut put = |index: usize, slot| {
        if slots.len() <= index {
            slots.resize(index + 1, None);
        }
        if let Some(entry) = slots.get_mut(index) {
            *entry = Some(slot);
        }
    };
    for (position, source) in sources.iter().enumerate() {
        let component = None;
        match source {
            Source::Absent => (),
            Source::Row(index) => put(
                *index,
                Slot {
                    position,
                    component,
                },
            ),
            Source::Components(parts) => components(position, parts, &mut put),
            Source::TextOrComponents { text, parts } => {
                put(
                    *text,
                    Slot {
                        position,
                        component,
                    },
                );
                components(position, parts, &mut put);
            }
            Source::Names(members) => {
                for (index, _) in members {
                    put(
                        *index,
                        Slot {
                            position,
                            component,
                        },
                    );
                }
            }
        }
    }
    slots
}

fn components(position: usize, parts: &[Option<usize>], put: &mut impl FnMut(usize, Slot)) {
    for (place, index) in parts.iter().enumerate() {
        if let Some(index) = index {
            let component = Some(place);
            put(
                *index,
                Slot {
                    position,
                    component,
                },
            );
        }
    }
}

/// Whether one of these values of a row is not null.
fn has_any(parts: &[Option<usize>], row: &[Value]) -> bool {
    let values = parts.iter().filter_map(|index| row.get((*index)?));
    values.into_iter().any(|value| !value.is_null())
}

impl EventSchema {
    /// Where value number `index` of this row goes; `None` if its event does not carry it. A name that is text or a record
    /// has a place for what it is in this row.
    pub fn slot_in(&self, index: usize, row: &[Value]) -> Option<Slot> {
        let slot = self.slot_of(index)?;
        match self.sources.get(slot.position) {
            Some(Source::TextOrComponents { parts, .. }) => {
                (has_any(parts, row) == slot.component.is_some()).then_some(slot)
            }
            _ => Some(slot),
        }
    }

    /// Encodes a change event: the header, and the values of the row that `include` names.
    ///
    /// Wire: one Avro record without any frame. Source: "Event Deserialization Considerations" (Pub/Sub API).
    ///
    /// # Errors
    /// [`Error::Kind`] if this is no change event's schema, [`Error::Value`] for a value of another type than its field.
    pub fn encode_change(
        &self,
        header: &ChangeEventHeader,
        row: &[Value],
        include: Inclusion<'_>,
    ) -> Result<Vec<u8>, Error> {
        if !self.has_header() {
            return Err(self.wrong_kind());
        }
        let mut out = Vec::with_capacity(512);
        encode_header(&mut out, header);
        self.encode_fields(&mut out, 1, row, include)?;
        Ok(out)
    }

    /// Encodes an event without a header, value by value.
    ///
    /// # Errors
    /// [`Error::Kind`] if this is a change event's schema, [`Error::Value`] for a value of another type than its field.
    pub fn encode_event(&self, row: &[Value]) -> Result<Vec<u8>, Error> {
        if self.has_header() {
            return Err(self.wrong_kind());
        }
        let mut out = Vec::with_capacity(256);
        self.encode_fields(&mut out, 0, row, Inclusion::All)?;
        Ok(out)
    }

    pub(crate) fn wrong_kind(&self) -> Error {
        Error::Kind {
            event: self.name.clone(),
        }
    }

    fn encode_fields(
        &self,
        out: &mut Vec<u8>,
        skipped: usize,
        row: &[Value],
        include: Inclusion<'_>,
    ) -> Result<(), Error> {
        let plan = self
            .fields
            .iter()
            .zip(&self.sources)
            .enumerate()
            .skip(skipped);
        for (position, (field, source)) in plan {
            self.encode_field(out, position, field, source, row, include)?;
        }
        Ok(())
    }

    fn encode_field(
        &self,
        out: &mut Vec<u8>,
        position: usize,
        field: &EventField,
        source: &Source,
        row: &[Value],
        include: Inclusion<'_>,
    ) -> Result<(), Error> {
        match (&field.shape, source) {
            (Shape::Compound(compound), Source::Components(parts)) => {
                return self.encode_compound(
                    out,
                    compound,
                    parts,
                    row,
                    (include.components(position), 2),
                );
            }
            (Shape::TextOrCompound(compound), Source::TextOrComponents { parts, .. })
                if has_any(parts, row) =>
            {
                let included = include.components(position);
                return self.encode_compound(out, compound, parts, row, (included, 4));
            }
            (Shape::Names, Source::Names(members)) if include.field(position) => {
                encode_names(out, members, row);
                return Ok(());
            }
            _ => (),
        }
        let value = match source {
            Source::Row(index) | Source::TextOrComponents { text: index, .. }
                if include.field(position) =>
            {
                row.get(*index).unwrap_or(&Value::Null)
            }
            _ => &Value::Null,
        };
        match (&field.shape, value) {
            (Shape::Required(scalar), value) => {
                self.encode_scalar(out, &field.name, *scalar, value)
            }
            (_, Value::Null) => {
                out.push(0);
                Ok(())
            }
            (Shape::Optional(scalar), value) => {
                out.push(2);
                self.encode_scalar(out, &field.name, *scalar, value)
            }
            (Shape::TextOrCompound(_), value) => {
                out.push(2);
                self.encode_scalar(out, &field.name, Scalar::Text, value)
            }
            (Shape::Header | Shape::Names | Shape::Compound(_), _) => Err(self.misfit(&field.name)),
        }
    }

    /// Writes a compound as this branch of its union; null if none of the included components has a value.
    fn encode_compound(
        &self,
        out: &mut Vec<u8>,
        compound: &Compound,
        parts: &[Option<usize>],
        row: &[Value],
        (included, branch): (u64, u8),
    ) -> Result<(), Error> {
        let value_of = |place: usize, index: &Option<usize>| {
            let included = u32::try_from(place)
                .ok()
                .and_then(|place| included.checked_shr(place));
            match index {
                Some(index) if included.is_some_and(|bits| bits & 1 == 1) => row.get(*index),
                _ => None,
            }
            .unwrap_or(&Value::Null)
        };
        if parts
            .iter()
            .enumerate()
            .all(|(place, index)| value_of(place, index).is_null())
        {
            out.push(0);
            return Ok(());
        }
        out.push(branch);
        for (place, (index, part)) in parts.iter().zip(&compound.components).enumerate() {
            match value_of(place, index) {
                Value::Null => out.push(0),
                value => {
                    out.push(2);
                    self.encode_scalar(out, &part.name, part.scalar, value)?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn encode_scalar(
        &self,
        out: &mut Vec<u8>,
        name: &str,
        scalar: Scalar,
        value: &Value,
    ) -> Result<(), Error> {
        match (scalar, value) {
            (Scalar::Boolean, Value::Boolean(truth)) => out.push(u8::from(*truth)),
            (Scalar::Int, Value::Integer(number)) if i32::try_from(*number).is_ok() => {
                long(out, *number);
            }
            (Scalar::Long, Value::Integer(number)) => long(out, *number),
            (Scalar::Double, Value::Double(number)) => out.extend_from_slice(&number.to_le_bytes()),
            (Scalar::Double, Value::Integer(number)) => match i32::try_from(*number) {
                Ok(number) => out.extend_from_slice(&f64::from(number).to_le_bytes()),
                Err(_) => return Err(self.misfit(name)),
            },
            (Scalar::Text, Value::Text(content)) => text(out, content),
            (Scalar::Text, Value::Id(id)) => text(out, id.as_str()),
            (Scalar::Date, Value::Date(day)) => long(out, day.midnight().as_millis()),
            (Scalar::DateTime | Scalar::Long, Value::DateTime(point)) => {
                long(out, point.as_millis());
            }
            (Scalar::Time, Value::Time(millis)) => long(out, i64::from(*millis)),
            _ => return Err(self.misfit(name)),
        }
        Ok(())
    }

    pub(crate) fn misfit(&self, field: &str) -> Error {
        Error::Value {
            event: self.name.clone(),
            field: field.to_owned(),
        }
    }
}

/// The bytes that a change event with this header begins with; those of its fields follow.
pub fn header_bytes(header: &ChangeEventHeader) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    encode_header(&mut out, header);
    out
}

/// Writes the header; it is not nullable.
pub(crate) fn encode_header(out: &mut Vec<u8>, header: &ChangeEventHeader) {
    text(out, header.entity_name.as_str());
    texts(out, &header.record_ids);
    long(out, i64::from(header.change_type.ordinal()));
    text(out, &header.change_origin);
    text(out, &header.transaction_key.to_string());
    long(out, i64::from(header.sequence_number));
    long(out, header.commit_timestamp.as_millis());
    long(
        out,
        i64::try_from(header.commit_number.get()).unwrap_or(i64::MAX),
    );
    text(out, header.commit_user.as_str());
    for bits in [
        &header.nulled_fields,
        &header.diff_fields,
        &header.changed_fields,
    ] {
        texts(out, &bitmap::encode(bits));
    }
}

/// Writes the names of the checkboxes that are set.
fn encode_names(out: &mut Vec<u8>, members: &[(usize, String)], row: &[Value]) {
    let names: Vec<&str> = members
        .iter()
        .filter(|(index, _)| matches!(row.get(*index), Some(Value::Boolean(true))))
        .map(|(_, name)| name.as_str())
        .collect();
    out.push(2);
    texts(out, &names);
}

/// Writes an array in one block.
pub(crate) fn texts(out: &mut Vec<u8>, items: &[impl AsRef<str>]) {
    if !items.is_empty() {
        length(out, items.len());
        for item in items {
            text(out, item.as_ref());
        }
    }
    out.push(0);
}

pub(crate) fn text(out: &mut Vec<u8>, content: &str) {
    length(out, content.len());
    out.extend_from_slice(content.as_bytes());
}

pub(crate) fn length(out: &mut Vec<u8>, count: usize) {
    long(out, i64::try_from(count).unwrap_or(i64::MAX));
}

/// Writes a whole number: zigzag, then seven bits a byte, lowest first. `int` and `long` look alike.
pub(crate) fn long(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)).cast_unsigned();
    while rest > 0x7f {
        out.push(low_seven(rest) | 0x80);
        rest >>= 7;
    }
    out.push(low_seven(rest));
}

fn low_seven(bits: u64) -> u8 {
    u8::try_from(bits & 0x7f).unwrap_or_default()
}

//! What can be known of an event's JSON before there is an event: its keys, ready to be written.

use landfall_model::{FieldBits, bit_places};

use crate::decode::DecodeError;
use crate::shape::EventField;

/// Bytes that are written at once.
pub(crate) const BLOCK: usize = 32;

/// The keys of a schema, made when it is rendered for the first time.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// By position.
    pub(crate) keys: Vec<Keys>,
    /// From here on all fields can be null.
    pub(crate) nullable_from: usize,
}

/// The keys of a field and of its components.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) field: Key,
    pub(crate) components: Vec<Key>,
}

/// The text before a value: `,"Name":`.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Its beginning, which is all of it for most names. Bytes whose number is known are written without a call.
    block: [u8; BLOCK],
    length: usize,
    rest: Box<[u8]>,
}

impl Plan {
    pub(crate) fn new(fields: &[EventField]) -> Self {
        let last = fields.iter().rposition(|field| !field.shape.is_nullable());
        Self {
            keys: fields.iter().map(Keys::new).collect(),
            nullable_from: last.map_or(0, |last| last + 1),
        }
    }

    /// Writes the names of a field set: top-level fields in schema order, then components as `Compound.Component`.
    ///
    /// # Errors
    /// [`DecodeError::Bitmap`] if the set names what the schema does not have.
    pub(crate) fn write_names(
        &self,
        bits: &FieldBits,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        if bits.is_empty() {
            out.extend_from_slice(b"[]");
            return Ok(());
        }
        let start = out.len();
        for position in bits.top() {
            let keys = self.keys.get(position).ok_or(DecodeError::Bitmap)?;
            keys.field.write_name(out);
        }
        for (position, components) in bits.nested() {
            let keys = self.keys.get(position).ok_or(DecodeError::Bitmap)?;
            for place in bit_places(components) {
                let part = keys.components.get(place).ok_or(DecodeError::Bitmap)?;
                keys.field.write_name(out);
                part.join_name(out);
            }
        }
        // The first name came with a comma, too.
        if let Some(first) = out.get_mut(start) {
            *first = b'[';
        }
        out.push(b']');
        Ok(())
    }
}

impl Keys {
    fn new(field: &EventField) -> Self {
        let compound = field.shape.compound();
        let parts = compound.map_or(&[][..], |compound| &compound.components);
        Self {
            field: Key::new(&field.name),
            components: parts.iter().map(|part| Key::new(&part.name)).collect(),
        }
    }
}

impl Key {
    /// Names need no escape, `shape::check` has seen to it.
    fn new(name: &str) -> Self {
        let text = format!(",\"{name}\":").into_bytes();
        let (front, rest) = text.split_at(text.len().min(BLOCK));
        let mut block = [0; BLOCK];
        for (to, from) in block.iter_mut().zip(front) {
            *to = *from;
        }
        Self {
            block,
            length: front.len(),
            rest: rest.into(),
        }
    }

    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let end = out.len() + self.length;
        out.extend_from_slice(&self.block);
        out.truncate(end);
        if !self.rest.is_empty() {
            out.extend_from_slice(&self.rest);
        }
    }

    /// Writes the name as a value: `,"Name"`.
    fn write_name(&self, out: &mut Vec<u8>) {
        self.write(out);
        out.pop();
    }

    /// Appends the name to one that has been written: `,"Compound.Name"`.
    fn join_name(&self, out: &mut Vec<u8>) {
        out.pop();
        let end = out.len();
        self.write_name(out);
        // The comma and the quote before the name.
        drop(out.splice(end..end + 2, *b"."));
    }
}

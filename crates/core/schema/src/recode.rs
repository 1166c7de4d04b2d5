//! From a payload that was read and altered back to Avro bytes, whatever made it: the schema need not know rows.

use crate::decode::{DecodedEvent, FieldValue};
use crate::encode::{encode_header, texts};
use crate::shape::{Compound, EventField, Scalar, Shape};
use crate::{Error, EventSchema};

impl EventSchema {
    /// Encodes an event of this schema as it was read by [`Self::decode`], or altered since.
    ///
    /// # Errors
    /// [`Error::Kind`] for a header where there is none, or the other way round; [`Error::Value`] for a value of another
    /// type than its field.
    pub fn encode_decoded(&self, event: &DecodedEvent) -> Result<Vec<u8>, Error> {
        let mut out = Vec::with_capacity(512);
        if event.header.is_some() != self.has_header() {
            return Err(self.wrong_kind());
        }
        for (position, field) in self.fields.iter().enumerate() {
            if let (Shape::Header, Some(header)) = (&field.shape, &event.header) {
                encode_header(&mut out, header);
            } else {
                let value = event.fields.get(position).unwrap_or(&FieldValue::Null);
                self.encode_value(&mut out, field, value)?;
            }
        }
        Ok(out)
    }

    fn encode_value(
        &self,
        out: &mut Vec<u8>,
        field: &EventField,
        value: &FieldValue,
    ) -> Result<(), Error> {
        match (&field.shape, value) {
            (Shape::Required(scalar), FieldValue::Plain(value)) => {
                self.encode_scalar(out, &field.name, *scalar, value)
            }
            (Shape::Header | Shape::Required(_), _) => Err(self.misfit(&field.name)),
            (_, FieldValue::Null) => {
                out.push(0);
                Ok(())
            }
            (Shape::Optional(scalar), FieldValue::Plain(value)) => {
                out.push(2);
                self.encode_scalar(out, &field.name, *scalar, value)
            }
            (Shape::TextOrCompound(_), FieldValue::Plain(value)) => {
                out.push(2);
                self.encode_scalar(out, &field.name, Scalar::Text, value)
            }
            (Shape::Names, FieldValue::Names(names)) => {
                out.push(2);
                texts(out, names);
                Ok(())
            }
            (Shape::Compound(compound), FieldValue::Compound(values)) => {
                out.push(2);
                self.encode_parts(out, compound, values)
            }
            (Shape::TextOrCompound(compound), FieldValue::Compound(values)) => {
                out.push(4);
                self.encode_parts(out, compound, values)
            }
            _ => Err(self.misfit(&field.name)),
        }
    }

    fn encode_parts(
        &self,
        out: &mut Vec<u8>,
        compound: &Compound,
        values: &[landfall_model::Value],
    ) -> Result<(), Error> {
        for (place, part) in compound.components.iter().enumerate() {
            match values.get(place).filter(|value| !value.is_null()) {
                None => out.push(0),
                Some(value) => {
                    out.push(2);
                    self.encode_scalar(out, &part.name, part.scalar, value)?;
                }
            }
        }
        Ok(())
    }
}

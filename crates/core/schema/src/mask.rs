//! A payload without what its reader may not see: still one record of its schema.

use crate::EventSchema;
use crate::decode::{DecodeError, HeaderView, Reader};
use crate::encode::encode_header;
use crate::shape::Shape;

impl EventSchema {
    /// The payload with the top-level fields at `hidden` set to null; the header does not name them any more.
    ///
    /// A field that is never null stays as it is: no field that can be hidden is one.
    /// Source: "Field-Level Security" (Change Data Capture Developer Guide); none for the header.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly one record of this schema.
    pub fn without(&self, payload: &[u8], hidden: &[usize]) -> Result<Vec<u8>, DecodeError> {
        let mut reader = Reader::new(payload);
        let mut masked = Vec::with_capacity(payload.len());
        for (position, field) in self.fields.iter().enumerate() {
            if let Shape::Header = &field.shape {
                let mut header = HeaderView::read(&mut reader)?.into_header()?;
                for bits in [
                    &mut header.nulled_fields,
                    &mut header.diff_fields,
                    &mut header.changed_fields,
                ] {
                    for hidden in hidden {
                        bits.remove(*hidden);
                    }
                }
                encode_header(&mut masked, &header);
                continue;
            }
            let bytes = reader.skipped(&field.shape)?;
            if hidden.contains(&position) && field.shape.is_nullable() {
                masked.push(0);
            } else {
                masked.extend_from_slice(bytes);
            }
        }
        reader.finish()?;
        Ok(masked)
    }
}

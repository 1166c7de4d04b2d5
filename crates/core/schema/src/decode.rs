//! From Avro bytes back to values. Every length that the bytes claim is checked before it is used.

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, EntityName, FieldBits, RecordId, Timestamp,
    TransactionKey, Value,
};
use thiserror::Error;

use crate::shape::{Compound, Scalar, Shape};
use crate::{EventSchema, bitmap};

/// Why bytes are not a payload of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes end inside a value.
    #[error("the payload ends inside a value")]
    Truncated,
    /// Bytes are left after the last field.
    #[error("the payload goes on after its last field")]
    Trailing,
    /// A number that its type cannot hold.
    #[error("the payload has a number beyond its type")]
    Number,
    /// A union branch or an enum symbol that does not exist.
    #[error("the payload names a branch or a symbol that the schema does not have")]
    Branch,
    /// Text that is not UTF-8.
    #[error("the payload has text that is not UTF-8")]
    Text,
    /// A field bitmap that is malformed or names a field that the schema does not have.
    #[error("the payload has a field bitmap that does not fit the schema")]
    Bitmap,
    /// A header field whose text is not of its form.
    #[error("the payload has a malformed header field")]
    Header,
}

/// The value of a top-level field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// No value; also at the header's position.
    Null,
    /// One value; ids are text.
    Plain(Value),
    /// The names that are on.
    Names(Vec<String>),
    /// One value for each component.
    Compound(Vec<Value>),
}

/// A payload, read in full.
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedEvent {
    /// The header, if it is a change event.
    pub header: Option<ChangeEventHeader>,
    /// The values by position.
    pub fields: Vec<FieldValue>,
}

impl EventSchema {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly one record of this schema.
    pub fn decode(&self, payload: &[u8]) -> Result<DecodedEvent, DecodeError> {
        let mut reader = Reader::new(payload);
        let mut header = None;
        let mut fields = Vec::with_capacity(self.fields.len());
        for field in &self.fields {
            fields.push(match &field.shape {
                Shape::Header => {
                    header = Some(HeaderView::read(&mut reader)?.into_header()?);
                    FieldValue::Null
                }
                Shape::Required(scalar) => FieldValue::Plain(reader.scalar(*scalar)?.into_value()?),
                Shape::Optional(scalar) => match reader.branch(2)? {
                    0 => FieldValue::Null,
                    _ => FieldValue::Plain(reader.scalar(*scalar)?.into_value()?),
                },
                Shape::Names => match reader.branch(2)? {
                    0 => FieldValue::Null,
                    _ => FieldValue::Names(
                        reader
                            .texts()?
                            .into_iter()
                            .map(RawText::owned)
                            .collect::<Result<_, _>>()?,
                    ),
                },
                Shape::Compound(compound) => match reader.branch(2)? {
                    0 => FieldValue::Null,
                    _ => reader.compound(compound)?,
                },
                Shape::TextOrCompound(compound) => match reader.branch(3)? {
                    0 => FieldValue::Null,
                    1 => FieldValue::Plain(Value::Text(reader.text()?.owned()?)),
                    _ => reader.compound(compound)?,
                },
            });
        }
        reader.finish()?;
        Ok(DecodedEvent { header, fields })
    }
}

/// A text as it lies in the payload, not looked at.
#[derive(Clone, Copy)]
pub(crate) struct RawText<'a> {
    /// The payload from the text on, so that its first bytes can be copied without asking how many they are.
    pub(crate) ahead: &'a [u8],
    /// Not longer than what lies ahead.
    pub(crate) length: usize,
}

impl<'a> RawText<'a> {
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.ahead.get(..self.length).unwrap_or_default()
    }

    pub(crate) fn read(self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()).map_err(|_| DecodeError::Text)
    }

    fn owned(self) -> Result<String, DecodeError> {
        self.read().map(str::to_owned)
    }
}

/// A value as it lies in the payload.
#[derive(Clone, Copy)]
pub(crate) enum RawScalar<'a> {
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(RawText<'a>),
    Date(i64),
    DateTime(i64),
    Time(i64),
}

impl RawScalar<'_> {
    fn into_value(self) -> Result<Value, DecodeError> {
        Ok(match self {
            Self::Boolean(truth) => Value::Boolean(truth),
            Self::Integer(number) => Value::Integer(number),
            Self::Double(number) => Value::Double(number),
            Self::Text(text) => Value::Text(text.owned()?),
            Self::Date(millis) => Value::Date(Date::of(Timestamp::from_millis(millis))),
            Self::DateTime(millis) => Value::DateTime(Timestamp::from_millis(millis)),
            Self::Time(millis) => {
                Value::Time(i32::try_from(millis).map_err(|_| DecodeError::Number)?)
            }
        })
    }
}

/// The header as it lies in the payload.
pub(crate) struct HeaderView<'a> {
    pub(crate) entity_name: RawText<'a>,
    pub(crate) record_ids: Vec<RawText<'a>>,
    pub(crate) change_type: ChangeType,
    pub(crate) change_origin: RawText<'a>,
    pub(crate) transaction_key: RawText<'a>,
    pub(crate) sequence_number: i32,
    pub(crate) commit_timestamp: i64,
    pub(crate) commit_number: i64,
    pub(crate) commit_user: RawText<'a>,
    pub(crate) nulled_fields: FieldBits,
    pub(crate) diff_fields: FieldBits,
    pub(crate) changed_fields: FieldBits,
}

impl<'a> HeaderView<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            entity_name: reader.text()?,
            record_ids: reader.texts()?,
            change_type: reader.change_type()?,
            change_origin: reader.text()?,
            transaction_key: reader.text()?,
            sequence_number: reader.int()?,
            commit_timestamp: reader.long()?,
            commit_number: reader.long()?,
            commit_user: reader.text()?,
            nulled_fields: reader.bits()?,
            diff_fields: reader.bits()?,
            changed_fields: reader.bits()?,
        })
    }

    pub(crate) fn into_header(self) -> Result<ChangeEventHeader, DecodeError> {
        Ok(ChangeEventHeader {
            entity_name: EntityName::new(self.entity_name.read()?),
            record_ids: self
                .record_ids
                .into_iter()
                .map(RawText::owned)
                .collect::<Result<_, _>>()?,
            change_type: self.change_type,
            change_origin: self.change_origin.owned()?,
            transaction_key: TransactionKey::parse(self.transaction_key.read()?)
                .ok_or(DecodeError::Header)?,
            sequence_number: self.sequence_number,
            commit_timestamp: Timestamp::from_millis(self.commit_timestamp),
            commit_number: u64::try_from(self.commit_number)
                .map(CommitNumber::new)
                .map_err(|_| DecodeError::Header)?,
            commit_user: RecordId::parse(self.commit_user.read()?)
                .map_err(|_| DecodeError::Header)?,
            nulled_fields: self.nulled_fields,
            diff_fields: self.diff_fields,
            changed_fields: self.changed_fields,
        })
    }
}

/// Bytes of the longest `long` of Avro: seven bits each.
const LONG_BYTES: usize = 10;

/// Takes values off the front of the bytes.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Checks that nothing is left.
    pub(crate) const fn finish(&self) -> Result<(), DecodeError> {
        if self.bytes.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing)
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (front, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(front)
    }

    fn byte(&mut self) -> Result<u8, DecodeError> {
        let (&byte, rest) = self.bytes.split_first().ok_or(DecodeError::Truncated)?;
        self.bytes = rest;
        Ok(byte)
    }

    /// Whether a zero comes next: a null in the first branch of a union, or an array of nothing.
    pub(crate) const fn is_zero(&self) -> bool {
        matches!(self.bytes, [0, ..])
    }

    /// Takes the zeros that come next, so many at most; says how many they were.
    pub(crate) fn skip_zeros(&mut self, most: usize) -> usize {
        let front = self.bytes.get(..most).unwrap_or(self.bytes);
        let mut zeros = 0;
        // Nulls come in long runs: eight at a time.
        while let Some(eight) = front.get(zeros..).and_then(<[u8]>::first_chunk) {
            let bits = u64::from_le_bytes(*eight);
            if bits != 0 {
                zeros += bits.trailing_zeros() as usize / 8;
                break;
            }
            zeros += 8;
        }
        let rest = front.get(zeros..).unwrap_or_default().iter();
        zeros += rest.take_while(|byte| **byte == 0).count();
        self.bytes = self.bytes.get(zeros..).unwrap_or_default();
        zeros
    }

    #[inline]
    pub(crate) fn long(&mut self) -> Result<i64, DecodeError> {
        // Most numbers are branches and short lengths.
        match self.bytes.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.bytes = rest;
                Ok(i64::from(byte >> 1) ^ -i64::from(byte & 1))
            }
            _ => self.long_of_several_bytes(),
        }
    }

    #[inline(never)]
    fn long_of_several_bytes(&mut self) -> Result<i64, DecodeError> {
        if let Some(number) = self.long_of_eight_bytes() {
            return Ok(number);
        }
        let mut bits: u64 = 0;
        for (place, byte) in self.bytes.iter().enumerate().take(LONG_BYTES) {
            bits |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                // The last byte of the longest number has one bit left.
                if place + 1 == LONG_BYTES && *byte > 1 {
                    return Err(DecodeError::Number);
                }
                self.bytes = self.bytes.get(place + 1..).unwrap_or_default();
                return Ok((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed());
            }
        }
        Err(if self.bytes.len() < LONG_BYTES {
            DecodeError::Truncated
        } else {
            DecodeError::Number
        })
    }

    /// Takes a number of up to eight bytes that at least as many follow: as one word, whose bytes have seven bits each.
    fn long_of_eight_bytes(&mut self) -> Option<i64> {
        let word = u64::from_le_bytes(*self.bytes.first_chunk()?);
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return None;
        }
        // The highest bit of the last byte is the lowest of those that are not set.
        let bytes = ends.trailing_zeros() / 8 + 1;
        let word = word & (u64::MAX >> (64 - 8 * bytes)) & 0x7f7f_7f7f_7f7f_7f7f;
        let word = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
        let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x3fff_0000_3fff_0000) >> 2);
        let bits = (word & 0x0fff_ffff) | ((word & 0x0fff_ffff_0000_0000) >> 4);
        self.bytes = self.bytes.get(bytes as usize..)?;
        Some((bits >> 1).cast_signed() ^ -(bits & 1).cast_signed())
    }

    pub(crate) fn int(&mut self) -> Result<i32, DecodeError> {
        i32::try_from(self.long()?).map_err(|_| DecodeError::Number)
    }

    pub(crate) fn change_type(&mut self) -> Result<ChangeType, DecodeError> {
        let ordinal = u64::try_from(self.int()?).ok();
        let kind = ordinal.and_then(ChangeType::from_ordinal);
        kind.ok_or(DecodeError::Branch)
    }

    /// The branch of a union of `count`.
    #[inline]
    pub(crate) fn branch(&mut self, count: i64) -> Result<i64, DecodeError> {
        let branch = self.long()?;
        if (0..count).contains(&branch) {
            Ok(branch)
        } else {
            Err(DecodeError::Branch)
        }
    }

    #[inline]
    pub(crate) fn text(&mut self) -> Result<RawText<'a>, DecodeError> {
        let length = usize::try_from(self.long()?).map_err(|_| DecodeError::Number)?;
        let ahead = self.bytes;
        self.bytes = ahead.get(length..).ok_or(DecodeError::Truncated)?;
        Ok(RawText { ahead, length })
    }

    /// An array of texts.
    pub(crate) fn texts(&mut self) -> Result<Vec<RawText<'a>>, DecodeError> {
        let mut items = Vec::new();
        self.each_text(|text| {
            items.push(text);
            Ok(())
        })?;
        Ok(items)
    }

    /// Passes on the texts of an array, which may have any number of blocks. A text takes at least one byte, which bounds
    /// the loop.
    pub(crate) fn each_text(
        &mut self,
        mut pass: impl FnMut(RawText<'a>) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                // The size of the block, for readers that skip it, follows a negated count.
                count = count.checked_neg().ok_or(DecodeError::Number)?;
                self.long()?;
            }
            for _ in 0..count {
                pass(self.text()?)?;
            }
        }
    }

    pub(crate) fn bits(&mut self) -> Result<FieldBits, DecodeError> {
        if self.skip_zeros(1) == 1 {
            // No texts, as in most events.
            return Ok(FieldBits::default());
        }
        let mut bits = FieldBits::default();
        self.each_text(|text| bitmap::add(&mut bits, text.read()?).ok_or(DecodeError::Bitmap))?;
        Ok(bits)
    }

    #[inline]
    pub(crate) fn scalar(&mut self, scalar: Scalar) -> Result<RawScalar<'a>, DecodeError> {
        Ok(match scalar {
            Scalar::Boolean => match self.byte()? {
                0 => RawScalar::Boolean(false),
                1 => RawScalar::Boolean(true),
                _ => return Err(DecodeError::Branch),
            },
            Scalar::Int => RawScalar::Integer(i64::from(self.int()?)),
            Scalar::Long => RawScalar::Integer(self.long()?),
            Scalar::Double => {
                let bytes = self
                    .take(8)?
                    .try_into()
                    .map_err(|_| DecodeError::Truncated)?;
                RawScalar::Double(f64::from_le_bytes(bytes))
            }
            Scalar::Text => RawScalar::Text(self.text()?),
            Scalar::Date => RawScalar::Date(self.long()?),
            Scalar::DateTime => RawScalar::DateTime(self.long()?),
            Scalar::Time => RawScalar::Time(self.long()?),
        })
    }

    /// A nullable value, as components are.
    pub(crate) fn optional(
        &mut self,
        scalar: Scalar,
    ) -> Result<Option<RawScalar<'a>>, DecodeError> {
        match self.branch(2)? {
            0 => Ok(None),
            _ => self.scalar(scalar).map(Some),
        }
    }

    /// Takes a value of this kind without looking at it, and gives its bytes. The header is no such value.
    pub(crate) fn skipped(&mut self, shape: &Shape) -> Result<&'a [u8], DecodeError> {
        let before = self.bytes;
        match shape {
            Shape::Header => drop(HeaderView::read(self)?),
            Shape::Required(scalar) => drop(self.scalar(*scalar)?),
            Shape::Optional(scalar) => drop(self.optional(*scalar)?),
            Shape::Names => {
                if self.branch(2)? != 0 {
                    self.texts()?;
                }
            }
            Shape::Compound(compound) => {
                if self.branch(2)? != 0 {
                    self.skip_compound(compound)?;
                }
            }
            Shape::TextOrCompound(compound) => match self.branch(3)? {
                0 => {}
                1 => drop(self.text()?),
                _ => self.skip_compound(compound)?,
            },
        }
        let taken = before.len() - self.bytes.len();
        before.get(..taken).ok_or(DecodeError::Truncated)
    }

    fn skip_compound(&mut self, compound: &Compound) -> Result<(), DecodeError> {
        let mut parts = compound.components.iter();
        parts.try_for_each(|part| self.optional(part.scalar).map(drop))
    }

    fn compound(&mut self, compound: &Compound) -> Result<FieldValue, DecodeError> {
        compound
            .components
            .iter()
            .map(|part| {
                self.optional(part.scalar)?
                    .map_or(Ok(Value::Null), RawScalar::into_value)
            })
            .collect::<Result<_, _>>()
            .map(FieldValue::Compound)
    }
}

//! The payload as the Streaming API delivers it, straight from the Avro bytes.

use landfall_model::FieldBits;

use crate::decode::{DecodeError, HeaderView, RawScalar, RawText, Reader};
use crate::shape::{Compound, Scalar, Shape};
use crate::{EventSchema, json};

impl EventSchema {
    /// Appends the JSON of `payload` in a Streaming API message.
    ///
    /// A change event shows what has a value, and what an update set to null; other events show every field.
    /// Wire: compounds as objects with the components that are present or changed; dates as ISO 8601 strings.
    /// Source: "Change Event Body Fields" (Change Data Capture Developer Guide).
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are not exactly one record of this schema; `out` is then cut back.
    pub fn render_cometd(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.render(payload, Form::Streaming, out)
    }

    /// Appends the same JSON with the names of `nulledFields` and `diffFields` too, which only the Pub/Sub API has.
    ///
    /// # Errors
    /// Those of [`Self::render_cometd`].
    pub fn render_pubsub(&self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.render(payload, Form::PubSub, out)
    }

    /// Appends the same JSON as API versions up to 42.0 have it: points in time without a fraction of a second.
    ///
    /// # Errors
    /// Those of [`Self::render_cometd`].
    /// Source: published logs of clients on endpoints up to 42.0.
    pub fn render_cometd_in_seconds(
        &self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        self.render(payload, Form::StreamingInSeconds, out)
    }

    /// Appends the same JSON with only those fields that are to be shown.
    ///
    /// # Errors
    /// Those of [`Self::render_cometd`].
    pub fn render_some(
        &self,
        payload: &[u8],
        shows: impl Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        self.render_shown(payload, Form::Streaming, shows, out)
    }

    fn render(&self, payload: &[u8], form: Form, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        self.render_shown(payload, form, |_| true, out)
    }

    fn render_shown(
        &self,
        payload: &[u8],
        form: Form,
        shows: impl Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let before = out.len();
        out.reserve(payload.len() * 2 + 512);
        let result = self.render_fields(payload, form, shows, out);
        if result.is_err() {
            out.truncate(before);
        }
        result
    }

    fn render_fields(
        &self,
        payload: &[u8],
        form: Form,
        shows: impl Fn(&str) -> bool,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader::new(payload);
        let mut marks = Marks {
            in_seconds: matches!(form, Form::StreamingInSeconds),
            change: None,
        };
        let start = out.len();
        let mut position = 0;
        while let Some((field, key)) = self.fields.get(position).zip(self.keys.get(position)) {
            // Most fields of most events are null and unchanged: nothing is said of them.
            let hidden = self.skip_hidden(position, &marks, &mut reader);
            if hidden > 0 {
                position += hidden;
                continue;
            }
            let field_start = out.len();
            out.extend_from_slice(key.as_bytes());
            let shown = match &field.shape {
                Shape::Header => {
                    let header = HeaderView::read(&mut reader)?;
                    self.render_header(&header, matches!(form, Form::PubSub), out)?;
                    marks.change = Some((header.changed_fields, header.diff_fields));
                    true
                }
                Shape::Required(scalar) => {
                    render_scalar(reader.scalar(*scalar)?, &marks, out)?;
                    true
                }
                Shape::Optional(scalar) => {
                    render_optional(&mut reader, *scalar, position, &marks, out)?
                }
                Shape::Names if reader.branch(2)? == 0 => marks.null(position, out),
                Shape::Names => {
                    render_texts(&reader.texts()?, out)?;
                    true
                }
                Shape::Compound(compound) => match reader.branch(2)? {
                    0 => render_absent(compound, position, &marks, out),
                    _ => render_compound(&mut reader, compound, position, &marks, out)?,
                },
                Shape::TextOrCompound(compound) => match reader.branch(3)? {
                    0 if marks.components(position) != 0 => {
                        render_absent(compound, position, &marks, out)
                    }
                    0 => marks.null(position, out),
                    1 => {
                        text(out, reader.text()?)?;
                        true
                    }
                    _ => render_compound(&mut reader, compound, position, &marks, out)?,
                },
            };
            if !shown || !shows(&field.name) {
                out.truncate(field_start);
            }
            position += 1;
        }
        // The first key came with a comma, too.
        match out.get_mut(start) {
            Some(first) => *first = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
        reader.finish()
    }

    /// Takes the nulls from a field on of which nothing is said, and says how many: one, or many at once.
    fn skip_hidden(&self, position: usize, marks: &Marks, reader: &mut Reader<'_>) -> usize {
        if !reader.is_zero() || position < self.nullable_from {
            return 0;
        }
        let most = if marks.hides_nulls() {
            self.fields.len() - position
        } else {
            usize::from(marks.hides_null(position))
        };
        reader.skip_zeros(most)
    }

    /// The header; not whole, it is without `nulledFields` and `diffFields`, which the Streaming API does not have.
    fn render_header(
        &self,
        header: &HeaderView<'_>,
        whole: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        out.extend_from_slice(br#"{"entityName":"#);
        text(out, header.entity_name)?;
        out.extend_from_slice(br#","recordIds":"#);
        render_texts(&header.record_ids, out)?;
        out.extend_from_slice(br#","changeType":"#);
        json::string(out, header.change_type.as_str());
        out.extend_from_slice(br#","changeOrigin":"#);
        text(out, header.change_origin)?;
        out.extend_from_slice(br#","transactionKey":"#);
        text(out, header.transaction_key)?;
        out.extend_from_slice(br#","sequenceNumber":"#);
        json::integer(out, i64::from(header.sequence_number));
        out.extend_from_slice(br#","commitTimestamp":"#);
        json::integer(out, header.commit_timestamp);
        out.extend_from_slice(br#","commitNumber":"#);
        json::integer(out, header.commit_number);
        out.extend_from_slice(br#","commitUser":"#);
        text(out, header.commit_user)?;
        if whole {
            out.extend_from_slice(br#","nulledFields":"#);
            self.render_names(&header.nulled_fields, out)?;
            out.extend_from_slice(br#","diffFields":"#);
            self.render_names(&header.diff_fields, out)?;
        }
        out.extend_from_slice(br#","changedFields":"#);
        self.render_names(&header.changed_fields, out)?;
        out.push(b'}');
        Ok(())
    }

    /// The names of a field set: top-level fields in schema order, then components as `Compound.Component`.
    fn render_names(&self, bits: &FieldBits, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let mut separator = b'[';
        self.each_name(bits, |_, field, part| {
            out.extend_from_slice(&[separator, b'"']);
            separator = b',';
            out.extend_from_slice(field.as_bytes());
            if let Some((_, part)) = part {
                out.push(b'.');
                out.extend_from_slice(part.as_bytes());
            }
            out.push(b'"');
        })?;
        if separator == b'[' {
            out.push(b'[');
        }
        out.push(b']');
        Ok(())
    }
}

/// The reader that a payload is rendered for.
#[derive(Clone, Copy)]
enum Form {
    Streaming,
    /// Streaming API versions up to 42.0.
    StreamingInSeconds,
    PubSub,
}

/// What the header says about the fields after it, and how points in time are written.
struct Marks {
    /// Without fractions of a second.
    in_seconds: bool,
    /// The changed fields and the differences, if there is a header.
    change: Option<(FieldBits, FieldBits)>,
}

impl Marks {
    /// Writes null if the field is to be shown without a value; says whether it is.
    fn null(&self, position: usize, out: &mut Vec<u8>) -> bool {
        let shown = match &self.change {
            Some((changed, _)) => changed.contains(position),
            None => true,
        };
        if shown {
            out.extend_from_slice(b"null");
        }
        shown
    }

    /// Whether no null is shown at all.
    fn hides_nulls(&self) -> bool {
        let changed = self.change.as_ref().map(|(changed, _)| changed);
        changed.is_some_and(FieldBits::is_empty)
    }

    /// Whether a null of the field is not shown at all, nor one of its components.
    fn hides_null(&self, position: usize) -> bool {
        self.change.as_ref().is_some_and(|(changed, _)| {
            !changed.contains(position) && changed.components(position) == 0
        })
    }

    fn components(&self, position: usize) -> u64 {
        self.change
            .as_ref()
            .map_or(0, |(changed, _)| changed.components(position))
    }

    fn is_difference(&self, position: usize) -> bool {
        self.change
            .as_ref()
            .is_some_and(|(_, differences)| differences.contains(position))
    }
}

/// Writes a key; names need no escape, `shape::check` sees to it.
fn key(out: &mut Vec<u8>, name: &str) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn render_optional(
    reader: &mut Reader<'_>,
    scalar: Scalar,
    position: usize,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<bool, DecodeError> {
    let Some(value) = reader.optional(scalar)? else {
        return Ok(marks.null(position, out));
    };
    if marks.is_difference(position) {
        out.push(b'{');
        key(out, "diff");
        render_scalar(value, marks, out)?;
        out.push(b'}');
    } else {
        render_scalar(value, marks, out)?;
    }
    Ok(true)
}

/// Writes a record that is null: the components that an update emptied, or nothing.
fn render_absent(compound: &Compound, position: usize, marks: &Marks, out: &mut Vec<u8>) -> bool {
    let changed = marks.components(position);
    if changed == 0 {
        return marks.null(position, out);
    }
    let mut separator = b'{';
    for (place, part) in compound.components.iter().enumerate() {
        if place < 64 && changed >> place & 1 == 1 {
            out.push(separator);
            separator = b',';
            key(out, &part.name);
            out.extend_from_slice(b"null");
        }
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
    true
}

fn render_compound(
    reader: &mut Reader<'_>,
    compound: &Compound,
    position: usize,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<bool, DecodeError> {
    let changed = marks.components(position);
    let mut separator = b'{';
    for (place, part) in compound.components.iter().enumerate() {
        let value = reader.optional(part.scalar)?;
        let emptied = place < 64 && changed >> place & 1 == 1 || marks.change.is_none();
        if value.is_none() && !emptied {
            continue;
        }
        out.push(separator);
        separator = b',';
        key(out, &part.name);
        match value {
            Some(value) => render_scalar(value, marks, out)?,
            None => out.extend_from_slice(b"null"),
        }
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
    Ok(true)
}

fn render_texts(texts: &[RawText<'_>], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    out.push(b'[');
    for (place, item) in texts.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        text(out, *item)?;
    }
    out.push(b']');
    Ok(())
}

/// Writes a text of the payload; whether it is UTF-8 is asked only if it is not plain ASCII.
fn text(out: &mut Vec<u8>, text: RawText<'_>) -> Result<(), DecodeError> {
    if !json::text(out, text.0) {
        text.read()?;
    }
    Ok(())
}

fn render_scalar(
    value: RawScalar<'_>,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    match value {
        RawScalar::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        RawScalar::Integer(number) => json::integer(out, number),
        RawScalar::Double(number) => json::double(out, number),
        RawScalar::Text(value) => text(out, value)?,
        RawScalar::Date(millis) => json::date(out, millis),
        RawScalar::DateTime(millis) if marks.in_seconds => json::date_time_in_seconds(out, millis),
        RawScalar::DateTime(millis) => json::date_time(out, millis),
        RawScalar::Time(millis) => json::time(out, millis),
    }
    Ok(())
}

//! The payload as the Streaming API delivers it, straight from the Avro bytes.

use std::cell::Cell;

use landfall_model::FieldBits;

use crate::decode::{DecodeError, RawScalar, RawText, Reader};
use crate::plan::{Keys, Plan};
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
        out.reserve(payload.len() * 2 + 1_024);
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
        let plan = self.plan.get_or_init(|| Plan::new(&self.fields));
        let mut reader = Reader::new(payload);
        let mut marks = Marks::new(form);
        let start = out.len();
        let mut position = 0;
        while let Some((field, keys)) = self.fields.get(position).zip(plan.keys.get(position)) {
            // Most fields of most events are null and unchanged: nothing is said of them.
            if reader.is_zero() && position >= plan.nullable_from {
                let hidden = reader.skip_zeros(marks.hidden(position, self.fields.len()));
                if hidden > 0 {
                    position += hidden;
                    continue;
                }
            }
            let field_start = out.len();
            keys.field.write(out);
            let shown = match &field.shape {
                Shape::Header => {
                    let [changed, differences] =
                        render_header(&mut reader, plan, matches!(form, Form::PubSub), out)?;
                    marks.begin(changed, differences);
                    true
                }
                Shape::Required(scalar) => {
                    render_scalar(&mut reader, *scalar, &marks, out)?;
                    true
                }
                Shape::Optional(scalar) => match reader.branch(2)? {
                    0 => marks.null(position, out),
                    _ => render_value(&mut reader, *scalar, position, &marks, out)?,
                },
                Shape::Names => match reader.branch(2)? {
                    0 => marks.null(position, out),
                    _ => render_texts(&mut reader, out)?,
                },
                Shape::Compound(compound) => match reader.branch(2)? {
                    0 => render_absent(keys, position, &marks, out),
                    _ => render_compound(&mut reader, (compound, keys), position, &marks, out)?,
                },
                Shape::TextOrCompound(compound) => match reader.branch(3)? {
                    0 => render_absent(keys, position, &marks, out),
                    1 => {
                        text(out, reader.text()?)?;
                        true
                    }
                    _ => render_compound(&mut reader, (compound, keys), position, &marks, out)?,
                },
            };
            if !shown || !shows(&field.name) {
                out.truncate(field_start);
            }
            position += 1;
        }
        close(start, out);
        reader.finish()
    }
}

/// The header, and the changed fields and the differences that it names. Not whole, it is without `nulledFields` and
/// `diffFields`, which the Streaming API does not have.
fn render_header(
    reader: &mut Reader<'_>,
    plan: &Plan,
    whole: bool,
    out: &mut Vec<u8>,
) -> Result<[FieldBits; 2], DecodeError> {
    out.extend_from_slice(br#"{"entityName":"#);
    text(out, reader.text()?)?;
    out.extend_from_slice(br#","recordIds":"#);
    render_texts(reader, out)?;
    out.extend_from_slice(br#","changeType":""#);
    out.extend_from_slice(reader.change_type()?.as_str().as_bytes());
    out.extend_from_slice(br#"","changeOrigin":"#);
    text(out, reader.text()?)?;
    out.extend_from_slice(br#","transactionKey":"#);
    text(out, reader.text()?)?;
    out.extend_from_slice(br#","sequenceNumber":"#);
    json::integer(out, i64::from(reader.int()?));
    out.extend_from_slice(br#","commitTimestamp":"#);
    json::integer(out, reader.long()?);
    out.extend_from_slice(br#","commitNumber":"#);
    json::integer(out, reader.long()?);
    out.extend_from_slice(br#","commitUser":"#);
    text(out, reader.text()?)?;
    let [nulled, differences, changed] = [reader.bits()?, reader.bits()?, reader.bits()?];
    if whole {
        out.extend_from_slice(br#","nulledFields":"#);
        plan.write_names(&nulled, out)?;
        out.extend_from_slice(br#","diffFields":"#);
        plan.write_names(&differences, out)?;
    }
    out.extend_from_slice(br#","changedFields":"#);
    plan.write_names(&changed, out)?;
    out.push(b'}');
    Ok([changed, differences])
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
    /// No null is shown at all.
    hides_nulls: bool,
    /// There are differences.
    has_differences: bool,
    /// The changed fields and the differences, if there is a header.
    change: Option<(FieldBits, FieldBits)>,
    /// If components have changed: the fields that are shown although they are null, as bits by position, which have changed
    /// or have such components.
    shown: Vec<u64>,
    /// The point in time that was written last, in milliseconds, and its text.
    moment: Cell<Option<(i64, json::Moment)>>,
}

impl Marks {
    const fn new(form: Form) -> Self {
        Self {
            in_seconds: matches!(form, Form::StreamingInSeconds),
            hides_nulls: false,
            has_differences: false,
            change: None,
            shown: Vec::new(),
            moment: Cell::new(None),
        }
    }

    fn begin(&mut self, changed: FieldBits, differences: FieldBits) {
        self.hides_nulls = changed.is_empty();
        if changed.has_nested() {
            let mut shown = changed.clone();
            let nested = changed.nested();
            nested.for_each(|(position, _)| shown.insert(position));
            self.shown = shown.top_words().to_vec();
        }
        self.has_differences = !differences.is_empty();
        self.change = Some((changed, differences));
    }

    /// How many fields from a position on are not shown if they are null, nor one of their components.
    fn hidden(&self, position: usize, fields: usize) -> usize {
        let left = fields - position;
        if self.hides_nulls {
            return left;
        }
        let Some((changed, _)) = &self.change else {
            return 0;
        };
        let shown = if self.shown.is_empty() {
            changed.top_words()
        } else {
            &self.shown
        };
        let mut passed = 0;
        let mut place = position;
        while let Some(word) = shown.get(place / 64) {
            let bits = word >> (place % 64);
            if bits != 0 {
                passed += bits.trailing_zeros() as usize;
                return passed.min(left);
            }
            passed += 64 - place % 64;
            place = position + passed;
        }
        left
    }

    /// Writes a point in time: when a record was created is mostly also when it changed last.
    fn date_time(&self, out: &mut Vec<u8>, millis: i64) {
        if let Some((known, text)) = self.moment.get()
            && known == millis
        {
            out.extend_from_slice(&text);
        } else if let Some(text) = json::moment(millis) {
            self.moment.set(Some((millis, text)));
            out.extend_from_slice(&text);
        } else {
            json::distant_date_time(out, millis);
        }
    }

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

    fn components(&self, position: usize) -> u64 {
        self.change
            .as_ref()
            .map_or(0, |(changed, _)| changed.components(position))
    }

    fn is_difference(&self, position: usize) -> bool {
        self.has_differences
            && self
                .change
                .as_ref()
                .is_some_and(|(_, differences)| differences.contains(position))
    }
}

/// Ends an object that begins at `start`. Its first key came with a comma, too.
fn close(start: usize, out: &mut Vec<u8>) {
    match out.get_mut(start) {
        Some(first) => *first = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
}

fn render_value(
    reader: &mut Reader<'_>,
    scalar: Scalar,
    position: usize,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<bool, DecodeError> {
    if marks.is_difference(position) {
        out.extend_from_slice(b"{\"diff\":");
        render_scalar(reader, scalar, marks, out)?;
        out.push(b'}');
    } else {
        render_scalar(reader, scalar, marks, out)?;
    }
    Ok(true)
}

/// Writes a record that is null: the components that an update emptied, or nothing.
fn render_absent(keys: &Keys, position: usize, marks: &Marks, out: &mut Vec<u8>) -> bool {
    let changed = marks.components(position);
    if changed == 0 {
        return marks.null(position, out);
    }
    let start = out.len();
    for (place, key) in keys.components.iter().enumerate().take(64) {
        if changed >> place & 1 == 1 {
            key.write(out);
            out.extend_from_slice(b"null");
        }
    }
    close(start, out);
    true
}

fn render_compound(
    reader: &mut Reader<'_>,
    (compound, keys): (&Compound, &Keys),
    position: usize,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<bool, DecodeError> {
    let changed = marks.components(position);
    let start = out.len();
    for (place, (part, key)) in compound.components.iter().zip(&keys.components).enumerate() {
        let is_null = reader.branch(2)? == 0;
        let emptied = place < 64 && changed >> place & 1 == 1 || marks.change.is_none();
        if is_null && !emptied {
            continue;
        }
        key.write(out);
        if is_null {
            out.extend_from_slice(b"null");
        } else {
            render_scalar(reader, part.scalar, marks, out)?;
        }
    }
    close(start, out);
    Ok(true)
}

fn render_texts(reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<bool, DecodeError> {
    let mut separator = b'[';
    reader.each_text(|item| {
        out.push(separator);
        separator = b',';
        text(out, item)
    })?;
    if separator == b'[' {
        out.push(b'[');
    }
    out.push(b']');
    Ok(true)
}

/// Writes a text of the payload; whether it is UTF-8 is asked only if it is not plain ASCII.
fn text(out: &mut Vec<u8>, text: RawText<'_>) -> Result<(), DecodeError> {
    if !json::short_text(out, text.ahead, text.length) && !json::text(out, text.bytes()) {
        text.read()?;
    }
    Ok(())
}

fn render_scalar(
    reader: &mut Reader<'_>,
    scalar: Scalar,
    marks: &Marks,
    out: &mut Vec<u8>,
) -> Result<(), DecodeError> {
    match reader.scalar(scalar)? {
        RawScalar::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        RawScalar::Integer(number) => json::integer(out, number),
        RawScalar::Double(number) => json::double(out, number),
        RawScalar::Text(value) => text(out, value)?,
        RawScalar::Date(millis) => json::date(out, millis),
        RawScalar::DateTime(millis) if marks.in_seconds => json::date_time_in_seconds(out, millis),
        RawScalar::DateTime(millis) => marks.date_time(out, millis),
        RawScalar::Time(millis) => json::time(out, millis),
    }
    Ok(())
}

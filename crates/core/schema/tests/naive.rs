//! A payload is rendered as if every value were decoded and written with the means of the standard library.

use std::fmt::Write as _;
use std::sync::LazyLock;

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, FieldBits, RecordId, Timestamp,
    TransactionKey, Value,
};
use landfall_schema::{Compound, DecodedEvent, EventField, EventSchema, FieldValue, Scalar, Shape};
use proptest::prelude::*;

/// The schemas of all shipped objects, one of every shape, and platform events.
static SCHEMAS: LazyLock<Vec<EventSchema>> = LazyLock::new(|| {
    let entities = landfall_standard::entities().expect("the shipped objects");
    let shipped = entities.iter();
    let shipped = shipped.filter_map(|entity| EventSchema::of_change_event(entity).ok());
    let with_header = shapes(vec![("ChangeEventHeader", Shape::Header)]);
    let without = shapes(vec![("CreatedDate", Shape::Required(Scalar::DateTime))]);
    shipped.chain([with_header, without]).collect()
});

fn shapes(mut fields: Vec<(&str, Shape)>) -> EventSchema {
    let person = Compound::person_name("PersonName", ["MiddleName"]);
    fields.extend([
        ("Sure", Shape::Required(Scalar::Boolean)),
        ("Number", Shape::Required(Scalar::Long)),
        ("Truth", Shape::Optional(Scalar::Boolean)),
        ("Name", Shape::TextOrCompound(person)),
        ("Count", Shape::Optional(Scalar::Int)),
        ("Amount__c", Shape::Optional(Scalar::Double)),
        (
            "ANameThatIsLongerThanThirtyOneLetters__c",
            Shape::Optional(Scalar::Text),
        ),
        ("Day", Shape::Optional(Scalar::Date)),
        ("Flags", Shape::Names),
        ("Moment", Shape::Optional(Scalar::DateTime)),
        ("Time", Shape::Optional(Scalar::Time)),
        ("Place__c", Shape::Compound(Compound::location())),
        ("Address", Shape::Compound(Compound::address())),
    ]);
    let fields = fields.into_iter().map(|(name, shape)| EventField {
        name: name.to_owned(),
        shape,
        doc: "Data".to_owned(),
    });
    EventSchema::new("Shapes__e", fields.collect()).expect("good names")
}

/// A rendition that does the obvious.
struct Naive<'s> {
    schema: &'s EventSchema,
    event: &'s DecodedEvent,
    in_seconds: bool,
    whole: bool,
}

impl Naive<'_> {
    fn rendered(&self) -> String {
        let fields = self.schema.fields().iter().zip(&self.event.fields);
        let members = fields.enumerate().filter_map(|(position, (field, value))| {
            let value = match &field.shape {
                Shape::Header => self.header(),
                _ => self.field(position, field, value)?,
            };
            Some(format!("{}:{value}", quoted(&field.name)))
        });
        format!("{{{}}}", joined(members))
    }

    fn field(&self, position: usize, field: &EventField, value: &FieldValue) -> Option<String> {
        let header = self.event.header.as_ref();
        let components = header.map_or(0, |header| header.changed_fields.components(position));
        let is_shown = header.is_none_or(|header| header.changed_fields.contains(position));
        match value {
            FieldValue::Null if components != 0 && field.shape.compound().is_some() => {
                let parts = &field.shape.compound()?.components;
                let emptied = parts.iter().enumerate();
                let emptied = emptied.filter(|(place, _)| components >> place & 1 == 1);
                let emptied = emptied.map(|(_, part)| format!("{}:null", quoted(&part.name)));
                Some(format!("{{{}}}", joined(emptied)))
            }
            FieldValue::Null => is_shown.then(|| "null".to_owned()),
            FieldValue::Plain(value) => {
                let text = self.value(value);
                let is_difference = header.is_some_and(|header| {
                    header.diff_fields.contains(position)
                        && matches!(field.shape, Shape::Optional(_))
                });
                Some(if is_difference {
                    format!("{{\"diff\":{text}}}")
                } else {
                    text
                })
            }
            FieldValue::Names(names) => Some(texts(names)),
            FieldValue::Compound(values) => {
                let parts = field.shape.compound()?.components.iter().zip(values);
                let members = parts.enumerate().filter_map(|(place, (part, value))| {
                    let is_told =
                        !value.is_null() || header.is_none() || components >> place & 1 == 1;
                    is_told.then(|| format!("{}:{}", quoted(&part.name), self.value(value)))
                });
                Some(format!("{{{}}}", joined(members)))
            }
        }
    }

    fn header(&self) -> String {
        let header = self.event.header.as_ref().expect("a change event");
        let mut members = vec![
            format!("\"entityName\":{}", quoted(header.entity_name.as_str())),
            format!("\"recordIds\":{}", texts(&header.record_ids)),
            format!("\"changeType\":{}", quoted(header.change_type.as_str())),
            format!("\"changeOrigin\":{}", quoted(&header.change_origin)),
            format!("\"transactionKey\":\"{}\"", header.transaction_key),
            format!("\"sequenceNumber\":{}", header.sequence_number),
            format!(
                "\"commitTimestamp\":{}",
                header.commit_timestamp.as_millis()
            ),
            format!("\"commitNumber\":{}", header.commit_number.get()),
            format!("\"commitUser\":\"{}\"", header.commit_user.as_str()),
        ];
        if self.whole {
            members.push(format!(
                "\"nulledFields\":{}",
                self.names(&header.nulled_fields)
            ));
            members.push(format!(
                "\"diffFields\":{}",
                self.names(&header.diff_fields)
            ));
        }
        members.push(format!(
            "\"changedFields\":{}",
            self.names(&header.changed_fields)
        ));
        format!("{{{}}}", joined(members))
    }

    fn names(&self, bits: &FieldBits) -> String {
        let names = self.schema.names_of(bits).expect("fields of the schema");
        texts(&names.into_iter().map(|(_, name)| name).collect::<Vec<_>>())
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Boolean(truth) => truth.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::Double(number) if number.is_finite() => format!("{number:?}"),
            // JSON has no number that is none.
            Value::Null | Value::Double(_) => "null".to_owned(),
            Value::Text(text) => quoted(text),
            Value::Id(id) => quoted(id.as_str()),
            Value::Date(date) => format!("\"{}\"", day(*date)),
            Value::DateTime(point) => {
                let millis = point.as_millis().rem_euclid(DAY);
                let clock = clock(millis);
                let clock = if self.in_seconds {
                    clock.split_at(8).0
                } else {
                    &clock
                };
                format!("\"{}T{clock}Z\"", day(Date::of(*point)))
            }
            Value::Time(millis) => format!("\"{}Z\"", clock(i64::from(*millis).rem_euclid(DAY))),
        }
    }
}

const DAY: i64 = 86_400_000;

fn day(date: Date) -> String {
    match date.calendar() {
        (year @ 0..=9_999, month, day) => format!("{year:04}-{month:02}-{day:02}"),
        (year, month, day) => format!("{year:+05}-{month:02}-{day:02}"),
    }
}

fn clock(millis: i64) -> String {
    let (seconds, millis) = (millis / 1_000, millis % 1_000);
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}

fn texts(texts: &[String]) -> String {
    format!("[{}]", joined(texts.iter().map(|text| quoted(text))))
}

fn joined(parts: impl IntoIterator<Item = String>) -> String {
    let mut whole = String::new();
    for part in parts {
        let separator = if whole.is_empty() { "" } else { "," };
        write!(whole, "{separator}{part}").expect("memory");
    }
    whole
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9 ./:-]{0,70}",
        1 => any::<String>(),
        1 => "[a-z]{0,40}[\"\\\\\n\u{1f}\u{7f}\u{e4}\u{1f600}][a-z]{0,40}",
    ]
}

fn scalar(scalar: Scalar) -> BoxedStrategy<Value> {
    match scalar {
        Scalar::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        Scalar::Int => any::<i32>()
            .prop_map(|number| Value::Integer(number.into()))
            .boxed(),
        Scalar::Long => {
            let short = -1_000_i64..1_000;
            prop_oneof![any::<i64>(), short]
                .prop_map(Value::Integer)
                .boxed()
        }
        Scalar::Double => {
            let short = (-100_000_i32..100_000).prop_map(|number| f64::from(number) / 100.0);
            prop_oneof![any::<f64>(), short]
                .prop_map(Value::Double)
                .boxed()
        }
        Scalar::Text => text().prop_map(Value::Text).boxed(),
        Scalar::Date => (-2_000_000..4_000_000)
            .prop_map(|day| Value::Date(Date::from_days(day)))
            .boxed(),
        Scalar::DateTime => {
            let usual = 0_i64..4_102_444_800_000;
            prop_oneof![-1_i64 << 48..1 << 49, usual]
                .prop_map(|millis| Value::DateTime(Timestamp::from_millis(millis)))
                .boxed()
        }
        Scalar::Time => (0..86_400_000).prop_map(Value::Time).boxed(),
    }
}

fn compound(compound: &Compound) -> BoxedStrategy<FieldValue> {
    let values: Vec<_> = compound
        .components
        .iter()
        .map(|part| prop_oneof![Just(Value::Null), scalar(part.scalar)])
        .collect();
    values.prop_map(FieldValue::Compound).boxed()
}

fn field(shape: &Shape) -> BoxedStrategy<FieldValue> {
    let plain = |kind| scalar(kind).prop_map(FieldValue::Plain);
    let value = match shape {
        Shape::Header => return Just(FieldValue::Null).boxed(),
        Shape::Required(kind) => return plain(*kind).boxed(),
        Shape::Optional(kind) => plain(*kind).boxed(),
        Shape::Names => prop::collection::vec(text(), 0..4)
            .prop_map(FieldValue::Names)
            .boxed(),
        Shape::Compound(parts) => compound(parts),
        Shape::TextOrCompound(parts) => prop_oneof![plain(Scalar::Text), compound(parts)].boxed(),
    };
    prop_oneof![3 => Just(FieldValue::Null), 1 => value].boxed()
}

/// Some fields of the schema, and some of their components.
fn bits(schema: &'static EventSchema) -> impl Strategy<Value = FieldBits> {
    let flags = prop::collection::vec(0_u64..256, schema.fields().len());
    let rare = prop_oneof![1 => Just(0), 2 => 1_usize..4];
    (flags, rare).prop_map(|(flags, rare)| {
        let mut bits = FieldBits::default();
        for (position, (flag, field)) in flags.iter().zip(schema.fields()).enumerate().skip(1) {
            if rare == 0 || flag % 4 >= u64::try_from(rare).unwrap_or_default() {
                continue;
            }
            match field.shape.compound() {
                Some(compound) => {
                    let count = compound.components.len();
                    for place in (0..count).filter(|place| flag >> (place % 8) & 1 == 1) {
                        bits.insert_nested(position, place);
                    }
                    if flag & 4 == 4 {
                        bits.insert(position);
                    }
                }
                None => bits.insert(position),
            }
        }
        bits
    })
}

fn header(schema: &'static EventSchema) -> impl Strategy<Value = ChangeEventHeader> {
    let sets = (bits(schema), bits(schema), bits(schema));
    let texts = (text(), prop::collection::vec(text(), 0..3));
    let numbers = (
        any::<i32>(),
        any::<i64>(),
        0..=u64::MAX >> 1,
        any::<[u8; 16]>(),
    );
    let kind = (0_u64..20).prop_filter_map("a type", ChangeType::from_ordinal);
    (sets, texts, numbers, kind).prop_map(|(sets, texts, numbers, change_type)| ChangeEventHeader {
        entity_name: landfall_model::EntityName::new("Account"),
        record_ids: texts.1,
        change_type,
        change_origin: texts.0,
        transaction_key: TransactionKey::from_bytes(numbers.3),
        sequence_number: numbers.0,
        commit_timestamp: Timestamp::from_millis(numbers.1),
        commit_number: CommitNumber::new(numbers.2),
        commit_user: RecordId::parse("0055f000005mc66AAA").expect("an id"),
        nulled_fields: sets.0,
        diff_fields: sets.1,
        changed_fields: sets.2,
    })
}

fn event() -> impl Strategy<Value = (&'static EventSchema, DecodedEvent)> {
    let own = SCHEMAS.len() - 2..SCHEMAS.len();
    let any = prop_oneof![0..SCHEMAS.len(), own];
    any.prop_flat_map(|place| {
        let schema: &'static EventSchema = SCHEMAS.get(place).expect("a schema");
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .map(|kind| field(&kind.shape))
            .collect();
        let header = if schema.has_header() {
            header(schema).prop_map(Some).boxed()
        } else {
            Just(None).boxed()
        };
        (Just(schema), header, fields)
            .prop_map(|(schema, header, fields)| (schema, DecodedEvent { header, fields }))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_byte_is_that_of_a_naive_rendition((schema, event) in event()) {
        let payload = schema.encode_decoded(&event).expect("values of the schema");
        let event = &schema.decode(&payload).expect("its own payload");
        let naive = |in_seconds, whole| Naive { schema, event, in_seconds, whole }.rendered();
        let read = |out: Vec<u8>| String::from_utf8(out).expect("UTF-8");
        let mut out = b"before".to_vec();
        schema.render_cometd(&payload, &mut out).expect("its own payload");
        prop_assert_eq!(read(out), format!("before{}", naive(false, false)));
        let mut out = Vec::new();
        schema.render_cometd_in_seconds(&payload, &mut out).expect("its own payload");
        prop_assert_eq!(read(out), naive(true, false));
        let mut out = Vec::new();
        schema.render_pubsub(&payload, &mut out).expect("its own payload");
        prop_assert_eq!(read(out), naive(false, true));
    }
}

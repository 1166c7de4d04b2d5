//! An event as the interface shows it: its header, its data as JSON, its payload as bytes.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use landfall_apidoc::{Kind, Member};
use landfall_engine::{Definitions, Event, SubscribableKind, TopicId};
use landfall_http::Writer;
use landfall_http::json::{Content, parse_answer};
use landfall_model::{ChangeEventHeader, EntityDefinition, FieldBits, RecordId};
use landfall_schema::{DecodedEvent, EventSchema, FieldValue, bitmap};
use landfall_wire::dates::render_utc;

use crate::Org;
use crate::refusal::{Refusal, failed};

/// A set of fields.
const FIELDS: &[Member] = &[
    Member::required(
        "names",
        Kind::Texts,
        "Fields, and components as Compound.Component",
    ),
    Member::required("bitmap", Kind::Texts, "As the Pub/Sub API delivers them"),
];

const HEADER: &[Member] = &[
    Member::required("changeType", Kind::Text, "What happened"),
    Member::required("entityName", Kind::Text, "The object"),
    Member::required("recordIds", Kind::Texts, "The records"),
    Member::required("changeOrigin", Kind::Text, "API and client of the change"),
    Member::required(
        "transactionKey",
        Kind::Text,
        "What the events of a transaction share",
    ),
    Member::required(
        "sequenceNumber",
        Kind::Integer,
        "Position in the transaction, from 1",
    ),
    Member::required("commitTimestamp", Kind::Time, "When the record changed"),
    Member::required("commitNumber", Kind::Integer, "Number of the commit"),
    Member::required("commitUser", Kind::Text, "Who made the change"),
    Member::required(
        "changedFields",
        Kind::Object(FIELDS),
        "Fields that an update changed",
    ),
    Member::required(
        "nulledFields",
        Kind::Object(FIELDS),
        "Fields that an update set to null",
    ),
    Member::required(
        "diffFields",
        Kind::Object(FIELDS),
        "Fields whose value is a difference",
    ),
];

pub(super) const EVENT: &[Member] = &[
    Member::required("replayId", Kind::Integer, "Its replay id"),
    Member::required("id", Kind::Text, "The id of the event in the Pub/Sub API"),
    Member::required("topic", Kind::Text, "Its topic: /data/AccountChangeEvent"),
    Member::required(
        "time",
        Kind::Time,
        "When it was published, by the clock of the org",
    ),
    Member::required("schema", Kind::Text, "The id of its schema"),
    Member::required("size", Kind::Integer, "Bytes of its payload"),
    Member::optional(
        "name",
        Kind::Text,
        "Of a change event: the name of its first record, as it is now",
    ),
    Member::optional("header", Kind::Object(HEADER), "Of a change event"),
    Member::optional(
        "data",
        Kind::AnyObject,
        "As a client of the Streaming API gets it; none if the payload cannot be decoded",
    ),
    Member::required(
        "payload",
        Kind::Text,
        "The Avro bytes as a client of the Pub/Sub API gets them, in Base64",
    ),
    Member::optional("error", Kind::Text, "Why the payload cannot be decoded"),
    Member::optional(
        "masked",
        Kind::Texts,
        "Fields whose values are not shown: data and payload are those of a subscriber without the permission to read them",
    ),
];

/// The names of topics, and of the records that were looked up last.
pub(super) struct Names {
    subscribable: HashMap<TopicId, String>,
    definitions: Arc<Definitions>,
    records: HashMap<String, String>,
}

/// The records of events, by their objects.
#[derive(Default)]
pub(super) struct Records(HashMap<String, Vec<RecordId>>);

impl Records {
    /// Adds those of an event. Ids with wildcards name no record.
    pub(super) fn add(&mut self, read: &Read<'_>) {
        let Some(header) = read.header() else {
            return;
        };
        let ids = header.record_ids.iter();
        let ids = ids.filter_map(|id| RecordId::parse(id).ok());
        let of_object = self.0.entry(header.entity_name.as_str().to_owned());
        of_object.or_default().extend(ids);
    }
}

impl Names {
    pub(super) fn new(org: &Org) -> Self {
        let all = org.engine.subscribable().into_iter();
        let single = all.filter(|one| one.kind != SubscribableKind::Channel);
        let single = single.filter_map(|one| Some((*one.topics.first()?, one.channel)));
        Self {
            subscribable: single.collect(),
            definitions: org.engine.definitions(),
            records: HashMap::new(),
        }
    }

    /// Looks the names of records up, and forgets those of before.
    pub(super) async fn look_up(&mut self, org: &Org, records: Records) -> Result<(), Refusal> {
        self.records.clear();
        for (object, mut ids) in records.0 {
            ids.sort_unstable();
            ids.dedup();
            let entity = self.definitions.catalog().entity(&object);
            let Some(entity) = entity.filter(|entity| !is_masked(org, entity)) else {
                continue;
            };
            let names = org.engine.names(entity, ids.clone()).await;
            let names = names.map_err(|failure| failed(&failure))?;
            let named = ids.into_iter().zip(names);
            let named = named.filter_map(|(id, name)| Some((id.to_string(), name?)));
            self.records.extend(named);
        }
        Ok(())
    }

    /// The name of a record that was looked up.
    pub(super) fn of_record(&self, id: &str) -> Option<&str> {
        self.records.get(id).map(String::as_str)
    }

    pub(super) fn has(&self, topic: TopicId) -> bool {
        self.subscribable.contains_key(&topic)
    }

    /// The name of a topic; its number if nobody can subscribe to it any more.
    pub(super) fn of(&self, topic: TopicId) -> String {
        let defined = || Some(self.definitions.name_of(topic)?.as_str().to_owned());
        let name = self.subscribable.get(&topic).cloned().or_else(defined);
        name.unwrap_or_else(|| format!("deleted topic {}", topic.0))
    }
}

/// Whether the names of an object's records are not shown.
fn is_masked(org: &Org, entity: &EntityDefinition) -> bool {
    let mut names = entity.fields.iter().filter(|field| field.name_field);
    names.any(|field| org.masked.has(field.name.as_str()))
}

/// An event that was decoded.
pub(super) struct Read<'e> {
    org: &'e Org,
    /// Without the values that are masked.
    pub(super) event: Cow<'e, Event>,
    masked: Vec<String>,
    schema: Option<Arc<EventSchema>>,
    decoded: Result<DecodedEvent, String>,
    data: OnceCell<Bytes>,
    content: OnceCell<Option<Content>>,
}

impl<'e> Read<'e> {
    pub(super) fn of(org: &'e Org, event: &'e Event) -> Self {
        let schema = org.engine.schema(event.schema);
        let (event, masked) = org.masked.applied(event, schema.as_deref());
        let decoded = match &schema {
            Some(schema) => schema
                .decode(&event.payload)
                .map_err(|error| error.to_string()),
            None => Err(format!("the org has no schema {}", event.schema)),
        };
        Self {
            org,
            event,
            masked,
            schema,
            decoded,
            data: OnceCell::new(),
            content: OnceCell::new(),
        }
    }

    pub(super) fn header(&self) -> Option<&ChangeEventHeader> {
        self.decoded.as_ref().ok()?.header.as_ref()
    }

    /// What a client of the Streaming API gets.
    pub(super) fn data(&self) -> &Bytes {
        self.data
            .get_or_init(|| self.org.subscribers.data(&self.event))
    }

    /// The same, read; none if the payload cannot be decoded.
    pub(super) fn content(&self) -> Option<&Content> {
        let content = self.content.get_or_init(|| {
            let data = std::str::from_utf8(self.data()).ok()?;
            parse_answer(data).ok().map(|json| json.content)
        });
        content.as_ref()
    }

    /// Whether an update set a field to null.
    pub(super) fn is_nulled(&self, name: &str) -> bool {
        self.header()
            .is_some_and(|header| self.is_among(&header.nulled_fields, name))
    }

    /// Whether a set of fields has a field, or a component of it.
    fn is_among(&self, bits: &FieldBits, name: &str) -> bool {
        let names = self.schema.as_ref();
        let names = names.and_then(|schema| schema.names_of(bits).ok());
        names.unwrap_or_default().iter().any(|(_, field)| {
            field == name || field.split('.').next().is_some_and(|whole| whole == name)
        })
    }

    /// Whether a field changed. Without a report of changed fields: whether it has a value.
    pub(super) fn has_field(&self, name: &str) -> bool {
        let (Ok(decoded), Some(schema)) = (&self.decoded, &self.schema) else {
            return false;
        };
        let header = decoded.header.as_ref();
        let sets = header.map(|header| {
            [
                &header.changed_fields,
                &header.nulled_fields,
                &header.diff_fields,
            ]
        });
        let sets: Vec<_> = sets.into_iter().flatten().collect();
        if sets.iter().all(|bits| bits.is_empty()) {
            let value = schema
                .position_of(name)
                .and_then(|position| decoded.fields.get(position));
            return value.is_some_and(|value| *value != FieldValue::Null);
        }
        sets.into_iter().any(|bits| self.is_among(bits, name))
    }

    /// As JSON.
    pub(super) fn rendered(&self, names: &Names) -> String {
        let event = &*self.event;
        let mut w = Writer::new();
        w.object(|w| {
            w.name("replayId").raw(&event.replay_id.to_string());
            w.name("id").string(&event.id.to_string());
            w.name("topic").string(&names.of(event.topic));
            w.name("time").string(&render_utc(event.appended));
            w.name("schema").string(&event.schema.to_string());
            w.name("size").raw(&event.payload.len().to_string());
            let first = self.header().and_then(|header| header.record_ids.first());
            if let Some(name) = first.and_then(|id| names.of_record(id)) {
                w.name("name").string(name);
            }
            match &self.decoded {
                Ok(decoded) => {
                    if let Some(header) = &decoded.header {
                        w.name("header").object(|w| self.write_header(w, header));
                    }
                    if let Ok(data) = std::str::from_utf8(self.data())
                        && !data.is_empty()
                    {
                        w.name("data").raw(data);
                    }
                }
                Err(error) => w.name("error").string(error),
            }
            w.name("payload").string(&STANDARD.encode(&event.payload));
            if !self.masked.is_empty() {
                w.name("masked")
                    .strings(self.masked.iter().map(String::as_str));
            }
        });
        w.finish()
    }

    fn write_header(&self, w: &mut Writer, header: &ChangeEventHeader) {
        w.name("changeType").string(header.change_type.as_str());
        w.name("entityName").string(header.entity_name.as_str());
        w.name("recordIds")
            .strings(header.record_ids.iter().map(String::as_str));
        w.name("changeOrigin").string(&header.change_origin);
        w.name("transactionKey")
            .string(&header.transaction_key.to_string());
        w.name("sequenceNumber").integer(header.sequence_number);
        w.name("commitTimestamp")
            .string(&render_utc(header.commit_timestamp));
        w.name("commitNumber")
            .raw(&header.commit_number.get().to_string());
        w.name("commitUser").string(&header.commit_user.to_string());
        self.write_fields(w, "changedFields", &header.changed_fields);
        self.write_fields(w, "nulledFields", &header.nulled_fields);
        self.write_fields(w, "diffFields", &header.diff_fields);
    }

    fn write_fields(&self, w: &mut Writer, name: &str, bits: &FieldBits) {
        let names = self
            .schema
            .as_ref()
            .and_then(|schema| schema.names_of(bits).ok())
            .unwrap_or_default();
        let bitmap = bitmap::encode(bits);
        w.name(name).object(|w| {
            w.name("names")
                .strings(names.iter().map(|(_, name)| name.as_str()));
            w.name("bitmap").strings(bitmap.iter().map(String::as_str));
        });
    }
}

//! What is in a change event, read as a client reads it: with the schema that the service gives.

use std::collections::BTreeMap;

use apache_avro::Schema;
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value as Avro;
use landfall_engine::NewEvent;
use landfall_engine::usage::Client;
use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, EventUuid, FieldBits, RecordId, Timestamp,
    Topic, TransactionKey, Value,
};
use landfall_schema::Inclusion;

use crate::org::{ACCOUNTS, Org, produced};
use crate::proto::ConsumerEvent;

/// An event, decoded by another library.
struct Read {
    schema: Schema,
    fields: Vec<(String, Avro)>,
}

impl Read {
    async fn of(org: &Org, event: &ConsumerEvent) -> Self {
        let event = produced(event);
        let info = org.schema(&event.schema_id).await.expect("a schema");
        let schema = Schema::parse_str(&info.schema_json).expect("a schema");
        let mut bytes = event.payload.as_slice();
        let reader = GenericDatumReader::builder(&schema)
            .build()
            .expect("a reader");
        let Ok(Avro::Record(fields)) = reader.read_value(&mut bytes) else {
            panic!("not a record");
        };
        assert!(bytes.is_empty(), "the payload is one datum and no more");
        Self { schema, fields }
    }

    fn field(&self, name: &str) -> &Avro {
        member(&self.fields, name)
    }

    fn header(&self, name: &str) -> &Avro {
        let Avro::Record(header) = self.field("ChangeEventHeader") else {
            panic!("the header is a record");
        };
        member(header, name)
    }

    /// A bitmap list of the header.
    fn bits(&self, name: &str) -> Vec<String> {
        let Avro::Array(texts) = self.header(name) else {
            panic!("{name} is an array");
        };
        let text = |text: &Avro| match text {
            Avro::String(text) => text.clone(),
            other => panic!("{other:?}"),
        };
        texts.iter().map(text).collect()
    }

    /// The fields of the body that have a value.
    fn present(&self) -> Vec<&str> {
        let fields = self.fields.iter().skip(1);
        fields
            .filter(|(_, value)| !is_null(value))
            .map(|(name, _)| name.as_str())
            .collect()
    }

    fn place(&self, field: &str) -> usize {
        let Schema::Record(record) = &self.schema else {
            panic!("a record");
        };
        *record.lookup.get(field).expect("a field")
    }
}

fn member<'a>(fields: &'a [(String, Avro)], name: &str) -> &'a Avro {
    let found = fields.iter().find(|(field, _)| field == name);
    &found.expect("a field").1
}

fn is_null(value: &Avro) -> bool {
    matches!(value, Avro::Union(0, inner) if **inner == Avro::Null)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn present_text(value: &str) -> Avro {
    Avro::Union(1, Box::new(Avro::String(value.to_owned())))
}

/// The event of one update of an account.
async fn updated(org: &Org, id: RecordId, field: &str, value: Value) -> Read {
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.update("Account", id, &[(field, value)]).await;
    Read::of(org, &stream.event().await).await
}

/// The bitmap of top-level fields, computed again.
fn bitmap(places: &[usize]) -> String {
    let sum: u128 = places.iter().map(|place| 1 << place).sum();
    let digits = format!("{sum:X}");
    format!("0x{}{digits}", if digits.len() % 2 == 1 { "0" } else { "" })
}

// P31, P35
#[tokio::test]
async fn an_update_of_one_component_shows_that_component_alone() {
    let org = Org::new().await;
    let id = org
        .create("Account", &[("Name", "Acme"), ("ShippingCity", "Paris")])
        .await;
    let event = updated(&org, id, "ShippingStreet", text("1 Main")).await;
    let address = event.place("ShippingAddress");
    let modified = event.place("LastModifiedDate");
    assert_eq!(
        event.bits("changedFields"),
        [bitmap(&[modified]), format!("{address}-0x01")]
    );
    assert_eq!(event.bits("changedFields"), ["0x400000", "5-0x01"]);
    assert_eq!(event.bits("nulledFields"), [""; 0]);
    assert_eq!(event.bits("diffFields"), [""; 0]);
    assert_eq!(event.present(), ["ShippingAddress", "LastModifiedDate"]);
    let Avro::Union(1, compound) = event.field("ShippingAddress") else {
        panic!("it is present");
    };
    let Avro::Record(components) = &**compound else {
        panic!("it is a record");
    };
    assert_eq!(member(components, "Street"), &present_text("1 Main"));
    let others = components.iter().filter(|(name, _)| name != "Street");
    assert!(others.clone().count() > 5);
    assert!(others.clone().all(|(_, value)| is_null(value)));
}

/// The event of a change that the service makes by itself, as it does when it has found an address on the map.
async fn placed(org: &Org, id: RecordId) -> ConsumerEvent {
    let definitions = org.engine.definitions();
    let topic = definitions.topic(&Topic::new(ACCOUNTS)).expect("a topic");
    let schema = definitions.schema_on(topic).expect("a schema");
    let account = definitions.catalog().entity("Account").expect("an object");
    let mut changed_fields = FieldBits::default();
    let mut row = BTreeMap::new();
    for (field, value) in [("ShippingLatitude", 48.85), ("ShippingLongitude", 2.35)] {
        let index = account.index_of(field).expect("a field");
        let slot = schema.slot_of(index).expect("a place");
        let component = slot.component.expect("a part of the address");
        changed_fields.insert_nested(slot.position, component);
        row.insert(index, Value::Double(value));
    }
    let row: Vec<Value> = (0..account.fields.len())
        .map(|index| row.remove(&index).unwrap_or(Value::Null))
        .collect();
    let header = ChangeEventHeader {
        entity_name: account.name.clone(),
        record_ids: vec![id.to_string()],
        change_type: ChangeType::Update,
        change_origin: String::new(),
        transaction_key: TransactionKey::from_bytes([1; 16]),
        sequence_number: 1,
        commit_timestamp: Timestamp::from_millis(1_700_000_000_000),
        commit_number: CommitNumber::new(1),
        commit_user: org.admin,
        nulled_fields: FieldBits::default(),
        diff_fields: FieldBits::default(),
        changed_fields: changed_fields.clone(),
    };
    let payload = schema.encode_change(&header, &row, Inclusion::Only(&changed_fields));
    let event = NewEvent {
        topic,
        id: EventUuid::from_random([1; 16]).into(),
        schema: schema.id(),
        payload: payload.expect("a payload").into(),
    };
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    org.engine
        .publish(&Client::System, vec![event])
        .await
        .expect("published");
    stream.event().await
}

// P32
#[tokio::test]
async fn a_change_that_lists_parts_only_has_an_empty_first_bitmap_and_no_origin() {
    let org = Org::new().await;
    let id = org.account("Acme").await;
    let event = Read::of(&org, &placed(&org, id).await).await;
    let address = event.place("ShippingAddress");
    let parts = format!("{address}-0x0180");
    assert_eq!(event.bits("changedFields"), ["0x00", &parts]);
    assert_eq!(event.bits("nulledFields"), [""; 0]);
    assert_eq!(event.header("changeOrigin"), &Avro::String(String::new()));
    assert_eq!(event.present(), ["ShippingAddress"]);
}

// P33, P37
#[tokio::test]
async fn a_create_shows_values_and_a_delete_none() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 2).await;
    let id = org.account("Acme").await;
    org.delete("Account", id).await;
    let created = Read::of(&org, &stream.event().await).await;
    let deleted = Read::of(&org, &stream.event().await).await;
    for (event, change, ordinal) in [(&created, "CREATE", 0), (&deleted, "DELETE", 2)] {
        for bits in ["changedFields", "nulledFields", "diffFields"] {
            assert_eq!(event.bits(bits), [""; 0]);
        }
        assert_eq!(
            event.header("changeType"),
            &Avro::Enum(ordinal, change.to_owned())
        );
        let ids = Avro::Array(vec![Avro::String(id.to_string())]);
        assert_eq!(event.header("recordIds"), &ids);
    }
    assert_eq!(created.field("Name"), &present_text("Acme"));
    assert!(created.present().contains(&"CreatedDate"));
    assert_eq!(deleted.present(), [""; 0]);
}

// P34, P35
#[tokio::test]
async fn a_field_that_is_emptied_is_changed_and_nulled() {
    let org = Org::new().await;
    let id = org
        .create("Account", &[("Name", "Acme"), ("Phone", "1")])
        .await;
    let event = updated(&org, id, "Phone", Value::Null).await;
    let (phone, modified) = (event.place("Phone"), event.place("LastModifiedDate"));
    assert_eq!(event.bits("changedFields"), [bitmap(&[phone, modified])]);
    assert_eq!(event.bits("nulledFields"), [bitmap(&[phone])]);
    assert_eq!(event.bits("nulledFields"), ["0x40"]);
    assert!(is_null(event.field("Phone")));
    assert_eq!(event.present(), ["LastModifiedDate"]);
}

// P38
#[tokio::test]
async fn a_day_is_its_midnight_in_milliseconds() {
    let org = Org::new().await;
    let id = org.account("Acme").await;
    let day = Date::of(Timestamp::from_millis(1_719_705_600_000));
    let event = updated(&org, id, "SLAExpirationDate__c", Value::Date(day)).await;
    assert_eq!(
        event.field("SLAExpirationDate__c"),
        &Avro::Union(1, Box::new(Avro::Long(1_719_705_600_000)))
    );
}

// P39
#[tokio::test]
async fn a_long_text_is_sent_as_a_diff_of_lines() {
    let org = Org::new().await;
    let before = "a line\r\n".repeat(200) + "the last";
    let id = org
        .create("Account", &[("Name", "Acme"), ("Description", &before)])
        .await;
    let after = before.replacen("a line", "another line", 1);
    let event = updated(&org, id, "Description", text(&after)).await;
    let hash = "91a6508c29e2ddde9eb94950ebf94b6244feee02dc7f10dcf118cd6e7d20057b";
    let told = format!("--- \n+++ {hash}\n@@ -1,1 +1,1 @@\n-a line\n+another line");
    assert_eq!(event.field("Description"), &present_text(&told));
    let place = event.place("Description");
    assert_eq!(event.bits("diffFields"), [bitmap(&[place])]);
    assert_eq!(
        event.bits("changedFields"),
        [bitmap(&[place, event.place("LastModifiedDate")])]
    );
}

//! Change events as subscribers read them, and as they are stored for the Pub/Sub API.

use std::time::Duration;

use landfall_engine::Change;
use landfall_model::{Date, RecordId, Timestamp, Value as Field};
use landfall_schema::{EventField, EventSchema, FieldValue, Inclusion, Scalar, Shape, bitmap};
use landfall_store::{Appended, Document, DocumentKind, NewEvent, Outcome, WriteSet};
use serde_json::{Value, json};

use crate::org::{ACCOUNTS, IntoField, Org, header, keys, names, payload, replay_id, text};

const EVERYTHING: &str = "/data/ChangeEvents";

/// The header's keys over the Streaming API.
const HEADER_KEYS: [&str; 10] = [
    "changeOrigin",
    "changeType",
    "changedFields",
    "commitNumber",
    "commitTimestamp",
    "commitUser",
    "entityName",
    "recordIds",
    "sequenceNumber",
    "transactionKey",
];

/// Makes one change and gives its event.
async fn event(org: &Org, client: &str, change: Change) -> Value {
    org.make(change).await;
    let mut events = org.events(client).await;
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

fn update(org: &Org, id: RecordId, field: &str, value: Field) -> Change {
    org.update("Account", id, &[(field, value)])
}

/// Value of a field in the newest event as it is stored.
async fn stored(org: &Org, entity: &str, field: &str) -> FieldValue {
    let schema = org.change_event_schema(&org.entity(entity));
    let position = schema.expect("a schema").position_of(field);
    org.newest().await.fields.remove(position.expect("a field"))
}

// S59, C1, C6, C10, C11
#[tokio::test]
async fn a_create_lists_the_fields_with_values() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    let event = org.events(&client).await.remove(0);
    assert_eq!(keys(&event["data"]), ["event", "payload", "schema"]);
    assert_eq!(event["data"]["event"], json!({"replayId": org.tail()}));
    let schema = org.change_event_schema(&org.entity("Account"));
    let schema = schema.expect("a schema").id().to_string();
    assert_eq!(event["data"]["schema"], json!(schema));
    assert_eq!(schema.len(), 22);
    let header = header(&event);
    assert_eq!(keys(header), HEADER_KEYS);
    assert_eq!(header["entityName"], "Account");
    assert_eq!(header["recordIds"], json!([id.to_string()]));
    assert_eq!(header["changeType"], "CREATE");
    assert_eq!(header["changedFields"], json!([]));
    assert_eq!(header["changeOrigin"], "com/salesforce/api/rest/59.0");
    assert_eq!(header["commitUser"], json!(org.admin.to_string()));
    assert_eq!(header["sequenceNumber"], 1);
    let payload = payload(&event);
    let object = payload.as_object().expect("an object");
    assert!(object.values().all(|value| !value.is_null()), "{payload}");
    for (field, value) in [
        ("Name", json!("Acme")),
        ("OwnerId", json!(org.admin.to_string())),
        ("CreatedById", json!(org.admin.to_string())),
        ("LastModifiedById", json!(org.admin.to_string())),
        ("CreatedDate", json!("2023-11-14T22:13:20.000Z")),
        ("LastModifiedDate", json!("2023-11-14T22:13:20.000Z")),
    ] {
        assert_eq!(payload[field], value, "{field}");
    }
}

// C2, C4
#[tokio::test]
async fn the_origin_is_that_of_the_change_or_empty() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    for origin in ["com/salesforce/api/rest/59.0;client=Astro", ""] {
        let change = org.new_record("Account", &[("Name", "Acme".into_field())]);
        org.commit_as(org.admin, origin, vec![change]).await;
        let event = org.events(&client).await.remove(0);
        assert_eq!(header(&event)["changeOrigin"], origin);
    }
}

#[tokio::test]
async fn a_long_text_is_sent_as_a_diff() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let before = "a line\n".repeat(200) + "the last";
    let fields = [
        ("Name", "Acme".into_field()),
        ("Description", before.as_str().into_field()),
    ];
    let created = event(&org, &client, org.new_record("Account", &fields)).await;
    assert_eq!(payload(&created)["Description"], before.as_str());
    let id = RecordId::parse(&text(&header(&created)["recordIds"][0])).expect("an id");
    let after = before.replacen("the last", "the very last", 1);
    let change = update(&org, id, "Description", after.as_str().into_field());
    let told = event(&org, &client, change).await;
    let difference = text(&payload(&told)["Description"]["diff"]);
    assert!(
        difference.ends_with("\n@@ -201,1 +201,1 @@\n-the last\n+the very last"),
        "{difference}"
    );
    assert_eq!(
        landfall_schema::difference::rebuilt(&before, &difference),
        Some(after)
    );
    assert_eq!(keys(header(&told)), HEADER_KEYS);
}

// C5, C14, C15, C20, S60, S61
#[tokio::test]
async fn an_update_lists_changed_and_nulled_fields() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let fields = [
        ("Name", "Acme".into_field()),
        ("Phone", "1".into_field()),
        ("BillingStreet", "Old Road".into_field()),
        ("BillingCity", "Paris".into_field()),
    ];
    let created = event(&org, &client, org.new_record("Account", &fields)).await;
    assert_eq!(
        payload(&created)["BillingAddress"],
        json!({"Street": "Old Road", "City": "Paris"})
    );
    let id = RecordId::parse(&text(&header(&created)["recordIds"][0])).expect("an id");

    let nulled = event(&org, &client, update(&org, id, "Phone", Field::Null)).await;
    assert_eq!(
        keys(payload(&nulled)),
        ["ChangeEventHeader", "LastModifiedDate", "Phone"]
    );
    assert_eq!(payload(&nulled)["Phone"], Value::Null);
    assert_eq!(
        header(&nulled)["changedFields"],
        json!(["Phone", "LastModifiedDate"])
    );
    assert_eq!(keys(header(&nulled)), HEADER_KEYS);
    let decoded = org.newest().await.header.expect("a header");
    assert_eq!(bitmap::encode(&decoded.nulled_fields), ["0x40"]);
    assert_eq!(bitmap::encode(&decoded.changed_fields), ["0x400040"]);
    assert!(bitmap::encode(&decoded.diff_fields).is_empty());
    assert_eq!(stored(&org, "Account", "Name").await, FieldValue::Null);

    let street = update(&org, id, "BillingStreet", "New Road".into_field());
    let moved = event(&org, &client, street).await;
    assert_eq!(
        payload(&moved)["BillingAddress"],
        json!({"Street": "New Road"})
    );
    assert_eq!(
        header(&moved)["changedFields"],
        json!(["LastModifiedDate", "BillingAddress.Street"])
    );
    let decoded = org.newest().await.header.expect("a header");
    assert_eq!(
        bitmap::encode(&decoded.changed_fields),
        ["0x400000", "4-0x01"]
    );

    let street = update(&org, id, "BillingStreet", Field::Null);
    let gone = event(&org, &client, street).await;
    assert_eq!(payload(&gone)["BillingAddress"], json!({"Street": null}));
}

// C7
#[tokio::test]
async fn a_transaction_has_one_key_one_number_and_numbered_events() {
    let org = Org::new().await;
    let client = org.subscribed(EVERYTHING, Value::Null).await;
    let account = || org.new_record("Account", &[("Name", "Acme".into_field())]);
    let lead = [
        ("LastName", "Doe".into_field()),
        ("Company", "Acme".into_field()),
    ];
    org.commit(vec![account(), org.new_record("Lead", &lead), account()])
        .await;
    org.commit(vec![account()]).await;
    let events = org.events(&client).await;
    let of = |member: &str| -> Vec<&Value> {
        events.iter().map(|event| &header(event)[member]).collect()
    };
    let transactions = of("transactionKey");
    assert!(transactions[..3].iter().all(|key| *key == transactions[0]));
    assert_ne!(transactions[3], transactions[0]);
    for key in transactions {
        let key = text(key);
        let groups: Vec<usize> = key.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        let digits = key.bytes().filter(|byte| *byte != b'-');
        assert!(
            digits
                .clone()
                .all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
        );
    }
    assert_eq!(of("sequenceNumber"), [1, 2, 3, 1]);
    let commits = of("commitNumber");
    assert!(commits[..3].iter().all(|number| *number == commits[0]));
    assert!(commits[3].as_u64() > commits[0].as_u64());
    assert_eq!(of("entityName"), ["Account", "Lead", "Account", "Account"]);
}

// C8, S65
#[tokio::test]
async fn the_timestamp_is_the_second_of_the_change_and_numbers_are_whole() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let fields = [
        ("Name", "Acme".into_field()),
        ("NumberofLocations__c", Field::Double(3.0)),
        ("NumberOfEmployees", Field::Integer(7)),
    ];
    org.make(org.new_record("Account", &fields)).await;
    let replies = org.post(crate::org::connect_now(&client)).await;
    let header = &replies[0]["data"]["payload"]["ChangeEventHeader"];
    assert_eq!(header["commitTimestamp"], 1_700_000_000_000_u64);
    let date = &replies[0]["data"]["payload"]["LastModifiedDate"];
    assert_eq!(date, "2023-11-14T22:13:20.000Z");
    let body = replies.to_string();
    assert!(body.contains(r#""NumberofLocations__c":3.0"#), "{body}");
    assert!(body.contains(r#""NumberOfEmployees":7"#), "{body}");
    assert!(header["commitNumber"].as_u64().expect("whole") > 1 << 32);
    assert!(header["commitNumber"].as_u64().expect("whole") < 1 << 53);
    assert!(replies[0]["data"]["event"]["replayId"].is_u64());
}

// C12, C13
#[tokio::test]
async fn the_modifier_is_named_when_it_is_another() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    org.events(&client).await;
    let phone = |number: &str| update(&org, id, "Phone", number.into_field());
    let same = event(&org, &client, phone("1")).await;
    assert_eq!(
        keys(payload(&same)),
        ["ChangeEventHeader", "LastModifiedDate", "Phone"]
    );
    assert_eq!(
        header(&same)["changedFields"],
        json!(["Phone", "LastModifiedDate"])
    );
    let token = org.standard_user("other@example.com").await;
    let other = org.auth.authenticate(&token).expect("a login").user_id;
    let outcomes = org
        .commit_as(other, crate::org::REST, vec![phone("2")])
        .await;
    assert!(outcomes[0].is_ok());
    let event = org.events(&client).await.remove(0);
    assert_eq!(
        header(&event)["changedFields"],
        json!(["Phone", "LastModifiedDate", "LastModifiedById"])
    );
    assert_eq!(
        payload(&event)["LastModifiedById"],
        json!(other.to_string())
    );
    assert_eq!(header(&event)["commitUser"], json!(other.to_string()));
}

// C16, C17, S62
#[tokio::test]
async fn a_delete_has_only_a_header_and_an_undelete_has_every_field() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let fields = [("Name", "Acme".into_field()), ("Phone", "1".into_field())];
    let created = event(&org, &client, org.new_record("Account", &fields)).await;
    let id = RecordId::parse(&text(&header(&created)["recordIds"][0])).expect("an id");
    org.clock.advance(Duration::from_secs(30));
    let deleted = event(&org, &client, org.delete("Account", id)).await;
    assert_eq!(keys(payload(&deleted)), ["ChangeEventHeader"]);
    assert_eq!(header(&deleted)["changeType"], "DELETE");
    assert_eq!(header(&deleted)["changedFields"], json!([]));
    let decoded = org.newest().await;
    assert!(
        decoded
            .fields
            .iter()
            .all(|value| *value == FieldValue::Null)
    );

    org.clock.advance(Duration::from_secs(30));
    let undeleted = event(&org, &client, org.undelete("Account", id)).await;
    assert_eq!(header(&undeleted)["changeType"], "UNDELETE");
    assert_eq!(header(&undeleted)["changedFields"], json!([]));
    assert_eq!(keys(payload(&undeleted)), keys(payload(&created)));
    assert_eq!(payload(&undeleted)["Phone"], "1");
    assert_eq!(
        payload(&undeleted)["CreatedDate"],
        payload(&created)["CreatedDate"]
    );
}

// C18, C19
#[tokio::test]
async fn the_schema_has_the_fields_of_the_service_in_its_order() {
    let org = Org::new().await;
    let schema = org.change_event_schema(&org.entity("Account"));
    let schema = schema.expect("a schema");
    for (field, position) in [
        ("ChangeEventHeader", 0),
        ("Name", 1),
        ("Type", 2),
        ("BillingAddress", 4),
        ("Phone", 6),
        ("Fax", 7),
        ("Industry", 11),
        ("LastModifiedDate", 22),
    ] {
        assert_eq!(schema.position_of(field), Some(position), "{field}");
    }
    for entity in org.engine.catalog().entities() {
        let Some(schema) = org.change_event_schema(entity) else {
            continue;
        };
        for never in [
            "Id",
            "IsDeleted",
            "SystemModstamp",
            "LastViewedDate",
            "LastReferencedDate",
            "LastActivityDate",
            "PhotoUrl",
            "MasterRecordId",
        ] {
            assert_eq!(schema.position_of(never), None, "{} {never}", entity.name);
        }
        assert_eq!(schema.position_of("ChangeEventHeader"), Some(0));
    }
}

// C21, in its part about standard objects
#[tokio::test]
async fn of_a_standard_address_only_the_changed_coordinate_is_said() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let fields = [
        ("Name", "Acme".into_field()),
        ("BillingLatitude", Field::Double(1.5)),
        ("BillingLongitude", Field::Double(2.5)),
    ];
    let id = org.make(org.new_record("Account", &fields)).await;
    org.events(&client).await;
    let latitude = update(&org, id, "BillingLatitude", Field::Double(3.5));
    let event = event(&org, &client, latitude).await;
    assert_eq!(payload(&event)["BillingAddress"], json!({"Latitude": 3.5}));
    assert_eq!(
        header(&event)["changedFields"],
        json!(["LastModifiedDate", "BillingAddress.Latitude"])
    );
}

// C22
#[tokio::test]
async fn a_persons_name_is_an_object() {
    let org = Org::new().await;
    let client = org
        .subscribed("/data/ContactChangeEvent", Value::Null)
        .await;
    let fields = [
        ("FirstName", "Jane".into_field()),
        ("LastName", "Doe".into_field()),
    ];
    let created = event(&org, &client, org.new_record("Contact", &fields)).await;
    assert_eq!(
        payload(&created)["Name"],
        json!({"FirstName": "Jane", "LastName": "Doe"})
    );
    let id = RecordId::parse(&text(&header(&created)["recordIds"][0])).expect("an id");
    let change = org.update("Contact", id, &[("FirstName", "Joan".into_field())]);
    let changed = event(&org, &client, change).await;
    assert_eq!(payload(&changed)["Name"], json!({"FirstName": "Joan"}));
    assert_eq!(
        header(&changed)["changedFields"],
        json!(["LastModifiedDate", "Name.FirstName"])
    );
}

// C23
#[tokio::test]
async fn a_day_is_a_day_and_a_moment_has_milliseconds() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let day = Date::of(Timestamp::from_millis(1_653_955_200_000));
    let fields = [
        ("Name", "Acme".into_field()),
        ("SLAExpirationDate__c", Field::Date(day)),
    ];
    let created = event(&org, &client, org.new_record("Account", &fields)).await;
    assert_eq!(payload(&created)["SLAExpirationDate__c"], "2022-05-31");
    assert_eq!(payload(&created)["CreatedDate"], "2023-11-14T22:13:20.000Z");
    assert_eq!(
        stored(&org, "Account", "SLAExpirationDate__c").await,
        FieldValue::Plain(Field::Date(day))
    );
    assert_eq!(
        stored(&org, "Account", "CreatedDate").await,
        FieldValue::Plain(Field::DateTime(Timestamp::from_millis(1_700_000_000_000)))
    );
}

// C26, S67
#[tokio::test]
async fn events_of_an_old_schema_are_read_with_it() {
    let org = Org::new().await;
    org.account("pattern").await;
    let pattern = org.newest().await.header.expect("a header");
    let topic = org
        .engine
        .definitions()
        .topic(&landfall_model::Topic::new(ACCOUNTS));
    let topic = topic.expect("a topic");
    let (folder, clock) = org.stopped().await;

    // What an earlier version of the definitions left: a schema with fewer fields, and an event of it.
    let old = EventSchema::new(
        "AccountChangeEvent",
        vec![
            EventField {
                name: "ChangeEventHeader".to_owned(),
                shape: Shape::Header,
                doc: String::new(),
            },
            EventField {
                name: "Motto".to_owned(),
                shape: Shape::Optional(Scalar::Text),
                doc: String::new(),
            },
        ],
    )
    .expect("a schema");
    let row = [Field::Null, "Onwards".into_field()];
    let payload_bytes = old.encode_change(&pattern, &row, Inclusion::All);
    let payload_bytes = payload_bytes.expect("a payload");
    let config = landfall_store_embedded::Config::new(folder.path().join("org.db"));
    let mut store = landfall_store_embedded::open(&config).expect("a store");
    let write = WriteSet {
        documents: vec![Document {
            kind: DocumentKind::Schema,
            key: old.id().to_string(),
            content: Some(old.avro_json().as_bytes().to_vec()),
        }],
        ..WriteSet::default()
    };
    store
        .writer
        .commit(&write, &mut |position| Appended {
            events: vec![NewEvent {
                topic,
                id: landfall_model::EventUuid::from_bytes([7; 16]).into(),
                schema: old.id(),
                payload: payload_bytes.clone().into(),
            }],
            at: Timestamp::from_millis(1_700_000_000_123),
            commit_number: position.commit_number,
        })
        .and_then(Outcome::committed)
        .expect("it is kept");
    drop(store);

    let org = Org::reopened(folder, clock).await;
    let client = org.subscribed(ACCOUNTS, json!(-2)).await;
    org.account("new").await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 3);
    assert_eq!(payload(&events[1])["Motto"], "Onwards");
    assert_eq!(events[1]["data"]["schema"], json!(old.id().to_string()));
    assert_eq!(payload(&events[2])["Name"], "new");
    assert_eq!(events[2]["data"]["schema"], events[0]["data"]["schema"]);
    assert_ne!(events[2]["data"]["schema"], events[1]["data"]["schema"]);
    assert!(org.engine.schema(old.id()).is_some());
}

/// The id that the next record of the object gets.
fn next_id(id: RecordId) -> RecordId {
    let mut text = id.as_str()[..15].to_owned();
    let last = text.pop().expect("15 characters");
    assert!(last.is_ascii_digit() && last < '9', "{id}");
    text.push(char::from(last as u8 + 1));
    RecordId::parse(&text).expect("an id")
}

// C28, S64
#[tokio::test]
async fn several_changes_of_a_record_in_one_transaction_are_one_event() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = next_id(org.account("first").await);
    org.events(&client).await;
    let create = org.new_record("Account", &[("Name", "second".into_field())]);
    let phone = |number: &str| update(&org, id, "Phone", number.into_field());
    let outcomes = org.commit(vec![create, phone("1"), phone("2")]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1);
    assert_eq!(header(&events[0])["changeType"], "CREATE");
    assert_eq!(header(&events[0])["recordIds"], json!([id.to_string()]));
    assert_eq!(payload(&events[0])["Phone"], "2");

    org.commit(vec![phone("3"), phone("4")]).await;
    let events = org.events(&client).await;
    assert_eq!(events.len(), 1);
    assert_eq!(header(&events[0])["changeType"], "UPDATE");
    assert_eq!(payload(&events[0])["Phone"], "4");
}

// C29
#[tokio::test]
async fn a_transaction_that_fails_leaves_no_event_and_no_position() {
    let org = Org::new().await;
    let client = org.subscribed(EVERYTHING, Value::Null).await;
    let tail = org.tail();
    let good = org.new_record("Account", &[("Name", "Acme".into_field())]);
    let bad = org.new_record("Contact", &[]);
    let outcomes = org.commit(vec![good, bad]).await;
    assert!(outcomes.iter().all(Result::is_err), "{outcomes:?}");
    assert!(org.events(&client).await.is_empty());
    assert_eq!(org.tail(), tail);
}

// C30
#[tokio::test]
async fn requests_make_events_in_the_order_of_their_commits() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    org.make(update(&org, id, "Name", "Bolt".into_field()))
        .await;
    org.make(update(&org, id, "Name", "Cord".into_field()))
        .await;
    let events = org.events(&client).await;
    assert_eq!(names(&events), ["Acme", "Bolt", "Cord"]);
    let ids: Vec<u64> = events.iter().map(replay_id).collect();
    assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
}

// C31, C33
#[tokio::test]
async fn what_goes_along_into_the_bin_and_back_has_events_of_its_own() {
    let org = Org::new().await;
    let client = org.subscribed(EVERYTHING, Value::Null).await;
    let account = org.account("Acme").await;
    for name in ["A", "B", "C"] {
        let fields = [
            ("LastName", name.into_field()),
            ("AccountId", Field::Id(account)),
        ];
        org.make(org.new_record("Contact", &fields)).await;
    }
    assert_eq!(org.events(&client).await.len(), 4);
    for (change, kind) in [
        (org.delete("Account", account), "DELETE"),
        (org.undelete("Account", account), "UNDELETE"),
    ] {
        org.make(change).await;
        let events = org.events(&client).await;
        let of = |member: &str| -> Vec<&Value> {
            events.iter().map(|event| &header(event)[member]).collect()
        };
        assert_eq!(of("changeType"), [kind; 4]);
        assert_eq!(
            of("entityName"),
            ["Account", "Contact", "Contact", "Contact"]
        );
        assert_eq!(of("sequenceNumber"), [1, 2, 3, 4]);
        let transactions = of("transactionKey");
        assert!(transactions.iter().all(|key| *key == transactions[0]));
    }
}

// C39
#[tokio::test]
async fn an_update_without_changes_lists_its_date_only() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    org.events(&client).await;
    org.clock.advance(Duration::from_secs(5));
    let same = event(&org, &client, update(&org, id, "Name", "Acme".into_field())).await;
    assert_eq!(header(&same)["changedFields"], json!(["LastModifiedDate"]));
    assert_eq!(
        keys(payload(&same)),
        ["ChangeEventHeader", "LastModifiedDate"]
    );
    assert_eq!(
        payload(&same)["LastModifiedDate"],
        "2023-11-14T22:13:25.000Z"
    );
}

// C80
#[tokio::test]
async fn ids_have_18_characters_whatever_the_request_had() {
    let org = Org::new().await;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    org.events(&client).await;
    let short = RecordId::parse(&id.as_str()[..15]).expect("an id");
    let event = event(
        &org,
        &client,
        update(&org, short, "Phone", "1".into_field()),
    )
    .await;
    assert_eq!(header(&event)["recordIds"], json!([id.to_string()]));
    assert_eq!(id.to_string().len(), 18);
}

/// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide); the sample schema of Account.
#[tokio::test]
async fn events_have_the_record_type_once_their_object_has_types() {
    let org = Org::new().await;
    let schema = |org: &Org| {
        let schema = org.change_event_schema(&org.entity("Account"));
        schema.expect("a schema")
    };
    let earlier = schema(&org);
    assert_eq!(earlier.position_of("RecordTypeId"), None);
    let club = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><recordTypes>\
        <fullName>Club</fullName><active>true</active><label>Clubs</label></recordTypes></CustomObject>";
    org.deploy(vec![landfall_metadata::Component {
        path: "objects/Account.object".to_owned(),
        content: club.to_owned(),
    }])
    .await;
    let later = schema(&org);
    assert_ne!(later.id(), earlier.id());
    let after = later.position_of("Type").map(|place| place + 1);
    assert_eq!(later.position_of("RecordTypeId"), after);
    let entity = org.entity("Account");
    let club = entity.record_types.first().expect("a type").id;
    let client = org.subscribed(ACCOUNTS, Value::Null).await;
    let id = org.account("Acme").await;
    let made = org.events(&client).await.remove(0);
    assert!(payload(&made).get("RecordTypeId").is_none(), "{made}");
    let changed = event(
        &org,
        &client,
        update(&org, id, "RecordTypeId", Field::Id(club)),
    )
    .await;
    assert_eq!(payload(&changed)["RecordTypeId"], json!(club.to_string()));
    let fields = &header(&changed)["changedFields"];
    assert_eq!(fields, &json!(["RecordTypeId", "LastModifiedDate"]));
}

//! What the Streaming API delivers for a payload.
//!
//! Source: "Change Event Body Fields", "Get Compound Fields" (Change Data Capture Developer Guide).

use landfall_model::{
    ChangeEventHeader, ChangeType, CommitNumber, Date, EntityDefinition, FieldBits, RecordId, Row,
    Timestamp, TransactionKey, Value,
};
use landfall_schema::{DecodeError, EventSchema, Inclusion};
use serde_json::{Value as Json, json};

struct Object {
    entity: EntityDefinition,
    schema: EventSchema,
}

fn object(name: &str) -> Object {
    let entity = landfall_standard::entities()
        .expect("the shipped objects")
        .into_iter()
        .find(|entity| entity.name.as_str() == name)
        .expect("a shipped object");
    let schema = EventSchema::of_change_event(&entity).expect("captured");
    Object { entity, schema }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Object {
    fn row<const N: usize>(&self, values: [(&str, Value); N]) -> Row {
        let mut row = vec![Value::Null; self.entity.fields.len()];
        for (name, value) in values {
            let index = self.entity.index_of(name).expect("a field");
            *row.get_mut(index).expect("a place") = value;
        }
        row
    }

    fn bits(&self, names: &[&str]) -> FieldBits {
        let mut bits = FieldBits::default();
        for name in names {
            let index = self.entity.index_of(name).expect("a field");
            let slot = self.schema.slot_of(index).expect("in the event");
            match slot.component {
                Some(component) => bits.insert_nested(slot.position, component),
                None => bits.insert(slot.position),
            }
        }
        bits
    }

    fn header(&self, change_type: ChangeType, changed: &[&str]) -> ChangeEventHeader {
        ChangeEventHeader {
            entity_name: self.entity.name.clone(),
            record_ids: vec!["0015f00002J9YYEAA3".to_owned()],
            change_type,
            change_origin: "com/salesforce/api/rest/59.0".to_owned(),
            transaction_key: TransactionKey::parse("0001ade9-3f74-0b99-dbc4-42e73424b774")
                .expect("a key"),
            sequence_number: 1,
            commit_timestamp: Timestamp::from_millis(1_712_693_965_000),
            commit_number: CommitNumber::new(1_082_985_383_811),
            commit_user: RecordId::parse("0055f000005mc66AAA").expect("an id"),
            nulled_fields: FieldBits::default(),
            diff_fields: FieldBits::default(),
            changed_fields: self.bits(changed),
        }
    }

    fn update<const N: usize>(&self, values: [(&str, Value); N]) -> Json {
        let names: Vec<&str> = values.iter().map(|(name, _)| *name).collect();
        let header = self.header(ChangeType::Update, &names);
        self.rendered(
            &header,
            &self.row(values),
            Inclusion::Only(&header.changed_fields),
        )
    }

    fn rendered(&self, header: &ChangeEventHeader, row: &Row, include: Inclusion<'_>) -> Json {
        let payload = self
            .schema
            .encode_change(header, row, include)
            .expect("the values fit");
        let mut out = Vec::new();
        self.schema
            .render_cometd(&payload, &mut out)
            .expect("its own payload");
        serde_json::from_slice(&out).expect("JSON")
    }
}

/// The payload without its header, and the header's list of changed fields.
fn split(mut payload: Json) -> (Json, Json) {
    let header = payload
        .as_object_mut()
        .and_then(|fields| fields.remove("ChangeEventHeader"))
        .expect("a header");
    (
        payload,
        header.get("changedFields").expect("always there").clone(),
    )
}

#[test]
fn a_create_shows_what_has_a_value_and_the_ten_header_fields() {
    let account = object("Account");
    let user = Value::Id(RecordId::parse("0055f000005mc66AAA").expect("an id"));
    let row = account.row([
        ("Name", text("Acme")),
        ("BillingCity", text("Berlin")),
        ("AnnualRevenue", Value::Double(3.0)),
        ("NumberOfEmployees", Value::Integer(7)),
        ("OwnerId", user),
        ("CleanStatus", text("Pending")),
        ("SLAExpirationDate__c", Value::Date(Date::from_days(19_904))),
    ]);
    let header = account.header(ChangeType::Create, &[]);
    assert_eq!(
        account.rendered(&header, &row, Inclusion::All),
        json!({
            "ChangeEventHeader": {
                "entityName": "Account",
                "recordIds": ["0015f00002J9YYEAA3"],
                "changeType": "CREATE",
                "changeOrigin": "com/salesforce/api/rest/59.0",
                "transactionKey": "0001ade9-3f74-0b99-dbc4-42e73424b774",
                "sequenceNumber": 1,
                "commitTimestamp": 1_712_693_965_000_i64,
                "commitNumber": 1_082_985_383_811_i64,
                "commitUser": "0055f000005mc66AAA",
                "changedFields": []
            },
            "Name": "Acme",
            "BillingAddress": {"City": "Berlin"},
            "AnnualRevenue": 3.0,
            "NumberOfEmployees": 7,
            "OwnerId": "0055f000005mc66AAA",
            "CleanStatus": "Pending",
            "SLAExpirationDate__c": "2024-06-30"
        })
    );
}

#[test]
fn an_update_shows_nulls_it_set_and_lists_components_last() {
    let (fields, changed) = split(object("Account").update([
        ("Phone", Value::Null),
        ("BillingStreet", text("415 Mission Street")),
        ("BillingCity", Value::Null),
        ("ShippingCity", Value::Null),
        ("Name", text("Acme")),
    ]));
    assert_eq!(
        fields,
        json!({
            "Name": "Acme",
            "BillingAddress": {"Street": "415 Mission Street", "City": null},
            "ShippingAddress": {"City": null},
            "Phone": null
        })
    );
    assert_eq!(
        changed,
        json!([
            "Name",
            "Phone",
            "BillingAddress.Street",
            "BillingAddress.City",
            "ShippingAddress.City"
        ])
    );
}

#[test]
fn the_name_of_a_contact_is_an_object_of_its_parts() {
    let (fields, changed) = split(object("Contact").update([("FirstName", text("Ada"))]));
    assert_eq!(fields, json!({"Name": {"FirstName": "Ada"}}));
    assert_eq!(changed, json!(["Name.FirstName"]));
}

#[test]
fn preferences_of_a_user_are_the_names_that_are_on() {
    let (fields, changed) = split(object("User").update([
        (
            "UserPreferencesActivityRemindersPopup",
            Value::Boolean(true),
        ),
        ("UserPreferencesDisableLikeEmail", Value::Boolean(true)),
        (
            "UserPreferencesApexPagesDeveloperMode",
            Value::Boolean(false),
        ),
    ]));
    assert_eq!(
        fields,
        json!({"UserPreferences": ["ActivityRemindersPopup", "DisableLikeEmail"]})
    );
    assert_eq!(changed, json!(["UserPreferences"]));
}

#[test]
fn a_delete_and_a_gap_show_the_header_only() {
    let account = object("Account");
    for change_type in [ChangeType::Delete, ChangeType::GapUpdate] {
        let header = account.header(change_type, &[]);
        let row = account.row([("Name", text("Acme"))]);
        let (fields, changed) = split(account.rendered(&header, &row, Inclusion::Nothing));
        assert_eq!(fields, json!({}));
        assert_eq!(changed, json!([]));
    }
}

#[test]
fn a_difference_is_wrapped() {
    let account = object("Account");
    let mut header = account.header(ChangeType::Update, &["Description"]);
    header.diff_fields = account.bits(&["Description"]);
    let row = account.row([("Description", text("--- \n+++ 00"))]);
    let (fields, _) =
        split(account.rendered(&header, &row, Inclusion::Only(&header.changed_fields)));
    assert_eq!(fields, json!({"Description": {"diff": "--- \n+++ 00"}}));
}

#[test]
fn a_value_of_the_wrong_type_is_refused() {
    let account = object("Account");
    let header = account.header(ChangeType::Create, &[]);
    for (name, value) in [
        ("NumberOfEmployees", Value::Integer(1 << 40)),
        ("NumberOfEmployees", text("7")),
        ("Name", Value::Boolean(true)),
        ("BillingLatitude", text("north")),
    ] {
        let row = account.row([(name, value)]);
        assert!(
            account
                .schema
                .encode_change(&header, &row, Inclusion::All)
                .is_err(),
            "{name}"
        );
    }
}

#[test]
fn a_payload_of_another_schema_leaves_the_output_alone() {
    let account = object("Account");
    let header = account.header(ChangeType::Delete, &[]);
    let payload = account
        .schema
        .encode_change(&header, &[], Inclusion::Nothing)
        .expect("a header");
    let mut out = b"[".to_vec();
    assert_eq!(
        object("Product2").schema.render_cometd(&payload, &mut out),
        Err(DecodeError::Trailing)
    );
    assert_eq!(out, b"[");
}

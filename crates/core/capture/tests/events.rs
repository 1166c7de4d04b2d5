//! The event of each kind of change.
//!
//! Source: "Change Event Body Fields", "Gap Events" (Change Data Capture Developer Guide).

use landfall_capture::{
    CapturedEvent, Error, GapCause, RecordChange, Rehearsed, TransactionFacts, capture, net,
};
use landfall_model::{
    ChangeType, CommitNumber, EntityDefinition, RecordId, Row, Timestamp, TransactionKey, Value,
};
use landfall_schema::{EventSchema, FieldValue};
use serde_json::{Value as Json, json};

struct Object {
    entity: EntityDefinition,
    schema: EventSchema,
}

const SAVED: Timestamp = Timestamp::from_millis(1_712_693_965_432);

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

fn user(text: &str) -> RecordId {
    RecordId::parse(text).expect("an id")
}

impl Object {
    fn with<const N: usize>(&self, row: &Row, values: [(&str, Value); N]) -> Row {
        let mut row = row.clone();
        for (name, value) in values {
            let index = self.entity.index_of(name).expect("a field");
            *row.get_mut(index).expect("a place") = value;
        }
        row
    }

    /// A record as the service saves it.
    fn saved<const N: usize>(&self, values: [(&str, Value); N]) -> Row {
        let admin = Value::Id(user("0055f000005mc66AAA"));
        let moment = Value::DateTime(SAVED.whole_second());
        let row = vec![Value::Null; self.entity.fields.len()];
        let row = self.with(
            &row,
            [
                ("CreatedDate", moment.clone()),
                ("CreatedById", admin.clone()),
                ("LastModifiedDate", moment.clone()),
                ("LastModifiedById", admin),
                ("SystemModstamp", moment),
            ],
        );
        self.with(&row, values)
    }

    fn event(
        &self,
        change_type: ChangeType,
        before: Option<&Row>,
        after: Option<&Row>,
    ) -> CapturedEvent {
        let change = self.change(change_type, before, after);
        capture(&change, &facts(), 2).expect("the states fit")
    }

    fn change<'a>(
        &'a self,
        change_type: ChangeType,
        before: Option<&'a Row>,
        after: Option<&'a Row>,
    ) -> RecordChange<'a> {
        RecordChange {
            entity: &self.entity,
            schema: &self.schema,
            record_id: user("0015f00002J9YYEAA3"),
            change_type,
            before: before.map(Vec::as_slice),
            after: after.map(Vec::as_slice),
            changed_at: SAVED,
            differences: true,
            with_contact: true,
            rehearsed: None,
        }
    }

    fn rendered(&self, event: &CapturedEvent) -> Json {
        let mut out = Vec::new();
        self.schema
            .render_cometd(&event.payload, &mut out)
            .expect("its own payload");
        serde_json::from_slice(&out).expect("JSON")
    }
}

fn facts() -> TransactionFacts<'static> {
    TransactionFacts {
        change_origin: "com/salesforce/api/rest/59.0;client=Astro",
        transaction_key: TransactionKey::parse("0001ade9-3f74-0b99-dbc4-42e73424b774")
            .expect("a key"),
        commit_number: CommitNumber::new(1_082_985_383_811),
        commit_user: user("0055f000005mc66AAA"),
    }
}

#[test]
fn a_create_carries_everything_and_lists_nothing() {
    let account = object("Account");
    let row = account.saved([("Name", text("Acme")), ("CleanStatus", text("Pending"))]);
    let event = account.event(ChangeType::Create, None, Some(&row));
    assert_eq!(event.schema_id, account.schema.id());
    assert_eq!(event.gap, None);
    assert_eq!(
        account.rendered(&event),
        json!({
            "ChangeEventHeader": {
                "entityName": "Account",
                "recordIds": ["0015f00002J9YYEAA3"],
                "changeType": "CREATE",
                "changeOrigin": "com/salesforce/api/rest/59.0;client=Astro",
                "transactionKey": "0001ade9-3f74-0b99-dbc4-42e73424b774",
                "sequenceNumber": 2,
                "commitTimestamp": 1_712_693_965_000_i64,
                "commitNumber": 1_082_985_383_811_i64,
                "commitUser": "0055f000005mc66AAA",
                "changedFields": []
            },
            "Name": "Acme",
            "CreatedDate": "2024-04-09T20:19:25.000Z",
            "CreatedById": "0055f000005mc66AAA",
            "LastModifiedDate": "2024-04-09T20:19:25.000Z",
            "LastModifiedById": "0055f000005mc66AAA",
            "CleanStatus": "Pending"
        })
    );
}

#[test]
fn an_update_by_the_same_user_in_the_same_second_still_has_its_date() {
    let account = object("Account");
    let before = account.saved([("Name", text("Acme")), ("Phone", text("1"))]);
    let after = account.with(&before, [("Phone", Value::Null)]);
    let event = account.event(ChangeType::Update, Some(&before), Some(&after));
    let json = account.rendered(&event);
    assert_eq!(
        json.pointer("/ChangeEventHeader/changedFields"),
        Some(&json!(["Phone", "LastModifiedDate"]))
    );
    assert_eq!(json.get("Phone"), Some(&Json::Null));
    assert_eq!(
        json.get("LastModifiedDate"),
        Some(&json!("2024-04-09T20:19:25.000Z"))
    );
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(3));
    let decoded = account
        .schema
        .decode(&event.payload)
        .expect("its own payload");
    let header = decoded.header.expect("a change event");
    let phone = account.schema.position_of("Phone").expect("a field");
    assert_eq!(header.nulled_fields.top().collect::<Vec<_>>(), [phone]);
    assert!(header.changed_fields.contains(phone));
    assert!(header.diff_fields.is_empty());
}

#[test]
fn an_update_by_another_user_names_that_user() {
    let account = object("Account");
    let before = account.saved([("Name", text("Acme"))]);
    let other = Value::Id(user("0055f00000GBZR4AAP"));
    let after = account.with(
        &before,
        [
            ("LastModifiedById", other),
            ("BillingStreet", text("1 Main")),
        ],
    );
    let json = account.rendered(&account.event(ChangeType::Update, Some(&before), Some(&after)));
    assert_eq!(
        json.pointer("/ChangeEventHeader/changedFields"),
        Some(&json!([
            "LastModifiedDate",
            "LastModifiedById",
            "BillingAddress.Street"
        ]))
    );
    assert_eq!(
        json.get("BillingAddress"),
        Some(&json!({"Street": "1 Main"}))
    );
    assert_eq!(
        json.get("LastModifiedById"),
        Some(&json!("0055f00000GBZR4AAP"))
    );
}

#[test]
fn an_update_that_changes_nothing_lists_its_date_only() {
    let account = object("Account");
    let row = account.saved([("Name", text("Acme"))]);
    let json = account.rendered(&account.event(ChangeType::Update, Some(&row), Some(&row)));
    assert_eq!(
        json.pointer("/ChangeEventHeader/changedFields"),
        Some(&json!(["LastModifiedDate"]))
    );
}

#[test]
fn a_delete_carries_no_field() {
    let account = object("Account");
    let row = account.saved([("Name", text("Acme"))]);
    let event = account.event(ChangeType::Delete, Some(&row), None);
    let decoded = account
        .schema
        .decode(&event.payload)
        .expect("its own payload");
    assert!(
        decoded
            .fields
            .iter()
            .all(|field| *field == FieldValue::Null)
    );
    assert!(event.payload.ends_with(&[0; 42]));
}

#[test]
fn an_undelete_carries_everything() {
    let account = object("Account");
    let row = account.saved([("Name", text("Acme"))]);
    let json = account.rendered(&account.event(ChangeType::Undelete, None, Some(&row)));
    assert_eq!(json.get("Name"), Some(&json!("Acme")));
    assert!(json.get("CreatedDate").is_some());
    assert_eq!(
        json.pointer("/ChangeEventHeader/changedFields"),
        Some(&json!([]))
    );
}

#[test]
fn a_new_opportunity_does_not_show_its_expected_revenue() {
    let opportunity = object("Opportunity");
    let row = opportunity.saved([
        ("Name", text("Big")),
        ("ExpectedRevenue", Value::Double(4_000.0)),
    ]);
    let created = opportunity.rendered(&opportunity.event(ChangeType::Create, None, Some(&row)));
    assert_eq!(created.get("ExpectedRevenue"), None);
    let back = opportunity.rendered(&opportunity.event(ChangeType::Undelete, None, Some(&row)));
    assert_eq!(back.get("ExpectedRevenue"), Some(&json!(4_000.0)));
}

#[test]
fn an_event_beyond_the_limit_becomes_a_gap() {
    let account = object("Account");
    let before = account.saved([("Name", text("Acme"))]);
    let after = account.with(&before, [("Description", text(&"x".repeat(1_000_000)))]);
    let event = account.event(ChangeType::Update, Some(&before), Some(&after));
    assert_eq!(event.gap, Some(GapCause::TooLarge));
    assert_eq!(event.header.change_type, ChangeType::GapUpdate);
    let json = account.rendered(&event);
    assert_eq!(
        json.pointer("/ChangeEventHeader/changeType"),
        Some(&json!("GAP_UPDATE"))
    );
    assert_eq!(
        json.pointer("/ChangeEventHeader/changedFields"),
        Some(&json!([]))
    );
    assert_eq!(json.as_object().map(serde_json::Map::len), Some(1));
}

/// Lines of a long text, one of which is this.
fn lines(third: &str) -> Value {
    let mut lines = vec!["a line of a longer text"; 60];
    lines.insert(2, third);
    text(&lines.join("\n"))
}

#[test]
fn a_large_text_is_sent_as_a_diff_if_enabled() {
    let account = object("Account");
    let before = account.saved([("Name", text("Acme")), ("Description", lines("old"))]);
    let after = account.with(&before, [("Description", lines("new"))]);
    let mut change = account.change(ChangeType::Update, Some(&before), Some(&after));
    let place = account.schema.position_of("Description").expect("a field");
    for wanted in [true, false] {
        change.differences = wanted;
        let event = capture(&change, &facts(), 2).expect("the states fit");
        let decoded = account
            .schema
            .decode(&event.payload)
            .expect("its own payload");
        let header = decoded.header.expect("a change event");
        assert_eq!(header.diff_fields.contains(place), wanted);
        assert!(header.changed_fields.contains(place));
        let FieldValue::Plain(Value::Text(told)) = &decoded.fields[place] else {
            panic!("{:?}", decoded.fields[place]);
        };
        assert_eq!(told.starts_with("--- \n+++ "), wanted);
        if wanted {
            assert!(told.ends_with("\n@@ -3,1 +3,1 @@\n-old\n+new"), "{told}");
        } else {
            assert_eq!(text(told), lines("new"));
        }
    }
    // A create, an undelete and a new text are captured whole.
    for (change_type, row) in [(ChangeType::Undelete, &after), (ChangeType::Create, &after)] {
        let json = account.rendered(&account.event(change_type, Some(&before), Some(row)));
        assert!(json.get("Description").is_some_and(Json::is_string));
    }
    let empty = account.saved([("Name", text("Acme"))]);
    let json = account.rendered(&account.event(ChangeType::Update, Some(&empty), Some(&after)));
    assert!(json.get("Description").is_some_and(Json::is_string));
}

#[test]
fn a_value_that_cannot_be_encoded_becomes_a_gap() {
    let account = object("Account");
    let row = account.saved([("NumberOfEmployees", text("many"))]);
    let event = account.event(ChangeType::Create, None, Some(&row));
    assert_eq!(event.header.change_type, ChangeType::GapCreate);
    assert!(matches!(event.gap, Some(GapCause::Internal(_))));
}

#[test]
fn a_rehearsed_conversion_is_of_all_records_and_without_fields() {
    let account = object("Account");
    let row = account.saved([("Name", text("Acme"))]);
    let change = RecordChange {
        with_contact: true,
        rehearsed: Some(Rehearsed::Conversion),
        ..account.change(ChangeType::Create, None, Some(&row))
    };
    let event = capture(&change, &facts(), 2).expect("the states fit");
    assert_eq!((event.gap.clone(), event.changes), (None, 1));
    let rendered = account.rendered(&event);
    let payload = rendered.as_object().expect("an object");
    assert_eq!(payload.len(), 1, "there is the header alone: {payload:?}");
    let header = &rendered["ChangeEventHeader"];
    assert_eq!(header["recordIds"], json!(["001*"]));
    assert_eq!(header["changeType"], "UPDATE");
    assert_eq!(header["changedFields"], json!([]));
    assert_eq!(header["sequenceNumber"], 2);
}

#[test]
fn states_that_do_not_fit_are_refused() {
    let account = object("Account");
    let change = RecordChange {
        entity: &account.entity,
        schema: &account.schema,
        record_id: user("0015f00002J9YYEAA3"),
        change_type: ChangeType::Update,
        before: None,
        after: Some(&[]),
        changed_at: SAVED,
        differences: true,
        with_contact: true,
        rehearsed: None,
    };
    assert_eq!(
        capture(&change, &facts(), 2),
        Err(Error::StateMissing {
            change_type: ChangeType::Update
        })
    );
}

#[test]
fn changes_of_one_transaction_amount_to_the_first_one_with_the_last_state() {
    use ChangeType::{Create, Delete, Undelete, Update};
    for (first, last, amount) in [
        (Create, Update, Some(Create)),
        (Create, Delete, None),
        (Create, Undelete, Some(Create)),
        (Update, Update, Some(Update)),
        (Update, Delete, Some(Delete)),
        (Delete, Undelete, Some(Update)),
        (Delete, Delete, Some(Delete)),
        (Undelete, Update, Some(Undelete)),
        (Undelete, Delete, None),
    ] {
        assert_eq!(net(first, last), amount, "{first:?} {last:?}");
    }
}

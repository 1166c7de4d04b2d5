//! New records: what they need, and what they have without being given it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use landfall_engine::{Change, Clock, Transaction, Waiting, Working};
use landfall_model::{Date, Fault, FieldFault, FieldName, RecordId, Timestamp, Value};

use crate::org::{self, FieldValueOf, Org, START, null, text, user};

/// What each object asks for. Source: the objects' pages in the Object Reference.
fn required(name: &str) -> Vec<FieldValueOf<'static>> {
    let day = |field| (field, Value::Date(Date::from_days(19_700)));
    match name {
        "Account" | "Campaign" | "Product2" | "Asset" => vec![text("Name", "Landfall")],
        "Contact" => vec![text("LastName", "Boyle")],
        "Lead" => vec![text("LastName", "Boyle"), text("Company", "Landfall")],
        "Opportunity" => vec![
            text("Name", "Landfall"),
            text("StageName", "Prospecting"),
            day("CloseDate"),
        ],
        "Order" => vec![day("EffectiveDate"), text("Status", "Draft")],
        "User" => user("boyle"),
        _ => Vec::new(),
    }
}

/// What the object's own rules ask for on top.
async fn ruled(org: &Org, name: &str) -> Vec<FieldValueOf<'static>> {
    match name {
        "Asset" | "Contract" => {
            let account = org.created("Account", &required("Account")).await;
            vec![("AccountId", Value::Id(account))]
        }
        "Event" => vec![
            ("ActivityDateTime", Value::DateTime(START)),
            ("DurationInMinutes", Value::Integer(30)),
        ],
        _ => Vec::new(),
    }
}

const OBJECTS: [&str; 13] = [
    "Account",
    "Asset",
    "Campaign",
    "Case",
    "Contact",
    "Contract",
    "Event",
    "Lead",
    "Opportunity",
    "Order",
    "Product2",
    "Task",
    "User",
];

#[tokio::test]
async fn every_object_is_created_with_what_it_requires() {
    let org = Org::new().await;
    for name in OBJECTS {
        let mut given = required(name);
        given.extend(ruled(&org, name).await);
        let id = org.created(name, &given).await;
        assert_eq!(id.prefix(), org.entity(name).key_prefix, "{name}");
    }
}

#[tokio::test]
async fn an_object_is_not_created_without_one_of_what_it_requires() {
    let org = Org::new().await;
    for name in OBJECTS {
        let rules = ruled(&org, name).await;
        for missing in required(name) {
            let mut given: Vec<FieldValueOf<'_>> = required(name);
            given.retain(|(field, _)| *field != missing.0);
            given.extend(rules.clone());
            let fields = |fault| match fault {
                Fault::Field(FieldFault::Required { fields }) => fields,
                other => panic!("{name} without {}: {other:?}", missing.0),
            };
            let silent = fields(org.refused(org.create(name, &given)).await);
            assert_eq!(silent.len(), 1, "{name}");
            assert_eq!(silent[0].as_str(), missing.0, "{name}");
            given.push(null(missing.0));
            assert_eq!(fields(org.refused(org.create(name, &given)).await), silent);
            *given.last_mut().expect("a field") = text(missing.0, "  ");
            if missing.1.as_text().is_some() {
                assert_eq!(fields(org.refused(org.create(name, &given)).await), silent);
            }
        }
    }
}

#[tokio::test]
async fn all_missing_fields_are_named_at_once_in_describe_order() {
    let org = Org::new().await;
    let fault = org.refused(org.create("Opportunity", &[])).await;
    let Fault::Field(FieldFault::Required { fields }) = fault else {
        panic!("{fault:?}");
    };
    let names: Vec<_> = fields.iter().map(FieldName::as_str).collect();
    assert_eq!(names, ["Name", "StageName", "CloseDate"]);
}

#[tokio::test]
async fn silent_fields_get_their_documented_defaults() {
    let org = Org::new().await;
    for (name, field, default) in [
        ("Case", "Status", "New"),
        ("Case", "Priority", "Medium"),
        ("Task", "Status", "Not Started"),
        ("Task", "Priority", "Normal"),
        ("Lead", "Status", "Open - Not Contacted"),
        ("Contract", "Status", "Draft"),
        ("Campaign", "Status", "Planned"),
        ("Event", "ShowAs", "Busy"),
        ("User", "CommunityNickname", "boyle"),
    ] {
        let mut given = required(name);
        if name == "User" {
            given[0] = ("Username", Value::Text(format!("boyle@{field}.test")));
        }
        given.extend(ruled(&org, name).await);
        let id = org.created(name, &given).await;
        let expected = Value::Text(default.to_owned());
        assert_eq!(org.value(id, field).await, expected, "{name}.{field}");
    }
}

#[tokio::test]
async fn a_given_null_beats_a_default_where_null_is_allowed() {
    let org = Org::new().await;
    let id = org.created("Case", &[null("Priority")]).await;
    assert_eq!(org.value(id, "Priority").await, Value::Null);
    let mut lead = required("Lead");
    lead.push(null("Status"));
    assert!(matches!(
        org.refused(org.create("Lead", &lead)).await,
        Fault::Field(FieldFault::Required { fields }) if fields[0].as_str() == "Status"
    ));
}

#[tokio::test]
async fn checkboxes_are_never_null() {
    let org = Org::new().await;
    for name in OBJECTS {
        let mut given = required(name);
        given.extend(ruled(&org, name).await);
        if name == "Contact" {
            given.push(null("HasOptedOutOfEmail"));
        }
        let id = org.created(name, &given).await;
        let row = org.row(id).await;
        for (field, value) in org.entity(name).fields.iter().zip(&row) {
            let is_checkbox = field.field_type == landfall_model::FieldType::Boolean;
            if is_checkbox && field.stored() {
                assert!(value.as_bool().is_some(), "{name}.{}", field.name);
            }
        }
    }
}

#[tokio::test]
async fn the_service_sets_who_and_when_in_whole_seconds() {
    let org = Org::new().await;
    let id = org.created("Account", &required("Account")).await;
    let stamp = Value::DateTime(Timestamp::from_millis(1_700_000_000_000));
    for field in ["CreatedDate", "LastModifiedDate", "SystemModstamp"] {
        assert_eq!(org.value(id, field).await, stamp, "{field}");
    }
    for field in ["OwnerId", "CreatedById", "LastModifiedById"] {
        assert_eq!(org.value(id, field).await, Value::Id(org.user), "{field}");
    }
    assert_eq!(org.value(id, "Id").await, Value::Id(id));
    assert_eq!(org.value(id, "IsDeleted").await, Value::Boolean(false));
}

#[tokio::test]
async fn a_record_is_its_creators_unless_another_owner_is_given() {
    let org = Org::new().await;
    let other = org.created("User", &user("other")).await;
    let mut given = required("Account");
    given.push(("OwnerId", Value::Id(other)));
    let id = org.created("Account", &given).await;
    assert_eq!(org.value(id, "OwnerId").await, Value::Id(other));
    *given.last_mut().expect("the owner") = null("OwnerId");
    let id = org.created("Account", &given).await;
    assert_eq!(org.value(id, "OwnerId").await, Value::Id(org.user));
}

#[tokio::test]
async fn an_update_moves_the_modification_and_leaves_the_creation() {
    let org = Org::new().await;
    let other = org.created("User", &user("other")).await;
    let id = org.created("Account", &required("Account")).await;
    org.advance(60);
    let mut transaction = org.transaction(vec![org.update(id, &[text("Phone", " 1 ")])]);
    transaction.user = other;
    let outcomes = org.engine.commit(transaction).await.expect("a commit");
    assert!(outcomes[0].as_ref().is_ok_and(|saved| !saved.created));
    let later = Value::DateTime(Timestamp::from_millis(1_700_000_060_000));
    assert_eq!(org.value(id, "LastModifiedDate").await, later);
    assert_eq!(org.value(id, "SystemModstamp").await, later);
    assert_eq!(org.value(id, "LastModifiedById").await, Value::Id(other));
    assert_eq!(org.value(id, "CreatedById").await, Value::Id(org.user));
    assert_eq!(org.value(id, "OwnerId").await, Value::Id(org.user));
    let created = Value::DateTime(Timestamp::from_millis(1_700_000_000_000));
    assert_eq!(org.value(id, "CreatedDate").await, created);
    assert_eq!(org.value(id, "Phone").await, Value::Text("1".to_owned()));
}

/// A clock that can be set back.
struct Swinging(AtomicI64);

impl Clock for Swinging {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn wait_until(&self, _: Timestamp) -> Waiting<'_> {
        Box::pin(std::future::ready(Working::default()))
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_takes_no_date_with_it() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let clock = Arc::new(Swinging(AtomicI64::new(START.as_millis())));
    let (engine, _writer) = org::start(
        &folder,
        Arc::clone(&clock) as _,
        1,
        (landfall_engine::CaptureRules::default(), true),
        |opened| opened,
    );
    let entity = Arc::clone(engine.catalog().entity("Case").expect("an object"));
    let place = entity.index_of("CreatedDate").expect("a field");
    let mut dates = Vec::new();
    for back in [0, 5_000, 60_000] {
        clock.0.store(START.as_millis() - back, Ordering::Relaxed);
        let transaction = Transaction {
            changes: vec![Change::Create {
                entity: Arc::clone(&entity),
                values: Vec::new(),
            }],
            all_or_none: false,
            user: RecordId::EMPTY,
            origin: String::new(),
        };
        let outcomes = engine.commit(transaction).await.expect("a commit");
        let id = outcomes[0].as_ref().expect("a case").id;
        let row = engine.row(&entity, id).await.expect("a read");
        dates.push(row.expect("a case")[place].clone());
    }
    assert_eq!(dates, vec![Value::DateTime(START.whole_second()); 3]);
}

#[tokio::test]
async fn auto_numbers_count_from_one_in_the_format_of_their_field() {
    let org = Org::new().await;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let id = org.created("Case", &[]).await;
        numbers.push(org.value(id, "CaseNumber").await);
    }
    let shown = |number: &str| Value::Text(number.to_owned());
    assert_eq!(numbers, [shown("00000001"), shown("00000002")]);
}

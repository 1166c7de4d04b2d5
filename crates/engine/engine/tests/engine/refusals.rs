//! Every refusal of the planner, and which of several faults is reported.

use landfall_engine::{Change, Transaction};
use landfall_metadata::Component;
use landfall_model::fault::Operation;
use landfall_model::{
    Fault, FieldFault, FieldName, RecordFault, RecordId, RequestFault, Timestamp, Value, ValueFault,
};

use crate::org::{FieldValueOf, Org, START, null, text, user};

/// A name that no account can have.
fn long() -> String {
    "x".repeat(256)
}

fn field(fault: &Fault) -> &str {
    match fault {
        Fault::Value(
            ValueFault::TextTooLong { field, .. }
            | ValueFault::PicklistValueUnknown { field, .. }
            | ValueFault::EmailInvalid { field, .. }
            | ValueFault::IdTypeWrong { field, .. }
            | ValueFault::NumberOutOfRange { field, .. }
            | ValueFault::Refused { field, .. },
        ) => field.name.as_str(),
        Fault::Value(
            ValueFault::ReferenceUnknown { field } | ValueFault::Duplicate { field, .. },
        ) => field.as_str(),
        Fault::Field(FieldFault::Required { fields } | FieldFault::ReadOnly { fields }) => {
            fields.first().map_or("none", FieldName::as_str)
        }
        other => panic!("{other:?} is about no field"),
    }
}

#[tokio::test]
async fn read_only_fields_are_refused_in_the_order_of_the_request() {
    let org = Org::new().await;
    let given = [
        ("CreatedDate", Value::DateTime(START)),
        text("Name", "Landfall"),
        ("IsDeleted", Value::Boolean(true)),
        ("Id", Value::Id(org.user)),
    ];
    let fault = org.refused(org.create("Account", &given)).await;
    let Fault::Field(FieldFault::ReadOnly { fields }) = fault else {
        panic!("{fault:?}");
    };
    let names: Vec<_> = fields.iter().map(FieldName::as_str).collect();
    assert_eq!(names, ["CreatedDate", "IsDeleted", "Id"]);
    let id = org.created("Account", &[text("Name", "Landfall")]).await;
    let address = [("BillingAddress", Value::Null)];
    let fault = org.refused(org.update(id, &address)).await;
    assert!(
        matches!(fault, Fault::Field(FieldFault::ReadOnly { .. })),
        "{fault:?}"
    );
}

/// Source: "Triggers and Order of Execution" (Apex Developer Guide): lists and references are checked before required fields;
/// that the length is too: none.
#[tokio::test]
async fn the_first_failing_check_is_reported() {
    let org = Org::new().await;
    let taken = user("taken");
    org.created("User", &taken).await;
    let nobody = RecordId::parse("0055f0000000099").expect("an id");
    let mut given: Vec<FieldValueOf<'_>> = user("taken");
    given.retain(|(field, _)| *field != "LastName");
    given.extend([
        ("ManagerId", Value::Id(nobody)),
        ("Title", Value::Text(long())),
        ("Department", Value::Integer(1)),
        ("CreatedDate", Value::DateTime(START)),
    ]);
    let mut told = Vec::new();
    for mend in [
        "CreatedDate",
        "Department",
        "Title",
        "ManagerId",
        "LastName",
        "Username",
    ] {
        let fault = org.refused(org.create("User", &given)).await;
        told.push(match fault {
            Fault::Field(FieldFault::ReadOnly { .. }) => "read only",
            Fault::Value(ValueFault::Refused { .. }) => "type",
            Fault::Field(FieldFault::Required { .. }) => "required",
            Fault::Value(ValueFault::TextTooLong { .. }) => "length",
            Fault::Value(ValueFault::ReferenceUnknown { .. }) => "reference",
            Fault::Value(ValueFault::Duplicate { .. }) => "unique",
            _ => "other",
        });
        assert_eq!(field(&fault), mend);
        given.retain(|(field, _)| *field != mend);
        if mend == "LastName" {
            given.push(text("LastName", "Boyle"));
        }
    }
    let order = [
        "read only",
        "type",
        "length",
        "reference",
        "required",
        "unique",
    ];
    assert_eq!(told, order);
}

#[tokio::test]
async fn a_value_of_another_type_is_refused_and_the_writer_goes_on() {
    let org = Org::new().await;
    for (name, wrong) in [
        ("Name", Value::Boolean(true)),
        ("NumberOfEmployees", Value::Double(1.0)),
        ("AnnualRevenue", Value::Integer(1)),
        ("ParentId", text("", "001").1),
        ("Phone", Value::Id(org.user)),
    ] {
        let given = [text("Name", "Landfall"), (name, wrong)];
        let fault = org.refused(org.create("Account", &given)).await;
        assert!(
            matches!(fault, Fault::Value(ValueFault::Refused { .. })),
            "{name}: {fault:?}"
        );
    }
    assert!(org.engine.is_writable());
    org.created("Account", &[text("Name", "Landfall")]).await;
}

#[tokio::test]
async fn text_is_counted_in_characters_after_trimming() {
    let org = Org::new().await;
    let name = format!("  {}  ", "ü".repeat(255));
    let id = org.created("Account", &[text("Name", &name)]).await;
    assert_eq!(org.value(id, "Name").await, Value::Text("ü".repeat(255)));
    let fault = org.refused(org.update(id, &[text("Name", &long())])).await;
    let Fault::Value(ValueFault::TextTooLong { field, value, max }) = fault else {
        panic!("{fault:?}");
    };
    assert_eq!((field.name.as_str(), max), ("Name", 255));
    assert_eq!(value, long());
}

#[tokio::test]
async fn numbers_keep_the_digits_beyond_their_scale_and_stay_in_their_precision() {
    let org = Org::new().await;
    let mut given = vec![
        text("Name", "Landfall"),
        ("AnnualRevenue", Value::Double(1.5)),
        ("NumberOfEmployees", Value::Integer(99_999_999)),
    ];
    let id = org.created("Account", &given).await;
    // Its scale is 0.
    assert_eq!(org.value(id, "AnnualRevenue").await, Value::Double(1.5));
    for number in [f64::NAN, f64::INFINITY, 1e18, 999_999_999_999_999_999.9] {
        given[1].1 = Value::Double(number);
        let fault = org.refused(org.create("Account", &given)).await;
        assert!(
            matches!(fault, Fault::Value(ValueFault::NumberOutOfRange { .. })),
            "{number}: {fault:?}"
        );
    }
    given[1].1 = Value::Double(-0.0);
    let id = org.created("Account", &given).await;
    let Value::Double(zero) = org.value(id, "AnnualRevenue").await else {
        panic!("a number");
    };
    assert!(zero == 0.0 && zero.is_sign_positive());
    given[2].1 = Value::Integer(i64::MIN);
    let fault = org.refused(org.create("Account", &given)).await;
    assert_eq!(field(&fault), "NumberOfEmployees");
}

#[tokio::test]
async fn lists_and_addresses_are_checked() {
    let org = Org::new().await;
    let given = [text("LastName", "Boyle"), text("Email", "nobody")];
    let fault = org.refused(org.create("Contact", &given)).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::EmailInvalid { .. })),
        "{fault:?}"
    );
    let mut given = user("boyle");
    given.push(text("TimeZoneSidKey", "Mars/Olympus"));
    let fault = org.refused(org.create("User", &given)).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::PicklistValueUnknown { .. })),
        "{fault:?}"
    );
    // An open list takes what it does not list.
    let given = [text("Name", "Landfall"), text("Industry", "Moon mining")];
    org.created("Account", &given).await;
}

#[tokio::test]
async fn references_point_to_live_records_of_a_listed_object() {
    let org = Org::new().await;
    let account = org.created("Account", &[text("Name", "Landfall")]).await;
    let contact = |account: RecordId| {
        let given = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
        org.create("Contact", &given)
    };
    org.change(contact(account)).await;
    let fault = org.refused(contact(org.user)).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::IdTypeWrong { .. })),
        "{fault:?}"
    );
    for unknown in ["0015f0000000099", "zzz5f0000000001"] {
        let unknown = RecordId::parse(unknown).expect("an id");
        let fault = org.refused(contact(unknown)).await;
        assert!(
            matches!(fault, Fault::Value(ValueFault::ReferenceUnknown { .. })),
            "{fault:?}"
        );
    }
    org.change(org.delete(account)).await;
    let fault = org.refused(contact(account)).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::ReferenceUnknown { .. })),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_polymorphic_reference_takes_any_of_its_objects() {
    let org = Org::new().await;
    let account = org.created("Account", &[text("Name", "Landfall")]).await;
    let case = org.created("Case", &[]).await;
    let contact = org.created("Contact", &[text("LastName", "Boyle")]).await;
    for what in [account, case] {
        let id = org.created("Task", &[("WhatId", Value::Id(what))]).await;
        assert_eq!(org.value(id, "WhatId").await, Value::Id(what));
    }
    let fault = org
        .refused(org.create("Task", &[("WhatId", Value::Id(contact))]))
        .await;
    assert_eq!(field(&fault), "WhatId");
    org.created("Task", &[("WhoId", Value::Id(contact))]).await;
}

#[tokio::test]
async fn missing_and_deleted_records_are_distinguished() {
    let org = Org::new().await;
    let unknown = RecordId::parse("0015f0000000099").expect("an id");
    let name = [text("Name", "Landfall")];
    assert_eq!(
        org.refused(org.update(unknown, &name)).await,
        Fault::Record(RecordFault::NotFound)
    );
    assert_eq!(
        org.refused(org.delete(unknown)).await,
        Fault::Record(RecordFault::Unknown)
    );
    assert_eq!(
        org.refused(org.undelete(unknown)).await,
        Fault::Record(RecordFault::Unknown)
    );
    let id = org.created("Account", &name).await;
    assert_eq!(
        org.refused(org.undelete(id)).await,
        Fault::Record(RecordFault::NotDeleted)
    );
    org.change(org.delete(id)).await;
    assert_eq!(
        org.refused(org.update(id, &name)).await,
        Fault::Record(RecordFault::Deleted)
    );
    assert_eq!(
        org.refused(org.delete(id)).await,
        Fault::Record(RecordFault::Deleted)
    );
}

#[tokio::test]
async fn the_id_of_another_object_is_refused_even_if_its_record_was_just_touched() {
    let org = Org::new().await;
    let contact = org.created("Contact", &[text("LastName", "Boyle")]).await;
    let account = org.entity("Account");
    let as_account = vec![
        org.update(contact, &[text("LastName", "Frank")]),
        Change::Update {
            entity: account.clone(),
            id: contact,
            values: Vec::new(),
            unmodified_since: None,
        },
        Change::Delete {
            entity: account.clone(),
            id: contact,
        },
        Change::Undelete {
            entity: account,
            id: contact,
        },
    ];
    let outcomes = org.commit(as_account).await;
    assert!(outcomes[0].is_ok());
    for outcome in &outcomes[1..] {
        assert!(
            matches!(outcome, Err(Fault::Value(ValueFault::IdTypeWrong { .. }))),
            "{outcome:?}"
        );
    }
    assert_eq!(
        org.value(contact, "LastName").await,
        Value::Text("Frank".to_owned())
    );
}

#[tokio::test]
async fn a_required_field_cannot_be_emptied() {
    let org = Org::new().await;
    let id = org.created("Account", &[text("Name", "Landfall")]).await;
    for empty in [null("Name"), text("Name", " \t ")] {
        let fault = org.refused(org.update(id, &[empty])).await;
        assert_eq!(field(&fault), "Name");
    }
    org.change(org.update(id, &[text("Phone", "1")])).await;
}

#[tokio::test]
async fn an_object_refuses_what_it_cannot() {
    let org = Org::new().await;
    let operation = |fault| match fault {
        Fault::Record(RecordFault::OperationRefused { operation, label }) => (operation, label),
        other => panic!("{other:?}"),
    };
    let fault = org.refused(org.delete(org.user)).await;
    assert_eq!(operation(fault), (Operation::Delete, "User".to_owned()));
    let fault = org.refused(org.undelete(org.user)).await;
    assert_eq!(operation(fault), (Operation::Undelete, "User".to_owned()));
    let fault = org.refused(org.create("Organization", &[])).await;
    assert_eq!(operation(fault).0, Operation::Create);
}

#[tokio::test]
async fn a_record_that_was_modified_since_is_left_alone() {
    let org = Org::new().await;
    let id = org.created("Account", &[text("Name", "Landfall")]).await;
    let update = |point: Timestamp| {
        let Change::Update {
            entity, id, values, ..
        } = org.update(id, &[text("Phone", "1")])
        else {
            panic!("an update");
        };
        Change::Update {
            entity,
            id,
            values,
            unmodified_since: Some(point),
        }
    };
    let modified = START.whole_second();
    let fault = org.refused(update(modified.plus_millis(-1_000))).await;
    assert_eq!(fault, Fault::Request(RequestFault::PreconditionFailed));
    org.change(update(modified)).await;
}

#[tokio::test]
async fn a_username_is_taken_whatever_its_letter_case() {
    let org = Org::new().await;
    let first = org.created("User", &user("boyle")).await;
    let mut again = user("boyle");
    again[0] = text("Username", "BOYLE@Landfall.Test");
    let fault = org.refused(org.create("User", &again)).await;
    let Fault::Value(ValueFault::Duplicate { field, record }) = fault else {
        panic!("{fault:?}");
    };
    assert_eq!((field.as_str(), record), ("Username", first));
    // It may keep its own.
    org.change(org.update(first, &[text("Username", "boyle@landfall.test")]))
        .await;
    let other = org.created("User", &user("other")).await;
    let fault = org.refused(org.update(other, &[again[0].clone()])).await;
    assert!(matches!(fault, Fault::Value(ValueFault::Duplicate { .. })));
}

#[tokio::test]
async fn an_external_key_finds_one_record_or_makes_one() {
    let org = Org::new().await;
    let email = |value: &str| text("Email", value);
    let upsert = |key: &str| org.upsert("Contact", email(key), &[text("LastName", "Boyle")]);
    let made = org.commit(vec![upsert(" a@landfall.test ")]).await;
    let made = *made[0].as_ref().expect("a contact");
    assert!(made.created);
    let found = org.commit(vec![upsert("A@landfall.test ")]).await;
    let found = *found[0].as_ref().expect("a contact");
    assert_eq!((found.id, found.created), (made.id, false));
    let second = org
        .created(
            "Contact",
            &[text("LastName", "B"), email("a@landfall.test")],
        )
        .await;
    let fault = org.refused(upsert("a@landfall.test")).await;
    let records = vec![made.id, second];
    assert_eq!(
        fault,
        Fault::Record(RecordFault::ExternalIdAmbiguous { records })
    );
    org.change(org.delete(made.id)).await;
    let found = org.commit(vec![upsert("a@landfall.test")]).await;
    assert_eq!(found[0].as_ref().map(|saved| saved.id), Ok(second));
    let fault = org.refused(upsert("  ")).await;
    assert_eq!(field(&fault), "Email");
}

#[tokio::test]
async fn an_upsert_that_may_not_create_finds_nothing() {
    let org = Org::new().await;
    let Change::Upsert {
        entity, field, key, ..
    } = org.upsert("Contact", text("Email", "a@landfall.test"), &[])
    else {
        panic!("an upsert");
    };
    let change = Change::Upsert {
        entity,
        field,
        key,
        values: Vec::new(),
        update_only: true,
    };
    assert_eq!(
        org.refused(change).await,
        Fault::Record(RecordFault::NotFound)
    );
}

#[tokio::test]
async fn many_deleted_holders_do_not_hide_a_live_one() {
    let org = Org::new().await;
    let contact = org.create(
        "Contact",
        &[text("LastName", "B"), text("Email", "a@b.test")],
    );
    let outcomes = org.commit(vec![contact; 2_100]).await;
    let ids: Vec<RecordId> = outcomes
        .into_iter()
        .map(|made| made.expect("made").id)
        .collect();
    let (last, others) = ids.split_last().expect("contacts");
    let deletes = others.iter().map(|id| org.delete(*id)).collect();
    assert!(org.commit(deletes).await.iter().all(Result::is_ok));
    let upsert = org.upsert(
        "Contact",
        text("Email", "a@b.test"),
        &[text("LastName", "C")],
    );
    let found = org.commit(vec![upsert]).await;
    assert_eq!(found[0].as_ref().map(|saved| saved.id), Ok(*last));
}

#[tokio::test]
async fn a_change_of_an_object_that_only_another_org_has_is_refused() {
    let org = Org::new().await;
    let elsewhere = Org::new().await;
    let ships = Component {
        path: "objects/Ship__c.object".to_owned(),
        content: r#"<CustomObject xmlns="http://soap.sforce.com/2006/04/metadata"><label>Ship</label>
            <pluralLabel>Ships</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>
            <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel></CustomObject>"#
            .to_owned(),
    };
    elsewhere
        .engine
        .deploy(vec![ships])
        .await
        .expect("a deployment");
    let change = elsewhere.create("Ship__c", &[text("Name", "Landfall")]);
    let transaction = Transaction {
        changes: vec![change],
        ..org.transaction(Vec::new())
    };
    let outcomes = org.engine.commit(transaction).await.expect("a commit");
    assert_eq!(
        outcomes[0],
        Err(Fault::Request(RequestFault::ResourceNotFound))
    );
}

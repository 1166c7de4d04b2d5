//! Person accounts: an account and its contact in step.

use landfall_engine::{Conversion, ConvertedOpportunity};
use landfall_metadata::{Component, person_account_type};
use landfall_model::fault::PersonAccountReason;
use landfall_model::{
    ChangeType, Fault, FieldFault, FieldName, RecordFault, RecordId, Value, ValueFault,
};

use ChangeType::{Create, Delete, Undelete, Update};

use crate::deploying::{component, field};
use crate::org::{Org, Received, null, text};
use crate::{converting, merging, purging};

/// A business record type, one for persons, and custom fields of contacts.
fn components() -> Vec<Component> {
    vec![
        person_account_type(),
        component(
            "objects/Account/recordTypes/Business.recordType-meta.xml",
            "RecordType",
            "<fullName>Business</fullName><active>true</active><label>Business</label>",
        ),
        field(
            "Contact",
            "Hobby__c",
            "<type>Text</type><length>20</length><defaultValue>\"chess\"</defaultValue>",
        ),
        field(
            "Contact",
            "Card__c",
            "<type>Text</type><length>20</length><externalId>true</externalId><unique>true</unique>",
        ),
        field(
            "Contact",
            "Greeting__c",
            "<type>Text</type><formula>\"Dear \" &amp; LastName</formula>",
        ),
    ]
}

async fn org() -> Org {
    let org = Org::new().await;
    let warnings = org.engine.deploy(components()).await.expect("deployed");
    assert_eq!(warnings, []);
    org
}

async fn person(org: &Org) -> (RecordId, RecordId) {
    let given = [text("LastName", "Brown"), text("FirstName", "Martha")];
    let account = org.created("Account", &given).await;
    (account, contact_of(org, account).await)
}

async fn business(org: &Org) -> RecordId {
    org.created("Account", &[text("Name", "Acme")]).await
}

async fn contact_of(org: &Org, account: RecordId) -> RecordId {
    let contact = org.value(account, "PersonContactId").await.as_id();
    contact.expect("a person")
}

/// The record type of accounts with this name.
fn type_of(org: &Org, name: &str) -> Value {
    let account = org.entity("Account");
    let mut types = account.record_types.iter();
    let found = types.find(|known| known.developer_name == name);
    Value::Id(found.expect("a record type").id)
}

fn whats(events: &[Received]) -> Vec<(ChangeType, RecordId)> {
    events.iter().map(Received::what).collect()
}

fn names(fields: &[&str]) -> Vec<FieldName> {
    fields.iter().map(|name| FieldName::new(*name)).collect()
}

fn of_other_kind(fields: &[&str]) -> Fault {
    Fault::Field(FieldFault::OfOtherKind {
        entity: landfall_model::EntityName::new("Account"),
        fields: names(fields),
    })
}

fn refused(reason: PersonAccountReason) -> Fault {
    Fault::Record(RecordFault::PersonAccount { reason })
}

async fn same(org: &Org, account: (RecordId, &str), contact: (RecordId, &str)) -> Value {
    let value = org.value(account.0, account.1).await;
    assert_eq!(
        value,
        org.value(contact.0, contact.1).await,
        "{}",
        account.1
    );
    value
}

#[tokio::test]
async fn an_account_with_a_last_name_is_a_person_and_has_its_contact() {
    let org = org().await;
    let tail = org.tail();
    let given = [
        text("LastName", "Brown"),
        text("FirstName", "Martha"),
        text("Phone", "1"),
        text("PersonEmail", "m@example.com"),
        text("Card__pc", "C1"),
    ];
    let account = org.created("Account", &given).await;
    let contact = contact_of(&org, account).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), [(Create, account), (Create, contact)]);
    let [of_account, of_contact] = events.as_slice() else {
        panic!("two events");
    };
    assert_eq!(
        of_account.header.transaction_key,
        of_contact.header.transaction_key
    );
    assert_eq!(of_account.header.sequence_number, 1);
    assert_eq!(of_contact.header.sequence_number, 2);
    assert_eq!(
        of_contact.values.get("IsPersonAccount"),
        Some(&Value::Boolean(true))
    );
    assert_eq!(
        of_contact.values.get("AccountId"),
        Some(&Value::Text(account.to_string()))
    );
    let name = Value::Text("Martha Brown".to_owned());
    let of = |account_field, contact_field| {
        same(&org, (account, account_field), (contact, contact_field))
    };
    assert_eq!(of("Name", "Name").await, name);
    assert_eq!(of("Phone", "Phone").await, Value::Text("1".to_owned()));
    assert_eq!(
        of("PersonEmail", "Email").await,
        Value::Text("m@example.com".to_owned())
    );
    assert_eq!(
        of("Card__pc", "Card__c").await,
        Value::Text("C1".to_owned())
    );
    assert_eq!(
        of("Hobby__pc", "Hobby__c").await,
        Value::Text("chess".to_owned())
    );
    of("CreatedDate", "CreatedDate").await;
    of("OwnerId", "OwnerId").await;
    assert_eq!(
        org.value(account, "RecordTypeId").await,
        type_of(&org, "PersonAccount")
    );
}

#[tokio::test]
async fn both_records_change_whichever_is_changed() {
    let org = org().await;
    let (account, contact) = person(&org).await;
    let updates = [(Update, account), (Update, contact)];
    let tail = org.tail();
    org.advance(5);
    org.change(org.update(account, &[text("Industry", "Banking")]))
        .await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), updates);
    assert_eq!(events[0].changed, ["Industry", "LastModifiedDate"]);
    assert_eq!(events[1].changed, ["LastModifiedDate"]);

    let tail = org.tail();
    let given = [
        text("FirstName", "Marta"),
        text("PersonTitle", "Dr"),
        null("Hobby__pc"),
    ];
    org.change(org.update(account, &given)).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), updates);
    assert_eq!(
        events[0].changed,
        ["Name", "LastModifiedDate", "PersonTitle", "Hobby__pc"]
    );
    assert_eq!(
        events[1].changed,
        ["Name", "Title", "LastModifiedDate", "Hobby__c"]
    );
    assert_eq!(events[0].nulled, ["Hobby__pc"]);

    let tail = org.tail();
    let given = [text("Email", "z@example.com"), text("Description", "quiet")];
    org.change(org.update(contact, &given)).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), updates);
    assert_eq!(events[0].changed, ["LastModifiedDate", "PersonEmail"]);
    assert_eq!(
        events[1].changed,
        ["Email", "Description", "LastModifiedDate"]
    );
    same(&org, (account, "Name"), (contact, "Name")).await;
    same(&org, (account, "PersonEmail"), (contact, "Email")).await;
    same(
        &org,
        (account, "LastModifiedDate"),
        (contact, "LastModifiedDate"),
    )
    .await;
}

/// Source: "Change Events for Person Accounts" (Change Data Capture Developer Guide), the note.
#[tokio::test]
async fn an_update_has_no_fields_of_the_contact_if_contacts_are_not_captured() {
    let org = Org::selecting().await;
    let member = component(
        "platformEventChannelMembers/Accounts.platformEventChannelMember-meta.xml",
        "PlatformEventChannelMember",
        "<eventChannel>ChangeEvents</eventChannel><selectedEntity>AccountChangeEvent</selectedEntity>",
    );
    let files = components().into_iter().chain([member]).collect();
    org.engine.deploy(files).await.expect("deployed");
    let tail = org.tail();
    let (account, _) = person(&org).await;
    let given = [
        text("FirstName", "Marta"),
        text("PersonTitle", "Dr"),
        text("Phone", "1"),
    ];
    org.change(org.update(account, &given)).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), [(Create, account), (Update, account)]);
    assert!(events[0].values.contains_key("Hobby__pc"));
    assert_eq!(events[1].changed, ["Phone", "LastModifiedDate"]);
}

#[tokio::test]
async fn both_records_go_and_come_back_together() {
    let org = org().await;
    let (account, contact) = person(&org).await;
    let tail = org.tail();
    org.change(org.delete(account)).await;
    assert!(org.is_deleted(contact).await);
    org.change(org.undelete(account)).await;
    assert!(!org.is_deleted(contact).await);
    assert_eq!(
        whats(&org.events_after(tail).await),
        [
            (Delete, account),
            (Delete, contact),
            (Undelete, account),
            (Undelete, contact),
        ]
    );
}

#[tokio::test]
async fn each_kind_has_its_own_fields() {
    let org = org().await;
    let (account, contact) = person(&org).await;
    let acme = business(&org).await;
    let tail = org.tail();
    let of = Value::Id(account);
    for (change, fault) in [
        (
            org.update(account, &[text("Name", "X")]),
            of_other_kind(&["Name"]),
        ),
        (
            org.update(acme, &[text("FirstName", "X")]),
            of_other_kind(&["FirstName"]),
        ),
        (
            org.create(
                "Account",
                &[text("Name", "X"), text("PersonEmail", "x@example.com")],
            ),
            of_other_kind(&["PersonEmail"]),
        ),
        (
            org.update(account, &[null("LastName")]),
            Fault::Field(FieldFault::Required {
                fields: names(&["LastName"]),
            }),
        ),
        (
            org.create(
                "Account",
                &[("RecordTypeId", type_of(&org, "PersonAccount"))],
            ),
            Fault::Field(FieldFault::Required {
                fields: names(&["LastName"]),
            }),
        ),
        (
            org.delete(contact),
            refused(PersonAccountReason::OwnContact),
        ),
        (
            org.create(
                "Contact",
                &[text("LastName", "X"), ("AccountId", of.clone())],
            ),
            refused(PersonAccountReason::OtherContact),
        ),
        (
            org.update(contact, &[null("AccountId")]),
            Fault::Field(FieldFault::ReadOnly {
                fields: names(&["AccountId"]),
            }),
        ),
    ] {
        assert_eq!(org.refused(change).await, fault);
    }
    assert_eq!(org.tail(), tail, "nothing is made");
}

#[tokio::test]
async fn external_ids_of_contacts_are_unique_among_all_of_them() {
    let org = org().await;
    let card = |name| text(name, "C1");
    org.created("Contact", &[text("LastName", "X"), card("Card__c")])
        .await;
    let given = [text("LastName", "Brown"), card("Card__pc")];
    let fault = org.refused(org.create("Account", &given)).await;
    assert!(
        matches!(fault, Fault::Value(ValueFault::Duplicate { .. })),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_business_account_becomes_a_person_account_and_back() {
    let org = org().await;
    let acme = business(&org).await;
    let given = [
        text("LastName", "Roe"),
        text("Title", "CEO"),
        ("AccountId", Value::Id(acme)),
    ];
    let contact = org.created("Contact", &given).await;
    let to = |name| ("RecordTypeId", type_of(&org, name));
    let tail = org.tail();
    let both = [to("PersonAccount"), text("Industry", "Banking")];
    assert_eq!(
        org.refused(org.update(acme, &both)).await,
        of_other_kind(&["Industry"])
    );

    org.change(org.update(acme, &[to("PersonAccount")])).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), [(Update, acme), (Update, contact)]);
    assert_eq!(
        events[0].changed,
        [
            "Name",
            "RecordTypeId",
            "LastModifiedDate",
            "PersonContactId",
            "PersonTitle",
            "Hobby__pc"
        ]
    );
    assert_eq!(contact_of(&org, acme).await, contact);
    same(&org, (acme, "Name"), (contact, "Name")).await;

    let tail = org.tail();
    org.change(org.update(acme, &[to("Business")])).await;
    let events = org.events_after(tail).await;
    assert_eq!(whats(&events), [(Update, acme), (Update, contact)]);
    for field in ["PersonContactId", "LastName", "PersonTitle", "Hobby__pc"] {
        assert_eq!(org.value(acme, field).await, Value::Null, "{field}");
    }
    assert_eq!(org.value(acme, "Name").await, Value::Text("Roe".to_owned()));
    assert_eq!(org.value(contact, "AccountId").await, Value::Id(acme));
    assert_eq!(
        org.value(contact, "IsPersonAccount").await,
        Value::Boolean(false)
    );
    org.created(
        "Contact",
        &[text("LastName", "Poe"), ("AccountId", Value::Id(acme))],
    )
    .await;
    let fault = org.refused(org.update(acme, &[to("PersonAccount")])).await;
    assert_eq!(fault, refused(PersonAccountReason::Contacts));

    let alone = business(&org).await;
    org.change(org.update(alone, &[to("PersonAccount")])).await;
    let contact = contact_of(&org, alone).await;
    assert_eq!(
        org.value(contact, "LastName").await,
        Value::Text("Acme".to_owned())
    );
}

#[tokio::test]
async fn person_accounts_are_merged_with_their_contacts() {
    let org = org().await;
    let ((master, kept), (victim, gone)) = (person(&org).await, person(&org).await);
    let task = org
        .created(
            "Task",
            &[text("Subject", "Call"), ("WhoId", Value::Id(gone))],
        )
        .await;
    let acme = business(&org).await;
    let fault = merging::attempt(&org, master, &[], &[acme]).await;
    assert_eq!(fault, Err(refused(PersonAccountReason::Merge)));
    let roe = org.created("Contact", &[text("LastName", "Roe")]).await;
    for (master, victim) in [(kept, gone), (roe, gone), (kept, roe)] {
        let fault = merging::attempt(&org, master, &[], &[victim]).await;
        assert_eq!(fault, Err(refused(PersonAccountReason::OwnContact)));
    }

    let tail = org.tail();
    let merged = merging::attempt(&org, master, &[], &[victim])
        .await
        .expect("merged");
    assert_eq!(merged.related, [task]);
    assert_eq!(
        whats(&org.events_after(tail).await),
        [
            (Delete, victim),
            (Delete, gone),
            (Update, master),
            (Update, kept),
            (Update, task),
        ]
    );
    assert_eq!(org.value(task, "WhoId").await, Value::Id(kept));
    assert_eq!(org.value(gone, "MasterRecordId").await, Value::Id(kept));
    org.change(org.undelete(victim)).await;
    assert!(!org.is_deleted(gone).await);
}

#[tokio::test]
async fn a_lead_without_a_company_becomes_a_person_account() {
    let org = org().await;
    let given = [
        text("LastName", "Mallard"),
        text("FirstName", "Jay"),
        text("Title", "CFO"),
    ];
    let lead = org.created("Lead", &given).await;
    let converted = converting::attempt(&org, converting::plain(lead)).await;
    let converted = converted.expect("converted");
    assert_eq!(contact_of(&org, converted.account).await, converted.contact);
    let title = same(
        &org,
        (converted.account, "PersonTitle"),
        (converted.contact, "Title"),
    )
    .await;
    assert_eq!(title, Value::Text("CFO".to_owned()));
    let opportunity = converted.opportunity.expect("one");
    let name = org.value(opportunity, "Name").await;
    assert_eq!(name, Value::Text("Jay Mallard".to_owned()));

    let again = org
        .created(
            "Lead",
            &[text("LastName", "M"), text("Email", "j@example.com")],
        )
        .await;
    let into = Conversion {
        account: Some(converted.account),
        opportunity: ConvertedOpportunity::Unwanted,
        ..converting::plain(again)
    };
    let into = converting::attempt(&org, into).await.expect("converted");
    assert_eq!(into.contact, converted.contact);
    let email = same(&org, (into.account, "PersonEmail"), (into.contact, "Email")).await;
    assert_eq!(email, Value::Text("j@example.com".to_owned()));
}

#[tokio::test]
async fn a_contact_is_purged_with_its_account() {
    let org = org().await;
    let (account, contact) = person(&org).await;
    org.change(org.delete(account)).await;
    let alone = org.refused(purging::purge(&org, contact)).await;
    assert_eq!(alone, Fault::Record(RecordFault::BinEntryMissing));
    org.change(purging::purge(&org, account)).await;
    for id in [account, contact] {
        assert!(!purging::is_there(&org, id).await, "{id}");
    }
}

#[tokio::test]
async fn a_new_contact_has_what_every_contact_has() {
    let org = org().await;
    let number = "<type>AutoNumber</type><displayFormat>P-{0}</displayFormat>";
    let mut files = components();
    files.push(field("Contact", "Number__c", number));
    org.engine.deploy(files.clone()).await.expect("deployed");
    let acme = business(&org).await;
    let to_person = ("RecordTypeId", type_of(&org, "PersonAccount"));
    org.change(org.update(acme, std::slice::from_ref(&to_person)))
        .await;
    let contact = contact_of(&org, acme).await;
    let number = same(&org, (acme, "Number__pc"), (contact, "Number__c")).await;
    assert_eq!(number, Value::Text("P-1".to_owned()));

    let badge = "<type>Text</type><length>9</length><required>true</required>";
    files.push(field("Contact", "Badge__c", badge));
    org.engine.deploy(files).await.expect("deployed");
    let other = business(&org).await;
    let tail = org.tail();
    let fault = org.refused(org.update(other, &[to_person])).await;
    let fields = names(&["Badge__pc"]);
    assert_eq!(fault, Fault::Field(FieldFault::Required { fields }));
    assert_eq!(org.tail(), tail, "nothing is made");
}

/// Two persons lose the one that they report to.
#[tokio::test]
async fn each_account_comes_before_its_contact() {
    let org = org().await;
    let head = org.created("Contact", &[text("LastName", "Roe")]).await;
    let (first, second) = (person(&org).await, person(&org).await);
    for (_, contact) in [first, second] {
        let reports_to = [("ReportsToId", Value::Id(head))];
        org.change(org.update(contact, &reports_to)).await;
    }
    let tail = org.tail();
    org.change(org.delete(head)).await;
    let events = org.events_after(tail).await;
    let ((account, contact), (other, of_other)) = (first, second);
    assert_eq!(
        whats(&events),
        [
            (Delete, head),
            (Update, account),
            (Update, contact),
            (Update, other),
            (Update, of_other)
        ]
    );
}

//! Invitees of calendar events.

use landfall_model::{ChangeType, Fault, FieldFault, RecordId, Value, ValueFault, limits};

use crate::org::{FieldValueOf, Org, Received, START, text, user};

const ACCEPTED: &str = "AcceptedEventInviteeIds";
const DECLINED: &str = "DeclinedEventInviteeIds";
const UNDECIDED: &str = "UndecidedEventInviteeIds";

fn meeting() -> Vec<FieldValueOf<'static>> {
    vec![
        text("Subject", "Meeting with Jane"),
        ("ActivityDateTime", Value::DateTime(START)),
        ("DurationInMinutes", Value::Integer(60)),
        ("IsReminderSet", Value::Boolean(true)),
    ]
}

fn ids(ids: &[RecordId]) -> Value {
    let ids: Vec<String> = ids.iter().map(RecordId::to_string).collect();
    Value::Text(ids.join(";"))
}

async fn meeting_with(org: &Org, list: &'static str, invitees: &[RecordId]) -> RecordId {
    let mut given = meeting();
    given.push((list, ids(invitees)));
    org.created("Event", &given).await
}

async fn invited(org: &Org, event: RecordId, invitee: RecordId) -> RecordId {
    let given = [
        ("EventId", Value::Id(event)),
        ("RelationId", Value::Id(invitee)),
    ];
    org.created("EventRelation", &given).await
}

async fn contact(org: &Org) -> RecordId {
    org.created("Contact", &[text("LastName", "Boyle")]).await
}

fn whats(events: &[Received]) -> Vec<(ChangeType, &str)> {
    let what = |event: &Received| event.header.change_type;
    let numbers = events.iter().map(|event| event.header.sequence_number);
    assert!(numbers.eq(1..=i32::try_from(events.len()).expect("few")));
    let events = events.iter();
    events
        .map(|event| (what(event), event.header.entity_name.as_str()))
        .collect()
}

fn id_of(event: &Received) -> RecordId {
    event.what().1
}

fn is(event: &Received, field: &str, value: &Value) -> bool {
    event.values.get(field) == Some(value)
}

/// Source: "Event Invitees" (Change Data Capture Developer Guide): the events of its example, in its order.
#[tokio::test]
async fn an_invited_user_has_an_entry_and_an_invitation() {
    let org = Org::new().await;
    let jane = org.created("User", &user("jane")).await;
    let tail = org.tail();
    let event = meeting_with(&org, UNDECIDED, &[jane]).await;
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Create, "Event"),
            (ChangeType::Create, "Event"),
            (ChangeType::Create, "EventRelation"),
        ]
    );
    let [parent, child, relation] = events.as_slice() else {
        panic!("three events");
    };
    assert_eq!(id_of(parent), event);
    assert_eq!(
        parent.header.transaction_key,
        relation.header.transaction_key
    );
    let owner = Value::Text(org.user.to_string());
    assert!(is(parent, "OwnerId", &owner) && is(parent, "IsChild", &Value::Boolean(false)));
    let jane = Value::Text(jane.to_string());
    assert!(is(child, "OwnerId", &jane) && is(child, "IsChild", &Value::Boolean(true)));
    assert!(is(child, "CreatedById", &owner));
    for event in [parent, child] {
        assert!(is(event, "IsGroupEvent", &Value::Boolean(true)));
        assert!(is(event, "GroupEventType", &Value::Text("1".to_owned())));
        let subject = Value::Text("Meeting with Jane".to_owned());
        assert!(
            is(event, "Subject", &subject) && is(event, "DurationInMinutes", &Value::Integer(60))
        );
    }
    assert!(
        is(parent, "IsReminderSet", &Value::Boolean(true))
            && is(child, "IsReminderSet", &Value::Boolean(false))
    );
    assert!(is(relation, "EventId", &Value::Text(event.to_string())));
    assert!(
        is(relation, "RelationId", &jane) && is(relation, "Status", &Value::Text("New".into()))
    );
}

#[tokio::test]
async fn a_contact_has_an_invitation_alone() {
    let org = Org::new().await;
    let contact = contact(&org).await;
    let event = org.created("Event", &meeting()).await;
    let tail = org.tail();
    let relation = invited(&org, event, contact).await;
    let events = org.events_after(tail).await;
    let expected = [
        (ChangeType::Update, "Event"),
        (ChangeType::Create, "EventRelation"),
    ];
    assert_eq!(whats(&events), expected);
    assert_eq!(
        events[0].changed,
        ["IsGroupEvent", "GroupEventType", "LastModifiedDate"]
    );
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[contact]));
    // Another one finds a group event.
    let jane = org.created("User", &user("jane")).await;
    let tail = org.tail();
    let second = invited(&org, event, jane).await;
    let events = org.events_after(tail).await;
    let expected = [
        (ChangeType::Create, "Event"),
        (ChangeType::Create, "EventRelation"),
    ];
    assert_eq!(whats(&events), expected);
    assert_eq!(id_of(&events[1]), second);
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[contact, jane]));
    assert_ne!(relation, second);
}

#[tokio::test]
async fn an_answer_moves_the_invitee_to_another_list() {
    let org = Org::new().await;
    let (one, other) = (contact(&org).await, contact(&org).await);
    let event = meeting_with(&org, UNDECIDED, &[one, other]).await;
    let tail = org.tail();
    let third = contact(&org).await;
    let relation = invited(&org, event, third).await;
    org.change(org.update(relation, &[text("Status", "Declined")]))
        .await;
    assert_eq!(org.value(event, DECLINED).await, ids(&[third]));
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[one, other]));
    // What clients read in the lists alone is no change of the event.
    let events = org.events_after(tail).await;
    let told: Vec<_> = events.iter().map(Received::what).collect();
    assert_eq!(
        told[1..],
        [
            (ChangeType::Create, relation),
            (ChangeType::Update, relation)
        ]
    );
}

#[tokio::test]
async fn lists_of_an_update_are_whole() {
    let org = Org::new().await;
    let (stays, moves, goes) = (
        contact(&org).await,
        contact(&org).await,
        contact(&org).await,
    );
    let comes = org.created("User", &user("jane")).await;
    let event = meeting_with(&org, UNDECIDED, &[stays, moves, goes]).await;
    let given = [(ACCEPTED, ids(&[moves])), (UNDECIDED, ids(&[stays, comes]))];
    let tail = org.tail();
    org.change(org.update(event, &given)).await;
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Update, "Event"),
            (ChangeType::Update, "EventRelation"),
            (ChangeType::Delete, "EventRelation"),
            (ChangeType::Create, "Event"),
            (ChangeType::Create, "EventRelation"),
        ]
    );
    assert_eq!(events[0].changed, ["LastModifiedDate"]);
    assert_eq!(org.value(event, ACCEPTED).await, ids(&[moves]));
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[stays, comes]));
    // A list that is not given stays; an empty one removes its invitees.
    org.change(org.update(event, &[(UNDECIDED, Value::Null)]))
        .await;
    assert_eq!(org.value(event, ACCEPTED).await, ids(&[moves]));
    assert_eq!(org.value(event, "IsGroupEvent").await, Value::Boolean(true));
    let entry = id_of(&events[3]);
    assert!(org.is_deleted(entry).await);
    org.change(org.update(event, &[(ACCEPTED, Value::Null)]))
        .await;
    assert_eq!(
        org.value(event, "IsGroupEvent").await,
        Value::Boolean(false)
    );
    let kind = org.value(event, "GroupEventType").await;
    assert_eq!(kind, Value::Text("0".to_owned()));
}

#[tokio::test]
async fn an_entry_follows_its_event_and_keeps_its_reminder() {
    let org = Org::new().await;
    let jane = org.created("User", &user("jane")).await;
    let tail = org.tail();
    let event = meeting_with(&org, ACCEPTED, &[jane]).await;
    let entry = id_of(&org.events_after(tail).await[1]);
    let reminder = ("IsReminderSet", Value::Boolean(true));
    org.change(org.update(entry, &[reminder])).await;
    org.advance(5);
    let tail = org.tail();
    let changes = [
        text("Subject", "Dinner"),
        ("IsReminderSet", Value::Boolean(false)),
    ];
    org.change(org.update(event, &changes)).await;
    let events = org.events_after(tail).await;
    let told: Vec<_> = events.iter().map(Received::what).collect();
    assert_eq!(
        told,
        [(ChangeType::Update, event), (ChangeType::Update, entry)]
    );
    assert_eq!(events[1].changed, ["Subject", "LastModifiedDate"]);
    assert_eq!(
        org.value(entry, "IsReminderSet").await,
        Value::Boolean(true)
    );
    // What is the event's alone changes no entry.
    let tail = org.tail();
    org.change(org.update(event, &[("IsReminderSet", Value::Boolean(true))]))
        .await;
    assert_eq!(org.events_after(tail).await.len(), 1);
    // Nor is an entry changed otherwise, or has invitees.
    let fault = org
        .refused(org.update(entry, &[text("Subject", "Mine")]))
        .await;
    assert!(matches!(fault, Fault::Field(FieldFault::ReadOnly { .. })));
    let given = [
        ("EventId", Value::Id(entry)),
        ("RelationId", Value::Id(jane)),
    ];
    let fault = org.refused(org.create("EventRelation", &given)).await;
    assert!(matches!(fault, Fault::Value(ValueFault::Refused { .. })));
}

#[tokio::test]
async fn what_belongs_together_goes_and_comes_back_together() {
    let org = Org::new().await;
    let jane = org.created("User", &user("jane")).await;
    let contact = contact(&org).await;
    let tail = org.tail();
    let event = meeting_with(&org, UNDECIDED, &[jane, contact]).await;
    let events = org.events_after(tail).await;
    let (entry, relation) = (id_of(&events[1]), id_of(&events[2]));
    let tail = org.tail();
    org.change(org.delete(event)).await;
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Delete, "Event"),
            (ChangeType::Delete, "EventRelation"),
            (ChangeType::Delete, "EventRelation"),
            (ChangeType::Delete, "Event"),
        ]
    );
    // Neither of them comes back alone.
    org.refused(org.undelete(entry)).await;
    org.refused(org.undelete(relation)).await;
    let tail = org.tail();
    org.change(org.undelete(event)).await;
    assert_eq!(org.events_after(tail).await.len(), 4);
    assert!(!org.is_deleted(entry).await);
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[jane, contact]));

    // An invitation takes the entry along, and the entry the invitation.
    let tail = org.tail();
    org.change(org.delete(relation)).await;
    let events = org.events_after(tail).await;
    let told: Vec<_> = events.iter().map(Received::what).collect();
    let expected = [(ChangeType::Delete, relation), (ChangeType::Delete, entry)];
    assert_eq!(told, expected);
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[contact]));
    let tail = org.tail();
    let again = invited(&org, event, jane).await;
    let entry = id_of(&org.events_after(tail).await[0]);
    org.change(org.delete(entry)).await;
    assert!(org.is_deleted(again).await);
    org.change(org.undelete(entry)).await;
    assert!(!org.is_deleted(again).await);
    assert_eq!(org.value(event, UNDECIDED).await, ids(&[contact, jane]));
}

#[tokio::test]
async fn without_invitees_an_event_is_no_group_event_any_more() {
    let org = Org::new().await;
    let contact = contact(&org).await;
    let event = meeting_with(&org, UNDECIDED, &[contact]).await;
    let tail = org.tail();
    org.change(org.delete(contact)).await;
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Delete, "Contact"),
            (ChangeType::Delete, "EventRelation"),
            (ChangeType::Update, "Event"),
        ]
    );
    assert_eq!(id_of(&events[2]), event);
    assert_eq!(org.value(event, UNDECIDED).await, Value::Null);
    let tail = org.tail();
    org.change(org.undelete(contact)).await;
    let events = org.events_after(tail).await;
    assert_eq!(events.len(), 3);
    assert_eq!(org.value(event, "IsGroupEvent").await, Value::Boolean(true));
}

#[tokio::test]
async fn what_is_no_invitee_is_refused_and_the_event_with_it() {
    let org = Org::new().await;
    let account = org.created("Account", &[text("Name", "Landfall")]).await;
    let contact = contact(&org).await;
    let tail = org.tail();
    for (list, value) in [
        (ACCEPTED, Value::Text("nobody".to_owned())),
        (ACCEPTED, ids(&[account])),
        (DECLINED, ids(&[contact, contact])),
    ] {
        let mut given = meeting();
        given.push((list, value));
        org.refused(org.create("Event", &given)).await;
    }
    assert_eq!(org.tail(), tail);
    let event = meeting_with(&org, ACCEPTED, &[contact]).await;
    let given = [
        ("EventId", Value::Id(event)),
        ("RelationId", Value::Id(contact)),
    ];
    let fault = org.refused(org.create("EventRelation", &given)).await;
    assert!(matches!(fault, Fault::Value(ValueFault::Duplicate { .. })));
}

#[tokio::test]
async fn an_event_has_a_thousand_invitees_at_most() {
    let org = Org::new().await;
    let contacts = (0..=limits::EVENT_INVITEES_MAX)
        .map(|number| org.create("Contact", &[text("LastName", &number.to_string())]));
    let contacts = org.commit(contacts.collect()).await;
    let contacts: Vec<RecordId> = contacts
        .into_iter()
        .map(|made| made.expect("a contact").id)
        .collect();
    let (last, most) = contacts.split_last().expect("contacts");
    let event = meeting_with(&org, ACCEPTED, most).await;
    let given = [
        ("EventId", Value::Id(event)),
        ("RelationId", Value::Id(*last)),
    ];
    org.refused(org.create("EventRelation", &given)).await;
    let mut given = meeting();
    given.push((ACCEPTED, ids(&contacts)));
    org.refused(org.create("Event", &given)).await;
}

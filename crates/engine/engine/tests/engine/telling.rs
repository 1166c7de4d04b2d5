//! Transactions that are not captured change by change: too many changes, and equal ones.
//!
//! Source: "Overflow Events", "Merged Change Events" (Change Data Capture Developer Guide).

use landfall_engine::CaptureRules;
use landfall_model::{RecordId, Value};

use crate::org::{Org, Received, text};

async fn account(org: &Org) -> RecordId {
    org.created("Account", &[text("Name", "Landfall")]).await
}

async fn contact(org: &Org, account: RecordId) -> RecordId {
    let of = ("AccountId", Value::Id(account));
    org.created("Contact", &[of, text("LastName", "Boyle")])
        .await
}

/// Number in the transaction, kind, object and records of each event, as one line each.
fn lines(events: &[Received]) -> Vec<String> {
    let line = |event: &Received| {
        let header = &event.header;
        let kind = header.change_type.as_str();
        format!(
            "{} {kind} {} {}",
            header.sequence_number,
            header.entity_name,
            header.record_ids.join(" ")
        )
    };
    events.iter().map(line).collect()
}

fn check_one_transaction(events: &[Received]) {
    let first = &events.first().expect("an event").header;
    for event in events {
        assert_eq!(event.header.transaction_key, first.transaction_key);
        assert_eq!(event.header.commit_number, first.commit_number);
        assert_eq!(event.header.commit_timestamp, first.commit_timestamp);
    }
}

const NOBODY: &str = "000000000000000AAA";

#[tokio::test]
async fn what_is_too_much_for_one_transaction_is_one_event_of_each_object() {
    let org = Org::under(CaptureRules {
        overflow_after: 3,
        ..CaptureRules::default()
    })
    .await;
    let account = account(&org).await;
    let mut contacts = Vec::new();
    for _ in 0..5 {
        contacts.push(contact(&org, account).await);
    }
    let tail = org.tail();
    org.change(org.delete(account)).await;
    let events = org.events_after(tail).await;
    check_one_transaction(&events);
    assert_eq!(
        lines(&events),
        [
            format!("1 DELETE Account {account}"),
            format!("2 DELETE Contact {}", contacts[0]),
            format!("3 DELETE Contact {}", contacts[1]),
            format!("4 GAP_OVERFLOW Contact {NOBODY}"),
        ]
    );
    for contact in contacts {
        assert!(org.is_deleted(contact).await);
    }
    let tail = org.tail();
    let other = [text("Name", "Elsewhere")];
    org.commit(vec![org.create("Account", &other)]).await;
    let events = org.events_after(tail).await;
    assert!(lines(&events)[0].starts_with("1 CREATE"), "anew");
}

#[tokio::test]
async fn each_field_that_an_update_changes_counts() {
    let org = Org::under(CaptureRules {
        overflow_after: 3,
        ..CaptureRules::default()
    })
    .await;
    let (one, two) = (account(&org).await, account(&org).await);
    let tail = org.tail();
    let both = [text("Phone", "1"), text("Fax", "2")];
    org.commit(vec![org.update(one, &both), org.update(two, &both)])
        .await;
    let events = org.events_after(tail).await;
    assert_eq!(
        lines(&events),
        [
            format!("1 UPDATE Account {one}"),
            format!("2 GAP_OVERFLOW Account {NOBODY}"),
        ]
    );
    assert!(events[1].changed.is_empty() && events[1].values.is_empty());
}

#[tokio::test]
async fn equal_changes_of_one_transaction_are_one_event_where_that_is_wanted() {
    let org = Org::under(CaptureRules {
        merge: true,
        ..CaptureRules::default()
    })
    .await;
    let mut accounts = Vec::new();
    for _ in 0..5 {
        accounts.push(account(&org).await);
    }
    let tail = org.tail();
    let industry =
        |place: usize, industry: &str| org.update(accounts[place], &[text("Industry", industry)]);
    let changes = vec![
        industry(0, "Apparel"),
        industry(1, "Energy"),
        industry(2, "Apparel"),
        org.update(accounts[3], &[]),
        industry(4, "Apparel"),
    ];
    org.commit(changes).await;
    let events = org.events_after(tail).await;
    check_one_transaction(&events);
    assert_eq!(
        lines(&events),
        [
            format!(
                "1 UPDATE Account {} {} {}",
                accounts[0], accounts[2], accounts[4]
            ),
            format!("2 UPDATE Account {}", accounts[1]),
            format!("3 UPDATE Account {}", accounts[3]),
        ]
    );
    assert_eq!(events[0].changed, ["Industry", "LastModifiedDate"]);
    assert_eq!(
        events[0].values["Industry"],
        Value::Text("Apparel".to_owned())
    );
    let replay_ids: Vec<u64> = events.iter().map(|event| event.replay_id).collect();
    let first = replay_ids[0];
    assert_eq!(replay_ids, [first, first + 1, first + 2]);
    // In transactions of their own they stay apart.
    let tail = org.tail();
    for place in [0, 2] {
        org.change(industry(place, "Energy")).await;
    }
    assert_eq!(org.events_after(tail).await.len(), 2);
    let tail = org.tail();
    org.commit(accounts.iter().map(|id| org.delete(*id)).collect())
        .await;
    let all: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines(&org.events_after(tail).await),
        [format!("1 DELETE Account {}", all.join(" "))]
    );
}

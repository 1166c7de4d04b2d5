//! Leads that become accounts, contacts and opportunities.

use landfall_engine::{Conversion, Converted, ConvertedOpportunity};
use landfall_model::{
    ChangeType, ConversionFault, Date, Fault, RecordId, Timestamp, Value, ValueFault,
};

use crate::org::{ORIGIN, Org, Received, START, text, user};

async fn lead(org: &Org) -> RecordId {
    let given = [
        text("LastName", "Mallard"),
        text("FirstName", "Jay"),
        text("Company", "Wingo Ducks"),
        text("City", "Reno"),
        text("Phone", "1"),
        text("LeadSource", "Web"),
        text("Title", "CFO"),
    ];
    org.created("Lead", &given).await
}

pub(crate) fn plain(lead: RecordId) -> Conversion {
    Conversion {
        lead,
        status: "Closed - Converted".to_owned(),
        account: None,
        contact: None,
        opportunity: ConvertedOpportunity::New(None),
        overwrite_lead_source: false,
        owner: None,
    }
}

pub(crate) async fn attempt(org: &Org, conversion: Conversion) -> Result<Converted, Fault> {
    let transaction = org.engine.open(org.user, ORIGIN.to_owned()).await;
    let transaction = transaction.expect("an open transaction");
    let converted = transaction.convert(conversion).await.expect("an answer");
    if converted.is_ok() {
        transaction.commit().await.expect("a commit");
    }
    converted
}

async fn refused(org: &Org, conversion: Conversion) -> ConversionFault {
    let tail = org.tail();
    let converted = attempt(org, conversion).await;
    assert_eq!(org.tail(), tail, "nothing is made");
    match converted {
        Err(Fault::Conversion(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

fn whats(events: &[Received]) -> Vec<(ChangeType, RecordId)> {
    events.iter().map(Received::what).collect()
}

#[tokio::test]
async fn a_lead_becomes_three_records_in_one_transaction() {
    let org = Org::new().await;
    let lead = lead(&org).await;
    let (tail, task) = {
        let task = org.created("Task", &[("WhoId", Value::Id(lead))]).await;
        (org.tail(), task)
    };
    org.advance(5);
    let Converted {
        account,
        contact,
        opportunity,
    } = attempt(&org, plain(lead)).await.expect("converted");
    let opportunity = opportunity.expect("an opportunity");
    let events = org.events_after(tail).await;
    assert_eq!(
        whats(&events),
        [
            (ChangeType::Create, account),
            (ChangeType::Create, contact),
            (ChangeType::Create, opportunity),
            (ChangeType::Update, lead),
            (ChangeType::Update, task),
        ]
    );
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(event.header.sequence_number, number);
        assert_eq!(
            event.header.transaction_key,
            events[0].header.transaction_key
        );
    }
    assert_eq!(
        events[3].changed,
        [
            "Status",
            "IsConverted",
            "ConvertedDate",
            "ConvertedAccountId",
            "ConvertedContactId",
            "ConvertedOpportunityId",
            "LastModifiedDate",
        ]
    );
    let value = async |id, field| org.value(id, field).await;
    let words = |text: &str| Value::Text(text.to_owned());
    assert_eq!(value(account, "Name").await, words("Wingo Ducks"));
    assert_eq!(value(account, "BillingCity").await, words("Reno"));
    assert_eq!(value(account, "AccountSource").await, words("Web"));
    assert_eq!(value(contact, "Name").await, words("Jay Mallard"));
    assert_eq!(value(contact, "AccountId").await, Value::Id(account));
    assert_eq!(value(contact, "MailingCity").await, words("Reno"));
    assert_eq!(value(opportunity, "Name").await, words("Wingo Ducks"));
    assert_eq!(value(opportunity, "StageName").await, words("Prospecting"));
    assert_eq!(value(opportunity, "AccountId").await, Value::Id(account));
    let year_end = Timestamp::from_millis(1_704_000_000_000);
    assert_eq!(
        value(opportunity, "CloseDate").await,
        Value::Date(Date::of(year_end)),
        "the last day of the quarter"
    );
    assert_eq!(
        value(lead, "ConvertedDate").await,
        Value::Date(Date::of(START))
    );
    assert_eq!(value(lead, "IsConverted").await, Value::Boolean(true));
    assert_eq!(value(task, "WhoId").await, Value::Id(contact));
}

#[tokio::test]
async fn what_is_there_is_filled_where_it_is_empty() {
    let org = Org::new().await;
    let lead = lead(&org).await;
    let account = org
        .created("Account", &[text("Name", "Ducks"), text("Phone", "9")])
        .await;
    let given = [
        text("LastName", "M"),
        text("LeadSource", "Other"),
        ("AccountId", Value::Id(account)),
    ];
    let contact = org.created("Contact", &given).await;
    let existing = |overwrite_lead_source| Conversion {
        account: Some(account),
        contact: Some(contact),
        opportunity: ConvertedOpportunity::Unwanted,
        overwrite_lead_source,
        ..plain(lead)
    };
    let tail = org.tail();
    let converted = attempt(&org, existing(false)).await.expect("converted");
    assert_eq!(converted.opportunity, None);
    assert_eq!(
        whats(&org.events_after(tail).await),
        [
            (ChangeType::Update, account),
            (ChangeType::Update, contact),
            (ChangeType::Update, lead),
        ]
    );
    let words = |text: &str| Value::Text(text.to_owned());
    assert_eq!(org.value(account, "Name").await, words("Ducks"));
    assert_eq!(org.value(account, "Phone").await, words("9"));
    assert_eq!(org.value(account, "BillingCity").await, words("Reno"));
    assert_eq!(org.value(contact, "Title").await, words("CFO"));
    assert_eq!(org.value(contact, "LeadSource").await, words("Other"));
    let another = self::lead(&org).await;
    let overwriting = Conversion {
        lead: another,
        ..existing(true)
    };
    attempt(&org, overwriting).await.expect("converted");
    assert_eq!(org.value(contact, "LeadSource").await, words("Web"));
}

#[tokio::test]
async fn owner_and_opportunity_are_as_asked() {
    let org = Org::new().await;
    let lead = lead(&org).await;
    let owner = org.created("User", &user("other")).await;
    let converted = attempt(
        &org,
        Conversion {
            opportunity: ConvertedOpportunity::New(Some("Deal".to_owned())),
            owner: Some(owner),
            ..plain(lead)
        },
    );
    let converted = converted.await.expect("converted");
    let opportunity = converted.opportunity.expect("an opportunity");
    for id in [converted.account, converted.contact, opportunity] {
        assert_eq!(org.value(id, "OwnerId").await, Value::Id(owner));
    }
    let name = org.value(opportunity, "Name").await;
    assert_eq!(name, Value::Text("Deal".to_owned()));
    assert_eq!(org.value(lead, "OwnerId").await, Value::Id(org.user));
}

#[tokio::test]
async fn unconvertible_leads_are_reported_and_nothing_is_created() {
    let org = Org::new().await;
    let lead = lead(&org).await;
    let account = org.created("Account", &[text("Name", "A")]).await;
    let contact = org.created("Contact", &[text("LastName", "C")]).await;
    for (conversion, fault) in [
        (
            Conversion {
                status: "Closed - Not Converted".to_owned(),
                ..plain(lead)
            },
            ConversionFault::StatusInvalid {
                status: "Closed - Not Converted".to_owned(),
            },
        ),
        (
            Conversion {
                contact: Some(contact),
                ..plain(lead)
            },
            ConversionFault::AccountMissing,
        ),
        (
            Conversion {
                account: Some(account),
                contact: Some(contact),
                ..plain(lead)
            },
            ConversionFault::AccountOfContact,
        ),
        (
            Conversion {
                overwrite_lead_source: true,
                ..plain(lead)
            },
            ConversionFault::ContactMissing,
        ),
        (
            Conversion {
                owner: Some(account),
                ..plain(lead)
            },
            ConversionFault::OwnerInvalid,
        ),
    ] {
        assert_eq!(refused(&org, conversion).await, fault);
    }
    let long = ConvertedOpportunity::New(Some("x".repeat(81)));
    let long = Conversion {
        opportunity: long,
        ..plain(lead)
    };
    assert!(matches!(
        attempt(&org, long).await,
        Err(Fault::Value(ValueFault::TextTooLong { max: 80, .. }))
    ));
    let converted = attempt(&org, plain(lead)).await;
    assert!(converted.is_ok());
    assert_eq!(refused(&org, plain(lead)).await, ConversionFault::Converted);
}

#[tokio::test]
async fn a_converted_lead_does_not_change_any_more() {
    let org = Org::new().await;
    let lead = lead(&org).await;
    attempt(&org, plain(lead)).await.expect("converted");
    assert_eq!(
        org.refused(org.update(lead, &[text("Phone", "2")])).await,
        Fault::Conversion(ConversionFault::Converted)
    );
    org.change(org.delete(lead)).await;
}

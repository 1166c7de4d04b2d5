//! Which queries a topic can have, and which changes they are about.

use landfall_model::{Catalog, QueryFault, QueryRefusal, RecordId, Timestamp};
use landfall_query::push_topic::{TopicQuery, read};
use landfall_query::{Context, Zone};

fn query(statement: &str) -> Result<TopicQuery, QueryFault> {
    let catalog = Catalog::new(landfall_standard::entities().expect("the shipped objects"));
    read(&Context {
        statement,
        catalog: &catalog,
        now: Timestamp::from_millis(1_700_000_000_000),
        zone: Zone::utc(),
        fiscal_month: 1,
        user: RecordId::EMPTY,
        deleted: false,
        formulas: None,
    })
}

fn refusal(statement: &str) -> String {
    match query(statement) {
        Err(QueryFault::Refused {
            refusal: QueryRefusal::TopicRule { text },
            ..
        }) => text,
        other => panic!("{statement}: {other:?}"),
    }
}

/// Source: "Unsupported `PushTopic` Queries" (Streaming API Developer Guide), its examples.
#[test]
fn what_is_not_supported_is_refused_with_the_documented_text() {
    for (statement, text) in [
        (
            "SELECT Id, Name FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Title = 'CEO')",
            "semi/anti join sub-selects are not supported",
        ),
        (
            "SELECT Id FROM Account WHERE Id NOT IN (SELECT AccountId FROM Contact)",
            "semi/anti join sub-selects are not supported",
        ),
        (
            "SELECT Id, AVG(AnnualRevenue) FROM Account",
            "Aggregate queries are not supported",
        ),
        (
            "SELECT Id, Industry, Count(Name) FROM Account",
            "Aggregate queries are not supported",
        ),
        (
            "SELECT COUNT() FROM Account",
            "Aggregate queries are not supported",
        ),
        (
            "SELECT Id, AccountId FROM Contact GROUP BY AccountId",
            "Aggregate queries are not supported",
        ),
        (
            "SELECT Id, Name FROM Contact LIMIT 10",
            "'LIMIT' is not allowed",
        ),
        (
            "SELECT Id, Contact.Account.Name FROM Contact",
            "relationships are not supported",
        ),
        (
            "SELECT Id FROM Contact WHERE Account.Name = 'x'",
            "relationships are not supported",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "relationships are not supported",
        ),
        (
            "SELECT Id, Name FROM Account ORDER BY Name",
            "'ORDER BY' clause is not allowed",
        ),
        (
            "SELECT Id FROM Account WHERE NOT Name = 'Salesforce.com'",
            "'NOT' is not supported",
        ),
        (
            "SELECT Id, Name FROM Account WHERE City = 'New York' OFFSET 10",
            "'OFFSET' clause is not allowed",
        ),
        (
            "SELECT TYPEOF Owner WHEN User THEN LastName ELSE Name END FROM Case",
            "'TYPEOF' clause is not allowed",
        ),
        ("SELECT Name FROM Account", "the Id field must be selected"),
        ("SELECT Id FROM User", "entity 'User' is not supported"),
    ] {
        assert_eq!(refusal(statement), text, "{statement}");
    }
}

#[test]
fn texts_of_several_lines_are_not_searched() {
    for statement in [
        "SELECT Id FROM Account WHERE Description LIKE 'a%'",
        "SELECT Id FROM Contact WHERE MailingStreet = 'a'",
    ] {
        assert!(
            matches!(
                query(statement),
                Err(QueryFault::Refused {
                    refusal: QueryRefusal::NotFilterable { .. },
                    ..
                })
            ),
            "{statement}"
        );
    }
}

/// Source: "Supported `PushTopic` Queries" (Streaming API Developer Guide), its examples.
#[test]
fn documented_examples_are_read() {
    for statement in [
        "SELECT Id, Name FROM Account WHERE NumberOfEmployees > 1000",
        "SELECT Id, Name FROM Campaign WHERE Status = 'Planned'",
        "SELECT Id, Subject FROM Case WHERE Status = 'Working' AND IsEscalated = TRUE",
        "SELECT Id, Name, Email FROM Contact;",
        "SELECT Id, Account.Name FROM Account WHERE Name != 'x' AND Industry NOT IN ('Energy')",
        "SELECT Id FROM Opportunity WHERE CloseDate > TODAY OR (Amount >= 5.5 AND Name LIKE 'a%')",
    ] {
        let read = query(statement);
        assert!(read.is_ok(), "{statement}: {read:?}");
    }
    let dated = |statement| query(statement).expect("a query").is_dated;
    assert!(dated("SELECT Id FROM Opportunity WHERE CloseDate = TODAY"));
    assert!(!dated(
        "SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01"
    ));
}

/// The names of the fields of an object whose places are in a set.
fn names(query: &TopicQuery, places: &landfall_query::push_topic::FieldIndexes) -> Vec<String> {
    let fields = query.plan.entity.fields.iter().enumerate();
    fields
        .filter(|(place, _)| {
            [*place]
                .into_iter()
                .collect::<landfall_query::push_topic::FieldIndexes>()
                .meets(places)
        })
        .map(|(_, field)| field.name.to_string())
        .collect()
}

/// Source: "Compound Fields in `PushTopic` Queries" (Streaming API Developer Guide).
#[test]
fn a_persons_name_counts_as_a_whole_and_an_address_by_its_parts() {
    let selected = |statement| {
        let query = query(statement).expect("a query");
        names(&query, &query.selected)
    };
    assert_eq!(
        selected("SELECT Id, Name FROM Contact"),
        ["LastName", "FirstName", "Salutation", "Name"]
    );
    assert_eq!(
        selected("SELECT Id, Name, FirstName FROM Contact"),
        ["LastName", "FirstName", "Salutation", "Name"]
    );
    assert!(selected("SELECT Id, FirstName, LastName FROM Contact").is_empty());
    assert!(selected("SELECT Id, MailingAddress FROM Contact").is_empty());
    assert_eq!(
        selected("SELECT Id, MailingAddress, MailingCity FROM Contact"),
        ["MailingCity"]
    );
}

#[test]
fn a_person_name_is_sent_with_its_components() {
    let query = query("SELECT Id, Name, Email FROM Contact").expect("a query");
    let told = query
        .told
        .iter()
        .map(|place| query.plan.entity.fields[*place].name.to_string());
    assert_eq!(
        told.collect::<Vec<_>>(),
        ["Id", "Name", "LastName", "FirstName", "Salutation", "Email"]
    );
}

#[test]
fn fields_of_the_service_and_ids_never_count() {
    let query = query(
        "SELECT Id, LastModifiedDate, Status, IsClosed FROM Task WHERE IsClosed = true AND Id != null",
    )
    .expect("a query");
    assert_eq!(names(&query, &query.selected), ["Status"]);
    assert!(names(&query, &query.filtered).is_empty());
    assert!(query.filters && query.selects);
    let any = names(&query, &query.any);
    assert!(any.contains(&"Subject".to_owned()) && !any.contains(&"SystemModstamp".to_owned()));
}

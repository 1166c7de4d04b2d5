//! Searches over SOAP.

use crate::org::{Org, texts};

/// Source: `search()`, `SearchResult` (SOAP API Developer Guide).
#[tokio::test]
async fn records_of_several_objects_are_found_by_their_words() {
    let org = Org::new().await;
    org.done(
        "<create><sObjects><type>Account</type><Name>Northwind Traders</Name></sObjects>\
         <sObjects><type>Contact</type><LastName>Northwind</LastName></sObjects>\
         <sObjects><type>Account</type><Name>Acme</Name></sObjects></create>",
    )
    .await;
    let find =
        |statement: &str| format!("<search><searchString>{statement}</searchString></search>");
    let body = org
        .done(&find(
            "FIND {northwind} IN ALL FIELDS RETURNING Account(Id, Name), Contact(LastName)",
        ))
        .await;
    assert_eq!(texts(&body, "queryId").len(), 1);
    assert_eq!(texts(&body, "sf:type"), ["Account", "Contact"]);
    assert_eq!(texts(&body, "sf:Name"), ["Northwind Traders"]);
    assert_eq!(texts(&body, "sf:LastName"), ["Northwind"]);
    assert_eq!(body.matches("<searchRecords>").count(), 2);
    let body = org.done(&find("FIND {nobody} RETURNING Account(Id)")).await;
    assert_eq!(body.matches("<searchRecords>").count(), 0);
    let (status, body) = org.call("", &find("FIND northwind")).await;
    assert_eq!(status, 500);
    assert!(body.contains("MALFORMED_SEARCH"), "{body}");
}

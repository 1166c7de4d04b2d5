//! Platform events among the records of a `create`.

use crate::org::{Org, texts};

const ALL_OR_NONE: &str = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>";

#[tokio::test]
async fn events_are_published_among_records_each_with_its_result() {
    let org = Org::new().await;
    let tail = org.tail();
    let body = org
        .done(
            "<create><sObjects><type>Now__e</type><Count__c>7</Count__c></sObjects>\
             <sObjects><type>Trip__c</type><Name>T</Name></sObjects>\
             <sObjects><type>Now__e</type><Id>e005f0000000001</Id></sObjects>\
             <sObjects><type>Then__e</type></sObjects></create>",
        )
        .await;
    let success = texts(&body, "success");
    assert_eq!(success, ["true", "true", "false", "true"]);
    let codes = texts(&body, "statusCode");
    assert_eq!(codes[0], "OPERATION_ENQUEUED");
    assert_eq!(codes[2], "OPERATION_ENQUEUED");
    assert_eq!(texts(&body, "message")[0].len(), 36, "a UUID");
    assert_eq!(org.tail(), tail + 3, "two events, and that of the record");
}

#[tokio::test]
async fn what_waits_for_the_commit_is_not_published_without_it() {
    let org = Org::new().await;
    let tail = org.tail();
    let (_, body) = org
        .call(
            ALL_OR_NONE,
            "<create><sObjects><type>Now__e</type></sObjects><sObjects><type>Then__e</type></sObjects>\
             <sObjects><type>Trip__c</type><Nme>T</Nme></sObjects></create>",
        )
        .await;
    assert_eq!(texts(&body, "success"), ["true", "false", "false"]);
    assert_eq!(
        texts(&body, "statusCode"),
        [
            "OPERATION_ENQUEUED",
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "INVALID_FIELD"
        ]
    );
    assert_eq!(org.tail(), tail + 1);
}

#[tokio::test]
async fn an_event_that_cannot_be_read_refuses_the_call() {
    let org = Org::new().await;
    let call = "<create><sObjects><type>Now__e</type><Count__c>x</Count__c></sObjects></create>";
    let (status, body) = org.call("", call).await;
    assert_eq!(status, 500);
    assert!(
        body.contains("'x' is not a valid value for the type xsd:double"),
        "{body}"
    );
}

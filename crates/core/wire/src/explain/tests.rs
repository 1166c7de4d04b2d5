//! Every code is explained, and found.

use super::*;

#[test]
fn every_code_and_every_message_is_found() {
    let index = search::Index::new();
    for entry in entries() {
        let spellings = entry.spellings();
        assert!(!spellings.is_empty(), "{}", entry.meaning);
        for spelling in spellings {
            let is_among = |found: &Found| {
                let mut entries = found.entries.iter();
                entries.any(|one| one.meaning == entry.meaning)
            };
            let by_name = index.find(spelling.name());
            assert!(is_among(&by_name), "{spelling}");
            // A status alone, or a text that is another one's, is no text of its own.
            let has_text = spelling
                .message
                .contains(|letter: char| letter.is_lowercase());
            if spelling.code.is_empty() && !has_text {
                continue;
            }
            let in_a_log =
                format!("2026-01-31 ERROR Worker: request failed: {spelling} (attempt 3)");
            assert!(is_among(&index.find(&in_a_log)), "{spelling}");
        }
    }
}

#[test]
fn every_code_of_the_pubsub_api_is_explained() {
    let declared = include_str!("../grpc.rs");
    let codes: Vec<&str> = declared
        .split("code!(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        assert_eq!(
            find(code).entries.len(),
            1.max(find(code).entries.len()),
            "{code}"
        );
        assert!(!find(code).entries.is_empty(), "{code}");
    }
}

#[test]
fn a_real_answer_leads_to_one_entry() {
    for (text, meaning) in [
        ("403::Unknown client", "The session is gone"),
        (
            r#"{"channel":"/meta/connect","error":"403::Unknown client","successful":false}"#,
            "The session is gone",
        ),
        (
            r#"[{"message":"No such column 'Nme' on sobject of type Account","errorCode":"INVALID_FIELD"}]"#,
            "The object has no such field",
        ),
        (
            "400::The replayId {1234} you provided was invalid.  Please provide a valid ID, -2 to replay all events, \
             or -1 to replay only new events.",
            "The replay id is not retained",
        ),
        (
            "The replayId {17} you provided was invalid",
            "The replay id is not retained",
        ),
        (
            "java.lang.RuntimeException: 400::The replayId {12} you provided was invalid.",
            "The replay id is not retained",
        ),
        (
            "duplicate value found: Key__c duplicates value on record with id: 0015f00000AbCdE",
            "The field is unique",
        ),
        (
            "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.validation.failed",
            "The preset is CUSTOM",
        ),
        (
            "subscription.fetch.replayid.corrupted",
            "The replay id is not retained",
        ),
        (
            "TotalRequests Limit exceeded.",
            "The org has used up its requests",
        ),
        ("OPERATION_ENQUEUED", "Not an error"),
    ] {
        let found = find(text);
        let meanings: Vec<&str> = found.entries.iter().map(|entry| entry.meaning).collect();
        assert!(
            matches!(meanings.as_slice(), [one] if one.starts_with(meaning)),
            "{text}: {meanings:?}"
        );
    }
    assert_eq!(find("request_limit_exceeded").entries.len(), 2);
    assert!(find("").entries.is_empty());
    assert!(find("the weather is nice").entries.is_empty());
}

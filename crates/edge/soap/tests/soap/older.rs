//! What old versions of the API write otherwise.

use crate::org::{Org, texts};

/// Source: "PushTopic" (Object Reference).
#[tokio::test]
async fn up_to_version_28_one_field_selects_the_operations() {
    let org = Org::new().await;
    let topic = |name: &str, word: &str| {
        format!(
            "<sObjects><type>PushTopic</type><Name>{name}</Name><Query>SELECT Id FROM Account</Query>\
             <ApiVersion>28.0</ApiVersion><NotifyForFields>All</NotifyForFields>\
             <NotifyForOperations>{word}</NotifyForOperations></sObjects>"
        )
    };
    let topics = [
        ("A", "All"),
        ("C", "Create"),
        ("E", "Extended"),
        ("U", "Update"),
        ("X", "Some"),
    ];
    let topics: String = topics
        .iter()
        .map(|(name, word)| topic(name, word))
        .collect();
    let create = format!("<create>{topics}</create>");
    let body = org.done_by("28.0", &create).await;
    let success = texts(&body, "success");
    assert_eq!(success, ["true", "true", "true", "true", "false"], "{body}");
    assert_eq!(
        texts(&body, "statusCode"),
        ["INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    );
    let told = "<query><queryString>SELECT NotifyForOperationCreate, NotifyForOperationUpdate, \
                NotifyForOperationDelete, NotifyForOperations FROM PushTopic ORDER BY Name</queryString></query>";
    let body = org.done(told).await;
    let flags = |name: &str| texts(&body, &format!("sf:NotifyForOperation{name}")).join(" ");
    assert_eq!(flags("Create"), "true true false false");
    assert_eq!(flags("Update"), "true false false true");
    assert_eq!(flags("Delete"), "true true true true");
    assert_eq!(flags("s"), "All Create Extended Update");
}

#[tokio::test]
async fn from_29_on_the_word_follows_from_the_flags_and_cannot_be_written() {
    let org = Org::new().await;
    let create = "<create><sObjects><type>PushTopic</type><Name>A</Name><Query>SELECT Id, Name FROM Account</Query>\
                  <ApiVersion>29.0</ApiVersion><NotifyForOperations>Create</NotifyForOperations></sObjects></create>";
    let body = org.done_by("29.0", create).await;
    let refused = ["INVALID_FIELD_FOR_INSERT_UPDATE"];
    assert_eq!(texts(&body, "statusCode"), refused, "{body}");
    let describe = "<describeSObject><sObjectType>PushTopic</sObjectType></describeSObject>";
    for (version, may_be_written) in [("28.0", "true"), ("29.0", "false")] {
        let body = org.done_by(version, describe).await;
        let fields = texts(&body, "fields");
        let is_word = |field: &&&str| texts(field, "name") == ["NotifyForOperations"];
        let word = fields.iter().find(is_word).expect("the field");
        assert_eq!(texts(word, "createable"), [may_be_written]);
        assert_eq!(texts(word, "updateable"), [may_be_written]);
    }
}

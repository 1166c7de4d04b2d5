//! Files: versions, documents, links, attachments, and the bytes of each.

use landfall_model::{ChangeType, Fault, FieldFault, FieldName, RecordId, Value, ValueFault};

use crate::org::{FieldValueOf, Org, text};

fn id(field: &str, id: RecordId) -> FieldValueOf<'_> {
    (field, Value::Id(id))
}

async fn account(org: &Org) -> RecordId {
    org.created("Account", &[text("Name", "Acme")]).await
}

/// A version of a new document, and that document.
async fn file(org: &Org, base64: &str, more: &[FieldValueOf<'_>]) -> (RecordId, RecordId) {
    let mut given = vec![
        text("PathOnClient", "/home/a/Report 1.PDF"),
        text("VersionData", base64),
    ];
    given.extend_from_slice(more);
    let version = org.created("ContentVersion", &given).await;
    let document = org.value(version, "ContentDocumentId").await;
    (version, document.as_id().expect("it has a document"))
}

async fn bytes(org: &Org, id: RecordId) -> Option<Vec<u8>> {
    org.engine.file(id).await.expect("a read")
}

/// The linked records of a document, each with its kind of share.
async fn links(org: &Org, document: RecordId) -> Vec<(RecordId, String)> {
    let entity = org.entity("ContentDocumentLink");
    let place = |name| entity.index_of(name).expect("a field");
    let value = |row: &[Value], name| row.get(place(name)).cloned().expect("a value");
    let at = place("ContentDocumentId");
    let rows = org.engine.rows_where(&entity, at, Value::Id(document), 10);
    let rows = rows.await.expect("a read").into_iter();
    let live = rows.filter(|row| value(row, "IsDeleted") != Value::Boolean(true));
    let link = live.map(|row| {
        let to = value(&row, "LinkedEntityId").as_id().expect("a record");
        (
            to,
            value(&row, "ShareType").as_text().unwrap_or("").to_owned(),
        )
    });
    link.collect()
}

#[tokio::test]
async fn a_version_without_a_document_makes_one_with_a_link_to_its_owner() {
    let org = Org::new().await;
    let tail = org.tail();
    let (version, document) = file(&org, "aGVsbG8=", &[]).await;
    assert_eq!(bytes(&org, version).await.as_deref(), Some(&b"hello"[..]));
    for (field, value) in [
        ("Title", "Report 1"),
        ("FileType", "PDF"),
        ("FileExtension", "pdf"),
        ("VersionNumber", "1"),
        ("Checksum", "5d41402abc4b2a76b9719d911017c592"),
    ] {
        let value = Value::Text(value.to_owned());
        assert_eq!(org.value(version, field).await, value, "{field}");
    }
    assert_eq!(org.value(version, "ContentSize").await, Value::Integer(5));
    assert_eq!(org.value(document, "ContentSize").await, Value::Integer(5));
    let latest = org.value(document, "LatestPublishedVersionId").await;
    assert_eq!(latest, Value::Id(version));
    let title = org.value(document, "Title").await;
    assert_eq!(title.as_text(), Some("Report 1"));
    assert_eq!(links(&org, document).await, [(org.user, "I".to_owned())]);
    let events = org.events_after(tail).await;
    let changes: Vec<_> = events.iter().map(|event| event.what().0).collect();
    assert_eq!(changes, [ChangeType::Create; 3]);
}

#[tokio::test]
async fn a_version_of_a_document_becomes_its_latest() {
    let org = Org::new().await;
    let (first, document) = file(&org, "aGVsbG8=", &[]).await;
    let of = id("ContentDocumentId", document);
    let (second, same) = file(&org, "aGk=", &[of, text("Title", "Report 2")]).await;
    assert_eq!(same, document);
    assert_eq!(
        org.value(second, "VersionNumber").await.as_text(),
        Some("2")
    );
    let is_latest = |version| org.value(version, "IsLatest");
    assert_eq!(is_latest(first).await, Value::Boolean(false));
    assert_eq!(is_latest(second).await, Value::Boolean(true));
    assert_eq!(
        org.value(document, "Title").await.as_text(),
        Some("Report 2")
    );
    assert_eq!(org.value(document, "ContentSize").await, Value::Integer(2));
    let update = org.update(document, &[text("Title", "Report 3")]);
    org.change(update).await;
    assert_eq!(org.value(second, "Title").await.as_text(), Some("Report 3"));
    assert_eq!(org.value(first, "Title").await.as_text(), Some("Report 1"));
    assert_eq!(bytes(&org, first).await.as_deref(), Some(&b"hello"[..]));
}

#[tokio::test]
async fn a_file_goes_to_the_recycle_bin_and_its_bytes_go_with_the_last_of_it() {
    let org = Org::new().await;
    let account = account(&org).await;
    let place = id("FirstPublishLocationId", account);
    let (version, document) = file(&org, "aGVsbG8=", &[place]).await;
    let linked = links(&org, document).await;
    assert_eq!(
        linked,
        [(org.user, "I".to_owned()), (account, "V".to_owned())]
    );
    org.change(org.delete(document)).await;
    assert!(org.is_deleted(version).await);
    assert!(bytes(&org, version).await.is_some());
    org.change(org.undelete(document)).await;
    assert!(!org.is_deleted(version).await);
    org.change(org.delete(document)).await;
    let entity = org.entity("ContentDocument");
    let purge = landfall_engine::Change::Purge {
        entity,
        id: document,
    };
    org.change(purge).await;
    assert_eq!(bytes(&org, version).await, None);
}

#[tokio::test]
async fn a_file_is_linked_to_a_record_once() {
    let org = Org::new().await;
    let (_, document) = file(&org, "aGVsbG8=", &[]).await;
    let account = account(&org).await;
    let given = [
        id("ContentDocumentId", document),
        id("LinkedEntityId", account),
    ];
    let link = org.created("ContentDocumentLink", &given).await;
    assert_eq!(org.value(link, "ShareType").await.as_text(), Some("V"));
    let again = org.create("ContentDocumentLink", &given);
    let refused = org.refused(again).await;
    assert!(
        matches!(refused, Fault::Value(ValueFault::Duplicate { record, .. }) if record == link)
    );
    org.change(org.delete(account)).await;
    assert_eq!(links(&org, document).await, [(org.user, "I".to_owned())]);
}

#[tokio::test]
async fn an_attachment_has_the_bytes_of_its_body_which_can_be_replaced() {
    let org = Org::new().await;
    let account = account(&org).await;
    let given = [
        text("Name", "a.txt"),
        text("Body", "aGVsbG8"),
        id("ParentId", account),
    ];
    let attachment = org.created("Attachment", &given).await;
    assert_eq!(org.value(attachment, "BodyLength").await, Value::Integer(5));
    let update = org.update(attachment, &[text("Body", "aG\r\nk=")]);
    org.change(update).await;
    assert_eq!(org.value(attachment, "BodyLength").await, Value::Integer(2));
    assert_eq!(bytes(&org, attachment).await.as_deref(), Some(&b"hi"[..]));
    org.change(org.update(attachment, &[text("Name", "b.txt")]))
        .await;
    assert_eq!(bytes(&org, attachment).await.as_deref(), Some(&b"hi"[..]));
    let org = org.restarted().await;
    assert_eq!(bytes(&org, attachment).await.as_deref(), Some(&b"hi"[..]));
    org.change(org.delete(account)).await;
    assert!(org.is_deleted(attachment).await);
}

#[tokio::test]
async fn files_that_are_none_or_too_long_are_refused() {
    let org = Org::new().await;
    let account = account(&org).await;
    let attachment = |body: &str| {
        let given = [
            text("Name", "a.txt"),
            text("Body", body),
            id("ParentId", account),
        ];
        org.create("Attachment", &given)
    };
    let refused = org.refused(attachment("a*b")).await;
    assert!(matches!(refused, Fault::Value(ValueFault::Refused { .. })));
    let max = landfall_model::limits::ATTACHMENT_BYTES_MAX;
    let long = "A".repeat((max / 3 + 1) * 4);
    let refused = org.refused(attachment(&long)).await;
    let field = FieldName::new("Body");
    assert_eq!(
        refused,
        Fault::Value(ValueFault::FileTooLarge { field, max })
    );
    for (given, missing) in [
        (
            [text("Title", "A"), text("PathOnClient", "a.txt")],
            "VersionData",
        ),
        (
            [text("Title", "A"), text("VersionData", "aGk=")],
            "PathOnClient",
        ),
    ] {
        let refused = org.refused(org.create("ContentVersion", &given)).await;
        let fields = vec![FieldName::new(missing)];
        assert_eq!(refused, Fault::Field(FieldFault::Required { fields }));
    }
}

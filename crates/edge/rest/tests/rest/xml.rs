//! The XML variant: what is asked for in XML is answered in it, and records may come in it.

use axum::body::Body;

use crate::org::{Answer, DATA, Org};

const XML: (&str, &str) = ("accept", "application/xml");

async fn get(org: &Org, path: &str) -> Answer {
    let path = if path.starts_with("/services") {
        path.to_owned()
    } else {
        format!("{DATA}{path}")
    };
    org.send("GET", &path, &[XML], Body::empty()).await
}

async fn write(org: &Org, method: &str, path: &str, body: &'static str) -> Answer {
    let headers = [XML, ("content-type", "application/xml; charset=UTF-8")];
    org.send(method, &format!("{DATA}{path}"), &headers, Body::from(body))
        .await
}

/// The text between two others.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).expect(before);
    rest.split_once(after).expect(after).0
}

#[tokio::test]
async fn a_record_is_made_read_and_changed_in_xml() {
    let org = Org::with(Vec::new()).await;
    let body = "<Account><Name>A &amp; B</Name><NumberOfEmployees>12</NumberOfEmployees></Account>";
    let made = write(&org, "POST", "/sobjects/Account", body).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.header("content-type"), "application/xml;charset=UTF-8");
    let id = between(
        &made.body,
        "<Result><id>",
        "</id><success>true</success></Result>",
    );
    let row = format!("/sobjects/Account/{id}");
    let read = get(&org, &format!("{row}?fields=Name,Phone")).await;
    assert_eq!(
        read.body,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Account type=\"Account\" url=\"{DATA}{row}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Name>A &amp; B</Name><Phone xsi:nil=\"true\"/>\
             <Id>{id}</Id></Account>"
        )
    );
    let change = "<Account xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><NumberOfEmployees xsi:nil=\"true\"/>\
                  <Phone>1</Phone></Account>";
    assert_eq!(write(&org, "PATCH", &row, change).await.status, 204);
    let found = get(&org, "/query?q=SELECT+Phone,NumberOfEmployees+FROM+Account").await;
    assert_eq!(
        between(&found.body, "<QueryResult", "</QueryResult>"),
        format!(
            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><done>true</done><totalSize>1</totalSize>\
             <records type=\"Account\" url=\"{DATA}{row}\"><Phone>1</Phone><NumberOfEmployees xsi:nil=\"true\"/></records>"
        )
    );
    // The end of the path says the same as the header.
    let suffixed = org.get(&format!("{row}.xml?fields=Phone")).await;
    assert!(suffixed.body.contains("<Phone>1</Phone>"), "{suffixed:?}");
    let json = org
        .send(
            "GET",
            &format!("{DATA}{row}.json?fields=Phone"),
            &[],
            Body::empty(),
        )
        .await;
    assert_eq!(
        json.json().get("Phone").and_then(|phone| phone.as_str()),
        Some("1")
    );
}

#[tokio::test]
async fn lists_and_refusals_have_roots_of_their_own() {
    let org = Org::with(Vec::new()).await;
    let versions = get(&org, "/services/data").await;
    assert!(
        versions.body.contains("<Versions><Version><label>"),
        "{versions:?}"
    );
    assert!(get(&org, "/").await.body.contains("<urls><identity>"));
    let missing = get(&org, "/sobjects/Nope").await;
    assert_eq!(
        (missing.status, missing.header("content-type")),
        (404, "application/xml;charset=UTF-8")
    );
    assert_eq!(
        missing.body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Errors><Error><errorCode>NOT_FOUND</errorCode>\
         <message>The requested resource does not exist</message></Error></Errors>"
    );
    let broken = write(
        &org,
        "POST",
        "/sobjects/Account",
        "<Account><Name></Account>",
    )
    .await;
    assert_eq!(broken.status, 400);
    assert!(
        broken
            .body
            .contains("<errorCode>XML_PARSER_ERROR</errorCode>"),
        "{broken:?}"
    );
    let required = write(&org, "POST", "/sobjects/Account", "<Account/>").await;
    assert!(
        required.body.contains("<fields>Name</fields>"),
        "{required:?}"
    );
}

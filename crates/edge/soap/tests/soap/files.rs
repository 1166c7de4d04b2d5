//! Files over SOAP: base64 in both directions.

use crate::org::{Org, texts};

/// Source: "Attachment" (Object Reference), Usage.
#[tokio::test]
async fn files_come_and_go_in_base64_and_a_page_of_a_query_has_one_of_them() {
    let org = Org::new().await;
    let body = org
        .done("<create><sObjects><type>Account</type><Name>Acme</Name></sObjects></create>")
        .await;
    let account = texts(&body, "id")[0].to_owned();
    let attachment = |name: &str, bytes: &str| {
        format!(
            "<sObjects><type>Attachment</type><ParentId>{account}</ParentId><Name>{name}</Name>\
             <Body>{bytes}</Body></sObjects>"
        )
    };
    let (a, b) = (attachment("a.txt", "aGVsbG8="), attachment("b.txt", "AP8="));
    let body = org.done(&format!("<create>{a}{b}</create>")).await;
    let ids: Vec<String> = texts(&body, "id").into_iter().map(str::to_owned).collect();
    let query =
        "<query><queryString>SELECT Name, Body FROM Attachment ORDER BY Name</queryString></query>";
    let body = org.done(query).await;
    assert_eq!(texts(&body, "sf:Body"), ["aGVsbG8="]);
    assert_eq!(texts(&body, "size"), ["2"]);
    let locator = texts(&body, "queryLocator")[0].to_owned();
    let more = format!("<queryMore><queryLocator>{locator}</queryLocator></queryMore>");
    assert_eq!(texts(&org.done(&more).await, "sf:Body"), ["AP8="]);
    let query = "<query><queryString>SELECT Name FROM Attachment</queryString></query>";
    assert_eq!(texts(&org.done(query).await, "sf:Name").len(), 2);
    let body = org
        .done(&format!(
            "<retrieve><fieldList>Name,Body</fieldList><sObjectType>Attachment</sObjectType>\
             <ids>{}</ids><ids>{}</ids></retrieve>",
            ids[1], ids[0]
        ))
        .await;
    assert_eq!(texts(&body, "sf:Body"), ["AP8=", "aGVsbG8="]);
}

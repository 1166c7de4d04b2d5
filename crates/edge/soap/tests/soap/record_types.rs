//! Record types over SOAP: describes, and the refusal of one that the user cannot give.

use landfall_metadata::Component;

use crate::org::{Org, texts};

#[tokio::test]
async fn a_describe_has_the_types_and_a_save_refuses_those_of_nobody() {
    let org = Org::new().await;
    let club = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><recordTypes>\
        <fullName>Club</fullName><active>true</active><label>Clubs</label></recordTypes></CustomObject>";
    let club = Component {
        path: "objects/Account.object".to_owned(),
        content: club.to_owned(),
    };
    org.inner.deploy(vec![club]).await;
    let describe = "<describeSObject><sObjectType>Account</sObjectType></describeSObject>";
    let body = org.done(describe).await;
    let infos = texts(&body, "recordTypeInfos");
    let names: Vec<_> = infos.iter().flat_map(|info| texts(info, "name")).collect();
    assert_eq!(names, ["Clubs", "Master"]);
    let masters: Vec<_> = infos
        .iter()
        .flat_map(|info| texts(info, "master"))
        .collect();
    assert_eq!(masters, ["false", "true"]);
    let club = infos.first().expect("a type");
    assert_eq!(texts(club, "developerName"), ["Club"]);
    let club = texts(club, "recordTypeId").concat();
    let account = |id: &str| {
        format!(
            "<sObjects><type>Account</type><Name>A</Name><RecordTypeId>{id}</RecordTypeId></sObjects>"
        )
    };
    let accounts = account(&club) + &account("012000000000001AAA");
    let body = org.done(&format!("<create>{accounts}</create>")).await;
    assert_eq!(texts(&body, "success"), ["true", "false"], "{body}");
    assert_eq!(texts(&body, "statusCode"), ["INVALID_CROSS_REFERENCE_KEY"]);
    assert_eq!(texts(&body, "fields"), ["RecordTypeId"]);
    let query = "<query><queryString>SELECT RecordType.Name, RecordTypeId FROM Account</queryString></query>";
    let body = org.done(query).await;
    assert_eq!(texts(&body, "sf:RecordTypeId"), [club], "{body}");
}

//! Lookup filters over SOAP: describes, and the refusal of a record that does not meet one.

use landfall_metadata::Component;

use crate::org::{Org, texts};

#[tokio::test]
async fn a_describe_has_the_filter_of_a_lookup_and_a_save_meets_it() {
    let org = Org::new().await;
    let object = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><fields>\
        <fullName>Partner__c</fullName><label>Partner</label><type>Lookup</type><referenceTo>Account</referenceTo>\
        <relationshipName>Partners</relationshipName><lookupFilter><active>true</active>\
        <errorMessage>Another site</errorMessage><filterItems><field>Account.Site</field>\
        <operation>equals</operation><valueField>$Source.Site</valueField></filterItems>\
        <isOptional>false</isOptional></lookupFilter></fields></CustomObject>";
    let object = Component {
        path: "objects/Account.object".to_owned(),
        content: object.to_owned(),
    };
    org.inner.deploy(vec![object]).await;
    let describe = "<describeSObject><sObjectType>Account</sObjectType></describeSObject>";
    let body = org.done(describe).await;
    let filters = texts(&body, "filteredLookupInfo");
    assert_eq!(filters.len(), 1, "{body}");
    let filter = filters.first().expect("a filter");
    assert_eq!(texts(filter, "controllingFields"), ["Site"]);
    assert_eq!(texts(filter, "dependent"), ["true"]);
    assert_eq!(texts(filter, "optionalFilter"), ["false"]);

    let create = "<create><sObjects><type>Account</type><Name>A</Name><Site>North</Site></sObjects></create>";
    let id = texts(&org.done(create).await, "id").concat();
    let account = |site: &str| {
        format!(
            "<sObjects><type>Account</type><Name>B</Name><Site>{site}</Site><Partner__c>{id}</Partner__c></sObjects>"
        )
    };
    let accounts = account("North") + &account("South");
    let body = org.done(&format!("<create>{accounts}</create>")).await;
    assert_eq!(texts(&body, "success"), ["true", "false"], "{body}");
    assert_eq!(
        texts(&body, "statusCode"),
        ["FIELD_FILTER_VALIDATION_EXCEPTION"]
    );
    assert_eq!(texts(&body, "message"), ["Another site"]);
    assert_eq!(texts(&body, "fields"), ["Partner__c"]);
}

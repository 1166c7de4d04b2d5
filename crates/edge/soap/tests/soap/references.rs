//! Records that are named by external ids, and values of types that the shipped objects do not have.

use crate::org::{Org, texts};

#[tokio::test]
async fn a_reference_is_found_by_the_external_id_of_its_record() {
    let org = Org::new().await;
    let trip = "<sObjects><type>Trip__c</type><Name>A</Name><Code__c>x1</Code__c><Number__c>7</Number__c></sObjects>";
    let body = org.done(&format!("<create>{trip}</create>")).await;
    let first = texts(&body, "id")[0].to_owned();
    let after = |key: &str| {
        format!("<sObjects><type>Trip__c</type><Name>B</Name><After__r>{key}</After__r></sObjects>")
    };
    let calls = [
        "<Code__c>X1</Code__c>",
        "<type>Trip__c</type><Number__c>7</Number__c>",
        "<Code__c>nope</Code__c>",
        "<SystemModstamp>A</SystemModstamp>",
        "<Nothing>A</Nothing>",
        "<Code__c>x1</Code__c><Number__c>7</Number__c>",
        "<type>Account</type><Code__c>x1</Code__c>",
    ];
    let records: String = calls.iter().map(|key| after(key)).collect();
    let body = org.done(&format!("<create>{records}</create>")).await;
    let success = texts(&body, "success");
    assert_eq!(success[..2], ["true", "true"]);
    assert!(
        success[2..].iter().all(|success| *success == "false"),
        "{body}"
    );
    assert_eq!(
        texts(&body, "message")[0],
        "Foreign key external ID: nope not found for field Code__c in entity Trip__c"
    );
    let second = texts(&body, "id")[0];
    let query = format!("SELECT After__r.Name, After__c FROM Trip__c WHERE Id = '{second}'");
    let body = org
        .done(&format!(
            "<query><queryString>{query}</queryString></query>"
        ))
        .await;
    assert!(
        body.contains(&format!(
            "<sf:After__r xsi:type=\"sf:sObject\"><sf:type>Trip__c</sf:type><sf:Id xsi:nil=\"true\"/>\
             <sf:Name>A</sf:Name></sf:After__r><sf:After__c>{first}</sf:After__c>"
        )),
        "{body}"
    );
}

#[tokio::test]
async fn several_records_with_the_external_id_are_too_many() {
    let org = Org::new().await;
    let trip = "<sObjects><type>Trip__c</type><Name>A</Name><Number__c>7</Number__c></sObjects>";
    org.done(&format!("<create>{trip}{trip}</create>")).await;
    let after = "<After__r><Number__c>7</Number__c></After__r>";
    let body = org
        .done(&format!(
            "<create><sObjects><type>Trip__c</type><Name>B</Name>{after}</sObjects></create>"
        ))
        .await;
    assert_eq!(texts(&body, "statusCode"), ["DUPLICATE_EXTERNAL_ID"]);
}

#[tokio::test]
async fn a_location_has_two_parts() {
    let org = Org::new().await;
    let place = "<Place__Latitude__s>41.9</Place__Latitude__s><Place__Longitude__s>12.5</Place__Longitude__s>";
    let body = org
        .done(&format!(
            "<create><sObjects><type>Trip__c</type><Name>Rome</Name>{place}</sObjects></create>"
        ))
        .await;
    let id = texts(&body, "id")[0].to_owned();
    let location = "<sf:Place__c xsi:type=\"location\"><latitude>41.9</latitude><longitude>12.5</longitude></sf:Place__c>";
    for call in [
        format!(
            "<retrieve><fieldList>Place__c</fieldList><sObjectType>Trip__c</sObjectType><ids>{id}</ids></retrieve>"
        ),
        "<query><queryString>SELECT Place__c FROM Trip__c</queryString></query>".to_owned(),
    ] {
        let body = org.done(&call).await;
        assert!(body.contains(location), "{body}");
    }
}

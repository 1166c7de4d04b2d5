//! What can be retrieved, and what comes of it.

use crate::org::{Org, days, fault, file, listed, manifest, text, told, trip, unzipped};

async fn with_trip() -> Org {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &trip(&days("Days"))),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    org
}

/// The outcome of a retrieval: its files, its problems, and the names of the described components.
async fn retrieved(
    org: &Org,
    types: &str,
    more: &str,
) -> (Vec<(String, String)>, Vec<String>, Vec<String>) {
    let request = format!(
        "<retrieveRequest><apiVersion>62.0</apiVersion>{more}<unpackaged>{types}<version>62.0</version></unpackaged>\
         </retrieveRequest>"
    );
    let asked = org.result("retrieve", &request).await;
    let id = format!("<asyncProcessId>{}</asyncProcessId>", text(&asked, "id"));
    let progress = org.result("checkStatus", &id).await;
    assert_eq!(text(&progress, "id"), text(&asked, "id"));
    assert_eq!(text(&progress, "done"), "true");
    assert_eq!(text(&progress, "state"), "Completed");
    let result = org.result("checkRetrieveStatus", &id).await;
    assert_eq!(text(&result, "status"), "Succeeded");
    let all = |list: &str, name: &str| {
        let listed = result.children.iter().filter(|child| child.name == list);
        listed.map(|child| text(child, name)).collect()
    };
    (
        unzipped(&text(&result, "zipFile")),
        all("messages", "problem"),
        all("fileProperties", "fullName"),
    )
}

#[tokio::test]
async fn what_was_deployed_is_retrieved_and_means_the_same() {
    let org = with_trip().await;
    let (files, problems, names) = retrieved(&org, &listed("CustomObject", &["*"]), "").await;
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(names, ["Trip__c", "Trip__c.Days__c"]);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "unpackaged/objects/Trip__c.object",
            "unpackaged/package.xml"
        ]
    );
    assert!(files[0].1.contains("<fullName>Days__c</fullName>"));
    let again: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, content)| (path.trim_start_matches("unpackaged/"), content.as_str()))
        .collect();
    let result = org.deploy(&again, "").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    let details = result.child("details").expect("details");
    let changed = details.children.iter().filter(|child| {
        child.value("changed") == Some("true") && child.value("componentType") != Some("")
    });
    assert_eq!(changed.count(), 0);
}

#[tokio::test]
async fn one_field_and_a_standard_object_can_be_asked_for() {
    let org = with_trip().await;
    let wanted = listed("CustomField", &["Trip__c.Days__c", "Account.Industry"])
        + &listed("CustomObject", &["Contact"]);
    let single = "<singlePackage>true</singlePackage>";
    let (files, problems, _) = retrieved(&org, &wanted, single).await;
    assert_eq!(problems, Vec::<String>::new());
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "objects/Account.object",
            "objects/Contact.object",
            "objects/Trip__c.object",
            "package.xml"
        ]
    );
    assert!(!files[2].1.contains("pluralLabel"));
    assert!(files[1].1.contains("<fullName>Email</fullName>"));
}

#[tokio::test]
async fn missing_components_are_reported() {
    let org = with_trip().await;
    let wanted = listed("CustomObject", &["Never__c"]) + &listed("ApexClass", &["A"]);
    let (files, problems, _) = retrieved(&org, &wanted, "").await;
    assert_eq!(files.len(), 1);
    assert_eq!(
        problems,
        [
            "Entity type: 'ApexClass' is unknown",
            "Entity of type 'CustomObject' named 'Never__c' cannot be found",
        ]
    );
}

#[tokio::test]
async fn types_and_components_are_listed() {
    let org = with_trip().await;
    let described = org
        .result("describeMetadata", "<asOfVersion>62.0</asOfVersion>")
        .await;
    let names: Vec<String> = described
        .children
        .iter()
        .filter(|child| child.name == "metadataObjects")
        .map(|child| text(child, "xmlName"))
        .collect();
    assert!(
        names.contains(&"PlatformEventChannelMember".to_owned()),
        "{names:?}"
    );
    let reply = org
        .call(
            "listMetadata",
            "<queries><type>CustomField</type></queries>",
        )
        .await;
    let listed = crate::org::response(&reply);
    let field = listed.child("result").expect("one");
    assert_eq!(text(field, "fullName"), "Trip__c.Days__c");
    assert_eq!(text(field, "fileName"), "objects/Trip__c.object");
    assert_eq!(text(field, "createdByName"), "Admin");
    assert!(text(field, "id").starts_with("00N"));
    let refused = org
        .call("listMetadata", "<queries><type>ApexClass</type></queries>")
        .await;
    assert_eq!(fault(&refused), "INVALID_TYPE: Unknown type:ApexClass");
}

#[tokio::test]
async fn a_permission_set_no_longer_names_what_was_removed() {
    let org = with_trip().await;
    let set = file(
        "PermissionSet",
        "<label>Travel</label><fieldPermissions><editable>true</editable><field>Trip__c.Days__c</field>\
         <readable>true</readable></fieldPermissions><objectPermissions><allowEdit>true</allowEdit>\
         <allowRead>true</allowRead><object>Trip__c</object></objectPermissions>",
    );
    let package = manifest(&[("PermissionSet", &["Travel"])]);
    let files = [
        ("package.xml", package.as_str()),
        ("permissionsets/Travel.permissionset", &set),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded", "{:?}", told(&result));
    let (nothing, field) = (
        manifest(&[]),
        manifest(&[("CustomField", &["Trip__c.Days__c"])]),
    );
    let files = [
        ("package.xml", nothing.as_str()),
        ("destructiveChanges.xml", &field),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded", "{:?}", told(&result));
    let sets = listed("PermissionSet", &["Travel"]);
    let (files, ..) = retrieved(&org, &sets, "").await;
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                <PermissionSet xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    <label>Travel</label>\n";
    let object = "    <objectPermissions>\n        <allowEdit>true</allowEdit>\n        <allowRead>true</allowRead>\n\
                  \u{20}       <object>Trip__c</object>\n    </objectPermissions>\n";
    assert_eq!(files[0].1, format!("{head}{object}</PermissionSet>\n"));
    let names = "<type>CustomObject</type><fullNames>Trip__c</fullNames>";
    let deleted = org.result("deleteMetadata", names).await;
    assert_eq!(text(&deleted, "success"), "true");
    let (files, ..) = retrieved(&org, &sets, "").await;
    assert_eq!(files[0].1, format!("{head}</PermissionSet>\n"));
}

#[tokio::test]
async fn records_of_custom_metadata_have_values_with_types() {
    let org = Org::new().await;
    let fields = [
        ("On__c", "Checkbox", "<defaultValue>false</defaultValue>"),
        (
            "Max__c",
            "Number",
            "<precision>6</precision><scale>1</scale>",
        ),
        ("Note__c", "Text", "<length>20</length>"),
    ];
    let fields = fields.map(|(name, kind, more)| {
        format!("<fields><fullName>{name}</fullName><label>{name}</label><type>{kind}</type>{more}</fields>")
    });
    let labels = "<label>Conf</label><pluralLabel>Confs</pluralLabel>";
    let conf = file("CustomObject", &format!("{labels}{}", fields.concat()));
    let values = [("On__c", "true"), ("Max__c", "1.5"), ("Note__c", "")];
    let values = values.map(|(field, value)| {
        format!("<values><field>{field}</field><value>{value}</value></values>")
    });
    let main = file(
        "CustomMetadata",
        &format!("<label>Main</label>{}", values.concat()),
    );
    let types = [
        ("CustomObject", &["Conf__mdt"][..]),
        ("CustomMetadata", &["Conf.Main"]),
    ];
    let package = manifest(&types);
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Conf__mdt.object", &conf),
        ("customMetadata/Conf.Main.md", &main),
    ];
    assert_eq!(text(&org.deploy(&files, "").await, "status"), "Succeeded");
    let (files, problems, _) = retrieved(&org, &listed("CustomMetadata", &["*"]), "").await;
    assert_eq!(problems, Vec::<String>::new());
    let (path, content) = &files[0];
    assert_eq!(path, "unpackaged/customMetadata/Conf.Main.md");
    for value in [
        "<value xsi:type=\"xsd:boolean\">true</value>",
        "<value xsi:type=\"xsd:double\">1.5</value>",
        "<value xsi:nil=\"true\"/>",
        "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"",
    ] {
        assert!(content.contains(value), "{content}");
    }
    // What was retrieved can be deployed again, and changes nothing.
    let record = manifest(&[("CustomMetadata", &["Conf.Main"])]);
    let again = [
        ("package.xml", record.as_str()),
        ("customMetadata/Conf.Main.md", content),
    ];
    let result = told(&org.deploy(&again, "").await);
    assert!(result[0].contains("|-|"), "{result:?}");
}

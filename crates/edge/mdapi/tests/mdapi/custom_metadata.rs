//! Custom metadata and labels as components.
//!
//! Source: "`CustomMetadata`", "`CustomLabels`" (Metadata API Developer Guide).

use landfall_engine::Kind;

use crate::org::{Org, file, manifest, told};

const CONF: &str = "<label>Conf</label><pluralLabel>Confs</pluralLabel>\
    <fields><fullName>Max__c</fullName><label>Max</label><type>Number</type><precision>6</precision>\
    <scale>0</scale></fields>";

fn label(name: &str, value: &str) -> String {
    format!(
        "<labels><fullName>{name}</fullName><language>en_US</language><protected>false</protected>\
         <shortDescription>{name}</shortDescription><value>{value}</value></labels>"
    )
}

#[tokio::test]
async fn records_are_deployed_with_their_type_and_removed() {
    let org = Org::new().await;
    let package = manifest(&[
        ("CustomObject", &["Conf__mdt"]),
        ("CustomMetadata", &["Conf.Main"]),
    ]);
    let conf = file("CustomObject", CONF);
    let main = file(
        "CustomMetadata",
        "<label>Main</label><values><field>Max__c</field><value>5</value></values>",
    );
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Conf__mdt.object", &conf),
        ("customMetadata/Conf.Main.md", &main),
    ];
    let result = told(&org.deploy(&files, "").await);
    assert!(
        result.iter().any(|line| line.starts_with(
            "Successes|CustomMetadata|Conf.Main|customMetadata/Conf.Main.md|created|"
        )),
        "{result:?}"
    );
    let definitions = org.base.engine.definitions();
    let component = definitions
        .components()
        .get(Kind::CustomMetadata, "Conf.Main");
    assert!(
        component
            .expect("a component")
            .id
            .to_string()
            .starts_with("m00")
    );
    let wrong = file(
        "CustomMetadata",
        "<label>Main</label><values><field>Nope__c</field><value>5</value></values>",
    );
    let record = manifest(&[("CustomMetadata", &["Conf.Main"])]);
    let files = [
        ("package.xml", record.as_str()),
        ("customMetadata/Conf.Main.md", &wrong),
    ];
    let refused = told(&org.deploy(&files, "").await);
    let reason = "In field: field - no CustomField named Conf__mdt.Nope__c found";
    assert!(refused[0].contains(reason), "{refused:?}");
    let empty = manifest(&[]);
    let files = [
        ("package.xml", empty.as_str()),
        ("destructiveChanges.xml", &record),
    ];
    org.deploy(&files, "").await;
    let definitions = org.base.engine.definitions();
    assert!(
        definitions
            .components()
            .get(Kind::CustomMetadata, "Conf.Main")
            .is_none()
    );
}

#[tokio::test]
async fn a_deployment_of_labels_leaves_the_others() {
    let org = Org::new().await;
    // Clients list the labels of the file.
    for (listed, body) in [
        (
            ("CustomLabels", "CustomLabels"),
            label("A", "1") + &label("B", "1"),
        ),
        (("CustomLabel", "B"), label("B", "2")),
    ] {
        let package = manifest(&[(listed.0, &[listed.1])]);
        let labels = file("CustomLabels", &body);
        let files = [
            ("package.xml", package.as_str()),
            ("labels/CustomLabels.labels", &labels),
        ];
        let result = told(&org.deploy(&files, "").await);
        assert!(
            result[0].starts_with("Successes|CustomLabels|CustomLabels|"),
            "{result:?}"
        );
    }
    let definitions = org.base.engine.definitions();
    let kept = definitions
        .components()
        .get(Kind::CustomLabels, "CustomLabels");
    let content = &kept.expect("labels").part.content;
    assert!(
        content.contains(&label("A", "1")) && content.contains(&label("B", "2")),
        "{content}"
    );
    assert!(!content.contains(&label("B", "1")), "{content}");
}

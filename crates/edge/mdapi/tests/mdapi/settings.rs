//! Settings of the org: in every org, and only one of them has an effect here.

use crate::org::{Org, file, listed, manifest, response, text, told, unzipped};

const PATH: &str = "settings/PlatformEvent.settings";

fn settings(value: &str) -> String {
    let flag = format!("<enableEnhancedUsageMetrics>{value}</enableEnhancedUsageMetrics>");
    file("PlatformEventSettings", &flag)
}

fn is_enhanced(org: &Org) -> bool {
    let definitions = org.base.engine.definitions();
    definitions.settings().enhanced_usage_metrics
}

/// The file of the settings as they are retrieved.
async fn retrieved(org: &Org, member: &str) -> String {
    let request = format!(
        "<retrieveRequest><apiVersion>62.0</apiVersion><singlePackage>true</singlePackage><unpackaged>{}\
         <version>62.0</version></unpackaged></retrieveRequest>",
        listed("Settings", &[member])
    );
    let asked = org.result("retrieve", &request).await;
    let id = format!("<asyncProcessId>{}</asyncProcessId>", text(&asked, "id"));
    let result = org.result("checkRetrieveStatus", &id).await;
    let files = unzipped(&text(&result, "zipFile"));
    let found = files.into_iter().find(|(path, _)| path == PATH);
    found.expect("the settings").1
}

#[tokio::test]
async fn enhanced_usage_metrics_are_switched_on_and_off_by_deployments() {
    let org = Org::new().await;
    assert!(!is_enhanced(&org));
    let package = manifest(&[("Settings", &["PlatformEvent"])]);
    for (value, became) in [("true", "changed"), ("true", "-"), ("false", "changed")] {
        let content = settings(value);
        let files = [("package.xml", package.as_str()), (PATH, &content)];
        let result = org.deploy(&files, "").await;
        assert_eq!(
            told(&result),
            [
                format!("Successes|Settings|PlatformEvent|{PATH}|{became}|||"),
                "Successes||package.xml|package.xml|changed|||".to_owned(),
            ]
        );
        assert_eq!(is_enhanced(&org), value == "true");
        for member in ["*", "PlatformEvent"] {
            let found = retrieved(&org, member).await;
            assert!(found.contains(&format!("Metrics>{value}<")), "{found}");
        }
    }
}

#[tokio::test]
async fn settings_are_there_before_anybody_has_said_anything() {
    let org = Org::new().await;
    assert_eq!(
        retrieved(&org, "*").await,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <PlatformEventSettings xmlns=\"http://soap.sforce.com/2006/04/metadata\">\n    \
         <enableEnhancedUsageMetrics>false</enableEnhancedUsageMetrics>\n</PlatformEventSettings>\n"
    );
    let queries = "<queries><type>Settings</type></queries>";
    let listed = org.result("listMetadata", queries).await;
    assert_eq!(text(&listed, "fullName"), "PlatformEvent");
    assert_eq!(text(&listed, "fileName"), PATH);
    assert_eq!(text(&listed, "id"), "");
    let gone = manifest(&[]);
    let removal = manifest(&[("Settings", &["PlatformEvent"])]);
    let files = [
        ("package.xml", gone.as_str()),
        ("destructiveChanges.xml", &removal),
    ];
    let result = told(&org.deploy(&files, "").await);
    assert!(
        result[0].contains("Cannot delete standard settings"),
        "{result:?}"
    );
}

#[tokio::test]
async fn other_settings_are_left_out_and_other_values_refused() {
    let org = Org::new().await;
    let package = manifest(&[("Settings", &["Account", "PlatformEvent"])]);
    let (right, wrong) = (settings("true"), settings("yes"));
    let account = file(
        "AccountSettings",
        "<enableAccountTeams>true</enableAccountTeams>",
    );
    let files = [
        ("package.xml", package.as_str()),
        ("settings/Account.settings", &account),
        (PATH, &right),
    ];
    let result = told(&org.deploy(&files, "").await);
    let left_out = "Successes|Settings|Account|package.xml|-||Warning|It is left out: not imitated";
    assert!(result.iter().any(|line| line == left_out), "{result:?}");
    assert!(is_enhanced(&org));
    let package = manifest(&[("Settings", &["*"])]);
    let files = [
        ("package.xml", package.as_str()),
        ("settings/Account.settings", &account),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    let files = [("package.xml", package.as_str()), (PATH, &wrong)];
    let result = told(&org.deploy(&files, "").await);
    assert!(
        result[0].ends_with("'yes' is not a value of <enableEnhancedUsageMetrics>: true or false"),
        "{result:?}"
    );
    assert!(is_enhanced(&org));
}

#[tokio::test]
async fn calls_name_settings_by_their_element() {
    let org = Org::new().await;
    let metadata = "<metadata xmlns:x=\"u\" x:type=\"PlatformEventSettings\"><fullName>PlatformEvent</fullName>\
        <enableEnhancedUsageMetrics>true</enableEnhancedUsageMetrics></metadata>";
    let updated = org.result("updateMetadata", metadata).await;
    assert_eq!(text(&updated, "success"), "true");
    assert!(is_enhanced(&org));
    let names = "<type>PlatformEventSettings</type><fullNames>PlatformEvent</fullNames>";
    let reply = response(&org.call("readMetadata", names).await);
    let result = reply.child("result").expect("a result");
    let records = result.child("records").expect("the settings");
    assert_eq!(text(records, "enableEnhancedUsageMetrics"), "true");
    let created = org.result("createMetadata", metadata).await;
    assert_eq!(text(&created, "success"), "false");
}

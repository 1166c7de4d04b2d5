//! Zip files and requests that are not as they should be, and ends of the process at the wrong moment.

use landfall_engine::usage::Allocations;
use landfall_test_org::{Options, TestOrg};

use crate::org::{Org, days, fault, file, manifest, text, told, trip, zip};

const SINGLE: &str = "<singlePackage>true</singlePackage><rollbackOnError>true</rollbackOnError>";

async fn failures(org: &Org, files: &[(&str, &str)]) -> Vec<String> {
    let result = org.deploy(files, "").await;
    assert_eq!(text(&result, "status"), "Failed");
    assert_eq!(text(&result, "success"), "false");
    told(&result)
}

#[tokio::test]
async fn what_has_no_use_here_is_left_out_by_name_and_what_is_no_type_is_refused() {
    let org = Org::new().await;
    let package = manifest(&[("ApexClass", &["A"]), ("CustomObject", &["Trip__c"])]);
    let removed = manifest(&[("ApexClass", &["Old"])]);
    let whole = trip("");
    let files = [
        ("package.xml", package.as_str()),
        ("classes/A.cls", "class A {}"),
        ("classes/A.cls-meta.xml", "<ApexClass/>"),
        ("destructiveChangesPost.xml", removed.as_str()),
        ("objects/Trip__c.object", &whole),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    let told = told(&result);
    for expected in [
        "Successes|ApexClass|A|package.xml|-||Warning|It is left out: code does not run here",
        "Successes|ApexClass|Old|destructiveChangesPost.xml|-||Warning|No ApexClass named: Old found",
        "Successes|CustomObject|Trip__c|objects/Trip__c.object|created|||",
    ] {
        assert!(told.iter().any(|line| line == expected), "{told:?}");
    }
    let wild = manifest(&[("ApexClass", &["*"]), ("CustomObject", &["Trip__c"])]);
    let files = [
        ("package.xml", wild.as_str()),
        ("classes/A.cls", "class A {}"),
        ("objects/Trip__c.object", &whole),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    let package = manifest(&[("ApexClas", &["A"])]);
    assert_eq!(
        failures(&org, &[("package.xml", package.as_str())]).await,
        [
            "Failures|ApexClas|A|package.xml|-||Error|Entity type: 'ApexClas' is not available in this organization"
        ]
    );
}

// The limit of objects on channels is one for all ways to select them.
#[tokio::test]
async fn no_more_objects_are_selected_than_the_org_may() {
    let allocations = Allocations {
        selected_objects: Some(1),
        ..Allocations::UNLIMITED
    };
    let options = Options {
        allocations,
        ..Options::default()
    };
    let mut org = Org::on(TestOrg::with(options).await).await;
    org.work();
    let select = |event: &str| {
        file(
            "PlatformEventChannelMember",
            &format!(
                "<eventChannel>ChangeEvents</eventChannel><selectedEntity>{event}</selectedEntity>"
            ),
        )
    };
    let package = manifest(&[("PlatformEventChannelMember", &["One", "Two"])]);
    let (one, two) = (select("AccountChangeEvent"), select("ContactChangeEvent"));
    let files = [
        ("package.xml", package.as_str()),
        (
            "platformEventChannelMembers/One.platformEventChannelMember",
            &one,
        ),
        (
            "platformEventChannelMembers/Two.platformEventChannelMember",
            &two,
        ),
    ];
    assert_eq!(
        failures(&org, &files).await,
        [
            "Failures|PlatformEventChannelMember|Two|platformEventChannelMembers/Two.platformEventChannelMember|-|1|Error|\
             an org selects at most 1 objects for change events on all its channels together"
        ]
    );
    assert!(org.base.engine.definitions().channel_members().is_empty());
}

#[tokio::test]
async fn a_manifest_and_its_files_have_to_agree() {
    let org = Org::new().await;
    let missing = manifest(&[("CustomObject", &["Trip__c"]), ("Not a type", &["X"])]);
    let set = file("PermissionSet", "<label>S</label>");
    let files = [
        ("package.xml", missing.as_str()),
        ("permissionsets/S.permissionset", &set),
        ("readme.txt", "x"),
    ];
    assert_eq!(
        failures(&org, &files).await,
        [
            "Failures|CustomObject|Trip__c|package.xml|-||Error|An object 'Trip__c' of type CustomObject was named in \
             package.xml, but was not found in zipped directory",
            "Failures||package.xml|package.xml|-||Error|Unknown type name 'Not a type' specified in package.xml",
            "Failures||permissionsets/S.permissionset|permissionsets/S.permissionset|-||Error|Not in package.xml",
            "Failures||readme.txt|readme.txt|-||Error|Not in package.xml",
        ]
    );
    let none = failures(&org, &[("unpackaged/package.xml", &missing)]).await;
    assert_eq!(
        none,
        ["Failures||package.xml|package.xml|-||Error|No package.xml found"]
    );
    let bomb = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><Package>&b;</Package>";
    let refused = failures(&org, &[("package.xml", bomb)]).await;
    assert!(refused[0].ends_with("A document type declaration is not allowed."));
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let object = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><CustomObject>&b;</CustomObject>";
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", object),
    ];
    let refused = failures(&org, &files).await;
    assert!(refused[0].ends_with("A document type declaration is not allowed."));
}

#[tokio::test]
async fn damaged_zip_files_fail_and_broken_base64_is_no_request() {
    let org = Org::new().await;
    let whole = zip(&[("package.xml", &manifest(&[]))]);
    for damaged in [&whole[..whole.len() - 5], b"PK", b"nothing of the kind"] {
        let id = org.ask_zip(damaged, SINGLE).await;
        let result = org.done(&id).await;
        assert_eq!(text(&result, "status"), "Failed");
        assert_eq!(text(&result, "errorStatusCode"), "INVALID_OPERATION");
        assert!(text(&result, "errorMessage").starts_with("The zip file cannot be read"));
    }
    let refused = org.call("deploy", "<ZipFile>UEsD!</ZipFile>").await;
    assert_eq!(
        fault(&refused),
        "'UEsD!' is not a valid value for the type xsd:base64Binary"
    );
    for empty in ["", "<ZipFile/>"] {
        let refused = org.call("deploy", empty).await;
        assert_eq!(
            fault(&refused),
            "INVALID_OPERATION: No zip file content passed in"
        );
    }
    let refused = org.call("deleteEverything", "").await;
    assert!(fault(&refused).starts_with("No operation available for request"));
    for id in ["", "0Af5f0000000001", "nonsense"] {
        let id = format!("<asyncProcessId>{id}</asyncProcessId>");
        for call in [
            "checkDeployStatus",
            "checkRetrieveStatus",
            "checkStatus",
            "cancelDeploy",
        ] {
            let refused = org.call(call, &id).await;
            assert!(fault(&refused).starts_with("INVALID_CROSS_REFERENCE_KEY"));
        }
    }
}

#[tokio::test]
async fn what_a_crash_interrupted_is_done_at_the_next_start() {
    let org = Org::waiting().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let whole = trip(&days("Days"));
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &whole),
    ];
    let id = org.ask(&files, SINGLE).await;
    let canceled = org.ask(&files, SINGLE).await;
    let cancel = format!("<String>{canceled}</String>");
    let cancel = org.result("cancelDeploy", &cancel).await;
    assert_eq!(cancel.value("done"), Some("true"));
    let org = org.stopped().await.started().await;
    let mut org = Org::on(org).await;
    org.work();
    let result = org.done(&id).await;
    assert_eq!(text(&result, "status"), "Succeeded");
    assert!(org.base.engine.catalog().entity("Trip__c").is_some());
    let result = org.done(&canceled).await;
    assert_eq!(text(&result, "status"), "Canceled");
    assert_eq!(text(&result, "canceledByName"), "Admin");
    let org = org.stopped().await.started().await;
    let org = Org::on(org).await;
    assert_eq!(told(&org.done(&id).await).len(), 3);
}

#[tokio::test]
async fn the_oldest_deployments_are_forgotten_and_few_wait() {
    let org = Org::waiting().await;
    let files = [("package.xml", manifest(&[]))];
    let files = [(files[0].0, files[0].1.as_str())];
    for _ in 0..landfall_model::limits::DEPLOYMENTS_WAITING_MAX {
        org.ask(&files, SINGLE).await;
    }
    let refused = org.call("deploy", "<ZipFile>UEsD</ZipFile>").await;
    assert!(fault(&refused).starts_with("REQUEST_LIMIT_EXCEEDED"));
    let org = Org::new().await;
    let first = org.ask(&files, SINGLE).await;
    org.done(&first).await;
    for _ in 0..landfall_model::limits::DEPLOYMENTS_KEPT_MAX {
        let id = org.ask(&files, SINGLE).await;
        org.done(&id).await;
    }
    let id = format!("<asyncProcessId>{first}</asyncProcessId>");
    let refused = org.call("checkDeployStatus", &id).await;
    assert!(fault(&refused).starts_with("INVALID_CROSS_REFERENCE_KEY"));
}

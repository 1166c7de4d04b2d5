//! A project with everything that public projects have and that a strict reader would refuse: it starts, and exactly
//! what cannot apply is left out.

use std::fs;
use std::path::{Path, PathBuf};

use http::Method;
use landfall_server::config::Data;
use landfall_server::{Error, Server, project};
use serde_json::json;

use crate::common::{dev, login};
use crate::project::call;

fn causes() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/projects/causes")
}

/// What is left out of it, one a line.
const WARNINGS: &str = "extra/profiles/Admin.profile-meta.xml:5: the permission AllowUniversalSearch is left out: it is not here\n\
force-app/main/default/objects/Account/fields/pkg__Score__c.field-meta.xml:2: pkg__Score__c is left out: the package pkg is not installed\n\
force-app/main/default/objects/Leg__c/fields/Class__c.field-meta.xml:6: the global value set 'Classes' is not part of the project\n\
force-app/main/default/objects/Leg__c/fields/Guide__c.field-meta.xml:5: referenceTo value of 'Guide__c' does not resolve to a valid sObject type\n\
force-app/main/default/objects/Leg__c/fields/Survey__c.field-meta.xml:5: the object Territory2 is not here: Leg__c.Survey__c leads nowhere\n\
force-app/main/default/objects/Ping__e/Ping__e.object-meta.xml:4: Standard-volume platform events can no longer be created: the eventType is HighVolume\n\
force-app/main/default/objects/Stop__c/Stop__c.object-meta.xml:1: Cannot set sharingModel to ControlledByParent on a CustomObject without a MasterDetail relationship field\n\
force-app/main/default/objects/Stop__c/Stop__c.object-meta.xml:2: enableSharing, enableBulkApi and enableStreamingApi are enabled together or not at all\n\
force-app/main/default/objects/Stop__c/fields/Kind__c.field-meta.xml:2: the controlling field Gone__c of Kind__c does not exist\n\
force-app/main/default/objects/Trip__c/Trip__c.object-meta.xml:2: Required field is missing: pluralLabel\n\
force-app/main/default/objects/Trip__c/Trip__c.object-meta.xml:6: Required field is missing: displayFormat\n\
force-app/main/default/objects/Trip__c/fields/Miles__c.field-meta.xml:2: the field 'Leg__c.Gone__c' does not exist: Trip__c.Miles__c is empty\n\
force-app/main/default/permissionsets/sfdcInternalInt__sync.permissionset-meta.xml:2: the permission set sfdcInternalInt__sync belongs to a package: it is left out\n\
force-app/main/default/platformEventChannelMembers/pkg__Trips_AccountChangeEvent.platformEventChannelMember-meta.xml:2: Cannot create a new component with the namespace: pkg. Only components in the same namespace as the organization can be created through the API\n\
force-app/main/default/platformEventChannels/pkg__Trips__chn.platformEventChannel-meta.xml:2: Cannot create a new component with the namespace: pkg. Only components in the same namespace as the organization can be created through the API\n\
force-app/main/default/profiles/Admin.profile-meta.xml:9: In field: field - no CustomField named Account.pkg__Score__c found\n\
force-app/main/default/profiles/Admin.profile-meta.xml:14: In field: field - no CustomField named Leg__c.Gone__c found\n\
force-app/main/default/profiles/Admin.profile-meta.xml:19: Ping__e is a platform event: allowEdit is left out\n\
force-app/main/default/profiles/Admin.profile-meta.xml:28: In field: object - no CustomObject named ActionPlan found";

#[test]
fn exactly_what_cannot_apply_is_left_out() {
    let report = project::check(&causes()).expect("read");
    assert_eq!(report.errors, Vec::new());
    let warnings: Vec<String> = report.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.join("\n"), WARNINGS);
    let loaded: Vec<String> = report
        .loaded
        .iter()
        .map(|row| format!("{} {}", row.count, row.of))
        .collect();
    assert_eq!(
        loaded.join(", "),
        "12 CustomField, 4 CustomObject, 1 PermissionSet, 1 PlatformEventChannel, 2 PlatformEventChannelMember, 2 Profile"
    );
    let left_out: Vec<String> = report
        .left_out
        .iter()
        .map(|row| format!("{} {}: {}", row.count, row.of, row.reason))
        .collect();
    assert_eq!(
        left_out.join(", "),
        "1 ApexClass: code does not run here, 1 Flow: automation does not run here, \
         1 Layout: there is no user interface here"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_project_is_an_org_and_strictly_it_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut config = dev(Data::Folder(folder.path().join("strict")));
    config.project = Some(causes());
    config.strict = true;
    let refused = Server::start(config.clone()).await.err().expect("refused");
    let Error::Project { problems } = refused else {
        panic!("{refused}");
    };
    assert_eq!(problems.len(), WARNINGS.lines().count());

    config.data = Data::Folder(folder.path().join("lenient"));
    config.strict = false;
    let running = Server::start(config).await.expect("starts");
    let org = login(&running).await;
    let (status, trip) = call(&org, Method::POST, "/sobjects/Trip__c", Some(&json!({}))).await;
    assert_eq!(status, 201, "{trip}");
    let leg = json!({ "Trip__c": trip["id"], "Kind__c": "Ship", "Miles__c": 12.5 });
    let (status, leg) = call(&org, Method::POST, "/sobjects/Leg__c", Some(&leg)).await;
    assert_eq!(status, 201, "{leg}");
    let path = format!("/sobjects/Leg__c/{}", leg["id"].as_str().expect("an id"));
    let (_, leg) = call(&org, Method::GET, &path, None).await;
    let name = leg["Name"].as_str().expect("a number");
    assert!(name.starts_with("L-2") && name.ends_with("-001"), "{name}");
    let task = json!({ "Subject": "Pack", "Trip__c": trip["id"] });
    let (status, task) = call(&org, Method::POST, "/sobjects/Task", Some(&task)).await;
    assert_eq!(status, 201, "{task}");
    let account = json!({ "Name": "Acme", "Active__c": true });
    let (status, account) = call(&org, Method::POST, "/sobjects/Account", Some(&account)).await;
    assert_eq!(status, 201, "{account}");
    let (status, stop) = call(
        &org,
        Method::POST,
        "/sobjects/Stop__c",
        Some(&json!({ "Kind__c": "Port" })),
    )
    .await;
    assert_eq!(status, 201, "{stop}");
    let (_, read) = call(
        &org,
        Method::GET,
        &format!("/sobjects/Trip__c/{}", trip["id"].as_str().expect("an id")),
        None,
    )
    .await;
    assert_eq!(read["Miles__c"], json!(null));
    let (_, described) = call(&org, Method::GET, "/sobjects/Leg__c/describe", None).await;
    assert_eq!(described["labelPlural"], "Legs & Stops");
    let (status, _) = call(&org, Method::GET, "/sobjects/Old__c/describe", None).await;
    assert_eq!(status, 404);
    running.stop().await.expect("stops");
}

#[test]
fn a_folder_is_a_project_by_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    assert!(!project::is_project(folder.path()));
    assert!(!project::is_project(&folder.path().join("none")));
    let object = folder.path().join("src/objects/Trip__c.object");
    fs::create_dir_all(object.parent().expect("a folder")).expect("made");
    fs::write(&object, "<CustomObject/>").expect("written");
    assert!(project::is_project(folder.path()));
    assert!(project::is_project(&causes()));
}

/// The loaded components of a project with these package directories, and what is left out of it.
fn checked(folder: &Path, directories: &str) -> Result<(String, String), String> {
    let text = format!("{{\"packageDirectories\": [{directories}]}}");
    fs::write(folder.join("sfdx-project.json"), text).expect("written");
    let report = project::check(folder).map_err(|error| error.to_string())?;
    let loaded = report.loaded.iter();
    let loaded = loaded.map(|row| format!("{} {}", row.count, row.of));
    let warnings = report.warnings.iter().map(ToString::to_string);
    Ok((
        loaded.collect::<Vec<_>>().join(", "),
        warnings.collect::<Vec<_>>().join("\n"),
    ))
}

#[test]
fn package_directories_that_do_not_exist_are_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    let (app, gone) = (r#"{"path": "app"}"#, r#"{"path": "gone"}"#);
    let nowhere = checked(folder.path(), gone).expect_err("refused");
    assert!(
        nowhere.contains("the folder gone does not exist"),
        "{nowhere}"
    );
    let none = checked(folder.path(), "").expect_err("refused");
    assert!(
        none.contains("packageDirectories lists no folder"),
        "{none}"
    );

    let field =
        "<CustomField><fullName>A__c</fullName><label>A</label><type>Date</type></CustomField>";
    write("app/objects/Account/fields/A__c.field-meta.xml", field);
    let missing = "sfdx-project.json:1: the folder gone does not exist".to_owned();
    assert_eq!(
        checked(folder.path(), &format!("{app}, {gone}")),
        Ok(("1 CustomField".to_owned(), missing.clone()))
    );

    // Tools that know the format of the Metadata API alone have their components elsewhere.
    write("src/package.xml", "<Package/>");
    let fields = "<fields><fullName>B__c</fullName><label>B</label><type>Date</type></fields>";
    write(
        "src/objects/Account.object",
        &format!("<CustomObject>{fields}</CustomObject>"),
    );
    let (loaded, warnings) = checked(folder.path(), gone).expect("usable");
    assert_eq!(
        (loaded.as_str(), warnings),
        ("1 CustomField, 1 CustomObject", missing)
    );
    let (_, warnings) = checked(folder.path(), "").expect("usable");
    assert_eq!(
        warnings,
        "sfdx-project.json:1: packageDirectories lists no folder"
    );
    assert_eq!(
        checked(folder.path(), app),
        Ok(("1 CustomField".to_owned(), String::new()))
    );
}

#[test]
fn texts_of_files_are_replaced_while_they_are_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder
        .path()
        .join("app/objects/Account/fields/A__c.field-meta.xml");
    fs::create_dir_all(file.parent().expect("a folder")).expect("made");
    let field =
        "<CustomField><fullName>A__c</fullName><label>A</label><type>{type}</type></CustomField>";
    fs::write(&file, field).expect("written");
    fs::write(folder.path().join("type.txt"), "Date").expect("written");
    let project = |with: &str| {
        let text = format!(
            "{{\"packageDirectories\": [{{\"path\": \"app\"}}], \"replacements\": [{{\"glob\": \"app/**/*.field-meta.xml\", \
             \"stringToReplace\": \"{{type}}\", {with}}}]}}"
        );
        fs::write(folder.path().join("sfdx-project.json"), text).expect("written");
        project::check(folder.path()).expect("read")
    };
    let replaced = project("\"replaceWithFile\": \"type.txt\"");
    assert_eq!(
        (replaced.errors, replaced.warnings),
        (Vec::new(), Vec::new())
    );
    assert_eq!(fs::read_to_string(&file).expect("a file"), field);
    let left = project("\"replaceWithEnv\": \"LANDFALL_TEST_UNSET\"");
    let errors: Vec<String> = left.errors.iter().map(ToString::to_string).collect();
    assert!(
        errors
            .concat()
            .contains("'{type}' is not a value of <type>"),
        "{errors:?}"
    );
}

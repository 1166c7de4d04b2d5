//! Person accounts of a project, from the definition of its scratch org to what clients see.

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::Org;
use serde_json::{Value, json};

use crate::common::login;
use crate::project::{call, create, events, field, found, start};

fn project(folder: &Path) {
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write(
        "sfdx-project.json",
        r#"{"packageDirectories":[{"path":"force-app"}]}"#,
    );
    write(
        "config/project-scratch-def.json",
        r#"{"edition":"Developer","features":["PersonAccounts"]}"#,
    );
    let text = "<type>Text</type><length>20</length>";
    field(&folder.join("force-app"), "Contact", "Hobby__c", text);
}

/// The record of the first notification of a topic.
async fn first(org: &Org, topic: &str) -> Value {
    let notifications = events(org, topic, 1).await;
    notifications.into_iter().next().expect("one")
}

#[tokio::test]
async fn a_scratch_org_definition_gives_an_org_person_accounts() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = folder.path().join("project");
    project(&files);
    let running = start(&folder.path().join("org"), &files).await;
    let org = login(&running).await;
    let types = "SELECT DeveloperName, SobjectType, IsPersonType FROM RecordType";
    let types = found(&org, types).await;
    assert_eq!(types[0]["DeveloperName"], "PersonAccount");
    assert_eq!(types[0]["SobjectType"], "Account");
    assert_eq!(types[0]["IsPersonType"], true);

    for object in ["Account", "Contact"] {
        let query = format!("SELECT Id, Name FROM {object}");
        let topic = json!({"Name": object, "Query": query, "ApiVersion": 59.0});
        create(&org, "PushTopic", &topic).await;
    }
    let given = json!({"LastName": "Brown", "FirstName": "Martha", "Hobby__pc": "chess"});
    let account = create(&org, "Account", &given).await;
    let query = "SELECT PersonContactId, PersonContact.Name, Hobby__pc FROM Account WHERE IsPersonAccount = true";
    let accounts = found(&org, query).await;
    let contact = &accounts[0]["PersonContactId"];
    assert_eq!(accounts[0]["PersonContact"]["Name"], "Martha Brown");
    assert_eq!(accounts[0]["Hobby__pc"], "chess");
    let path = format!("/sobjects/Account/{account}");
    let changed = json!({"FirstName": "Marta"});
    assert_eq!(
        call(&org, Method::PATCH, &path, Some(&changed)).await.0,
        204
    );

    let events = events(&org, "/data/ChangeEvents", 4).await;
    let headers: Vec<_> = events
        .iter()
        .map(|event| &event["ChangeEventHeader"])
        .collect();
    for (at, change, changed) in [
        (0, "CREATE", json!([])),
        (2, "UPDATE", json!(["LastModifiedDate", "Name.FirstName"])),
    ] {
        let [of_account, of_contact] = [at, at + 1].map(|at| headers[at]);
        assert_eq!(of_account["recordIds"], json!([account]));
        assert_eq!(of_contact["recordIds"], json!([contact]));
        assert_eq!(of_account["transactionKey"], of_contact["transactionKey"]);
        for header in [of_account, of_contact] {
            assert_eq!(header["changeType"], change);
            assert_eq!(header["changedFields"], changed);
        }
    }
    let name = json!({"FirstName": "Martha", "LastName": "Brown"});
    assert_eq!(events[0]["Name"], name);
    assert_eq!(events[1]["Name"], name);
    assert_eq!(events[0]["Hobby__pc"], "chess");
    assert_eq!(events[1]["IsPersonAccount"], true);
    assert_eq!(events[2]["Name"], json!({"FirstName": "Marta"}));

    // Topics on contacts notify of no person.
    create(&org, "Contact", &json!({"LastName": "Roe"})).await;
    let of_accounts = first(&org, "/topic/Account").await;
    assert_eq!(of_accounts["Name"], "Martha Brown");
    let of_contacts = first(&org, "/topic/Contact").await;
    assert_eq!(of_contacts["Name"], "Roe");
    running.stop().await.expect("stops");
}

//! Jobs that delete records past the recycle bin.

use std::sync::Arc;

use landfall_engine::{Change, Transaction};
use landfall_model::{RecordId, Value};
use serde_json::json;

use crate::org::Org;

/// A record that the org itself makes.
async fn made(org: &Org, object: &str, fields: &[(&str, Value)]) -> RecordId {
    let catalog = org.test.engine.catalog();
    let entity = Arc::clone(catalog.entity(object).expect("an object"));
    let fields = fields.iter();
    let values =
        fields.map(|(name, value)| (entity.index_of(name).expect("a field"), value.clone()));
    let transaction = Transaction {
        changes: vec![Change::Create {
            values: values.collect(),
            entity: Arc::clone(&entity),
        }],
        all_or_none: true,
        user: RecordId::EMPTY,
        origin: String::new(),
    };
    let outcomes = org.test.engine.commit(transaction).await;
    let outcomes = outcomes.expect("a commit");
    outcomes[0].as_ref().expect("a record").id
}

/// Gives the administrator the permission, which nobody has unless it is granted.
async fn permit(org: &Org) -> RecordId {
    let text = |text: &str| Value::Text(text.to_owned());
    let set = [
        ("Name", text("Eraser")),
        ("Label", text("Eraser")),
        ("PermissionsBulkApiHardDelete", Value::Boolean(true)),
    ];
    let set = made(org, "PermissionSet", &set).await;
    let assignment = [
        ("PermissionSetId", Value::Id(set)),
        ("AssigneeId", Value::Id(org.test.admin)),
    ];
    made(org, "PermissionSetAssignment", &assignment).await
}

#[tokio::test]
async fn who_is_permitted_to_deletes_records_for_good() {
    let org = Org::new().await;
    permit(&org).await;
    let text = |text: &str| Value::Text(text.to_owned());
    let account = made(&org, "Account", &[("Name", text("A"))]).await;
    let contact = [("LastName", text("B")), ("AccountId", Value::Id(account))];
    let contact = made(&org, "Contact", &contact).await;
    let kept = made(&org, "Account", &[("Name", text("C"))]).await;
    let before = org.test.engine.log().bounds().tail.get();

    let erase = json!({"object": "Account", "operation": "hardDelete"});
    let (ended, job) = org
        .run(&erase, &format!("Id\n{account}\n{account}\nnone\n"))
        .await;
    assert_eq!(ended["operation"], "hardDelete");
    assert_eq!(ended["numberRecordsFailed"], 2, "{ended}");
    let successful = org.results(&job, "successfulResults").await;
    assert!(
        successful.contains(&format!("\"{account}\",\"false\"")),
        "{successful}"
    );

    let catalog = org.test.engine.catalog();
    for (object, id, is_there) in [
        ("Account", account, false),
        ("Contact", contact, false),
        ("Account", kept, true),
    ] {
        let entity = catalog.entity(object).expect("an object");
        let row = org.test.engine.row(entity, id).await.expect("a read");
        assert_eq!(row.is_some(), is_there, "{object} {id}");
    }
    // The captured events report that both were deleted, once.
    assert_eq!(org.test.engine.log().bounds().tail.get(), before + 2);

    let (ended, _) = org.run(&erase, "Id,Name\nx,y\n").await;
    let reason = "InvalidBatch : The 'hardDelete' batch must contain only ids";
    assert_eq!(
        (&ended["state"], &ended["errorMessage"]),
        (&json!("Failed"), &json!(reason))
    );
}

#[tokio::test]
async fn a_permission_that_is_taken_away_counts_for_a_job_that_waits() {
    let org = Org::new().await;
    let assignment = permit(&org).await;
    let name = [("Name", Value::Text("A".to_owned()))];
    let account = made(&org, "Account", &name).await;
    let job = org
        .job(&json!({"object": "Account", "operation": "hardDelete"}))
        .await;
    let catalog = org.test.engine.catalog();
    let transaction = Transaction {
        changes: vec![Change::Delete {
            entity: Arc::clone(
                catalog
                    .entity("PermissionSetAssignment")
                    .expect("an object"),
            ),
            id: assignment,
        }],
        all_or_none: true,
        user: RecordId::EMPTY,
        origin: String::new(),
    };
    org.test.engine.commit(transaction).await.expect("a commit");
    org.begin(&job, &format!("Id\n{account}\n")).await;
    assert_eq!(org.ended(&job).await["numberRecordsFailed"], 1);
    let failed = org.results(&job, "failedResults").await;
    assert!(
        failed.contains("FEATURENOTENABLED:hardDelete operation requires"),
        "{failed}"
    );
    assert_eq!(org.values("Account", "Name").await.len(), 1);
}

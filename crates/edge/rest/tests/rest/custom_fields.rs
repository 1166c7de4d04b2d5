//! Custom fields created, read, changed and deleted over the Tooling API.

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Answer, DATA, Org};

const FIELDS: &str = "/services/data/v59.0/tooling/sobjects/CustomField";

async fn org() -> Org {
    Org::with(Vec::<Component>::new()).await
}

async fn create(org: &Org, full_name: &str, metadata: Value) -> Answer {
    let body = json!({"FullName": full_name, "Metadata": metadata});
    org.post(FIELDS, &body).await
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    let body = answer.json();
    let id = body.get("id").and_then(Value::as_str);
    id.expect("an id").to_owned()
}

#[tokio::test]
async fn a_field_is_created_read_changed_and_deleted() {
    let org = org().await;
    let values = json!([
        {"valueName": "North", "label": "The North", "default": true},
        {"fullName": "South", "label": "South", "default": false},
    ]);
    let metadata = json!({
        "type": "Picklist", "label": "Region", "description": null, "required": false,
        "valueSet": {"restricted": true, "valueSetDefinition": {"sorted": false, "value": values}},
    });
    let created = create(&org, "Account.Region__c", metadata).await;
    let id = id(&created);
    assert!(id.starts_with("00N"));
    let own = format!("{FIELDS}/{id}");
    assert_eq!(created.header("location"), own);
    assert_eq!(
        created.json(),
        json!({"id": id, "success": true, "errors": [], "warnings": [], "infos": []})
    );
    let made = json!({"Name": "Acme", "Region__c": "South"});
    let made = org.post(&format!("{DATA}/sobjects/Account"), &made).await;
    assert_eq!(made.status, 201, "{made:?}");

    let read = org.get(&own).await.json();
    assert_eq!(read["FullName"], "Account.Region__c");
    let metadata = &read["Metadata"];
    assert_eq!(
        (
            &metadata["label"],
            &metadata["required"],
            &metadata["length"]
        ),
        (&json!("Region"), &json!(false), &Value::Null)
    );
    assert_eq!(
        metadata["valueSet"]["valueSetDefinition"]["value"][0],
        json!({"valueName": "North", "label": "The North", "default": true})
    );

    let mut changed = metadata.clone();
    changed["label"] = json!("Sales Region");
    let body = json!({"Metadata": changed});
    assert_eq!(org.patch(&own, &body).await.status, 204);
    let describe = org
        .get(&format!("{DATA}/sobjects/Account/describe"))
        .await
        .json();
    let fields = describe["fields"].as_array().expect("fields");
    let region = fields
        .iter()
        .find(|field| field["name"] == "Region__c")
        .expect("the field");
    assert_eq!(
        (
            &region["label"],
            region["picklistValues"].as_array().map(Vec::len)
        ),
        (&json!("Sales Region"), Some(2))
    );

    assert_eq!(org.send("DELETE", &own, &[], "").await.status, 204);
    assert_eq!(org.send("DELETE", &own, &[], "").await.status, 404);
    assert_eq!(org.get(&own).await.status, 404);
}

#[tokio::test]
async fn a_field_that_cannot_be_is_refused_and_leaves_nothing() {
    let org = org().await;
    let text = json!({"type": "Text", "label": "Code", "length": 20});
    assert_eq!(
        create(&org, "Account.Code__c", text.clone()).await.status,
        201
    );
    let refused = async |name: &str, metadata: Value| {
        let (status, code, message) = create(&org, name, metadata).await.refusal();
        (status, code, message)
    };
    assert_eq!(
        refused("Account.code__c", text.clone()).await,
        (
            400,
            "DUPLICATE_DEVELOPER_NAME".to_owned(),
            "There is already a field named code on Account.".to_owned()
        )
    );
    for (name, metadata, code) in [
        ("Account.Other", text.clone(), "INVALID_FULL_NAME"),
        ("Other__c", text.clone(), "INVALID_FULL_NAME"),
        ("Nothing__c.Other__c", text.clone(), "INVALID_INPUT"),
        (
            "Account.Other__c",
            json!({"label": "Other", "type": "Text"}),
            "INVALID_INPUT",
        ),
        (
            "Account.Other__c",
            json!({"label": "Other", "type": "Colour"}),
            "INVALID_INPUT",
        ),
        (
            "Account.Other__c",
            json!({"label": "Other", "colour": "red"}),
            "JSON_PARSER_ERROR",
        ),
        (
            "Account.Other__c",
            json!({"label": "Other", "valueSet": {"a b": 1}}),
            "JSON_PARSER_ERROR",
        ),
        (
            "Account.Other__c",
            json!({"label": "</label>", "length": [[1]]}),
            "JSON_PARSER_ERROR",
        ),
    ] {
        let (status, refused, message) = refused(name, metadata).await;
        assert_eq!((status, refused.as_str()), (400, code), "{name}: {message}");
    }
    for (body, code) in [
        (json!({"Metadata": text}), "REQUIRED_FIELD_MISSING"),
        (
            json!({"FullName": "Account.Other__c"}),
            "REQUIRED_FIELD_MISSING",
        ),
        (
            json!({"FullName": "A", "DeveloperName": "B"}),
            "INVALID_FIELD_FOR_INSERT_UPDATE",
        ),
    ] {
        let answer = org.post(FIELDS, &body).await.refusal();
        assert_eq!((answer.0, answer.1.as_str()), (400, code), "{body}");
    }
    let query = "/services/data/v59.0/tooling/query?q=SELECT+DeveloperName+FROM+CustomField+WHERE+DeveloperName+IN+('Code','Other')";
    assert_eq!(org.get(query).await.json()["totalSize"], 1);
}

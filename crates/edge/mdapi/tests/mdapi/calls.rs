//! Components one by one, without a zip file.

use landfall_test_org::Reply;
use landfall_xml::Element;

use crate::org::{Org, fault, response, text};

const TRIP: &str = "<fullName>Trip__c</fullName><deploymentStatus>Deployed</deploymentStatus><label>Trip</label>\
    <nameField><label>Name</label><type>Text</type></nameField><pluralLabel>Trips</pluralLabel>\
    <sharingModel>ReadWrite</sharingModel>";

fn metadata(kind: &str, content: &str) -> String {
    format!("<metadata xmlns:x=\"u\" x:type=\"{kind}\">{content}</metadata>")
}

fn days(label: &str) -> String {
    let content = format!(
        "<fullName>Trip__c.Days__c</fullName><label>{label}</label><precision>4</precision><scale>0</scale>\
         <type>Number</type>"
    );
    metadata("CustomField", &content)
}

/// The results of a call, a line each: name, success, whether it is new, and what is wrong.
async fn told(org: &Org, operation: &str, arguments: &str) -> Vec<String> {
    told_of(&org.call(operation, arguments).await)
}

fn told_of(reply: &Reply) -> Vec<String> {
    let response = response(reply);
    let line = |result: &Element| {
        let problem = result.child("errors").map(|errors| {
            let (code, message) = (text(errors, "statusCode"), text(errors, "message"));
            format!("|{code}|{message}")
        });
        let (name, success) = (text(result, "fullName"), text(result, "success"));
        let (created, problem) = (text(result, "created"), problem.unwrap_or_default());
        format!("{name}|{success}|{created}{problem}")
    };
    response.children.iter().map(line).collect()
}

#[tokio::test]
async fn components_are_made_changed_read_and_deleted_one_by_one() {
    let org = Org::new().await;
    let both = metadata("CustomObject", TRIP) + &days("Days");
    assert_eq!(
        told(&org, "createMetadata", &both).await,
        ["Trip__c|true|", "Trip__c.Days__c|true|"]
    );
    assert_eq!(
        told(&org, "updateMetadata", &days("Nights")).await,
        ["Trip__c.Days__c|true|"]
    );
    assert_eq!(
        told(&org, "upsertMetadata", &days("Days away")).await,
        ["Trip__c.Days__c|true|false"]
    );
    let names = "<fullNames>Trip__c</fullNames><fullNames>Never__c</fullNames><fullNames>Account</fullNames>";
    let names = format!("<type>CustomObject</type>{names}");
    let read = org.result("readMetadata", &names).await;
    let [trip, never, account] = read.children.as_slice() else {
        panic!("{read:?}");
    };
    assert_eq!(trip.kind.as_deref(), Some("CustomObject"));
    assert_eq!(trip.value("fullName"), Some("Trip__c"));
    let field = trip.child("fields").expect("its field");
    assert_eq!(text(field, "label"), "Days away");
    assert!(never.nil);
    assert_eq!(account.value("fullName"), Some("Account"));
    let names = "<type>CustomField</type><fullNames>Trip__c.Days__c</fullNames>";
    let read = org.result("readMetadata", names).await;
    let field = read.child("records").expect("one");
    assert_eq!(field.value("fullName"), Some("Trip__c.Days__c"));
    assert_eq!(
        told(&org, "deleteMetadata", names).await,
        ["Trip__c.Days__c|true|"]
    );
    let catalog = org.base.engine.catalog();
    let trip = catalog.entity("Trip__c").expect("it stays");
    assert!(trip.field("Days__c").is_none());
}

#[tokio::test]
async fn errors_are_reported_with_their_record() {
    let org = Org::new().await;
    let object = metadata("CustomObject", TRIP);
    let wrong = metadata(
        "CustomField",
        "<fullName>Trip__c.Wrong__c</fullName><label>W</label><type>Text</type>",
    );
    assert_eq!(
        told(&org, "updateMetadata", &object).await,
        [
            "Trip__c|false||INVALID_CROSS_REFERENCE_KEY|In field: fullName - no CustomObject named Trip__c found"
        ]
    );
    assert_eq!(
        told(&org, "createMetadata", &(object.clone() + &wrong + &object)).await,
        [
            "Trip__c|true|",
            "Trip__c.Wrong__c|false||FIELD_INTEGRITY_EXCEPTION|Required field is missing: length",
            "Trip__c|false||DUPLICATE_DEVELOPER_NAME|There is already a CustomObject named Trip__c",
        ]
    );
    assert_eq!(
        told(
            &org,
            "createMetadata",
            &metadata("CustomObject", "<label>L</label>")
        )
        .await,
        ["|false||REQUIRED_FIELD_MISSING|Required field is missing: fullName"]
    );
    let names = "<type>CustomField</type><fullNames>Trip__c.Never__c</fullNames><fullNames>Account.Name</fullNames>";
    assert_eq!(
        told(&org, "deleteMetadata", names).await,
        [
            "Trip__c.Never__c|false||INVALID_CROSS_REFERENCE_KEY|In field: fullName - no CustomField named \
             Trip__c.Never__c found",
            "Account.Name|false||DELETE_FAILED|Cannot delete standard field: Account.Name",
        ]
    );
    for (operation, arguments, told) in [
        (
            "createMetadata",
            metadata("PlatformEventChannel", ""),
            "INVALID_TYPE: This type",
        ),
        (
            "deleteMetadata",
            "<type>PlatformEventChannelMember</type>".to_owned(),
            "INVALID_TYPE: This type",
        ),
        (
            "createMetadata",
            metadata("ApexClass", ""),
            "INVALID_TYPE: Unknown type:ApexClass",
        ),
        ("readMetadata", String::new(), "INVALID_TYPE: Unknown type:"),
        ("createMetadata", object.repeat(11), "EXCEEDED_ID_LIMIT: "),
    ] {
        let refused = org.call(operation, &arguments).await;
        assert!(fault(&refused).starts_with(told), "{}", fault(&refused));
    }
}

#[tokio::test]
async fn all_or_none_creates_all_or_nothing() {
    let org = Org::new().await;
    let object = metadata("CustomObject", TRIP);
    let wrong = metadata(
        "CustomField",
        "<fullName>Trip__c.Wrong__c</fullName><label>W</label><type>Text</type>",
    );
    let header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>";
    let token = org.base.token.as_str();
    let both = object.clone() + &wrong;
    let refused = org.call_with(token, header, "createMetadata", &both).await;
    assert_eq!(
        told_of(&refused),
        [
            "Trip__c|false||ALL_OR_NONE_OPERATION_ROLLED_BACK|Record rolled back because not all records were valid",
            "Trip__c.Wrong__c|false||FIELD_INTEGRITY_EXCEPTION|Required field is missing: length",
        ]
    );
    assert!(org.base.engine.catalog().entity("Trip__c").is_none());
    let both = object + &days("Days");
    let made = org.call_with(token, header, "upsertMetadata", &both).await;
    assert_eq!(
        told_of(&made),
        ["Trip__c|true|true", "Trip__c.Days__c|true|true"]
    );
}

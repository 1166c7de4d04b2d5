//! Deployments, from the zip file to what is there then.

use landfall_engine::Kind;

use crate::org::{Org, days, fault, file, manifest, response, text, told, trip};

#[tokio::test]
async fn an_object_is_deployed_with_its_fields_and_changed_field_by_field() {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let whole = trip(&days("Days"));
    let result = org
        .deploy(
            &[
                ("package.xml", &package),
                ("objects/Trip__c.object", &whole),
            ],
            "<testLevel>RunLocalTests</testLevel>",
        )
        .await;
    assert_eq!(
        told(&result),
        [
            "Successes|CustomField|Trip__c.Days__c|objects/Trip__c.object|created|||",
            "Successes|CustomObject|Trip__c|objects/Trip__c.object|created|||",
            "Successes||package.xml|package.xml|changed|||",
        ]
    );
    for (name, value) in [
        ("status", "Succeeded"),
        ("success", "true"),
        ("checkOnly", "false"),
        ("numberComponentsDeployed", "2"),
        ("numberComponentsTotal", "2"),
        ("numberComponentErrors", "0"),
        ("numberTestsTotal", "0"),
        ("createdByName", "Admin"),
    ] {
        assert_eq!(result.value(name), Some(value), "{name}");
    }
    let entity = org.base.engine.catalog();
    let entity = entity.entity("Trip__c").expect("deployed");
    assert!(entity.field("Days__c").is_some());
    // A file with one field is about that field alone.
    let package = manifest(&[("CustomField", &["Trip__c.Days__c", "Trip__c.To__c"])]);
    let to = "<fields><fullName>To__c</fullName><label>To</label><length>9</length><type>Text</type></fields>";
    let fields = file("CustomObject", &(days("Days") + to));
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &fields),
    ];
    assert_eq!(
        told(&org.deploy(&files, "").await),
        [
            "Successes|CustomField|Trip__c.Days__c|objects/Trip__c.object|-|||",
            "Successes|CustomField|Trip__c.To__c|objects/Trip__c.object|created|||",
            "Successes||package.xml|package.xml|changed|||",
        ]
    );
}

#[tokio::test]
async fn source_format_and_folders_of_packages_are_taken_as_well() {
    let org = Org::new().await;
    let package = manifest(&[("CustomField", &["*"]), ("CustomObject", &["*"])]);
    let (object, field) = (
        trip(""),
        file("CustomField", "<label>Days</label><type>Date</type>"),
    );
    let id = org
        .ask(
            &[
                ("p/package.xml", &package),
                ("p/objects/Trip__c/Trip__c.object-meta.xml", &object),
                ("p/objects/Trip__c/fields/Days__c.field-meta.xml", &field),
            ],
            "",
        )
        .await;
    assert_eq!(
        told(&org.done(&id).await),
        [
            "Successes|CustomField|Trip__c.Days__c|p/objects/Trip__c/fields/Days__c.field-meta.xml|created|||",
            "Successes|CustomObject|Trip__c|p/objects/Trip__c/Trip__c.object-meta.xml|created|||",
            "Successes||package.xml|p/package.xml|changed|||",
        ]
    );
}

#[tokio::test]
async fn components_are_removed_before_and_after_others_are_put() {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let whole = trip(&days("Days"));
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &whole),
    ];
    org.deploy(&files, "").await;
    let fields = manifest(&[(
        "CustomField",
        &["Trip__c.Days__c", "Trip__c.Never__c", "Account.Name"],
    )]);
    let nothing = manifest(&[]);
    let files = [
        ("package.xml", nothing.as_str()),
        ("destructiveChangesPost.xml", &fields),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(
        told(&result),
        [
            "Failures|CustomField|Account.Name|destructiveChangesPost.xml|-||Error|Cannot delete standard field: Account.Name"
        ]
    );
    let fields = fields.replace("<members>Account.Name</members>", "");
    let files = [
        ("package.xml", nothing.as_str()),
        ("destructiveChanges.xml", &fields),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(
        told(&result),
        [
            "Successes|CustomField|Trip__c.Days__c|destructiveChanges.xml|deleted|||",
            "Successes|CustomField|Trip__c.Never__c|destructiveChanges.xml|-||Warning|No CustomField named: \
             Trip__c.Never__c found",
            "Successes||package.xml|package.xml|changed|||",
        ]
    );
    let definitions = org.base.engine.definitions();
    let kept = |kind, name| definitions.components().get(kind, name).is_some();
    assert!(kept(Kind::Object, "Trip__c") && !kept(Kind::Field, "Trip__c.Days__c"));
}

#[tokio::test]
async fn one_problem_keeps_all_from_being_deployed_unless_parts_may_be() {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let wrong =
        "<fields>\n<fullName>Wrong__c</fullName><label>W</label><type>Text</type></fields>\n";
    let whole = trip(&(days("Days") + wrong));
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &whole),
    ];
    let result = org.deploy(&files, "").await;
    assert_eq!(
        told(&result),
        [
            "Failures|CustomField|Trip__c.Wrong__c|objects/Trip__c.object|-|3|Error|Required field is missing: length"
        ]
    );
    assert_eq!(text(&result, "status"), "Failed");
    assert!(org.base.engine.catalog().entity("Trip__c").is_none());
    let id = org.ask(&files, "<singlePackage>true</singlePackage>").await;
    let result = org.done(&id).await;
    assert_eq!(text(&result, "status"), "SucceededPartial");
    assert_eq!(told(&result).len(), 3);
    assert!(org.base.engine.catalog().entity("Trip__c").is_some());
}

#[tokio::test]
async fn a_validation_changes_nothing_and_can_be_deployed_then() {
    let org = Org::new().await;
    let package = manifest(&[("CustomObject", &["Trip__c"])]);
    let whole = trip(&days("Days"));
    let files = [
        ("package.xml", package.as_str()),
        ("objects/Trip__c.object", &whole),
    ];
    let result = org.deploy(&files, "<checkOnly>true</checkOnly>").await;
    assert_eq!(text(&result, "status"), "Succeeded");
    assert_eq!(told(&result).len(), 3);
    assert!(org.base.engine.catalog().entity("Trip__c").is_none());
    let validation = format!("<validationId>{}</validationId>", text(&result, "id"));
    let quick = org.result("deployRecentValidation", &validation).await;
    let result = org.done(quick.text.trim()).await;
    assert_eq!(text(&result, "status"), "Succeeded");
    assert!(org.base.engine.catalog().entity("Trip__c").is_some());
    // What was deployed itself is no validation.
    let deployed = format!("<validationId>{}</validationId>", quick.text.trim());
    let refused = org.call("deployRecentValidation", &deployed).await;
    assert!(fault(&refused).starts_with("INVALID_ID_FIELD: "));
}

#[tokio::test]
async fn channels_members_and_permission_sets_are_deployed() {
    let org = Org::new().await;
    let package = manifest(&[
        ("PlatformEventChannel", &["Travel__chn"]),
        ("PlatformEventChannelMember", &["Travel_Account"]),
        ("PermissionSet", &["Travellers"]),
    ]);
    let channel = file(
        "PlatformEventChannel",
        "<channelType>data</channelType><label>Travel</label>",
    );
    let member = file(
        "PlatformEventChannelMember",
        "<eventChannel>Travel__chn</eventChannel><selectedEntity>AccountChangeEvent</selectedEntity>",
    );
    let set = file("PermissionSet", "<label>Travellers</label>");
    let result = org
        .deploy(
            &[
                ("package.xml", &package),
                (
                    "platformEventChannels/Travel__chn.platformEventChannel",
                    &channel,
                ),
                (
                    "platformEventChannelMembers/Travel_Account.platformEventChannelMember",
                    &member,
                ),
                ("permissionsets/Travellers.permissionset", &set),
            ],
            "",
        )
        .await;
    assert_eq!(text(&result, "status"), "Succeeded", "{:?}", told(&result));
    let definitions = org.base.engine.definitions();
    for (kind, name, prefix) in [
        (Kind::Channel, "Travel__chn", "0YL"),
        (Kind::ChannelMember, "Travel_Account", "0v8"),
        (Kind::PermissionSet, "Travellers", "0PS"),
    ] {
        let kept = definitions.components().get(kind, name).expect(name);
        assert!(kept.id.as_str().starts_with(prefix), "{name}");
        assert_eq!(kept.created.by, org.base.admin);
    }
    // Deleting a channel deletes its members, whether they are named or not.
    let nothing = manifest(&[]);
    for gone in [
        &[("PlatformEventChannel", &["Travel__chn"][..])][..],
        &[
            ("PlatformEventChannel", &["Travel__chn"]),
            ("PlatformEventChannelMember", &["Travel_Account"]),
        ],
    ] {
        let gone = manifest(gone);
        let files = [
            ("package.xml", nothing.as_str()),
            ("destructiveChanges.xml", &gone),
        ];
        let check = "<checkOnly>true</checkOnly>";
        let result = org.deploy(&files, check).await;
        assert_eq!(text(&result, "status"), "Succeeded", "{:?}", told(&result));
        assert!(!told(&result).iter().any(|line| line.contains("Warning")));
    }
    let gone = manifest(&[("PlatformEventChannel", &["Travel__chn"])]);
    let files = [
        ("package.xml", nothing.as_str()),
        ("destructiveChanges.xml", &gone),
    ];
    org.deploy(&files, "").await;
    assert!(org.base.engine.definitions().channel_members().is_empty());
}

#[tokio::test]
async fn a_user_without_rights_may_not_deploy() {
    let org = Org::new().await;
    let token = org.base.standard_user("reader@landfall.test").await;
    let refused = org.call_as(&token, "describeMetadata", "").await;
    assert!(fault(&refused).starts_with("INSUFFICIENT_ACCESS: use of the Metadata API"));
    let refused = org.call_as("nonsense", "describeMetadata", "").await;
    let fault = response(&refused);
    assert_eq!(fault.value("faultcode"), Some("sf:INVALID_SESSION_ID"));
    assert_eq!(refused.status, 500);
}

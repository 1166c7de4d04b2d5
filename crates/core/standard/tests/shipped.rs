//! What the data files promise.

use std::collections::{HashMap, HashSet};

use landfall_model::{Catalog, DeleteRule, EntityDefinition, EventReaders, FieldType};

fn catalog() -> Catalog {
    Catalog::new(landfall_standard::entities().expect("every data file can be read"))
}

fn entity<'a>(catalog: &'a Catalog, name: &str) -> &'a EntityDefinition {
    catalog.entity(name).expect("a shipped object")
}

#[test]
fn what_nobody_can_change_is_not_captured() {
    let catalog = catalog();
    for entity in catalog.entities() {
        let can = entity.capabilities;
        let is_fixed = !(can.createable || can.updateable || can.deletable);
        assert!(
            !is_fixed || entity.change_event.is_none(),
            "{}",
            entity.name
        );
    }
    let is_captured = |name: &str| entity(&catalog, name).change_event.is_some();
    for name in [
        "Account",
        "Asset",
        "Campaign",
        "CampaignMember",
        "Case",
        "Contact",
        "ContactPointEmail",
        "Contract",
        "Event",
        "EventRelation",
        "Individual",
        "Lead",
        "Opportunity",
        "OpportunityContactRole",
        "OpportunityLineItem",
        "Order",
        "OrderItem",
        "Pricebook2",
        "PricebookEntry",
        "Product2",
        "Task",
        "User",
        "WorkOrder",
    ] {
        assert!(is_captured(name), "{name}");
    }
    for name in [
        "ApexClass",
        "BusinessProcess",
        "FieldPermissions",
        "Group",
        "ObjectPermissions",
        "Organization",
        "PermissionSet",
        "PermissionSetAssignment",
        "Profile",
        "PushTopic",
        "RecordType",
        "StreamingChannel",
        "UserRole",
    ] {
        assert!(!is_captured(name), "{name}");
    }
}

#[test]
fn the_page_of_objects_names_each() {
    let page = include_str!("../../../../docs/compat/objects.md");
    let catalog = catalog();
    for entity in catalog.entities() {
        let mark = if entity.change_event.is_some() {
            ""
        } else {
            "*"
        };
        let name = format!("`{}`{mark}", entity.name);
        let is_named = page
            .match_indices(&name)
            .any(|(at, _)| !page[at + name.len()..].starts_with('*'));
        assert!(is_named, "{name}");
    }
    let count = format!(
        "the following {} standard objects",
        catalog.entities().len()
    );
    assert!(page.contains(&count), "{count}");
}

/// Objects whose records do not tell who has changed them. Source: their pages (Object Reference).
const BARE: [&str; 7] = [
    "CaseSolution",
    "ContentDocumentLink",
    "EmailMessageRelation",
    "FieldPermissions",
    "PermissionSetAssignment",
    "Topic",
    "TopicAssignment",
];

/// Prefixes that ids of several objects begin with. Source: "Standard Object Prefixes" lists and recorded describes.
const SHARED_PREFIXES: [&str; 2] = ["00I", "01J"];

#[test]
fn names_labels_and_prefixes_are_sound() {
    let catalog = catalog();
    let mut prefixes = HashSet::new();
    for entity in catalog.entities() {
        if let Some(prefix) = entity.described_prefix() {
            let is_shared = SHARED_PREFIXES.contains(&prefix);
            assert!(prefixes.insert(prefix) || is_shared, "{}", entity.name);
        } else {
            assert!(!entity.capabilities.createable, "{}", entity.name);
        }
        assert!(!entity.label.is_empty() && !entity.label_plural.is_empty());
        let names: HashSet<String> = entity
            .fields
            .iter()
            .map(|field| field.name.as_str().to_ascii_lowercase())
            .collect();
        assert_eq!(names.len(), entity.fields.len(), "{}", entity.name);
        assert!(entity.fields.iter().all(|field| !field.label.is_empty()));
        let has = |name: &str| assert!(entity.field(name).is_some(), "{}.{name}", entity.name);
        has("Id");
        // A subscription has no more than a date. Source: "`EntitySubscription`" (Object Reference).
        if entity.capabilities.createable && entity.name.as_str() != "EntitySubscription" {
            has("SystemModstamp");
        }
        if entity.capabilities.updateable && !BARE.contains(&entity.name.as_str()) {
            has("LastModifiedDate");
            has("LastModifiedById");
        }
    }
}

/// Source: "Standard Objects" (Object Reference), the required fields of each object.
#[test]
fn a_create_must_give_exactly_the_documented_fields() {
    let catalog = catalog();
    let expected: [(&str, &[&str]); 22] = [
        ("Account", &["Name"]),
        ("Asset", &["Name"]),
        ("Campaign", &["Name"]),
        ("CampaignMember", &["CampaignId"]),
        ("Case", &[]),
        ("Contact", &["LastName"]),
        ("Contract", &["AccountId"]),
        ("Event", &[]),
        ("EventRelation", &["RelationId", "EventId"]),
        ("Lead", &["LastName", "Company"]),
        ("Opportunity", &["Name", "StageName", "CloseDate"]),
        ("OpportunityContactRole", &["OpportunityId", "ContactId"]),
        ("OpportunityLineItem", &["OpportunityId", "Quantity"]),
        ("Order", &["EffectiveDate", "Status"]),
        ("OrderItem", &["OrderId", "PricebookEntryId", "Quantity"]),
        ("Pricebook2", &["Name"]),
        (
            "PricebookEntry",
            &["Pricebook2Id", "Product2Id", "UnitPrice"],
        ),
        ("Product2", &["Name"]),
        ("PushTopic", &["Name", "Query", "ApiVersion"]),
        ("StreamingChannel", &["Name"]),
        ("Task", &[]),
        (
            "User",
            &[
                "Username",
                "LastName",
                "Email",
                "Alias",
                "TimeZoneSidKey",
                "LocaleSidKey",
                "EmailEncodingKey",
                "ProfileId",
                "LanguageLocaleKey",
            ],
        ),
    ];
    for (name, fields) in expected {
        let required: Vec<&str> = entity(&catalog, name)
            .fields
            .iter()
            .filter(|field| field.required_on_create())
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(required, fields, "{name}");
    }
}

#[test]
fn defaults_are_values_of_their_lists() {
    let catalog = catalog();
    let mut defaults = HashMap::new();
    for entity in catalog.entities() {
        for field in &entity.fields {
            let Some(default) = &field.default_value else {
                continue;
            };
            assert!(field.defaulted_on_create, "{}.{}", entity.name, field.name);
            if field.field_type == FieldType::Picklist {
                let listed = field.picklist.iter().filter(|entry| entry.default);
                let listed: Vec<&str> = listed.map(|entry| entry.value.as_str()).collect();
                assert_eq!(listed, [default.as_str()], "{}.{}", entity.name, field.name);
            }
            defaults.insert(format!("{}.{}", entity.name, field.name), default.clone());
        }
    }
    for (field, default) in [
        ("Account.CleanStatus", "Pending"),
        ("Case.Status", "New"),
        ("Case.Priority", "Medium"),
        ("Task.Status", "Not Started"),
        ("Task.Priority", "Normal"),
        ("Lead.Status", "Open - Not Contacted"),
        ("Contract.Status", "Draft"),
        ("Campaign.Status", "Planned"),
        ("Event.ShowAs", "Busy"),
    ] {
        assert_eq!(
            defaults.get(field).map(String::as_str),
            Some(default),
            "{field}"
        );
    }
}

#[test]
fn the_sample_fields_of_account_come_last_in_describe_and_event() {
    let catalog = catalog();
    let account = entity(&catalog, "Account");
    let expected = [
        "CustomerPriority__c",
        "SLA__c",
        "Active__c",
        "NumberofLocations__c",
        "UpsellOpportunity__c",
        "SLASerialNumber__c",
        "SLAExpirationDate__c",
    ];
    let described: Vec<&str> = account
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    assert!(described.ends_with(&expected));
    let event = account.change_event.as_ref().expect("captured");
    let carried: Vec<&str> = event
        .fields
        .iter()
        .map(landfall_model::FieldName::as_str)
        .collect();
    assert_eq!(carried.len(), 42);
    assert!(carried.ends_with(&expected));
    assert!(
        account
            .fields
            .iter()
            .rev()
            .take(7)
            .all(|field| field.custom && field.nillable)
    );
}

#[test]
fn what_an_event_carries_is_marked_at_the_field() {
    let catalog = catalog();
    for entity in catalog.entities() {
        let carried: HashSet<&str> = entity
            .change_event
            .iter()
            .flat_map(|event| &event.fields)
            .map(landfall_model::FieldName::as_str)
            .collect();
        for field in &entity.fields {
            let name = field.name.as_str();
            if carried.contains(name) {
                assert!(field.in_change_event, "{}.{name}", entity.name);
            }
            if [
                "Id",
                "IsDeleted",
                "SystemModstamp",
                "LastActivityDate",
                "PhotoUrl",
            ]
            .contains(&name)
            {
                assert!(!field.in_change_event, "{}.{name}", entity.name);
            }
        }
    }
}

#[test]
fn every_child_relationship_is_a_reference_of_the_child() {
    let catalog = catalog();
    for parent in catalog.entities() {
        for relationship in &parent.children {
            let child = entity(&catalog, relationship.child.as_str());
            let (_, field) = child
                .field(relationship.field.as_str())
                .expect("a field of the child");
            assert_eq!(field.field_type, FieldType::Reference);
            assert!(
                field.reference_to.contains(&parent.name),
                "{}.{}",
                child.name,
                field.name
            );
            if relationship.delete_rule == DeleteRule::Clear {
                assert!(
                    field.nillable,
                    "{}.{} cannot be cleared",
                    child.name, field.name
                );
            }
        }
    }
    let rule = |parent: &str, child: &str, field: &str| {
        entity(&catalog, parent)
            .children
            .iter()
            .find(|relationship| {
                relationship.child.as_str() == child && relationship.field.as_str() == field
            })
            .map(|relationship| relationship.delete_rule)
    };
    assert_eq!(
        rule("Account", "Contact", "AccountId"),
        Some(DeleteRule::Cascade)
    );
    assert_eq!(
        rule("Account", "Opportunity", "AccountId"),
        Some(DeleteRule::Cascade)
    );
    assert_eq!(
        rule("Account", "Case", "AccountId"),
        Some(DeleteRule::Restrict)
    );
    assert_eq!(
        rule("Account", "Account", "ParentId"),
        Some(DeleteRule::Clear)
    );
}

#[test]
fn components_belong_to_fields_that_exist() {
    let catalog = catalog();
    for entity in catalog.entities() {
        for field in &entity.fields {
            if let Some(compound) = &field.compound {
                assert!(
                    entity.field(compound.as_str()).is_some(),
                    "{}.{compound}",
                    entity.name
                );
            }
            if field.field_type == FieldType::Address {
                let parts = entity.components(field.name.as_str()).count();
                // The shipping address of a contract has no postal code in a plain org.
                let plain =
                    entity.name.as_str() == "Contract" && field.name.as_str() == "ShippingAddress";
                assert_eq!(
                    parts,
                    if plain { 7 } else { 8 },
                    "{}.{}",
                    entity.name,
                    field.name
                );
            }
        }
    }
}

#[test]
fn numbers_are_given_by_the_service_and_user_names_are_unique() {
    let catalog = catalog();
    for (name, field) in [
        ("Case", "CaseNumber"),
        ("Contract", "ContractNumber"),
        ("Order", "OrderNumber"),
    ] {
        let (_, field) = entity(&catalog, name).field(field).expect("a field");
        assert_eq!(field.auto_number.as_deref(), Some("{00000000}"));
        assert!(!field.createable && field.defaulted_on_create);
    }
    let (_, username) = entity(&catalog, "User").field("Username").expect("a field");
    assert!(username.unique && !username.case_sensitive && username.id_lookup);
}

#[test]
fn shared_lists_of_values_reach_their_fields() {
    let catalog = catalog();
    let (_, zone) = entity(&catalog, "User")
        .field("TimeZoneSidKey")
        .expect("a field");
    assert_eq!(zone.picklist.len(), 423);
    let (_, accuracy) = entity(&catalog, "Account")
        .field("BillingGeocodeAccuracy")
        .expect("a field");
    assert_eq!(accuracy.picklist.len(), 11);
}

#[test]
fn the_events_of_the_service_are_sound_and_sorted() {
    let events = landfall_standard::platform_events().expect("the data file can be read");
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names.len(), 17);
    assert!(names.is_sorted());
    let catalog = catalog();
    for event in &events {
        let mut seen = HashSet::new();
        for field in &event.fields {
            assert!(seen.insert(&field.name), "{}.{}", event.name, field.name);
            assert!(!field.createable && !field.custom && !field.label.is_empty());
            for target in &field.reference_to {
                assert!(catalog.entity(target.as_str()).is_some(), "{target}");
            }
        }
        // Clients: what everybody has to have is what such events are found by.
        let reads = event.standard.expect("the service publishes it");
        if reads == EventReaders::Monitors {
            for field in ["EventIdentifier", "EventDate", "UserId", "Username"] {
                assert!(event.field(field).is_some(), "{}.{field}", event.name);
            }
        }
    }
    let login = events
        .iter()
        .find(|event| event.name.as_str() == "LoginEventStream");
    assert_eq!(login.expect("it is there").fields.len(), 41);
}

#[test]
fn fields_are_read_when_something_looks_at_them() {
    let entities = landfall_standard::entities().expect("every data file can be read");
    let shown = |entity: &EntityDefinition| format!("{:?}", entity.fields);
    let unread = entities
        .iter()
        .filter(|entity| shown(entity).contains("uninit"));
    assert_eq!(unread.count(), entities.len());
    assert!(entities.iter().all(|entity| !entity.fields.is_empty()));
}

//! Fields as they are before a definition says more: what follows from the type alone, and the system fields.
//!
//! Source: "Field Types" and "System Fields" (Object Reference); recorded describes of custom objects.

use landfall_model::{CustomKind, EntityName, FieldDefinition, FieldType};

/// A custom field of which only the type is known.
pub(crate) fn field(name: &str, label: &str, field_type: FieldType) -> FieldDefinition {
    let (filterable, groupable, sortable) = search(field_type);
    FieldDefinition {
        length: length(field_type),
        createable: !field_type.is_compound(),
        updateable: !field_type.is_compound(),
        filterable,
        groupable,
        sortable,
        custom: true,
        ..FieldDefinition::new(name, label, field_type)
    }
}

/// Whether queries may filter, group and sort by fields of a type.
const fn search(field_type: FieldType) -> (bool, bool, bool) {
    match field_type {
        FieldType::Double | FieldType::Currency | FieldType::Percent | FieldType::DateTime => {
            (true, false, true)
        }
        FieldType::MultiPicklist | FieldType::Address | FieldType::Location => (true, false, false),
        FieldType::EncryptedString
        | FieldType::AnyType
        | FieldType::Base64
        | FieldType::Complex => (false, false, false),
        FieldType::Id
        | FieldType::Reference
        | FieldType::String
        | FieldType::TextArea
        | FieldType::Boolean
        | FieldType::Int
        | FieldType::Long
        | FieldType::Date
        | FieldType::Time
        | FieldType::Picklist
        | FieldType::Combobox
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Url
        | FieldType::PersonName
        | FieldType::JunctionIdList => (true, true, true),
    }
}

const fn length(field_type: FieldType) -> u32 {
    match field_type {
        FieldType::Id | FieldType::Reference => 18,
        FieldType::TextArea | FieldType::Picklist | FieldType::Url => 255,
        FieldType::MultiPicklist => 4_099,
        FieldType::Email => 80,
        FieldType::Phone => 40,
        _ => 0,
    }
}

/// A field that the service keeps.
fn system(name: &str, label: &str, field_type: FieldType) -> FieldDefinition {
    FieldDefinition {
        nillable: false,
        createable: false,
        updateable: false,
        defaulted_on_create: true,
        custom: false,
        ..field(name, label, field_type)
    }
}

fn user(name: &str, label: &str, relationship: &str) -> FieldDefinition {
    FieldDefinition {
        reference_to: vec![EntityName::new("User")],
        relationship_name: Some(relationship.to_owned()),
        ..system(name, label, FieldType::Reference)
    }
}

/// A record's id.
pub(crate) fn id() -> FieldDefinition {
    FieldDefinition {
        id_lookup: true,
        in_change_event: false,
        ..system("Id", "Record ID", FieldType::Id)
    }
}

/// A record's owner: a user or a queue.
pub(crate) fn owner() -> FieldDefinition {
    FieldDefinition {
        createable: true,
        updateable: true,
        reference_to: vec![EntityName::new("Group"), EntityName::new("User")],
        polymorphic: true,
        name_pointing: true,
        ..user("OwnerId", "Owner ID", "Owner")
    }
}

/// Whether a record is in the recycle bin.
pub(crate) fn is_deleted() -> FieldDefinition {
    FieldDefinition {
        in_change_event: false,
        ..system("IsDeleted", "Deleted", FieldType::Boolean)
    }
}

/// A record's name as text.
pub(crate) fn name(label: &str) -> FieldDefinition {
    FieldDefinition {
        length: 80,
        nillable: true,
        createable: true,
        updateable: true,
        id_lookup: true,
        name_field: true,
        ..system("Name", label, FieldType::String)
    }
}

/// A record's type.
pub(crate) fn record_type() -> FieldDefinition {
    FieldDefinition {
        // Source: of two recorded describes one has `defaultedOnCreate`.
        nillable: true,
        createable: true,
        updateable: true,
        reference_to: vec![EntityName::new("RecordType")],
        relationship_name: Some("RecordType".to_owned()),
        ..system("RecordTypeId", "Record Type ID", FieldType::Reference)
    }
}

/// Who made and changed a record, and when.
pub(crate) fn audit() -> [FieldDefinition; 5] {
    [
        system("CreatedDate", "Created Date", FieldType::DateTime),
        user("CreatedById", "Created By ID", "CreatedBy"),
        system(
            "LastModifiedDate",
            "Last Modified Date",
            FieldType::DateTime,
        ),
        user("LastModifiedById", "Last Modified By ID", "LastModifiedBy"),
        FieldDefinition {
            in_change_event: false,
            ..system("SystemModstamp", "System Modstamp", FieldType::DateTime)
        },
    ]
}

/// What every record of a custom metadata type has.
///
/// Source: "Custom Metadata `Type__mdt`" (Object Reference).
pub(crate) fn custom_metadata() -> Vec<FieldDefinition> {
    let text = |name: &str, label: &str, length, field_type| FieldDefinition {
        length,
        defaulted_on_create: false,
        ..system(name, label, field_type)
    };
    vec![
        id(),
        text(
            "DeveloperName",
            "Custom Metadata Record Name",
            40,
            FieldType::String,
        ),
        text("MasterLabel", "Label", 40, FieldType::String),
        text("Language", "Master Language", 40, FieldType::Picklist),
        FieldDefinition {
            nillable: true,
            ..text("NamespacePrefix", "Namespace Prefix", 15, FieldType::String)
        },
        text("Label", "Label", 40, FieldType::String),
        text(
            "QualifiedApiName",
            "Qualified API Name",
            70,
            FieldType::String,
        ),
        system("SystemModstamp", "System Modstamp", FieldType::DateTime),
    ]
}

/// What every record of a custom setting has.
///
/// Source: "Custom Settings" (Salesforce Help): the names of list settings are unique; of a hierarchy setting the org, each
/// profile and each user has one record.
pub(crate) fn custom_setting(kind: CustomKind) -> Vec<FieldDefinition> {
    let is_list = kind == CustomKind::ListSetting;
    let mut fields = vec![
        id(),
        is_deleted(),
        FieldDefinition {
            length: 38,
            unique: is_list,
            nillable: !is_list,
            defaulted_on_create: !is_list,
            ..name("Name")
        },
        FieldDefinition {
            createable: true,
            updateable: true,
            unique: !is_list,
            reference_to: ["Organization", "Profile", "User"]
                .map(EntityName::new)
                .to_vec(),
            relationship_name: Some("SetupOwner".to_owned()),
            polymorphic: true,
            name_pointing: true,
            ..system("SetupOwnerId", "Location", FieldType::Reference)
        },
    ];
    fields.extend(audit());
    fields
}

/// The currency of a record, in an org with several. Its values are those of the org.
///
/// Source: describes of such an org (thiagoStella/RaccoonCity).
pub(crate) fn currency() -> FieldDefinition {
    FieldDefinition {
        nillable: true,
        createable: true,
        updateable: true,
        groupable: true,
        length: 3,
        restricted_picklist: true,
        ..system("CurrencyIsoCode", "Currency ISO Code", FieldType::Picklist)
    }
}

/// When somebody last did something about a record.
pub(crate) fn last_activity() -> FieldDefinition {
    FieldDefinition {
        nillable: true,
        defaulted_on_create: false,
        in_change_event: false,
        ..system("LastActivityDate", "Last Activity Date", FieldType::Date)
    }
}

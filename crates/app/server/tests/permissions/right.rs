//! The rights of the matrix, and the records that grant all of them but one.

use serde_json::{Value, json};

/// A right that a user has, lacks or loses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Read,
    Create,
    Edit,
    Delete,
    ViewAll,
    ModifyAll,
    FieldRead,
    FieldEdit,
    Api,
    ViewSetup,
    Customize,
    HardDelete,
}

/// The objects and events that the rights are about.
const OBJECTS: &[&str] = &[
    "Vault__c",
    "Item__c",
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "StreamingChannel",
];
const EVENT: &str = "Alarm__e";

/// What everybody may do: with the object and the event whose deliveries show that nothing else was delivered.
const ALWAYS: &[(&str, &[&str])] = &[
    ("Ledger__c", &["Read", "ViewAllRecords"]),
    ("Beacon__e", &["Read"]),
    ("PushTopic", &["Read"]),
];
const ALWAYS_FIELDS: &[&str] = &[
    "Vault__c.Note__c",
    "Vault__c.Code__c",
    "Item__c.Vault__c",
    "Ledger__c.Note__c",
    "Contact.AccountId",
    "Opportunity.AccountId",
];

/// The field that the field rights are about.
const FIELD: &str = "Vault__c.Secret__c";

impl Right {
    pub(crate) const ALL: [Self; 12] = [
        Self::Api,
        Self::Read,
        Self::Create,
        Self::Edit,
        Self::Delete,
        Self::ViewAll,
        Self::ModifyAll,
        Self::FieldRead,
        Self::FieldEdit,
        Self::ViewSetup,
        Self::Customize,
        Self::HardDelete,
    ];

    /// Whether a user without this right lacks another, which depends on it.
    ///
    /// Source: "Object Permissions", "Permission dependencies" (Salesforce Help).
    fn takes(self, other: Self) -> bool {
        self == other
            || match self {
                Self::Read => matches!(
                    other,
                    Self::Create | Self::Edit | Self::Delete | Self::ViewAll | Self::ModifyAll
                ),
                Self::Edit => matches!(other, Self::Delete | Self::ModifyAll),
                Self::Delete | Self::ViewAll => other == Self::ModifyAll,
                Self::FieldRead => other == Self::FieldEdit,
                Self::ViewSetup => other == Self::Customize,
                _ => false,
            }
    }
}

/// The records that grant everything without `missing`, for a permission set that is still to be created.
pub(crate) fn grants(missing: Option<Right>) -> Grants {
    let has = |right: Right| !missing.is_some_and(|missing| missing.takes(right));
    let mut children = Vec::new();
    for object in OBJECTS {
        children.extend(object_grant(object, &object_rights(&has)));
    }
    let event = [(Right::Read, "Read"), (Right::Create, "Create")];
    let event = event.into_iter().filter(|(right, _)| has(*right));
    let event: Vec<&str> = event.map(|(_, name)| name).collect();
    children.extend(object_grant(EVENT, &event));
    for (object, rights) in ALWAYS {
        children.extend(object_grant(object, rights));
    }
    for field in ALWAYS_FIELDS {
        children.push(field_grant(field, true));
    }
    if has(Right::FieldRead) {
        children.push(field_grant(FIELD, has(Right::FieldEdit)));
    }
    Grants {
        set: json!({
            "PermissionsApiEnabled": has(Right::Api),
            "PermissionsViewSetup": has(Right::ViewSetup),
            "PermissionsCustomizeApplication": has(Right::Customize),
            "PermissionsBulkApiHardDelete": has(Right::HardDelete),
        }),
        children,
    }
}

pub(crate) struct Grants {
    /// Fields of the permission set.
    pub(crate) set: Value,
    /// Its records, each with its object in `attributes` and without `ParentId`.
    pub(crate) children: Vec<Value>,
}

fn object_rights(has: &impl Fn(Right) -> bool) -> Vec<&'static str> {
    let names = [
        (Right::Read, "Read"),
        (Right::Create, "Create"),
        (Right::Edit, "Edit"),
        (Right::Delete, "Delete"),
        (Right::ViewAll, "ViewAllRecords"),
        (Right::ModifyAll, "ModifyAllRecords"),
    ];
    let names = names.into_iter().filter(|(right, _)| has(*right));
    names.map(|(_, name)| name).collect()
}

/// The record that grants rights for an object; none for no rights.
fn object_grant(object: &str, rights: &[&str]) -> Option<Value> {
    let mut record = json!({
        "attributes": {"type": "ObjectPermissions"}, "SobjectType": object,
    });
    let members = record.as_object_mut()?;
    for right in rights {
        members.insert(format!("Permissions{right}"), true.into());
    }
    (!rights.is_empty()).then_some(record)
}

fn field_grant(field: &str, edit: bool) -> Value {
    json!({
        "attributes": {"type": "FieldPermissions"}, "SobjectType": field.split('.').next(), "Field": field,
        "PermissionsRead": true, "PermissionsEdit": edit,
    })
}

//! What the documentation says of a standard object that its describe does not show.

use crate::entity::{EntityDefinition, FieldDefinition};
use crate::name::{EntityName, FieldName};

/// What decides about the use of an object's records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SecuredBy {
    /// Object and field permissions.
    ObjectPermissions,
    /// The object permissions of the object that it belongs to, and its own field permissions.
    Parent,
    /// Field permissions: every user can use the records.
    FieldPermissions,
    /// Every user can use the records and all of their fields.
    Everybody,
    /// Every user can read the records, administrators change them.
    #[default]
    Administrators,
    /// The same, and only users who may view the setup can read them.
    Setup,
}

/// What the records of a custom object are.
///
/// Source: "Custom Metadata Types" and "Custom Settings" (Salesforce Help).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CustomKind {
    /// Data of the org's users. Standard objects have no other records.
    #[default]
    Data,
    /// Custom metadata: records that are deployed; requests only read them.
    Metadata,
    /// A list custom setting.
    ListSetting,
    /// A hierarchy custom setting: a record for the org, a profile or a user.
    HierarchySetting,
}

impl CustomKind {
    /// Whether it is a custom setting.
    pub const fn is_setting(self) -> bool {
        matches!(self, Self::ListSetting | Self::HierarchySetting)
    }
}

/// Traits of a standard object, each from its data file, and the kind of a custom one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectTraits {
    /// What the records of a custom object are.
    pub custom_kind: CustomKind,
    /// What decides about its records.
    ///
    /// Source: "`ObjectPermissions`" (Object Reference), `SobjectType`; "Required Permissions" (Change Data Capture
    /// Developer Guide) for activities; "Special Access Rules" of the object's page.
    pub secured_by: SecuredBy,
    /// The object that it belongs to, if it is [`SecuredBy::Parent`]: who may read that reads its records, and who may edit
    /// that creates, edits and deletes them.
    ///
    /// Source: "Special Access Rules" of the object's page (Object Reference).
    pub controlled_by: Option<EntityName>,
    /// Whether the standard profiles grant no more than to read it.
    ///
    /// Source: "Standard Profiles" (Salesforce Help).
    pub read_only_by_default: bool,
    /// Fields that a search in `NAME FIELDS` covers besides the name field.
    ///
    /// Source: "IN `SearchGroup`" (SOQL and SOSL Reference).
    pub search_names: Vec<FieldName>,
    /// Whether a `PushTopic` can select from it.
    ///
    /// Source: "Supported `PushTopic` Queries" (Streaming API Developer Guide).
    pub push_topics: bool,
    /// Fields whose changes notify no `PushTopic`, since they follow from other fields.
    ///
    /// Source: the same page, "Considerations".
    pub push_topic_ignores: Vec<FieldName>,
    /// Whether the service can split a bulk query of it by ids.
    ///
    /// Source: "PK Chunking", Supported Objects (Bulk API 2.0 and Bulk API Developer Guide).
    pub pk_chunking: bool,
    /// The field that `RecordTypeId` follows, once it has record types; the name field if none is set.
    ///
    /// Source: recorded describes.
    pub record_type_after: Option<FieldName>,
    /// Fields that the event of a new record does not have.
    ///
    /// Source: "Subscribe with Pub/Sub API" (Change Data Capture Developer Guide), the sample of a new opportunity.
    pub not_in_create_event: Vec<FieldName>,
    /// Where the changes of its records are kept, if it tracks any.
    pub history: Option<History>,
    /// Of an object that keeps changes: the fields whose values are in its records and which field permissions decide about.
    /// Users without the permission to read one of them read no record.
    ///
    /// Source: none.
    pub holds: Vec<FieldName>,
    /// Names of standard value sets with the fields that have their values.
    ///
    /// Source: "`StandardValueSet` Names and Standard Picklist Fields" (Metadata API Developer Guide).
    pub standard_value_sets: Vec<(String, FieldName)>,
}

/// How the changes of an object's records are kept.
///
/// Source: "`StandardObjectNameHistory`", "Custom Object`__History`" (Object Reference).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// The object of the kept changes.
    pub object: EntityName,
    /// Its field that refers to the changed record.
    pub parent: FieldName,
    /// The fields whose changes are kept.
    pub fields: Vec<FieldName>,
}

impl EntityDefinition {
    /// What decides about its records.
    pub const fn secured_by(&self) -> SecuredBy {
        match self.traits.custom_kind {
            CustomKind::Data if self.custom => SecuredBy::ObjectPermissions,
            CustomKind::Data => self.traits.secured_by,
            // Source: none: what the org is set up by everybody reads.
            CustomKind::Metadata | CustomKind::ListSetting | CustomKind::HierarchySetting => {
                SecuredBy::Administrators
            }
        }
    }

    /// Whether field permissions decide about one of its fields.
    pub fn secures(&self, field: &FieldDefinition) -> bool {
        let secured = match self.secured_by() {
            SecuredBy::ObjectPermissions | SecuredBy::Parent | SecuredBy::FieldPermissions => true,
            // Source: none: every user sees the setup of the org as it is, except for fields that were added to it.
            SecuredBy::Everybody | SecuredBy::Administrators | SecuredBy::Setup => {
                field.custom && matches!(self.traits.custom_kind, CustomKind::Data)
            }
        };
        secured && field.permissionable()
    }

    /// Whether a `PushTopic` can select from it: custom objects, and standard ones that say so.
    pub const fn has_push_topics(&self) -> bool {
        self.has_custom_data() || self.traits.push_topics
    }

    /// Whether the service can split a bulk query of it by ids: custom objects, and standard ones that say so.
    pub const fn has_pk_chunking(&self) -> bool {
        self.has_custom_data() || self.traits.pk_chunking
    }

    const fn has_custom_data(&self) -> bool {
        self.custom && matches!(self.traits.custom_kind, CustomKind::Data)
    }
}

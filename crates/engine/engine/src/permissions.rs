//! Permissions of the system: what has no object of its own.

use landfall_model::{EntityDefinition, Row, Value};

/// What a user's profile and permission sets allow apart from objects and fields.
///
/// Source: "`PermissionSet`" (Object Reference), the `Permissions…` fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the vendor's permissions are flags"
)]
pub struct Permissions {
    /// May use the APIs.
    pub api_enabled: bool,
    /// Sees all records of all objects.
    pub view_all_data: bool,
    /// Changes all records of all objects.
    pub modify_all_data: bool,
    /// Sees all users.
    pub view_all_users: bool,
    /// Sees how the org is set up.
    pub view_setup: bool,
    /// Sees what users do.
    pub view_event_monitoring: bool,
    /// Changes how the org is set up.
    pub customize_application: bool,
    /// Deletes records for ever by the Bulk API.
    pub bulk_hard_delete: bool,
}

/// The place of a permission.
type Slot = fn(&mut Permissions) -> &mut bool;

/// The fields of permission sets and profiles that are looked at.
pub(crate) const SYSTEM: &[(&str, Slot)] = &[
    ("PermissionsApiEnabled", |known| &mut known.api_enabled),
    ("PermissionsViewAllData", |known| &mut known.view_all_data),
    ("PermissionsModifyAllData", |known| {
        &mut known.modify_all_data
    }),
    ("PermissionsViewAllUsers", |known| &mut known.view_all_users),
    ("PermissionsViewSetup", |known| &mut known.view_setup),
    ("PermissionsViewPlatformEvents", |known| {
        &mut known.view_event_monitoring
    }),
    ("PermissionsCustomizeApplication", |known| {
        &mut known.customize_application
    }),
    ("PermissionsBulkApiHardDelete", |known| {
        &mut known.bulk_hard_delete
    }),
];

impl Permissions {
    /// Adds what a permission set grants.
    pub(crate) fn add(&mut self, entity: &EntityDefinition, set: &Row) {
        for (name, slot) in SYSTEM {
            let value = entity.index_of(name).and_then(|place| set.get(place));
            *slot(self) |= value.and_then(Value::as_bool).unwrap_or_default();
        }
        self.complete();
    }

    /// Adds what comes along. Source: "Permission dependencies" (Salesforce Help).
    const fn complete(&mut self) {
        self.view_all_data |= self.modify_all_data;
        self.view_event_monitoring |= self.view_all_data;
        self.view_setup |= self.customize_application;
    }
}

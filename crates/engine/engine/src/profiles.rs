//! The profiles that every org has, and the permission sets by which profiles grant.
//!
//! Source: "Standard Profiles", "Profiles" (Salesforce Help); "`PermissionSet`" (Object Reference), `IsOwnedByProfile`.

use std::sync::Arc;

use landfall_model::{Catalog, EntityDefinition, RecordId, Row, SecuredBy, Timestamp, Value};
use landfall_store::{Reads, RowWrite};

use crate::error::Error;
use crate::numbers::Numbers;
use crate::rows::{entity, new_row};
use crate::rows::{read, write};

/// A profile that every org has.
pub(crate) struct StandardProfile {
    pub(crate) name: &'static str,
    /// Fields of the profile, and of its permission set.
    permissions: &'static [&'static str],
    /// What it grants for the shipped objects.
    grants: Grants,
}

/// What a profile grants for the shipped objects and their fields.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grants {
    /// Nothing that is written down: it may change everything.
    Everything,
    /// Working with records.
    Work,
    /// Looking at records.
    Look,
    Nothing,
}

/// The profile of administrators: they see and change everything.
pub(crate) const ADMINISTRATOR: StandardProfile = StandardProfile {
    name: "System Administrator",
    permissions: &[
        "PermissionsApiEnabled",
        "PermissionsViewAllData",
        "PermissionsModifyAllData",
        "PermissionsViewAllUsers",
        "PermissionsViewPlatformEvents",
        "PermissionsManageUsers",
        "PermissionsCustomizeApplication",
        "PermissionsViewSetup",
    ],
    grants: Grants::Everything,
};

/// The profile of most people: they work with records.
pub(crate) const STANDARD_USER: StandardProfile = StandardProfile {
    name: "Standard User",
    permissions: &["PermissionsApiEnabled"],
    grants: Grants::Work,
};

/// The name of the profile of people who look at records.
pub(crate) const READ_ONLY: &str = "Read Only";

/// The others.
const OTHERS: &[StandardProfile] = &[
    StandardProfile {
        name: READ_ONLY,
        permissions: &["PermissionsApiEnabled"],
        grants: Grants::Look,
    },
    StandardProfile {
        name: "Minimum Access - Salesforce",
        permissions: &["PermissionsApiEnabled"],
        grants: Grants::Nothing,
    },
];

/// Makes profiles and their permission sets.
pub(crate) struct ProfileSetup<'f> {
    pub(crate) catalog: &'f Catalog,
    pub(crate) numbers: &'f mut Numbers,
    pub(crate) at: Timestamp,
    pub(crate) rows: Vec<RowWrite>,
}

impl ProfileSetup<'_> {
    /// A profile that every org has, with its permission set.
    pub(crate) fn profile(&mut self, profile: &StandardProfile) -> Result<RecordId, Error> {
        let profiles = entity(self.catalog, "Profile")?;
        let id = self.numbers.record_id(profiles.key_prefix);
        let row = new_row(profiles, id, self.at, |field| match field {
            "Name" => Some(Value::Text(profile.name.to_owned())),
            "UserType" => Some(Value::Text("Standard".to_owned())),
            field => profile
                .permissions
                .contains(&field)
                .then_some(Value::Boolean(true)),
        });
        let values = row.row.clone();
        self.rows.push(row);
        self.own_set((id, &values), profile.grants)?;
        Ok(id)
    }

    /// The profiles that every org has besides those that it is known by.
    pub(crate) fn others(&mut self) -> Result<(), Error> {
        OTHERS
            .iter()
            .try_for_each(|profile| self.profile(profile).map(drop))
    }

    /// The permission set of a profile, with what it grants.
    fn own_set(&mut self, (profile, row): (RecordId, &Row), grants: Grants) -> Result<(), Error> {
        let profiles = entity(self.catalog, "Profile")?;
        let sets = entity(self.catalog, "PermissionSet")?;
        let id = self.numbers.record_id(sets.key_prefix);
        let mut set = new_row(sets, id, self.at, |_| None);
        own_set(sets, &mut set.row, (profiles, row), profile);
        write(
            &mut set.row,
            sets.index_of("IsCustom"),
            Value::Boolean(false),
        );
        self.rows.push(set);
        if matches!(grants, Grants::Everything | Grants::Nothing) {
            return Ok(());
        }
        let catalog = self.catalog;
        // Only what is shipped: of what a project adds nothing is granted unless the project says so.
        for shipped in &landfall_standard::shipped()?.entities {
            let Some(entity) = catalog.entity(shipped.name.as_str()) else {
                continue;
            };
            self.grant(id, entity, shipped, grants)?;
        }
        Ok(())
    }

    fn grant(
        &mut self,
        set: RecordId,
        object: &EntityDefinition,
        shipped: &EntityDefinition,
        grants: Grants,
    ) -> Result<(), Error> {
        let name = object.name.as_str();
        let secured = object.secured_by();
        let work = grants == Grants::Work && !shipped.traits.read_only_by_default;
        if secured == SecuredBy::ObjectPermissions {
            let objects = Arc::clone(entity(self.catalog, "ObjectPermissions")?);
            let id = self.numbers.record_id(objects.key_prefix);
            self.rows
                .push(new_row(&objects, id, self.at, |field| match field {
                    "ParentId" => Some(Value::Id(set)),
                    "SobjectType" => Some(Value::Text(name.to_owned())),
                    "PermissionsRead" => Some(Value::Boolean(true)),
                    "PermissionsCreate" | "PermissionsEdit" | "PermissionsDelete" => {
                        Some(Value::Boolean(work))
                    }
                    _ => None,
                }));
        }
        let fields = Arc::clone(entity(self.catalog, "FieldPermissions")?);
        for field in &shipped.fields {
            if !shipped.secures(field) {
                continue;
            }
            let id = self.numbers.record_id(fields.key_prefix);
            self.rows
                .push(new_row(&fields, id, self.at, |given| match given {
                    "ParentId" => Some(Value::Id(set)),
                    "SobjectType" => Some(Value::Text(name.to_owned())),
                    "Field" => Some(Value::Text(format!("{name}.{}", field.name))),
                    "PermissionsRead" => Some(Value::Boolean(true)),
                    "PermissionsEdit" => Some(Value::Boolean(work)),
                    _ => None,
                }));
        }
        Ok(())
    }

    /// Gives the profiles of an org from before there were permission sets their own: they go on granting what they did.
    pub(crate) fn complete(&mut self, reads: &dyn Reads) -> Result<(), Error> {
        let profiles = Arc::clone(entity(self.catalog, "Profile")?);
        let sets = Arc::clone(entity(self.catalog, "PermissionSet")?);
        let Some(owner) = sets.index_of("ProfileId") else {
            return Ok(());
        };
        let place = profiles.index_of("Id");
        for row in reads.recent_rows(&profiles, usize::MAX)? {
            let Some(id) = read(&row, place).as_id() else {
                continue;
            };
            if reads
                .rows_where(&sets, owner, &Value::Id(id), 1)?
                .is_empty()
            {
                let changes_all = profiles.index_of("PermissionsModifyAllData");
                let grants = match read(&row, changes_all).as_bool() {
                    Some(true) => Grants::Everything,
                    Some(false) | None => Grants::Work,
                };
                self.own_set((id, &row), grants)?;
            }
        }
        Ok(())
    }
}

/// Gives the permission set of a profile what the profile has.
pub(crate) fn own_set(
    sets: &EntityDefinition,
    set: &mut Row,
    (profiles, row): (&EntityDefinition, &Row),
    profile: RecordId,
) {
    let shared = profiles.fields.iter().filter(|field| {
        let name = field.name.as_str();
        name == "Description" || name.starts_with("Permissions")
    });
    for field in shared {
        let name = field.name.as_str();
        let value = read(row, profiles.index_of(name)).clone();
        write(set, sets.index_of(name), value);
    }
    let label = read(row, profiles.index_of("Name")).clone();
    write(set, sets.index_of("Label"), label);
    let (short, _) = profile.as_str().split_at(15);
    write(set, sets.index_of("Name"), Value::Text(format!("X{short}")));
    write(set, sets.index_of("ProfileId"), Value::Id(profile));
    write(set, sets.index_of("IsOwnedByProfile"), Value::Boolean(true));
    write(
        set,
        sets.index_of("Type"),
        Value::Text("Profile".to_owned()),
    );
}

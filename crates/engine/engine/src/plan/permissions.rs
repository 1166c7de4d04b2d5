//! The rules of the objects that grant: permission sets, what they say of objects and fields, and to whom they are assigned.
//!
//! A profile grants by a permission set of its own, which is made and changed along with it.
//! Source: "`PermissionSet`", "`ObjectPermissions`", "`FieldPermissions`", "`PermissionSetAssignment`" (Object Reference).

use std::sync::Arc;

use landfall_model::{
    ChangeType, EntityDefinition, Fault, FieldFault, FieldName, RecordFault, RecordId,
    RequestFault, Row, SecuredBy, Value, ValueFault,
};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::error::Error;
use crate::permissions::SYSTEM;
use crate::profiles;
use crate::rows::{read, write};
use crate::validate;

/// What each permission for an object needs besides itself. Source: "`ObjectPermissions`" (Object Reference).
const NEEDS: &[(&str, &[&str])] = &[
    ("PermissionsCreate", &["PermissionsRead"]),
    ("PermissionsEdit", &["PermissionsRead"]),
    ("PermissionsDelete", &["PermissionsRead", "PermissionsEdit"]),
    ("PermissionsViewAllRecords", &["PermissionsRead"]),
    (
        "PermissionsModifyAllRecords",
        &[
            "PermissionsRead",
            "PermissionsEdit",
            "PermissionsDelete",
            "PermissionsViewAllRecords",
        ],
    ),
    ("PermissionsViewAllFields", &["PermissionsRead"]),
];

/// What can be granted for a platform event. Source: "Platform Event Permissions" (Platform Events Developer Guide).
const OF_EVENTS: &[&str] = &["PermissionsRead", "PermissionsCreate"];

/// The fields of an object that grants, of which no two records have the same values: to whom or by what, and what.
pub(crate) fn granted_once(entity: &EntityDefinition) -> Option<(&'static str, &'static str)> {
    match entity.name.as_str() {
        "ObjectPermissions" => Some(("ParentId", "SobjectType")),
        "FieldPermissions" => Some(("ParentId", "Field")),
        "PermissionSetAssignment" => Some(("AssigneeId", "PermissionSetId")),
        _ => None,
    }
}

/// A row with its definition.
struct Granting<'r> {
    entity: &'r EntityDefinition,
    row: &'r mut Row,
}

impl Granting<'_> {
    fn value(&self, field: &str) -> &Value {
        read(self.row, self.entity.index_of(field))
    }

    fn flag(&self, field: &str) -> bool {
        self.value(field).as_bool().unwrap_or_default()
    }

    fn text(&self, field: &str) -> &str {
        self.value(field).as_text().unwrap_or_default()
    }

    fn set(&mut self, field: &str, value: Value) {
        write(self.row, self.entity.index_of(field), value);
    }

    /// That a field may not have the value that it has.
    fn refused(&self, field: &str, reason: String) -> Fault {
        match self.entity.field(field) {
            Some((_, field)) => Fault::Value(ValueFault::Refused {
                field: validate::subject(field),
                reason,
            }),
            None => Fault::Request(RequestFault::ResourceNotFound),
        }
    }

    /// That a name is none of those that can be granted.
    fn unknown(&self, field: &str) -> Fault {
        let value = self.text(field).to_owned();
        match self.entity.field(field) {
            Some((_, field)) => Fault::Value(ValueFault::PicklistValueUnknown {
                field: validate::subject(field),
                value,
            }),
            None => Fault::Request(RequestFault::ResourceNotFound),
        }
    }
}

/// A record that was found, with its object.
type Located<'b> = (&'b Blueprint, RecordId, Arc<Row>);

impl Planner<'_, '_> {
    /// Whether a record of an object that grants may be saved with these values; completes them.
    pub(super) fn check_granting(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<(RecordId, &Row)>,
    ) -> Result<(), Error> {
        let entity = &*object.entity;
        let id = before.map(|(id, _)| id);
        let mut granting = Granting { entity, row };
        match entity.name.as_str() {
            "PermissionSet" => Ok(check_set(&mut granting, before)?),
            "ObjectPermissions" => Ok(self.check_object(&mut granting)?),
            "FieldPermissions" => Ok(self.check_field(&mut granting)?),
            "PermissionSetAssignment" => self.check_assignment(&granting),
            "User" if id == Some(self.user) && !granting.flag("IsActive") => Err(granting
                .refused("IsActive", "You can't deactivate yourself".to_owned())
                .into()),
            _ => Ok(()),
        }
    }

    /// Does what follows from a record that grants, once it is saved.
    pub(super) fn granted(&mut self, object: &Blueprint, id: RecordId) -> Result<(), Error> {
        let entity = &object.entity;
        match entity.name.as_str() {
            "Profile" => self.grant_by_profile(object, id),
            "ObjectPermissions" | "FieldPermissions" => {
                let Some(row) = self.workspace.row(object, id)? else {
                    return Ok(());
                };
                let reads = read(&row, entity.index_of("PermissionsRead"));
                if reads.as_bool() == Some(false) {
                    // What grants nothing any more is no record any more.
                    self.workspace.forget(entity, id);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether a record may be deleted as far as it grants.
    ///
    /// # Errors
    /// [`RecordFault::AccessDenied`] for what belongs to a profile, and for a profile that every org has.
    pub(super) fn check_deletable(
        &mut self,
        entity: &EntityDefinition,
        row: &Row,
    ) -> Result<(), Error> {
        let owned = match entity.name.as_str() {
            "PermissionSet" => read(row, entity.index_of("IsOwnedByProfile")).as_bool(),
            "Profile" => {
                let id = read(row, entity.index_of("Id")).as_id();
                let set = match id {
                    Some(id) => self.owned_set(id)?,
                    None => None,
                };
                set.map(|(object, _, set)| {
                    let custom = read(&set, object.entity.index_of("IsCustom"));
                    custom.as_bool() == Some(false)
                })
            }
            _ => None,
        };
        if owned == Some(true) {
            return Err(Fault::Record(RecordFault::AccessDenied).into());
        }
        Ok(())
    }

    /// An object or platform event that can be granted, and what can be granted of it.
    fn check_object(&self, granting: &mut Granting<'_>) -> Result<(), Fault> {
        let name = granting.text("SobjectType").to_owned();
        let object = self.blueprints.named(&name);
        let object =
            object.filter(|object| object.entity.secured_by() == SecuredBy::ObjectPermissions);
        let event = self.blueprints.event(&name);
        let (known, is_event) = match (object, event) {
            (Some(object), _) => (object.entity.name.clone(), false),
            (None, Some(event)) => (event.clone(), true),
            (None, None) => return Err(granting.unknown("SobjectType")),
        };
        granting.set("SobjectType", Value::Text(known.to_string()));
        for (permission, needed) in NEEDS {
            if !granting.flag(permission) {
                continue;
            }
            if is_event && !OF_EVENTS.contains(permission) {
                let reason = format!("{} can't be granted for platform events", short(permission));
                return Err(granting.refused(permission, reason));
            }
            let missing = needed.iter().filter(|needed| !granting.flag(needed));
            let missing: Vec<String> = missing
                .map(|needed| right(needed, known.as_str()))
                .collect();
            // Taking away what everything else needs takes the record away.
            if !missing.is_empty() {
                let right = right(permission, known.as_str());
                let reason = format!(
                    "Permission {right} depends on permission(s): {}",
                    missing.join(", ")
                );
                return Err(granting.refused(permission, reason));
            }
        }
        Ok(())
    }

    /// A field that can be granted. Its object may be left out; so may the `Id` at the end of a reference.
    fn check_field(&self, granting: &mut Granting<'_>) -> Result<(), Fault> {
        let unknown = granting.unknown("Field");
        let Some((object, field)) = granting.text("Field").split_once('.') else {
            return Err(unknown);
        };
        let Some(object) = self.blueprints.named(object) else {
            return Err(unknown);
        };
        let entity = &*object.entity;
        let found = entity
            .field(field)
            .or_else(|| entity.field(&format!("{field}Id")));
        let found = found.filter(|(_, field)| entity.secures(field));
        let Some((_, field)) = found else {
            return Err(unknown);
        };
        let name = format!("{}.{}", entity.name, field.name);
        let given = granting.text("SobjectType");
        if !given.is_empty() && !given.eq_ignore_ascii_case(entity.name.as_str()) {
            return Err(granting.unknown("SobjectType"));
        }
        granting.set("Field", Value::Text(name.clone()));
        granting.set("SobjectType", Value::Text(entity.name.to_string()));
        if granting.flag("PermissionsEdit") && !granting.flag("PermissionsRead") {
            let reason = format!("Permission Edit {name} depends on permission(s): Read {name}");
            return Err(granting.refused("PermissionsEdit", reason));
        }
        Ok(())
    }

    /// What belongs to a profile is assigned by the profile.
    fn check_assignment(&mut self, granting: &Granting<'_>) -> Result<(), Error> {
        let Some(set) = granting.value("PermissionSetId").as_id() else {
            return Ok(());
        };
        let Some(object) = self.blueprints.named("PermissionSet") else {
            return Ok(());
        };
        let row = self.workspace.row(object, set)?;
        let owned = row.is_some_and(|row| {
            read(&row, object.entity.index_of("IsOwnedByProfile")).as_bool() == Some(true)
        });
        if owned {
            let reason = "a permission set that a profile owns can't be assigned".to_owned();
            return Err(granting.refused("PermissionSetId", reason).into());
        }
        Ok(())
    }

    /// Whether a record that was saved grants what another one grants already. Looks at all records of the permission set
    /// or user: too slow for each record of a permission set that is granted as a whole.
    ///
    /// # Errors
    /// [`ValueFault::Duplicate`], [`Error::Store`].
    pub(super) fn check_granted_once(
        &mut self,
        object: &Blueprint,
        id: RecordId,
    ) -> Result<(), Error> {
        let entity = &object.entity;
        let Some((of, what)) = granted_once(entity) else {
            return Ok(());
        };
        let (Some(row), Some(place)) = (self.workspace.row(object, id)?, entity.index_of(of))
        else {
            return Ok(());
        };
        let all = self
            .workspace
            .live_where(object, place, read(&row, Some(place)), usize::MAX)?;
        let place = entity.index_of(what);
        let mut same = all
            .iter()
            .filter(|(_, other)| read(other, place) == read(&row, place));
        match same.find(|(other, _)| *other != id) {
            Some((record, _)) => Err(Fault::Value(ValueFault::Duplicate {
                field: FieldName::new(what),
                record: *record,
            })
            .into()),
            None => Ok(()),
        }
    }

    /// The permission set of a profile.
    pub(super) fn owned_set(&mut self, profile: RecordId) -> Result<Option<Located<'_>>, Error> {
        let Some(object) = self.blueprints.named("PermissionSet") else {
            return Ok(None);
        };
        let Some(place) = object.entity.index_of("ProfileId") else {
            return Ok(None);
        };
        let found = self
            .workspace
            .live_where(object, place, &Value::Id(profile), 1)?;
        Ok(found.into_iter().next().map(|(id, row)| (object, id, row)))
    }

    /// Makes the permission set of a profile, or gives it what the profile has now.
    fn grant_by_profile(&mut self, profiles: &Blueprint, profile: RecordId) -> Result<(), Error> {
        let Some(object) = self.blueprints.named("PermissionSet") else {
            return Ok(());
        };
        let Some(row) = self.workspace.row(profiles, profile)? else {
            return Ok(());
        };
        let known = self.owned_set(profile)?.map(|(_, id, row)| (id, row));
        let mut set = match &known {
            Some((_, row)) => Row::clone(row),
            None => object.blank.clone(),
        };
        profiles::own_set(&object.entity, &mut set, (&profiles.entity, &row), profile);
        let (id, change) = if let Some((id, _)) = &known {
            (*id, ChangeType::Update)
        } else {
            let id = self.numbers.record_id(object.entity.key_prefix);
            let stamp = Value::DateTime(self.now.whole_second());
            let system = &object.system;
            let is_custom = object.entity.index_of("IsCustom");
            write(&mut set, is_custom, Value::Boolean(true));
            write(&mut set, system.id, Value::Id(id));
            write(&mut set, system.created_date, stamp);
            write(&mut set, system.created_by, Value::Id(self.user));
            (id, ChangeType::Create)
        };
        self.touch(object, &mut set);
        self.step(
            object,
            id,
            known.map(|(_, row)| row),
            set,
            (change, Cause::Consequence),
        );
        Ok(())
    }
}

/// Source: "`PermissionSet`" (Object Reference), `Name`; `IsOwnedByProfile`.
fn check_set(set: &mut Granting<'_>, before: Option<(RecordId, &Row)>) -> Result<(), Fault> {
    let Some((_, before)) = before else {
        set.set("IsCustom", Value::Boolean(true));
        set.set("Type", Value::Text("Regular".to_owned()));
        return check_name(set);
    };
    let owned = read(before, set.entity.index_of("IsOwnedByProfile")).as_bool();
    if owned != Some(true) {
        return check_name(set);
    }
    // The profile says everything about its own set.
    let fixed = ["Name", "Label", "Description"].into_iter();
    let fixed = fixed.chain(SYSTEM.iter().map(|(name, _)| *name));
    let changed = fixed.filter(|name| {
        let place = set.entity.index_of(name);
        read(before, place) != read(set.row, place)
    });
    let fields: Vec<FieldName> = changed.map(FieldName::new).collect();
    if fields.is_empty() {
        Ok(())
    } else {
        Err(Fault::Field(FieldFault::ReadOnly { fields }))
    }
}

fn check_name(set: &Granting<'_>) -> Result<(), Fault> {
    let name = set.text("Name");
    let mut letters = name.chars();
    let begins = letters
        .next()
        .is_some_and(|letter| letter.is_ascii_alphabetic());
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    if begins && letters.all(is_fine) && !name.ends_with('_') && !name.contains("__") {
        return Ok(());
    }
    let reason = "The Permission Set Name can only contain underscores and alphanumeric characters. It must be unique, \
                  begin with a letter, not include spaces, not end with an underscore, and not contain two consecutive \
                  underscores.";
    Err(set.refused("Name", reason.to_owned()))
}

/// `Edit` for `PermissionsEdit`.
fn short(permission: &str) -> &str {
    permission.trim_start_matches("Permissions")
}

/// `Edit Account` for `PermissionsEdit`.
fn right(permission: &str, object: &str) -> String {
    let verb = match short(permission) {
        "ViewAllRecords" => "View All",
        "ModifyAllRecords" => "Modify All",
        other => other,
    };
    format!("{verb} {object}")
}

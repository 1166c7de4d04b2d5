//! Permission sets and profiles of a project, turned into the records that grant.
//!
//! A permission set says everything about itself: what it does not name it does not grant. A profile says something about
//! what it names. Both are taken over when their component changes; what is changed by an API stays until then.
//! Source: "`PermissionSet`", "`Profile`" (Metadata API Developer Guide).

use std::collections::BTreeSet;

use landfall_metadata::{Gone, Granted, Kind};
use landfall_model::{RecordId, Value};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::command::Assignment;
use crate::error::Error;
use crate::rows::read;

impl<'p> Planner<'p, '_> {
    /// Makes the records say what a component says: each object and field once.
    pub(crate) fn grant(&mut self, granted: &Granted) -> Result<(), Error> {
        let set = match granted.kind {
            Kind::Profile => self.profile(granted)?,
            _ => self.set(granted)?,
        };
        let Some(set) = set else {
            return Ok(());
        };
        let only = (granted.kind == Kind::Profile).then_some(&granted.mentioned);
        let objects = self.named("ObjectPermissions")?;
        self.clear(objects, set, "SobjectType", only)?;
        for (object, rights) in &granted.objects {
            let mut values = placed(
                objects,
                &[("SobjectType", text(object)), ("ParentId", Value::Id(set))],
            );
            let rights = rights.iter().map(|right| (*right, Value::Boolean(true)));
            values.extend(placed(objects, &rights.collect::<Vec<_>>()));
            self.make(objects, values)?;
        }
        let fields = self.named("FieldPermissions")?;
        self.clear(fields, set, "Field", only)?;
        for (field, editable) in &granted.fields {
            let values = [
                (
                    "SobjectType",
                    text(field.split('.').next().unwrap_or_default()),
                ),
                ("Field", text(field)),
                ("ParentId", Value::Id(set)),
                ("PermissionsRead", Value::Boolean(true)),
                ("PermissionsEdit", Value::Boolean(*editable)),
            ];
            self.make(fields, placed(fields, &values))?;
        }
        Ok(())
    }

    /// Removes all permissions for what is deleted, from every permission set.
    pub(crate) fn revoke(&mut self, gone: &Gone) -> Result<(), Error> {
        for name in gone.names() {
            if name.contains('.') {
                self.revoke_where("FieldPermissions", "Field", name)?;
            } else {
                self.revoke_where("ObjectPermissions", "SobjectType", name)?;
                self.revoke_where("FieldPermissions", "SobjectType", name)?;
            }
        }
        Ok(())
    }

    fn revoke_where(&mut self, object: &str, field: &str, name: &str) -> Result<(), Error> {
        let object = self.named(object)?;
        let Some(place) = object.entity.index_of(field) else {
            return Ok(());
        };
        let rows = self
            .workspace
            .live_where(object, place, &text(name), usize::MAX)?;
        for (id, _) in rows {
            self.workspace.forget(&object.entity, id);
        }
        Ok(())
    }

    /// Takes away a permission set whose component is gone. Profiles stay, since users have them.
    pub(crate) fn ungrant(&mut self, name: &str) -> Result<(), Error> {
        let sets = self.named("PermissionSet")?;
        match self.found(sets, "Name", name)? {
            Some(set) => self.delete(sets, set).map(drop),
            None => Ok(()),
        }
    }

    fn set(&mut self, granted: &Granted) -> Result<Option<RecordId>, Error> {
        let sets = self.named("PermissionSet")?;
        let description = granted.description.as_deref().map_or(Value::Null, text);
        let said = [
            ("Label", text(&granted.label)),
            ("Description", description),
        ];
        let mut values = placed(sets, &said);
        // What a permission set does not name it does not grant.
        let all = sets.entity.fields.iter().map(|field| field.name.as_str());
        let all = all.filter(|name| name.starts_with("Permissions"));
        for name in all.filter(|name| *name != "PermissionSetGroupId") {
            let granted = granted
                .system
                .iter()
                .any(|(given, on)| given == name && *on);
            values.extend(placed(sets, &[(name, Value::Boolean(granted))]));
        }
        if let Some(set) = self.found(sets, "Name", &granted.record)? {
            return Ok(Some(self.update(sets, set, values, None)?.id));
        }
        values.extend(placed(sets, &[("Name", text(&granted.record))]));
        Ok(Some(self.create(sets, values)?.id))
    }

    /// The permission set of a profile.
    fn profile(&mut self, granted: &Granted) -> Result<Option<RecordId>, Error> {
        let profiles = self.named("Profile")?;
        let system = granted.system.iter();
        let system: Vec<(&str, Value)> = system
            .map(|(name, on)| (name.as_str(), Value::Boolean(*on)))
            .collect();
        let mut values = placed(profiles, &system);
        let known = self.found(profiles, "Name", &granted.record)?;
        let profile = if let Some(profile) = known {
            self.update(profiles, profile, values, None)?.id
        } else {
            values.extend(placed(profiles, &[("Name", text(&granted.record))]));
            self.create(profiles, values)?.id
        };
        Ok(self.owned_set(profile)?.map(|(_, set, _)| set))
    }

    /// Deletes what a set grants: all of it, or only what is mentioned.
    fn clear(
        &mut self,
        object: &'p Blueprint,
        set: RecordId,
        field: &str,
        only: Option<&BTreeSet<String>>,
    ) -> Result<(), Error> {
        let Some(parent) = object.entity.index_of("ParentId") else {
            return Ok(());
        };
        let rows = self
            .workspace
            .live_where(object, parent, &Value::Id(set), usize::MAX)?;
        for (id, row) in rows {
            let name = read(&row, object.entity.index_of(field)).as_text();
            let mentioned = |only: &BTreeSet<String>| name.is_some_and(|name| only.contains(name));
            if only.is_none_or(mentioned) {
                self.workspace.forget(&object.entity, id);
            }
        }
        Ok(())
    }

    /// The record with this name.
    fn found(
        &mut self,
        object: &Blueprint,
        field: &str,
        name: &str,
    ) -> Result<Option<RecordId>, Error> {
        let Some(place) = object.entity.index_of(field) else {
            return Ok(None);
        };
        let found = self.workspace.live_where(object, place, &text(name), 1)?;
        Ok(found.first().map(|(id, _)| *id))
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// Values by the places of their fields.
fn placed(object: &Blueprint, values: &[(&str, Value)]) -> Vec<Assignment> {
    let values = values.iter();
    let place =
        |(name, value): &(&str, Value)| Some((object.entity.index_of(name)?, value.clone()));
    values.filter_map(place).collect()
}

//! The union of what permission sets grant, read from their rows.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use landfall_metadata::Kind;
use landfall_model::{
    Catalog, EntityDefinition, EventReaders, FieldDefinition, FieldName, PersonType,
    PlatformEventDefinition, RecordId, RecordType, Row, SecuredBy, Value,
};
use landfall_store::{Lookup, Reads};

use crate::definitions::Definitions;
use crate::object_access::{ObjectAccess, ungranted};
use crate::permissions::Permissions;

use super::withheld::Withheld;

/// What may be done with a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct FieldAccess {
    pub(super) read: bool,
    pub(super) edit: bool,
}

impl FieldAccess {
    const ALL: Self = Self {
        read: true,
        edit: true,
    };
}

/// What several permission sets grant together. Names are in lower case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Grants {
    pub(super) permissions: Permissions,
    objects: HashMap<String, ObjectAccess>,
    /// By `object.field`.
    fields: HashMap<String, FieldAccess>,
    /// Visible record types by full name, and whether new records have them.
    record_types: HashMap<String, Defaults>,
    /// Custom permissions by name.
    custom_permissions: Arc<BTreeSet<String>>,
    /// What they do not see all the same.
    pub(super) withheld: Withheld,
}

/// Whether new records have a record type: those that are person accounts, and all.
#[derive(Clone, Copy, Debug, Default)]
struct Defaults {
    all: bool,
    persons: bool,
}

impl Grants {
    /// Reads what the sets grant.
    pub(super) fn read(
        reads: &dyn Reads,
        definitions: &Definitions,
        sets: &[RecordId],
    ) -> landfall_store::Result<Self> {
        let mut grants = Self::default();
        let catalog = definitions.catalog();
        let Some(entity) = catalog.entity("PermissionSet") else {
            return Ok(grants);
        };
        let rows: Vec<_> = sets.iter().map(|set| (&**entity, *set)).collect();
        for row in reads.rows(&rows)?.into_iter().flatten() {
            grants.permissions.add(entity, &row);
            grants.add_visible(definitions, &Named { entity, row });
        }
        for row in of_parents(reads, catalog, "ObjectPermissions", sets)? {
            grants.add_object(&row);
        }
        for row in of_parents(reads, catalog, "FieldPermissions", sets)? {
            grants.add_field(&row);
        }
        Ok(grants)
    }

    /// The same without what a fault hides.
    pub(super) fn withholding(&self, withheld: Withheld) -> Self {
        Self {
            withheld,
            ..self.clone()
        }
    }

    /// Adds the record types and custom permissions of a set.
    fn add_visible(&mut self, definitions: &Definitions, set: &Named<'_>) {
        // The set of a profile has the profile's name as its label.
        let (kind, name) = if set.flag("IsOwnedByProfile") {
            (Kind::Profile, set.text("Label"))
        } else {
            (Kind::PermissionSet, set.text("Name"))
        };
        let visibilities = definitions.visibilities();
        for visible in visibilities.by(kind, name.unwrap_or_default()) {
            let default = self.record_types.entry(visible.name.clone()).or_default();
            default.all |= visible.default;
            default.persons |= visible.person_default;
        }
        let custom = visibilities.custom_permissions(kind, name.unwrap_or_default());
        let custom = custom.iter().map(|name| name.to_ascii_lowercase());
        Arc::make_mut(&mut self.custom_permissions).extend(custom);
    }

    /// The custom permissions, by name in small letters.
    pub(super) const fn custom_permissions(&self) -> &Arc<BTreeSet<String>> {
        &self.custom_permissions
    }

    /// The record types of an object, as a user with these grants has them.
    ///
    /// Source: none: who may change everything can use every active type.
    pub(super) fn record_types(&self, entity: &EntityDefinition) -> Vec<RecordType> {
        let types = entity.record_types.iter();
        types
            .map(|known| {
                let granted = self.record_types.get(&known.full_name(&entity.name));
                let visible = granted.is_some() || self.permissions.modify_all_data;
                let defaults = granted.copied().unwrap_or_default();
                RecordType {
                    available: known.active && visible,
                    default: known.active && defaults.all,
                    person: known.person.map(|_| PersonType {
                        default: known.active && defaults.persons,
                    }),
                    ..known.clone()
                }
            })
            .collect()
    }

    fn add_object(&mut self, row: &Named<'_>) {
        let Some(object) = row.text("SobjectType") else {
            return;
        };
        let known = self.objects.entry(object.to_ascii_lowercase()).or_default();
        *known = known.and(ObjectAccess {
            read: row.flag("PermissionsRead"),
            create: row.flag("PermissionsCreate"),
            edit: row.flag("PermissionsEdit"),
            delete: row.flag("PermissionsDelete"),
            view_all: row.flag("PermissionsViewAllRecords"),
            modify_all: row.flag("PermissionsModifyAllRecords"),
            view_all_fields: row.flag("PermissionsViewAllFields"),
        });
    }

    fn add_field(&mut self, row: &Named<'_>) {
        let Some(field) = row.text("Field") else {
            return;
        };
        let known = self.fields.entry(field.to_ascii_lowercase()).or_default();
        known.read |= row.flag("PermissionsRead");
        known.edit |= row.flag("PermissionsEdit");
    }

    /// What they allow with an object.
    pub(super) fn object(&self, entity: &EntityDefinition) -> ObjectAccess {
        if self.withheld.has_object(entity.name.as_str()) {
            return ObjectAccess::default();
        }
        let secured = entity.secured_by();
        match (secured, &entity.traits.controlled_by) {
            (SecuredBy::ObjectPermissions, _) => self.granted(entity.name.as_str()),
            (SecuredBy::Parent, Some(parent)) => {
                let access = self.granted(parent.as_str());
                if self.reads_all(parent.as_str(), access, &entity.traits.holds) {
                    access.of_details()
                } else {
                    ObjectAccess::default()
                }
            }
            _ => ungranted(secured, self.permissions),
        }
    }

    /// Whether they allow to read all of these fields of an object, which field permissions decide about.
    fn reads_all(&self, object: &str, access: ObjectAccess, fields: &[FieldName]) -> bool {
        let reads = |field: &FieldName| {
            let name = format!("{object}.{field}").to_ascii_lowercase();
            self.fields.get(&name).is_some_and(|granted| granted.read)
        };
        self.permissions.modify_all_data || access.view_all_fields || fields.iter().all(reads)
    }

    /// What they allow with a platform event: reading is subscribing, creating is publishing.
    pub(super) fn event(&self, event: &PlatformEventDefinition) -> ObjectAccess {
        let permissions = self.permissions;
        let read = match event.standard {
            None => return self.granted(event.name.as_str()),
            Some(EventReaders::Everybody) => true,
            Some(EventReaders::Customizers) => permissions.customize_application,
            Some(EventReaders::Monitors) => permissions.view_event_monitoring,
        };
        ObjectAccess {
            read,
            // Events of the service are published by the service only: the definition of the event says so.
            create: read,
            ..ObjectAccess::default()
        }
    }

    fn granted(&self, name: &str) -> ObjectAccess {
        if self.withheld.has_object(name) {
            return ObjectAccess::default();
        }
        if self.permissions.modify_all_data {
            return ObjectAccess::ALL;
        }
        let granted = self.objects.get(&name.to_ascii_lowercase());
        let granted = granted.copied().unwrap_or_default();
        granted.and(ObjectAccess {
            read: self.permissions.view_all_data,
            view_all: self.permissions.view_all_data || granted.modify_all,
            ..ObjectAccess::default()
        })
    }

    /// What they allow with a field. A component goes with its compound.
    pub(super) fn field(&self, entity: &EntityDefinition, field: &FieldDefinition) -> FieldAccess {
        let whole = field.compound.as_ref();
        let whole = whole.and_then(|whole| entity.field(whole.as_str()));
        let field = whole.map_or(field, |(_, whole)| whole);
        if self.withheld.has_field(entity, field) {
            return FieldAccess::default();
        }
        // Source: none: who may change everything sees everything, also what nobody was granted yet.
        if self.permissions.modify_all_data {
            return FieldAccess::ALL;
        }
        if !entity.secures(field) {
            return FieldAccess::ALL;
        }
        // Source: "Person Account Record Types" (SOAP API Developer Guide).
        let name = match &field.contact_field {
            Some(of_contact) => format!("Contact.{of_contact}"),
            None => format!("{}.{}", entity.name, field.name),
        };
        let granted = self
            .fields
            .get(&name.to_ascii_lowercase())
            .copied()
            .unwrap_or_default();
        FieldAccess {
            read: granted.read || self.object(entity).view_all_fields,
            edit: granted.edit,
        }
    }
}

/// A row whose values are asked for by name.
struct Named<'e> {
    entity: &'e EntityDefinition,
    row: Row,
}

impl Named<'_> {
    fn value(&self, field: &str) -> Option<&Value> {
        self.row.get(self.entity.index_of(field)?)
    }

    fn flag(&self, field: &str) -> bool {
        let value = self.value(field);
        value.and_then(Value::as_bool).unwrap_or_default()
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.value(field)?.as_text()
    }
}

/// The rows of an object that belong to permission sets.
fn of_parents<'c>(
    reads: &dyn Reads,
    catalog: &'c Catalog,
    object: &str,
    sets: &[RecordId],
) -> landfall_store::Result<Vec<Named<'c>>> {
    let Some(entity) = catalog.entity(object) else {
        return Ok(Vec::new());
    };
    let Some(field) = entity.index_of("ParentId") else {
        return Ok(Vec::new());
    };
    let sets: Vec<Value> = sets.iter().map(|set| Value::Id(*set)).collect();
    let lookups = sets.iter().map(|value| Lookup {
        entity,
        field,
        value,
        limit: usize::MAX,
    });
    let rows = reads.matching(&lookups.collect::<Vec<_>>())?;
    let rows = rows.into_iter().flatten();
    Ok(rows.map(|row| Named { entity, row }).collect())
}

//! Permission sets and profiles: what they grant.
//!
//! Source: "`PermissionSet`", "`Profile`" (Metadata API Developer Guide).

use std::collections::BTreeSet;

use landfall_model::{Catalog, FieldDefinition, FieldType, SecuredBy};

use crate::absent::{Absence, Absent};
use crate::gather::Single;
use crate::names;
use crate::problem::Report;
use crate::project::Kind;
use crate::read::brief;
use crate::record_type::RecordType;
use crate::xml::Element;

/// The names of rights for objects in files, and as fields of the object `ObjectPermissions`.
const RIGHTS: [(&str, &str); 7] = [
    ("allowCreate", "PermissionsCreate"),
    ("allowDelete", "PermissionsDelete"),
    ("allowEdit", "PermissionsEdit"),
    ("allowRead", "PermissionsRead"),
    ("modifyAllRecords", "PermissionsModifyAllRecords"),
    ("viewAllFields", "PermissionsViewAllFields"),
    ("viewAllRecords", "PermissionsViewAllRecords"),
];

/// The rights that platform events have.
const OF_EVENTS: [&str; 2] = ["PermissionsCreate", "PermissionsRead"];

/// Files of the profiles that every org has are named otherwise than the profiles. Source: retrieved profiles of many
/// projects.
const PROFILE_FILES: [(&str, &str); 3] = [
    ("Admin", "System Administrator"),
    ("Standard", "Standard User"),
    ("ReadOnly", "Read Only"),
];

/// What a permission set or a profile grants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// [`Kind::PermissionSet`] or [`Kind::Profile`].
    pub kind: Kind,
    /// The name of the component.
    pub name: String,
    /// The name of the record: of a profile, what people see.
    pub record: String,
    /// What people see.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Rights for objects and platform events, by the fields of `ObjectPermissions`.
    pub objects: Vec<(String, Vec<&'static str>)>,
    /// Fields as `Account.Phone`, and whether they may be edited. Those that may not be read are not here.
    pub fields: Vec<(String, bool)>,
    /// Permissions of the system by their fields, such as `PermissionsViewAllData`, and whether they are granted.
    pub system: Vec<(String, bool)>,
    /// Record types that are visible.
    pub record_types: Vec<RecordTypeVisibility>,
    /// Custom permissions by name.
    pub custom_permissions: Vec<String>,
    /// Objects and fields that are spoken of, those of which nothing is granted included.
    pub mentioned: BTreeSet<String>,
}

/// A record type that users can give to records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordTypeVisibility {
    /// Its full name, such as `Account.Retail`.
    pub name: String,
    /// Whether the records that they create have it unless they say otherwise: profiles only.
    pub default: bool,
    /// The same for person accounts.
    pub person_default: bool,
}

/// What can be granted.
pub(crate) struct Known<'k> {
    pub(crate) catalog: &'k Catalog,
    pub(crate) record_types: &'k [RecordType],
    pub(crate) absent: &'k Absent,
}

/// Reads a permission set or a profile.
pub(crate) fn granted(
    source: &Single,
    kind: Kind,
    known: &Known<'_>,
    report: &mut Report,
) -> Option<Granted> {
    let element = &source.element;
    if kind == Kind::PermissionSet && source.name.contains("__") {
        let name = brief(&source.name);
        let reason = format!("the permission set {name} belongs to a package: it is left out");
        report.inapplicable(&element.at, reason);
        return None;
    }
    let label = match kind {
        Kind::Profile => profile_name(&source.name).to_owned(),
        _ => element.required("label", report)?.to_owned(),
    };
    let mut granted = Granted {
        kind,
        name: source.name.clone(),
        record: match kind {
            Kind::Profile => label.clone(),
            _ => source.name.clone(),
        },
        label,
        description: element.text("description", report).map(str::to_owned),
        objects: Vec::new(),
        fields: Vec::new(),
        system: Vec::new(),
        record_types: Vec::new(),
        custom_permissions: Vec::new(),
        mentioned: BTreeSet::new(),
    };
    for object in element.all("objectPermissions") {
        granted.object(object, known, report);
    }
    for field in element.all("fieldPermissions") {
        granted.field(field, known, report);
    }
    for permission in element.all("userPermissions") {
        granted.permission(permission, known.catalog, report);
    }
    for visibility in element.all("recordTypeVisibilities") {
        granted.record_type(visibility, known, report);
    }
    for permission in element.all("customPermissions") {
        let enabled = permission.flag("enabled", report);
        let name = permission.required("name", report);
        let name = name.filter(|_| enabled == Some(true));
        granted.custom_permissions.extend(name.map(str::to_owned));
    }
    Some(granted)
}

/// The name of the profile that a file is of.
pub fn profile_name(file: &str) -> &str {
    let known = PROFILE_FILES.iter().find(|(name, _)| *name == file);
    known.map_or(file, |(_, profile)| profile)
}

impl Granted {
    fn object(&mut self, element: &Element, known: &Known<'_>, report: &mut Report) {
        let Some(name) = element.required("object", report) else {
            return;
        };
        let catalog = known.catalog;
        let entity = catalog.entity(name).map(|entity| &entity.name);
        let event = catalog.platform_event(name).map(|event| &event.name);
        let Some(found) = entity.or(event) else {
            self.not_here(name, "object", element, known.absent, report);
            return;
        };
        let is_grantable = catalog
            .entity(name)
            .is_none_or(|entity| entity.secured_by() == SecuredBy::ObjectPermissions)
            && catalog
                .platform_event(name)
                .is_none_or(|event| event.standard.is_none());
        if !is_grantable {
            let reason = format!(
                "{found} is left out of {}: no object permissions decide about it",
                self.name
            );
            report.warning(&element.at, reason);
            return;
        }
        let mut rights = Vec::new();
        for (file, field) in RIGHTS {
            if element.flag(file, report) != Some(true) {
                continue;
            }
            if entity.is_none() && !OF_EVENTS.contains(&field) {
                let reason = format!("{found} is a platform event: {file} is left out");
                report.warning(&element.at, reason);
                continue;
            }
            rights.push(field);
        }
        if !self.mention(found.as_str(), element, report) {
            return;
        }
        if !rights.is_empty() {
            self.objects.push((found.to_string(), rights));
        }
    }

    /// Notes that an object or field is spoken of; says whether it is the first time. Of several lines the first counts.
    fn mention(&mut self, name: &str, element: &Element, report: &mut Report) -> bool {
        let is_new = self.mentioned.insert(name.to_owned());
        if !is_new {
            let reason = format!("{name} is there twice in {}", self.name);
            report.inapplicable(&element.at, reason);
        }
        is_new
    }

    fn field(&mut self, element: &Element, known: &Known<'_>, report: &mut Report) {
        let Some(name) = element.required("field", report) else {
            return;
        };
        let Some((object, field)) = name.split_once('.') else {
            let reason = format!("'{}' is not a field: Object.Field", brief(name));
            report.problem(&element.at, reason);
            return;
        };
        let catalog = known.catalog;
        let Some(entity) = catalog.entity(object) else {
            // Events have no field permissions.
            if catalog.platform_event(object).is_none() {
                self.not_here(object, "field", element, known.absent, report);
            }
            return;
        };
        let Some((_, field)) = entity.field(field) else {
            let reason = format!(
                "In field: field - no CustomField named {} found",
                brief(name)
            );
            let parts = names::custom(field);
            let is_own = parts.is_some_and(|parts| parts.namespace.is_none());
            if is_own {
                report.inapplicable(&element.at, reason);
            } else {
                report.warning(&element.at, reason);
            }
            return;
        };
        let name = format!("{}.{}", entity.name, field.name);
        if !field.permissionable() {
            let reason = format!("You cannot deploy to a required field: {name}");
            if is_required(field) {
                report.inapplicable(&element.at, reason);
            }
            return;
        }
        if !entity.secures(field) {
            let reason = format!(
                "{name} is left out of {}: no field permissions decide about it",
                self.name
            );
            report.warning(&element.at, reason);
            return;
        }
        let editable = element.flag("editable", report).unwrap_or_default();
        let readable = element.flag("readable", report).unwrap_or_default();
        if !self.mention(&name, element, report) {
            return;
        }
        if readable || editable {
            self.fields.push((name, editable));
        }
    }

    fn permission(&mut self, element: &Element, catalog: &Catalog, report: &mut Report) {
        let enabled = element.flag("enabled", report);
        let (Some(name), Some(enabled)) = (element.required("name", report), enabled) else {
            return;
        };
        let field = format!("Permissions{name}");
        let sets = catalog.entity("PermissionSet");
        if sets.is_some_and(|sets| sets.field(&field).is_some()) {
            self.system.push((field, enabled));
        } else {
            let reason = format!("the permission {} is left out: it is not here", brief(name));
            report.warning(&element.at, reason);
        }
    }

    /// Lines for inactive types are not deployed.
    fn record_type(&mut self, element: &Element, known: &Known<'_>, report: &mut Report) {
        let Some(name) = element.required("recordType", report) else {
            return;
        };
        let visible = element.flag("visible", report).unwrap_or_default();
        let default = element.flag("default", report).unwrap_or_default();
        let person_default = element.flag("personAccountDefault", report);
        let person_default = person_default.unwrap_or_default();
        let mut types = known.record_types.iter();
        let found = types.find(|known| known.full_name().eq_ignore_ascii_case(name));
        let Some(found) = found else {
            let object = name.split_once('.').map_or(name, |(object, _)| object);
            if known.catalog.entity(object).is_none() {
                self.not_here(object, "recordType", element, known.absent, report);
                return;
            }
            let reason = format!(
                "In field: recordType - no RecordType named {} found",
                brief(name)
            );
            report.inapplicable(&element.at, reason);
            return;
        };
        if visible && found.active {
            self.record_types.push(RecordTypeVisibility {
                name: found.full_name(),
                default: default && self.kind == Kind::Profile,
                person_default: person_default && self.kind == Kind::Profile,
            });
        }
    }

    fn not_here(
        &self,
        object: &str,
        what: &str,
        element: &Element,
        absent: &Absent,
        report: &mut Report,
    ) {
        match absent.object(object) {
            Absence::Elsewhere => {
                let reason = format!(
                    "{} is left out of {}: it is not here",
                    brief(object),
                    self.name
                );
                report.warning(&element.at, reason);
            }
            Absence::Broken => {}
            Absence::Unknown => {
                let reason = format!(
                    "In field: {what} - no CustomObject named {} found",
                    brief(object)
                );
                report.inapplicable(&element.at, reason);
            }
        }
    }
}

/// Whether permission sets cannot name a field in an org: it must have a value, and clients set it. Fields that have one
/// always, such as checkboxes, auto numbers and computed fields, can be named.
fn is_required(field: &FieldDefinition) -> bool {
    field.required_on_create() && field.field_type != FieldType::Boolean
}

//! Custom metadata: types, which are objects whose records are components, and those records.
//!
//! Source: "`CustomMetadata`", "`CustomObject`" (Metadata API Developer Guide); "Custom Metadata `Type__mdt`" (Object
//! Reference).

use std::collections::{BTreeMap, BTreeSet};

use landfall_formula::{Constant, Datum};
use landfall_model::{
    Capabilities, Catalog, CustomKind, EntityDefinition, EntityName, FieldDefinition, FieldName,
    FieldType, KeyPrefix, ObjectTraits, Value,
};
use landfall_wire::values;

use crate::absent::{Absence, Absent};
use crate::blank;
use crate::field::DeclaredField;
use crate::gather::{ObjectSource, Single, Sources};
use crate::names;
use crate::object;
use crate::problem::Report;
use crate::project::Kind;
use crate::read::brief;
use crate::value_name::decoded;
use crate::xml::Element;

/// How the names of types end. Components leave it out.
const SUFFIX: &str = "__mdt";

/// A record of a custom metadata type.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomMetadataRecord {
    /// The type: `Conf__mdt`.
    pub entity: EntityName,
    /// Developer name.
    pub developer_name: String,
    /// What people see.
    pub label: String,
    /// Its values that are not null. That of a metadata relationship is the developer name of the other record.
    pub values: Vec<(FieldName, Value)>,
}

impl CustomMetadataRecord {
    /// The name of the component: `Conf.Main`.
    pub fn full_name(&self) -> String {
        full_name(self.entity.as_str(), &self.developer_name)
    }
}

/// The name of the component that is a record of a type.
pub fn full_name(entity: &str, developer_name: &str) -> String {
    let base = entity.strip_suffix(SUFFIX).unwrap_or(entity);
    format!("{base}.{developer_name}")
}

/// Puts a custom metadata type together.
pub(crate) fn define(
    source: &ObjectSource,
    element: &Element,
    declared: &[DeclaredField],
    key_prefix: KeyPrefix,
    report: &mut Report,
) -> EntityDefinition {
    let label = object::label(&source.name, element, report);
    let plural = element.text("pluralLabel", report);
    let plural = plural.map_or_else(|| label.clone(), str::to_owned);
    let visibilities = ["Public", "Protected", "PackageProtected"].map(|word| (word, ()));
    element.choice("visibility", &visibilities, report);
    let capabilities = Capabilities {
        queryable: true,
        retrieveable: true,
        ..Capabilities::default()
    };
    let mut entity = EntityDefinition::new(
        EntityName::new(source.name.as_str()),
        (label, plural),
        key_prefix,
        true,
        capabilities,
        blank::custom_metadata(),
        Vec::new(),
        None,
    )
    .with_traits(ObjectTraits {
        custom_kind: CustomKind::Metadata,
        ..ObjectTraits::default()
    });
    object::add_fields(&mut entity, declared);
    // Nobody writes them but deployments.
    for field in &mut entity.fields {
        field.createable = false;
        field.updateable = false;
        field.in_change_event = false;
    }
    entity
}

/// The records of all types.
pub(crate) fn records(
    sources: &Sources,
    catalog: &Catalog,
    absent: &Absent,
    report: &mut Report,
) -> Vec<CustomMetadataRecord> {
    let singles = sources.singles(Kind::CustomMetadata);
    let records = singles.filter_map(|single| record(single, catalog, absent, report));
    let records: Vec<_> = records.collect();
    let known: BTreeSet<String> = records.iter().map(lower_name).collect();
    // What a relationship names has to be there.
    for single in sources.singles(Kind::CustomMetadata) {
        let found = records.iter().find(|record| is_of(record, single));
        let related = found
            .into_iter()
            .flat_map(|record| related(record, catalog));
        for (field, target, name) in related {
            if !known.contains(&full_name(target, name).to_ascii_lowercase()) {
                let reason = format!(
                    "{}: there is no record {} of {target}: {field} is empty",
                    single.name,
                    brief(name)
                );
                report.warning(&single.element.at, reason);
            }
        }
    }
    records
}

fn lower_name(record: &CustomMetadataRecord) -> String {
    record.full_name().to_ascii_lowercase()
}

fn is_of(record: &CustomMetadataRecord, single: &Single) -> bool {
    record
        .full_name()
        .eq_ignore_ascii_case(&decoded(&single.name))
}

/// The relationships of a record: field, type of the other record and its developer name.
fn related<'r>(
    record: &'r CustomMetadataRecord,
    catalog: &'r Catalog,
) -> impl Iterator<Item = (&'r FieldName, &'r str, &'r str)> {
    let entity = catalog.entity(record.entity.as_str());
    record.values.iter().filter_map(move |(name, value)| {
        let (_, field) = entity?.field(name.as_str())?;
        let target = field.reference_to.first()?;
        Some((name, target.as_str(), value.as_text()?))
    })
}

fn record(
    single: &Single,
    catalog: &Catalog,
    absent: &Absent,
    report: &mut Report,
) -> Option<CustomMetadataRecord> {
    let name = decoded(&single.name);
    let element = &single.element;
    let Some((base, developer_name)) = name.split_once('.') else {
        let reason = format!("the name of {} has no type before a point", brief(&name));
        report.inapplicable(&element.at, reason);
        return None;
    };
    let object = format!("{base}{SUFFIX}");
    let entity = catalog.entity(&object);
    let Some(entity) = entity.filter(|entity| entity.traits.custom_kind == CustomKind::Metadata)
    else {
        match absent.object(&object) {
            Absence::Elsewhere => {
                let reason = format!("{name} is left out: the object {object} is not here");
                report.warning(&element.at, reason);
            }
            Absence::Broken => {}
            Absence::Unknown => {
                let reason = format!("In field: type - no CustomObject named {object} found");
                report.inapplicable(&element.at, reason);
            }
        }
        return None;
    };
    if names::of_package(developer_name) {
        let reason = format!("{name} is left out: it belongs to a package");
        report.warning(&element.at, reason);
        return None;
    }
    if let Some(fault) = names::fault_of_developer_name(developer_name) {
        report.inapplicable(&element.at, fault);
        return None;
    }
    let label = element.text("label", report).unwrap_or(developer_name);
    element.flag("protected", report);
    let values = values_of(element, entity, report);
    Some(CustomMetadataRecord {
        entity: entity.name.clone(),
        developer_name: developer_name.to_owned(),
        label: label.to_owned(),
        values,
    })
}

fn values_of(
    element: &Element,
    entity: &EntityDefinition,
    report: &mut Report,
) -> Vec<(FieldName, Value)> {
    let mut read: Vec<(FieldName, Value)> = Vec::new();
    for given in element.all("values") {
        let Some(name) = given.required("field", report) else {
            continue;
        };
        let field = entity.field(name).map(|(_, field)| field);
        let Some(field) = field.filter(|field| field.custom) else {
            let reason = format!(
                "In field: field - no CustomField named {}.{} found",
                entity.name,
                brief(name)
            );
            report.inapplicable(&given.at, reason);
            continue;
        };
        let text = given.one("value", report).map_or("", |value| &value.text);
        match value(text, field) {
            Some(Value::Null) => {}
            Some(value) => {
                read.retain(|(known, _)| *known != field.name);
                read.push((field.name.clone(), value));
            }
            None => {
                let reason = format!(
                    "'{}' is not a value of {}.{}",
                    brief(text),
                    entity.name,
                    field.name
                );
                report.inapplicable(&given.at, reason);
            }
        }
    }
    read
}

/// The value that a text is; none if it is none of the field's type.
fn value(text: &str, field: &FieldDefinition) -> Option<Value> {
    if field.field_type == FieldType::Reference {
        let name = text.trim();
        // Files name the record by its developer name, with the type before it or without.
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name);
        return Some(if name.is_empty() {
            Value::Null
        } else {
            Value::Text(name.to_owned())
        });
    }
    if field.field_type.is_text() {
        return Some(if text.is_empty() {
            Value::Null
        } else {
            Value::Text(text.to_owned())
        });
    }
    values::read(text, field).ok()
}

/// The values of all records as formulas name them: `$custommetadata.conf__mdt.main.max__c`.
pub(crate) fn constants(
    records: &[CustomMetadataRecord],
    catalog: &Catalog,
    constants: &mut BTreeMap<String, Constant>,
) {
    for record in records {
        let entity = catalog.entity(record.entity.as_str());
        for field in entity.into_iter().flat_map(|entity| &entity.fields) {
            let mut given = record.values.iter();
            let given = given.find(|(name, _)| *name == field.name);
            let text = |text: &str| Value::Text(text.to_owned());
            let value = match (given, field.name.as_str()) {
                (Some((_, value)), _) => value.clone(),
                (None, "DeveloperName" | "QualifiedApiName") => text(&record.developer_name),
                (None, "MasterLabel" | "Label") => text(&record.label),
                (None, _) if field.field_type == FieldType::Boolean => Value::Boolean(false),
                (None, _) => Value::Null,
            };
            let name = format!(
                "$custommetadata.{}.{}.{}",
                record.entity, record.developer_name, field.name
            );
            let constant = Constant {
                value: Datum::of(&value, field.field_type),
                field_type: field.field_type,
            };
            constants.insert(name.to_ascii_lowercase(), constant);
        }
    }
}

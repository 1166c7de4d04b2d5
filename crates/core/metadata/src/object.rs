//! Custom objects, and what a project adds to objects that are there already.
//!
//! Source: "`CustomObject`" (Metadata API Developer Guide); the order of system fields: recorded describes.

use std::collections::BTreeSet;

use landfall_model::limits::CUSTOM_FIELDS_PER_OBJECT_MAX;
use landfall_model::limits::MASTER_DETAILS_MAX;
use landfall_model::{
    Capabilities, ChangeEventDefinition, EntityDefinition, EntityName, FieldDefinition, FieldName,
    FieldType, KeyPrefix,
};

use crate::blank;
use crate::field::{self, DeclaredField, Owner};
use crate::gather::ObjectSource;
use crate::names;
use crate::number_format;
use crate::problem::Report;
use crate::value_set::GlobalValueSets;
use crate::xml::Element;

/// What an object file says beside its fields.
pub(crate) struct Heading {
    label: String,
    label_plural: String,
    name: FieldDefinition,
    /// Where the counter of the record names begins.
    pub(crate) starting_number: Option<u64>,
    controlled_by_parent: Option<bool>,
    /// Whether tasks and events can be about its records.
    pub(crate) activities: bool,
    feeds: bool,
    searchable: bool,
}

/// What people see of an object or event; its name, if its file does not say.
pub(crate) fn label(name: &str, element: &Element, report: &mut Report) -> String {
    if let Some(label) = element.text("label", report) {
        return label.to_owned();
    }
    report.inapplicable(&element.at, "Required field is missing: label");
    let base = names::custom(name).map_or(name, |parts| parts.base);
    base.replace('_', " ")
}

/// Reads what an object file says beside its fields.
pub(crate) fn heading(name: &str, element: &Element, report: &mut Report) -> Option<Heading> {
    let label = label(name, element, report);
    let label_plural = element.text("pluralLabel", report).or_else(|| {
        // Languages without a plural have none.
        report.inapplicable(&element.at, "Required field is missing: pluralLabel");
        Some(label.as_str())
    });
    let label_plural = label_plural.map(str::to_owned);
    let deployment = [("Deployed", ()), ("InDevelopment", ())];
    element.choice("deploymentStatus", &deployment, report);
    let sharing = [
        ("Private", false),
        ("Read", false),
        ("ReadSelect", false),
        ("ReadWrite", false),
        ("ReadWriteTransfer", false),
        ("FullAccess", false),
        ("ControlledByParent", true),
        ("ControlledByCampaign", false),
        ("ControlledByLeadOrContact", false),
    ];
    let controlled_by_parent = element.choice("sharingModel", &sharing, report);
    let together = ["enableSharing", "enableBulkApi", "enableStreamingApi"]
        .map(|name| element.flag(name, report));
    if together.contains(&Some(true)) && together.iter().any(|flag| *flag != Some(true)) {
        let reason = "enableSharing, enableBulkApi and enableStreamingApi are enabled together or not at all";
        report.inapplicable(&element.at, reason);
    }
    let (name, starting_number) = name_field(element, report)?;
    Some(Heading {
        label,
        label_plural: label_plural?,
        name,
        starting_number,
        controlled_by_parent,
        activities: element.flag("enableActivities", report).unwrap_or(false),
        feeds: element.flag("enableFeeds", report).unwrap_or(false),
        searchable: element.flag("enableSearch", report).unwrap_or(true),
    })
}

fn name_field(element: &Element, report: &mut Report) -> Option<(FieldDefinition, Option<u64>)> {
    let Some(declared) = element.one("nameField", report) else {
        report.inapplicable(&element.at, "Required field is missing: nameField");
        return Some((blank::name("Name"), None));
    };
    let label = declared.text("label", report).unwrap_or("Name");
    let mut field = blank::name(label);
    declared.required("type", report)?;
    let counted = declared.choice("type", &[("Text", false), ("AutoNumber", true)], report)?;
    if !counted {
        return Some((field, None));
    }
    number_format::declare(&mut field, 80, declared, report)?;
    let starting_number = number_format::starting_number(declared, report);
    Some((field, starting_number))
}

/// Reads the custom fields of an object.
pub(crate) fn fields(
    source: &ObjectSource,
    owner: Owner,
    globals: &GlobalValueSets,
    report: &mut Report,
) -> Vec<DeclaredField> {
    let mut seen = BTreeSet::new();
    let mut declared: Vec<DeclaredField> = Vec::new();
    for (given, element) in source.fields() {
        let Some(name) = field::custom_name(given, element, report) else {
            continue;
        };
        if !seen.insert(name.to_ascii_lowercase()) {
            let reason = format!("There is already a field named {name} on {}.", source.name);
            report.problem(&element.at, reason);
            continue;
        }
        if seen.len() > CUSTOM_FIELDS_PER_OBJECT_MAX {
            let reason = format!(
                "{} has more than {CUSTOM_FIELDS_PER_OBJECT_MAX} custom fields",
                source.name
            );
            report.problem(&element.at, reason);
            break;
        }
        declared.extend(field::declare(name, element, owner, globals, report));
    }
    check_masters(&declared, report);
    check_controlling(&mut declared, report);
    declared
}

fn check_masters(declared: &[DeclaredField], report: &mut Report) {
    let masters = declared.iter().filter(|field| is_master(field));
    for extra in masters.skip(MASTER_DETAILS_MAX) {
        let reason =
            format!("An object has at most {MASTER_DETAILS_MAX} master-detail relationships");
        report.problem(&extra.at, reason);
    }
}

/// A picklist can only be narrowed by a field that is there, and is narrowed by nothing otherwise; standard fields are not
/// looked for.
fn check_controlling(declared: &mut [DeclaredField], report: &mut Report) {
    let name_of = |field: &DeclaredField| field.definition.name.as_str().to_ascii_lowercase();
    let names: BTreeSet<String> = declared.iter().map(name_of).collect();
    for field in declared {
        let controller = field.definition.controller.as_ref();
        let Some(controlling) = controller.map(|controller| controller.field.as_str()) else {
            continue;
        };
        if controlling.ends_with("__c") && !names.contains(&controlling.to_ascii_lowercase()) {
            let name = &field.definition.name;
            let reason = format!("the controlling field {controlling} of {name} does not exist");
            report.inapplicable(&field.at, reason);
            field.definition.controller = None;
        }
    }
}

fn is_master(field: &DeclaredField) -> bool {
    field.link.as_ref().is_some_and(|link| link.is_master)
}

/// Puts a custom object together.
pub(crate) fn custom(
    source: &ObjectSource,
    heading: Heading,
    declared: &[DeclaredField],
    (has_record_types, has_currencies): (bool, bool),
    key_prefix: KeyPrefix,
    report: &mut Report,
) -> EntityDefinition {
    let is_detail = declared.iter().any(is_master);
    if heading
        .controlled_by_parent
        .is_some_and(|by_parent| by_parent != is_detail)
    {
        let reason = if is_detail {
            "Cannot set sharingModel to anything but ControlledByParent on a CustomObject with a \
             MasterDetail relationship field"
        } else {
            "Cannot set sharingModel to ControlledByParent on a CustomObject without a MasterDetail \
             relationship field"
        };
        report.inapplicable(&source.at, reason);
    }
    let mut fields = vec![blank::id()];
    if !is_detail {
        fields.push(blank::owner());
    }
    fields.extend([blank::is_deleted(), heading.name]);
    if has_currencies {
        fields.push(blank::currency());
    }
    if has_record_types {
        fields.push(blank::record_type());
    }
    fields.extend(blank::audit());
    if heading.activities {
        fields.push(blank::last_activity());
    }
    let captured = fields.iter().filter(|field| field.in_change_event);
    let change_event = ChangeEventDefinition {
        name: EntityName::new(change_event_name(&source.name)),
        fields: captured.map(|field| field.name.clone()).collect(),
    };
    let mut entity = EntityDefinition::new(
        EntityName::new(source.name.as_str()),
        (heading.label, heading.label_plural),
        key_prefix,
        true,
        capabilities(heading.feeds, heading.searchable),
        fields,
        Vec::new(),
        Some(change_event),
    );
    add_fields(&mut entity, declared);
    entity
}

/// `Trip__c` has the change event `Trip__ChangeEvent`.
fn change_event_name(object: &str) -> String {
    let base = object.strip_suffix("__c").unwrap_or(object);
    format!("{base}__ChangeEvent")
}

const fn capabilities(feed_enabled: bool, searchable: bool) -> Capabilities {
    Capabilities {
        createable: true,
        updateable: true,
        deletable: true,
        undeletable: true,
        mergeable: false,
        queryable: true,
        searchable,
        replicateable: true,
        retrieveable: true,
        triggerable: true,
        feed_enabled,
    }
}

/// Adds custom fields behind all others, to the object and to its change event; one that is there is replaced.
pub(crate) fn add_fields(entity: &mut EntityDefinition, declared: &[DeclaredField]) {
    for field in declared {
        let name = &field.definition.name;
        let at = entity
            .fields
            .iter()
            .position(|known| same(&known.name, name));
        let parts = field.components.iter().chain([&field.definition]).cloned();
        let end = entity.fields.len();
        let place = at.map_or(end..end, |at| at..at + 1);
        entity.fields.splice(place, parts);
        let Some(change_event) = &mut entity.change_event else {
            continue;
        };
        let listed = change_event.fields.iter().any(|known| same(known, name));
        if field.definition.in_change_event && !listed {
            change_event.fields.push(name.clone());
        } else if !field.definition.in_change_event {
            change_event.fields.retain(|known| !same(known, name));
        }
    }
}

fn same(left: &FieldName, right: &FieldName) -> bool {
    left.as_str().eq_ignore_ascii_case(right.as_str())
}

/// Gives a standard object the field of its record types, where describes have it.
///
/// Source: recorded describes of Account, Case, Opportunity, Contact, Lead, Task and Event.
pub(crate) fn add_record_type_field(entity: &mut EntityDefinition) {
    if entity
        .fields
        .iter()
        .any(|field| field.name.as_str() == "RecordTypeId")
    {
        return;
    }
    let before = entity.traits.record_type_after.as_ref();
    let before = before.map_or("Name", FieldName::as_str);
    let at = entity
        .fields
        .iter()
        .position(|field| field.name.as_str() == before)
        .map_or(1, |at| at + 1);
    let at = at.min(entity.fields.len());
    entity.fields.insert(at, blank::record_type());
    let Some(change_event) = &mut entity.change_event else {
        return;
    };
    // In the event it follows the last captured field that precedes it in the object.
    let captured = |name: &FieldName| change_event.fields.iter().position(|listed| listed == name);
    let place = entity
        .fields
        .iter()
        .take(at)
        .filter_map(|field| captured(&field.name))
        .max()
        .map_or(0, |last| last + 1);
    change_event
        .fields
        .insert(place, FieldName::new("RecordTypeId"));
}

/// Lets a reference of a shipped object lead to the records of an object.
pub(crate) fn add_target(child: &mut EntityDefinition, field: &str, object: &EntityName) {
    for found in &mut child.fields {
        let leads_there = found.reference_to.contains(object);
        if found.name.as_str() == field && found.field_type == FieldType::Reference && !leads_there
        {
            found.reference_to.push(object.clone());
            found.reference_to.sort();
        }
    }
}

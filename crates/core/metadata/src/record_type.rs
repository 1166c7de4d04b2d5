//! Record types: kinds of records of one object, and the business processes that some of them follow.
//!
//! Source: "`RecordType`", "`BusinessProcess`" (Metadata API Developer Guide).

use std::collections::BTreeSet;

use landfall_model::{
    Catalog, EntityDefinition, EntityName, FieldDefinition, FieldType, PERSON_ACCOUNT,
    PicklistSubset,
};

use crate::gather::{self, ObjectSource};
use crate::problem::{Report, SourceLine};
use crate::read::brief;
use crate::value_name::decoded;
use crate::xml::Element;

/// The objects whose record types follow a business process, and the picklist that it narrows.
const PROCESSES: [(&str, &str); 4] = [
    ("Case", "Status"),
    ("Lead", "Status"),
    ("Opportunity", "StageName"),
    ("Solution", "Status"),
];

/// The picklist that business processes of an object narrow.
fn process_field(entity: &EntityName) -> Option<&'static str> {
    let known = PROCESSES
        .iter()
        .find(|(object, _)| entity.as_str() == *object);
    known.map(|(_, field)| *field)
}

/// A record type of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordType {
    /// The object.
    pub entity: EntityName,
    /// Developer name.
    pub developer_name: String,
    /// What people see.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether new records may have it.
    pub active: bool,
    /// The name of the business process that its records follow.
    pub business_process: Option<String>,
    /// The picklists of which it offers only some values.
    pub picklists: Vec<PicklistSubset>,
    /// Whether its accounts are person accounts.
    pub person: bool,
}

impl RecordType {
    /// The name of the component: `Account.Retail`, `PersonAccount.Patient`.
    pub fn full_name(&self) -> String {
        let object = if self.person {
            PERSON_ACCOUNT
        } else {
            self.entity.as_str()
        };
        format!("{object}.{}", self.developer_name)
    }
}

/// A business process of an object: the stages or states that records of some types pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusinessProcess {
    /// The object.
    pub entity: EntityName,
    /// What people see.
    pub name: String,
    /// Its name as files have it, percent-encoded.
    file_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Whether new record types may follow it.
    pub active: bool,
    /// Its values of the object's stages or states.
    subset: Option<PicklistSubset>,
}

impl BusinessProcess {
    /// The name of the component: `Opportunity.Grants`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.entity, self.file_name)
    }
}

/// A record type as a file declares it.
pub(crate) struct DeclaredRecordType {
    at: SourceLine,
    record_type: RecordType,
    picklists: Vec<DeclaredSubset>,
}

/// The values of a picklist, or of a business process, as a file lists them.
struct DeclaredSubset {
    at: SourceLine,
    picklist: String,
    values: Vec<String>,
    default: Option<String>,
}

/// A business process as a file declares it.
pub(crate) struct DeclaredProcess {
    process: BusinessProcess,
    values: DeclaredSubset,
}

impl DeclaredRecordType {
    /// Whether its accounts are person accounts.
    pub(crate) const fn is_person(&self) -> bool {
        self.record_type.person
    }
}

/// Reads the record types of an object.
pub(crate) fn declare(
    source: &ObjectSource,
    entity: &EntityName,
    report: &mut Report,
) -> Vec<DeclaredRecordType> {
    let types = source.record_types();
    let types = gather::with_names("record type", &source.name, types, report);
    let types = types.into_iter();
    types
        .map(|(name, element)| {
            let mut declared = declared(entity, name, element, report);
            declared.record_type.person = source.name.eq_ignore_ascii_case(PERSON_ACCOUNT);
            declared
        })
        .collect()
}

fn declared(
    entity: &EntityName,
    name: &str,
    element: &Element,
    report: &mut Report,
) -> DeclaredRecordType {
    let mut picklists = Vec::new();
    for listed in element.all("picklistValues") {
        if let Some(picklist) = listed.required("picklist", report) {
            picklists.push(subset(picklist, listed, report));
        }
    }
    DeclaredRecordType {
        at: element.at.clone(),
        record_type: RecordType {
            entity: entity.clone(),
            developer_name: name.to_owned(),
            label: element.required("label", report).unwrap_or(name).to_owned(),
            description: element.text("description", report).map(str::to_owned),
            active: element.flag("active", report).unwrap_or(true),
            business_process: element.text("businessProcess", report).map(decoded),
            picklists: Vec::new(),
            person: false,
        },
        picklists,
    }
}

/// Reads the `<values>` of an element.
fn subset(picklist: &str, element: &Element, report: &mut Report) -> DeclaredSubset {
    let mut values = Vec::new();
    let mut default = None;
    for listed in element.all("values") {
        let Some(value) = listed.required("fullName", report).map(decoded) else {
            continue;
        };
        if listed.flag("default", report) == Some(true) {
            default = Some(value.clone());
        }
        values.push(value);
    }
    DeclaredSubset {
        at: element.at.clone(),
        picklist: picklist.to_owned(),
        values,
        default,
    }
}

/// Reads the business processes of an object.
pub(crate) fn declare_processes(
    source: &ObjectSource,
    entity: &EntityName,
    report: &mut Report,
) -> Vec<DeclaredProcess> {
    let mut seen = BTreeSet::new();
    let mut processes = Vec::new();
    for (given, element) in source.business_processes() {
        let Some(name) = given.or_else(|| element.required("fullName", report)) else {
            continue;
        };
        let file_name = name.to_owned();
        let name = decoded(name);
        if !seen.insert(name.to_lowercase()) {
            let reason = format!(
                "There is already a business process named {} on {}.",
                brief(&name),
                source.name
            );
            report.problem(&element.at, reason);
            continue;
        }
        let field = process_field(entity).unwrap_or_default();
        processes.push(DeclaredProcess {
            process: BusinessProcess {
                entity: entity.clone(),
                name,
                file_name,
                description: element.text("description", report).map(str::to_owned),
                active: element.flag("isActive", report).unwrap_or(true),
                subset: None,
            },
            values: subset(field, element, report),
        });
    }
    processes
}

/// The business processes with the values that their objects have.
pub(crate) fn processes(
    declared: Vec<DeclaredProcess>,
    catalog: &Catalog,
    report: &mut Report,
) -> Vec<BusinessProcess> {
    let declared = declared.into_iter();
    declared
        .filter_map(|DeclaredProcess { process, values }| {
            let entity = catalog.entity(process.entity.as_str())?;
            let subset = resolved(entity, values, report);
            Some(BusinessProcess { subset, ..process })
        })
        .collect()
}

/// The record types with the values of picklists that their objects have.
pub(crate) fn record_types(
    declared: Vec<DeclaredRecordType>,
    processes: &[BusinessProcess],
    catalog: &Catalog,
    report: &mut Report,
) -> Vec<RecordType> {
    let mut types = Vec::new();
    for DeclaredRecordType {
        at,
        mut record_type,
        picklists,
    } in declared
    {
        let Some(entity) = catalog.entity(record_type.entity.as_str()) else {
            continue;
        };
        for declared in picklists {
            let subset = resolved(entity, declared, report);
            record_type.picklists.extend(subset);
        }
        let process = process(&at, &mut record_type, processes, report);
        let subset = process.and_then(|process| process.subset.clone());
        record_type.picklists.extend(subset);
        types.push(record_type);
    }
    types
}

/// The business process that a record type follows.
fn process<'p>(
    at: &SourceLine,
    record_type: &mut RecordType,
    processes: &'p [BusinessProcess],
    report: &mut Report,
) -> Option<&'p BusinessProcess> {
    let Some(name) = &record_type.business_process else {
        if process_field(&record_type.entity).is_some() {
            report.inapplicable(at, "Required field is missing: businessProcess");
        }
        return None;
    };
    let mut known = processes.iter();
    let known = known.find(|process| {
        process.entity == record_type.entity && process.name.eq_ignore_ascii_case(name)
    });
    if known.is_none() {
        let reason = format!(
            "In field: businessProcess - no BusinessProcess named {}.{} found",
            record_type.entity,
            brief(name)
        );
        report.inapplicable(at, reason);
        record_type.business_process = None;
    }
    known
}

/// The picklist that a record type names: the salutation of a person by the compound that it belongs to, `Name`.
fn picklist_of<'e>(entity: &'e EntityDefinition, name: &str) -> Option<&'e FieldDefinition> {
    use FieldType::{Combobox, MultiPicklist, Picklist};
    let is_picklist =
        |field: &FieldDefinition| matches!(field.field_type, Combobox | MultiPicklist | Picklist);
    let field = entity.field(name).map(|(_, field)| field);
    field.filter(|field| is_picklist(field)).or_else(|| {
        let mut fields = entity.fields.iter();
        fields.find(|field| {
            let compound = field.compound.as_ref();
            is_picklist(field)
                && compound.is_some_and(|compound| compound.as_str().eq_ignore_ascii_case(name))
        })
    })
}

/// The values that the picklist has; the first that it has not is reported.
fn resolved(
    entity: &EntityDefinition,
    declared: DeclaredSubset,
    report: &mut Report,
) -> Option<PicklistSubset> {
    let picklist = declared.picklist.as_str();
    let field = picklist_of(entity, picklist);
    let Some(field) = field else {
        let reason = format!(
            "In field: picklist - no CustomField named {}.{} found",
            entity.name,
            brief(picklist)
        );
        report.inapplicable(&declared.at, reason);
        return None;
    };
    let known = |value: &String| field.picklist.iter().any(|entry| entry.value == *value);
    if let Some(unknown) = declared.values.iter().find(|value| !known(value)) {
        let reason = format!(
            "Picklist value: {} in picklist: {} not found",
            brief(unknown),
            field.name
        );
        report.inapplicable(&declared.at, reason);
    }
    Some(PicklistSubset {
        field: field.name.clone(),
        values: declared.values.into_iter().filter(known).collect(),
        default: declared.default.filter(known),
    })
}

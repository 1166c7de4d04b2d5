//! Lists of values: those of one field, global ones, and those of standard fields.
//!
//! Source: "`ValueSet`", "`GlobalValueSet`" and "`StandardValueSet`" (Metadata API Developer Guide).

use std::collections::{BTreeMap, BTreeSet};

use landfall_model::limits::PICKLIST_VALUE_CHARACTERS_MAX;
use landfall_model::{
    EntityDefinition, FieldName, PicklistController, PicklistValue, ValueMeaning,
};

use crate::problem::Report;
use crate::read::brief;
use crate::xml::Element;

/// The global value sets of a project by name, in lower case.
#[derive(Debug, Default)]
pub(crate) struct GlobalValueSets {
    by_name: BTreeMap<String, Vec<PicklistValue>>,
}

impl GlobalValueSets {
    /// Adds the set that a file declares.
    pub(crate) fn add(&mut self, name: &str, element: &Element, report: &mut Report) {
        element.required("masterLabel", report);
        let values = values(element, "customValue", report);
        self.by_name.insert(name.to_ascii_lowercase(), values);
    }
}

/// The values that a field may have.
pub(crate) struct Allowed {
    pub(crate) values: Vec<PicklistValue>,
    /// Whether it may have no others.
    pub(crate) restricted: bool,
    /// The field whose value narrows the list.
    pub(crate) controller: Option<PicklistController>,
}

/// The `<valueSet>` of a picklist; until 37.0 it was its `<picklist>`.
pub(crate) fn of_field(
    field: &Element,
    globals: &GlobalValueSets,
    report: &mut Report,
) -> Option<Allowed> {
    if let Some(earlier) = field.one("picklist", report) {
        return Some(Allowed {
            values: values(earlier, "picklistValues", report),
            restricted: earlier.flag("restrictedPicklist", report).unwrap_or(false),
            controller: controller_of_37(earlier, report),
        });
    }
    let Some(set) = field.one("valueSet", report) else {
        report.problem(&field.at, "Required field is missing: valueSet");
        return None;
    };
    let controller = controller(set, report);
    let restricted = set.flag("restricted", report);
    if let Some(name) = set.text("valueSetName", report) {
        let Some(values) = globals.by_name.get(&name.to_ascii_lowercase()) else {
            let reason = format!(
                "the global value set '{}' is not part of the project",
                brief(name)
            );
            report.inapplicable(&set.at, reason);
            return Some(Allowed {
                values: Vec::new(),
                restricted: false,
                controller,
            });
        };
        return Some(Allowed {
            values: values.clone(),
            // Source: "`ValueSet`" (Metadata API Developer Guide), `valueSetName`: such a picklist is always restricted.
            restricted: true,
            controller,
        });
    }
    let Some(definition) = set.one("valueSetDefinition", report) else {
        report.problem(
            &set.at,
            "Required field is missing: valueSetDefinition or valueSetName",
        );
        return None;
    };
    Some(Allowed {
        values: values(definition, "value", report),
        restricted: restricted.unwrap_or(false),
        controller,
    })
}

/// The field that narrows a list, and the values that it offers.
fn controller(set: &Element, report: &mut Report) -> Option<PicklistController> {
    let field = set.text("controllingField", report)?;
    let mut offered = Vec::new();
    for setting in set.all("valueSettings") {
        if let Some(value) = setting.required("valueName", report) {
            offered.push((value.to_owned(), controlling_values(setting)));
        }
    }
    Some(PicklistController {
        field: FieldName::new(field),
        offered,
    })
}

/// The same as files up to API version 37.0 have it.
fn controller_of_37(picklist: &Element, report: &mut Report) -> Option<PicklistController> {
    let field = picklist.text("controllingField", report)?;
    let mut offered = Vec::new();
    for listed in picklist.all("picklistValues") {
        if let Some(value) = listed.text("fullName", report) {
            let mut of = Vec::new();
            of.extend(
                listed
                    .all("controllingFieldValues")
                    .map(|value| value.text.trim().to_owned()),
            );
            offered.push((value.to_owned(), of));
        }
    }
    Some(PicklistController {
        field: FieldName::new(field),
        offered,
    })
}

fn controlling_values(setting: &Element) -> Vec<String> {
    let values = setting.all("controllingFieldValue");
    values.map(|value| value.text.trim().to_owned()).collect()
}

/// The values listed in an element, by the name that each has there.
fn values(element: &Element, entry: &str, report: &mut Report) -> Vec<PicklistValue> {
    let sorted = element.flag("sorted", report).unwrap_or(false);
    let mut seen = BTreeSet::new();
    let mut values = Vec::new();
    let mut default = None;
    for listed in element.all(entry) {
        let Some(value) = listed.required("fullName", report) else {
            continue;
        };
        if value.chars().count() > PICKLIST_VALUE_CHARACTERS_MAX {
            let reason =
                format!("a value has more than {PICKLIST_VALUE_CHARACTERS_MAX} characters");
            report.problem(&listed.at, reason);
        }
        if !seen.insert(value.to_lowercase()) {
            let reason = format!("the value '{}' is there twice", brief(value));
            report.inapplicable(&listed.at, reason);
            continue;
        }
        let is_default = listed.flag("default", report).unwrap_or(false);
        if is_default && default.replace(value).is_some() {
            report.problem(&listed.at, "a list of values has one default only");
        }
        values.push(PicklistValue {
            value: value.to_owned(),
            label: listed.text("label", report).unwrap_or(value).to_owned(),
            active: listed.flag("isActive", report).unwrap_or(true),
            default: is_default,
        });
    }
    if sorted {
        values.sort_by_key(|value| value.label.to_lowercase());
    }
    values
}

/// Standard value sets of which no standard object here has a field.
///
/// Source: "`StandardValueSet` Names and Standard Picklist Fields" (Metadata API Developer Guide).
const WITHOUT_FIELDS: [&str; 1] = ["ContactRole"];

/// Standard value sets whose values mean something.
const MEANT: [&str; 6] = [
    "CaseStatus",
    "LeadStatus",
    "OpportunityStage",
    "SolutionStatus",
    "TaskPriority",
    "TaskStatus",
];

/// Names of forecast categories by what files call them.
const FORECASTS: [(&str, &str); 6] = [
    ("Omitted", "Omitted"),
    ("Pipeline", "Pipeline"),
    ("BestCase", "Best Case"),
    ("MostLikely", "Most Likely"),
    ("Forecast", "Commit"),
    ("Closed", "Closed"),
];

/// What the values of a standard value set mean.
fn meanings(name: &str, element: &Element, report: &mut Report) -> Vec<ValueMeaning> {
    if !MEANT.contains(&name) {
        return Vec::new();
    }
    let listed = element.all("standardValue");
    listed
        .filter_map(|listed| {
            let mut flag = |name| listed.flag(name, report).unwrap_or(false);
            let meaning = ValueMeaning {
                closed: flag("closed"),
                won: flag("won"),
                converted: flag("converted"),
                high_priority: flag("highPriority"),
                reviewed: flag("reviewed"),
                ..ValueMeaning::default()
            };
            let forecast = listed.choice("forecastCategory", &FORECASTS, report);
            let probability = listed.number("probability", &(0..=100), report);
            Some(ValueMeaning {
                value: listed.text("fullName", report)?.to_owned(),
                probability: probability.unwrap_or(0),
                forecast: forecast.map(str::to_owned),
                ..meaning
            })
        })
        .collect()
}

/// Gives the fields of a standard value set the values that a file lists.
pub(crate) fn replace_standard(
    name: &str,
    element: &Element,
    entities: &mut BTreeMap<String, EntityDefinition>,
    report: &mut Report,
) {
    let values = values(element, "standardValue", report);
    let meanings = meanings(name, element, report);
    let default = values.iter().find(|value| value.default && value.active);
    let mut is_known = WITHOUT_FIELDS.contains(&name);
    for entity in entities.values_mut() {
        let sets = entity.traits.standard_value_sets.iter();
        let fed = sets.filter(|(set, _)| set == name);
        for (_, fed) in fed {
            is_known = true;
            entity.meanings.retain(|(field, _)| field != fed);
            let own = meanings.iter().cloned();
            entity
                .meanings
                .extend(own.map(|meaning| (fed.clone(), meaning)));
            for field in entity.fields.iter_mut().filter(|field| field.name == *fed) {
                field.default_value = default.map(|value| value.value.clone());
                field.defaulted_on_create = default.is_some();
                field.picklist.clone_from(&values);
            }
        }
    }
    if !is_known {
        report.warning(
            &element.at,
            format!("no field has the values of the set {}", brief(name)),
        );
    }
}

//! Roll-up summaries: fields of a master whose value is computed from its details.
//!
//! Source: "`CustomField`" (Metadata API Developer Guide), type Summary; "Roll-Up Summary Field" (Salesforce Help).

mod computed;
mod filter;
mod order;
mod value;

use std::collections::BTreeMap;

use landfall_model::{
    Catalog, DeleteRule, EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType,
};

use crate::Org;
use crate::problem::{Report, SourceLine};
use crate::read::brief;
use crate::xml::Element;

pub use computed::ComputedField;
pub use filter::{Comparison, RollUpFilter};
pub(crate) use order::{Declared, ordered};

/// What a roll-up does with the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RollUpOperation {
    /// How many there are.
    Count,
    /// The sum of their values.
    Sum,
    /// The smallest value.
    Min,
    /// The greatest value.
    Max,
}

/// How a roll-up summary field comes about.
#[derive(Clone, Debug, PartialEq)]
pub struct RollUp {
    /// The master.
    pub entity: EntityName,
    /// The field of the master.
    pub field: FieldName,
    /// The object of the details.
    pub child: EntityName,
    /// The field by which details lead to the master.
    pub foreign_key: FieldName,
    /// What is done with the details.
    pub operation: RollUpOperation,
    /// The field whose values are taken; none if details are counted.
    pub summarized: Option<FieldName>,
    /// What details must meet, all of it.
    pub filters: Vec<RollUpFilter>,
    /// Those of these fields that are formulas.
    pub formulas: Vec<ComputedField>,
    /// The file that declares it.
    pub path: String,
    /// The line of the file, counted from 1.
    pub line: usize,
}

impl RollUp {
    /// Whether both come about in the same way, wherever they are declared.
    pub fn is_as(&self, other: &Self) -> bool {
        let moved = Self {
            path: other.path.clone(),
            line: other.line,
            ..self.clone()
        };
        moved == *other
    }
}

/// A roll-up as a file declares it.
#[derive(Clone, Debug)]
pub(crate) struct RollUpSource {
    at: SourceLine,
    foreign_key: String,
    operation: RollUpOperation,
    summarized: Option<String>,
    filters: Vec<FilterSource>,
}

/// A condition as a file declares it.
#[derive(Clone, Debug)]
struct FilterSource {
    at: SourceLine,
    field: String,
    operation: String,
    value: String,
}

/// Why a roll-up has no values.
pub(crate) enum Failure {
    /// It is wrong.
    Problem(SourceLine, String),
    /// It is made from what is not here: an org refuses it.
    Unknown(SourceLine, String),
    /// It is made from what has no values here.
    Empty(SourceLine, String),
}

impl RollUpSource {
    /// The object of the details, as the file spells it.
    pub(crate) fn child(&self) -> &str {
        let parts = self.foreign_key.split_once('.');
        parts.map_or(self.foreign_key.as_str(), |(child, _)| child)
    }

    /// Where the field is declared.
    pub(crate) const fn at(&self) -> &SourceLine {
        &self.at
    }
}

/// Makes a field a roll-up.
pub(crate) fn declare(
    field: &mut FieldDefinition,
    element: &Element,
    report: &mut Report,
) -> Option<RollUpSource> {
    let operations = [
        ("count", RollUpOperation::Count),
        ("sum", RollUpOperation::Sum),
        ("min", RollUpOperation::Min),
        ("max", RollUpOperation::Max),
    ];
    let foreign_key = element.required("summaryForeignKey", report)?;
    element.required("summaryOperation", report)?;
    let operation = element.choice("summaryOperation", &operations, report)?;
    let summarized = if operation == RollUpOperation::Count {
        None
    } else {
        Some(element.required("summarizedField", report)?.to_owned())
    };
    let filters = element
        .all("summaryFilterItems")
        .map(|item| filter_source(item, report))
        .collect::<Option<_>>()?;
    field.precision = 18;
    field.calculated = true;
    field.summarized = true;
    field.createable = false;
    field.updateable = false;
    field.nillable = true;
    Some(RollUpSource {
        at: element.at.clone(),
        foreign_key: foreign_key.to_owned(),
        operation,
        summarized,
        filters,
    })
}

fn filter_source(item: &Element, report: &mut Report) -> Option<FilterSource> {
    if let Some(other) = item.one("valueField", report) {
        let reason = "a roll-up compares with values, not with other fields";
        report.problem(&other.at, reason);
        return None;
    }
    let field = item.required("field", report);
    let operation = item.required("operation", report);
    Some(FilterSource {
        at: item.at.clone(),
        field: field?.to_owned(),
        operation: operation?.to_owned(),
        value: item.text("value", report).unwrap_or_default().to_owned(),
    })
}

/// Finds what a roll-up speaks of, and gives its field the type of the result.
pub(crate) fn resolve(
    entity: &EntityName,
    field: &FieldName,
    source: &RollUpSource,
    entities: &mut BTreeMap<String, EntityDefinition>,
) -> Result<RollUp, Failure> {
    let fail = |reason: String| Failure::Problem(source.at.clone(), reason);
    let unknown = |name: &str| {
        let reason = format!(
            "the field '{}' does not exist: {entity}.{field} is empty",
            brief(name)
        );
        Failure::Unknown(source.at.clone(), reason)
    };
    let (child, foreign_key) =
        find(&source.foreign_key, entities).ok_or_else(|| unknown(&source.foreign_key))?;
    if !is_detail(entity, &child, &foreign_key, entities) {
        let key = &source.foreign_key;
        return Err(fail(format!(
            "{key} does not make {child} a detail of {entity}"
        )));
    }
    let of_child = |name: &str| {
        find(name, entities)
            .filter(|(owner, _)| *owner == child)
            .map(|(_, field)| field)
            .ok_or_else(|| unknown(name))
    };
    let summarized = source.summarized.as_deref().map(of_child).transpose()?;
    if let Some(summarized) = &summarized
        && !can_be_summarized(source.operation, summarized.field_type)
    {
        let name = &summarized.name;
        return Err(fail(format!(
            "the field {child}.{name} cannot be summarized this way"
        )));
    }
    let compared: Vec<FieldDefinition> = source
        .filters
        .iter()
        .map(|filter| of_child(&filter.field))
        .collect::<Result<_, _>>()?;
    if let Some(summarized) = &summarized {
        give_type(entity, field, summarized, entities);
    }
    if let Some(empty) = summarized
        .iter()
        .chain(&compared)
        .find(|used| is_empty(used))
    {
        let reason = format!(
            "{child}.{} has no values here: {entity}.{field} is empty",
            empty.name
        );
        return Err(Failure::Empty(source.at.clone(), reason));
    }
    let filters = source.filters.iter().zip(&compared).map(|(filter, field)| {
        RollUpFilter::read(field, &filter.operation, &filter.value)
            .map_err(|reason| Failure::Problem(filter.at.clone(), reason))
    });
    Ok(RollUp {
        entity: entity.clone(),
        field: field.clone(),
        child,
        foreign_key: foreign_key.name,
        operation: source.operation,
        summarized: summarized.map(|summarized| summarized.name),
        filters: filters.collect::<Result<_, _>>()?,
        formulas: Vec::new(),
        path: source.at.path.to_string(),
        line: source.at.line,
    })
}

/// Whether records of `child` are details of those that the field leads to.
fn is_detail(
    entity: &EntityName,
    child: &EntityName,
    foreign_key: &FieldDefinition,
    entities: &BTreeMap<String, EntityDefinition>,
) -> bool {
    let parent = entities.get(&entity.as_str().to_ascii_lowercase());
    parent
        .into_iter()
        .flat_map(|parent| &parent.children)
        .any(|known| {
            let by_nature = known.delete_rule == DeleteRule::Cascade || !foreign_key.custom;
            known.child == *child && known.field == foreign_key.name && by_nature
        })
}

/// No file knows the id of a record type. Which formulas have values is known later.
fn is_empty(field: &FieldDefinition) -> bool {
    let has_values = field.stored() || field.formula.is_some();
    !has_values || field.name.as_str() == "RecordTypeId"
}

/// The object and field that `Object.Field` names.
fn find(
    path: &str,
    entities: &BTreeMap<String, EntityDefinition>,
) -> Option<(EntityName, FieldDefinition)> {
    let (object, name) = path.split_once('.')?;
    let entity = entities.get(&object.to_ascii_lowercase())?;
    // Fields were added after the definition was put together: its index does not have them yet.
    let field = entity
        .fields
        .iter()
        .find(|field| field.name.as_str().eq_ignore_ascii_case(name))?;
    Some((entity.name.clone(), field.clone()))
}

fn can_be_summarized(operation: RollUpOperation, field_type: FieldType) -> bool {
    let number = field_type.is_decimal() || field_type == FieldType::Int;
    let dated = matches!(field_type, FieldType::Date | FieldType::DateTime);
    match operation {
        RollUpOperation::Count => true,
        RollUpOperation::Sum => number,
        RollUpOperation::Min | RollUpOperation::Max => number || dated,
    }
}

/// Settles what roll-ups read from formulas; those that cannot are left empty.
pub(crate) fn settle(org: &mut Org, catalog: &Catalog, report: &mut Report) {
    for (entity, field) in computed::computed(&mut org.roll_ups, &org.formulas, catalog, report) {
        let mut entities = org.entities.iter_mut();
        let entity = entities.find(|known| known.name == entity);
        let fields = entity.into_iter().flat_map(|entity| &mut entity.fields);
        for known in fields.filter(|known| known.name == field) {
            known.summarized = false;
        }
    }
}

/// Lets a field have no values, whatever it had before.
pub(crate) fn leave_empty(
    entity: &EntityName,
    field: &FieldName,
    entities: &mut BTreeMap<String, EntityDefinition>,
) {
    if let Some(found) = find_mut(entity, field, entities) {
        found.summarized = false;
    }
}

fn give_type(
    entity: &EntityName,
    field: &FieldName,
    summarized: &FieldDefinition,
    entities: &mut BTreeMap<String, EntityDefinition>,
) {
    let Some(found) = find_mut(entity, field, entities) else {
        return;
    };
    let decimal = summarized.field_type.is_decimal();
    found.field_type = match summarized.field_type {
        FieldType::Int => FieldType::Double,
        other => other,
    };
    found.scale = summarized.scale;
    found.precision = if decimal { 18 } else { 0 };
    found.groupable = summarized.field_type == FieldType::Date;
}

fn find_mut<'e>(
    entity: &EntityName,
    field: &FieldName,
    entities: &'e mut BTreeMap<String, EntityDefinition>,
) -> Option<&'e mut FieldDefinition> {
    entities
        .get_mut(&entity.as_str().to_ascii_lowercase())?
        .fields
        .iter_mut()
        .find(|found| found.name == *field)
}

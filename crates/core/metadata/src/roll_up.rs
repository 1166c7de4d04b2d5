//! Roll-up summaries: fields of a master whose value is computed from its details.
//!
//! Source: "`CustomField`" (Metadata API Developer Guide), type Summary; "Roll-Up Summary Field" (Salesforce Help).

use std::collections::BTreeMap;

use landfall_model::{
    DeleteRule, EntityDefinition, EntityName, FieldDefinition, FieldName, FieldType,
};

use crate::problem::{Place, Report};
use crate::read::brief;
use crate::xml::Element;

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

/// A condition that a detail must meet to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollUpFilter {
    /// The field of the detail.
    pub field: FieldName,
    /// The comparison, such as `equals` or `greaterThan`.
    pub operation: String,
    /// The value that it is compared with.
    pub value: String,
}

/// How a roll-up summary field comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
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
}

/// A roll-up as a file declares it.
#[derive(Clone, Debug)]
pub(crate) struct RollUpSource {
    at: Place,
    foreign_key: String,
    operation: RollUpOperation,
    summarized: Option<String>,
    /// Field, operation and value.
    filters: Vec<(String, String, String)>,
}

impl RollUpSource {
    /// The object of the details, as the file spells it.
    pub(crate) fn child(&self) -> &str {
        let parts = self.foreign_key.split_once('.');
        parts.map_or(self.foreign_key.as_str(), |(child, _)| child)
    }

    /// Where the field is declared.
    pub(crate) const fn at(&self) -> &Place {
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
    let mut filters = Vec::new();
    for item in element.all("summaryFilterItems") {
        let compared = item.required("field", report)?;
        let comparison = item.required("operation", report)?;
        let value = item.text("value", report).unwrap_or_default();
        filters.push((compared.to_owned(), comparison.to_owned(), value.to_owned()));
    }
    field.precision = 18;
    field.calculated = true;
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

/// Finds what a roll-up speaks of, and gives its field the type of the result.
pub(crate) fn resolve(
    entity: &EntityName,
    field: &FieldName,
    source: &RollUpSource,
    entities: &mut BTreeMap<String, EntityDefinition>,
) -> Result<RollUp, (Place, String)> {
    let fail = |reason: String| (source.at.clone(), reason);
    let unknown = |name: &str| fail(format!("the field '{}' does not exist", brief(name)));
    let (child, foreign_key) =
        find(&source.foreign_key, entities).ok_or_else(|| unknown(&source.foreign_key))?;
    let parent = entities.get(&entity.as_str().to_ascii_lowercase());
    let is_detail = parent
        .into_iter()
        .flat_map(|parent| &parent.children)
        .any(|known| {
            let by_nature = known.delete_rule == DeleteRule::Cascade || !foreign_key.custom;
            known.child == child && known.field == foreign_key.name && by_nature
        });
    if !is_detail {
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
    let filters = source.filters.iter().map(|(name, operation, value)| {
        Ok(RollUpFilter {
            field: of_child(name)?.name,
            operation: operation.clone(),
            value: value.clone(),
        })
    });
    let roll_up = RollUp {
        entity: entity.clone(),
        field: field.clone(),
        child: child.clone(),
        foreign_key: foreign_key.name.clone(),
        operation: source.operation,
        summarized: summarized
            .as_ref()
            .map(|summarized| summarized.name.clone()),
        filters: filters.collect::<Result<_, _>>()?,
    };
    if let Some(summarized) = summarized {
        give_type(entity, field, &summarized, entities);
    }
    Ok(roll_up)
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

fn give_type(
    entity: &EntityName,
    field: &FieldName,
    summarized: &FieldDefinition,
    entities: &mut BTreeMap<String, EntityDefinition>,
) {
    let fields = entities
        .get_mut(&entity.as_str().to_ascii_lowercase())
        .map(|entity| entity.fields.iter_mut());
    for found in fields.into_iter().flatten() {
        if found.name == *field {
            let decimal = summarized.field_type.is_decimal();
            found.field_type = match summarized.field_type {
                FieldType::Int => FieldType::Double,
                other => other,
            };
            found.scale = summarized.scale;
            found.precision = if decimal { 18 } else { 0 };
            found.groupable = summarized.field_type == FieldType::Date;
        }
    }
}

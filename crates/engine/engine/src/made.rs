//! Records that are not stored but follow from the definitions of the org: the values of picklists that are objects too.
//!
//! Queries are carried out on them in memory, on every API. They have no creator and no dates, and are not read by their
//! ids (Source: none).
//! Source: "`OpportunityStage`", "`CaseStatus`", "`TaskStatus`", "`TaskPriority`", "`LeadStatus`", "`ContractStatus`",
//! "`OrderStatus`", "`SolutionStatus`", "`PartnerRole`" (Object Reference).

use landfall_model::{
    Catalog, EntityDefinition, EntityName, KeyPrefix, PicklistValue, RecordId, Row, Value,
};
use landfall_query::{Plan, Tables};

use crate::derive;

/// Objects with the object and the field whose values they are.
const VALUES: [(&str, &str, &str); 9] = [
    ("OpportunityStage", "Opportunity", "StageName"),
    ("CaseStatus", "Case", "Status"),
    ("TaskStatus", "Task", "Status"),
    ("TaskPriority", "Task", "Priority"),
    ("LeadStatus", "Lead", "Status"),
    ("ContractStatus", "Contract", "Status"),
    ("OrderStatus", "Order", "Status"),
    ("SolutionStatus", "Solution", "Status"),
    ("PartnerRole", "Partner", "Role"),
];

/// Ids of one object: those of the next one follow. Picklists are much shorter.
const IDS: usize = 10_000;

/// The records of one object.
pub(crate) struct Made {
    entity: EntityName,
    rows: Vec<Row>,
}

impl Tables for Made {
    fn rows(&self, entity: &EntityDefinition) -> &[Row] {
        if entity.name == self.entity {
            &self.rows
        } else {
            &[]
        }
    }
}

/// The records that a query looks at, if they are not stored. `catalog` is the whole org's.
pub(crate) fn of(plan: &Plan, catalog: &Catalog) -> Option<Made> {
    let name = plan.entity.name.as_str();
    let place = VALUES.iter().position(|(made, ..)| *made == name)?;
    let (_, object, field) = VALUES.get(place)?;
    let owner = catalog.entity(object)?;
    let (_, field) = owner.field(field)?;
    let values = field.picklist.iter().enumerate();
    let rows = values.map(|(at, value)| {
        let id = id(plan.entity.key_prefix, place * IDS + at + 1);
        row(&plan.entity, id, at + 1, (owner, value))
    });
    Some(Made {
        entity: plan.entity.name.clone(),
        rows: rows.collect(),
    })
}

fn id(prefix: KeyPrefix, number: usize) -> RecordId {
    RecordId::from_number(prefix, *b"00", u64::try_from(number).unwrap_or(u64::MAX))
}

/// The record of a value of the object that has the picklist.
fn row(
    entity: &EntityDefinition,
    id: RecordId,
    order: usize,
    (owner, value): (&EntityDefinition, &PicklistValue),
) -> Row {
    let text = |text: &str| Value::Text(text.to_owned());
    let stage = derive::stage(owner, &value.value);
    let of = entity.name.as_str();
    let is = |test: fn(&EntityDefinition, &str) -> bool| Value::Boolean(test(owner, &value.value));
    let fields = entity.fields.iter().map(|field| match field.name.as_str() {
        "Id" => Value::Id(id),
        "MasterLabel" => text(&value.label),
        "ApiName" => text(&value.value),
        "SortOrder" => Value::Integer(i64::try_from(order).unwrap_or(i64::MAX)),
        "IsActive" => Value::Boolean(value.active),
        "IsDefault" => Value::Boolean(value.default),
        "IsClosed" if of == "OpportunityStage" => Value::Boolean(stage.closed),
        "IsWon" => Value::Boolean(stage.won),
        "DefaultProbability" => Value::Double(stage.probability),
        "ForecastCategory" => text(derive::forecast_category(stage.forecast)),
        "ForecastCategoryName" => text(stage.forecast),
        "IsClosed" => is(derive::is_closed),
        "IsConverted" => is(derive::is_converted),
        "IsHighPriority" => is(derive::is_high),
        "IsReviewed" => is(derive::is_reviewed),
        "StatusCode" => derive::status_code(&value.value),
        _ => Value::Null,
    });
    fields.collect()
}

//! Queries of `PushTopics`: what may be asked of a record that has just changed, and which fields such a query is about.
//!
//! A topic's query is evaluated on one record in memory ([`Plan::matches`]), so it is of one object: no relationships, no
//! sub-queries, nothing that needs other records.
//!
//! Source: "PushTopic Queries", "Supported `PushTopic` Queries", "Unsupported `PushTopic` Queries", "Compound Fields in
//! `PushTopic` Queries" (Streaming API Developer Guide).

mod field_indexes;
mod rules;

use landfall_model::{EntityDefinition, FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{Condition, LiteralKind, Operand, Query, Select, Value};

use crate::check::{Context, check};
use crate::plan::Plan;

pub use field_indexes::FieldIndexes;

/// Fields that the service sets: their changes notify nobody. Objects add others (`ObjectTraits::push_topic_ignores`).
///
/// Source: "Supported `PushTopic` Queries", "Considerations": changes of system fields.
const SILENT: &[&str] = &[
    "Id",
    "IsDeleted",
    "CreatedById",
    "CreatedDate",
    "LastModifiedById",
    "LastModifiedDate",
    "SystemModstamp",
    "LastActivityDate",
    "LastViewedDate",
    "LastReferencedDate",
];

/// The checked query of a topic.
#[derive(Clone, Debug)]
pub struct TopicQuery {
    /// Which records are meant. Of the plan only the object and the filter count.
    pub plan: Plan,
    /// The fields of a notification, in order, `Id` among them.
    pub told: Vec<usize>,
    /// The fields in the condition.
    pub condition: Vec<usize>,
    /// Fields whose change counts because they are selected.
    pub selected: FieldIndexes,
    /// Fields whose change counts because the condition is about them.
    pub filtered: FieldIndexes,
    /// Fields whose change counts if any does.
    pub any: FieldIndexes,
    /// Whether the selection has a field other than `Id`.
    pub selects: bool,
    /// Whether the condition has one.
    pub filters: bool,
    /// Whether it has dates that depend on the day, such as `TODAY`: it is to be read again on another day.
    pub is_dated: bool,
}

/// Reads the query of a topic. A semicolon at its end is not part of it.
///
/// # Errors
/// As [`crate::read`], and [`QueryFault::Refused`] for what topics cannot ask.
pub fn read(context: &Context<'_>) -> Result<TopicQuery, QueryFault> {
    let statement = context.statement.trim_end();
    let statement = statement.strip_suffix(';').unwrap_or(statement);
    let context = Context {
        statement,
        zone: context.zone.clone(),
        deleted: true,
        ..*context
    };
    let query = landfall_soql::parse(statement).map_err(|error| QueryFault::Malformed {
        reason: error.to_string(),
    })?;
    rules::keep(&query)?;
    let plan = check(&query, &context)?.plan;
    rules::keep_within(&plan)?;
    let entity = &*plan.entity;
    if !entity.has_push_topics() {
        return refused(format!("entity '{}' is not supported", entity.name));
    }
    let told = told(&query, entity);
    if !told.iter().any(|place| is_id(entity, *place)) {
        return refused("the Id field must be selected".to_owned());
    }
    let mut condition = Vec::new();
    plan.filter.each_field(&mut |place| {
        if !condition.contains(&place) {
            condition.push(place);
        }
    });
    for place in &condition {
        filterable(entity, *place)?;
    }
    let every = 0..entity.fields.len();
    let beyond_id = |places: &[usize]| places.iter().any(|place| !is_id(entity, *place));
    Ok(TopicQuery {
        selected: counting(entity, &told),
        filtered: counting(entity, &condition),
        any: every.filter(|place| is_stored(entity, *place)).collect(),
        selects: beyond_id(&told),
        filters: beyond_id(&condition),
        is_dated: query.filter.as_ref().is_some_and(is_dated),
        told,
        condition,
        plan,
    })
}

fn refused<T>(text: String) -> Result<T, QueryFault> {
    Err(QueryFault::Refused {
        place: String::new(),
        refusal: QueryRefusal::TopicRule { text },
    })
}

fn is_id(entity: &EntityDefinition, place: usize) -> bool {
    let field = entity.fields.get(place);
    field.is_some_and(|field| field.field_type == FieldType::Id)
}

/// The fields of the selection, each once; the name of a person brings its parts.
fn told(query: &Query, entity: &EntityDefinition) -> Vec<usize> {
    let mut told = Vec::new();
    let selected = query.select.iter().filter_map(|item| match item {
        Select::Operand {
            operand: Operand::Path(path),
            ..
        } => entity.field(path.last()),
        _ => None,
    });
    for (place, field) in selected {
        let parts = entity.components(field.name.as_str());
        let parts = parts.map(|(part, _)| part);
        let parts = parts.filter(|_| !field.field_type.is_compound());
        for place in std::iter::once(place).chain(parts) {
            if !told.contains(&place) {
                told.push(place);
            }
        }
    }
    told
}

/// Texts of several lines and formulas cannot be searched.
fn filterable(entity: &EntityDefinition, place: usize) -> Result<(), QueryFault> {
    let refused = entity.fields.get(place).filter(|field| {
        let is_formula = field.calculated && !field.summarized;
        is_formula || field.field_type == FieldType::TextArea
    });
    match refused {
        Some(field) => Err(QueryFault::Refused {
            place: String::new(),
            refusal: QueryRefusal::NotFilterable {
                field: field.name.to_string(),
            },
        }),
        None => Ok(()),
    }
}

/// The fields whose change counts if these are referenced: of a person's name its parts, of an address only the parts
/// that are named, and no part of a person's name without it.
fn counting(entity: &EntityDefinition, places: &[usize]) -> FieldIndexes {
    let mut counting = FieldIndexes::default();
    for place in places {
        let Some(field) = entity.fields.get(*place) else {
            continue;
        };
        if is_part_of_name(entity, field) {
            continue;
        }
        let parts = entity.components(field.name.as_str());
        let parts = parts.filter(|_| !field.field_type.is_compound());
        for place in std::iter::once(*place).chain(parts.map(|(part, _)| part)) {
            if counts(entity, place) {
                counting.insert(place);
            }
        }
    }
    counting
}

fn is_part_of_name(entity: &EntityDefinition, field: &FieldDefinition) -> bool {
    let compound = field.compound.as_ref();
    let compound = compound.and_then(|name| entity.field(name.as_str()));
    compound.is_some_and(|(_, compound)| {
        !matches!(
            compound.field_type,
            FieldType::Address | FieldType::Location
        )
    })
}

/// Whether a change of the field can be a reason to tell anybody.
fn counts(entity: &EntityDefinition, place: usize) -> bool {
    entity.fields.get(place).is_some_and(|field| {
        let name = field.name.as_str();
        let is_silent =
            SILENT.contains(&name) || entity.traits.push_topic_ignores.contains(&field.name);
        let has_values = field.stored() || field.formula.is_some();
        has_values && !field.summarized && !is_silent
    })
}

/// Whether a change of the field is one of the record itself: a formula changes with what it reads.
fn is_stored(entity: &EntityDefinition, place: usize) -> bool {
    let field = entity.fields.get(place);
    counts(entity, place) && field.is_some_and(FieldDefinition::stored)
}

fn is_dated(condition: &Condition) -> bool {
    let is_keyword = |kind: &LiteralKind| matches!(kind, LiteralKind::Keyword(_));
    match condition {
        Condition::All(terms) | Condition::Any(terms) => terms.iter().any(is_dated),
        Condition::Not(term) => is_dated(term),
        Condition::Compare(comparison) => match &comparison.value {
            Value::Literal(literal) => is_keyword(&literal.kind),
            Value::List(literals) => literals.iter().any(|literal| is_keyword(&literal.kind)),
            Value::Query(_) => false,
        },
    }
}

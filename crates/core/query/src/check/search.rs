//! Searches: in which fields of which objects, and a condition that says what is found.
//!
//! Source: "IN `SearchGroup`", "`RETURNING FieldSpec`" (SOQL and SOSL Reference).

use landfall_model::limits::QUERY_TERMS_MAX;
use landfall_model::{EntityDefinition, FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{From, Path, Query, Search, SearchGroup, Terms};

use super::{Context, check, plain, rule};
use crate::plan::{Expression, Predicate};
use crate::shape::{Answers, Checked};

/// Checks a search: for each object a query that finds what is meant.
///
/// # Errors
/// [`landfall_model::QueryFault::Refused`] for what may not be asked.
pub fn search(context: &Context<'_>, search: &Search) -> Result<Vec<Checked>, QueryFault> {
    let asked = if search.returning.is_empty() {
        everything(context)
    } else {
        search.returning.clone()
    };
    let mut found: Vec<Checked> = Vec::new();
    for query in &asked {
        let mut checked = check(query, context)?;
        let entity = &checked.plan.entity;
        if !entity.capabilities.searchable {
            let name = entity.name.to_string();
            return Err(plain(QueryRefusal::ObjectNotSearchable { name }));
        }
        if !matches!(checked.answers, Answers::Records(_)) || !checked.plan.children.is_empty() {
            return rule("RETURNING accepts plain fields only");
        }
        let same = |known: &Checked| known.plan.entity.name == entity.name;
        if found.iter().any(same) {
            return rule("A search names each object once");
        }
        if query.offset.is_some() && asked.len() > 1 {
            return rule("OFFSET can be used in a search of one object only");
        }
        let means = condition(&search.terms, &fields(entity, search.group));
        let own = std::mem::replace(&mut checked.plan.filter, Predicate::ALWAYS);
        checked.plan.filter = Predicate::All(vec![own, means]);
        if checked.plan.filter.terms() > QUERY_TERMS_MAX {
            return Err(plain(QueryRefusal::TooComplicated));
        }
        found.push(checked);
    }
    Ok(found)
}

/// The ids of every object that can be searched.
fn everything(context: &Context<'_>) -> Vec<Query> {
    let entities = context.catalog.entities().iter();
    let searched =
        entities.filter(|entity| entity.capabilities.searchable && entity.capabilities.queryable);
    let query = |entity: &std::sync::Arc<EntityDefinition>| {
        Query::of(From {
            path: Path {
                names: vec![entity.name.to_string()],
                at: 0,
            },
            alias: None,
        })
    };
    searched.map(query).collect()
}

/// The places of the fields in which a search looks.
fn fields(entity: &EntityDefinition, group: SearchGroup) -> Vec<usize> {
    let is_name = |field: &FieldDefinition| {
        field.name_field || entity.traits.search_names.contains(&field.name)
    };
    let is_in = |field: &FieldDefinition| match group {
        SearchGroup::Email => field.field_type == FieldType::Email,
        SearchGroup::Phone => field.field_type == FieldType::Phone,
        SearchGroup::Name => is_name(field),
        SearchGroup::All | SearchGroup::Sidebar => matches!(
            field.field_type,
            FieldType::String
                | FieldType::TextArea
                | FieldType::Combobox
                | FieldType::Email
                | FieldType::Phone
                | FieldType::Url
        ),
    };
    let fields = entity.fields.iter().enumerate();
    let text = fields.filter(|(_, field)| field.stored() && field.field_type.is_text());
    text.filter(|(_, field)| is_in(field))
        .map(|(place, _)| place)
        .collect()
}

/// Each phrase may be in any of the fields.
fn condition(terms: &Terms, places: &[usize]) -> Predicate {
    let all = |terms: &[Terms]| terms.iter().map(|term| condition(term, places)).collect();
    match terms {
        Terms::All(terms) => Predicate::All(all(terms)),
        Terms::Any(terms) => Predicate::Any(all(terms)),
        Terms::Not(term) => condition(term, places).negated(),
        Terms::Phrase(words) if words.is_empty() => Predicate::NEVER,
        Terms::Phrase(words) => {
            let pattern = words.join(" ");
            let of = |place: &usize| Predicate::Words {
                expression: Expression::Field {
                    source: 0,
                    place: *place,
                },
                pattern: pattern.clone(),
            };
            Predicate::Any(places.iter().map(of).collect())
        }
    }
}

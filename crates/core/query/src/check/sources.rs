//! From a path to the record that it leads to, and to the field there.

use std::sync::Arc;

use landfall_model::limits::QUERY_PATH_STEPS_MAX;
use landfall_model::{EntityDefinition, FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::Path;

use super::{Scope, rule};
use crate::plan::{Expression, Parent};

/// What a reference to several objects shows of whatever it leads to: the fields of the object Name.
///
/// Source: "Name" (Object Reference), "Polymorphic Relationships" (SOQL and SOSL Reference).
const NAME_FIELDS: &[&str] = &[
    "Alias",
    "Email",
    "FirstName",
    "IsActive",
    "LastName",
    "Name",
    "Phone",
    "ProfileId",
    "Title",
    "UserRoleId",
    "Username",
];

/// The record that a path has led to.
#[derive(Clone)]
pub(super) enum Reached {
    /// Of one object.
    One {
        source: usize,
        entity: Arc<EntityDefinition>,
    },
    /// Of one of several objects.
    Many {
        /// The reference.
        id: Expression,
        /// Those of the objects that the org has.
        sources: Vec<(usize, Arc<EntityDefinition>)>,
    },
}

/// A field at the end of a path.
pub(super) struct Resolved {
    pub(super) expression: Expression,
    pub(super) field: FieldDefinition,
    /// Declared names of the relationships on the way, with what they lead to.
    pub(super) steps: Vec<(String, Reached)>,
    /// Where the field is.
    pub(super) reached: Reached,
}

impl Resolved {
    /// The declared names of the path.
    pub(super) fn name(&self) -> String {
        let mut name: String = self
            .steps
            .iter()
            .fold(String::new(), |path, (step, _)| path + step + ".");
        name.push_str(self.field.name.as_str());
        name
    }
}

impl Scope<'_> {
    /// The names of a path without the object's own name, other names replaced.
    pub(super) fn stripped(&self, path: &Path) -> Vec<String> {
        let Some((first, rest)) = path.names.split_first() else {
            return Vec::new();
        };
        let known = self
            .aliases
            .iter()
            .find(|(alias, _)| alias.eq_ignore_ascii_case(first));
        if let Some((_, way)) = known
            && (!rest.is_empty() || !way.is_empty())
        {
            return way.iter().chain(rest).cloned().collect();
        }
        let is_own = first.eq_ignore_ascii_case(self.entity.name.as_str());
        if is_own && !rest.is_empty() && relationship(&self.entity, first).is_none() {
            return rest.to_vec();
        }
        path.names.clone()
    }

    /// # Errors
    /// The path leads nowhere.
    pub(super) fn resolve(&mut self, path: &Path) -> Result<Resolved, QueryFault> {
        let names = self.stripped(path);
        let Some((last, ways)) = names.split_last() else {
            return rule("A field is missing");
        };
        let (steps, reached) = self.walk(ways, path.at)?;
        let (expression, field) = match &reached {
            Reached::One { source, entity } => self.field_of(*source, entity, last),
            Reached::Many { id, sources } => field_of_name(self, id, sources, last),
        }
        .ok_or_else(|| self.unknown(last, &reached, path.at))?;
        Ok(Resolved {
            expression,
            field,
            steps,
            reached,
        })
    }

    /// Follows relationships.
    pub(super) fn walk(
        &mut self,
        ways: &[String],
        at: usize,
    ) -> Result<(Vec<(String, Reached)>, Reached), QueryFault> {
        if ways.len() > QUERY_PATH_STEPS_MAX {
            return rule("A relationship path can have five levels at most");
        }
        let mut reached = Reached::One {
            source: 0,
            entity: Arc::clone(&self.entity),
        };
        let mut steps = Vec::new();
        for way in ways {
            let Some((name, next)) = self.step(&reached, way) else {
                let name = way.clone();
                return self.refused(at, QueryRefusal::ParentUnknown { name });
            };
            reached = next;
            steps.push((name, reached.clone()));
        }
        Ok((steps, reached))
    }

    fn step(&mut self, reached: &Reached, way: &str) -> Option<(String, Reached)> {
        let Reached::One { source, entity } = reached else {
            return None;
        };
        let (place, field) = relationship(entity, way)?;
        let name = field.relationship_name.clone()?;
        let targets: Vec<_> = field
            .reference_to
            .iter()
            .filter_map(|target| self.context.catalog.entity(target.as_str()))
            .map(|target| (self.parent(*source, place, target), Arc::clone(target)))
            .collect();
        let next = if let [target] = field.reference_to.as_slice() {
            let (source, entity) = targets.into_iter().next()?;
            debug_assert!(entity.name == *target, "the only target");
            Reached::One { source, entity }
        } else {
            let source = *source;
            Reached::Many {
                id: Expression::Field { source, place },
                sources: targets,
            }
        };
        Some((name, next))
    }

    /// The source of the record that a reference leads to, with exactly this definition.
    pub(super) fn parent(
        &mut self,
        from: usize,
        place: usize,
        entity: &Arc<EntityDefinition>,
    ) -> usize {
        let known = self.parents.iter().position(|parent| {
            parent.from == from && parent.place == place && Arc::ptr_eq(&parent.entity, entity)
        });
        let index = known.unwrap_or_else(|| {
            self.parents.push(Parent {
                from,
                place,
                entity: Arc::clone(entity),
            });
            self.parents.len() - 1
        });
        index + 1
    }

    fn field_of(
        &mut self,
        source: usize,
        entity: &Arc<EntityDefinition>,
        name: &str,
    ) -> Option<(Expression, FieldDefinition)> {
        let (place, field) = entity.field(name)?;
        Some((self.value(source, entity, (place, field)), field.clone()))
    }

    fn unknown(&self, field: &str, reached: &Reached, at: usize) -> QueryFault {
        let entity = match reached {
            Reached::One { entity, .. } => entity.name.to_string(),
            Reached::Many { .. } => "Name".to_owned(),
        };
        let field = field.to_owned();
        let refusal = QueryRefusal::FieldUnknown { field, entity };
        QueryFault::Refused {
            place: landfall_soql::caret(self.context.statement, at),
            refusal,
        }
    }
}

/// A reference by the name of its relationship.
pub(super) fn relationship<'e>(
    entity: &'e EntityDefinition,
    name: &str,
) -> Option<(usize, &'e FieldDefinition)> {
    entity.fields.iter().enumerate().find(|(_, field)| {
        let known = field.relationship_name.as_ref();
        known.is_some_and(|known| known.eq_ignore_ascii_case(name))
    })
}

/// The value of a field that a source has; null if it is not kept.
pub(super) fn stored(source: usize, place: usize, field: &FieldDefinition) -> Expression {
    if field.stored() {
        Expression::Field { source, place }
    } else {
        Expression::Null
    }
}

fn field_of_name(
    scope: &Scope<'_>,
    id: &Expression,
    sources: &[(usize, Arc<EntityDefinition>)],
    name: &str,
) -> Option<(Expression, FieldDefinition)> {
    let plain = |name: &str, field_type| FieldDefinition {
        filterable: true,
        sortable: true,
        groupable: true,
        ..FieldDefinition::new(name, name, field_type)
    };
    if name.eq_ignore_ascii_case("Id") {
        return Some((id.clone(), plain("Id", FieldType::Reference)));
    }
    if name.eq_ignore_ascii_case("Type") {
        let entities = scope.context.catalog.entities().iter();
        let names = entities
            .map(|entity| (entity.key_prefix.to_string(), entity.name.to_string()))
            .collect();
        let id = Box::new(id.clone());
        let expression = Expression::TypeName { id, names };
        return Some((expression, plain("Type", FieldType::String)));
    }
    let name = NAME_FIELDS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))?;
    let mut field_type = None;
    let mut choices = Vec::new();
    for (source, entity) in sources {
        let found = if *name == "Name" {
            entity
                .fields
                .iter()
                .enumerate()
                .find(|(_, field)| field.name_field)
        } else {
            entity.field(name)
        };
        if let Some((place, field)) = found.filter(|(_, field)| field.stored()) {
            // Fields of one name and of different types are not the field of Name.
            if field_type
                .is_none_or(|known: FieldType| known.is_text() == field.field_type.is_text())
            {
                field_type = field_type.or(Some(field.field_type));
                choices.push(stored(*source, place, field));
            }
        }
    }
    let field = plain(name, field_type.unwrap_or(FieldType::String));
    Some((Expression::FirstOf(choices), field))
}

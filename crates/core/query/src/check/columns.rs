//! Columns of a plan, and the members of an answer that show them.

use landfall_model::{FieldDefinition, FieldType};

use super::Scope;
use super::sources::{Reached, stored};
use crate::plan::{Column, Expression};
use crate::shape::{Item, RecordShape, Shown};

impl Scope<'_> {
    /// The column of an expression; each is there once.
    pub(super) fn column(&mut self, expression: Expression, field_type: FieldType) -> usize {
        let same =
            |column: &Column| column.expression == expression && column.field_type == field_type;
        if let Some(known) = self.columns.iter().position(same) {
            return known;
        }
        self.columns.push(Column {
            expression,
            field_type,
        });
        self.columns.len() - 1
    }

    /// The shape of a reached record, with nothing in it yet.
    pub(super) fn record(&mut self, reached: &Reached) -> RecordShape {
        let (entity, id) = match reached {
            Reached::One { source, entity } => {
                let place = entity.identity();
                let source = *source;
                (Some(entity.clone()), Expression::Field { source, place })
            }
            Reached::Many { id, .. } => (None, id.clone()),
        };
        RecordShape {
            entity,
            id: self.column(id, FieldType::Id),
            items: Vec::new(),
            children: Vec::new(),
        }
    }

    /// The list of members that a path leads to, made as far as it is not there.
    pub(super) fn members<'i>(
        &mut self,
        items: &'i mut Vec<Item>,
        steps: &[(String, Reached)],
    ) -> Option<&'i mut Vec<Item>> {
        let Some(((step, reached), rest)) = steps.split_first() else {
            return Some(items);
        };
        let known = items.iter().position(|item| item.name() == step);
        let place = known.unwrap_or_else(|| {
            items.push(Item::Parent {
                name: step.clone(),
                record: self.record(reached),
            });
            items.len() - 1
        });
        match items.get_mut(place) {
            Some(Item::Parent { record, .. }) => self.members(&mut record.items, rest),
            _ => None,
        }
    }

    /// The member that shows a field.
    pub(super) fn member(
        &mut self,
        name: String,
        expression: &Expression,
        field: &FieldDefinition,
        reached: &Reached,
    ) -> Item {
        if let Reached::One { source, entity } = reached
            && field.field_type.is_compound()
        {
            let parts: Vec<_> = entity
                .components(field.name.as_str())
                .map(|(place, part)| {
                    (
                        part.name.to_string(),
                        stored(*source, place, part),
                        part.field_type,
                    )
                })
                .collect();
            let parts = parts
                .into_iter()
                .map(|(name, expression, field_type)| (name, self.column(expression, field_type)))
                .collect();
            return Item::Compound {
                name,
                field_type: field.field_type,
                parts,
            };
        }
        Item::Value {
            name,
            column: self.column(expression.clone(), field.field_type),
            shown: Shown::Plain(field.field_type),
        }
    }
}

/// The labels of a field's values.
pub(super) fn labels(field: &FieldDefinition) -> Vec<(String, String)> {
    let entries = field.picklist.iter();
    entries
        .map(|entry| (entry.value.clone(), entry.label.clone()))
        .collect()
}

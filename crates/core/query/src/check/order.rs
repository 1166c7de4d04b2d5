//! `ORDER BY`.

use landfall_model::limits::QUERY_ORDER_ITEMS_MAX;
use landfall_model::{FieldDefinition, FieldType, QueryFault, QueryRefusal};
use landfall_soql::{Function, Operand as Asked, Order};

use super::group::Keys;
use super::{Scope, rule};
use crate::plan::{Expression, Operand, Ordering};

impl Scope<'_> {
    /// The order of records, or of groups by their keys.
    pub(super) fn order(
        &mut self,
        items: &[Order],
        keys: Option<&Keys>,
    ) -> Result<Vec<Ordering>, QueryFault> {
        if items.len() > QUERY_ORDER_ITEMS_MAX {
            return rule("ORDER BY takes 32 fields at most");
        }
        let mut order = Vec::new();
        for item in items {
            let (operand, nulls_stay_first) = match keys {
                Some(keys) => (self.group_order(&item.operand, keys)?, false),
                None => self.sorted(&item.operand)?,
            };
            order.push(Ordering {
                operand,
                descending: item.descending,
                nulls_last: item.nulls_last == Some(true) && !nulls_stay_first,
            });
        }
        Ok(order)
    }

    /// What records are sorted by, and whether nulls come first whatever is said.
    ///
    /// Source: "`ORDER BY`" (SOQL and SOSL Reference): references that may be null.
    fn sorted(&mut self, asked: &Asked) -> Result<(Operand, bool), QueryFault> {
        match asked {
            Asked::Path(path) => {
                let resolved = self.resolve(path)?;
                let field = &resolved.field;
                if !is_sortable(field) {
                    let field = field.name.to_string();
                    return self.refused(path.at, QueryRefusal::NotSortable { field });
                }
                let stays = field.field_type == FieldType::Reference && field.nillable;
                Ok((by_field(resolved.expression.clone(), field), stays))
            }
            Asked::Call(call) if call.function == Function::Distance => {
                let expression = self.distance(call)?;
                let folded = false;
                Ok((Operand { expression, folded }, false))
            }
            Asked::Call(_) => rule("Records are sorted by fields and DISTANCE only"),
        }
    }
}

pub(super) fn is_sortable(field: &FieldDefinition) -> bool {
    field.sortable
        && !field.field_type.is_compound()
        && field.field_type != FieldType::MultiPicklist
}

/// Picklists come in the order of their definition.
pub(super) fn by_field(expression: Expression, field: &FieldDefinition) -> Operand {
    if field.field_type == FieldType::Picklist && !field.picklist.is_empty() {
        return Operand {
            expression: Expression::Rank {
                of: Box::new(expression),
                values: values(field),
            },
            folded: false,
        };
    }
    Operand {
        expression,
        folded: !field.case_sensitive && field.field_type.is_text(),
    }
}

/// The values of a picklist, in their order.
pub(super) fn values(field: &FieldDefinition) -> Vec<String> {
    let entries = field.picklist.iter();
    entries.map(|entry| entry.value.clone()).collect()
}

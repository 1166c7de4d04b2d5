//! The currency of a new record, in an org with several.
//!
//! Source: "Manage Multiple Currencies" (Salesforce Help); "`OpportunityLineItem`", `CurrencyIsoCode` (Object Reference).

use landfall_model::{EntityDefinition, FieldType, Row, Value};

use super::Planner;
use crate::blueprint::Blueprint;
use crate::currencies::{FIELD, OF_USER};
use crate::error::Error;
use crate::rows::{read, write};

impl Planner<'_, '_> {
    /// Gives a new record its currency, unless the request does: that of the record that it is a line of, or that of the
    /// user who creates it. Without either, the corporate one stays.
    pub(super) fn settle_currency(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        given: &[usize],
    ) -> Result<(), Error> {
        let entity = &*object.entity;
        let Some((place, field)) = entity.field(FIELD) else {
            return Ok(());
        };
        if given.contains(&place) {
            return Ok(());
        }
        let currency = if field.createable {
            self.currency_of_user()?
        } else {
            self.currency_of_parent(entity, row)?
        };
        if let Value::Text(code) = &currency
            && field.picklist.iter().any(|value| value.value == *code)
        {
            write(row, Some(place), currency);
        }
        Ok(())
    }

    fn currency_of_user(&mut self) -> Result<Value, Error> {
        let users = self.named("User")?;
        let user = self.workspace.row(users, self.user)?;
        let place = users.entity.index_of(OF_USER);
        Ok(user.map_or(Value::Null, |user| read(&user, place).clone()))
    }

    fn currency_of_parent(&mut self, entity: &EntityDefinition, row: &Row) -> Result<Value, Error> {
        let Some(parent) = &entity.traits.controlled_by else {
            return Ok(Value::Null);
        };
        let mut fields = entity.fields.iter();
        let reference = fields.position(|field| {
            field.field_type == FieldType::Reference && field.reference_to.first() == Some(parent)
        });
        let parents = self.named(parent.as_str())?;
        let Some(id) = read(row, reference).as_id() else {
            return Ok(Value::Null);
        };
        let place = parents.entity.index_of(FIELD);
        let row = self.workspace.row(parents, id)?;
        Ok(row.map_or(Value::Null, |row| read(&row, place).clone()))
    }
}

//! Products on opportunities and orders: what their records take from price books, and what they add up to.
//!
//! Source: "`PricebookEntry`", "`OpportunityLineItem`", "`OrderItem`" (Object Reference), with "Effects on Opportunities".

use std::collections::BTreeSet;
use std::sync::Arc;

use landfall_model::{
    ChangeType, Fault, FieldDefinition, FieldFault, RecordId, Row, Value, ValueFault, limits,
};

use super::{Cause, Planner};
use crate::blueprint::Blueprint;
use crate::derive::{self, Fields};
use crate::error::Error;
use crate::rows::read;
use crate::validate::{self, subject};

const ENTRY: &str = "PricebookEntry";
const LINE: &str = "OpportunityLineItem";
const ORDER_LINE: &str = "OrderItem";

/// Returns whether a request sets a field.
type Given<'g> = dyn Fn(&str) -> bool + 'g;

/// A record that another refers to.
type Referred<'p> = (&'p Blueprint, Arc<Row>);

fn value(of: &Referred<'_>, field: &str) -> Value {
    read(&of.1, of.0.entity.index_of(field)).clone()
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Double(number) => Some(*number),
        _ => None,
    }
}

impl<'p> Planner<'p, '_> {
    /// Fills what a record takes from the price book that it refers to.
    ///
    /// # Errors
    /// [`Error::Refused`] if that does not fit, [`Error::Store`].
    pub(super) fn settle_price(
        &mut self,
        object: &Blueprint,
        row: &mut Row,
        before: Option<&Row>,
        given: &Given<'_>,
    ) -> Result<(), Error> {
        let mut fields = Fields {
            entity: &object.entity,
            row,
            before,
        };
        match object.entity.name.as_str() {
            ENTRY => self.price_entry(object, &mut fields),
            LINE => self.price_line(&mut fields, given),
            ORDER_LINE => self.price_order_line(&mut fields, given),
            "Opportunity" => keep_products(&mut fields),
            _ => Ok(()),
        }
    }

    fn referred(
        &mut self,
        fields: &Fields<'_>,
        field: &str,
    ) -> Result<Option<Referred<'p>>, Error> {
        let Some(id) = fields.get(field).as_id() else {
            return Ok(None);
        };
        let Some(object) = self.blueprints.with_prefix(id.prefix()) else {
            return Ok(None);
        };
        let row = self.workspace.row(object, id)?;
        Ok(row.map(|row| (object, row)))
    }

    /// A price has the name and the code of its product. A price in another book needs one in the standard price book.
    fn price_entry(&mut self, object: &Blueprint, fields: &mut Fields<'_>) -> Result<(), Error> {
        let (Some(product), Some(book)) = (
            self.referred(fields, "Product2Id")?,
            self.referred(fields, "Pricebook2Id")?,
        ) else {
            return Ok(());
        };
        fields.set("Name", value(&product, "Name"));
        fields.set("ProductCode", value(&product, "ProductCode"));
        let prices = self.prices_of(object, fields.get("Product2Id"))?;
        let of_book = |row: &Row| read(row, object.entity.index_of("Pricebook2Id")).clone();
        if fields.before.is_none() {
            let same = prices
                .iter()
                .find(|(_, row)| of_book(row) == *fields.get("Pricebook2Id"));
            if let (Some((record, _)), Some((_, field))) =
                (same, object.entity.field("Pricebook2Id"))
            {
                let field = field.name.clone();
                let record = *record;
                return Err(Fault::Value(ValueFault::Duplicate { field, record }).into());
            }
        }
        if value(&book, "IsStandard").as_bool() == Some(true) {
            return Ok(());
        }
        let mut standard = None;
        for (_, row) in &prices {
            let Some(id) = of_book(row).as_id() else {
                continue;
            };
            let known = self.workspace.row(book.0, id)?;
            let is_standard = known.is_some_and(|known| {
                let standard = book.0.entity.index_of("IsStandard");
                read(&known, standard).as_bool() == Some(true)
            });
            if is_standard {
                standard = Some(read(row, object.entity.index_of("UnitPrice")).clone());
            }
        }
        let Some(standard) = standard else {
            let field = of(fields, "Pricebook2Id", |field| {
                ValueFault::StandardPriceMissing {
                    field: subject(field),
                }
            });
            return Err(field.into());
        };
        if fields.get("UseStandardPrice").as_bool() == Some(true) {
            fields.set("UnitPrice", standard);
        }
        Ok(())
    }

    /// The prices of a product.
    fn prices_of(
        &mut self,
        entries: &Blueprint,
        product: &Value,
    ) -> Result<Vec<(RecordId, Arc<Row>)>, Error> {
        let Some(place) = entries.entity.index_of("Product2Id") else {
            return Ok(Vec::new());
        };
        let most = limits::ROLL_UP_DETAILS_MAX;
        Ok(self.workspace.live_where(entries, place, product, most)?)
    }

    /// A line has a list price and a sales price, of which the total follows or the other way round.
    fn price_line(&mut self, fields: &mut Fields<'_>, given: &Given<'_>) -> Result<(), Error> {
        let Some(opportunity) = self.referred(fields, "OpportunityId")? else {
            return Ok(());
        };
        if fields.before.is_none() {
            let book = value(&opportunity, "Pricebook2Id");
            self.find_price(fields, &book)?;
            let Some(entry) = self.referred(fields, "PricebookEntryId")? else {
                return Err(missing(fields, "PricebookEntryId"));
            };
            self.check_book(fields, &book, &entry)?;
            for (field, from) in [
                ("Product2Id", "Product2Id"),
                ("ProductCode", "ProductCode"),
                ("ListPrice", "UnitPrice"),
            ] {
                fields.set(field, value(&entry, from));
            }
            let names = [value(&opportunity, "Name"), value(&entry, "Name")];
            let names = names.iter().filter_map(Value::as_text);
            let name = names.collect::<Vec<_>>().join(" ");
            fields.set_text("Name", &name);
        }
        totals(fields, given)
    }

    /// The price of a product, if only that is given.
    fn find_price(&mut self, fields: &mut Fields<'_>, book: &Value) -> Result<(), Error> {
        let product = fields.get("Product2Id").clone();
        if product.is_null() || !fields.get("PricebookEntryId").is_null() {
            return Ok(());
        }
        let Some(entries) = self.blueprints.named(ENTRY) else {
            return Ok(());
        };
        let place = entries.entity.index_of("Pricebook2Id");
        let prices = self.prices_of(entries, &product)?;
        let of_book = prices.iter().find(|(_, row)| read(row, place) == book);
        match of_book {
            Some((id, _)) => fields.set("PricebookEntryId", Value::Id(*id)),
            None => return Err(missing(fields, "PricebookEntryId")),
        }
        Ok(())
    }

    /// A line's price is in the price book of its opportunity or order, or makes an active one that.
    fn check_book(
        &mut self,
        fields: &Fields<'_>,
        book: &Value,
        entry: &Referred<'_>,
    ) -> Result<(), Error> {
        let of_entry = value(entry, "Pricebook2Id");
        if !book.is_null() {
            if *book == of_entry {
                return Ok(());
            }
            let reason = "pricebook entry is in a different pricebook than the one assigned to the opportunity";
            return Err(fields.refuse("PricebookEntryId", reason).into());
        }
        let chosen = match of_entry.as_id() {
            Some(id) => match self.blueprints.with_prefix(id.prefix()) {
                Some(books) => self.workspace.row(books, id)?.map(|row| (books, row)),
                None => None,
            },
            None => None,
        };
        if chosen.is_some_and(|chosen| value(&chosen, "IsActive").as_bool() == Some(true)) {
            return Ok(());
        }
        let reason = "the price book of the price is not active";
        Err(fields.refuse("PricebookEntryId", reason).into())
    }

    fn price_order_line(
        &mut self,
        fields: &mut Fields<'_>,
        given: &Given<'_>,
    ) -> Result<(), Error> {
        if fields.before.is_none() {
            let Some(entry) = self.referred(fields, "PricebookEntryId")? else {
                return Ok(());
            };
            if let Some(order) = self.referred(fields, "OrderId")? {
                self.check_book(fields, &value(&order, "Pricebook2Id"), &entry)?;
            }
            fields.set("Product2Id", value(&entry, "Product2Id"));
            for field in ["ListPrice", "UnitPrice"] {
                if !given(field) {
                    fields.set(field, value(&entry, "UnitPrice"));
                }
            }
        }
        let quantity = number(fields.get("Quantity")).unwrap_or_default();
        let price = number(fields.get("UnitPrice")).unwrap_or_default();
        fields.set_number("TotalPrice", price * quantity)?;
        fields.set_number("AvailableQuantity", quantity)
    }

    /// Brings opportunities and orders in step with the lines that have changed since.
    ///
    /// # Errors
    /// [`Error::Refused`] if a sum does not fit or a rule refuses it, [`Error::Store`].
    pub(super) fn settle_totals(&mut self, since: usize) -> Result<(), Error> {
        let mut due = BTreeSet::new();
        for step in self.steps.iter().skip(since) {
            let (line, whole) = match step.entity.name.as_str() {
                LINE => (LINE, "OpportunityId"),
                ORDER_LINE => (ORDER_LINE, "OrderId"),
                _ => continue,
            };
            let place = step.entity.index_of(whole);
            due.extend(read(&step.after, place).as_id().map(|id| (line, place, id)));
        }
        for (line, place, id) in due {
            if let Some(place) = place {
                self.total(line, place, id)?;
            }
        }
        Ok(())
    }

    fn total(&mut self, line: &str, place: usize, whole: RecordId) -> Result<(), Error> {
        let (Some(object), Some(lines)) = (
            self.blueprints.with_prefix(whole.prefix()),
            self.blueprints.named(line),
        ) else {
            return Ok(());
        };
        let Some(before) = self.workspace.row(object, whole)? else {
            return Ok(());
        };
        if object.is_deleted(&before) {
            return Ok(());
        }
        let most = limits::ROLL_UP_DETAILS_MAX;
        let rows = self
            .workspace
            .live_where(lines, place, &Value::Id(whole), most)?;
        let sum = |field: &str| -> f64 {
            let place = lines.entity.index_of(field);
            let numbers = rows.iter().filter_map(|(_, row)| number(read(row, place)));
            // A sum of nothing is a negative zero.
            numbers.sum::<f64>() + 0.0
        };
        let mut after = Row::clone(&before);
        let mut fields = Fields {
            entity: &object.entity,
            row: &mut after,
            before: Some(&before),
        };
        if line == ORDER_LINE {
            fields.set_number("TotalAmount", sum("TotalPrice"))?;
        } else {
            fields.set("HasOpportunityLineItem", Value::Boolean(!rows.is_empty()));
            if !rows.is_empty() {
                fields.set_number("Amount", sum("TotalPrice"))?;
                fields.set_number("TotalOpportunityQuantity", sum("Quantity"))?;
            }
        }
        if fields.get("Pricebook2Id").is_null()
            && let Some((_, first)) = rows.first()
        {
            let entry = read(first, lines.entity.index_of("PricebookEntryId")).as_id();
            let entries =
                entry.and_then(|id| Some((self.blueprints.with_prefix(id.prefix())?, id)));
            if let Some((entries, id)) = entries
                && let Some(row) = self.workspace.row(entries, id)?
            {
                fields.set("Pricebook2Id", value(&(entries, row), "Pricebook2Id"));
            }
        }
        derive::derive(&object.entity, &mut after, Some(&before), self.now, &|_| {
            false
        })?;
        if after == *before {
            return Ok(());
        }
        self.check_rules(object, &after, Some(&before))?;
        self.touch(object, &mut after);
        let change = (ChangeType::Update, Cause::Consequence);
        self.step(object, whole, Some(before), after, change);
        Ok(())
    }
}

/// Of an opportunity with products, the amount follows from them, and the price book stays.
fn keep_products(fields: &mut Fields<'_>) -> Result<(), Error> {
    if fields.get_before("HasOpportunityLineItem").as_bool() != Some(true) {
        return Ok(());
    }
    if fields.is_changed("Pricebook2Id") {
        let reason = "an opportunity with products keeps its price book";
        return Err(fields.refuse("Pricebook2Id", reason).into());
    }
    let amount = fields.get_before("Amount").clone();
    fields.set("Amount", amount);
    Ok(())
}

/// What a line costs: the sales price, the quantity and the discount give the total, or the total gives the sales price.
fn totals(fields: &mut Fields<'_>, given: &Given<'_>) -> Result<(), Error> {
    let is_new = fields.before.is_none();
    let has = |fields: &Fields<'_>, name: &str| given(name) && !fields.get(name).is_null();
    if has(fields, "UnitPrice") && has(fields, "TotalPrice") {
        let reason = "specify either the sales price or the total price";
        return Err(fields.refuse("UnitPrice", reason).into());
    }
    let quantity = number(fields.get("Quantity")).unwrap_or_default();
    let discount = number(fields.get("Discount")).unwrap_or_default();
    let counted = quantity * (1.0 - discount / 100.0);
    let prices_given = has(fields, "UnitPrice") || has(fields, "TotalPrice");
    if !is_new && !prices_given && given("Discount") && given("Quantity") {
        let reason = "a new discount and a new quantity need the sales price or the total price";
        return Err(fields.refuse("Discount", reason).into());
    }
    let follows_from_total =
        has(fields, "TotalPrice") || (!is_new && !prices_given && given("Quantity"));
    if follows_from_total {
        let total = number(fields.get("TotalPrice")).unwrap_or_default();
        let price = if counted == 0.0 { 0.0 } else { total / counted };
        fields.set_number("UnitPrice", price)?;
    } else {
        if fields.get("UnitPrice").is_null() {
            let list = fields.get("ListPrice").clone();
            fields.set("UnitPrice", list);
        }
        let price = number(fields.get("UnitPrice")).unwrap_or_default();
        fields.set_number("TotalPrice", price * counted)?;
    }
    let price = number(fields.get("UnitPrice")).unwrap_or_default();
    fields.set_number("Subtotal", price * quantity)
}

fn missing(fields: &Fields<'_>, name: &str) -> Error {
    of(fields, name, |field| FieldFault::Required {
        fields: vec![field.name.clone()],
    })
    .into()
}

fn of<F: Into<Fault>>(
    fields: &Fields<'_>,
    name: &str,
    fault: impl FnOnce(&FieldDefinition) -> F,
) -> Fault {
    match fields.entity.field(name) {
        Some((_, field)) => fault(field).into(),
        None => crate::report::defect("a field of a price does not exist"),
    }
}

impl Fields<'_> {
    /// Sets a number that has been computed, in the digits of its field.
    fn set_number(&mut self, name: &str, number: f64) -> Result<(), Error> {
        let Some((_, field)) = self.entity.field(name) else {
            return Ok(());
        };
        let value = validate::rounded(field, Value::Double(number));
        let value = validate::fitting(field, value).map_err(Fault::Value)?;
        self.set(name, value);
        Ok(())
    }

    /// Sets a text that has been put together, as far as its field takes it.
    fn set_text(&mut self, name: &str, text: &str) {
        let Some((_, field)) = self.entity.field(name) else {
            return;
        };
        let most = usize::try_from(field.length).unwrap_or(usize::MAX);
        self.set(name, Value::Text(text.chars().take(most).collect()));
    }
}

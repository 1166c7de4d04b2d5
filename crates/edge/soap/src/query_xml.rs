//! From rows of a query to the XML of its answer.
//!
//! Source: `QueryResult`, `AggregateResult` (SOAP API Developer Guide), the sample of `LimitInfoHeader`, and recorded answers.

use landfall_engine::query::{Answers, Item, RecordShape, Shown, TypeCase};
use landfall_engine::{Answer, Page, PageRow};
use landfall_model::{FieldType, RecordId, Value};
use landfall_xml::Writer;

use crate::answer::Dialect;
use crate::call::Call;
use crate::files::Files;
use crate::record_xml::{compound, is_id, ordered, record, typed_value, value};

const PAGE: &str = "xsi:type=\"QueryResult\"";
const PAGE_OF_TYPED: &str =
    "xsi:type=\"QueryResult\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"";
const RECORDS: &str = "records";

/// Writes the answer as `result`.
pub(crate) fn write(call: &Call<'_>, w: &mut Writer, answer: &Answer, files: &Files) {
    let render = Render {
        call,
        dialect: call.endpoint.dialect,
        files,
    };
    match &answer.checked.answers {
        Answers::Records(shape) => {
            let mut way = answer.way.iter();
            let shape = way.try_fold(shape, |shape, place| shape.children.get(*place));
            page(w, ("result", PAGE), &answer.page, |w, row| {
                if let Some(shape) = shape {
                    render.record(w, RECORDS, shape, row);
                }
            });
        }
        Answers::Groups(items) => {
            page(w, ("result", PAGE_OF_TYPED), &answer.page, |w, row| {
                render.group(w, items, row);
            });
        }
        Answers::Count => page(w, ("result", PAGE), &answer.page, |_, _| ()),
    }
}

/// Writes what a search finds of one object, record by record.
pub(crate) fn found(call: &Call<'_>, w: &mut Writer, answer: &Answer, files: &Files) {
    let render = Render {
        call,
        dialect: call.endpoint.dialect,
        files,
    };
    // A search names fields, so it finds records.
    let Answers::Records(shape) = &answer.checked.answers else {
        return;
    };
    for row in &answer.page.rows {
        w.element("searchRecords", |w| {
            render.record(w, "record", shape, row);
            w.nil("searchRecordMetadata");
            w.nil("snippet");
        });
    }
}

/// `done`, `queryLocator`, `records`, `size`: the order of the WSDL.
fn page(
    w: &mut Writer,
    (element, attributes): (&str, &str),
    page: &Page,
    row: impl Fn(&mut Writer, &PageRow),
) {
    w.typed(element, attributes, |w| {
        w.boolean("done", page.next.is_none());
        let next = page.next.map(|next| next.to_string());
        w.text_or_nil("queryLocator", next.as_deref());
        for found in &page.rows {
            row(w, found);
        }
        w.text("size", &page.total.to_string());
    });
}

struct Render<'c> {
    call: &'c Call<'c>,
    dialect: Dialect,
    files: &'c Files,
}

impl Render<'_> {
    /// A record, or nil if its id is null.
    fn record(&self, w: &mut Writer, element: &str, shape: &RecordShape, row: &PageRow) {
        let id = column(row, shape.id);
        if id.is_null() {
            return w.nil(element);
        }
        let object = shape.entity.as_ref();
        let object = object.map_or("Name", |entity| entity.name.as_str());
        self.members(w, (element, object), id, &shape.items, |w, item| {
            self.item(w, Some(shape), item, row);
        });
    }

    fn members(
        &self,
        w: &mut Writer,
        names: (&str, &str),
        id: &Value,
        items: &[Item],
        write: impl Fn(&mut Writer, &Item),
    ) {
        let asked = items.iter().any(|item| is_id(item.name()));
        let id = if asked { id } else { &Value::Null };
        record(w, self.dialect, names, id, |w| {
            for item in ordered(self.dialect, items, Item::name) {
                write(w, item);
            }
        });
    }

    /// A group of records: its members have the names of the query, so each value has its type.
    fn group(&self, w: &mut Writer, items: &[Item], row: &PageRow) {
        let names = (RECORDS, "AggregateResult");
        record(w, self.dialect, names, &Value::Null, |w| {
            for item in items {
                match item {
                    Item::Value {
                        name,
                        column: place,
                        shown: Shown::Plain(kind),
                    } => typed_value(w, &format!("sf:{name}"), *kind, column(row, *place)),
                    item => self.item(w, None, item, row),
                }
            }
        });
    }

    fn item(&self, w: &mut Writer, of: Option<&RecordShape>, item: &Item, row: &PageRow) {
        let element = format!("sf:{}", item.name());
        match item {
            Item::Value {
                column: place,
                shown,
                ..
            } => {
                let found = column(row, *place);
                if shown.field_type() == FieldType::Base64 {
                    let id = of.and_then(|of| column(row, of.id).as_id());
                    let file = id.and_then(|id| self.files.get(&id));
                    return w.text_or_nil(&element, file.map(String::as_str));
                }
                match shown.text(found) {
                    Some(text) => w.text(&element, &text),
                    None => value(w, &element, shown.field_type(), found),
                }
            }
            Item::Compound {
                name,
                field_type,
                parts,
            } => {
                let parts = parts.iter();
                let parts = parts.map(|(part, place)| (part.as_str(), column(row, *place)));
                compound(w, (name, *field_type), parts);
            }
            Item::Parent { record, .. } => self.record(w, &element, record, row),
            Item::Children { place, .. } => {
                let shape = of.and_then(|of| of.children.get(*place));
                match (shape, row.children.get(*place)) {
                    (Some(shape), Some(found)) if found.total > 0 => {
                        page(w, (&element, PAGE), found, |w, child| {
                            self.record(w, RECORDS, shape, child);
                        });
                    }
                    _ => w.nil(&element),
                }
            }
            Item::TypeOf {
                id,
                cases,
                otherwise,
                ..
            } => self.type_of(
                w,
                &element,
                (column(row, *id), row),
                cases,
                otherwise.as_deref(),
            ),
        }
    }

    fn type_of(
        &self,
        w: &mut Writer,
        element: &str,
        (id, row): (&Value, &PageRow),
        cases: &[TypeCase],
        otherwise: Option<&[Item]>,
    ) {
        let Some(object) = id.as_id().and_then(|id| self.object_of(id)) else {
            return w.nil(element);
        };
        let case = cases
            .iter()
            .find(|case| case.entity.name.as_str() == object);
        let Some(items) = case.map(|case| case.items.as_slice()).or(otherwise) else {
            return w.nil(element);
        };
        self.members(w, (element, object), id, items, |w, item| {
            self.item(w, None, item, row);
        });
    }

    fn object_of(&self, id: RecordId) -> Option<&str> {
        let entity = self.call.catalog().entity_of(id.prefix())?;
        Some(entity.name.as_str())
    }
}

fn column(row: &PageRow, column: usize) -> &Value {
    row.values.get(column).unwrap_or(&Value::Null)
}

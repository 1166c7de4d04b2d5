//! From rows of a query to the JSON of its answer.
//!
//! Source: "Query" (REST API Developer Guide) and recorded answers.

use landfall_engine::query::{Answers, Item, RecordShape};
use landfall_engine::{Answer, Page, PageRow};
use landfall_http::{Call, Writer};
use landfall_model::{EntityDefinition, RecordId, Value};

use crate::api::Api;
use crate::record_json::{address, identity, record_url, write_parts, write_typed};

/// The answer of an API as JSON.
pub fn rendered(call: &Call, api: Api, answer: &Answer) -> String {
    let render = Render { call, api };
    let object = answer.checked.plan.entity.name.as_str();
    let mut w = Writer::new();
    match &answer.checked.answers {
        Answers::Records(shape) => {
            let shape = answer
                .way
                .iter()
                .try_fold(shape, |shape, place| shape.children.get(*place));
            let object = shape.and_then(|shape| shape.entity.as_ref());
            let object = object.map_or("Name", |object| object.name.as_str());
            render.page(&mut w, object, &answer.page, |w, row| {
                if let Some(shape) = shape {
                    render.record(w, shape, &shape.items, row);
                }
            });
        }
        Answers::Groups(items) => render.page(&mut w, AGGREGATE, &answer.page, |w, row| {
            w.object(|w| {
                w.name("attributes")
                    .object(|w| w.name("type").string(AGGREGATE));
                for item in items {
                    render.item(w, None, item, row);
                }
            });
        }),
        Answers::Count => render.page(&mut w, object, &answer.page, |_, _| ()),
    }
    w.finish()
}

/// The records of an answer, one after another.
pub fn records(w: &mut Writer, call: &Call, api: Api, answer: &Answer) {
    let render = Render { call, api };
    if let Answers::Records(shape) = &answer.checked.answers {
        for row in &answer.page.rows {
            render.record(w, shape, &shape.items, row);
        }
    }
}

/// What a group is called.
const AGGREGATE: &str = "AggregateResult";

struct Render<'c> {
    call: &'c Call,
    api: Api,
}

impl Render<'_> {
    /// Source, of what the Tooling API has in addition: "`QueryResult`" (Tooling API Developer Guide).
    fn page(&self, w: &mut Writer, object: &str, page: &Page, row: impl Fn(&mut Writer, &PageRow)) {
        let total = i64::try_from(page.total).unwrap_or(i64::MAX);
        w.object(|w| {
            if self.api == Api::Tooling {
                w.name("size").integer(total);
            }
            w.name("totalSize").integer(total);
            w.name("done").boolean(page.next.is_none());
            if self.api == Api::Tooling {
                w.name("queryLocator").null();
                w.name("entityTypeName").string(object);
            }
            if let Some(next) = page.next {
                let version = self.call.version;
                let url = format!("/services/data/v{version}/query/{next}");
                w.name("nextRecordsUrl").string(&url);
            }
            w.name("records")
                .array(|w| page.rows.iter().for_each(|found| row(w, found)));
        });
    }

    /// A record, or null if its id is.
    fn record(&self, w: &mut Writer, shape: &RecordShape, items: &[Item], row: &PageRow) {
        let identity_value = value(row, shape.id);
        let Some(id) = identity(identity_value) else {
            return w.null();
        };
        let entity = match (&shape.entity, identity_value) {
            (Some(entity), _) => Some(&**entity),
            (None, Value::Id(id)) => self.object_of(*id),
            (None, _) => None,
        };
        let url = entity.map(|entity| address(self.call.version, self.api, entity, id));
        let name = shape
            .entity
            .as_ref()
            .map_or("Name", |entity| entity.name.as_str());
        w.object(|w| {
            attributes(w, name, url.as_deref());
            for item in items {
                self.item(w, Some(shape), item, row);
            }
        });
    }

    fn item(&self, w: &mut Writer, of: Option<&RecordShape>, item: &Item, row: &PageRow) {
        w.name(item.name());
        match item {
            Item::Value {
                name,
                column,
                shown,
            } => {
                let value = value(row, *column);
                match shown.text(value) {
                    Some(text) => w.string(&text),
                    None => write_typed(w, shown.field_type(), value, || self.blob(of?, name, row)),
                }
            }
            Item::Compound {
                name,
                field_type,
                parts,
            } => {
                let parts = parts
                    .iter()
                    .map(|(part, column)| (part.as_str(), value(row, *column)));
                write_parts(w, (name, *field_type), parts);
            }
            Item::Parent { record, .. } => self.record(w, record, &record.items, row),
            Item::Children { place, .. } => {
                let shape = of.and_then(|of| of.children.get(*place));
                match (shape, row.children.get(*place)) {
                    (Some(shape), Some(page)) if page.total > 0 => {
                        let object = shape.entity.as_ref();
                        let object = object.map_or("Name", |object| object.name.as_str());
                        self.page(w, object, page, |w, child| {
                            self.record(w, shape, &shape.items, child);
                        });
                    }
                    _ => w.null(),
                }
            }
            Item::TypeOf {
                id,
                cases,
                otherwise,
                ..
            } => self.type_of(w, (*id, row), cases, otherwise.as_deref()),
        }
    }

    /// The address of the bytes of a field.
    fn blob(&self, shape: &RecordShape, name: &str, row: &PageRow) -> Option<String> {
        let (entity, id) = (shape.entity.as_ref()?, value(row, shape.id).as_id()?);
        let url = record_url(self.call.version, entity, id);
        Some(format!("{url}/{name}"))
    }

    fn type_of(
        &self,
        w: &mut Writer,
        (id, row): (usize, &PageRow),
        cases: &[landfall_engine::query::TypeCase],
        otherwise: Option<&[Item]>,
    ) {
        let known = value(row, id).as_id();
        let Some((id, entity)) = known.and_then(|id| Some((id, self.object_of(id)?))) else {
            return w.null();
        };
        let case = cases.iter().find(|case| case.entity.name == entity.name);
        let Some(items) = case.map(|case| case.items.as_slice()).or(otherwise) else {
            return w.null();
        };
        w.object(|w| {
            let url = record_url(self.call.version, entity, id);
            attributes(w, entity.name.as_str(), Some(&url));
            for item in items {
                self.item(w, None, item, row);
            }
        });
    }

    fn object_of(&self, id: RecordId) -> Option<&EntityDefinition> {
        self.call
            .catalog()
            .entity_of(id.prefix())
            .map(|entity| &**entity)
    }
}

fn attributes(w: &mut Writer, name: &str, url: Option<&str>) {
    w.name("attributes").object(|w| {
        w.name("type").string(name);
        if let Some(url) = url {
            w.name("url").string(url);
        }
    });
}

fn value(row: &PageRow, column: usize) -> &Value {
    row.values.get(column).unwrap_or(&Value::Null)
}

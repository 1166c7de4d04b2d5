//! What a query finds, record by record, in the form that the job asks for.
//!
//! Source: "Get Results for a Query Job", "Use Bulk Query" (Bulk API 2.0 and Bulk API Developer Guide): jobs of the API
//! before 2.0 may want JSON or XML, where a record that a reference leads to is a record within a record.

use std::sync::Arc;

use landfall_engine::query::{Answers, Checked, Item, RecordShape, Shown};
use landfall_model::{RecordId, Value};
use landfall_wire::write_json_string;
use landfall_xml::Writer;

use crate::job::Form;
use crate::lines::Csv;
use crate::table::{Table, text};

/// Begins a list of records in XML.
const XML_BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><queryResult \
    xmlns=\"http://www.force.com/2009/06/asyncapi/dataload\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">";

/// Wire: every record says that it is one.
const XML_RECORD: &str = "xsi:type=\"sObject\"";

/// Records in the making.
pub(crate) struct Sheet {
    kind: Kind,
    out: Vec<u8>,
}

enum Kind {
    Csv(Table, Csv),
    Json(Tree, bool),
    Xml(Tree),
}

/// What records look like that have others within them.
struct Tree {
    checked: Arc<Checked>,
    version: u16,
}

impl Sheet {
    /// Begins with what comes before the records.
    pub(crate) fn begin(
        form: Form,
        (table, mut csv): (Table, Csv),
        checked: Arc<Checked>,
        version: u16,
    ) -> Self {
        let tree = Tree { checked, version };
        let (kind, out) = match form {
            Form::Csv => {
                csv.line(table.names());
                let out = csv.take();
                (Kind::Csv(table, csv), out)
            }
            Form::Json => (Kind::Json(tree, true), b"[".to_vec()),
            Form::Xml => (Kind::Xml(tree), XML_BEGIN.into()),
        };
        Self { kind, out }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, row: &[Value]) {
        match &mut self.kind {
            Kind::Csv(table, csv) => {
                csv.line(table.line(row));
                self.out.extend(csv.bytes());
                csv.clear();
            }
            Kind::Json(tree, is_first) => {
                let mut text = String::from(if *is_first { "" } else { "," });
                *is_first = false;
                if let Answers::Records(shape) = &tree.checked.answers {
                    tree.json(&mut text, shape, row);
                }
                self.out.extend(text.bytes());
            }
            Kind::Xml(tree) => {
                let mut w = Writer::new();
                if let Answers::Records(shape) = &tree.checked.answers {
                    w.typed("records", XML_RECORD, |w| Tree::xml(w, shape, row));
                }
                self.out.extend(w.finish().bytes());
            }
        }
    }

    /// Adds what comes after the records.
    pub(crate) fn end(&mut self) {
        match self.kind {
            Kind::Csv(..) => {}
            Kind::Json(..) => self.out.push(b']'),
            Kind::Xml(_) => self.out.extend(b"</queryResult>"),
        }
    }

    /// What nobody has taken yet.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// Forgets that, and keeps the room for more.
    pub(crate) fn clear(&mut self) {
        self.out.clear();
    }
}

impl Tree {
    /// A record, or null if there is none.
    fn json(&self, out: &mut String, shape: &RecordShape, row: &[Value]) {
        let Some(id) = value(row, shape.id).as_id() else {
            return out.push_str("null");
        };
        let object = name_of(shape);
        out.push_str("{\"attributes\":{\"type\":");
        write_json_string(out, object);
        out.push_str(",\"url\":");
        let version = self.version;
        write_json_string(
            out,
            &format!("/services/data/v{version}.0/sobjects/{object}/{id}"),
        );
        out.push('}');
        for item in &shape.items {
            out.push(',');
            write_json_string(out, item.name());
            out.push(':');
            match item {
                Item::Value { column, shown, .. } => json_value(out, value(row, *column), shown),
                Item::Parent { record, .. } => self.json(out, record, row),
                // A table has none of these.
                Item::Compound { .. } | Item::Children { .. } | Item::TypeOf { .. } => {
                    out.push_str("null");
                }
            }
        }
        out.push('}');
    }

    /// What a record consists of. Its id comes first in any case; where it was not asked for it is empty.
    fn xml(w: &mut Writer, shape: &RecordShape, row: &[Value]) {
        w.text("type", name_of(shape));
        let asked = shape.items.iter().any(|item| item.name() == "Id");
        let id = value(row, shape.id).as_id().filter(|_| asked);
        w.text_or_nil("Id", id.as_ref().map(RecordId::as_str));
        for item in &shape.items {
            let name = item.name();
            match item {
                Item::Value { column, shown, .. } => {
                    let text = text(value(row, *column), shown);
                    w.text_or_nil(name, text.as_deref());
                }
                Item::Parent { record, .. } if value(row, record.id).as_id().is_some() => {
                    w.typed(name, XML_RECORD, |w| Self::xml(w, record, row));
                }
                Item::Parent { .. }
                | Item::Compound { .. }
                | Item::Children { .. }
                | Item::TypeOf { .. } => w.nil(name),
            }
        }
    }
}

fn name_of(shape: &RecordShape) -> &str {
    let entity = shape.entity.as_ref();
    entity.map_or("Name", |entity| entity.name.as_str())
}

fn value(row: &[Value], column: usize) -> &Value {
    row.get(column).unwrap_or(&Value::Null)
}

fn millis(value: &Value, shown: &Shown) -> Option<i64> {
    match (shown, value) {
        (Shown::Plain(_), Value::Date(date)) => Some(date.midnight().as_millis()),
        (Shown::Plain(_), Value::DateTime(at)) => Some(at.whole_second().as_millis()),
        (Shown::Plain(_), Value::Time(millis)) => Some(i64::from(*millis)),
        _ => None,
    }
}

/// Dates and times are milliseconds since the epoch, a time of day those since midnight.
///
/// Source: issue 290 of simple-salesforce (points in time). Clients: the Salesforce source of dlt divides dates, points in
/// time and times of day by 1,000.
fn json_value(out: &mut String, value: &Value, shown: &Shown) {
    if let Some(millis) = millis(value, shown) {
        return out.push_str(&millis.to_string());
    }
    let Some(text) = text(value, shown) else {
        return out.push_str("null");
    };
    let is_bare = matches!(
        value,
        Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Double(_)
    );
    if is_bare {
        out.push_str(&text);
    } else {
        write_json_string(out, &text);
    }
}

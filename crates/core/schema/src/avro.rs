//! The JSON forms of a schema.

use std::collections::HashSet;

use landfall_model::ChangeType;

use crate::json;
use crate::shape::{Compound, EventField, Scalar, Shape};
use crate::{EventSchema, HEADER};

pub(crate) const NAMESPACE: &str = "com.sforce.eventbus";

/// The fields of the header, in order. The last three are bitmaps.
pub(crate) const HEADER_FIELDS: [(&str, HeaderType); 12] = [
    ("entityName", HeaderType::Text),
    ("recordIds", HeaderType::Texts),
    ("changeType", HeaderType::ChangeType),
    ("changeOrigin", HeaderType::Text),
    ("transactionKey", HeaderType::Text),
    ("sequenceNumber", HeaderType::Int),
    ("commitTimestamp", HeaderType::Long),
    ("commitNumber", HeaderType::Long),
    ("commitUser", HeaderType::Text),
    ("nulledFields", HeaderType::Texts),
    ("diffFields", HeaderType::Texts),
    ("changedFields", HeaderType::Texts),
];

/// Header fields that the Streaming API does not deliver.
const PUBSUB_ONLY: [&str; 2] = ["nulledFields", "diffFields"];

#[derive(Clone, Copy)]
pub(crate) enum HeaderType {
    Text,
    Texts,
    ChangeType,
    Int,
    Long,
}

/// Which JSON form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The Avro schema.
    Full,
    /// Parsing Canonical Form: full names, no docs, no defaults.
    Canonical,
    /// The payload of the Streaming API: points in time are strings.
    Expanded,
}

/// The Avro schema.
pub(crate) fn full(name: &str, fields: &[EventField]) -> String {
    let fields = Writer::new(Form::Full).fields(fields);
    format!(r#"{{"name":"{name}","namespace":"{NAMESPACE}","type":"record","fields":{fields}}}"#)
}

/// What the schema id is the digest of.
///
/// Source: "Transforming into Parsing Canonical Form" (Apache Avro specification).
pub(crate) fn canonical(name: &str, fields: &[EventField]) -> String {
    let fields = Writer::new(Form::Canonical).fields(fields);
    format!(r#"{{"name":"{NAMESPACE}.{name}","type":"record","fields":{fields}}}"#)
}

/// The type of `ChangeEventHeader` in the Avro schema.
pub(crate) fn header_type() -> String {
    Writer::new(Form::Full).header()
}

impl EventSchema {
    /// The answer of the event schema resources for `payloadFormat=COMPACT`: the Avro schema and its id.
    ///
    /// Source: "Platform Event Schema by Event Name" (REST API Developer Guide).
    pub fn compact_json(&self) -> String {
        let record = self.avro.strip_suffix('}').unwrap_or(&self.avro);
        format!(r#"{record},"uuid":"{}"}}"#, self.id)
    }

    /// The answer of the event schema resources for `payloadFormat=EXPANDED`: the message of the Streaming API.
    ///
    /// Source: "Platform Event Schema by Event Name" (REST API Developer Guide); the `uuid`: "Change Event Message
    /// Structure" (Change Data Capture Developer Guide).
    pub fn expanded_json(&self) -> String {
        let payload = Writer::new(Form::Expanded).fields(&self.fields);
        format!(
            concat!(
                r#"{{"name":"{name}","namespace":"{namespace}","type":"expanded-record","fields":["#,
                r#"{{"name":"data","type":{{"type":"record","name":"Data","namespace":"","fields":["#,
                r#"{{"name":"schema","type":"string"}},"#,
                r#"{{"name":"payload","type":{{"type":"record","name":"Payload","doc":"","fields":{payload}}}}},"#,
                r#"{{"name":"event","type":{{"type":"record","name":"Event","fields":["#,
                r#"{{"name":"replayId","type":"long"}}]}}}}]}}}},"#,
                r#"{{"name":"channel","type":"string"}}],"uuid":"{id}"}}"#,
            ),
            name = self.name,
            namespace = NAMESPACE,
            payload = payload,
            id = self.id,
        )
    }
}

/// Writes types; a named one in full at its first use, by name afterwards.
struct Writer<'a> {
    form: Form,
    defined: HashSet<&'a str>,
}

impl<'a> Writer<'a> {
    fn new(form: Form) -> Self {
        Self {
            form,
            defined: HashSet::new(),
        }
    }

    fn fields(&mut self, fields: &'a [EventField]) -> String {
        let list: Vec<String> = fields.iter().map(|field| self.field(field)).collect();
        format!("[{}]", list.join(","))
    }

    fn field(&mut self, field: &'a EventField) -> String {
        let name = &field.name;
        let (r#type, nullable) = match &field.shape {
            Shape::Header => (self.header(), false),
            Shape::Required(scalar) => (self.scalar(*scalar), false),
            Shape::Optional(scalar) => (format!(r#"["null",{}]"#, self.scalar(*scalar)), true),
            Shape::Names => (
                r#"["null",{"type":"array","items":"string"}]"#.to_owned(),
                true,
            ),
            Shape::Compound(compound) => (format!(r#"["null",{}]"#, self.compound(compound)), true),
            Shape::TextOrCompound(compound) => (
                format!(r#"["null","string",{}]"#, self.compound(compound)),
                true,
            ),
        };
        if self.form == Form::Canonical {
            return format!(r#"{{"name":"{name}","type":{type}}}"#);
        }
        let mut doc = Vec::new();
        json::string(&mut doc, &field.doc);
        let doc = String::from_utf8_lossy(&doc);
        let default = if nullable { r#","default":null"# } else { "" };
        format!(r#"{{"name":"{name}","type":{type},"doc":{doc}{default}}}"#)
    }

    fn scalar(&self, scalar: Scalar) -> String {
        match self.form {
            Form::Expanded if scalar.is_temporal() => r#""string""#.to_owned(),
            _ => format!(r#""{}""#, scalar.avro()),
        }
    }

    fn compound(&mut self, compound: &'a Compound) -> String {
        let name = self.name(&compound.name);
        if !self.defined.insert(&compound.name) {
            return format!(r#""{name}""#);
        }
        let default = if self.form == Form::Canonical {
            ""
        } else {
            r#","default":null"#
        };
        let parts: Vec<String> = compound
            .components
            .iter()
            .map(|part| {
                let scalar = self.scalar(part.scalar);
                format!(
                    r#"{{"name":"{}","type":["null",{scalar}]{default}}}"#,
                    part.name
                )
            })
            .collect();
        self.named(
            "record",
            &name,
            &format!(r#""fields":[{}]"#, parts.join(",")),
        )
    }

    fn header(&self) -> String {
        let parts: Vec<String> = HEADER_FIELDS
            .iter()
            .filter(|(name, _)| self.form != Form::Expanded || !PUBSUB_ONLY.contains(name))
            .map(|(name, kind)| {
                format!(r#"{{"name":"{name}","type":{}}}"#, self.header_type(*kind))
            })
            .collect();
        let name = self.name(HEADER);
        self.named(
            "record",
            &name,
            &format!(r#""fields":[{}]"#, parts.join(",")),
        )
    }

    fn header_type(&self, kind: HeaderType) -> String {
        match kind {
            HeaderType::Text => r#""string""#.to_owned(),
            HeaderType::Texts => r#"{"type":"array","items":"string"}"#.to_owned(),
            HeaderType::Int => r#""int""#.to_owned(),
            HeaderType::Long => r#""long""#.to_owned(),
            HeaderType::ChangeType => {
                let symbols = ChangeType::ALL.map(|kind| format!(r#""{}""#, kind.as_str()));
                let name = self.name("ChangeType");
                self.named(
                    "enum",
                    &name,
                    &format!(r#""symbols":[{}]"#, symbols.join(",")),
                )
            }
        }
    }

    fn name(&self, name: &str) -> String {
        match self.form {
            Form::Canonical => format!("{NAMESPACE}.{name}"),
            Form::Full | Form::Expanded => name.to_owned(),
        }
    }

    fn named(&self, r#type: &str, name: &str, content: &str) -> String {
        match self.form {
            Form::Canonical => format!(r#"{{"name":"{name}","type":"{type}",{content}}}"#),
            Form::Full | Form::Expanded => {
                format!(r#"{{"type":"{type}","name":"{name}",{content}}}"#)
            }
        }
    }
}

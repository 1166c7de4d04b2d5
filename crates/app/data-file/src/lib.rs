//! Files of records as `sf data export tree` writes them and `sf data import tree` reads them.
//!
//! A record is read as one of a request is. Beyond that a reference may be `@` and what another record calls itself.
//! It knows nothing of folders, nor of what is done with the records. Start reading at [`DataFile`].
//! Source: "data Commands" (Salesforce CLI Command Reference), `data export tree`, `data import tree`; "sObject Tree Request
//! Body" (REST API Developer Guide).

use std::collections::VecDeque;
use std::sync::Arc;

use landfall_engine::Assignment;
use landfall_http::json::{self, Body, Content, Json};
use landfall_model::{
    Catalog, ChildRelationship, EntityDefinition, Fault, FieldType, ManyFault, RequestFault,
    ValueFault,
};
use landfall_sobject::input::{self, Intent};

pub use landfall_sobject::input::Lookup;

/// Something in a file that cannot be used.
#[derive(Debug)]
pub struct Refusal {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// A record of a file.
#[derive(Clone, Debug)]
pub struct FileRecord {
    /// Its object.
    pub entity: Arc<EntityDefinition>,
    /// What other records call it.
    pub reference: Option<String>,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// All that the file says of its fields, however it is laid out.
    pub said: String,
    /// Its fields.
    pub values: Vec<Assignment>,
    /// References to records that are named by external ids.
    pub lookups: Vec<Lookup>,
    /// References to records of files: the field, and what they call themselves.
    pub links: Vec<(usize, String)>,
    /// The record that it is a child of, by its place among the records of the file, and the field that leads there.
    pub parent: Option<(usize, usize)>,
}

/// An entry of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The line on which it stands, from 1.
    pub line: usize,
    /// A file of records, as the plan names it: relative to its own folder.
    pub file: String,
}

/// A file of records, or a plan.
#[derive(Debug)]
pub struct DataFile<'t> {
    body: Body<'t>,
}

impl<'t> DataFile<'t> {
    /// Reads a file.
    ///
    /// # Errors
    /// What keeps it from being JSON.
    pub fn parse(text: &'t str) -> Result<Self, Refusal> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let body = Body::parse(text.as_bytes()).map_err(|fault| refusal(1, fault))?;
        Ok(Self { body })
    }

    /// Whether it is a list, as plans are and files of records are not.
    pub const fn is_list(&self) -> bool {
        matches!(self.body.root.content, Content::Array(_))
    }

    /// Whether it has a list of records.
    pub fn has_records(&self) -> bool {
        self.list().is_some()
    }

    fn list(&self) -> Option<&[Json]> {
        let members = self.body.members().ok()?;
        let (_, list) = members.iter().find(|(name, _)| name == "records")?;
        match &list.content {
            Content::Array(list) => Some(list),
            _ => None,
        }
    }

    /// The files of a plan, in its order.
    ///
    /// # Errors
    /// The file is not a plan.
    pub fn plan(&self) -> Result<Vec<Planned>, Refusal> {
        let body = &self.body;
        let unexpected = |json| refusal(line_of(body, json), body.unexpected(json));
        let Content::Array(entries) = &body.root.content else {
            return Err(unexpected(&body.root));
        };
        let mut planned = Vec::new();
        for entry in entries {
            let Content::Object(members) = &entry.content else {
                return Err(unexpected(entry));
            };
            let files = members.iter().find(|(name, _)| name == "files");
            let files = files.map(|(_, files)| files);
            let Some(Content::Array(list)) = files.map(|files| &files.content) else {
                return Err(unexpected(files.unwrap_or(entry)));
            };
            for file in list {
                let Content::Text(name) = &file.content else {
                    return Err(unexpected(file));
                };
                planned.push(Planned {
                    line: line_of(body, file),
                    file: name.clone(),
                });
            }
        }
        Ok(planned)
    }

    /// The records of the objects that are wanted, each behind the one that it is a child of. The children of records that
    /// are not wanted are not looked at.
    ///
    /// # Errors
    /// All records that cannot be read.
    pub fn records(
        &self,
        catalog: &Catalog,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<FileRecord>, Vec<Refusal>> {
        let (mut records, mut refusals) = (Vec::new(), Vec::new());
        let list = self.list().unwrap_or_default().iter();
        let mut waiting: VecDeque<Waiting<'_>> = list.map(|record| (record, None)).collect();
        while let Some((json, parent)) = waiting.pop_front() {
            let read = self.record(json, parent.as_ref(), (catalog, &wanted), records.len());
            match read {
                Ok(None) => {}
                Ok(Some((record, children))) => {
                    records.push(record);
                    waiting.extend(children);
                }
                Err(fault) => refusals.push(refusal(line_of(&self.body, json), fault)),
            }
        }
        if refusals.is_empty() {
            Ok(records)
        } else {
            Err(refusals)
        }
    }

    /// A record that has this place, with its children; none if it is not wanted.
    fn record<'f>(
        &'f self,
        json: &'f Json,
        parent: Option<&Parent>,
        (catalog, wanted): (&Catalog, &impl Fn(&str) -> bool),
        place: usize,
    ) -> Result<Option<(FileRecord, Vec<Waiting<'f>>)>, Fault> {
        let body = &self.body;
        let Content::Object(members) = &json.content else {
            return Err(body.unexpected(json).into());
        };
        let attributes = members
            .iter()
            .find(|(name, _)| is_attributes(name))
            .map(|(_, attributes)| attributes);
        let name = attributes.and_then(input::type_of);
        let name = name.ok_or(Fault::Many(ManyFault::TypeMissing))?;
        if !wanted(name) {
            return Ok(None);
        }
        let is_fit = |entity: &&Arc<EntityDefinition>| {
            parent.is_none_or(|parent| parent.child.name == entity.name)
        };
        let entity = catalog.entity(name).filter(is_fit);
        let entity = entity.ok_or_else(|| {
            let name = name.to_owned();
            Fault::Many(ManyFault::TypeUnknown { name })
        })?;
        let (mut own, mut links, mut said) = (Vec::new(), Vec::new(), Vec::new());
        let mut children = Vec::new();
        for member in members.iter().filter(|(name, _)| !is_attributes(name)) {
            let (name, value) = member;
            if let Some(relationship) = input::child_named(entity, name) {
                if value.content != Content::Null {
                    let parent = Parent::of(relationship, catalog, place)?;
                    let records = input::child_records(body, value)?.iter();
                    children.extend(records.map(|record| (record, Some(parent.clone()))));
                }
                continue;
            }
            said.push(member.clone());
            match link(entity, name, value) {
                Some(link) => links.push(link),
                None => own.push(member),
            }
        }
        let given = input::fields(body, own, catalog, entity, Intent::Create)?;
        let record = FileRecord {
            entity: Arc::clone(entity),
            reference: attributes
                .and_then(|attributes| input::attribute(attributes, "referenceId"))
                .map(str::to_owned),
            line: line_of(body, json),
            said: json::rendered(&Json {
                content: Content::Object(said),
                offset: json.offset,
            }),
            values: given.values,
            lookups: given.lookups,
            links,
            parent: parent.map(|parent| (parent.place, parent.field)),
        };
        Ok(Some((record, children)))
    }
}

/// A record that is still to be read, and what it is a child of.
type Waiting<'f> = (&'f Json, Option<Parent>);

/// What a record is a child of.
#[derive(Clone)]
struct Parent {
    /// Its place among the records of the file.
    place: usize,
    /// The object of its children.
    child: Arc<EntityDefinition>,
    /// The field of a child that leads to it.
    field: usize,
}

impl Parent {
    fn of(
        relationship: &ChildRelationship,
        catalog: &Catalog,
        place: usize,
    ) -> Result<Self, Fault> {
        let child = catalog.entity(relationship.child.as_str());
        let child = child.ok_or(Fault::Request(RequestFault::ResourceNotFound))?;
        let field = child.index_of(relationship.field.as_str());
        Ok(Self {
            place,
            child: Arc::clone(child),
            field: field.ok_or(Fault::Request(RequestFault::ResourceNotFound))?,
        })
    }
}

fn is_attributes(name: &str) -> bool {
    name.eq_ignore_ascii_case("attributes")
}

/// `"AccountId": "@AccountRef1"`.
fn link(entity: &EntityDefinition, name: &str, value: &Json) -> Option<(usize, String)> {
    let (place, field) = entity.field(name)?;
    let Content::Text(text) = &value.content else {
        return None;
    };
    let to = text.strip_prefix('@')?;
    (field.field_type == FieldType::Reference).then(|| (place, to.to_owned()))
}

fn line_of(body: &Body<'_>, json: &Json) -> usize {
    body.position(json).0
}

/// What is wrong, at the line that the fault names, or at this one.
fn refusal(line: usize, fault: impl Into<Fault>) -> Refusal {
    let fault = fault.into();
    let line = match &fault {
        Fault::Request(RequestFault::JsonInvalid { line, .. })
        | Fault::Value(ValueFault::Unreadable { line, .. }) => *line,
        _ => line,
    };
    Refusal { line, fault }
}

#[cfg(test)]
mod tests {
    use landfall_model::Value;

    use super::*;
    use landfall_test_org::definitions;

    fn records(text: &str) -> Result<Vec<FileRecord>, Vec<(usize, Fault)>> {
        let file = DataFile::parse(text).map_err(|refusal| vec![(refusal.line, refusal.fault)])?;
        let read = file.records(&definitions::catalog(), |name| name != "Other");
        read.map_err(|refusals| {
            let refusals = refusals.into_iter();
            refusals
                .map(|refusal| (refusal.line, refusal.fault))
                .collect()
        })
    }

    #[test]
    fn records_of_wanted_objects_are_read_with_what_they_refer_to() {
        let read = records(
            "\u{feff}{\"records\": [\n {\"attributes\": {\"type\": \"Thing\", \"referenceId\": \"A\"},\n  \"Name\": \"a\", \
             \"ParentId\": \"@B\"},\n {\"attributes\": {\"type\": \"Other\"}, \"Never\": 1},\n \
             {\"attributes\": {\"type\": \"Thing\"}, \"Name\": \"@b\"}\n]}",
        );
        let read = read.expect("records");
        let catalog = definitions::catalog();
        let thing = catalog.entity("Thing").expect("in the fixture");
        let place = |name| thing.index_of(name).expect("in the fixture");
        let [first, second] = read.as_slice() else {
            panic!("{read:?}");
        };
        assert_eq!((first.line, first.reference.as_deref()), (2, Some("A")));
        assert_eq!(first.said, r#"{"Name":"a","ParentId":"@B"}"#);
        assert_eq!(first.links, [(place("ParentId"), "B".to_owned())]);
        assert_eq!((second.line, second.reference.as_deref()), (5, None));
        let name = Value::Text("@b".to_owned());
        assert_eq!(second.values, [(place("Name"), name)]);
    }

    #[test]
    fn every_problem_is_reported_with_its_line() {
        let faults = records(
            "{\"records\": [\n{\"attributes\": {\"type\": \"Thing\"},\n\"Amount\": \"much\"},\n7,\n{\"Name\": \"a\"},\n\
             {\"attributes\": {\"type\": \"Nothing\"}}]}",
        );
        let faults = faults.expect_err("refused");
        let lines: Vec<usize> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [3, 4, 5, 6]);
        assert!(matches!(
            faults[0].1,
            Fault::Value(ValueFault::Unreadable { .. })
        ));
        assert!(matches!(faults[2].1, Fault::Many(ManyFault::TypeMissing)));
        let [(line, _)] = records("{\"records\":\n[}").expect_err("no JSON")[..] else {
            panic!("one thing is wrong");
        };
        assert_eq!(line, 2);
    }

    #[test]
    fn a_plan_names_its_files_in_order() {
        let text =
            "[{\"sobject\": \"Account\", \"files\": [\"a.json\",\n\"b.json\"]}, {\"files\": []}]";
        let file = DataFile::parse(text).expect("JSON");
        assert!(file.is_list() && !file.has_records());
        let planned = file.plan().expect("a plan");
        let planned: Vec<(usize, &str)> = planned
            .iter()
            .map(|planned| (planned.line, planned.file.as_str()))
            .collect();
        assert_eq!(planned, [(1, "a.json"), (2, "b.json")]);
        for other in [
            "{}",
            "[1]",
            "[{\"files\": \"a\"}]",
            "[{\"files\": [1]}]",
            "[{}]",
        ] {
            let file = DataFile::parse(other).expect("JSON");
            assert!(file.plan().is_err(), "{other}");
        }
    }
}

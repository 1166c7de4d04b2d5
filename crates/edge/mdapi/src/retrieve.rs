//! Components as a zip file.
//!
//! Source: "`retrieve()`", "`RetrieveResult`" (Metadata API Developer Guide).

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall_engine::{Components, Definitions, KeptComponent, Kind, Part};
use landfall_envelope::Writer;
use landfall_metadata::metadata_file;
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::archive::{self, Entry};
use crate::bundle::kind_named;
use crate::describe::standard_fields;
use crate::error::Error;
use crate::jobs::new_id;
use crate::list::{file_of, properties};
use crate::manifest::{ALL, Manifest};
use crate::people::People;
use crate::retrieval::Retrieval;
use crate::serve::Call;

/// First characters of the ids of retrievals.
const KEY_PREFIX: &str = "09S";

/// The folder of what is in no package.
const UNPACKAGED: &str = "unpackaged/";

/// Takes a request; gives its id.
pub(crate) async fn ask(call: &Call<'_>) -> Result<String, Error> {
    let engine = &call.shared.engine;
    let operation = &call.envelope.operation;
    let request = ["retrieveRequest", "request"];
    let request = request.into_iter().find_map(|name| operation.child(name));
    let manifest = request.and_then(|request| request.child("unpackaged"));
    let manifest = manifest.map(Manifest::of).unwrap_or_default();
    let value = |name| request.and_then(|request| request.value(name));
    let version = manifest.version.as_deref().or_else(|| value("apiVersion"));
    let retrieval = Retrieval {
        id: new_id(engine, KEY_PREFIX)?,
        version: version.unwrap_or_default().to_owned(),
        types: manifest.types,
        single_package: value("singlePackage") == Some("true"),
        created: engine.clock().now().as_millis(),
    };
    let id = retrieval.id.clone();
    call.shared.retrievals.add(engine, retrieval).await?;
    Ok(id)
}

/// What a retrieval gives, as things are now.
///
/// # Errors
/// [`landfall_model::Fault::RecordUnknown`], the failures of the engine.
pub(crate) async fn result(shared: &Shared, id: &str, with_zip: bool) -> Result<Value, Error> {
    let retrieval = shared.retrievals.find(id)?;
    let definitions = shared.engine.definitions();
    let root = if retrieval.single_package {
        ""
    } else {
        UNPACKAGED
    };
    let mut chosen = Chosen::default();
    for (name, members) in &retrieval.types {
        chosen.add_type(&definitions, name, members);
    }
    let mut people = People::new(&shared.engine);
    let mut described = Vec::new();
    let mut entries = Vec::new();
    for (file, choice) in &chosen.files {
        let path = format!("{root}{file}");
        for (kind, name) in &choice.named {
            let kept = definitions.components().get(*kind, name);
            described
                .push(properties(&mut people, *kind, kept.map(AsRef::as_ref), name, &path).await?);
        }
        entries.push(Entry {
            path,
            content: choice.render(definitions.components())?.into_bytes(),
        });
    }
    let path = format!("{root}package.xml");
    entries.push(Entry {
        content: package(&retrieval).into_bytes(),
        path: path.clone(),
    });
    let mut result = Map::new();
    let mut put = |name: &str, value: Value| result.insert(name.to_owned(), value);
    put("done", true.into());
    put("fileProperties", described.into());
    put("id", retrieval.id.as_str().into());
    let message = |problem: String| json!({ "fileName": path, "problem": problem });
    let messages: Vec<Value> = chosen.problems.into_iter().map(message).collect();
    put("messages", messages.into());
    put("status", "Succeeded".into());
    put("success", true.into());
    if with_zip {
        let zip = tokio::task::spawn_blocking(move || archive::write(&entries));
        let zip = zip.await.map_err(|_| landfall_engine::Error::Stopped)??;
        put("zipFile", STANDARD.encode(zip).into());
    }
    Ok(Value::Object(result))
}

/// The files of a retrieval.
#[derive(Default)]
struct Chosen {
    files: BTreeMap<String, Choice>,
    problems: Vec<String>,
}

/// What a file is to hold.
struct Choice {
    kind: Kind,
    /// Its component, or the object of its components.
    name: String,
    /// Whether it holds the whole object.
    is_whole: bool,
    /// The components that were asked for, and those that come with an object.
    named: BTreeSet<(Kind, String)>,
}

impl Chosen {
    fn add_type(&mut self, definitions: &Definitions, type_name: &str, members: &[String]) {
        let Some(kind) = kind_named(type_name) else {
            self.problems
                .push(format!("Entity type: '{type_name}' is unknown"));
            return;
        };
        for member in members {
            if member == ALL {
                for component in definitions.components().of(kind) {
                    let is_custom = component.part.name.contains("__");
                    if kind != Kind::Object || is_custom {
                        self.add(definitions, kind, &component.part.name);
                    }
                }
                continue;
            }
            let kept = definitions.components().get(kind, member);
            let name = kept.map(|kept| kept.part.name.clone());
            match name.or_else(|| shipped(definitions, kind, member)) {
                Some(name) => self.add(definitions, kind, &name),
                None => self.problems.push(format!(
                    "Entity of type '{type_name}' named '{member}' cannot be found"
                )),
            }
        }
    }

    fn add(&mut self, definitions: &Definitions, kind: Kind, name: &str) {
        let (holder, owner) = match (kind.inline(), name.split_once('.')) {
            (Some(_), Some((object, _))) => (Kind::Object, object),
            _ => (kind, name),
        };
        let choice = self
            .files
            .entry(file_of(holder, owner))
            .or_insert_with(|| Choice {
                kind: holder,
                name: owner.to_owned(),
                is_whole: false,
                named: BTreeSet::new(),
            });
        choice.named.insert((kind, name.to_owned()));
        if kind == Kind::Object {
            choice.is_whole = true;
            for kept in parts_of(definitions.components(), name) {
                let part = (kept.part.kind, kept.part.name.clone());
                choice.named.insert(part);
            }
            let shipped = definitions.catalog().entity(name);
            let shipped = shipped.filter(|entity| !entity.name.as_str().contains("__"));
            for field in shipped
                .into_iter()
                .flat_map(|entity| standard_fields(entity))
            {
                choice.named.insert((Kind::Field, field));
            }
        }
    }
}

/// The components that are part of an object.
fn parts_of<'c>(
    components: &'c Components,
    object: &str,
) -> impl Iterator<Item = &'c KeptComponent> {
    let kinds = Kind::ALL.into_iter().filter(|kind| kind.inline().is_some());
    let parts: Vec<&KeptComponent> = kinds
        .flat_map(|kind| components.of_object(kind, object))
        .map(AsRef::as_ref)
        .collect();
    parts.into_iter()
}

impl Choice {
    fn render(&self, components: &Components) -> Result<String, Error> {
        let kept = components.get(self.kind, &self.name);
        let own = match kept {
            Some(kept) if self.is_whole || self.kind != Kind::Object => kept.part.clone(),
            _ => empty(self.kind, &self.name),
        };
        let inner = self
            .named
            .iter()
            .filter(|(kind, _)| kind.inline().is_some());
        let inner: Vec<Part> = inner
            .map(|(kind, name)| match components.get(*kind, name) {
                Some(kept) => kept.part.clone(),
                None => empty(*kind, name),
            })
            .collect();
        let inner: Vec<&Part> = inner.iter().collect();
        metadata_file(&own, &inner).map_err(Error::Component)
    }
}

/// The full name of an object or field that the org is shipped with.
fn shipped(definitions: &Definitions, kind: Kind, name: &str) -> Option<String> {
    let (object, field) = match name.split_once('.') {
        Some((object, field)) => (object, Some(field)),
        None => (name, None),
    };
    let entity = definitions.catalog().entity(object)?;
    match (kind, field) {
        (Kind::Object, None) => Some(entity.name.to_string()),
        (Kind::Field, Some(field)) => {
            let (_, field) = entity.field(field)?;
            Some(format!("{}.{}", entity.name, field.name))
        }
        _ => None,
    }
}

/// A component of which nothing is said.
fn empty(kind: Kind, name: &str) -> Part {
    let root = kind.root();
    Part {
        kind,
        name: name.to_owned(),
        path: kind.path(name),
        line: 1,
        place: 0,
        content: format!("<{root}/>"),
    }
}

/// The manifest that goes with the files.
fn package(retrieval: &Retrieval) -> String {
    let mut w = Writer::new();
    w.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let namespace = format!("xmlns=\"{}\"", crate::answer::NAMESPACE);
    w.typed("Package", &namespace, |w| {
        for (name, members) in &retrieval.types {
            w.raw("\n    ");
            w.element("types", |w| {
                for member in members {
                    w.raw("\n        ");
                    w.text("members", member);
                }
                w.raw("\n        ");
                w.text("name", name);
                w.raw("\n    ");
            });
        }
        w.raw("\n    ");
        w.text("version", &retrieval.version);
        w.raw("\n");
    });
    w.raw("\n");
    w.finish()
}

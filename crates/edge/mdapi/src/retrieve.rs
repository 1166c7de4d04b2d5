//! Components as a zip file.
//!
//! Source: "`retrieve()`", "`RetrieveResult`" (Metadata API Developer Guide).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use landfall_engine::{Definitions, Kind};
use landfall_xml::Writer;
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::archive::{self, Entry};
use crate::choice::{Choice, shipped};
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
/// [`landfall_model::RecordFault::Unknown`], the failures of the engine.
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
            content: choice.render(&definitions)?.into_bytes(),
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

impl Chosen {
    fn add_type(&mut self, definitions: &Definitions, type_name: &str, members: &[String]) {
        let Some(kind) = Kind::of_root(type_name) else {
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
                if let Some(only) = kind.only() {
                    self.add(definitions, kind, only);
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
        self.files
            .entry(file_of(holder, owner))
            .or_insert_with(|| Choice::new(holder, owner))
            .add(definitions, kind, name);
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

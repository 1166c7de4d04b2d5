//! Packs the files of `data/objects`: a new standard object is a new file there and nothing else.
//!
//! Of each object all but its fields goes into one list, which every org reads at its start. The fields are compressed one
//! object at a time, and read when something looks at them. Objects that need a feature, and what is known of fields that
//! do, are packed apart: an org without features reads none of it.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value, json};

#[expect(
    clippy::disallowed_methods,
    reason = "a build script reads the source folder and writes to the build folder"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let root = env::var_os("CARGO_MANIFEST_DIR").ok_or("CARGO_MANIFEST_DIR is not set")?;
    let folder = Path::new(&root).join("data/objects");
    println!("cargo::rerun-if-changed={}", folder.display());
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        files.push(entry?.path());
    }
    files.sort();
    let mut every_org = Pack::new(&out, "fields.bin")?;
    let mut by_feature = Pack::new(&out, "feature-fields.bin")?;
    let mut added = Vec::new();
    for path in &files {
        let name = path.file_name().unwrap_or_default().display().to_string();
        let text = fs::read_to_string(path)?;
        let mut object: Map<String, Value> =
            serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let listed = object
            .remove("fields")
            .ok_or_else(|| format!("{name}: no fields"))?;
        added.extend(added_by_features(&object, &listed));
        let pack = match object.get("features") {
            None => &mut every_org,
            Some(_) => &mut by_feature,
        };
        pack.add(&name, object, &listed)?;
    }
    let mut tables = every_org.table("OBJECTS")?;
    tables.push_str(&by_feature.table("BROUGHT")?);
    fs::write(out.join("objects.rs"), tables)?;
    fs::write(
        out.join("heads.bin"),
        packed(&Value::Array(every_org.heads).to_string())?,
    )?;
    let features = json!({ "objects": by_feature.heads, "fields": added });
    fs::write(out.join("features.bin"), packed(&features.to_string())?)?;
    Ok(())
}

/// Some objects: their heads, and their fields in a file.
struct Pack {
    heads: Vec<Value>,
    fields: File,
    end: usize,
    /// The name of each file with the end of its fields.
    entries: Vec<(String, usize)>,
}

impl Pack {
    #[expect(
        clippy::disallowed_methods,
        reason = "a build script writes to the build folder"
    )]
    fn new(out: &Path, name: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self {
            heads: Vec::new(),
            fields: File::create(out.join(name))?,
            end: 0,
            entries: Vec::new(),
        })
    }

    fn add(
        &mut self,
        name: &str,
        head: Map<String, Value>,
        fields: &Value,
    ) -> Result<(), Box<dyn Error>> {
        let packed = packed(&fields.to_string())?;
        self.fields.write_all(&packed)?;
        self.end += packed.len();
        self.entries.push((name.to_owned(), self.end));
        self.heads.push(Value::Object(head));
        Ok(())
    }

    /// The entries as a constant.
    fn table(&self, name: &str) -> Result<String, Box<dyn Error>> {
        let mut table = format!("const {name}: &[(&str, usize)] = &[\n");
        for (file, end) in &self.entries {
            writeln!(table, "    ({file:?}, {}),", separated(*end))?;
        }
        table.push_str("];\n");
        Ok(table)
    }
}

/// What an object gets from its fields that need a feature: for each the features, and the captured fields that its change
/// event may have it after, the nearest first.
fn added_by_features(object: &Map<String, Value>, fields: &Value) -> Vec<Value> {
    let listed = |value: Option<&Value>, name: &Value| {
        let listed = value.and_then(Value::as_array);
        listed.is_some_and(|listed| listed.contains(name))
    };
    let mut added = Vec::new();
    let mut before: Vec<&Value> = Vec::new();
    for field in fields.as_array().into_iter().flatten() {
        let Some(name) = field.get("name") else {
            continue;
        };
        let is_captured = field.get("captured") == Some(&Value::Bool(true));
        if let Some(features) = field.get("features") {
            let mut after = Vec::new();
            for earlier in before.iter().rev().filter(|_| is_captured) {
                after.push(*earlier);
                if listed(object.get("changeEvent"), earlier) {
                    break;
                }
            }
            added.push(json!({
                "entity": object.get("name"),
                "field": name,
                "features": features,
                "captured": is_captured,
                "after": after,
            }));
        }
        if is_captured || listed(object.get("changeEvent"), name) {
            before.push(name);
        }
    }
    added
}

/// A number as the lints want it: `100_491`.
fn separated(number: usize) -> String {
    let (thousands, rest) = (number / 1_000, number % 1_000);
    if thousands == 0 {
        return rest.to_string();
    }
    format!("{}_{rest:03}", separated(thousands))
}

fn packed(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(text.as_bytes())?;
    Ok(encoder.finish()?)
}

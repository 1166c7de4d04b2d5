//! Packs the files of `data/objects`: a new standard object is a new file there and nothing else.
//!
//! Of each object all but its fields goes into one list, which every org reads at its start. The fields are compressed one
//! object at a time, and read when something looks at them.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Map, Value};

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
    let mut heads = Vec::new();
    let mut fields = File::create(out.join("fields.bin"))?;
    let mut end = 0;
    let mut table = String::from("const OBJECTS: &[(&str, usize)] = &[\n");
    for path in &files {
        let name = path.file_name().unwrap_or_default().display().to_string();
        let text = fs::read_to_string(path)?;
        let mut object: Map<String, Value> =
            serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
        let listed = object
            .remove("fields")
            .ok_or_else(|| format!("{name}: no fields"))?;
        let packed = packed(&listed.to_string())?;
        fields.write_all(&packed)?;
        end += packed.len();
        writeln!(table, "    ({name:?}, {}),", separated(end))?;
        heads.push(Value::Object(object));
    }
    table.push_str("];\n");
    fs::write(out.join("objects.rs"), table)?;
    fs::write(
        out.join("heads.bin"),
        packed(&Value::Array(heads).to_string())?,
    )?;
    Ok(())
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

//! `landfall schema`: the fields of events, and what bitmaps say about them.

use landfall_client::schema::{EventSchema, Scalar, Shape, bitmap};
use serde_json::{Value, json};

use crate::cli::SchemaOptions;
use crate::connection::{self, Logins};
use crate::log;
use crate::options::LogOptions;
use crate::outcome::{Coded, Ended, Exit, Failure, conclude};
use crate::suggest;

/// Log filter by default.
const FILTER_DEFAULT: &str = "warn";

pub(crate) async fn run(options: SchemaOptions, log: &LogOptions) -> Ended {
    let (format, filter) = log.format_and_filter()?;
    log::start(format, filter.as_deref().unwrap_or(FILTER_DEFAULT))?;
    let shown = show(&options).await;
    conclude("schema", options.json, shown, |data| {
        match data.get("names") {
            Some(names) => named(names),
            None => data["fields"]
                .as_str()
                .map(str::to_owned)
                .into_iter()
                .collect(),
        }
    })
}

/// The schema, or the names of bitmaps.
async fn show(options: &SchemaOptions) -> Result<Value, Coded> {
    let texts = options.bitmap.iter().map(String::as_str);
    let bits = bitmap::parse(texts).ok_or_else(|| {
        Failure::new("a bitmap has the form 0x800000, or 4-0x01 for components of field 4")
            .exit(Exit::Usage)
    })?;
    let text = schema_json(options).await?;
    let schema = EventSchema::parse(&text).map_err(|error| Failure::of(&error))?;
    if options.bitmap.is_empty() {
        if options.json {
            let avro: Value = serde_json::from_str(&text)
                .map_err(|error| Failure::new("the schema is no JSON").caused_by(&error))?;
            return Ok(json!({ "schema": avro }));
        }
        return Ok(json!({ "fields": table(rows(&schema)) }));
    }
    let names = schema
        .names_of(&bits)
        .map_err(|_| Failure::new(format!("the bitmap names fields beyond {}", schema.name())))?;
    let names = names
        .into_iter()
        .map(|(position, name)| json!({ "position": position, "name": name }));
    Ok(json!({ "names": names.collect::<Vec<_>>() }))
}

/// The names of a bitmap, a line each.
fn named(names: &Value) -> Vec<String> {
    let names = names.as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = names.map(|one| [text(&one["position"]), text(&one["name"]), String::new()]);
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        Vec::new()
    } else {
        vec![table(rows)]
    }
}

/// The Avro schema of a topic, or that with an id.
async fn schema_json(options: &SchemaOptions) -> Result<String, Failure> {
    let failure = |error| connection::failure(&error);
    let logins = Logins::new(&options.org)?;
    let org = logins.login().await?;
    let mut api = logins.pubsub(&org).await.map_err(failure)?;
    let id = if options.of.starts_with('/') {
        let topic = match api.topic(&options.of).await {
            Ok(topic) => topic,
            Err(error) => return Err(suggest::refused(&options.of, &error, &logins, &org).await),
        };
        topic.schema_id.ok_or_else(|| {
            Failure::new(format!("{} has events of several kinds", topic.name))
                .hint("use the topic of one of them, such as /data/AccountChangeEvent")
                .exit(Exit::Unknown)
        })?
    } else {
        options.of.clone()
    };
    api.schema_json(&id).await.map_err(failure)
}

/// Position, name and type of each field, the components of a compound after it.
fn rows(schema: &EventSchema) -> Vec<[String; 3]> {
    let mut rows = Vec::new();
    for (position, field) in schema.fields().iter().enumerate() {
        let r#type = match &field.shape {
            Shape::Header => "header".to_owned(),
            Shape::Required(scalar) => format!("{}, never null", name(*scalar)),
            Shape::Optional(scalar) => name(*scalar).to_owned(),
            Shape::Names => "list of names".to_owned(),
            Shape::Compound(compound) => compound.name.clone(),
            Shape::TextOrCompound(compound) => format!("text or {}", compound.name),
        };
        rows.push([position.to_string(), field.name.clone(), r#type]);
        let parts = field.shape.compound().map(|compound| &compound.components);
        for (place, part) in parts.into_iter().flatten().enumerate() {
            rows.push([
                format!("{position}-{place}"),
                format!("{}.{}", field.name, part.name),
                name(part.scalar).to_owned(),
            ]);
        }
    }
    rows
}

const fn name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Boolean => "boolean",
        Scalar::Int => "whole number",
        Scalar::Double => "number",
        Scalar::Text => "text",
        Scalar::Date => "date",
        Scalar::DateTime => "date and time",
        Scalar::Time => "time of day",
        Scalar::Long => "large whole number",
    }
}

/// Lines with aligned columns.
fn table(rows: impl IntoIterator<Item = [String; 3]>) -> String {
    let rows: Vec<[String; 3]> = rows.into_iter().collect();
    let widest = |column: fn(&[String; 3]) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let first = widest(|[first, _, _]| first.len());
    let second = widest(|[_, second, _]| second.len());
    let lines: Vec<String> = rows
        .iter()
        .map(|[place, name, r#type]| {
            format!("{place:<first$}  {name:<second$}  {type}")
                .trim_end()
                .to_owned()
        })
        .collect();
    lines.join("\n")
}

//! A search by parameters: words, and for each object what is told of it.
//!
//! Source: "Search with Parameters in the URI", "Search with Parameters in the Request Body" (REST API Developer Guide).

use landfall_model::Fault;
use landfall_soql::{Returned, Search, SearchGroup, terms};

use super::malformed;
use crate::json::{self, Content, Json};

/// What is told of one object.
#[derive(Debug, Default)]
struct Told {
    object: String,
    fields: Option<String>,
    condition: Option<String>,
    order: Option<String>,
    limit: Option<u64>,
}

/// A search as it is asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) words: String,
    group: SearchGroup,
    fields: Option<String>,
    objects: Vec<Told>,
    limit: Option<u64>,
    offset: Option<u64>,
    object_limit: Option<u64>,
}

impl Asked {
    /// Reads every part by the grammar that it has in a statement.
    pub(super) fn read(&self) -> Result<Search, Fault> {
        let mut returning = Vec::new();
        for told in &self.objects {
            let returned = Returned {
                object: &told.object,
                fields: told.fields.as_deref().or(self.fields.as_deref()),
                condition: told.condition.as_deref(),
                order: told.order.as_deref(),
            };
            let mut query = returned.read().map_err(malformed)?;
            query.limit = told.limit.or(self.object_limit);
            query.offset = self.offset;
            returning.push(query);
        }
        Ok(Search {
            terms: terms(&self.words, false).map_err(malformed)?,
            group: self.group,
            returning,
            limit: self.limit,
        })
    }
}

/// Reads the parameters of an address; those that are not known are read over, as everywhere.
pub(super) fn of_address(parameters: &[(String, String)]) -> Result<Asked, Fault> {
    let mut asked = Asked::default();
    for (name, value) in parameters {
        if name.eq_ignore_ascii_case("sobject") {
            asked.objects.push(Told {
                object: value.clone(),
                ..Told::default()
            });
        }
    }
    for (name, value) in parameters {
        match name.split_once('.') {
            Some((object, name)) => {
                let mut objects = asked.objects.iter_mut();
                let told = objects.find(|told| told.object.eq_ignore_ascii_case(object));
                if let Some(told) = told {
                    of_object(told, name, value)?;
                }
            }
            None => of_all(&mut asked, name, value)?,
        }
    }
    Ok(asked)
}

fn of_all(asked: &mut Asked, name: &str, value: &str) -> Result<(), Fault> {
    match name.to_ascii_lowercase().as_str() {
        "q" => value.clone_into(&mut asked.words),
        "fields" => asked.fields = Some(value.to_owned()),
        "in" => asked.group = group(value)?,
        "overalllimit" => asked.limit = Some(number(name, value)?),
        "defaultlimit" => asked.object_limit = Some(number(name, value)?),
        "offset" => asked.offset = Some(number(name, value)?),
        _ => (),
    }
    Ok(())
}

fn of_object(told: &mut Told, name: &str, value: &str) -> Result<(), Fault> {
    match name.to_ascii_lowercase().as_str() {
        "fields" => told.fields = Some(value.to_owned()),
        "where" => told.condition = Some(value.to_owned()),
        "orderby" => told.order = Some(value.to_owned()),
        "limit" => told.limit = Some(number(name, value)?),
        _ => (),
    }
    Ok(())
}

/// Reads the members of a body.
pub(super) fn of_body(bytes: &[u8]) -> Result<Asked, Fault> {
    let body = json::Body::parse(bytes)?;
    let mut asked = Asked::default();
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            // Articles and sites are not there.
            (_, Content::Null) | ("dataCategories" | "netWorkIds", Content::Array(_)) => (),
            ("fields", Content::Array(fields)) => asked.fields = Some(listed(&body, fields)?),
            ("sobjects", Content::Array(objects)) => {
                for object in objects {
                    asked.objects.push(told(&body, object)?);
                }
            }
            (name, content) => of_all(&mut asked, name, &scalar(&body, value, content)?)?,
        }
    }
    Ok(asked)
}

fn told(body: &json::Body<'_>, object: &Json) -> Result<Told, Fault> {
    let Content::Object(members) = &object.content else {
        return Err(body.unexpected(object));
    };
    let mut told = Told::default();
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            (_, Content::Null) => (),
            ("fields", Content::Array(fields)) => told.fields = Some(listed(body, fields)?),
            ("name", content) => told.object = scalar(body, value, content)?,
            (name @ ("where" | "orderBy" | "limit" | "fields"), content) => {
                of_object(&mut told, name, &scalar(body, value, content)?)?;
            }
            (name, _) => return Err(body.unrecognized(name, value)),
        }
    }
    Ok(told)
}

fn listed(body: &json::Body<'_>, items: &[Json]) -> Result<String, Fault> {
    let texts = items.iter().map(|item| scalar(body, item, &item.content));
    Ok(texts.collect::<Result<Vec<_>, Fault>>()?.join(","))
}

/// Numbers and truths may be given as texts.
fn scalar(body: &json::Body<'_>, value: &Json, content: &Content) -> Result<String, Fault> {
    match content {
        Content::Text(text) | Content::Number(text) => Ok(text.clone()),
        Content::Boolean(truth) => Ok(truth.to_string()),
        Content::Null | Content::Array(_) | Content::Object(_) => Err(body.unexpected(value)),
    }
}

/// With or without the word `FIELDS`, as in a statement.
fn group(name: &str) -> Result<SearchGroup, Fault> {
    let word = name.split_whitespace().next().unwrap_or_default();
    SearchGroup::named(word).ok_or_else(|| malformed(format!("unexpected token: '{name}'")))
}

fn number(name: &str, value: &str) -> Result<u64, Fault> {
    let number = value.trim().parse();
    number.map_err(|_| malformed(format!("{name} is not a number: {value}")))
}

//! A search by parameters: words, and for each object the fields that it returns.
//!
//! Source: "Search with Parameters in the URI", "Search with Parameters in the Request Body" (REST API Developer Guide).

use landfall_http::json::{self, Content, Json};
use landfall_model::{Fault, QueryFault};
use landfall_soql::{Returned, Search, SearchGroup, terms};

/// What is returned of one object.
#[derive(Debug, Default)]
struct ObjectRequest {
    object: String,
    fields: Option<String>,
    condition: Option<String>,
    order: Option<String>,
    limit: Option<u64>,
}

/// A search as it is asked for.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) words: String,
    group: SearchGroup,
    fields: Option<String>,
    objects: Vec<ObjectRequest>,
    limit: Option<u64>,
    offset: Option<u64>,
    object_limit: Option<u64>,
}

impl Parameters {
    /// Reads every part by the grammar that it has in a statement.
    pub(super) fn read(&self) -> Result<Search, Fault> {
        let mut returning = Vec::new();
        for requested in &self.objects {
            let returned = Returned {
                object: &requested.object,
                fields: requested.fields.as_deref().or(self.fields.as_deref()),
                condition: requested.condition.as_deref(),
                order: requested.order.as_deref(),
            };
            let mut query = returned.read().map_err(malformed)?;
            query.limit = requested.limit.or(self.object_limit);
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

/// Reads the parameters of an address; unknown ones are ignored, as everywhere.
pub(super) fn of_address(parameters: &[(String, String)]) -> Result<Parameters, Fault> {
    let mut search = Parameters::default();
    for (name, value) in parameters {
        if name.eq_ignore_ascii_case("sobject") {
            search.objects.push(ObjectRequest {
                object: value.clone(),
                ..ObjectRequest::default()
            });
        }
    }
    for (name, value) in parameters {
        match name.split_once('.') {
            Some((object, name)) => {
                let mut objects = search.objects.iter_mut();
                let requested =
                    objects.find(|requested| requested.object.eq_ignore_ascii_case(object));
                if let Some(requested) = requested {
                    of_object(requested, name, value)?;
                }
            }
            None => of_all(&mut search, name, value)?,
        }
    }
    Ok(search)
}

fn of_all(search: &mut Parameters, name: &str, value: &str) -> Result<(), Fault> {
    match name.to_ascii_lowercase().as_str() {
        "q" => value.clone_into(&mut search.words),
        "fields" => search.fields = Some(value.to_owned()),
        "in" => search.group = group(value)?,
        "overalllimit" => search.limit = Some(number(name, value)?),
        "defaultlimit" => search.object_limit = Some(number(name, value)?),
        "offset" => search.offset = Some(number(name, value)?),
        _ => (),
    }
    Ok(())
}

fn of_object(requested: &mut ObjectRequest, name: &str, value: &str) -> Result<(), Fault> {
    match name.to_ascii_lowercase().as_str() {
        "fields" => requested.fields = Some(value.to_owned()),
        "where" => requested.condition = Some(value.to_owned()),
        "orderby" => requested.order = Some(value.to_owned()),
        "limit" => requested.limit = Some(number(name, value)?),
        _ => (),
    }
    Ok(())
}

/// Reads the members of a body.
pub(super) fn of_body(bytes: &[u8]) -> Result<Parameters, Fault> {
    let body = json::Body::parse(bytes)?;
    let mut search = Parameters::default();
    for (name, value) in body.members()? {
        match (name.as_str(), &value.content) {
            // Articles and sites are not there.
            (_, Content::Null) | ("dataCategories" | "netWorkIds", Content::Array(_)) => (),
            ("fields", Content::Array(fields)) => search.fields = Some(listed(&body, fields)?),
            ("sobjects", Content::Array(objects)) => {
                for object in objects {
                    search.objects.push(requested(&body, object)?);
                }
            }
            (name, content) => of_all(&mut search, name, &scalar(&body, value, content)?)?,
        }
    }
    Ok(search)
}

fn requested(body: &json::Body<'_>, object: &Json) -> Result<ObjectRequest, Fault> {
    let Content::Object(members) = &object.content else {
        return Err(body.unexpected(object).into());
    };
    let mut requested = ObjectRequest::default();
    for (name, value) in members {
        match (name.as_str(), &value.content) {
            (_, Content::Null) => (),
            ("fields", Content::Array(fields)) => requested.fields = Some(listed(body, fields)?),
            ("name", content) => requested.object = scalar(body, value, content)?,
            (name @ ("where" | "orderBy" | "limit" | "fields"), content) => {
                of_object(&mut requested, name, &scalar(body, value, content)?)?;
            }
            (name, _) => return Err(body.unrecognized(name, value).into()),
        }
    }
    Ok(requested)
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
        Content::Null | Content::Array(_) | Content::Object(_) => {
            Err(body.unexpected(value).into())
        }
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

/// The refusal of an invalid search.
pub(super) fn malformed(error: impl std::fmt::Display) -> Fault {
    Fault::Query(QueryFault::SearchMalformed {
        reason: error.to_string(),
    })
}

//! What a call is made with, checked by its declaration: parameters of the path and the query string, members of the body.

use std::str::FromStr;

use landfall_apidoc::{Call, Kind, Member};
use landfall_http::json::{Body, Content, Json};
use landfall_model::{Fault, Timestamp};
use landfall_wire::dates::parse_date_time;

use crate::refusal::{Refusal, invalid};

/// Values at least this similar are suggested for an unknown one. Source: the threshold of clap's own suggestions.
const SIMILARITY_SUGGESTED: f64 = 0.7;

/// Parameters and members by name; parameters are texts.
#[derive(Debug, Default)]
pub(crate) struct Input(Vec<(String, Content)>);

impl Input {
    /// Reads what a call is made with. An empty body is that of a call whose members may all be left out.
    ///
    /// # Errors
    /// The refusal of whatever the call does not declare.
    pub(crate) fn checked(
        call: &Call,
        parameters: Vec<(String, String)>,
        body: &[u8],
    ) -> Result<Self, Refusal> {
        let mut input = Self::default();
        for (name, value) in parameters {
            let declared = call.parameters.iter().find(|known| known.name == name);
            let declared = declared.ok_or_else(|| {
                let known = call.parameters.iter().map(|known| known.name);
                unknown("parameter", &name, known)
            })?;
            if !declared.values.is_empty() && !declared.values.contains(&value.as_str()) {
                return Err(not_one_of(&name, Some(&value), declared.values));
            }
            input.add(name, Content::Text(value))?;
        }
        for parameter in call.parameters {
            if parameter.required && !input.has(parameter.name) {
                return Err(missing("parameter", parameter.name));
            }
        }
        input.read(call.reads, body)?;
        Ok(input)
    }

    fn read(&mut self, declared: &[Member], body: &[u8]) -> Result<(), Refusal> {
        if declared.is_empty() {
            return if body.is_empty() {
                Ok(())
            } else {
                Err(invalid("the call has no body"))
            };
        }
        let refused = |fault| invalid(landfall_wire::rest(&Fault::Request(fault)).message);
        let text: &[u8] = if body.trim_ascii().is_empty() {
            b"{}"
        } else {
            body
        };
        let body = Body::parse(text).map_err(refused)?;
        let members = body.members().map_err(refused)?;
        let values = members.iter().map(|(name, json)| (name.as_str(), json));
        check_members(declared, values)?;
        for (name, json) in members {
            self.add(name.clone(), json.content.clone())?;
        }
        Ok(())
    }

    fn add(&mut self, name: String, value: Content) -> Result<(), Refusal> {
        if self.has(&name) {
            return Err(twice(&name));
        }
        self.0.push((name, value));
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Whatever it is.
    pub(crate) fn value(&self, name: &str) -> Option<&Content> {
        let mut values = self.0.iter();
        values.find_map(|(known, value)| (known == name).then_some(value))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.value(name)? {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A whole number, which was checked to be one.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.value(name)? {
            Content::Number(digits) => digits.parse().ok(),
            _ => None,
        }
    }

    /// A parameter that is a whole number.
    ///
    /// # Errors
    /// The refusal of any other text.
    pub(crate) fn number<T: FromStr>(&self, name: &str) -> Result<Option<T>, Refusal> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let number = text.parse().ok();
        number
            .map(Some)
            .ok_or_else(|| invalid(format!("\"{name}\" is not a whole number")))
    }

    /// How many entries of a list are asked for, by the parameter `limit`.
    ///
    /// # Errors
    /// The refusal of none, and of more than the most.
    pub(crate) fn limit(&self, usual: usize, most: usize) -> Result<usize, Refusal> {
        let limit = self.number("limit")?.unwrap_or(usual);
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            Err(invalid(format!("\"limit\" is not between 1 and {most}")))
        }
    }

    /// A point in time, which was checked to be one.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(parse_date_time)
    }
}

/// Whether a value is of the declared kind.
fn check(name: &str, kind: Kind, value: &Content) -> Result<(), Refusal> {
    let is = |what: &str| invalid(format!("\"{name}\" is not {what}"));
    match (kind, value) {
        (Kind::Text, Content::Text(_))
        | (Kind::Boolean, Content::Boolean(_))
        | (Kind::AnyObject, Content::Object(_)) => Ok(()),
        (Kind::OneOf(values), Content::Text(text)) if values.contains(&text.as_str()) => Ok(()),
        (Kind::Time, Content::Text(text)) if parse_date_time(text).is_some() => Ok(()),
        (Kind::Integer, Content::Number(digits)) if digits.parse::<i64>().is_ok() => Ok(()),
        (Kind::Object(members), Content::Object(values)) => {
            let values = values.iter().map(|(name, json)| (name.as_str(), json));
            check_members(members, values)
        }
        (Kind::List(members), Content::Array(items)) => items
            .iter()
            .try_for_each(|item| check(name, Kind::Object(members), &item.content)),
        (Kind::Texts, Content::Array(items)) => items
            .iter()
            .try_for_each(|item| check(name, Kind::Text, &item.content)),
        (Kind::Text, _) => Err(is("a text")),
        (Kind::Texts, _) => Err(is("a list of texts")),
        (Kind::OneOf(values), Content::Text(text)) => Err(not_one_of(name, Some(text), values)),
        (Kind::OneOf(values), _) => Err(not_one_of(name, None, values)),
        (Kind::Time, _) => Err(is("a time such as 2026-11-22T12:00:00Z")),
        (Kind::Integer, _) => Err(is("a whole number")),
        (Kind::Boolean, _) => Err(is("true or false")),
        (Kind::Object(_) | Kind::AnyObject, _) => Err(is("an object")),
        (Kind::List(_), _) => Err(is("a list of objects")),
    }
}

/// Whether an object has the members that are declared, and no others.
fn check_members<'v>(
    declared: &[Member],
    values: impl Iterator<Item = (&'v str, &'v Json)>,
) -> Result<(), Refusal> {
    let mut seen = Vec::new();
    for (name, value) in values {
        let member = declared.iter().find(|member| member.name == name);
        let member = member
            .ok_or_else(|| unknown("member", name, declared.iter().map(|member| member.name)))?;
        if seen.contains(&name) {
            return Err(twice(name));
        }
        check(name, member.kind, &value.content)?;
        seen.push(name);
    }
    let lost = declared
        .iter()
        .find(|member| member.required && !seen.contains(&member.name));
    lost.map_or(Ok(()), |member| Err(missing("member", member.name)))
}

fn unknown(what: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Refusal {
    let known: Vec<&str> = known.collect();
    invalid(match known.as_slice() {
        [] => format!("the call has no {what} \"{name}\""),
        _ => format!(
            "the call has no {what} \"{name}\", only {}",
            known.join(", ")
        ),
    })
}

fn twice(name: &str) -> Refusal {
    invalid(format!("\"{name}\" is there twice"))
}

fn missing(what: &str, name: &str) -> Refusal {
    invalid(format!("the {what} \"{name}\" is missing"))
}

fn not_one_of(name: &str, value: Option<&str>, values: &[&str]) -> Refusal {
    let all = values.join(", ");
    let Some(value) = value else {
        return invalid(format!("\"{name}\" is a text, one of {all}"));
    };
    invalid(match nearest(value, values) {
        Some(nearest) => {
            format!("\"{name}\" cannot be \"{value}\"; did you mean \"{nearest}\"?")
        }
        None => format!("\"{name}\" cannot be \"{value}\", only one of {all}"),
    })
}

/// The value that is most like this one, if any is.
pub(crate) fn nearest<'v>(value: &str, values: &[&'v str]) -> Option<&'v str> {
    let similar = values
        .iter()
        .map(|known| (strsim::jaro_winkler(value, known), *known));
    let most = similar.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (most.0 > SIMILARITY_SUGGESTED).then_some(most.1)
}

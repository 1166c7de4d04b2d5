//! What a call is made with, checked by its declaration: parameters of the path and the query string, members of the body.

use landfall_apidoc::{Call, Kind, Member};
use landfall_http::json::{Body, Content};
use landfall_model::{Fault, Timestamp};
use landfall_wire::dates::parse_date_time;

use crate::refusal::{Refusal, invalid};

/// Parameters and members by name. Of what a call declares, only texts and times are read.
#[derive(Debug, Default)]
pub(crate) struct Input(Vec<(String, String)>);

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
                return Err(not_one_of(&name, declared.values));
            }
            input.add(name, value)?;
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
        if !body.trim_ascii().is_empty() {
            let refused = |fault| invalid(landfall_wire::rest(&Fault::Request(fault)).message);
            let body = Body::parse(body).map_err(refused)?;
            for (name, json) in body.members().map_err(refused)? {
                let member = declared.iter().find(|member| member.name == name);
                let member = member.ok_or_else(|| {
                    unknown("member", name, declared.iter().map(|member| member.name))
                })?;
                self.add(name.clone(), value(member, &json.content)?)?;
            }
        }
        let lost = declared.iter().find(|member| {
            let is_there = self.has(member.name);
            member.required && !is_there
        });
        match lost {
            Some(member) => Err(missing("member", member.name)),
            None => Ok(()),
        }
    }

    fn add(&mut self, name: String, value: String) -> Result<(), Refusal> {
        if self.has(&name) {
            return Err(invalid(format!("\"{name}\" is there twice")));
        }
        self.0.push((name, value));
        Ok(())
    }

    fn has(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter();
        values.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    /// A point in time, which was checked to be one.
    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.text(name).and_then(parse_date_time)
    }
}

/// A value of the declared kind.
fn value(member: &Member, content: &Content) -> Result<String, Refusal> {
    let name = member.name;
    match (member.kind, content) {
        (Kind::Text, Content::Text(text)) => Ok(text.clone()),
        (Kind::OneOf(values), Content::Text(text)) if values.contains(&text.as_str()) => {
            Ok(text.clone())
        }
        (Kind::OneOf(values), _) => Err(not_one_of(name, values)),
        (Kind::Time, Content::Text(text)) if parse_date_time(text).is_some() => Ok(text.clone()),
        (Kind::Time, _) => Err(invalid(format!(
            "\"{name}\" is not a time such as 2026-11-22T12:00:00Z"
        ))),
        (Kind::Text, _) => Err(invalid(format!("\"{name}\" is not a text"))),
        (Kind::Boolean | Kind::Integer | Kind::Object(_) | Kind::List(_), _) => {
            Err(invalid(format!("\"{name}\" is not read in a body")))
        }
    }
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

fn missing(what: &str, name: &str) -> Refusal {
    invalid(format!("the {what} \"{name}\" is missing"))
}

fn not_one_of(name: &str, values: &[&str]) -> Refusal {
    invalid(format!("\"{name}\" is not one of {}", values.join(", ")))
}

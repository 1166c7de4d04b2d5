//! Which events are listed, counted or followed.

mod condition;
mod expression;
mod pattern;

use landfall_engine::{TopicFilter, TopicId};
use landfall_http::Writer;
use landfall_model::limits::CONTROL_FILTER_VALUES_MAX;

use super::shown::{Names, Read};
use crate::refusal::{Refusal, invalid};
use crate::{Made, Org, topics};
use condition::{Condition, Test, at};
use pattern::Pattern;

/// Whether a text can be read as a filter of events; else where it cannot. Unit: characters, from 1.
///
/// # Errors
/// That place.
pub fn check_filter(text: &str) -> Result<(), usize> {
    let read = expression::parse(text);
    read.map(drop).map_err(|unreadable| unreadable.position)
}

pub(super) use condition::PUBLISHED;

/// What an event must meet.
pub(super) struct Filter {
    pub(super) topics: TopicFilter,
    condition: Condition,
}

impl Filter {
    pub(super) fn new(made: &Made<'_>, org: &Org) -> Result<Self, Refusal> {
        let mut all = Vec::new();
        let mut add = |name, test: fn(Vec<String>) -> Test| -> Result<(), Refusal> {
            let values = values(made, name)?;
            if !values.is_empty() {
                all.push(Condition::Test(test(values)));
            }
            Ok(())
        };
        add("type", |values| Test::Kind(of_each(&values)))?;
        add("entity", |values| Test::Object(of_each(&values)))?;
        add("record", Test::Record)?;
        add("user", Test::User)?;
        add("transaction", Test::Transaction)?;
        add("field", Test::Field)?;
        if let Some(text) = made.input.text("filter") {
            let expression = expression::parse(text)
                .map_err(|unreadable| at(unreadable.position, unreadable.reason))?;
            all.push(Condition::of(&expression, org)?);
        }
        if let Some(text) = made.input.text("q") {
            all.push(Condition::Test(Test::Data(searched(text))));
        }
        Ok(Self {
            topics: filter_of(&values(made, "topic")?, org)?,
            condition: Condition::All(all),
        })
    }

    /// Whether the topic of an event decides alone.
    pub(super) fn is_by_topic(&self) -> bool {
        self.condition.is_none()
    }

    /// Whether the names of records decide, which are looked up before.
    pub(super) fn reads_names(&self) -> bool {
        self.condition.reads_names()
    }

    pub(super) fn has_topic(&self, topic: TopicId) -> bool {
        self.topics.passes(topic)
    }

    pub(super) fn passes(&self, read: &Read<'_>, names: &Names) -> bool {
        self.topics.passes(read.event.topic) && self.condition.passes(read, names)
    }
}

fn of_each(values: &[String]) -> Vec<Pattern> {
    values.iter().map(|value| Pattern::new(value)).collect()
}

/// The values of a parameter.
fn values(made: &Made<'_>, name: &str) -> Result<Vec<String>, Refusal> {
    let Some(text) = made.input.text(name) else {
        return Ok(Vec::new());
    };
    let values: Vec<String> = text
        .split(',')
        .map(|value| value.trim().to_owned())
        .collect();
    if values.iter().any(String::is_empty) {
        return Err(invalid(format!("\"{name}\" has an empty value")));
    }
    if values.len() > CONTROL_FILTER_VALUES_MAX {
        return Err(invalid(format!(
            "\"{name}\" has more than {CONTROL_FILTER_VALUES_MAX} values"
        )));
    }
    Ok(values)
}

fn filter_of(channels: &[String], org: &Org) -> Result<TopicFilter, Refusal> {
    if channels.is_empty() {
        return Ok(TopicFilter::All);
    }
    let mut all = Vec::new();
    for channel in channels {
        all.extend(topics::named(org, channel)?.topics);
    }
    all.sort_unstable();
    all.dedup();
    Ok(TopicFilter::These(all))
}

/// A text as it is found in JSON.
fn searched(text: &str) -> String {
    let mut w = Writer::new();
    w.string(text);
    let quoted = w.finish().to_lowercase();
    let inner = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_searched_for_as_json_has_it() {
        assert_eq!(searched("Say \"Hi\"\n"), r#"say \"hi\"\n"#);
    }
}

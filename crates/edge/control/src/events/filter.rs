//! Which events are listed or followed.

use landfall_engine::{TopicFilter, TopicId};
use landfall_http::Writer;
use landfall_model::limits::CONTROL_FILTER_VALUES_MAX;

use super::shown::Read;
use crate::refusal::{Refusal, invalid};
use crate::{Made, Org, topics};

/// The kind of events that have no change type.
pub(super) const PUBLISHED: &str = "PUBLISHED";

/// The letters and digits of a record id that decide; the rest is a check.
const ID_DIGITS: usize = 15;

/// What an event must meet: every part that has values, and any of the values.
pub(super) struct Filter {
    pub(super) topics: TopicFilter,
    kinds: Vec<String>,
    entities: Vec<String>,
    records: Vec<String>,
    fields: Vec<String>,
    users: Vec<String>,
    transactions: Vec<String>,
    /// In lower case, as it is within JSON.
    text: Option<String>,
}

impl Filter {
    pub(super) fn new(made: &Made<'_>, org: &Org) -> Result<Self, Refusal> {
        Ok(Self {
            topics: filter_of(&values(made, "topic")?, org)?,
            kinds: values(made, "type")?,
            entities: values(made, "entity")?,
            records: values(made, "record")?,
            fields: values(made, "field")?,
            users: values(made, "user")?,
            transactions: values(made, "transaction")?,
            text: made.input.text("q").map(searched),
        })
    }

    /// Whether the topic of an event decides alone.
    pub(super) fn is_by_topic(&self) -> bool {
        let conditions = [
            &self.kinds,
            &self.entities,
            &self.records,
            &self.fields,
            &self.users,
            &self.transactions,
        ];
        self.text.is_none() && conditions.iter().all(|values| values.is_empty())
    }

    pub(super) fn has_topic(&self, topic: TopicId) -> bool {
        self.topics.passes(topic)
    }

    pub(super) fn passes(&self, read: &Read<'_>) -> bool {
        self.topics.passes(read.event.topic)
            && self.passes_header(read)
            && any(&self.fields, |wanted| read.has_field(wanted))
            && self.text.as_ref().is_none_or(|text| {
                let data = String::from_utf8_lossy(read.data()).to_lowercase();
                data.contains(text.as_str())
            })
    }

    fn passes_header(&self, read: &Read<'_>) -> bool {
        let Some(header) = read.header() else {
            let is_plain = [
                &self.entities,
                &self.records,
                &self.users,
                &self.transactions,
            ];
            return any(&self.kinds, |kind| matches(kind, PUBLISHED))
                && is_plain.iter().all(|values| values.is_empty());
        };
        any(&self.kinds, |kind| {
            matches(kind, header.change_type.as_str())
        }) && any(&self.entities, |name| {
            matches(name, header.entity_name.as_str())
        }) && any(&self.records, |id| {
            header.record_ids.iter().any(|record| is_id(record, id))
        }) && any(&self.users, |id| is_id(&header.commit_user.to_string(), id))
            && any(&self.transactions, |key| {
                header.transaction_key.to_string().eq_ignore_ascii_case(key)
            })
    }
}

/// Whether any of the values meets the condition; no values mean no condition.
fn any(values: &[String], meets: impl Fn(&str) -> bool) -> bool {
    values.is_empty() || values.iter().any(|value| meets(value))
}

/// Whether a text is meant by a value that may end in `*`.
fn matches(value: &str, text: &str) -> bool {
    match value.strip_suffix('*') {
        Some(start) => {
            let front = text.get(..start.len());
            front.is_some_and(|front| front.eq_ignore_ascii_case(start))
        }
        None => value.eq_ignore_ascii_case(text),
    }
}

/// Whether both are the same record id, with 15 or 18 characters.
fn is_id(id: &str, wanted: &str) -> bool {
    id == wanted
        || (wanted.len() >= ID_DIGITS && id.len() >= ID_DIGITS)
            && id.get(..ID_DIGITS) == wanted.get(..ID_DIGITS)
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
    fn a_star_stands_for_any_end() {
        assert!(matches("gap*", "GAP_UPDATE"));
        assert!(matches("update", "UPDATE"));
        assert!(!matches("GAP*", "UPDATE"));
        assert!(!matches("UPDATES", "UPDATE"));
        assert!(!matches("é*", "GAP"));
    }

    #[test]
    fn ids_of_both_lengths_are_the_same() {
        assert!(is_id("0015f0000000001AAA", "0015f0000000001"));
        assert!(is_id("0015f0000000001AAA", "0015f0000000001AAA"));
        assert!(!is_id("0015f0000000001AAA", "0015F0000000001"));
        assert!(!is_id("0015f0000000001AAA", "001"));
    }

    #[test]
    fn a_text_is_searched_for_as_json_has_it() {
        assert_eq!(searched("Say \"Hi\"\n"), r#"say \"hi\"\n"#);
    }
}

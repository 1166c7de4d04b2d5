//! What an event must meet: the keys of a filter and their values, and the parameters of a call, which mean the same.

use landfall_engine::TopicId;
use landfall_http::json::Content;
use landfall_model::Timestamp;
use landfall_wire::dates::parse_date_time;

use super::expression::{Comparison, Expression, Pair};
use super::pattern::Pattern;
use crate::events::shown::{Names, Read};
use crate::input::nearest;
use crate::refusal::{Refusal, invalid};
use crate::{Org, span, topics};

/// The kind of events that have no change type.
pub(in crate::events) const PUBLISHED: &str = "PUBLISHED";

/// The letters and digits of a record id that decide; the rest is a check.
const ID_DIGITS: usize = 15;

/// The keys of a filter, as suggestions name them.
const KEYS: [&str; 14] = [
    "topic", "type", "object", "id", "tx", "user", "origin", "schema", "replay", "size", "before",
    "after", "field", "nulled",
];

/// The names that parameters have for some keys.
const ALIASES: [(&str, &str); 3] = [
    ("entity", "object"),
    ("record", "id"),
    ("transaction", "tx"),
];

/// The member of a payload that is the header.
const HEADER: &str = "ChangeEventHeader";

/// What decides whether an event passes.
#[derive(Debug)]
pub(super) enum Condition {
    /// All of them; none is no condition.
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Test(Test),
}

/// One condition; of several values any.
#[derive(Debug)]
pub(super) enum Test {
    Topic(Vec<TopicId>),
    TopicName(Pattern),
    Kind(Vec<Pattern>),
    Object(Vec<Pattern>),
    Record(Vec<String>),
    Transaction(Vec<String>),
    User(Vec<String>),
    Origin(Vec<Pattern>),
    Schema(Vec<String>),
    Replay(Comparison, Vec<u64>),
    Size(Comparison, Vec<u64>),
    Before(Timestamp),
    After(Timestamp),
    Field(Vec<String>),
    Nulled(Vec<String>),
    /// A field of the payload by its path.
    Value(Vec<String>, Comparison, Vec<Wanted>),
    /// In lower case: in the name or an id of the record, or in a text of the payload.
    Text(String),
    /// In lower case and as JSON has it: anywhere in the data.
    Data(String),
}

/// What the value of a field is compared with.
#[derive(Debug)]
pub(super) struct Wanted {
    text: String,
    pattern: Pattern,
    number: Option<f64>,
}

impl Condition {
    /// What an expression means in an org.
    pub(super) fn of(expression: &Expression, org: &Org) -> Result<Self, Refusal> {
        let all = |parts: &[Expression]| -> Result<Vec<Self>, Refusal> {
            parts.iter().map(|part| Self::of(part, org)).collect()
        };
        Ok(match expression {
            Expression::All(parts) => Self::All(all(parts)?).sorted(),
            Expression::Any(parts) => Self::Any(all(parts)?).sorted(),
            Expression::Not(part) => Self::Not(Box::new(Self::of(part, org)?)),
            Expression::Text(text) => Self::Test(Test::Text(text.to_lowercase())),
            Expression::Pair(pair) => Self::of_pair(pair, org)?,
        })
    }

    fn of_pair(pair: &Pair, org: &Org) -> Result<Self, Refusal> {
        let (tests, comparison) = match key(pair) {
            Some(key) => (tests(key, pair, org)?, compared(key, pair)?),
            None => (vec![Test::of_value(pair, org)?], pair.comparison),
        };
        let condition = Self::Any(tests.into_iter().map(Self::Test).collect());
        Ok(match comparison {
            Comparison::NotEqual => Self::Not(Box::new(condition)),
            _ => condition,
        })
    }

    /// Those that cost least decide first.
    fn sorted(mut self) -> Self {
        if let Self::All(parts) | Self::Any(parts) = &mut self {
            parts.sort_by_key(Self::cost);
        }
        self
    }

    fn cost(&self) -> u8 {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::cost).max().unwrap_or_default()
            }
            Self::Not(part) => part.cost(),
            Self::Test(Test::Text(_) | Test::Data(_) | Test::Value(..)) => 2,
            Self::Test(Test::Field(_) | Test::Nulled(_)) => 1,
            Self::Test(_) => 0,
        }
    }

    /// Whether nothing is asked of an event.
    pub(super) fn is_none(&self) -> bool {
        matches!(self, Self::All(parts) if parts.iter().all(Self::is_none))
    }

    /// Whether the names of records decide.
    pub(super) fn reads_names(&self) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(Self::reads_names),
            Self::Not(part) => part.reads_names(),
            Self::Test(test) => matches!(test, Test::Text(_)),
        }
    }

    pub(super) fn passes(&self, read: &Read<'_>, names: &Names) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.passes(read, names)),
            Self::Any(parts) => parts.iter().any(|part| part.passes(read, names)),
            Self::Not(part) => !part.passes(read, names),
            Self::Test(test) => test.passes(read, names),
        }
    }
}

/// The key that a pair has, none if it is the field of a payload.
fn key(pair: &Pair) -> Option<&'static str> {
    let name = pair.key.as_str();
    let alias = ALIASES
        .iter()
        .find(|(alias, _)| alias.eq_ignore_ascii_case(name));
    let name = alias.map_or(name, |(_, key)| key);
    KEYS.iter()
        .find(|key| key.eq_ignore_ascii_case(name))
        .copied()
}

/// How a key is compared.
fn compared(key: &str, pair: &Pair) -> Result<Comparison, Refusal> {
    let is_ordered = matches!(key, "replay" | "size");
    match pair.comparison {
        Comparison::Is | Comparison::Equal => Ok(Comparison::Equal),
        Comparison::NotEqual if !matches!(key, "before" | "after") => Ok(Comparison::NotEqual),
        _ if is_ordered => Ok(pair.comparison),
        _ => Err(at(
            pair.position,
            format!(
                "\"{key}\" is written with a colon: {key}:{}",
                pair.values.join(",")
            ),
        )),
    }
}

/// What the values of a key mean; one of the tests has to pass.
fn tests(key: &str, pair: &Pair, org: &Org) -> Result<Vec<Test>, Refusal> {
    let values = || pair.values.clone();
    let patterns = || {
        pair.values
            .iter()
            .map(|value| Pattern::new(value))
            .collect()
    };
    Ok(vec![match key {
        "topic" => {
            let mut tests = Vec::new();
            for value in &pair.values {
                tests.push(if value.contains('*') {
                    Test::TopicName(Pattern::new(value))
                } else {
                    Test::Topic(topics::named(org, value)?.topics)
                });
            }
            return Ok(tests);
        }
        "type" => Test::Kind(patterns()),
        "object" => Test::Object(patterns()),
        "id" => Test::Record(values()),
        "tx" => Test::Transaction(values()),
        "user" => Test::User(values()),
        "origin" => Test::Origin(patterns()),
        "schema" => Test::Schema(values()),
        "replay" => Test::Replay(ordered(pair), numbers(pair)?),
        "size" => Test::Size(ordered(pair), numbers(pair)?),
        "before" => Test::Before(time(pair, org)?),
        "after" => Test::After(time(pair, org)?),
        "nulled" => Test::Nulled(unmasked(pair, org)?),
        _ => Test::Field(unmasked(pair, org)?),
    }])
}

/// The comparison without its negation, which is around the condition.
const fn ordered(pair: &Pair) -> Comparison {
    match pair.comparison {
        Comparison::Is | Comparison::NotEqual => Comparison::Equal,
        comparison => comparison,
    }
}

fn numbers(pair: &Pair) -> Result<Vec<u64>, Refusal> {
    let parsed = pair.values.iter().map(|value| {
        value
            .parse()
            .map_err(|_| at(pair.position, format!("\"{value}\" is not a whole number")))
    });
    parsed.collect()
}

/// A point in time, or how long ago it is.
fn time(pair: &Pair, org: &Org) -> Result<Timestamp, Refusal> {
    let [value] = pair.values.as_slice() else {
        return Err(at(pair.position, format!("\"{}\" has one value", pair.key)));
    };
    let ago = span::parse(value).map(|ago| org.engine.clock().now().plus_millis(-ago));
    ago.or_else(|| parse_date_time(value)).ok_or_else(|| {
        at(
            pair.position,
            format!(
                "\"{value}\" is neither a span such as 10m nor a time such as 2026-11-22T12:00:00Z"
            ),
        )
    })
}

/// Names of fields whose values are shown.
fn unmasked(pair: &Pair, org: &Org) -> Result<Vec<String>, Refusal> {
    let masked = |name: &&String| name.split('.').any(|part| org.masked.has(part));
    match pair.values.iter().find(masked) {
        Some(name) => Err(at(pair.position, format!("\"{name}\" is masked"))),
        None => Ok(pair.values.clone()),
    }
}

impl Test {
    /// A condition on the field of a payload.
    fn of_value(pair: &Pair, org: &Org) -> Result<Self, Refusal> {
        let name = &pair.key;
        if pair.comparison == Comparison::Is {
            let hint = nearest(&name.to_ascii_lowercase(), &KEYS);
            let hint = hint.map_or_else(
                || {
                    format!(
                        "keys are {}; for the value of a field write {name}={}",
                        KEYS.join(", "),
                        pair.values.join(",")
                    )
                },
                |key| format!("did you mean \"{key}\"?"),
            );
            return Err(at(
                pair.position,
                format!("\"{name}\" is not a key; {hint}"),
            ));
        }
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if path.iter().any(|part| org.masked.has(part)) {
            return Err(at(pair.position, format!("\"{name}\" is masked")));
        }
        let wanted = pair.values.iter().map(|value| Wanted {
            text: value.clone(),
            pattern: Pattern::new(value),
            number: value.parse().ok(),
        });
        Ok(Self::Value(path, ordered(pair), wanted.collect()))
    }

    fn passes(&self, read: &Read<'_>, names: &Names) -> bool {
        let event = &*read.event;
        let header = read.header();
        match self {
            Self::Topic(topics) => topics.contains(&event.topic),
            Self::TopicName(pattern) => pattern.matches(&names.of(event.topic)),
            Self::Kind(kinds) => {
                let kind = header.map_or(PUBLISHED, |header| header.change_type.as_str());
                kinds.iter().any(|wanted| wanted.matches(kind))
            }
            Self::Object(objects) => header.is_some_and(|header| {
                let name = header.entity_name.as_str();
                objects.iter().any(|object| object.matches(name))
            }),
            Self::Record(ids) => header.is_some_and(|header| {
                let is_one = |id: &String| header.record_ids.iter().any(|record| is_id(record, id));
                ids.iter().any(is_one)
            }),
            Self::Transaction(keys) => header.is_some_and(|header| {
                let key = header.transaction_key.to_string();
                keys.iter().any(|wanted| key.eq_ignore_ascii_case(wanted))
            }),
            Self::User(ids) => header.is_some_and(|header| {
                let user = header.commit_user.to_string();
                ids.iter().any(|id| is_id(&user, id))
            }),
            Self::Origin(origins) => header.is_some_and(|header| {
                let origin = &header.change_origin;
                origins.iter().any(|wanted| wanted.matches(origin))
            }),
            Self::Schema(ids) => ids.contains(&event.schema.to_string()),
            Self::Replay(by, ids) => any_number(event.replay_id.get(), *by, ids),
            Self::Size(by, sizes) => {
                let size = u64::try_from(event.payload.len()).unwrap_or(u64::MAX);
                any_number(size, *by, sizes)
            }
            Self::Before(time) => event.appended < *time,
            Self::After(time) => event.appended > *time,
            Self::Field(fields) => fields.iter().any(|field| read.has_field(field)),
            Self::Nulled(fields) => fields.iter().any(|field| read.is_nulled(field)),
            Self::Value(path, by, wanted) => {
                let value = payload(read).and_then(|payload| at_path(payload, path));
                wanted.iter().any(|wanted| wanted.is_met(value, *by))
            }
            Self::Text(text) => has_text(read, names, text),
            Self::Data(text) => {
                let data = String::from_utf8_lossy(read.data()).to_lowercase();
                data.contains(text.as_str())
            }
        }
    }
}

fn any_number(number: u64, by: Comparison, wanted: &[u64]) -> bool {
    wanted.iter().any(|wanted| holds(number.cmp(wanted), by))
}

const fn holds(ordering: std::cmp::Ordering, by: Comparison) -> bool {
    match by {
        Comparison::Is | Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

impl Wanted {
    /// Numbers are compared as numbers; dates are texts that are ordered as they are written.
    fn is_met(&self, value: Option<&Content>, by: Comparison) -> bool {
        match value {
            None | Some(Content::Null) => {
                by == Comparison::Equal && self.text.eq_ignore_ascii_case("null")
            }
            Some(Content::Boolean(truth)) => {
                by == Comparison::Equal && self.text.eq_ignore_ascii_case(&truth.to_string())
            }
            Some(Content::Number(digits)) => {
                let number: Option<f64> = digits.parse().ok();
                let ordering = number.zip(self.number);
                ordering
                    .and_then(|(number, wanted)| number.partial_cmp(&wanted))
                    .is_some_and(|ordering| holds(ordering, by))
            }
            Some(Content::Text(text)) if by == Comparison::Equal => {
                self.pattern.matches(text) || is_id(text, &self.text)
            }
            Some(Content::Text(text)) => holds(text.as_str().cmp(&self.text), by),
            Some(Content::Array(_) | Content::Object(_)) => false,
        }
    }
}

/// What an event says, without what every event has.
fn payload<'r>(read: &'r Read<'_>) -> Option<&'r Content> {
    let Content::Object(members) = read.content()? else {
        return None;
    };
    let mut members = members.iter();
    let payload = members.find(|(name, _)| name == "payload" || name == "sobject");
    payload.map(|(_, json)| &json.content)
}

fn at_path<'c>(payload: &'c Content, path: &[String]) -> Option<&'c Content> {
    path.iter().try_fold(payload, |content, name| {
        let Content::Object(members) = content else {
            return None;
        };
        let mut members = members.iter();
        let member = members.find(|(known, _)| known.eq_ignore_ascii_case(name));
        member.map(|(_, json)| &json.content)
    })
}

fn has_text(read: &Read<'_>, names: &Names, text: &str) -> bool {
    let has = |value: &str| value.to_lowercase().contains(text);
    let of_header = read.header().is_some_and(|header| {
        let mut ids = header.record_ids.iter();
        ids.any(|id| has(id) || names.of_record(id).is_some_and(has))
    });
    of_header || payload(read).is_some_and(|payload| any_text(payload, &has))
}

/// Whether a text within a value passes, those of the header apart.
fn any_text(content: &Content, passes: &impl Fn(&str) -> bool) -> bool {
    match content {
        Content::Text(text) => passes(text),
        Content::Array(items) => items.iter().any(|item| any_text(&item.content, passes)),
        Content::Object(members) => members
            .iter()
            .filter(|(name, _)| name != HEADER)
            .any(|(_, value)| any_text(&value.content, passes)),
        Content::Null | Content::Boolean(_) | Content::Number(_) => false,
    }
}

/// Whether both are the same record id, with 15 or 18 characters.
fn is_id(id: &str, wanted: &str) -> bool {
    id == wanted
        || (wanted.len() >= ID_DIGITS && id.len() >= ID_DIGITS)
            && id.get(..ID_DIGITS) == wanted.get(..ID_DIGITS)
}

/// A refusal with the place in the filter.
pub(super) fn at(position: usize, reason: impl std::fmt::Display) -> Refusal {
    invalid(format!("position {position} of the filter: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meets(value: Option<&Content>, by: Comparison, wanted: &str) -> bool {
        let wanted = Wanted {
            text: wanted.to_owned(),
            pattern: Pattern::new(wanted),
            number: wanted.parse().ok(),
        };
        wanted.is_met(value, by)
    }

    #[test]
    fn ids_of_both_lengths_are_the_same() {
        assert!(is_id("0015f0000000001AAA", "0015f0000000001"));
        assert!(is_id("0015f0000000001AAA", "0015f0000000001AAA"));
        assert!(!is_id("0015f0000000001AAA", "0015F0000000001"));
        assert!(!is_id("0015f0000000001AAA", "001"));
    }

    #[test]
    fn values_are_compared_by_their_kind() {
        use Comparison::{Equal, Greater, Less, LessOrEqual};
        let number = Content::Number("100000.50".to_owned());
        let date = Content::Text("2026-11-22T12:00:00Z".to_owned());
        let name = Content::Text("Closed Won".to_owned());
        for (value, by, wanted, met) in [
            (Some(&number), Equal, "100000.5", true),
            (Some(&number), Greater, "99999", true),
            (Some(&number), Less, "99999", false),
            (Some(&number), Less, "many", false),
            (Some(&date), Greater, "2026-11-22", true),
            (Some(&date), Less, "2026-11-23", true),
            (Some(&name), Equal, "closed*", true),
            (Some(&name), Equal, "closed", false),
            (Some(&Content::Boolean(true)), Equal, "TRUE", true),
            (Some(&Content::Boolean(true)), Greater, "false", false),
            (Some(&Content::Null), Equal, "null", true),
            (Some(&Content::Null), LessOrEqual, "5", false),
            (None, Equal, "null", true),
            (None, Equal, "5", false),
            (Some(&Content::Array(Vec::new())), Equal, "null", false),
        ] {
            assert_eq!(meets(value, by, wanted), met, "{value:?} {by:?} {wanted}");
        }
    }

    #[test]
    fn every_key_has_a_meaning() {
        for name in KEYS.iter().chain(ALIASES.iter().map(|(alias, _)| alias)) {
            let pair = Pair {
                key: name.to_uppercase(),
                comparison: Comparison::Is,
                values: vec!["1".to_owned()],
                position: 1,
            };
            assert!(key(&pair).is_some(), "{name}");
        }
    }
}

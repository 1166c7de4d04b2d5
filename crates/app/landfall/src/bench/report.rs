//! What was measured, as a line for people or as a JSON object.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::outcome::{Failure, say_data};

/// Columns before the measures.
const SCENARIO_WIDTH: usize = 9;
const CASE_WIDTH: usize = 34;

/// How results are printed.
#[derive(Clone, Copy)]
pub(super) enum Form {
    Table,
    Json,
}

/// One measurement.
pub(super) struct Row {
    scenario: &'static str,
    case: String,
    measures: Vec<(&'static str, f64)>,
    counted: Option<Counted>,
}

/// Whether every event arrived exactly once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) expected: u64,
    pub(super) lost: u64,
    pub(super) duplicates: u64,
}

impl Counted {
    pub(super) const fn new(expected: u64, received: u64, duplicates: u64) -> Self {
        Self {
            expected,
            lost: expected.saturating_sub(received),
            // Events beyond those sent can only be duplicates.
            duplicates: if duplicates == 0 {
                received.saturating_sub(expected)
            } else {
                duplicates
            },
        }
    }

    pub(super) const fn is_exact(self) -> bool {
        self.lost == 0 && self.duplicates == 0
    }
}

impl Row {
    pub(super) fn new(scenario: &'static str, case: impl Into<String>) -> Self {
        Self {
            scenario,
            case: case.into(),
            measures: Vec::new(),
            counted: None,
        }
    }

    /// A number under a name that ends in its unit.
    pub(super) fn measure(mut self, name: &'static str, value: f64) -> Self {
        self.measures.push((name, value));
        self
    }

    /// The same, if it is known.
    pub(super) fn maybe(self, name: &'static str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.measure(name, value),
            None => self,
        }
    }

    pub(super) const fn counted(mut self, counted: Counted) -> Self {
        self.counted = Some(counted);
        self
    }

    /// Prints it; says whether everything arrived once.
    pub(super) fn print(&self, form: Form) -> Result<bool, Failure> {
        match form {
            Form::Table => say_data(&self.line())?,
            Form::Json => say_data(&self.json().to_string())?,
        }
        Ok(self.counted.is_none_or(Counted::is_exact))
    }

    fn line(&self) -> String {
        let mut line = format!(
            "{:SCENARIO_WIDTH$} {:CASE_WIDTH$}",
            self.scenario, self.case
        );
        for (name, value) in &self.measures {
            let _ = write!(line, "  {name} {}", number(*value));
        }
        if let Some(counted) = self.counted {
            let _ = write!(
                line,
                "  events {} lost {} duplicates {}",
                grouped(counted.expected),
                counted.lost,
                counted.duplicates
            );
        }
        line
    }

    fn json(&self) -> Value {
        let mut members = Map::new();
        members.insert("scenario".to_owned(), self.scenario.into());
        members.insert("case".to_owned(), self.case.as_str().into());
        for (name, value) in &self.measures {
            members.insert((*name).to_owned(), (*value).into());
        }
        if let Some(counted) = self.counted {
            members.insert("events".to_owned(), counted.expected.into());
            members.insert("lost".to_owned(), counted.lost.into());
            members.insert("duplicates".to_owned(), counted.duplicates.into());
        }
        Value::Object(members)
    }
}

/// Three digits that say something.
fn number(value: f64) -> String {
    if value >= 1_000.0 {
        let text = format!("{value:.0}");
        return text.parse().map_or(text, grouped);
    }
    match value {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_matter() {
        let spelled: Vec<String> = [0.0, 0.123_4, 12.34, 123.4, 1_234.5, 1_234_567.0]
            .map(number)
            .into();
        assert_eq!(
            spelled,
            ["0.00", "0.12", "12.3", "123", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn lost_and_duplicate_events_are_counted() {
        assert!(Counted::new(5, 5, 0).is_exact());
        assert_eq!(Counted::new(5, 3, 0).lost, 2);
        assert_eq!(Counted::new(5, 6, 0).duplicates, 1);
        assert_eq!(Counted::new(5, 5, 2).duplicates, 2);
    }

    #[test]
    fn a_row_is_a_line_or_an_object() {
        let row = Row::new("replay", "1 subscriber")
            .measure("per_s", 1_500_000.0)
            .maybe("cpu_s", None)
            .counted(Counted::new(1_000, 1_000, 0));
        assert_eq!(
            row.line(),
            "replay    1 subscriber                        per_s 1,500,000  events 1,000 lost 0 duplicates 0"
        );
        assert_eq!(
            row.json().to_string(),
            r#"{"case":"1 subscriber","duplicates":0,"events":1000,"lost":0,"per_s":1500000.0,"scenario":"replay"}"#
        );
    }
}

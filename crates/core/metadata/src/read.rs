//! What an element is asked for: texts, flags, numbers and choices, each missing or wrong one reported with its line.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use crate::problem::Report;
use crate::xml::Element;

impl Element {
    /// The elements of this name, in order.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> + 'a {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The element of this name; a second one is a problem.
    pub(crate) fn one(&self, name: &str, report: &mut Report) -> Option<&Self> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        let first = found.next();
        if let Some(second) = found.next() {
            report.problem(&second.at, format!("the element <{name}> is there twice"));
        }
        first
    }

    /// Whether there is an element of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.children.iter().any(|child| child.name == name)
    }

    /// The text of the element of this name, without space around it; none if it is empty.
    pub(crate) fn text(&self, name: &str, report: &mut Report) -> Option<&str> {
        let text = self.one(name, report)?.text.trim();
        (!text.is_empty()).then_some(text)
    }

    /// The text of an element that must be there.
    pub(crate) fn required(&self, name: &str, report: &mut Report) -> Option<&str> {
        let text = self.text(name, report);
        if text.is_none() {
            report.problem(&self.at, format!("Required field is missing: {name}"));
        }
        text
    }

    /// A truth value: none if it is absent or wrong.
    pub(crate) fn flag(&self, name: &str, report: &mut Report) -> Option<bool> {
        let element = self.one(name, report)?;
        match element.text.trim() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            other => {
                let reason = format!(
                    "'{}' is not a value of <{name}>: true or false",
                    brief(other)
                );
                report.problem(&element.at, reason);
                None
            }
        }
    }

    /// A whole number in a range: none if it is absent or wrong.
    pub(crate) fn number(
        &self,
        name: &str,
        range: &RangeInclusive<u32>,
        report: &mut Report,
    ) -> Option<u32> {
        let element = self.one(name, report)?;
        let number = element.text.trim().parse().ok();
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = (range.start(), range.end());
            let text = brief(element.text.trim());
            let reason = format!("'{text}' is not a value of <{name}>: {low} to {high}");
            report.problem(&element.at, reason);
        }
        number
    }

    /// A whole number that must be there, in a range.
    pub(crate) fn required_number(
        &self,
        name: &str,
        range: &RangeInclusive<u32>,
        report: &mut Report,
    ) -> Option<u32> {
        if !self.has(name) {
            report.problem(&self.at, format!("Required field is missing: {name}"));
            return None;
        }
        self.number(name, range, report)
    }

    /// The value of one of the listed words: none if it is absent or wrong.
    pub(crate) fn choice<T: Copy>(
        &self,
        name: &str,
        words: &[(&str, T)],
        report: &mut Report,
    ) -> Option<T> {
        let element = self.one(name, report)?;
        let text = element.text.trim();
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*meaning);
        }
        let mut reason = format!("'{}' is not a value of <{name}>:", brief(text));
        for (word, _) in words {
            // Writing to a string cannot fail.
            let _ = write!(reason, " {word}");
        }
        report.problem(&element.at, reason);
        None
    }
}

/// The beginning of a text from a file, for a message.
pub(crate) fn brief(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(80)
        .map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text)
}

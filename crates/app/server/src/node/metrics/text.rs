//! The text format of metrics.

use std::fmt::{Display, Write as _};

/// A text in the making. Writing to a string does not fail.
#[derive(Default)]
pub(crate) struct Text(String);

impl Text {
    /// Begins a metric that only rises.
    pub(crate) fn counter(&mut self, name: &str, help: &str) {
        self.begin(name, help, "counter");
    }

    /// Begins a metric that rises and falls.
    pub(crate) fn gauge(&mut self, name: &str, help: &str) {
        self.begin(name, help, "gauge");
    }

    fn begin(&mut self, name: &str, help: &str, kind: &str) {
        let _ = write!(self.0, "# HELP {name} {help}.\n# TYPE {name} {kind}\n");
    }

    /// One value of the metric that was begun last.
    pub(crate) fn value(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (place, (label, of)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"");
            for char in of.chars() {
                match char {
                    '\\' => self.0.push_str(r"\\"),
                    '"' => self.0.push_str("\\\""),
                    '\n' => self.0.push_str("\\n"),
                    char => self.0.push(char),
                }
            }
            self.0.push('"');
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{end} {value}");
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped() {
        let mut text = Text::default();
        text.gauge("lag", "How far behind");
        text.value("lag", &[("topic", "/u/a\"b\\c\nd"), ("client", "x")], 3);
        text.value("lag", &[], 4);
        assert_eq!(
            text.finish(),
            "# HELP lag How far behind.\n# TYPE lag gauge\nlag{topic=\"/u/a\\\"b\\\\c\\nd\",client=\"x\"} 3\nlag 4\n"
        );
    }
}

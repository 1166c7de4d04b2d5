//! JSON of answers, written in the order in which it is asked for.
//!
//! The service's objects have an order that clients and recordings show, so answers are written, not built as maps.

use landfall_wire::write_json_string;

/// Writes one JSON text; commas and quotes are its business, balance is the caller's.
#[derive(Default)]
pub struct Writer {
    out: String,
    /// Whether the next value or name needs a comma before it.
    comma: bool,
}

impl Writer {
    /// Nothing written yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    /// Writes an object whose members `members` writes.
    pub fn object(&mut self, members: impl FnOnce(&mut Self)) {
        self.open('{');
        members(self);
        self.close('}');
    }

    /// Writes an array whose items `items` writes.
    pub fn array(&mut self, items: impl FnOnce(&mut Self)) {
        self.open('[');
        items(self);
        self.close(']');
    }

    /// Begins an object; for callers that wait between its members.
    pub fn open(&mut self, bracket: char) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    /// Ends what [`Self::open`] began.
    pub fn close(&mut self, bracket: char) {
        self.out.push(bracket);
        self.comma = true;
    }

    /// The name of the next member.
    pub fn name(&mut self, name: &str) -> &mut Self {
        self.separate();
        write_json_string(&mut self.out, name);
        self.out.push(':');
        self.comma = false;
        self
    }

    /// Writes null.
    pub fn null(&mut self) {
        self.raw("null");
    }

    /// Writes a truth value.
    pub fn boolean(&mut self, truth: bool) {
        self.raw(if truth { "true" } else { "false" });
    }

    /// Writes a whole number.
    pub fn integer(&mut self, number: impl Into<i64>) {
        self.raw(&number.into().to_string());
    }

    /// With a decimal point, in the shortest form that reads back as the same number.
    pub fn double(&mut self, number: f64) {
        if !number.is_finite() {
            return self.null();
        }
        let mut text = number.to_string();
        if !text.contains('.') {
            text.push_str(".0");
        }
        self.raw(&text);
    }

    /// Writes a text.
    pub fn string(&mut self, text: &str) {
        self.separate();
        write_json_string(&mut self.out, text);
        self.comma = true;
    }

    /// A text, or null.
    pub fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    /// Writes an array of texts.
    pub fn strings<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>) {
        self.array(|w| texts.into_iter().for_each(|text| w.string(text)));
    }

    /// A value that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.separate();
        self.out.push_str(json);
        self.comma = true;
    }

    /// Text outside the grammar: the marks of a template.
    pub fn mark(&mut self, mark: char) {
        self.out.push(mark);
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(',');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_items_are_separated() {
        let mut w = Writer::new();
        w.object(|w| {
            w.name("a").integer(1);
            w.name("b").array(|w| {
                w.boolean(true);
                w.null();
                w.object(|_| ());
            });
            w.name("c").text_or_null(Some("x\"y"));
        });
        assert_eq!(w.finish(), r#"{"a":1,"b":[true,null,{}],"c":"x\"y"}"#);
    }

    #[test]
    fn decimals_always_have_a_point() {
        for (number, text) in [
            (10.0, "10.0"),
            (0.1, "0.1"),
            (-5.25, "-5.25"),
            (1e17, "100000000000000000.0"),
            (f64::NAN, "null"),
        ] {
            let mut w = Writer::new();
            w.double(number);
            assert_eq!(w.finish(), text);
        }
    }
}

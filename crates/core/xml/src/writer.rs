//! Writing XML, element by element.

use crate::parse::is_character;

/// Writes elements into one text.
#[derive(Debug, Default)]
pub struct Writer {
    out: String,
}

impl Writer {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    /// Text that is XML already.
    pub fn raw(&mut self, xml: &str) {
        self.out.push_str(xml);
    }

    /// An element with others in it.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.typed(name, "", inside);
    }

    /// The same with attributes, as they are written.
    pub fn typed(&mut self, name: &str, attributes: &str, inside: impl FnOnce(&mut Self)) {
        self.out.push('<');
        self.out.push_str(name);
        if !attributes.is_empty() {
            self.out.push(' ');
            self.out.push_str(attributes);
        }
        self.out.push('>');
        inside(self);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// An element with a text in it.
    pub fn text(&mut self, name: &str, text: &str) {
        self.element(name, |w| w.escaped(text));
    }

    /// An element with `true` or `false` in it.
    pub fn boolean(&mut self, name: &str, truth: bool) {
        self.element(name, |w| w.raw(if truth { "true" } else { "false" }));
    }

    /// An element without a value.
    pub fn nil(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push_str(" xsi:nil=\"true\"/>");
    }

    /// An element with a text in it, or without a value.
    pub fn text_or_nil(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.nil(name),
        }
    }

    /// Characters that XML does not have are left out: nobody could read the answer otherwise.
    ///
    /// Source: "Extensible Markup Language (XML) 1.0", 2.2.
    pub fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\r' => self.out.push_str("&#xD;"),
                other if is_character(other) => self.out.push(other),
                _ => {}
            }
        }
    }
}

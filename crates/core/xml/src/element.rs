//! The elements of a document.

use std::ops::Range;

/// One element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Name without its prefix.
    ///
    /// Clients: they use any prefix, and some the wrong namespace (jsforce for the ids of `undelete`).
    pub name: String,
    /// The line on which it begins, from 1.
    pub line: usize,
    /// `xsi:type` without its prefix.
    pub kind: Option<String>,
    /// Whether `xsi:nil` says that there is no value.
    pub nil: bool,
    /// The text directly in it.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Self>,
    /// The bytes of the document from its start tag to its end tag, both included.
    pub outer: Range<usize>,
    /// The bytes between its tags; empty if it has one tag.
    pub inner: Range<usize>,
}

impl Element {
    /// The first element of this name in it.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All elements of this name in it.
    pub fn children_named<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text of the first element of this name in it; none for one that is nil.
    pub fn value(&self, name: &str) -> Option<&str> {
        let child = self.child(name).filter(|child| !child.nil)?;
        Some(child.text.trim())
    }
}

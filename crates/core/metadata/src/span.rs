//! Elements directly within the root of a document, by their bytes: taking some out leaves the rest as it is.

use std::ops::Range;

use landfall_xml::{Element, Limits, parse};

/// An element directly within the root.
pub(crate) struct Span<T> {
    /// What the caller takes it for.
    pub(crate) kind: T,
    /// The name that it contains; empty if it has none.
    pub(crate) name: String,
    /// Its bytes with its tags.
    pub(crate) outer: Range<usize>,
    /// The bytes between its tags.
    pub(crate) inner: Range<usize>,
}

/// The elements for which `kind_of` returns their kind and the element that contains their name. None if the document is
/// too large or damaged.
pub(crate) fn spans<T>(
    content: &str,
    kind_of: impl Fn(&str) -> Option<(T, &'static str)>,
) -> Option<Vec<Span<T>>> {
    let root = parse(content, Limits::FILE).ok()?;
    let span = |element: Element| {
        let (kind, naming) = kind_of(&element.name)?;
        let names = element.children_named(naming);
        let name = names.map(|name| name.text.trim()).collect();
        Some(Span {
            kind,
            name,
            outer: element.outer,
            inner: element.inner,
        })
    };
    Some(root.children.into_iter().filter_map(span).collect())
}

/// How many lines end in a text.
pub(crate) fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

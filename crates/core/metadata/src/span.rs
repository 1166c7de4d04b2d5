//! Elements directly within the root of a document, by their bytes: whoever takes some out leaves the rest as it is.

use landfall_model::limits::{METADATA_ELEMENTS_MAX, METADATA_FILE_BYTES_MAX};
use quick_xml::Reader;
use quick_xml::events::Event;

/// An element, with its tags from `begin` to `end`.
pub(crate) struct Span<T> {
    /// What it is to whoever looks for it.
    pub(crate) what: T,
    /// The name that stands in it; empty if none does.
    pub(crate) name: String,
    pub(crate) begin: usize,
    pub(crate) content: usize,
    pub(crate) content_end: usize,
    pub(crate) end: usize,
}

/// Those that `wanted` says something about: what they are, and the element that holds their name. None if the document
/// is too large or damaged.
pub(crate) fn spans<T: Copy>(
    content: &str,
    wanted: impl Fn(&str) -> Option<(T, &'static str)>,
) -> Option<Vec<Span<T>>> {
    if content.len() > METADATA_FILE_BYTES_MAX {
        return None;
    }
    let skipped = content.len() - content.trim_start_matches('\u{feff}').len();
    let mut reader = Reader::from_str(content.get(skipped..)?);
    let (mut depth, mut naming) = (0_usize, false);
    let mut open: Option<(Span<T>, &'static str)> = None;
    let mut found = Vec::new();
    loop {
        let begin = position(&reader, skipped)?;
        let event = reader.read_event().ok()?;
        let end = position(&reader, skipped)?;
        match event {
            Event::Start(tag) => {
                let element = tag.name().into_inner();
                match (depth, &open) {
                    (1, _) => open = opened(wanted(element), begin, end),
                    (2, Some((_, name))) => naming = element == *name,
                    _ => {}
                }
                depth += 1;
            }
            Event::Empty(tag) if depth == 1 => {
                let empty = opened(wanted(tag.name().into_inner()), begin, end);
                found.extend(empty.map(|(span, _)| span));
            }
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                match depth {
                    1 => found.extend(open.take().map(|(span, _)| Span {
                        content_end: begin,
                        end,
                        ..span
                    })),
                    2 => naming = false,
                    _ => {}
                }
            }
            Event::Text(text) => name(&mut open, naming && depth == 3, &text.xml10_content()),
            Event::CData(text) => name(&mut open, naming && depth == 3, &text.xml10_content()),
            Event::Eof => return (depth == 0).then_some(found),
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        if found.len() > METADATA_ELEMENTS_MAX {
            return None;
        }
    }
}

/// How many lines end in a text.
pub(crate) fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn position(reader: &Reader<&[u8]>, skipped: usize) -> Option<usize> {
    Some(usize::try_from(reader.buffer_position()).ok()? + skipped)
}

fn opened<T>(
    wanted: Option<(T, &'static str)>,
    begin: usize,
    end: usize,
) -> Option<(Span<T>, &'static str)> {
    let (what, naming) = wanted?;
    let span = Span {
        what,
        name: String::new(),
        begin,
        content: end,
        content_end: end,
        end,
    };
    Some((span, naming))
}

fn name<T>(open: &mut Option<(Span<T>, &'static str)>, naming: bool, text: &str) {
    if let (Some((span, _)), true) = (open, naming) {
        span.name.push_str(text.trim());
    }
}

//! XML from outside: any text is read or refused, and the bytes of an element are those of its tags.

#![no_main]

use landfall_envelope::Envelope;
use landfall_xml::{Element, Limits, Writer, parse};
use libfuzzer_sys::fuzz_target;

fn check(text: &str, element: &Element) {
    assert!(text[element.outer.clone()].starts_with('<'));
    assert!(text[element.outer.clone()].ends_with('>'));
    let inner = &text[element.inner.clone()];
    assert!(element.children.is_empty() || !inner.is_empty());
    for child in &element.children {
        assert!(element.inner.start <= child.outer.start && child.outer.end <= element.inner.end);
        assert!(element.line <= child.line);
        check(text, child);
    }
}

fuzz_target!(|data: &[u8]| {
    let _ = Envelope::parse(data);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(root) = parse(text, Limits::FILE) {
        check(text, &root);
        let mut w = Writer::new();
        w.text("a", &root.text);
        let again = parse(&w.finish(), Limits::FILE).expect("what was written can be read");
        assert_eq!(again.text, root.text);
    }
});

//! What is read, what is refused, and that what was written is read again.

use landfall_xml::{Element, ErrorKind, Limits, Writer, document, parse};
use proptest::prelude::*;

fn read(text: &str) -> Element {
    parse(text, Limits::REQUEST).expect("a document")
}

fn refused(text: &str) -> (usize, String) {
    let error = parse(text, Limits::REQUEST).expect_err("refused");
    (error.line, error.to_string())
}

#[test]
fn names_lose_their_prefixes_and_two_attributes_are_read() {
    let root = read(
        "\u{feff}<?xml version=\"1.0\"?><a:E xmlns:a=\"u\" xmlns:type=\"v\"><b x:type=\"y:T\">1 &amp; &#65;</b>\
         <c xsi:nil=\"true\"/><d><![CDATA[<z>]]></d></a:E>",
    );
    assert_eq!((root.name.as_str(), &root.kind), ("E", &None));
    assert_eq!(root.child("b").and_then(|b| b.kind.as_deref()), Some("T"));
    assert_eq!(root.value("b"), Some("1 & A"));
    assert_eq!(root.value("c"), None);
    assert_eq!(root.value("d"), Some("<z>"));
}

#[test]
fn elements_know_their_lines_and_bytes() {
    let text = "\u{feff}<?xml version=\"1.0\"?>\n<A>\n<b>x &amp; &#65;</b>\n\n<!-- no\nmatter -->\n  <c/><d/>\n</A>\n";
    let root = read(text);
    let seen: Vec<(&str, usize, &str, &str)> = root
        .children
        .iter()
        .map(|child| {
            let bytes = |range: &std::ops::Range<usize>| &text[range.clone()];
            (
                child.name.as_str(),
                child.line,
                bytes(&child.outer),
                bytes(&child.inner),
            )
        })
        .collect();
    assert_eq!(root.line, 2);
    assert_eq!(
        seen,
        [
            ("b", 3, "<b>x &amp; &#65;</b>", "x &amp; &#65;"),
            ("c", 7, "<c/>", ""),
            ("d", 7, "<d/>", "")
        ]
    );
}

#[test]
fn the_default_namespace_of_the_root_is_read() {
    let namespace = |text| document(text, Limits::FILE).expect("a document").namespace;
    assert_eq!(
        namespace("<a xmlns:b='c' xmlns='d'><e xmlns='f'/></a>").as_deref(),
        Some("d")
    );
    assert_eq!(namespace("<a:a xmlns:a='c'/>"), None);
}

#[test]
fn damage_is_refused_where_it_is() {
    for (text, line, reason) in [
        ("", 1, "Premature end of file."),
        (" \n", 2, "Premature end of file."),
        ("<!-- -->", 1, "Premature end of file."),
        ("\nx<a/>", 1, "Content is not allowed in prolog."),
        (
            "<a/>\n<a/>",
            2,
            "The markup in the document following the root element must be well-formed.",
        ),
        (
            "<a>\n<b>\n",
            3,
            "The element type \"b\" must be terminated by the matching end-tag \"</b>\".",
        ),
        (
            "<a>\n<b>\n</c></a>",
            3,
            "The element type \"b\" must be terminated by the matching end-tag \"</b>\".",
        ),
        (
            "<a>\n&b;</a>",
            2,
            "The entity \"b\" was referenced, but not declared.",
        ),
        (
            "<a>&#1;</a>",
            1,
            "Character reference \"&#1\" is an invalid XML character.",
        ),
        (
            "<a>\u{1}</a>",
            1,
            "An invalid XML character (Unicode: 0x1) was found in the element content of the document.",
        ),
        (
            "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>",
            1,
            "A document type declaration is not allowed.",
        ),
    ] {
        assert_eq!(refused(text), (line, reason.to_owned()), "{text:?}");
    }
    for text in [
        "</a>",
        "<a b=\"1\" b=\"2\"/>",
        "<a b/>",
        "<a>&#0;</a>",
        "<a",
        "<a>&</a>",
    ] {
        refused(text);
    }
}

#[test]
fn a_document_cannot_grow() {
    let limits = Limits {
        bytes: 64,
        depth: 3,
        elements: 5,
        attributes: 2,
    };
    let kind = |text: &str| parse(text, limits).map_err(|error| error.kind);
    assert!(kind("<a><b><c/></b></a>").is_ok());
    assert_eq!(
        kind("<a><b><c><d/></c></b></a>"),
        Err(ErrorKind::Depth { max: 3 })
    );
    assert!(kind("<a><b/><b/><b/><b/></a>").is_ok());
    assert_eq!(
        kind("<a><b/><b/><b/><b/><b/></a>"),
        Err(ErrorKind::Elements { max: 5 })
    );
    assert!(kind("<a b='' c=''/>").is_ok());
    assert_eq!(
        kind("<a b='' c='' d=''/>"),
        Err(ErrorKind::TooManyAttributes {
            name: "a".to_owned(),
            max: 2
        })
    );
    assert_eq!(
        kind(&format!("<a>{}</a>", " ".repeat(64))),
        Err(ErrorKind::Bytes { max: 64 })
    );
}

#[test]
fn texts_are_escaped() {
    let mut w = Writer::new();
    w.typed("a", "b=\"c\"", |w| {
        w.text("d", "1 < 2 & \"3\"\u{0}\r\n");
        w.nil("e");
        w.boolean("f", true);
    });
    assert_eq!(
        w.finish(),
        "<a b=\"c\"><d>1 &lt; 2 &amp; &quot;3&quot;&#xD;\n</d><e xsi:nil=\"true\"/><f>true</f></a>"
    );
}

proptest! {
    #[test]
    fn what_was_written_is_read(text in ".*") {
        let mut w = Writer::new();
        w.text("a", &text);
        let is_text = |letter: &char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
        let kept: String = text.chars().filter(|letter| is_text(letter) || *letter >= '\u{7f}').collect();
        prop_assert_eq!(read(&w.finish()).text, kept.replace(['\u{fffe}', '\u{ffff}'], ""));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[<>/a&;#x'\"= !\\[\\]\\-?\n\u{feff}é]{0,40}") {
        if let Ok(root) = parse(&text, Limits::REQUEST) {
            prop_assert!(text.get(root.outer.clone()).is_some_and(|outer| outer.starts_with('<')));
            prop_assert!(text.get(root.inner).is_some());
        }
    }
}

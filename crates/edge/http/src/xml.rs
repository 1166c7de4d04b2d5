//! The XML variant: answers for clients that request it, and records that come in it.
//!
//! Members become elements, items of a list repeat the element of their member, `attributes` of a record are attributes of
//! its element, and null is nil. Times end in `Z`. A member whose name is none in XML, such as an id, is an `entry` with
//! its name as `key`.
//! Source: "REST Resources and Requests" (REST API Developer Guide) and its samples; `Source: none` for the names of most roots.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::ACCEPT;
use landfall_model::RequestFault;
use landfall_xml::{Element, Limits, Writer, parse};

use crate::json::{Content, Json, parse_answer};

/// What the outermost element is called, and what items of a list in it are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The element around all.
    pub name: Cow<'static, str>,
    /// The element of each item, if the answer is a list.
    pub item: &'static str,
}

impl Root {
    /// Both names.
    pub const fn new(name: &'static str, item: &'static str) -> Self {
        Self {
            name: Cow::Borrowed(name),
            item,
        }
    }

    /// The element of a record of this object.
    pub fn of(name: &impl ToString) -> Self {
        Self {
            name: Cow::Owned(name.to_string()),
            item: "record",
        }
    }
}

/// What errors are in.
const ERRORS: Root = Root::new("Errors", "Error");

/// Whether a client names XML before JSON in what it accepts.
pub fn is_accepted(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let types = accepted.unwrap_or_default().split(',');
    let mut types = types.map(|one| one.split(';').next().unwrap_or_default().trim());
    let known = types.find(|one| {
        ["application/xml", "application/json", "*/*"]
            .iter()
            .any(|known| one.eq_ignore_ascii_case(known))
    });
    known.is_some_and(|one| one.eq_ignore_ascii_case("application/xml"))
}

/// Takes `.xml` or `.json` off the end of a path; says whether it was the former. What follows an external id is its value.
pub fn take_suffix(segments: &mut [String]) -> bool {
    const LONGEST: usize = 3;
    if segments.len() > LONGEST {
        return false;
    }
    let Some(last) = segments.last_mut() else {
        return false;
    };
    for (suffix, is_xml) in [(".xml", true), (".json", false)] {
        if let Some(plain) = last.strip_suffix(suffix) {
            *last = plain.to_owned();
            return is_xml;
        }
    }
    false
}

/// An answer in XML.
pub fn of_answer(json: &str, root: Option<&Root>, is_error: bool) -> String {
    let Ok(value) = parse_answer(json) else {
        return String::new();
    };
    let result = Root::new("Result", "item");
    let root = if is_error {
        &ERRORS
    } else {
        root.unwrap_or(&result)
    };
    let mut w = Writer::new();
    match &value.content {
        Content::Array(items) => {
            for item in items {
                element(&mut w, root.item, item);
            }
        }
        _ => inside(&mut w, &value),
    }
    let content = w.finish();
    let mut attributes = attributes(&value);
    if content.contains(" xsi:nil=") {
        if !attributes.is_empty() {
            attributes.push(' ');
        }
        attributes.push_str("xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
    }
    let mut w = Writer::new();
    w.raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    w.typed(&root.name, &attributes, |w| w.raw(&content));
    w.finish()
}

fn element(w: &mut Writer, name: &str, value: &Json) {
    if !is_name(name) {
        let mut key = Writer::new();
        key.escaped(name);
        let key = format!("key=\"{}\"", key.finish());
        return w.typed("entry", &key, |w| inside(w, value));
    }
    match &value.content {
        Content::Null => w.nil(name),
        Content::Array(items) => items.iter().for_each(|item| element(w, name, item)),
        _ => w.typed(name, &attributes(value), |w| inside(w, value)),
    }
}

/// Whether a member's name can be that of an element.
fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

/// The address and the object of a record.
fn attributes(value: &Json) -> String {
    let Content::Object(members) = &value.content else {
        return String::new();
    };
    let record = members.iter().find(|(name, _)| name == "attributes");
    let Some((
        _,
        Json {
            content: Content::Object(members),
            ..
        },
    )) = record
    else {
        return String::new();
    };
    let texts = members
        .iter()
        .filter_map(|(name, value)| match &value.content {
            Content::Text(text) => {
                let mut w = Writer::new();
                w.escaped(text);
                Some(format!("{name}=\"{}\"", w.finish()))
            }
            _ => None,
        });
    texts.collect::<Vec<_>>().join(" ")
}

fn inside(w: &mut Writer, value: &Json) {
    match &value.content {
        Content::Null | Content::Array(_) => (),
        Content::Boolean(truth) => w.raw(if *truth { "true" } else { "false" }),
        Content::Number(digits) => w.raw(digits),
        Content::Text(text) => match text.strip_suffix("+0000").filter(|_| is_time(text)) {
            Some(time) => w.escaped(&format!("{time}Z")),
            None => w.escaped(text),
        },
        Content::Object(members) => {
            let mut members: Vec<&(String, Json)> = members
                .iter()
                .filter(|(name, _)| name != "attributes")
                .collect();
            members.sort_by_key(|(name, _)| rank(name));
            for (name, value) in members {
                element(w, name, value);
            }
        }
    }
}

/// In XML a query says first whether it is done, and an error what it is.
fn rank(name: &str) -> usize {
    let first = ["done", "errorCode"];
    first
        .iter()
        .position(|known| *known == name)
        .unwrap_or(first.len())
}

/// Whether a text is a point in time as JSON writes it: `2013-05-07T22:07:19.000+0000`.
fn is_time(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00.000+0000";
    let fits = |(letter, form): (u8, u8)| match form {
        b'0' => letter.is_ascii_digit(),
        form => letter == form,
    };
    text.len() == FORM.len() && text.bytes().zip(FORM.bytes()).all(fits)
}

/// The record of a body as JSON: elements are members, those with others in them are records of their own.
///
/// # Errors
/// [`RequestFault::XmlInvalid`].
pub fn record(body: &[u8]) -> Result<String, RequestFault> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string());
    let root =
        text.and_then(|text| parse(text, Limits::REQUEST).map_err(|error| error.to_string()));
    let root = root.map_err(|reason| RequestFault::XmlInvalid { reason })?;
    let mut w = crate::writer::Writer::new();
    members(&mut w, &root);
    Ok(w.finish())
}

fn members(w: &mut crate::writer::Writer, element: &Element) {
    w.object(|w| {
        for child in &element.children {
            let w = w.name(&child.name);
            if child.nil {
                w.null();
            } else if child.children.is_empty() {
                w.string(&child.text);
            } else {
                members(w, child);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xml(json: &str, root: &Root) -> String {
        let text = of_answer(json, Some(root), false);
        text.replace("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "")
    }

    #[test]
    fn members_are_elements_and_lists_repeat_them() {
        for (json, root, expected) in [
            (
                r#"[{"label":"A & B","version":"59.0"},{"label":"C","version":"60.0"}]"#,
                Root::new("Versions", "Version"),
                "<Versions><Version><label>A &amp; B</label><version>59.0</version></Version>\
                 <Version><label>C</label><version>60.0</version></Version></Versions>",
            ),
            (
                r#"{"totalSize":1,"done":true,"records":[{"attributes":{"type":"X","url":"/x"},"At":"2013-05-07T22:07:19.000+0000"}]}"#,
                Root::new("QueryResult", "records"),
                "<QueryResult><done>true</done><totalSize>1</totalSize><records type=\"X\" url=\"/x\">\
                 <At>2013-05-07T22:07:19.000Z</At></records></QueryResult>",
            ),
            (
                r#"{"attributes":{"type":"X","url":"/x"},"Name":null}"#,
                Root::new("X", "record"),
                "<X type=\"X\" url=\"/x\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Name xsi:nil=\"true\"/></X>",
            ),
            (
                r#"{"id":"1","success":true,"errors":[]}"#,
                Root::new("Result", "item"),
                "<Result><id>1</id><success>true</success></Result>",
            ),
            (
                r#"{"online":{"0055f0000000001AAA":true,"a b":null}}"#,
                Root::new("Result", "item"),
                "<Result><online><entry key=\"0055f0000000001AAA\">true</entry><entry key=\"a b\"></entry></online></Result>",
            ),
        ] {
            assert_eq!(xml(json, &root), expected);
        }
        assert!(
            of_answer(r#"[{"message":"m","errorCode":"C"}]"#, None, true).ends_with(
                "<Errors><Error><errorCode>C</errorCode><message>m</message></Error></Errors>"
            )
        );
    }

    #[test]
    fn a_record_is_read_by_its_elements() {
        let body = b"<?xml version=\"1.0\"?><Account><Name>A &lt; B</Name><Phone xsi:nil=\"true\" \
            xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"/><Owner><Username>u</Username></Owner></Account>";
        assert_eq!(
            record(body).as_deref(),
            Ok(r#"{"Name":"A < B","Phone":null,"Owner":{"Username":"u"}}"#)
        );
        for wrong in [&b"<a><b></a>"[..], b"", b"\xff", b"<!DOCTYPE a><a/>"] {
            assert!(matches!(
                record(wrong),
                Err(RequestFault::XmlInvalid { .. })
            ));
        }
    }

    #[test]
    fn xml_is_answered_to_who_names_it_first() {
        let accepts = |value: &'static str| {
            let headers = HeaderMap::from_iter([(ACCEPT, http::HeaderValue::from_static(value))]);
            is_accepted(&headers)
        };
        assert!(accepts("application/xml"));
        assert!(accepts("text/html, application/xml;q=0.9, */*;q=0.8"));
        assert!(!accepts("application/json, application/xml"));
        assert!(!accepts("*/*, application/xml"));
        assert!(!is_accepted(&HeaderMap::new()));
        let mut path = ["sobjects", "Account", "x.xml"].map(str::to_owned);
        assert!(take_suffix(&mut path));
        assert_eq!(path.last().map(String::as_str), Some("x"));
        let mut path = ["sobjects", "Account", "Code__c", "x.xml"].map(str::to_owned);
        assert!(!take_suffix(&mut path));
    }
}

//! Bodies of REST requests: JSON with its places, references to the answers of earlier parts, bodies of several parts.

#![no_main]

use landfall_http::json::{Body, Content, Json, parse, rendered};
use landfall_model::limits::MULTIPART_PARTS_MAX;
use landfall_rest::Answers;
use landfall_wire::multipart::{boundary, parts};
use landfall_wire::versions::{Named, parse_rest};
use libfuzzer_sys::fuzz_target;

/// What came before, by the ids that the kept inputs use.
const ANSWERS: [(&str, &str); 3] = [
    (
        "a",
        r#"{"id":"001000000000001AAA","success":true,"errors":[]}"#,
    ),
    (
        "q",
        r#"{"records":[{"Id":"001000000000001AAA","Name":"A & B/ü","Phone":null,"Size":5}]}"#,
    ),
    ("none", ""),
];

const BOUNDARY: &str = "B";

fuzz_target!(|data: &[u8]| {
    if let Ok(body) = Body::parse(data) {
        json(data, &body);
    }
    if let Ok(text) = std::str::from_utf8(data) {
        for version in ["v51.0", "v59.0"] {
            let _ = answers(version).url(text);
        }
        let _ = boundary(text);
    }
    several(data);
});

fn json(data: &[u8], body: &Body<'_>) {
    serde_json::from_slice::<serde::de::IgnoredAny>(data).expect("what is read here is JSON");
    let (line, column) = body.position(&body.root);
    assert!(line > 0 && column > 0);
    let written = rendered(&body.root);
    let again = parse(&written).expect("what was written can be read");
    assert!(is_same(&again, &body.root));
    let replaced = answers("v59.0").body(&body.root);
    if !written.contains("@{") {
        assert_eq!(
            replaced,
            Ok(written),
            "without references nothing is replaced"
        );
    } else if let Ok(replaced) = replaced {
        parse(&replaced).expect("what was written can be read");
    }
}

/// The same value, wherever it is.
fn is_same(left: &Json, right: &Json) -> bool {
    match (&left.content, &right.content) {
        (Content::Array(left), Content::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same(left, right))
        }
        (Content::Object(left), Content::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((name, left), (other, right))| name == other && is_same(left, right))
        }
        (left, right) => left == right,
    }
}

fn answers(version: &str) -> Answers<'static> {
    let Named::Served(version) = parse_rest(version) else {
        panic!("{version} is served");
    };
    let mut answers = Answers::new(version);
    for (id, body) in ANSWERS {
        answers.add(id, body);
    }
    answers
}

/// The parts lie one after the other in the body, and written again they are the same.
fn several(data: &[u8]) {
    let Some(found) = parts(data, BOUNDARY) else {
        return;
    };
    assert!(found.len() <= MULTIPART_PARTS_MAX);
    let mut written = Vec::new();
    for part in &found {
        if part.name.contains(['"', ';', '\r', '\n']) || part.name.trim() != part.name {
            return;
        }
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n",
            part.name
        );
        written.extend_from_slice(head.as_bytes());
        written.extend_from_slice(part.data);
        written.extend_from_slice(b"\r\n");
    }
    written.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    let again = parts(&written, BOUNDARY).expect("what was written can be read");
    assert_eq!(again, found);
}

//! Secrets are kept nowhere: a journal is shown and attached to reports.

use std::borrow::Cow;

/// What a secret is shown as.
const MASK: &str = "***";

/// Fields of forms and queries that hold secrets, and members of answers. Source: "OAuth 2.0 Authorization Errors" and the
/// flows beside it (Salesforce Help).
const FIELDS: [&str; 12] = [
    "access_token",
    "assertion",
    "client_assertion",
    "client_secret",
    "code",
    "code_verifier",
    "id_token",
    "oauth_token",
    "password",
    "refresh_token",
    "sid",
    "token",
];

/// Elements of SOAP calls that hold secrets. Source: `login` and `SessionHeader` (SOAP API Developer Guide).
const ELEMENTS: [&str; 4] = ["newPassword", "oldPassword", "password", "sessionId"];

/// A query or a form without its secrets.
pub(crate) fn masked_form(form: &str) -> String {
    let pairs = form.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(name) => Cow::Owned(format!("{name}={MASK}")),
        _ => Cow::Borrowed(pair),
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn is_secret(name: &str) -> bool {
    FIELDS
        .iter()
        .any(|secret| secret.eq_ignore_ascii_case(name))
}

/// A body without its secrets.
pub(crate) fn masked(text: &str, media_type: Option<&str>) -> String {
    let media_type = media_type.unwrap_or_default();
    let is_form = media_type.starts_with("application/x-www-form-urlencoded");
    match text.trim_start().bytes().next() {
        Some(b'<') => masked_elements(text),
        Some(b'{' | b'[') => masked_members(text),
        _ if is_form => masked_form(text),
        _ => text.to_owned(),
    }
}

/// XML without the text of its secret elements, also where the end of the text is cut off.
fn masked_elements(xml: &str) -> String {
    let mut masked = String::with_capacity(xml.len());
    let mut rest = xml;
    while let Some((before, from)) = rest.find('>').map(|end| rest.split_at(end + 1)) {
        masked.push_str(before);
        rest = from;
        let tag = before.rsplit('<').next().unwrap_or_default();
        let name = tag.trim_end_matches('>').split_whitespace().next();
        let name = name.unwrap_or_default();
        let local = name.rsplit(':').next().unwrap_or_default();
        let is_start = !tag.ends_with("/>") && !tag.starts_with('/');
        if is_start && ELEMENTS.contains(&local) {
            masked.push_str(MASK);
            rest = rest.find('<').map_or("", |end| &rest[end..]);
        }
    }
    masked.push_str(rest);
    masked
}

/// JSON without the texts of its secret members, also where the end of the text is cut off.
fn masked_members(json: &str) -> String {
    let mut masked = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((text, after)) = next_string(rest) {
        let before = rest.len() - after.len();
        masked.push_str(&rest[..before]);
        rest = after;
        let value = after.trim_start().strip_prefix(':').map(str::trim_start);
        let Some(value) = value.filter(|_| is_secret(text)) else {
            continue;
        };
        if value.starts_with('"') {
            masked.extend([":\"", MASK, "\""]);
            rest = next_string(value).map_or("", |(_, after)| after);
        }
    }
    masked.push_str(rest);
    masked
}

/// The next text in JSON without its quotes, and what comes after it.
fn next_string(json: &str) -> Option<(&str, &str)> {
    let start = json.find('"')? + 1;
    let mut is_escaped = false;
    for (index, byte) in json.bytes().enumerate().skip(start) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some((&json[start..index], &json[index + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_keep_their_names_and_lose_their_secrets() {
        assert_eq!(
            masked_form("grant_type=password&username=a%40b&password=x&Client_Secret=y&z"),
            "grant_type=password&username=a%40b&password=***&Client_Secret=***&z"
        );
    }

    #[test]
    fn elements_lose_theirs() {
        let xml = |text: &str| masked(text, Some("text/xml"));
        assert_eq!(
            xml("<e><n1:password>x&amp;y</n1:password><username>a</username></e>"),
            "<e><n1:password>***</n1:password><username>a</username></e>"
        );
        assert_eq!(xml("<sessionId a=\"b\">00D!x"), "<sessionId a=\"b\">***");
        assert_eq!(xml("<password/><a>b</a>"), "<password/><a>b</a>");
    }

    #[test]
    fn members_lose_theirs() {
        let json = |text: &str| masked(text, Some("application/json"));
        assert_eq!(
            json(r#"{"access_token" : "00D!\"x","Name":"access_token","n":1}"#),
            r#"{"access_token":"***","Name":"access_token","n":1}"#
        );
        assert_eq!(
            json(r#"{"refresh_token":"5Aep"#),
            r#"{"refresh_token":"***""#
        );
        assert_eq!(json(r#"{"token":null}"#), r#"{"token":null}"#);
    }

    #[test]
    fn other_texts_stay() {
        assert_eq!(
            masked("Name,password\na,b", Some("text/csv")),
            "Name,password\na,b"
        );
        assert_eq!(
            masked("password=x", Some("application/x-www-form-urlencoded")),
            "password=***"
        );
    }
}

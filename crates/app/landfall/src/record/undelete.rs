//! Restoring records: only the SOAP API can.

use landfall_client::Org;
use serde_json::{Value, json};

use crate::connection;
use crate::outcome::{Coded, Exit, Failure};

/// Records of one call.
/// Source: `undelete()` (SOAP API Developer Guide).
const RECORDS_MAX: usize = 200;

/// Restores records: a result for each, in the form that REST has.
///
/// # Errors
/// That of the org, with its code; those on the way to it.
pub(super) async fn restore(org: &Org, version: &str, ids: &[String]) -> Result<Vec<Value>, Coded> {
    let mut results = Vec::new();
    for ids in ids.chunks(RECORDS_MAX) {
        let calls = ids.iter().map(|id| format!("<ids>{}</ids>", escaped(id)));
        let body = format!("<undelete>{}</undelete>", calls.collect::<String>());
        let answer = org.soap(version, &body).await;
        let answer = answer.map_err(|error| connection::failure(&error))?;
        let text = String::from_utf8_lossy(&answer.body);
        if let Some(fault) = inner(&text, "faultstring") {
            return Err(refused(&fault));
        }
        let before = results.len();
        results.extend(elements(&text, "result").map(result));
        if results.len() - before != ids.len() {
            let status = answer.status.as_u16();
            let what = format!("the org answered {status}, without a result for each record");
            return Err(Failure::new(what).into());
        }
    }
    Ok(results)
}

fn refused(fault: &str) -> Coded {
    let code = fault.split(':').next().unwrap_or_default();
    let exit = if code == "INVALID_SESSION_ID" {
        Exit::LoginRefused
    } else {
        Exit::Failed
    };
    Coded {
        code: code.to_owned(),
        failure: Failure::new(fault).exit(exit),
    }
}

fn result(element: &str) -> Value {
    let text = |name: &str| inner(element, name);
    let errors = elements(element, "errors").map(|error| {
        json!({ "statusCode": inner(error, "statusCode"), "message": inner(error, "message"), "fields": [] })
    });
    let errors: Vec<Value> = errors.collect();
    json!({
        "id": text("id"),
        "success": text("success").as_deref() == Some("true"),
        "errors": errors,
    })
}

/// The text of the first element of this name.
fn inner(xml: &str, name: &str) -> Option<String> {
    elements(xml, name).next().map(unescaped)
}

/// The contents of elements without attributes, which answers of the service have.
fn elements<'x>(xml: &'x str, name: &str) -> impl Iterator<Item = &'x str> {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let mut rest = xml;
    std::iter::from_fn(move || {
        let (_, after) = rest.split_once(&start)?;
        let (content, after) = after.split_once(&end)?;
        rest = after;
        Some(content)
    })
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_elements() {
        let xml = "<result><id>1</id><success>true</success></result><result><errors><message>a &amp;lt; b</message>\
                   <statusCode>UNDELETE_FAILED</statusCode></errors><id>2</id><success>false</success></result>";
        let results: Vec<Value> = elements(xml, "result").map(result).collect();
        assert_eq!(
            results[0],
            json!({ "id": "1", "success": true, "errors": [] })
        );
        assert_eq!(results[1]["errors"][0]["message"], "a &lt; b");
        assert_eq!(inner("<id xsi:nil=\"true\"/>", "id"), None);
    }
}

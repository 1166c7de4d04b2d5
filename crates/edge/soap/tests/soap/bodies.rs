//! Bodies that are long or slow, of clients that are known and of others.

use std::time::Duration;

use landfall_model::limits::{ANONYMOUS_BODY_BYTES_MAX, SOAP_BODY_BYTES_MAX};
use landfall_test_org::slow_body;
use tokio::time::timeout;

use crate::org::Org;

/// An envelope that is longer than what anybody may send.
fn beginning(session: &str, operation: &str) -> String {
    let filler = "x".repeat(ANONYMOUS_BODY_BYTES_MAX);
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><SessionHeader><sessionId>{session}\
         </sessionId></SessionHeader></e:Header><e:Body><{operation}><username>{filler}"
    )
}

/// The answer to a body that does not end.
async fn answered(org: &Org, beginning: String) -> (u16, String) {
    let (body, _rest) = slow_body(beginning);
    let answer = timeout(Duration::from_mins(2), org.send_body(body)).await;
    answer.expect("the answer does not wait for the rest of the body")
}

#[tokio::test]
async fn an_anonymous_envelope_is_refused_after_its_beginning() {
    let org = Org::new().await;
    for (envelope, code) in [
        (beginning("wrong", "create"), "sf:INVALID_SESSION_ID"),
        (beginning("", "create"), "sf:INVALID_SESSION_ID"),
        (beginning("", "login"), "EXCEEDED_MAX_SIZE_REQUEST"),
        (
            beginning(&org.inner.token, "login"),
            "EXCEEDED_MAX_SIZE_REQUEST",
        ),
        ("<e:Envelope>".repeat(8_000), "EXCEEDED_MAX_SIZE_REQUEST"),
    ] {
        let (status, text) = answered(&org, envelope).await;
        assert_eq!(status, 500, "{text}");
        assert!(text.contains(code), "{code}: {text}");
    }
}

#[tokio::test]
async fn a_known_client_sends_long_envelopes() {
    let org = Org::new().await;
    let names = "<sObjects><type>Account</type><Name>Long</Name><Description>".to_owned()
        + &"d".repeat(ANONYMOUS_BODY_BYTES_MAX / 4)
        + "</Description></sObjects>";
    let (status, body) = org
        .call("", &format!("<create>{}</create>", names.repeat(8)))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body.matches("<success>true</success>").count(), 8, "{body}");
    let endless = beginning(&org.inner.token, "create") + &"y".repeat(SOAP_BODY_BYTES_MAX);
    let (status, text) = answered(&org, endless).await;
    assert_eq!(status, 500, "{text}");
    assert!(text.contains("EXCEEDED_MAX_SIZE_REQUEST"), "{text}");
}

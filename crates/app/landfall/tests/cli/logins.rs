//! What an operator sees of logins that fail.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use landfall_server::config::{DEVELOPER_CLIENT, DEVELOPER_USERNAME};

use crate::Org;

/// A request and its answer, head and body.
fn answer(org: &Org, line: &str, content_type: &str, body: &str) -> String {
    let address = org.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("connected");
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer
}

fn clock(org: &Org, line: &str, body: &str) {
    let set = answer(org, line, "application/json", body);
    assert!(set.starts_with("HTTP/1.1 200"), "{set}");
}

fn guess(org: &Org, password: &str) {
    let form = format!(
        "grant_type=password&client_id={DEVELOPER_CLIENT}&client_secret={DEVELOPER_CLIENT}\
         &username={DEVELOPER_USERNAME}&password={password}"
    );
    let form_type = "application/x-www-form-urlencoded";
    let refused = answer(org, "POST /services/oauth2/token", form_type, &form);
    assert!(refused.contains("invalid_grant"), "{refused}");
}

fn guess_by_soap(org: &Org, password: &str) {
    let envelope = format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
         <login xmlns=\"urn:partner.soap.sforce.com\"><username>{DEVELOPER_USERNAME}</username>\
         <password>{password}</password></login></e:Body></e:Envelope>"
    );
    let head = "text/xml\r\nSOAPAction: login";
    let refused = answer(org, "POST /services/Soap/u/59.0", head, &envelope);
    assert!(refused.contains("INVALID_LOGIN"), "{refused}");
}

#[test]
fn failed_logins_are_counted_in_the_log_and_never_quoted() {
    let org = Org::start(&["--ephemeral"]);
    clock(&org, "PUT /_landfall/v1/clock", r#"{"mode":"frozen"}"#);
    guess(&org, "opensesame1");
    guess(&org, "opensesame2");
    guess_by_soap(&org, "opensesame3");
    clock(&org, "POST /_landfall/v1/clock/advance", r#"{"by":"11s"}"#);
    guess(&org, "opensesame4");
    let metrics = answer(&org, "GET /metrics", "text/plain", "");
    let counted = r#"landfall_logins_failed_total{reason="password"} 4"#;
    assert!(metrics.contains(counted), "{metrics}");
    let (status, said) = org.stop();
    assert_eq!(status, Some(0));
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("logins failed"))
        .collect();
    assert_eq!(lines.len(), 2, "{said}");
    for (line, failed) in lines.iter().zip(["failed=1 ", "failed=3 "]) {
        assert!(line.contains("WARN") && line.contains(failed), "{line}");
        assert!(line.contains("throttled=0"), "{line}");
        assert!(line.contains("last_source=127.0.0.1"), "{line}");
    }
    assert!(!said.contains("opensesame"), "{said}");
    assert!(!said.contains(DEVELOPER_USERNAME), "{said}");
}

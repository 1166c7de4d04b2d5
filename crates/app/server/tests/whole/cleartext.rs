//! Logins over connections without TLS, where the listener has a certificate.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use landfall_client::{HttpClient, Org, Trust};
use landfall_server::config::Data;
use landfall_server::{Running, Server};

use crate::common::{WITHIN, dev, developer, get, stranger};

const OAUTH: &str = "/services/oauth2/token";
const SOAP: &str = "/services/Soap/u/59.0";
const FORM: &str = "grant_type=password&client_id=landfall&client_secret=landfall&username=admin@landfall.test&password=landfall";
const ENVELOPE: &str = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>\
    <login xmlns=\"urn:partner.soap.sforce.com\"><username>admin@landfall.test</username>\
    <password>landfall</password></login></e:Body></e:Envelope>";

/// A server with a certificate, as `serve` starts it with these rules.
async fn started(cleartext_logins: bool, proxies: &[&str]) -> Running {
    let mut config = dev(Data::Ephemeral);
    config.cleartext_logins = cleartext_logins;
    let proxies = proxies
        .iter()
        .map(|proxy| proxy.parse().expect("a network"));
    config.trusted_proxies = proxies.collect();
    Server::start(config).await.expect("it starts")
}

/// The status of a login by OAuth and of one by SOAP.
async fn logins(http: &HttpClient, forwarded: Option<&str>) -> [u16; 2] {
    let mut statuses = [0; 2];
    let requests = [
        (OAUTH, "application/x-www-form-urlencoded", FORM),
        (SOAP, "text/xml", ENVELOPE),
    ];
    for (status, (path, kind, body)) in statuses.iter_mut().zip(requests) {
        let mut request = Request::post(path)
            .header("content-type", kind)
            .header("soapaction", "login");
        if let Some(scheme) = forwarded {
            request = request.header("x-forwarded-proto", scheme);
        }
        let request = request.body(Full::from(Bytes::from_static(body.as_bytes())));
        let answer = http.send(request.expect("a request"), WITHIN).await;
        *status = answer.expect("an answer").status.as_u16();
    }
    statuses
}

#[tokio::test]
async fn a_login_over_cleartext_is_refused_on_a_listener_with_a_certificate() {
    let running = started(false, &[]).await;
    let http = stranger(&running);
    assert_eq!(logins(&http, None).await, [403, 403]);
    // Nobody but a trusted proxy says that there is TLS.
    assert_eq!(logins(&http, Some("https")).await, [403, 403]);
    assert_eq!(get(&http, "/services/data").await.status, 200);
    let trust = Trust::file(running.authority().expect("an authority"));
    let target = running.tls_url().parse().expect("an address");
    let org = Org::login(target, &trust, &developer()).await;
    drop((org.expect("a login over TLS"), http));
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_proxy_that_terminates_tls_may_pass_logins_on() {
    let running = started(true, &["127.0.0.1/32"]).await;
    let http = stranger(&running);
    assert_eq!(logins(&http, Some("https")).await, [200, 200]);
    drop(http);
    running.stop().await.expect("stops");
    let running = started(false, &["127.0.0.1/32"]).await;
    let http = stranger(&running);
    assert_eq!(logins(&http, Some("https")).await, [200, 200]);
    assert_eq!(logins(&http, Some("http")).await, [403, 403]);
    drop(http);
    running.stop().await.expect("stops");
}

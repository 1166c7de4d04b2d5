//! An org that one is logged in to.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::error::Error;
use crate::http_client::{Answer, HttpClient, Reading};
use crate::login::{self, AccessToken, Grant, Login};
use crate::target::Target;
use crate::tls::Trust;

/// How long a REST call may take until its answer begins: a query may run for minutes. Source: none.
const REST_WITHIN: Duration = Duration::from_mins(10);

/// Characters of an unexpected answer that an error shows.
const SHOWN_CHARS_MAX: usize = 300;

/// A login and the way to where it is good for.
#[derive(Clone)]
pub struct Org {
    http: Arc<HttpClient>,
    access_token: AccessToken,
}

impl Org {
    /// Logs in.
    ///
    /// # Errors
    /// [`Error::LoginRefused`], [`Error::Connect`] and those of any request.
    pub async fn login(target: Target, trust: &Trust, grant: &Grant) -> Result<Self, Error> {
        let http = HttpClient::new(target, trust)?;
        let Login {
            access_token,
            instance,
        } = login::login(&http, grant).await?;
        let http = if instance == *http.target() {
            http
        } else {
            HttpClient::new(instance, trust)?
        };
        Ok(Self {
            http: Arc::new(http),
            access_token,
        })
    }

    /// Uses a login that exists.
    ///
    /// # Errors
    /// Those of [`HttpClient::new`].
    pub fn with_token(target: Target, trust: &Trust, token: AccessToken) -> Result<Self, Error> {
        Ok(Self {
            http: Arc::new(HttpClient::new(target, trust)?),
            access_token: token,
        })
    }

    /// The way there.
    pub const fn http(&self) -> &Arc<HttpClient> {
        &self.http
    }

    /// The credential.
    pub const fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    /// Its id, which a token begins with if it is one of a session.
    ///
    /// # Errors
    /// [`Error::Shape`]; those of [`Self::call`].
    pub async fn id(&self) -> Result<String, Error> {
        if let Some((id, _)) = self.access_token.expose().split_once('!') {
            return Ok(id.to_owned());
        }
        let answer = self
            .call(Method::GET, "/services/oauth2/userinfo", None)
            .await?;
        let json = answer.json();
        let id = json.get("organization_id").and_then(Value::as_str);
        id.map(str::to_owned)
            .ok_or(Error::Shape("user information without organization_id"))
    }

    /// One REST call. `path` begins with `/services`; a body is sent as JSON.
    ///
    /// # Errors
    /// Those of [`HttpClient::send`]; the status is for the caller to read.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, Error> {
        self.open(method, path, body).await?.whole().await
    }

    /// One call of the SOAP API, in the names of the Partner WSDL: `body` is the element within the envelope's body.
    ///
    /// # Errors
    /// Those of [`HttpClient::send`]; a fault is an answer, for the caller to read.
    pub async fn soap(&self, version: &str, body: &str) -> Result<Answer, Error> {
        // A token has no character that XML would have to escape; one that has is no token.
        let token = self.access_token.expose();
        if token.contains(['<', '&']) {
            return Err(Error::Shape("an access token that cannot be put into XML"));
        }
        let envelope = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
             <e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns=\"urn:partner.soap.sforce.com\">\
             <e:Header><SessionHeader><sessionId>{token}</sessionId></SessionHeader></e:Header>\
             <e:Body>{body}</e:Body></e:Envelope>"
        );
        let request = Request::post(format!("/services/Soap/u/{version}"))
            .header(header::CONTENT_TYPE, "text/xml; charset=UTF-8")
            .header("SOAPAction", "\"\"")
            .body(Full::new(Bytes::from(envelope)))?;
        self.http.send(request, REST_WITHIN).await
    }

    /// The same, where the answer may be long: its body is still to be read.
    ///
    /// # Errors
    /// Those of [`HttpClient::open`].
    pub async fn open(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reading<'_>, Error> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.access_token.expose()),
            )
            .header(header::ACCEPT, "application/json");
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.to_string())))?,
            None => request.body(Full::default())?,
        };
        self.http.open(request, REST_WITHIN).await
    }
}

impl Answer {
    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The error for an answer that was not asked for.
    pub(crate) fn unexpected(&self) -> Error {
        Error::Status {
            status: self.status.as_u16(),
            body: String::from_utf8_lossy(&self.body)
                .chars()
                .take(SHOWN_CHARS_MAX)
                .collect(),
        }
    }
}

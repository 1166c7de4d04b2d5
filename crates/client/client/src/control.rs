//! The control interface of developer orgs, `/_landfall/v1`.

use std::time::Duration;

use bytes::Bytes;
use http::request::Builder;
use http::{Method, Request, header};
use http_body_util::Full;
use serde_json::Value;

use crate::error::Error;
use crate::http_client::{Answer, HttpClient, Reading};
use crate::login::AccessToken;
use crate::target::Target;
use crate::tls::Trust;

/// How long an answer takes at most: the longest wait that a call can ask for, and some time to get there.
const WITHIN: Duration = Duration::from_secs(75);

/// A way to control an org.
pub struct Control {
    http: HttpClient,
    access_token: Option<AccessToken>,
}

impl Control {
    /// Controls the org that issued an access token; without one, the first org of the process.
    ///
    /// # Errors
    /// Those of [`HttpClient::new`].
    pub fn new(
        target: Target,
        trust: &Trust,
        access_token: Option<AccessToken>,
    ) -> Result<Self, Error> {
        Ok(Self {
            http: HttpClient::new(target, trust)?,
            access_token,
        })
    }

    /// One call: `path` is below `/_landfall/v1`, without a slash at its beginning. An answer without a body is `null`.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Status`] from a server that has no control interface; those of any request.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Error> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.to_string())))?,
            None => request.body(Full::default())?,
        };
        let answer = self.http.send(request, WITHIN).await?;
        if answer.status.is_success() {
            return Ok(answer.json());
        }
        Err(refused(&answer))
    }

    /// A call that is answered by a stream: server-sent events.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub async fn follow(&self, path: &str) -> Result<Reading<'_>, Error> {
        let request = self.request(Method::GET, path).body(Full::default())?;
        let answer = self.http.open(request, WITHIN).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(refused(&answer.whole().await?))
    }

    fn request(&self, method: Method, path: &str) -> Builder {
        let request = Request::builder()
            .method(method)
            .uri(format!("/_landfall/v1/{path}"));
        match &self.access_token {
            Some(token) => {
                let bearer = format!("Bearer {}", token.expose());
                request.header(header::AUTHORIZATION, bearer)
            }
            None => request,
        }
    }
}

/// The error of an answer.
fn refused(answer: &Answer) -> Error {
    let json = answer.json();
    let text = |name: &str| json.pointer(name).and_then(Value::as_str);
    match (text("/error/code"), text("/error/message")) {
        (Some(code), Some(message)) => Error::Refused {
            code: code.to_owned(),
            message: message.to_owned(),
        },
        _ => answer.unexpected(),
    }
}

//! Calls: they do nothing until they are run, or awaited.

use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::http::{self, segment};
use crate::org::Shared;

/// What a call says, and how its answer is read. `K` names the options that it has.
#[must_use = "a call does nothing until it is run or awaited"]
pub struct Call<T, K = ()> {
    org: Arc<Shared>,
    method: String,
    path: String,
    body: Option<Value>,
    query: Vec<(&'static str, String)>,
    read: fn(Value) -> Result<T, Error>,
    kind: PhantomData<fn() -> K>,
}

impl<T, K> Call<T, K> {
    pub(crate) fn new(
        org: &Arc<Shared>,
        method: &str,
        path: impl Into<String>,
        read: fn(Value) -> Result<T, Error>,
    ) -> Self {
        Self {
            org: Arc::clone(org),
            method: method.to_owned(),
            path: path.into(),
            body: None,
            query: Vec::new(),
            read,
            kind: PhantomData,
        }
    }

    /// Sets a member of the body.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
        body[name] = value.into();
        self
    }

    pub(crate) fn with_body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    pub(crate) fn with_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Makes the call, and waits for its answer.
    ///
    /// # Errors
    /// [`Error::Refused`] of the control interface, [`Error::Status`] of the REST API; those of the connection.
    pub fn run(self) -> Result<T, Error> {
        let query: Vec<String> = self
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", segment(value)))
            .collect();
        let mut path = self.path;
        if !query.is_empty() {
            path.push('?');
            path.push_str(&query.join("&"));
        }
        let body = self.body.map(|body| body.to_string());
        let body = body.as_deref().map(|body| ("application/json", body));
        let token = self.org.access_token();
        let answer = http::send(&self.org.target, &self.method, &path, Some(&token), body)?;
        let json = || serde_json::from_str::<Value>(&answer.body);
        if (200..300).contains(&answer.status) {
            let value = if answer.body.is_empty() {
                Value::Null
            } else {
                json().map_err(|error| Error::Answer(error.to_string()))?
            };
            return (self.read)(value);
        }
        let refusal = json().unwrap_or_default();
        let text = |name: &str| refusal["error"][name].as_str().map(str::to_owned);
        Err(match (text("code"), text("message")) {
            (Some(code), Some(message)) => Error::Refused {
                status: answer.status,
                code,
                message,
            },
            _ => Error::Status {
                request: format!("{} {path}", self.method),
                status: answer.status,
                body: answer.body,
            },
        })
    }
}

/// What a thread leaves for the task that waits for it.
struct Slot<T> {
    answer: Option<Result<T, Error>>,
    waker: Option<Waker>,
}

/// A call in progress, on a thread of its own, so that it can be awaited in any runtime.
struct Pending<T>(Arc<Mutex<Slot<T>>>);

impl<T> Future for Pending<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = slot.answer.take() {
            return Poll::Ready(answer);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T: Send + 'static, K: 'static> IntoFuture for Call<T, K> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let slot = Arc::new(Mutex::new(Slot {
            answer: None,
            waker: None,
        }));
        let pending = Pending(Arc::clone(&slot));
        thread::spawn(move || {
            let answer = self.run();
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.answer = Some(answer);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        });
        Box::pin(pending)
    }
}

//! Calls of the REST API, and its errors as messages.

use clap::Args;
use landfall_client::{Answer, Method, Org};
use serde_json::{Map, Value, json};

use crate::connection::{self, Logins};
use crate::control::segment;
use crate::org_options::OrgOptions;
use crate::outcome::{Coded, Exit, Failure, nearest};

/// The org, and the form of what is printed.
#[derive(Args)]
pub(crate) struct RestOptions {
    /// Version of the API
    #[arg(
        long,
        env = "LANDFALL_API_VERSION",
        value_name = "NN.0",
        default_value = "59.0"
    )]
    api_version: String,
    /// Print JSON
    #[arg(long, env = "LANDFALL_JSON")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) org: OrgOptions,
}

/// An org, and the version of its API.
pub(crate) struct Rest {
    pub(crate) org: Org,
    pub(crate) version: String,
}

impl Rest {
    /// Logs in.
    ///
    /// # Errors
    /// Those of the login.
    pub(crate) async fn open(options: &RestOptions) -> Result<Self, Failure> {
        let version = options.api_version.clone();
        let org = Logins::new(&options.org)?.login().await?;
        Ok(Self { org, version })
    }

    /// One call below `/services/data/vNN.0`, or of an absolute path.
    ///
    /// # Errors
    /// That of the org, with its code; those on the way to it.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, Coded> {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!(
                "/services/data/v{}/{path}",
                segment_of_version(&self.version)?
            )
        };
        let answer = self.org.call(method, &path, body).await;
        let answer = answer.map_err(|error| connection::failure(&error))?;
        if answer.status.is_success() {
            Ok(answer.json())
        } else {
            Err(refused(&answer))
        }
    }

    pub(crate) async fn create(&self, object: &str, record: &Value) -> Result<String, Coded> {
        let path = format!("sobjects/{}", segment(object));
        let answer = self.call(Method::POST, &path, Some(record)).await;
        let answer = self.suggesting(object, answer).await?;
        let id = answer.get("id").and_then(Value::as_str);
        let id = id.map(str::to_owned);
        id.ok_or_else(|| Failure::new("the org's answer has no id").into())
    }

    /// Creates records, each by itself: the result of each.
    pub(crate) async fn create_all(
        &self,
        object: &str,
        records: Vec<Map<String, Value>>,
    ) -> Result<Vec<Value>, Coded> {
        let path = "composite/sobjects";
        self.collection(Method::POST, path, object, records).await
    }

    /// Creates records, or changes those that have the same value of a field, each by itself: the result of each.
    pub(crate) async fn upsert_all(
        &self,
        object: &str,
        field: &str,
        records: Vec<Map<String, Value>>,
    ) -> Result<Vec<Value>, Coded> {
        let path = format!("composite/sobjects/{}/{}", segment(object), segment(field));
        self.collection(Method::PATCH, &path, object, records).await
    }

    async fn collection(
        &self,
        method: Method,
        path: &str,
        object: &str,
        records: Vec<Map<String, Value>>,
    ) -> Result<Vec<Value>, Coded> {
        let records = records.into_iter().map(|mut record| {
            record.insert("attributes".to_owned(), json!({ "type": object }));
            Value::Object(record)
        });
        let body = json!({ "allOrNone": false, "records": records.collect::<Vec<_>>() });
        match self.call(method, path, Some(&body)).await? {
            Value::Array(results) => Ok(results),
            _ => Err(Failure::new("the org's answer is not a list of results").into()),
        }
    }

    pub(crate) async fn get(
        &self,
        object: &str,
        id: &str,
        fields: &[String],
    ) -> Result<Value, Coded> {
        let mut path = format!("sobjects/{}/{}", segment(object), segment(id));
        if !fields.is_empty() {
            path.push_str("?fields=");
            path.push_str(&segment(&fields.join(",")));
        }
        let answer = self.call(Method::GET, &path, None).await;
        self.suggesting(object, answer).await
    }

    pub(crate) async fn change(
        &self,
        method: Method,
        object: &str,
        id: &str,
        record: Option<&Value>,
    ) -> Result<(), Coded> {
        let path = format!("sobjects/{}/{}", segment(object), segment(id));
        let answer = self.call(method, &path, record).await;
        self.suggesting(object, answer).await.map(drop)
    }

    pub(crate) async fn describe(&self, object: &str) -> Result<Value, Coded> {
        let path = format!("sobjects/{}/describe", segment(object));
        let answer = self.call(Method::GET, &path, None).await;
        self.suggesting(object, answer).await
    }

    /// If the object does not exist, the failure names the nearest one.
    async fn suggesting(&self, object: &str, answer: Result<Value, Coded>) -> Result<Value, Coded> {
        let error = match answer {
            Err(error) if error.code == "NOT_FOUND" => error,
            answer => return answer,
        };
        let listed = self.call(Method::GET, "sobjects", None).await?;
        let objects = listed.get("sobjects").and_then(Value::as_array);
        let objects = objects.into_iter().flatten();
        let names: Vec<&str> = objects.filter_map(|one| one["name"].as_str()).collect();
        if names.iter().any(|name| name.eq_ignore_ascii_case(object)) {
            return Err(error);
        }
        let failure = Failure::new(format!("the org has no object {object}")).exit(Exit::Unknown);
        let failure = match nearest(object, names) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure,
        };
        Err(Coded {
            code: error.code,
            failure,
        })
    }
}

/// A version, such as 59.0.
fn segment_of_version(version: &str) -> Result<&str, Failure> {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match version.split_once('.') {
        Some((major, minor)) if is_number(major) && is_number(minor) => Ok(version),
        _ => Err(Failure::new(format!(
            "{version} is not a version of the API, such as 59.0"
        ))
        .exit(Exit::Usage)),
    }
}

/// The error of an answer that is a list of errors, or anything else.
fn refused(answer: &Answer) -> Coded {
    let json = answer.json();
    let error = json.get(0).unwrap_or(&Value::Null);
    let status = answer.status.as_u16();
    let Some(code) = error["errorCode"].as_str() else {
        let body = String::from_utf8_lossy(&answer.body);
        let body: String = body.chars().take(200).collect();
        return Failure::new(format!("the org answered {status}: {body}")).into();
    };
    let exit = match status {
        401 => Exit::LoginRefused,
        404 => Exit::Unknown,
        _ => Exit::Failed,
    };
    let failure = Failure::new(message(error)).exit(exit);
    Coded {
        code: code.to_owned(),
        failure: failure.hint(format!("landfall explain {code}")),
    }
}

/// Code and text of an error, also of one within a result.
pub(crate) fn message(error: &Value) -> String {
    let text = |name: &str| error[name].as_str().unwrap_or_default().trim().to_owned();
    let code = [text("errorCode"), text("statusCode")].concat();
    let message = text("message").replace('\n', " ");
    format!("{code}: {message}")
}

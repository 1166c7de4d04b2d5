//! A deployment: what was requested, its progress, and the results of its components.
//!
//! Source: "`DeployResult`", "`DeployMessage`" (`checkDeployStatus()`, Metadata API Developer Guide).

use landfall_engine::stored;
use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind};
use landfall_wire::dates;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::options::Options;

/// How far a deployment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Pending,
    InProgress,
    Succeeded,
    SucceededPartial,
    Failed,
    Canceled,
}

impl Status {
    pub(crate) const fn is_done(self) -> bool {
        match self {
            Self::Pending | Self::InProgress => false,
            Self::Succeeded | Self::SucceededPartial | Self::Failed | Self::Canceled => true,
        }
    }

    pub(crate) const fn is_success(self) -> bool {
        matches!(self, Self::Succeeded | Self::SucceededPartial)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::SucceededPartial => "SucceededPartial",
            Self::Failed => "Failed",
            Self::Canceled => "Canceled",
        }
    }
}

/// A user, as results name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// The result of one component.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "as on the wire")]
pub(crate) struct Message {
    pub(crate) component_type: String,
    pub(crate) full_name: String,
    pub(crate) file_name: String,
    pub(crate) id: Option<String>,
    pub(crate) changed: bool,
    pub(crate) created: bool,
    pub(crate) deleted: bool,
    pub(crate) success: bool,
    pub(crate) problem: Option<String>,
    /// Whether the problem is a warning.
    pub(crate) is_warning: bool,
    /// Unit: lines, from 1.
    pub(crate) line: Option<usize>,
}

impl Message {
    /// What is wrong with a component.
    pub(crate) fn failure(
        component_type: &str,
        full_name: &str,
        file_name: &str,
        problem: impl Into<String>,
    ) -> Self {
        Self {
            component_type: component_type.to_owned(),
            full_name: full_name.to_owned(),
            file_name: file_name.to_owned(),
            problem: Some(problem.into()),
            ..Self::default()
        }
    }

    fn render(&self, at: &str) -> Value {
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("changed", self.changed.into());
        put("componentType", self.component_type.as_str().into());
        put("created", self.created.into());
        put("createdDate", at.into());
        put("deleted", self.deleted.into());
        put("fileName", self.file_name.as_str().into());
        put("fullName", self.full_name.as_str().into());
        if let Some(id) = &self.id {
            put("id", id.as_str().into());
        }
        if let Some(line) = self.line {
            put("lineNumber", line.into());
        }
        if let Some(problem) = &self.problem {
            put("problem", problem.as_str().into());
            let kind = if self.is_warning { "Warning" } else { "Error" };
            put("problemType", kind.into());
        }
        put("success", self.success.into());
        Value::Object(members)
    }
}

/// A deployment as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) options: Options,
    /// The validation that it deploys.
    pub(crate) validated: Option<String>,
    pub(crate) by: Person,
    pub(crate) canceled_by: Option<Person>,
    pub(crate) status: Status,
    /// Unit of the points of time: milliseconds.
    pub(crate) created: i64,
    pub(crate) started: Option<i64>,
    pub(crate) modified: i64,
    pub(crate) completed: Option<i64>,
    /// How many components it is about.
    pub(crate) total: usize,
    pub(crate) failures: Vec<Message>,
    pub(crate) successes: Vec<Message>,
    /// Why it could not be looked at: a code, and a text for people.
    pub(crate) error: Option<(String, String)>,
}

impl Deployment {
    /// A new one, which waits.
    pub(crate) fn new(id: String, options: Options, by: Person, now: Timestamp) -> Self {
        Self {
            id,
            options,
            validated: None,
            by,
            canceled_by: None,
            status: Status::Pending,
            created: now.as_millis(),
            started: None,
            modified: now.as_millis(),
            completed: None,
            total: 0,
            failures: Vec::new(),
            successes: Vec::new(),
            error: None,
        }
    }

    /// Who asked for it.
    pub(crate) fn author(&self) -> RecordId {
        RecordId::parse(&self.by.id).unwrap_or(RecordId::EMPTY)
    }

    pub(crate) fn end(&mut self, status: Status, now: Timestamp) {
        self.status = status;
        self.modified = now.as_millis();
        self.completed = Some(now.as_millis());
    }

    /// The document that keeps it.
    pub(crate) fn document(&self) -> Document {
        stored::document(DocumentKind::Deployment, self.id.as_str(), self)
    }

    /// Its state, with or without the results of its components.
    ///
    /// Clients: the `sf` CLI joins components with their files by `fullName`, `componentType` and `fileName`.
    pub(crate) fn result(&self, with_details: bool) -> Value {
        let is_done = self.status.is_done();
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        if let Some(Person { id, name }) = &self.canceled_by {
            put("canceledBy", id.as_str().into());
            put("canceledByName", name.as_str().into());
        }
        put("checkOnly", self.options.check_only.into());
        if let Some(completed) = self.completed {
            put("completedDate", date(completed).into());
        }
        put("createdBy", self.by.id.as_str().into());
        put("createdByName", self.by.name.as_str().into());
        put("createdDate", date(self.created).into());
        if with_details {
            put("details", self.details());
        }
        put("done", is_done.into());
        if let Some((code, message)) = &self.error {
            put("errorMessage", message.as_str().into());
            put("errorStatusCode", code.as_str().into());
        }
        put("id", self.id.as_str().into());
        put("ignoreWarnings", self.options.ignore_warnings.into());
        put("lastModifiedDate", date(self.modified).into());
        let deployed = self.successes.iter().filter(|message| is_counted(message));
        put("numberComponentErrors", self.failures.len().into());
        put("numberComponentsDeployed", deployed.count().into());
        put("numberComponentsTotal", self.total.into());
        for tests in [
            "numberTestErrors",
            "numberTestsCompleted",
            "numberTestsTotal",
        ] {
            put(tests, 0.into());
        }
        put("rollbackOnError", self.options.rollback_on_error.into());
        put("runTestsEnabled", false.into());
        if let Some(started) = self.started {
            put("startDate", date(started).into());
        }
        put("status", self.status.as_str().into());
        put("success", self.status.is_success().into());
        Value::Object(members)
    }

    fn details(&self) -> Value {
        let at = date(self.modified);
        let all = |messages: &[Message]| -> Vec<Value> {
            messages.iter().map(|message| message.render(&at)).collect()
        };
        json!({
            "componentFailures": all(&self.failures),
            "componentSuccesses": all(&self.successes),
            "runTestResult": { "numFailures": 0, "numTestsRun": 0, "totalTime": 0.0 },
        })
    }
}

/// The manifest is no component.
fn is_counted(message: &Message) -> bool {
    !message.component_type.is_empty()
}

/// A point of time in the form of all results.
pub(crate) fn date(millis: i64) -> String {
    dates::render_utc(Timestamp::from_millis(millis))
}

//! A row of the matrix: what a user does on a surface, as data.
//!
//! In paths and bodies a name in braces is a value of the cell: `{vault}` and `{other}` are the ids of two records of
//! `Vault__c`, `{item}` that of a child of the first, `{n}` the number of the cell, `{secret}` the value of `Secret__c`,
//! `{token}` the access token of the caller, and what a step has taken from its answer.

use std::fmt::Write as _;

use crate::right::Right;

/// What is in the place of what the user may not read: nothing, without an error.
pub(crate) const HIDDEN: &str = "";

/// The number of records of every cell in the state that [`Row::changes`] compares.
const STATE: &str = "SELECT Id, Name, Secret__c, Note__c, IsDeleted, \
    (SELECT Id FROM Items__r) FROM Vault__c WHERE Name LIKE 'v{n}-%' ORDER BY Id";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    User,
    Admin,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Http {
        method: &'static str,
        path: String,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// Begins a call of the Pub/Sub API, and sends its first message.
    Begin(&'static str, String),
    /// The next message of the call of the Pub/Sub API, or the status with which it ends.
    Receive,
    /// Ends the call once it has passed all events that there are; all messages that came until then.
    Drain,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) caller: Caller,
    pub(crate) action: Action,
    /// A name for the text of the answer between two others. Without it the rest of the row is left out.
    pub(crate) takes: Vec<(&'static str, &'static str, &'static str)>,
    /// The step is repeated until the answer has one of these texts.
    pub(crate) until: Vec<String>,
    /// Without this text in the answer the rest of the row is left out.
    pub(crate) needs: &'static str,
}

/// What shows that a user was allowed.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// A text in the answers.
    Shown(String),
    /// Other results of this query, as the administrator sees them.
    Changed(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) surfaces: Vec<String>,
    case: &'static str,
    /// Whether only the rights that it needs are tried.
    is_costly: bool,
    /// What is done before a right is lost.
    pub(crate) before: Vec<Step>,
    /// What is done after it.
    pub(crate) after: Vec<Step>,
    pub(crate) proof: Proof,
    lacking: Vec<(Right, &'static str)>,
    losing: Vec<(Right, Option<&'static str>)>,
}

impl Row {
    pub(crate) fn new(surface: &str, case: &'static str) -> Self {
        Self {
            surfaces: vec![surface.to_owned()],
            case,
            is_costly: false,
            before: Vec::new(),
            after: Vec::new(),
            proof: Proof::Shown("{secret}".to_owned()),
            lacking: Vec::new(),
            losing: Vec::new(),
        }
    }

    /// The row with other surfaces, and with other texts in its requests over HTTP.
    pub(crate) fn renamed(&self, from: &str, to: &str, text: impl Fn(&str) -> String) -> Self {
        let mut row = self.clone();
        for surface in &mut row.surfaces {
            *surface = surface.replacen(from, to, 1);
        }
        for step in row.before.iter_mut().chain(&mut row.after) {
            if let Action::Http { path, body, .. } = &mut step.action {
                (*path, *body) = (text(path), text(body));
            }
        }
        row
    }

    /// Whether it is about the child of a record.
    pub(crate) fn has_child(&self) -> bool {
        let is_about = |text: &str| text.contains("Item") || text.contains("{item}");
        let mut steps = self.before.iter().chain(&self.after);
        steps.any(|step| match &step.action {
            Action::Http { path, body, .. } => is_about(path) || is_about(body),
            Action::Begin(_, message) => is_about(message),
            Action::Receive | Action::Drain => false,
        })
    }

    /// It changes definitions, which takes long: it is tried for the rights that it needs alone.
    pub(crate) fn costly(mut self) -> Self {
        self.is_costly = true;
        self
    }

    /// Whether it is tried for a user who loses this right.
    pub(crate) fn is_for(&self, right: Right) -> bool {
        !self.is_costly || self.refusal_after(right).is_some()
    }

    /// One more surface that the row tries.
    pub(crate) fn and(mut self, surface: &str) -> Self {
        self.surfaces.push(surface.to_owned());
        self
    }

    pub(crate) fn name(&self) -> String {
        let surface = self.surfaces.first().map_or("", String::as_str);
        format!("{surface}: {}", self.case)
    }

    pub(crate) fn first(mut self, step: Step) -> Self {
        self.before.push(step);
        self
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.after.push(step);
        self
    }

    /// It is allowed if this is in an answer, in place of the secret.
    pub(crate) fn shows(mut self, text: &str) -> Self {
        self.proof = Proof::Shown(text.to_owned());
        self
    }

    /// It is allowed if the records of the cell have changed.
    pub(crate) fn changes(self) -> Self {
        self.changes_what(STATE)
    }

    /// The same with a query of its own.
    pub(crate) fn changes_what(mut self, query: &str) -> Self {
        self.proof = Proof::Changed(query.to_owned());
        self
    }

    /// Without this right it is refused, and an answer has this text.
    pub(crate) fn without(mut self, right: Right, refusal: &'static str) -> Self {
        self.lacking.push((right, refusal));
        self
    }

    /// The same for several rights.
    pub(crate) fn without_any(mut self, rights: &[Right], refusal: &'static str) -> Self {
        self.lacking
            .extend(rights.iter().map(|right| (*right, refusal)));
        self
    }

    /// When this right is lost in the middle it is refused in another way than without it from the beginning.
    pub(crate) fn losing(mut self, right: Right, refusal: &'static str) -> Self {
        self.losing.push((right, Some(refusal)));
        self
    }

    /// What was begun with this right goes on without it.
    pub(crate) fn outlasts(mut self, right: Right) -> Self {
        self.losing.push((right, None));
        self
    }

    /// Whether it begins its call of the Pub/Sub API after a right was lost.
    fn begins_late(&self) -> bool {
        let mut steps = self.after.iter();
        steps.any(|step| matches!(step.action, Action::Begin(..)))
    }

    /// What a user without access to the APIs reads.
    fn disabled(&self) -> &'static str {
        let surface = self.surfaces.first().map_or("", String::as_str);
        match surface.split(' ').next() {
            Some("Pub/Sub") => "UNAUTHENTICATED",
            Some("Streaming") => "401::Authentication invalid",
            // "InvalidUser" (Bulk API 2.0 and Bulk API Developer Guide, "Errors").
            Some("Bulk") if !surface.starts_with("Bulk 2.0") => "InvalidUser",
            _ => "API_DISABLED_FOR_ORG",
        }
    }

    /// A developer org shows its documents without a login.
    fn needs_api(&self) -> bool {
        let surface = self.surfaces.first();
        surface.is_none_or(|surface| !surface.starts_with("Document "))
    }

    /// What a user without this right reads; none if it is allowed.
    pub(crate) fn refusal(&self, right: Right) -> Option<&'static str> {
        if right == Right::Api {
            return self.needs_api().then(|| self.disabled());
        }
        let mut lacking = self.lacking.iter();
        lacking
            .find(|(own, _)| *own == right)
            .map(|(_, text)| *text)
    }

    /// The same for one who has lost it.
    pub(crate) fn refusal_after(&self, right: Right) -> Option<&'static str> {
        let surface = self.surfaces.first().map_or("", String::as_str);
        if right == Right::Api {
            return match surface {
                // The first request that is refused ends the session.
                surface if surface.starts_with("Streaming") => Some("\"error\":\"40"),
                // An open stream falls silent.
                "Pub/Sub Subscribe" if !self.begins_late() => Some(HIDDEN),
                _ => self.refusal(right),
            };
        }
        match self.losing.iter().find(|(own, _)| *own == right) {
            Some((_, text)) => *text,
            None => self.refusal(right),
        }
    }
}

impl Step {
    pub(crate) fn http(method: &'static str, path: &str, body: &str) -> Self {
        Self::of(Action::Http {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: body.to_owned(),
        })
    }

    pub(crate) fn of(action: Action) -> Self {
        Self {
            caller: Caller::User,
            action,
            takes: Vec::new(),
            until: Vec::new(),
            needs: "",
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Action::Http { headers, .. } = &mut self.action {
            headers.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn by_admin(mut self) -> Self {
        self.caller = Caller::Admin;
        self
    }

    pub(crate) fn take(mut self, name: &'static str, from: &'static str, to: &'static str) -> Self {
        self.takes.push((name, from, to));
        self
    }

    pub(crate) fn until(mut self, texts: &[&str]) -> Self {
        self.until = texts.iter().map(|text| (*text).to_owned()).collect();
        self
    }

    pub(crate) fn needs(mut self, text: &'static str) -> Self {
        self.needs = text;
        self
    }
}

/// A text as part of a query string; names in braces stay.
pub(crate) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"{}-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("memory");
        }
        encoded
    })
}

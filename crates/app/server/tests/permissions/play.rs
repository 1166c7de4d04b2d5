//! Trying the rows for a user, and what is wrong with the answers.

use std::collections::HashMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::grpc::{Call, Connection};
use crate::right::Right;
use crate::row::{Action, Caller, Proof, Row, Step};
use crate::stage::{Cell, Stage, User, secret};

/// How long a step may be repeated.
const WITHIN: Duration = Duration::from_secs(30);

/// Between two repetitions.
const PAUSE: Duration = Duration::from_millis(2);

/// A row that is played for a user.
struct Playing<'s> {
    stage: &'s Stage,
    user: &'s User,
    row: &'s Row,
    values: HashMap<&'static str, String>,
    /// What the query of [`Proof::Changed`] found before.
    state: String,
    call: Option<(Connection, Call)>,
    /// A step that gave nothing to go on with.
    has_ended: bool,
    /// What the user was answered.
    answers: String,
    /// What is wrong already.
    failure: Option<String>,
}

/// Tries every row for a user with all rights.
pub(crate) async fn with_all_rights(stage: &Stage, rows: &[Row]) -> Vec<String> {
    let user = stage.user(None).await;
    let mut failures = Vec::new();
    for (row, cell) in rows.iter().zip(stage.cells(rows).await) {
        let mut playing = Playing::new(stage, &user, row, &cell);
        playing.begin_row().await;
        playing.play(&row.after).await;
        failures.extend(playing.judged(None, "with all rights").await);
    }
    failures
}

/// Tries the rows that need a right for a user without it. The others are tried by a user who loses it.
pub(crate) async fn without(stage: &Stage, rows: &[Row], right: Right) -> Vec<String> {
    let user = stage.user(Some(right)).await;
    stage.lose(&user).await;
    let rows = rows.iter().filter(|row| row.refusal(right).is_some());
    let rows: Vec<&Row> = rows.collect();
    let mut failures = Vec::new();
    for (row, cell) in rows.iter().zip(stage.cells(rows.iter().copied()).await) {
        let mut playing = Playing::new(stage, &user, row, &cell);
        playing.begin_row().await;
        playing.play(&row.after).await;
        playing.check_secret(right);
        let situation = format!("without {right:?}");
        failures.extend(playing.judged(row.refusal(right), &situation).await);
    }
    failures
}

/// Begins every row for a user with all rights, takes one away, and ends the rows.
pub(crate) async fn losing(stage: &Stage, rows: &[Row], right: Right) -> Vec<String> {
    let user = stage.user(Some(right)).await;
    let rows: Vec<&Row> = rows.iter().filter(|row| row.is_for(right)).collect();
    let mut begun = Vec::new();
    for (row, cell) in rows.iter().zip(stage.cells(rows.iter().copied()).await) {
        let mut playing = Playing::new(stage, &user, row, &cell);
        playing.begin_row().await;
        playing.answers.clear();
        begun.push(playing);
    }
    stage.lose(&user).await;
    let mut failures = Vec::new();
    // The last ones first: those that may not wait for long.
    for mut playing in begun.into_iter().rev() {
        let row = playing.row;
        if playing.has_ended {
            failures.push(format!("{}: it does not begin", row.name()));
        }
        playing.play(&row.after).await;
        playing.check_secret(right);
        let situation = format!("losing {right:?}");
        failures.extend(playing.judged(row.refusal_after(right), &situation).await);
    }
    failures
}

impl<'s> Playing<'s> {
    fn new(stage: &'s Stage, user: &'s User, row: &'s Row, cell: &Cell) -> Self {
        let values = HashMap::from([
            ("n", cell.n.to_string()),
            ("vault", cell.vault.clone()),
            ("other", cell.other.clone()),
            ("item", cell.item.clone()),
            ("secret", secret(cell.n)),
            ("user", user.number.to_string()),
            ("start", stage.period[0].clone()),
            ("end", stage.period[1].clone()),
        ]);
        Self {
            stage,
            user,
            row,
            values,
            state: String::new(),
            call: None,
            has_ended: false,
            answers: String::new(),
            failure: None,
        }
    }

    /// What is done before a right is lost.
    async fn begin_row(&mut self) {
        self.play(&self.row.before).await;
        self.state = self.state_now().await;
    }

    /// What the records of the cell are, if the row is about their change.
    async fn state_now(&self) -> String {
        match &self.row.proof {
            Proof::Shown(_) => String::new(),
            Proof::Changed(query) => self.stage.state(&self.filled(query, Caller::Admin)).await,
        }
    }

    fn filled(&self, text: &str, caller: Caller) -> String {
        let token = match caller {
            Caller::User => &self.user.token,
            Caller::Admin => &self.stage.admin,
        };
        let filled = text.replace("{token}", token);
        let mut values = self.values.iter();
        values
            .try_fold(filled, |text, (name, value)| {
                Some(text.replace(&format!("{{{name}}}"), value))
            })
            .unwrap_or_default()
    }

    async fn play(&mut self, steps: &[Step]) {
        for step in steps {
            if self.has_ended {
                return;
            }
            let begun = Instant::now();
            let mut answer = self.answer(step).await;
            let until: Vec<String> = step
                .until
                .iter()
                .map(|text| self.filled(text, step.caller))
                .collect();
            while !until.is_empty() && !until.iter().any(|text| answer.contains(text)) {
                if begun.elapsed() > WITHIN || answer.starts_with('4') {
                    self.has_ended = true;
                    break;
                }
                self.heard(step, &answer);
                tokio::time::sleep(PAUSE).await;
                answer = self.answer(step).await;
            }
            self.heard(step, &answer);
            self.take(step, &answer);
            self.check_head(step, &answer).await;
        }
    }

    /// A `HEAD` is answered as the `GET` was, without the body; the Bulk APIs and the Metadata API refuse it.
    async fn check_head(&mut self, step: &Step, answer: &str) {
        let Action::Http {
            method: "GET",
            path,
            headers,
            body,
        } = &step.action
        else {
            return;
        };
        let mut without = ["/services/async/", "/jobs/", "/metadata/"].iter();
        if without.any(|part| path.contains(part))
            || step.caller == Caller::Admin
            || !step.until.is_empty()
        {
            return;
        }
        let head = Step::of(Action::Http {
            method: "HEAD",
            path: path.clone(),
            headers: headers.clone(),
            body: body.clone(),
        });
        let head = self.answer(&head).await;
        let status = answer.split(' ').next().unwrap_or_default();
        if head != format!("{status} ") {
            let row = self.row.name();
            self.failure
                .get_or_insert_with(|| format!("{row}: GET is {answer}, and HEAD is {head}"));
        }
    }

    fn heard(&mut self, step: &Step, answer: &str) {
        if step.caller == Caller::User {
            self.answers.push_str(answer);
            self.answers.push('\n');
        } else if !answer.starts_with('2') {
            self.failure.get_or_insert_with(|| {
                format!(
                    "{}: the administrator is answered {answer}",
                    self.row.name()
                )
            });
        }
    }

    fn take(&mut self, step: &Step, answer: &str) {
        for (name, from, to) in &step.takes {
            let taken = answer.split_once(from).map(|(_, rest)| rest);
            match taken.and_then(|rest| rest.split_once(to)) {
                Some((value, _)) => {
                    self.values.insert(name, value.to_owned());
                }
                None => self.has_ended = true,
            }
        }
        if !answer.contains(step.needs) {
            self.has_ended = true;
        }
    }

    async fn answer(&mut self, step: &Step) -> String {
        match &step.action {
            Action::Http {
                method,
                path,
                headers,
                body,
            } => {
                let token = self.filled("Bearer {token}", step.caller);
                let mut all = vec![("authorization".to_owned(), token)];
                let own = headers.iter();
                all.extend(
                    own.map(|(name, value)| ((*name).to_owned(), self.filled(value, step.caller))),
                );
                if !headers.iter().any(|(name, _)| *name == "content-type") {
                    all.push(("content-type".to_owned(), "application/json".to_owned()));
                }
                let path = self.filled(path, step.caller);
                let body = self.filled(body, step.caller);
                self.stage.send((method, &path), &all, body).await
            }
            Action::Begin(method, message) => {
                let begun = self.begin(step.caller, method, message).await;
                begun.unwrap_or_else(|error| error)
            }
            Action::Receive => self.receive().await,
            Action::Drain => self.drain().await,
        }
    }

    /// What came until the call was ended, which is when nothing more can come of the events that there are now.
    async fn drain(&mut self) -> String {
        let drained = self.drained().await;
        drained.unwrap_or_else(|error| format!("400 {error}"))
    }

    async fn drained(&mut self) -> Result<String, String> {
        let admin = self.metadata(Caller::Admin);
        let (connection, call) = self.call.as_mut().ok_or("no call")?;
        let rpc = self.values.get("rpc").map_or("", String::as_str);
        let mut passed = pin!(self.stage.passed(rpc));
        let (mut answer, mut is_open) = ("200".to_owned(), true);
        loop {
            let bytes = tokio::select! {
                next = call.next() => match next? {
                    Some(bytes) => bytes,
                    None => break,
                },
                () = &mut passed, if is_open => {
                    call.finish();
                    is_open = false;
                    continue;
                }
            };
            let message = connection.decoded(call, bytes, &admin).await?;
            if is_open {
                request_more(connection, call, &admin, &message).await;
            }
            answer.extend([" ", &message.to_string()]);
        }
        Ok(format!("{answer} {}", call.status()))
    }

    fn metadata(&self, caller: Caller) -> Vec<(String, String)> {
        let metadata = [
            ("accesstoken", self.filled("{token}", caller)),
            ("instanceurl", format!("http://{}", self.stage.authority)),
            ("tenantid", self.stage.org.clone()),
        ];
        metadata
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }

    /// Begins a call. Payloads are encoded by their schemas, which the administrator reads.
    async fn begin(
        &mut self,
        caller: Caller,
        method: &str,
        message: &str,
    ) -> Result<String, String> {
        let mut connection = Connection::open(&self.stage.authority).await?;
        let mut call = connection.call(method, &self.metadata(caller)).await?;
        let message = self.filled(message, caller);
        let admin = self.metadata(Caller::Admin);
        // A call that is refused at once takes no message: its status says why.
        let sent = connection.send(&mut call, &admin, &message).await;
        self.call = Some((connection, call));
        Ok(sent.map_or_else(|error| format!("200 {error}"), |()| "200 begun".to_owned()))
    }

    async fn receive(&mut self) -> String {
        let admin = self.metadata(Caller::Admin);
        let Some((connection, call)) = &mut self.call else {
            return "400 no call".to_owned();
        };
        match connection.receive(call, &admin).await {
            Ok(message) => {
                request_more(connection, call, &admin, &message).await;
                format!("200 {message}")
            }
            Err(error) => format!("400 {error}"),
        }
    }

    /// Checks that what a user may not read is in none of the answers.
    fn check_secret(&mut self, right: Right) {
        let is_hidden = matches!(right, Right::Read | Right::FieldRead | Right::Api)
            && self.row.refusal_after(right).is_some();
        if is_hidden
            && self
                .answers
                .contains(&self.filled("{secret}", Caller::User))
        {
            let (row, answers) = (self.row.name(), &self.answers);
            self.failure.get_or_insert_with(|| {
                format!("{row} without {right:?} shows the secret: {answers}")
            });
        }
    }

    /// What is wrong, if there should be this refusal, or none.
    async fn judged(&self, refusal: Option<&str>, situation: &str) -> Option<String> {
        if self.failure.is_some() {
            return self.failure.clone();
        }
        let is_allowed = match &self.row.proof {
            Proof::Shown(text) => self.answers.contains(&self.filled(text, Caller::User)),
            Proof::Changed(_) => self.state_now().await != self.state,
        };
        let problem = match refusal {
            None if !is_allowed => "refused",
            Some(_) if is_allowed => "allowed",
            Some(text) if !self.answers.contains(&self.filled(text, Caller::User)) => {
                "refused in another way"
            }
            _ => return None,
        };
        let answers: String = self.answers.chars().take(700).collect();
        Some(format!(
            "{} {situation} is {problem}: {answers}",
            self.row.name()
        ))
    }
}

/// Requests as many events as have come: the others on the stage cause more than one request may ask for.
async fn request_more(
    connection: &mut Connection,
    call: &mut Call,
    metadata: &[(String, String)],
    message: &Value,
) {
    let events = message.get("events").and_then(Value::as_array);
    if let Some(count) = events.map(Vec::len).filter(|count| *count > 0) {
        let more = format!("{{\"num_requested\":{count}}}");
        // A call with one request has no further ones.
        let _ = connection.send(call, metadata, &more).await;
    }
}

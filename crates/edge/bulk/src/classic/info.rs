//! Jobs and batches as clients read them: the same members as XML or as JSON.
//!
//! Source: "`JobInfo`", "`BatchInfo`" (Bulk API 2.0 and Bulk API Developer Guide), and recorded answers in `CumulusCI`.

use std::sync::Arc;

use landfall_model::Timestamp;
use landfall_wire::{dates, write_json_string};
use landfall_xml::Writer;

use super::job::{Classic, Task, batch_state};
use super::{DECLARATION, NAMESPACE};
use crate::job::{Form, Job, Progress, State, point};

/// A member: its name, its text, and whether that is a text in JSON too.
type Member = (&'static str, String, bool);

/// A job.
pub(crate) fn job(job: &Classic, batches: &[Arc<Job>], form: Form) -> String {
    document("jobInfo", &job_members(job, batches, form), form)
}

/// A batch.
pub(crate) fn batch(batch: &Job, job: &str, form: Form) -> String {
    document("batchInfo", &batch_members(batch, job, form), form)
}

/// All batches of a job.
pub(crate) fn batches(batches: &[Arc<Job>], job: &str, form: Form) -> String {
    let all = batches.iter().map(|batch| batch_members(batch, job, form));
    match form {
        Form::Json => {
            let all: Vec<String> = all.map(|members| object(&members)).collect();
            format!("{{\"batchInfo\":[{}]}}", all.join(","))
        }
        Form::Csv | Form::Xml => {
            let mut w = begun();
            w.typed("batchInfoList", &namespace(), |w| {
                for members in all {
                    w.element("batchInfo", |w| elements(w, &members));
                }
            });
            w.finish()
        }
    }
}

/// The ids of what a query has found.
pub(crate) fn result_list(ids: &[String], form: Form) -> String {
    match form {
        Form::Json => {
            let ids: Vec<String> = ids.iter().map(|id| string(id)).collect();
            format!("[{}]", ids.join(","))
        }
        Form::Csv | Form::Xml => {
            let mut w = begun();
            w.typed("result-list", &namespace(), |w| {
                for id in ids {
                    w.text("result", id);
                }
            });
            w.finish()
        }
    }
}

/// A refusal.
pub(crate) fn refusal(code: &str, message: &str, form: Form) -> String {
    let members = [
        ("exceptionCode", code.to_owned(), true),
        ("exceptionMessage", message.to_owned(), true),
    ];
    document("error", &members, form)
}

fn job_members(job: &Classic, batches: &[Arc<Job>], form: Form) -> Vec<Member> {
    let count = |is: fn(State) -> bool| {
        let of = batches.iter().filter(|batch| is(batch.state)).count();
        of.to_string()
    };
    let total = |of: fn(&Progress) -> u64| {
        let all = batches.iter().map(|batch| of(&batch.progress));
        all.fold(0_u64, u64::saturating_add).to_string()
    };
    let millis = batches
        .iter()
        .map(|batch| batch.progress.millis)
        .fold(0_i64, i64::saturating_add)
        .to_string();
    let modified = batches.iter().map(|batch| batch.modified).max();
    let modified = modified.unwrap_or(job.modified).max(job.modified);
    let mut members = vec![
        ("id", job.id.clone(), true),
        ("operation", job.task.as_str().to_owned(), true),
        ("object", job.object.clone(), true),
        ("createdById", job.created_by.clone(), true),
        ("createdDate", moment(job.created, form), true),
        ("systemModstamp", moment(modified, form), true),
        ("state", job.state.as_str().to_owned(), true),
    ];
    if let Task::Change {
        external_id_field: Some(field),
        ..
    } = &job.task
    {
        members.push(("externalIdFieldName", field.clone(), true));
    }
    let mode = if job.serial { "Serial" } else { "Parallel" };
    members.extend([
        ("concurrencyMode", mode.to_owned(), true),
        ("contentType", job.form.as_str().to_owned(), true),
        (
            "numberBatchesQueued",
            count(|state| matches!(state, State::Open | State::UploadComplete)),
            false,
        ),
        (
            "numberBatchesInProgress",
            count(|state| state == State::InProgress),
            false,
        ),
        (
            "numberBatchesCompleted",
            count(|state| state == State::JobComplete),
            false,
        ),
        (
            "numberBatchesFailed",
            count(|state| state == State::Failed),
            false,
        ),
        ("numberBatchesTotal", batches.len().to_string(), false),
        ("numberRecordsProcessed", total(|p| p.processed), false),
        ("numberRetries", "0".to_owned(), false),
        ("apiVersion", format!("{}.0", job.version), false),
        ("numberRecordsFailed", total(|p| p.failed), false),
        ("totalProcessingTime", millis.clone(), false),
        ("apiActiveProcessingTime", millis, false),
        ("apexProcessingTime", "0".to_owned(), false),
    ]);
    members
}

fn batch_members(batch: &Job, job: &str, form: Form) -> Vec<Member> {
    let Progress {
        processed,
        failed,
        millis,
        ..
    } = batch.progress;
    let mut members = vec![
        ("id", batch.id.clone(), true),
        ("jobId", job.to_owned(), true),
        ("state", batch_state(batch.state, form).to_owned(), true),
    ];
    if let Some(error) = &batch.error {
        members.push(("stateMessage", error.clone(), true));
    }
    members.extend([
        ("createdDate", moment(batch.created, form), true),
        ("systemModstamp", moment(batch.modified, form), true),
        ("numberRecordsProcessed", processed.to_string(), false),
        ("numberRecordsFailed", failed.to_string(), false),
        ("totalProcessingTime", millis.to_string(), false),
        ("apiActiveProcessingTime", millis.to_string(), false),
        ("apexProcessingTime", "0".to_owned(), false),
    ]);
    members
}

/// XML and JSON differ in how they write a point in time.
fn moment(millis: i64, form: Form) -> String {
    let at: Timestamp = point(millis).whole_second();
    match form {
        Form::Json => dates::render_date_time(at),
        Form::Csv | Form::Xml => dates::render_utc(at),
    }
}

fn document(root: &str, members: &[Member], form: Form) -> String {
    match form {
        Form::Json => object(members),
        Form::Csv | Form::Xml => {
            let mut w = begun();
            w.typed(root, &namespace(), |w| elements(w, members));
            w.finish()
        }
    }
}

fn begun() -> Writer {
    let mut w = Writer::new();
    w.raw(DECLARATION);
    w
}

fn namespace() -> String {
    format!("xmlns=\"{NAMESPACE}\"")
}

fn elements(w: &mut Writer, members: &[Member]) {
    for (name, text, _) in members {
        w.text(name, text);
    }
}

fn object(members: &[Member]) -> String {
    let member = |(name, text, is_text): &Member| {
        let value = if *is_text { string(text) } else { text.clone() };
        format!("\"{name}\":{value}")
    };
    let members: Vec<String> = members.iter().map(member).collect();
    format!("{{{}}}", members.join(","))
}

fn string(text: &str) -> String {
    let mut out = String::new();
    write_json_string(&mut out, text);
    out
}

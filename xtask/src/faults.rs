//! The fault test: a disk that fails under the server, by plan (`tests/faults/faultfs.c`).
//!
//! Each plan runs on a data folder of its own: work, arm the fault, write until it is felt, see that the server refuses what
//! it cannot keep, and that it goes on where that is safe and takes nothing more where it is not; restart on a good disk,
//! compare what it kept.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    thread::{self, JoinHandle},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::{
    crash::model::{Attempt, Model},
    install::{self, Tool},
    org::{self, Org, Write},
    replay::{Change, EARLIEST, Event, Subscriber},
    report::Report,
    server::{Server, tail},
    workspace::{command, fresh_folder, has, output},
};

/// Every kind of fault at the first calls of a commit and at later ones. A request that meets one is refused.
const COMMIT_PLANS: &[&str] = &[
    "write:1:EIO",
    "write:2:EIO",
    "write:3:EIO",
    "write:4:EIO",
    "write:11:EIO",
    "write:100:EIO",
    "write:1:ENOSPC",
    "write:2:ENOSPC",
    "sync:1:EIO",
    "sync:2:EIO",
    "sync:7:EIO",
    "full:1:ENOSPC",
    "full:6:ENOSPC",
    "full:100:ENOSPC",
];
/// Faults of the data file itself, which only checkpoints write: what is in the write-ahead log is durable all the
/// same, so writes may go on or be refused, but none may be lost.
const CHECKPOINT_PLANS: &[&str] = &[
    "write:1:EIO:.db",
    "write:7:ENOSPC:.db",
    "sync:1:EIO:.db",
    "full:1:ENOSPC:.db",
];
/// Writers at once, so that a fault hits a group.
const WRITERS: usize = 4;
/// A fault that so many writes of each writer do not feel was not felt.
const WRITES_MAX: usize = 2000;
/// Writes of each writer after the fault.
const WRITES_AFTER: usize = 20;

/// Runs every plan. One plan is one check.
///
/// # Errors
/// When the shim does not compile.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    let shim = match install::fault_shim()? {
        Tool::Ready(shim) => shim,
        Tool::Missing(how) => {
            report.skipped("faults", how);
            return Ok(());
        }
    };
    let mut check = |name: &str, plan: &'static str, body: fn(&Disk) -> Result<String>| {
        let folder = fresh_folder(&format!("faults/{}", name.replace([':', ' '], "-")))?;
        let disk = Disk {
            data: folder.join("data"),
            log: folder.join("server.log"),
            trigger: folder.join("trigger"),
            felt: folder.join("felt"),
            shim: shim.clone(),
            plan,
        };
        match body(&disk) {
            Ok(summary) => report.passed(&format!("fault {name}: {summary}")),
            Err(error) => report.failed(
                &format!("fault {name}"),
                &format!("{error:#}\nthe server said:\n{}", tail(&disk.log)),
            ),
        }
        anyhow::Ok(())
    };
    for plan in COMMIT_PLANS {
        check(plan, plan, Disk::fail_commits)?;
    }
    for plan in CHECKPOINT_PLANS {
        check(plan, plan, Disk::fail_checkpoints)?;
    }
    check("at start", "full:1:ENOSPC", start_on_a_full_disk)
}

/// A server that starts on a full disk ends and says why, or runs and refuses writes; it loses nothing either way.
fn start_on_a_full_disk(disk: &Disk) -> Result<String> {
    fs::create_dir_all(&disk.data)?;
    let server = Server::start(&disk.data, &disk.log, |_| {})?;
    let token = org::login(server.address)?;
    let kept = attempt(Org::connect(server.address, &token)?.create("before 0"), 0);
    ensure!(kept.acknowledged, "a write was refused on a good disk");
    server.kill()?;

    File::create(&disk.trigger)?;
    let outcome = match Server::start(&disk.data, &disk.log, |command| disk.preload(command)) {
        Err(_) => "refused to start",
        Ok(server) => {
            let mut org = Org::connect(server.address, &token)?;
            let refused = matches!(org.create("full"), Write::Refused { status: 500.., .. });
            ensure!(refused, "a write on a full disk was not refused");
            server.kill()?;
            "started and refused writes"
        }
    };
    fs::remove_file(&disk.trigger)?;
    let compared = disk.compare(vec![kept], &token)?;
    Ok(format!("{outcome}; {compared}"))
}

/// What a subscriber receives until the server is killed.
type Deliveries = JoinHandle<Result<Vec<Event>>>;

/// When a server takes writes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// A failed write was undone before any sync: with the next request.
    NextRequest,
    /// The same, and the next one fails as long as the disk is full.
    OnceThereIsSpace,
    /// A failed sync: after a restart.
    NothingMore,
}

/// One plan and its files.
struct Disk {
    data: PathBuf,
    log: PathBuf,
    trigger: PathBuf,
    /// The shim's report: a line for each call that it failed.
    felt: PathBuf,
    shim: PathBuf,
    plan: &'static str,
}

impl Disk {
    /// What a server does after a fault of the plan.
    fn after(&self) -> After {
        match self.plan.split(':').next() {
            Some("sync") => After::NothingMore,
            Some("full") => After::OnceThereIsSpace,
            _ => After::NextRequest,
        }
    }

    fn fail_commits(&self) -> Result<String> {
        let (mut server, token, mut attempts) = self.start()?;
        let mut org = Org::connect(server.address, &token)?;
        let subscriber = Subscriber::open(server.address, &token, EARLIEST)?;
        let (delivered, load) = self.load(&server, &token, subscriber)?;
        let refused = load.iter().filter(|attempt| !attempt.acknowledged).count();
        let expected = match self.after() {
            After::NextRequest => 1..=WRITERS,
            After::OnceThereIsSpace | After::NothingMore => WRITERS..=WRITERS,
        };
        ensure!(
            expected.contains(&refused),
            "{refused} writers were refused after: {}",
            self.felt()
        );
        attempts.extend(load);
        ensure!(server.is_running(), "the server ended when its disk failed");
        match self.after() {
            After::NextRequest => {}
            After::OnceThereIsSpace => {
                Self::ensure_refused(&mut org, &mut attempts)?;
                Self::ensure_reported(&mut org, "the disk is full")?;
                fs::remove_file(&self.trigger)?;
            }
            After::NothingMore => {
                Self::ensure_refused(&mut org, &mut attempts)?;
                Self::ensure_reported(&mut org, "a sync of the disk failed")?;
            }
        }
        if self.after() != After::NothingMore {
            Self::ensure_goes_on(&mut org, &mut attempts)?;
        }
        server.kill()?;
        let delivered = delivered.join().expect("the subscriber does not panic")?;
        ensure_acknowledged(&delivered, &attempts)?;
        if self.trigger.exists() {
            fs::remove_file(&self.trigger)?;
        }
        self.compare(attempts, &token)
    }

    fn fail_checkpoints(&self) -> Result<String> {
        let (mut server, token, mut attempts) = self.start()?;
        let subscriber = Subscriber::open(server.address, &token, EARLIEST)?;
        let (delivered, load) = self.load(&server, &token, subscriber)?;
        attempts.extend(load);
        ensure!(server.is_running(), "the server ended when its disk failed");
        ensure_documented(&attempts)?;
        server.kill()?;
        let delivered = delivered.join().expect("the subscriber does not panic")?;
        ensure_acknowledged(&delivered, &attempts)?;
        fs::remove_file(&self.trigger)?;
        self.compare(attempts, &token)
    }

    /// A server on a disk that is still good, with a few records.
    fn start(&self) -> Result<(Server, String, Vec<Attempt>)> {
        fs::create_dir_all(&self.data)?;
        let server = Server::start(&self.data, &self.log, |command| self.preload(command))?;
        let token = org::login(server.address)?;
        let mut org = Org::connect(server.address, &token)?;
        ensure!(org.readiness()?.0 == 200, "not ready on a good disk");
        let mut attempts = Vec::new();
        for number in 0..WRITERS {
            attempts.push(attempt(org.create(&format!("before {number}")), number));
        }
        ensure!(
            attempts.iter().all(|attempt| attempt.acknowledged),
            "a write was refused on a good disk: {attempts:?}"
        );
        Ok((server, token, attempts))
    }

    fn preload(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.shim)
            .env("FAULTFS_FOLDER", &self.data)
            .env("FAULTFS_TRIGGER", &self.trigger)
            .env("FAULTFS_REPORT", &self.felt)
            .env("FAULTFS_PLAN", self.plan);
    }

    /// Arms the fault and writes with several writers until each is refused, or has gone on for a while after the fault
    /// was felt. Gives the attempts and what a subscriber receives until the server ends.
    fn load(
        &self,
        server: &Server,
        token: &str,
        mut subscriber: Subscriber,
    ) -> Result<(Deliveries, Vec<Attempt>)> {
        let delivered = thread::spawn(move || subscriber.poll_until_broken());
        File::create(&self.trigger)?;
        let address = server.address;
        let attempts = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    scope.spawn(move || {
                        anyhow::Ok(self.write(writer, Org::connect(address, token)?))
                    })
                })
                .collect();
            let mut attempts = Vec::new();
            for writer in writers {
                attempts.extend(writer.join().expect("a writer does not panic")?);
            }
            anyhow::Ok(attempts)
        })?;
        ensure!(
            !self.felt().is_empty(),
            "the server never made the call that was to fail"
        );
        Ok((delivered, attempts))
    }

    fn write(&self, writer: usize, mut org: Org) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let mut after = 0;
        for number in 0..WRITES_MAX {
            let name = format!("writer {writer} write {number}");
            let attempt = attempt_of(org.create(&name), None, Change::Created(name));
            let goes_on = attempt.acknowledged;
            attempts.push(attempt);
            after += usize::from(self.felt.exists());
            if !goes_on || after > WRITES_AFTER {
                break;
            }
        }
        attempts
    }

    /// The calls that were failed.
    fn felt(&self) -> String {
        fs::read_to_string(&self.felt).unwrap_or_default()
    }

    /// Writes are taken again, without a restart.
    fn ensure_goes_on(org: &mut Org, attempts: &mut Vec<Attempt>) -> Result<()> {
        for number in 0..WRITES_AFTER {
            let name = format!("goes on {number}");
            attempts.push(attempt_of(org.create(&name), None, Change::Created(name)));
        }
        let mut later = attempts.iter().rev().take(WRITES_AFTER);
        if let Some(refused) = later.find(|attempt| !attempt.acknowledged) {
            bail!("a write was refused on a disk that is good again: {refused:?}");
        }
        ensure!(
            org.readiness()?.0 == 200,
            "not ready on a disk that is good again"
        );
        Ok(())
    }

    /// `/readyz` gives the reason.
    fn ensure_reported(org: &mut Org, reason: &str) -> Result<()> {
        let (status, reasons) = org.readiness()?;
        ensure!(
            status == 503 && reasons.contains(reason),
            "/readyz answers {status} {reasons} after the fault"
        );
        Ok(())
    }

    /// Nothing is acknowledged, and each refusal has a documented shape.
    fn ensure_refused(org: &mut Org, attempts: &mut Vec<Attempt>) -> Result<()> {
        let record = attempts
            .first()
            .and_then(|attempt| attempt.record_id.clone());
        let record = record.context("a record from before the fault")?;
        let name = "after the fault";
        for (outcome, record_id, change) in [
            (org.create(name), None, Change::Created(name.to_owned())),
            (
                org.rename(&record, name),
                Some(record.clone()),
                Change::Renamed(name.to_owned()),
            ),
            (org.delete(&record), Some(record.clone()), Change::Deleted),
        ] {
            attempts.push(attempt_of(outcome, record_id, change));
        }
        ensure_documented(attempts)?;
        let after = attempts
            .iter()
            .rev()
            .take(3)
            .filter(|attempt| attempt.acknowledged);
        ensure!(
            after.count() == 0,
            "a write was acknowledged after the fault"
        );
        Ok(())
    }

    /// On a good disk again: what was acknowledged is there, and of what was refused nothing, or, where only the sync
    /// failed, at most whole changes.
    fn compare(&self, attempts: Vec<Attempt>, token: &str) -> Result<String> {
        let server = Server::start(&self.data, &self.log, |_| {})?;
        let mut org = Org::connect(server.address, token)?;
        let may_have_happened = self.plan.starts_with("sync");
        let mut attempts: Vec<Attempt> = attempts
            .into_iter()
            .filter(|attempt| attempt.acknowledged || may_have_happened)
            .collect();
        let acknowledged = attempts
            .iter()
            .filter(|attempt| attempt.acknowledged)
            .count();
        let end = "after the restart";
        attempts.push(attempt_of(
            org.create(end),
            None,
            Change::Created(end.to_owned()),
        ));
        let events = Subscriber::open(server.address, token, EARLIEST)?.read_until_created(end)?;
        let kept = events.len() - acknowledged.min(events.len()) - 1;
        let mut model = Model::default();
        for id in model.advance(attempts, events)? {
            model.check_record(&id, org.name(&id)?.as_deref())?;
        }
        let status = server.stop()?;
        ensure!(
            status.success(),
            "the server ended with {status} after SIGTERM"
        );
        let integrity = check_integrity(&self.data)?;
        Ok(format!(
            "{acknowledged} acknowledged and kept, {kept} in doubt and kept, {integrity}"
        ))
    }
}

/// Every write that was not acknowledged was refused in the documented shape.
fn ensure_documented(attempts: &[Attempt]) -> Result<()> {
    for attempt in attempts.iter().filter(|attempt| !attempt.acknowledged) {
        let refusal = attempt.refused.as_deref();
        let refusal = refusal.with_context(|| format!("no answer to {:?}", attempt.change))?;
        ensure!(is_server_error(refusal), "refused as {refusal}");
    }
    Ok(())
}

/// What was delivered was durable, and what was refused was not known to be.
fn ensure_acknowledged(delivered: &[Event], attempts: &[Attempt]) -> Result<()> {
    let acknowledged: HashSet<&str> = attempts
        .iter()
        .filter(|attempt| attempt.acknowledged)
        .filter_map(|attempt| attempt.record_id.as_deref())
        .collect();
    for event in delivered {
        ensure!(
            acknowledged.contains(event.record_id.as_str()),
            "{event:?} was delivered and its change was refused"
        );
    }
    Ok(())
}

fn attempt(outcome: Write, number: usize) -> Attempt {
    attempt_of(outcome, None, Change::Created(format!("before {number}")))
}

fn attempt_of(outcome: Write, record_id: Option<String>, change: Change) -> Attempt {
    match outcome {
        Write::Acknowledged(id) => Attempt::acknowledged(id, change),
        Write::Refused { status, body } => Attempt {
            refused: Some(format!("{status} {body}")),
            ..Attempt::doubtful(record_id, change)
        },
        Write::Unknown => Attempt::doubtful(record_id, change),
    }
}

/// Whether a refusal is a server's error in the documented shape: `[{"errorCode", "message"}]`.
fn is_server_error(refusal: &str) -> bool {
    let Some((status, body)) = refusal.split_once(' ') else {
        return false;
    };
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    status.starts_with('5') && body[0]["errorCode"].is_string() && body[0]["message"].is_string()
}

/// SQLite's own check of the data file, by whatever SQLite Python has; the server's start has already read it.
fn check_integrity(data: &Path) -> Result<String> {
    const SCRIPT: &str = "\
import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])";
    let file = data_file(data)?;
    if !has("python3", "--version") {
        return Ok("integrity not checked: no Python".to_owned());
    }
    let found = output(command("python3").args(["-c", SCRIPT]).arg(&file))?;
    ensure!(found.trim() == "ok", "{}: {found}", file.display());
    Ok("integrity ok".to_owned())
}

fn data_file(data: &Path) -> Result<PathBuf> {
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    for entry in fs::read_dir(data)? {
        let path = entry?.path();
        let mut start = [0; MAGIC.len()];
        if path.is_file() && File::open(&path)?.read_exact(&mut start).is_ok() && start == *MAGIC {
            return Ok(path);
        }
    }
    bail!("no SQLite file in {}", data.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_error_in_the_documented_shape_is_a_refusal() {
        let body = r#"[{"message":"m","errorCode":"UNKNOWN_EXCEPTION"}]"#;
        assert!(is_server_error(&format!("500 {body}")));
        assert!(!is_server_error(&format!("400 {body}")));
        assert!(!is_server_error("503 busy"));
    }
}

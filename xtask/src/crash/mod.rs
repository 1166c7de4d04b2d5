//! The crash test: kill the server at random points under concurrent load, restart it, compare what it kept.
//!
//! Each round runs eight writers and one subscriber against one data folder, kills the process after a random time,
//! starts it again, and holds the event log and the records against the model of what was acknowledged. The seed is
//! printed and fixes the load and the times of the kills, though not how far the server got.

mod load;
pub(crate) mod model;

use std::{
    net::SocketAddr,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use self::model::{Attempt, Model};
use crate::{
    org::{self, Org, Write},
    random::{Random, fresh_seed},
    replay::{Change, EARLIEST, Event, Subscriber},
    report::Report,
    server::{Server, tail},
    workspace::fresh_folder,
};

/// Rounds in the test command.
pub(crate) const ROUNDS: u64 = 50;
/// The load runs for at least so long before the kill, and at most so much longer.
const LOAD_MS_MIN: u64 = 50;
const LOAD_MS_SPAN: u64 = 350;
/// In some rounds the server is killed once more while it starts, within this time.
const RECOVERY_MS_MAX: u64 = 100;
/// Of the records that a round did not touch, so many are looked at again.
const OLD_RECORDS_CHECKED: u64 = 50;

/// What stays the same from round to round, and what is known so far.
struct Test {
    data: PathBuf,
    log: PathBuf,
    random: Random,
    token: String,
    model: Model,
    /// The newest replay id that was read.
    read_to: i64,
}

/// Runs the rounds. One round is one check.
///
/// # Errors
/// When the server cannot be started at all.
pub(crate) fn run(report: &mut Report, rounds: u64, seed: Option<u64>) -> Result<()> {
    let seed = seed.unwrap_or_else(fresh_seed);
    println!(
        "crash test: {rounds} rounds, seed {seed} (repeat: cargo xtask crash {rounds} {seed})"
    );
    let folder = fresh_folder("crash")?;
    let log = folder.join("server.log");
    let data = folder.join("data");
    let mut server = Server::start(&data, &log, |_| {})?;
    let mut test = Test {
        token: org::login(server.address)?,
        data,
        log,
        random: Random::new(seed),
        model: Model::default(),
        read_to: EARLIEST,
    };
    for round in 0..rounds {
        match test.round(round, server) {
            Ok((next, summary)) => {
                report.passed(&format!("crash {round}: {summary}"));
                server = next;
            }
            Err(error) => {
                report.failed(
                    &format!("crash {round}, seed {seed}"),
                    &format!("{error:#}\nthe server said:\n{}", tail(&test.log)),
                );
                return Ok(());
            }
        }
    }
    match test.close(server) {
        Ok(summary) => report.passed(&format!("crash, all rounds: {summary}")),
        Err(error) => report.failed(
            &format!("crash, all rounds, seed {seed}"),
            &format!("{error:#}"),
        ),
    }
    Ok(())
}

impl Test {
    /// Loads, kills, restarts and compares; gives the server that runs now.
    fn round(&mut self, round: u64, server: Server) -> Result<(Server, String)> {
        let load_ms = LOAD_MS_MIN + self.random.below(LOAD_MS_SPAN);
        let (attempts, delivered) = self.load(round, load_ms, server)?;
        let acknowledged = attempts
            .iter()
            .filter(|attempt| attempt.acknowledged)
            .count();
        let doubtful = attempts.len() - acknowledged;
        let refused = attempts.iter().find_map(|attempt| attempt.refused.as_ref());
        if let Some(refused) = refused {
            bail!("a write was refused under load: {refused}");
        }

        // Recovery must survive a crash as well.
        if self.random.below(4) == 0 {
            let after = Duration::from_millis(self.random.below(RECOVERY_MS_MAX));
            Server::start_and_kill(&self.data, &self.log, after)?;
        }
        let start = Instant::now();
        let server = Server::start(&self.data, &self.log, |_| {})?;
        let start_ms = start.elapsed().as_millis();
        let end = format!("end of round {round}");
        let mut org = Org::connect(server.address, &self.token)?;
        let mut attempts = attempts;
        attempts.push(create(&mut org, &end)?);
        let events = Subscriber::open(server.address, &self.token, self.read_to)
            .and_then(|mut subscriber| subscriber.read_until_created(&end))
            .with_context(|| format!("reading the log after {}", self.read_to))?;
        let read = events.len();
        self.read_to = events.last().map_or(self.read_to, |event| event.replay_id);
        let touched = self.model.advance(attempts, events)?;
        self.model.check_delivered(&delivered)?;
        self.check_records(&mut org, &touched)?;
        Ok((
            server,
            format!(
                "killed after {load_ms} ms, {acknowledged} acknowledged, {doubtful} in doubt, {read} events, \
                 {} delivered before the kill, ready again in {start_ms} ms",
                delivered.len()
            ),
        ))
    }

    /// Runs the writers and the subscriber, and kills the server in the middle of it.
    fn load(
        &mut self,
        round: u64,
        load_ms: u64,
        server: Server,
    ) -> Result<(Vec<Attempt>, Vec<Event>)> {
        let live = self.model.live_records();
        let mut subscriber = Subscriber::open(server.address, &self.token, crate::replay::LATEST)?;
        let writers: Vec<_> = (0..load::WRITERS)
            .map(|writer| load::Writer::new(round, writer, &live, self.random.fork()))
            .collect();
        let (address, token) = (server.address, self.token.clone());
        thread::scope(|scope| {
            let delivered = scope.spawn(move || subscriber.poll_until_broken());
            let writers: Vec<_> = writers
                .into_iter()
                .map(|writer| {
                    let token = &token;
                    scope.spawn(move || writer.run(address, token))
                })
                .collect();
            thread::sleep(Duration::from_millis(load_ms));
            server.kill()?;
            let mut attempts = Vec::new();
            for writer in writers {
                attempts.extend(writer.join().expect("a writer does not panic"));
            }
            let delivered = delivered.join().expect("the subscriber does not panic")?;
            Ok((attempts, delivered))
        })
    }

    /// The records that a round touched and some others must be as the log says.
    fn check_records(&mut self, org: &mut Org, touched: &[String]) -> Result<()> {
        let all: Vec<String> = self.model.records().map(|(id, _)| id.to_owned()).collect();
        let count = u64::try_from(all.len()).context("too many records")?;
        let mut chosen = touched.to_vec();
        for _ in 0..OLD_RECORDS_CHECKED.min(count) {
            let index = usize::try_from(self.random.below(count)).context("an index")?;
            chosen.extend(all.get(index).cloned());
        }
        for id in &chosen {
            self.model.check_record(id, org.name(id)?.as_deref())?;
        }
        Ok(())
    }

    /// Reads the whole log and all records once more, and stops the server as a user would.
    fn close(&mut self, server: Server) -> Result<String> {
        let end = "end of all rounds";
        let mut org = Org::connect(server.address, &self.token)?;
        let last = create(&mut org, end)?;
        let events =
            Subscriber::open(server.address, &self.token, EARLIEST)?.read_until_created(end)?;
        let count = events.len();
        self.model.check_whole_log(&events)?;
        let new = events
            .into_iter()
            .filter(|event| event.replay_id > self.read_to)
            .collect();
        self.model.advance(vec![last], new)?;
        let ids: Vec<String> = self.model.records().map(|(id, _)| id.to_owned()).collect();
        check_in_parallel(&self.model, server.address, &self.token, &ids)?;
        let status = server.stop()?;
        ensure!(
            status.success(),
            "the server ended with {status} after SIGTERM"
        );
        Ok(format!(
            "{count} events and {} records as acknowledged",
            ids.len()
        ))
    }
}

fn create(org: &mut Org, name: &str) -> Result<Attempt> {
    match org.create(name) {
        Write::Acknowledged(id) => Ok(Attempt::acknowledged(id, Change::Created(name.to_owned()))),
        other => bail!("a write after the restart: {other:?}"),
    }
}

fn check_in_parallel(
    model: &Model,
    address: SocketAddr,
    token: &str,
    ids: &[String],
) -> Result<()> {
    let share = ids.len().div_ceil(load::WRITERS).max(1);
    thread::scope(|scope| {
        let checks: Vec<_> = ids
            .chunks(share)
            .map(|ids| {
                scope.spawn(move || -> Result<()> {
                    let mut org = Org::connect(address, token)?;
                    ids.iter()
                        .try_for_each(|id| model.check_record(id, org.name(id)?.as_deref()))
                })
            })
            .collect();
        checks
            .into_iter()
            .try_for_each(|check| check.join().expect("a check does not panic"))
    })
}

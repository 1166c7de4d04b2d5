//! The trial of a cluster: three nodes on one PostgreSQL, under writers and subscribers at all of them, while nodes are killed,
//! frozen and stopped at random by a seed.
//!
//! At the end no acknowledged change may be missing, no event may be doubled, all subscribers must have the same events in
//! the same order, and the records must be what the events say. The seed fixes what happens to which node and when, though
//! not how far the nodes got.

mod fan_out;
mod jobs;
mod load;
mod node;
mod postgres;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::{load::Load, node::Node, postgres::Postgres};
use crate::{
    crash::model::{Attempt, Model},
    http::Connection,
    install,
    org::{Org, Write, login_as},
    random::{Random, fresh_seed},
    replay::{Change, Event},
    report::Report,
    server::program,
    workspace::{command, fresh_folder, output},
};

/// Seconds of a trial if none are said.
pub(crate) const SECONDS: u64 = 60;
const NODES: usize = 3;
/// Between two accidents.
const PAUSE_MS_MIN: u64 = 1_500;
const PAUSE_MS_SPAN: u64 = 2_500;
/// How long a node is frozen: sometimes shorter than PostgreSQL waits for a sign of life, sometimes longer.
const FROZEN_MS_MIN: u64 = 500;
const FROZEN_MS_SPAN: u64 = 7_000;
/// How long a node that was killed stays away.
const AWAY_MS_SPAN: u64 = 2_000;
/// A new leader is there within this time, on a busy machine too.
const LEADER_TIMEOUT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(20);
/// Records that are looked at in the end, all of them or so many.
const RECORDS_CHECKED: usize = 300;

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Accident {
    Killed,
    Frozen,
    Stopped,
}

/// How long nothing was acknowledged after an accident.
struct Stall {
    accident: Accident,
    was_leader: bool,
    longest: Duration,
}

/// Runs the trial.
///
/// # Errors
/// When the cluster cannot be set up at all.
pub(crate) fn run(report: &mut Report, seconds: u64, seed: Option<u64>) -> Result<()> {
    let programs = match install::postgres()? {
        install::Tool::Ready(programs) => programs,
        install::Tool::Missing(install) => {
            report.skipped("cluster", &format!("there is no PostgreSQL: {install}"));
            return Ok(());
        }
    };
    let seed = seed.unwrap_or_else(fresh_seed);
    println!("cluster: {seconds} s, seed {seed} (repeat: cargo xtask cluster {seconds} {seed})");
    let mut trial = Trial::begin(&programs, seed)?;
    match trial.run(Duration::from_secs(seconds)) {
        Ok(summary) => report.passed(&format!("cluster: {summary}")),
        Err(error) => {
            let said: Vec<String> = trial.nodes.iter().map(Node::said).collect();
            let said = said.join("\n");
            report.failed(
                &format!("cluster, seed {seed}"),
                &format!("{error:#}\n{said}"),
            );
        }
    }
    Ok(())
}

struct Trial {
    nodes: Vec<Node>,
    random: Random,
    token: String,
    folder: PathBuf,
    // Last, so that it ends after the nodes.
    _postgres: Postgres,
}

impl Trial {
    fn begin(programs: &Path, seed: u64) -> Result<Self> {
        let folder = fresh_folder("cluster")?;
        let postgres = Postgres::start(programs)?;
        let nodes = (0..NODES).map(|number| Node::new(&folder, number, &postgres.url()));
        let mut nodes: Vec<Node> = nodes.collect::<Result<_>>()?;
        for node in &mut nodes {
            node.start()?;
        }
        for node in &mut nodes {
            node.ready()?;
        }
        let follower = nodes.iter().find(|node| !node.leads());
        let follower = follower.context("every node leads")?;
        // A login by way of a follower.
        let token = login_as(
            follower.address,
            (node::CLIENT, node::SECRET),
            (node::USERNAME, node::PASSWORD),
        )?;
        Ok(Self {
            nodes,
            random: Random::new(seed),
            token,
            folder,
            _postgres: postgres,
        })
    }

    fn run(&mut self, time: Duration) -> Result<String> {
        let addresses: Vec<_> = self.nodes.iter().map(|node| node.address).collect();
        let load = Arc::new(Load::new(addresses, self.token.clone()));
        let writers = load.write(&mut self.random);
        let readers = load.read(&mut self.random);
        let stalls = self.accidents(&load, time);
        load.stop_writing();
        let mut attempts = Vec::new();
        for writer in writers {
            attempts.extend(writer.join().expect("a writer does not panic"));
        }
        let stalls = stalls?;
        let end = "end of the trial";
        attempts.push(self.last(end)?);
        let read = load.finish(end, readers)?;
        let summary = self.check(attempts, read)?;
        self.check_jobs()?;
        for stall in &stalls {
            println!("  {stall}");
        }
        self.fan_out()?;
        for node in &mut self.nodes {
            node.stop()?;
        }
        Ok(format!("{summary}; {}", longest(&stalls)))
    }

    /// How long events take to subscribers at a follower and at the leader.
    fn fan_out(&self) -> Result<()> {
        let place = self.leader()?;
        let leader = self.nodes.get(place).context("a node")?;
        let follower = self.nodes.get((place + 1) % NODES).context("a node")?;
        for (role, node) in [("follower", follower), ("leader", leader)] {
            let times = fan_out::measure(node.address, leader.address, &self.token)?;
            println!("  at a {role}: {times}");
        }
        Ok(())
    }

    /// Has accidents happen until the time is over, and returns with all nodes running.
    fn accidents(&mut self, load: &Load, time: Duration) -> Result<Vec<Stall>> {
        let began = Instant::now();
        let mut stalls = Vec::new();
        while began.elapsed() < time {
            self.pause(PAUSE_MS_MIN, PAUSE_MS_SPAN);
            let accident = match self.random.below(3) {
                0 => Accident::Killed,
                1 => Accident::Frozen,
                _ => Accident::Stopped,
            };
            let wants_leader = self.random.below(3) > 0;
            let other = usize::try_from(self.random.below(NODES as u64))?;
            let leader = self.leader()?;
            let victim = if wants_leader { leader } else { other };
            let happened = Instant::now();
            self.befall(victim, accident)?;
            self.leader()?;
            load.wait_for_acknowledgement(Instant::now(), LEADER_TIMEOUT)?;
            stalls.push(Stall {
                accident,
                was_leader: victim == leader,
                longest: load.longest_gap(happened),
            });
        }
        Ok(stalls)
    }

    fn befall(&mut self, victim: usize, accident: Accident) -> Result<()> {
        let (frozen, away) = (
            FROZEN_MS_MIN + self.random.below(FROZEN_MS_SPAN),
            self.random.below(AWAY_MS_SPAN),
        );
        let node = self.nodes.get_mut(victim).context("a node")?;
        match accident {
            Accident::Killed => {
                node.kill()?;
                thread::sleep(Duration::from_millis(away));
                node.start()?;
            }
            Accident::Frozen => {
                node.signal("-STOP")?;
                thread::sleep(Duration::from_millis(frozen));
                node.signal("-CONT")?;
            }
            Accident::Stopped => {
                node.stop()?;
                thread::sleep(Duration::from_millis(away));
                node.start()?;
            }
        }
        node.ready()
    }

    fn pause(&mut self, least: u64, span: u64) {
        thread::sleep(Duration::from_millis(least + self.random.below(span)));
    }

    /// The place of the node that leads, once there is one and no other.
    fn leader(&self) -> Result<usize> {
        let began = Instant::now();
        while began.elapsed() < LEADER_TIMEOUT {
            let running = self.nodes.iter().enumerate();
            let running = running.filter(|(_, node)| node.is_running() && node.leads());
            let leaders: Vec<usize> = running.map(|(place, _)| place).collect();
            if let [leader] = leaders.as_slice() {
                return Ok(*leader);
            }
            thread::sleep(POLL);
        }
        bail!("no node leads")
    }

    /// The write that ends the log.
    fn last(&self, name: &str) -> Result<Attempt> {
        let leader = self.leader()?;
        let follower = self.nodes.get((leader + 1) % NODES).context("a node")?;
        let mut org = Org::connect(follower.address, &self.token)?;
        match org.create(name) {
            Write::Acknowledged(id) => {
                Ok(Attempt::acknowledged(id, Change::Created(name.to_owned())))
            }
            other => bail!("the last write: {other:?}"),
        }
    }

    fn check(&self, attempts: Vec<Attempt>, read: Vec<Vec<Event>>) -> Result<String> {
        let acknowledged = attempts
            .iter()
            .filter(|attempt| attempt.acknowledged)
            .count();
        let doubtful = attempts.len() - acknowledged;
        let mut read = read.into_iter();
        let log = read.next().context("a subscriber")?;
        for (number, other) in read.enumerate() {
            let differs = log.iter().zip(&other).position(|(one, other)| one != other);
            ensure!(
                log == other,
                "subscribers 0 and {} have {} and {} events, and differ at {differs:?}",
                number + 1,
                log.len(),
                other.len()
            );
        }
        let events = log.len();
        self.wait_until_current()?;
        self.check_called(&log)?;
        let mut model = Model::default();
        model.advance(attempts, log)?;
        let leader = self.leader()?;
        let follower = self.nodes.get((leader + 1) % NODES).context("a node")?;
        let mut org = Org::connect(follower.address, &self.token)?;
        let all: Vec<String> = model.records().map(|(id, _)| id.to_owned()).collect();
        let every = all.len().div_ceil(RECORDS_CHECKED).max(1);
        for id in all.iter().step_by(every) {
            model.check_record(id, org.name(id)?.as_deref())?;
        }
        self.check_listed(leader)?;
        Ok(format!(
            "{acknowledged} changes acknowledged, {doubtful} in doubt, {events} events, 0 lost, 0 doubled, one order for {} \
             subscribers and a call of the Pub/Sub API, bulk jobs went on",
            load::READERS
        ))
    }

    /// Waits until every node delivers events by itself.
    fn wait_until_current(&self) -> Result<()> {
        let began = Instant::now();
        let is_current = |node: &Node| {
            let readiness = node.readiness();
            readiness.is_ok_and(|(_, body)| body["role"] == "leader" || body["current"] == true)
        };
        while !self.nodes.iter().all(is_current) {
            ensure!(
                began.elapsed() < LEADER_TIMEOUT,
                "a node does not deliver events by itself"
            );
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// The same events by a stream of the Pub/Sub API by way of a follower.
    fn check_called(&self, log: &[Event]) -> Result<()> {
        let leader = self.leader()?;
        let follower = self.nodes.get((leader + 1) % NODES).context("a node")?;
        let printed = output(
            command(program())
                .args(["tail", "--protocol", "pubsub", "--replay", "earliest"])
                .args(["--target", &format!("http://{}", follower.address)])
                .args([
                    "--count",
                    &log.len().to_string(),
                    "/data/AccountChangeEvent",
                ])
                .env("LANDFALL_ACCESS_TOKEN", &self.token),
        )?;
        let ids = printed.lines().map(|line| -> Result<i64> {
            let event: Value = serde_json::from_str(line)?;
            let id = event["replayId"].as_str().map(str::parse::<i64>);
            let id = id.unwrap_or_else(|| Ok(event["replayId"].as_i64().unwrap_or(-1)))?;
            Ok(id)
        });
        let ids: Vec<i64> = ids.collect::<Result<_>>()?;
        let expected: Vec<i64> = log.iter().map(|event| event.replay_id).collect();
        ensure!(
            ids == expected,
            "a stream of the Pub/Sub API has other events than the polls"
        );
        let mut connection = Connection::open(follower.address)?;
        connection.authorization = Some(format!("Bearer {}", node::METRICS_TOKEN));
        let metrics = connection.get("/metrics")?.body;
        let none = format!(
            "landfall_cluster_served_total{{node=\"{}\"}} 0",
            follower.address
        );
        ensure!(
            metrics.contains("landfall_cluster_served_total{")
                && !metrics.lines().any(|line| line == none),
            "a follower answers nothing by itself"
        );
        Ok(())
    }

    /// What operators see of the nodes.
    fn check_listed(&self, leader: usize) -> Result<()> {
        let leader = self.nodes.get(leader).context("a node")?;
        let listed = output(
            command(program())
                .args(["cluster", "status", "--json", "--config"])
                .arg(leader.config()),
        )?;
        let listed: Value = serde_json::from_str(&listed)?;
        let nodes = listed["data"]["nodes"].as_array().context("no nodes")?;
        ensure!(nodes.len() == NODES, "other nodes are listed: {listed}");
        ensure!(
            listed["data"]["leader"] == leader.address.to_string(),
            "another leader is listed: {listed}"
        );
        for node in &self.nodes {
            let mut connection = Connection::open(node.address)?;
            connection.authorization = Some(format!("Bearer {}", node::METRICS_TOKEN));
            let metrics = connection.get("/metrics")?.body;
            let leads = u8::from(std::ptr::eq(node, leader));
            let line = format!(
                "landfall_cluster_leader{{node=\"{}\"}} {leads}",
                node.address
            );
            ensure!(metrics.contains(&line), "{} has no {line}", node.name);
            let line = format!("landfall_cluster_current{{node=\"{}\"}} 1", node.address);
            ensure!(metrics.contains(&line), "{} has no {line}", node.name);
        }
        ensure!(self.folder.exists(), "the folder of the trial is gone");
        Ok(())
    }
}

impl std::fmt::Display for Stall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let who = if self.was_leader {
            "leader"
        } else {
            "follower"
        };
        let what = format!("{:?}", self.accident).to_lowercase();
        write!(
            f,
            "{who} {what}: no acknowledgement for {} ms",
            self.longest.as_millis()
        )
    }
}

/// The longest stall of each cause.
fn longest(stalls: &[Stall]) -> String {
    let causes = [Accident::Killed, Accident::Frozen, Accident::Stopped];
    let longest = causes.iter().map(|cause| {
        let of = stalls
            .iter()
            .filter(|stall| stall.accident == *cause && stall.was_leader);
        let times = of.clone().count();
        let most = of.map(|stall| stall.longest.as_millis()).max().unwrap_or(0);
        format!(
            "leader {} {times} times, at most {most} ms without writes",
            format!("{cause:?}").to_lowercase()
        )
    });
    longest.collect::<Vec<_>>().join(", ")
}

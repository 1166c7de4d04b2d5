//! CPU time and memory of a process and the machine, from `/proc` of Linux; unknown on other systems.

use std::fs;
use std::time::{Duration, Instant};

/// The machine is quiet when others use less than this.
const QUIET_CORES: f64 = 0.1;

/// CPU time used up to a moment.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    at: Instant,
    server: Option<f64>,
    own: Option<f64>,
    machine: Option<f64>,
}

/// What was used between two samples.
pub(super) struct Used {
    pub(super) elapsed: Duration,
    /// Unit: CPU seconds.
    pub(super) server: Option<f64>,
    /// Load generator. Unit: cores.
    pub(super) own_cores: Option<f64>,
    /// Neither server nor load generator. Unit: cores.
    pub(super) other_cores: Option<f64>,
}

impl Sample {
    pub(super) fn now(server: Option<u32>) -> Self {
        Self {
            at: Instant::now(),
            server: server.and_then(|pid| cpu_seconds(&pid.to_string())),
            own: cpu_seconds("self"),
            machine: machine_seconds(),
        }
    }

    pub(super) fn until(self, later: Self) -> Used {
        let elapsed = later.at - self.at;
        let cores = |seconds: f64| seconds / elapsed.as_secs_f64();
        let server = difference(self.server, later.server);
        let own = difference(self.own, later.own);
        let machine = difference(self.machine, later.machine);
        Used {
            elapsed,
            server,
            own_cores: own.map(cores),
            other_cores: machine
                .zip(own)
                .zip(server)
                .map(|((machine, own), server)| cores(machine - own - server).max(0.0)),
        }
    }
}

impl Used {
    /// CPU seconds of the server for a million of what was done.
    pub(super) fn per_million(&self, done: u64) -> Option<f64> {
        (done > 0)
            .then_some(self.server)
            .flatten()
            .map(|seconds| seconds * 1e6 / super::float(done))
    }

    pub(super) fn per_second(&self, done: u64) -> f64 {
        super::float(done) / self.elapsed.as_secs_f64()
    }
}

/// Waits until others leave the machine alone for a second, `patience` at most.
pub(super) async fn quiet(server: Option<u32>, patience: Duration) {
    let started = Instant::now();
    while started.elapsed() < patience {
        let sample = Sample::now(server);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let used = sample.until(Sample::now(server));
        if used.other_cores.is_none_or(|cores| cores < QUIET_CORES) {
            return;
        }
    }
}

fn difference(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    before.zip(after).map(|(before, after)| after - before)
}

/// User and system time. Source: proc(5), `/proc/pid/stat`: fields 14 and 15, counted from the state, which is field 3.
fn cpu_seconds(process: &str) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in brackets may hold anything, brackets included.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(super::float(user + system) / ticks_per_second())
}

/// Time that any processor was busy. Source: proc(5), `/proc/stat`: user, nice, system, (idle, iowait), irq, softirq.
fn machine_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let times: Vec<u64> = stat
        .lines()
        .next()?
        .split_ascii_whitespace()
        .skip(1)
        .map_while(|field| field.parse().ok())
        .collect();
    let busy: u64 = times
        .iter()
        .enumerate()
        .filter(|(place, _)| [0, 1, 2, 5, 6].contains(place))
        .map(|(_, time)| time)
        .sum();
    Some(super::float(busy) / ticks_per_second())
}

/// Resident memory. Unit: KiB.
pub(super) fn resident_kib(pid: u32) -> Option<f64> {
    status_kib(pid, "VmRSS:")
}

/// The most that it has been. Unit: KiB.
pub(super) fn peak_kib(pid: u32) -> Option<f64> {
    status_kib(pid, "VmHWM:")
}

/// Source: proc(5), `/proc/pid/status`.
fn status_kib(pid: u32, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(super::float(kib))
}

#[cfg(unix)]
fn ticks_per_second() -> f64 {
    super::float(rustix::param::clock_ticks_per_second())
}

#[cfg(not(unix))]
fn ticks_per_second() -> f64 {
    100.0
}

/// Lets this process and its children open as many files as the system permits; says how many that are.
#[cfg(unix)]
pub(super) fn raise_open_files() -> Option<u64> {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        limit.current = limit.maximum;
        // A refusal leaves the old limit, which is what is reported then.
        let _ = setrlimit(Resource::Nofile, limit);
    }
    getrlimit(Resource::Nofile).current
}

/// Lets this process and its children open as many files as the system permits; says how many that are.
#[cfg(not(unix))]
pub(super) const fn raise_open_files() -> Option<u64> {
    None
}

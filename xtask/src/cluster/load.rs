//! Writers and subscribers that go to another node whenever one fails them.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Result, bail};

use crate::{
    crash::model::Attempt,
    org::{Org, Write},
    random::Random,
    replay::{Change, EARLIEST, Event, Subscriber},
};

const WRITERS: usize = 4;
/// Subscribers whose events are compared in the end: the first half has a node each, and goes back to it whatever happens to
/// it; the others go to any node.
pub(super) const READERS: usize = 6;
/// Pause of a client that no node serves.
const PAUSE: Duration = Duration::from_millis(50);
/// The subscribers have all events within this time after the last one.
const CATCH_UP_TIMEOUT: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(10);

/// What the clients have in common.
pub(super) struct Load {
    addresses: Vec<SocketAddr>,
    token: String,
    writes: AtomicBool,
    reads: AtomicBool,
    /// When each change was acknowledged.
    acknowledged: Mutex<Vec<Instant>>,
}

/// A subscriber in its thread, and what it has so far.
pub(super) struct Reader {
    thread: JoinHandle<()>,
    read: Arc<Mutex<Read>>,
}

/// What a subscriber has.
#[derive(Default)]
struct Read {
    events: Vec<Event>,
    /// How often it subscribed, and why again last.
    subscribed: usize,
    failure: String,
}

impl Load {
    pub(super) fn new(addresses: Vec<SocketAddr>, token: String) -> Self {
        Self {
            addresses,
            token,
            writes: AtomicBool::new(true),
            reads: AtomicBool::new(true),
            acknowledged: Mutex::default(),
        }
    }

    pub(super) fn write(self: &Arc<Self>, random: &mut Random) -> Vec<JoinHandle<Vec<Attempt>>> {
        let writers = (0..WRITERS).map(|number| {
            let (load, random) = (Arc::clone(self), random.fork());
            thread::spawn(move || load.write_on(number, random))
        });
        writers.collect()
    }

    pub(super) fn read(self: &Arc<Self>, random: &mut Random) -> Vec<Reader> {
        let readers = (0..READERS).map(|number| {
            let (load, random) = (Arc::clone(self), random.fork());
            let home = (number < READERS / 2).then(|| self.addresses.get(number).copied());
            let home = home.flatten();
            let read = Arc::new(Mutex::default());
            let kept = Arc::clone(&read);
            Reader {
                thread: thread::spawn(move || load.read_on(&kept, home, random)),
                read,
            }
        });
        readers.collect()
    }

    pub(super) fn stop_writing(&self) {
        self.writes.store(false, Ordering::Relaxed);
    }

    /// Creates records and renames some of them.
    fn write_on(&self, number: usize, mut random: Random) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let mut org: Option<Org> = None;
        let mut record: Option<String> = None;
        while self.writes.load(Ordering::Relaxed) {
            let Some(connected) = &mut org else {
                org = Org::connect(self.any(&mut random), &self.token).ok();
                if org.is_none() {
                    thread::sleep(PAUSE);
                }
                continue;
            };
            let name = format!("writer {number} write {}", attempts.len());
            let (outcome, id, change) = match record.take() {
                Some(id) => (
                    connected.rename(&id, &name),
                    Some(id),
                    Change::Renamed(name),
                ),
                None => (connected.create(&name), None, Change::Created(name)),
            };
            match outcome {
                Write::Acknowledged(written) => {
                    self.acknowledge();
                    if id.is_none() && random.below(3) == 0 {
                        record = Some(written.clone());
                    }
                    attempts.push(Attempt::acknowledged(written, change));
                }
                Write::Refused { .. } | Write::Unknown => {
                    attempts.push(Attempt::doubtful(id, change));
                    org = None;
                    thread::sleep(PAUSE);
                }
            }
        }
        attempts
    }

    /// Follows the log, with the replay id of its last event wherever it subscribes again.
    fn read_on(&self, read: &Mutex<Read>, home: Option<SocketAddr>, mut random: Random) {
        while self.reads.load(Ordering::Relaxed) {
            let address = home.unwrap_or_else(|| self.any(&mut random));
            if let Err(failed) = self.read_from(address, read) {
                lock(read).failure = format!("{failed:#}");
                thread::sleep(PAUSE);
            }
        }
    }

    fn read_from(&self, address: SocketAddr, read: &Mutex<Read>) -> Result<()> {
        let last = lock(read).events.last().map(|event| event.replay_id);
        let mut subscriber = Subscriber::open(address, &self.token, last.unwrap_or(EARLIEST))?;
        lock(read).subscribed += 1;
        while self.reads.load(Ordering::Relaxed) {
            let more = subscriber.poll()?;
            lock(read).events.extend(more);
        }
        Ok(())
    }

    fn any(&self, random: &mut Random) -> SocketAddr {
        let place = random.below(u64::try_from(self.addresses.len()).unwrap_or(1));
        let place = usize::try_from(place).unwrap_or(0);
        *self
            .addresses
            .get(place)
            .expect("a place below their number")
    }

    fn acknowledge(&self) {
        lock(&self.acknowledged).push(Instant::now());
    }

    /// Waits until a change is acknowledged after this moment.
    ///
    /// # Errors
    /// When none is in time.
    pub(super) fn wait_for_acknowledgement(&self, since: Instant, time: Duration) -> Result<()> {
        let began = Instant::now();
        while lock(&self.acknowledged)
            .last()
            .is_none_or(|last| *last < since)
        {
            if began.elapsed() > time {
                bail!("no change was acknowledged for {time:?}");
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// The longest time without an acknowledgement that ended after this moment.
    pub(super) fn longest_gap(&self, since: Instant) -> Duration {
        let acknowledged = lock(&self.acknowledged);
        let from = acknowledged
            .partition_point(|at| *at < since)
            .saturating_sub(1);
        let recent = acknowledged.get(from..).unwrap_or_default();
        let gaps = recent.windows(2).map(|pair| match pair {
            [one, next] => next.duration_since(*one),
            _ => Duration::ZERO,
        });
        gaps.max().unwrap_or_default()
    }

    /// What each subscriber has, once they all have the record with this name.
    ///
    /// # Errors
    /// When one does not get it in time.
    pub(super) fn finish(&self, end: &str, readers: Vec<Reader>) -> Result<Vec<Vec<Event>>> {
        let began = Instant::now();
        let end = Change::Created(end.to_owned());
        let has_all = |reader: &Reader| {
            let read = lock(&reader.read);
            read.events.last().is_some_and(|event| event.change == end)
        };
        while !readers.iter().all(has_all) {
            if began.elapsed() > CATCH_UP_TIMEOUT {
                let have = readers.iter().map(|reader| {
                    let read = lock(&reader.read);
                    let (events, times) = (read.events.len(), read.subscribed);
                    format!(
                        "{events} events, subscribed {times} times, again for {:?}",
                        read.failure
                    )
                });
                let have: Vec<String> = have.collect();
                bail!("the subscribers do not get the last event; they have {have:#?}");
            }
            thread::sleep(POLL);
        }
        self.reads.store(false, Ordering::Relaxed);
        // Each is in a poll that nothing ends any more; its events are read without it.
        let read = readers.into_iter().map(|reader| {
            drop(reader.thread);
            lock(&reader.read).events.clone()
        });
        Ok(read.collect())
    }
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

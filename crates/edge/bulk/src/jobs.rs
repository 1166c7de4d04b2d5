//! All jobs of the org, in memory as they are kept.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_engine::Engine;
use landfall_model::limits::{BULK_JOB_DAYS, BULK_JOBS_MAX};
use landfall_model::{BulkFault, Consequences, Fault, RecordId, Timestamp};
use landfall_store::DocumentKind;
use tokio::sync::Notify;

use crate::classic::job::Classic;
use crate::error::Error;
use crate::job::{BATCH_PREFIX, JOB_PREFIX, Job, State, id_of, point};
use crate::slot::Slot;

const MILLIS_A_DAY: i64 = 86_400_000;

/// A job that has batches.
pub(crate) type ClassicEntry = Arc<Slot<Classic>>;

/// A job of the Bulk API 2.0, or a batch.
pub(crate) type Entry = Arc<Slot<Job>>;

/// Who observes the request that has a job processed.
pub(crate) type Observer = Arc<dyn Consequences>;

/// A job that waits to be processed. Nobody observes one that a restart has interrupted.
pub(crate) type Queued = (Entry, Option<Observer>);

pub(crate) struct Jobs {
    known: Mutex<Known>,
    /// Notified when the queue has grown.
    pub(crate) queued: Notify,
}

struct Known {
    /// Batches are among them.
    jobs: BTreeMap<String, Entry>,
    classic: BTreeMap<String, ClassicEntry>,
    queue: VecDeque<Queued>,
    /// The jobs whose data is arriving.
    uploading: HashSet<String>,
    /// Jobs that a fault has made unknown.
    lost: HashSet<String>,
    /// The number of the newest job.
    last: u64,
}

impl Jobs {
    pub(crate) async fn load(engine: &Engine) -> Result<Self, Error> {
        let mut all = Vec::new();
        for (_, content) in engine.documents(DocumentKind::BulkJob).await? {
            all.push(Job::read(&content)?);
        }
        all.sort_by(|a, b| (a.modified, &a.id).cmp(&(b.modified, &b.id)));
        let mut known = Known {
            jobs: BTreeMap::new(),
            classic: BTreeMap::new(),
            queue: VecDeque::new(),
            uploading: HashSet::new(),
            lost: HashSet::new(),
            last: 0,
        };
        for job in all {
            let waits = matches!(job.state, State::UploadComplete | State::InProgress);
            known.last = known.last.max(u64::try_from(job.created).unwrap_or(0));
            let id = job.id.clone();
            let entry = Slot::<Job>::new(job);
            if waits {
                known.queue.push_back((Arc::clone(&entry), None));
            }
            known.jobs.insert(id, entry);
        }
        for (_, content) in engine.documents(DocumentKind::BulkClassic).await? {
            let job = Classic::read(&content)?;
            known.last = known.last.max(u64::try_from(job.created).unwrap_or(0));
            let id = job.id.clone();
            known.classic.insert(id, Slot::<Classic>::new(job));
        }
        Ok(Self {
            known: Mutex::new(known),
            queued: Notify::new(),
        })
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ids of all jobs.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.known().jobs.keys().cloned().collect()
    }

    /// The job of an id in either form.
    pub(crate) fn find(&self, id: &str) -> Option<Entry> {
        let id = RecordId::parse(id).ok()?;
        self.known().jobs.get(id.as_str()).cloned()
    }

    /// The job with batches of an id in either form.
    pub(crate) fn find_classic(&self, id: &str) -> Option<ClassicEntry> {
        let id = RecordId::parse(id).ok()?;
        self.known().classic.get(id.as_str()).cloned()
    }

    /// Makes a job unknown to clients. It goes on, and is kept as long as others.
    pub(crate) fn lose(&self, id: &str) {
        self.known().lost.insert(id.to_owned());
    }

    /// Whether a job is unknown to clients.
    pub(crate) fn is_lost(&self, id: &str) -> bool {
        self.known().lost.contains(id)
    }

    /// All jobs with batches.
    pub(crate) fn all_classic(&self) -> Vec<ClassicEntry> {
        self.known().classic.values().cloned().collect()
    }

    /// All jobs as they are.
    pub(crate) fn all(&self) -> Vec<Arc<Job>> {
        self.known()
            .jobs
            .values()
            .map(|entry| entry.get())
            .collect()
    }

    /// Bytes of the files of all jobs.
    pub(crate) fn stored_bytes(&self) -> u64 {
        let all = self.all();
        let bytes = all.iter().map(|job| job.content.unwrap_or(0));
        bytes.fold(0, u64::saturating_add)
    }

    /// Gives a job its id, and the time that the id is made of: one of its own.
    ///
    /// # Errors
    /// [`BulkFault::QuotaExceeded`].
    pub(crate) fn number(&self, engine: &Engine) -> Result<(String, i64), Fault> {
        self.number_of(engine, JOB_PREFIX)
    }

    /// The same for a batch.
    ///
    /// # Errors
    /// [`BulkFault::QuotaExceeded`].
    pub(crate) fn number_batch(&self, engine: &Engine) -> Result<(String, i64), Fault> {
        self.number_of(engine, BATCH_PREFIX)
    }

    fn number_of(&self, engine: &Engine, prefix: &str) -> Result<(String, i64), Fault> {
        let now = engine.clock().now().as_millis();
        let mut known = self.known();
        if known.jobs.len() + known.classic.len() >= BULK_JOBS_MAX {
            return Err(Fault::Bulk(BulkFault::QuotaExceeded));
        }
        known.last = known
            .last
            .saturating_add(1)
            .max(u64::try_from(now).unwrap_or(0));
        let created = i64::try_from(known.last).unwrap_or(now);
        Ok((id_of(engine, prefix, known.last), created))
    }

    /// Adds a job that is kept.
    pub(crate) fn add(&self, job: Job) -> Entry {
        let id = job.id.clone();
        let entry = Slot::<Job>::new(job);
        self.known().jobs.insert(id, Arc::clone(&entry));
        entry
    }

    /// Adds a job with batches that is kept.
    pub(crate) fn add_classic(&self, job: Classic) {
        let id = job.id.clone();
        self.known().classic.insert(id, Slot::<Classic>::new(job));
    }

    /// Begins to take the data of a job, which one request at a time does.
    pub(crate) fn uploading(&self, id: &str) -> Option<Uploading<'_>> {
        let begun = self.known().uploading.insert(id.to_owned());
        begun.then(|| Uploading {
            jobs: self,
            id: id.to_owned(),
        })
    }

    /// Has a job processed; `observer` takes what fails in it.
    pub(crate) fn enqueue(&self, entry: Entry, observer: Option<Observer>) {
        self.known().queue.push_back((entry, observer));
        self.queued.notify_one();
    }

    /// The job whose turn it is.
    pub(crate) fn next(&self) -> Option<Queued> {
        self.known().queue.pop_front()
    }

    /// Removes a job that is not kept any more.
    pub(crate) fn remove(&self, id: &str) {
        let mut known = self.known();
        known.jobs.remove(id);
        known.lost.remove(id);
    }

    /// Removes a job with batches that is not kept any more.
    pub(crate) fn remove_classic(&self, id: &str) {
        let mut known = self.known();
        known.classic.remove(id);
        known.lost.remove(id);
    }

    /// The jobs that ended long enough ago to be forgotten; batches are forgotten with their jobs.
    pub(crate) fn outdated(&self, engine: &Engine) -> Vec<Entry> {
        let now = engine.clock().now();
        let known = self.known();
        let outdated = known.jobs.values().filter(|entry| {
            let job = entry.get();
            job.batch_of.is_none() && job.state.is_final() && is_outdated(now, job.modified)
        });
        outdated.cloned().collect()
    }
}

/// Whether so much time has gone that nobody asks about it any more.
pub(crate) const fn is_outdated(now: Timestamp, modified: i64) -> bool {
    now.since(point(modified)) > BULK_JOB_DAYS * MILLIS_A_DAY
}

/// The data of a job is arriving.
pub(crate) struct Uploading<'j> {
    jobs: &'j Jobs,
    id: String,
}

impl Drop for Uploading<'_> {
    fn drop(&mut self) {
        self.jobs.known().uploading.remove(&self.id);
    }
}

//! Snapshots of a developer org, in a folder next to its data file, and the two states that it keeps of itself: `empty`, with
//! its project and without records, and `seed`, with the records of its seeds.
//!
//! A snapshot is two files: `NAME.db`, which is a data file, and `NAME.json`, which says what is in it and has its checksum.
//! The second one is written last: without it there is no snapshot.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_control::{Snapshot, SnapshotError, Work};
use landfall_engine::{DifferenceRequest, Differences, Engine, SnapshotContent, chain};
use landfall_lock::{Mutex, Rank};
use landfall_model::limits::{SNAPSHOT_NAME_MAX, SNAPSHOTS_MAX};
use landfall_model::{EntityName, ReplayId, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;
use tracing::warn;

use crate::error::Error;
use crate::orgs::project;
use crate::phase::{Listener, Phase};

/// The state with the records of the seeds.
const SEED: &str = "seed";
/// The state without them.
const EMPTY: &str = "empty";
/// Name of the folder.
const FOLDER: &str = "snapshots";
/// What the names of files end with that are being written.
const LEFT: [&str; 2] = [".new", ".new-journal"];
/// Why a snapshot was not saved, restored or compared when an org ends.
const ENDED: &str = "the org was closed before it was done";
/// Bytes that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// The snapshots of an org: cheap to clone.
#[derive(Clone)]
pub(crate) struct Snapshots(Arc<Inner>);

struct Inner {
    engine: Engine,
    folder: PathBuf,
    project: Option<project::Source>,
    /// Whether what is saved has to survive a loss of power.
    is_durable: bool,
    /// One at a time is written, read or removed.
    turn: Mutex<()>,
    phase: Listener,
}

/// What is written about a snapshot.
#[derive(Serialize, Deserialize)]
struct Description {
    version: u32,
    /// Milliseconds since the epoch, by the clock of the org.
    saved: i64,
    bytes: u64,
    /// Of the file.
    crc32: u32,
    records: Vec<(String, u64)>,
    events: u64,
    replay_id: u64,
}

/// Of [`Description`].
const VERSION: u32 = 1;

impl Snapshots {
    /// Those of the org with this data file.
    pub(crate) fn beside(
        file: &Path,
        engine: &Engine,
        project: Option<project::Source>,
        is_durable: bool,
        phase: Listener,
    ) -> Self {
        Self(Arc::new(Inner {
            engine: engine.clone(),
            folder: file.with_file_name(FOLDER),
            project,
            is_durable,
            turn: Mutex::new(Rank::Snapshots, ()),
            phase,
        }))
    }

    /// Keeps what the org holds now as the state without the records of seeds.
    pub(crate) async fn keep_empty(&self) -> Result<(), Error> {
        self.keep(EMPTY).await
    }

    /// Keeps what the org holds now as the state with them.
    pub(crate) async fn keep_seed(&self) -> Result<(), Error> {
        self.keep(SEED).await
    }

    async fn keep(&self, state: &str) -> Result<(), Error> {
        let kept = self.0.save(state).await;
        kept.map(drop).map_err(|reason| Error::State { reason })
    }
}

impl landfall_control::Snapshots for Snapshots {
    fn list(&self) -> Work<Result<Vec<Snapshot>, SnapshotError>> {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.list().await })
    }

    fn save(&self, name: &str) -> Work<Result<Snapshot, SnapshotError>> {
        let (inner, name) = (Arc::clone(&self.0), name.to_owned());
        whole(self.0.phase.clone(), async move {
            check(&name)?;
            let _turn = inner.turn.lock().await;
            let others = inner.list().await?;
            if others.len() >= SNAPSHOTS_MAX && others.iter().all(|other| other.name != name) {
                return Err(SnapshotError::TooMany);
            }
            inner.save(&name).await.map_err(SnapshotError::Failed)
        })
    }

    fn restore(&self, name: &str, log_goes_on: bool) -> Work<Result<Snapshot, SnapshotError>> {
        let (inner, name) = (Arc::clone(&self.0), name.to_owned());
        whole(self.0.phase.clone(), async move {
            let _turn = inner.turn.lock().await;
            inner.restore(&name, log_goes_on).await
        })
    }

    fn difference(
        &self,
        from: &str,
        to: Option<&str>,
        request: DifferenceRequest,
    ) -> Work<Result<Differences, SnapshotError>> {
        let (inner, from) = (Arc::clone(&self.0), from.to_owned());
        let to = to.map(str::to_owned);
        Box::pin(async move {
            // So that neither is replaced or removed meanwhile.
            let _turn = inner.turn.lock().await;
            let from = inner.found(from).await?;
            let to = match to {
                Some(to) => Some(inner.found(to).await?),
                None => None,
            };
            let compared = inner.engine.difference(from, to, request).await;
            compared.map_err(|error| unusable(&error))
        })
    }

    fn remove(&self, name: &str) -> Work<Result<(), SnapshotError>> {
        let (inner, name) = (Arc::clone(&self.0), name.to_owned());
        whole(self.0.phase.clone(), async move {
            check(&name)?;
            let _turn = inner.turn.lock().await;
            let removing = Arc::clone(&inner);
            let removed = spawn_blocking(move || removing.remove(&name));
            removed.await.map_err(|panic| failed(&panic))?
        })
    }
}

/// Work in a task of its own: if the client hangs up, it is still done as a whole, unless the org ends before.
fn whole<T: Send + 'static>(
    mut phase: Listener,
    work: impl Future<Output = Result<T, SnapshotError>> + Send + 'static,
) -> Work<Result<T, SnapshotError>> {
    Box::pin(async move {
        let done = tokio::spawn(async move {
            tokio::select! {
                done = work => done,
                () = phase.reached(Phase::Ending) => Err(SnapshotError::Failed(ENDED.to_owned())),
            }
        });
        let done = done.await;
        done.unwrap_or_else(|panic| Err(failed(&panic)))
    })
}

impl Inner {
    fn data(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.db"))
    }

    fn description(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    async fn list(self: &Arc<Self>) -> Result<Vec<Snapshot>, SnapshotError> {
        let inner = Arc::clone(self);
        let listed = spawn_blocking(move || inner.read_all());
        listed.await.map_err(|panic| failed(&panic))?
    }

    fn read_all(&self) -> Result<Vec<Snapshot>, SnapshotError> {
        let files = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(|error| failed(&error))?,
        };
        let mut all = Vec::new();
        for file in files {
            let file = file.map_err(|error| failed(&error))?.file_name();
            let name = file.to_str().and_then(|file| file.strip_suffix(".json"));
            if let Some(name) = name.filter(|name| check(name).is_ok()) {
                all.push(self.described(name)?.0);
            }
        }
        all.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(all)
    }

    /// What is written about a snapshot, and the checksum of its file.
    fn described(&self, name: &str) -> Result<(Snapshot, u32), SnapshotError> {
        let path = self.description(name);
        let content = match std::fs::read(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(SnapshotError::Unknown);
            }
            content => content.map_err(|error| failed(&error))?,
        };
        let unusable = |reason: &dyn std::fmt::Display| {
            SnapshotError::Unusable(format!("{}: {reason}", path.display()))
        };
        let read: Description =
            serde_json::from_slice(&content).map_err(|error| unusable(&error))?;
        if read.version != VERSION {
            return Err(unusable(&"it was saved by another version of this program"));
        }
        let records = read.records.into_iter();
        let snapshot = Snapshot {
            name: name.to_owned(),
            saved: Timestamp::from_millis(read.saved),
            bytes: read.bytes,
            content: SnapshotContent {
                records: records
                    .map(|(object, count)| (EntityName::new(object), count))
                    .collect(),
                events: read.events,
                tail: ReplayId::new(read.replay_id),
            },
        };
        Ok((snapshot, read.crc32))
    }

    /// Saves what the org holds now; it is there as a whole, or not at all.
    async fn save(self: &Arc<Self>, name: &str) -> Result<Snapshot, String> {
        begin(&self.folder).map_err(|error| reported(&error))?;
        let temporary = self.folder.join(format!("{name}.new"));
        let saved = self.engine.clock().now();
        let written = self.engine.save(temporary.clone()).await;
        let (inner, name) = (Arc::clone(self), name.to_owned());
        let content = written.map_err(|error| reported(&error))?;
        let put = spawn_blocking(move || inner.put(&name, &temporary, saved, content));
        put.await.map_err(|panic| reported(&panic))?
    }

    /// Has a file that was written be a snapshot.
    fn put(
        &self,
        name: &str,
        file: &Path,
        saved: Timestamp,
        content: SnapshotContent,
    ) -> Result<Snapshot, String> {
        let put = || {
            let (bytes, crc32) = self.sum(file)?;
            let records = content.records.iter();
            let description = serde_json::to_vec(&Description {
                version: VERSION,
                saved: saved.as_millis(),
                bytes,
                crc32,
                records: records
                    .map(|(object, count)| (object.as_str().to_owned(), *count))
                    .collect(),
                events: content.events,
                replay_id: content.tail.get(),
            })?;
            // First, so that description and file never are of different times.
            remove(&self.description(name))?;
            std::fs::rename(file, self.data(name))?;
            let written = self.folder.join(format!("{name}.json.new"));
            write(&written, &description, self.is_durable)?;
            std::fs::rename(written, self.description(name))?;
            if self.is_durable {
                File::open(&self.folder)?.sync_all()?;
            }
            Ok(bytes)
        };
        let bytes = put().map_err(|error: io::Error| reported(&error))?;
        Ok(Snapshot {
            name: name.to_owned(),
            saved,
            bytes,
            content,
        })
    }

    /// A snapshot or a state whose file is what was saved.
    async fn whole(self: &Arc<Self>, name: String) -> Result<Snapshot, SnapshotError> {
        let inner = Arc::clone(self);
        let found = spawn_blocking(move || inner.checked(&name));
        found.await.map_err(|panic| failed(&panic))?
    }

    /// The file of one.
    async fn found(self: &Arc<Self>, name: String) -> Result<PathBuf, SnapshotError> {
        let found = self.whole(name).await?;
        Ok(self.data(&found.name))
    }

    async fn restore(
        self: &Arc<Self>,
        name: &str,
        log_goes_on: bool,
    ) -> Result<Snapshot, SnapshotError> {
        let found = self.whole(name.to_owned()).await?;
        let restored = self
            .engine
            .restore(self.data(&found.name), log_goes_on)
            .await;
        let restored = restored.map_err(|error| unusable(&error))?;
        let project = self.project.as_ref();
        if let Some(project) = project.filter(|_| restored.has_other_components) {
            // As at a start: the components of the snapshot may be those of an earlier state of the project.
            let deployed = project::deploy(&self.engine, project).await;
            deployed.map_err(|error| failed(&error))?;
        }
        Ok(Snapshot {
            name: name.to_owned(),
            ..found
        })
    }

    /// A snapshot or a state whose file is what was saved.
    fn checked(&self, name: &str) -> Result<Snapshot, SnapshotError> {
        let is_state = [SEED, EMPTY].contains(&name);
        if !is_state {
            check(name)?;
        }
        let found = match self.described(name) {
            // Without seeds it is the same.
            Err(SnapshotError::Unknown) if name == EMPTY => self.described(SEED),
            found => found,
        };
        let (snapshot, expected) = match found {
            Err(SnapshotError::Unknown) if is_state => Err(SnapshotError::Unusable(format!(
                "the org has not kept its {name} state, since an earlier version of this program has set it up: \
                 save a snapshot, or begin a new org in another data folder"
            ))),
            found => found,
        }?;
        let file = self.data(&snapshot.name);
        let unusable = |reason: &dyn std::fmt::Display| {
            SnapshotError::Unusable(format!("{}: {reason}", file.display()))
        };
        let sum = self.sum(&file).map_err(|error| unusable(&error))?;
        if sum == (snapshot.bytes, expected) {
            Ok(snapshot)
        } else {
            Err(unusable(&"it is not what was saved"))
        }
    }

    /// Bytes of a file, and its checksum.
    fn sum(&self, file: &Path) -> io::Result<(u64, u32)> {
        let mut open = File::open(file)?;
        let (mut sum, mut bytes) = (crc32fast::Hasher::new(), 0);
        let mut piece = vec![0; READ_BYTES];
        while self.phase.phase() != Phase::Ending {
            let read = open.read(&mut piece)?;
            let Some(part) = piece.get(..read).filter(|part| !part.is_empty()) else {
                return Ok((bytes, sum.finalize()));
            };
            sum.update(part);
            bytes += u64::try_from(read).unwrap_or_default();
        }
        Err(io::Error::new(ErrorKind::Interrupted, ENDED))
    }

    fn remove(&self, name: &str) -> Result<(), SnapshotError> {
        let removed = remove(&self.description(name)).map_err(|error| failed(&error))?;
        if !removed {
            return Err(SnapshotError::Unknown);
        }
        remove(&self.data(name)).map_err(|error| failed(&error))?;
        Ok(())
    }
}

/// Whether a name can be that of a snapshot.
fn check(name: &str) -> Result<(), SnapshotError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if [SEED, EMPTY].contains(&name) {
        return Err(SnapshotError::Name(
            "empty and seed are states that the org keeps by itself",
        ));
    }
    let begins = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !begins || name.len() > SNAPSHOT_NAME_MAX || !name.bytes().all(is_plain) {
        return Err(SnapshotError::Name(
            "the name of a snapshot begins with a letter or a digit and has at most 64 letters, digits, dots, hyphens and underscores",
        ));
    }
    Ok(())
}

/// Makes the folder, for its owner alone, and removes what saves have left there that a crash has ended.
fn begin(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        let name = name.to_string_lossy();
        if LEFT.iter().any(|ending| name.ends_with(ending)) {
            remove(&file.path())?;
        }
    }
    Ok(())
}

/// Removes a file; says whether it was there.
fn remove(file: &Path) -> io::Result<bool> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        removed => removed.map(|()| true),
    }
}

/// Writes a file, for its owner alone; it is on the disk then, if that is asked for.
fn write(file: &Path, content: &[u8], is_durable: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut open = options.open(file)?;
    open.write_all(content)?;
    if is_durable {
        open.sync_all()?;
    }
    Ok(())
}

/// Why a snapshot was not used.
fn unusable(error: &landfall_engine::Error) -> SnapshotError {
    match error {
        landfall_engine::Error::Store(landfall_store::Error::Snapshot { reason }) => {
            SnapshotError::Unusable(reason.clone())
        }
        error => failed(error),
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> SnapshotError {
    SnapshotError::Failed(reported(error))
}

fn reported(error: &(dyn std::error::Error + 'static)) -> String {
    let reason = chain(error);
    warn!(
        error = reason,
        "a snapshot could not be saved, restored or removed"
    );
    reason
}

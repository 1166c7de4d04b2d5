//! Records that an org begins with: files as `sf data export tree` writes them, or plans that name such files.
//!
//! They are loaded once, all or none, before the first request: as what is made when an org is set up they make no events.
//! Source: "data Commands" (Salesforce CLI Command Reference), `data import tree`; none for when they are loaded.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use landfall_data_file::{DataFile, FileRecord, Refusal};
use landfall_engine::{Change, Engine, OpenTransaction, stored};
use landfall_metadata::Problem;
use landfall_model::limits::SEED_BYTES_MAX;
use landfall_model::{Catalog, RecordId};
use landfall_store::DocumentKind;
use serde::Serialize;
use tracing::info;

use crate::error::Error;
use crate::orgs::records::{administrator, problem, set, unreadable, values};

/// Key of the document that says that records were loaded.
const KEY: &str = "seeded";

/// A file of records.
struct Seed {
    path: Arc<str>,
    records: Vec<FileRecord>,
}

/// That an org has loaded its first records, as it is stored. Before version 1 the document was empty.
#[derive(Serialize)]
struct Seeded {
    records: usize,
}

/// Loads the records of these files into an org that has not loaded any before; says whether it did.
///
/// # Errors
/// [`Error::Seed`] with what is wrong: none is loaded. [`Error::Engine`], [`Error::Incomplete`].
pub(crate) async fn load(engine: &Engine, files: &[PathBuf]) -> Result<bool, Error> {
    if files.is_empty() {
        return Ok(false);
    }
    let seeded = engine.document(DocumentKind::Org, KEY.to_owned()).await?;
    if seeded.is_some() {
        info!("seeds already loaded");
        return Ok(false);
    }
    let catalog = engine.catalog();
    let seeds = read(&catalog, files)?;
    let user = administrator(engine).await?;
    let mut loading = Loading {
        open: engine.set_up(user).await?,
        catalog: &catalog,
        ids: HashMap::new(),
        problems: Vec::new(),
    };
    for seed in &seeds {
        loading.load(seed).await?;
        if !loading.problems.is_empty() {
            let problems = loading.problems;
            return Err(Error::Seed { problems });
        }
    }
    let records: usize = seeds.iter().map(|seed| seed.records.len()).sum();
    let mark = stored::document(DocumentKind::Org, KEY, &Seeded { records });
    loading.open.commit_with(vec![mark]).await?;
    info!(files = seeds.len(), records, "seeds loaded");
    Ok(true)
}

/// The records of all files, in the order of the plans.
fn read(catalog: &Catalog, files: &[PathBuf]) -> Result<Vec<Seed>, Error> {
    let mut reading = Reading {
        catalog,
        left: SEED_BYTES_MAX,
        seeds: Vec::new(),
        problems: Vec::new(),
    };
    for file in files {
        reading.file(file, true);
    }
    let problems = reading.problems;
    if problems.is_empty() {
        Ok(reading.seeds)
    } else {
        Err(Error::Seed { problems })
    }
}

struct Reading<'c> {
    catalog: &'c Catalog,
    /// Bytes that may yet be read.
    left: u64,
    seeds: Vec<Seed>,
    problems: Vec<Problem>,
}

impl Reading<'_> {
    /// Reads a file of records, or those of a plan if it may be one.
    fn file(&mut self, file: &Path, may_plan: bool) {
        let Some(text) = self.text(file) else {
            return;
        };
        let path: Arc<str> = file.display().to_string().into();
        match self.content(file, &path, &text, may_plan) {
            Ok(()) => {}
            Err(refusals) => {
                let told = refusals.iter();
                let told = told.map(|refusal| problem(&path, refusal.line, &refusal.fault));
                self.problems.extend(told);
            }
        }
    }

    fn text(&mut self, file: &Path) -> Option<String> {
        match bounded(file, &mut self.left) {
            Ok(text) => Some(text),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn content(
        &mut self,
        file: &Path,
        path: &Arc<str>,
        text: &str,
        may_plan: bool,
    ) -> Result<(), Vec<Refusal>> {
        let data = DataFile::parse(text).map_err(|refusal| vec![refusal])?;
        if data.is_list() && may_plan {
            let planned = data.plan().map_err(|refusal| vec![refusal])?;
            for planned in planned {
                self.file(&file.with_file_name(planned.file), false);
            }
        } else if data.has_records() {
            self.seeds.push(Seed {
                path: Arc::clone(path),
                records: data.records(self.catalog, |_| true)?,
            });
        } else {
            let reason = "the file has no records, and is no plan";
            self.problems.push(unreadable(file, &reason));
        }
        Ok(())
    }
}

/// Reads a file that may have so many bytes, and takes those that it has from them.
fn bounded(file: &Path, left: &mut u64) -> Result<String, Problem> {
    let mut content = Vec::new();
    let read = File::open(file).and_then(|open| open.take(*left + 1).read_to_end(&mut content));
    read.map_err(|error| unreadable(file, &error))?;
    let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
    *left = left.checked_sub(size).ok_or_else(|| {
        let reason = format!("the files have more than {SEED_BYTES_MAX} bytes together");
        unreadable(file, &reason)
    })?;
    String::from_utf8(content).map_err(|error| unreadable(file, &error.utf8_error()))
}

struct Loading<'c> {
    open: OpenTransaction,
    catalog: &'c Catalog,
    /// The records that others may refer to, by what they call themselves.
    ids: HashMap<String, RecordId>,
    problems: Vec<Problem>,
}

impl Loading<'_> {
    /// Makes the records of a file: those that refer to none of the others first, then those that refer to these.
    async fn load(&mut self, seed: &Seed) -> Result<(), Error> {
        let mut made: Vec<Option<RecordId>> = vec![None; seed.records.len()];
        let mut waiting: Vec<(usize, &FileRecord)> = seed.records.iter().enumerate().collect();
        while !waiting.is_empty() {
            let (ready, blocked): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .partition(|(_, record)| self.is_ready(record, &made));
            if ready.is_empty() {
                self.unresolved(seed, &blocked);
                return Ok(());
            }
            self.make(seed, &ready, &mut made).await?;
            if !self.problems.is_empty() {
                return Ok(());
            }
            waiting = blocked;
        }
        Ok(())
    }

    fn is_ready(&self, record: &FileRecord, made: &[Option<RecordId>]) -> bool {
        let parent = record.parent;
        parent.is_none_or(|(parent, _)| parent_id(made, parent).is_some())
            && record.links.iter().all(|(_, to)| self.ids.contains_key(to))
    }

    fn unresolved(&mut self, seed: &Seed, blocked: &[(usize, &FileRecord)]) {
        for (_, record) in blocked {
            let mut links = record.links.iter();
            let missing = links.find(|(_, to)| !self.ids.contains_key(to));
            if let Some((_, to)) = missing {
                self.problems.push(Problem {
                    path: seed.path.to_string(),
                    line: record.line,
                    reason: format!("no record before this one has the referenceId {to}"),
                });
            }
        }
    }

    async fn make(
        &mut self,
        seed: &Seed,
        ready: &[(usize, &FileRecord)],
        made: &mut [Option<RecordId>],
    ) -> Result<(), Error> {
        let mut changes = Vec::with_capacity(ready.len());
        for (_, record) in ready {
            changes.push(self.change(record, made).await?);
        }
        let outcomes = self.open.apply(changes, false).await?;
        for ((place, record), outcome) in ready.iter().zip(outcomes) {
            match outcome {
                Ok(saved) => {
                    if let Some(slot) = made.get_mut(*place) {
                        *slot = Some(saved.id);
                    }
                    self.named(seed, record, saved.id);
                }
                Err(fault) => {
                    let told = problem(&seed.path, record.line, &fault);
                    self.problems.push(told);
                }
            }
        }
        Ok(())
    }

    async fn change(
        &self,
        record: &FileRecord,
        made: &[Option<RecordId>],
    ) -> Result<Change, Error> {
        let mut values = match values(&self.open, self.catalog, record).await? {
            Ok(values) => values,
            Err(fault) => return Ok(Change::Refused(fault)),
        };
        for (place, to) in &record.links {
            if let Some(id) = self.ids.get(to) {
                set(&mut values, *place, *id);
            }
        }
        if let Some((parent, place)) = record.parent
            && let Some(id) = parent_id(made, parent)
        {
            set(&mut values, place, id);
        }
        Ok(Change::Create {
            entity: Arc::clone(&record.entity),
            values,
        })
    }

    /// A record that others may refer to from now on.
    fn named(&mut self, seed: &Seed, record: &FileRecord, id: RecordId) {
        let Some(reference) = &record.reference else {
            return;
        };
        if self.ids.insert(reference.clone(), id).is_some() {
            self.problems.push(Problem {
                path: seed.path.to_string(),
                line: record.line,
                reason: format!("another record has the referenceId {reference}"),
            });
        }
    }
}

fn parent_id(made: &[Option<RecordId>], place: usize) -> Option<RecordId> {
    made.get(place).copied().flatten()
}

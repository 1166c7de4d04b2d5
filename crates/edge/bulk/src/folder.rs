//! The files of jobs: the data that they are given, as it is processed and as it came, and what they find.
//!
//! Where they are kept is up to the store: in a folder, or in its database.

use std::collections::HashSet;
use std::sync::Arc;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use landfall_engine::Engine;
use landfall_model::limits::{JOB_FILE_CHUNK_BYTES, RESERVE_CHECK_BYTES};
use landfall_model::{Fault, RequestFault};
use landfall_store::JobFiles;
use tokio::task::spawn_blocking;

use crate::body;
use crate::error::Error;
use crate::job_file::JobFile;
use crate::leftovers::Leftovers;

/// Where the files are: one for each job that has any, and the request of a batch that is no CSV.
pub(crate) struct Folder {
    files: Arc<dyn JobFiles>,
    /// Knows how much space is left.
    engine: Engine,
}

impl Folder {
    /// Removes the files of jobs that are none of these.
    pub(crate) async fn open(
        engine: Engine,
        files: Arc<dyn JobFiles>,
        jobs: Vec<String>,
    ) -> Result<Self, Error> {
        spawn_blocking(move || {
            let kept = jobs.iter().flat_map(|id| [file_name(id), request_name(id)]);
            let kept: HashSet<String> = kept.collect();
            let leftovers = Leftovers::remove(&*files, &kept).map_err(|source| Error::File {
                path: files.place().into(),
                source,
            })?;
            leftovers.log(&files.place());
            Ok(Self { files, engine })
        })
        .await?
    }

    fn named(&self, name: String) -> JobFile {
        JobFile::new(Arc::clone(&self.files), name)
    }

    /// The file of a job.
    pub(crate) fn file(&self, id: &str) -> JobFile {
        self.named(file_name(id))
    }

    /// What a batch came as.
    pub(crate) fn request(&self, id: &str) -> JobFile {
        self.named(request_name(id))
    }

    /// Writes what a batch came as. That is durable with the file of the job, which is received next.
    pub(crate) async fn keep_request(&self, id: &str, request: Bytes) -> Result<(), Error> {
        let file = self.request(id);
        spawn_blocking(move || {
            let written = file
                .create()
                .and_then(|()| file.append(0, &request))
                .and_then(|()| file.keep());
            written.map_err(|source| {
                // What is left of it would take the space of others; the failure is the answer either way.
                let _ = file.remove();
                file.failed(source)
            })
        })
        .await?
    }

    /// The file of a job until it is whole.
    pub(crate) fn part(&self, id: &str) -> JobFile {
        self.named(format!("{id}.part"))
    }

    /// Writes the data of a job as it arrives; says how many bytes it has, `most` at most. When this returns they are durable.
    ///
    /// # Errors
    /// [`RequestFault::TooLarge`], [`landfall_model::LimitFault::Storage`] and [`RequestFault::JsonInvalid`] if it ended early: nothing
    /// is left of it, whatever went wrong.
    pub(crate) async fn receive(&self, id: &str, body: Body, most: u64) -> Result<u64, Fault> {
        let received = match self.write(self.part(id), body, most).await {
            Ok(Ok(length)) => self.keep(id).await.map(|()| length).map_err(Error::fault),
            Ok(Err(fault)) => Err(fault),
            Err(failure) => Err(failure.fault()),
        };
        if received.is_err() {
            self.remove(id).await.map_err(Error::fault)?;
        }
        received
    }

    /// Gives the file of a job its name, now that it is whole and durable. When this returns that is durable too.
    pub(crate) async fn keep(&self, id: &str) -> Result<(), Error> {
        let (part, file) = (self.part(id), self.file(id));
        spawn_blocking(move || part.rename(&file).map_err(|source| file.failed(source))).await?
    }

    /// Removes the files of a job, whole or not, if it has any.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), Error> {
        let all = [self.part(id), self.request(id), self.file(id)];
        spawn_blocking(move || {
            all.iter()
                .try_for_each(|file| file.remove().map_err(|source| file.failed(source)))
        })
        .await?
    }

    /// Writes a body to a file, as far as it is not too long and the disk has space besides the reserve.
    async fn write(
        &self,
        file: JobFile,
        mut content: Body,
        most: u64,
    ) -> Result<Result<u64, Fault>, Error> {
        let mut writing = Writing::begin(file).await?;
        let mut length = 0_u64;
        let mut checked = 0_u64;
        while let Some(frame) = content.frame().await {
            let Ok(frame) = frame else {
                return Ok(Err(body::incomplete()));
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            length = length.saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
            if length > most {
                return Ok(Err(Fault::Request(RequestFault::TooLarge)));
            }
            if length >= checked {
                if let Err(fault) = self.engine.check_reserve() {
                    return Ok(Err(fault));
                }
                checked = length.saturating_add(RESERVE_CHECK_BYTES);
            }
            writing.add(&data).await?;
        }
        writing.end().await?;
        Ok(Ok(length))
    }
}

/// A file that is written in pieces of the size in which back ends store them.
struct Writing {
    file: JobFile,
    /// What is in the file.
    at: u64,
    waiting: BytesMut,
}

impl Writing {
    async fn begin(file: JobFile) -> Result<Self, Error> {
        let begun = file.clone();
        spawn_blocking(move || begun.create().map_err(|source| begun.failed(source))).await??;
        Ok(Self {
            file,
            at: 0,
            waiting: BytesMut::new(),
        })
    }

    async fn add(&mut self, mut data: &[u8]) -> Result<(), Error> {
        while self.waiting.len() + data.len() >= JOB_FILE_CHUNK_BYTES {
            let (now, later) = data.split_at(JOB_FILE_CHUNK_BYTES - self.waiting.len());
            self.waiting.extend_from_slice(now);
            data = later;
            self.flush().await?;
        }
        self.waiting.extend_from_slice(data);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Error> {
        let (file, at, piece) = (self.file.clone(), self.at, self.waiting.split().freeze());
        self.at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        spawn_blocking(move || {
            file.append(at, &piece)
                .map_err(|source| file.failed(source))
        })
        .await?
    }

    /// Makes all of it durable.
    async fn end(mut self) -> Result<(), Error> {
        if !self.waiting.is_empty() {
            self.flush().await?;
        }
        let file = self.file;
        spawn_blocking(move || file.keep().map_err(|source| file.failed(source))).await?
    }
}

fn file_name(id: &str) -> String {
    format!("{id}.csv")
}

fn request_name(id: &str) -> String {
    format!("{id}.request")
}

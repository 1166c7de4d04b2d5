//! The files of jobs: the data that they are given, as it is processed and as it came, and what they find.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use axum::body::Body;
use bytes::Bytes;
use http_body_util::BodyExt;
use landfall_engine::Engine;
use landfall_model::limits::RESERVE_CHECK_BYTES;
use landfall_model::{Fault, RequestFault};
use tokio::io::AsyncWriteExt;

use crate::body;
use crate::error::Error;
use crate::leftovers::Leftovers;

/// Where the files are: one for each job that has any, and the request of a batch that is no CSV.
pub(crate) struct Folder {
    path: PathBuf,
    /// Knows how much space is left.
    engine: Engine,
}

impl Folder {
    /// Makes the folder, and removes the files of jobs that are none of these.
    pub(crate) async fn open(
        engine: Engine,
        path: PathBuf,
        jobs: Vec<String>,
    ) -> Result<Self, Error> {
        tokio::task::spawn_blocking(move || {
            let unusable = |source| Error::File {
                path: path.clone(),
                source,
            };
            let kept = jobs.iter().flat_map(|id| [file_name(id), request_name(id)]);
            let kept: HashSet<String> = kept.collect();
            std::fs::create_dir_all(&path).map_err(unusable)?;
            let leftovers = Leftovers::remove(&path, &kept).map_err(unusable)?;
            leftovers.log(&path);
            Ok(Self { path, engine })
        })
        .await?
    }

    /// The file of a job.
    pub(crate) fn path(&self, id: &str) -> PathBuf {
        self.path.join(file_name(id))
    }

    /// What a batch came as.
    pub(crate) fn request(&self, id: &str) -> PathBuf {
        self.path.join(request_name(id))
    }

    /// Writes what a batch came as. That is durable with the file of the job, which is received next.
    pub(crate) async fn keep_request(&self, id: &str, request: Bytes) -> Result<(), Error> {
        let path = self.request(id);
        tokio::task::spawn_blocking(move || {
            let written = File::create(&path).and_then(|mut file| {
                file.write_all(&request)?;
                file.sync_all()
            });
            written.map_err(|source| {
                // What is left of it would take the space of others; the failure is the answer either way.
                let _ = std::fs::remove_file(&path);
                Error::File { path, source }
            })
        })
        .await?
    }

    /// The file of a job until it is whole.
    pub(crate) fn part(&self, id: &str) -> PathBuf {
        self.path.join(format!("{id}.part"))
    }

    /// Writes the data of a job as it arrives; says how many bytes it has, `most` at most. When this returns they are durable.
    ///
    /// # Errors
    /// [`RequestFault::TooLarge`], [`landfall_model::LimitFault::Storage`] and [`RequestFault::JsonInvalid`] if it ended early: nothing
    /// is left of it, whatever went wrong.
    pub(crate) async fn receive(&self, id: &str, body: Body, most: u64) -> Result<u64, Fault> {
        let part = self.part(id);
        let received = match self.write(&part, body, most).await {
            Ok(Ok(length)) => self.keep(id).await.map(|()| length).map_err(Error::fault),
            Ok(Err(fault)) => Err(fault),
            Err(source) => Err(Error::File { path: part, source }.fault()),
        };
        if received.is_err() {
            self.remove(id).await.map_err(Error::fault)?;
        }
        received
    }

    /// Gives the file of a job its name, now that it is whole and on the disk. When this returns that is durable.
    pub(crate) async fn keep(&self, id: &str) -> Result<(), Error> {
        let (folder, part, path) = (self.path.clone(), self.part(id), self.path(id));
        tokio::task::spawn_blocking(move || {
            std::fs::rename(&part, &path)
                .and_then(|()| File::open(&folder)?.sync_all())
                .map_err(|source| Error::File { path, source })
        })
        .await?
    }

    /// Removes the files of a job, whole or not, if it has any.
    pub(crate) async fn remove(&self, id: &str) -> Result<(), Error> {
        remove(self.part(id)).await?;
        remove(self.request(id)).await?;
        remove(self.path(id)).await
    }

    /// Writes a body to a file, as far as it is not too long and the disk has space besides the reserve.
    async fn write(
        &self,
        path: &Path,
        mut content: Body,
        most: u64,
    ) -> io::Result<Result<u64, Fault>> {
        let mut file = tokio::fs::File::create(path).await?;
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
            file.write_all(&data).await?;
        }
        file.flush().await?;
        file.sync_all().await?;
        Ok(Ok(length))
    }
}

fn file_name(id: &str) -> String {
    format!("{id}.csv")
}

fn request_name(id: &str) -> String {
    format!("{id}.request")
}

async fn remove(path: PathBuf) -> Result<(), Error> {
    match tokio::fs::remove_file(&path).await {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(Error::File { path, source })
        }
        _ => Ok(()),
    }
}

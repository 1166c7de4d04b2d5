//! Moving an org from one store to another: which back ends, and in what order.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;

use landfall_store::transfer::Copied;
pub use landfall_store::transfer::{Compared, Part, Sum};
use landfall_store::transfer::{Export, Import, compared, copy, sums};

use crate::error::Error;
use crate::orgs::files::{BULK_FOLDER, STORE_FILE};
use crate::orgs::mark;

/// Where an org is stored.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// A data folder.
    Folder(PathBuf),
    /// A PostgreSQL database, by its URL.
    Database(String),
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        Ok(if is_url {
            Self::Database(text.to_owned())
        } else {
            Self::Folder(PathBuf::from(text))
        })
    }
}

/// Without the user and the password of a URL, and without its options.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => folder.display().fmt(f),
            Self::Database(url) => {
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", ""));
                let (rest, _) = rest.split_once('?').unwrap_or((rest, ""));
                let (_, host) = rest.rsplit_once('@').unwrap_or(("", rest));
                write!(f, "{scheme}://{host}")
            }
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Place {
    fn export(&self) -> Result<Box<dyn Export>, Error> {
        let opened = match self {
            Self::Folder(folder) => {
                let (file, jobs) = (folder.join(STORE_FILE), folder.join(BULK_FOLDER));
                landfall_store_embedded::export(&file, &jobs)
            }
            Self::Database(url) => landfall_store_postgres::export(url),
        };
        opened.map_err(|source| self.unusable(source))
    }

    fn import(&self) -> Result<Box<dyn Import>, Error> {
        let opened = match self {
            Self::Folder(folder) => {
                let (file, jobs) = (folder.join(STORE_FILE), folder.join(BULK_FOLDER));
                mark::check_before(&file, &jobs)?;
                landfall_store_embedded::import(&file, &jobs)
            }
            Self::Database(url) => landfall_store_postgres::import(url),
        };
        opened.map_err(|source| self.unusable(source))
    }

    fn unusable(&self, source: landfall_store::Error) -> Error {
        Error::Place {
            place: self.to_string(),
            source,
        }
    }
}

/// What a move is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It copies documents, records and events.
    Copying,
    /// It reads the source again.
    CheckingSource,
    /// It reads the destination.
    CheckingDestination,
}

/// How far a stage is: so many documents, records and events of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The stage.
    pub stage: Stage,
    /// How many are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// Is called after each batch, and may end the move there.
pub type Watch<'w> = dyn FnMut(Progress) -> ControlFlow<()> + 'w;

/// How a move ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The watch has ended it; it can be gone on with.
    Interrupted,
    /// Both were read and compared, part by part.
    Compared(Vec<Compared>),
}

/// Copies the org, or what is left of it after an earlier attempt, and compares both stores.
///
/// # Errors
/// [`Error::Place`], [`Error::Unsafe`]: one of them cannot be used. [`Error::Move`].
pub fn run(from: &Place, to: &Place, watch: &mut Watch<'_>) -> Result<Ended, Error> {
    let source = from.export()?;
    let total = source.amounts().map_err(Error::Move)?.items();
    let destination = to.import()?;
    let copied = copy(&*source, destination, &mut |done| {
        watch(Progress {
            stage: Stage::Copying,
            done,
            total,
        })
    });
    match copied.map_err(Error::Move)? {
        Copied::Interrupted => Ok(Ended::Interrupted),
        Copied::All => compare(&*source, to, total, watch),
    }
}

/// Compares both stores.
///
/// # Errors
/// [`Error::Place`]: one of them cannot be used. [`Error::Move`].
pub fn check(from: &Place, to: &Place, watch: &mut Watch<'_>) -> Result<Ended, Error> {
    let source = from.export()?;
    let total = source.amounts().map_err(Error::Move)?.items();
    compare(&*source, to, total, watch)
}

fn compare(
    source: &dyn Export,
    to: &Place,
    total: u64,
    watch: &mut Watch<'_>,
) -> Result<Ended, Error> {
    // Before the first is read: a destination that cannot be used is known at once.
    let destination = to.export()?;
    let mut of = |store: &dyn Export, stage| -> Result<Option<BTreeMap<Part, Sum>>, Error> {
        let sums = sums(store, &mut |done| watch(Progress { stage, done, total }));
        sums.map_err(Error::Move)
    };
    let Some(before) = of(source, Stage::CheckingSource)? else {
        return Ok(Ended::Interrupted);
    };
    let Some(after) = of(&*destination, Stage::CheckingDestination)? else {
        return Ok(Ended::Interrupted);
    };
    Ok(Ended::Compared(compared(&before, &after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_without_its_password() {
        for (text, shown) in [
            ("landfall-data", "landfall-data"),
            (
                "postgres://u:s@cret@db:5432/org?options=x@y",
                "postgres://db:5432/org",
            ),
            ("postgresql://db/org", "postgresql://db/org"),
        ] {
            let Ok(place) = text.parse::<Place>();
            assert_eq!(place.to_string(), shown);
            assert_eq!(format!("{place:?}"), shown);
        }
    }
}

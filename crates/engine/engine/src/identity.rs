//! Who the org is, as it is stored.

use landfall_model::{RecordId, Timestamp};
use landfall_store::{Document, DocumentKind, Reads};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::stored;

/// Facts about the org itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// The organization record.
    pub id: RecordId,
    /// The profile of administrators: they see and change everything.
    pub administrators: RecordId,
    /// The profile of everybody else.
    pub standard_users: RecordId,
    /// When the org was made.
    pub created: Timestamp,
}

/// Key of the document that says who the org is.
pub(crate) const DOCUMENT_KEY: &str = "identity";

const WHAT: &str = "identity of the org";

/// The stored form. The time is in milliseconds since the epoch.
#[derive(Serialize, Deserialize)]
struct Identity {
    organization: String,
    administrators: String,
    standard_users: String,
    created: i64,
}

/// The document that says who the org is.
pub(crate) fn document(org: &Org) -> Document {
    let identity = Identity {
        organization: org.id.to_string(),
        administrators: org.administrators.to_string(),
        standard_users: org.standard_users.to_string(),
        created: org.created.as_millis(),
    };
    stored::document(DocumentKind::Org, DOCUMENT_KEY, &identity)
}

/// The id of the org; none before it was founded.
///
/// # Errors
/// [`Error`] if the store cannot be read.
pub(crate) fn id(reads: &dyn Reads) -> Result<Option<RecordId>, Error> {
    let content = reads.document(DocumentKind::Org, DOCUMENT_KEY)?;
    let org = content.map(|content| read(&content)).transpose()?;
    Ok(org.map(|org| org.id))
}

pub(crate) fn read(content: &[u8]) -> Result<Org, Error> {
    let identity: Identity = if stored::is_versioned(content) {
        stored::read(WHAT, content)?
    } else {
        unversioned(content).ok_or_else(|| unreadable("it is not four words"))?
    };
    let id = |text: &str| RecordId::parse(text).map_err(|_| unreadable("an id is none"));
    Ok(Org {
        id: id(&identity.organization)?,
        administrators: id(&identity.administrators)?,
        standard_users: id(&identity.standard_users)?,
        created: Timestamp::from_millis(identity.created),
    })
}

/// The form before version 1: four words, separated by blanks.
fn unversioned(content: &[u8]) -> Option<Identity> {
    let mut words = std::str::from_utf8(content).ok()?.split(' ');
    let mut word = || words.next().map(str::to_owned);
    Some(Identity {
        organization: word()?,
        administrators: word()?,
        standard_users: word()?,
        created: word()?.parse().ok()?,
    })
}

fn unreadable(reason: &str) -> Error {
    Error::Document {
        what: WHAT,
        reason: reason.to_owned(),
    }
}

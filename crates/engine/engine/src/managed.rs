//! Subscriptions whose positions the service keeps: which there are, and the ids they keep from deployment to deployment.

use std::sync::Arc;

use landfall_metadata::ManagedSubscription;
use landfall_model::{KeyPrefix, RecordId, ReplayId};
use landfall_store::{Document, DocumentKind};

use crate::error::Error;
use crate::numbers::Numbers;

/// First characters of their ids. Source: "`ManagedEventSubscription`" (Tooling API).
const KEY_PREFIX: &str = "18x";

/// Key of the document that says which id each has.
pub(crate) const IDS: &str = "managed-subscriptions";

/// A subscription whose position the service keeps, in [`DocumentKind::Cursor`] under its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Its id, given at the first deployment that has it.
    pub id: RecordId,
    /// What was deployed.
    pub subscription: ManagedSubscription,
}

impl Managed {
    /// Whether both are the same subscription: its name and its topic never change.
    fn is(&self, other: &ManagedSubscription) -> bool {
        self.subscription.developer_name == other.developer_name
            && self.subscription.topic_name == other.topic_name
    }
}

/// Those of a deployment, each with the id that it has or is given now, and what has to be kept with them.
///
/// A position is forgotten with its subscription, and when clients may not use it.
/// Source: "Managed Event Subscriptions" (Pub/Sub API Developer Guide).
pub(crate) fn deployed(
    subscriptions: Vec<ManagedSubscription>,
    earlier: &[Arc<Managed>],
    numbers: &mut Numbers,
) -> Result<(Vec<Arc<Managed>>, Vec<Document>), Error> {
    let prefix = KeyPrefix::parse(KEY_PREFIX)
        .ok_or_else(|| unreadable(format!("{KEY_PREFIX} is no key prefix")))?;
    let now: Vec<Arc<Managed>> = subscriptions
        .into_iter()
        .map(|subscription| {
            let known = earlier.iter().find(|managed| managed.is(&subscription));
            let id = known.map_or_else(|| numbers.record_id(prefix), |managed| managed.id);
            Arc::new(Managed { id, subscription })
        })
        .collect();
    // What was stopped before is looked at as well: a commit may have crossed the deployment that stopped it.
    let goes_on = |managed: &Arc<Managed>| {
        let same = now.iter().find(|now| now.id == managed.id);
        managed.subscription.runs && same.is_some_and(|now| now.subscription.runs)
    };
    let forgotten = earlier.iter().filter(|managed| !goes_on(managed));
    let mut documents: Vec<Document> = forgotten.map(|managed| cursor(managed.id, None)).collect();
    documents.push(Document {
        kind: DocumentKind::Org,
        key: IDS.to_owned(),
        content: Some(written(&now).into_bytes()),
    });
    Ok((now, documents))
}

/// Those that were deployed last, with the ids in the document. One that has none there waits for the next deployment.
pub(crate) fn stored(
    subscriptions: Vec<ManagedSubscription>,
    content: Option<Vec<u8>>,
) -> Result<Vec<Arc<Managed>>, Error> {
    let content = String::from_utf8(content.unwrap_or_default())
        .map_err(|error| unreadable(error.to_string()))?;
    let id_of = |name: &str| {
        let mut lines = content.lines().filter_map(|line| line.split_once(' '));
        let (_, id) = lines.find(|(of, _)| *of == name)?;
        RecordId::parse(id).ok()
    };
    let managed = subscriptions.into_iter().filter_map(|subscription| {
        let id = id_of(&subscription.developer_name)?;
        Some(Arc::new(Managed { id, subscription }))
    });
    Ok(managed.collect())
}

/// The document that keeps a position, or forgets it.
pub(crate) fn cursor(subscription: RecordId, position: Option<ReplayId>) -> Document {
    Document {
        kind: DocumentKind::Cursor,
        key: subscription.to_string(),
        content: position.map(|position| position.get().to_be_bytes().to_vec()),
    }
}

/// The position that such a document keeps.
pub(crate) fn position(content: &[u8]) -> Result<ReplayId, Error> {
    let number = content
        .try_into()
        .map_err(|_| unreadable(format!("a position is {} bytes long", content.len())))?;
    Ok(ReplayId::new(u64::from_be_bytes(number)))
}

/// `name id`, a line each.
fn written(managed: &[Arc<Managed>]) -> String {
    let lines: Vec<String> = managed
        .iter()
        .map(|managed| format!("{} {}", managed.subscription.developer_name, managed.id))
        .collect();
    lines.join("\n")
}

fn unreadable(reason: String) -> Error {
    Error::Document {
        what: "managed subscriptions",
        reason,
    }
}

//! Subscriptions whose positions the service keeps: those of the project and those made one by one, side by side.
//!
//! All of them are kept as they are now, in one document. A deployment says anew what the project says of its own, unless
//! the project says what it said before: then what was changed since stays. It leaves the others alone.
//! Source: "`ManagedEventSubscription`" (Tooling API, Metadata API Developer Guide).

mod document;

use std::sync::Arc;

use landfall_metadata::{ManagedSubscription, Problem, ReplayFrom};
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;
use landfall_model::{Fault, KeyPrefix, RecordId, ReplayId, Topic};
use landfall_store::{Document, DocumentKind};

use crate::definitions::Definitions;
use crate::error::Error;
use crate::numbers::Numbers;

pub(crate) use document::stored;

/// First characters of their ids.
const KEY_PREFIX: &str = "18x";

/// A subscription whose position the service keeps, in [`DocumentKind::Cursor`] under its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Its id, which it keeps as long as it is there.
    pub id: RecordId,
    /// What it is now.
    pub subscription: ManagedSubscription,
    /// What the project says of it; none if it was made without one.
    pub deployed: Option<ManagedSubscription>,
    /// How often it was stopped since the org was opened: what used it before is over, also if it runs again.
    pub stops: u64,
}

impl Managed {
    /// How often it was stopped, once it is this.
    fn stops_as(&self, subscription: &ManagedSubscription) -> u64 {
        let stops = self.subscription.runs && !subscription.runs;
        self.stops.saturating_add(u64::from(stops))
    }

    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.subscription.developer_name.eq_ignore_ascii_case(name)
    }
}

/// What is said of a subscription; what is not said has its default, or stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagedValues {
    /// What people see. Default: the developer name.
    pub label: Option<String>,
    /// What it subscribes to. It never changes.
    pub topic_name: Option<Topic>,
    /// Where it begins. Default: with new events.
    pub default_replay: Option<ReplayFrom>,
    /// Where it goes on if its committed position is no longer valid. Default: with new events.
    pub error_recovery_replay: Option<ReplayFrom>,
    /// Whether clients may use it. Default: they may.
    pub runs: Option<bool>,
    /// Reserved.
    pub version: Option<String>,
}

/// A change of one subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ManagedChange {
    /// A new one.
    Create {
        /// Its name, unlike that of any other in any letter case.
        developer_name: String,
        /// What it is.
        values: ManagedValues,
    },
    /// Other values of one.
    Update {
        /// Which.
        id: RecordId,
        /// Its name again, or none.
        developer_name: Option<String>,
        /// What changes.
        values: ManagedValues,
    },
    /// The end of one: its stream ends, its position is forgotten.
    Delete {
        /// Which.
        id: RecordId,
    },
}

/// All subscriptions after a change, and what has to be kept with them.
pub(crate) struct Next {
    pub(crate) managed: Vec<Arc<Managed>>,
    pub(crate) documents: Vec<Document>,
}

impl Next {
    /// A position is forgotten with its subscription, and when clients may not use it.
    /// Source: "Managed Event Subscriptions" (Pub/Sub API Developer Guide).
    fn new(mut managed: Vec<Arc<Managed>>, earlier: &[Arc<Managed>]) -> Self {
        managed.sort_by(|one, other| {
            let name = |managed: &Arc<Managed>| managed.subscription.developer_name.clone();
            name(one).cmp(&name(other))
        });
        // What was stopped before is looked at as well: a commit may have crossed the change that stopped it.
        let goes_on = |before: &Arc<Managed>| {
            let same = managed.iter().find(|now| now.id == before.id);
            before.subscription.runs && same.is_some_and(|now| now.subscription.runs)
        };
        let forgotten = earlier.iter().filter(|before| !goes_on(before));
        let mut documents: Vec<Document> =
            forgotten.map(|before| cursor(before.id, None)).collect();
        documents.push(document::of(&managed));
        Self { managed, documents }
    }
}

/// The subscriptions after a deployment of these: one whose topic is another is another subscription.
///
/// # Errors
/// [`Error::Invalid`] for more than an org may have.
pub(crate) fn deployed(
    subscriptions: Vec<ManagedSubscription>,
    earlier: &[Arc<Managed>],
    numbers: &mut Numbers,
) -> Result<Next, Error> {
    let others = earlier.iter().filter(|managed| {
        let of_project =
            |deployed: &ManagedSubscription| managed.has_name(&deployed.developer_name);
        managed.deployed.is_none() && !subscriptions.iter().any(of_project)
    });
    let mut managed: Vec<Arc<Managed>> = others.cloned().collect();
    if managed.len() + subscriptions.len() > MANAGED_SUBSCRIPTIONS_MAX {
        return Err(too_many());
    }
    for deployed in subscriptions {
        let known = earlier.iter().find(|managed| {
            managed.has_name(&deployed.developer_name)
                && managed.subscription.topic_name == deployed.topic_name
        });
        let subscription = match known {
            Some(known) if known.deployed.as_ref() == Some(&deployed) => known.subscription.clone(),
            _ => deployed.clone(),
        };
        managed.push(Arc::new(Managed {
            id: known.map_or_else(|| new_id(numbers), |known| Ok(known.id))?,
            stops: known.map_or(0, |known| known.stops_as(&subscription)),
            subscription,
            deployed: Some(deployed),
        }));
    }
    Ok(Next::new(managed, earlier))
}

/// The subscriptions after a change, and which of them it was about.
///
/// # Errors
/// [`Error::Refused`].
pub(crate) fn changed(
    change: ManagedChange,
    definitions: &Definitions,
    numbers: &mut Numbers,
) -> Result<(Next, RecordId), Error> {
    let earlier = definitions.managed();
    let mut managed = earlier.to_vec();
    let place_of = |id| earlier.iter().position(|managed| managed.id == id);
    let id = match change {
        ManagedChange::Create {
            developer_name,
            values,
        } => {
            let subscription = created(developer_name, values, definitions)?;
            let id = new_id(numbers)?;
            managed.push(Arc::new(Managed {
                id,
                subscription,
                deployed: None,
                stops: 0,
            }));
            id
        }
        ManagedChange::Update {
            id,
            developer_name,
            values,
        } => {
            let known = place_of(id).and_then(|place| managed.get_mut(place));
            let known = known.ok_or(Fault::RecordNotFound)?;
            if developer_name.is_some_and(|name| !known.has_name(&name)) {
                return Err(Fault::ManagedNameFixed.into());
            }
            let known = Arc::make_mut(known);
            let mut subscription = known.subscription.clone();
            update(&mut subscription, values)?;
            known.stops = known.stops_as(&subscription);
            known.subscription = subscription;
            id
        }
        ManagedChange::Delete { id } => {
            managed.remove(place_of(id).ok_or(Fault::RecordUnknown)?);
            id
        }
    };
    Ok((Next::new(managed, earlier), id))
}

fn created(
    developer_name: String,
    values: ManagedValues,
    definitions: &Definitions,
) -> Result<ManagedSubscription, Fault> {
    if !landfall_metadata::is_developer_name(&developer_name) {
        return Err(Fault::ManagedNameMalformed);
    }
    let others = definitions.managed();
    if others.iter().any(|other| other.has_name(&developer_name)) {
        return Err(Fault::ManagedNameTaken {
            name: developer_name,
        });
    }
    let exists = |topic: &Topic| {
        definitions.channel(topic.as_str()).is_some() || definitions.topic(topic).is_some()
    };
    let topic_name = values.topic_name.filter(exists);
    let topic_name = topic_name.ok_or(Fault::ManagedTopicInvalid)?;
    if others.len() >= MANAGED_SUBSCRIPTIONS_MAX {
        return Err(Fault::ManagedTooMany);
    }
    Ok(ManagedSubscription {
        label: values.label.unwrap_or_else(|| developer_name.clone()),
        developer_name,
        topic_name,
        default_replay: values.default_replay.unwrap_or(ReplayFrom::Latest),
        error_recovery_replay: values.error_recovery_replay.unwrap_or(ReplayFrom::Latest),
        runs: values.runs.unwrap_or(true),
        version: values.version,
    })
}

fn update(subscription: &mut ManagedSubscription, values: ManagedValues) -> Result<(), Fault> {
    let same = |topic: Topic| topic == subscription.topic_name;
    if !values.topic_name.is_none_or(same) {
        return Err(Fault::ManagedTopicInvalid);
    }
    let ManagedSubscription {
        label,
        default_replay,
        error_recovery_replay,
        runs,
        version,
        ..
    } = subscription;
    replace(label, values.label);
    replace(default_replay, values.default_replay);
    replace(error_recovery_replay, values.error_recovery_replay);
    replace(runs, values.runs);
    if values.version.is_some() {
        *version = values.version;
    }
    Ok(())
}

fn replace<T>(value: &mut T, other: Option<T>) {
    if let Some(other) = other {
        *value = other;
    }
}

fn new_id(numbers: &mut Numbers) -> Result<RecordId, Error> {
    let prefix = KeyPrefix::parse(KEY_PREFIX);
    let prefix = prefix.ok_or_else(|| unreadable(format!("{KEY_PREFIX} is no key prefix")))?;
    Ok(numbers.record_id(prefix))
}

fn too_many() -> Error {
    Error::Invalid {
        problems: vec![Problem {
            path: "managedEventSubscriptions".to_owned(),
            line: 1,
            reason: format!(
                "An org has at most {MANAGED_SUBSCRIPTIONS_MAX} managed event subscriptions"
            ),
        }],
    }
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

fn unreadable(reason: String) -> Error {
    Error::Document {
        what: "managed subscriptions",
        reason,
    }
}

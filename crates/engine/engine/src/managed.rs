//! Subscriptions whose positions the service keeps.
//!
//! They are components as all others are; here is what they have besides: a position, and the client that uses them.
//! Source: "`ManagedEventSubscription`" (Tooling API, Metadata API Developer Guide).

use std::sync::Arc;

use landfall_metadata::{Kind, ManagedSubscription, ReplayFrom};
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;
use landfall_model::{Fault, ManagedSetupFault, RecordFault, RecordId, ReplayId, Topic};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use crate::components::Components;
use crate::definitions::Definitions;
use crate::deploy::{Amending, Step, new_id};
use crate::error::Error;
use crate::numbers::Numbers;
use crate::stored;

/// A subscription whose position the service keeps, in [`DocumentKind::Cursor`] under its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// Its id, which it keeps as long as it is there.
    pub id: RecordId,
    /// What it is now.
    pub subscription: ManagedSubscription,
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
    /// The end of one: its stream ends, its position is deleted.
    Delete {
        /// Which.
        id: RecordId,
    },
}

/// The subscriptions that components come to, and the positions that are forgotten: one whose topic is another is another
/// subscription.
///
/// # Errors
/// [`Error::Document`] if an id cannot be given.
pub(crate) fn deployed(
    subscriptions: Vec<ManagedSubscription>,
    earlier: &[Arc<Managed>],
    components: &Components,
    reserved: impl Fn(&str) -> Option<RecordId>,
    numbers: &mut Numbers,
) -> Result<(Vec<Arc<Managed>>, Vec<Document>), Error> {
    let mut managed = Vec::with_capacity(subscriptions.len());
    for subscription in subscriptions {
        let name = &subscription.developer_name;
        let known = earlier.iter().find(|earlier| earlier.has_name(name));
        let same = known.filter(|known| known.subscription.topic_name == subscription.topic_name);
        let component = match known {
            Some(_) => None,
            None => components.get(Kind::ManagedSubscription, name),
        };
        let known = same.map(|same| same.id);
        let known = known.or_else(|| component.map(|component| component.id));
        let id = match reserved(name).or(known) {
            Some(id) => id,
            None => new_id(Kind::ManagedSubscription, numbers)?,
        };
        managed.push(Arc::new(Managed {
            id,
            stops: same.map_or(0, |same| same.stops_as(&subscription)),
            subscription,
        }));
    }
    sort(&mut managed);
    let forgotten = forgotten(&managed, earlier);
    Ok((managed, forgotten))
}

/// The subscriptions that stored components come to.
///
/// # Errors
/// [`Error::Document`] if one has no component.
pub(crate) fn loaded(
    subscriptions: Vec<ManagedSubscription>,
    earlier: &[Arc<Managed>],
    components: &Components,
) -> Result<Vec<Arc<Managed>>, Error> {
    let mut managed = Vec::with_capacity(subscriptions.len());
    for subscription in subscriptions {
        let name = &subscription.developer_name;
        let component = components.get(Kind::ManagedSubscription, name);
        let id = component
            .ok_or_else(|| unreadable(format!("{name} has no component")))?
            .id;
        let same = earlier.iter().find(|earlier| earlier.id == id);
        managed.push(Arc::new(Managed {
            id,
            stops: same.map_or(0, |same| same.stops_as(&subscription)),
            subscription,
        }));
    }
    sort(&mut managed);
    Ok(managed)
}

fn sort(managed: &mut [Arc<Managed>]) {
    managed.sort_by(|one, other| {
        let [one, other] = [one, other].map(|managed| &managed.subscription.developer_name);
        one.cmp(other)
    });
}

/// A position is deleted with its subscription, and when clients may not use it.
/// Source: "Managed Event Subscriptions" (Pub/Sub API Developer Guide).
fn forgotten(managed: &[Arc<Managed>], earlier: &[Arc<Managed>]) -> Vec<Document> {
    // What was stopped before is looked at as well: a commit may have crossed the change that stopped it.
    let goes_on = |before: &Arc<Managed>| {
        let same = managed.iter().find(|now| now.id == before.id);
        before.subscription.runs && same.is_some_and(|now| now.subscription.runs)
    };
    let forgotten = earlier.iter().filter(|before| !goes_on(before));
    forgotten.map(|before| cursor(before.id, None)).collect()
}

/// See [`Amending::manage`].
pub(crate) async fn manage(
    components: &mut Amending<'_>,
    change: ManagedChange,
    by: RecordId,
) -> Result<RecordId, Error> {
    let definitions = components.definitions();
    let known = |id| {
        let mut all = definitions.managed().iter();
        all.find(|managed| managed.id == id)
    };
    let (step, name) = match change {
        ManagedChange::Create {
            developer_name,
            values,
        } => {
            let subscription = created(developer_name, values, &definitions)?;
            let name = subscription.developer_name.clone();
            (Step::Put(subscription.part()), name)
        }
        ManagedChange::Update {
            id,
            developer_name,
            values,
        } => {
            let known = known(id).ok_or(Fault::Record(RecordFault::NotFound))?;
            if developer_name.is_some_and(|name| !known.has_name(&name)) {
                return Err(Fault::ManagedSetup(ManagedSetupFault::NameFixed).into());
            }
            let mut subscription = known.subscription.clone();
            update(&mut subscription, values)?;
            let name = subscription.developer_name.clone();
            (Step::Put(subscription.part()), name)
        }
        ManagedChange::Delete { id } => {
            let known = known(id).ok_or(Fault::Record(RecordFault::Unknown))?;
            let name = known.subscription.developer_name.clone();
            let removal = Step::Remove(Kind::ManagedSubscription, name);
            components.amend(vec![removal], by, false).await?;
            return Ok(id);
        }
    };
    components.amend(vec![step], by, false).await?;
    let definitions = components.definitions();
    let made = definitions
        .components()
        .get(Kind::ManagedSubscription, &name);
    Ok(made.ok_or(Fault::Record(RecordFault::NotFound))?.id)
}

fn created(
    developer_name: String,
    values: ManagedValues,
    definitions: &Definitions,
) -> Result<ManagedSubscription, ManagedSetupFault> {
    if !landfall_metadata::is_developer_name(&developer_name) {
        return Err(ManagedSetupFault::NameMalformed);
    }
    let others = definitions.managed();
    if others.iter().any(|other| other.has_name(&developer_name)) {
        return Err(ManagedSetupFault::NameTaken {
            name: developer_name,
        });
    }
    let exists = |topic: &Topic| {
        definitions.channel(topic.as_str()).is_some() || definitions.topic(topic).is_some()
    };
    let topic_name = values.topic_name.filter(exists);
    let topic_name = topic_name.ok_or(ManagedSetupFault::TopicInvalid)?;
    if others.len() >= MANAGED_SUBSCRIPTIONS_MAX {
        return Err(ManagedSetupFault::TooMany);
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

fn update(
    subscription: &mut ManagedSubscription,
    values: ManagedValues,
) -> Result<(), ManagedSetupFault> {
    let same = |topic: Topic| topic == subscription.topic_name;
    if !values.topic_name.is_none_or(same) {
        return Err(ManagedSetupFault::TopicInvalid);
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

/// The document that keeps a position, or forgets it.
pub(crate) fn cursor(subscription: RecordId, position: Option<ReplayId>) -> Document {
    Document {
        kind: DocumentKind::Cursor,
        key: subscription.to_string(),
        content: position.map(|position| {
            stored::write(&Cursor {
                position: position.get(),
            })
        }),
    }
}

/// A position as it is stored.
#[derive(Serialize, Deserialize)]
struct Cursor {
    position: u64,
}

/// The position that such a document keeps. Before version 1 it was eight bytes, the highest first.
pub(crate) fn position(content: &[u8]) -> Result<ReplayId, Error> {
    if let Ok(number) = content.try_into() {
        return Ok(ReplayId::new(u64::from_be_bytes(number)));
    }
    let Cursor { position } = stored::read("position of a managed subscription", content)?;
    Ok(ReplayId::new(position))
}

fn unreadable(reason: String) -> Error {
    Error::Document {
        what: "managed subscriptions",
        reason,
    }
}

//! Subscriptions whose positions the service keeps.
//!
//! They are components as all others are; here is what they have besides: a position, and the client that uses them.
//! Source: "`ManagedEventSubscription`" (Tooling API, Metadata API Developer Guide).

use std::sync::Arc;

use landfall_metadata::{Kind, ManagedSubscription, ReplayFrom};
use landfall_model::{RecordId, ReplayId, Topic};
use landfall_store::{Document, DocumentKind};
use serde::{Deserialize, Serialize};

use crate::components::Components;
use crate::error::Error;
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
    pub(crate) fn stops_as(&self, subscription: &ManagedSubscription) -> u64 {
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

/// Puts subscriptions in the order of their names.
pub(crate) fn sort(managed: &mut [Arc<Managed>]) {
    managed.sort_by(|one, other| {
        let [one, other] = [one, other].map(|managed| &managed.subscription.developer_name);
        one.cmp(other)
    });
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

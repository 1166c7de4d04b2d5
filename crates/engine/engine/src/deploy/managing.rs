//! Managed subscriptions that are made, changed and removed.

use std::sync::Arc;

use landfall_metadata::{Kind, ManagedSubscription, ReplayFrom};
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;
use landfall_model::{Fault, ManagedSetupFault, RecordFault, RecordId, Topic};
use landfall_store::Document;

use super::{Amending, Step, new_id};
use crate::components::Components;
use crate::definitions::Definitions;
use crate::error::Error;
use crate::managed::{Managed, ManagedChange, ManagedValues, cursor, sort};
use crate::numbers::Numbers;

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
pub(super) async fn manage(
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

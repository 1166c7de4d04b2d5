//! How many definitions and selections an org may have.
//!
//! Source: "Platform Event Allocations" (Platform Events Developer Guide), "Change Data Capture Allocations" (Change Data
//! Capture Developer Guide), "Managed Event Subscriptions" (Pub/Sub API Developer Guide). The texts are ours.

use std::collections::BTreeSet;

use landfall_metadata::{ChannelMember, Kind, Part, Problem};
use landfall_model::limits::MANAGED_SUBSCRIPTIONS_MAX;

use crate::Engine;
use crate::compiled::Compiled;
use crate::error::Error;

/// Refuses components beyond what the org may have.
pub(super) fn check(engine: &Engine, compiled: &Compiled, parts: &[Part]) -> Result<(), Error> {
    let allocations = engine.usage().allocations();
    let beyond = allocations
        .event_definitions
        .and_then(|most| defined(compiled, most))
        .or_else(|| {
            let selected = allocations.selected_objects?;
            Selections::Objects.beyond(engine, compiled, selected)
        })
        .or_else(|| {
            let selected = allocations.selected_events?;
            Selections::Events.beyond(engine, compiled, selected)
        })
        .or_else(|| managed(compiled));
    match beyond {
        None => Ok(()),
        Some(beyond) => Err(beyond.told(parts)),
    }
}

/// A component that is one too many, and why.
struct Beyond {
    kind: Kind,
    name: String,
    reason: String,
}

impl Beyond {
    fn told(self, parts: &[Part]) -> Error {
        let Self { kind, name, reason } = self;
        let part = parts
            .iter()
            .find(|part| part.kind == kind && part.name.eq_ignore_ascii_case(&name));
        Error::Invalid {
            problems: vec![Problem {
                path: part.map_or_else(|| kind.path(&name), |part| part.path.clone()),
                line: part.map_or(1, |part| part.line),
                reason,
            }],
        }
    }
}

fn defined(compiled: &Compiled, most: u64) -> Option<Beyond> {
    let events = compiled.catalog.platform_events().iter();
    let mut own = events.filter(|event| event.standard.is_none());
    let event = own.nth(usize::try_from(most).ok()?)?;
    Some(Beyond {
        kind: Kind::Object,
        name: event.name.to_string(),
        reason: format!("an org has at most {most} platform event definitions"),
    })
}

fn managed(compiled: &Compiled) -> Option<Beyond> {
    let subscription = compiled.managed.get(MANAGED_SUBSCRIPTIONS_MAX)?;
    Some(Beyond {
        kind: Kind::ManagedSubscription,
        name: subscription.developer_name.clone(),
        reason: format!(
            "An org has at most {MANAGED_SUBSCRIPTIONS_MAX} managed event subscriptions"
        ),
    })
}

/// What members of channels select.
#[derive(Clone, Copy)]
enum Selections {
    /// Objects, by their change events.
    Objects,
    /// Platform events.
    Events,
}

impl Selections {
    /// The first member that selects something new beyond what all channels together may: what is on several counts
    /// once, and what was selected before stays.
    fn beyond(self, engine: &Engine, compiled: &Compiled, most: u64) -> Option<Beyond> {
        let most = usize::try_from(most).ok()?;
        let definitions = engine.definitions();
        let earlier: BTreeSet<&str> = definitions
            .channel_members()
            .iter()
            .map(|member| member.selected_entity.as_str())
            .collect();
        let is_of_objects = matches!(self, Self::Objects);
        let members = compiled.channels.members.iter().filter(|member| {
            let event = compiled.catalog.platform_event(&member.selected_entity);
            event.is_none() == is_of_objects
        });
        let (kept, new): (Vec<&ChannelMember>, Vec<_>) =
            members.partition(|member| earlier.contains(member.selected_entity.as_str()));
        let kept = kept
            .into_iter()
            .map(|member| member.selected_entity.as_str());
        let mut selected: BTreeSet<&str> = kept.collect();
        let beyond = new
            .into_iter()
            .find(|member| selected.insert(&member.selected_entity) && selected.len() > most)?;
        let what = match self {
            Self::Objects => "objects for change events",
            Self::Events => "platform events",
        };
        Some(Beyond {
            kind: Kind::ChannelMember,
            name: beyond.full_name.clone(),
            reason: format!("an org selects at most {most} {what} on all its channels together"),
        })
    }
}

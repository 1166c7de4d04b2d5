//! The components of an org as they are to be, step by step.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use landfall_metadata::{Gone, Kind, Part};
use landfall_model::RecordId;
use landfall_store::Document;

use super::position::Positions;
use super::{Effect, Step, new_id};
use crate::Engine;
use crate::components::{self, Components, KeptComponent, Key, Stamp, key};
use crate::error::Error;
use crate::managed::Managed;
use crate::numbers::Numbers;

/// The components as they are to be.
pub(crate) struct Next {
    stamp: Stamp,
    positions: Positions,
    drafts: BTreeMap<Key, Draft>,
    /// Removed by the cascade of another removal. A request that names it as well succeeds, too.
    along: BTreeSet<Key>,
    /// What was removed since permission sets and profiles lost what is gone.
    going: Gone,
    gone: Gone,
    /// Ids that new components have already.
    reserved: BTreeMap<Key, RecordId>,
}

/// The components as they are stored.
pub(crate) struct Settled {
    /// What is to be kept.
    pub(crate) documents: Vec<Document>,
    /// The ids of the components that are records as well.
    pub(crate) ids: HashMap<Key, RecordId>,
}

/// A component as it is to be, and as it was.
struct Draft {
    part: Part,
    project: Option<String>,
    earlier: Option<Arc<KeptComponent>>,
    /// Whether it is new, or said anew: what it merely lost does not count.
    is_said: bool,
}

impl Next {
    pub(super) fn new(engine: &Engine, earlier: &Components, by: RecordId) -> Self {
        let at = engine.clock().now().whole_second();
        Self {
            stamp: Stamp { by, at },
            positions: Positions::of(earlier),
            drafts: BTreeMap::new(),
            along: BTreeSet::new(),
            going: Gone::default(),
            gone: Gone::default(),
            reserved: BTreeMap::new(),
        }
    }

    /// All components of an org as they are.
    pub(super) fn of_org(engine: &Engine, by: RecordId) -> Self {
        let definitions = engine.definitions();
        let mut next = Self::new(engine, definitions.components(), by);
        for kept in definitions.components().all() {
            next.add(kept.part.clone(), kept.project.clone(), Some(kept));
        }
        next
    }

    /// Has new components get these ids.
    pub(super) fn reserve(&mut self, ids: &BTreeMap<Key, RecordId>) {
        self.reserved.clone_from(ids);
    }

    /// The id that a new component has already.
    pub(crate) fn reserved(&self, kind: Kind, name: &str) -> Option<RecordId> {
        self.reserved.get(&key(kind, name)).copied()
    }

    /// The new components that have no id yet.
    pub(super) fn without_id(&self) -> Vec<Key> {
        let new = self
            .drafts
            .iter()
            .filter(|(_, draft)| draft.earlier.is_none());
        let new = new.filter(|(key, _)| !self.reserved.contains_key(*key));
        new.map(|(key, _)| key.clone()).collect()
    }

    /// The components as they would be stored. All that are new have an id.
    pub(super) fn staged(&self) -> Components {
        let staged = self.drafts.iter().filter_map(|(key, draft)| {
            let known = draft.earlier.as_ref().map(|earlier| earlier.id);
            let id = known.or_else(|| self.reserved.get(key).copied())?;
            Some((key.clone(), draft.kept(self.stamp, id)))
        });
        Components(staged.collect())
    }

    pub(super) fn has(&self, kind: Kind, name: &str) -> bool {
        self.drafts.contains_key(&key(kind, name))
    }

    /// Whether a component is new, or said anew.
    pub(super) fn is_said(&self, kind: Kind, name: &str) -> bool {
        let draft = self.drafts.get(&key(kind, name));
        draft.is_some_and(|draft| draft.is_said)
    }

    /// What definitions are compiled from.
    pub(super) fn parts(&self) -> Vec<Part> {
        self.drafts
            .values()
            .map(|draft| draft.part.clone())
            .collect()
    }

    /// What was removed that can be granted.
    pub(super) const fn gone(&self) -> &Gone {
        &self.gone
    }

    /// Adds a component; the first of a name stays.
    ///
    /// A new part of an object comes after all others of its kind, one that exists keeps its position.
    pub(super) fn add(
        &mut self,
        mut part: Part,
        project: Option<String>,
        earlier: Option<&Arc<KeptComponent>>,
    ) {
        if let Entry::Vacant(vacant) = self.drafts.entry(key(part.kind, &part.name)) {
            part.position = match earlier {
                Some(_) => self.positions.earlier(&part),
                None => self.positions.next(&part),
            };
            let same = earlier.is_some_and(|earlier| earlier.part.content == part.content);
            vacant.insert(Draft {
                part,
                project,
                earlier: earlier.cloned(),
                is_said: !same,
            });
        }
    }

    /// Carries out steps, in their order.
    pub(super) fn take_all(&mut self, steps: Vec<Step>) -> Vec<Effect> {
        let effects = steps.into_iter().map(|step| self.take(step)).collect();
        self.revoke(|_| true);
        effects
    }

    /// Has gone what was there and is not here. What a project's own file still speaks of is a mistake of the project.
    pub(super) fn leave(&mut self, earlier: &Components) {
        for kept in earlier.all() {
            if !self.has(kept.part.kind, &kept.part.name) {
                self.going.add(&kept.part);
            }
        }
        self.revoke(|draft| draft.project.as_ref() != Some(&draft.part.content));
    }

    /// Takes what is gone out of permission sets and profiles.
    fn revoke(&mut self, loses: impl Fn(&Draft) -> bool) {
        let going = std::mem::take(&mut self.going);
        if going.is_empty() {
            return;
        }
        for draft in self.drafts.values_mut().filter(|draft| loses(draft)) {
            if let Some(content) = going.taken_from(&draft.part) {
                draft.part.content = content;
            }
        }
        self.gone.append(going);
    }

    fn take(&mut self, step: Step) -> Effect {
        match step {
            Step::Put(part) => self.put(part),
            Step::Rename(name, part) => self.rename(&name, part),
            Step::Remove(kind, name) => self.remove(kind, &name),
        }
    }

    /// What says the same in other words stays in the words that it has.
    fn put(&mut self, part: Part) -> Effect {
        // What comes after a removal has to do without what is gone.
        self.revoke(|_| true);
        let key = key(part.kind, &part.name);
        let Some(draft) = self.drafts.get_mut(&key) else {
            self.add(part, None, None);
            return Effect::Created;
        };
        let part = landfall_metadata::deployed_over(draft.part.clone(), part);
        if landfall_metadata::means_the_same(&draft.part, &part) {
            return Effect::Unchanged;
        }
        draft.part = Part {
            position: draft.part.position,
            ..part
        };
        draft.is_said = true;
        Effect::Changed
    }

    /// What a project says of the earlier name no longer counts.
    fn rename(&mut self, name: &str, part: Part) -> Effect {
        let Some(draft) = self.drafts.remove(&key(part.kind, name)) else {
            return Effect::Missing;
        };
        let renamed = Draft {
            part: Part {
                position: draft.part.position,
                ..part
            },
            project: None,
            earlier: draft.earlier,
            is_said: true,
        };
        let key = key(renamed.part.kind, &renamed.part.name);
        self.drafts.insert(key, renamed);
        Effect::Changed
    }

    fn remove(&mut self, kind: Kind, name: &str) -> Effect {
        let key = key(kind, name);
        let removed = self.drafts.remove(&key);
        if let Some(draft) = &removed {
            self.going.add(&draft.part);
        }
        let found = removed.is_some() || self.along.remove(&key);
        let below = format!("{}.", key.1);
        let goes_along = |(other, own): &Key, draft: &mut Draft| match kind {
            Kind::Object => other.inline().is_some() && own.starts_with(&below),
            Kind::Channel => {
                *other == Kind::ChannelMember && landfall_metadata::is_on_channel(&draft.part, name)
            }
            _ => false,
        };
        let gone = self.drafts.extract_if(.., goes_along);
        self.along.extend(gone.map(|(key, _)| key));
        if found {
            Effect::Deleted
        } else {
            Effect::Missing
        }
    }

    /// Gives new components their ids, or those that they had: `kept`.
    pub(crate) fn settle(
        self,
        earlier: &Components,
        managed: &[Arc<Managed>],
        kept: &HashMap<Key, RecordId>,
        numbers: &mut Numbers,
    ) -> Result<Settled, Error> {
        let mut documents: Vec<Document> = earlier
            .0
            .keys()
            .filter(|key| !self.drafts.contains_key(*key))
            .map(|key| components::document(key, None))
            .collect();
        let mut ids = HashMap::new();
        for (key, draft) in self.drafts {
            let earlier_id = draft.earlier.as_ref().map(|earlier| earlier.id);
            let known = earlier_id.or_else(|| kept.get(&key).copied());
            let own = managed.iter().find(|managed| {
                key.0 == Kind::ManagedSubscription && managed.has_name(&draft.part.name)
            });
            let reserved = self.reserved.get(&key).copied();
            let id = match own.map(|own| own.id).or(known).or(reserved) {
                Some(id) => id,
                None => new_id(key.0, numbers)?,
            };
            let component = draft.kept(self.stamp, id);
            if matches!(
                key.0,
                Kind::RecordType
                    | Kind::BusinessProcess
                    | Kind::CustomMetadata
                    | Kind::Queue
                    | Kind::Group
            ) {
                ids.insert(key.clone(), component.id);
            }
            if earlier.0.get(&key) != Some(&component) {
                documents.push(components::document(&key, Some(&component)));
            }
        }
        Ok(Settled { documents, ids })
    }
}

impl Draft {
    /// The component as it is stored.
    fn kept(&self, stamp: Stamp, id: RecordId) -> Arc<KeptComponent> {
        let earlier = self.earlier.as_ref();
        let same = earlier.filter(|earlier| earlier.part.content == self.part.content);
        Arc::new(KeptComponent {
            id,
            part: self.part.clone(),
            project: self.project.clone(),
            created: earlier.map_or(stamp, |earlier| earlier.created),
            modified: same.map_or(stamp, |same| same.modified),
        })
    }
}

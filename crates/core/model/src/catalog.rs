//! The objects and platform events of one org, found by name, by id prefix or by change event.

use std::collections::HashMap;
use std::sync::Arc;

use crate::entity::EntityDefinition;
use crate::id::KeyPrefix;
use crate::platform_event::PlatformEventDefinition;

/// Every object and platform event of an org. Immutable: a changed definition makes a new catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    entities: Vec<Arc<EntityDefinition>>,
    by_name: HashMap<String, Arc<EntityDefinition>>,
    by_prefix: HashMap<KeyPrefix, Arc<EntityDefinition>>,
    by_change_event: HashMap<String, Arc<EntityDefinition>>,
    platform_events: Vec<Arc<PlatformEventDefinition>>,
    platform_event_by_name: HashMap<String, Arc<PlatformEventDefinition>>,
}

impl Catalog {
    /// A catalogue of these objects; the last definition of a name wins.
    pub fn new(entities: impl IntoIterator<Item = EntityDefinition>) -> Self {
        Self::of(entities.into_iter().map(Arc::new))
    }

    /// The same of objects that others have too.
    pub fn of(entities: impl IntoIterator<Item = Arc<EntityDefinition>>) -> Self {
        let mut catalog = Self::default();
        for entity in entities {
            let key = entity.name.as_str().to_ascii_lowercase();
            if let Some(change_event) = &entity.change_event {
                catalog.by_change_event.insert(
                    change_event.name.as_str().to_ascii_lowercase(),
                    Arc::clone(&entity),
                );
            }
            if entity.described_prefix().is_some() {
                // Objects can share a prefix: ids are of the one whose records can change.
                let of_prefix = catalog.by_prefix.entry(entity.key_prefix);
                let of_prefix = of_prefix.or_insert_with(|| Arc::clone(&entity));
                let can = of_prefix.capabilities;
                if !(can.createable || can.updateable || can.deletable) {
                    *of_prefix = Arc::clone(&entity);
                }
            }
            catalog.by_name.insert(key, Arc::clone(&entity));
            catalog.entities.push(entity);
        }
        catalog
            .entities
            .sort_by(|left, right| left.name.cmp(&right.name));
        catalog
    }

    /// The catalogue with these platform events too; the last definition of a name wins.
    #[must_use]
    pub fn with_platform_events(
        mut self,
        events: impl IntoIterator<Item = impl Into<Arc<PlatformEventDefinition>>>,
    ) -> Self {
        for event in events {
            let event = event.into();
            let key = event.name.as_str().to_ascii_lowercase();
            if self
                .platform_event_by_name
                .insert(key, Arc::clone(&event))
                .is_some()
            {
                self.platform_events.retain(|other| {
                    !other
                        .name
                        .as_str()
                        .eq_ignore_ascii_case(event.name.as_str())
                });
            }
            self.platform_events.push(event);
        }
        self.platform_events
            .sort_by(|left, right| left.name.cmp(&right.name));
        self
    }

    /// All platform events, sorted by name.
    pub fn platform_events(&self) -> &[Arc<PlatformEventDefinition>] {
        &self.platform_events
    }

    /// A platform event by name in any letter case.
    pub fn platform_event(&self, name: &str) -> Option<&Arc<PlatformEventDefinition>> {
        self.platform_event_by_name.get(&name.to_ascii_lowercase())
    }

    /// All objects, sorted by name.
    pub fn entities(&self) -> &[Arc<EntityDefinition>] {
        &self.entities
    }

    /// An object by name in any letter case.
    pub fn entity(&self, name: &str) -> Option<&Arc<EntityDefinition>> {
        self.by_name.get(&name.to_ascii_lowercase())
    }

    /// The object whose record ids begin with this prefix.
    pub fn entity_of(&self, prefix: KeyPrefix) -> Option<&Arc<EntityDefinition>> {
        self.by_prefix.get(&prefix)
    }

    /// The object whose changes this event object describes, by event name in any letter case.
    pub fn entity_of_change_event(&self, event_name: &str) -> Option<&Arc<EntityDefinition>> {
        self.by_change_event.get(&event_name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::EntityName;

    fn event(name: &str, label: &str) -> PlatformEventDefinition {
        PlatformEventDefinition {
            name: EntityName::new(name),
            label: label.to_owned(),
            label_plural: label.to_owned(),
            key_prefix: KeyPrefix::parse("e00").expect("a prefix"),
            publish_after_commit: false,
            standard: None,
            fields: Vec::new(),
        }
    }

    #[test]
    fn platform_events_are_sorted_and_found_in_any_letter_case() {
        let catalog = Catalog::new([]).with_platform_events([
            event("Low_Ink__e", "old"),
            event("Gone__e", "gone"),
            event("LOW_INK__e", "new"),
        ]);
        let found = catalog.platform_event("low_ink__E").expect("an event");
        assert_eq!(found.label, "new");
        assert_eq!(found.topic().as_str(), "/event/LOW_INK__e");
        let names = catalog
            .platform_events()
            .iter()
            .map(|event| event.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["Gone__e", "LOW_INK__e"]);
        assert!(catalog.entities().is_empty());
    }
}

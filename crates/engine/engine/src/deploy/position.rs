//! Positions of fields and record types among those of their object: the order in which they were created.

use std::collections::BTreeMap;

use landfall_metadata::{Kind, Part, declaration_order};

use crate::components::{Components, Key, key};

/// The positions of all parts of objects, and the last one of each object.
pub(super) struct Positions {
    known: BTreeMap<Key, usize>,
    last: BTreeMap<Key, usize>,
}

impl Positions {
    /// Those of the components of an org. One without a position comes after those that have one.
    pub(super) fn of(components: &Components) -> Self {
        let mut positions = Self {
            known: BTreeMap::new(),
            last: BTreeMap::new(),
        };
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.inline().is_some());
        let mut parts: Vec<&Part> = kinds
            .flat_map(|kind| components.of(kind))
            .map(|component| &component.part)
            .collect();
        parts.sort_by(|left, right| declaration_order(left, right));
        for part in parts {
            let position = match part.position {
                0 => positions.next(part),
                position => position,
            };
            if let Some(of) = object_of(part) {
                let last = positions.last.entry(of).or_default();
                *last = position.max(*last);
            }
            positions.known.insert(key(part.kind, &part.name), position);
        }
        positions
    }

    /// The position of a component that exists.
    pub(super) fn earlier(&self, part: &Part) -> usize {
        let known = self.known.get(&key(part.kind, &part.name));
        known.copied().unwrap_or(0)
    }

    /// The position of a new component: the last one of its object.
    pub(super) fn next(&mut self, part: &Part) -> usize {
        object_of(part).map_or(0, |of| {
            let last = self.last.entry(of).or_default();
            *last += 1;
            *last
        })
    }
}

/// The kind and the object of a part; none of any other component.
fn object_of(part: &Part) -> Option<Key> {
    part.kind.inline()?;
    let (object, _) = part.name.split_once('.')?;
    Some(key(part.kind, object))
}

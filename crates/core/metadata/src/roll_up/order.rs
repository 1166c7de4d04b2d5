//! Roll-ups of roll-ups: which come first.

use landfall_model::{EntityName, FieldName};

use super::RollUpSource;

/// A roll-up summary field of an object, as a file declares it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Declared<'s> {
    pub(crate) entity: &'s EntityName,
    pub(crate) field: &'s FieldName,
    pub(crate) source: &'s RollUpSource,
}

impl Declared<'_> {
    /// Whether it is computed from another one's field.
    pub(crate) fn uses(&self, other: &Self) -> bool {
        let compared = self.source.filters.iter().map(|filter| &filter.field);
        let path = format!("{}.{}", other.entity, other.field);
        self.source
            .summarized
            .iter()
            .chain(compared)
            .any(|used| used.eq_ignore_ascii_case(&path))
    }
}

/// Brings roll-ups in an order in which each comes after those that it uses; the second ones use themselves, or one that
/// does.
pub(crate) fn ordered<T>(mut rest: Vec<T>, uses: impl Fn(&T, &T) -> bool) -> (Vec<T>, Vec<T>) {
    let mut ordered = Vec::with_capacity(rest.len());
    loop {
        let waits = |one: &T| rest.iter().any(|other| uses(one, other));
        let waiting: Vec<bool> = rest.iter().map(waits).collect();
        if !waiting.contains(&false) {
            return (ordered, rest);
        }
        let mut left = Vec::new();
        for (one, waits) in rest.into_iter().zip(waiting) {
            if waits { &mut left } else { &mut ordered }.push(one);
        }
        rest = left;
    }
}

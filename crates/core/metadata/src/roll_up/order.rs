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
    fn uses(&self, other: &Self) -> bool {
        let compared = self.source.filters.iter().map(|filter| &filter.field);
        let path = format!("{}.{}", other.entity, other.field);
        self.source
            .summarized
            .iter()
            .chain(compared)
            .any(|used| used.eq_ignore_ascii_case(&path))
    }
}

/// Brings roll-ups in an order in which each comes after those that it is computed from; the second ones are computed
/// from themselves, or from one that is.
pub(crate) fn ordered(mut rest: Vec<Declared<'_>>) -> (Vec<Declared<'_>>, Vec<Declared<'_>>) {
    let mut ordered = Vec::with_capacity(rest.len());
    loop {
        let (waiting, ready): (Vec<_>, Vec<_>) = rest
            .iter()
            .copied()
            .partition(|roll_up| rest.iter().any(|other| roll_up.uses(other)));
        if ready.is_empty() {
            return (ordered, waiting);
        }
        ordered.extend(ready);
        rest = waiting;
    }
}

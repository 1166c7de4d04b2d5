//! Who uses a managed subscription: one stream at a time.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use landfall_model::RecordId;

/// The managed subscriptions that are in use.
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots(Arc<Mutex<HashSet<RecordId>>>);

impl Slots {
    /// Takes a subscription into use; none if it is already.
    pub(crate) fn take(&self, id: RecordId) -> Option<Slot> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.insert(id).then(|| Slot {
            slots: self.clone(),
            id,
        })
    }
}

/// The use of one subscription, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    id: RecordId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut used = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_is_free_again_once_its_user_is_gone() {
        let slots = Slots::default();
        let first = slots.take(RecordId::EMPTY);
        assert!(first.is_some());
        assert!(slots.take(RecordId::EMPTY).is_none());
        drop(first);
        assert!(slots.take(RecordId::EMPTY).is_some());
    }
}

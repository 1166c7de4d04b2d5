//! What a driver supplies: the meaning of lenses and rights, and the form of a response.

use std::sync::Arc;

use landfall_model::ReplayId;

use crate::Subscription;

/// What a subscription delivers in place of a stored event.
#[derive(Clone, Debug)]
pub enum View<E> {
    /// Nothing: the event does not pass the filter.
    Withheld,
    /// The event as it is stored.
    AsStored,
    /// These, all at the position of the stored event: an event of several records becomes one for each.
    Altered(Arc<[E]>),
    /// Not known yet: a lens has to look at the event first.
    Unseen,
}

/// What a subscription does to the events of its topics.
pub trait Lens {
    /// Whether it may have to look at events before they can be delivered.
    fn looks(&self) -> bool;
}

/// An org as the machine knows it. All of it is in memory: nothing here waits.
pub trait Org {
    /// A topic of the log.
    type Topic: Copy + Ord;
    /// What a subscription does to the events of its topics: filters, enriches, addresses.
    type Lens: Lens;
    /// What a user may receive.
    type Rights;
    /// An event of the log; cheap to clone.
    type Event;

    /// Where an event is in the log, and its topic.
    fn locate(event: &Self::Event) -> (ReplayId, Self::Topic);

    /// What a subscription delivers in place of an event of one of its topics.
    fn view(
        &self,
        subscription: &Subscription<Self::Topic, Self::Lens>,
        event: &Self::Event,
    ) -> View<Self::Event>;

    /// Whether a user with these rights receives an event at all.
    fn may_receive(&self, rights: &Self::Rights, event: &Self::Event) -> bool;

    /// An event without the fields that a user with these rights may not read; `None` if they may read all of it.
    fn masked(&self, rights: &Self::Rights, event: &Self::Event) -> Option<Self::Event>;
}

/// A response that is being written: how a protocol frames and encodes events.
pub trait Frame<O: Org> {
    /// The size of what is written so far.
    fn bytes(&self) -> usize;

    /// Writes an event for one subscription. False if there is nothing to write of it.
    fn write(
        &mut self,
        channel: &str,
        subscription: &Subscription<O::Topic, O::Lens>,
        event: &O::Event,
    ) -> bool;

    /// Removes what was written after the frame had this size.
    fn truncate(&mut self, bytes: usize);

    /// What was written of the last event is delivered: so many copies. Usage is counted here.
    fn keep(&mut self, topic: O::Topic, copies: u64);
}

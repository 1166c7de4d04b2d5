//! Where each stream stands, for those who look from outside.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_engine::{Standing, TopicId};
use landfall_model::ReplayId;
use landfall_subscription::Subscription;

/// The streams that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Arc<Mutex<BTreeMap<Box<str>, Arc<Stands>>>>);

#[derive(Debug, Default)]
struct Stands {
    reached: AtomicU64,
    wanted: Mutex<Option<Wanted>>,
}

#[derive(Debug)]
struct Wanted {
    channel: String,
    topics: Vec<TopicId>,
}

impl Places {
    /// A stream that begins, under the id of its call. It is shown once it has subscribed.
    pub(crate) fn begin(&self, rpc_id: &str) -> Place {
        let stands = Arc::<Stands>::default();
        self.table().insert(rpc_id.into(), Arc::clone(&stands));
        Place {
            places: self.clone(),
            rpc_id: rpc_id.into(),
            stands,
        }
    }

    /// Where all stand.
    pub(crate) fn standings(&self) -> Vec<Standing> {
        let table = self.table();
        let standings = table.iter().filter_map(|(rpc_id, stands)| {
            let wanted = stands.wanted();
            let wanted = wanted.as_ref()?;
            Some(Standing {
                client: rpc_id.to_string(),
                channel: wanted.channel.clone(),
                topics: wanted.topics.clone(),
                reached: ReplayId::new(stands.reached.load(Ordering::Relaxed)),
            })
        });
        standings.collect()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Arc<Stands>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stands {
    fn wanted(&self) -> MutexGuard<'_, Option<Wanted>> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One stream among them; it is gone when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Places,
    rpc_id: Box<str>,
    stands: Arc<Stands>,
}

impl Place {
    /// It has subscribed, or wants more topics than before.
    pub(crate) fn subscribed(&self, channel: &str, subscription: &Subscription<TopicId>) {
        *self.stands.wanted() = Some(Wanted {
            channel: channel.to_owned(),
            topics: subscription.topics().to_vec(),
        });
        self.reached(subscription.cursor());
    }

    /// It is done with everything up to here.
    pub(crate) fn reached(&self, position: ReplayId) {
        self.stands.reached.store(position.get(), Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.table().remove(&self.rpc_id);
    }
}

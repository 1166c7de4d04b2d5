//! The positions of all streams, as metrics report them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_engine::{SubscriberPosition, TopicId};
use landfall_model::ReplayId;

/// The streams that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions(Arc<Mutex<BTreeMap<Box<str>, Arc<Entry>>>>);

#[derive(Debug, Default)]
struct Entry {
    reached: AtomicU64,
    subscribed: Mutex<Option<Subscribed>>,
}

#[derive(Debug)]
struct Subscribed {
    channel: String,
    topics: Vec<TopicId>,
}

impl Positions {
    /// A stream that begins, under the id of its call. It is shown once it has subscribed.
    pub(crate) fn begin(&self, rpc_id: &str) -> StreamPosition {
        let entry = Arc::<Entry>::default();
        self.table().insert(rpc_id.into(), Arc::clone(&entry));
        StreamPosition {
            positions: self.clone(),
            rpc_id: rpc_id.into(),
            entry,
        }
    }

    /// All of them.
    pub(crate) fn positions(&self) -> Vec<SubscriberPosition> {
        let table = self.table();
        let positions = table.iter().filter_map(|(rpc_id, entry)| {
            let subscribed = entry.subscribed();
            let subscribed = subscribed.as_ref()?;
            Some(SubscriberPosition {
                client: rpc_id.to_string(),
                channel: subscribed.channel.clone(),
                topics: subscribed.topics.clone(),
                reached: ReplayId::new(entry.reached.load(Ordering::Relaxed)),
            })
        });
        positions.collect()
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<Box<str>, Arc<Entry>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn subscribed(&self) -> MutexGuard<'_, Option<Subscribed>> {
        self.subscribed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct StreamPosition {
    positions: Positions,
    rpc_id: Box<str>,
    entry: Arc<Entry>,
}

impl StreamPosition {
    /// It has subscribed, or has other topics.
    pub(crate) fn subscribed(&self, channel: &str, topics: &[TopicId], position: ReplayId) {
        *self.entry.subscribed() = Some(Subscribed {
            channel: channel.to_owned(),
            topics: topics.to_vec(),
        });
        self.reached(position);
    }

    /// Everything up to here is done.
    pub(crate) fn reached(&self, position: ReplayId) {
        self.entry.reached.store(position.get(), Ordering::Relaxed);
    }
}

impl Drop for StreamPosition {
    fn drop(&mut self) {
        self.positions.table().remove(&self.rpc_id);
    }
}

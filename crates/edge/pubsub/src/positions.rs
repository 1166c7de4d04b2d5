//! The positions of all streams, as metrics report them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use landfall_engine::{Subscriber, SubscriberDemand, SubscriberPosition, TopicId};
use landfall_model::ReplayId;
use landfall_subscription::Subscription;
use tokio::sync::Notify;

/// The streams that are open.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions(Arc<Mutex<BTreeMap<Box<str>, Arc<Entry>>>>);

#[derive(Debug, Default)]
struct Entry {
    username: String,
    agent: Option<Arc<str>>,
    reached: AtomicU64,
    /// Events that the client has requested and not received.
    requested: AtomicU32,
    subscribed: Mutex<Option<Subscribed>>,
    /// Somebody wants the stream to end.
    ended: Notify,
}

#[derive(Debug)]
struct Subscribed {
    channel: String,
    topics: Vec<TopicId>,
    began: ReplayId,
}

impl Positions {
    /// A stream that begins, under the id of its call. It is shown once it has subscribed.
    pub(crate) fn begin(
        &self,
        rpc_id: &str,
        username: &str,
        agent: Option<Arc<str>>,
    ) -> StreamPosition {
        let entry = Arc::new(Entry {
            username: username.to_owned(),
            agent,
            ..Entry::default()
        });
        self.table().insert(rpc_id.into(), Arc::clone(&entry));
        StreamPosition {
            positions: self.clone(),
            rpc_id: rpc_id.into(),
            entry,
        }
    }

    /// All of them that have subscribed.
    pub(crate) fn subscribers(&self) -> Vec<Subscriber> {
        let table = self.table();
        let subscribers = table.iter().filter_map(|(rpc_id, entry)| {
            let subscribed = entry.subscribed();
            let subscribed = subscribed.as_ref()?;
            // The position first: it is stored after the count that belongs to it.
            let reached = ReplayId::new(entry.reached.load(Ordering::Acquire));
            let position = SubscriberPosition {
                channel: subscribed.channel.clone(),
                topics: subscribed.topics.clone(),
                began: subscribed.began,
                reached,
            };
            Some(Subscriber {
                id: rpc_id.to_string(),
                username: entry.username.clone(),
                client: entry.agent.clone(),
                demand: SubscriberDemand::Requested(entry.requested.load(Ordering::Relaxed)),
                positions: vec![position],
            })
        });
        subscribers.collect()
    }

    /// Has a stream end. False if there is none with this id.
    pub(crate) fn end(&self, rpc_id: &str) -> bool {
        let entry = self.table().get(rpc_id).map(Arc::clone);
        if let Some(entry) = &entry {
            entry.ended.notify_one();
        }
        entry.is_some()
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
    pub(crate) fn subscribed<L>(&self, channel: &str, subscription: &Subscription<TopicId, L>) {
        *self.entry.subscribed() = Some(Subscribed {
            channel: channel.to_owned(),
            topics: subscription.topics().to_vec(),
            began: subscription.began(),
        });
        self.reached(subscription.position());
    }

    /// Everything up to here is sent, or is not for the client.
    pub(crate) fn reached(&self, position: ReplayId) {
        self.entry.reached.store(position.get(), Ordering::Release);
    }

    /// So many events are requested and not sent.
    pub(crate) fn requested(&self, events: u32) {
        self.entry.requested.store(events, Ordering::Relaxed);
    }

    /// Waits until somebody wants the stream to end.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let entry = Arc::clone(&self.entry);
        async move { entry.ended.notified().await }
    }
}

impl Drop for StreamPosition {
    fn drop(&mut self) {
        self.positions.table().remove(&self.rpc_id);
    }
}

//! Events as channels show them: looked at once for all subscribers of a channel, and kept for a while.
//!
//! What a channel shows may depend on the record as it is at delivery, also when an old event is delivered again. So a view
//! is as of a position of the log, and good for the subscriptions that began before: everybody who listens shares one, and
//! who comes later to hear old events sees records at least as new as the subscription.
//!
//! Source: "Event Enrichment Considerations" (Change Data Capture Developer Guide).

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};

use landfall_channel::{Evaluation, Failure, Stored, Verdict};
use landfall_model::{ReplayId, limits};
use landfall_store::{Event, TopicId};
use tracing::error;

use crate::Engine;
use crate::error::Error;
use crate::lens::Lens;
use crate::log::{LogEvent, cost};

/// What subscribers get in place of an event. Never [`landfall_subscription::View::Unseen`] once it is kept.
pub type View = landfall_subscription::View<Arc<LogEvent>>;

/// Bytes that a kept view takes.
fn bytes(view: &View) -> usize {
    let altered = match view {
        View::Withheld | View::AsStored | View::Unseen => 0,
        View::Altered(events) => events.iter().map(|event| cost(event.event())).sum(),
    };
    size_of::<Kept>() + size_of::<Key>() * 2 + altered
}

/// A subscription's request for the views of a topic's events.
#[derive(Clone, Debug)]
pub struct ViewRequest {
    /// The topic.
    pub topic: TopicId,
    /// The lens.
    pub lens: Arc<Lens>,
    /// Where the log was when the subscription began.
    pub since: ReplayId,
}

/// The views of some events, also of those that are no longer kept for other subscriptions.
#[derive(Default)]
pub struct EventViews(HashMap<Key, View>);

/// An event, and the number of a lens.
type Key = (ReplayId, u64);

#[derive(Clone)]
struct Kept {
    view: View,
    /// Records were looked at when the log was here.
    as_of: ReplayId,
}

/// The kept views; the oldest goes first.
#[derive(Default)]
struct Cache {
    views: HashMap<Key, Kept>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Cache {
    fn insert(&mut self, key: Key, kept: Kept) {
        self.bytes += bytes(&kept.view);
        match self.views.insert(key, kept) {
            Some(earlier) => self.bytes = self.bytes.saturating_sub(bytes(&earlier.view)),
            None => self.order.push_back(key),
        }
        while self.bytes > limits::VIEWS_BYTES_MAX {
            let Some(oldest) = self.order.pop_front() else {
                break;
            };
            if let Some(gone) = self.views.remove(&oldest) {
                self.bytes = self.bytes.saturating_sub(bytes(&gone.view));
            }
        }
    }
}

/// The views of an org.
#[derive(Default)]
pub(crate) struct ViewCache {
    cache: RwLock<Cache>,
}

impl ViewCache {
    fn find(&self, event: ReplayId, lens: &Lens, since: ReplayId) -> Option<View> {
        let cache = self.cache.read().unwrap_or_else(PoisonError::into_inner);
        let kept = cache.views.get(&(event, lens.number))?;
        (kept.as_of >= since).then(|| kept.view.clone())
    }

    fn keep(&self, lens: &Lens, seen: Vec<(ReplayId, Kept)>) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        for (event, kept) in seen {
            cache.insert((event, lens.number), kept);
        }
    }
}

impl Engine {
    /// What a subscription that began when the log was at `since` gets in the place of an event, if that was `seen` or
    /// somebody else has looked lately. Otherwise it is unseen: [`Self::evaluate`] first.
    pub fn view(&self, seen: &EventViews, event: ReplayId, lens: &Lens, since: ReplayId) -> View {
        let own = seen.0.get(&(event, lens.number)).cloned();
        let kept = own.or_else(|| self.0.views.find(event, lens, since));
        kept.unwrap_or(View::Unseen)
    }

    /// Looks at events through lenses, unless somebody has: at the first of each lens at least, and at no more than are
    /// worth to be held at once.
    ///
    /// # Errors
    /// [`Error::Store`] if records cannot be read.
    pub async fn evaluate(
        &self,
        events: &[Arc<LogEvent>],
        requests: &[ViewRequest],
    ) -> Result<EventViews, Error> {
        let mut seen = EventViews::default();
        for request in requests {
            let mut unseen = self.unseen(events, request, &mut seen);
            if unseen.is_empty() {
                continue;
            }
            let _one = request.lens.evaluating.lock().await;
            unseen = self.unseen(&unseen, request, &mut seen);
            if unseen.is_empty() {
                continue;
            }
            let (engine, lens) = (self.clone(), Arc::clone(&request.lens));
            let evaluating =
                tokio::task::spawn_blocking(move || engine.evaluate_all(&unseen, &lens));
            let looked = evaluating.await.map_err(|_| Error::Stopped)??;
            let number = request.lens.number;
            let own = looked
                .iter()
                .map(|(event, kept)| ((*event, number), kept.view.clone()));
            seen.0.extend(own);
            self.0.views.keep(&request.lens, looked);
        }
        Ok(seen)
    }

    /// The events of a request that nobody has looked at; what others saw is `seen`.
    fn unseen(
        &self,
        events: &[Arc<LogEvent>],
        request: &ViewRequest,
        seen: &mut EventViews,
    ) -> Vec<Arc<LogEvent>> {
        let mut unseen = Vec::new();
        for entry in events
            .iter()
            .filter(|entry| entry.event().topic == request.topic)
        {
            let event = entry.event().replay_id;
            match self.0.views.find(event, &request.lens, request.since) {
                Some(view) => {
                    seen.0.insert((event, request.lens.number), view);
                }
                None => unseen.push(Arc::clone(entry)),
            }
        }
        unseen
    }

    fn evaluate_all(
        &self,
        events: &[Arc<LogEvent>],
        lens: &Lens,
    ) -> Result<Vec<(ReplayId, Kept)>, Error> {
        // Before the first record is read: what is seen is at least as new.
        let as_of = self.log().bounds().tail;
        let mut looked = Vec::with_capacity(events.len());
        let mut total = 0;
        for entry in events {
            let event = entry.event();
            let (view, depends_on_record) = self.seen(event, lens)?;
            let as_of = if depends_on_record {
                as_of
            } else {
                ReplayId::MAX
            };
            total += bytes(&view);
            looked.push((event.replay_id, Kept { view, as_of }));
            if total > limits::LOOK_BYTES_MAX {
                break;
            }
        }
        Ok(looked)
    }

    /// The view of an event, and whether it depends on records as they are now. An event that cannot be read is withheld,
    /// as it would be without a lens: that is a defect, and is logged.
    fn seen(&self, event: &Event, lens: &Lens) -> Result<(View, bool), Error> {
        let schema = self.schema(event.schema);
        let failed = |reason: &dyn std::fmt::Display| {
            error!(replay_id = %event.replay_id, schema = %event.schema, %reason, "an event cannot be evaluated for a channel");
            Ok((View::Withheld, false))
        };
        let Some(schema) = schema else {
            return failed(&"its schema is unknown");
        };
        let stored = Stored {
            schema: &schema,
            payload: &event.payload,
        };
        let row = |id| match lens.rule.entity() {
            Some(entity) => self.0.reader.row(entity, id),
            None => Ok(None),
        };
        let Evaluation {
            verdict,
            depends_on_record,
        } = match lens.rule.evaluate(stored, self.clock().now(), row) {
            Ok(evaluation) => evaluation,
            Err(Failure::Record(failure)) => return Err(Error::Store(failure)),
            Err(failure) => return failed(&crate::chain(&failure)),
        };
        let view = match verdict {
            Verdict::Withheld => View::Withheld,
            Verdict::AsStored => View::AsStored,
            Verdict::Altered(parts) => {
                let parts = parts.into_iter().map(|part| {
                    let shown = Event {
                        id: event.id.of_part(part.place),
                        payload: part.payload.into(),
                        ..event.clone()
                    };
                    Arc::new(LogEvent::new(Arc::new(shown)))
                });
                View::Altered(parts.collect())
            }
        };
        Ok((view, depends_on_record))
    }
}

//! The newest events as they are sent to clients that follow them: rendered once for all.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use landfall_engine::Event;
use landfall_model::limits::{CONTROL_RENDERED_BYTES_MAX, CONTROL_RENDERED_EVENTS_MAX};
use landfall_model::{EventId, ReplayId};

/// After a return to a snapshot, a replay id is used again; its event has another id.
type Key = (ReplayId, EventId);

/// Events that were rendered, of one org.
#[derive(Debug, Default)]
pub struct Rendered(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    frames: HashMap<Key, Arc<str>>,
    /// The oldest first.
    order: VecDeque<Key>,
    bytes: usize,
}

impl Rendered {
    pub(crate) fn find(&self, event: &Event) -> Option<Arc<str>> {
        let key = (event.replay_id, event.id.clone());
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.frames.get(&key).map(Arc::clone)
    }

    pub(crate) fn keep(&self, event: &Event, frame: &Arc<str>) {
        self.keep_as((event.replay_id, event.id.clone()), frame);
    }

    fn keep_as(&self, key: Key, frame: &Arc<str>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.frames.insert(key.clone(), Arc::clone(frame)).is_some() {
            return;
        }
        kept.order.push_back(key);
        kept.bytes += frame.len();
        while kept.order.len() > CONTROL_RENDERED_EVENTS_MAX
            || kept.bytes > CONTROL_RENDERED_BYTES_MAX
        {
            let Some(oldest) = kept.order.pop_front() else {
                return;
            };
            let frame = kept.frames.remove(&oldest);
            kept.bytes -= frame.map_or(0, |frame| frame.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_within_limits() {
        let key = |n: u64| {
            let id = EventId::parse(&format!("event {n}"));
            (ReplayId::new(n), id.expect("a text"))
        };
        let rendered = Rendered::default();
        let find = |n| {
            let kept = rendered.0.lock().expect("nobody panics");
            kept.frames.get(&key(n)).cloned()
        };
        let all = u64::try_from(CONTROL_RENDERED_EVENTS_MAX).expect("it fits") + 10;
        for n in 0..all {
            rendered.keep_as(key(n), &Arc::from(n.to_string()));
        }
        assert_eq!(find(9), None);
        assert_eq!(find(10).as_deref(), Some("10"));
        assert_eq!(find(all - 1), Some(Arc::from((all - 1).to_string())));
        let large: Arc<str> = Arc::from("x".repeat(CONTROL_RENDERED_BYTES_MAX));
        rendered.keep_as(key(all), &large);
        assert_eq!(find(all - 1), None);
        assert_eq!(find(all), Some(large));
    }
}

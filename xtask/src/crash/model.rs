//! What must be true after a crash: the acknowledged changes, at most the doubtful ones, and nothing else.
//!
//! The log decides whether a change in doubt was kept; the records must then agree with the log.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};

use crate::replay::{Change, Event};

/// One write, as its writer saw it end.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// `None` for a creation whose answer never came.
    pub(crate) record_id: Option<String>,
    pub(crate) change: Change,
    pub(crate) acknowledged: bool,
    /// What the server said instead of doing it.
    pub(crate) refused: Option<String>,
}

impl Attempt {
    pub(crate) fn acknowledged(record_id: String, change: Change) -> Self {
        Self {
            record_id: Some(record_id),
            change,
            acknowledged: true,
            refused: None,
        }
    }

    pub(crate) fn doubtful(record_id: Option<String>, change: Change) -> Self {
        Self {
            record_id,
            change,
            acknowledged: false,
            refused: None,
        }
    }
}

/// The records by what is known of them, and the log as read so far.
#[derive(Default)]
pub(crate) struct Model {
    /// Every change of each record, in order.
    changes: BTreeMap<String, Vec<Change>>,
    log: Vec<Event>,
}

impl Model {
    /// Takes in what a round attempted and what the log has gained since, and gives the records touched.
    ///
    /// # Errors
    /// When an acknowledged change is not in the log exactly once and in order, or the log has a change that nobody
    /// attempted, or replay ids do not rise.
    pub(crate) fn advance(
        &mut self,
        attempts: Vec<Attempt>,
        events: Vec<Event>,
    ) -> Result<Vec<String>> {
        let mut logged: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for event in events {
            if let Some(last) = self.log.last() {
                ensure!(
                    last.replay_id < event.replay_id,
                    "replay id {} came after {}",
                    event.replay_id,
                    last.replay_id
                );
            }
            logged
                .entry(event.record_id.clone())
                .or_default()
                .push(event.change.clone());
            self.log.push(event);
        }
        let mut acknowledged: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        let mut doubtful = Vec::new();
        for attempt in attempts {
            match attempt.record_id {
                Some(id) if attempt.acknowledged => {
                    acknowledged.entry(id).or_default().push(attempt.change);
                }
                record_id => doubtful.push((record_id, attempt.change)),
            }
        }
        for (id, changes) in &acknowledged {
            let found = logged.get(id).map_or(&[][..], Vec::as_slice);
            let Some(rest) = found.strip_prefix(changes.as_slice()) else {
                bail!("record {id}: acknowledged {changes:?}, but the log has {found:?}");
            };
            ensure_attempted(id, rest, &doubtful)?;
        }
        for (id, found) in logged
            .iter()
            .filter(|(id, _)| !acknowledged.contains_key(*id))
        {
            ensure_attempted(id, found, &doubtful)?;
        }
        let touched = logged.keys().cloned().collect();
        for (id, changes) in logged {
            self.changes.entry(id).or_default().extend(changes);
        }
        Ok(touched)
    }

    /// What a subscriber had received before a crash must be in the log after it, under the same replay id.
    ///
    /// # Errors
    /// When it is not: it was delivered before it was durable.
    pub(crate) fn check_delivered(&self, delivered: &[Event]) -> Result<()> {
        for event in delivered {
            let found = self
                .log
                .binary_search_by_key(&event.replay_id, |logged| logged.replay_id);
            let found = found.ok().and_then(|index| self.log.get(index));
            ensure!(
                found == Some(event),
                "{event:?} was delivered before the crash; after it the log has {found:?}"
            );
        }
        Ok(())
    }

    /// A second reading of the log must find the first one, and more only after it.
    ///
    /// # Errors
    /// When an event is missing, changed or new among the old ones.
    pub(crate) fn check_whole_log(&self, events: &[Event]) -> Result<()> {
        for (index, event) in self.log.iter().enumerate() {
            let found = events.get(index);
            ensure!(
                found == Some(event),
                "the log had {event:?} at place {index}, and now has {found:?}"
            );
        }
        Ok(())
    }

    /// A record must be what its last change made it.
    ///
    /// # Errors
    /// When it is anything else.
    pub(crate) fn check_record(&self, id: &str, name: Option<&str>) -> Result<()> {
        let last = self.changes.get(id).and_then(|changes| changes.last());
        let expected = last.and_then(name_after);
        ensure!(
            name == expected,
            "record {id}: the log ends with {last:?}, but its name is {name:?}"
        );
        Ok(())
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = (&str, &[Change])> {
        self.changes
            .iter()
            .map(|(id, changes)| (id.as_str(), changes.as_slice()))
    }

    /// The records that are not deleted.
    pub(crate) fn live_records(&self) -> Vec<String> {
        let is_live = |changes: &[Change]| {
            changes
                .last()
                .is_some_and(|change| *change != Change::Deleted)
        };
        self.records()
            .filter(|(_, changes)| is_live(changes))
            .map(|(id, _)| id.to_owned())
            .collect()
    }
}

fn name_after(change: &Change) -> Option<&str> {
    match change {
        Change::Created(name) | Change::Renamed(name) => Some(name),
        Change::Deleted => None,
    }
}

/// At most one change of a record can be in doubt: its writer stopped there.
fn ensure_attempted(
    id: &str,
    changes: &[Change],
    doubtful: &[(Option<String>, Change)],
) -> Result<()> {
    let is_attempted = |change: &Change| {
        doubtful.iter().any(|(record_id, doubt)| {
            doubt == change && record_id.as_deref().is_none_or(|record_id| record_id == id)
        })
    };
    match changes {
        [] => Ok(()),
        [change] if is_attempted(change) => Ok(()),
        changes => bail!("record {id}: the log has {changes:?}, which nobody attempted so"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn created(name: &str) -> Change {
        Change::Created(name.to_owned())
    }

    fn event(replay_id: i64, record_id: &str, change: Change) -> Event {
        Event {
            replay_id,
            record_id: record_id.to_owned(),
            change,
        }
    }

    #[test]
    fn the_acknowledged_changes_in_order_are_right() {
        let mut model = Model::default();
        let attempts = vec![
            Attempt::acknowledged("a".into(), created("1")),
            Attempt::acknowledged("a".into(), Change::Deleted),
            Attempt::doubtful(None, created("2")),
        ];
        let events = vec![event(5, "a", created("1")), event(7, "a", Change::Deleted)];
        assert_eq!(model.advance(attempts, events).unwrap(), ["a"]);
        assert!(model.check_record("a", None).is_ok());
        assert!(model.check_record("a", Some("1")).is_err());
        assert_eq!(model.live_records(), Vec::<String>::new());
    }

    #[test]
    fn a_lost_a_doubled_and_an_invented_change_are_found() {
        let attempts = || vec![Attempt::acknowledged("a".into(), created("1"))];
        let advance = |events| Model::default().advance(attempts(), events);
        assert!(advance(vec![event(5, "a", created("1"))]).is_ok());
        assert!(advance(vec![]).is_err(), "lost");
        assert!(
            advance(vec![
                event(5, "a", created("1")),
                event(6, "a", created("1"))
            ])
            .is_err(),
            "doubled"
        );
        assert!(
            advance(vec![
                event(5, "a", created("1")),
                event(6, "b", created("2"))
            ])
            .is_err(),
            "invented"
        );
    }

    #[test]
    fn a_change_in_doubt_may_have_happened_once() {
        let attempts = vec![Attempt::doubtful(None, created("1"))];
        let mut model = Model::default();
        assert!(
            model
                .advance(attempts, vec![event(5, "a", created("1"))])
                .is_ok()
        );
        assert!(model.check_record("a", Some("1")).is_ok());
    }

    #[test]
    fn a_replay_id_that_is_used_again_is_found() {
        let attempts = vec![
            Attempt::acknowledged("a".into(), created("1")),
            Attempt::acknowledged("b".into(), created("2")),
        ];
        let events = vec![event(5, "a", created("1")), event(5, "b", created("2"))];
        assert!(Model::default().advance(attempts, events).is_err());
    }

    #[test]
    fn an_event_that_was_delivered_and_is_gone_is_found() {
        let mut model = Model::default();
        let attempts = vec![Attempt::acknowledged("a".into(), created("1"))];
        model
            .advance(attempts, vec![event(5, "a", created("1"))])
            .unwrap();
        assert!(
            model
                .check_delivered(&[event(5, "a", created("1"))])
                .is_ok()
        );
        assert!(
            model
                .check_delivered(&[event(6, "a", created("1"))])
                .is_err()
        );
        assert!(
            model
                .check_delivered(&[event(5, "a", created("2"))])
                .is_err()
        );
    }
}

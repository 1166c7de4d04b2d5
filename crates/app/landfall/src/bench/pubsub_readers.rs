//! Subscribers of the Pub/Sub API: a stream each, one or many on a connection.

use std::sync::Arc;

use landfall_client::pubsub::{Position, Replay, Subscription};
use memchr::memmem::Finder;
use tokio::task::JoinSet;

use super::pubsub_load::{DIGITS, Loader, SENT, TOPIC};
use super::subscriber::Arrivals;
use crate::connection::failure;
use crate::outcome::Failure;

/// Streams of one connection, where connections are not what is measured.
pub(super) const STREAMS: usize = 100;

/// Running subscribers.
pub(super) struct Readers {
    pub(super) arrivals: Arc<Arrivals>,
    tasks: JoinSet<Failure>,
}

impl Readers {
    /// Opens subscribers that read what comes after a replay id, `streams` of them on each connection.
    pub(super) async fn open(
        loader: &Arc<Loader>,
        count: usize,
        streams: usize,
        after: i64,
    ) -> Result<Self, Failure> {
        let arrivals = Arc::new(Arrivals::default());
        let mut tasks = JoinSet::new();
        let mut api = loader.connect().await?;
        for number in 0..count {
            if number > 0 && number % streams == 0 {
                api = loader.connect().await?;
            }
            let subscription = api
                .clone()
                .subscribe(TOPIC, Replay::After(Position::of_replay_id(after)))
                .await
                .map_err(|error| failure(&error))?;
            tasks.spawn(read(
                Arc::clone(loader),
                Arc::clone(&arrivals),
                subscription,
                after,
            ));
        }
        Ok(Self { arrivals, tasks })
    }

    /// Ends them; fails if one has failed.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        match self.tasks.try_join_next() {
            None => Ok(()),
            Some(Ok(failure)) => Err(failure),
            Some(Err(error)) => Err(Failure::new("a subscriber failed").caused_by(&error)),
        }
    }
}

/// Counts what comes, until something fails.
async fn read(
    loader: Arc<Loader>,
    arrivals: Arc<Arrivals>,
    mut subscription: Subscription,
    mut last: i64,
) -> Failure {
    let finder = Finder::new(SENT);
    loop {
        let events = match subscription.next_encoded().await {
            Ok(events) => events,
            Err(error) => return failure(&error),
        };
        let (now, from) = (loader.org.now_us(), arrivals.measured_from());
        let (mut received, mut duplicates) = (0, 0);
        for event in events {
            match event.replay_id {
                Some(id) if id > last => (last, received) = (id, received + 1),
                _ => duplicates += 1,
            }
            if from > 0 {
                let sent = sent_us(&finder, &event.payload).unwrap_or_default();
                if sent >= from {
                    arrivals.latency.record(now.saturating_sub(sent));
                }
            }
        }
        arrivals.count(received, duplicates);
    }
}

/// The time that an event carries.
fn sent_us(finder: &Finder<'_>, payload: &[u8]) -> Option<u64> {
    let at = finder.find(payload)? + SENT.len();
    let digits = std::str::from_utf8(payload.get(at..at + DIGITS)?).ok()?;
    u64::from_str_radix(digits, 16).ok()
}

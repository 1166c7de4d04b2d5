//! How long an event takes to many subscribers at one node.

use std::{
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    org::{Org, Write},
    replay::{Change, LATEST, Subscriber},
};

const SUBSCRIBERS: usize = 50;
const EVENTS: usize = 60;

/// The times from the beginning of a write to its event at a subscriber, over all events and subscribers.
pub(super) struct Times {
    half: Duration,
    most: Duration,
    longest: Duration,
    deliveries: usize,
    in_all: Duration,
}

/// Writes records one after the other by way of one node while subscribers wait at another.
///
/// # Errors
/// When a subscriber does not get every event once and in order.
pub(super) fn measure(subscribed: SocketAddr, written: SocketAddr, token: &str) -> Result<Times> {
    let names: Vec<String> = (0..EVENTS)
        .map(|number| format!("fan-out {number} at {subscribed}"))
        .collect();
    let (ready, is_ready) = mpsc::channel();
    let subscribers: Vec<_> = (0..SUBSCRIBERS)
        .map(|_| {
            let (ready, token, names) = (ready.clone(), token.to_owned(), names.clone());
            thread::spawn(move || subscribe(subscribed, &token, &names, &ready))
        })
        .collect();
    for _ in 0..SUBSCRIBERS {
        is_ready.recv().context("a subscriber has failed")?;
    }
    let mut org = Org::connect(written, token)?;
    let began = Instant::now();
    let mut sent = Vec::with_capacity(names.len());
    for name in &names {
        sent.push(Instant::now());
        let Write::Acknowledged(_) = org.create(name) else {
            bail!("a write is refused while nothing happens to the nodes");
        };
    }
    let mut times = Vec::with_capacity(EVENTS * SUBSCRIBERS);
    let mut last = began;
    for subscriber in subscribers {
        let received = subscriber.join().expect("a subscriber does not panic")?;
        ensure!(
            received.len() == sent.len(),
            "a subscriber has {} events",
            received.len()
        );
        for (sent, received) in sent.iter().zip(received) {
            times.push(received.duration_since(*sent));
            last = last.max(received);
        }
    }
    times.sort_unstable();
    let at = |percent: usize| times.get((times.len() - 1) * percent / 100).copied();
    let longest = "there are some";
    Ok(Times {
        half: at(50).context(longest)?,
        most: at(99).context(longest)?,
        longest: at(100).context(longest)?,
        deliveries: times.len(),
        in_all: last.duration_since(began),
    })
}

/// When each of the events came.
fn subscribe(
    address: SocketAddr,
    token: &str,
    names: &[String],
    ready: &mpsc::Sender<()>,
) -> Result<Vec<Instant>> {
    let mut subscriber = Subscriber::open(address, token, LATEST)?;
    // The first poll is answered at once.
    subscriber.poll()?;
    ready.send(()).context("nobody measures any more")?;
    let mut received = Vec::with_capacity(names.len());
    while received.len() < names.len() {
        let events = subscriber.poll()?;
        let now = Instant::now();
        for event in events {
            let expected = names.get(received.len()).context("an event too many")?;
            ensure!(
                event.change == Change::Created(expected.clone()),
                "another event than {expected}: {event:?}"
            );
            received.push(now);
        }
    }
    Ok(received)
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        write!(
            f,
            "{SUBSCRIBERS} subscribers, {} deliveries in {:.0} ms; from a write to its event p50 {:.1} ms, p99 {:.1} ms, at most {:.1} ms",
            self.deliveries,
            ms(self.in_all),
            ms(self.half),
            ms(self.most),
            ms(self.longest)
        )
    }
}

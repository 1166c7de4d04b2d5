//! Waiting until subscribers have what has happened: a test needs no pauses.

use std::time::Duration;

use http::StatusCode;
use landfall_apidoc::{Call, Kind, Member};
use landfall_engine::{Subscriber, SubscriberDemand, TopicFilter};
use landfall_http::Writer;
use landfall_model::ReplayId;
use landfall_model::limits::{CONTROL_WAIT, CONTROL_WAIT_MAX};
use tokio::time::{Instant, sleep};

use crate::refusal::{Refusal, failed, invalid};
use crate::subscribers::state;
use crate::{Made, Org};

/// Between two looks at the subscribers.
const PAUSE: Duration = Duration::from_millis(2);

/// How long a call waits.
pub(crate) const TIMEOUT: Member = Member::optional(
    "timeoutMs",
    Kind::Integer,
    "How long to wait, by the machine's clock: 5000 unless given, 60000 at most",
);

pub(crate) const SETTLE: Call = Call {
    method: "post",
    path: "settle",
    id: "settle",
    summary: "Waits until every event so far has been sent to every subscriber that takes it: a session of the Streaming \
              API has it when its next poll is held, a stream of the Pub/Sub API that has requested events when they are \
              sent",
    parameters: &[],
    reads: &[TIMEOUT],
    status: 200,
    answers: &[
        Member::required(
            "tail",
            Kind::Integer,
            "The replay id of the newest event at the call",
        ),
        Member::required(
            "subscriptions",
            Kind::Integer,
            "How many subscriptions have it all",
        ),
    ],
    refusals: &[(
        408,
        "Some subscriber does not have it all in time; the message says which",
    )],
};

pub(crate) async fn settle(made: &Made<'_>) -> Result<String, Refusal> {
    let org = made.org()?;
    let deadline = Instant::now() + timeout(made)?;
    let tail = org.engine.log().bounds().tail;
    loop {
        let Some(late) = first_late(&org, tail).await? else {
            return Ok(settled(&org, tail));
        };
        if Instant::now() >= deadline {
            return Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "not-settled",
                late,
            ));
        }
        sleep(PAUSE).await;
    }
}

/// How long a call is to wait.
pub(crate) fn timeout(made: &Made<'_>) -> Result<Duration, Refusal> {
    let Some(millis) = made.input.integer("timeoutMs") else {
        return Ok(CONTROL_WAIT);
    };
    let wait = u64::try_from(millis).ok().map(Duration::from_millis);
    wait.filter(|wait| *wait <= CONTROL_WAIT_MAX)
        .ok_or_else(|| {
            let most = CONTROL_WAIT_MAX.as_millis();
            invalid(format!("\"timeoutMs\" is not between 0 and {most}"))
        })
}

/// A subscriber that takes events and lacks one, in words.
async fn first_late(org: &Org, tail: ReplayId) -> Result<Option<String>, Refusal> {
    for (_, subscriber) in org.subscribers.list() {
        let late = match subscriber.demand {
            SubscriberDemand::Requested(0) => None,
            // It may still be busy with what it was sent.
            SubscriberDemand::BetweenPolls if !subscriber.positions.is_empty() => Some(""),
            _ => first_behind(org, &subscriber, tail).await?,
        };
        if let Some(channel) = late {
            let (id, state) = (&subscriber.id, state(&subscriber));
            let of = if channel.is_empty() {
                ""
            } else {
                " lacks events of "
            };
            return Ok(Some(format!("subscriber {id} ({state}){of}{channel}")));
        }
    }
    Ok(None)
}

/// The first of its channels with an event that it lacks.
async fn first_behind<'s>(
    org: &Org,
    subscriber: &'s Subscriber,
    tail: ReplayId,
) -> Result<Option<&'s str>, Refusal> {
    for position in &subscriber.positions {
        let topics = TopicFilter::These(position.topics.clone());
        let next = org.engine.log().read(position.reached, &topics, 1);
        let next = next.await.map_err(|failure| failed(&failure))?;
        let is_behind = |event: &ReplayId| *event <= tail;
        let next = next.events.first().map(|event| event.event().replay_id);
        if next.as_ref().is_some_and(is_behind) {
            return Ok(Some(&position.channel));
        }
    }
    Ok(None)
}

fn settled(org: &Org, tail: ReplayId) -> String {
    let subscribers = org.subscribers.list();
    let subscriptions: usize = subscribers.iter().map(|(_, one)| one.positions.len()).sum();
    let mut w = Writer::new();
    w.object(|w| {
        w.name("tail").raw(&tail.to_string());
        w.name("subscriptions").raw(&subscriptions.to_string());
    });
    w.finish()
}

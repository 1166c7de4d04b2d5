//! How many events are sent, and which.

use tonic::Code;

use crate::org::{
    ACCOUNTS, LOW_INK, Org, assert_refused, assert_uuid, fetch, number, produced, settle,
};
use crate::proto::FetchRequest;

// P14
#[tokio::test]
async fn a_response_has_its_last_replay_id_and_the_pending_count() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 25).await;
    org.account("Acme").await;
    let response = stream.next().await;
    assert_eq!(response.events.len(), 1);
    assert_eq!(response.pending_num_requested, 24);
    assert_eq!(response.latest_replay_id, response.events[0].replay_id);
    number(&response.latest_replay_id);
    assert_uuid(&response.rpc_id);
    assert_uuid(&produced(&response.events[0]).id);
    assert_eq!(produced(&response.events[0]).headers, []);
    org.account("Bigg").await;
    let next = stream.next().await;
    assert_eq!(next.rpc_id, response.rpc_id);
    assert_eq!(next.pending_num_requested, 23);
}

// P15
#[tokio::test]
async fn requests_add_up_and_no_event_goes_beyond_them() {
    let org = Org::new().await;
    let mut stream = org.subscribed(ACCOUNTS, 3).await;
    stream.more(4).await;
    settle().await;
    for number in 0..8 {
        org.account(&format!("Acme {number}")).await;
    }
    let mut received = 0;
    while received < 7 {
        let response = stream.next().await;
        received += response.events.len();
        let owed = 7_usize
            .checked_sub(received)
            .expect("no more than asked for");
        assert_eq!(usize::try_from(response.pending_num_requested), Ok(owed));
    }
    stream.assert_quiet().await;
    stream.more(1).await;
    let last = stream.next().await;
    assert_eq!((last.events.len(), last.pending_num_requested), (1, 0));
}

// P16, P17
#[tokio::test]
async fn a_hundred_events_are_owed_at_most() {
    let org = Org::new().await;
    for counts in [&[500][..], &[80, 80], &[i32::MAX, i32::MAX]] {
        let mut stream = org.open().await;
        for count in counts {
            stream.send(fetch(ACCOUNTS, *count)).await;
        }
        settle().await;
        org.account("Acme").await;
        assert_eq!(stream.next().await.pending_num_requested, 99);
    }
}

// P18
#[tokio::test]
async fn asking_for_nothing_is_refused() {
    let org = Org::new().await;
    for count in [0, -1, i32::MIN] {
        let mut first = org.subscribed(ACCOUNTS, count).await;
        let mut later = org.subscribed(ACCOUNTS, 1).await;
        later.more(count).await;
        for stream in [&mut first, &mut later] {
            assert_refused(
                &stream.refusal().await,
                Code::InvalidArgument,
                "subscription.fetch.requested.events.invalid",
                "Subscribe",
            );
        }
    }
}

// P21
#[tokio::test]
async fn a_later_request_changes_neither_start_nor_topic() {
    let org = Org::new().await;
    org.account("Before").await;
    let mut stream = org.subscribed(ACCOUNTS, 1).await;
    for (preset, replay_id) in [(1, vec![]), (2, vec![]), (2, vec![1, 2, 3])] {
        for topic in ["", ACCOUNTS] {
            stream
                .send(FetchRequest {
                    replay_preset: preset,
                    replay_id: replay_id.clone(),
                    ..fetch(topic, 1)
                })
                .await;
        }
    }
    stream.assert_quiet().await;
    org.account("After").await;
    assert_eq!(stream.next().await.pending_num_requested, 6);
    stream.send(fetch(LOW_INK, 1)).await;
    assert_refused(
        &stream.refusal().await,
        Code::InvalidArgument,
        "subscription.fetch.topic.mismatch",
        "Subscribe",
    );
}

#[tokio::test]
async fn a_stream_begins_with_a_topic() {
    let org = Org::new().await;
    for (topic, code, suffix) in [
        ("", Code::InvalidArgument, "topic.validation.empty"),
        ("/event/Nothing__e", Code::NotFound, "topic.not.found"),
    ] {
        let mut stream = org.subscribed(topic, 1).await;
        assert_refused(&stream.refusal().await, code, suffix, "Subscribe");
    }
}

// P22: eight events of 900 kB instead of two hundred. The generated client takes no message of more than 4 MiB.
#[tokio::test]
async fn large_events_come_in_responses_that_clients_can_take() {
    let org = Org::new().await;
    let mut stream = org.subscribed(LOW_INK, 100).await;
    let model = "m".repeat(900_000);
    for number in 0..4 {
        let event = |place| org.low_ink(&format!("{number}.{place}"), &model);
        let answer = org.publish(LOW_INK, vec![event(0), event(1)]).await;
        let results = answer.expect("it is published").results;
        assert!(results.iter().all(|result| result.error.is_none()));
    }
    let mut replay_ids = Vec::new();
    let mut owed = 100;
    while replay_ids.len() < 8 {
        let response = stream.next().await;
        let bytes: usize = response
            .events
            .iter()
            .map(|event| produced(event).payload.len())
            .sum();
        assert!(bytes < 3_500_000, "{bytes}");
        owed -= i32::try_from(response.events.len()).expect("few");
        assert_eq!(response.pending_num_requested, owed);
        replay_ids.extend(response.events.iter().map(|event| number(&event.replay_id)));
    }
    assert!(replay_ids.is_sorted());
}

// P23
#[tokio::test]
async fn all_subscribers_get_the_same_bytes() {
    let org = Org::new().await;
    let mut one = org.subscribed(ACCOUNTS, 2).await;
    let mut other = org.subscribed("/data/ChangeEvents", 2).await;
    org.account("Acme").await;
    org.account("Bigg").await;
    assert_eq!(one.events(2).await, other.events(2).await);
}

// P25
#[tokio::test]
async fn a_slow_reader_does_not_delay_others() {
    let org = Org::new().await;
    let mut slow = org.subscribed(ACCOUNTS, 100).await;
    let mut quick = org.subscribed(ACCOUNTS, 100).await;
    for number in 0..50 {
        org.account(&format!("Acme {number}")).await;
        assert_eq!(quick.events(1).await.len(), 1);
    }
    assert_eq!(slow.events(50).await.len(), 50);
}

#[tokio::test]
async fn events_that_a_client_has_no_space_for_are_not_behind_it() {
    let org = Org::new().await;
    let mut slow = org.subscribed(ACCOUNTS, 100).await;
    for name in 0..5 {
        org.account(&format!("Acme {name}")).await;
        settle().await;
    }
    let reached = || org.state.subscribers()[0].positions[0].reached.get();
    let unread = reached();
    let events = slow.events(5).await;
    let ids: Vec<u64> = events
        .iter()
        .map(|event| number(&event.replay_id))
        .collect();
    // One response waits for the client; the next one waits for space.
    assert_eq!(unread, ids[0]);
    settle().await;
    assert_eq!(reached(), ids[4]);
}

#[tokio::test]
async fn what_a_channel_carries_comes_in_the_order_of_the_log() {
    let org = Org::new().await;
    let mut stream = org.subscribed("/data/ChangeEvents", 100).await;
    for number in 0..10 {
        org.account(&format!("Acme {number}")).await;
        org.create("Contact", &[("LastName", "Bigg")]).await;
    }
    let events = stream.events(20).await;
    assert!(events.is_sorted_by_key(|event| number(&event.replay_id)));
    let mut schemas: Vec<_> = events
        .iter()
        .map(|event| &produced(event).schema_id)
        .collect();
    schemas.dedup();
    assert_eq!(schemas.len(), 20, "they take turns");
}

#[tokio::test]
async fn a_client_that_is_done_asking_gets_an_end_without_an_error() {
    let org = Org::new().await;
    let stream = org.subscribed(ACCOUNTS, 5).await;
    let crate::org::Fetching { requests, answers } = stream;
    drop(requests);
    let (unused, _) = tokio::sync::mpsc::channel(1);
    let mut stream = crate::org::Fetching {
        requests: unused,
        answers,
    };
    stream.assert_over().await;
}

//! The server's end of a session, behaviour by behaviour.
//!
//! Source: "Clients and Timeouts", "How the Client Connects" (Streaming API Developer Guide); where those are silent,
//! the `CometD` 3 server.

use std::time::Duration;

use landfall_bayeux::{
    Advice, Answer, Ending, Error, Input, Moment, Output, Poll, PollId, Refusal, RequestedAdvice,
    Session, Timings,
};

const FULL: Advice = Advice::Retry {
    interval: Duration::ZERO,
    timeout: Duration::from_secs(110),
};

/// A session and its clock, in seconds.
struct Peer {
    session: Session,
    now: u64,
}

impl Peer {
    fn handshaken() -> Self {
        Self {
            session: Session::new(Moment::from_millis(0), Timings::default()),
            now: 0,
        }
    }

    /// Past its first connect, poll 0.
    fn connected() -> Self {
        let mut peer = Self::handshaken();
        assert_eq!(peer.connect(0), [deliver_with(0, FULL)]);
        peer
    }

    /// Holds poll 1.
    fn parked() -> Self {
        let mut peer = Self::connected();
        assert_eq!(peer.connect(1), []);
        assert_eq!(peer.session.parked(), Some(PollId(1)));
        peer
    }

    fn at(mut self, seconds: u64) -> Self {
        self.now = seconds;
        self
    }

    fn feed(&mut self, input: Input) -> Result<Vec<Output>, Error> {
        let now = Moment::from_millis(self.now * 1_000);
        let result = self.session.handle(now, input);
        let outputs = std::iter::from_fn(|| self.session.poll_output()).collect();
        result.map(|()| outputs)
    }

    fn connect(&mut self, id: u64) -> Vec<Output> {
        self.feed(Input::Connect(poll(id)))
            .expect("the session is alive")
    }

    fn timeout(&self) -> Option<u64> {
        let moment = self.session.poll_timeout()?;
        Some(moment.as_millis() / 1_000)
    }
}

fn poll(id: u64) -> Poll {
    Poll {
        id: PollId(id),
        alone: true,
        events_pending: false,
        advice: RequestedAdvice::default(),
    }
}

fn asking(id: u64, timeout: Option<u64>, interval: Option<u64>) -> Poll {
    let advice = RequestedAdvice {
        timeout: timeout.map(Duration::from_millis),
        interval: interval.map(Duration::from_millis),
    };
    Poll { advice, ..poll(id) }
}

fn deliver(id: u64) -> Output {
    Output::Answer(PollId(id), Answer::Deliver(None))
}

fn deliver_with(id: u64, advice: Advice) -> Output {
    Output::Answer(PollId(id), Answer::Deliver(Some(advice)))
}

fn empty(id: u64) -> Output {
    Output::Answer(PollId(id), Answer::Empty(None))
}

#[test]
fn the_first_connect_is_answered_at_once_with_advice() {
    assert_eq!(Peer::handshaken().connect(0), [deliver_with(0, FULL)]);
}

#[test]
fn the_first_connect_is_answered_the_same_way_whatever_timeout_it_asks_for() {
    for timeout in [0, 5_000, 110_000] {
        let mut peer = Peer::handshaken();
        let outputs = peer.feed(Input::Connect(asking(0, Some(timeout), None)));
        assert_eq!(outputs, Ok(vec![deliver_with(0, FULL)]), "{timeout}");
    }
}

#[test]
fn a_subscribe_before_the_first_connect_does_not_make_it_wait() {
    let mut peer = Peer::handshaken();
    peer.feed(Input::Request).unwrap();
    assert_eq!(peer.connect(0), [deliver_with(0, FULL)]);
}

#[test]
fn the_second_connect_is_held_for_109_s_and_then_answered_without_advice() {
    let mut peer = Peer::parked();
    assert_eq!(peer.timeout(), Some(109));
    peer.now = 108;
    assert_eq!(peer.feed(Input::Tick), Ok(vec![]));
    peer.now = 109;
    assert_eq!(peer.feed(Input::Tick), Ok(vec![deliver(1)]));
    assert_eq!(peer.feed(Input::Tick), Ok(vec![]), "only once");
    assert_eq!(peer.session.parked(), None);
}

#[test]
fn an_event_ends_the_held_poll_and_later_ones_wait_for_the_next() {
    let mut peer = Peer::parked().at(3);
    assert_eq!(peer.feed(Input::EventsAvailable), Ok(vec![deliver(1)]));
    assert_eq!(peer.feed(Input::EventsAvailable), Ok(vec![]));
    let next = Poll {
        events_pending: true,
        ..poll(2)
    };
    assert_eq!(peer.feed(Input::Connect(next)), Ok(vec![deliver(2)]));
}

#[test]
fn events_without_a_poll_change_nothing() {
    let mut peer = Peer::handshaken();
    assert_eq!(peer.feed(Input::EventsAvailable), Ok(vec![]));
    assert_eq!(peer.timeout(), Some(40));
    assert_eq!(peer.connect(0), [deliver_with(0, FULL)]);
}

#[test]
fn a_later_connect_with_timeout_zero_is_answered_at_once_with_full_advice() {
    let mut peer = Peer::connected();
    let outputs = peer.feed(Input::Connect(asking(1, Some(0), None)));
    assert_eq!(outputs, Ok(vec![deliver_with(1, FULL)]));
}

#[test]
fn a_requested_timeout_holds_for_that_poll_only_and_is_answered_with_full_advice() {
    let mut peer = Peer::connected();
    let outputs = peer.feed(Input::Connect(asking(1, Some(5_000), None)));
    assert_eq!(outputs, Ok(vec![]));
    assert_eq!(peer.timeout(), Some(5));
    peer.now = 5;
    assert_eq!(peer.feed(Input::Tick), Ok(vec![deliver_with(1, FULL)]));
    assert_eq!(peer.connect(2), []);
    assert_eq!(peer.timeout(), Some(5 + 109));
}

#[test]
fn a_requested_timeout_never_exceeds_the_hold() {
    let mut peer = Peer::connected();
    let poll = asking(1, Some(u64::MAX), Some(u64::MAX));
    assert_eq!(peer.feed(Input::Connect(poll)), Ok(vec![]));
    assert_eq!(peer.timeout(), Some(109));
}

#[test]
fn a_requested_interval_is_echoed_and_added_to_the_window() {
    let mut peer = Peer::connected();
    let outputs = peer.feed(Input::Connect(asking(1, Some(0), Some(30_000))));
    let advice = Advice::Retry {
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(110),
    };
    assert_eq!(outputs, Ok(vec![deliver_with(1, advice)]));
    assert_eq!(peer.timeout(), Some(70));
    peer.feed(Input::Responded).unwrap();
    assert_eq!(
        peer.timeout(),
        Some(70),
        "another reply does not shorten it"
    );
    peer.now = 69;
    assert_eq!(peer.connect(2), []);
}

#[test]
fn a_connect_that_is_not_alone_is_never_held_and_takes_no_events() {
    let with_others = |id| Poll {
        alone: false,
        events_pending: true,
        ..poll(id)
    };
    let mut peer = Peer::handshaken();
    assert_eq!(
        peer.feed(Input::Connect(with_others(0))),
        Ok(vec![Output::Answer(PollId(0), Answer::Empty(Some(FULL)))])
    );
    assert_eq!(
        peer.feed(Input::Connect(with_others(1))),
        Ok(vec![empty(1)])
    );
}

#[test]
fn a_session_without_poll_lives_39_s_but_not_40_after_its_last_response() {
    let mut peer = Peer::connected().at(39);
    assert_eq!(peer.connect(1), []);

    let mut peer = Peer::connected().at(40);
    assert_eq!(
        peer.feed(Input::Tick),
        Ok(vec![Output::Ended(Ending::Expired)])
    );
    assert!(peer.session.is_ended());
    assert_eq!(peer.timeout(), None);
    assert_eq!(
        peer.feed(Input::Connect(poll(1))),
        Err(Error::ClientUnknown)
    );
}

#[test]
fn a_connect_that_comes_too_late_finds_no_session_even_before_the_tick() {
    let mut peer = Peer::connected().at(41);
    let now = Moment::from_millis(41_000);
    let late = peer.session.handle(now, Input::Connect(poll(1)));
    assert_eq!(late, Err(Error::ClientUnknown));
    assert_eq!(
        peer.session.poll_output(),
        Some(Output::Ended(Ending::Expired))
    );
    assert_eq!(peer.session.poll_output(), None);
    assert_eq!(peer.feed(Input::Tick), Ok(vec![]), "it ends once");
}

#[test]
fn handshake_connect_and_every_other_reply_restart_the_window() {
    assert_eq!(Peer::handshaken().timeout(), Some(40));
    let mut peer = Peer::handshaken().at(39);
    peer.connect(0);
    assert_eq!(peer.timeout(), Some(79));
    peer.now = 50;
    peer.feed(Input::Request).unwrap();
    assert_eq!(peer.timeout(), Some(90));
    peer.now = 60;
    peer.feed(Input::Request).unwrap();
    assert_eq!(peer.timeout(), Some(100));
    peer.now = 70;
    peer.feed(Input::Responded).unwrap();
    assert_eq!(peer.timeout(), Some(110));
}

#[test]
fn a_session_with_a_held_poll_does_not_expire_and_its_window_starts_with_the_answer() {
    let mut peer = Peer::parked().at(100);
    assert_eq!(peer.feed(Input::Tick), Ok(vec![]));
    assert_eq!(peer.feed(Input::EventsAvailable), Ok(vec![deliver(1)]));
    assert_eq!(peer.timeout(), Some(140));
}

#[test]
fn a_subscribe_leaves_a_held_poll_open() {
    let mut peer = Peer::parked().at(30);
    let outputs = peer.feed(Input::Request);
    assert_eq!(outputs, Ok(vec![]));
    assert_eq!(peer.session.parked(), Some(PollId(1)));
    assert_eq!(peer.timeout(), Some(109));
}

#[test]
fn a_newer_connect_ends_the_held_one_as_an_empty_success() {
    let mut peer = Peer::parked().at(10);
    assert_eq!(peer.connect(2), [empty(1)]);
    assert_eq!(peer.session.parked(), Some(PollId(2)));
    assert_eq!(peer.timeout(), Some(119));
}

#[test]
fn events_go_to_the_newer_of_two_connects() {
    let mut peer = Peer::parked();
    let newer = Poll {
        events_pending: true,
        ..poll(2)
    };
    assert_eq!(
        peer.feed(Input::Connect(newer)),
        Ok(vec![empty(1), deliver(2)])
    );
}

#[test]
fn an_abandoned_poll_is_not_answered_and_the_window_starts() {
    let mut peer = Peer::parked().at(50);
    assert_eq!(peer.feed(Input::Abandoned(PollId(1))), Ok(vec![]));
    assert_eq!(peer.session.parked(), None);
    assert_eq!(peer.timeout(), Some(90));
    assert_eq!(peer.feed(Input::EventsAvailable), Ok(vec![]));
}

#[test]
fn abandoning_an_older_poll_leaves_the_held_one_alone() {
    let mut peer = Peer::parked();
    assert_eq!(peer.feed(Input::Abandoned(PollId(0))), Ok(vec![]));
    assert_eq!(peer.session.parked(), Some(PollId(1)));
}

#[test]
fn a_disconnect_ends_the_held_poll_with_success_and_the_session_at_once() {
    let mut peer = Peer::parked();
    peer.feed(Input::Request).unwrap();
    assert_eq!(
        peer.feed(Input::Disconnect),
        Ok(vec![
            Output::Answer(PollId(1), Answer::Empty(Some(Advice::None))),
            Output::Ended(Ending::Disconnected),
        ])
    );
    assert_eq!(peer.feed(Input::Disconnect), Err(Error::ClientUnknown));
    assert_eq!(
        peer.feed(Input::Connect(poll(2))),
        Err(Error::ClientUnknown)
    );
}

#[test]
fn a_disconnect_without_a_held_poll_just_ends_the_session() {
    for mut peer in [Peer::handshaken(), Peer::connected()] {
        assert_eq!(
            peer.feed(Input::Disconnect),
            Ok(vec![Output::Ended(Ending::Disconnected)])
        );
    }
}

#[test]
fn a_revoked_token_ends_the_held_poll_but_a_new_token_may_come_back_to_the_session() {
    let refusal = Refusal::new("401::Authentication invalid").advising(Advice::None);
    let mut peer = Peer::parked().at(20);
    assert_eq!(
        peer.feed(Input::Refuse(refusal.clone())),
        Ok(vec![Output::Answer(
            PollId(1),
            Answer::Refused(Box::new(refusal.clone()))
        )])
    );
    assert_eq!(peer.timeout(), Some(60));
    assert_eq!(
        peer.feed(Input::Refuse(refusal)),
        Ok(vec![]),
        "no poll to end"
    );
    assert_eq!(peer.connect(2), []);
}

#[test]
fn a_server_that_goes_away_ends_the_held_poll_as_an_empty_success() {
    let mut peer = Peer::parked();
    assert_eq!(peer.feed(Input::Release), Ok(vec![empty(1)]));
    assert_eq!(peer.feed(Input::Release), Ok(vec![]));
}

#[test]
fn a_session_that_is_over_refuses_what_a_client_asks_and_ignores_the_rest() {
    let ended = || {
        let mut peer = Peer::connected();
        peer.feed(Input::Disconnect).unwrap();
        peer
    };
    for asked in [
        Input::Connect(poll(1)),
        Input::Request,
        Input::Disconnect,
        Input::Refuse(Refusal::new("401::no")),
    ] {
        assert_eq!(ended().feed(asked), Err(Error::ClientUnknown));
    }
    for ignored in [
        Input::EventsAvailable,
        Input::Abandoned(PollId(0)),
        Input::Responded,
        Input::Release,
        Input::Tick,
    ] {
        assert_eq!(ended().feed(ignored), Ok(vec![]));
    }
}

#[test]
fn the_waits_are_the_callers() {
    let second = Duration::from_secs(1);
    let timings = Timings {
        hold: second * 3,
        advised_timeout: second * 4,
        advised_interval: second,
        max_interval: second * 10,
    };
    let mut session: Session = Session::new(Moment::from_millis(0), timings);
    let now = Moment::from_millis(1_000);
    session.handle(now, Input::Connect(poll(0))).unwrap();
    let advice = Advice::Retry {
        interval: second,
        timeout: second * 4,
    };
    assert_eq!(session.poll_output(), Some(deliver_with(0, advice)));
    assert_eq!(session.poll_timeout(), Some(Moment::from_millis(12_000)));
    session.handle(now, Input::Connect(poll(1))).unwrap();
    assert_eq!(session.poll_timeout(), Some(Moment::from_millis(4_000)));
}

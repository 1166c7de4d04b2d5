//! Whatever happens in whatever order: one answer per poll, one poll at a time, no end while a poll is held.

use std::collections::BTreeSet;
use std::time::Duration;

use landfall_bayeux::{
    Advice, Answer, Ending, Error, Input, Moment, Output, Poll, PollId, Refusal, RequestedAdvice,
    Session, Timings,
};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Connect {
        alone: bool,
        events_pending: bool,
        timeout: Option<u64>,
        interval: Option<u64>,
    },
    /// The poll so many polls ago.
    Abandoned(u64),
    EventsAvailable,
    Request,
    Responded,
    Refuse,
    Release,
    Disconnect,
    Tick,
    /// Sleep until the session wants to be woken.
    SleepUntilTimeout,
}

fn step() -> impl Strategy<Value = Step> {
    let span = || proptest::option::of(0..200_000_u64);
    prop_oneof![
        8 => (any::<bool>(), any::<bool>(), span(), span()).prop_map(
            |(alone, events_pending, timeout, interval)| Step::Connect {
                alone,
                events_pending,
                timeout,
                interval,
            }
        ),
        2 => (0..3_u64).prop_map(Step::Abandoned),
        4 => Just(Step::EventsAvailable),
        3 => Just(Step::Request),
        1 => Just(Step::Responded),
        1 => Just(Step::Refuse),
        1 => Just(Step::Release),
        1 => Just(Step::Disconnect),
        2 => Just(Step::Tick),
        3 => Just(Step::SleepUntilTimeout),
    ]
}

/// What the rules say, beside what the session does.
struct Observer {
    session: Session,
    now: u64,
    polls: u64,
    waiting: BTreeSet<PollId>,
    ended: bool,
}

impl Observer {
    fn input(&mut self, step: &Step) -> Input {
        match *step {
            Step::Connect {
                alone,
                events_pending,
                timeout,
                interval,
            } => {
                self.polls += 1;
                Input::Connect(Poll {
                    id: PollId(self.polls),
                    alone,
                    events_pending,
                    advice: RequestedAdvice {
                        timeout: timeout.map(Duration::from_millis),
                        interval: interval.map(Duration::from_millis),
                    },
                })
            }
            Step::Abandoned(ago) => Input::Abandoned(PollId(self.polls.saturating_sub(ago))),
            Step::EventsAvailable => Input::EventsAvailable,
            Step::Request => Input::Request,
            Step::Responded => Input::Responded,
            Step::Refuse => {
                Input::Refuse(Refusal::new("401::Authentication invalid").advising(Advice::None))
            }
            Step::Release => Input::Release,
            Step::Disconnect => Input::Disconnect,
            Step::Tick | Step::SleepUntilTimeout => Input::Tick,
        }
    }

    fn play(&mut self, pause: u64, step: &Step) -> Result<(), TestCaseError> {
        self.now += pause;
        if let (Step::SleepUntilTimeout, Some(timeout)) = (step, self.session.poll_timeout()) {
            self.now = self.now.max(timeout.as_millis());
        }
        let held_before = self.session.parked();
        let input = self.input(step);
        let connect = matches!(input, Input::Connect(_)).then_some(PollId(self.polls));
        let abandoned = match input {
            Input::Abandoned(id) => Some(id),
            _ => None,
        };
        let now = Moment::from_millis(self.now);
        let result = self.session.handle(now, input);
        if connect.is_some() {
            let refused = result == Err(Error::ClientUnknown);
            prop_assert_eq!(refused, self.session.is_ended(), "taken or refused");
        }
        if result.is_ok() {
            self.waiting.extend(connect);
        }
        if let Some(id) = abandoned.filter(|_| abandoned == held_before) {
            self.waiting.remove(&id);
        }
        while let Some(output) = self.session.poll_output() {
            self.observe(&output, held_before, step)?;
        }
        self.check_state(now)
    }

    fn observe(
        &mut self,
        output: &Output,
        held_before: Option<PollId>,
        step: &Step,
    ) -> Result<(), TestCaseError> {
        prop_assert!(!self.ended, "the end is the last output");
        match output {
            Output::Answer(id, answer) => {
                prop_assert!(self.waiting.remove(id), "{id:?} was not waiting");
                let alone = !matches!(step, Step::Connect { alone: false, .. });
                let delivers = matches!(answer, Answer::Deliver(_));
                prop_assert!(alone || !delivers, "a batch takes no events");
            }
            Output::Ended(Ending::Expired) => {
                prop_assert_eq!(held_before, None, "expired while a poll was held");
                self.ended = true;
            }
            Output::Ended(Ending::Disconnected) => {
                prop_assert!(matches!(step, Step::Disconnect));
                self.ended = true;
            }
        }
        Ok(())
    }

    fn check_state(&self, now: Moment) -> Result<(), TestCaseError> {
        let held: Vec<_> = self.waiting.iter().copied().collect();
        let parked: Vec<_> = self.session.parked().into_iter().collect();
        prop_assert_eq!(held, parked, "what waits is what is held");
        prop_assert_eq!(self.session.is_ended(), self.ended);
        match self.session.poll_timeout() {
            None => prop_assert!(self.ended),
            Some(timeout) => {
                prop_assert!(!self.ended);
                let tick = self.session.parked().is_none();
                prop_assert!(timeout > now || !tick, "expiry is never in the past");
                let longest = Duration::from_secs(109 + 40);
                prop_assert!(timeout <= now + longest, "every wait is bounded");
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(512)
    })]

    #[test]
    fn every_poll_gets_one_answer_and_no_session_ends_while_one_is_held(
        steps in proptest::collection::vec((0..60_000_u64, step()), 0..60)
    ) {
        let mut observer = Observer {
            session: Session::new(Moment::from_millis(0), Timings::default()),
            now: 0,
            polls: 0,
            waiting: BTreeSet::new(),
            ended: false,
        };
        for (pause, step) in &steps {
            observer.play(*pause, step)?;
        }
        if observer.session.parked().is_some() {
            observer.play(0, &Step::SleepUntilTimeout)?;
            prop_assert_eq!(observer.session.parked(), None, "no poll is held for ever");
        }
    }
}

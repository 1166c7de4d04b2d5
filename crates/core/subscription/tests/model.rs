//! The machine against a naive model: random logs, rights, definitions, retention, failures and timeouts, interleaved with
//! reads; once as a stream of the Pub/Sub API, once as a session of the Streaming API.
//!
//! The model knows the whole log. Whenever the position of a subscription moves on, everything that it passes has to be in
//! the open response, as rights and definitions of that moment show it, and nothing else: so there is no gap, no repeat,
//! no other order, and nothing that is hidden.

#![expect(
    clippy::indexing_slicing,
    reason = "a test that meets something else than it made has failed"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;

use landfall_model::{ReplayId, ReplayPreset, Timestamp};
use landfall_subscription::{
    Bounds, Delivery, Frame, LOOK_EVENTS_MAX, Lens, Org, Output, Read, Subscription, Timings, View,
};
use proptest::prelude::*;

const RESPONSE_BYTES: usize = 40;
const TIMINGS: Timings = Timings {
    keepalive_ms: 60,
    idle_ms: 90,
};
const CHANNELS: [&str; 3] = ["/data/A", "/data/B", "/data/C__chn"];
/// The channel with a lens.
const GROUP: &str = CHANNELS[2];

/// An event of the log; one of several records has `parts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Event {
    id: u64,
    topic: u8,
    value: u8,
    parts: u8,
    /// Which part of it this is.
    part: u8,
}

/// What a channel does to its events: those whose value divides by `filter` are withheld, the others become their parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct ModelLens {
    number: u32,
    filter: Option<u8>,
}

#[derive(Clone, Debug)]
struct OneLens(Option<ModelLens>);

impl Lens for OneLens {
    fn looks(&self) -> bool {
        self.0.is_some()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rights {
    /// A bit for each topic that may be subscribed to.
    topics: u8,
    /// A bit for each topic whose events are checked one by one.
    events: u8,
    reads_value: bool,
}

impl Rights {
    fn has(bits: u8, topic: u8) -> bool {
        bits & (1 << topic) != 0
    }
}

/// What is defined: the topics of the group, or nothing while it is deleted.
#[derive(Clone, Debug)]
struct Definitions {
    group: Option<(Vec<u8>, Option<ModelLens>)>,
}

#[derive(Default)]
struct Looked(BTreeSet<(u64, u32)>);

impl Org for Looked {
    type Topic = u8;
    type Lens = OneLens;
    type Rights = Rights;
    type Event = Event;

    fn locate(event: &Event) -> (ReplayId, u8) {
        (ReplayId::new(event.id), event.topic)
    }

    fn view(&self, subscription: &Subscription<u8, OneLens>, event: &Event) -> View<Event> {
        let Some(model) = subscription.lens().0 else {
            return View::AsStored;
        };
        if !self.0.contains(&(event.id, model.number)) {
            return View::Unseen;
        }
        shown(model, event)
    }

    fn may_receive(&self, rights: &Rights, event: &Event) -> bool {
        Rights::has(rights.events, event.topic)
    }

    fn masked(&self, rights: &Rights, event: &Event) -> Option<Event> {
        (!rights.reads_value).then_some(Event { value: 0, ..*event })
    }
}

fn shown(model: ModelLens, event: &Event) -> View<Event> {
    if model
        .filter
        .is_some_and(|by| event.value.is_multiple_of(by))
    {
        View::Withheld
    } else if event.parts > 1 {
        let part = |part| Event { part, ..*event };
        View::Altered((0..event.parts).map(part).collect::<Arc<[_]>>())
    } else {
        View::AsStored
    }
}

/// A copy of an event in a response.
type Delivered = (String, Event);

#[derive(Default)]
struct Written {
    copies: Vec<Delivered>,
    kept: u64,
}

/// Bytes of an event on the wire.
fn bytes(event: &Event) -> usize {
    1 + usize::from(event.value % 8)
}

impl Frame<Looked> for Written {
    fn bytes(&self) -> usize {
        self.copies.iter().map(|(_, event)| bytes(event)).sum()
    }

    fn write(&mut self, channel: &str, _: &Subscription<u8, OneLens>, event: &Event) -> bool {
        self.copies.push((channel.to_owned(), *event));
        true
    }

    fn truncate(&mut self, bytes: usize) {
        while self.bytes() > bytes {
            self.copies.pop();
        }
    }

    fn keep(&mut self, _: u8, copies: u64) {
        self.kept += copies;
    }
}

#[derive(Clone, Debug)]
enum Step {
    Append {
        topic: u8,
        value: u8,
        parts: u8,
    },
    /// So many of the oldest events are removed.
    Trim(usize),
    Rights(Rights),
    Define {
        topics: u8,
        filter: Option<u8>,
        lens: bool,
    },
    Delete,
    Subscribe {
        channel: usize,
        preset: u64,
    },
    Unsubscribe(usize),
    Request(i32),
    /// A poll is held.
    Hold,
    /// A response begins.
    Respond,
    /// The newest response did not arrive.
    Fail,
    Allow(Option<u64>),
    Pass(i64),
    /// The log is read; the result is passed on with a later step.
    Read,
    /// Everything is done that can be.
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let append = || {
        (
            0..4_u8,
            1..60_u8,
            prop_oneof![4 => Just(1_u8), 1 => 2..5_u8],
        )
            .prop_map(|(topic, value, parts)| Step::Append {
                topic,
                value,
                parts,
            })
    };
    let rights = (any::<u8>(), any::<u8>(), any::<bool>()).prop_map(|(topics, events, reads)| {
        Step::Rights(Rights {
            topics: topics | events,
            events,
            reads_value: reads,
        })
    });
    let define = (0..16_u8, proptest::option::of(2..4_u8), any::<bool>()).prop_map(
        |(topics, filter, lens)| Step::Define {
            topics,
            filter,
            lens,
        },
    );
    let step = prop_oneof![
        12 => append(),
        1 => (1..4_usize).prop_map(Step::Trim),
        2 => rights,
        1 => Just(Step::Rights(Rights { topics: 15, events: 15, reads_value: true })),
        2 => define,
        1 => Just(Step::Delete),
        2 => (0..3_usize, 0..20_u64).prop_map(|(channel, preset)| Step::Subscribe { channel, preset }),
        1 => (0..3_usize).prop_map(Step::Unsubscribe),
        4 => (1..12_i32).prop_map(Step::Request),
        3 => Just(Step::Hold),
        4 => Just(Step::Respond),
        2 => Just(Step::Fail),
        1 => proptest::option::of(0..9_u64).prop_map(Step::Allow),
        2 => (1..70_i64).prop_map(Step::Pass),
        4 => Just(Step::Read),
        6 => Just(Step::Run),
    ];
    proptest::collection::vec(step, 0..80)
}

/// A machine, its driver, and the model.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Scene {
    is_stream: bool,
    delivery: Delivery<u8, OneLens, Rights>,
    now: i64,
    log: Vec<Event>,
    /// The oldest event that is retained, by its index.
    oldest: usize,
    next_id: u64,
    definitions: Definitions,
    model_lenses: u32,
    rights: Rights,
    looked: Looked,
    frame: Written,
    /// What was read and not passed on.
    pending: Option<(Read, Bounds, Vec<Event>)>,
    /// Whether events were trimmed after they were read: a held poll may end for one of them.
    is_late: bool,
    response: Option<u64>,
    /// A poll is held, a response is open.
    is_held: bool,
    is_open: bool,
    allowance: Option<u64>,
    // The model.
    positions: BTreeMap<String, u64>,
    /// Channels of one topic whose right was lost: a right that comes back counts for new subscriptions.
    lost: BTreeSet<&'static str>,
    /// What the open response has to hold.
    expected: Vec<Delivered>,
    is_over: bool,
}

impl Scene {
    fn new(is_stream: bool) -> Self {
        let rights = Rights {
            topics: 15,
            events: 15,
            reads_value: true,
        };
        let start = Timestamp::from_millis(0);
        Self {
            is_stream,
            delivery: if is_stream {
                Delivery::of_stream(rights, RESPONSE_BYTES, TIMINGS, start)
            } else {
                Delivery::of_session(rights, RESPONSE_BYTES)
            },
            now: 0,
            log: Vec::new(),
            oldest: 0,
            next_id: 1_000,
            definitions: Definitions {
                group: Some((vec![0, 1, 2], None)),
            },
            model_lenses: 0,
            rights,
            looked: Looked::default(),
            frame: Written::default(),
            pending: None,
            is_late: false,
            response: None,
            is_held: false,
            is_open: false,
            allowance: None,
            positions: BTreeMap::new(),
            lost: BTreeSet::new(),
            expected: Vec::new(),
            is_over: false,
        }
    }

    fn retained(&self) -> &[Event] {
        &self.log[self.oldest..]
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            earliest: self.retained().first().map(|event| ReplayId::new(event.id)),
            tail: ReplayId::new(self.next_id - 1),
        }
    }

    /// The topics and the lens of a channel, as rights and definitions have it.
    fn target(&self, channel: &str) -> (Vec<u8>, Option<ModelLens>) {
        let (topics, model) = match channel {
            GROUP => self.definitions.group.clone().unwrap_or_default(),
            "/data/A" => (vec![0], None),
            _ => (vec![1], None),
        };
        let is_lost = self.lost.contains(channel);
        let may = |topic: &u8| !is_lost && Rights::has(self.rights.topics, *topic);
        (topics.into_iter().filter(may).collect(), model)
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Append {
                topic,
                value,
                parts,
            } => self.append(*topic, *value, *parts),
            Step::Trim(count) => {
                self.oldest = (self.oldest + count).min(self.log.len());
                self.is_late |= self.pending.is_some();
            }
            Step::Rights(rights) => {
                self.rights = *rights;
                for channel in ["/data/A", "/data/B"] {
                    if self.target(channel).0.is_empty() {
                        self.lost.insert(channel);
                    }
                }
                self.refresh(true);
            }
            Step::Define {
                topics,
                filter,
                lens,
            } => self.define(*topics, *filter, *lens),
            Step::Delete => {
                self.definitions.group = None;
                self.refresh(false);
            }
            Step::Subscribe { channel, preset } => self.subscribe(*channel, *preset),
            Step::Unsubscribe(channel) if !self.is_stream => {
                self.delivery.unsubscribe(CHANNELS[*channel]);
                self.positions.remove(CHANNELS[*channel]);
            }
            Step::Request(count) if self.is_stream => {
                let now = Timestamp::from_millis(self.now);
                self.delivery.request(now, *count).expect("positive");
            }
            Step::Hold if !self.is_stream && !self.is_open => {
                self.delivery.notice();
                self.is_held = true;
            }
            Step::Respond if !self.is_stream && !self.is_open => {
                self.response = Some(self.delivery.begin_response());
                self.frame = Written::default();
                (self.is_open, self.is_held) = (true, false);
            }
            Step::Fail if !self.is_open => self.fail(),
            Step::Allow(left) => {
                self.allowance = *left;
                self.delivery.allow(*left);
            }
            Step::Pass(millis) => self.now += millis,
            Step::Read => self.read(),
            Step::Run => self.run(),
            Step::Unsubscribe(_) | Step::Request(_) | Step::Hold | Step::Respond | Step::Fail => {}
        }
        self.settle(None);
    }

    fn append(&mut self, topic: u8, value: u8, parts: u8) {
        self.log.push(Event {
            id: self.next_id,
            topic,
            value,
            parts,
            part: 0,
        });
        // There are gaps between positions.
        self.next_id += 1 + u64::from(value % 3);
    }

    fn define(&mut self, topics: u8, filter: Option<u8>, lens: bool) {
        let topics = (0..4).filter(|topic| Rights::has(topics, *topic)).collect();
        self.model_lenses += 1;
        let model = ModelLens {
            number: self.model_lenses,
            filter,
        };
        self.definitions.group = Some((topics, lens.then_some(model)));
        self.refresh(false);
    }

    /// What the driver does when rights or definitions are others.
    fn refresh(&mut self, is_about_rights: bool) {
        if is_about_rights {
            let rights = self.rights;
            self.delivery
                .rights_changed(rights, |_, topic| Rights::has(rights.topics, topic));
        }
        let (topics, model) = self.target(GROUP);
        self.delivery.definitions_changed(|channel, lens| {
            (channel == GROUP).then(|| {
                lens.0 = model;
                topics.clone()
            })
        });
    }

    fn subscribe(&mut self, channel: usize, preset: u64) {
        if self.is_stream && self.delivery.subscriptions().len() > 0 {
            return;
        }
        let channel = CHANNELS[channel];
        let preset = match preset {
            0..8 => ReplayPreset::Latest,
            8..14 => ReplayPreset::Earliest,
            back => {
                let at = self
                    .log
                    .len()
                    .checked_sub(usize::try_from(back).unwrap_or(0) - 13);
                match at.and_then(|at| self.log.get(at)) {
                    Some(event) => ReplayPreset::Custom(ReplayId::new(event.id)),
                    None => return,
                }
            }
        };
        let Ok(position) = self.bounds().start(preset) else {
            return;
        };
        let was_lost = self.lost.remove(channel);
        let (topics, model) = self.target(channel);
        if topics.is_empty() && channel != GROUP {
            // A topic without the right to it is refused.
            if was_lost {
                self.lost.insert(channel);
            }
            return;
        }
        let moves = preset != ReplayPreset::Latest;
        let kept = self.positions.get(channel).copied().filter(|_| !moves);
        let subscription = Subscription::new(topics, OneLens(model), position, self.bounds().tail);
        self.delivery
            .subscribe(channel, subscription, moves)
            .expect("few channels");
        let position = kept.unwrap_or_else(|| position.get());
        self.positions.insert(channel.to_owned(), position);
    }

    /// Reads what the machine asks for; keeps it for a later step.
    fn read(&mut self) {
        if self.is_over || self.pending.is_some() {
            return;
        }
        self.is_late = false;
        let bounds = self.bounds();
        match self.delivery.poll(Timestamp::from_millis(self.now), bounds) {
            Output::Read(read) => self.pending = Some((read, bounds, self.stretch(&read))),
            Output::Look(read) => {
                let events = self.stretch(&read);
                self.look(&events);
                self.pending = Some((read, bounds, events));
            }
            output => self.act(&output),
        }
        self.settle(None);
    }

    fn stretch(&self, read: &Read) -> Vec<Event> {
        let topics = self.delivery.topics();
        let wanted = |event: &&Event| event.id > read.after.get() && topics.contains(&event.topic);
        let events = self.retained().iter().filter(wanted).copied();
        events.take(read.limit).collect()
    }

    /// The lenses look at the first few events.
    fn look(&mut self, events: &[Event]) {
        let all = self.delivery.subscriptions();
        let model_lenses: Vec<ModelLens> = all.filter_map(|(_, open)| open.lens().0).collect();
        for event in events.iter().take(2) {
            for model in &model_lenses {
                self.looked.0.insert((event.id, model.number));
            }
        }
    }

    /// Passes on what was read, if it is still of use.
    fn pass_on(&mut self) {
        let Some((read, bounds, events)) = self.pending.take() else {
            return;
        };
        if !self.delivery.is_current(&read) {
            return;
        }
        let is_whole = events.len() < read.limit;
        let mut reached = read.after.get();
        let mut is_broken = false;
        for event in &events {
            let flow = if self.is_held {
                self.delivery.probe(&self.looked, event)
            } else {
                self.delivery.take(&self.looked, event, &mut self.frame)
            };
            self.settle(Some(*event));
            if flow == ControlFlow::Break(()) {
                is_broken = true;
                break;
            }
            reached = event.id;
        }
        if is_whole && !is_broken {
            reached = bounds.tail.get().max(reached);
        }
        self.delivery.read_to(&read, ReplayId::new(reached), bounds);
        self.settle(None);
    }

    /// Does everything that can be done.
    fn run(&mut self) {
        for _ in 0..10_000 {
            self.pass_on();
            if self.is_over {
                return;
            }
            let bounds = self.bounds();
            let output = self.delivery.poll(Timestamp::from_millis(self.now), bounds);
            self.settle(None);
            match output {
                Output::Read(read) => {
                    let events = self.stretch(&read);
                    assert!(read.limit > 0, "nothing is read");
                    self.pending = Some((read, bounds, events));
                }
                Output::Look(read) => {
                    assert_eq!(read.limit, LOOK_EVENTS_MAX);
                    let events = self.stretch(&read);
                    self.look(&events);
                    self.pending = Some((read, bounds, events));
                }
                output => {
                    self.act(&output);
                    if matches!(output, Output::Wait { .. } | Output::End(_)) {
                        return;
                    }
                }
            }
        }
        panic!("the driver never comes to rest");
    }

    fn act(&mut self, output: &Output) {
        match output {
            Output::Deliver => self.deliver(),
            Output::Available => {
                assert!(self.is_held, "nobody waits");
                self.is_held = false;
                assert!(self.is_something_due() || self.is_late, "no event waits");
                self.is_late = false;
            }
            Output::Wait { until } => {
                let credit = self.delivery.credit();
                if self.is_held || credit > 0 {
                    assert!(
                        !self.is_something_due(),
                        "an event waits, and nothing is done"
                    );
                }
                assert!(!self.is_open, "a response is open, and nothing is done");
                assert_eq!(until.is_some(), self.is_stream);
                assert!(until.is_none_or(|until| until.as_millis() > self.now));
            }
            Output::End(_) => {
                assert!(self.is_stream, "sessions end by themselves");
                let used_up = self.allowance == Some(0) && self.delivery.credit() > 0;
                assert!(
                    used_up || self.delivery.credit() == 0,
                    "the stream has credit"
                );
                self.is_over = true;
            }
            Output::Read(_) | Output::Look(_) => panic!("nobody reads"),
        }
    }

    /// A response leaves: it holds what the model says, within its bounds.
    fn deliver(&mut self) {
        let written = std::mem::take(&mut self.frame);
        assert_eq!(written.copies, self.expected);
        assert_eq!(written.kept, self.expected.len() as u64);
        let positions: BTreeSet<u64> = self.expected.iter().map(|(_, event)| event.id).collect();
        if positions.len() > 1 {
            assert!(written.bytes() <= RESPONSE_BYTES, "too many bytes");
        }
        self.expected.clear();
        self.is_open = false;
    }

    fn fail(&mut self) {
        if let Some(response) = self.response.take() {
            self.delivery.response_failed(response);
            // The machine says how far back that is; what comes again is compared like everything else.
            for (channel, open) in self.delivery.subscriptions() {
                let position = self.positions.get_mut(channel).expect("known");
                assert!(
                    open.position().get() <= *position,
                    "a failure loses nothing"
                );
                *position = open.position().get();
            }
        }
    }

    /// Whether the model has an event that the client would get now.
    fn is_something_due(&self) -> bool {
        self.positions.iter().any(|(channel, position)| {
            let mut rest = self.retained().iter().filter(|event| event.id > *position);
            rest.any(|event| !self.copies(channel, event).is_empty())
        })
    }

    /// What a channel delivers of an event, now.
    fn copies(&self, channel: &str, event: &Event) -> Vec<Delivered> {
        let (topics, model) = self.target(channel);
        if !topics.contains(&event.topic) || !Rights::has(self.rights.events, event.topic) {
            return Vec::new();
        }
        let view = model.map_or(View::AsStored, |model| shown(model, event));
        let events = match view {
            View::Unseen | View::Withheld => Vec::new(),
            View::AsStored => vec![*event],
            View::Altered(events) => events.to_vec(),
        };
        let masked = |event: Event| Event {
            value: if self.rights.reads_value {
                event.value
            } else {
                0
            },
            ..event
        };
        let copies = events.into_iter().map(masked);
        copies.map(|event| (channel.to_owned(), event)).collect()
    }

    /// Follows the positions: everything that they have passed is due, unless retention has removed it. `passed` is the
    /// event that was passed on just now.
    fn settle(&mut self, passed: Option<Event>) {
        let earliest = self.retained().first().map_or(u64::MAX, |event| event.id);
        let mut due: Vec<Delivered> = Vec::new();
        let mut ids: BTreeSet<u64> = BTreeSet::new();
        for (channel, open) in self.delivery.subscriptions() {
            let before = self.positions[channel];
            let now = open.position().get();
            assert!(now >= before, "a position goes back");
            for event in self
                .log
                .iter()
                .filter(|event| (before + 1..=now).contains(&event.id))
            {
                let is_passed = passed.is_some_and(|passed| passed.id == event.id);
                if is_passed || event.id >= earliest {
                    let copies = self.copies(channel, event);
                    ids.extend(copies.iter().map(|(_, event)| event.id));
                    due.extend(copies);
                }
            }
        }
        let moved: Vec<(String, u64)> = self
            .delivery
            .subscriptions()
            .map(|(channel, open)| (channel.to_owned(), open.position().get()))
            .collect();
        self.positions.extend(moved);
        assert!(ids.len() <= 1, "several events are passed at once");
        if self.is_held {
            assert!(due.is_empty(), "an event is passed without a response");
        }
        self.expected.extend(due);
    }
}

fn play(is_stream: bool, steps: &[Step]) {
    let mut scene = Scene::new(is_stream);
    for step in steps {
        if scene.is_over {
            return;
        }
        scene.apply(step);
    }
    scene.apply(&Step::Run);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(600)
    })]

    #[test]
    fn a_stream_delivers_what_the_model_says(steps in steps()) {
        play(true, &steps);
    }

    #[test]
    fn a_session_delivers_what_the_model_says(steps in steps()) {
        play(false, &steps);
    }
}

//! Which fault fires where and when: a pure decision by counts.

use std::num::NonZeroU64;

use landfall_model::limits::FAULTS_MAX;
use landfall_model::{RecordId, Timestamp};

use super::kind::FaultKind;
use crate::access::HiddenPart;

/// Where the resources of the REST API are; a version and the rest of the path follow.
const REST: &str = "/services/data/";

/// Where the methods of the Pub/Sub API are.
const PUBSUB: &str = "/eventbus.v1.PubSub/";

/// What a fault is armed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arming {
    /// What happens.
    pub kind: FaultKind,
    /// Where.
    pub filter: Filter,
    /// When.
    pub when: When,
    /// How long, for a kind that has a delay. Unit: milliseconds.
    pub delay_ms: u64,
    /// How much, for a kind that has a number of bytes.
    pub bytes: u64,
    /// What is hidden or shown, for a kind that does so; everything if absent.
    pub subject: Option<HiddenPart>,
}

impl Arming {
    /// A kind that fires once, at the next occasion.
    pub fn once(kind: FaultKind) -> Self {
        Self {
            kind,
            filter: Filter::default(),
            when: When::default(),
            delay_ms: 0,
            bytes: 0,
            subject: None,
        }
    }
}

/// Where a fault fires; everything that is absent matches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The topic of the subscription, change or publication.
    pub topic: Option<String>,
    /// The client id of the Streaming API.
    pub client: Option<String>,
    /// Username or id.
    pub user: Option<String>,
    /// `/meta/connect`, `Subscribe`, `POST /sobjects/Account`, `/services/Soap`.
    pub method: Option<String>,
}

/// When a fault fires, counted in matching occasions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// How many occasions pass before.
    pub after: u64,
    /// Every how many occasions it fires.
    pub every: NonZeroU64,
    /// How often it fires; always if absent.
    pub times: Option<NonZeroU64>,
    /// The first moment at which it fires.
    pub from: Option<Timestamp>,
    /// The first moment at which it no longer fires.
    pub to: Option<Timestamp>,
}

impl Default for When {
    fn default() -> Self {
        Self {
            after: 0,
            every: NonZeroU64::MIN,
            times: Some(NonZeroU64::MIN),
            from: None,
            to: None,
        }
    }
}

/// What is about to happen at a decision point.
#[derive(Clone, Copy, Debug, Default)]
pub struct Occasion<'o> {
    topics: &'o [&'o str],
    client: Option<&'o str>,
    user: Option<(RecordId, &'o str)>,
    method: Option<Called<'o>>,
}

/// What was called.
#[derive(Clone, Copy, Debug)]
pub enum Called<'o> {
    /// A Bayeux channel, or a method of the Pub/Sub API.
    Name(&'o str),
    /// An HTTP request.
    Http {
        /// Its method.
        method: &'o str,
        /// Its path.
        path: &'o str,
    },
}

impl<'o> Occasion<'o> {
    /// On topics: a fault on any of them matches.
    #[must_use]
    pub const fn topics(self, topics: &'o [&'o str]) -> Self {
        Self { topics, ..self }
    }

    /// By a client id of the Streaming API.
    #[must_use]
    pub const fn client(self, client: &'o str) -> Self {
        Self {
            client: Some(client),
            ..self
        }
    }

    /// By a user.
    #[must_use]
    pub const fn user(self, id: RecordId, username: &'o str) -> Self {
        Self {
            user: Some((id, username)),
            ..self
        }
    }

    /// By a method.
    #[must_use]
    pub const fn method(self, method: Called<'o>) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }
}

impl Filter {
    fn matches(&self, occasion: &Occasion<'_>) -> bool {
        let topic = self.topic.as_deref();
        let client = self.client.as_deref();
        topic.is_none_or(|topic| occasion.topics.contains(&topic))
            && client.is_none_or(|client| occasion.client == Some(client))
            && self
                .user
                .as_deref()
                .is_none_or(|user| is_user(user, occasion))
            && self
                .method
                .as_deref()
                .is_none_or(|method| is_method(method, occasion))
    }
}

fn is_user(filter: &str, occasion: &Occasion<'_>) -> bool {
    occasion.user.is_some_and(|(id, username)| {
        username.eq_ignore_ascii_case(filter) || RecordId::parse(filter) == Ok(id)
    })
}

fn is_method(filter: &str, occasion: &Occasion<'_>) -> bool {
    match occasion.method {
        None => false,
        Some(Called::Name(name)) => name.eq_ignore_ascii_case(filter),
        Some(Called::Http { method, path }) => {
            let (of, begin) = match filter.split_once(' ') {
                Some((of, begin)) => (Some(of), begin.trim_start()),
                None => (None, filter),
            };
            of.is_none_or(|of| of.eq_ignore_ascii_case(method)) && is_path(begin, path)
        }
    }
}

/// Whether a path begins with these segments, also after the version of the REST API; a method of the Pub/Sub API is known
/// by its name alone.
fn is_path(begin: &str, path: &str) -> bool {
    let begins = |path: &str| {
        let rest = path.strip_prefix(begin.trim_end_matches('/'));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let resource = path
        .strip_prefix(REST)
        .and_then(|rest| rest.find('/').and_then(|at| rest.get(at..)));
    begins(path)
        || resource.is_some_and(begins)
        || path
            .strip_prefix(PUBSUB)
            .is_some_and(|name| name.eq_ignore_ascii_case(begin))
}

/// A fault in the plan.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its number; no two faults of an org have the same.
    pub id: u64,
    /// What it was armed with.
    pub arming: Arming,
    /// How many occasions matched while it could fire.
    pub matched: u64,
    /// How often it has fired.
    pub fired: u64,
}

/// Whether a fault can fire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Not before a later time.
    Waiting,
    /// At the next occasion, or after some more.
    Armed,
    /// It has fired as often as it should, or its time is over.
    Spent,
}

impl Planned {
    pub(super) fn progress(&self, now: Timestamp) -> Progress {
        let When {
            times, from, to, ..
        } = self.arming.when;
        if times.is_some_and(|times| self.fired >= times.get()) || to.is_some_and(|to| now >= to) {
            Progress::Spent
        } else if from.is_some_and(|from| now < from) {
            Progress::Waiting
        } else {
            Progress::Armed
        }
    }

    /// Counts an occasion that matches; says whether the fault fires.
    fn take(&mut self) -> bool {
        self.matched += 1;
        let When { after, every, .. } = self.arming.when;
        let fires = self.matched > after && (self.matched - after).is_multiple_of(every.get());
        self.fired += u64::from(fires);
        fires
    }
}

/// There are as many faults as a plan takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {FAULTS_MAX} faults already")]
pub struct FullPlan;

/// All faults of an org.
#[derive(Debug, Default)]
pub(super) struct Plan {
    newest: u64,
    faults: Vec<Planned>,
}

impl Plan {
    pub(super) fn arm(&mut self, arming: Arming) -> Result<Planned, FullPlan> {
        if self.faults.len() >= FAULTS_MAX {
            return Err(FullPlan);
        }
        self.newest += 1;
        let planned = Planned {
            id: self.newest,
            arming,
            matched: 0,
            fired: 0,
        };
        self.faults.push(planned.clone());
        Ok(planned)
    }

    /// The first fault that fires. Those after it have not seen the occasion.
    pub(super) fn fires(
        &mut self,
        kind: FaultKind,
        occasion: &Occasion<'_>,
        now: Timestamp,
    ) -> Option<Arming> {
        let mut faults = self.faults.iter_mut();
        let fault = faults.find_map(|fault| {
            let fires = fault.arming.kind == kind
                && fault.progress(now) == Progress::Armed
                && fault.arming.filter.matches(occasion)
                && fault.take();
            fires.then_some(fault)
        })?;
        Some(fault.arming.clone())
    }

    pub(super) fn all(&self) -> &[Planned] {
        &self.faults
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Planned> {
        let at = self.faults.iter().position(|fault| fault.id == id)?;
        Some(self.faults.remove(at))
    }

    pub(super) fn clear(&mut self) -> Vec<Planned> {
        std::mem::take(&mut self.faults)
    }

    /// How many faults have not fired as often as they may.
    pub(super) fn armed(&self) -> usize {
        let may_fire = |fault: &&Planned| {
            let times = fault.arming.when.times;
            times.is_none_or(|times| fault.fired < times.get())
        };
        self.faults.iter().filter(may_fire).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000);

    fn arming(when: When) -> Arming {
        Arming {
            when,
            ..Arming::once(FaultKind::Gap)
        }
    }

    fn number(number: u64) -> NonZeroU64 {
        NonZeroU64::new(number).expect("not zero")
    }

    /// Which of ten occasions the fault fires at.
    fn fired(when: When) -> Vec<u64> {
        let mut plan = Plan::default();
        plan.arm(arming(when)).expect("space");
        let occasion = Occasion::default();
        (1..=10)
            .filter(|_| plan.fires(FaultKind::Gap, &occasion, NOW).is_some())
            .collect()
    }

    #[test]
    fn a_fault_fires_by_count() {
        let plain = When::default();
        let always = When {
            times: None,
            ..plain
        };
        assert_eq!(fired(plain), [1]);
        assert_eq!(
            fired(When {
                times: Some(number(3)),
                ..plain
            }),
            [1, 2, 3]
        );
        assert_eq!(fired(When { after: 4, ..plain }), [5]);
        assert_eq!(
            fired(When {
                every: number(3),
                ..always
            }),
            [3, 6, 9]
        );
        let some = When {
            after: 1,
            every: number(2),
            times: Some(number(2)),
            ..plain
        };
        assert_eq!(fired(some), [3, 5]);
        assert_eq!(fired(When { after: 8, ..always }), [9, 10]);
    }

    #[test]
    fn a_fault_fires_in_its_time_only() {
        let at = |millis| Timestamp::from_millis(millis);
        let mut plan = Plan::default();
        let when = When {
            times: None,
            from: Some(at(10)),
            to: Some(at(20)),
            ..When::default()
        };
        plan.arm(arming(when)).expect("space");
        for (now, fires, progress) in [
            (9, false, Progress::Waiting),
            (10, true, Progress::Armed),
            (19, true, Progress::Armed),
            (20, false, Progress::Spent),
        ] {
            let fired = plan.fires(FaultKind::Gap, &Occasion::default(), at(now));
            assert_eq!(fired.is_some(), fires, "{now}");
            let fault = plan.all().first().expect("armed");
            assert_eq!(fault.progress(at(now)), progress, "{now}");
        }
        assert_eq!(plan.all().first().map(|fault| fault.matched), Some(2));
    }

    #[test]
    fn methods_are_matched_by_name_or_path() {
        let http = |method, path| Occasion::default().method(Called::Http { method, path });
        let name = |name| Occasion::default().method(Called::Name(name));
        let create = http("POST", "/services/data/v59.0/sobjects/Account");
        let publish = http("POST", "/eventbus.v1.PubSub/Publish");
        for (filter, occasion, matches) in [
            ("/meta/connect", name("/meta/connect"), true),
            ("/meta/connect", name("/meta/subscribe"), false),
            ("subscribe", name("Subscribe"), true),
            ("POST /sobjects", create, true),
            ("post /sobjects/Account", create, true),
            ("/services/data", create, true),
            ("/services", create, true),
            ("POST /sobjects/Acc", create, false),
            ("GET /sobjects", create, false),
            ("/query", create, false),
            ("Publish", publish, true),
            ("PublishStream", publish, false),
            ("/meta/connect", Occasion::default(), false),
        ] {
            let filter = Filter {
                method: Some(filter.to_owned()),
                ..Filter::default()
            };
            assert_eq!(
                filter.matches(&occasion),
                matches,
                "{filter:?} {occasion:?}"
            );
        }
    }

    #[test]
    fn topics_clients_and_users_are_matched_exactly() {
        let user = RecordId::parse("0055f000000000AAAQ").unwrap_or(RecordId::EMPTY);
        let occasion = Occasion::default()
            .topics(&["/event/B__e", "/event/A__e"])
            .client("c1")
            .user(user, "a@b.c");
        let id = user.to_string();
        for (topic, client, of, matches) in [
            (Some("/event/A__e"), None, None, true),
            (Some("/event/a__e"), None, None, false),
            (None, Some("c1"), Some("A@b.c"), true),
            (None, Some("c2"), Some("a@b.c"), false),
            (None, None, Some(id.as_str()), true),
            (None, None, Some("x@b.c"), false),
        ] {
            let text = |text: Option<&str>| text.map(str::to_owned);
            let filter = Filter {
                topic: text(topic),
                client: text(client),
                user: text(of),
                method: None,
            };
            assert_eq!(filter.matches(&occasion), matches, "{filter:?}");
        }
        let nobody = Filter {
            user: Some("a@b.c".to_owned()),
            ..Filter::default()
        };
        assert!(!nobody.matches(&Occasion::default()));
    }

    #[test]
    fn a_plan_has_a_bound_and_numbers_are_never_used_again() {
        let mut plan = Plan::default();
        for _ in 0..FAULTS_MAX {
            plan.arm(arming(When::default())).expect("space");
        }
        assert_eq!(plan.arm(arming(When::default())).err(), Some(FullPlan));
        assert_eq!(plan.armed(), FAULTS_MAX);
        assert_eq!(plan.clear().len(), FAULTS_MAX);
        let next = plan.arm(arming(When::default())).expect("space").id;
        assert_eq!(usize::try_from(next), Ok(FAULTS_MAX + 1));
        assert!(plan.remove(next).is_some());
        assert!(plan.remove(next).is_none());
    }
}

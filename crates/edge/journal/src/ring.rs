//! The newest requests, within bounds of number and memory.

use std::collections::VecDeque;

use landfall_model::limits::{JOURNAL_BYTES_MAX, JOURNAL_MISTAKES_MAX};

use crate::entry::{Api, Entry};
use crate::mistake::{Finding, Mistake};

/// Requests in the order of their numbers, which follow one another, and the mistakes that were found in them and in
/// earlier ones.
#[derive(Debug)]
pub(crate) struct Ring {
    requests_max: usize,
    entries: VecDeque<Entry>,
    /// Memory that they take.
    bytes: usize,
    /// Of the newest request.
    newest: u64,
    /// How many there were since the list was last cleared.
    requests: u64,
    mistakes: Mistakes,
    /// What there was before that, as far as it still counts.
    earlier: Totals,
}

/// What there was over all, also before resets.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// How many requests.
    pub requests: u64,
    /// What was wrong with them.
    pub mistakes: Mistakes,
}

impl Totals {
    /// Adds what there was elsewhere, or later.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.mistakes.add(&other.mistakes);
    }
}

/// What clients did wrong.
#[derive(Clone, Debug, Default)]
pub struct Mistakes {
    /// Different ones, in the order in which they were made first.
    pub all: Vec<Mistake>,
    /// How many more there were, beyond the bound.
    pub further: u64,
}

impl Mistakes {
    /// Adds what a client did wrong; the same again is counted.
    fn note(&mut self, made: Mistake) {
        let mut known = self.all.iter_mut();
        if let Some(known) = known.find(|known| known.finding == made.finding) {
            known.times += made.times;
            known.last = made.last;
        } else if self.all.len() < JOURNAL_MISTAKES_MAX {
            self.all.push(made);
        } else {
            self.further += 1;
        }
    }

    /// Adds what clients did wrong elsewhere, or later.
    fn add(&mut self, other: &Self) {
        for made in &other.all {
            self.note(made.clone());
        }
        self.further += other.further;
    }
}

/// Which requests are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those of an API.
    pub api: Option<Api>,
    /// Those with an HTTP status.
    pub status: Option<u16>,
    /// Those with this text in method and target, in the client's name, or in the body of the request.
    pub text: Option<String>,
    /// Those with lower numbers.
    pub before: Option<u64>,
    /// Those with higher numbers.
    pub after: Option<u64>,
    /// How many of them.
    pub limit: usize,
}

/// Requests that a filter has taken, the newest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// As many as were asked for.
    pub entries: Vec<Entry>,
    /// Whether there are more of them.
    pub has_more: bool,
}

impl Filter {
    pub(crate) fn takes(&self, entry: &Entry, body: impl FnOnce() -> Option<String>) -> bool {
        self.api.is_none_or(|api| entry.api == api)
            && self.before.is_none_or(|before| entry.number < before)
            && self.after.is_none_or(|after| entry.number > after)
            && self
                .status
                .is_none_or(|status| entry.outcome.status == Some(status))
            && self.text.as_ref().is_none_or(|text| {
                format!("{} {}", entry.method, entry.target).contains(text.as_str())
                    || entry
                        .client
                        .as_ref()
                        .is_some_and(|client| client.contains(text))
                    || body().is_some_and(|body| body.contains(text.as_str()))
            })
    }
}

impl Ring {
    pub(crate) fn new(requests_max: usize) -> Self {
        Self {
            requests_max,
            entries: VecDeque::new(),
            bytes: 0,
            newest: 0,
            requests: 0,
            mistakes: Mistakes::default(),
            earlier: Totals::default(),
        }
    }

    /// Adds a request, which gets its number.
    pub(crate) fn push(&mut self, mut entry: Entry) -> u64 {
        self.newest += 1;
        self.requests += 1;
        entry.number = self.newest;
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        self.shrink();
        self.newest
    }

    /// Changes a request, if it is still there.
    pub(crate) fn change(&mut self, number: u64, change: impl FnOnce(&mut Entry)) {
        let index = self.index(number);
        let Some(entry) = index.and_then(|index| self.entries.get_mut(index)) else {
            return;
        };
        self.bytes -= entry.bytes();
        change(entry);
        self.bytes += entry.bytes();
        self.shrink();
    }

    fn shrink(&mut self) {
        while self.entries.len() > self.requests_max || self.bytes > JOURNAL_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes();
        }
    }

    fn index(&self, number: u64) -> Option<usize> {
        let oldest = self.entries.front()?.number;
        usize::try_from(number.checked_sub(oldest)?).ok()
    }

    pub(crate) fn find(&self, number: u64) -> Option<&Entry> {
        self.entries.get(self.index(number)?)
    }

    pub(crate) fn page(&self, filter: &Filter, takes: impl Fn(&Entry) -> bool) -> Page {
        let mut matching = self.entries.iter().rev().filter(|entry| takes(entry));
        let entries = matching.by_ref().take(filter.limit).cloned().collect();
        Page {
            entries,
            has_more: matching.next().is_some(),
        }
    }

    /// Adds what a client did wrong; the same again is counted.
    pub(crate) fn note(&mut self, number: u64, finding: Finding) {
        self.mistakes.note(Mistake {
            finding,
            times: 1,
            first: number,
            last: number,
        });
    }

    /// The same of what was found after the answer: nothing if the list was cleared meanwhile.
    pub(crate) fn note_later(&mut self, number: u64, finding: Finding) {
        if number > self.newest - self.requests {
            self.note(number, finding);
        }
    }

    pub(crate) fn mistakes(&self) -> Mistakes {
        self.mistakes.clone()
    }

    pub(crate) const fn requests(&self) -> u64 {
        self.requests
    }

    /// What there was since everything was forgotten.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = self.earlier.clone();
        totals.requests += self.requests;
        totals.mistakes.add(&self.mistakes);
        totals
    }

    /// Empties the list; what was in it stays in the totals.
    pub(crate) fn clear(&mut self) {
        self.earlier = self.totals();
        self.entries.clear();
        self.bytes = 0;
        self.requests = 0;
        self.mistakes = Mistakes::default();
    }

    /// Empties the list, and the totals too.
    pub(crate) fn forget(&mut self) {
        self.clear();
        self.earlier = Totals::default();
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::limits::JOURNAL_BODY_BYTES_MAX;
    use landfall_model::{Requester, Timestamp};

    use super::*;
    use crate::entry::{Content, Outcome};
    use crate::mistake::Kind;

    fn entry(target: &str) -> Entry {
        Entry {
            number: 0,
            at: Timestamp::from_millis(0),
            api: Api::of(target),
            method: http::Method::GET,
            target: target.into(),
            client: None,
            requester: Requester::default(),
            request: Content::default(),
            outcome: Outcome::default(),
            answer: Content::default(),
            unsupported: None,
        }
    }

    fn numbers(ring: &Ring, filter: &Filter) -> Vec<u64> {
        let page = ring.page(filter, |entry| filter.takes(entry, || None));
        page.entries.iter().map(|entry| entry.number).collect()
    }

    #[test]
    fn what_is_found_after_the_answer_counts_unless_the_list_was_cleared_meanwhile() {
        let mut ring = Ring::new(10);
        let finding = || Finding {
            kind: Kind::Malformed,
            message: "one".to_owned(),
            hint: None,
        };
        let before = ring.push(entry("/services/data/v59.0/one"));
        ring.clear();
        let after = ring.push(entry("/services/data/v59.0/two"));
        ring.note_later(before, finding());
        assert_eq!(ring.mistakes().all, []);
        ring.note_later(after, finding());
        assert_eq!(ring.mistakes().all.len(), 1);
    }

    #[test]
    fn the_oldest_go_by_number() {
        let mut ring = Ring::new(3);
        for _ in 0..5 {
            ring.push(entry("/a"));
        }
        let all = Filter {
            limit: 9,
            ..Filter::default()
        };
        assert_eq!(numbers(&ring, &all), [5, 4, 3]);
        assert!(ring.find(2).is_none());
        assert_eq!(ring.find(3).map(|entry| entry.number), Some(3));
        assert!(ring.find(6).is_none());
        assert_eq!(ring.requests(), 5);
    }

    #[test]
    fn the_oldest_go_by_memory_also_when_a_body_grows() {
        let mut ring = Ring::new(usize::MAX);
        let body = vec![b'x'; JOURNAL_BODY_BYTES_MAX];
        let enough =
            u64::try_from(JOURNAL_BYTES_MAX / JOURNAL_BODY_BYTES_MAX).expect("a number") + 1;
        for _ in 0..enough {
            let number = ring.push(entry("/a"));
            ring.change(number, |entry| entry.request.extend(&body));
        }
        assert!(ring.bytes <= JOURNAL_BYTES_MAX);
        assert!(ring.find(1).is_none());
        assert!(ring.find(enough).is_some());
        // Nobody minds that it is gone.
        ring.change(1, |_| unreachable!("it is gone"));
        ring.clear();
        assert_eq!(ring.bytes, 0);
        assert_eq!(ring.push(entry("/b")), enough + 1);
    }

    #[test]
    fn filters_take_what_they_name() {
        let mut ring = Ring::new(9);
        for target in ["/cometd/59.0", "/services/data/v59.0/query", "/cometd/59.0"] {
            ring.push(entry(target));
        }
        ring.change(3, |entry| entry.outcome.status = Some(400));
        let limited = |filter: Filter| numbers(&ring, &Filter { limit: 9, ..filter });
        let streaming = Filter {
            api: Some(Api::Streaming),
            ..Filter::default()
        };
        assert_eq!(limited(streaming), [3, 1]);
        let bad = Filter {
            status: Some(400),
            ..Filter::default()
        };
        assert_eq!(limited(bad), [3]);
        let text = Filter {
            text: Some("GET /services".to_owned()),
            ..Filter::default()
        };
        assert_eq!(limited(text), [2]);
        let between = Filter {
            before: Some(3),
            after: Some(1),
            ..Filter::default()
        };
        assert_eq!(limited(between), [2]);
        let one = Filter {
            limit: 1,
            ..Filter::default()
        };
        assert!(ring.page(&one, |_| true).has_more);
    }

    #[test]
    fn a_repeated_mistake_is_counted_and_different_ones_are_bounded() {
        let mut ring = Ring::new(9);
        let finding = |subject: &str| Finding {
            kind: Kind::UnknownChannel,
            message: subject.to_owned(),
            hint: None,
        };
        ring.note(1, finding("a"));
        ring.note(4, finding("a"));
        let known = &ring.mistakes().all[0];
        assert_eq!((known.times, known.first, known.last), (2, 1, 4));
        for number in 0..JOURNAL_MISTAKES_MAX {
            ring.note(5, finding(&number.to_string()));
        }
        assert_eq!(ring.mistakes().all.len(), JOURNAL_MISTAKES_MAX);
        assert_eq!(ring.mistakes().further, 1);
    }
    #[test]
    fn totals_count_what_was_cleared_and_not_what_was_forgotten() {
        let mut ring = Ring::new(9);
        let finding = || Finding {
            kind: Kind::UnknownChannel,
            message: "a".to_owned(),
            hint: None,
        };
        for number in 1..=2 {
            ring.push(entry("/a"));
            ring.note(number, finding());
            ring.clear();
        }
        assert_eq!((ring.requests(), ring.mistakes().all.len()), (0, 0));
        ring.push(entry("/a"));
        let totals = ring.totals();
        assert_eq!(totals.requests, 3);
        let [made] = totals.mistakes.all.as_slice() else {
            panic!("{totals:?}");
        };
        assert_eq!((made.times, made.first, made.last), (2, 1, 2));
        ring.forget();
        assert_eq!(ring.totals().requests, 0);
        assert!(ring.totals().mistakes.all.is_empty());
    }
}

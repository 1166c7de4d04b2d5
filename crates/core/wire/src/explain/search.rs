//! Finding what a text is about: a code, a message, or a line of a log that contains them.

use std::collections::BTreeSet;

use landfall_model::limits::EXPLAINED_TEXT_CHARS_MAX;

use super::{Entry, Spelling};

/// Parts of a message that have to be in the text.
const SHARE_ENOUGH: f64 = 0.6;

/// What a code counts: more than most of a message, less than all of another one.
const CODE: f64 = 0.9;

/// Words without which a message is none, and those without which the beginning of one is none.
const WORDS_OF_A_MESSAGE: usize = 3;
const WORDS_OF_A_PART: usize = 4;

/// What a text is about.
#[derive(Clone, Debug)]
pub struct Found {
    /// The entries, the nearest first.
    pub entries: Vec<Entry>,
}

/// How well an entry matches, the worse the smaller.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Match {
    /// By a code or the words of a message in the text.
    Part(f64),
    /// By its whole text.
    Whole,
}

/// The entries that a text is about: those of an equal code or message; else those of which it has most of a code and a
/// message.
pub fn find(text: &str) -> Found {
    Index::new().find(text)
}

/// The entries with their spellings.
pub(super) struct Index(Vec<(Entry, Vec<Known>)>);

/// A spelling, ready to be compared.
struct Known {
    status: String,
    code: String,
    message: String,
    code_words: BTreeSet<String>,
    message_words: BTreeSet<String>,
}

impl Known {
    fn new(spelling: &Spelling) -> Self {
        Self {
            status: spelling.status.clone(),
            code: plain(&spelling.code),
            message: plain(&spelling.message),
            code_words: own_words(&spelling.code),
            message_words: own_words(&spelling.message),
        }
    }
}

impl Index {
    pub(super) fn new() -> Self {
        let entries = super::entries().into_iter().map(|entry| {
            let spellings = entry.spellings();
            (entry, spellings.iter().map(Known::new).collect())
        });
        Self(entries.collect())
    }

    pub(super) fn find(&self, text: &str) -> Found {
        let text: String = text.chars().take(EXPLAINED_TEXT_CHARS_MAX).collect();
        let text = plain(&text);
        let matches = self.0.iter();
        let matches: Vec<(Match, &Entry)> = matches
            .filter_map(|(entry, spellings)| Some((of_entry(spellings, &text)?, entry)))
            .collect();
        let all = matches.iter().map(|(found, _)| *found);
        let best = all.reduce(|one, other| if other > one { other } else { one });
        let entries = matches.into_iter();
        let entries = entries.filter(|(found, _)| Some(*found) == best);
        Found {
            entries: entries.map(|(_, entry)| entry.clone()).collect(),
        }
    }
}

fn of_entry(spellings: &[Known], text: &str) -> Option<Match> {
    let words = words(text);
    let matches = spellings.iter().filter_map(|spelling| {
        let (code, message) = (&spelling.code, &spelling.message);
        let is_whole = |part: &str| !part.is_empty() && part == text;
        let last = code
            .rsplit_once("eventbus.grpc.")
            .map_or("", |(_, last)| last);
        let is_status = code.is_empty() && message.is_empty() && spelling.status == text;
        if is_whole(code) || is_whole(message) || is_whole(last) || is_status {
            return Some(Match::Whole);
        }
        let share = share(&spelling.message_words, &words);
        if [&code, &message]
            .iter()
            .any(|whole| whole.contains(' ') && contains(text, whole))
        {
            return Some(Match::Part(CODE + 1.0));
        }
        let names = [code.as_str(), last];
        if names.iter().any(|name| contains(text, name)) {
            // A message that is hardly there is no reason to prefer one entry to another.
            return Some(Match::Part(
                CODE + if share < SHARE_ENOUGH { 0.0 } else { share },
            ));
        }
        // An error of the Streaming API is a code and a text in one.
        let share = share.max(self::share(&spelling.code_words, &words));
        let share = if has_run(message, text) || has_run(code, text) {
            share.max(SHARE_ENOUGH)
        } else {
            share
        };
        (share >= SHARE_ENOUGH).then_some(Match::Part(share))
    });
    matches.reduce(|one, other| if other > one { other } else { one })
}

/// Whether a part of a message is there word for word.
fn has_run(message: &str, text: &str) -> bool {
    let words: Vec<&str> = message.split(' ').collect();
    let mut runs = words.windows(WORDS_OF_A_PART);
    runs.any(|run| contains(text, &run.join(" ")))
}

/// How much of a message is there, or how much of what is there is in the message: the larger of the two, since texts
/// are cut as often as they are within others.
fn share(own: &BTreeSet<String>, there: &BTreeSet<&str>) -> f64 {
    let shared = there.iter().filter(|word| own.contains(**word)).count();
    #[expect(clippy::cast_precision_loss, reason = "a message has few words")]
    let of = |all: usize, least: usize| {
        if all < least {
            0.0
        } else {
            shared as f64 / all as f64
        }
    };
    of(own.len(), WORDS_OF_A_MESSAGE).max(of(there.len(), WORDS_OF_A_PART))
}

/// The words of a message, in small letters, without numbers and without the examples of names and values.
fn own_words(message: &str) -> BTreeSet<String> {
    let is_example =
        |word: &str| word.len() > 1 && !word.contains(|letter: char| letter.is_lowercase());
    let words = words(message).into_iter();
    let words = words.filter(|word| !is_example(word));
    words.map(str::to_lowercase).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.filter(|word| !word.is_empty()).collect()
}

/// Whether `text` has `part` with no letter, digit or underscore on either side.
fn contains(text: &str, part: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || letter == '_';
    !part.is_empty()
        && text.match_indices(part).any(|(start, _)| {
            let before = text.get(..start).and_then(|text| text.chars().next_back());
            let after = text.get(start + part.len()..);
            let after = after.and_then(|text| text.chars().next());
            !before.is_some_and(is_letter) && !after.is_some_and(is_letter)
        })
}

/// In small letters, with single spaces.
fn plain(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

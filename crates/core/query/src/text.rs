//! How texts compare: without regard to letter case, letter by letter in the order of their capitals.
//!
//! Source: "Comparison Operators", "`ORDER BY`" (SOQL and SOSL Reference): in English locales texts are compared by their
//! upper-case forms.

use std::cmp::Ordering;

/// The letter that stands for all its cases. No other letter becomes one of ASCII, so that texts of ASCII alone compare as
/// ASCII does; a capital of several letters is left alone.
pub fn folded(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_uppercase();
    }
    let mut capitals = letter.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) if !capital.is_ascii() => capital,
        _ => letter,
    }
}

/// Compares without regard to letter case.
pub fn compare(left: &str, right: &str) -> Ordering {
    left.chars().map(folded).cmp(right.chars().map(folded))
}

/// Whether a text as a whole has the form of a pattern: `%` is any text, `_` any letter, and what follows a backslash is itself.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let pattern = pieces(pattern);
    let text: Vec<char> = text.chars().map(folded).collect();
    // Where to go on if the rest does not fit: the last `%`, and how much of the text it has taken.
    let (mut at, mut piece) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let fits = match (pattern.get(piece), text.get(at)) {
            (None, None) => return true,
            (Some(Piece::Any), _) => {
                retry = Some((piece, at));
                piece += 1;
                continue;
            }
            (Some(Piece::One), Some(_)) => true,
            (Some(Piece::Letter(wanted)), Some(found)) => wanted == found,
            (_, None) | (None, Some(_)) => false,
        };
        if fits {
            at += 1;
            piece += 1;
            continue;
        }
        match retry {
            Some((any, taken)) if taken < text.len() => {
                retry = Some((any, taken + 1));
                at = taken + 1;
                piece = any + 1;
            }
            _ => return false,
        }
    }
}

#[derive(Clone, Copy)]
enum Piece {
    Any,
    One,
    Letter(char),
}

fn pieces(pattern: &str) -> Vec<Piece> {
    let mut letters = pattern.chars();
    let mut pieces = Vec::new();
    while let Some(letter) = letters.next() {
        pieces.push(match letter {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => Piece::Letter(folded(letters.next().unwrap_or('\\'))),
            letter => Piece::Letter(folded(letter)),
        });
    }
    pieces
}

/// Whether a multi-select value has all values of `wanted`, which is written like one.
pub fn includes(list: &str, wanted: &str) -> bool {
    wanted
        .split(';')
        .all(|value| list.split(';').any(|have| compare(have, value).is_eq()))
}

/// Whether words that have the forms of these patterns follow each other in a text. Words are of letters and digits; a
/// pattern is as in [`is_like`], and blanks part patterns.
///
/// Source: "`FIND {SearchQuery}`" (SOQL and SOSL Reference).
pub fn has_words(text: &str, patterns: &str) -> bool {
    let words = text.split(|letter: char| !letter.is_alphanumeric());
    let mut words = words.filter(|word| !word.is_empty());
    if !patterns.contains(' ') {
        return words.any(|word| has_form(word, patterns));
    }
    let patterns: Vec<&str> = patterns.split(' ').collect();
    let words: Vec<&str> = words.collect();
    words.windows(patterns.len()).any(|words| {
        let mut pairs = words.iter().zip(&patterns);
        pairs.all(|(word, pattern)| has_form(word, pattern))
    })
}

/// Whether a word has the form of a pattern. Most have no wildcards: those are compared without being taken apart.
fn has_form(word: &str, pattern: &str) -> bool {
    if pattern.contains(['%', '_', '\\']) {
        is_like(word, pattern)
    } else {
        compare(word, pattern).is_eq()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_compare_by_their_capitals() {
        assert!(compare("Éa_b", "éA_B").is_eq());
        assert!(
            compare("a", "_").is_lt(),
            "capitals stand before the underscore"
        );
        assert!(compare("ſ", "S").is_ne() && compare("ı", "I").is_ne());
        assert!(compare("straße", "STRASSE").is_ne());
        assert!(compare("ab", "abc").is_lt());
    }

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern, matches) in [
            ("Alpha", "a%", true),
            ("beta", "_ETA", true),
            ("Alpha", r"Al\%", false),
            ("100%", r"100\%", true),
            ("a_b", r"a\_b", true),
            ("axb", r"a\_b", false),
            (r"a\b", r"a\\b", true),
            ("abcabd", "%ab_", true),
            ("abcabd", "%abc", false),
            ("", "", true),
            ("", "%", true),
            ("a", "", false),
            ("ÉCOLE", "é%e", true),
            ("aXbYc", "a%b%c", true),
        ] {
            assert_eq!(is_like(text, pattern), matches, "{text} {pattern}");
        }
    }

    #[test]
    fn many_wildcards_take_no_longer_than_text_times_pattern() {
        assert!(!is_like(&"a".repeat(5_000), &("%a".repeat(500) + "b")));
    }

    #[test]
    fn words_are_found_as_a_whole_and_one_after_another() {
        for (text, patterns, has) in [
            ("Joe Smith, Jr.", "smith", true),
            ("Joe Smithe", "smith", false),
            ("Joe Smithe", "smith%", true),
            ("Joe Smith", "joe smith", true),
            ("Joe A. Smith", "joe smith", false),
            ("joan", "jo_n", true),
            ("jon", "jo_n", false),
            ("me@example.com", "me example com", true),
            ("école", "ÉCOLE", true),
            ("", "a", false),
        ] {
            assert_eq!(has_words(text, patterns), has, "{text} {patterns}");
        }
    }

    #[test]
    fn a_list_includes_what_it_has_all_of() {
        assert!(includes("A;B;D", "A;B"));
        assert!(includes("A;B;D", "d"));
        assert!(!includes("A;B;D", "A;C"));
        assert!(!includes("", "A"));
    }
}

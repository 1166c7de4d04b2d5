//! Regular expressions in the syntax of Java, as `REGEX` takes them.

use fancy_regex::{Regex, RegexBuilder};
use landfall_model::limits::FORMULA_REGEX_STEPS_MAX;

use crate::error::Error;
use crate::failure::Failure;

/// Java's short classes, which are of ASCII, and the same within brackets.
const CLASSES: &[(char, &str, &str)] = &[
    ('d', "[0-9]", "0-9"),
    ('D', "[^0-9]", "[^0-9]"),
    ('w', "[A-Za-z0-9_]", "A-Za-z0-9_"),
    ('W', "[^A-Za-z0-9_]", "[^A-Za-z0-9_]"),
    ('s', "[ \\t\\n\\x0B\\f\\r]", " \\t\\n\\x0B\\f\\r"),
    ('S', "[^ \\t\\n\\x0B\\f\\r]", "[^ \\t\\n\\x0B\\f\\r]"),
];

/// Compiles an expression that a whole text has to match.
pub(crate) fn compile(pattern: &str) -> Result<Regex, Error> {
    let whole = format!("\\A(?:{})\\z", translated(pattern));
    RegexBuilder::new(&whole)
        .backtrack_limit(FORMULA_REGEX_STEPS_MAX)
        .build()
        .map_err(|error| Error::Regex(error.to_string()))
}

/// Whether a text matches.
pub(crate) fn matches(regex: &Regex, text: &str) -> Result<bool, Failure> {
    regex
        .is_match(text)
        .map_err(|_| Failure::RegexRuntime(regex.as_str().to_owned()))
}

fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    let mut brackets = 0_usize;
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some(class) => match CLASSES.iter().find(|(known, ..)| *known == class) {
                    Some((_, _, within)) if brackets > 0 => out.push_str(within),
                    Some((_, alone, _)) => out.push_str(alone),
                    None => out.extend(['\\', class]),
                },
                None => out.push('\\'),
            },
            '[' => {
                brackets += 1;
                out.push(c);
            }
            ']' => {
                brackets = brackets.saturating_sub(1);
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_text_has_to_match() {
        // Source: gold file `testRegex` of `salesforce/formula-engine`.
        let cases = [
            ("F.o", "Foo", true),
            ("F\\.o", "F.o", true),
            ("ext", "Text", false),
            ("(a*)?", "", true),
            ("\\d{5}(-\\d{4})?", "12345-6789", true),
            ("\\d{5}(-\\d{4})?", "1234", false),
            ("[\\w.-]+@[^\\s]+", "a.b-c@d", true),
            ("(?=.*\\d)[a-z0-9]+", "abc1", true),
            ("(?=.*\\d)[a-z0-9]+", "abc", false),
            ("\\d", "\u{0661}", false),
        ];
        for (pattern, text, expected) in cases {
            let regex = compile(pattern).expect(pattern);
            assert_eq!(matches(&regex, text), Ok(expected), "{pattern} {text}");
        }
    }

    #[test]
    fn an_expression_that_backtracks_for_ever_ends() {
        let regex = compile("(?=(a+)+b)(a|b)+").expect("an expression");
        let text = "a".repeat(60);
        assert!(matches!(
            matches(&regex, &text),
            Ok(false) | Err(Failure::RegexRuntime(_))
        ));
    }

    #[test]
    fn what_is_no_expression_is_an_error() {
        assert!(matches!(compile("(a"), Err(Error::Regex(_))));
    }
}

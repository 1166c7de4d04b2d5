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
    let whole = format!("\\A(?:{})\\z", translated(pattern)?);
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

/// Rewrites an expression of Java for the library.
///
/// Groups that Java does not know are refused: the library has calls of groups by number, and reserves memory for each
/// group up to that number before it looks whether there is one.
fn translated(pattern: &str) -> Result<String, Error> {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let (mut brackets, mut groups) = (0_usize, 0_usize);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escaped(rest, brackets > 0, groups, &mut out)?,
            '[' => {
                brackets += 1;
                out.push(c);
            }
            ']' => {
                brackets = brackets.saturating_sub(1);
                out.push(c);
            }
            '(' if brackets == 0 => {
                groups += usize::from(captures(rest)?);
                out.push(c);
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

/// Whether the group captures whose opening parenthesis is followed by the text.
fn captures(rest: &str) -> Result<bool, Error> {
    let Some(kind) = rest.strip_prefix('?') else {
        return Ok(true);
    };
    match kind.strip_prefix('<') {
        Some(name) if name.starts_with(['=', '!']) => Ok(false),
        Some(_) => Ok(true),
        None if kind.starts_with([':', '=', '!', '>', '-']) => Ok(false),
        None if kind.starts_with(['i', 'd', 'm', 's', 'u', 'x', 'U']) => Ok(false),
        None => Err(unknown("(?")),
    }
}

/// Rewrites what follows a backslash, and returns the text after it.
///
/// Source: `java.util.regex.Pattern`: a back reference has one digit, or as many as name a group that is open or closed
/// there already; a name begins with a letter.
fn escaped<'a>(
    rest: &'a str,
    within: bool,
    groups: usize,
    out: &mut String,
) -> Result<&'a str, Error> {
    let Some(class) = rest.chars().next() else {
        out.push('\\');
        return Ok(rest);
    };
    let after = &rest[class.len_utf8()..];
    match class {
        '1'..='9' if !within => {
            let digits = rest.find(|c: char| !c.is_ascii_digit());
            let longest = digits.unwrap_or(rest.len());
            let names_group = |end: &usize| rest[..*end].parse().is_ok_and(|n: usize| n <= groups);
            let end = (2..=longest).rev().find(names_group).unwrap_or(1);
            // In a group of its own, so that the next digit is not part of it.
            out.extend(["(?:\\", &rest[..end], ")"]);
            return Ok(&rest[end..]);
        }
        'k' if !after.starts_with('<')
            || !after[1..].starts_with(|c: char| c.is_ascii_alphabetic()) =>
        {
            return Err(unknown("\\k"));
        }
        'g' => return Err(unknown("\\g")),
        'Q' => {
            let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&fancy_regex::escape(quoted));
            return Ok(after);
        }
        _ => {}
    }
    match CLASSES.iter().find(|(known, ..)| *known == class) {
        Some((_, _, inner)) if within => out.push_str(inner),
        Some((_, alone, _)) => out.push_str(alone),
        None => out.extend(['\\', class]),
    }
    Ok(after)
}

fn unknown(construct: &str) -> Error {
    Error::Regex(format!("unknown construct {construct}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_as_in_java() {
        let cases = [
            ("(a|b)\\1", "bb", true),
            ("(a|b)\\1", "ab", false),
            ("(a)\\11", "aa1", true),
            ("(?<x>a|b)\\k<x>", "bb", true),
            ("(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)\\10", "abcdefghijj", true),
            ("(a)\\1*", "aaaa", true),
            ("(?i)(?:a)(?<=a)(B)\\1", "abB", true),
            ("\\Q(a|b\\E+", "(a|bb", true),
        ];
        for (pattern, text, expected) in cases {
            let regex = compile(pattern).expect(pattern);
            assert_eq!(matches(&regex, text), Ok(expected), "{pattern} {text}");
        }
        for pattern in [
            "\\33333333333333",
            "(a)\\k<33333333333333>",
            "(a)\\k'1'",
            "(a)\\g<33333333333333>",
            "(a)\\g33333333333333",
            "(?P>33333333333333)",
            "(a)(?(33333333333333)b|c)",
            "(a)(?33333333333333)",
            "(a)(?R)",
        ] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }

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

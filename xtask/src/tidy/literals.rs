//! The string literals of a Rust file, outside of comments and unit tests.

/// A string literal: the line that it begins on, and its text with escapes as they are written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal<'s> {
    pub(super) line: usize,
    pub(super) text: &'s str,
}

/// All string literals of `source` up to its unit tests.
pub(super) fn literals(source: &str) -> Vec<Literal<'_>> {
    let code = without_unit_tests(source);
    let (mut literals, mut rest, mut line) = (Vec::new(), code, 1);
    while let Some(first) = rest.chars().next() {
        let (length, text) = token(rest, first);
        let (token, after) = rest.split_at(length);
        literals.extend(text.map(|text| Literal { line, text }));
        line += token.matches('\n').count();
        rest = after;
    }
    literals
}

/// Unit tests are the last module of a file.
fn without_unit_tests(source: &str) -> &str {
    let tests = source
        .match_indices("#[cfg(test)]\n")
        .find(|(start, mark)| {
            let after = source.get(start + mark.len()..).unwrap_or_default();
            after.starts_with("mod ")
                && after.lines().next().is_some_and(|line| line.ends_with('{'))
        });
    let end = tests.map_or(source.len(), |(start, _)| start);
    source.get(..end).unwrap_or(source)
}

/// The length of the token that `rest` begins with, and its text if it is a string literal.
fn token(rest: &str, first: char) -> (usize, Option<&str>) {
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), None);
    }
    if rest.starts_with("/*") {
        return (rest.find("*/").map_or(rest.len(), |end| end + 2), None);
    }
    match first {
        '"' => string(rest),
        'r' => raw_string(rest).unwrap_or((1, None)),
        '\'' => (character(rest), None),
        _ if is_word(first) => {
            // A word at once, so that its last letter is not taken for the prefix of a raw string.
            (rest.find(|c| !is_word(c)).unwrap_or(rest.len()), None)
        }
        _ => (first.len_utf8(), None),
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn string(rest: &str) -> (usize, Option<&str>) {
    let mut escaped = false;
    for (index, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return (index + 1, rest.get(1..index)),
            _ => (),
        }
    }
    (rest.len(), None)
}

/// `r"…"`, `r#"…"#`; `None` for a word or a raw identifier that begins with `r`.
fn raw_string(rest: &str) -> Option<(usize, Option<&str>)> {
    let hashes = rest.get(1..)?.find(|c| c != '#')?;
    let start = 1 + hashes;
    if !rest.get(start..)?.starts_with('"') {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        return Some((end.max(1), None));
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = rest.get(start + 1..)?;
    let length = body.find(&end)?;
    Some((start + 1 + length + end.len(), body.get(..length)))
}

/// A character literal, or the apostrophe of a lifetime.
fn character(rest: &str) -> usize {
    let mut characters = rest.char_indices().skip(1);
    match (characters.next(), characters.next()) {
        (Some((_, '\\')), Some(_)) => {
            let end = characters.find(|(_, character)| *character == '\'');
            end.map_or(rest.len(), |(index, _)| index + 1)
        }
        (Some(_), Some((index, '\''))) => index + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_outside_of_comments_characters_and_unit_tests() {
        let source = "// \"a\"\nlet x = \"b \\\" c\"; /* \"d\" */\nlet y = '\"'; let z: &'static str = r#\"e\"f\"#;\n\
                      let r = for_r(\"g\", '\\'', b\"h\");\n#[cfg(test)]\nuse x;\nlet r#type = \"i\";\n\
                      #[cfg(test)]\nmod tests {\n\"j\"\n}\n";
        let found: Vec<_> = literals(source)
            .into_iter()
            .map(|literal| (literal.line, literal.text))
            .collect();
        assert_eq!(
            found,
            [(2, "b \\\" c"), (3, "e\"f"), (4, "g"), (4, "h"), (7, "i")]
        );
    }
}

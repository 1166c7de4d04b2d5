//! Texts in one line, separated by tabs: how small documents are kept.

/// Writes a text, of which neither a tab nor the end of a line is left.
pub(crate) fn push(line: &mut String, value: &str) {
    for letter in value.chars() {
        match letter {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            letter => line.push(letter),
        }
    }
}

/// The texts of a line.
pub(crate) fn values(line: &str) -> impl Iterator<Item = String> {
    line.split('\t').map(unescaped)
}

fn unescaped(value: &str) -> String {
    let mut letters = value.chars();
    let mut text = String::with_capacity(value.len());
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.extend(letters.next().map(|escaped| match escaped {
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                escaped => escaped,
            })),
            letter => text.push(letter),
        }
    }
    text
}

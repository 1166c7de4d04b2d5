//! Texts in quotes: their escapes.
//!
//! Source: "Quoted String Escape Sequences" (SOQL and SOSL Reference).

/// The text between the quotes, without escapes; an invalid escape sequence if there is one.
pub(crate) fn unescaped(raw: &str) -> Result<String, String> {
    decoded(raw, false)
}

/// The same for `LIKE`: escapes of the wild characters stay, and so does that of the backslash.
pub(crate) fn pattern(raw: &str) -> Result<String, String> {
    decoded(raw, true)
}

fn decoded(raw: &str, like: bool) -> Result<String, String> {
    let mut text = String::with_capacity(raw.len());
    let mut letters = raw.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        let Some(escape) = letters.next() else {
            return Err("\\".to_owned());
        };
        match escape {
            'n' | 'N' => text.push('\n'),
            'r' | 'R' => text.push('\r'),
            't' | 'T' => text.push('\t'),
            'b' | 'B' => text.push('\u{8}'),
            'f' | 'F' => text.push('\u{c}'),
            '"' | '\'' => text.push(escape),
            '\\' if like => text.push_str("\\\\"),
            '\\' => text.push('\\'),
            '_' | '%' if like => {
                text.push('\\');
                text.push(escape);
            }
            'u' => text.push(unicode(&mut letters)?),
            other => return Err(format!("\\{other}")),
        }
    }
    Ok(text)
}

/// Four hexadecimal digits, or a pair of them for what is beyond; half a pair reads as the replacement character.
fn unicode(letters: &mut std::str::Chars<'_>) -> Result<char, String> {
    let unit = hex(letters)?;
    if (0xd800..0xdc00).contains(&unit) {
        let mut ahead = letters.clone();
        if ahead.next() == Some('\\')
            && ahead.next() == Some('u')
            && let Ok(low @ 0xdc00..0xe000) = hex(&mut ahead)
        {
            *letters = ahead;
            let code = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn hex(letters: &mut std::str::Chars<'_>) -> Result<u32, String> {
    let mut unit = 0;
    let mut seen = "\\u".to_owned();
    for _ in 0..4 {
        let letter = letters.next();
        seen.extend(letter);
        match letter.and_then(|letter| letter.to_digit(16)) {
            Some(digit) => unit = unit << 4 | digit,
            None => return Err(seen),
        }
    }
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_read_and_others_are_refused() {
        assert_eq!(
            unescaped(r"O\'Hara\n\\ \u00e9\ud83d\ude00"),
            Ok("O'Hara\n\\ é😀".to_owned())
        );
        assert_eq!(unescaped(r"a\ud800b"), Ok("a\u{fffd}b".to_owned()));
        assert_eq!(unescaped(r"x\q"), Err(r"\q".to_owned()));
        assert_eq!(unescaped(r"x\%"), Err(r"\%".to_owned()));
        assert_eq!(unescaped(r"\u12g4"), Err(r"\u12g".to_owned()));
        assert_eq!(pattern(r"a\%\_\\%\'"), Ok(r"a\%\_\\%'".to_owned()));
    }
}

//! Indented JSON for `X-PrettyPrint`.

/// Lays compact JSON out in the style of the service: two spaces a level, ` : ` between name and value, arrays in line.
///
/// Source: recorded responses of `CumulusCI`.
pub(crate) fn pretty(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    let mut open = Vec::new();
    let mut letters = compact.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                out.push('"');
                copy_string(&mut letters, &mut out);
            }
            '{' | '[' => {
                let close = if letter == '{' { '}' } else { ']' };
                out.push(letter);
                if letters.peek() == Some(&close) {
                    letters.next();
                    out.push(' ');
                    out.push(close);
                } else {
                    open.push(close);
                    separate(&open, &mut out);
                }
            }
            '}' | ']' => {
                open.pop();
                if letter == '}' {
                    line(&open, &mut out);
                } else {
                    out.push(' ');
                }
                out.push(letter);
            }
            ',' => {
                out.push(',');
                separate(&open, &mut out);
            }
            ':' => out.push_str(" : "),
            other => out.push(other),
        }
    }
    out
}

/// After `{` or `,`: members stand on lines of their own, items do not.
fn separate(open: &[char], out: &mut String) {
    if open.last() == Some(&'}') {
        line(open, out);
    } else {
        out.push(' ');
    }
}

fn line(open: &[char], out: &mut String) {
    out.push('\n');
    let levels = open.iter().filter(|close| **close == '}').count();
    out.extend(std::iter::repeat_n("  ", levels));
}

fn copy_string(letters: &mut impl Iterator<Item = char>, out: &mut String) {
    while let Some(letter) = letters.next() {
        out.push(letter);
        match letter {
            '"' => return,
            '\\' => out.extend(letters.next()),
            _ => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_indented_and_arrays_stay_in_line() {
        assert_eq!(
            pretty(r#"[{"a":1,"b":[],"c":{},"d":["x:,{","y\""],"e":[{"f":null},{"g":true}]}]"#),
            "[ {\n  \"a\" : 1,\n  \"b\" : [ ],\n  \"c\" : { },\n  \"d\" : [ \"x:,{\", \"y\\\"\" ],\n  \"e\" : [ {\n    \
             \"f\" : null\n  }, {\n    \"g\" : true\n  } ]\n} ]"
        );
    }
}

//! The functions of a schema: what SQL lacks, with the meaning that `landfall_query` defines.
//!
//! They are made from that crate's own tables (which letters are cases of each other, what a letter is, how large the earth
//! is), and created again when those have changed. No index depends on them.

use std::fmt::Write as _;

use landfall_query::{EARTH_RADIUS, MILE, text};
use landfall_store::Result;

use crate::error::{CONTRADICTED, FENCED, open};
use crate::session::{Request, Session, plain};
use crate::value::Arg;

/// With marks for what follows from tables of this program.
const SQL: &str = include_str!("functions.sql");

/// Creates the functions, unless the schema has them.
pub(crate) fn create(session: &Session) -> Result<()> {
    let failed = |failed: crate::error::Failed| open(format_args!("PostgreSQL: {}", failed.source));
    let wanted = statements();
    let rows = session
        .one(plain("SELECT functions FROM org"))
        .map_err(failed)?;
    let known: Option<String> = rows.first().and_then(|row| row.get(0));
    if known.as_deref() == Some(&wanted) {
        return Ok(());
    }
    session
        .execute(format!("BEGIN; {wanted} COMMIT;"))
        .map_err(failed)?;
    let kept = Request::new(
        "UPDATE org SET functions = $1::text",
        vec![Arg::Text(wanted)],
    );
    session.one(kept).map_err(failed)?;
    Ok(())
}

fn statements() -> String {
    let (from, to) = cases();
    [
        ("@CASES_FROM@", from),
        ("@CASES_TO@", to),
        ("@LETTERS@", letters()),
        ("@EARTH_RADIUS@", format!("{EARTH_RADIUS:?}")),
        ("@MILE@", format!("{MILE:?}")),
        ("@CONTRADICTED@", CONTRADICTED.to_owned()),
        ("@FENCED@", FENCED.to_owned()),
    ]
    .into_iter()
    .fold(SQL.to_owned(), |sql, (mark, text)| sql.replace(mark, &text))
}

/// The letters beyond ASCII that are folded, and what they become.
fn cases() -> (String, String) {
    ('\u{80}'..=char::MAX)
        .map(|letter| (letter, text::folded(letter)))
        .filter(|(letter, folded)| letter != folded)
        .unzip()
}

/// The letters and digits of words, as ranges of a bracket expression.
fn letters() -> String {
    let mut ranges = String::from("0-9A-Za-z");
    let mut first: Option<char> = None;
    let mut last = '\0';
    for letter in '\u{80}'..=char::MAX {
        if letter.is_alphanumeric() {
            first.get_or_insert(letter);
            last = letter;
        } else if let Some(first) = first.take() {
            let _ = write!(
                ranges,
                "\\U{:08X}-\\U{:08X}",
                u32::from(first),
                u32::from(last)
            );
        }
    }
    ranges
}

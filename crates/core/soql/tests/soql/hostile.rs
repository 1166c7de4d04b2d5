//! No input makes the parser panic, hang or misplace an error.

use landfall_soql::parse;
use proptest::prelude::*;

/// Pieces that queries consist of, in any order.
const PIECES: &[&str] = &[
    "SELECT ",
    "FROM ",
    "WHERE ",
    "AND ",
    "OR ",
    "NOT ",
    "IN ",
    "(",
    ")",
    ",",
    ".",
    "=",
    "!=",
    "<",
    ">=",
    ":",
    "LIKE ",
    "'a'",
    "'a\\'b'",
    "'\\q'",
    "'",
    "\\",
    "Id ",
    "Account ",
    "Name ",
    "COUNT",
    "COUNT() ",
    "FIELDS(ALL) ",
    "TYPEOF What WHEN Account THEN Name END ",
    "GROUP BY ",
    "ROLLUP(",
    "HAVING ",
    "ORDER BY ",
    "DESC ",
    "NULLS LAST ",
    "LIMIT ",
    "OFFSET ",
    "1",
    "-1.5",
    "1e9",
    "2021-01-01",
    "2021-01-01T00:00:00Z",
    "10:00:00Z",
    "LAST_N_DAYS:3 ",
    "TODAY ",
    "USD5000",
    "null ",
    "TRUE ",
    "FOR VIEW ",
    "ALL ROWS ",
    "USING SCOPE mine ",
    "GEOLOCATION(1,2)",
    "DISTANCE(",
    "\n",
    "\t",
    "é",
    "😀",
    "\"",
    ";",
    "\0",
];

proptest! {
    #[test]
    fn any_text_is_a_query_or_an_error(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn pieces_in_any_order_are_a_query_or_an_error(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)
    ) {
        check(&pieces.concat())?;
    }

    #[test]
    fn any_text_survives_being_quoted(text in any::<String>()) {
        let quoted = text.replace('\\', "\\\\").replace('\'', "\\'");
        let statement = format!("SELECT Id FROM A WHERE b = '{quoted}'");
        let debug = format!("{:?}", parse(&statement).expect("a query"));
        let shown = format!("Text({text:?})");
        prop_assert!(debug.contains(&shown));
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    if let Err(error) = parse(text) {
        let message = error.to_string();
        prop_assert!(!message.is_empty());
        if let Some((_, place)) = message.split_once("ERROR at Row:") {
            let row: usize = place
                .split(':')
                .next()
                .unwrap_or_default()
                .parse()
                .expect("a number");
            prop_assert!(row <= text.split('\n').count());
        }
    }
    Ok(())
}

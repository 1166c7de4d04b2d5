//! Searches: what statements say, and that no text makes the parser panic.

use landfall_soql::{Returned, SearchGroup, Terms, parse_search, terms};
use proptest::prelude::*;

#[test]
fn clauses_are_printed_as_parsed() {
    let statement = "FIND {map* OR \"a \\} b\"} IN Name Fields RETURNING Account (Id, Name WHERE Name LIKE 'x%' \
                     ORDER BY Name LIMIT 3), Contact, Lead(Id OFFSET 2) WITH HIGHLIGHT LIMIT 20";
    let search = parse_search(statement).expect("a search");
    assert_eq!(search.group, SearchGroup::Name);
    let words = |words: &[&str]| Terms::Phrase(words.iter().map(ToString::to_string).collect());
    assert_eq!(
        search.terms,
        Terms::Any(vec![words(&["map%"]), words(&["a", "b"])])
    );
    assert_eq!(search.limit, Some(20));
    let [account, contact, lead] = search.returning.as_slice() else {
        panic!("{search:?}");
    };
    assert_eq!((account.select.len(), account.limit), (2, Some(3)));
    assert!(account.filter.is_some() && account.order.len() == 1);
    assert_eq!(contact.select.len(), 1);
    assert_eq!(lead.offset, Some(2));
}

#[test]
fn parts_are_read_to_their_end() {
    let returned = Returned {
        object: "Account",
        fields: Some("Id, toLabel(Industry)"),
        condition: Some("Name = 'x' AND Industry = null"),
        order: Some("Name DESC NULLS_LAST, Id"),
    };
    let query = returned.read().expect("a query");
    assert_eq!((query.select.len(), query.order.len()), (2, 2));
    assert!(query.filter.is_some());
    for wrong in [
        Returned {
            object: "Account WHERE",
            ..returned
        },
        Returned {
            fields: Some("Id FROM User"),
            ..returned
        },
        Returned {
            condition: Some("Name = 'x') OR (Name = 'y'"),
            ..returned
        },
        Returned {
            order: Some("Name LIMIT 5"),
            ..returned
        },
    ] {
        assert!(wrong.read().is_err(), "{wrong:?}");
    }
}

const PIECES: &[&str] = &[
    "FIND ",
    "{",
    "}",
    "a",
    "joe ",
    "\"",
    "\\",
    "*",
    "?",
    "(",
    ")",
    " AND ",
    " OR ",
    " NOT ",
    "IN ",
    "ALL FIELDS ",
    "RETURNING ",
    "Account",
    "(Id ",
    "WHERE ",
    "Name = 'x' ",
    "ORDER BY Name ",
    "LIMIT 1 ",
    "OFFSET 2 ",
    ",",
    "WITH ",
    "HIGHLIGHT ",
    "é",
    "😀",
];

proptest! {
    #[test]
    fn any_text_is_a_search_or_an_error(
        text in any::<String>(),
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..30),
    ) {
        for text in [text, pieces.concat()] {
            if let Err(error) = parse_search(&text) {
                prop_assert!(!error.to_string().is_empty());
            }
            // What need not be escaped is refused for less.
            prop_assert!(terms(&text, true).is_err() || terms(&text, false).is_ok());
        }
    }
}

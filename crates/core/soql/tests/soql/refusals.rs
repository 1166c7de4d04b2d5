//! Invalid queries, and the documented texts for them.

use landfall_soql::{DEPTH_MAX, STATEMENT_CHARACTERS_MAX, parse};

fn refusal(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(query) => panic!("{text}: {query:?}"),
    }
}

#[test]
fn an_unexpected_token_is_shown_with_its_position() {
    assert_eq!(
        refusal("SELECT Id FROM"),
        "\nSELECT Id FROM\n              ^\nERROR at Row:1:Column:15\nunexpected token: '<EOF>'"
    );
    for (text, token) in [
        ("SELECT FROM Account", "FROM"),
        ("SELECT Id, FROM Account", "FROM"),
        ("SELECT Id FORM Account", "Account"),
        ("SELECT Id FROM WHERE a = 1", "WHERE"),
        (
            "SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3",
            "OR",
        ),
        (
            "SELECT Id FROM Account WHERE a = 1 OR b = 2 AND c = 3",
            "AND",
        ),
        ("SELECT Id FROM Account LIMIT 1 WHERE a = 1", "WHERE"),
        (
            "SELECT Id FROM Account ORDER BY a LIMIT 1 GROUP BY a",
            "GROUP",
        ),
        ("SELECT Id FROM Account WHERE a == 1", "="),
        ("SELECT Id FROM Account WHERE Name = Phone", "Phone"),
        ("SELECT Id FROM Account WHERE a IN 1", "1"),
        ("SELECT Id FROM Account WHERE a IN ()", ")"),
        ("SELECT Id FROM Account WHERE (a = 1", "<EOF>"),
        ("SELECT Id FROM Account LIMIT many", "many"),
        ("SELECT Id FROM Account LIMIT -1", "-1"),
        ("SELECT Nope(Id) FROM Account", "("),
        ("SELECT Id FROM Account WHERE a = LAST_N_DAYS", "<EOF>"),
        ("SELECT Id FROM Account WHERE a = LAST_N_DAYS:x", "x"),
        ("SELECT TYPEOF What ELSE Name END FROM Event", "ELSE"),
        ("SELECT Id FROM Account WITH DATA CATEGORY a AT b", "DATA"),
        ("SELECT Id FROM Account x y", "y"),
        ("UPDATE Account", "UPDATE"),
    ] {
        let refusal = refusal(text);
        assert!(
            refusal.ends_with(&format!("unexpected token: '{token}'")),
            "{text}: {refusal}"
        );
        assert!(refusal.starts_with('\n'), "{refusal}");
    }
}

#[test]
fn a_character_of_no_token_is_counted_from_0() {
    assert_eq!(
        refusal("SELECT Id FROM Account WHERE Name $ 'a'"),
        "\nSELECT Id FROM Account WHERE Name $ 'a'\n                                 ^\nERROR at Row:1:Column:34\n\
         line 1:34 no viable alternative at character '$'"
    );
    for text in [
        "SELECT Id FROM Account WHERE Name = \"a\"",
        "SELECT Id FROM Account;",
        "SELECT Id FROM Account WHERE a = 1 && b = 2",
        "SELECT Id FROM Account -- all",
        "é",
    ] {
        assert!(
            refusal(text).contains("no viable alternative at character"),
            "{text}"
        );
    }
}

#[test]
fn other_refusals_have_their_own_words() {
    for (text, message) in [
        ("", "A query string has to be specified"),
        ("  \n", "A query string has to be specified"),
        (
            "SELECT Id FROM A WHERE b = :x",
            "Bind variables only allowed in Apex code",
        ),
        (
            "SELECT Id FROM A WHERE b LIKE 'x\\q'",
            "Illegal character sequence '\\q' in string literal.",
        ),
        (
            "SELECT Id FROM A WHERE b = 'x",
            "line 1:29 mismatched character '<EOF>' expecting '''",
        ),
        (
            "SELECT Name n FROM A",
            "only aggregate expressions use field aliasing",
        ),
    ] {
        assert_eq!(refusal(text), message, "{text}");
    }
    assert!(
        refusal("SELECT Id FROM A WHERE b = 2021-02-30")
            .ends_with("Invalid date or time: 2021-02-30")
    );
}

#[test]
fn length_and_depth_are_bounded() {
    let long = format!("SELECT Id FROM A{}", " ".repeat(STATEMENT_CHARACTERS_MAX));
    assert!(refusal(&long).contains("100000 characters"));
    let longest = format!(
        "SELECT Id FROM {}",
        "é".repeat(STATEMENT_CHARACTERS_MAX - 15)
    );
    assert!(refusal(&longest).contains("no viable alternative"));
    let nested = |levels: usize| {
        format!(
            "SELECT Id FROM A WHERE {}b = 1{}",
            "(".repeat(levels),
            ")".repeat(levels)
        )
    };
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    for text in [
        nested(DEPTH_MAX + 1),
        format!("SELECT Id FROM A WHERE {}", "(".repeat(90_000)),
        format!("SELECT Id FROM A WHERE {}", "NOT ".repeat(20_000)),
        "SELECT (".repeat(10_000),
        format!("SELECT {}", "FORMAT(".repeat(10_000)),
        "SELECT a FROM b WHERE c IN (".repeat(3_000),
    ] {
        assert_eq!(refusal(&text), "The query is nested too deeply");
    }
}

#[test]
fn a_word_in_the_place_of_a_parenthesis_is_named_without_the_statement() {
    assert_eq!(
        refusal("SELECT Id FROM A WHERE b IN ('c' OIL)"),
        "line 1:33 mismatched input 'OIL' expecting ')'"
    );
}

#[test]
fn options_come_last() {
    assert!(parse("SELECT Id FROM A LIMIT 1 SET OPTIONS (x = 1, y = 'z')").is_ok());
    for text in [
        "SELECT Id FROM A SET OPTIONS (x = 1) LIMIT 1",
        "SELECT Id FROM A SET OPTIONS (x = 1",
        "SELECT Id FROM A SET OPTIONS ((x))",
        "SELECT Id FROM A SET x",
    ] {
        assert!(refusal(text).contains("unexpected token"), "{text}");
    }
}

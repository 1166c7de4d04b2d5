//! What is a query, and what it says.

use landfall_soql::{
    Aggregate, Argument, Condition, DateKeyword, FieldSet, Function, GroupKind, LiteralKind,
    Operand, Operator, Query, Select, Span, Unit, Value, parse,
};

fn read(text: &str) -> Query {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn filter(condition: &str) -> Condition {
    let query = read(&format!("SELECT Id FROM Account WHERE {condition}"));
    query.filter.expect("a condition")
}

fn value(condition: &str) -> LiteralKind {
    match filter(condition) {
        Condition::Compare(comparison) => match comparison.value {
            Value::Literal(literal) => literal.kind,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn statements_of_clients_are_read() {
    for text in [
        "select Id,AccountNumber from Account",
        "SELECT FIELDS(STANDARD) FROM Organization limit 1",
        "SELECT Id, Name, (SELECT Id FROM Contacts WHERE LastName != null LIMIT 2) FROM Account WHERE A = 'x' AND (B = 1 OR C > 2) \
         ORDER BY Name ASC LIMIT 10 OFFSET 5",
        "SELECT Id FROM X WHERE (NOT F LIKE 'x')",
        "SELECT a,b FROM X WHERE SystemModstamp >= 2021-07-25T00:00:00.000+00:00 AND SystemModstamp < 2021-08-25T00:00:00.000+00:00",
        "SELECT a,b FROM X WHERE SystemModstamp >= 2017-01-01T00:00:00Z  ORDER BY SystemModstamp ASC",
        "SELECT Contact.Id, Contact.Account.Name FROM Contact WHERE (Contact.X = 'a' AND Contact.Y = 2) ORDER BY Contact.Y ASC LIMIT 21",
        "SELECT ExternalId, Name, Position, Status, Tip, Type FROM EventBusSubscriber WHERE Topic='X__e'",
        "SELECT Id,Status FROM SandboxProcess WHERE SandboxOrganization='00D000000000001' ORDER BY CreatedDate DESC",
        "SELECT TYPEOF What WHEN Account THEN Phone, Name WHEN Opportunity THEN Amount ELSE Name END FROM Event",
        "SELECT Id FROM Account USING SCOPE mine WHERE Name = 'a' WITH SECURITY_ENFORCED FOR VIEW FOR REFERENCE",
        "SELECT Title FROM FAQ__kav WHERE Id = 'a' UPDATE TRACKING, VIEWSTAT",
        "SELECT Id FROM Account ALL ROWS FOR UPDATE",
        "SELECT LeadSource, COUNT(Name) cnt FROM Lead GROUP BY ROLLUP(LeadSource, Rating) HAVING COUNT(Name) > 100",
        "SELECT DISTANCE(Loc__c, GEOLOCATION(37.7, -122.4), 'mi') d FROM X ORDER BY DISTANCE(Loc__c, GEOLOCATION(37.7, -122.4), 'mi')",
        "SELECT HOUR_IN_DAY(convertTimezone(CreatedDate)), SUM(Amount) FROM Opportunity GROUP BY HOUR_IN_DAY(convertTimezone(CreatedDate))",
        "SELECT FORMAT(convertCurrency(Amount)) a, toLabel(StageName) FROM Opportunity",
    ] {
        read(text);
    }
}

#[test]
fn keywords_are_names_where_a_name_is_expected() {
    let query = read("SELECT Order, Group.Type, Count, Fields FROM Order");
    assert_eq!(query.from[0].path.to_string(), "Order");
    assert_eq!(query.select.len(), 4);
    assert!(
        read("SELECT Id FROM Group ORDER BY Id").from[0]
            .alias
            .is_none()
    );
    assert!(read("SELECT Id FROM Account OFFSET 5").offset == Some(5));
    let aliased = read("SELECT count() FROM Contact c, c.Account order WHERE order.Name = 'X'");
    assert_eq!(aliased.from[0].alias.as_ref().expect("an alias").text, "c");
    assert_eq!(aliased.from[1].path.to_string(), "c.Account");
}

#[test]
fn clauses_are_printed_as_parsed() {
    let query = read(
        "SELECT a FROM X GROUP BY CUBE(a, CALENDAR_YEAR(b)) ORDER BY a DESC NULLS LAST, b NULLS FIRST LIMIT 7 OFFSET 3",
    );
    let group = query.group.expect("a grouping");
    assert_eq!((group.kind, group.by.len()), (GroupKind::Cube, 2));
    assert!(query.order[0].descending);
    let nulls = query.order.iter().map(|order| order.nulls_last);
    assert_eq!(nulls.collect::<Vec<_>>(), [Some(true), Some(false)]);
    assert_eq!((query.limit, query.offset), (Some(7), Some(3)));
    let query = read("SELECT FIELDS(CUSTOM), COUNT() FROM X");
    assert!(matches!(
        query.select[0],
        Select::Fields {
            set: FieldSet::Custom,
            at: 7
        }
    ));
    let Select::Operand {
        operand: Operand::Call(count),
        ..
    } = &query.select[1]
    else {
        panic!("{query:?}");
    };
    assert!(count.is_bare_count());
    assert_eq!(count.function, Function::Aggregate(Aggregate::Count));
}

#[test]
fn values_are_distinguished_by_their_form() {
    let text = |text: &str| LiteralKind::Text(text.to_owned());
    for (condition, expected) in [
        (r"a = 'O\'Hara'", text("O'Hara")),
        ("a = 'two\nlines'", text("two\nlines")),
        ("a = ''", text("")),
        (r"a LIKE 'a\%_'", LiteralKind::Pattern(r"a\%_".to_owned())),
        ("a = -1.5e3", LiteralKind::Number("-1.5e3".to_owned())),
        ("a = +7", LiteralKind::Number("+7".to_owned())),
        ("a = .5", LiteralKind::Number(".5".to_owned())),
        ("a = True", LiteralKind::Boolean(true)),
        ("a = null", LiteralKind::Null),
        ("a = 1970-01-02", LiteralKind::Date(1)),
        ("a=1970-01-02T00:00:00Z", LiteralKind::DateTime(86_400_000)),
        ("a = 00:00:01Z", LiteralKind::Time(1_000)),
        (
            "a > usd100.01",
            LiteralKind::Currency("USD".to_owned(), "100.01".to_owned()),
        ),
    ] {
        assert_eq!(value(condition), expected, "{condition}");
    }
}

#[test]
fn date_literals_are_units_and_spans() {
    for (word, unit, span) in [
        ("today", Unit::Day, Span::At(0)),
        ("LAST_WEEK", Unit::Week, Span::At(-1)),
        ("NEXT_QUARTER", Unit::Quarter, Span::At(1)),
        ("THIS_FISCAL_YEAR", Unit::FiscalYear, Span::At(0)),
        ("LAST_90_DAYS", Unit::Day, Span::Last(90)),
        ("LAST_N_DAYS:30", Unit::Day, Span::Last(30)),
        (
            "NEXT_N_FISCAL_QUARTERS : 2",
            Unit::FiscalQuarter,
            Span::Next(2),
        ),
        ("N_MONTHS_AGO:4", Unit::Month, Span::At(-4)),
    ] {
        assert_eq!(
            value(&format!("a = {word}")),
            LiteralKind::Keyword(DateKeyword { unit, span }),
            "{word}"
        );
    }
}

#[test]
fn conditions_nest_as_parentheses_say() {
    let Condition::Any(terms) = filter("a = 1 OR (b = 2 AND c = 3) OR NOT d IN (4, 5)") else {
        panic!("an OR");
    };
    assert!(matches!(&terms[1], Condition::All(inner) if inner.len() == 2));
    assert!(matches!(&terms[2], Condition::Not(_)));
    for (text, operator) in [
        ("a <> 1", Operator::NotEqual),
        ("a not in (1)", Operator::NotIn),
        ("a INCLUDES ('x;y', 'z')", Operator::Includes),
        ("a EXCLUDES ('x')", Operator::Excludes),
        ("a IN (SELECT b FROM c WHERE d = 1)", Operator::In),
    ] {
        assert!(
            matches!(filter(text), Condition::Compare(comparison) if comparison.operator == operator),
            "{text}"
        );
    }
}

#[test]
fn places_are_those_of_the_statement() {
    let query = read("SELECT Id, DISTANCE(L, GEOLOCATION(1,2), 'km') FROM X WHERE Name = 'a'");
    let Select::Operand {
        operand: Operand::Call(call),
        ..
    } = &query.select[1]
    else {
        panic!("{query:?}");
    };
    assert_eq!(call.at, 11);
    let point = Argument::Point {
        latitude: 1.0,
        longitude: 2.0,
    };
    assert_eq!(call.arguments[1], point);
    let Some(Condition::Compare(comparison)) = &query.filter else {
        panic!("{query:?}");
    };
    assert_eq!(comparison.operand.at(), 60);
}

/// Source: `WS` of `ApexLexer.g4`, `apex-dev-tools/apex-parser`. Found by the fuzz target `query`.
#[test]
fn spaces_tabs_lines_and_form_feeds_separate_words() {
    let plain = read("SELECT Id FROM Account");
    for space in ["  ", "\t", "\r\n", "\u{c}"] {
        let spaced = format!("SELECT{space}Id{space}FROM Account\n{space} ");
        assert_eq!(read(&spaced).select.len(), plain.select.len(), "{spaced:?}");
    }
    assert!(parse("SELECT\u{a0}Id FROM Account").is_err());
}

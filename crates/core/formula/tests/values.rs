//! Values of formula fields.
//!
//! Source: gold files of `salesforce/formula-engine`; answers recorded in `stomita/sformula`; "Formula Operators and
//! Functions", "Using Date, Date/Time, and Time Values in Formulas" (Salesforce Help).

mod support;

use landfall_formula::Target;
use landfall_model::{Date, FieldType, RecordId, Timestamp, Value};
use support::read;

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn point(text: &str) -> Value {
    let instant: jiff::Timestamp = text.parse().expect("a point in time");
    Value::DateTime(Timestamp::from_millis(instant.as_millisecond()))
}

fn day(text: &str) -> Value {
    match point(&format!("{text}T00:00:00Z")) {
        Value::DateTime(point) => Value::Date(Date::of(point)),
        other => other,
    }
}

const NONE: &[(&str, Value)] = &[];

#[track_caller]
fn number(scale: u32, formula: &str, row: &[(&str, Value)], expected: impl Into<Option<f64>>) {
    let target = Target {
        field_type: FieldType::Double,
        scale,
    };
    let expected = expected.into().map_or(Value::Null, Value::Double);
    assert_eq!(
        read(formula, target, false, row),
        expected,
        "{formula} {row:?}"
    );
}

#[track_caller]
fn zeroed(scale: u32, formula: &str, row: &[(&str, Value)], expected: f64) {
    let target = Target {
        field_type: FieldType::Double,
        scale,
    };
    assert_eq!(
        read(formula, target, true, row),
        Value::Double(expected),
        "{formula}"
    );
}

#[track_caller]
fn of(
    kind: FieldType,
    formula: &str,
    row: &[(&str, Value)],
    expected: impl std::borrow::Borrow<Value>,
) {
    let expected = expected.borrow();
    let target = Target {
        field_type: kind,
        scale: 2,
    };
    assert_eq!(
        read(formula, target, false, row),
        *expected,
        "{formula} {row:?}"
    );
}

#[track_caller]
fn spelled(formula: &str, row: &[(&str, Value)], expected: &str) {
    let expected = if expected.is_empty() {
        Value::Null
    } else {
        text(expected)
    };
    of(FieldType::String, formula, row, expected);
}

#[track_caller]
fn truth(formula: &str, row: &[(&str, Value)], expected: bool) {
    of(FieldType::Boolean, formula, row, Value::Boolean(expected));
}

fn n1(number: f64) -> Vec<(&'static str, Value)> {
    vec![("N1__c", Value::Double(number))]
}

fn n12(left: f64, right: f64) -> Vec<(&'static str, Value)> {
    vec![
        ("N1__c", Value::Double(left)),
        ("N2__c", Value::Double(right)),
    ]
}

#[test]
fn arithmetic_is_decimal_and_rounded_to_the_scale() {
    number(2, "N1__c + 2", NONE, None);
    zeroed(2, "N1__c + 2", NONE, 2.0);
    number(2, "0.1 + 0.2", NONE, 0.3);
    number(18, "1/3*3", NONE, 1.0);
    number(2, "N1__c / N2__c", &n12(1.0, 2.0), 0.5);
    number(2, "N1__c / N2__c", &n12(1.0, 0.0), None);
    number(2, "ROUND(2.5,0)", NONE, 3.0);
    number(2, "ROUND(-2.5,0)", NONE, -3.0);
    number(2, "ROUND(1.005,2)", NONE, 1.01);
    number(2, "ROUND(-123456.3335,-2)", NONE, -123_500.0);
    number(
        2,
        "ROUND(.5 * 1, 0)".replace(".5", "0.5").as_str(),
        NONE,
        1.0,
    );
    number(2, "N1__c", &n1(0.125), 0.13);
    number(2, "N1__c", &n1(-0.125), -0.13);
    number(2, "CEILING(-1.3)", NONE, -2.0);
    number(2, "FLOOR(-1.3)", NONE, -1.0);
    number(2, "MCEILING(-1.3)", NONE, -1.0);
    number(2, "MFLOOR(-1.3)", NONE, -2.0);
    number(2, "CEILING(6/11*11)", NONE, 6.0);
    number(2, "TRUNC(-1.57, 1)", NONE, -1.5);
    number(2, "ABS(-1.5)", NONE, 1.5);
}

#[test]
fn percentages_are_fractions_within_a_formula() {
    let percent = |formula: &str, row: &[(&str, Value)], scale, expected: f64| {
        let target = Target {
            field_type: FieldType::Percent,
            scale,
        };
        assert_eq!(
            read(formula, target, false, row),
            Value::Double(expected),
            "{formula}"
        );
    };
    percent("N1__c / N2__c", &n12(7.0, 20.0), 0, 35.0);
    percent("N1__c / N2__c", &n12(1.0, 3.0), 0, 33.0);
    percent("N1__c / N2__c", &n12(2.0, 3.0), 0, 67.0);
    let row = [
        ("P1__c", Value::Double(45.0)),
        ("C1__c", Value::Double(1_215.0)),
    ];
    number(4, "P1__c", &row, 0.45);
    percent("P1__c", &row, 2, 45.0);
    number(2, "P1__c * C1__c", &row, 546.75);
    spelled("TEXT(P1__c) & \"%\"", &row, ".45%");
}

#[test]
fn remainders_have_the_sign_of_the_dividend() {
    number(2, "MOD(-7,3)", NONE, -1.0);
    number(2, "MOD(7,-3)", NONE, 1.0);
    number(2, "MOD(7,0)", NONE, 7.0);
    number(5, "MOD(20.12345,2)", NONE, 0.12345);
    number(2, "MOD(56.925559*10000,2)", NONE, 1.59);
    number(2, "MOD(-101,10)", NONE, -1.0);
    number(2, "MOD(100.5,-10)", NONE, 0.5);
}

#[test]
fn powers_bind_looser_than_products_and_have_a_range() {
    number(2, "2*3^2", NONE, 36.0);
    number(2, "2*2^3", NONE, 64.0);
    number(2, "2 * 5 ^ 7 + 11", NONE, 10_000_011.0);
    number(0, "2^5*7+11", NONE, 34_359_738_379.0);
    number(2, "-2^2", NONE, 4.0);
    number(2, "2^3^2", NONE, 64.0);
    number(2, "0^0", NONE, 1.0);
    number(2, "2^0.5", NONE, None);
    number(2, "10^65", NONE, None);
    number(18, "99^-1", NONE, 0.010_101_010_101_010_1);
    number(2, "(-20)^(-40)", NONE, 0.0);
    number(2, "(-1)^99", NONE, -1.0);
    number(2, "1.1111^1.1111", NONE, None);
    number(2, "123456789^123456789", NONE, None);
    number(2, "0^(-1)", NONE, None);
}

#[test]
fn functions_out_of_their_domain_give_nothing() {
    for formula in [
        "SQRT(-1)",
        "LN(0)",
        "LOG(-1)",
        "ASIN(2)",
        "EXP(100000)",
        "VALUE(\"abc\")",
    ] {
        number(2, formula, NONE, None);
    }
    number(2, "LOG(100)", NONE, 2.0);
    number(2, "SQRT(16)", NONE, 4.0);
    number(2, "EXP(0)", NONE, 1.0);
    number(
        2,
        "MAX(N1__c, N2__c, 0)",
        &[("N2__c", Value::Double(2.0))],
        None,
    );
    zeroed(
        2,
        "MAX(N1__c, N2__c, 0)",
        &[("N2__c", Value::Double(2.0))],
        2.0,
    );
    number(2, "PI() * 100", NONE, 314.16);
}

#[test]
fn numbers_spell_no_zero_before_the_point() {
    for (value, expected) in [
        (0.25, ".25"),
        (-0.5, "-.5"),
        (1234.5, "1234.5"),
        (0.0, "0"),
        (1_000_000.0, "1000000"),
    ] {
        spelled("TEXT(N1__c)", &n1(value), expected);
    }
    spelled("TEXT(N1__c)", NONE, "");
    number(6, "VALUE(\"3e-3\")", NONE, 0.003);
    number(2, "VALUE(\"1,000\")", NONE, None);
    number(2, "VALUE(T1__c)", NONE, None);
    for number in ["-1234", "1.", ".1", "+.1", "1.e1", "1.e-1", ".1e1"] {
        truth(&format!("ISNUMBER(\"{number}\")"), NONE, true);
    }
    for number in [
        "--1234", "1-234", "-1.2.34", "-", "..", "1..", ".", "-.", "0x12", "1,000",
    ] {
        truth(&format!("ISNUMBER(\"{number}\")"), NONE, false);
    }
}

#[test]
fn blank_texts_are_empty_and_other_blanks_are_unknown() {
    spelled(
        "T1__c & \" \" & T2__c",
        &[("T1__c", text("a")), ("T2__c", text("b"))],
        "a b",
    );
    spelled("T1__c & \" \" & T2__c", &[("T2__c", text("b"))], "b");
    spelled("T1__c & \" \" & T2__c", NONE, "");
    truth("ISBLANK(T1__c)", NONE, true);
    truth("ISNULL(T1__c)", NONE, false);
    truth("ISNULL(N1__c)", NONE, true);
    spelled("NULLVALUE(T1__c,\"x\")", NONE, "");
    spelled("BLANKVALUE(T1__c,\"x\")", NONE, "x");
    truth("T1__c = NULL", NONE, true);
    truth("T1__c = \"\"", NONE, true);
    truth("T1__c <> \"\"", NONE, false);
    truth("T1__c <> \"x\"", NONE, true);
    truth("N1__c = N2__c", NONE, false);
    truth("N1__c != N2__c", &n1(1.0), false);
    truth("NOT(N1__c > 0)", NONE, false);
    truth("NOT(AND(N1__c > 0, TRUE))", NONE, false);
    spelled("IF(N1__c > 0, \"y\", \"n\")", NONE, "n");
    number(0, "IF(N1__c = 10.24, 200, 300)", NONE, 300.0);
    number(0, "IF(N1__c <> 10.24, 200, 300)", NONE, 300.0);
    zeroed(0, "IF(N1__c <> 10.24, 200, 300)", NONE, 200.0);
    number(0, "BLANKVALUE(N1__c/N2__c, 10)", &n12(0.0, 0.0), None);
    number(
        0,
        "BLANKVALUE(N1__c/N2__c, 10)",
        &[("N2__c", Value::Double(10.0))],
        10.0,
    );
    zeroed(
        0,
        "BLANKVALUE(N1__c/N2__c, 10)",
        &[("N2__c", Value::Double(10.0))],
        0.0,
    );
}

#[test]
fn what_decides_comes_first_and_errors_after_it_do_not_count() {
    let yes = [("B1__c", Value::Boolean(true))];
    truth("OR(B1__c, 1/0 = 0)", &yes, true);
    truth("OR(B1__c, 1/0 = 0)", NONE, false);
    truth("B1__c || 1/0 = 0", &yes, true);
    truth("AND(B1__c, VALUE(\"x\") > 0)", NONE, false);
    spelled("IF(B1__c, \"a\", TEXT(1/0))", &yes, "a");
    spelled("IF(B1__c, \"a\", TEXT(1/0))", NONE, "");
    spelled("CASE(1, 1, \"a\", 2, TEXT(1/0), \"c\")", NONE, "");
    spelled(
        "CASE(N1__c, 1, \"one\", 2, \"two\", \"other\")",
        NONE,
        "other",
    );
    spelled(
        "CASE(N1__c, 1, \"one\", 2, \"two\", \"other\")",
        &n1(2.0),
        "two",
    );
    spelled("CASE(T1__c, NULL, \"none\", \"some\")", NONE, "none");
}

#[test]
fn lists_compare_their_values() {
    let b = [("L1__c", text("B"))];
    spelled("TEXT(L1__c)", &b, "B");
    truth("ISPICKVAL(L1__c,\"B\")", &b, true);
    spelled("CASE(L1__c,\"A\",\"1\",\"B\",\"2\",\"3\")", &b, "2");
    truth("ISPICKVAL(L1__c,\"\")", NONE, true);
    spelled("TEXT(L1__c)", NONE, "");
    truth("INCLUDES(M1__c,\"S\")", &[("M1__c", text("M;XL"))], false);
    truth("INCLUDES(M1__c,\"S\")", &[("M1__c", text("S;M"))], true);
    truth("INCLUDES(M1__c,\"S\")", NONE, false);
    number(0, "PICKLISTCOUNT(M1__c)", &[("M1__c", text("S;M"))], 2.0);
}

#[test]
fn texts_are_cut_found_and_replaced() {
    let cases = [
        ("LEFT(\"abcdef\",2.81)", "ab"),
        ("LEFT(\"abc\",0)", ""),
        ("LEFT(\"123456\",7)", "123456"),
        ("LEFT(\"123456\",-1)", ""),
        ("RIGHT(\"abcdef\",3)", "def"),
        ("RIGHT(\"abcdef\",2.81)", ""),
        ("MID(\"123456\",0,2)", "12"),
        ("MID(\"123456\",4,37)", "456"),
        ("MID(\"123456\",7,1)", ""),
        ("MID(\"123456\",2,-6)", ""),
        ("MID(\"123456\",-6,10)", "123456"),
        ("LPAD(\"ab\",5,\"xy\")", "xyxab"),
        ("LPAD(\"abcdef\",3)", "abc"),
        ("LPAD(\"string\",7,\"x\")", "xstring"),
        ("RPAD(\"ab\",5,\"xy\")", "abxyx"),
        ("RPAD(\"abc\",0)", ""),
        ("SUBSTITUTE(\"aXbX\",\"X\",\"*\")", "a*b*"),
        ("SUBSTITUTE(\"abc\",T1__c,\"*\")", "abc"),
        ("TRIM(\"  a  b  \")", "a  b"),
        ("UPPER(\"große\")", "GROSSE"),
        ("INITCAP(\"hello WORLD\")", "Hello World"),
        ("REVERSE(\"abc\")", "cba"),
        ("\"line\\nbreak\"", "line\\nbreak"),
        ("\"a\\\"b\"", "a\"b"),
        ("CHR(65)", "A"),
        ("FORMATDURATION(3661)", "01:01:01"),
        ("FORMATDURATION(90061, TRUE)", "1:01:01:01"),
        ("URLENCODE(\"a b&c\")", "a+b%26c"),
    ];
    for (formula, expected) in cases {
        spelled(formula, NONE, expected);
    }
    let numbers = [
        ("FIND(\"b\",\"abcb\",3)", 4.0),
        ("FIND(\"x\",\"abc\")", 0.0),
        ("FIND(\"b\",\"abc\",0)", 2.0),
        ("FIND(T1__c,\"abc\")", 0.0),
        ("LEN(T1__c)", 0.0),
        ("LEN(\"日本語\")", 3.0),
        ("ASCII(\"A\")", 65.0),
    ];
    for (formula, expected) in numbers {
        number(0, formula, NONE, expected);
    }
    truth("CONTAINS(\"abcABC\",\"BCA\")", NONE, false);
    truth("BEGINS(\"abc\",\"\")", NONE, true);
    truth("CONTAINS(T1__c,\"a\")", NONE, false);
    truth("T1__c = \"ABC\"", &[("T1__c", text("abc"))], false);
    let long = Target {
        field_type: FieldType::String,
        scale: 0,
    };
    let Value::Text(padded) = read("RPAD(\"a\", 2000, \"b\")", long, false, NONE) else {
        panic!("no text");
    };
    assert_eq!(padded.len(), 1_300);
}

#[test]
fn a_text_cannot_grow_without_bounds() {
    let mut formula = "RPAD(\"a\", 500000)".to_owned();
    for _ in 0..20 {
        formula = format!("SUBSTITUTE({formula}, \" \", \"          \")");
    }
    spelled(&formula, NONE, "");
    spelled("LEFT(RPAD(\"a\", 5000000), 1)", NONE, "");
    let row = [("N1__c", Value::Double(1e18))];
    let huge = format!("TEXT(1{})", " * N1__c".repeat(400));
    spelled(&huge, &row, "");
}

#[test]
fn links_and_images_are_written_to_the_letter() {
    let row = [
        ("U1__c", text("https://x.org/")),
        ("T1__c", text("With <tagged> text")),
    ];
    spelled(
        "HYPERLINK(U1__c, T1__c)",
        &row,
        "<a href=\"https://x.org/\" target=\"_blank\">With &lt;tagged&gt; text</a>",
    );
    spelled(
        "HYPERLINK(U1__c, T1__c)",
        NONE,
        "<a href=\" \" target=\"_blank\"> </a>",
    );
    spelled(
        "HYPERLINK('/' + T2__c, T1__c, '_top')",
        &[
            ("T2__c", text("00e000000000001AAA")),
            ("T1__c", text("R&D <x>")),
        ],
        "<a href=\"/00e000000000001AAA\" target=\"_top\">R&amp;D &lt;x&gt;</a>",
    );
    spelled(
        "IMAGE(U1__c,\"alt\",16,120.5)",
        &row,
        "<img src=\"https://x.org/\" alt=\"alt\" style=\"height:16px; width:120.5px;\" border=\"0\"/>",
    );
    spelled(
        "IMAGE(U1__c,\"alt\")",
        &row,
        "<img src=\"https://x.org/\" alt=\"alt\" border=\"0\"/>",
    );
    spelled(
        "HYPERLINK(U1__c, IMAGE(U1__c,\"a\"))",
        &row,
        "<a href=\"https://x.org/\" target=\"_blank\"><img src=\"https://x.org/\" alt=\"a\" border=\"0\"/></a>",
    );
}

#[test]
fn days_are_added_whole() {
    let row = [("D1__c", day("2005-04-05"))];
    let date = |formula: &str, expected: &str| of(FieldType::Date, formula, &row, day(expected));
    date("D1__c + 0.7", "2005-04-05");
    date("D1__c + 1.9", "2005-04-06");
    date("D1__c + 0.5 + 0.5", "2005-04-05");
    date("D1__c + (0.5 + 0.5)", "2005-04-06");
    date("D1__c - 1.9", "2005-04-04");
    let row = [("D1__c", day("2018-01-02")), ("D2__c", day("2017-12-31"))];
    number(4, "D1__c - D2__c", &row, 2.0);
    let row = [
        ("W1__c", point("2018-01-02T00:00:00Z")),
        ("W2__c", point("2017-12-29T12:00:00Z")),
    ];
    number(4, "W1__c - W2__c", &row, 3.5);
    of(FieldType::Date, "W1__c - 0.5", &row, day("2018-01-01"));
    let row = [("W1__c", point("2016-02-29T13:15:10Z"))];
    for (formula, expected) in [
        ("W1__c + 0.16666", "2016-02-29T17:15:09Z"),
        ("W1__c + 0.166667", "2016-02-29T17:15:10Z"),
        ("W1__c + 3.6", "2016-03-04T03:39:10Z"),
    ] {
        of(FieldType::DateTime, formula, &row, point(expected));
    }
}

#[test]
fn only_days_of_the_calendar_are_dates() {
    for formula in [
        "DATE(2018,2,29)",
        "DATE(2018,13,1)",
        "DATE(10000,1,1)",
        "DATEVALUE(\"2005-02-31\")",
        "DATEVALUE(\"200-01-03\")",
        "DATEVALUE(\"2005-13-02\")",
        "DATEVALUE(\"2000-0-2\")",
        "DATEVALUE(\"0000-12-12\")",
        "DATEVALUE(\"x\")",
        "DATE(9999,12,31) + 1",
        "DATE(2020,1,1) + 1000000000000000",
    ] {
        of(FieldType::Date, formula, NONE, Value::Null);
    }
    for (formula, expected) in [
        ("DATE(2016,2,29.9)", "2016-02-29"),
        ("DATEVALUE(\"2005-1-2\")", "2005-01-02"),
        ("DATEVALUE(\"9999-01-15\")", "9999-01-15"),
        ("ADDMONTHS(DATE(2020,1,31),1)", "2020-02-29"),
        ("ADDMONTHS(DATE(2020,4,30),3)", "2020-07-31"),
        ("ADDMONTHS(DATE(2019,2,28),-1)", "2019-01-31"),
        ("ADDMONTHS(DATE(2020,5,30),-3)", "2020-02-29"),
        ("ADDMONTHS(DATE(2019,12,30),1.65)", "2020-01-30"),
        ("ADDMONTHS(DATE(2020,2,29),-0.8)", "2020-02-29"),
        ("TODAY()", "2026-11-22"),
    ] {
        of(FieldType::Date, formula, NONE, day(expected));
    }
    of(
        FieldType::DateTime,
        "DATETIMEVALUE(\"2017-12-31 06:08:24\")",
        NONE,
        point("2017-12-31T06:08:24Z"),
    );
    number(0, "WEEKDAY(DATE(2016,11,3))", NONE, 5.0);
    number(0, "DAYOFYEAR(DATE(2020,12,31))", NONE, 366.0);
    number(0, "ISOWEEK(DATE(2021,1,3))", NONE, 53.0);
    number(0, "ISOYEAR(DATE(2021,1,3))", NONE, 2020.0);
    number(0, "UNIXTIMESTAMP(DATE(2020,1,1))", NONE, 1_577_836_800.0);
}

#[test]
fn times_wrap_at_midnight() {
    let millis = |hour: i32, minute: i32, second: i32, millis: i32| {
        Value::Time(((hour * 60 + minute) * 60 + second) * 1_000 + millis)
    };
    let row = [("H1__c", millis(23, 59, 50, 0))];
    of(FieldType::Time, "H1__c + 24000", &row, millis(0, 0, 14, 0));
    let row = [("H1__c", millis(2, 0, 0, 0)), ("H2__c", millis(1, 0, 0, 0))];
    number(0, "H2__c - H1__c", &row, 82_800_000.0);
    let row = [
        ("H1__c", millis(10, 34, 55, 666)),
        ("H2__c", millis(23, 59, 59, 999)),
    ];
    number(0, "H2__c - H1__c", &row, 48_304_333.0);
    of(
        FieldType::Time,
        "TIMEVALUE(\"28:66:99.009\")",
        NONE,
        Value::Null,
    );
    number(0, "HOUR(TIMEVALUE(\"18:36:19.124\"))", NONE, 18.0);
    number(0, "MILLISECOND(TIMEVALUE(\"18:36:19.124\"))", NONE, 124.0);
    spelled(
        "TEXT(H1__c)",
        &[("H1__c", millis(20, 4, 46, 12))],
        "20:04:46.012",
    );
    spelled("TEXT(D1__c)", &[("D1__c", day("2018-01-02"))], "2018-01-02");
    spelled(
        "TEXT(W1__c)",
        &[("W1__c", point("2018-01-02T09:28:04Z"))],
        "2018-01-02 09:28:04Z",
    );
}

#[test]
fn a_blank_point_in_time_spells_its_zone() {
    spelled("TEXT(W1__c)", NONE, "Z");
}

#[test]
fn distances_are_on_the_sphere_of_the_service() {
    let near = |latitude, longitude, expected: f64| {
        let row = [
            ("Loc__Latitude__s", Value::Double(latitude)),
            ("Loc__Longitude__s", Value::Double(longitude)),
        ];
        let formula = "DISTANCE(Loc__c, GEOLOCATION(33.37088, -122.61715), 'mi')";
        number(4, formula, &row, expected);
    };
    near(37.7899, -122.3969, 305.5756);
    near(43.094_722, -75.275_833, 2618.9135);
    near(0.0, 0.0, 8066.8974);
    number(
        4,
        "DISTANCE(GEOLOCATION(200,200), GEOLOCATION(0,0), 'mi')",
        NONE,
        None,
    );
    truth("ISBLANK(Loc__c)", NONE, true);
}

#[test]
fn ids_have_15_characters() {
    let id = RecordId::parse("001000000000001AAA").expect("an id");
    let row = [
        ("Id", Value::Id(id)),
        ("Up__c", Value::Id(id)),
        ("Up__c.Id", Value::Id(id)),
    ];
    spelled("\"id=\" & Id", &row, "id=001000000000001");
    spelled("CASESAFEID(Id)", &row, id.as_str());
    truth("Up__c = Up__r.Id", &row, true);
}

#[test]
fn other_records_are_read_over_references() {
    spelled(
        "Up__r.Up__r.T1__c",
        &[("Up__c.Up__c.T1__c", text("old"))],
        "old",
    );
    spelled("Up__r.Up__r.T1__c", NONE, "");
    zeroed(0, "Up__r.N1__c + 1", NONE, 1.0);
    spelled(
        "Owner:User.Username",
        &[("OwnerId.Username", text("a@b"))],
        "a@b",
    );
    spelled(
        "Owner:Queue.QueueName",
        &[("OwnerId.Name", text("Help"))],
        "Help",
    );
    spelled("$Label.Hello", NONE, "Hello");
    spelled("$RecordType.Name", NONE, "");
}

/// Source: public projects.
#[test]
fn formulas_of_public_projects_have_their_values() {
    let log =
        "TEXT(N1__c) + ' total entries' + IF(N2__c = 0, '', ', ' + TEXT(N2__c) + ' error(s)')";
    let zero = |row: &[(&str, Value)]| {
        let target = Target {
            field_type: FieldType::String,
            scale: 0,
        };
        read(log, target, true, row)
    };
    assert_eq!(zero(&n12(5.0, 2.0)), text("5 total entries, 2 error(s)"));
    assert_eq!(zero(&n1(3.0)), text("3 total entries"));
    let age = "IF(NOT(ISBLANK(D1__c)), IF(DATE(2000, MONTH(D1__c), DAY(D1__c)) <= DATE(2000, MONTH(TODAY()), \
               DAY(TODAY())), YEAR(Today()) - YEAR(D1__c), YEAR(Today()) - YEAR(D1__c) - 1), null)";
    number(0, age, &[("D1__c", day("1990-11-22"))], 36.0);
    number(0, age, &[("D1__c", day("1990-11-23"))], 35.0);
    number(0, age, &[("D1__c", day("1992-02-29"))], 34.0);
    number(0, age, NONE, None);
    let name = "IF(!ISBLANK(T1__c), T1__c, 'Augusta') + ' ' + T2__c";
    spelled(name, &[("T2__c", text("Lovelace"))], "Augusta Lovelace");
    spelled(
        "IF(ISPICKVAL(L1__c, ''), TEXT(L1__c), TEXT(L1__c)) + IF(OR(T1__c == null, T1__c == 'x'), '', '.' + T1__c)",
        &[("L1__c", text("Apex")), ("T1__c", text("Foo.bar"))],
        "Apex.Foo.bar",
    );
}

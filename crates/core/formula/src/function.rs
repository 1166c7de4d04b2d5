//! The functions: their names, arguments and places.
//!
//! Source: "Formula Operators and Functions" (Salesforce Help); `salesforce/formula-engine`.

use crate::kind::{Kind, Kinds};

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[rustfmt::skip]
pub(crate) enum Function {
    // Logic.
    And, Or, Not, If, Case, IsBlank, IsNull, BlankValue, NullValue, IsNumber, IfError,
    IsNew, IsClone, IsChanged, PriorValue,
    // Numbers.
    Abs, Sqrt, Exp, Ln, Log, Ceiling, Floor, MCeiling, MFloor, Round, Trunc, Mod, Max, Min, Pi, Sin, Cos, Tan, Asin,
    Acos, Atan, Atan2, CurrencyRate, PicklistCount, Geolocation, Distance, Ascii, UnixTimestamp,
    // Texts.
    Begins, Contains, Find, Left, Right, Mid, LPad, RPad, Lower, Upper, InitCap, Substitute, Trim, Len, Reverse, Text,
    Value, CaseSafeId, Br, Hyperlink, Image, IsPickVal, Includes, HtmlEncode, JsEncode, JsInHtmlEncode, UrlEncode, Regex,
    GetSessionId, FormatDuration, Chr, VLookup,
    // Dates and times.
    Today, Now, TimeNow, Date, DateValue, DateTimeValue, TimeValue, Year, Month, Day, Weekday, Hour, Minute, Second,
    Millisecond, AddMonths, DayOfYear, IsoWeek, IsoYear, FromUnixTime,
}

/// What a function takes and gives.
pub(crate) struct Signature {
    pub(crate) function: Function,
    pub(crate) name: &'static str,
    /// How many arguments at least and at most.
    pub(crate) count: (usize, usize),
    /// The types of its arguments; the last is that of all further ones. None: the checker looks at each by itself.
    pub(crate) parameters: &'static [Kinds],
    pub(crate) result: Kind,
}

/// Arguments of the functions that take any number. Source: `salesforce/formula-engine`, for `MAX` and `MIN`.
const MANY: usize = 255;

const fn is(
    function: Function,
    name: &'static str,
    count: (usize, usize),
    parameters: &'static [Kinds],
    result: Kind,
) -> Signature {
    Signature {
        function,
        name,
        count,
        parameters,
        result,
    }
}

const B: Kinds = Kinds::BOOLEAN;
const N: Kinds = Kinds::NUMBER;
const T: Kinds = Kinds::TEXT;

#[rustfmt::skip]
const SIGNATURES: &[Signature] = &[
    is(Function::And, "AND", (1, MANY), &[B], Kind::Boolean),
    is(Function::Or, "OR", (1, MANY), &[B], Kind::Boolean),
    is(Function::Not, "NOT", (1, 1), &[B], Kind::Boolean),
    is(Function::If, "IF", (3, 3), &[], Kind::Null),
    is(Function::Case, "CASE", (4, usize::MAX), &[], Kind::Null),
    is(Function::IsBlank, "ISBLANK", (1, 1), &[], Kind::Boolean),
    is(Function::IsNull, "ISNULL", (1, 1), &[], Kind::Boolean),
    is(Function::BlankValue, "BLANKVALUE", (2, 2), &[], Kind::Null),
    is(Function::NullValue, "NULLVALUE", (2, 2), &[], Kind::Null),
    is(Function::IsNumber, "ISNUMBER", (1, 1), &[T], Kind::Boolean),
    is(Function::IfError, "IFERROR", (2, 2), &[], Kind::Null),
    is(Function::IsNew, "ISNEW", (0, 0), &[], Kind::Boolean),
    is(Function::IsClone, "ISCLONE", (0, 0), &[], Kind::Boolean),
    is(Function::IsChanged, "ISCHANGED", (1, 1), &[], Kind::Boolean),
    is(Function::PriorValue, "PRIORVALUE", (1, 1), &[], Kind::Null),

    is(Function::Abs, "ABS", (1, 1), &[N], Kind::Number),
    is(Function::Sqrt, "SQRT", (1, 1), &[N], Kind::Number),
    is(Function::Exp, "EXP", (1, 1), &[N], Kind::Number),
    is(Function::Ln, "LN", (1, 1), &[N], Kind::Number),
    is(Function::Log, "LOG", (1, 1), &[N], Kind::Number),
    is(Function::Ceiling, "CEILING", (1, 1), &[N], Kind::Number),
    is(Function::Floor, "FLOOR", (1, 1), &[N], Kind::Number),
    is(Function::MCeiling, "MCEILING", (1, 1), &[N], Kind::Number),
    is(Function::MFloor, "MFLOOR", (1, 1), &[N], Kind::Number),
    is(Function::Round, "ROUND", (2, 2), &[N], Kind::Number),
    is(Function::Trunc, "TRUNC", (1, 2), &[N], Kind::Number),
    is(Function::Mod, "MOD", (2, 2), &[N], Kind::Number),
    is(Function::Max, "MAX", (1, MANY), &[N], Kind::Number),
    is(Function::Min, "MIN", (1, MANY), &[N], Kind::Number),
    is(Function::Pi, "PI", (0, 0), &[], Kind::Number),
    is(Function::Sin, "SIN", (1, 1), &[N], Kind::Number),
    is(Function::Cos, "COS", (1, 1), &[N], Kind::Number),
    is(Function::Tan, "TAN", (1, 1), &[N], Kind::Number),
    is(Function::Asin, "ASIN", (1, 1), &[N], Kind::Number),
    is(Function::Acos, "ACOS", (1, 1), &[N], Kind::Number),
    is(Function::Atan, "ATAN", (1, 1), &[N], Kind::Number),
    is(Function::Atan2, "ATAN2", (2, 2), &[N], Kind::Number),
    is(Function::CurrencyRate, "CURRENCYRATE", (1, 1), &[T], Kind::Number),
    is(Function::PicklistCount, "PICKLISTCOUNT", (1, 1), &[Kinds::MULTI_PICKLIST], Kind::Number),
    is(Function::Geolocation, "GEOLOCATION", (2, 2), &[N], Kind::Location),
    is(Function::Distance, "DISTANCE", (3, 3), &[Kinds::LOCATION, Kinds::LOCATION, T], Kind::Number),
    is(Function::Ascii, "ASCII", (1, 1), &[T], Kind::Number),
    is(Function::UnixTimestamp, "UNIXTIMESTAMP", (1, 1), &[Kinds::MOMENTS], Kind::Number),

    is(Function::Begins, "BEGINS", (2, 2), &[T], Kind::Boolean),
    is(Function::Contains, "CONTAINS", (2, 2), &[T], Kind::Boolean),
    is(Function::Find, "FIND", (2, 3), &[T, T, N], Kind::Number),
    is(Function::Left, "LEFT", (2, 2), &[T, N], Kind::Text),
    is(Function::Right, "RIGHT", (2, 2), &[T, N], Kind::Text),
    is(Function::Mid, "MID", (3, 3), &[T, N, N], Kind::Text),
    is(Function::LPad, "LPAD", (2, 3), &[T, N, T], Kind::Text),
    is(Function::RPad, "RPAD", (2, 3), &[T, N, T], Kind::Text),
    is(Function::Lower, "LOWER", (1, 2), &[T], Kind::Text),
    is(Function::Upper, "UPPER", (1, 2), &[T], Kind::Text),
    is(Function::InitCap, "INITCAP", (1, 1), &[T], Kind::Text),
    is(Function::Substitute, "SUBSTITUTE", (3, 3), &[T], Kind::Text),
    is(Function::Trim, "TRIM", (1, 1), &[T], Kind::Text),
    is(Function::Len, "LEN", (1, 1), &[T], Kind::Number),
    is(Function::Reverse, "REVERSE", (1, 1), &[T], Kind::Text),
    is(Function::Text, "TEXT", (1, 1), &[], Kind::Text),
    is(Function::Value, "VALUE", (1, 1), &[T], Kind::Number),
    is(Function::CaseSafeId, "CASESAFEID", (1, 1), &[T], Kind::Text),
    is(Function::Br, "BR", (0, 0), &[], Kind::Text),
    is(Function::Hyperlink, "HYPERLINK", (2, 3), &[T], Kind::Text),
    is(Function::Image, "IMAGE", (2, 4), &[T, T, N, N], Kind::Text),
    is(Function::IsPickVal, "ISPICKVAL", (2, 2), &[], Kind::Boolean),
    is(Function::Includes, "INCLUDES", (2, 2), &[], Kind::Boolean),
    is(Function::HtmlEncode, "HTMLENCODE", (1, 1), &[T], Kind::Text),
    is(Function::JsEncode, "JSENCODE", (1, 1), &[T], Kind::Text),
    is(Function::JsInHtmlEncode, "JSINHTMLENCODE", (1, 1), &[T], Kind::Text),
    is(Function::UrlEncode, "URLENCODE", (1, 1), &[T], Kind::Text),
    is(Function::Regex, "REGEX", (2, 2), &[T], Kind::Boolean),
    is(Function::GetSessionId, "GETSESSIONID", (0, 0), &[], Kind::Text),
    is(Function::FormatDuration, "FORMATDURATION", (1, 2), &[], Kind::Text),
    is(Function::Chr, "CHR", (1, 1), &[N], Kind::Text),
    is(Function::VLookup, "VLOOKUP", (3, 3), &[], Kind::Null),

    is(Function::Today, "TODAY", (0, 0), &[], Kind::Date),
    is(Function::Now, "NOW", (0, 0), &[], Kind::DateTime),
    is(Function::TimeNow, "TIMENOW", (0, 0), &[], Kind::Time),
    is(Function::Date, "DATE", (3, 3), &[N], Kind::Date),
    is(Function::DateValue, "DATEVALUE", (1, 1), &[TEXT_OR_DATES], Kind::Date),
    is(Function::DateTimeValue, "DATETIMEVALUE", (1, 1), &[TEXT_OR_DATES], Kind::DateTime),
    is(Function::TimeValue, "TIMEVALUE", (1, 1), &[TEXT_OR_TIMES], Kind::Time),
    is(Function::Year, "YEAR", (1, 1), &[Kinds::DATE], Kind::Number),
    is(Function::Month, "MONTH", (1, 1), &[Kinds::DATE], Kind::Number),
    is(Function::Day, "DAY", (1, 1), &[Kinds::DATE], Kind::Number),
    is(Function::Weekday, "WEEKDAY", (1, 1), &[Kinds::DATE], Kind::Number),
    is(Function::Hour, "HOUR", (1, 1), &[Kinds::TIME], Kind::Number),
    is(Function::Minute, "MINUTE", (1, 1), &[Kinds::TIME], Kind::Number),
    is(Function::Second, "SECOND", (1, 1), &[Kinds::TIME], Kind::Number),
    is(Function::Millisecond, "MILLISECOND", (1, 1), &[Kinds::TIME], Kind::Number),
    is(Function::AddMonths, "ADDMONTHS", (2, 2), &[Kinds::DATES, N], Kind::Null),
    is(Function::DayOfYear, "DAYOFYEAR", (1, 1), &[Kinds::DATES], Kind::Number),
    is(Function::IsoWeek, "ISOWEEK", (1, 1), &[Kinds::DATES], Kind::Number),
    is(Function::IsoYear, "ISOYEAR", (1, 1), &[Kinds::DATES], Kind::Number),
    is(Function::FromUnixTime, "FROMUNIXTIME", (1, 1), &[N], Kind::DateTime),
];

const TEXT_OR_DATES: Kinds = Kinds::of(&[Kind::Text, Kind::Date, Kind::DateTime]);
const TEXT_OR_TIMES: Kinds = Kinds::of(&[Kind::Text, Kind::Time, Kind::DateTime]);

/// Functions of pages, flows and reports.
const ELSEWHERE: &[&str] = &[
    "LINKTO",
    "INCLUDE",
    "URLFOR",
    "REQUIRESCRIPT",
    "GETRECORDIDS",
    "JUNCTIONIDLIST",
    "IMAGEPROXYURL",
    "PREDICT",
    "PARENTGROUPVAL",
    "PREVGROUPVAL",
];

/// A function by its name in any letter case.
pub(crate) fn find(name: &str) -> Option<&'static Signature> {
    SIGNATURES
        .iter()
        .find(|signature| signature.name.eq_ignore_ascii_case(name))
}

/// Whether it is a function of pages, flows or reports alone.
pub(crate) fn is_elsewhere(name: &str) -> bool {
    ELSEWHERE
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

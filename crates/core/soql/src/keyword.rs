//! The words of the language that stand for values: functions and date literals.
//!
//! Source: "Date Formats and Date Literals", "Date Functions", "Aggregate Functions" (SOQL and SOSL Reference).

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// Over the records of a group.
    Aggregate(Aggregate),
    /// A part of a date.
    Date(DateFunction),
    /// `GROUPING`: whether a row is a subtotal over the field.
    Grouping,
    /// `FORMAT`: as the user's locale writes it.
    Format,
    /// `TOLABEL`: as people see it.
    ToLabel,
    /// `CONVERTCURRENCY`
    ConvertCurrency,
    /// `CONVERTTIMEZONE`: in the user's time zone.
    ConvertTimezone,
    /// `DISTANCE`
    Distance,
    /// `LOWER`: in small letters; only in filter expressions.
    Lower,
}

/// A function over the records of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregate {
    /// Records, or those with a value.
    Count,
    /// Different values.
    CountDistinct,
    /// Mean.
    Avg,
    /// Least.
    Min,
    /// Greatest.
    Max,
    /// Sum.
    Sum,
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateFunction {
    /// 1 to 12.
    CalendarMonth,
    /// 1 to 4.
    CalendarQuarter,
    /// The year.
    CalendarYear,
    /// 1 to 31.
    DayInMonth,
    /// 1 (Sunday) to 7.
    DayInWeek,
    /// 1 to 366.
    DayInYear,
    /// The day of a point in time.
    DayOnly,
    /// 1 to 12, from the first month of the fiscal year.
    FiscalMonth,
    /// 1 to 4.
    FiscalQuarter,
    /// The year.
    FiscalYear,
    /// 0 to 23.
    HourInDay,
    /// 1 to 5: the first seven days are 1.
    WeekInMonth,
    /// 1 to 53: the first seven days are 1.
    WeekInYear,
}

impl Function {
    pub(crate) fn read(word: &str) -> Option<Self> {
        let aggregate = |aggregate| Some(Self::Aggregate(aggregate));
        let date = |function| Some(Self::Date(function));
        match word.to_ascii_uppercase().as_str() {
            "COUNT" => aggregate(Aggregate::Count),
            "COUNT_DISTINCT" => aggregate(Aggregate::CountDistinct),
            "AVG" => aggregate(Aggregate::Avg),
            "MIN" => aggregate(Aggregate::Min),
            "MAX" => aggregate(Aggregate::Max),
            "SUM" => aggregate(Aggregate::Sum),
            "GROUPING" => Some(Self::Grouping),
            "FORMAT" => Some(Self::Format),
            "TOLABEL" => Some(Self::ToLabel),
            "CONVERTCURRENCY" => Some(Self::ConvertCurrency),
            "CONVERTTIMEZONE" => Some(Self::ConvertTimezone),
            "DISTANCE" => Some(Self::Distance),
            "CALENDAR_MONTH" => date(DateFunction::CalendarMonth),
            "CALENDAR_QUARTER" => date(DateFunction::CalendarQuarter),
            "CALENDAR_YEAR" => date(DateFunction::CalendarYear),
            "DAY_IN_MONTH" => date(DateFunction::DayInMonth),
            "DAY_IN_WEEK" => date(DateFunction::DayInWeek),
            "DAY_IN_YEAR" => date(DateFunction::DayInYear),
            "DAY_ONLY" => date(DateFunction::DayOnly),
            "FISCAL_MONTH" => date(DateFunction::FiscalMonth),
            "FISCAL_QUARTER" => date(DateFunction::FiscalQuarter),
            "FISCAL_YEAR" => date(DateFunction::FiscalYear),
            "HOUR_IN_DAY" => date(DateFunction::HourInDay),
            "WEEK_IN_MONTH" => date(DateFunction::WeekInMonth),
            "WEEK_IN_YEAR" => date(DateFunction::WeekInYear),
            _ => None,
        }
    }
}

/// A range of days named by a word, from the day on which it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateKeyword {
    /// In which units it counts.
    pub unit: Unit,
    /// Which of them.
    pub span: Span,
}

/// What a date literal counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Days.
    Day,
    /// Weeks, from the first day of the locale's week.
    Week,
    /// Months.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
    /// Quarters of the fiscal year.
    FiscalQuarter,
    /// Fiscal years.
    FiscalYear,
}

/// Which units a date literal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// One unit, so many from the present one.
    At(i64),
    /// So many whole units before the present one; days include the present one.
    Last(u32),
    /// So many whole units after the present one.
    Next(u32),
}

/// A word for a date: complete, or one that a number follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateWord {
    Whole(DateKeyword),
    /// What the number makes of it.
    Counted(Unit, Counted),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    Last,
    Next,
    Ago,
}

impl Counted {
    pub(crate) fn with(self, unit: Unit, count: u32) -> DateKeyword {
        let span = match self {
            Self::Last => Span::Last(count),
            Self::Next => Span::Next(count),
            Self::Ago => Span::At(-i64::from(count)),
        };
        DateKeyword { unit, span }
    }
}

impl DateWord {
    pub(crate) fn read(word: &str) -> Option<Self> {
        let word = word.to_ascii_uppercase();
        let at = |unit, offset| {
            Some(Self::Whole(DateKeyword {
                unit,
                span: Span::At(offset),
            }))
        };
        let days = |span| {
            let unit = Unit::Day;
            Some(Self::Whole(DateKeyword { unit, span }))
        };
        match word.as_str() {
            "YESTERDAY" => return at(Unit::Day, -1),
            "TODAY" => return at(Unit::Day, 0),
            "TOMORROW" => return at(Unit::Day, 1),
            "LAST_90_DAYS" => return days(Span::Last(90)),
            "NEXT_90_DAYS" => return days(Span::Next(90)),
            _ => (),
        }
        if let Some(units) = word.strip_prefix("LAST_N_") {
            return plural(units).map(|unit| Self::Counted(unit, Counted::Last));
        }
        if let Some(units) = word.strip_prefix("NEXT_N_") {
            return plural(units).map(|unit| Self::Counted(unit, Counted::Next));
        }
        if let Some(units) = word
            .strip_prefix("N_")
            .and_then(|rest| rest.strip_suffix("_AGO"))
        {
            return plural(units).map(|unit| Self::Counted(unit, Counted::Ago));
        }
        for (prefix, offset) in [("LAST_", -1), ("THIS_", 0), ("NEXT_", 1)] {
            if let Some(unit) = word.strip_prefix(prefix).and_then(singular) {
                return at(unit, offset);
            }
        }
        None
    }
}

fn plural(units: &str) -> Option<Unit> {
    match units {
        "DAYS" => Some(Unit::Day),
        units => singular(units.strip_suffix('S')?),
    }
}

fn singular(unit: &str) -> Option<Unit> {
    match unit {
        "WEEK" => Some(Unit::Week),
        "MONTH" => Some(Unit::Month),
        "QUARTER" => Some(Unit::Quarter),
        "YEAR" => Some(Unit::Year),
        "FISCAL_QUARTER" => Some(Unit::FiscalQuarter),
        "FISCAL_YEAR" => Some(Unit::FiscalYear),
        _ => None,
    }
}

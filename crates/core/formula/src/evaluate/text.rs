//! Functions of texts.

use landfall_model::limits::FORMULA_TEXT_BYTES_MAX;
use landfall_model::{Date, RecordId, Timestamp, time_of_day};

use super::{Evaluation, Mode, cut, html, moment, number, short, text_at};
use crate::datum::Datum;
use crate::failure::Failure;
use crate::function::Function;
use crate::kind::Kind;
use crate::node::Call;
use crate::number::Number;

impl Evaluation<'_> {
    /// A function of texts.
    pub(super) fn text(&self, call: &Call, arguments: &[Datum]) -> Result<Datum, Failure> {
        let first = text_at(arguments, 0);
        match call.function {
            Function::Begins | Function::Contains => Ok(held(call.function, arguments)),
            Function::Find => Ok(found(arguments)),
            Function::Len => Ok(count(first.chars().count())),
            Function::Ascii => Ok(code_point(first)),
            Function::Value => value(first),
            Function::Text => Ok(self.spelled(arguments.first(), call.kind)),
            Function::FormatDuration => Ok(moment::duration(arguments)),
            Function::Left | Function::Right | Function::Mid => {
                Ok(self.part(call.function, arguments))
            }
            Function::LPad | Function::RPad => padded(call.function, arguments),
            Function::Substitute => self.substituted(arguments),
            Function::Hyperlink | Function::Image => tag(call, arguments),
            _ => short(changed(call.function, first, arguments)),
        }
    }

    /// `TEXT`.
    fn spelled(&self, value: Option<&Datum>, kind: Kind) -> Datum {
        match value.unwrap_or(&Datum::Null) {
            Datum::Number(number) => Datum::Text(match self.mode {
                Mode::Read => without_zero(&number.plain()),
                Mode::Save => number.plain(),
            }),
            Datum::Date(day) => Datum::Text(day.to_string()),
            Datum::DateTime(point) => Datum::Text(point_text(*point)),
            Datum::Time(millis) => Datum::Text(time_of_day(*millis)),
            // Source: answers recorded in `stomita/sformula`.
            Datum::Null if kind == Kind::DateTime && self.mode == Mode::Read => {
                Datum::Text("Z".to_owned())
            }
            other => other.clone(),
        }
    }

    /// `LEFT`, `RIGHT` and `MID`.
    fn part(&self, function: Function, arguments: &[Datum]) -> Datum {
        let text = text_at(arguments, 0);
        let size = |place| {
            let number = cut(arguments, place)?.max(0);
            Some(usize::try_from(number).unwrap_or(usize::MAX))
        };
        let range = match function {
            Function::Left => size(1).map(|taken| (0, taken)),
            Function::Right => {
                let fraction = number(arguments, 1).is_some_and(|number| !number.is_whole());
                if fraction && self.mode == Mode::Read {
                    return Datum::Null;
                }
                let length = text.chars().count();
                size(1).map(|taken| (length.saturating_sub(taken), taken))
            }
            _ => size(1)
                .zip(size(2))
                .map(|(start, taken)| (start.max(1) - 1, taken)),
        };
        range.map_or(Datum::Null, |(skipped, taken)| {
            Datum::text(text.chars().skip(skipped).take(taken).collect())
        })
    }

    fn substituted(&self, arguments: &[Datum]) -> Result<Datum, Failure> {
        let text = text_at(arguments, 0);
        let (old, new) = (text_at(arguments, 1), text_at(arguments, 2));
        if old.is_empty() {
            return Ok(match self.mode {
                Mode::Read => Datum::text(text.to_owned()),
                Mode::Save => Datum::Null,
            });
        }
        let added = text.matches(old).count().saturating_mul(new.len());
        if text.len().saturating_add(added) > FORMULA_TEXT_BYTES_MAX {
            return Err(Failure::TextTooLong);
        }
        short(text.replace(old, new))
    }
}

fn count(number: usize) -> Datum {
    Datum::Number(Number::whole(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn code_point(text: &str) -> Datum {
    let first = text.chars().next().map(|c| i64::from(u32::from(c)));
    first.map_or(Datum::Null, |code| Datum::Number(Number::whole(code)))
}

/// `TEXT` of a point in time, in Greenwich.
fn point_text(point: Timestamp) -> String {
    let day = Date::of(point);
    let time = time_of_day(moment::time_of(point));
    let time = time.split_once('.').map_or(time.as_str(), |(time, _)| time);
    format!("{day} {time}Z")
}

/// `.25` for `0.25`.
fn without_zero(number: &str) -> String {
    match (number.strip_prefix("0."), number.strip_prefix("-0.")) {
        (Some(fraction), _) => format!(".{fraction}"),
        (_, Some(fraction)) => format!("-.{fraction}"),
        _ => number.to_owned(),
    }
}

fn value(text: &str) -> Result<Datum, Failure> {
    if text.is_empty() {
        return Ok(Datum::Null);
    }
    Number::shown(text.trim())
        .map(Datum::Number)
        .ok_or(Failure::NumberInvalid)
}

/// `BEGINS` and `CONTAINS`: every text has a blank one in it, and nothing is known of a blank text.
fn held(function: Function, arguments: &[Datum]) -> Datum {
    let (text, part) = (text_at(arguments, 0), text_at(arguments, 1));
    if part.is_empty() {
        return Datum::Boolean(true);
    }
    if text.is_empty() {
        return Datum::Null;
    }
    Datum::Boolean(if function == Function::Begins {
        text.starts_with(part)
    } else {
        text.contains(part)
    })
}

/// `FIND`: the position of the first argument in the second, from 1.
fn found(arguments: &[Datum]) -> Datum {
    let (part, text) = (text_at(arguments, 0), text_at(arguments, 1));
    if part.is_empty() || text.is_empty() {
        return count(0);
    }
    let start = cut(arguments, 2).unwrap_or(1).max(1);
    let skipped = usize::try_from(start - 1).unwrap_or(usize::MAX);
    let from = text.char_indices().nth(skipped);
    let rest = from.and_then(|(from, _)| text.get(from..));
    let before = rest.and_then(|rest| rest.get(..rest.find(part)?));
    before.map_or_else(
        || count(0),
        |before| count(skipped + before.chars().count() + 1),
    )
}

/// `LPAD` and `RPAD`, which both cut from the right.
fn padded(function: Function, arguments: &[Datum]) -> Result<Datum, Failure> {
    let text = text_at(arguments, 0);
    let pad = arguments.get(2).map_or(" ", Datum::as_text);
    let width = cut(arguments, 1).unwrap_or(0);
    if text.is_empty() || pad.is_empty() || width <= 0 {
        return Ok(Datum::Null);
    }
    let width = usize::try_from(width).unwrap_or(usize::MAX);
    if width > FORMULA_TEXT_BYTES_MAX {
        return Err(Failure::TextTooLong);
    }
    let own: String = text.chars().take(width).collect();
    let missing = width - own.chars().count();
    let padding: String = pad.chars().cycle().take(missing).collect();
    short(if function == Function::LPad {
        padding + &own
    } else {
        own + &padding
    })
}

/// `HYPERLINK` and `IMAGE`.
fn tag(call: &Call, arguments: &[Datum]) -> Result<Datum, Failure> {
    let url = html::or_blank(text_at(arguments, 0));
    let label = html::or_blank(text_at(arguments, 1));
    if call.function == Function::Hyperlink {
        let target = match text_at(arguments, 2) {
            "" => "_blank",
            target => target,
        };
        let image = call.arguments.get(1).is_some_and(html::is_image);
        return short(if image {
            html::link(url, label, target)
        } else {
            html::link(url, &html::encoded(label), target)
        });
    }
    let pixels = |place| {
        let size = number(arguments, place).map(Number::plain);
        without_zero(&size.unwrap_or_else(|| "0".to_owned()))
    };
    if arguments.len() > 2 {
        let (height, width) = (pixels(2), pixels(3));
        return short(html::image(url, label, Some((&height, &width))));
    }
    short(html::image(url, label, None))
}

/// Functions that make another text of one.
fn changed(function: Function, text: &str, arguments: &[Datum]) -> String {
    match function {
        Function::Lower | Function::Upper => cased(function, text, text_at(arguments, 1)),
        Function::InitCap => capitalised(text),
        Function::Trim => text.trim_matches([' ', '\t']).to_owned(),
        Function::Reverse => text.chars().rev().collect(),
        Function::CaseSafeId => match RecordId::parse(text) {
            Ok(id) if text.len() == 15 => id.as_str().to_owned(),
            _ => text.to_owned(),
        },
        Function::Br => "<br>".to_owned(),
        Function::HtmlEncode => html::encoded(text),
        Function::JsEncode => html::script(text),
        Function::JsInHtmlEncode => html::script(&html::encoded(text)),
        Function::UrlEncode => html::address(text),
        Function::Chr => {
            let code = cut(arguments, 0).and_then(|code| u32::try_from(code).ok());
            let character = code.and_then(char::from_u32).filter(|c| *c != '\0');
            character.map(String::from).unwrap_or_default()
        }
        _ => text.to_owned(),
    }
}

/// Small or capital letters; in Turkish the letters i have their own.
fn cased(function: Function, text: &str, locale: &str) -> String {
    let turkish = locale.starts_with("tr");
    match (function, turkish) {
        (Function::Upper, true) => text.replace('i', "\u{130}").to_uppercase(),
        (Function::Upper, false) => text.to_uppercase(),
        (_, true) => {
            let text = text.replace('I', "\u{131}").replace('\u{130}', "i");
            text.to_lowercase()
        }
        (_, false) => text.to_lowercase(),
    }
}

/// The first letter of each word is a capital, all others are small.
fn capitalised(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut within = false;
    for c in text.chars() {
        if within {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        within = c.is_alphanumeric();
    }
    out
}

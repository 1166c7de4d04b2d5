//! Functions of numbers.

use super::{Evaluation, Mode, cut, number, text_at};
use crate::datum::Datum;
use crate::failure::Failure;
use crate::function::Function;
use crate::number::Number;

/// Diameters of the sphere. Source: `FunctionDistance` of `salesforce/formula-engine`.
const MILES: f64 = 7_917.522;
const KILOMETRES: f64 = 12_742.018;

impl Evaluation<'_> {
    /// A function of numbers; none if it is another.
    pub(super) fn math(
        &self,
        function: Function,
        arguments: &[Datum],
    ) -> Result<Option<Datum>, Failure> {
        match function {
            Function::Geolocation => return location(arguments).map(Some),
            Function::Distance => return apart(arguments).map(Some),
            Function::Pi => return double(std::f64::consts::PI, "PI").map(Some),
            // Of a currency that is not known.
            Function::CurrencyRate => return Ok(Some(Datum::Number(Number::whole(1)))),
            _ => {}
        }
        let Some(name) = name_of(function) else {
            return Ok(None);
        };
        let (Some(first), true) = (number(arguments, 0), all_there(arguments)) else {
            return Ok(Some(Datum::Null));
        };
        let digits = cut(arguments, 1).unwrap_or(0);
        let result = match function {
            Function::Abs => first.absolute(),
            Function::Ceiling => first.ceiling(),
            Function::Floor => first.floor(),
            Function::MCeiling => first.upper(),
            Function::MFloor => first.lower(),
            Function::Round => first.rounded(digits),
            Function::Trunc => first.truncated(digits),
            Function::Mod => self.remainder(first, arguments)?,
            Function::Max => extreme(arguments, Ord::max),
            Function::Min => extreme(arguments, Ord::min),
            _ => return real(function, name, arguments).map(Some),
        };
        Ok(Some(Datum::Number(result)))
    }

    fn remainder(&self, first: &Number, arguments: &[Datum]) -> Result<Number, Failure> {
        match number(arguments, 1) {
            Some(divisor) if divisor.is_zero() && self.mode == Mode::Read => Ok(first.clone()),
            Some(divisor) => first.remainder(divisor),
            None => Err(Failure::Operands),
        }
    }
}

const fn name_of(function: Function) -> Option<&'static str> {
    Some(match function {
        Function::Abs => "ABS",
        Function::Ceiling => "CEILING",
        Function::Floor => "FLOOR",
        Function::MCeiling => "MCEILING",
        Function::MFloor => "MFLOOR",
        Function::Round => "ROUND",
        Function::Trunc => "TRUNC",
        Function::Mod => "MOD",
        Function::Max => "MAX",
        Function::Min => "MIN",
        Function::Sqrt => "SQRT",
        Function::Exp => "EXP",
        Function::Ln => "LN",
        Function::Log => "LOG",
        Function::Sin => "SIN",
        Function::Cos => "COS",
        Function::Tan => "TAN",
        Function::Asin => "ASIN",
        Function::Acos => "ACOS",
        Function::Atan => "ATAN",
        Function::Atan2 => "ATAN2",
        _ => return None,
    })
}

fn all_there(arguments: &[Datum]) -> bool {
    arguments.iter().all(|argument| *argument != Datum::Null)
}

/// What is computed with doubles.
fn real(function: Function, name: &'static str, arguments: &[Datum]) -> Result<Datum, Failure> {
    let value = |place| number(arguments, place).map_or(f64::NAN, Number::as_double);
    let first = value(0);
    let result = match function {
        Function::Sqrt => first.sqrt(),
        Function::Exp => first.exp(),
        Function::Ln if first > 0.0 => first.ln(),
        Function::Log if first > 0.0 => first.log10(),
        Function::Sin => first.sin(),
        Function::Cos => first.cos(),
        Function::Tan => first.tan(),
        Function::Asin => first.asin(),
        Function::Acos => first.acos(),
        Function::Atan => first.atan(),
        Function::Atan2 => first.atan2(value(1)),
        _ => f64::NAN,
    };
    double(result, name)
}

fn double(value: f64, name: &'static str) -> Result<Datum, Failure> {
    let number = Number::of(value).ok_or(Failure::Domain(name))?;
    Ok(Datum::Number(number))
}

fn extreme(arguments: &[Datum], pick: fn(Number, Number) -> Number) -> Number {
    let numbers = arguments.iter().filter_map(|argument| match argument {
        Datum::Number(number) => Some(number.clone()),
        _ => None,
    });
    numbers.reduce(pick).unwrap_or_else(Number::zero)
}

/// A location of two numbers, both of which are there or missing.
fn location(arguments: &[Datum]) -> Result<Datum, Failure> {
    match (number(arguments, 0), number(arguments, 1)) {
        (None, None) => Ok(Datum::Null),
        (Some(latitude), Some(longitude)) => {
            let (latitude, longitude) = (latitude.as_double(), longitude.as_double());
            if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
                return Err(Failure::Domain("GEOLOCATION"));
            }
            Ok(Datum::Location(latitude, longitude))
        }
        _ => Err(Failure::Domain("GEOLOCATION")),
    }
}

/// How far two locations are apart, on a great circle.
fn apart(arguments: &[Datum]) -> Result<Datum, Failure> {
    let [Datum::Location(from, west), Datum::Location(to, east), _] = arguments else {
        return Ok(Datum::Null);
    };
    let diameter = if text_at(arguments, 2) == "km" {
        KILOMETRES
    } else {
        MILES
    };
    let half = |left: f64, right: f64| ((right - left).to_radians() / 2.0).sin().powi(2);
    let breadths = from.to_radians().cos() * to.to_radians().cos();
    let chord = breadths * half(*west, *east) + half(*from, *to);
    double(diameter * chord.sqrt().min(1.0).asin(), "DISTANCE")
}

//! Decimal numbers as formulas compute with them.
//!
//! Products and quotients have 39 significant digits, rounded half up; sums and differences are exact.
//! Source: `MathContext(39, HALF_UP)` in `salesforce/formula-engine`.

use std::num::NonZeroU64;
use std::str::FromStr;

use bigdecimal::num_bigint::BigInt;
use bigdecimal::{BigDecimal, RoundingMode, Signed, ToPrimitive, Zero};
use landfall_model::limits::FORMULA_NUMBER_DIGITS_MAX;

use crate::failure::Failure;

/// A decimal number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(BigDecimal);

/// Significant digits of products and quotients.
const DIGITS: u64 = 39;
/// Significant digits that a number has before it is rounded up or down to a whole one.
const DIGITS_OF_CEILING: u64 = 33;
/// Significant digits of a power.
const DIGITS_OF_POWER: u64 = 18;
impl Number {
    /// Zero.
    pub fn zero() -> Self {
        Self(BigDecimal::zero())
    }

    /// Digits, with a point or without, as a formula writes them.
    pub(crate) fn parse(digits: &str) -> Option<Self> {
        BigDecimal::from_str(digits).ok().map(Self)
    }

    /// The number that a text shows, such as `-1.5e3`; none if it shows none.
    ///
    /// Source: gold file `testISNUMBER` of `salesforce/formula-engine`.
    pub(crate) fn shown(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent),
            None => (unsigned, "0"),
        };
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = all_digits(whole)
            && all_digits(fraction)
            && !(whole.is_empty() && fraction.is_empty())
            && all_digits(digits)
            && (1..=4).contains(&digits.len());
        if !is_number {
            return None;
        }
        let scale = i64::try_from(fraction.len()).ok()? - exponent.parse::<i64>().ok()?;
        let digits = BigInt::from_str(&format!("0{whole}{fraction}")).ok()?;
        let number = BigDecimal::new(digits, scale);
        let negative = text.starts_with('-');
        Self(if negative { -number } else { number }).bounded().ok()
    }

    /// The decimal that is written like the double.
    pub fn of(double: f64) -> Option<Self> {
        if double.is_finite() {
            Self::parse(&double.to_string())
        } else {
            None
        }
    }

    /// A whole number.
    pub fn whole(number: i64) -> Self {
        Self(BigDecimal::from(number))
    }

    /// The nearest double.
    pub fn as_double(&self) -> f64 {
        self.0.to_f64().unwrap_or(f64::NAN)
    }

    /// Without its fraction; none beyond 64 bits.
    pub(crate) fn cut(&self) -> Option<i64> {
        self.0.with_scale_round(0, RoundingMode::Down).to_i64()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    pub(crate) fn is_positive(&self) -> bool {
        self.0.is_positive()
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.0.is_integer()
    }

    pub(crate) fn plus(&self, other: &Self) -> Result<Self, Failure> {
        Self(&self.0 + &other.0).bounded()
    }

    pub(crate) fn minus(&self, other: &Self) -> Result<Self, Failure> {
        Self(&self.0 - &other.0).bounded()
    }

    pub(crate) fn times(&self, other: &Self) -> Result<Self, Failure> {
        Self(to_digits(&(&self.0 * &other.0), DIGITS)).bounded()
    }

    pub(crate) fn divided_by(&self, other: &Self) -> Result<Self, Failure> {
        if other.is_zero() {
            return Err(Failure::DivisionByZero);
        }
        Self(to_digits(&(&self.0 / &other.0), DIGITS)).bounded()
    }

    /// What a division leaves, with the sign of this number.
    pub(crate) fn remainder(&self, other: &Self) -> Result<Self, Failure> {
        if other.is_zero() {
            return Err(Failure::DivisionByZero);
        }
        Self(to_digits(&(&self.0 % &other.0), DIGITS)).bounded()
    }

    /// A power, as long as it is below `10^magnitude`.
    ///
    /// Source: `OperatorPower` of `salesforce/formula-engine`: the exponent is whole, 0^0 is 1, what is below 1e-39 is 0.
    pub(crate) fn power(&self, exponent: &Self, magnitude: f64) -> Result<Self, Failure> {
        if !exponent.is_whole() {
            return Err(Failure::PowerOutOfRange);
        }
        let times = exponent.cut().ok_or(Failure::PowerOutOfRange)?;
        if times == 0 {
            return Ok(Self::whole(1));
        }
        if self.is_zero() {
            return if times > 0 {
                Ok(Self::zero())
            } else {
                Err(Failure::DivisionByZero)
            };
        }
        let size = self.as_double().abs().log10() * exponent.as_double();
        if size > magnitude {
            return Err(Failure::PowerOutOfRange);
        }
        if size < -39.0 {
            return Ok(Self::zero());
        }
        let mut power = BigDecimal::from(1);
        let mut square = self.0.clone();
        let mut left = times.unsigned_abs();
        while left > 0 {
            if left % 2 == 1 {
                power = to_digits(&(power * &square), 2 * DIGITS);
            }
            left /= 2;
            if left > 0 {
                square = to_digits(&(&square * &square), 2 * DIGITS);
            }
        }
        if times < 0 {
            power = BigDecimal::from(1) / power;
        }
        Self(to_digits(&power, DIGITS_OF_POWER)).bounded()
    }

    /// Rounded half away from zero at a number of digits after the point, or before it where that is negative.
    #[must_use]
    pub fn rounded(&self, scale: i64) -> Self {
        self.at_scale(scale, RoundingMode::HalfUp)
    }

    /// Cut towards zero.
    pub(crate) fn truncated(&self, scale: i64) -> Self {
        self.at_scale(scale, RoundingMode::Down)
    }

    fn at_scale(&self, scale: i64, mode: RoundingMode) -> Self {
        let scale = scale.clamp(-FORMULA_NUMBER_DIGITS_MAX, FORMULA_NUMBER_DIGITS_MAX);
        if self.0.fractional_digit_count() <= scale {
            return self.clone();
        }
        Self(self.0.with_scale_round(scale, mode))
    }

    /// A whole number, away from zero.
    pub(crate) fn ceiling(&self) -> Self {
        self.to_whole(RoundingMode::Up)
    }

    /// A whole number, towards zero.
    pub(crate) fn floor(&self) -> Self {
        self.to_whole(RoundingMode::Down)
    }

    /// A whole number, up the number line.
    pub(crate) fn upper(&self) -> Self {
        self.to_whole(RoundingMode::Ceiling)
    }

    /// A whole number, down the number line.
    pub(crate) fn lower(&self) -> Self {
        self.to_whole(RoundingMode::Floor)
    }

    fn to_whole(&self, mode: RoundingMode) -> Self {
        Self(to_digits(&self.0, DIGITS_OF_CEILING).with_scale_round(0, mode))
    }

    pub(crate) fn absolute(&self) -> Self {
        Self(self.0.abs())
    }

    pub(crate) fn negated(&self) -> Self {
        Self(-&self.0)
    }

    /// A hundredth: what the number of a percent field is in a formula.
    pub(crate) fn hundredth(&self) -> Self {
        Self(&self.0 * BigDecimal::new(1.into(), 2))
    }

    /// A hundredfold: what a formula's number is in a percent field.
    pub(crate) fn hundredfold(&self) -> Self {
        Self(&self.0 * BigDecimal::from(100))
    }

    /// Digits without an exponent and without zeros at the end.
    pub(crate) fn plain(&self) -> String {
        let text = self.0.normalized().to_plain_string();
        if text == "-0" { "0".to_owned() } else { text }
    }

    fn bounded(self) -> Result<Self, Failure> {
        if self.0.is_zero() {
            return Ok(Self::zero());
        }
        let (_, scale) = self.0.as_bigint_and_scale();
        let digits = i64::try_from(self.0.digits()).unwrap_or(i64::MAX);
        let magnitude = digits.saturating_sub(scale);
        if magnitude > FORMULA_NUMBER_DIGITS_MAX {
            return Err(Failure::NumberOutOfRange);
        }
        if magnitude < -FORMULA_NUMBER_DIGITS_MAX {
            return Ok(Self::zero());
        }
        Ok(self)
    }
}

fn to_digits(number: &BigDecimal, digits: u64) -> BigDecimal {
    let digits = NonZeroU64::new(digits).unwrap_or(NonZeroU64::MIN);
    if number.digits() <= digits.get() {
        return number.clone();
    }
    number.with_precision_round(digits, RoundingMode::HalfUp)
}

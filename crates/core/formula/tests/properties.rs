//! Formulas against a second evaluator, which shares nothing with the first: fractions of whole numbers, and texts as lists of
//! characters.

mod support;

use landfall_formula::Target;
use landfall_model::{FieldType, Value};
use proptest::prelude::*;
use support::read;

/// A fraction in lowest terms; the divisor is positive.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fraction(i128, i128);

impl Fraction {
    fn of(above: i128, below: i128) -> Option<Self> {
        let (above, below) = if below < 0 {
            (-above, -below)
        } else {
            (above, below)
        };
        let (mut left, mut right) = (above.abs(), below);
        while right != 0 {
            (left, right) = (right, left % right);
        }
        (below != 0).then(|| Self(above / left.max(1), below / left.max(1)))
    }

    /// Rounded half away from zero, in thousandths.
    fn thousandths(self) -> Option<i128> {
        let scaled = self.0.checked_mul(1_000)?;
        let half = (2 * scaled.abs() + self.1) / (2 * self.1);
        Some(if scaled < 0 { -half } else { half })
    }
}

/// An expression, its text and its value by fractions.
#[derive(Clone, Debug)]
enum Sum {
    Number(i32),
    Field(bool),
    Negated(Box<Self>),
    Joined(char, Box<Self>, Box<Self>),
    If(Box<Self>, Box<Self>, Box<Self>),
}

impl Sum {
    fn spelled(&self) -> String {
        match self {
            Self::Number(number) => format!("({number})"),
            Self::Field(first) => if *first { "N1__c" } else { "N2__c" }.to_owned(),
            Self::Negated(inner) => format!("-({})", inner.spelled()),
            Self::Joined(operator, left, right) => {
                format!("({} {operator} {})", left.spelled(), right.spelled())
            }
            Self::If(subject, yes, no) => {
                let (subject, yes, no) = (subject.spelled(), yes.spelled(), no.spelled());
                format!("IF({subject} > 0, {yes}, {no})")
            }
        }
    }

    /// None: nothing, or beyond what this evaluator computes.
    fn value(&self, fields: (i32, i32)) -> Result<Option<Fraction>, ()> {
        Ok(match self {
            Self::Number(number) => Fraction::of(i128::from(*number), 1),
            Self::Field(first) => {
                let field = if *first { fields.0 } else { fields.1 };
                Fraction::of(i128::from(field), 4)
            }
            Self::Negated(inner) => inner.value(fields)?.map(|Fraction(a, b)| Fraction(-a, b)),
            Self::If(subject, yes, no) => match subject.value(fields)? {
                Some(Fraction(above, _)) if above > 0 => yes.value(fields)?,
                Some(_) => no.value(fields)?,
                None => None,
            },
            Self::Joined(operator, left, right) => {
                let (left, right) = (left.value(fields)?, right.value(fields)?);
                let (Some(Fraction(a, b)), Some(Fraction(c, d))) = (left, right) else {
                    return Ok(None);
                };
                let times = |left: i128, right: i128| left.checked_mul(right).ok_or(());
                match operator {
                    '+' => {
                        let above = times(a, d)?.checked_add(times(c, b)?).ok_or(())?;
                        Fraction::of(above, times(b, d)?)
                    }
                    '*' => Fraction::of(times(a, c)?, times(b, d)?),
                    _ => Fraction::of(times(a, d)?, times(b, c)?),
                }
            }
        })
    }
}

fn sums() -> impl Strategy<Value = Sum> {
    let leaf = prop_oneof![
        (-50_i32..50).prop_map(Sum::Number),
        any::<bool>().prop_map(Sum::Field),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|inner| Sum::Negated(Box::new(inner))),
            (
                prop::sample::select(vec!['+', '*', '/']),
                inner.clone(),
                inner.clone()
            )
                .prop_map(|(operator, left, right)| Sum::Joined(
                    operator,
                    left.into(),
                    right.into()
                )),
            (inner.clone(), inner.clone(), inner).prop_map(|(subject, yes, no)| Sum::If(
                subject.into(),
                yes.into(),
                no.into()
            )),
        ]
    })
}

/// A text function applied to a text, as the formula and as what is expected.
fn text_case() -> impl Strategy<Value = (String, String)> {
    let word = "[a-cX ]{0,8}";
    (word, word, "[a-cX]{0,3}", -2_i64..10, -2_i64..10).prop_map(|(left, right, part, from, count)| {
        let joined: Vec<char> = left.chars().chain(right.chars()).collect();
        let whole = format!("(\"{left}\" & \"{right}\")");
        let taken: String = joined
            .iter()
            .skip(usize::try_from(from.max(1) - 1).expect("positive"))
            .take(usize::try_from(count.max(0)).expect("positive"))
            .collect();
        let searched: Vec<char> = part.chars().collect();
        let mut replaced = String::new();
        let mut rest = joined.as_slice();
        while let Some((next, after)) = rest.split_first() {
            match rest.strip_prefix(searched.as_slice()) {
                Some(after) if !searched.is_empty() => {
                    replaced.push('-');
                    rest = after;
                }
                _ => {
                    replaced.push(*next);
                    rest = after;
                }
            }
        }
        let formula = format!(
            "\"[\" & MID({whole}, {from}, {count}) & \"|\" & SUBSTITUTE({whole}, \"{part}\", \"-\") & \"|\" & \
             TEXT(LEN({whole})) & \"]\""
        );
        (formula, format!("[{taken}|{replaced}|{}]", joined.len()))
    })
}

proptest! {
    #[test]
    fn numbers_are_those_of_fractions(sum in sums(), left in -400_i32..400, right in -400_i32..400) {
        let Ok(expected) = sum.value((left, right)) else {
            return Ok(());
        };
        let row = [
            ("N1__c", Value::Double(f64::from(left) / 4.0)),
            ("N2__c", Value::Double(f64::from(right) / 4.0)),
        ];
        let target = Target { field_type: FieldType::Double, scale: 3 };
        let found = read(&sum.spelled(), target, false, &row);
        let Some(fraction) = expected else {
            prop_assert_eq!(found, Value::Null, "{}", sum.spelled());
            return Ok(());
        };
        // Halves of what is rounded depend on the 39th digit of a fraction without end.
        let halved = fraction.0.checked_mul(2_000).is_some_and(|doubled| doubled % fraction.1 == 0);
        if let (Some(thousandths), false) = (fraction.thousandths(), halved) {
            let Value::Double(number) = found else {
                return Err(TestCaseError::fail(format!("{}: {found:?}", sum.spelled())));
            };
            #[expect(clippy::cast_precision_loss, reason = "a double is what is compared with")]
            let expected = thousandths as f64 / 1_000.0;
            prop_assert!((number - expected).abs() <= expected.abs() * 1e-12, "{}: {number} {expected}", sum.spelled());
        }
    }

    #[test]
    fn texts_are_those_of_lists((formula, expected) in text_case()) {
        let target = Target { field_type: FieldType::String, scale: 0 };
        prop_assert_eq!(read(&formula, target, false, &[]), Value::Text(expected));
    }

    #[test]
    fn any_text_is_a_formula_or_an_error(text in "[-()a-zA-Z0-9$.,+*/&|<>=!^\"' \\\\_:#]{0,60}") {
        let catalog = support::catalog(Vec::new());
        let _ = support::compiled(&catalog, &text, landfall_formula::Usage::Rule, FieldType::Boolean, true);
    }
}

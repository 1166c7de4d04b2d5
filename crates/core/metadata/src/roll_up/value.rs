//! What a roll-up comes to.

use std::cmp::Ordering;

use landfall_model::Value;

use super::RollUpOperation;
use super::filter::{number, order};

impl RollUpOperation {
    /// What it makes of the values of the details that count, one each: details without a value add nothing to a sum, and
    /// are neither smallest nor greatest. Without any, there are none, their sum is zero, and there is no smallest.
    ///
    /// Source: "Roll-Up Summary Field" (Salesforce Help).
    pub fn of<'v>(self, values: impl Iterator<Item = &'v Value>) -> Value {
        match self {
            Self::Count => Value::Double(values.map(|_| 1.0).sum::<f64>() + 0.0),
            // Adding zero takes the sign from a zero.
            Self::Sum => Value::Double(values.filter_map(number).sum::<f64>() + 0.0),
            Self::Min => outermost(values, Ordering::Less),
            Self::Max => outermost(values, Ordering::Greater),
        }
    }
}

fn outermost<'v>(values: impl Iterator<Item = &'v Value>, side: Ordering) -> Value {
    let outermost = values
        .filter(|value| !value.is_null())
        .reduce(|kept, value| {
            if order(value, kept) == Some(side) {
                value
            } else {
                kept
            }
        });
    match outermost {
        // A summary of whole numbers is a number as all others are.
        Some(whole @ Value::Integer(_)) => number(whole).map_or(Value::Null, Value::Double),
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::Date;

    use super::*;

    #[test]
    fn details_without_a_value_count_and_are_nothing_else() {
        let values = [
            Value::Null,
            Value::Double(2.5),
            Value::Double(-1.0),
            Value::Null,
        ];
        let of = |operation: RollUpOperation| operation.of(values.iter());
        assert_eq!(of(RollUpOperation::Count), Value::Double(4.0));
        assert_eq!(of(RollUpOperation::Sum), Value::Double(1.5));
        assert_eq!(of(RollUpOperation::Min), Value::Double(-1.0));
        assert_eq!(of(RollUpOperation::Max), Value::Double(2.5));
    }

    #[test]
    fn of_nothing_there_is_zero_and_no_extreme() {
        for values in [&[][..], &[Value::Null]] {
            let of = |operation: RollUpOperation| operation.of(values.iter());
            let count = if values.is_empty() { 0.0 } else { 1.0 };
            assert_eq!(of(RollUpOperation::Count), Value::Double(count));
            assert_eq!(of(RollUpOperation::Sum), Value::Double(0.0));
            assert_eq!(of(RollUpOperation::Min), Value::Null);
            assert_eq!(of(RollUpOperation::Max), Value::Null);
        }
        let Value::Double(zero) = RollUpOperation::Sum.of([].iter()) else {
            panic!("a number");
        };
        assert!(zero.is_sign_positive());
    }

    #[test]
    fn days_have_extremes_and_whole_numbers_become_numbers() {
        let days = [3, 1, 2].map(|day| Value::Date(Date::from_days(day)));
        assert_eq!(
            RollUpOperation::Max.of(days.iter()),
            Value::Date(Date::from_days(3))
        );
        let whole = [Value::Integer(7), Value::Integer(5)];
        assert_eq!(RollUpOperation::Min.of(whole.iter()), Value::Double(5.0));
        assert_eq!(RollUpOperation::Sum.of(whole.iter()), Value::Double(12.0));
    }
}

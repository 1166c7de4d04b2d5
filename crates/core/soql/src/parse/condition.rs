//! Conditions: one kind of `AND` and `OR` on each level.

use super::{Dialect, Parser};
use crate::ast::{Comparison, Condition, Operator, Value};
use crate::error::Error;
use crate::token::Kind;

impl Parser<'_> {
    pub(crate) fn condition(&mut self) -> Result<Condition, Error> {
        let negated = self.is_filter() && self.is_word(0, "NOT");
        let first = self.term()?;
        let joins = [("AND", "OR"), ("OR", "AND")];
        for (word, other) in joins {
            if !self.is_word(0, word) {
                continue;
            }
            if negated {
                return Err(self.unexpected(self.peek()));
            }
            let mut terms = vec![first];
            while self.takes(&[word]) {
                if self.is_filter() && self.is_word(0, "NOT") {
                    return Err(self.unexpected(self.peek()));
                }
                terms.push(self.term()?);
            }
            if self.is_word(0, other) {
                return Err(self.unexpected(self.peek()));
            }
            return Ok(if word == "AND" {
                Condition::All(terms)
            } else {
                Condition::Any(terms)
            });
        }
        Ok(first)
    }

    fn is_filter(&self) -> bool {
        self.dialect == Dialect::Filter
    }

    fn term(&mut self) -> Result<Condition, Error> {
        if self.takes(&["NOT"]) {
            let term = self.deeper(Self::term)?;
            return Ok(Condition::Not(Box::new(term)));
        }
        if self.takes_sign("(") {
            let condition = self.deeper(Self::condition)?;
            self.sign(")")?;
            return Ok(condition);
        }
        self.comparison().map(Condition::Compare)
    }

    fn comparison(&mut self) -> Result<Comparison, Error> {
        let operand = self.operand()?;
        let operator = self.operator()?;
        let value = match operator {
            Operator::In | Operator::NotIn => self.values()?,
            Operator::Includes | Operator::Excludes => {
                self.sign("(")?;
                let texts = self.listed(Self::literal)?;
                self.sign(")")?;
                Value::List(texts)
            }
            Operator::Like => Value::Literal(self.pattern()?),
            _ => Value::Literal(self.literal()?),
        };
        Ok(Comparison {
            operand,
            operator,
            value,
        })
    }

    fn values(&mut self) -> Result<Value, Error> {
        self.sign("(")?;
        let value = if self.is_word(0, "SELECT") && !self.is_filter() {
            Value::Query(Box::new(self.deeper(Self::query)?))
        } else {
            Value::List(self.listed(Self::literal)?)
        };
        self.sign(")")?;
        Ok(value)
    }

    fn operator(&mut self) -> Result<Operator, Error> {
        let token = self.peek();
        if token.kind == Kind::Sign {
            let operator = match token.text {
                "=" => Operator::Equal,
                "!=" | "<>" => Operator::NotEqual,
                "<" => Operator::Less,
                "<=" => Operator::LessOrEqual,
                ">" => Operator::Greater,
                ">=" => Operator::GreaterOrEqual,
                _ => return Err(self.unexpected(token)),
            };
            self.take();
            return Ok(operator);
        }
        for (words, operator) in [
            (["LIKE"].as_slice(), Operator::Like),
            (&["IN"], Operator::In),
            (&["NOT", "IN"], Operator::NotIn),
            (&["INCLUDES"], Operator::Includes),
            (&["EXCLUDES"], Operator::Excludes),
        ] {
            let of_lists = matches!(operator, Operator::Includes | Operator::Excludes);
            if !(of_lists && self.is_filter()) && self.takes(words) {
                return Ok(operator);
            }
        }
        Err(self.unexpected(token))
    }
}

//! Logic: what is chosen, what is blank, what is compared.

use super::{Evaluation, Mode, equal, text_at};
use crate::datum::Datum;
use crate::failure::Failure;
use crate::function::Function;
use crate::kind::Kind;
use crate::node::{Call, Node};
use crate::number::Number;
use crate::regex;

impl Evaluation<'_> {
    /// `AND` and `OR`, from left to right until one decides.
    pub(super) fn all(&self, arguments: &[Node], decisive: bool) -> Result<Datum, Failure> {
        let mut unknown = false;
        for argument in arguments {
            let value = match argument {
                // The literal NULL is false.
                Node::Constant(Datum::Null) => Datum::Boolean(false),
                argument => self.node(argument)?,
            };
            match self.truth(&value) {
                Some(truth) if truth == decisive => return Ok(Datum::Boolean(decisive)),
                Some(_) => {}
                None => unknown = true,
            }
        }
        Ok(if unknown {
            Datum::Null
        } else {
            Datum::Boolean(!decisive)
        })
    }

    /// `IF`: only the branch that is taken is evaluated.
    pub(super) fn choose(&self, arguments: &[Node]) -> Result<Datum, Failure> {
        let [condition, yes, no] = arguments else {
            return Err(Failure::Operands);
        };
        if self.node(condition)? == Datum::Boolean(true) {
            self.node(yes)
        } else {
            self.node(no)
        }
    }

    /// A function of logic; none if it is another.
    pub(super) fn choice(
        &self,
        call: &Call,
        arguments: &[Datum],
    ) -> Result<Option<Datum>, Failure> {
        let first = arguments.first().unwrap_or(&Datum::Null);
        Ok(Some(match call.function {
            Function::Not => match first {
                Datum::Boolean(truth) => Datum::Boolean(!truth),
                _ => Datum::Null,
            },
            Function::Case => case(call.kind, arguments),
            Function::IsBlank => Datum::Boolean(first.is_blank()),
            // For texts never true. Source: gold file `testISNULLWithText`.
            Function::IsNull => Datum::Boolean(call.kind != Kind::Text && first.is_blank()),
            Function::BlankValue => or_else(first.is_blank(), arguments),
            Function::NullValue => or_else(call.kind != Kind::Text && first.is_blank(), arguments),
            Function::IsNumber => self.is_number(first),
            Function::IsChanged => Datum::Boolean(!self.is_new && is_changed(arguments)),
            Function::IsPickVal => Datum::Boolean(first.as_text() == text_at(arguments, 1)),
            Function::Includes => {
                let wanted = text_at(arguments, 1);
                let mut listed = first.as_text().split(';');
                Datum::Boolean(!first.is_blank() && listed.any(|value| value == wanted))
            }
            Function::PicklistCount => {
                let values = first.as_text().split(';');
                let count = values.filter(|value| !value.is_empty()).count();
                Datum::Number(Number::whole(i64::try_from(count).unwrap_or(i64::MAX)))
            }
            Function::Regex => Datum::Boolean(matches(call, arguments)?),
            _ => return Ok(None),
        }))
    }

    fn is_number(&self, text: &Datum) -> Datum {
        if text.is_blank() && self.mode == Mode::Read {
            return Datum::Null;
        }
        Datum::Boolean(Number::shown(text.as_text()).is_some())
    }
}

/// `REGEX`, whose blank text is an empty one.
fn matches(call: &Call, arguments: &[Datum]) -> Result<bool, Failure> {
    let text = text_at(arguments, 0);
    if let Some(pattern) = &call.regex {
        return regex::matches(pattern, text);
    }
    let pattern = regex::compile(text_at(arguments, 1));
    regex::matches(&pattern.map_err(|_| Failure::Domain("REGEX"))?, text)
}

fn case(kind: Kind, arguments: &[Datum]) -> Datum {
    let [subject, pairs @ .., last] = arguments else {
        return Datum::Null;
    };
    let chosen = pairs.chunks_exact(2).find_map(|pair| match pair {
        [value, result] if equal(kind, subject, value) == Datum::Boolean(true) => Some(result),
        _ => None,
    });
    chosen.unwrap_or(last).clone()
}

fn or_else(otherwise: bool, arguments: &[Datum]) -> Datum {
    let found = arguments.get(usize::from(otherwise));
    found.cloned().unwrap_or(Datum::Null)
}

/// Whether a value differs from the stored one; line ends are all the same.
fn is_changed(arguments: &[Datum]) -> bool {
    let [current, prior] = arguments else {
        return false;
    };
    match (current, prior) {
        (Datum::Text(current), Datum::Text(prior)) => {
            current != prior && current.replace("\r\n", "\n") != prior.replace("\r\n", "\n")
        }
        (current, prior) => current != prior,
    }
}

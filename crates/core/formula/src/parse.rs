//! From words and signs to a syntax tree.
//!
//! `^` binds looser than `*` and `/`, as measured in an org: `2*2^3` is 64.
//! Source: the grammar of `salesforce/formula-engine`; known issue a1p3A000001YpUV.

use landfall_model::limits::{FORMULA_CHARACTERS_MAX, FORMULA_DEPTH_MAX};

use crate::ast::{Expr, Operator, Sign};
use crate::error::Error;
use crate::number::Number;
use crate::token::{Token, tokens};

/// A formula as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) root: Expr,
    /// Whether `^` stands next to `*` or `/` without parentheses, which few readers rank as the service does.
    pub(crate) mixes_power: bool,
}

/// Parses a formula.
///
/// # Errors
/// [`Error::TooLong`] and the errors of syntax.
pub(crate) fn parse(text: &str) -> Result<Parsed, Error> {
    let characters = text.chars().count();
    if characters > FORMULA_CHARACTERS_MAX {
        return Err(Error::TooLong { characters });
    }
    let tokens = tokens(text)?;
    let mut parser = Parser {
        rest: &tokens,
        depth: 0,
        mixes_power: false,
    };
    let root = parser.level(0)?;
    match parser.rest.first() {
        None => Ok(Parsed {
            root,
            mixes_power: parser.mixes_power,
        }),
        Some(Token::Sign(",")) => Err(Error::SyntaxExtra(",".to_owned())),
        Some(found) => Err(Error::SyntaxFound(found.spelled())),
    }
}

/// Operators with two operands, loosest first.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("=", Operator::Equal),
        ("==", Operator::Equal),
        ("<>", Operator::NotEqual),
        ("!=", Operator::NotEqual),
    ],
    &[
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
    ],
    &[
        ("+", Operator::Plus),
        ("-", Operator::Minus),
        ("&", Operator::Concatenate),
    ],
    &[("^", Operator::Power)],
    &[("*", Operator::Times), ("/", Operator::Divide)],
];

struct Parser<'t> {
    rest: &'t [Token],
    depth: usize,
    mixes_power: bool,
}

impl<'t> Parser<'t> {
    /// What operators of a level and of tighter ones join.
    fn level(&mut self, level: usize) -> Result<Expr, Error> {
        let start = self.rest;
        let mut left = self.unary()?;
        while let Some((rank, operator)) = self.operator(level) {
            let before = self.since(start);
            self.skip();
            let middle = self.rest;
            let right = self.level(rank + 1)?;
            if operator == Operator::Power {
                self.mixes_power |= is_product(before) || is_product(self.since(middle));
            }
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    /// The tokens that were taken since an earlier state.
    fn since(&self, start: &'t [Token]) -> &'t [Token] {
        let taken = start.len() - self.rest.len();
        start.get(..taken).unwrap_or_default()
    }

    /// The next token as an operator of a level or of a tighter one.
    fn operator(&self, level: usize) -> Option<(usize, Operator)> {
        let Some(Token::Sign(sign)) = self.rest.first() else {
            return None;
        };
        let levels = LEVELS.iter().enumerate().skip(level);
        levels.into_iter().find_map(|(rank, operators)| {
            let found = operators.iter().find(|(known, _)| known == sign);
            found.map(|(_, operator)| (rank, *operator))
        })
    }

    fn unary(&mut self) -> Result<Expr, Error> {
        let sign = match self.rest.first() {
            Some(Token::Sign("-")) => Sign::Minus,
            Some(Token::Sign("+")) => Sign::Plus,
            Some(Token::Sign("!")) => Sign::Not,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NOT") => Sign::Not,
            _ => return self.primary(),
        };
        self.skip();
        self.deeper()?;
        let operand = self.unary()?;
        self.depth -= 1;
        Ok(Expr::Unary(sign, Box::new(operand)))
    }

    fn primary(&mut self) -> Result<Expr, Error> {
        let Some((token, rest)) = self.rest.split_first() else {
            return Err(Error::Syntax);
        };
        self.rest = rest;
        match token {
            Token::Number(digits) => Number::parse(digits).map(Expr::Number).ok_or(Error::Syntax),
            Token::Text(text) => Ok(Expr::Text(text.clone())),
            Token::Sign("(") => {
                self.deeper()?;
                let inner = self.level(0)?;
                self.depth -= 1;
                self.close()?;
                Ok(inner)
            }
            Token::Sign(_) => Err(Error::SyntaxFound(token.spelled())),
            Token::Word(word) => self.word(word),
        }
    }

    fn word(&mut self, word: &str) -> Result<Expr, Error> {
        if self.rest.first() == Some(&Token::Sign("(")) {
            self.skip();
            self.deeper()?;
            let arguments = self.arguments()?;
            self.depth -= 1;
            return Ok(Expr::Call(word.to_owned(), arguments));
        }
        Ok(match word.to_ascii_uppercase().as_str() {
            "TRUE" => Expr::Boolean(true),
            "FALSE" => Expr::Boolean(false),
            "NULL" => Expr::Null,
            _ => Expr::Name(word.to_owned()),
        })
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, Error> {
        let mut arguments = Vec::new();
        if self.rest.first() == Some(&Token::Sign(")")) {
            self.skip();
            return Ok(arguments);
        }
        loop {
            if let Some(Token::Sign(sign @ ("," | ")"))) = self.rest.first() {
                // What is left out between two commas.
                let extra = if *sign == ")" { "," } else { sign };
                return Err(Error::SyntaxExtra(extra.to_owned()));
            }
            arguments.push(self.level(0)?);
            if self.rest.first() != Some(&Token::Sign(",")) {
                self.close()?;
                return Ok(arguments);
            }
            self.skip();
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.rest.first() {
            Some(Token::Sign(")")) => {
                self.skip();
                Ok(())
            }
            None => Err(Error::SyntaxMissing(")".to_owned())),
            Some(found) => Err(Error::SyntaxFound(found.spelled())),
        }
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// Enters a level of nesting; the stack holds so many.
    const fn deeper(&mut self) -> Result<(), Error> {
        self.depth += 1;
        if self.depth > FORMULA_DEPTH_MAX {
            return Err(Error::TooDeep);
        }
        Ok(())
    }
}

/// Whether there is a `*` or `/` outside all parentheses.
fn is_product(tokens: &[Token]) -> bool {
    let mut depth = 0_usize;
    tokens.iter().any(|token| {
        match token {
            Token::Sign("(") => depth += 1,
            Token::Sign(")") => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(token, Token::Sign("*" | "/"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &str, right: &str) {
        let root = |text| parse(text).expect("a formula").root;
        assert_eq!(root(left), root(right), "{left}");
    }

    #[test]
    fn operators_have_the_measured_rank() {
        same("2*2^3", "(2*2)^3");
        same("2^5*7+11", "(2^(5*7))+11");
        same("2^3^2", "(2^3)^2");
        same("-2^2", "(-2)^2");
        same("a || b && c = d < e + f", "a || (b && (c = (d < (e + f))))");
        same("NOT a && b", "(NOT(a)) && b");
        same("a - b - c & d", "((a - b) - c) & d");
    }

    #[test]
    fn a_power_next_to_a_product_is_noticed() {
        let mixes = |text| parse(text).expect("a formula").mixes_power;
        assert!(mixes("2*3^2"));
        assert!(mixes("2^3*2"));
        assert!(mixes("a + 2 * 5 ^ 7"));
        assert!(!mixes("2*(3^2)"));
        assert!(!mixes("(2*3)^2"));
        assert!(!mixes("2^(3*2)"));
        assert!(!mixes("2^3+2*4"));
    }

    #[test]
    fn what_is_no_formula_has_the_documented_texts() {
        let text = |formula: &str| parse(formula).expect_err(formula).to_string();
        assert_eq!(text("IF(a, b"), "Syntax error.  Missing ')'");
        assert_eq!(text("a b"), "Syntax error.  Found 'b'");
        assert_eq!(text("IF(a,,b)"), "Syntax error. Extra ','");
        assert_eq!(text("IF(a,b,)"), "Syntax error. Extra ','");
        assert_eq!(text("a +"), "Syntax error");
        assert_eq!(text(""), "Syntax error");
        assert_eq!(
            text(&"a".repeat(4_012)),
            "Formula is too long (4,012 characters).  Maximum length is 3,900 characters"
        );
    }

    #[test]
    fn nesting_is_bounded_and_length_alone_is_not() {
        let nested = |levels: usize| "(".repeat(levels) + "1" + &")".repeat(levels);
        assert!(parse(&nested(FORMULA_DEPTH_MAX)).is_ok());
        assert_eq!(parse(&nested(1_000)), Err(Error::TooDeep));
        assert_eq!(parse(&("!".repeat(1_000) + "a")), Err(Error::TooDeep));
        assert!(parse(&vec!["1"; 1_900].join("+")).is_ok());
    }
}

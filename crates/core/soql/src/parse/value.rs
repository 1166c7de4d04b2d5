//! Values: the position of a token decides which kind of value it is.

use super::Parser;
use crate::ast::{Literal, LiteralKind};
use crate::error::{Error, ErrorKind};
use crate::keyword::DateWord;
use crate::moment::{self, Moment};
use crate::text;
use crate::token::{Kind, Token};

impl Parser<'_> {
    pub(super) fn literal(&mut self) -> Result<Literal, Error> {
        let token = self.peek();
        let kind = match token.kind {
            Kind::Text => LiteralKind::Text(self.decoded(token, text::unescaped)?),
            Kind::Number => LiteralKind::Number(token.text.to_owned()),
            Kind::Moment => match moment::read(token.text) {
                Some(Moment::Date(days)) => LiteralKind::Date(days),
                Some(Moment::DateTime(millis)) => LiteralKind::DateTime(millis),
                Some(Moment::Time(millis)) => LiteralKind::Time(millis),
                None => {
                    let kind = ErrorKind::MomentInvalid(token.text.to_owned());
                    return Err(self.error(kind, token.at));
                }
            },
            Kind::Word => return self.value_word(token),
            Kind::Sign | Kind::End => return Err(self.unexpected(token)),
        };
        self.take();
        Ok(Literal { kind, at: token.at })
    }

    fn value_word(&mut self, token: Token<'_>) -> Result<Literal, Error> {
        let word = token.text;
        let kind = if word.eq_ignore_ascii_case("NULL") {
            LiteralKind::Null
        } else if word.eq_ignore_ascii_case("TRUE") {
            LiteralKind::Boolean(true)
        } else if word.eq_ignore_ascii_case("FALSE") {
            LiteralKind::Boolean(false)
        } else if let Some(date) = DateWord::read(word) {
            return self.date_word(token, date);
        } else {
            return self.currency(token);
        };
        self.take();
        Ok(Literal { kind, at: token.at })
    }

    fn date_word(&mut self, token: Token<'_>, word: DateWord) -> Result<Literal, Error> {
        self.take();
        let keyword = match word {
            DateWord::Whole(keyword) => keyword,
            DateWord::Counted(unit, counted) => {
                if !self.takes_sign(":") {
                    return Err(self.unexpected(self.peek()));
                }
                let count = self.peek();
                let units = count.text.parse().ok();
                match units {
                    Some(units) if count.kind == Kind::Number => {
                        self.take();
                        counted.with(unit, units)
                    }
                    _ => return Err(self.unexpected(count)),
                }
            }
        };
        let kind = LiteralKind::Keyword(keyword);
        Ok(Literal { kind, at: token.at })
    }

    /// Three letters and then digits; the fraction is a token of its own.
    fn currency(&mut self, token: Token<'_>) -> Result<Literal, Error> {
        let parts = token.text.split_at_checked(3).filter(|(code, digits)| {
            code.bytes().all(|byte| byte.is_ascii_alphabetic())
                && !digits.is_empty()
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        let Some((code, digits)) = parts else {
            return Err(self.unexpected(token));
        };
        self.take();
        let mut number = digits.to_owned();
        let fraction = self.peek();
        let adjacent = fraction.at == token.at + token.text.len();
        if adjacent && fraction.kind == Kind::Number && fraction.text.starts_with('.') {
            number.push_str(self.take().text);
        }
        Ok(Literal {
            kind: LiteralKind::Currency(code.to_ascii_uppercase(), number),
            at: token.at,
        })
    }

    /// What `LIKE` compares with: a text, or something that the caller refuses for its type.
    pub(super) fn pattern(&mut self) -> Result<Literal, Error> {
        let token = self.peek();
        if token.kind != Kind::Text {
            return self.literal();
        }
        self.take();
        let kind = LiteralKind::Pattern(self.decoded(token, text::pattern)?);
        Ok(Literal { kind, at: token.at })
    }

    pub(super) fn text(&mut self) -> Result<String, Error> {
        let token = self.peek();
        if token.kind != Kind::Text {
            return Err(self.unexpected(token));
        }
        self.take();
        self.decoded(token, text::unescaped)
    }

    fn decoded(
        &self,
        token: Token<'_>,
        decode: fn(&str) -> Result<String, String>,
    ) -> Result<String, Error> {
        decode(token.text)
            .map_err(|sequence| self.error(ErrorKind::EscapeInvalid(sequence), token.at))
    }
}

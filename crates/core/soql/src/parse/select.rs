//! The `SELECT` list: fields, functions, queries of children, `TYPEOF`.

use super::{Dialect, Parser};
use crate::ast::{Argument, Call, FieldSet, Operand, Path, Select, TypeOf, TypeOfCase};
use crate::error::Error;
use crate::keyword::{Aggregate, Function};
use crate::token::Kind;

impl Parser<'_> {
    pub(crate) fn select(&mut self) -> Result<Select, Error> {
        if self.takes_sign("(") {
            let query = self.deeper(Self::query)?;
            self.sign(")")?;
            return Ok(Select::Children(Box::new(query)));
        }
        if self.is_word(0, "FIELDS") && self.is_sign(1, "(") {
            return self.fields();
        }
        if self.is_word(0, "TYPEOF") && self.ahead(1).kind == Kind::Word && !self.is_word(1, "FROM")
        {
            self.take();
            return self.type_of().map(Select::TypeOf);
        }
        let operand = self.operand()?;
        let alias = self.alias();
        Ok(Select::Operand { operand, alias })
    }

    fn fields(&mut self) -> Result<Select, Error> {
        let at = self.take().at;
        self.sign("(")?;
        let set = if self.takes(&["ALL"]) {
            FieldSet::All
        } else if self.takes(&["CUSTOM"]) {
            FieldSet::Custom
        } else {
            self.word("STANDARD")?;
            FieldSet::Standard
        };
        self.sign(")")?;
        Ok(Select::Fields { set, at })
    }

    fn type_of(&mut self) -> Result<TypeOf, Error> {
        let path = self.path()?;
        let mut cases = Vec::new();
        while self.takes(&["WHEN"]) {
            let object = self.name()?;
            self.word("THEN")?;
            let fields = self.paths()?;
            cases.push(TypeOfCase { object, fields });
        }
        if cases.is_empty() {
            return Err(self.unexpected(self.peek()));
        }
        let otherwise = if self.takes(&["ELSE"]) {
            Some(self.paths()?)
        } else {
            None
        };
        self.word("END")?;
        Ok(TypeOf {
            path,
            cases,
            otherwise,
        })
    }

    fn paths(&mut self) -> Result<Vec<Path>, Error> {
        self.listed(Self::path)
    }

    /// A field or a function.
    pub(super) fn operand(&mut self) -> Result<Operand, Error> {
        if self.is_sign(1, "(")
            && let Some(function) = self.function()
        {
            return self
                .deeper(|parser| parser.call(function))
                .map(Operand::Call);
        }
        self.path().map(Operand::Path)
    }

    fn function(&self) -> Option<Function> {
        match self.dialect {
            Dialect::Query => Function::read(self.peek().text),
            Dialect::Filter => self.is_word(0, "LOWER").then_some(Function::Lower),
        }
    }

    fn call(&mut self, function: Function) -> Result<Call, Error> {
        let at = self.take().at;
        self.sign("(")?;
        let bare = function == Function::Aggregate(Aggregate::Count) && self.is_sign(0, ")");
        let arguments = match function {
            _ if bare => Vec::new(),
            Function::Distance => {
                let from = self.location()?;
                self.sign(",")?;
                let to = self.location()?;
                self.sign(",")?;
                vec![from, to, Argument::Text(self.text()?)]
            }
            Function::Format | Function::Date(_) => vec![Argument::Operand(self.operand()?)],
            Function::Aggregate(_)
            | Function::Grouping
            | Function::Lower
            | Function::ToLabel
            | Function::ConvertCurrency
            | Function::ConvertTimezone => vec![Argument::Operand(Operand::Path(self.path()?))],
        };
        self.sign(")")?;
        Ok(Call {
            function,
            arguments,
            at,
        })
    }

    fn location(&mut self) -> Result<Argument, Error> {
        if self.is_word(0, "GEOLOCATION") && self.is_sign(1, "(") {
            self.take();
            self.sign("(")?;
            let latitude = self.degrees()?;
            self.sign(",")?;
            let longitude = self.degrees()?;
            self.sign(")")?;
            return Ok(Argument::Point {
                latitude,
                longitude,
            });
        }
        self.path().map(Operand::Path).map(Argument::Operand)
    }

    fn degrees(&mut self) -> Result<f64, Error> {
        let token = self.peek();
        match token.text.parse::<f64>() {
            Ok(degrees) if token.kind == Kind::Number && degrees.is_finite() => {
                self.take();
                Ok(degrees)
            }
            _ => Err(self.unexpected(token)),
        }
    }
}

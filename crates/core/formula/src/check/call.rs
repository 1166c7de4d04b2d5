//! Calls of functions.

use std::sync::Arc;

use landfall_model::{EntityDefinition, FieldDefinition, FieldType};

use super::name::blank;
use super::{Checker, Scope, Typed, Usage, constant, expect, kind_of};
use crate::ast::Expr;
use crate::datum::Datum;
use crate::error::Error;
use crate::function::{self, Function, Signature};
use crate::kind::{Kind, Kinds};
use crate::node::{Call, Lookup, Node};
use crate::regex;

/// What can be blank.
const BLANKABLE: Kinds = Kinds::of(&[
    Kind::Text,
    Kind::Number,
    Kind::Date,
    Kind::DateTime,
    Kind::Time,
    Kind::Location,
    Kind::Picklist,
    Kind::MultiPicklist,
    Kind::Compound,
]);
/// What `TEXT` takes.
const SPELLED: Kinds = Kinds::of(&[
    Kind::Number,
    Kind::Date,
    Kind::DateTime,
    Kind::Time,
    Kind::Picklist,
]);
const PICKLIST: Kinds = Kinds::of(&[Kind::Picklist]);
const CHOICES: Kinds = Kinds::ORDERED;
const DURATIONS: Kinds = Kinds::of(&[Kind::Number, Kind::DateTime, Kind::Time, Kind::Boolean]);

impl Checker<'_> {
    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &[Expr],
        scope: Scope<'_>,
    ) -> Result<Typed, Error> {
        let Some(signature) = function::find(name) else {
            let name = name.to_ascii_uppercase();
            return Err(if function::is_elsewhere(&name) {
                Error::FunctionMisplaced(name)
            } else {
                Error::FunctionUnknown(name)
            });
        };
        self.check_place(signature)?;
        check_count(signature, arguments.len())?;
        match signature.function {
            Function::IsChanged | Function::PriorValue => {
                return self.compared(signature, arguments, scope);
            }
            Function::VLookup => return self.lookup(signature, arguments, scope),
            Function::GetSessionId => return Ok(constant(Datum::Null, Kind::Text)),
            Function::Hyperlink | Function::Image | Function::Br => self.html = true,
            _ => {}
        }
        let mut typed = Vec::with_capacity(arguments.len());
        for argument in arguments {
            typed.push(self.expr(argument, scope)?);
        }
        let (kind, result) = argument_types(signature, &typed, arguments)?;
        let function = signature.function;
        self.reads_clock |= matches!(
            function,
            Function::Today | Function::Now | Function::TimeNow
        );
        let reads_zone = match function {
            Function::Today => true,
            // The day of a point in time is that of the user's time zone.
            Function::DateValue => typed.iter().any(|typed| typed.kind == Kind::DateTime),
            _ => false,
        };
        if reads_zone {
            self.surroundings.add_zone();
        }
        let pattern = match (signature.function, arguments) {
            (Function::Regex, [_, Expr::Text(pattern)]) => Some(Arc::new(regex::compile(pattern)?)),
            _ => None,
        };
        let call = Call {
            function: signature.function,
            kind,
            arguments: typed.into_iter().map(|typed| typed.node).collect(),
            regex: pattern,
        };
        Ok(Typed::new(Node::Call(call), result))
    }

    fn check_place(&self, signature: &Signature) -> Result<(), Error> {
        let of_rules = matches!(
            signature.function,
            Function::IsNew
                | Function::IsClone
                | Function::IsChanged
                | Function::PriorValue
                | Function::Regex
                | Function::VLookup
        );
        // A formula field that a rule refers to is a formula field all the same.
        let in_field = self.subject.usage != Usage::Rule || !self.within.is_empty();
        if of_rules && in_field {
            return Err(Error::FunctionMisplaced(signature.name.to_owned()));
        }
        Ok(())
    }

    /// `ISCHANGED` and `PRIORVALUE`.
    fn compared(
        &mut self,
        signature: &Signature,
        arguments: &[Expr],
        scope: Scope<'_>,
    ) -> Result<Typed, Error> {
        let [Expr::Name(path)] = arguments else {
            return Err(Error::ArgumentType(signature.name.to_owned()));
        };
        let prior = self.own_field(signature.name, path, scope, true)?;
        if signature.function == Function::PriorValue {
            return Ok(Typed {
                prior: true,
                ..prior
            });
        }
        let current = self.own_field(signature.name, path, scope, false)?;
        let call = Call {
            function: Function::IsChanged,
            kind: current.kind,
            arguments: vec![current.node, prior.node],
            regex: None,
        };
        Ok(Typed::new(Node::Call(call), Kind::Boolean))
    }
}

impl<'c> Checker<'c> {
    /// `VLOOKUP`: a value of the record of a custom object that has a name.
    fn lookup(
        &mut self,
        signature: &Signature,
        arguments: &[Expr],
        scope: Scope<'_>,
    ) -> Result<Typed, Error> {
        let refused = || Error::ArgumentType(signature.name.to_owned());
        let [Expr::Name(returned), Expr::Name(searched), key] = arguments else {
            return Err(refused());
        };
        let (entity, field) = self.field_of_object(returned)?;
        let (other, name) = self.field_of_object(searched)?;
        let is_name = entity.custom && other.name == entity.name && name.name_field;
        let kind = kind_of(field.field_type).filter(|_| can_be_returned(field));
        let (true, Some(kind)) = (is_name, kind) else {
            return Err(refused());
        };
        let key = self.expr(key, scope)?;
        expect(&key, Kinds::TEXT, || {
            format!("function '{}()'", signature.name)
        })?;
        let node = Node::LookedUp {
            at: self.lookups.len(),
            blank: blank(kind, false),
        };
        self.lookups.push(Lookup {
            entity: entity.name.clone(),
            field: field.name.clone(),
            field_type: field.field_type,
            key: key.node,
        });
        Ok(Typed::new(node, kind))
    }

    /// `$ObjectType.Zip_Code__c.Fields.City__c`.
    fn field_of_object(
        &self,
        path: &str,
    ) -> Result<(&'c EntityDefinition, &'c FieldDefinition), Error> {
        let found = || {
            let mut parts = path.split('.');
            let [global, object, fields, field] =
                [(); 4].map(|()| parts.next().unwrap_or_default());
            let is_path = global.eq_ignore_ascii_case("$ObjectType")
                && fields.eq_ignore_ascii_case("Fields")
                && parts.next().is_none();
            let entity = self.subject.catalog.entity(object).filter(|_| is_path)?;
            let (_, field) = entity.field(field)?;
            Some((&**entity, field))
        };
        found().ok_or_else(|| Error::FieldUnknown(path.to_owned()))
    }
}

/// Whether `VLOOKUP` can return values of a field.
///
/// Source: "`VLOOKUP`" (Salesforce Help), which lists the types.
fn can_be_returned(field: &FieldDefinition) -> bool {
    let is_listed = matches!(
        field.field_type,
        FieldType::String
            | FieldType::Reference
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::DateTime
            | FieldType::Email
            | FieldType::Double
            | FieldType::Percent
            | FieldType::Phone
            | FieldType::Picklist
            | FieldType::TextArea
            | FieldType::Url
    );
    is_listed && field.stored() && !field.is_long_text()
}

fn check_count(signature: &Signature, received: usize) -> Result<(), Error> {
    let (least, most) = signature.count;
    let expected = if received < least {
        least
    } else if received > most {
        most
    } else if signature.function == Function::Case && received % 2 == 1 {
        received + 1
    } else {
        return Ok(());
    };
    Err(Error::ParameterCount {
        function: signature.name.to_owned(),
        expected,
        received,
    })
}

/// The type of what a function compares or chooses from, and of its result.
fn argument_types(
    signature: &Signature,
    typed: &[Typed],
    arguments: &[Expr],
) -> Result<(Kind, Kind), Error> {
    let name = signature.name;
    let each = |takes: Kinds| {
        typed
            .iter()
            .try_for_each(|typed| expect(typed, takes, || format!("function '{name}()'")))
    };
    match signature.function {
        Function::If => {
            let [condition, yes, no] = typed else {
                return Err(Error::ArgumentType(name.to_owned()));
            };
            expect(condition, Kinds::BOOLEAN, || format!("function '{name}()'"))?;
            let kind = one_kind([yes, no], name)?;
            Ok((kind, kind))
        }
        Function::Case => case(typed, arguments),
        Function::IsBlank | Function::IsNull => {
            each(BLANKABLE)?;
            Ok((
                typed.first().map_or(Kind::Null, |typed| typed.kind),
                Kind::Boolean,
            ))
        }
        Function::BlankValue | Function::NullValue | Function::IfError => {
            each(Kinds::VALUES)?;
            let kind = one_kind(typed, name)?;
            Ok((kind, kind))
        }
        Function::Text => {
            each(SPELLED)?;
            Ok((
                typed.first().map_or(Kind::Null, |typed| typed.kind),
                Kind::Text,
            ))
        }
        Function::IsPickVal => {
            listed(typed, PICKLIST, name, arguments)?;
            Ok((Kind::Picklist, Kind::Boolean))
        }
        Function::Includes => {
            listed(typed, Kinds::MULTI_PICKLIST, name, arguments)?;
            Ok((Kind::MultiPicklist, Kind::Boolean))
        }
        Function::FormatDuration => {
            each(DURATIONS)?;
            let kind = typed.first().map_or(Kind::Null, |typed| typed.kind);
            Ok((kind, Kind::Text))
        }
        _ => {
            declared(signature, typed)?;
            check_literals(signature.function, typed, arguments)?;
            let kind = typed.first().map_or(Kind::Null, |typed| typed.kind);
            let result = match signature.function {
                Function::AddMonths => kind,
                _ => signature.result,
            };
            Ok((kind, result))
        }
    }
}

/// Arguments that have to be of the types that the function is declared with.
fn declared(signature: &Signature, typed: &[Typed]) -> Result<(), Error> {
    for (place, typed) in typed.iter().enumerate() {
        let parameters = signature.parameters;
        let takes = parameters.get(place).or_else(|| parameters.last());
        if let Some(takes) = takes {
            expect(typed, *takes, || format!("function '{}()'", signature.name))?;
        }
    }
    Ok(())
}

fn check_literals(function: Function, typed: &[Typed], arguments: &[Expr]) -> Result<(), Error> {
    match (function, arguments) {
        (Function::Distance, [_, _, unit]) => match unit {
            Expr::Text(unit) if matches!(unit.as_str(), "mi" | "km") => Ok(()),
            unit => Err(Error::ParameterValue {
                function: "DISTANCE",
                expected: "'mi'/'km'",
                received: match unit {
                    Expr::Text(text) | Expr::Name(text) => text.clone(),
                    _ => typed
                        .last()
                        .map_or("", |typed| typed.kind.name())
                        .to_owned(),
                },
            }),
        },
        (Function::Hyperlink, [Expr::Text(url), ..])
            if url
                .trim_start()
                .get(..11)
                .is_some_and(|start| start.eq_ignore_ascii_case("javascript:")) =>
        {
            Err(Error::Javascript)
        }
        _ => Ok(()),
    }
}

/// A list field and one literal of it.
fn listed(
    typed: &[Typed],
    takes: Kinds,
    name: &'static str,
    arguments: &[Expr],
) -> Result<(), Error> {
    let field = typed.first().map_or(Kind::Null, |field| field.kind);
    if !takes.take(field) {
        return Err(Error::ParameterType {
            subject: format!("function '{name}()'"),
            expected: takes.spelled(),
            received: field.name(),
        });
    }
    match arguments {
        [_, Expr::Text(_)] => Ok(()),
        _ => Err(Error::LiteralMissing(name)),
    }
}

/// The one type of values to choose from; `NULL` takes that of the others.
fn one_kind<'t>(typed: impl IntoIterator<Item = &'t Typed>, name: &str) -> Result<Kind, Error> {
    let mut kind = Kind::Null;
    for typed in typed {
        expect(typed, Kinds::VALUES, || format!("function '{name}()'"))?;
        match (kind, typed.kind) {
            (_, Kind::Null) => {}
            (Kind::Null, found) => kind = found,
            (known, found) if known == found => {}
            (known, found) => {
                return Err(Error::ParameterType {
                    subject: format!("function '{name}()'"),
                    expected: known.name().to_owned(),
                    received: found.name(),
                });
            }
        }
    }
    Ok(kind)
}

/// `CASE`: an expression, values with results, and a last result.
fn case(typed: &[Typed], arguments: &[Expr]) -> Result<(Kind, Kind), Error> {
    let wrong = || Error::ArgumentType("CASE".to_owned());
    let (subject, pairs) = typed.split_first().ok_or_else(wrong)?;
    let (last, pairs) = pairs.split_last().ok_or_else(wrong)?;
    let values: Vec<&Typed> = pairs.iter().step_by(2).collect();
    let results = pairs.iter().skip(1).step_by(2).chain([last]);
    let mut compared = subject.kind;
    if subject.kind == Kind::Picklist {
        let literals = arguments.iter().skip(1).step_by(2);
        let literals = literals.take(values.len());
        if !literals
            .into_iter()
            .all(|value| matches!(value, Expr::Text(_) | Expr::Null))
        {
            return Err(wrong());
        }
    } else {
        for value in [subject].into_iter().chain(values) {
            value.plain()?;
            match (compared, value.kind) {
                (_, Kind::Null) => {}
                (Kind::Null, found) => compared = found,
                (known, found) if known == found => {}
                _ => return Err(wrong()),
            }
        }
        if !CHOICES.take(compared) {
            return Err(wrong());
        }
    }
    let mut result = Kind::Null;
    for typed in results {
        typed.plain()?;
        match (result, typed.kind) {
            (_, Kind::Null) => {}
            (Kind::Null, found) => result = found,
            (known, found) if known == found => {}
            _ => return Err(wrong()),
        }
    }
    if !CHOICES.take(result) {
        return Err(wrong());
    }
    let compared = if compared == Kind::Picklist {
        Kind::Text
    } else {
        compared
    };
    Ok((compared, result))
}

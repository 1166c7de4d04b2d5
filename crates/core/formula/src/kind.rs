//! Types of values within a formula.

/// The type of a part of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text, ids too.
    Text,
    /// A number, an amount, a fraction for a percentage.
    Number,
    /// A calendar day.
    Date,
    /// A point in time.
    DateTime,
    /// A time of day.
    Time,
    /// A truth value.
    Boolean,
    /// A latitude and a longitude.
    Location,
    /// A field with one value of a list.
    Picklist,
    /// A field with values of a list.
    MultiPicklist,
    /// An address or a person's name.
    Compound,
    /// The literal `NULL`, and what is made of nothing else.
    Null,
}

impl Kind {
    /// The type as error texts name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Number => "Number",
            Self::Date => "Date",
            Self::DateTime => "DateTime",
            Self::Time => "Time",
            Self::Boolean => "Boolean",
            Self::Location => "Location",
            Self::Picklist => "Picklist",
            Self::MultiPicklist => "MultiPicklist",
            Self::Compound => "Object",
            Self::Null => "Null",
        }
    }

    const fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

/// Some types: those that an argument may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kinds(u16);

impl Kinds {
    pub(crate) const TEXT: Self = Self::of(&[Kind::Text]);
    pub(crate) const NUMBER: Self = Self::of(&[Kind::Number]);
    pub(crate) const BOOLEAN: Self = Self::of(&[Kind::Boolean]);
    pub(crate) const DATE: Self = Self::of(&[Kind::Date]);
    pub(crate) const TIME: Self = Self::of(&[Kind::Time]);
    pub(crate) const MULTI_PICKLIST: Self = Self::of(&[Kind::MultiPicklist]);
    pub(crate) const LOCATION: Self = Self::of(&[Kind::Location]);
    pub(crate) const DATES: Self = Self::of(&[Kind::Date, Kind::DateTime]);
    pub(crate) const MOMENTS: Self = Self::of(&[Kind::Date, Kind::DateTime, Kind::Time]);
    /// What is compared by its order.
    pub(crate) const ORDERED: Self = Self::of(&[
        Kind::Text,
        Kind::Number,
        Kind::Date,
        Kind::DateTime,
        Kind::Time,
    ]);
    /// What is a value by itself.
    pub(crate) const VALUES: Self = Self::of(&[
        Kind::Text,
        Kind::Number,
        Kind::Date,
        Kind::DateTime,
        Kind::Time,
        Kind::Boolean,
    ]);

    pub(crate) const fn of(kinds: &[Kind]) -> Self {
        let mut bits = 0;
        let mut rest = kinds;
        while let [kind, others @ ..] = rest {
            bits |= kind.bit();
            rest = others;
        }
        Self(bits)
    }

    /// Whether a value of a type, or the literal `NULL`, is one of these.
    pub(crate) const fn take(self, kind: Kind) -> bool {
        matches!(kind, Kind::Null) || self.0 & kind.bit() != 0
    }

    /// The types as error texts list them.
    pub(crate) fn spelled(self) -> String {
        let all = [
            Kind::Text,
            Kind::Number,
            Kind::Date,
            Kind::DateTime,
            Kind::Time,
            Kind::Boolean,
            Kind::Location,
            Kind::Picklist,
            Kind::MultiPicklist,
            Kind::Compound,
        ];
        let names = all.into_iter().filter(|kind| self.0 & kind.bit() != 0);
        names.map(Kind::name).collect::<Vec<_>>().join(", ")
    }
}

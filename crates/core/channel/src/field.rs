//! What a filter is about: fields of the header, and fields of the record.

use landfall_model::{ChangeEventHeader, Value};

/// A field that a filter names, spelled as the event's schema spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Of `ChangeEventHeader`.
    Header(HeaderField),
    /// Of the record.
    Record(RecordField),
}

/// A field of the record, or a component of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordField {
    /// The field of the event.
    pub top: String,
    /// The component, such as `City` of `BillingAddress`.
    pub component: Option<String>,
}

/// A field of the header that is no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    /// `entityName`
    EntityName,
    /// `changeType`
    ChangeType,
    /// `changeOrigin`
    ChangeOrigin,
    /// `transactionKey`
    TransactionKey,
    /// `sequenceNumber`
    SequenceNumber,
    /// `commitTimestamp`
    CommitTimestamp,
    /// `commitNumber`
    CommitNumber,
    /// `commitUser`
    CommitUser,
}

impl HeaderField {
    const ALL: [(&'static str, Self); 8] = [
        ("entityName", Self::EntityName),
        ("changeType", Self::ChangeType),
        ("changeOrigin", Self::ChangeOrigin),
        ("transactionKey", Self::TransactionKey),
        ("sequenceNumber", Self::SequenceNumber),
        ("commitTimestamp", Self::CommitTimestamp),
        ("commitNumber", Self::CommitNumber),
        ("commitUser", Self::CommitUser),
    ];

    /// The field of this name in any letter case.
    pub(crate) fn find(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, field)| field)
    }

    /// Its value in a header.
    pub(crate) fn of(self, header: &ChangeEventHeader) -> Value {
        match self {
            Self::EntityName => Value::Text(header.entity_name.to_string()),
            Self::ChangeType => Value::Text(header.change_type.as_str().to_owned()),
            Self::ChangeOrigin => Value::Text(header.change_origin.clone()),
            Self::TransactionKey => Value::Text(header.transaction_key.to_string()),
            Self::SequenceNumber => Value::Integer(header.sequence_number.into()),
            Self::CommitTimestamp => Value::DateTime(header.commit_timestamp),
            Self::CommitNumber => {
                Value::Integer(i64::try_from(header.commit_number.get()).unwrap_or(i64::MAX))
            }
            Self::CommitUser => Value::Text(header.commit_user.to_string()),
        }
    }
}

//! Saving records.

use landfall_model::fault::{BrokenRule, FaultField, Operation, PersonAccountReason};
use landfall_model::{
    ConversionFault, FieldFault, FieldName, MergeFault, QueryFault, RecordFault, Timestamp,
    ValueFault,
};

use super::{entity, explain, fault, field, id, word};

fn labelled() -> FaultField {
    FaultField {
        name: FieldName::new("FIELD"),
        label: word("LABEL"),
    }
}

explain! { fields: FieldFault in "Fields of a record" as fault;
    "The object has no such field, or the user may not see it; the answer is the same."
    do "Check the API name: custom fields end in `__c`. A field is visible to a user by a profile or permission set." {
        Unknown { field: word("FIELD"), entity: entity() },
    }
    "The id of the record is in the body, where it is in the path, or in an event, which has none."
    do "Leave the field out of the body." {
        IdInBody, IdInEvent, ExternalIdInBody { field: field() },
    }
    "The field cannot be written: it is a formula, a system field, an auto number, or read-only for the user."
    do "Leave it out, or give the user Edit on the field." {
        ReadOnly { fields: vec![field()] },
    }
    "A business account has no fields of a person, and the name of a person account is that of the person. A change of the record type from one kind to the other is alone in its request."
    do "Send `LastName` and `FirstName` with a record type of person accounts, `Name` with another one." {
        OfOtherKind { entity: entity(), fields: vec![field()] },
    }
    "The record lacks a field that the object requires."
    do "Send the fields that the text lists." {
        Required { fields: vec![field()] },
    }
}

explain! { value: ValueFault in "Values" as fault;
    "The value is not of the field's type."
    do "Send numbers and booleans without quotes, dates as `2026-01-31`, times as `2026-01-31T09:00:00Z`." {
        Unreadable {
            expected: "double",
            token: "VALUE_STRING",
            value: word("VALUE"),
            line: 1,
            column: 1,
        },
        TypeWrong { field: labelled(), value: word("VALUE") },
    }
    "The text is longer than the field."
    do "Shorten it, or let SOAP cut it by the header `AllowFieldTruncationHeader`; the describe has the length." {
        TextTooLong { field: labelled(), value: word("VALUE"), max: 40 },
    }
    "The file is longer than what its object takes."
    do "Send a shorter one: a version of a file takes the most, a document the least." {
        FileTooLarge { field: field(), max: 5_242_880 },
    }
    "The picklist is restricted and does not have the value, or the record type does not."
    do "Send the API name of an active value; `describe` lists them." {
        PicklistValueUnknown { field: labelled(), value: word("VALUE") },
    }
    "The text is not an e-mail address."
    do "Correct it." {
        EmailInvalid { field: labelled(), value: word("VALUE") },
    }
    "The text is not an id, or is the id of a record of another object than the field refers to."
    do "Send 15 or 18 characters of a record of the right object: its first three characters are those of the object." {
        IdMalformed { field: labelled(), value: word("VALUE") },
        IdTypeWrong { field: labelled(), value: word("VALUE") },
    }
    "The record type does not exist, is of another object, or is not visible to the user."
    do "Use a record type that `describe` lists as available." {
        RecordTypeRefused { field: labelled(), value: id() },
    }
    "The number or the date is outside of what the field holds."
    do "Send a value within the digits of the field; dates are from 1700 to 4000." {
        NumberOutOfRange { field: labelled(), value: word("VALUE") },
        MomentOutOfRange { field: labelled(), point: Timestamp::from_millis(0) },
    }
    "The product has no price in the standard price book."
    do "Create a `PricebookEntry` in the price book with `IsStandard` first." {
        StandardPriceMissing { field: labelled() },
    }
    "A rule of the field refuses the value: the text has the reason."
    do "Correct the value." {
        Refused { field: labelled(), reason: word("REASON") },
    }
    "The field is unique, and another record has the value."
    do "Upsert by the external id instead of creating the record, or change the value." {
        Duplicate { field: field(), record: id() },
    }
    "The field refers to a record that does not exist, is deleted, or that the user may not see."
    do "Create the other record first, or correct the id or the external id." {
        ReferenceUnknown { field: field() },
        ForeignKeyUnknown { key: word("KEY"), field: field(), entity: entity() },
    }
    "The query of a PushTopic is not one that a PushTopic can have."
    do "Correct the query; the text is that of the query's own error." {
        QueryInvalid {
            field: field(),
            cause: QueryFault::Malformed { reason: word("REASON") },
        },
    }
}

explain! { record: RecordFault in "Records" as fault;
    "A validation rule refuses the record: the text is the rule's own."
    do "Correct the values. Rules are part of the org: `landfall dev --project .` evaluates those of a project." {
        RulesBroken {
            broken: vec![BrokenRule {
                message: word("MESSAGE OF THE RULE"),
                field: Some(field()),
            }],
        },
    }
    "A lookup refers to a record that the filter of the lookup leaves out: the text is the filter's own."
    do "Refer to a record that meets the filter, or make the filter optional (`isOptional`)." {
        FilterBroken {
            field: FieldName::new("FIELD"),
            message: word("MESSAGE OF THE FILTER"),
        },
    }
    "The record is given to a queue that does not serve its object, or to a public group, which owns nothing."
    do "Add the object to the queue (`queueSobject` of its file, or a `QueueSobject`), or name another owner." {
        NotServedByQueue,
    }
    "There is no record with this id that the user can see."
    do "Check the id and the org. A record may have been deleted meanwhile." {
        NotFound, Unknown,
    }
    "The record is in the recycle bin."
    do "Undelete it (SOAP `undelete`, or `landfall record undelete ID`), or treat it as deleted." {
        Deleted,
    }
    "The record is not in the recycle bin, so it cannot be undeleted or removed from it."
    do "Check the id; a record that is purged cannot be restored." {
        NotDeleted, BinEntryMissing,
    }
    "The path of an upsert names a field that is not an external id of the object."
    do "Mark the field as an external id, or use one that is." {
        ExternalIdFieldUnknown { field: word("FIELD") },
    }
    "Several records have this external id."
    do "Make the field unique, and correct the records that the text or the answer lists." {
        ExternalIdAmbiguous { records: vec![id()] },
    }
    "Records of this object cannot be created, updated, deleted, undeleted or merged over the API."
    do "Look at `createable`, `updateable`, `deletable` and `undeletable` of its describe." {
        OperationRefused { operation: Operation::Create, label: word("LABEL") },
        OperationRefused { operation: Operation::Update, label: word("LABEL") },
        OperationRefused { operation: Operation::Delete, label: word("LABEL") },
        OperationRefused { operation: Operation::Undelete, label: word("LABEL") },
        OperationRefused { operation: Operation::Merge, label: word("LABEL") },
    }
    "Other records refer to the record and keep it from being deleted, or deleting it would delete too many."
    do "Delete or change those records first." {
        DeleteRestricted { label: word("LABEL"), child: word("RECORDS") }, DeleteTooLarge,
    }
    "The record itself was fine: another record of the same request failed, and `allOrNone` undid all of them."
    do "Correct the records that have another error." {
        RolledBack { record: None },
    }
    "The org has as many records of this kind as it may have, such as PushTopics."
    do "Delete others." {
        LimitExceeded { label: word("LABEL"), max: 50 },
    }
    "A person account and its contact are one: they are deleted and merged together, and no other contact belongs to the account."
    do "Delete or merge the account; put other contacts into a business account." {
        PersonAccount { reason: PersonAccountReason::OwnContact },
        PersonAccount { reason: PersonAccountReason::Contacts },
        PersonAccount { reason: PersonAccountReason::OtherContact },
        PersonAccount { reason: PersonAccountReason::Merge },
    }
    "The user may not do this with the object."
    do "Give the user the permission on the object by a profile or permission set." {
        AccessDenied,
    }
}

explain! { merge: MergeFault in "Merging records" as fault;
    "A merge has no record to merge, too many, the same one twice, or would make a record its own parent."
    do "Merge one or two records of the same object into a third." {
        VictimsInvalid { most: 2 }, VictimRepeated, Cyclical,
    }
}

explain! { conversion: ConversionFault in "Converting leads" as fault;
    "The lead is converted already."
    do "Use the account, contact and opportunity that it became." {
        Converted,
    }
    "`convertedStatus` is not the status of a converted lead."
    do "Send the label of a lead status with `IsConverted`." {
        StatusInvalid { status: word("STATUS") },
    }
    "The ids and options of the conversion contradict each other, or one is missing."
    do "Send what the text names, or leave it out." {
        AccountMissing, AccountOfContact, OpportunityUnwanted, OpportunityTwice, ContactMissing,
    }
    "The owner of the new records is not a user."
    do "Send `ownerId` of a user: a queue cannot own them." {
        OwnerInvalid,
    }
    "The call has more leads than one converts."
    do "Convert 100 leads in a call." {
        LeadsTooMany { most: 100 },
    }
}

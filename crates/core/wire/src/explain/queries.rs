//! Queries and searches.

use landfall_model::{QueryFault, QueryRefusal};

use super::{Subject, explain, fault, word};

fn refused(refusal: QueryRefusal) -> Subject {
    let place = String::new();
    fault(QueryFault::Refused { place, refusal })
}

explain! { query: QueryFault in "Queries" as fault;
    "The statement is not SOQL or SOSL: the text has what was expected, and where."
    do "Correct the statement. Texts are in single quotes, and are escaped by a backslash." {
        Malformed { reason: word("REASON") }, SearchMalformed { reason: word("REASON") },
    }
    "There is no such object, or the user may not read it; the answer is the same."
    do "Check the name: custom objects end in `__c`. Give the user Read on the object." {
        ObjectUnknown { name: word("OBJECT") },
        Refused {
            place: String::new(),
            refusal: QueryRefusal::ObjectUnknown { name: word("OBJECT") },
        },
    }
}

explain! { refusal: QueryRefusal in "Queries" as refused;
    "There is no such object, field or relationship, or the user may not read it. Row and column are in the text."
    do "Check the name: custom fields end in `__c`, custom relationships in `__r`. Give the user Read on it." {
        ObjectUnknown { name: word("OBJECT") },
        FieldUnknown { field: word("FIELD"), entity: word("OBJECT") },
        ParentUnknown { name: word("NAME") },
        ChildrenUnknown { name: word("NAME") },
    }
    "The object exists, and cannot be queried or searched."
    do "Look at `queryable` and `searchable` of its describe." {
        ObjectNotQueryable { name: word("OBJECT") }, ObjectNotSearchable { name: word("OBJECT") },
    }
    "A condition compares the field with a value of another type, or by an operator that its type does not have."
    do "Write texts, ids and picklist values in quotes, everything else without." {
        ValueMistyped { field: word("FIELD"), expected: "TYPE", quoted: true },
        ValueMistyped { field: word("FIELD"), expected: "TYPE", quoted: false },
        OperatorInvalid { kind: "TYPE" },
        IdInvalid { value: word("VALUE") },
    }
    "The field cannot be used there: long text areas, for example, are not in conditions, orders and groups."
    do "Look at `filterable`, `groupable`, `sortable` and `aggregatable` of the field's describe." {
        NotFilterable { field: word("FIELD") },
        NotGroupable { field: word("FIELD") },
        NotSortable { field: word("FIELD") },
        NotAggregatable { field: word("FIELD"), function: "FUNCTION" },
    }
    "The columns do not fit together: a field or an alias is there twice, or a query with groups has a field that is neither grouped nor aggregated."
    do "Correct the columns." {
        FieldDuplicate { field: word("FIELD") },
        AliasDuplicate { alias: word("ALIAS") },
        GroupedAndAggregated { field: word("FIELD") },
        NeitherGroupedNorAggregated { field: word("FIELD") },
    }
    "FIELDS() needs a LIMIT of at most 200, and at least one field."
    do "Add `LIMIT 200`, or list the fields." {
        FieldsUnbounded, FieldsEmpty,
    }
    "A semi-join (`Id IN (SELECT …)`) breaks one of its rules."
    do "Use it at the top level of the condition, with AND, on another object, with an id or a reference as its column." {
        SemiJoinNested,
        SemiJoinWithOr,
        SemiJoinSameObject,
        SemiJoinInSemiJoin,
        SemiJoinObjects { inner: word("INNER"), outer: word("OUTER") },
        SemiJoinColumn { field: word("FIELD") },
    }
    "The statement is not SOQL, or breaks a rule of it that the text names."
    do "Correct the statement." {
        TokenUnexpected { token: word("TOKEN") },
        Rule { text: "RULE" },
        LimitOfAggregate,
        ScopeInvalid { name: word("SCOPE") },
    }
    "The query is not one that a PushTopic or a filter of a channel can have."
    do "Correct the query; the text names the rule." {
        TopicRule { text: word("RULE") },
    }
    "The result is larger than a query of this kind returns, or cannot be read in pages."
    do "Add conditions or LIMIT. Read further pages by conditions on the id instead of OFFSET." {
        OffsetTooLarge, GroupsTooMany, RecordsTooMany, SinglePage { object: word("OBJECT") },
    }
    "The query would take, or took, too long."
    do "Use fewer conditions and relationships, and conditions on indexed fields: ids, references, external ids, dates of the system." {
        TooComplicated, TimedOut,
    }
    "`nextRecordsUrl` or the query locator is too old, of another user, or not one. A locator is valid for two days."
    do "Send the query again." {
        LocatorInvalid,
    }
}

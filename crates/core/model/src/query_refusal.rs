//! Why a query is refused that is one by its grammar: what it names is not there, or cannot be asked that way.

/// Why a query is refused. `landfall-wire` spells it.
///
/// Source: "Error Codes" (SOAP API Developer Guide) and recorded answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryRefusal {
    /// Not an object of the org.
    ObjectUnknown {
        /// As written.
        name: String,
    },
    /// An object that keeps no records.
    ObjectNotQueryable {
        /// The object.
        name: String,
    },
    /// An object that searches do not cover.
    ObjectNotSearchable {
        /// The object.
        name: String,
    },
    /// Not a field of the object.
    FieldUnknown {
        /// As written.
        field: String,
        /// The object.
        entity: String,
    },
    /// Not a way to a parent.
    ParentUnknown {
        /// As written.
        name: String,
    },
    /// Not a way to children.
    ChildrenUnknown {
        /// As written.
        name: String,
    },
    /// A value of the wrong kind.
    ValueMistyped {
        /// The field.
        field: String,
        /// What it takes.
        expected: &'static str,
        /// Whether that is written in quotes.
        quoted: bool,
    },
    /// A field that cannot be filtered by.
    NotFilterable {
        /// The field.
        field: String,
    },
    /// A field that cannot be grouped by.
    NotGroupable {
        /// The field.
        field: String,
    },
    /// A field that cannot be sorted by.
    NotSortable {
        /// The field.
        field: String,
    },
    /// A field that is both grouped by and aggregated.
    GroupedAndAggregated {
        /// The field.
        field: String,
    },
    /// A field that is neither.
    NeitherGroupedNorAggregated {
        /// The field; none for a function.
        field: String,
    },
    /// A field that cannot be aggregated so.
    NotAggregatable {
        /// The field.
        field: String,
        /// The function.
        function: &'static str,
    },
    /// A field that is asked for twice.
    FieldDuplicate {
        /// The field.
        field: String,
    },
    /// Two things would have one name in the answer.
    AliasDuplicate {
        /// The name.
        alias: String,
    },
    /// `FIELDS()` of any number of records.
    FieldsUnbounded,
    /// `FIELDS()` of nothing.
    FieldsEmpty,
    /// A comparison that the kind of field does not have.
    OperatorInvalid {
        /// The kind of field.
        kind: &'static str,
    },
    /// Not an id.
    IdInvalid {
        /// As written.
        value: String,
    },
    /// `LIMIT` where there is one row at most.
    LimitOfAggregate,
    /// More rows are skipped than may be.
    OffsetTooLarge,
    /// A semi-join below `OR` or `NOT`, or in parentheses with them.
    SemiJoinNested,
    /// A semi-join beside `OR`.
    SemiJoinWithOr,
    /// A semi-join of an object with itself.
    SemiJoinSameObject,
    /// A semi-join within a semi-join.
    SemiJoinInSemiJoin,
    /// A semi-join of ids of one object with ids of another.
    SemiJoinObjects {
        /// What the inner query asks for.
        inner: String,
        /// What is looked up in it.
        outer: String,
    },
    /// A semi-join of something else than ids.
    SemiJoinColumn {
        /// What it asks for.
        field: String,
    },
    /// A token where the grammar takes it and the rules do not.
    TokenUnexpected {
        /// As written.
        token: String,
    },
    /// More groups than one answer holds.
    GroupsTooMany,
    /// More records than one answer can be asked for.
    RecordsTooMany,
    /// More records than a page holds, of an object whose answers have one page.
    SinglePage {
        /// The object.
        object: String,
    },
    /// A scope that the object does not have.
    ScopeInvalid {
        /// As written.
        name: String,
    },
    /// More of the query than can be worked with.
    TooComplicated,
    /// The query took too long.
    TimedOut,
    /// Not the rest of an answer.
    LocatorInvalid,
    /// Something that the query of a `PushTopic` cannot have.
    TopicRule {
        /// What is not allowed.
        text: String,
    },
    /// A rule of the language that has no text of its own.
    Rule {
        /// What is not allowed.
        text: &'static str,
    },
}

//! How refusals of queries are spelled.

use landfall_model::QueryRefusal;

use crate::rest::RestError;

/// The error of a refused query; `place` is the head that shows the place in the statement.
///
/// Source: "Error Codes" (SOAP API Developer Guide) and recorded answers. `Source: none` for the texts of
/// `AliasDuplicate`, `NotAggregatable`, `OperatorInvalid`, `IdInvalid`,
/// `LimitOfAggregate`, `OffsetTooLarge`, the semi-joins, `GroupsTooMany`, `RecordsTooMany`, `TooComplicated`, `Rule`.
pub(super) fn spell(place: &str, refusal: &QueryRefusal) -> RestError {
    let (code, text) = spelled(refusal);
    RestError::plain(400, code, format!("{place}{text}"))
}

const APPEND: &str = "Please reference your WSDL or the describe call for the appropriate names.";
const MALFORMED: &str = "MALFORMED_QUERY";
const FIELD: &str = "INVALID_FIELD";
const TYPE: &str = "INVALID_TYPE";

#[expect(
    clippy::too_many_lines,
    reason = "one exhaustive table, in the order of the enum"
)]
fn spelled(refusal: &QueryRefusal) -> (&'static str, String) {
    let malformed = |text: &str| (MALFORMED, text.to_owned());
    match refusal {
        QueryRefusal::ObjectUnknown { name } => (
            TYPE,
            format!(
                "sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the \
                 '__c' after the entity name. {APPEND}"
            ),
        ),
        QueryRefusal::ObjectNotQueryable { name } => {
            (TYPE, format!("entity type {name} does not support query"))
        }
        QueryRefusal::ObjectNotSearchable { name } => {
            (TYPE, format!("entity type {name} does not support search"))
        }
        QueryRefusal::FieldUnknown { field, entity } => (
            FIELD,
            format!(
                "No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append \
                 the '__c' after the custom field name. {APPEND}"
            ),
        ),
        QueryRefusal::ParentUnknown { name } => (
            FIELD,
            format!(
                "Didn't understand relationship '{name}' in field path. If you are attempting to use a custom relationship, be \
                 sure to append the '__r' after the custom relationship name. {APPEND}"
            ),
        ),
        QueryRefusal::ChildrenUnknown { name } => (
            TYPE,
            format!(
                "Didn't understand relationship '{name}' in FROM part of query call. If you are attempting to use a custom \
                 relationship, be sure to append the '__r' after the custom relationship name. {APPEND}"
            ),
        ),
        QueryRefusal::ValueMistyped {
            field,
            expected,
            quoted,
        } => {
            let not = if *quoted { "" } else { "not " };
            (
                FIELD,
                format!(
                    "value of filter criterion for field '{field}' must be of type {expected} and should {not}be enclosed in \
                     quotes"
                ),
            )
        }
        QueryRefusal::NotFilterable { field } => (
            FIELD,
            format!("field '{field}' can not be filtered in a query call"),
        ),
        QueryRefusal::NotGroupable { field } => (
            FIELD,
            format!("field '{field}' can not be grouped in a query call"),
        ),
        QueryRefusal::NotSortable { field } => (
            MALFORMED,
            format!("field '{field}' can not be sorted in a query call"),
        ),
        QueryRefusal::FieldDuplicate { field } => {
            (FIELD, format!("duplicate field selected: {field}"))
        }
        QueryRefusal::GroupedAndAggregated { field } => (
            MALFORMED,
            format!("Grouped field should not be aggregated: {field}"),
        ),
        QueryRefusal::NeitherGroupedNorAggregated { field } => (
            MALFORMED,
            format!("Field must be grouped or aggregated: {field}"),
        ),
        QueryRefusal::NotAggregatable { field, function } => (
            MALFORMED,
            format!("field {field} does not support aggregate operator {function}"),
        ),
        QueryRefusal::AliasDuplicate { alias } => (MALFORMED, format!("duplicate alias: {alias}")),
        QueryRefusal::FieldsUnbounded => {
            malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        }
        QueryRefusal::FieldsEmpty => malformed(
            "'FIELDS(...)' expansion function must result in at least one field being selected.",
        ),
        QueryRefusal::LimitOfAggregate => malformed(
            "Non-grouped query that uses overall aggregate functions cannot also use LIMIT",
        ),
        QueryRefusal::SemiJoinNested => malformed(
            "Semi join sub-selects are only allowed at the top level WHERE expressions and not in nested WHERE expressions.",
        ),
        QueryRefusal::SemiJoinWithOr => {
            malformed("Semi join sub-selects are not allowed with the 'OR' operator")
        }
        QueryRefusal::SemiJoinSameObject => {
            malformed("The inner and outer selects should not be on the same object type")
        }
        QueryRefusal::SemiJoinInSemiJoin => {
            malformed("Nesting of semi join sub-selects is not supported")
        }
        QueryRefusal::SemiJoinColumn { field } => (
            MALFORMED,
            format!("Semi join sub-selects can only query id fields, cannot use: '{field}'"),
        ),
        QueryRefusal::SemiJoinObjects { inner, outer } => (
            MALFORMED,
            format!(
                "The selected field '{inner}' in the subquery and the left operand field '{outer}' in the where \
                 expression in the outer query should point to the same object type"
            ),
        ),
        QueryRefusal::TokenUnexpected { token } => {
            (MALFORMED, format!("unexpected token: '{token}'"))
        }
        QueryRefusal::TopicRule { text } => (FIELD, text.clone()),
        QueryRefusal::Rule { text } => malformed(text),
        QueryRefusal::OperatorInvalid { kind } => (
            "INVALID_QUERY_FILTER_OPERATOR",
            format!("invalid operator on {kind} field"),
        ),
        QueryRefusal::IdInvalid { value } => (
            "INVALID_QUERY_FILTER_OPERATOR",
            format!("invalid ID field: {value}"),
        ),
        QueryRefusal::OffsetTooLarge => (
            "NUMBER_OUTSIDE_VALID_RANGE",
            "Maximum SOQL offset allowed is 2000".to_owned(),
        ),
        QueryRefusal::GroupsTooMany => (
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch".to_owned(),
        ),
        QueryRefusal::RecordsTooMany => (
            "OPERATION_TOO_LARGE",
            "The query has too many results: use a filter or LIMIT".to_owned(),
        ),
        QueryRefusal::SinglePage { object } => (
            "EXCEEDED_ID_LIMIT",
            format!(
                "{object} does not support queryMore(), use LIMIT to restrict the results to a single batch"
            ),
        ),
        QueryRefusal::ScopeInvalid { name } => (
            "INVALID_QUERY_SCOPE",
            format!("invalid query scope: {name}"),
        ),
        QueryRefusal::TooComplicated => (
            "QUERY_TOO_COMPLICATED",
            "The query is too complicated: use fewer conditions, fields or relationships".to_owned(),
        ),
        QueryRefusal::TimedOut => (
            "QUERY_TIMEOUT",
            "Your query request was running for too long.".to_owned(),
        ),
        QueryRefusal::LocatorInvalid => ("INVALID_QUERY_LOCATOR", "invalid query locator".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_position_precedes_the_text() {
        let refusal = QueryRefusal::NotFilterable {
            field: "Description".to_owned(),
        };
        let error = spell("\nX\n^\nERROR at Row:1:Column:1\n", &refusal);
        assert_eq!((error.status, error.code), (400, "INVALID_FIELD"));
        assert_eq!(
            error.message,
            "\nX\n^\nERROR at Row:1:Column:1\nfield 'Description' can not be filtered in a query call"
        );
    }

    #[test]
    fn a_value_of_the_wrong_type_names_the_need_for_quotes() {
        let text = |quoted| {
            let field = "F".to_owned();
            let expected = "string";
            spell(
                "",
                &QueryRefusal::ValueMistyped {
                    field,
                    expected,
                    quoted,
                },
            )
            .message
        };
        assert_eq!(
            text(true),
            "value of filter criterion for field 'F' must be of type string and should be enclosed in quotes"
        );
        assert!(text(false).contains("should not be enclosed"));
    }
}

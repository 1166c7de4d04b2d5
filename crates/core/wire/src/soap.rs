//! The fault of the SOAP API.

use landfall_model::fault::Operation;
use landfall_model::{Fault, FieldFault, LoginFault, RecordFault, SessionFault, SoapFault};

use crate::rest::RestError;

/// What kind of fault it is: the name of its element.
///
/// Source: the Partner WSDL, the elements of `urn:fault.partner.soap.sforce.com`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SoapFaultKind {
    /// The request itself cannot be read: a fault without details.
    Client,
    /// A login was refused.
    Login,
    /// A query that is none.
    MalformedQuery,
    /// A field that does not exist, in a query.
    InvalidField,
    /// An object that does not exist.
    InvalidSObject,
    /// Not the rest of a query's answer.
    InvalidQueryLocator,
    /// Not an id.
    InvalidId,
    /// Anything else.
    Unexpected,
}

impl SoapFaultKind {
    /// Name of the element within `detail`; none if there is no detail.
    pub const fn element(self) -> Option<&'static str> {
        match self {
            Self::Client => None,
            Self::Login => Some("LoginFault"),
            Self::MalformedQuery => Some("MalformedQueryFault"),
            Self::InvalidField => Some("InvalidFieldFault"),
            Self::InvalidSObject => Some("InvalidSObjectFault"),
            Self::InvalidQueryLocator => Some("InvalidQueryLocatorFault"),
            Self::InvalidId => Some("InvalidIdFault"),
            Self::Unexpected => Some("UnexpectedErrorFault"),
        }
    }

    /// Whether the element has row and column of a query.
    pub const fn has_place(self) -> bool {
        matches!(
            self,
            Self::MalformedQuery | Self::InvalidField | Self::InvalidSObject
        )
    }

    fn of_code(code: &str) -> Self {
        match code {
            "MALFORMED_QUERY" => Self::MalformedQuery,
            "INVALID_FIELD" => Self::InvalidField,
            "INVALID_TYPE" => Self::InvalidSObject,
            "INVALID_QUERY_LOCATOR" => Self::InvalidQueryLocator,
            "MALFORMED_ID" => Self::InvalidId,
            _ => Self::Unexpected,
        }
    }
}

/// One refusal of the SOAP API, of a whole request or of one record.
///
/// Source: "Error Handling", "Core Data Types Used in API Calls" (SOAP API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoapError {
    /// The element of the fault.
    pub kind: SoapFaultKind,
    /// `exceptionCode` or `statusCode`; empty without details.
    pub code: &'static str,
    /// Text for people.
    pub message: String,
    /// The fields at fault.
    pub fields: Vec<String>,
}

impl SoapError {
    fn of_code(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind: SoapFaultKind::of_code(code),
            code,
            message: message.into(),
            fields: Vec::new(),
        }
    }

    fn login(message: &str) -> Self {
        Self {
            kind: SoapFaultKind::Login,
            ..Self::of_code("INVALID_LOGIN", message)
        }
    }

    fn client(message: impl Into<String>) -> Self {
        Self {
            kind: SoapFaultKind::Client,
            ..Self::of_code("", message)
        }
    }

    /// `faultcode` and `faultstring`; the prefix `sf` is that of the dialect's faults.
    pub fn fault(&self) -> (String, String) {
        if self.code.is_empty() {
            return ("soapenv:Client".to_owned(), self.message.clone());
        }
        let code = self.code;
        (format!("sf:{code}"), format!("{code}: {}", self.message))
    }

    /// Row and column in the message, if it has them.
    pub fn place(&self) -> Option<(u32, u32)> {
        let (_, rest) = self.message.split_once("ERROR at Row:")?;
        let (row, rest) = rest.split_once(":Column:")?;
        let column = rest.lines().next()?;
        Some((row.parse().ok()?, column.parse().ok()?))
    }
}

const LOGIN_REFUSED: &str = "Invalid username, password, security token; or user locked out.";
const SESSION_REFUSED: &str =
    "Invalid Session ID found in SessionHeader: Illegal Session. Session not found";

/// The SOAP spelling of a fault: that of REST, with the exceptions below.
///
/// Source: "Error Handling" (SOAP API Developer Guide) and recorded answers. `Source: none` for the texts of
/// `EnvelopeInvalid` but the one of an empty body.
pub fn soap(fault: &Fault) -> SoapError {
    match fault {
        // The service does not tell what is wrong with a login, not even that there were too many.
        Fault::Login(
            LoginFault::AuthenticationFailed
            | LoginFault::UserInactive
            | LoginFault::LoginRateExceeded,
        ) => SoapError::login(LOGIN_REFUSED),
        // Clients: jsforce logs in again when the code of a fault ends in this one.
        Fault::Session(
            SessionFault::Invalid | SessionFault::Missing | SessionFault::ApiScopeMissing,
        ) => SoapError::of_code("INVALID_SESSION_ID", SESSION_REFUSED),
        Fault::Session(SessionFault::ApiDisabled) => SoapError::of_code(
            "API_DISABLED_FOR_ORG",
            "API is not enabled for this Organization or Partner",
        ),
        Fault::Record(RecordFault::NotFound) => soap(&Fault::Record(RecordFault::Unknown)),
        Fault::Field(FieldFault::Unknown { field, entity }) => SoapError::of_code(
            "INVALID_FIELD",
            format!(
                "No such column '{field}' on entity '{entity}'. If you are attempting to use a custom field, be sure to \
                 append the '__c' after the custom field name. Please reference your WSDL or the describe call for the \
                 appropriate names."
            ),
        ),
        Fault::Record(RecordFault::OperationRefused {
            operation: Operation::Undelete,
            ..
        }) => SoapError::of_code(
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Entity type is not undeletable",
        ),
        Fault::Soap(fault) => of_envelope(fault),
        other => of_rest(crate::rest(other)),
    }
}

fn of_rest(error: RestError) -> SoapError {
    SoapError {
        fields: error.fields.unwrap_or_default(),
        ..SoapError::of_code(error.code, error.message)
    }
}

fn of_envelope(fault: &SoapFault) -> SoapError {
    match fault {
        SoapFault::ActionMissing => SoapError::client("SOAPAction HTTP header missing"),
        SoapFault::EnvelopeInvalid { reason } => SoapError::client(reason.as_str()),
        SoapFault::OperationUnknown { namespace, name } => SoapError::client(format!(
            "No operation available for request {{{namespace}}}{name}, please check the WSDL for the service."
        )),
        SoapFault::VersionInvalid => SoapError::of_code(
            "UNSUPPORTED_API_VERSION",
            "Invalid Api version specified on URL",
        ),
        SoapFault::TypeMissing => {
            SoapError::of_code("INVALID_TYPE", "Must send a concrete entity type.")
        }
        SoapFault::KeyInvalid { field, entity } => SoapError::of_code(
            "INVALID_FIELD",
            format!(
                "Field name provided, {field} does not match an External ID, Salesforce Id, or indexed field for {entity}"
            ),
        ),
        SoapFault::ReferenceInvalid { field } => SoapError::of_code(
            "INVALID_FIELD",
            format!("An external foreign key reference needs exactly 1 field: {field}"),
        ),
        SoapFault::ValueInvalid { value, kind } => SoapError::client(format!(
            "'{value}' is not a valid value for the type {kind}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use landfall_model::{EntityName, QueryFault, QueryRefusal};

    use super::*;

    #[test]
    fn a_refused_login_gives_no_reason() {
        for fault in [
            Fault::Login(LoginFault::AuthenticationFailed),
            Fault::Login(LoginFault::UserInactive),
            Fault::Login(LoginFault::LoginRateExceeded),
        ] {
            let error = soap(&fault);
            assert_eq!(
                (error.kind, error.code, error.message.as_str()),
                (SoapFaultKind::Login, "INVALID_LOGIN", LOGIN_REFUSED)
            );
        }
    }

    #[test]
    fn rest_errors_keep_their_code_and_text() {
        let error = soap(&Fault::Record(RecordFault::Deleted));
        assert_eq!(
            (error.kind, error.code, error.message.as_str()),
            (
                SoapFaultKind::Unexpected,
                "ENTITY_IS_DELETED",
                "entity is deleted"
            )
        );
    }

    #[test]
    fn the_place_in_a_query_is_read_from_its_text() {
        let error = soap(&Fault::Query(QueryFault::Refused {
            place: "\nX\n^\nERROR at Row:1:Column:12\n".to_owned(),
            refusal: QueryRefusal::NotFilterable {
                field: "F".to_owned(),
            },
        }));
        assert_eq!(
            (error.kind, error.place()),
            (SoapFaultKind::InvalidField, Some((1, 12)))
        );
        let entity = EntityName::new("Account");
        let field = "X".to_owned();
        assert_eq!(
            soap(&Fault::Field(FieldFault::Unknown { field, entity })).place(),
            None
        );
    }
}

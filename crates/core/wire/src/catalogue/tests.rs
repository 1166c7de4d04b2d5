//! The table against the documented texts.

use landfall_model::fault::{FaultField, Operation};
use landfall_model::{
    EntityName, FieldFault, FieldName, LoginFault, RecordFault, RecordId, RequestFault,
    ServiceFault, SessionFault, StreamingFault, ValueFault,
};

use super::*;

fn rest_body(fault: &Fault) -> String {
    crate::rest(fault).to_string()
}

#[test]
fn errors_of_a_save_list_their_fields() {
    let fields = vec![FieldName::new("Name"), FieldName::new("Type")];
    assert_eq!(
        rest_body(&Fault::Field(FieldFault::Required {
            fields: fields.clone()
        })),
        r#"[{"message":"Required fields are missing: [Name, Type]","errorCode":"REQUIRED_FIELD_MISSING","fields":["Name","Type"]}]"#
    );
    assert_eq!(
        rest_body(&Fault::Field(FieldFault::ReadOnly { fields })),
        r#"[{"message":"Unable to create/update fields: Name, Type. Please check the security settings of this field and verify that it is read/write for your profile or permission set.","errorCode":"INVALID_FIELD_FOR_INSERT_UPDATE","fields":["Name","Type"]}]"#
    );
    assert_eq!(
        rest_body(&Fault::Record(RecordFault::Deleted)),
        r#"[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]"#
    );
}

#[test]
fn errors_of_routes_have_no_fields() {
    assert_eq!(
        rest_body(&Fault::Request(RequestFault::ResourceNotFound)),
        r#"[{"message":"The requested resource does not exist","errorCode":"NOT_FOUND"}]"#
    );
    let unknown = Fault::Field(FieldFault::Unknown {
        field: "Nme".to_owned(),
        entity: EntityName::new("Account"),
    });
    assert_eq!(
        rest_body(&unknown),
        r#"[{"message":"No such column 'Nme' on sobject of type Account","errorCode":"INVALID_FIELD"}]"#
    );
    let method = Fault::Request(RequestFault::MethodNotAllowed {
        method: "PATCH".to_owned(),
        allowed: "HEAD,GET,POST",
    });
    assert_eq!(
        rest_body(&method),
        r#"[{"message":"HTTP Method 'PATCH' not allowed. Allowed are HEAD,GET,POST","errorCode":"METHOD_NOT_ALLOWED"}]"#
    );
}

#[test]
fn a_text_that_is_too_long_is_echoed_after_the_label() {
    let fault = Fault::Value(ValueFault::TextTooLong {
        field: FaultField {
            name: FieldName::new("AccountNumber"),
            label: "Account Number".to_owned(),
        },
        value: "a\"b".to_owned(),
        max: 40,
    });
    assert_eq!(
        rest_body(&fault),
        r#"[{"message":"Account Number: data value too large: a\"b (max length=40)","errorCode":"STRING_TOO_LONG","fields":["AccountNumber"]}]"#
    );
}

#[test]
fn a_failed_precondition_has_no_body() {
    let error = crate::rest(&Fault::Request(RequestFault::PreconditionFailed));
    assert_eq!((error.status, error.to_string().as_str()), (412, ""));
    assert!(error.is_bodyless());
}

#[test]
fn a_duplicate_names_the_other_record_by_its_short_id() {
    let record = RecordId::parse("0015f00002J9YYEAA3").expect("a published id");
    let fault = Fault::Value(ValueFault::Duplicate {
        field: FieldName::new("Key__c"),
        record,
    });
    assert_eq!(
        crate::rest(&fault).message,
        "duplicate value found: Key__c duplicates value on record with id: 0015f00002J9YYE"
    );
}

#[test]
fn values_of_the_wrong_kind_have_their_position() {
    let fault = Fault::Value(ValueFault::Unreadable {
        expected: "double",
        token: "VALUE_STRING",
        value: "N010".to_owned(),
        line: 1,
        column: 507,
    });
    assert_eq!(
        crate::rest(&fault).message,
        "Cannot deserialize instance of double from VALUE_STRING value N010 or request may be missing a required \
         field at [line:1, column:507]"
    );
}

#[test]
fn the_replay_refusal_has_literal_braces_and_two_spaces() {
    let fault = Fault::Streaming(StreamingFault::ReplayIdInvalid {
        replay_id: "12".to_owned(),
    });
    assert_eq!(
        crate::bayeux(&fault),
        "400::The replayId {12} you provided was invalid.  Please provide a valid ID, -2 to replay all events, or \
         -1 to replay only new events."
    );
    let fault = Fault::Streaming(StreamingFault::ReplayChannelMissing {
        channel: "/topic/T".to_owned(),
        map: "{}".to_owned(),
    });
    assert_eq!(
        crate::bayeux(&fault),
        "400::The replayId for channel {/topic/T} wasn't found using the provided replay ID map {{}}. Ensure that \
         the channel name you provided in the replay map is valid and matches the channel name used for \
         subscribing."
    );
}

#[test]
fn bayeux_texts_that_clients_compare() {
    for (fault, text) in [
        (
            Fault::Streaming(StreamingFault::ClientUnknown),
            "403::Unknown client",
        ),
        (
            Fault::Session(SessionFault::Invalid),
            "401::Authentication invalid",
        ),
        (
            Fault::Session(SessionFault::Missing),
            "401::Request requires authentication",
        ),
        (
            Fault::Streaming(StreamingFault::HandshakeDenied),
            "403::Handshake denied",
        ),
        (
            Fault::Streaming(StreamingFault::VersionMissing),
            "400::API version in the URI is mandatory. URI format: '/cometd/67.0'",
        ),
        (
            Fault::Request(RequestFault::VersionUnsupported),
            "400::Unsupported API version. Only API versions '37.0' and later are supported. URI format: \
             '/cometd/67.0'",
        ),
        (
            Fault::Service(ServiceFault::Busy),
            "503::Server is too busy.  Please try your request again later.",
        ),
        (
            Fault::Streaming(StreamingFault::ChannelNotFound {
                channel: "/topic/None".to_owned(),
            }),
            "400::The channel you requested to subscribe to does not exist {/topic/None}",
        ),
        (
            Fault::Streaming(StreamingFault::ChannelNotFound {
                channel: "/data/accountchangeevent".to_owned(),
            }),
            "403:denied_by_security_policy:create_denied",
        ),
        (
            Fault::Streaming(StreamingFault::ChannelNotFound {
                channel: "/u/none".to_owned(),
            }),
            "404::Unknown channel",
        ),
    ] {
        assert_eq!(crate::bayeux(&fault), text);
    }
}

#[test]
fn oauth_errors_are_an_object_of_two_members() {
    assert_eq!(
        crate::oauth(&Fault::Login(LoginFault::AuthenticationFailed)).to_string(),
        r#"{"error":"invalid_grant","error_description":"authentication failure"}"#
    );
    assert_eq!(
        crate::oauth(&Fault::Login(LoginFault::ClientIdInvalid)).status,
        400
    );
}

#[test]
fn a_fault_of_another_surface_is_an_unexpected_error() {
    assert_eq!(
        crate::rest(&Fault::Streaming(StreamingFault::ClientUnknown)).status,
        500
    );
    assert!(crate::bayeux(&Fault::Login(LoginFault::GrantUnsupported)).starts_with("500::"));
    let refused = Fault::Record(RecordFault::OperationRefused {
        operation: Operation::Delete,
        label: "Profile".to_owned(),
    });
    assert_eq!(crate::oauth(&refused).error, "server_error");
}

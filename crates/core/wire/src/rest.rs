//! The error element of REST, and the texts that need more than a constant.

use std::fmt;

use landfall_model::fault::Operation;
use landfall_model::{FieldName, RecordId};

/// One refusal on REST.
///
/// Wire: a JSON array of one object with `message`, `errorCode` and, for errors of a save, `fields`.
/// Clients: simple-salesforce reads element 0 of every 401 without checking.
/// Source: "Status Codes and Error Responses" (REST API Developer Guide).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestError {
    /// HTTP status.
    pub status: u16,
    /// Error code; empty for an answer without a body.
    pub code: &'static str,
    /// Text for people.
    pub message: String,
    /// The fields at fault; `None` leaves the member out.
    pub fields: Option<Vec<String>>,
}

impl RestError {
    /// An error of a route, a header or a body, which has no `fields`.
    pub(crate) fn plain(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            fields: None,
        }
    }

    /// An error of a save.
    pub(crate) fn save(
        code: &'static str,
        message: impl Into<String>,
        fields: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            status: 400,
            code,
            message: message.into(),
            fields: Some(fields.into_iter().collect()),
        }
    }

    /// The same with another HTTP status.
    pub(crate) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Whether the status says everything: the answer has no body.
    pub const fn is_bodyless(&self) -> bool {
        self.code.is_empty()
    }
}

impl fmt::Display for RestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_bodyless() {
            return Ok(());
        }
        let mut body = String::from("[{\"message\":");
        write_json_string(&mut body, &self.message);
        body.push_str(",\"errorCode\":");
        write_json_string(&mut body, self.code);
        if let Some(fields) = &self.fields {
            body.push_str(",\"fields\":[");
            for (place, field) in fields.iter().enumerate() {
                if place > 0 {
                    body.push(',');
                }
                write_json_string(&mut body, field);
            }
            body.push(']');
        }
        body.push_str("}]");
        f.write_str(&body)
    }
}

/// Appends a text as a JSON string, quotes included.
pub fn write_json_string(out: &mut String, text: &str) {
    #[expect(
        clippy::needless_bitwise_bool,
        reason = "a branch for each byte would be slower"
    )]
    let is_odd = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    out.push('"');
    // Without a branch for each byte the compiler looks at many at once.
    if text.bytes().fold(false, |any, byte| any | is_odd(byte)) {
        write_escaped(out, text);
    } else {
        out.push_str(text);
    }
    out.push('"');
}

fn write_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                let code = u32::from(control);
                out.extend(char::from_digit(code >> 4, 16));
                out.extend(char::from_digit(code & 15, 16));
            }
            other => out.push(other),
        }
    }
}

/// `[A, B]`, as the texts list names.
pub(crate) fn listed(fields: &[FieldName]) -> String {
    let names: Vec<_> = fields.iter().map(FieldName::as_str).collect();
    format!("[{}]", names.join(", "))
}

pub(crate) fn names(fields: &[FieldName]) -> Vec<String> {
    fields.iter().map(ToString::to_string).collect()
}

/// Source: an error response in amp-labs/connectors, `providers/salesforce/test`.
pub(crate) fn read_only(fields: &[FieldName]) -> RestError {
    let names = names(fields);
    let message = format!(
        "Unable to create/update fields: {}. Please check the security settings of this field and verify that it is \
         read/write for your profile or permission set.",
        names.join(", ")
    );
    RestError::save("INVALID_FIELD_FOR_INSERT_UPDATE", message, names)
}

/// Source: recorded responses of restforce and of `CumulusCI`.
pub(crate) fn operation_refused(operation: Operation, label: &str) -> RestError {
    let participle = match operation {
        Operation::Create => "inserted",
        Operation::Update => "updated",
        Operation::Delete => "deleted",
        Operation::Undelete => "undeleted",
        Operation::Merge => "merged",
    };
    RestError::save(
        "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
        format!("entity type cannot be {participle}: {label}"),
        [],
    )
}

/// Wire: the record's id in its 15-character form.
pub(crate) fn duplicate(field: &FieldName, record: RecordId) -> RestError {
    let message = format!(
        "duplicate value found: {field} duplicates value on record with id: {}",
        record.short()
    );
    RestError::save("DUPLICATE_VALUE", message, [])
}

/// Wire: an edge that can answer a list of addresses sends that instead (`300` of the upsert resource).
pub(crate) fn ambiguous(records: &[RecordId]) -> RestError {
    let ids: Vec<_> = records.iter().map(RecordId::as_str).collect();
    RestError::save(
        "DUPLICATE_EXTERNAL_ID",
        format!(
            "more than one record found for external id field: [{}]",
            ids.join(", ")
        ),
        [],
    )
}

/// Source: an error response quoted in a jsforce issue; the number is the one in the log.
pub(crate) fn unexpected(error_id: u64) -> RestError {
    let message = format!(
        "An unexpected error occurred. Please include this ErrorId if you contact support: {error_id}-1 ({error_id})"
    );
    RestError::plain(500, "UNKNOWN_EXCEPTION", message)
}

/// The page that a proxy in front of the service answers while the service is unavailable. Source: none; clients meet such
/// pages where they expect JSON or XML.
pub const UNAVAILABLE_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Service Unavailable</title></head>\
    <body><h1>Service Unavailable</h1><p>The server is temporarily unable to service your request.</p></body></html>\n";

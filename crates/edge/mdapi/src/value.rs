//! Results, which are JSON on one API and XML on the other.

use landfall_xml::Writer;
use serde_json::Value;

/// Writes a result as an element: lists are repeated, and what is null is left out.
///
/// Clients: jsforce reads the elements in any order; those of the WSDL are sorted by name, as they are here.
pub(crate) fn write(w: &mut Writer, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(truth) => w.boolean(name, *truth),
        Value::Number(number) => w.text(name, &number.to_string()),
        Value::String(text) => w.text(name, text),
        Value::Array(values) => {
            for value in values {
                write(w, name, value);
            }
        }
        Value::Object(members) => w.element(name, |w| {
            for (name, value) in members {
                write(w, name, value);
            }
        }),
    }
}

//! The components that are deployed.

use landfall_metadata::Component;

fn object(name: &str, body: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    Component {
        path: format!("objects/{name}.object"),
        content: format!("<CustomObject xmlns=\"{namespace}\">\n{body}\n</CustomObject>\n"),
    }
}

/// A field of text, of a name of its own.
pub(crate) fn text_field(name: &str, more: &str) -> String {
    field(name, "Text", &format!("<length>20</length>{more}"))
}

fn field(name: &str, kind: &str, more: &str) -> String {
    format!(
        "<fields><fullName>{name}</fullName><label>{name}</label><type>{kind}</type>{more}</fields>\n"
    )
}

/// The event of the documentation, with `more` fields.
pub(crate) fn low_ink(more: &str) -> Component {
    let fields = text_field("Printer_Model__c", "<required>true</required>")
        + &text_field("Serial_Number__c", "")
        + &field(
            "Ink_Percentage__c",
            "Number",
            "<precision>16</precision><scale>2</scale>",
        );
    event("Low_Ink__e", &(fields + more))
}

/// An event of one text field.
pub(crate) fn paper_jam() -> Component {
    event("Paper_Jam__e", &text_field("Tray__c", ""))
}

fn event(name: &str, fields: &str) -> Component {
    let heading = format!(
        "<label>{name}</label><pluralLabel>{name}</pluralLabel><eventType>HighVolume</eventType>\
         <publishBehavior>PublishImmediately</publishBehavior>\n"
    );
    object(name, &(heading + fields))
}

/// `Account` with one more field.
pub(crate) fn account(field: &str) -> Component {
    object("Account", &text_field(field, ""))
}

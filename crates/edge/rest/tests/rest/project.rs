//! A small project: one object of each kind of field, one that leads to it, one event.

use landfall_metadata::Component;

fn object(name: &str, body: &str) -> Component {
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    Component {
        path: format!("objects/{name}.object"),
        content: format!("<CustomObject xmlns=\"{namespace}\">\n{body}\n</CustomObject>\n"),
    }
}

pub(crate) fn field(name: &str, label: &str, kind: &str, more: &str) -> String {
    format!(
        "<fields><fullName>{name}</fullName><label>{label}</label><type>{kind}</type>{more}</fields>\n"
    )
}

/// `Trip__c`, with `more` fields.
pub(crate) fn trip(more: &str) -> Component {
    let mut body = "<label>Trip</label><pluralLabel>Trips</pluralLabel>\
        <nameField><type>Text</type><label>Trip Name</label></nameField>"
        .to_owned();
    let values = "<valueSet><valueSetDefinition>\
        <value><fullName>Sun</fullName><default>false</default><label>Sun</label></value>\
        <value><fullName>Snow</fullName><default>false</default><label>Snow</label></value>\
        </valueSetDefinition></valueSet><visibleLines>4</visibleLines>";
    for (name, label, kind, more) in [
        (
            "Code__c",
            "Code",
            "Text",
            "<length>20</length><externalId>true</externalId><unique>true</unique>",
        ),
        (
            "Batch__c",
            "Batch",
            "Number",
            "<precision>6</precision><scale>0</scale><externalId>true</externalId>",
        ),
        ("Starts__c", "Starts", "Time", ""),
        ("Place__c", "Place", "Location", "<scale>5</scale>"),
        ("Likes__c", "Likes", "MultiselectPicklist", values),
        (
            "Card__c",
            "Card",
            "EncryptedText",
            "<length>16</length><maskType>all</maskType><maskChar>X</maskChar>",
        ),
        (
            "Twice__c",
            "Twice",
            "Number",
            "<formula>Batch__c * 2</formula><precision>18</precision><scale>0</scale>",
        ),
        (
            "Booked__c",
            "Booked",
            "Checkbox",
            "<defaultValue>true</defaultValue>",
        ),
        (
            "Price__c",
            "Price",
            "Currency",
            "<precision>18</precision><scale>2</scale>",
        ),
    ] {
        body += &field(name, label, kind, more);
    }
    object("Trip__c", &(body + more))
}

/// One more field of an object.
pub(crate) fn text_field(name: &str) -> String {
    field(name, name, "Text", "<length>10</length>")
}

/// `Stop__c`, a detail of trips that looks up another stop, and a trip field of accounts.
pub(crate) fn stop() -> [Component; 2] {
    let heading = "<label>Stop</label><pluralLabel>Stops</pluralLabel>\
        <sharingModel>ControlledByParent</sharingModel><nameField><type>Text</type></nameField>\n";
    let master = field(
        "Trip__c",
        "Trip",
        "MasterDetail",
        "<referenceTo>Trip__c</referenceTo><relationshipName>Stops</relationshipName>",
    );
    let before = field(
        "Before__c",
        "Before",
        "Lookup",
        "<referenceTo>Stop__c</referenceTo><relationshipName>Afters</relationshipName>",
    );
    let last_trip = field(
        "Last_Trip__c",
        "Last Trip",
        "Lookup",
        "<referenceTo>Trip__c</referenceTo><relationshipName>Accounts</relationshipName>",
    );
    [
        object("Stop__c", &(heading.to_owned() + &master + &before)),
        object("Account", &last_trip),
    ]
}

/// `Low_Ink__e`, published only if the transaction is kept.
pub(crate) fn low_ink_after_commit() -> Component {
    let component = low_ink("");
    Component {
        content: component
            .content
            .replace("PublishImmediately", "PublishAfterCommit"),
        ..component
    }
}

/// `Low_Ink__e`.
pub(crate) fn low_ink(more: &str) -> Component {
    let mut body = "<label>Low Ink</label><pluralLabel>Low Inks</pluralLabel>\
        <eventType>HighVolume</eventType><publishBehavior>PublishImmediately</publishBehavior>\n"
        .to_owned();
    for (name, label, kind, more) in [
        (
            "Printer_Model__c",
            "Printer Model",
            "Text",
            "<length>10</length><required>true</required>",
        ),
        (
            "Ink_Percentage__c",
            "Ink Percentage",
            "Number",
            "<precision>16</precision><scale>2</scale>",
        ),
        (
            "Checked__c",
            "Checked",
            "Checkbox",
            "<defaultValue>false</defaultValue>",
        ),
        ("Since__c", "Since", "DateTime", ""),
    ] {
        body += &field(name, label, kind, more);
    }
    object("Low_Ink__e", &(body + more))
}

/// All of it.
pub(crate) fn whole() -> Vec<Component> {
    let mut components = vec![trip(""), low_ink("")];
    components.extend(stop());
    components
}

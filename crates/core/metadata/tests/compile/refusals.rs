//! What is refused, with file, line and reason; and what is left out with a warning.

use landfall_metadata::{Component, KeyPrefixes, compile, parts};

use crate::common::{
    compiled, custom_object, field, field_of, file, lines, object, platform_event, refused,
    standard,
};

/// The problems of one field of one custom object; the field stands in line 3.
fn of_field(kind: &str, more: &str) -> String {
    let problems = refused(&[custom_object("Trip__c", &field("Days__c", kind, more))]);
    problems.replace("objects/Trip__c.object:3: ", "")
}

#[test]
fn fields_lack_nothing() {
    let trip = |fields| refused(&[custom_object("Trip__c", fields)]);
    assert_eq!(
        trip("\n<fields><label>L</label><type>Date</type></fields>"),
        "objects/Trip__c.object:4: Required field is missing: fullName"
    );
    assert_eq!(
        trip("<fields><fullName>A__c</fullName></fields>"),
        "objects/Trip__c.object:3: Required field is missing: label\n\
         objects/Trip__c.object:3: Required field is missing: type"
    );
    for (kind, more, missing) in [
        ("Text", "", "length"),
        ("LongTextArea", "", "length"),
        ("Html", "", "length"),
        ("EncryptedText", "<length>9</length>", "maskType"),
        ("Checkbox", "", "defaultValue"),
        ("Number", "<precision>3</precision>", "scale"),
        ("Currency", "<scale>2</scale>", "precision"),
        ("Picklist", "", "valueSet"),
        (
            "Picklist",
            "<valueSet/>",
            "valueSetDefinition or valueSetName",
        ),
        ("AutoNumber", "", "displayFormat"),
        ("Lookup", "", "referenceTo"),
        ("ExternalLookup", "", "referenceTo"),
        (
            "MasterDetail",
            "<referenceTo>Account</referenceTo>",
            "relationshipName",
        ),
        ("Summary", "", "summaryForeignKey"),
        ("Location", "", "scale"),
        ("Text", "<formula/>", "formula"),
    ] {
        assert_eq!(
            of_field(kind, more),
            format!("Required field is missing: {missing}"),
            "{kind}"
        );
    }
}

#[test]
fn numbers_are_in_their_ranges() {
    for (kind, more, reason) in [
        (
            "Text",
            "<length>256</length>",
            "'256' is not a value of <length>: 1 to 255",
        ),
        (
            "Text",
            "<length>0</length>",
            "'0' is not a value of <length>: 1 to 255",
        ),
        (
            "Text",
            "<length>x</length>",
            "'x' is not a value of <length>: 1 to 255",
        ),
        (
            "LongTextArea",
            "<length>131073</length>",
            "'131073' is not a value of <length>: 256 to 131072",
        ),
        (
            "EncryptedText",
            "<maskType>all</maskType><length>176</length>",
            "'176' is not a value of <length>: 1 to 175",
        ),
        (
            "Number",
            "<precision>19</precision><scale>0</scale>",
            "'19' is not a value of <precision>: 1 to 18",
        ),
        (
            "Percent",
            "<precision>2</precision><scale>3</scale>",
            "The scale must not be greater than the precision",
        ),
        (
            "AutoNumber",
            "<displayFormat>A</displayFormat>",
            "'A' is not a display format such as A-{0000}",
        ),
        (
            "Checkbox",
            "<defaultValue>yes</defaultValue>",
            "'yes' is not a value of <defaultValue>: true or false",
        ),
    ] {
        assert_eq!(of_field(kind, more), reason);
    }
}

#[test]
fn types_are_known_and_allowed() {
    assert!(
        of_field("Color", "").starts_with("'Color' is not a value of <type>: Address AutoNumber")
    );
    assert_eq!(
        of_field("Hierarchy", ""),
        "The field type Hierarchy is for User only"
    );
    assert_eq!(
        of_field("MetadataRelationship", ""),
        "The field type MetadataRelationship is for custom metadata types only"
    );
    assert_eq!(
        of_field("TextArea", "<length>255</length>"),
        "Can not specify 'length' for a CustomField of type TextArea"
    );
    assert_eq!(
        of_field("Date", "<unique>true</unique>"),
        "Can not specify 'unique' for a CustomField of type Date"
    );
    assert_eq!(
        of_field("Phone", "<formula>1</formula>"),
        "A field of type Phone cannot have a formula here"
    );
    let picklist = platform_event("Gone__e", &field("A__c", "Picklist", ""));
    assert_eq!(
        refused(&[picklist]),
        "objects/Gone__e.object:3: The field type Picklist is not allowed in a platform event: \
         Checkbox, Date, DateTime, LongTextArea, Number, Text"
    );
    let master = object("Account", &field("A__c", "MasterDetail", ""));
    assert_eq!(
        refused(&[master]),
        "objects/Account.object:2: The field type MasterDetail is not allowed on a standard object"
    );
}

#[test]
fn names_have_their_alphabet_and_are_not_given_twice() {
    let date = |name: &str| field(name, "Date", "");
    let trip = |fields: String| refused(&[custom_object("Trip__c", &fields)]);
    assert!(trip(date("A_b___c")).contains("not end with an underscore"));
    assert!(trip(date("1__c")).contains("The name '1' must begin with a letter"));
    assert!(trip(date(&format!("{}__c", "a".repeat(41)))).ends_with("has more than 40 characters"));
    assert!(trip(date("A__x")).ends_with("The name 'A__x' must end with __c"));
    assert_eq!(
        trip(date("A__c") + &date("a__C").replace("__C", "__c")),
        "objects/Trip__c.object:4: There is already a field named a__c on Trip__c."
    );
    assert!(refused(&[custom_object("Tr-ip__c", "")]).contains("The name 'Tr-ip'"));
    assert!(
        refused(&[custom_object("Trip__z", "")])
            .ends_with("The suffix __z is that of no kind of object")
    );
    let mut second = custom_object("Trip__c", "");
    second.path = format!("other/{}", second.path);
    assert_eq!(
        refused(&[custom_object("Trip__c", ""), second]),
        "other/objects/Trip__c.object:1: the object Trip__c is also in objects/Trip__c.object"
    );
    let alien = file(
        "objects/Trip__c/fields/A__c.field-meta.xml",
        "CustomField",
        "<fullName>B__c</fullName><label>L</label><type>Date</type>",
    );
    assert_eq!(
        refused(&[custom_object("Trip__c", ""), alien]),
        "objects/Trip__c/fields/A__c.field-meta.xml:1: the file of the field A__c declares another one"
    );
}

#[test]
fn objects_and_events_are_whole() {
    assert_eq!(
        refused(&[object("Trip__c", "<label>Trip</label>")]),
        "objects/Trip__c.object:1: Required field is missing: nameField\n\
         objects/Trip__c.object:1: Required field is missing: pluralLabel"
    );
    let name = "<nameField><type>Text</type></nameField>";
    assert_eq!(
        refused(&[object("Trip__c", &format!("<label>Trip</label>{name}"))]),
        "objects/Trip__c.object:1: Required field is missing: pluralLabel"
    );
    assert_eq!(
        refused(&[platform_event(
            "Gone__e",
            "<nameField><type>Text</type></nameField>"
        )]),
        "objects/Gone__e.object:3: A platform event cannot have a nameField"
    );
    assert_eq!(
        refused(&[object(
            "Gone__e",
            "<label>L</label>\n<eventType>StandardVolume</eventType>"
        )]),
        "objects/Gone__e.object:3: Standard-volume platform events can no longer be created: the eventType is \
         HighVolume"
    );
    assert!(
        refused(&[object(
            "Gone__e",
            "<label>L</label><publishBehavior>Later</publishBehavior>"
        )])
        .ends_with(
            "'Later' is not a value of <publishBehavior>: PublishImmediately PublishAfterCommit"
        )
    );
    assert!(
        refused(&[custom_object(
            "Trip__c",
            "<enableSharing>true</enableSharing>"
        )])
        .contains("together")
    );
    assert!(
        refused(&[custom_object(
            "Trip__c",
            "<sharingModel>ControlledByParent</sharingModel>"
        )])
        .contains("without a MasterDetail")
    );
    let orphan = file(
        "objects/Trip__c/fields/A__c.field-meta.xml",
        "CustomField",
        "<label>L</label><type>Date</type>",
    );
    assert_eq!(
        refused(&[orphan]),
        "objects/Trip__c/fields/A__c.field-meta.xml:1: Trip__c is left out: the object is not part of the project"
    );
}

#[test]
fn references_lead_somewhere() {
    let lookup = |to: &str, more: &str| {
        of_field("Lookup", &format!("<referenceTo>{to}</referenceTo>{more}"))
    };
    assert_eq!(
        lookup("Nothing__c", ""),
        "referenceTo value of 'Nothing__c' does not resolve to a valid sObject type"
    );
    assert_eq!(
        lookup("Acount", ""),
        "referenceTo value of 'Acount' does not resolve to a valid sObject type"
    );
    assert_eq!(
        lookup("Account", "<required>true</required>"),
        "must specify either cascade delete or restrict delete for required lookup foreign key"
    );
    assert_eq!(
        of_field(
            "MasterDetail",
            "<referenceTo>Trip__c</referenceTo><relationshipName>Trips</relationshipName>"
        ),
        "An object cannot be the master of itself"
    );
    let relationship =
        "<referenceTo>Account</referenceTo><relationshipName>Trips</relationshipName>";
    let twice = field("A__c", "Lookup", relationship) + &field("B__c", "Lookup", relationship);
    assert_eq!(
        refused(&[custom_object("Trip__c", &twice)]),
        "objects/Trip__c.object:4: There is already a Child Relationship named Trips on Account."
    );
    let masters: String = ["A__c", "B__c", "C__c"]
        .map(|name| {
            let relationship = format!(
                "<referenceTo>Account</referenceTo><relationshipName>{}</relationshipName>",
                name.trim_end_matches("__c")
            );
            field(name, "MasterDetail", &relationship)
        })
        .concat();
    assert_eq!(
        refused(&[custom_object("Trip__c", &masters)]),
        "objects/Trip__c.object:5: An object has at most 2 master-detail relationships"
    );
}

#[test]
fn value_sets_are_there_and_list_a_value_once() {
    assert_eq!(
        of_field(
            "Picklist",
            "<valueSet><valueSetName>No</valueSetName></valueSet>"
        ),
        "the global value set 'No' is not part of the project"
    );
    let values = |values: &str| {
        let set = format!("<valueSet><valueSetDefinition>{values}</valueSetDefinition></valueSet>");
        of_field("Picklist", &set)
    };
    let value =
        |name: &str| format!("<value><fullName>{name}</fullName><default>true</default></value>");
    assert_eq!(
        values(&(value("a") + &value("b"))),
        "a list of values has one default only"
    );
    assert_eq!(
        values(&(value("a") + &value("A"))),
        "the value 'A' is there twice"
    );
    let controlled =
        "<valueSet><controllingField>No__c</controllingField><valueSetDefinition/></valueSet>";
    assert_eq!(
        of_field("Picklist", controlled),
        "the controlling field No__c of Days__c does not exist"
    );
}

fn member(name: &str, body: &str) -> Component {
    let path = format!("platformEventChannelMembers/{name}.platformEventChannelMember-meta.xml");
    file(&path, "PlatformEventChannelMember", body)
}

fn reason(components: &[Component]) -> String {
    let problems = refused(components);
    problems.split_once(": ").expect("a place").1.to_owned()
}

// Source: "Field Considerations" (Change Data Capture Developer Guide).
#[test]
fn a_filter_with_a_date_literal_is_used_with_a_warning() {
    let body = "<eventChannel>ChangeEvents</eventChannel>\
                <selectedEntity>AccountChangeEvent</selectedEntity>\
                <filterExpression>CreatedDate = TODAY</filterExpression>";
    let components = [member("ChangeEvents_AccountChangeEvent", body)];
    let org = compiled(&components);
    let filter = org.members[0].filter.as_ref().expect("a filter");
    assert_eq!(filter.text(), "CreatedDate = TODAY");
    assert!(reason(&components).starts_with("A filter expression compares dates with date values"));
}

#[test]
fn channel_members_name_channels_and_events() {
    let on = |channel: &str, entity: &str, more: &str| {
        member(
            "M",
            &format!(
                "<eventChannel>{channel}</eventChannel><selectedEntity>{entity}</selectedEntity>{more}"
            ),
        )
    };
    let invalid = "The PlatformEventChannelMember can't be created because it references an invalid event in the \
                   \"selectedEntity\" field";
    assert_eq!(
        reason(&[on("No__chn", "AccountChangeEvent", "")]),
        "Unable to find the specified channel"
    );
    assert_eq!(
        reason(&[on("/data/ChangeEvents", "AccountChangeEvent", "")]),
        "Unable to find the specified channel"
    );
    assert_eq!(
        reason(&[on("ChangeEvents", "AcountChangeEvent", "")]),
        invalid
    );
    assert_eq!(
        reason(&[
            on("ChangeEvents", "Gone__e", ""),
            platform_event("Gone__e", "")
        ]),
        invalid
    );
    for (listed, refusal) in [
        (&["BillingCity"][..], "BillingCity, isn't valid"),
        (&["Owner.Name"], "Owner.Name, isn't valid"),
        (&["Parent__r"], "Parent__r, isn't valid"),
        (&["Description"], "Description, isn't valid"),
        (&["Fax", "fax"], "Fax, is listed twice"),
        (&["Parent", "ParentId"], "ParentId, is listed twice"),
    ] {
        let listed = listed
            .iter()
            .map(|name| format!("<enrichedFields><name>{name}</name></enrichedFields>"));
        let listed: String = listed.collect();
        assert_eq!(
            reason(&[on("ChangeEvents", "AccountChangeEvent", &listed)]),
            format!("The selected field, {refusal}")
        );
    }
    let twice = "<eventChannel>ChangeEvents</eventChannel><selectedEntity>AccountChangeEvent</selectedEntity>";
    assert_eq!(
        reason(&[member("A", twice), member("B", twice)]),
        "DUPLICATE_VALUE: AccountChangeEvent is already on the channel ChangeEvents"
    );
    assert!(
        reason(&[member("a__b", twice)])
            .starts_with("Cannot create a new component with the namespace: a.")
    );
    let channel = |name: &str, body: &str| {
        let path = format!("platformEventChannels/{name}.platformEventChannel-meta.xml");
        reason(&[file(&path, "PlatformEventChannel", body)])
    };
    assert_eq!(channel("Sales", ""), "The name 'Sales' must end with __chn");
    assert_eq!(
        channel("S__chn", "<channelType>both</channelType><label>L</label>"),
        "'both' is not a value of <channelType>: data event"
    );
}

#[test]
fn channels_of_each_kind_are_bounded() {
    let channels = |count: usize, kind: &str| -> Vec<Component> {
        let channel = |number: usize| {
            let path =
                format!("platformEventChannels/C{number}__chn.platformEventChannel-meta.xml");
            let body = format!("{kind}<label>L</label>");
            file(&path, "PlatformEventChannel", &body)
        };
        (0..count).map(channel).collect()
    };
    let data = "<channelType>data</channelType>";
    let monitoring = "<channelType>event</channelType><eventType>monitoring</eventType>";
    for (most, kind, what) in [
        (100, data, "100 custom channels of a type"),
        (3, monitoring, "3 custom channels of monitoring events"),
    ] {
        compiled(&channels(most, kind));
        let refused = refused(&channels(most + 1, kind));
        assert!(
            refused.ends_with(&format!(": An org has at most {what}")),
            "{refused}"
        );
    }
}

#[test]
fn managed_subscriptions_have_a_topic_and_a_state() {
    let subscription = |topic: &str, state: &str| {
        let body = format!("<label>L</label><topicName>{topic}</topicName><state>{state}</state>");
        let path = "managedEventSubscriptions/S.managedEventSubscription-meta.xml";
        reason(&[
            file(path, "ManagedEventSubscription", &body),
            platform_event("Gone__e", ""),
        ])
    };
    for topic in [
        "Gone__e",
        "/event/gone__e",
        "/data/Gone__e",
        "/event/No__chn",
        "/data/No__ChangeEvent",
        "/data/accountChangeEvent",
        "/",
    ] {
        assert_eq!(
            subscription(topic, "RUN"),
            "The topicName field is invalid",
            "{topic}"
        );
    }
    assert_eq!(
        subscription("/event/Gone__e", "PAUSE"),
        "You can create a managed event subscription state field only to RUN or STOP"
    );
}

#[test]
fn files_are_xml_of_their_kind() {
    let broken = Component {
        path: "objects/Trip__c.object".to_owned(),
        content: "<CustomObject>\n<label>\n</CustomObject>".to_owned(),
    };
    assert!(refused(std::slice::from_ref(&broken)).starts_with("objects/Trip__c.object:3: "));
    let other = file("objects/Trip__c.object", "CustomField", "");
    assert_eq!(
        refused(&[other]),
        "objects/Trip__c.object:1: <CustomObject> is expected here, not <CustomField>"
    );
    let twice = custom_object("Trip__c", "<label>Again</label>");
    assert_eq!(
        refused(&[twice]),
        "objects/Trip__c.object:3: the element <label> is there twice"
    );
}

#[test]
fn a_refused_project_gives_no_prefixes() {
    let mut book = KeyPrefixes::default();
    let wrong = [
        custom_object("A__c", ""),
        custom_object("B__c", &field("X__c", "Color", "")),
    ];
    assert!(compile(standard(), Vec::new(), &parts(&wrong), &mut book).is_err());
    assert_eq!(book, KeyPrefixes::default());
}

#[test]
fn what_is_not_here_is_left_out_with_a_warning() {
    let org = compiled(&[
        custom_object("pkg__Thing__c", ""),
        object("Quote", &field("A__c", "Date", "")),
        custom_object(
            "Trip__c",
            &(field("Q__c", "Lookup", "<referenceTo>Quote</referenceTo>")
                + &field("D__c", "Date", "<defaultValue>Nope__c</defaultValue>")
                + &field("pkg__X__c", "Date", "")
                + &field(
                    "N__c",
                    "AutoNumber",
                    "<displayFormat>{YYYY}-{00}</displayFormat>",
                )),
        ),
        member(
            "M",
            "<eventChannel>ChangeEvents</eventChannel><selectedEntity>QuoteChangeEvent</selectedEntity>",
        ),
    ]);
    assert_eq!(
        lines(&org.warnings),
        "objects/Quote.object:1: Quote is left out: the object is not here\n\
         objects/Trip__c.object:3: the object Quote is not here: Trip__c.Q__c leads nowhere\n\
         objects/Trip__c.object:4: Trip__c.D__c has no default: Field Nope__c does not exist. Check spelling.\n\
         objects/Trip__c.object:5: pkg__X__c is left out: the package pkg is not installed\n\
         objects/pkg__Thing__c.object:1: pkg__Thing__c is left out: the package pkg is not installed\n\
         platformEventChannelMembers/M.platformEventChannelMember-meta.xml:1: M is left out: QuoteChangeEvent is not here"
    );
    assert_eq!(
        field_of(&org, "Trip__c", "N__c").auto_number.as_deref(),
        Some("{YYYY}-{00}")
    );
}

#[test]
fn what_hangs_on_a_broken_object_is_not_reported_again() {
    let trip = object(
        "Trip__c",
        "<label>Trip</label><pluralLabel>Trips</pluralLabel><nameField><type>Date</type></nameField>",
    );
    let way = "<referenceTo>Trip__c</referenceTo><relationshipName>Legs</relationshipName>";
    let leg = custom_object("Leg__c", &field("Trip__c", "MasterDetail", way));
    let count = "<summaryForeignKey>Trip__c.X__c</summaryForeignKey><summaryOperation>count</summaryOperation>";
    let other = custom_object("Other__c", &field("Trips__c", "Summary", count));
    let on = "<eventChannel>ChangeEvents</eventChannel><selectedEntity>Trip__ChangeEvent</selectedEntity>";
    assert_eq!(
        refused(&[trip, leg, other, member("M", on)]),
        "objects/Trip__c.object:2: 'Date' is not a value of <type>: Text AutoNumber"
    );
}

#[test]
fn what_hangs_on_another_package_leads_nowhere() {
    let way = "<referenceTo>pkg__Trip__c</referenceTo><relationshipName>Legs</relationshipName>";
    let lines_of = "<summaryForeignKey>OpportunitySplit.OpportunityId</summaryForeignKey>\
                    <summaryOperation>count</summaryOperation>";
    let org = compiled(&[
        custom_object("Leg__c", &field("Trip__c", "MasterDetail", way)),
        object("Opportunity", &field("Lines__c", "Summary", lines_of)),
        member(
            "M",
            "<eventChannel>ChangeEvents</eventChannel><selectedEntity>pkg__Trip__ChangeEvent</selectedEntity>",
        ),
    ]);
    assert_eq!(
        lines(&org.warnings),
        "objects/Leg__c.object:3: the object pkg__Trip__c is not here: Leg__c.Trip__c leads nowhere\n\
         objects/Opportunity.object:2: the object OpportunitySplit is not here: Opportunity.Lines__c is empty\n\
         platformEventChannelMembers/M.platformEventChannelMember-meta.xml:1: M is left out: \
         pkg__Trip__ChangeEvent is not here"
    );
    assert!(field_of(&org, "Opportunity", "Lines__c").calculated);
    assert_eq!(org.roll_ups, []);
}

#[test]
fn connected_apps_are_whole_and_need_nothing_that_is_not_here() {
    let app = |config: &str, more: &str| {
        let body = format!("<label>R</label><contactEmail>r@e.com</contactEmail>{more}{config}");
        let problems = refused(&[file("connectedApps/R.connectedApp", "ConnectedApp", &body)]);
        let problems = problems.replace("connectedApps/R.connectedApp:2: ", "");
        problems.replace("connectedApps/R.connectedApp:1: ", "")
    };
    let config = |more: &str| {
        let whole = "<callbackUrl>https://e.com</callbackUrl><consumerKey>consumer.key</consumerKey><scopes>Api</scopes>";
        format!("<oauthConfig>{whole}{more}</oauthConfig>")
    };
    for (problem, expected) in [
        (
            app("<oauthConfig/>", ""),
            "Required field is missing: consumerKey",
        ),
        (
            app(
                "<oauthConfig><consumerKey>consumer.key</consumerKey></oauthConfig>",
                "",
            ),
            "Required field is missing: callbackUrl\nRequired field is missing: scopes",
        ),
        (
            app(&config("<scopes>api</scopes>"), ""),
            "'api' is not a value of <scopes> here",
        ),
        (
            app(&config("<consumerSecret>short</consumerSecret>"), ""),
            "<consumerSecret> is 8 to 255 letters, digits, '.', '_' and '-'",
        ),
        (
            app(
                &config("<isClientCredentialEnabled>true</isClientCredentialEnabled>"),
                "",
            ),
            "<isClientCredentialEnabled> of connected apps is not available here",
        ),
        (
            app(&config(""), "<samlConfig/>"),
            "the app R is left out: <samlConfig> of connected apps is not available here",
        ),
    ] {
        assert_eq!(problem, expected);
    }
}

/// Parts of projects that are deployed to an org that has the rest.
#[test]
fn a_project_is_used_with_what_is_there_of_its_objects() {
    let values = "<value><fullName>A</fullName></value><value><fullName>a</fullName></value>";
    let picklist =
        format!("<valueSet><valueSetDefinition>{values}</valueSetDefinition></valueSet>");
    let of = |object: &str, name: &str, definition: &str| {
        let path = format!("objects/{object}/fields/{name}.field-meta.xml");
        let body = format!("<fullName>{name}</fullName><label>L</label>{definition}");
        file(&path, "CustomField", &body)
    };
    let org = compiled(&[
        object("Case_Detail__c", ""),
        of(
            "Case_Detail__c",
            "Branch__c",
            &format!("<type>Picklist</type>{picklist}"),
        ),
        of("Elsewhere__c", "Day__c", "<type>Date</type>"),
    ]);
    assert_eq!(
        lines(&org.inapplicable),
        "objects/Case_Detail__c.object:1: Required field is missing: label\n\
         objects/Case_Detail__c.object:1: Required field is missing: nameField\n\
         objects/Case_Detail__c.object:1: Required field is missing: pluralLabel\n\
         objects/Case_Detail__c/fields/Branch__c.field-meta.xml:2: the value 'a' is there twice\n\
         objects/Elsewhere__c/fields/Day__c.field-meta.xml:1: Elsewhere__c is left out: the object is not part of the project"
    );
    assert_eq!(
        field_of(&org, "Case_Detail__c", "Branch__c").picklist.len(),
        1
    );
    let entity = org
        .entities
        .iter()
        .find(|entity| entity.name.as_str() == "Case_Detail__c");
    let entity = entity.expect("the object");
    assert_eq!(entity.label, "Case Detail");
    assert!(entity.field("Name").is_some());
}

#[test]
fn rules_and_record_types_of_packages_are_left_out() {
    let rule = "<validationRules><fullName>pkg__Rule</fullName><active>true</active>\
        <errorConditionFormula>true</errorConditionFormula><errorMessage>No</errorMessage></validationRules>";
    let kind = "<recordTypes><fullName>pkg__Kind</fullName><active>true</active><label>K</label></recordTypes>";
    let org = compiled(&[object("Account", &format!("{rule}\n{kind}"))]);
    assert_eq!(
        lines(&org.warnings),
        "objects/Account.object:2: the validation rule Account.pkg__Rule is left out: it belongs to a package\n\
         objects/Account.object:3: the record type Account.pkg__Kind is left out: it belongs to a package"
    );
    assert_eq!(org.record_types, []);
    assert!(org.validation_rules.is_empty());
}

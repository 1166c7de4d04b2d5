//! Picklists: restricted and dependent ones, inactive values, several values, value sets.
//!
//! Source: "`ValueSet`" (Metadata API Developer Guide); "`PicklistEntry`" in "`describeSObjects()`" (SOAP API Developer
//! Guide).

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::Org;
use crate::project::field;

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";

fn file(path: &str, root: &str, body: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!("<{root} xmlns=\"{NAMESPACE}\">{body}</{root}>"),
    }
}

/// Values as a definition lists them; a name that begins with `-` is not active.
fn values(element: &str, names: &[&str]) -> String {
    let value = |name: &&str| {
        let (name, active) = match name.strip_prefix('-') {
            Some(name) => (name, false),
            None => (*name, true),
        };
        format!(
            "<{element}><fullName>{name}</fullName><default>false</default><label>{name}!</label>\
             <isActive>{active}</isActive></{element}>"
        )
    };
    names.iter().map(value).collect()
}

fn restricted(names: &[&str], more: &str) -> String {
    format!(
        "<valueSet>{more}<restricted>true</restricted><valueSetDefinition>{}</valueSetDefinition></valueSet>",
        values("value", names)
    )
}

fn trip(fields: &[String]) -> Component {
    let heading = "<label>Trip</label><pluralLabel>Trips</pluralLabel>\
        <nameField><type>Text</type><label>Name</label></nameField>";
    let body = format!("{heading}{}", fields.concat());
    file("objects/Trip__c.object", "CustomObject", &body)
}

async fn described(org: &Org, name: &str) -> Value {
    let describe = org.get("/sobjects/Trip__c/describe").await.json();
    let fields = describe["fields"].as_array().expect("fields");
    let field = fields.iter().find(|field| field["name"] == name);
    field.expect("the field").clone()
}

#[tokio::test]
async fn a_dependent_picklist_lists_for_which_values_each_is_offered() {
    let setting = |value: &str, of: &[&str]| {
        let of = of
            .iter()
            .map(|of| format!("<controllingFieldValue>{of}</controllingFieldValue>"));
        let of: String = of.collect();
        format!("<valueSettings>{of}<valueName>{value}</valueName></valueSettings>")
    };
    let by_land = format!(
        "<controllingField>Land__c</controllingField>{}{}",
        setting("Ski", &["A", "C"]),
        setting("Swim", &["B"])
    );
    let by_box = format!(
        "<controllingField>Box__c</controllingField>{}",
        setting("Yes", &["checked"])
    );
    let org = Org::with(vec![trip(&[
        field(
            "Land__c",
            "Land",
            "Picklist",
            &restricted(&["A", "B", "-X", "C"], ""),
        ),
        field(
            "Box__c",
            "Box",
            "Checkbox",
            "<defaultValue>false</defaultValue>",
        ),
        field(
            "Sport__c",
            "Sport",
            "Picklist",
            &restricted(&["Ski", "Swim", "Rest"], &by_land),
        ),
        field(
            "Sure__c",
            "Sure",
            "Picklist",
            &restricted(&["Yes"], &by_box),
        ),
    ])])
    .await;
    let sport = described(&org, "Sport__c").await;
    assert_eq!(sport["dependentPicklist"], true);
    assert_eq!(sport["controllerName"], "Land__c");
    let valid = |field: &Value| -> Vec<Value> {
        let values = field["picklistValues"].as_array().expect("values");
        values
            .iter()
            .map(|value| value["validFor"].clone())
            .collect()
    };
    assert_eq!(valid(&sport), ["oAAA", "QAAA", "AAAA"]);
    assert_eq!(valid(&described(&org, "Sure__c").await), ["QAAA"]);
    let land = described(&org, "Land__c").await;
    assert_eq!(land["dependentPicklist"], false);
    assert_eq!(land["controllerName"], Value::Null);
    assert_eq!(valid(&land), vec![Value::Null; 3]);
    // The API does not check the pair.
    let values = json!({"Name": "x", "Land__c": "A", "Sport__c": "Swim"});
    org.create("Trip__c", &values).await;
}

#[tokio::test]
async fn an_inactive_value_is_not_offered_and_stays_where_it_is() {
    let with =
        |names: &[&str]| trip(&[field("Land__c", "Land", "Picklist", &restricted(names, ""))]);
    let org = Org::with(vec![with(&["A", "B"])]).await;
    let id = org
        .create("Trip__c", &json!({"Name": "x", "Land__c": "B"}))
        .await;
    org.deploy(vec![with(&["A", "-B"])]).await;
    let listed = described(&org, "Land__c").await;
    let listed = listed["picklistValues"].as_array().expect("values");
    let labels: Vec<_> = listed.iter().map(|value| value["label"].clone()).collect();
    assert_eq!(labels, ["A!"]);
    let path = format!("/sobjects/Trip__c/{id}");
    let again = org
        .patch(&path, &json!({"Name": "y", "Land__c": "B"}))
        .await;
    assert_eq!(again.status, 204, "{again:?}");
    let refused = org
        .post("/sobjects/Trip__c", &json!({"Name": "x", "Land__c": "B"}))
        .await;
    assert_eq!(
        refused.refusal(),
        (
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST".to_owned(),
            "Land: bad value for restricted picklist field: B".to_owned()
        )
    );
}

#[tokio::test]
async fn values_are_stored_as_they_are_defined_and_in_their_order() {
    let set = file(
        "globalValueSets/Lands.globalValueSet-meta.xml",
        "GlobalValueSet",
        &format!(
            "<masterLabel>Lands</masterLabel><sorted>false</sorted>{}",
            values("customValue", &["North", "East"])
        ),
    );
    let named =
        "<valueSet><restricted>false</restricted><valueSetName>Lands</valueSetName></valueSet>";
    let sizes = restricted(&["S", "M", "L"], "");
    let org = Org::with(vec![
        set,
        trip(&[
            field("Land__c", "Land", "Picklist", named),
            field(
                "Sizes__c",
                "Sizes",
                "MultiselectPicklist",
                &(sizes + "<visibleLines>4</visibleLines>"),
            ),
        ]),
    ])
    .await;
    let land = described(&org, "Land__c").await;
    assert_eq!(
        land["restrictedPicklist"], true,
        "as with every global value set"
    );
    let values = json!({"Name": "x", "Land__c": "north", "Sizes__c": "L;s;L"});
    let id = org.create("Trip__c", &values).await;
    let record = org.record("Trip__c", &id).await;
    assert_eq!(
        (&record["Land__c"], &record["Sizes__c"]),
        (&json!("North"), &json!("S;L"))
    );
    let refused = org
        .post(
            "/sobjects/Trip__c",
            &json!({"Name": "x", "Land__c": "West"}),
        )
        .await;
    assert_eq!(
        refused.refusal().1,
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    );
}

#[tokio::test]
async fn the_help_of_a_field_is_in_its_describe() {
    let help = "<length>10</length><inlineHelpText>Letters &amp; digits</inlineHelpText>";
    let org = Org::with(vec![trip(&[
        field("Code__c", "Code", "Text", help),
        field("Other__c", "Other", "Text", "<length>10</length>"),
    ])])
    .await;
    let code = described(&org, "Code__c").await;
    assert_eq!(code["inlineHelpText"], "Letters & digits");
    let other = described(&org, "Other__c").await;
    assert_eq!(other["inlineHelpText"], Value::Null);
}

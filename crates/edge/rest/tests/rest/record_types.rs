//! Record types: their records, the field that names one, describes, and the values that they offer.
//!
//! Source: "`RecordType`" (Object Reference; Metadata API Developer Guide); refusals: recorded responses of `CumulusCI`.

use landfall_auth::NewUser;
use landfall_metadata::Component;
use landfall_model::RecordId;
use serde_json::{Value, json};

use crate::org::Org;
use crate::project::field;

const NAMESPACE: &str = "http://soap.sforce.com/2006/04/metadata";
const MASTER: &str = "012000000000000AAA";

fn file(path: &str, root: &str, body: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!("<{root} xmlns=\"{NAMESPACE}\">{body}</{root}>"),
    }
}

fn record_type(name: &str, active: bool, more: &str) -> String {
    format!(
        "<recordTypes><fullName>{name}</fullName><active>{active}</active><label>{name} Shop</label>{more}</recordTypes>"
    )
}

/// The values of a picklist; the first of them is its default if there is one.
fn offered(picklist: &str, values: &[&str], default: bool) -> String {
    let values = values.iter().enumerate().map(|(at, value)| {
        let default = default && at == 0;
        format!("<values><fullName>{value}</fullName><default>{default}</default></values>")
    });
    let values: String = values.collect();
    format!("<picklistValues><picklist>{picklist}</picklist>{values}</picklistValues>")
}

fn picklist(name: &str, restricted: bool, values: &[&str]) -> String {
    let values = values.iter().map(|value| {
        format!("<value><fullName>{value}</fullName><default>false</default><label>{value}</label></value>")
    });
    let values: String = values.collect();
    let set = format!(
        "<valueSet><restricted>{restricted}</restricted><valueSetDefinition>{values}</valueSetDefinition></valueSet>"
    );
    field(name, name, "Picklist", &set)
}

/// An object with two active record types and one that is not.
fn shop(more: &str) -> Component {
    let retail = [
        offered("Size__c", &["S", "M"], true),
        offered("Way__c", &["To%2FFrom"], false),
    ];
    let body = [
        "<label>Shop</label><pluralLabel>Shops</pluralLabel>\
         <nameField><type>Text</type><label>Name</label></nameField>"
            .to_owned(),
        picklist("Size__c", true, &["S", "M", "L"]),
        picklist("Way__c", true, &["To/From", "Past"]),
        picklist("Free__c", false, &["A"]),
        record_type("Old", false, ""),
        record_type("Outlet", true, ""),
        record_type(
            "Retail",
            true,
            &(retail.concat() + "<description>Shops in towns</description>"),
        ),
        more.to_owned(),
    ];
    file("objects/Shop__c.object", "CustomObject", &body.concat())
}

async fn with(more: Vec<Component>) -> Org {
    let mut components = vec![shop("")];
    components.extend(more);
    Org::with(components).await
}

/// The id of a record type.
async fn id_of(org: &Org, object: &str, name: &str) -> String {
    let query = format!(
        "SELECT Id FROM RecordType WHERE SobjectType = '{object}' AND DeveloperName = '{name}'"
    );
    let rows = rows(org, &query).await;
    rows[0]["Id"].as_str().expect("an id").to_owned()
}

async fn rows(org: &Org, query: &str) -> Vec<Value> {
    let answer = org
        .get(&format!("/query?q={}", query.replace(' ', "+")))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let rows = answer.json()["records"].as_array().expect("rows").clone();
    let without = |mut row: Value| {
        row.as_object_mut().expect("a row").remove("attributes");
        row
    };
    rows.into_iter().map(without).collect()
}

/// A user who may work with shops, and sees no record type; the name of the profile is `Seller`.
async fn seller(org: &Org) -> String {
    let profile = rows(org, "SELECT Id FROM Profile WHERE Name = 'Seller'").await;
    let profile = profile[0]["Id"].as_str().expect("an id");
    let user = NewUser {
        username: "sam@landfall.test",
        password: "secret",
        last_name: "Sam",
        alias: "sam",
        profile: RecordId::parse(profile).expect("an id"),
    };
    org.auth.create_user(&user).await.expect("a user");
    let login = org
        .auth
        .password_grant(landfall_test_org::APP, "sam@landfall.test", "secret");
    let token = login.await.expect("a login").access_token;
    format!("Bearer {}", token.as_str())
}

/// A profile that may do everything with shops.
fn profile(name: &str, visibilities: &[(&str, bool)]) -> Component {
    let rights = ["allowCreate", "allowDelete", "allowEdit", "allowRead"];
    let rights = rights
        .map(|right| format!("<{right}>true</{right}>"))
        .concat();
    let visible = visibilities.iter().map(|(name, default)| {
        format!(
            "<recordTypeVisibilities><default>{default}</default><recordType>{name}</recordType>\
             <visible>true</visible></recordTypeVisibilities>"
        )
    });
    let visible: String = visible.collect();
    let api = "<userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>";
    let objects =
        format!("<objectPermissions>{rights}<object>Shop__c</object></objectPermissions>");
    file(
        &format!("profiles/{name}.profile-meta.xml"),
        "Profile",
        &format!("{objects}{visible}{api}"),
    )
}

#[tokio::test]
async fn record_types_are_records_and_the_master_type_is_none() {
    let org = with(Vec::new()).await;
    let query = "SELECT Name, DeveloperName, SobjectType, IsActive, Description, BusinessProcessId \
        FROM RecordType WHERE SobjectType = 'Shop__c' ORDER BY DeveloperName";
    let row = |name: &str, active: bool, description: Value| {
        json!({"Name": format!("{name} Shop"), "DeveloperName": name, "SobjectType": "Shop__c",
            "IsActive": active, "Description": description, "BusinessProcessId": null})
    };
    assert_eq!(
        rows(&org, query).await,
        [
            row("Old", false, Value::Null),
            row("Outlet", true, Value::Null),
            row("Retail", true, json!("Shops in towns")),
        ]
    );
    let id = id_of(&org, "Shop__c", "Retail").await;
    assert!(
        id.starts_with("012") && id != MASTER && id.len() == 18,
        "{id}"
    );
    let record = org.record("RecordType", &id).await;
    assert_eq!(record["DeveloperName"], "Retail");
}

#[tokio::test]
async fn describes_have_the_types_and_only_objects_with_types_have_the_field() {
    let org = with(Vec::new()).await;
    let describe = org.get("/sobjects/Shop__c/describe").await.json();
    let infos = describe["recordTypeInfos"].as_array().expect("types");
    let shown: Vec<Value> = infos
        .iter()
        .map(|info| {
            json!([
                info["developerName"],
                info["name"],
                info["active"],
                info["available"],
                info["defaultRecordTypeMapping"],
                info["master"]
            ])
        })
        .collect();
    assert_eq!(
        shown,
        [
            json!(["Old", "Old Shop", false, false, false, false]),
            json!(["Outlet", "Outlet Shop", true, true, false, false]),
            json!(["Retail", "Retail Shop", true, true, false, false]),
            json!(["Master", "Master", true, true, true, true]),
        ]
    );
    let retail = id_of(&org, "Shop__c", "Retail").await;
    assert_eq!(infos[2]["recordTypeId"], retail);
    assert_eq!(
        infos[2]["urls"]["layout"],
        format!("/services/data/v59.0/sobjects/Shop__c/describe/layouts/{retail}")
    );
    let fields = describe["fields"].as_array().expect("fields");
    let field = fields
        .iter()
        .find(|field| field["name"] == "RecordTypeId")
        .expect("the field");
    assert_eq!(field["permissionable"], false);
    for flag in [
        "createable",
        "updateable",
        "nillable",
        "filterable",
        "groupable",
        "sortable",
    ] {
        assert_eq!(field[flag], true, "{flag}");
    }
    assert_eq!(field["referenceTo"], json!(["RecordType"]));
    let account = org.get("/sobjects/Account/describe").await.json();
    assert_eq!(account["recordTypeInfos"].as_array().expect("one").len(), 1);
    let refused = org.get("/query?q=SELECT+RecordTypeId+FROM+Account").await;
    assert_eq!(refused.refusal().1, "INVALID_FIELD");
}

#[tokio::test]
async fn a_record_has_the_type_that_it_is_given_and_queries_find_it_by_it() {
    let org = with(Vec::new()).await;
    let retail = id_of(&org, "Shop__c", "Retail").await;
    let outlet = id_of(&org, "Shop__c", "Outlet").await;
    let short = retail.get(..15).expect("an id");
    let one = json!({"Name": "one", "RecordTypeId": short});
    let one = org.create("Shop__c", &one).await;
    assert_eq!(org.record("Shop__c", &one).await["RecordTypeId"], retail);
    let two = json!({"Name": "two", "RecordTypeId": MASTER});
    let two = org.create("Shop__c", &two).await;
    assert_eq!(
        org.record("Shop__c", &two).await["RecordTypeId"],
        Value::Null
    );
    let by_name = json!({"Name": "three", "RecordType": {"Name": "Outlet Shop"}});
    let three = org.create("Shop__c", &by_name).await;
    assert_eq!(org.record("Shop__c", &three).await["RecordTypeId"], outlet);
    let query = "SELECT Name FROM Shop__c WHERE RecordType.DeveloperName = 'Retail'";
    assert_eq!(rows(&org, query).await, [json!({"Name": "one"})]);
    let query = "SELECT RecordType.Name shop, COUNT(Id) n FROM Shop__c GROUP BY RecordType.Name \
        ORDER BY RecordType.Name NULLS LAST";
    assert_eq!(
        rows(&org, query).await,
        [
            json!({"shop": "Outlet Shop", "n": 1}),
            json!({"shop": "Retail Shop", "n": 1}),
            json!({"shop": null, "n": 1}),
        ]
    );
    let path = format!("/sobjects/Shop__c/{two}");
    let changed = org.patch(&path, &json!({"RecordTypeId": outlet})).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    let cleared = org.patch(&path, &json!({"RecordTypeId": null})).await;
    assert_eq!(cleared.status, 204, "{cleared:?}");
}

#[tokio::test]
async fn a_type_of_another_object_or_of_nobody_is_refused() {
    let account = record_type("Club", true, "");
    let org = with(vec![file(
        "objects/Account.object",
        "CustomObject",
        &account,
    )])
    .await;
    let old = id_of(&org, "Shop__c", "Old").await;
    let club = id_of(&org, "Account", "Club").await;
    let shop = org.create("Shop__c", &json!({"Name": "x"})).await;
    for id in [old.as_str(), club.as_str(), "012000000000001AAA"] {
        let expected = (
            400,
            "INVALID_CROSS_REFERENCE_KEY".to_owned(),
            format!("Record Type ID: this ID value isn't valid for the user: {id}"),
        );
        let values = json!({"Name": "x", "RecordTypeId": id});
        let refused = org.post("/sobjects/Shop__c", &values).await;
        assert_eq!(refused.refusal(), expected);
        assert_eq!(refused.json()[0]["fields"], json!(["RecordTypeId"]));
        let path = format!("/sobjects/Shop__c/{shop}");
        let refused = org.patch(&path, &json!({"RecordTypeId": id})).await;
        assert_eq!(refused.refusal(), expected);
    }
    let values = json!({"Name": "x", "RecordTypeId": shop});
    let refused = org.post("/sobjects/Shop__c", &values).await;
    assert_eq!(refused.refusal().1, "MALFORMED_ID");
}

#[tokio::test]
async fn a_profile_decides_about_the_default_and_what_can_be_given() {
    let visible = [("Shop__c.Retail", true)];
    let org = with(vec![
        profile("Seller", &visible),
        profile("Admin", &visible),
    ])
    .await;
    let retail = id_of(&org, "Shop__c", "Retail").await;
    let outlet = id_of(&org, "Shop__c", "Outlet").await;
    let token = seller(&org).await;
    for token in [token.clone(), format!("Bearer {}", org.token)] {
        let headers = [("authorization", token.as_str())];
        let body = json!({"Name": "x"}).to_string();
        let made = org.send("POST", "/sobjects/Shop__c", &headers, body).await;
        assert_eq!(made.status, 201, "{made:?}");
        let id = made.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(org.record("Shop__c", &id).await["RecordTypeId"], retail);
        // Who has a default type has no other name for none.
        let body = json!({"Name": "x", "RecordTypeId": MASTER}).to_string();
        let refused = org.send("POST", "/sobjects/Shop__c", &headers, body).await;
        assert_eq!(refused.refusal().1, "INVALID_CROSS_REFERENCE_KEY");
        let path = "/sobjects/Shop__c/describe";
        let describe = org.send("GET", path, &headers, "").await.json();
        let default = describe["recordTypeInfos"]
            .as_array()
            .expect("types")
            .iter();
        let default: Vec<_> = default
            .filter(|info| info["defaultRecordTypeMapping"] == true)
            .map(|info| info["developerName"].clone())
            .collect();
        assert_eq!(default, ["Retail"]);
    }
    // Administrators can give every active type, others those that are visible to them; all read all.
    let shop = json!({"Name": "x", "RecordTypeId": outlet});
    let id = org.create("Shop__c", &shop).await;
    let headers = [("authorization", token.as_str())];
    let refused = org.send("POST", "/sobjects/Shop__c", &headers, shop.to_string());
    assert_eq!(refused.await.refusal().1, "INVALID_CROSS_REFERENCE_KEY");
    let path = format!("/sobjects/Shop__c/{id}");
    let read = org.send("GET", &path, &headers, "").await;
    assert_eq!(read.json()["RecordTypeId"], outlet);
    let body = json!({"Name": "y", "RecordTypeId": outlet}).to_string();
    let kept = org.send("PATCH", &path, &headers, body).await;
    assert_eq!(kept.status, 204, "what it has already: {kept:?}");
}

#[tokio::test]
async fn a_permission_set_makes_a_type_visible() {
    let set = "<label>Outlets</label><recordTypeVisibilities><recordType>Shop__c.Outlet</recordType>\
        <visible>true</visible></recordTypeVisibilities>";
    let set = file(
        "permissionsets/Outlets.permissionset-meta.xml",
        "PermissionSet",
        set,
    );
    let org = with(vec![profile("Seller", &[]), set]).await;
    let token = seller(&org).await;
    let outlet = id_of(&org, "Shop__c", "Outlet").await;
    let body = json!({"Name": "x", "RecordTypeId": outlet}).to_string();
    let headers = [("authorization", token.as_str())];
    let refused = org
        .send("POST", "/sobjects/Shop__c", &headers, body.clone())
        .await;
    assert_eq!(refused.refusal().1, "INVALID_CROSS_REFERENCE_KEY");
    let sam = rows(
        &org,
        "SELECT Id FROM User WHERE Username = 'sam@landfall.test'",
    )
    .await;
    let set = rows(&org, "SELECT Id FROM PermissionSet WHERE Name = 'Outlets'").await;
    let assigned = json!({"AssigneeId": sam[0]["Id"], "PermissionSetId": set[0]["Id"]});
    org.create("PermissionSetAssignment", &assigned).await;
    let made = org.send("POST", "/sobjects/Shop__c", &headers, body).await;
    assert_eq!(made.status, 201, "{made:?}");
}

#[tokio::test]
async fn restricted_picklists_have_the_values_and_the_default_of_the_type() {
    let org = with(Vec::new()).await;
    let retail = id_of(&org, "Shop__c", "Retail").await;
    let values = json!({"Name": "x", "RecordTypeId": retail});
    let id = org.create("Shop__c", &values).await;
    let record = org.record("Shop__c", &id).await;
    assert_eq!(
        (&record["Size__c"], &record["Way__c"]),
        (&json!("S"), &Value::Null)
    );
    let refused = org
        .patch(&format!("/sobjects/Shop__c/{id}"), &json!({"Size__c": "L"}))
        .await;
    assert_eq!(
        refused.refusal(),
        (
            400,
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST".to_owned(),
            "Size__c: bad value for restricted picklist field: L".to_owned()
        )
    );
    let good = json!({"Name": "x", "RecordTypeId": retail, "Way__c": "To/From", "Free__c": "?"});
    org.create("Shop__c", &good).await;
    let other = json!({"Name": "x", "Size__c": "L", "Way__c": "Past"});
    let other = org.create("Shop__c", &other).await;
    // A change of the type leaves the other fields alone.
    let path = format!("/sobjects/Shop__c/{other}");
    let changed = org.patch(&path, &json!({"RecordTypeId": retail})).await;
    assert_eq!(changed.status, 204, "{changed:?}");
}

#[tokio::test]
async fn the_stages_of_a_business_process_are_those_of_its_types() {
    let opportunity = format!(
        "<businessProcesses><fullName>Grants</fullName><isActive>true</isActive>\
         <values><fullName>Prospecting</fullName><default>false</default></values></businessProcesses>{}",
        record_type("Grant", true, "<businessProcess>Grants</businessProcess>")
    );
    let org = with(vec![file(
        "objects/Opportunity.object",
        "CustomObject",
        &opportunity,
    )])
    .await;
    let query = "SELECT Name, TableEnumOrId, IsActive FROM BusinessProcess";
    assert_eq!(
        rows(&org, query).await,
        [json!({"Name": "Grants", "TableEnumOrId": "Opportunity", "IsActive": true})]
    );
    let id = id_of(&org, "Opportunity", "Grant").await;
    let record = org.record("RecordType", &id).await;
    assert!(
        record["BusinessProcessId"]
            .as_str()
            .expect("an id")
            .starts_with("019")
    );
    // The service does not keep stages to the process.
    let values = json!({"Name": "x", "StageName": "Closed Won", "CloseDate": "2024-01-01", "RecordTypeId": id});
    org.create("Opportunity", &values).await;
}

#[tokio::test]
async fn formulas_and_rules_see_the_type() {
    let more = [
        field("Kind__c", "Kind", "Text", "<formula>$RecordType.Name</formula>"),
        "<validationRules><fullName>No_Outlets</fullName><active>true</active>\
         <errorConditionFormula>AND(RecordType.DeveloperName = 'Outlet', ISBLANK(TEXT(Size__c)))</errorConditionFormula>\
         <errorMessage>Sizes, please</errorMessage></validationRules>"
            .to_owned(),
    ];
    let org = Org::with(vec![shop(&more.concat())]).await;
    let retail = id_of(&org, "Shop__c", "Retail").await;
    let outlet = id_of(&org, "Shop__c", "Outlet").await;
    let id = org.create("Shop__c", &json!({"Name": "x"})).await;
    assert_eq!(org.record("Shop__c", &id).await["Kind__c"], Value::Null);
    let path = format!("/sobjects/Shop__c/{id}");
    let changed = org.patch(&path, &json!({"RecordTypeId": retail})).await;
    assert_eq!(changed.status, 204, "{changed:?}");
    assert_eq!(org.record("Shop__c", &id).await["Kind__c"], "Retail Shop");
    let refused = org.patch(&path, &json!({"RecordTypeId": outlet})).await;
    assert_eq!(refused.refusal().2, "Sizes, please");
}

#[tokio::test]
async fn a_type_that_is_removed_keeps_its_row_and_its_id() {
    let org = with(Vec::new()).await;
    let outlet = id_of(&org, "Shop__c", "Outlet").await;
    let shop_without = shop("")
        .content
        .replace(&record_type("Outlet", true, ""), "");
    let without = Component {
        path: "objects/Shop__c.object".to_owned(),
        content: shop_without,
    };
    org.deploy(vec![without]).await;
    let row = org.record("RecordType", &outlet).await;
    assert_eq!(row["IsActive"], false);
    let values = json!({"Name": "x", "RecordTypeId": outlet});
    let refused = org.post("/sobjects/Shop__c", &values).await;
    assert_eq!(refused.refusal().1, "INVALID_CROSS_REFERENCE_KEY");
    org.deploy(vec![shop("")]).await;
    assert_eq!(id_of(&org, "Shop__c", "Outlet").await, outlet);
    org.create("Shop__c", &values).await;
}

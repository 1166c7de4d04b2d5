//! Features of an org: by settings, by a project, and without them again.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::fs;
use std::path::Path;

use http::Method;
use landfall_client::Org;
use landfall_server::{Config, Running, Settings, project as projects};
use serde_json::{Value, json};

use crate::common::{login, settings, started};
use crate::project::{call, create, events, field, found, object, write};

/// A developer org with these features.
fn with(folder: &Path, features: &[&str]) -> Config {
    let file = json!({"listen": "127.0.0.1:0", "data": folder, "features": features});
    Config::dev(&settings(&file)).expect("a safe configuration")
}

async fn run(config: &Config) -> (Running, Org) {
    let running = started(config).await.expect("starts");
    let org = login(&running).await;
    (running, org)
}

async fn status(org: &Org, path: &str) -> u16 {
    call(org, Method::GET, path, None).await.0
}

/// A user with the profile of standard users, and what the profile grants of an object.
async fn granted(org: &Org, object: &str) -> Vec<Value> {
    let query = format!(
        "SELECT PermissionsEdit FROM ObjectPermissions WHERE SobjectType = '{object}' \
         AND Parent.Profile.Name = 'Standard User'"
    );
    found(org, &query).await
}

#[tokio::test]
async fn a_setting_switches_a_feature_on_and_off_and_records_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let (running, org) = run(&with(folder.path(), &[])).await;
    assert_eq!(status(&org, "/sobjects/Quote/describe").await, 404);
    let opportunity = json!({"Name": "Big", "StageName": "Prospecting", "CloseDate": "2030-01-01"});
    let opportunity = create(&org, "Opportunity", &opportunity).await;
    running.stop().await.expect("stops");

    let (running, org) = run(&with(folder.path(), &["quotes:1", "DebugApex"])).await;
    let values = json!({"Name": "Q-1", "OpportunityId": opportunity, "Status": "Draft"});
    let quote = create(&org, "Quote", &values).await;
    assert!(quote.starts_with("0Q0"), "{quote}");
    let of_opportunity = "SELECT Id, (SELECT Id, Name, QuoteNumber FROM Quotes) FROM Opportunity";
    let found_with_quotes = found(&org, of_opportunity).await;
    let quotes = &found_with_quotes[0]["Quotes"]["records"];
    assert_eq!(quotes[0]["Name"], "Q-1");
    assert_eq!(quotes[0]["QuoteNumber"], "00000001");
    let event = events(&org, "/data/QuoteChangeEvent", 1).await;
    assert_eq!(event[0]["ChangeEventHeader"]["entityName"], "Quote");
    assert_eq!(event[0]["OpportunityId"], json!(opportunity));
    assert_eq!(granted(&org, "Quote").await[0]["PermissionsEdit"], true);
    assert_eq!(status(&org, "/sobjects/WorkType/describe").await, 404);
    running.stop().await.expect("stops");

    let (running, org) = run(&with(folder.path(), &[])).await;
    assert_eq!(status(&org, "/sobjects/Quote/describe").await, 404);
    let (_, described) = call(&org, Method::GET, "/sobjects/Opportunity/describe", None).await;
    assert!(!described.to_string().contains("SyncedQuoteId"));
    running.stop().await.expect("stops");

    let (running, org) = run(&with(folder.path(), &["Quotes", "FieldService"])).await;
    assert_eq!(
        found(&org, "SELECT Id FROM Quote").await[0]["Id"],
        json!(quote)
    );
    let work = json!({"Name": "Repair", "EstimatedDuration": 2, "DurationType": "Hours"});
    create(&org, "WorkType", &work).await;
    running.stop().await.expect("stops");
}

/// A project whose definition of scratch orgs, settings, objects and lookups each need features.
fn write_project(files: &Path) {
    let sources = files.join("force-app");
    fs::create_dir_all(files.join("config")).expect("made");
    fs::create_dir_all(sources.join("settings")).expect("made");
    let file = |name: &str, text: &str| fs::write(files.join(name), text).expect("written");
    file(
        "sfdx-project.json",
        r#"{"packageDirectories":[{"path":"force-app"}]}"#,
    );
    file(
        "config/project-scratch-def.json",
        "{\"features\":[\"ContactsToMultipleAccounts\",\n\"Nonsens\",\"DebugApex\"],\n\
         \"settings\":{\"quoteSettings\":{\"enableQuote\":true}}}",
    );
    file(
        "force-app/settings/Territory2.settings-meta.xml",
        "<Territory2Settings xmlns=\"http://soap.sforce.com/2006/04/metadata\">\
         <enableTerritoryManagement2>true</enableTerritoryManagement2></Territory2Settings>",
    );
    field(
        &sources,
        "WorkType",
        "Code__c",
        "<type>Text</type><length>9</length>",
    );
    object(&sources, "Visit__c", "ReadWrite");
    write(
        &sources,
        "Visit__c/fields/Survey__c.field-meta.xml",
        "CustomField",
        "<fullName>Survey__c</fullName><label>Survey</label><type>Lookup</type>\
         <referenceTo>Survey</referenceTo><relationshipName>Visits</relationshipName>",
    );
}

#[tokio::test]
async fn a_project_switches_on_what_it_wants_and_what_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = folder.path().join("project");
    write_project(&files);
    let report = projects::check(&files).expect("readable");
    assert!(report.errors.is_empty(), "{:?}", report.errors);
    let features: Vec<(&str, &str)> = report
        .features
        .iter()
        .map(|feature| (feature.name.as_str(), feature.reason.as_str()))
        .collect();
    assert_eq!(
        features,
        [
            (
                "ContactsToMultipleAccounts",
                "config/project-scratch-def.json"
            ),
            (
                "FieldService",
                "force-app/objects/WorkType/fields/Code__c.field-meta.xml"
            ),
            ("Quotes", "enableQuote in config/project-scratch-def.json"),
            (
                "Surveys",
                "force-app/objects/Visit__c/fields/Survey__c.field-meta.xml"
            ),
            (
                "Territory2",
                "enableTerritoryManagement2 in force-app/settings/Territory2.settings-meta.xml"
            ),
        ]
    );
    let unknown = report.warnings.iter();
    let unknown: Vec<_> = unknown
        .filter(|problem| problem.reason.contains("not known"))
        .map(|problem| (problem.line, problem.reason.as_str()))
        .collect();
    assert_eq!(unknown, [(2, "the feature Nonsens is not known")]);

    let mut config = with(&folder.path().join("org"), &[]);
    config.project = Some(files.clone());
    let (running, org) = run(&config).await;
    for name in [
        "Quote",
        "AccountContactRelation",
        "Territory2Model",
        "Survey",
    ] {
        let path = format!("/sobjects/{name}/describe");
        assert_eq!(status(&org, &path).await, 200, "{name}");
    }
    let work =
        json!({"Name": "Repair", "EstimatedDuration": 2, "DurationType": "Hours", "Code__c": "R"});
    create(&org, "WorkType", &work).await;
    let event = events(&org, "/data/WorkTypeChangeEvent", 1).await;
    assert_eq!(event[0]["Code__c"], "R");
    running.stop().await.expect("stops");
}

#[tokio::test]
async fn a_feature_that_is_not_known_is_refused_or_a_warning() {
    let text = "features = [\"MultiCurency\"]";
    let refused = match Settings::parse(text, Path::new("landfall.toml")) {
        Err(error) => error.to_string(),
        Ok(settings) => Config::dev(&settings).expect_err("refused").to_string(),
    };
    assert!(
        refused.contains("`MultiCurency` is not a feature; did you mean `MultiCurrency`?"),
        "{refused}"
    );
}

#[tokio::test]
async fn records_have_the_currency_of_the_request_the_user_or_the_org() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = folder.path().join("project");
    object(&files, "Trip__c", "ReadWrite");
    let mut config = with(&folder.path().join("org"), &["MultiCurrency"]);
    config.project = Some(files);
    let (running, org) = run(&config).await;
    let currencies = "SELECT IsoCode, ConversionRate, IsCorporate, IsActive FROM CurrencyType";
    let corporate = found(&org, currencies).await;
    assert_eq!(corporate.len(), 1);
    assert_eq!(corporate[0]["IsoCode"], "USD");
    assert_eq!(corporate[0]["IsCorporate"], true);
    assert!(
        found(&org, "SELECT Id FROM DatedConversionRate")
            .await
            .is_empty()
    );

    let in_euros = json!({"Name": "Acme", "CurrencyIsoCode": "EUR"});
    let refused = call(&org, Method::POST, "/sobjects/Account", Some(&in_euros)).await;
    assert_eq!(refused.0, 400);
    assert_eq!(
        refused.1[0]["errorCode"],
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    );
    let euro =
        json!({"IsoCode": "EUR", "ConversionRate": 0.9, "DecimalPlaces": 2, "IsActive": true});
    create(&org, "CurrencyType", &euro).await;
    let again = call(&org, Method::POST, "/sobjects/CurrencyType", Some(&euro)).await;
    assert_eq!(again.1[0]["errorCode"], "DUPLICATE_VALUE");
    let acme = create(&org, "Account", &in_euros).await;
    let trip = create(&org, "Trip__c", &json!({"Name": "Rome"})).await;
    check_described(&org).await;

    let user = found(
        &org,
        "SELECT Id FROM User WHERE Username = 'admin@landfall.test'",
    )
    .await;
    let user = user[0]["Id"].as_str().expect("an id").to_owned();
    let path = format!("/sobjects/User/{user}");
    let euros = json!({"DefaultCurrencyIsoCode": "EUR"});
    assert_eq!(call(&org, Method::PATCH, &path, Some(&euros)).await.0, 204);
    let second = create(&org, "Trip__c", &json!({"Name": "Oslo"})).await;
    let trips = found(
        &org,
        "SELECT Id, CurrencyIsoCode FROM Trip__c ORDER BY Name",
    )
    .await;
    assert_eq!(trips[0]["Id"], json!(second));
    assert_eq!(trips[0]["CurrencyIsoCode"], "EUR");
    assert_eq!(trips[1]["Id"], json!(trip));
    assert_eq!(trips[1]["CurrencyIsoCode"], "USD");
    let event = events(&org, "/data/AccountChangeEvent", 1).await;
    assert_eq!(event[0]["ChangeEventHeader"]["recordIds"], json!([acme]));
    assert_eq!(event[0]["CurrencyIsoCode"], "EUR");
    let event = events(&org, "/data/Trip__ChangeEvent", 1).await;
    assert_eq!(event[0]["CurrencyIsoCode"], "USD");
    running.stop().await.expect("stops");
}

/// Checks the currency of a custom object as it is described.
async fn check_described(org: &Org) {
    let (_, described) = call(org, Method::GET, "/sobjects/Trip__c/describe", None).await;
    let fields = described["fields"].as_array().expect("fields");
    let names: Vec<&str> = fields
        .iter()
        .filter_map(|field| field["name"].as_str())
        .collect();
    assert_eq!(names[3..6], ["Name", "CurrencyIsoCode", "CreatedDate"]);
    let values = fields[4]["picklistValues"].as_array().expect("values");
    let values: Vec<_> = values
        .iter()
        .map(|value| (value["value"].as_str(), value["defaultValue"].as_bool()))
        .collect();
    assert_eq!(
        values,
        [(Some("EUR"), Some(false)), (Some("USD"), Some(true))]
    );
}

#[tokio::test]
async fn a_formula_that_needs_a_feature_has_no_value_without_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = folder.path().join("project");
    let formula = "<type>Text</type><formula>TEXT(CurrencyIsoCode)</formula>";
    field(&files, "Account", "Money__c", formula);
    let org = folder.path().join("org");
    let mut config = with(&org, &["MultiCurrency"]);
    config.project = Some(files);
    let (running, client) = run(&config).await;
    create(&client, "Account", &json!({"Name": "Acme"})).await;
    let accounts = found(&client, "SELECT CurrencyIsoCode, Money__c FROM Account").await;
    assert_eq!(accounts[0]["CurrencyIsoCode"], "USD");
    assert_eq!(accounts[0]["Money__c"], "USD");
    running.stop().await.expect("stops");
    let (running, client) = run(&with(&org, &[])).await;
    let (status, _) = call(
        &client,
        Method::GET,
        "/sobjects/CurrencyType/describe",
        None,
    )
    .await;
    assert_eq!(status, 404);
    let accounts = found(&client, "SELECT Name FROM Account").await;
    assert_eq!(accounts[0]["Name"], "Acme");
    assert!(!found_money(&client).await);
    running.stop().await.expect("stops");
    let (running, client) = run(&with(&org, &["MultiCurrency"])).await;
    assert!(found_money(&client).await);
    running.stop().await.expect("stops");
}

/// Whether the formula over the currency of an account has a value.
async fn found_money(org: &Org) -> bool {
    let (_, accounts) = call(
        org,
        Method::GET,
        "/query?q=SELECT+Money__c+FROM+Account",
        None,
    )
    .await;
    accounts["records"][0]["Money__c"] == "USD"
}

//! Formula fields and validation rules.
//!
//! Source: "Formula Field Limits and Restrictions", "Validation Rules" (Salesforce Help); "`Field`" in
//! "`describeSObjects()`" (SOAP API Developer Guide).

use landfall_metadata::Component;
use serde_json::{Value, json};

use crate::org::{Org, named};
use crate::project::field;

const HEADING: &str = "<label>Calc</label><pluralLabel>Calcs</pluralLabel>\
    <nameField><type>Text</type><label>Name</label></nameField>";

fn formula(name: &str, kind: &str, text: &str, more: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    field(
        name,
        name,
        kind,
        &format!("<formula>{text}</formula>{more}"),
    )
}

fn rule(name: &str, active: bool, condition: &str, message: &str, more: &str) -> String {
    let condition = condition.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<validationRules><fullName>{name}</fullName><active>{active}</active>\
         <errorConditionFormula>{condition}</errorConditionFormula>{more}\
         <errorMessage>{message}</errorMessage></validationRules>"
    )
}

fn calc(more: &str) -> Vec<Component> {
    let number = "<precision>18</precision><scale>6</scale>";
    let up = "<referenceTo>Calc__c</referenceTo><relationshipName>Downs</relationshipName>";
    let body = [
        field("N1__c", "N1", "Number", number),
        field("N2__c", "N2", "Number", number),
        field("T1__c", "T1", "Text", "<length>255</length>"),
        field("D1__c", "D1", "Date", ""),
        field("Up__c", "Up", "Lookup", up),
        field(
            "Key__c",
            "Key",
            "Text",
            "<length>10</length><externalId>true</externalId>",
        ),
    ]
    .concat();
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    vec![Component {
        path: "objects/Calc__c.object".to_owned(),
        content: format!(
            "<CustomObject xmlns=\"{namespace}\">{HEADING}{body}{more}</CustomObject>"
        ),
    }]
}

async fn with(parts: &[String]) -> Org {
    Org::with(calc(&parts.concat())).await
}

fn quotient() -> String {
    formula(
        "Q__c",
        "Number",
        "N1__c / N2__c",
        "<precision>18</precision><scale>2</scale>",
    )
}

#[tokio::test]
async fn a_formula_of_activities_asks_whether_one_is_a_task() {
    let kind = formula(
        "Kind__c",
        "Text",
        "IF( IsTask = true , 'Task', 'Event' )",
        "",
    );
    let activity = Component {
        path: "objects/Activity.object".to_owned(),
        content: format!("<CustomObject>{kind}</CustomObject>"),
    };
    let org = Org::with(vec![activity]).await;
    let event = json!({"DurationInMinutes": 30, "ActivityDateTime": "2026-11-26T09:00:00Z"});
    for (object, record) in [("Task", json!({})), ("Event", event)] {
        let id = org.create(object, &record).await;
        let record = org.record(object, &id).await;
        assert_eq!(record["Kind__c"], object);
    }
}

#[tokio::test]
async fn a_formula_is_computed_where_its_field_is_read() {
    let org = with(&[
        quotient(),
        formula("Joined__c", "Text", "T1__c & ' ' & Up__r.T1__c", ""),
    ])
    .await;
    let up = org
        .create("Calc__c", &json!({"Name": "up", "T1__c": "above"}))
        .await;
    let values = json!({"Name": "one", "N1__c": 1, "N2__c": 2, "T1__c": "below", "Up__c": up});
    let id = org.create("Calc__c", &values).await;
    let record = org.record("Calc__c", &id).await;
    assert_eq!(record["Q__c"], 0.5);
    assert_eq!(record["Joined__c"], "below above");
    let answer = org
        .get(&format!(
            "/sobjects/Calc__c/{id}?fields=Q__c,Up__r.Joined__c"
        ))
        .await;
    assert_eq!(answer.json()["Up__r"]["Joined__c"], "above");
    // What is computed from another record follows it, and touches nothing.
    let changed = org
        .patch(
            &format!("/sobjects/Calc__c/{up}"),
            &json!({"T1__c": "over"}),
        )
        .await;
    assert_eq!(changed.status, 204, "{changed:?}");
    let later = org.record("Calc__c", &id).await;
    assert_eq!(later["Joined__c"], "below over");
    assert_eq!(later["LastModifiedDate"], record["LastModifiedDate"]);
    // An error is null, and everything else is there.
    let zero = org
        .create("Calc__c", &json!({"Name": "zero", "N1__c": 1, "N2__c": 0}))
        .await;
    let zero = org.record("Calc__c", &zero).await;
    assert_eq!(
        (&zero["Q__c"], &zero["Name"]),
        (&Value::Null, &json!("zero"))
    );
    let refused = org
        .post("/sobjects/Calc__c", &json!({"Name": "x", "Q__c": 1}))
        .await;
    assert_eq!(refused.refusal().1, "INVALID_FIELD_FOR_INSERT_UPDATE");
}

async fn names(org: &Org, rest: &str) -> Vec<String> {
    let query = format!("SELECT Name FROM Calc__c {rest}").replace(' ', "+");
    let query = query
        .replace('%', "%25")
        .replace('<', "%3C")
        .replace('>', "%3E");
    let answer = org.get(&format!("/query?q={query}")).await;
    assert_eq!(answer.status, 200, "{rest}: {answer:?}");
    let body = answer.json();
    let records = body.get("records").and_then(Value::as_array);
    let names = records.into_iter().flatten().map(|record| {
        let name = record.get("Name").and_then(Value::as_str);
        name.expect("a name").to_owned()
    });
    names.collect()
}

#[tokio::test]
async fn queries_select_filter_sort_and_count_by_formulas() {
    let org = with(&[
        quotient(),
        formula("Day__c", "Date", "D1__c + 1", ""),
        formula("Big__c", "Checkbox", "N1__c > 2", ""),
        formula("Up_Q__c", "Text", "TEXT(Up__r.Q__c) & T1__c", ""),
    ])
    .await;
    let mut up = Value::Null;
    for (name, n1, n2) in [
        ("a", json!(3), 2),
        ("b", Value::Null, 2),
        ("c", json!(5), 2),
    ] {
        let values =
            json!({"Name": name, "N1__c": n1, "N2__c": n2, "D1__c": "2026-01-31", "Up__c": up});
        up = json!(org.create("Calc__c", &values).await);
    }
    assert_eq!(names(&org, "WHERE Q__c = 1.5").await, ["a"]);
    assert_eq!(
        names(&org, "WHERE Q__c > 0 ORDER BY Q__c DESC").await,
        ["c", "a"]
    );
    assert_eq!(names(&org, "WHERE Q__c = null").await, ["b"]);
    assert_eq!(
        names(&org, "ORDER BY Q__c DESC NULLS LAST").await,
        ["c", "a", "b"]
    );
    assert_eq!(names(&org, "WHERE Up__r.Q__c = 1.5").await, ["b"]);
    assert_eq!(names(&org, "WHERE Up_Q__c LIKE '1%'").await, ["b"]);
    assert_eq!(
        names(&org, "WHERE Big__c = true ORDER BY Name").await,
        ["a", "c"]
    );
    assert_eq!(names(&org, "WHERE Day__c = 2026-02-01").await.len(), 3);
    let query = "SELECT+MAX(Q__c)+m,SUM(Q__c)+s,COUNT(Q__c)+c+FROM+Calc__c";
    let found = org.get(&format!("/query?q={query}")).await.json();
    let row = &found["records"][0];
    assert_eq!(
        (&row["m"], &row["s"], &row["c"]),
        (&json!(2.5), &json!(4.0), &json!(2))
    );
    let days = org
        .get("/query?q=SELECT+Day__c,COUNT(Id)+c+FROM+Calc__c+GROUP+BY+Day__c")
        .await;
    assert_eq!(days.json()["records"][0]["Day__c"], "2026-02-01");
    assert_eq!(days.json()["records"][0]["c"], 3);
    let refused = org
        .get("/query?q=SELECT+Q__c+FROM+Calc__c+GROUP+BY+Q__c")
        .await;
    assert!(
        refused
            .refusal()
            .2
            .contains("can not be grouped in a query call"),
        "{refused:?}"
    );
    let all = org
        .get("/query?q=SELECT+FIELDS(ALL)+FROM+Calc__c+LIMIT+1")
        .await;
    assert_eq!(all.json()["records"][0]["Q__c"], 1.5);
}

#[tokio::test]
async fn what_is_global_is_that_of_the_reader() {
    let org = with(&[
        formula("Mine__c", "Checkbox", "$User.Id = CreatedById", ""),
        formula(
            "Who__c",
            "Text",
            "$Profile.Name & '/' & $Organization.Id",
            "",
        ),
        formula("Own__c", "Text", "'id=' & Id", ""),
        formula("Owner_Name__c", "Text", "Owner:User.Username", ""),
    ])
    .await;
    let id = org.create("Calc__c", &json!({"Name": "one"})).await;
    let read = org.record("Calc__c", &id).await;
    let found = org
        .get("/query?q=SELECT+Mine__c,Who__c,Own__c,Owner_Name__c+FROM+Calc__c")
        .await
        .json();
    for record in [&read, &found["records"][0]] {
        assert_eq!(record["Mine__c"], true, "{record}");
        let who = record["Who__c"].as_str().expect("a text");
        assert!(who.starts_with("System Administrator/00D"), "{who}");
        assert_eq!(who.len(), "System Administrator/".len() + 15);
        assert_eq!(
            record["Own__c"].as_str(),
            id.get(..15).map(|id| format!("id={id}")).as_deref()
        );
        assert!(
            record["Owner_Name__c"]
                .as_str()
                .expect("a text")
                .contains('@')
        );
    }
}

#[tokio::test]
async fn describes_show_formulas_as_recorded() {
    let zero = "<formulaTreatBlanksAs>BlankAsZero</formulaTreatBlanksAs>";
    let org = with(&[
        formula("Text__c", "Text", "TEXT(N1__c)", zero),
        formula("Link__c", "Text", "HYPERLINK('/' & Id, 'x')", ""),
        formula("Whole__c", "Number", "1 + 1", ""),
        formula("Truth__c", "Checkbox", "TRUE", ""),
    ])
    .await;
    let described = org.get("/sobjects/Calc__c/describe").await.json();
    let fields = &described["fields"];
    let check = |name: &str, expected: Value| {
        let field = named(fields, name);
        for (key, value) in expected.as_object().expect("an object") {
            assert_eq!(field[key], *value, "{name}.{key}");
        }
    };
    check(
        "Text__c",
        json!({
            "type": "string", "length": 1300, "byteLength": 3900, "calculated": true, "calculatedFormula": "TEXT(N1__c)",
            "createable": false, "updateable": false, "groupable": false, "sortable": true, "filterable": true,
            "aggregatable": true, "formulaTreatNullNumberAsZero": true, "nillable": true, "defaultedOnCreate": false,
            "htmlFormatted": false,
        }),
    );
    check(
        "Link__c",
        json!({"htmlFormatted": true, "formulaTreatNullNumberAsZero": false}),
    );
    check(
        "Whole__c",
        json!({"type": "double", "precision": 18, "scale": 0, "groupable": false}),
    );
    check(
        "Truth__c",
        json!({
            "type": "boolean", "groupable": true, "aggregatable": false, "nillable": false, "defaultedOnCreate": true,
            "defaultValue": null,
        }),
    );
}

#[tokio::test]
async fn a_formula_that_is_refused_is_described_and_null() {
    let org = with(&[formula("Wrong__c", "Number", "Nope__c + 1", "")]).await;
    let id = org.create("Calc__c", &json!({"Name": "one"})).await;
    assert_eq!(org.record("Calc__c", &id).await["Wrong__c"], Value::Null);
    assert_eq!(names(&org, "WHERE Wrong__c = null").await, ["one"]);
}

#[tokio::test]
async fn rules_refuse_a_record_with_their_messages() {
    let shown = "<errorDisplayField>N1__c</errorDisplayField>";
    let org = with(&[
        rule("A_Negative", true, "N1__c < 0", "No negatives", shown),
        rule("B_Text", true, "T1__c = 'bad'", "Bad text", ""),
        rule("C_Off", false, "TRUE", "Never", ""),
    ])
    .await;
    let refused = org
        .post("/sobjects/Calc__c", &json!({"Name": "x", "N1__c": -1}))
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        refused.json(),
        json!([{
            "message": "No negatives", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["N1__c"],
        }])
    );
    let both = org
        .post(
            "/sobjects/Calc__c",
            &json!({"Name": "x", "N1__c": -1, "T1__c": "bad"}),
        )
        .await;
    let both = both.json();
    assert_eq!(
        both[1],
        json!({
            "message": "Bad text", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": [],
        })
    );
    assert_eq!(both.as_array().map(Vec::len), Some(2));
    let id = org
        .create("Calc__c", &json!({"Name": "x", "N1__c": 1}))
        .await;
    let refused = org
        .patch(&format!("/sobjects/Calc__c/{id}"), &json!({"N1__c": -1}))
        .await;
    assert_eq!(refused.refusal().1, "FIELD_CUSTOM_VALIDATION_EXCEPTION");
    let upsert = org
        .patch(
            "/sobjects/Calc__c/Key__c/k",
            &json!({"Name": "x", "N1__c": -1}),
        )
        .await;
    assert_eq!(upsert.status, 400, "{upsert:?}");
    let records: Vec<Value> = [1, -1, 2]
        .map(|number| json!({"attributes": {"type": "Calc__c"}, "Name": "x", "N1__c": number}))
        .into();
    let some = org
        .post(
            "/composite/sobjects",
            &json!({"allOrNone": false, "records": records}),
        )
        .await;
    let some = some.json();
    assert_eq!(
        some[1]["errors"][0]["statusCode"],
        "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    );
    assert_eq!(
        (&some[0]["success"], &some[2]["success"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(names(&org, "").await.len(), 3);
}

#[tokio::test]
async fn rules_compare_with_the_record_before_the_save() {
    let org = with(&[
        rule("Lowered", true, "PRIORVALUE(N1__c) > N1__c", "Lowered", ""),
        rule(
            "Renamed",
            true,
            "NOT(ISNEW()) && ISCHANGED(Name)",
            "Renamed",
            "",
        ),
        rule("Above", true, "Up__r.T1__c = 'closed'", "Closed", ""),
        rule("Zero", true, "1 / N2__c > 5", "Steep", ""),
    ])
    .await;
    let id = org
        .create(
            "Calc__c",
            &json!({"Name": "x", "N1__c": 3, "T1__c": "closed"}),
        )
        .await;
    let path = format!("/sobjects/Calc__c/{id}");
    assert_eq!(
        org.patch(&path, &json!({"N1__c": 2})).await.refusal().2,
        "Lowered"
    );
    assert_eq!(
        org.patch(&path, &json!({"Name": "y"})).await.refusal().2,
        "Renamed"
    );
    assert_eq!(
        org.patch(&path, &json!({"Name": "x", "N1__c": 4}))
            .await
            .status,
        204
    );
    let below = org
        .post("/sobjects/Calc__c", &json!({"Name": "z", "Up__c": id}))
        .await;
    assert_eq!(below.refusal().2, "Closed");
    let failed = org.patch(&path, &json!({"N2__c": 0})).await;
    assert_eq!(
        failed.refusal().2,
        "Formula evaluation error in validation rule Zero: Division by zero"
    );
    let deleted = org
        .send("DELETE", &path, &[], axum::body::Body::empty())
        .await;
    assert_eq!(deleted.status, 204);
}

#[tokio::test]
async fn a_master_that_its_rule_refuses_refuses_the_detail() {
    let total = "<summaryForeignKey>Part__c.Calc__c</summaryForeignKey>\
        <summarizedField>Part__c.Size__c</summarizedField><summaryOperation>sum</summaryOperation>";
    let mut components = calc(
        &[
            field("Total__c", "Total", "Summary", total),
            rule("Total", true, "Total__c > 100", "Too much", ""),
        ]
        .concat(),
    );
    let namespace = "http://soap.sforce.com/2006/04/metadata";
    let master = "<referenceTo>Calc__c</referenceTo><relationshipName>Parts</relationshipName>";
    let body = [
        field("Calc__c", "Calc", "MasterDetail", master),
        field(
            "Size__c",
            "Size",
            "Number",
            "<precision>6</precision><scale>0</scale>",
        ),
    ]
    .concat();
    components.push(Component {
        path: "objects/Part__c.object".to_owned(),
        content: format!(
            "<CustomObject xmlns=\"{namespace}\">{HEADING}<sharingModel>ControlledByParent</sharingModel>{body}</CustomObject>"
        ),
    });
    let org = Org::with(components).await;
    let id = org.create("Calc__c", &json!({"Name": "whole"})).await;
    org.create(
        "Part__c",
        &json!({"Name": "a", "Calc__c": id, "Size__c": 60}),
    )
    .await;
    let refused = org
        .post(
            "/sobjects/Part__c",
            &json!({"Name": "b", "Calc__c": id, "Size__c": 41}),
        )
        .await;
    assert_eq!(
        refused.json(),
        json!([{
            "message": "Too much", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": [],
        }])
    );
    assert_eq!(org.record("Calc__c", &id).await["Total__c"], 60.0);
}

#[tokio::test]
async fn defaults_are_computed_where_the_request_is_silent() {
    let default = |text: &str, more: &str| format!("{more}<defaultValue>{text}</defaultValue>");
    let org = with(&[
        field(
            "Code__c",
            "Code",
            "Text",
            &default("'T-' &amp; TEXT(YEAR(TODAY()))", "<length>20</length>"),
        ),
        field("Due__c", "Due", "Date", &default("TODAY() + 7", "")),
        field(
            "By__c",
            "By",
            "Text",
            &default("$User.Id", "<length>18</length>"),
        ),
        field("Wrong__c", "Wrong", "Date", &default("D1__c", "")),
        field(
            "Five__c",
            "Five",
            "Number",
            &default("5", "<precision>9</precision><scale>0</scale>"),
        ),
    ])
    .await;
    let id = org.create("Calc__c", &json!({"Name": "one"})).await;
    let record = org.record("Calc__c", &id).await;
    assert_eq!(record["Code__c"], "T-2023");
    assert_eq!(record["Due__c"], "2023-11-21");
    assert_eq!(record["By__c"].as_str(), org.user().get(..15));
    assert_eq!(record["Five__c"], 5.0);
    assert_eq!(record["Wrong__c"], Value::Null);
    let given = json!({"Name": "two", "Code__c": null, "Due__c": "2024-01-01"});
    let id = org.create("Calc__c", &given).await;
    let record = org.record("Calc__c", &id).await;
    assert_eq!(
        (&record["Code__c"], &record["Due__c"]),
        (&Value::Null, &json!("2024-01-01"))
    );
    let described = org.get("/sobjects/Calc__c/describe").await.json();
    let due = named(&described["fields"], "Due__c");
    assert_eq!(
        (&due["defaultValueFormula"], &due["defaultedOnCreate"]),
        (&json!("TODAY() + 7"), &json!(true))
    );
    let five = named(&described["fields"], "Five__c");
    assert_eq!(
        (&five["defaultValueFormula"], &five["defaultValue"]),
        (&json!("5"), &Value::Null)
    );
    let wrong = named(&described["fields"], "Wrong__c");
    assert_eq!(
        (&wrong["defaultValueFormula"], &wrong["defaultedOnCreate"]),
        (&Value::Null, &json!(false))
    );
}

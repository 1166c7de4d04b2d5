//! What users may do by their profiles and permission sets, as the REST API shows it.

use std::fmt::Write as _;

use axum::body::Body;
use landfall_auth::NewUser;
use landfall_engine::Step;
use landfall_metadata::Component;
use landfall_model::RecordId;
use serde_json::{Value, json};

use crate::org::{Answer, Org};
use crate::project::{field, trip};

/// A user, their token, and the permission set that is theirs.
struct User<'o> {
    org: &'o Org,
    id: RecordId,
    token: String,
    set: String,
}

impl<'o> User<'o> {
    /// A user with the least profile and an empty permission set.
    async fn new(org: &'o Org) -> Self {
        let minimum = found(
            org,
            "SELECT Id FROM Profile WHERE Name LIKE 'Minimum Access%25'",
        )
        .await;
        let user = NewUser {
            username: "ann@landfall.test",
            password: "secret",
            last_name: "Ann",
            alias: "ann",
            profile: RecordId::parse(&minimum).expect("an id"),
        };
        let id = org.auth.create_user(&user).await.expect("a user");
        let login = org
            .auth
            .password_grant(landfall_test_org::APP, "ann@landfall.test", "secret");
        let token = login.await.expect("a login").access_token;
        let set = json!({"Name": "Sales", "Label": "Sales"});
        let set = org.create("PermissionSet", &set).await;
        let assignment = json!({"AssigneeId": id.to_string(), "PermissionSetId": set});
        org.create("PermissionSetAssignment", &assignment).await;
        Self {
            org,
            id,
            token: token.as_str().to_owned(),
            set,
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let header = format!("Bearer {}", self.token);
        let body = match body {
            Value::Null => Body::empty(),
            body => Body::from(body.to_string()),
        };
        self.org
            .send(method, path, &[("authorization", header.as_str())], body)
            .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &Value::Null).await
    }

    /// Grants rights for an object; the record that says so.
    async fn grant(&self, object: &str, rights: &[&str]) -> String {
        let mut body = json!({"ParentId": self.set, "SobjectType": object});
        for right in rights {
            body[format!("Permissions{right}")] = json!(true);
        }
        self.org.create("ObjectPermissions", &body).await
    }

    async fn grant_field(&self, field: &str, edit: bool) -> String {
        let body = json!({
            "ParentId": self.set, "SobjectType": field.split('.').next(), "Field": field,
            "PermissionsRead": true, "PermissionsEdit": edit,
        });
        self.org.create("FieldPermissions", &body).await
    }
}

/// The first value that a query finds.
async fn found(org: &Org, query: &str) -> String {
    let mut path = String::from("/query?q=");
    for character in query.chars() {
        match character {
            ' ' => path.push('+'),
            other => write!(path, "{other}").expect("memory"),
        }
    }
    let answer = org.get(&path).await.json();
    let id = answer["records"][0]["Id"].as_str();
    id.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// Source: "Generic Streaming" (Streaming API Developer Guide): read-only access is for subscribers.
#[tokio::test]
async fn pushing_to_a_channel_needs_more_than_reading_it() {
    let org = Org::with(Vec::new()).await;
    let ann = User::new(&org).await;
    let channel = json!({"Name": "/u/x"});
    let channel = org.create("StreamingChannel", &channel).await;
    let path = format!("/sobjects/StreamingChannel/{channel}/push");
    let body = json!({"pushEvents": [{"payload": "a"}]});
    let right = ann.grant("StreamingChannel", &["Read"]).await;
    assert_eq!(ann.get(&path).await.status, 200);
    let (status, code, _) = ann.send("POST", &path, &body).await.refusal();
    let denied = (403, "INSUFFICIENT_ACCESS_OR_READONLY");
    assert_eq!((status, code.as_str()), denied);
    let edit = json!({"PermissionsEdit": true});
    let granted = org
        .send(
            "PATCH",
            &format!("/sobjects/ObjectPermissions/{right}"),
            &[],
            edit.to_string(),
        )
        .await;
    assert_eq!(granted.status, 204, "{granted:?}");
    assert_eq!(ann.send("POST", &path, &body).await.status, 200);
}

/// Source: "Special Access Rules" of "`CampaignMember`" (Object Reference).
#[tokio::test]
async fn what_belongs_to_a_record_goes_by_the_permissions_of_that() {
    let org = Org::with(Vec::new()).await;
    let ann = User::new(&org).await;
    let campaign = org.create("Campaign", &json!({"Name": "Spring"})).await;
    let lead = json!({"LastName": "Boyle", "Company": "Acme"});
    let lead = org.create("Lead", &lead).await;
    let query = "/query?q=SELECT+Id+FROM+CampaignMember";
    let (status, code, _) = ann.get(query).await.refusal();
    assert_eq!((status, code.as_str()), (400, "INVALID_TYPE"));
    // The object itself has no permissions.
    let own =
        json!({"ParentId": ann.set, "SobjectType": "CampaignMember", "PermissionsRead": true});
    let refused = org
        .send("POST", "/sobjects/ObjectPermissions", &[], own.to_string())
        .await;
    assert_eq!(refused.status, 400, "{refused:?}");
    let right = ann.grant("Campaign", &["Read"]).await;
    ann.grant("Lead", &["Read"]).await;
    ann.grant_field("CampaignMember.LeadId", true).await;
    assert_eq!(ann.get(query).await.json()["totalSize"], 0);
    let member = json!({"CampaignId": campaign, "LeadId": lead});
    let refused = ann.send("POST", "/sobjects/CampaignMember", &member).await;
    let (_, code, _) = refused.refusal();
    assert_eq!(code, "INSUFFICIENT_ACCESS_OR_READONLY");
    let edit = json!({"PermissionsEdit": true}).to_string();
    let path = format!("/sobjects/ObjectPermissions/{right}");
    assert_eq!(org.send("PATCH", &path, &[], edit).await.status, 204);
    let made = ann.send("POST", "/sobjects/CampaignMember", &member).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(ann.get(query).await.json()["totalSize"], 1);
}

/// Source: none: the values of a hidden field are in the history too.
#[tokio::test]
async fn a_history_is_for_users_who_may_read_all_that_it_holds() {
    let tracked = "<trackHistory>true</trackHistory>";
    let content = format!(
        "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><enableHistory>true</enableHistory>\
         <fields><fullName>Name</fullName>{tracked}</fields><fields><fullName>Industry</fullName>{tracked}</fields>\
         </CustomObject>"
    );
    let path = "objects/Account.object".to_owned();
    let org = Org::with(vec![Component { path, content }]).await;
    let ann = User::new(&org).await;
    org.create("Account", &json!({"Name": "Acme"})).await;
    let query = "/query?q=SELECT+Field+FROM+AccountHistory";
    ann.grant("Account", &["Read"]).await;
    let (status, code, _) = ann.get(query).await.refusal();
    assert_eq!((status, code.as_str()), (400, "INVALID_TYPE"));
    ann.grant_field("Account.Industry", false).await;
    assert_eq!(ann.get(query).await.json()["totalSize"], 1);
}

#[tokio::test]
async fn what_may_not_be_read_is_not_there() {
    let org = Org::with(Vec::new()).await;
    let ann = User::new(&org).await;
    let id = org.create("Account", &json!({"Name": "Acme"})).await;

    let query = "/query?q=SELECT+Id+FROM+Account";
    let (status, code, message) = ann.get(query).await.refusal();
    assert_eq!((status, code.as_str()), (400, "INVALID_TYPE"), "{message}");
    assert!(message.contains("sObject type 'Account' is not supported"));
    for path in [
        "/sobjects/Account".to_owned(),
        "/sobjects/Account/describe".to_owned(),
        format!("/sobjects/Account/{id}"),
    ] {
        assert_eq!(ann.get(&path).await.status, 404, "{path}");
    }
    let global = ann.get("/sobjects").await.json();
    let names = global["sobjects"].as_array().expect("a list").iter();
    assert!(!names.clone().any(|object| object["name"] == "Account"));
    assert!(names.clone().any(|object| object["name"] == "Task"));

    let permission = ann.grant("Account", &["Read"]).await;
    assert_eq!(ann.get(query).await.json()["totalSize"], 1);
    let describe = ann.get("/sobjects/Account/describe").await.json();
    assert_eq!(
        [
            &describe["createable"],
            &describe["updateable"],
            &describe["queryable"]
        ],
        [&json!(false), &json!(false), &json!(true)]
    );
    let (status, code, _) = ann
        .send("POST", "/sobjects/Account", &json!({"Name": "New"}))
        .await
        .refusal();
    assert_eq!(
        (status, code.as_str()),
        (403, "INSUFFICIENT_ACCESS_OR_READONLY")
    );

    // Taking the permission away is effective at once.
    let gone = org
        .send(
            "DELETE",
            &format!("/sobjects/ObjectPermissions/{permission}"),
            &[],
            Body::empty(),
        )
        .await;
    assert_eq!(gone.status, 204, "{gone:?}");
    assert_eq!(ann.get(query).await.status, 400);
}

#[tokio::test]
async fn fields_are_granted_one_by_one() {
    let org = Org::with(Vec::new()).await;
    let ann = User::new(&org).await;
    ann.grant("Account", &["Read", "Create", "Edit"]).await;
    let account = json!({"Name": "Acme", "Phone": "1", "Industry": "Energy"});
    let id = org.create("Account", &account).await;
    let path = format!("/sobjects/Account/{id}");

    let record = ann.get(&path).await.json();
    assert_eq!(record["Name"], "Acme");
    assert!(record.get("Phone").is_none(), "{record}");
    for query in [
        "SELECT+Phone+FROM+Account",
        "SELECT+Id+FROM+Account+WHERE+Phone='1'",
    ] {
        let (_, code, message) = ann.get(&format!("/query?q={query}")).await.refusal();
        assert_eq!(code, "INVALID_FIELD");
        assert!(
            message.contains("No such column 'Phone' on entity 'Account'"),
            "{message}"
        );
    }
    let (_, code, message) = ann
        .send("PATCH", &path, &json!({"Phone": "2"}))
        .await
        .refusal();
    assert_eq!(code, "INVALID_FIELD", "{message}");

    let permission = ann.grant_field("Account.Phone", false).await;
    assert_eq!(ann.get(&path).await.json()["Phone"], "1");
    let (_, code, message) = ann
        .send("PATCH", &path, &json!({"Phone": "2"}))
        .await
        .refusal();
    assert_eq!(code, "INVALID_FIELD_FOR_INSERT_UPDATE");
    assert!(
        message.starts_with("Unable to create/update fields: Phone."),
        "{message}"
    );

    let edit = json!({"PermissionsEdit": true});
    let edited = org
        .patch(&format!("/sobjects/FieldPermissions/{permission}"), &edit)
        .await;
    assert_eq!(edited.status, 204, "{edited:?}");
    assert_eq!(
        ann.send("PATCH", &path, &json!({"Phone": "2"}))
            .await
            .status,
        204
    );

    // The address goes as a whole.
    ann.grant_field("Account.BillingAddress", true).await;
    let city = json!({"BillingCity": "Bern"});
    assert_eq!(ann.send("PATCH", &path, &city).await.status, 204);
    assert_eq!(ann.get(&path).await.json()["BillingCity"], "Bern");
}

#[tokio::test]
async fn permissions_have_their_rules() {
    let org = Org::with(Vec::new()).await;
    let ann = User::new(&org).await;
    let set = &ann.set;
    let object = |extra: Value| {
        let mut body = json!({"ParentId": set, "SobjectType": "Account"});
        let members = extra.as_object().expect("members").clone();
        body.as_object_mut().expect("members").extend(members);
        body
    };
    for (body, code) in [
        (
            object(json!({"PermissionsEdit": true})),
            "FIELD_INTEGRITY_EXCEPTION",
        ),
        (
            object(json!({"SobjectType": "User", "PermissionsRead": true})),
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
    ] {
        let answer = org.post("/sobjects/ObjectPermissions", &body).await;
        assert_eq!(answer.refusal().1, code, "{answer:?}");
    }
    for (field, code) in [
        ("Account.Name", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        (
            "Account.BillingCity",
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        ),
        ("Account.Nothing", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ] {
        let body = json!({
            "ParentId": set, "SobjectType": "Account", "Field": field, "PermissionsRead": true,
        });
        let answer = org.post("/sobjects/FieldPermissions", &body).await;
        assert_eq!(answer.refusal().1, code, "{field}");
    }
    // The `Id` of a reference may be left out.
    let body = json!({
        "ParentId": set, "SobjectType": "contact", "Field": "contact.account", "PermissionsRead": true,
    });
    let id = org.create("FieldPermissions", &body).await;
    let record = org.record("FieldPermissions", &id).await;
    assert_eq!(record["Field"], "Contact.AccountId");
    assert_eq!(record["SobjectType"], "Contact");
    let again = org.post("/sobjects/FieldPermissions", &body).await;
    assert_eq!(again.refusal().1, "DUPLICATE_VALUE");
    // What grants nothing any more is gone.
    let path = format!("/sobjects/FieldPermissions/{id}");
    let nothing = json!({"PermissionsRead": false, "PermissionsEdit": false});
    assert_eq!(org.patch(&path, &nothing).await.status, 204);
    assert_eq!(org.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_profile_has_a_permission_set_of_its_own() {
    let org = Org::with(Vec::new()).await;
    let profile = org.create("Profile", &json!({"Name": "Readers"})).await;
    let query = format!(
        "/query?q=SELECT+Id,Label,PermissionsViewSetup+FROM+PermissionSet+WHERE+ProfileId='{profile}'"
    );
    let owned = org.get(&query).await.json();
    assert_eq!(owned["records"][0]["Label"], "Readers");
    let path = format!("/sobjects/Profile/{profile}");
    let changed = org
        .patch(&path, &json!({"PermissionsViewSetup": true}))
        .await;
    assert_eq!(changed.status, 204);
    let owned = org.get(&query).await.json();
    assert_eq!(owned["records"][0]["PermissionsViewSetup"], true);
    let set = owned["records"][0]["Id"].as_str().expect("an id");
    let path = format!("/sobjects/PermissionSet/{set}");
    let refused = org.send("DELETE", &path, &[], Body::empty()).await;
    assert_eq!(refused.refusal().0, 403);
    let body = json!({"AssigneeId": org.user(), "PermissionSetId": set});
    let refused = org.post("/sobjects/PermissionSetAssignment", &body).await;
    assert_eq!(refused.refusal().1, "FIELD_INTEGRITY_EXCEPTION");
    // Both are custom ones, and go together.
    let custom = org.get(&format!("{path}?fields=IsCustom")).await.json();
    assert_eq!(custom["IsCustom"], true);
    let profile = format!("/sobjects/Profile/{profile}");
    let deleted = org.send("DELETE", &profile, &[], Body::empty()).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(org.get(&query).await.json()["totalSize"], 0);
}

#[tokio::test]
async fn what_a_project_adds_is_the_administrators_until_it_is_granted() {
    let object = "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Trip</label>\
        <pluralLabel>Trips</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>\
        <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel><fields>\
        <fullName>Days__c</fullName><label>Days</label><type>Number</type><precision>3</precision><scale>0</scale>\
        </fields></CustomObject>";
    let org = Org::with(vec![Component {
        path: "objects/Trip__c.object".to_owned(),
        content: object.to_owned(),
    }])
    .await;
    let ann = User::new(&org).await;
    org.create("Trip__c", &json!({"Name": "Alps", "Days__c": 3}))
        .await;
    let query = "/query?q=SELECT+Id+FROM+Trip__c";
    assert_eq!(ann.get(query).await.refusal().1, "INVALID_TYPE");
    ann.grant("trip__c", &["Read"]).await;
    assert_eq!(ann.get(query).await.json()["totalSize"], 1);
    let days = "/query?q=SELECT+Days__c+FROM+Trip__c";
    assert_eq!(ann.get(days).await.refusal().1, "INVALID_FIELD");
    ann.grant_field("Trip__c.Days__c", false).await;
    assert_eq!(ann.get(days).await.json()["records"][0]["Days__c"], 3.0);
}

#[tokio::test]
async fn nobody_deactivates_themself() {
    let org = Org::with(Vec::new()).await;
    let path = format!("/sobjects/User/{}", org.user());
    let refused = org.patch(&path, &json!({"IsActive": false})).await;
    assert_eq!(refused.refusal().1, "FIELD_INTEGRITY_EXCEPTION");
    let ann = User::new(&org).await;
    let path = format!("/sobjects/User/{}", ann.id);
    let inactive = org.patch(&path, &json!({"IsActive": false})).await;
    assert_eq!(inactive.status, 204, "{inactive:?}");
    assert_eq!(ann.get("/limits").await.status, 401);
}

/// Source: "`PermissionSet`", "`Profile`" (Metadata API Developer Guide).
#[tokio::test]
async fn permission_sets_and_profiles_of_a_project_take_effect() {
    let org = Org::with(Vec::new()).await;
    let file = |path: &str, root: &str, content: &str| Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{content}</{root}>"
        ),
    };
    let set = |rights: &str| {
        let content = format!("<label>Field Sales</label>{rights}");
        let path = "permissionsets/Field_Sales.permissionset-meta.xml";
        file(path, "PermissionSet", &content)
    };
    let profile = file(
        "profiles/Guide.profile-meta.xml",
        "Profile",
        "<userPermissions><enabled>true</enabled><name>ViewSetup</name></userPermissions>",
    );
    let read = "<objectPermissions><allowRead>true</allowRead><object>Account</object></objectPermissions>\
                <fieldPermissions><editable>false</editable><field>Account.Phone</field><readable>true</readable>\
                </fieldPermissions>";
    org.deploy(vec![set(read), profile.clone()]).await;
    let query = "SELECT Id FROM PermissionSet WHERE Name='Field_Sales'";
    let id = found(&org, query).await;
    let profile_set =
        "SELECT Id FROM PermissionSet WHERE Profile.Name='Guide' AND PermissionsViewSetup=true";
    found(&org, profile_set).await;

    let ann = User::new(&org).await;
    let body = json!({"AssigneeId": ann.id.to_string(), "PermissionSetId": id});
    org.create("PermissionSetAssignment", &body).await;
    let phones = "/query?q=SELECT+Phone+FROM+Account";
    assert_eq!(ann.get(phones).await.status, 200);
    // What the file no longer says is no longer granted.
    let less = "<objectPermissions><allowRead>true</allowRead><object>Account</object></objectPermissions>";
    org.deploy(vec![set(less), profile.clone()]).await;
    assert_eq!(ann.get(phones).await.refusal().1, "INVALID_FIELD");
    // A permission set that is gone takes its assignments along.
    org.deploy(vec![profile]).await;
    assert_eq!(
        ann.get("/query?q=SELECT+Id+FROM+Account").await.refusal().1,
        "INVALID_TYPE"
    );

    let wrong = "<objectPermissions><allowEdit>true</allowEdit><object>Account</object></objectPermissions>";
    let refused = org
        .engine
        .deploy(vec![set(wrong)])
        .await
        .expect_err("refused");
    assert!(
        format!("{refused:?}")
            .contains("Permission Edit Account depends on permission(s): Read Account")
    );
}

#[tokio::test]
async fn removed_components_lose_their_grants_and_others_keep_them() {
    let org = Org::with(Vec::new()).await;
    let seats = field(
        "Seats__c",
        "Seats",
        "Checkbox",
        "<defaultValue>false</defaultValue>",
    );
    org.deploy(vec![trip(&seats)]).await;
    let ann = User::new(&org).await;
    ann.grant("Trip__c", &["Read"]).await;
    ann.grant_field("Trip__c.Seats__c", false).await;
    ann.grant_field("Trip__c.Batch__c", false).await;
    // A permission set that was deployed, with something that was added to it since.
    let set = Component {
        path: "permissionsets/Crew.permissionset-meta.xml".to_owned(),
        content: "<PermissionSet><label>Crew</label><fieldPermissions><editable>false</editable>\
                  <field>Trip__c.Seats__c</field><readable>true</readable></fieldPermissions><objectPermissions>\
                  <allowRead>true</allowRead><object>Trip__c</object></objectPermissions></PermissionSet>"
            .to_owned(),
    };
    let steps = landfall_metadata::parts(&[set]).into_iter().map(Step::Put);
    let mut amending = org.engine.amending().await;
    let amended = amending.amend(steps.collect(), RecordId::EMPTY, false);
    amended.await.expect("amended");
    drop(amending);
    let crew = found(&org, "SELECT Id FROM PermissionSet WHERE Name='Crew'").await;
    let account = json!({"ParentId": crew, "SobjectType": "Account", "PermissionsRead": true});
    org.create("ObjectPermissions", &account).await;

    let granted = async |object: &str, field: &str| {
        let path = format!(
            "/query?q=SELECT+{field}+FROM+{object}+WHERE+Parent.Name+IN+('Sales','Crew')+ORDER+BY+{field}"
        );
        let answer = org.get(&path).await.json();
        let records = answer["records"].as_array().expect("records").iter();
        let names = records.map(|record| record[field].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    org.deploy(vec![trip("")]).await;
    assert_eq!(
        granted("FieldPermissions", "Field").await,
        "Trip__c.Batch__c"
    );
    assert_eq!(
        granted("ObjectPermissions", "SobjectType").await,
        "Account Trip__c Trip__c"
    );
    org.deploy(Vec::new()).await;
    assert_eq!(granted("FieldPermissions", "Field").await, "");
    assert_eq!(granted("ObjectPermissions", "SobjectType").await, "Account");
    org.deploy(vec![trip("")]).await;
    assert_eq!(ann.get("/sobjects/Trip__c").await.status, 404);
}

/// Source: "Person Account Record Types" (SOAP API Developer Guide): the setting of the field of contacts counts.
#[tokio::test]
async fn fields_of_a_person_account_are_visible_as_those_of_contacts_are() {
    let org = Org::with(Vec::new()).await;
    org.deploy(vec![landfall_metadata::person_account_type()])
        .await;
    let ann = User::new(&org).await;
    ann.grant("Account", &["Read"]).await;
    ann.grant_field("Contact.Email", false).await;
    let describe = ann.get("/sobjects/Account/describe").await.json();
    let fields = describe["fields"].as_array().expect("fields").iter();
    let names: Vec<_> = fields.map(|field| &field["name"]).collect();
    for (name, visible) in [
        ("LastName", true),
        ("PersonEmail", true),
        ("PersonTitle", false),
    ] {
        assert_eq!(names.contains(&&json!(name)), visible, "{name}");
    }
}

//! Definitions that change while the org runs.

use std::sync::Arc;

use landfall_engine::usage::Client;
use landfall_engine::{Error, Step};
use landfall_metadata::{Component, Kind};
use landfall_model::{ChangeType, Fault, FieldFault, RecordId, Topic, Value};

use crate::org::{Org, text};

pub(crate) fn component(path: &str, root: &str, content: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{content}</{root}>"
        ),
    }
}

pub(crate) fn ship() -> Component {
    component(
        "objects/Ship__c/Ship__c.object-meta.xml",
        "CustomObject",
        "<label>Ship</label><pluralLabel>Ships</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
         <nameField><label>Name</label><type>Text</type></nameField><sharingModel>ReadWrite</sharingModel>",
    )
}

pub(crate) fn field(object: &str, name: &str, definition: &str) -> Component {
    component(
        &format!("objects/{object}/fields/{name}.field-meta.xml"),
        "CustomField",
        &format!("<fullName>{name}</fullName><label>{name}</label>{definition}"),
    )
}

pub(crate) fn flag() -> Component {
    field("Ship__c", "Flag__c", "<type>Text</type><length>20</length>")
}

fn low_ink() -> Vec<Component> {
    let event = component(
        "objects/Low_Ink__e/Low_Ink__e.object-meta.xml",
        "CustomObject",
        "<label>Low Ink</label><pluralLabel>Low Inks</pluralLabel><eventType>HighVolume</eventType>\
         <deploymentStatus>Deployed</deploymentStatus>",
    );
    vec![
        event,
        field(
            "Low_Ink__e",
            "Model__c",
            "<type>Text</type><length>20</length><required>true</required>",
        ),
        field(
            "Low_Ink__e",
            "Urgent__c",
            "<type>Checkbox</type><defaultValue>true</defaultValue>",
        ),
    ]
}

#[tokio::test]
async fn a_project_is_compiled_once_at_a_start() {
    let project = || vec![ship(), flag()];
    let org = Org::new().await;
    org.engine.deploy(project()).await.expect("deployed");
    let org = org.restarted().await;
    let begun = org.entity("Ship__c");
    org.engine.deploy(project()).await.expect("deployed");
    // What was compiled from the store is deployed, and what was deployed is loaded.
    assert!(Arc::ptr_eq(&org.entity("Ship__c"), &begun));
    org.engine.deploy(project()).await.expect("deployed");
    assert!(!Arc::ptr_eq(&org.entity("Ship__c"), &begun));
}

#[tokio::test]
async fn what_an_org_has_begun_with_gives_way_to_what_is_deployed() {
    for amended in [false, true] {
        let org = Org::new().await;
        org.engine
            .deploy(vec![ship(), flag()])
            .await
            .expect("deployed");
        let org = org.restarted().await;
        if amended {
            let steps = vec![Step::Remove(Kind::Field, "Ship__c.Flag__c".to_owned())];
            let mut amending = org.engine.amending().await;
            amending
                .amend(steps, org.user, false)
                .await
                .expect("amended");
        } else {
            org.engine.deploy(vec![ship()]).await.expect("deployed");
        }
        assert!(org.entity("Ship__c").field("Flag__c").is_none());
        org.engine
            .deploy(vec![ship(), flag()])
            .await
            .expect("deployed");
        assert!(org.entity("Ship__c").field("Flag__c").is_some());
        let org = org.restarted().await;
        assert!(org.entity("Ship__c").field("Flag__c").is_some());
    }
}

#[tokio::test]
async fn what_is_left_out_of_a_project_is_reported_at_every_start() {
    let grants = || {
        component(
            "permissionsets/Reader.permissionset-meta.xml",
            "PermissionSet",
            "<label>Reader</label><fieldPermissions><field>Ship__c.Sail__c</field>\
             <readable>true</readable><editable>false</editable></fieldPermissions>",
        )
    };
    let org = Org::new().await;
    let first = org.engine.deploy(vec![ship(), grants()]).await;
    let first = first.expect("deployed");
    assert_eq!(first.len(), 1, "{first:?}");
    let org = org.restarted().await;
    let second = org.engine.deploy(vec![ship(), grants()]).await;
    assert_eq!(second.expect("deployed"), first);
    let org = org.restarted().await;
    let strictly = org.engine.deploy_strictly(vec![ship(), grants()]).await;
    assert!(matches!(strictly, Err(Error::Invalid { problems }) if problems == first));
}

#[tokio::test]
async fn a_deployed_object_exists_at_once_and_after_a_restart() {
    let org = Org::new().await;
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
    let ship = org
        .created("Ship__c", &[text("Name", "Ark"), text("Flag__c", "NL")])
        .await;
    assert!(ship.as_str().starts_with("a00"), "{ship}");
    let topic = Topic::of_change_event("Ship__ChangeEvent");
    assert!(org.engine.definitions().topic(&topic).is_some());
    let org = org.restarted().await;
    assert_eq!(
        org.value(ship, "Flag__c").await,
        Value::Text("NL".to_owned())
    );
    let second = org.created("Ship__c", &[text("Name", "Argo")]).await;
    assert!(second > ship);
}

fn text_fields(names: &[&str]) -> Vec<Component> {
    let text = |name: &&str| field("Ship__c", name, "<type>Text</type><length>20</length>");
    names.iter().map(text).chain([ship()]).collect()
}

fn custom_fields(org: &Org) -> Vec<String> {
    let ship = org.entity("Ship__c");
    let fields = ship.fields.iter().map(|field| field.name.as_str());
    let custom = fields.filter(|name| name.ends_with("__c"));
    custom.map(str::to_owned).collect()
}

#[tokio::test]
async fn fields_are_ordered_by_creation_whatever_their_names() {
    let org = Org::new().await;
    let deploy = async |org: &Org, names: &[&str]| {
        let files = text_fields(names);
        org.engine.deploy(files).await.expect("deployed");
        custom_fields(org)
    };
    assert_eq!(
        deploy(&org, &["Mast__c", "Flag__c"]).await,
        ["Flag__c", "Mast__c"]
    );
    let all = ["Deck__c", "Bow__c", "Mast__c", "Flag__c"];
    let created = ["Flag__c", "Mast__c", "Bow__c", "Deck__c"];
    assert_eq!(deploy(&org, &all).await, created);
    let org = org.restarted().await;
    assert_eq!(custom_fields(&org), created);
    assert_eq!(deploy(&org, &all).await, created);
    // A deleted field that is created again is the last one.
    deploy(&org, &["Deck__c", "Bow__c", "Mast__c"]).await;
    assert_eq!(
        deploy(&org, &all).await,
        ["Mast__c", "Bow__c", "Deck__c", "Flag__c"]
    );
}

#[tokio::test]
async fn a_new_field_changes_the_schema_and_the_old_one_stays_readable() {
    let org = Org::new().await;
    let schema = |org: &Org| {
        let definitions = org.engine.definitions();
        definitions
            .change_event_schema("Account")
            .expect("captured")
            .id()
    };
    let before = schema(&org);
    let colour = field(
        "Account",
        "Colour__c",
        "<type>Text</type><length>20</length>",
    );
    org.engine.deploy(vec![colour]).await.expect("deployed");
    let after = schema(&org);
    assert_ne!(before, after);
    for id in [before, after] {
        assert!(org.engine.schema(id).is_some());
    }
    let account = org
        .created("Account", &[text("Name", "A"), text("Colour__c", "red")])
        .await;
    // What is not deployed any more is no field any more, and comes back with its values.
    org.engine.deploy(Vec::new()).await.expect("deployed");
    assert_eq!(schema(&org), before);
    assert!(org.entity("Account").field("Colour__c").is_none());
    let colour = field(
        "Account",
        "Colour__c",
        "<type>Text</type><length>20</length>",
    );
    org.engine.deploy(vec![colour]).await.expect("deployed");
    assert_eq!(
        org.value(account, "Colour__c").await,
        Value::Text("red".to_owned())
    );
}

#[tokio::test]
async fn a_project_with_problems_changes_nothing() {
    let org = Org::new().await;
    org.engine.deploy(vec![ship()]).await.expect("deployed");
    let before = org.engine.definitions();
    let wrong = field("Ship__c", "Wrong__c", "<type>Nonsense</type>");
    let refused = org.engine.deploy(vec![ship(), wrong]).await;
    let Err(Error::Invalid { problems }) = refused else {
        panic!("deployed: {refused:?}");
    };
    assert_eq!(
        problems[0].path,
        "objects/Ship__c/fields/Wrong__c.field-meta.xml"
    );
    assert!(Arc::ptr_eq(&before, &org.engine.definitions()));
}

#[tokio::test]
async fn a_field_that_comes_back_with_another_kind_of_value_is_a_problem_and_harms_nothing() {
    let org = Org::new().await;
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
    org.created("Ship__c", &[text("Name", "Beagle")]).await;
    let number = "<type>Number</type><precision>3</precision><scale>0</scale>";
    // Of a field that is gone nobody knows what its values were.
    org.engine.deploy(vec![ship()]).await.expect("deployed");
    let number = vec![ship(), field("Ship__c", "Flag__c", number)];
    let deployed = org.engine.deploy(number).await;
    let Err(Error::Invalid { problems }) = deployed else {
        panic!("deployed: {deployed:?}");
    };
    let told = problems[0].to_string();
    assert!(
        told.starts_with(
            "objects/Ship__c/fields/Flag__c.field-meta.xml:1: Ship__c.Flag__c is kept as TEXT and cannot become REAL"
        ),
        "{told}"
    );
    org.created("Ship__c", &[text("Name", "Ark")]).await;
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
}

#[tokio::test]
async fn a_change_that_was_made_for_earlier_definitions_finds_its_fields() {
    let org = Org::new().await;
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
    let change = org.create("Ship__c", &[text("Name", "Ark"), text("Flag__c", "NL")]);
    // The new field comes before the other: places in the old definition are not those in the new one.
    let anchor = field(
        "Ship__c",
        "Anchor__c",
        "<type>Text</type><length>20</length>",
    );
    org.engine
        .deploy(vec![ship(), anchor.clone(), flag()])
        .await
        .expect("deployed");
    let ship_id = org.change(change).await;
    assert_eq!(
        org.value(ship_id, "Flag__c").await,
        Value::Text("NL".to_owned())
    );
    assert_eq!(org.value(ship_id, "Anchor__c").await, Value::Null);
    let change = org.create("Ship__c", &[text("Name", "Argo"), text("Flag__c", "GR")]);
    org.engine
        .deploy(vec![ship(), anchor])
        .await
        .expect("deployed");
    let fault = org.refused(change).await;
    assert!(matches!(fault, Fault::Field(FieldFault::Unknown { field, .. }) if field == "Flag__c"));
}

/// Source: "Conversions That Generate a Gap Event" (Change Data Capture Developer Guide).
#[tokio::test]
async fn records_whose_picklist_becomes_multi_select_have_a_gap_event() {
    let org = Org::new().await;
    let rig = |kind: &str, more: &str| {
        let values = "<valueSet><valueSetDefinition><sorted>false</sorted>\
             <value><fullName>Sloop</fullName><default>false</default><label>Sloop</label></value>\
             </valueSetDefinition></valueSet>";
        let definition = format!("<type>{kind}</type>{more}{values}");
        vec![ship(), field("Ship__c", "Rig__c", &definition)]
    };
    let multi = || rig("MultiselectPicklist", "<visibleLines>4</visibleLines>");
    org.engine
        .deploy(rig("Picklist", ""))
        .await
        .expect("deployed");
    let rigged = [
        org.created("Ship__c", &[text("Name", "Ark"), text("Rig__c", "Sloop")])
            .await,
        org.created("Ship__c", &[text("Name", "Ketch"), text("Rig__c", "Sloop")])
            .await,
    ];
    org.created("Ship__c", &[text("Name", "Raft")]).await;
    let tail = org.engine.log().bounds().tail;
    org.engine.deploy(multi()).await.expect("deployed");
    let read = org
        .engine
        .log()
        .read(tail, &landfall_engine::TopicFilter::All, 10);
    let stretch = read.await.expect("read");
    let [event] = stretch.events.as_slice() else {
        panic!("{} events", stretch.events.len());
    };
    let definitions = org.engine.definitions();
    let schema = definitions
        .change_event_schema("Ship__c")
        .expect("captured");
    assert_eq!(event.event().schema, schema.id(), "the new schema");
    let decoded = schema.decode(&event.event().payload).expect("a payload");
    let header = decoded.header.expect("a change event");
    assert_eq!(header.change_type, ChangeType::GapUpdate);
    assert_eq!(header.record_ids, rigged.map(|id| id.to_string()));
    assert_eq!(
        (header.sequence_number, header.change_origin.as_str()),
        (1, "")
    );
    assert!(header.changed_fields.is_empty());
    // The values stay, and nothing happens when the same is deployed again.
    assert_eq!(
        org.value(rigged[0], "Rig__c").await,
        Value::Text("Sloop".to_owned())
    );
    let tail = org.engine.log().bounds().tail;
    org.engine.deploy(multi()).await.expect("deployed");
    assert_eq!(org.engine.log().bounds().tail, tail);
}

/// Source: "Considerations for Defining and Publishing Platform Events" (Platform Events Developer Guide).
#[tokio::test]
async fn events_of_a_deleted_definition_are_marked_once_it_is_back() {
    let org = Org::new().await;
    let deploy = async |org: &Org, more: Vec<Component>| {
        let files = [vec![ship()], more].concat();
        org.engine.deploy(files).await.expect("deployed");
    };
    let is_marked = |org: &Org| org.engine.definitions().deleted_events().is_some();
    deploy(&org, low_ink()).await;
    // A definition that changes keeps its events, over a restart too.
    let mut fewer = low_ink();
    fewer.pop();
    deploy(&org, fewer).await;
    let org = org.restarted().await;
    deploy(&org, low_ink()).await;
    assert!(!is_marked(&org));
    deploy(&org, Vec::new()).await;
    assert!(!is_marked(&org), "there is no topic to find them on");
    deploy(&org, low_ink()).await;
    assert!(is_marked(&org));
    let org = org.restarted().await;
    assert!(is_marked(&org));
}

#[tokio::test]
async fn platform_events_are_published_with_their_defaults_and_rules() {
    let org = Org::new().await;
    org.engine.deploy(low_ink()).await.expect("deployed");
    let definitions = org.engine.definitions();
    let publication = definitions
        .publication("low_ink__E")
        .expect("in any letter case");
    let place = |name| publication.object.index_of(name).expect("a field");
    let rights = org.engine.rights(org.user).await.expect("a read");
    let publish = |values| {
        org.engine
            .publish_record(&Client::Rest, publication, &rights, values)
    };
    let tail = org.engine.log().bounds().tail;
    let published = publish(vec![(place("Model__c"), Value::Text("XZO".to_owned()))])
        .await
        .expect("published");
    assert!(published.id.as_str().starts_with("e00"));
    let log = org.engine.log();
    let stretch = log
        .read(tail, &landfall_engine::TopicFilter::All, 10)
        .await
        .expect("read");
    let [event] = stretch.events.as_slice() else {
        panic!("{} events", stretch.events.len());
    };
    assert_eq!(event.event().id, published.uuid.into());
    assert_eq!(event.event().topic, publication.topic);
    let decoded = publication
        .schema
        .decode(&event.event().payload)
        .expect("a payload");
    let fields = format!("{:?}", decoded.fields);
    assert!(
        fields.contains("XZO") && fields.contains("Boolean(true)"),
        "{fields}"
    );
    let missing = publish(Vec::new()).await;
    assert!(matches!(
        missing,
        Err(Error::Refused(Fault::Field(FieldFault::Required { .. })))
    ));
    let created_by = vec![(place("CreatedById"), Value::Id(RecordId::EMPTY))];
    let read_only = publish(created_by).await;
    assert!(matches!(
        read_only,
        Err(Error::Refused(Fault::Field(FieldFault::ReadOnly { .. })))
    ));
}

fn watch(name: &str, more: &str) -> Component {
    component(
        &format!("managedEventSubscriptions/{name}.managedEventSubscription-meta.xml"),
        "ManagedEventSubscription",
        &format!("<label>{name}</label>{more}"),
    )
}

#[tokio::test]
async fn a_managed_subscription_keeps_its_id_and_its_position_while_it_runs() {
    let accounts = "<topicName>/data/AccountChangeEvent</topicName>";
    let org = Org::new().await;
    let deploy = async |org: &Org, more: &str| {
        let components = vec![watch("First", more), watch("Second", accounts)];
        org.engine.deploy(components).await.expect("deployed");
        org.engine.definitions().managed()[0].id
    };
    let id = deploy(&org, accounts).await;
    let position = org.tail();
    org.engine.keep_position(id, position).await.expect("kept");
    let org = org.restarted().await;
    let definitions = org.engine.definitions();
    let [first, second] = definitions.managed() else {
        panic!("{:?}", definitions.managed());
    };
    assert_eq!(
        (first.id, first.subscription.developer_name.as_str()),
        (id, "First")
    );
    assert!(second.id > id && id.as_str().starts_with("18x"));
    let kept = async |org: &Org, id| org.engine.kept_position(id).await.expect("a read");
    assert_eq!(deploy(&org, accounts).await, id);
    assert_eq!(kept(&org, id).await, Some(position));
    // Stopped, it has no position; one that was on its way meanwhile is dropped as well.
    let stopped = format!("{accounts}<state>STOP</state>");
    assert_eq!(deploy(&org, &stopped).await, id);
    assert_eq!(kept(&org, id).await, None);
    org.engine.keep_position(id, position).await.expect("kept");
    assert_eq!(deploy(&org, accounts).await, id);
    assert_eq!(kept(&org, id).await, None);
    // On another topic it is another one.
    let contacts = "<topicName>/data/ContactChangeEvent</topicName>";
    org.engine.keep_position(id, position).await.expect("kept");
    assert_ne!(deploy(&org, contacts).await, id);
    assert_eq!(kept(&org, id).await, None);
}

#[tokio::test]
async fn an_auto_number_begins_where_its_definition_says() {
    let ticket = |start: u32| {
        field(
            "Ship__c",
            "Ticket__c",
            &format!(
                "<type>AutoNumber</type><displayFormat>T-{{0000}}</displayFormat>\
                 <startingNumber>{start}</startingNumber>"
            ),
        )
    };
    let org = Org::new().await;
    let deploy = async |org: &Org, start| {
        let deployed = org.engine.deploy(vec![ship(), ticket(start)]).await;
        deployed.expect("deployed");
    };
    let next = async |org: &Org| {
        let ship = org.created("Ship__c", &[text("Name", "Ark")]).await;
        org.value(ship, "Ticket__c").await
    };
    deploy(&org, 500).await;
    assert_eq!(next(&org).await, Value::Text("T-0500".to_owned()));
    // What counts already goes on.
    deploy(&org, 900).await;
    let org = org.restarted().await;
    assert_eq!(next(&org).await, Value::Text("T-0501".to_owned()));
}

#[tokio::test]
async fn what_no_permission_decides_about_is_left_out_of_a_profile() {
    let org = Org::new().await;
    let grants = "<objectPermissions><allowRead>true</allowRead><object>EntitlementContact</object></objectPermissions>\
        <objectPermissions><allowRead>true</allowRead><object>BatchApexErrorEvent</object></objectPermissions>\
        <fieldPermissions><editable>false</editable><field>PermissionSet.Description</field><readable>true</readable>\
        </fieldPermissions>\
        <objectPermissions><allowRead>true</allowRead><object>Account</object></objectPermissions>\
        <objectPermissions><allowRead>true</allowRead><object>account</object></objectPermissions>";
    let profile = component("profiles/Desk.profile-meta.xml", "Profile", grants);
    let warnings = org.engine.deploy(vec![profile]).await.expect("deployed");
    let left_out: Vec<&str> = warnings
        .iter()
        .filter_map(|warning| warning.reason.split(' ').next())
        .collect();
    assert_eq!(
        left_out,
        [
            "Account",
            "BatchApexErrorEvent",
            "EntitlementContact",
            "PermissionSet.Description"
        ]
    );
}

/// Names of custom objects have up to 40 characters before their suffix.
#[tokio::test]
async fn permissions_and_record_types_know_the_longest_names() {
    let org = Org::new().await;
    let name = format!("{}__c", "a".repeat(40));
    let heading = "<label>A</label><pluralLabel>A</pluralLabel><nameField><label>N</label><type>Text</type></nameField>\
        <sharingModel>ReadWrite</sharingModel>";
    let record_type =
        "<recordTypes><fullName>R</fullName><active>true</active><label>R</label></recordTypes>";
    let object = component(
        &format!("objects/{name}.object"),
        "CustomObject",
        &format!("{heading}{record_type}"),
    );
    let grants = format!(
        "<label>D</label><objectPermissions><allowRead>true</allowRead><object>{name}</object></objectPermissions>"
    );
    let set = component(
        "permissionsets/D.permissionset-meta.xml",
        "PermissionSet",
        &grants,
    );
    let warnings = org
        .engine
        .deploy(vec![object, set])
        .await
        .expect("deployed");
    assert_eq!(warnings, []);
}

//! Definitions that change while the org runs.

use landfall_engine::Error;
use landfall_metadata::Component;
use landfall_model::{Fault, RecordId, Topic, Value};

use crate::org::{Org, text};

fn component(path: &str, root: &str, content: &str) -> Component {
    Component {
        path: path.to_owned(),
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{content}</{root}>"
        ),
    }
}

fn ship() -> Component {
    component(
        "objects/Ship__c/Ship__c.object-meta.xml",
        "CustomObject",
        "<label>Ship</label><pluralLabel>Ships</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
         <nameField><label>Name</label><type>Text</type></nameField><sharingModel>ReadWrite</sharingModel>",
    )
}

fn field(object: &str, name: &str, definition: &str) -> Component {
    component(
        &format!("objects/{object}/fields/{name}.field-meta.xml"),
        "CustomField",
        &format!("<fullName>{name}</fullName><label>{name}</label>{definition}"),
    )
}

fn flag() -> Component {
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
async fn a_deployed_object_is_there_at_once_and_after_a_restart() {
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
    assert!(std::sync::Arc::ptr_eq(&before, &org.engine.definitions()));
}

#[tokio::test]
async fn a_change_that_was_made_for_earlier_definitions_finds_its_fields() {
    let org = Org::new().await;
    org.engine
        .deploy(vec![ship(), flag()])
        .await
        .expect("deployed");
    let change = org.create("Ship__c", &[text("Name", "Ark"), text("Flag__c", "NL")]);
    // The new field stands before the other: places in the old definition are not those in the new one.
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
    assert!(matches!(fault, Fault::FieldUnknown { field, .. } if field == "Flag__c"));
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
    let publish = |values| org.engine.publish_record(publication, org.user, values);
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
    assert_eq!(event.event().uuid, published.uuid);
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
        Err(Error::Refused(Fault::FieldsRequired { .. }))
    ));
    let created_by = vec![(place("CreatedById"), Value::Id(RecordId::EMPTY))];
    let read_only = publish(created_by).await;
    assert!(matches!(
        read_only,
        Err(Error::Refused(Fault::FieldsReadOnly { .. }))
    ));
}

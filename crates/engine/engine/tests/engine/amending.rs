//! Components that come one by one, beside those of a project.

use landfall_engine::{Amended, Effect, Error, KeptComponent, Kind, Part, Step};
use landfall_metadata::{Component, parts};
use landfall_model::RecordId;

use crate::deploying::{component, field, flag, ship};
use crate::org::{Org, text};

/// The components of these files, as they come over the Metadata API.
fn put(files: &[Component]) -> Vec<Step> {
    let canonical = |part: Part| Part {
        path: part.kind.path(&part.name),
        ..part
    };
    let all = parts(files).into_iter().map(canonical);
    all.map(Step::Put).collect()
}

fn remove(kind: Kind, name: &str) -> Step {
    Step::Remove(kind, name.to_owned())
}

async fn amend(org: &Org, steps: Vec<Step>) -> Amended {
    let amended = org
        .engine
        .amending()
        .await
        .amend(steps, RecordId::EMPTY, false)
        .await;
    amended.expect("amended")
}

fn kept(org: &Org, kind: Kind, name: &str) -> Option<KeptComponent> {
    let definitions = org.engine.definitions();
    let component = definitions.components().get(kind, name);
    component.map(|component| KeptComponent::clone(component))
}

fn labelled(label: &str) -> Component {
    let definition = format!("<label>{label}</label><type>Text</type><length>20</length>");
    component(
        "objects/Ship__c/fields/Flag__c.field-meta.xml",
        "CustomField",
        &definition,
    )
}

fn label(org: &Org) -> String {
    let ship = org.entity("Ship__c");
    ship.field("Flag__c").expect("the field").1.label.clone()
}

#[tokio::test]
async fn components_are_put_and_removed_one_by_one() {
    let org = Org::new().await;
    let made = amend(&org, put(&[ship(), flag()])).await;
    assert_eq!(made.effects, [Effect::Created, Effect::Created]);
    let object = kept(&org, Kind::Object, "ship__C").expect("the object");
    assert!(object.id.as_str().starts_with("01I"), "{}", object.id);
    let again = put(&[ship(), labelled("Colours")]);
    assert_eq!(
        amend(&org, again).await.effects,
        [Effect::Unchanged, Effect::Changed]
    );
    assert_eq!(label(&org), "Colours");
    let ark = org.created("Ship__c", &[text("Name", "Ark")]).await;
    let gone = vec![
        remove(Kind::Field, "Ship__c.Flag__c"),
        remove(Kind::Field, "Ship__c.Never__c"),
    ];
    assert_eq!(
        amend(&org, gone).await.effects,
        [Effect::Deleted, Effect::Missing]
    );
    assert!(org.entity("Ship__c").field("Flag__c").is_none());
    let org = org.restarted().await;
    assert_eq!(kept(&org, Kind::Object, "Ship__c"), Some(object));
    assert_eq!(kept(&org, Kind::Field, "Ship__c.Flag__c"), None);
    assert!(!org.is_deleted(ark).await);
}

#[tokio::test]
async fn what_an_org_refuses_is_left_out_of_a_project_and_refuses_a_change() {
    let set = |label: &str| {
        let grant =
            "<editable>true</editable><field>Ship__c.Sail__c</field><readable>true</readable>";
        component(
            "permissionsets/Crew.permissionset-meta.xml",
            "PermissionSet",
            &format!("<label>{label}</label><fieldPermissions>{grant}</fieldPermissions>"),
        )
    };
    let org = Org::new().await;
    let deployed = org.engine.deploy(vec![ship(), set("Crew")]).await;
    let warnings = deployed.expect("deployed");
    assert!(
        warnings
            .iter()
            .any(|warning| warning.reason.contains("Ship__c.Sail__c")),
        "{warnings:?}"
    );
    // It refuses no change of another component.
    amend(&org, put(&[flag()])).await;
    let refused = org
        .engine
        .amending()
        .await
        .amend(put(&[set("Sailors")]), RecordId::EMPTY, false)
        .await;
    let Err(Error::Invalid { problems }) = refused else {
        panic!("amended: {refused:?}");
    };
    assert_eq!(
        problems[0].reason,
        "In field: field - no CustomField named Ship__c.Sail__c found"
    );
}

#[tokio::test]
async fn fields_are_ordered_by_the_steps_that_create_them() {
    let org = Org::new().await;
    let text = |name: &str| field("Ship__c", name, "<type>Text</type><length>20</length>");
    amend(&org, put(&[ship(), text("Mast__c"), text("Flag__c")])).await;
    amend(&org, put(&[text("Bow__c"), text("Mast__c")])).await;
    let again = [
        vec![remove(Kind::Field, "Ship__c.Mast__c")],
        put(&[text("Mast__c")]),
    ];
    let order = |org: &Org| {
        let ship = org.entity("Ship__c");
        let names = ship.fields.iter().map(|field| field.name.to_string());
        names
            .filter(|name| name.ends_with("__c"))
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&org), ["Mast__c", "Flag__c", "Bow__c"]);
    amend(&org, again.concat()).await;
    assert_eq!(order(&org), ["Flag__c", "Bow__c", "Mast__c"]);
    let org = org.restarted().await;
    assert_eq!(order(&org), ["Flag__c", "Bow__c", "Mast__c"]);
}

#[tokio::test]
async fn an_object_goes_with_all_that_is_part_of_it() {
    let org = Org::new().await;
    amend(&org, put(&[ship(), flag()])).await;
    amend(&org, vec![remove(Kind::Object, "Ship__c")]).await;
    assert!(org.engine.catalog().entity("Ship__c").is_none());
    assert_eq!(kept(&org, Kind::Field, "Ship__c.Flag__c"), None);
}

#[tokio::test]
async fn one_problem_keeps_all_from_being_amended() {
    let org = Org::new().await;
    let wrong = field("Ship__c", "Wrong__c", "<type>Nonsense</type>");
    let refused = org
        .engine
        .amending()
        .await
        .amend(put(&[ship(), wrong]), RecordId::EMPTY, false)
        .await;
    let Err(Error::Invalid { problems }) = refused else {
        panic!("amended: {refused:?}");
    };
    assert_eq!(problems[0].path, Kind::Field.path("Ship__c.Wrong__c"));
    assert_eq!(kept(&org, Kind::Object, "Ship__c"), None);
    // What others need cannot be removed either.
    amend(&org, put(&[ship(), flag()])).await;
    let orphan = put(&[field("Boat__c", "Flag__c", "<type>Date</type>")]);
    let refused = org
        .engine
        .amending()
        .await
        .amend(orphan, RecordId::EMPTY, false)
        .await;
    assert!(matches!(refused, Err(Error::Invalid { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_check_changes_nothing() {
    let org = Org::new().await;
    let steps = put(&[ship(), flag()]);
    let checked = org
        .engine
        .amending()
        .await
        .amend(steps, RecordId::EMPTY, true)
        .await;
    assert_eq!(
        checked.expect("right").effects,
        [Effect::Created, Effect::Created]
    );
    assert_eq!(kept(&org, Kind::Object, "Ship__c"), None);
    let wrong = put(&[flag()]);
    assert!(
        org.engine
            .amending()
            .await
            .amend(wrong, RecordId::EMPTY, true)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn amendments_stay_while_the_project_is_unchanged() {
    let org = Org::new().await;
    let project = |label: &str| vec![ship(), labelled(label)];
    let deploy = async |org: &Org, files| org.engine.deploy(files).await.expect("deployed");
    deploy(&org, project("Flag")).await;
    let id = kept(&org, Kind::Field, "Ship__c.Flag__c").expect("it").id;
    amend(&org, put(&[labelled("Banner")])).await;
    let org = org.restarted().await;
    deploy(&org, project("Flag")).await;
    assert_eq!(label(&org), "Banner");
    deploy(&org, project("Ensign")).await;
    assert_eq!(label(&org), "Ensign");
    let component = kept(&org, Kind::Field, "Ship__c.Flag__c").expect("it");
    assert_eq!(component.id, id);
    // What the project has is restored when the project is deployed.
    amend(&org, vec![remove(Kind::Field, "Ship__c.Flag__c")]).await;
    deploy(&org, project("Ensign")).await;
    assert_eq!(label(&org), "Ensign");
}

#[tokio::test]
async fn a_project_leaves_what_was_made_without_it() {
    let org = Org::new().await;
    org.engine.deploy(vec![ship()]).await.expect("deployed");
    let colour = field("Account", "Colour__c", "<type>Date</type>");
    amend(&org, put(&[flag(), colour])).await;
    org.engine.deploy(vec![ship()]).await.expect("deployed");
    assert!(org.entity("Ship__c").field("Flag__c").is_some());
    // A field has no object any more; another one is of an object that is shipped.
    org.engine.deploy(Vec::new()).await.expect("deployed");
    assert_eq!(kept(&org, Kind::Field, "Ship__c.Flag__c"), None);
    assert!(org.entity("Account").field("Colour__c").is_some());
    // What the project names becomes the project's.
    let colour = field("Account", "Colour__c", "<type>Date</type>");
    org.engine.deploy(vec![colour]).await.expect("deployed");
    org.engine.deploy(Vec::new()).await.expect("deployed");
    assert!(org.entity("Account").field("Colour__c").is_none());
}

#[tokio::test]
async fn fields_of_one_file_keep_their_order() {
    let org = Org::new().await;
    let inline = |name: &str| {
        format!(
            "<fields><fullName>{name}</fullName><label>{name}</label><type>Date</type></fields>"
        )
    };
    let mut file = ship();
    file.path = "objects/Ship__c.object".to_owned();
    let fields = inline("Sunk__c") + &inline("Built__c");
    file.content = file.content.replace("<label>", &format!("{fields}<label>"));
    org.engine.deploy(vec![file]).await.expect("deployed");
    let names = |org: &Org| {
        let ship = org.entity("Ship__c");
        let custom = ship.fields.iter().filter(|field| field.custom);
        let names: Vec<String> = custom.map(|field| field.name.to_string()).collect();
        names.join(" ")
    };
    assert_eq!(names(&org), "Sunk__c Built__c");
    let described = field(
        "Ship__c",
        "Built__c",
        "<type>Date</type><description>When</description>",
    );
    amend(&org, put(&[described])).await;
    assert_eq!(names(&org), "Sunk__c Built__c");
    let org = org.restarted().await;
    assert_eq!(names(&org), "Sunk__c Built__c");
}

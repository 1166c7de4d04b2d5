//! What permission sets and profiles lose when something is removed that they speak of.

use landfall_engine::{Amended, Effect, Error, Kind, Part, Step};
use landfall_metadata::{Component, parts};
use landfall_model::RecordId;

use crate::deploying::{component, flag, ship};
use crate::org::Org;

const OBJECT: &str =
    "<objectPermissions><allowRead>true</allowRead><object>Ship__c</object></objectPermissions>";
const FIELD: &str = "<fieldPermissions><editable>false</editable><field>Ship__c.Flag__c</field>\
                     <readable>true</readable></fieldPermissions>";

fn crew(granted: &str) -> Component {
    let content = format!("<label>Crew</label>\n{granted}\n");
    component(
        "permissionsets/Crew.permissionset-meta.xml",
        "PermissionSet",
        &content,
    )
}

fn put(files: &[Component]) -> Vec<Step> {
    parts(files).into_iter().map(Step::Put).collect()
}

fn remove(kind: Kind, name: &str) -> Step {
    Step::Remove(kind, name.to_owned())
}

async fn amend(org: &Org, steps: Vec<Step>) -> Result<Amended, Error> {
    let mut amending = org.engine.amending().await;
    amending.amend(steps, RecordId::EMPTY, false).await
}

/// What the permission set says.
fn said(org: &Org) -> String {
    let definitions = org.engine.definitions();
    let set = definitions.components().get(Kind::PermissionSet, "Crew");
    set.expect("the set").part.content.clone()
}

fn reasons(refused: Result<impl std::fmt::Debug, Error>) -> Vec<(usize, String)> {
    let Err(Error::Invalid { problems }) = refused else {
        panic!("not refused: {refused:?}");
    };
    let told = problems.into_iter();
    told.map(|problem| (problem.line, problem.reason)).collect()
}

#[tokio::test]
async fn what_is_removed_is_taken_out_of_permission_sets() {
    let org = Org::new().await;
    let granted = format!("{OBJECT}\n{FIELD}");
    let steps = put(&[ship(), flag(), crew(&granted)]);
    amend(&org, steps).await.expect("amended");
    let gone = amend(&org, vec![remove(Kind::Field, "ship__c.FLAG__C")]).await;
    assert_eq!(gone.expect("amended").effects, [Effect::Deleted]);
    let without = crew(&format!("{OBJECT}\n")).content;
    assert_eq!(said(&org), without);
    let org = org.restarted().await;
    assert_eq!(said(&org), without);
    let gone = amend(&org, vec![remove(Kind::Object, "Ship__c")]).await;
    assert_eq!(gone.expect("amended").effects, [Effect::Deleted]);
    assert_eq!(said(&org), crew("\n").content);
}

#[tokio::test]
async fn what_comes_after_a_removal_does_without_what_is_gone() {
    let org = Org::new().await;
    let all = [ship(), flag(), crew(FIELD)];
    amend(&org, put(&all)).await.expect("amended");
    let mut steps = vec![remove(Kind::Field, "Ship__c.Flag__c")];
    steps.extend(put(&[crew(FIELD)]));
    assert_eq!(
        reasons(amend(&org, steps.clone()).await),
        [(
            2,
            "In field: field - no CustomField named Ship__c.Flag__c found".to_owned()
        )]
    );
    assert_eq!(said(&org), crew(FIELD).content);
    // The other way round the set loses what it has just said.
    steps.rotate_left(1);
    amend(&org, steps).await.expect("amended");
    assert_eq!(said(&org), crew("").content);
}

#[tokio::test]
async fn what_a_project_no_longer_has_is_taken_out_of_what_is_not_its_own() {
    let org = Org::new().await;
    let deploy = async |files: &[Component]| org.engine.deploy(files.to_vec()).await;
    deploy(&[ship(), flag()]).await.expect("deployed");
    amend(&org, put(&[crew(FIELD)])).await.expect("amended");
    deploy(&[ship()]).await.expect("deployed");
    assert_eq!(said(&org), crew("").content);
    // Its own file keeps a grant of a field that does not exist, with a warning.
    let own = [ship(), flag(), crew(FIELD)];
    deploy(&own).await.expect("deployed");
    let [ship, _, crew_file] = own;
    let warnings = deploy(&[ship.clone(), crew_file]).await.expect("deployed");
    assert_eq!(warnings[0].line, 2);
    assert_eq!(said(&org), crew(FIELD).content);
    // What was changed since is no longer what its file says.
    let set = crew("");
    deploy(&[ship.clone(), flag(), set.clone()])
        .await
        .expect("deployed");
    amend(&org, put(&[crew(FIELD)])).await.expect("amended");
    deploy(&[ship, set]).await.expect("deployed");
    assert_eq!(said(&org), crew("").content);
}

#[tokio::test]
async fn a_field_created_again_has_no_grants() {
    let org = Org::new().await;
    let all = [ship(), flag(), crew(FIELD)];
    amend(&org, put(&all)).await.expect("amended");
    let mut steps = vec![remove(Kind::Field, "Ship__c.Flag__c")];
    steps.extend(put(&[flag()]));
    amend(&org, steps).await.expect("amended");
    assert_eq!(said(&org), crew("").content);
    let file: Vec<Part> = parts(&[crew(FIELD)]);
    let granted = amend(&org, file.into_iter().map(Step::Put).collect()).await;
    assert_eq!(granted.expect("amended").effects, [Effect::Changed]);
}

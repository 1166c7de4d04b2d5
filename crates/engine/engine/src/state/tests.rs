//! A state that follows the commits of an org is the state that a node would load.

use std::sync::Arc;
use std::time::Duration;

use landfall_metadata::Component;
use landfall_model::{Catalog, Value};
use landfall_store::{Followed, Reader};
use tempfile::TempDir;

use super::*;
use crate::clock::ManualClock;
use crate::usage::Allocations;
use crate::{CaptureRules, Change, Engine, Parts, SeededEntropy, Streams, Transaction};

const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

struct Org {
    engine: Engine,
    /// A second state, which knows nothing but the store.
    mirror: OrgState,
    reader: Arc<dyn Reader>,
    clock: Arc<ManualClock>,
    user: RecordId,
    /// Who makes the changes: the org itself, whose changes make no events, until there is an administrator.
    maker: RecordId,
    _folder: TempDir,
}

fn options() -> Options {
    Options {
        capture_all: true,
        streams: Streams::default(),
    }
}

fn loaded(reader: &Arc<dyn Reader>) -> OrgState {
    let (compilation, _) = Compilation::stored(&**reader, None).expect("compiled");
    let clock = Arc::new(ManualClock::new(START));
    OrgState::load(reader, options(), clock, compilation).expect("loaded")
}

async fn org() -> Org {
    let folder = TempDir::new().expect("a folder");
    let config = landfall_store_embedded::Config::new(folder.path().join("landfall.db"));
    let store = landfall_store_embedded::open(&config).expect("a store");
    let reader = Arc::clone(&store.reader);
    let clock = Arc::new(ManualClock::new(START));
    let (engine, _writer) = Engine::start(Parts {
        store,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: Arc::new(SeededEntropy::new(1)),
        instance: *b"5f",
        reserve_bytes: 0,
        retention_hours: 72,
        capture_all: true,
        capture_rules: CaptureRules::default(),
        streams: Streams::default(),
        allocations: Allocations::UNLIMITED,
        lease: crate::Lease::unlimited(),
    })
    .expect("an engine");
    let mut org = Org {
        engine,
        mirror: loaded(&reader),
        reader,
        clock,
        user: RecordId::EMPTY,
        maker: RecordId::EMPTY,
        _folder: folder,
    };
    org.user = org
        .created("User", &user("ann", org.engine.org().standard_users))
        .await;
    org.maker = org
        .created("User", &user("bob", org.engine.org().administrators))
        .await;
    org
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn user(name: &str, profile: RecordId) -> Vec<(&'static str, Value)> {
    vec![
        ("Username", text(&format!("{name}@landfall.test"))),
        ("LastName", text(name)),
        ("Email", text("user@landfall.test")),
        ("Alias", text("user")),
        ("TimeZoneSidKey", text("America/Los_Angeles")),
        ("LocaleSidKey", text("en_US")),
        ("EmailEncodingKey", text("UTF-8")),
        ("LanguageLocaleKey", text("en_US")),
        ("ProfileId", Value::Id(profile)),
    ]
}

fn push_topic(name: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("Name", text(name)),
        ("Query", text("SELECT Id, Name FROM Account")),
        ("ApiVersion", Value::Double(62.0)),
    ]
}

impl Org {
    fn values(catalog: &Catalog, object: &str, given: Vec<(&str, Value)>) -> Vec<(usize, Value)> {
        let entity = catalog.entity(object).expect("an object");
        let place = |name| entity.index_of(name).expect("a field");
        let values = given.into_iter();
        values.map(|(name, value)| (place(name), value)).collect()
    }

    async fn change(&self, change: Change) -> RecordId {
        let transaction = Transaction {
            changes: vec![change],
            all_or_none: true,
            user: self.maker,
            origin: String::new(),
        };
        let outcomes = self.engine.commit(transaction).await.expect("a commit");
        let saved = outcomes.into_iter().next().expect("an outcome");
        saved.expect("saved").id
    }

    async fn created(&self, object: &str, given: &[(&str, Value)]) -> RecordId {
        let catalog = self.engine.catalog();
        let entity = Arc::clone(catalog.entity(object).expect("an object"));
        let values = Self::values(&catalog, object, given.to_vec());
        self.change(Change::Create { entity, values }).await
    }

    async fn update(&self, object: &str, id: RecordId, given: Vec<(&str, Value)>) {
        let catalog = self.engine.catalog();
        self.change(Change::Update {
            entity: Arc::clone(catalog.entity(object).expect("an object")),
            id,
            values: Self::values(&catalog, object, given),
            unmodified_since: None,
        })
        .await;
    }

    async fn delete(&self, object: &str, id: RecordId) {
        let entity = Arc::clone(self.engine.catalog().entity(object).expect("an object"));
        self.change(Change::Delete { entity, id }).await;
    }

    /// Looks whether three states are the same: that of the engine, the one that follows, and one that is loaded now.
    fn check(&self, step: &str) {
        let reader = &self.reader;
        let followed = reader.follow(self.mirror.version(), 1_000).expect("a read");
        let Followed::Commits(commits) = followed else {
            panic!("nothing is forgotten yet");
        };
        assert!(!commits.is_empty(), "{step}");
        for commit in commits {
            let applied = self.mirror.apply(&**reader, &commit, &[]);
            applied.expect("applied");
        }
        let picture = |state: &OrgState| picture(state, &**reader, self.user);
        let engine = picture(&self.engine.0.state);
        assert_eq!(picture(&self.mirror), engine, "followed: {step}");
        assert_eq!(picture(&loaded(reader)), engine, "loaded: {step}");
    }
}

/// All that a state says, as text.
fn picture(state: &OrgState, reads: &dyn Reads, user: RecordId) -> String {
    let definitions = state.definitions();
    let catalog = definitions.catalog();
    let access = state.rights(reads, user).expect("a read").access();
    let objects = catalog.entities().iter().map(|entity| {
        let schema = definitions.change_event_schema(entity.name.as_str());
        let schema = schema.map(|schema| schema.id().to_string());
        let topic = definitions.captures(entity);
        format!(
            "{} {} {schema:?} {topic} {:?}",
            entity.name,
            entity.fields.len(),
            access.object(entity)
        )
    });
    let topics = state.topics();
    let topics = topics.sorted();
    let topics = topics
        .into_iter()
        .map(|topic| format!("{} {:?} {}", topic.name, topic.topic, topic.schema().id()));
    [
        format!("{:?}", definitions.modified()),
        objects.collect::<Vec<_>>().join("\n"),
        topics.collect::<Vec<_>>().join("\n"),
        state.channels().first_names(100).join("\n"),
        format!("{:?}", access.permissions()),
        format!("{:?}", state.log().bounds()),
    ]
    .join("\n\n")
}

#[tokio::test]
async fn a_state_that_follows_every_commit_is_the_one_that_is_loaded() {
    let org = org().await;
    org.check("a user");
    let topic = org.created("PushTopic", &push_topic("Accounts")).await;
    org.check("a PushTopic");
    let channel = org
        .created("StreamingChannel", &[("Name", text("/u/notes"))])
        .await;
    org.check("a channel");
    org.update("PushTopic", topic, vec![("Name", text("Renamed"))])
        .await;
    org.update("StreamingChannel", channel, vec![("Name", text("/u/news"))])
        .await;
    org.check("other names");
    let set = org
        .created(
            "PermissionSet",
            &[("Name", text("Watch")), ("Label", text("Watch"))],
        )
        .await;
    let assigned = org
        .created(
            "PermissionSetAssignment",
            &[
                ("AssigneeId", Value::Id(org.user)),
                ("PermissionSetId", Value::Id(set)),
            ],
        )
        .await;
    org.check("a permission set");
    org.created(
        "ObjectPermissions",
        &[
            ("ParentId", Value::Id(set)),
            ("SobjectType", text("Campaign")),
            ("PermissionsRead", Value::Boolean(true)),
            ("PermissionsCreate", Value::Boolean(true)),
        ],
    )
    .await;
    org.check("a grant");
    org.engine.deploy(vec![ship()]).await.expect("deployed");
    org.check("a deployment");
    org.created("Account", &[("Name", text("Acme"))]).await;
    org.check("an event of a PushTopic");
    org.delete("PermissionSetAssignment", assigned).await;
    org.check("a grant that is gone");
    org.delete("PushTopic", topic).await;
    org.delete("StreamingChannel", channel).await;
    org.check("the end of a PushTopic and a channel");
    org.engine.deploy(Vec::new()).await.expect("deployed");
    org.check("the end of an object");
    let administrators = org.engine.org().administrators;
    let profile = vec![("ProfileId", Value::Id(administrators))];
    org.update("User", org.user, profile).await;
    org.check("another profile");
    org.clock.advance(Duration::from_hours(100));
    org.engine.trim().await.expect("trimmed");
    org.check("the beginning of the log");
    assert_eq!(org.engine.version(), org.mirror.version());
}

fn ship() -> Component {
    Component {
        path: "objects/Ship__c/Ship__c.object-meta.xml".to_owned(),
        content:
            "<CustomObject xmlns=\"http://soap.sforce.com/2006/04/metadata\"><label>Ship</label>\
                  <pluralLabel>Ships</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
                  <nameField><label>Name</label><type>Text</type></nameField>\
                  <sharingModel>ReadWrite</sharingModel></CustomObject>"
                .to_owned(),
    }
}

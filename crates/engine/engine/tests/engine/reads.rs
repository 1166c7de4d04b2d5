//! How often the store is read for a group: a few times, however large the group is.

use landfall_engine::Change;
use landfall_model::{RecordId, Row, Value};
use landfall_store_memory::MemoryStore;

use crate::deploying::component;
use crate::org::{Org, START, text, user};

/// Sizes of groups.
const SIZES: [usize; 3] = [1, 8, 40];
/// Two for what the commands name, two for each level of the cascade of a delete.
const READS_MAX: usize = 6;
/// Three for what the commands name, three for what each level refers to and was deleted with.
const READS_OF_BIN_MAX: usize = 12;

/// How often the store is read for the changes, one transaction each and all in one group. Every one is made.
async fn reads_for(org: &Org, store: &MemoryStore, changes: Vec<Change>) -> usize {
    // An open transaction has the writer to itself: what is sent meanwhile waits, and then is one group.
    let open = org.engine.open(org.user, String::new()).await;
    let open = open.expect("sent to the writer");
    // An answer means that the writer has begun it, and has taken nothing of what is sent from now on.
    let user = open.row(&org.entity("User"), org.user).await;
    user.expect("a read");
    let mut waiting = Vec::new();
    for change in changes {
        let engine = org.engine.clone();
        let transaction = org.transaction(vec![change]);
        waiting.push(tokio::spawn(
            async move { engine.commit(transaction).await },
        ));
    }
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    let before = store.writer_reads();
    drop(open);
    for commit in waiting {
        let outcomes = commit.await.expect("a task").expect("a commit");
        for outcome in outcomes {
            outcome.expect("a change that is made");
        }
    }
    store.writer_reads() - before
}

/// What a group of `size` changes reads: created with references and unique values, changed, upserted, deleted.
async fn reads_of_groups(size: usize) -> [(&'static str, usize); 6] {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let made = |name: &'static str, changes: Vec<Change>| {
        let (org, store) = (&org, &store);
        async move { (name, reads_for(org, store, changes).await) }
    };
    let mut accounts: Vec<RecordId> = Vec::new();
    for number in 0..=size {
        let name = format!("Account {number}");
        accounts.push(org.created("Account", &[text("Name", &name)]).await);
    }
    let mut contacts = Vec::new();
    let mut users = Vec::new();
    for (number, account) in accounts.iter().take(size).enumerate() {
        let contact = [
            text("LastName", "Boyle"),
            ("AccountId", Value::Id(*account)),
        ];
        contacts.push(org.created("Contact", &contact).await);
        users.push(org.created("User", &user(&format!("first{number}"))).await);
    }
    let other = *accounts.last().expect("one more account");
    let create_contacts = accounts.iter().take(size).map(|account| {
        let values = [
            text("LastName", "Hooke"),
            ("AccountId", Value::Id(*account)),
        ];
        org.create("Contact", &values)
    });
    let create_users = (0..size).map(|number| org.create("User", &user(&format!("next{number}"))));
    let update_contacts = contacts
        .iter()
        .map(|contact| org.update(*contact, &[("AccountId", Value::Id(other))]));
    let update_users = users.iter().enumerate().map(|(number, user)| {
        let name = format!("later{number}@landfall.test");
        org.update(*user, &[text("Username", &name)])
    });
    let delete_contacts = contacts.iter().map(|contact| org.delete(*contact));
    let delete_accounts = accounts
        .iter()
        .take(size)
        .map(|account| org.delete(*account));
    [
        made("create with a reference", create_contacts.collect()).await,
        made("create with a unique value", create_users.collect()).await,
        made("update of a reference", update_contacts.collect()).await,
        made("update of a unique value", update_users.collect()).await,
        made("delete", delete_contacts.collect()).await,
        made("delete with children", delete_accounts.collect()).await,
    ]
}

#[tokio::test]
async fn a_group_costs_a_few_read_calls_whatever_its_size() {
    let mut all = Vec::new();
    for size in SIZES {
        let reads = reads_of_groups(size).await;
        all.push((size, reads));
    }
    for (size, reads) in &all {
        for (what, reads) in reads {
            assert!(*reads > 0, "{what} of {size} reads nothing: {all:?}");
            assert!(*reads <= READS_MAX, "{what} of {size}: {all:?}");
        }
    }
}

/// What a group of `size` changes of records in the recycle bin reads, each with a contact that went there along with it.
async fn reads_of_the_bin(size: usize) -> [(&'static str, usize); 2] {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let mut accounts: Vec<RecordId> = Vec::new();
    for number in 0..size {
        let name = format!("Account {number}");
        let account = org.created("Account", &[text("Name", &name)]).await;
        let contact = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
        org.created("Contact", &contact).await;
        accounts.push(account);
    }
    let entity = org.entity("Account");
    let reads = async |change: &dyn Fn(RecordId) -> Change| {
        let changes = accounts.iter().map(|account| change(*account));
        reads_for(&org, &store, changes.collect()).await
    };
    let purge = |id| {
        let entity = entity.clone();
        Change::Purge { entity, id }
    };
    let delete = |id| org.delete(id);
    let undelete = |id| org.undelete(id);
    reads(&delete).await;
    let undeleted = reads(&undelete).await;
    reads(&delete).await;
    let purged = reads(&purge).await;
    [("undelete", undeleted), ("purge", purged)]
}

#[tokio::test]
async fn a_group_about_the_recycle_bin_costs_a_few_read_calls_whatever_its_size() {
    for size in SIZES {
        for (what, reads) in reads_of_the_bin(size).await {
            assert!(reads > 0, "{what} of {size} reads nothing");
            assert!(reads <= READS_OF_BIN_MAX, "{what} of {size}: {reads} reads");
        }
    }
}

/// What a group of `size` contacts reads whose rule asks for the parent of their account: created and changed.
async fn reads_of_ruled_groups(size: usize) -> [(&'static str, usize); 2] {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let rule = component(
        "objects/Contact/validationRules/Hidden.validationRule-meta.xml",
        "ValidationRule",
        "<fullName>Hidden</fullName><active>true</active><errorMessage>No.</errorMessage>\
         <errorConditionFormula>Account.Parent.Name = 'Hidden'</errorConditionFormula>",
    );
    org.engine.deploy(vec![rule]).await.expect("deployed");
    let mut accounts = Vec::new();
    let mut contacts = Vec::new();
    for number in 0..size {
        let name = text("Name", &format!("Parent {number}"));
        let parent = org.created("Account", std::slice::from_ref(&name)).await;
        let values = [name, ("ParentId", Value::Id(parent))];
        let account = org.created("Account", &values).await;
        let values = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
        contacts.push(org.created("Contact", &values).await);
        accounts.push(account);
    }
    let creates = accounts.iter().map(|account| {
        let values = [
            text("LastName", "Hooke"),
            ("AccountId", Value::Id(*account)),
        ];
        org.create("Contact", &values)
    });
    let updates = contacts
        .iter()
        .map(|contact| org.update(*contact, &[text("LastName", "Hooke")]));
    [
        ("create", reads_for(&org, &store, creates.collect()).await),
        ("update", reads_for(&org, &store, updates.collect()).await),
    ]
}

#[tokio::test]
async fn what_rules_read_costs_a_few_read_calls_whatever_the_size_of_the_group() {
    for size in SIZES {
        for (what, reads) in reads_of_ruled_groups(size).await {
            assert!(reads > 0, "{what} of {size} reads nothing");
            assert!(reads <= READS_MAX, "{what} of {size}: {reads} reads");
        }
    }
}

/// What the create of an account reads whose rule has this condition.
async fn reads_of_a_rule(condition: &str) -> usize {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let rule = component(
        "objects/Account/validationRules/Any.validationRule-meta.xml",
        "ValidationRule",
        &format!(
            "<fullName>Any</fullName><active>true</active><errorMessage>No.</errorMessage>\
             <errorConditionFormula>{condition}</errorConditionFormula>"
        ),
    );
    let warnings = org.engine.deploy(vec![rule]).await.expect("deployed");
    assert_eq!(warnings, Vec::new());
    let create = org.create("Account", &[text("Name", "Boyle")]);
    let before = store.writer_reads();
    let outcomes = org.commit(vec![create]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{condition}");
    store.writer_reads() - before
}

#[tokio::test]
async fn the_record_of_the_user_is_read_for_rules_that_depend_on_it_alone() {
    for condition in [
        "Name = 'Hidden'",
        "AND(ISNEW(), NOW() &lt; CreatedDate - 1)",
        "$Organization.Name = Name",
    ] {
        let without = reads_of_a_rule("ISBLANK(Name)").await;
        let more = usize::from(condition.starts_with("$Organization"));
        let reads = reads_of_a_rule(condition).await;
        assert_eq!(reads, without + more, "{condition}");
    }
    let without = reads_of_a_rule("ISBLANK(Name)").await;
    for condition in [
        "$User.Username = Name",
        "$Profile.Name = Name",
        "Owner.Username = Name",
        "DATEVALUE(CreatedDate) &gt; TODAY() + 1",
    ] {
        let reads = reads_of_a_rule(condition).await;
        assert!(reads > without, "{condition}");
    }
}

/// A single request with many changes is a group, too.
#[tokio::test]
async fn a_request_with_many_changes_costs_a_few_read_calls() {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let account = org.created("Account", &[text("Name", "Landfall")]).await;
    let values = [text("LastName", "Boyle"), ("AccountId", Value::Id(account))];
    let changes: Vec<Change> = (0..200)
        .map(|number| {
            let mut values = values.to_vec();
            values.push(text("Email", &format!("{number}@landfall.test")));
            org.create("Contact", &values)
        })
        .collect();
    let before = store.writer_reads();
    let outcomes = org.commit(changes).await;
    assert!(outcomes.iter().all(Result::is_ok));
    let reads = store.writer_reads() - before;
    assert!(reads <= READS_MAX, "{reads} reads");
}

/// Four more for each level than elsewhere: the invitations of an event, and the other half of each of them.
const READS_OF_INVITATIONS_MAX: usize = 16;

/// What a group of `size` changes of events with a user and a contact invited reads.
async fn reads_of_invitations(size: usize) -> [(&'static str, usize); 5] {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let jane = org.created("User", &user("jane")).await;
    let mut contacts = Vec::new();
    for _ in 0..size {
        contacts.push(org.created("Contact", &[text("LastName", "Boyle")]).await);
    }
    let start = ("ActivityDateTime", Value::DateTime(START));
    let length = ("DurationInMinutes", Value::Integer(30));
    let create = contacts.iter().map(|contact| {
        let invitees = text("AcceptedEventInviteeIds", &format!("{contact};{jane}"));
        org.create("Event", &[start.clone(), length.clone(), invitees])
    });
    let created = reads_for(&org, &store, create.collect()).await;
    let entity = org.entity("EventRelation");
    let place = entity.index_of("RelationId").expect("a field");
    let id = |row: &Row, name: &str| {
        let value = entity.index_of(name).and_then(|place| row.get(place));
        value.and_then(Value::as_id).expect("an id")
    };
    let mut events = Vec::new();
    let mut invitations = Vec::new();
    for contact in &contacts {
        let value = Value::Id(*contact);
        let rows = org.engine.rows_where(&entity, place, value, 2).await;
        for row in rows.expect("a read") {
            events.push(id(&row, "EventId"));
            invitations.push(id(&row, "Id"));
        }
    }
    assert_eq!(events.len(), size);
    let update = events
        .iter()
        .map(|event| org.update(*event, &[text("Subject", "Later")]));
    let updated = reads_for(&org, &store, update.collect()).await;
    let answer = invitations
        .iter()
        .map(|invitation| org.update(*invitation, &[text("Status", "Declined")]));
    let answered = reads_for(&org, &store, answer.collect()).await;
    let delete = events.iter().map(|event| org.delete(*event));
    let deleted = reads_for(&org, &store, delete.collect()).await;
    let undelete = events.iter().map(|event| org.undelete(*event));
    let undeleted = reads_for(&org, &store, undelete.collect()).await;
    [
        ("create", created),
        ("update", updated),
        ("answer", answered),
        ("delete", deleted),
        ("undelete", undeleted),
    ]
}

#[tokio::test]
async fn a_group_about_invitees_costs_a_few_read_calls_whatever_its_size() {
    for size in SIZES {
        for (what, reads) in reads_of_invitations(size).await {
            assert!(reads > 0, "{what} of {size} reads nothing");
            assert!(
                reads <= READS_OF_INVITATIONS_MAX,
                "{what} of {size}: {reads} reads"
            );
        }
    }
}

#[tokio::test]
async fn a_group_about_persons_costs_a_few_read_calls_whatever_its_size() {
    for size in SIZES {
        let store = MemoryStore::default();
        let org = Org::on(|_| store.open()).await;
        let person_type = landfall_metadata::person_account_type();
        let deployed = org.engine.deploy(vec![person_type]).await;
        deployed.expect("deployed");
        let mut accounts = Vec::new();
        let mut contacts = Vec::new();
        for number in 0..size {
            let name = text("LastName", &format!("Boyle {number}"));
            let account = org.created("Account", &[name]).await;
            let contact = org.value(account, "PersonContactId").await.as_id();
            accounts.push(account);
            contacts.push(contact.expect("a contact"));
        }
        for changed in [accounts, contacts] {
            let changes = changed.iter();
            let changes = changes.map(|id| org.update(*id, &[text("Phone", "1")]));
            let reads = reads_for(&org, &store, changes.collect()).await;
            assert!(reads <= READS_MAX, "{reads} reads");
        }
    }
}

/// What a group of `size` changes of grants reads, one permission set each.
async fn reads_of_grants(size: usize) -> [(&'static str, usize); 4] {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let mut sets = Vec::new();
    let mut profiles = Vec::new();
    for number in 0..size {
        let name = format!("Set{number}");
        let set = [text("Name", &name), text("Label", &name)];
        sets.push(org.created("PermissionSet", &set).await);
        profiles.push(org.created("Profile", &[text("Name", &name)]).await);
    }
    let grant = |set: &RecordId, object: &str| {
        let values = [
            text("SobjectType", object),
            ("ParentId", Value::Id(*set)),
            ("PermissionsRead", Value::Boolean(true)),
        ];
        org.create("ObjectPermissions", &values)
    };
    let mut grants = Vec::new();
    for set in &sets {
        grants.push(org.change(grant(set, "Contact")).await);
    }
    let creates = sets.iter().map(|set| grant(set, "Account"));
    let created = reads_for(&org, &store, creates.collect()).await;
    let edits = [("PermissionsEdit", Value::Boolean(true))];
    let updates = grants.iter().map(|grant| org.update(*grant, &edits));
    let updated = reads_for(&org, &store, updates.collect()).await;
    let described = [text("Description", "Later")];
    let changes = profiles.iter().map(|id| org.update(*id, &described));
    let described = reads_for(&org, &store, changes.collect()).await;
    let deletes = profiles.iter().map(|profile| org.delete(*profile));
    let deleted = reads_for(&org, &store, deletes.collect()).await;
    [
        ("create", created),
        ("update", updated),
        ("update of profiles", described),
        ("delete of profiles", deleted),
    ]
}

#[tokio::test]
async fn a_group_of_grants_costs_a_few_read_calls_whatever_its_size() {
    for size in SIZES {
        for (what, reads) in reads_of_grants(size).await {
            assert!(reads > 0, "{what} of {size} reads nothing");
            assert!(reads <= READS_MAX, "{what} of {size}: {reads} reads");
        }
    }
}

/// A step of a transaction that comes step by step is read ahead as a group is.
#[tokio::test]
async fn a_step_with_many_changes_costs_a_few_read_calls() {
    let store = MemoryStore::default();
    let org = Org::on(|_| store.open()).await;
    let mut accounts = Vec::new();
    for number in 0..40 {
        let name = format!("Account {number}");
        accounts.push(org.created("Account", &[text("Name", &name)]).await);
    }
    let changes = accounts.iter().map(|account| {
        let account = ("AccountId", Value::Id(*account));
        org.create("Contact", &[text("LastName", "Boyle"), account])
    });
    let open = org.engine.open(org.user, String::new()).await;
    let open = open.expect("sent to the writer");
    let before = store.writer_reads();
    let outcomes = open.apply(changes.collect(), true).await;
    let reads = store.writer_reads() - before;
    assert!(outcomes.expect("a step").iter().all(Result::is_ok));
    assert!(reads > 0 && reads <= READS_MAX, "{reads} reads");
    open.commit().await.expect("a commit");
}

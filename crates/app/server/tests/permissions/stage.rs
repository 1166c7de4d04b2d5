//! A server with the objects of the matrix, its administrator, and users with all rights but one.

#![expect(
    clippy::indexing_slicing,
    reason = "a value that is not there fails the test"
)]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use landfall_auth::{Auth, Client, NewUser, PasswordCost};
use landfall_client::{HttpClient, Trust};
use landfall_metadata::Component;
use landfall_model::{RecordId, Timestamp};
use landfall_server::{Config, Running, Server, Settings};
use landfall_wire::dates::render_date_time;
use serde_json::{Value, json};

use crate::right::{Right, grants};
use crate::row::Row;

const WITHIN: Duration = Duration::from_secs(30);
const APP: Client<'static> = Client {
    id: "landfall",
    secret: Some("landfall"),
};
pub(crate) const DATA: &str = "/services/data/v59.0";

/// One with all rights, and two for each right.
const USERS_MAX: u64 = 25;

/// Records that one request of the REST API creates.
const COLLECTION: usize = 200;

pub(crate) struct Stage {
    running: Running,
    pub(crate) http: HttpClient,
    auth: Auth,
    pub(crate) admin: String,
    /// Without any permission.
    profile: RecordId,
    /// The permission set with all rights.
    full: String,
    pub(crate) authority: String,
    pub(crate) org: String,
    /// The period in which the records were made, as requests name it.
    pub(crate) period: [String; 2],
    cells: AtomicU64,
    users: AtomicU64,
}

/// The records of one row for one user.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) n: u64,
    pub(crate) vault: String,
    pub(crate) other: String,
    pub(crate) item: String,
}

pub(crate) struct User {
    pub(crate) number: u64,
    pub(crate) token: String,
    /// What grants all rights.
    full: String,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        let settings = "listen = \"127.0.0.1:0\"\nephemeral = true";
        let settings = Settings::parse(settings, Path::new("permissions")).expect("settings");
        let mut config = Config::dev(&settings).expect("a safe configuration");
        config.logins.password_cost = PasswordCost::LEAST;
        let running = Server::start(config).await.expect("it starts");
        let auth = running
            .orgs()
            .auth(running.first_org().expect("an org"))
            .expect("open");
        let deployed = auth.engine().deploy(project()).await;
        deployed.expect("the project is right");
        let login = auth.password_grant(APP, "admin@landfall.test", "landfall");
        let login = login.await.expect("a login");
        let target = running.url().parse().expect("an address");
        let mut stage = Self {
            http: HttpClient::new(target, &Trust::nobody()).expect("a client"),
            admin: login.access_token.as_str().to_owned(),
            authority: running.local_addr().to_string(),
            org: auth.engine().org().id.to_string(),
            period: period(auth.engine().clock().now()),
            profile: RecordId::EMPTY,
            full: String::new(),
            cells: AtomicU64::new(0),
            users: AtomicU64::new(0),
            running,
            auth,
        };
        let profile = stage.create("Profile", &json!({"Name": "Nothing"})).await;
        stage.profile = RecordId::parse(&profile).expect("an id");
        stage.full = stage.permission_set("Full", None).await;
        stage.prepared().await;
        stage
    }

    pub(crate) async fn close(self) {
        drop((self.http, self.auth));
        self.running.stop().await.expect("it stops");
    }

    /// The push topics and channels of the rows.
    async fn prepared(&self) {
        for (name, query) in [
            ("Vaults", "SELECT Id, Name, Secret__c FROM Vault__c"),
            ("Ledgers", "SELECT Id, Note__c FROM Ledger__c"),
        ] {
            let topic =
                json!({"Name": name, "Query": query, "ApiVersion": 59.0, "NotifyForFields": "All"});
            self.create("PushTopic", &topic).await;
        }
        let channel = json!({"Name": "/u/alarms"});
        self.create("StreamingChannel", &channel).await;
    }

    /// A request of any API: status and body as text.
    pub(crate) async fn send(
        &self,
        (method, path): (&str, &str),
        headers: &[(String, String)],
        body: String,
    ) -> String {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let answer = self.http.send(request.expect("a request"), WITHIN).await;
        let answer = answer.expect("an answer");
        format!(
            "{} {}",
            answer.status.as_u16(),
            String::from_utf8_lossy(&answer.body)
        )
    }

    async fn json(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = [
            ("authorization", format!("Bearer {}", self.admin)),
            ("content-type", "application/json".to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value));
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let whole = format!("{DATA}{path}");
        let answer = self.send((method, &whole), &headers, body).await;
        let (status, body) = answer.split_once(' ').expect("a status");
        assert!(status.starts_with('2'), "{method} {path}: {answer}");
        serde_json::from_str(body).unwrap_or_default()
    }

    /// What a query of the administrator finds, deleted records included.
    pub(crate) async fn state(&self, query: &str) -> String {
        let path = format!("/queryAll?q={}", crate::row::encoded(query));
        let found = self.json("GET", &path, &Value::Null).await;
        found.to_string()
    }

    /// Returns when a call of the Pub/Sub API has no event before it any more.
    pub(crate) async fn passed(&self, rpc: &str) {
        let done = format!("client=\"{rpc}\"}} 0");
        let is_done = |metrics: &str| {
            let mut lines = metrics.lines();
            lines.any(|line| {
                line.starts_with("landfall_subscription_lag_events{") && line.ends_with(&done)
            })
        };
        let metrics = || self.send(("GET", "/metrics"), &[], String::new());
        while !is_done(&metrics().await) {
            tokio::task::yield_now().await;
        }
    }

    async fn create(&self, object: &str, record: &Value) -> String {
        let path = format!("/sobjects/{object}");
        let created = self.json("POST", &path, record).await;
        created["id"].as_str().expect("an id").to_owned()
    }

    /// Creates records of any object; their ids.
    async fn create_all(&self, records: &[Value]) -> Vec<String> {
        let mut ids = Vec::new();
        for records in records.chunks(COLLECTION) {
            let body = json!({"allOrNone": true, "records": records});
            let created = self.json("POST", "/composite/sobjects", &body).await;
            for result in created.as_array().expect("results") {
                let id = result["id"].as_str();
                ids.push(id.unwrap_or_else(|| panic!("{result}")).to_owned());
            }
        }
        ids
    }

    async fn permission_set(&self, name: &str, missing: Option<Right>) -> String {
        let grants = grants(missing);
        let mut set = grants.set;
        set["Name"] = name.into();
        set["Label"] = name.into();
        let set = self.create("PermissionSet", &set).await;
        let mut children = grants.children;
        for child in &mut children {
            child["ParentId"] = set.as_str().into();
        }
        self.create_all(&children).await;
        set
    }

    /// A user with all rights, who will have all but one once they lose [`Stage::lose`] the rest.
    pub(crate) async fn user(&self, missing: Option<Right>) -> User {
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        let username = format!("user{number}@landfall.test");
        let user = NewUser {
            username: &username,
            password: "secret",
            last_name: "User",
            alias: "user",
            profile: self.profile,
        };
        let id = self
            .auth
            .create_user(&user)
            .await
            .expect("a user")
            .to_string();
        let own = self.permission_set(&format!("Set{number}"), missing).await;
        let assignment = |set: &str| {
            json!({
                "attributes": {"type": "PermissionSetAssignment"}, "AssigneeId": id, "PermissionSetId": set,
            })
        };
        let assigned = [assignment(&own), assignment(&self.full)];
        let assigned = self.create_all(&assigned).await;
        let login = self
            .auth
            .password_grant(APP, username.as_str(), "secret")
            .await;
        User {
            number,
            token: login.expect("a login").access_token.as_str().to_owned(),
            full: assigned.get(1).expect("an assignment").clone(),
        }
    }

    /// Takes the right away that the user is to lack.
    pub(crate) async fn lose(&self, user: &User) {
        let path = format!("/sobjects/PermissionSetAssignment/{}", user.full);
        self.json("DELETE", &path, &Value::Null).await;
    }

    /// Records for each of these rows: a child for the rows that are about children, or there would be more of them than
    /// the list of recent records has.
    pub(crate) async fn cells(&self, rows: impl IntoIterator<Item = &Row>) -> Vec<Cell> {
        let (mut numbers, mut parents) = (Vec::new(), Vec::new());
        for row in rows {
            numbers.push(self.cells.fetch_add(1, Ordering::Relaxed));
            parents.push(row.has_child());
        }
        let mut vaults = Vec::new();
        for n in &numbers {
            for which in ["a", "b"] {
                vaults.push(json!({
                    "attributes": {"type": "Vault__c"}, "Name": format!("v{n}-{which}"), "Note__c": format!("note{n}x"),
                    "Secret__c": secret(*n), "Code__c": format!("k{n}{which}"),
                }));
            }
        }
        let vaults = self.create_all(&vaults).await;
        let cells = numbers.iter().zip(vaults.chunks(2));
        let with_child = cells
            .clone()
            .zip(&parents)
            .filter(|(_, has_child)| **has_child);
        let items = with_child.map(|((n, vaults), _)| {
            json!({"attributes": {"type": "Item__c"}, "Name": format!("i{n}"), "Vault__c": vaults[0]})
        });
        let mut items = self
            .create_all(&items.collect::<Vec<_>>())
            .await
            .into_iter();
        let cells = cells.zip(&parents).map(|((n, vaults), has_child)| Cell {
            n: *n,
            vault: vaults[0].clone(),
            other: vaults[1].clone(),
            item: if *has_child { items.next() } else { None }.unwrap_or_default(),
        });
        cells.collect()
    }
}

/// From the minute that the org was made in to an hour later.
fn period(now: Timestamp) -> [String; 2] {
    let hour = Duration::from_hours(1);
    let end = now.as_millis() + i64::try_from(hour.as_millis()).expect("small");
    [now, Timestamp::from_millis(end)].map(|time| render_date_time(time).replace("+0000", "Z"))
}

/// The value that only users with the right to read it may see.
pub(crate) fn secret(n: u64) -> String {
    format!("quagga{n}x")
}

fn project() -> Vec<Component> {
    let text = |name: &str, more: &str| {
        format!(
            "<fields><fullName>{name}</fullName><label>{name}</label><type>Text</type><length>80</length>{more}</fields>"
        )
    };
    let secret = text("Secret__c", "");
    let code = text(
        "Code__c",
        "<externalId>true</externalId><unique>true</unique>",
    );
    let note = text("Note__c", "");
    let vault = "<fields><fullName>Vault__c</fullName><label>Vault</label><type>Lookup</type>\
        <referenceTo>Vault__c</referenceTo><relationshipName>Items</relationshipName>\
        <relationshipLabel>Items</relationshipLabel></fields>";
    let mut all = vec![
        object("Vault__c", &[secret, note.clone(), code].concat()),
        object("Item__c", vault),
        object("Ledger__c", &note),
        event("Alarm__e", &text("Text__c", "")),
        event("Beacon__e", &text("Text__c", "")),
        channel("Sights__chn", "data"),
        channel("Marks__chn", "data"),
        channel("Signals__chn", "event"),
    ];
    all.extend((0..USERS_MAX).map(watch));
    for (channel, event, more) in [
        ("Sights__chn", "Vault__ChangeEvent", ""),
        ("Sights__chn", "Ledger__ChangeEvent", ""),
        (
            "Marks__chn",
            "Vault__ChangeEvent",
            "<enrichedFields><name>Secret__c</name></enrichedFields>\
             <filterExpression>Note__c LIKE 'mark%'</filterExpression>",
        ),
        ("Marks__chn", "Ledger__ChangeEvent", ""),
        ("Signals__chn", "Alarm__e", ""),
        ("Signals__chn", "Beacon__e", ""),
    ] {
        all.push(member(channel, event, more));
    }
    all
}

fn file(path: String, root: &str, content: &str) -> Component {
    Component {
        path,
        content: format!(
            "<{root} xmlns=\"http://soap.sforce.com/2006/04/metadata\">{content}</{root}>"
        ),
    }
}

fn object(name: &str, fields: &str) -> Component {
    let content = format!(
        "<label>{name}</label><pluralLabel>{name}s</pluralLabel><nameField><label>Name</label><type>Text</type></nameField>\
         <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>\
         <enableSearch>true</enableSearch>{fields}"
    );
    file(format!("objects/{name}.object"), "CustomObject", &content)
}

fn event(name: &str, fields: &str) -> Component {
    let content = format!(
        "<label>{name}</label><pluralLabel>{name}s</pluralLabel><deploymentStatus>Deployed</deploymentStatus>\
         <eventType>HighVolume</eventType><publishBehavior>PublishImmediately</publishBehavior>{fields}"
    );
    file(format!("objects/{name}.object"), "CustomObject", &content)
}

/// The managed subscription of a user.
fn watch(user: u64) -> Component {
    let path = format!("managedEventSubscriptions/Watch{user}.managedEventSubscription-meta.xml");
    let content = format!(
        "<defaultReplay>EARLIEST</defaultReplay><label>Watch{user}</label><state>RUN</state>\
         <topicName>/event/Alarm__e</topicName>"
    );
    file(path, "ManagedEventSubscription", &content)
}

fn channel(name: &str, kind: &str) -> Component {
    let path = format!("platformEventChannels/{name}.platformEventChannel-meta.xml");
    let content = format!("<channelType>{kind}</channelType><label>{name}</label>");
    file(path, "PlatformEventChannel", &content)
}

fn member(channel: &str, event: &str, more: &str) -> Component {
    let name = format!("{channel}_{event}").replace("__", "_");
    let path = format!("platformEventChannelMembers/{name}.platformEventChannelMember-meta.xml");
    let (enriched, filter) = match more.split_once("<filterExpression>") {
        Some((enriched, filter)) => (enriched, format!("<filterExpression>{filter}")),
        None => (more, String::new()),
    };
    let content = format!(
        "{enriched}<eventChannel>{channel}</eventChannel>{filter}<selectedEntity>{event}</selectedEntity>"
    );
    file(path, "PlatformEventChannelMember", &content)
}

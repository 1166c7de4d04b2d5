//! Which of several processes, the nodes of a cluster, is the writer of an org.
//!
//! A node takes an advisory lock on a connection of its own. As long as it has that, it leads: it opens the store, which
//! raises the epoch, and writes its address for the others. It gives a sign of life twice a second; PostgreSQL itself ends
//! the connection of a node that is silent for a few seconds, however alive its machine is, and another node takes the lock.
//! The lock only decides who tries: what is written is decided by the epoch, which every commit checks.
//!
//! Start reading at [`Election::round`].

use std::future::poll_fn;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use landfall_model::limits::{
    ELECTION_ANSWER_MAX, LEAD_SILENCE_MAX, NODE_KEPT_MAX, NODE_SEEN_EVERY, NODE_SEEN_MAX,
    POSTGRES_LOGIN_TIMEOUT,
};
use landfall_store::{Result, chain};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Row};

use crate::Config;
use crate::driver::Driver;
use crate::error::{Failed, open};
use crate::place::Place;

/// Begins the number of the lock of the lead, before that of the schema: `LdLd`.
pub(crate) const LEAD: i64 = 0x4c64_4c64 << 32;

/// The nodes of an org: `epoch` is that in which the node leads or has led last, 0 once it has let go.
pub(crate) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS node (
    address text COLLATE \"C\" PRIMARY KEY,
    epoch bigint NOT NULL,
    certificate bytea,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL
);
";

/// What others know of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `host:port` at which the other nodes reach it; its name.
    pub address: String,
    /// The certificate that it shows, in DER; none if it is reached without TLS.
    pub certificate: Option<Vec<u8>>,
}

/// The connection of an election, while there is one.
type Present = Arc<Mutex<Option<Arc<Client>>>>;

/// The lead of an org, as the store needs it.
#[derive(Clone)]
pub struct Lead {
    client: Arc<Client>,
    reporting: Arc<Reporting>,
    held: Arc<AtomicU64>,
    epoch: Arc<AtomicI64>,
}

impl std::fmt::Debug for Lead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lead")
            .field("holds", &self.holds())
            .finish_non_exhaustive()
    }
}

impl Lead {
    /// Whether the node has the lock, as far as it knows: without it, commits are refused.
    pub fn holds(&self) -> bool {
        self.held.load(Ordering::Acquire) != 0
    }

    /// Has the nodes that follow look for a new commit soon. Nobody waits for it: they look by themselves, too, a little later.
    pub(crate) fn report_commit(&self) {
        self.reporting.due.notify_one();
    }

    /// Ends the sessions of an earlier leader that hold the lock of the writer: of a node that is frozen or cut off.
    pub(crate) fn end_writers(
        &self,
        driver: &Driver,
        lock: i64,
    ) -> std::result::Result<(), Failed> {
        let client = Arc::clone(&self.client);
        let ended = async move {
            client
                .query(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks
                     WHERE locktype = 'advisory' AND granted AND objsubid = 1
                         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                         AND ((classid::bigint << 32) | objid::bigint) = $1::bigint AND pid <> pg_backend_pid()",
                    &[&lock],
                )
                .await
        };
        on(driver, ended).map(drop)
    }

    /// Runs the statement that raises the epoch, which only the holder of the lock does, and notes the new one.
    pub(crate) fn raise(
        &self,
        driver: &Driver,
        sql: &'static str,
    ) -> std::result::Result<Vec<Row>, Failed> {
        let client = Arc::clone(&self.client);
        let rows = on(driver, async move { client.query(sql, &[]).await })?;
        let epoch = rows.first().and_then(|row| row.try_get(0).ok());
        self.epoch.store(epoch.unwrap_or(0), Ordering::Release);
        Ok(rows)
    }
}

/// Notifies the nodes that follow of commits, as long as anybody holds it.
struct Reporting {
    due: Arc<Notify>,
    task: AbortHandle,
}

impl Reporting {
    fn begin(present: Present, channel: &str) -> Self {
        let due = Arc::new(Notify::new());
        let waiting = Arc::clone(&due);
        // Losing one in a crash of the server loses nothing: a commit that waits for the disk would cost more.
        let notify = format!("BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {channel}; COMMIT");
        let task = tokio::spawn(async move {
            loop {
                waiting.notified().await;
                let client = locked(&present).clone();
                let Some(client) = client else {
                    continue;
                };
                if let Err(error) = client.batch_execute(&notify).await {
                    tracing::debug!(error = %chain(&error), "nodes that follow are not notified");
                    // What is left of it would end the connection's other work. A connection that is lost needs nothing.
                    let _ = client.batch_execute("ROLLBACK").await;
                }
            }
        });
        Self {
            due,
            task: task.abort_handle(),
        }
    }
}

impl Drop for Reporting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn locked(present: &Present) -> MutexGuard<'_, Option<Arc<Client>>> {
    present.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on<T: Send + 'static>(
    driver: &Driver,
    work: impl Future<Output = std::result::Result<T, tokio_postgres::Error>> + Send + 'static,
) -> std::result::Result<T, Failed> {
    driver
        .run(async move { timeout(ELECTION_ANSWER_MAX, work).await })
        .ok_or_else(|| Failed::broken("the driver has stopped"))?
        .map_err(|_| Failed::broken("PostgreSQL did not answer in time"))?
        .map_err(|error| Failed::of(0, error))
}

/// Where a node is in the election.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It has just got the lock: it opens the store with this, and then calls [`Election::lead`].
    Elected(Lead),
    /// It leads.
    Leading,
    /// It leads as far as anybody knows, but has lost the lock: it acknowledges nothing until it has it again.
    Doubtful,
    /// It led, and another node has become the writer since.
    Deposed,
    /// Another node leads.
    Following {
        /// That node.
        leader: Node,
        /// Counts leaders.
        epoch: i64,
    },
    /// No node leads.
    Leaderless,
}

/// A node in the election of an org.
pub struct Election {
    place: Place,
    node: Node,
    link: Option<Link>,
    /// How many connections were made.
    links: u64,
    /// The number of the connection that has the lock; 0 if none has.
    held: Arc<AtomicU64>,
    /// As the store has raised it.
    epoch: Arc<AtomicI64>,
    /// The epoch in which this node leads.
    term: Option<i64>,
    seen: Option<Instant>,
    is_new: bool,
    has_tables: bool,
    woken: Arc<Notify>,
    committed: Arc<Notify>,
    present: Present,
}

/// The connection of the election.
struct Link {
    number: u64,
    client: Arc<Client>,
    connection: AbortHandle,
    lock: i64,
    channel: String,
}

/// The end of the name of the channel on which nodes are notified of commits.
const COMMITS: &str = "_commits";

/// Ends the lead with its connection, whatever ends that.
struct Holding {
    number: u64,
    held: Arc<AtomicU64>,
    woken: Arc<Notify>,
    committed: Arc<Notify>,
}

impl Drop for Holding {
    fn drop(&mut self) {
        // Another connection may have the lock by now.
        let _ = self
            .held
            .compare_exchange(self.number, 0, Ordering::AcqRel, Ordering::Acquire);
        self.woken.notify_one();
    }
}

impl std::fmt::Debug for Election {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Election")
            .field("node", &self.node.address)
            .field("term", &self.term)
            .finish_non_exhaustive()
    }
}

impl Election {
    /// A node that takes part. It is not connected yet.
    ///
    /// # Errors
    /// [`landfall_store::Error::Open`] if the URL cannot be used.
    pub fn new(config: &Config, node: Node) -> Result<Self> {
        Ok(Self {
            place: Place::read(&config.url)?,
            node,
            link: None,
            links: 0,
            held: Arc::default(),
            epoch: Arc::default(),
            term: None,
            seen: None,
            is_new: true,
            has_tables: false,
            woken: Arc::default(),
            committed: Arc::default(),
            present: Arc::default(),
        })
    }

    /// Is notified when the node that leads has committed something, as far as the connection is there.
    pub fn committed(&self) -> Arc<Notify> {
        Arc::clone(&self.committed)
    }

    /// Ends when something may have changed: a node has notified the others, or the connection is lost.
    pub fn woken(&self) -> impl Future<Output = ()> + Send + use<> {
        let woken = Arc::clone(&self.woken);
        async move { woken.notified().await }
    }

    /// One round: gives a sign of life, tries to take the lock if it is a candidate or leads, and looks who leads.
    ///
    /// # Errors
    /// [`landfall_store::Error::Open`] if PostgreSQL cannot be asked. Until a later round, nothing is acknowledged.
    pub async fn round(&mut self, is_candidate: bool) -> Result<Standing> {
        let standing = match self.connected().await {
            Ok(()) => timeout(ELECTION_ANSWER_MAX, self.asked(is_candidate))
                .await
                .unwrap_or_else(|_| Err(Failed::broken("PostgreSQL did not answer in time"))),
            Err(failed) => Err(failed),
        };
        standing.map_err(|failed| {
            self.disconnect();
            open(format_args!("PostgreSQL: {}", failed.source))
        })
    }

    /// Publishes that this node leads, now that it can serve.
    ///
    /// # Errors
    /// [`landfall_store::Error::Open`] if PostgreSQL cannot be asked: the next round publishes it.
    pub async fn lead(&mut self) -> Result<i64> {
        let epoch = self.epoch.load(Ordering::Acquire);
        self.term = Some(epoch);
        self.seen = None;
        self.has_tables = true;
        let notified = timeout(ELECTION_ANSWER_MAX, async {
            self.be_seen().await?;
            self.notify().await
        });
        match notified.await {
            Ok(Ok(())) => Ok(epoch),
            Ok(Err(failed)) => Err(open(failed.source)),
            Err(_) => Err(open("PostgreSQL did not answer in time")),
        }
    }

    /// Lets go of the lead, and notifies the others. The store is closed by now.
    pub async fn let_go(&mut self) {
        self.term = None;
        self.seen = None;
        let notified = timeout(ELECTION_ANSWER_MAX, async {
            self.be_seen().await?;
            let Some(link) = &self.link else {
                return Ok(());
            };
            let (number, lock) = (link.number, link.lock);
            let _ = self
                .held
                .compare_exchange(number, 0, Ordering::AcqRel, Ordering::Acquire);
            self.query("SELECT pg_advisory_unlock($1::bigint)", &[&lock])
                .await?;
            self.notify().await
        });
        if !matches!(notified.await, Ok(Ok(()))) {
            // The lock goes with its connection.
            self.disconnect();
        }
    }

    /// Leaves the election.
    pub async fn leave(&mut self) {
        let gone = timeout(ELECTION_ANSWER_MAX, async {
            let address = self.node.address.clone();
            self.query("DELETE FROM node WHERE address = $1::text", &[&address])
                .await?;
            self.notify().await
        });
        if !matches!(gone.await, Ok(Ok(()))) {
            tracing::debug!("the note of this node is left: it is listed as gone");
        }
        self.disconnect();
    }

    /// The epoch in which this node leads.
    pub const fn term(&self) -> Option<i64> {
        self.term
    }

    fn disconnect(&mut self) {
        *locked(&self.present) = None;
        if let Some(link) = self.link.take() {
            link.connection.abort();
            // Before the connection notices.
            let _ = self
                .held
                .compare_exchange(link.number, 0, Ordering::AcqRel, Ordering::Acquire);
        }
    }

    async fn connected(&mut self) -> std::result::Result<(), Failed> {
        if self
            .link
            .as_ref()
            .is_some_and(|link| !link.client.is_closed())
        {
            return Ok(());
        }
        self.disconnect();
        self.links += 1;
        self.seen = None;
        let number = self.links;
        let holding = Holding {
            number,
            held: Arc::clone(&self.held),
            woken: Arc::clone(&self.woken),
            committed: Arc::clone(&self.committed),
        };
        let log_in = log_in(&self.place, number, holding);
        let link = timeout(ELECTION_ANSWER_MAX, log_in)
            .await
            .map_err(|_| Failed::unreachable("PostgreSQL did not answer in time"))??;
        *locked(&self.present) = Some(Arc::clone(&link.client));
        self.link = Some(link);
        Ok(())
    }

    async fn query(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> std::result::Result<Vec<Row>, Failed> {
        let link = self.link.as_ref();
        let link = link.ok_or_else(|| Failed::unreachable("there is no connection"))?;
        let rows = link.client.query(sql, params).await;
        rows.map_err(|error| Failed::of(0, error))
    }

    async fn asked(&mut self, is_candidate: bool) -> std::result::Result<Standing, Failed> {
        let has_lock = self.has_lock();
        let mut is_elected = false;
        if !has_lock && (is_candidate || self.term.is_some()) {
            is_elected = self.try_lock().await?;
        }
        let (epoch, leader) = if self.has_tables().await? {
            self.be_seen().await?;
            self.leader().await?
        } else {
            (0, None)
        };
        let Some(link) = &self.link else {
            return Err(Failed::unreachable("there is no connection"));
        };
        Ok(match self.term {
            Some(term) if term != epoch => {
                if has_lock || is_elected {
                    // It goes back to the end of the queue.
                    self.disconnect();
                }
                self.term = None;
                Standing::Deposed
            }
            Some(_) if has_lock => Standing::Leading,
            Some(_) if is_elected => {
                self.held.store(link.number, Ordering::Release);
                Standing::Leading
            }
            Some(_) => Standing::Doubtful,
            None if has_lock || is_elected => {
                self.held.store(link.number, Ordering::Release);
                Standing::Elected(Lead {
                    client: Arc::clone(&link.client),
                    reporting: Arc::new(Reporting::begin(
                        Arc::clone(&self.present),
                        &format!("{}{COMMITS}", link.channel),
                    )),
                    held: Arc::clone(&self.held),
                    epoch: Arc::clone(&self.epoch),
                })
            }
            None => match leader {
                Some(leader) if leader.address != self.node.address => {
                    Standing::Following { leader, epoch }
                }
                _ => Standing::Leaderless,
            },
        })
    }

    fn has_lock(&self) -> bool {
        let held = self.held.load(Ordering::Acquire);
        self.link.as_ref().is_some_and(|link| link.number == held)
    }

    async fn try_lock(&self) -> std::result::Result<bool, Failed> {
        let lock = self.link.as_ref().map_or(0, |link| link.lock);
        let rows = self
            .query("SELECT pg_try_advisory_lock($1::bigint)", &[&lock])
            .await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    /// Notes that this node is there, from time to time.
    async fn be_seen(&mut self) -> std::result::Result<(), Failed> {
        if self
            .seen
            .is_some_and(|seen| seen.elapsed() < NODE_SEEN_EVERY)
        {
            return Ok(());
        }
        let (term, version) = (self.term.unwrap_or(0), env!("CARGO_PKG_VERSION"));
        let noted = "INSERT INTO node VALUES ($1::text, $2::bigint, $3::bytea, $4::text, now(), now())
             ON CONFLICT (address) DO UPDATE SET epoch = excluded.epoch, certificate = excluded.certificate,
                 version = excluded.version, seen_at = excluded.seen_at,
                 started_at = CASE WHEN $5::boolean THEN excluded.started_at ELSE node.started_at END";
        let (node, is_new) = (&self.node, self.is_new);
        self.query(
            noted,
            &[&node.address, &term, &node.certificate, &version, &is_new],
        )
        .await?;
        self.seen = Some(Instant::now());
        self.is_new = false;
        Ok(())
    }

    /// Whether the tables are there, which the first leader makes.
    async fn has_tables(&mut self) -> std::result::Result<bool, Failed> {
        if !self.has_tables {
            let rows = self
                .query(
                    "SELECT to_regclass('org') IS NOT NULL AND to_regclass('node') IS NOT NULL",
                    &[],
                )
                .await?;
            self.has_tables = rows.first().is_some_and(|row| row.get(0));
        }
        Ok(self.has_tables)
    }

    /// The epoch, and the node that leads in it, once it has published that.
    async fn leader(&self) -> std::result::Result<(i64, Option<Node>), Failed> {
        let rows = self.query(
            "SELECT org.epoch, node.address, node.certificate FROM org LEFT JOIN node ON node.epoch = org.epoch AND node.epoch > 0
             ORDER BY node.seen_at DESC LIMIT 1",
            &[],
        );
        let rows = rows.await?;
        let Some(row) = rows.first() else {
            return Ok((0, None));
        };
        let address: Option<String> = row.get(1);
        let leader = address.map(|address| Node {
            address,
            certificate: row.get(2),
        });
        Ok((row.get(0), leader))
    }

    async fn notify(&self) -> std::result::Result<(), Failed> {
        let channel = self.link.as_ref().map(|link| link.channel.clone());
        self.query("SELECT pg_notify($1::text, '')", &[&channel])
            .await
            .map(drop)
    }
}

/// Connects, and listens for what other nodes publish.
async fn log_in(place: &Place, number: u64, holding: Holding) -> std::result::Result<Link, Failed> {
    let unreachable = |error: tokio_postgres::Error| match error.as_db_error() {
        Some(_) => Failed::of(0, error),
        None => Failed::unreachable(chain(&error)),
    };
    let connected = place.config.connect(place.tls.clone()).await;
    let (client, mut connection) = connected.map_err(unreachable)?;
    let task = tokio::spawn(async move {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(said))) => {
                    let is_commit = said.channel().ends_with(COMMITS);
                    let woken = if is_commit {
                        &holding.committed
                    } else {
                        &holding.woken
                    };
                    woken.notify_one();
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    tracing::debug!(error = %chain(&error), "connection of the election ended");
                    break;
                }
                None => break,
            }
        }
    });
    let client = Arc::new(client);
    let connection = task.abort_handle();
    let prepared = async {
        client
            .batch_execute(&format!(
                "SET statement_timeout = {}; SET idle_session_timeout = {}",
                ELECTION_ANSWER_MAX.as_millis(),
                LEAD_SILENCE_MAX.as_millis()
            ))
            .await?;
        let number = namespace(&client, &place.schema).await?;
        let channel = format!("landfall_{number}");
        let listen = format!("LISTEN {channel}; LISTEN {channel}{COMMITS}");
        client.batch_execute(&listen).await?;
        Ok::<_, tokio_postgres::Error>((number, channel))
    };
    match prepared.await {
        Ok((schema, channel)) => Ok(Link {
            number,
            client,
            connection,
            lock: LEAD | schema,
            channel,
        }),
        Err(error) => {
            connection.abort();
            Err(unreachable(error))
        }
    }
}

/// The number of the schema, which is created if it is not there.
async fn namespace(
    client: &Client,
    schema: &str,
) -> std::result::Result<i64, tokio_postgres::Error> {
    let find = "SELECT oid::bigint FROM pg_namespace WHERE nspname = $1::text";
    if let Some(row) = client.query_opt(find, &[&schema]).await? {
        return Ok(row.get(0));
    }
    let create = format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"");
    match client.batch_execute(&create).await {
        // Another node has just created it.
        Err(error) if error.code() != Some(&SqlState::UNIQUE_VIOLATION) => return Err(error),
        _ => {}
    }
    Ok(client.query_one(find, &[&schema]).await?.get(0))
}

/// A node as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its `host:port`.
    pub address: String,
    /// Whether it leads.
    pub is_leader: bool,
    /// Whether it has given a sign of life lately.
    pub is_alive: bool,
    /// The epoch in which it leads or has led last; 0: never, or it has let go.
    pub epoch: i64,
    /// Its version.
    pub version: String,
    /// Since when it runs. Unit: seconds.
    pub up: u64,
    /// How long ago it gave the last sign of life. Unit: seconds.
    pub silent: u64,
}

/// The nodes of an org, and its epoch.
///
/// # Errors
/// [`landfall_store::Error::Open`] if PostgreSQL cannot be asked, or the schema has never been used by a cluster.
pub async fn nodes(config: &Config) -> Result<(i64, Vec<Listed>)> {
    let place = Place::read(&config.url)?;
    let asked = async {
        let (client, connection) = place.config.connect(place.tls.clone()).await?;
        let connection = tokio::spawn(connection);
        let answer = client
            .query(
                "SELECT org.epoch, node.address, node.epoch, node.version,
                     extract(epoch FROM now() - node.started_at)::bigint, extract(epoch FROM now() - node.seen_at)::bigint
                 FROM org LEFT JOIN node ON true ORDER BY node.address",
                &[],
            )
            .await;
        connection.abort();
        answer
    };
    let rows = timeout(POSTGRES_LOGIN_TIMEOUT, asked)
        .await
        .map_err(|_| open("PostgreSQL did not answer in time"))?
        .map_err(|error| match error.code() {
            Some(code) if *code == SqlState::UNDEFINED_TABLE => open(format_args!(
                "the schema {} has no nodes: no cluster has used it",
                place.schema
            )),
            _ => open(format_args!("PostgreSQL: {}", chain(&error))),
        })?;
    let epoch = rows.first().map_or(0, |row| row.get(0));
    let seconds = |row: &Row, place| u64::try_from(row.get::<_, i64>(place)).unwrap_or(0);
    let listed = rows.iter().filter_map(|row| {
        let silent = row
            .get::<_, Option<i64>>(5)
            .and_then(|past| u64::try_from(past).ok());
        let of_node: i64 = row.get::<_, Option<i64>>(2)?;
        let silent = silent.unwrap_or(0);
        let is_alive = Duration::from_secs(silent) < NODE_SEEN_MAX;
        Some(Listed {
            address: row.get(1),
            is_leader: is_alive && of_node == epoch && epoch > 0,
            is_alive,
            epoch: of_node,
            version: row.get(3),
            up: seconds(row, 4),
            silent,
        })
    });
    Ok((epoch, listed.collect()))
}

/// Removes the notes of nodes that are gone for long.
pub(crate) fn forget_gone() -> String {
    format!(
        "DELETE FROM node WHERE seen_at < now() - interval '{} seconds'",
        NODE_KEPT_MAX.as_secs()
    )
}

//! A connection: statements are prepared once, and several are sent in one round trip.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use futures_util::future::{join_all, try_join_all};
use futures_util::{StreamExt, pin_mut};
use landfall_model::limits::{
    POSTGRES_ANSWER_MAX, POSTGRES_LOGIN_TIMEOUT, POSTGRES_STATEMENTS_MAX, QUERY_ABANDON_POLL,
};
use landfall_store::{Deadline, chain};
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::driver::Driver;
use crate::error::{Failed, Kind, Reason};
use crate::place::Place;
use crate::value::Arg;

/// A statement with its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    sql: Arc<str>,
    args: Vec<Arg>,
}

impl Request {
    pub(crate) fn new(sql: impl Into<Arc<str>>, args: Vec<Arg>) -> Self {
        Self {
            sql: sql.into(),
            args,
        }
    }
}

/// Begins a transaction that sees one state throughout.
pub(crate) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
pub(crate) const BEGIN: &str = "BEGIN";
pub(crate) const COMMIT: &str = "COMMIT";

/// A statement without parameters.
pub(crate) fn plain(sql: &'static str) -> Request {
    Request::new(sql, Vec::new())
}

/// Changes when tables change, so that no session uses a statement that was prepared for others.
#[derive(Debug, Default)]
pub(crate) struct Generation(AtomicU64);

impl Generation {
    pub(crate) fn advance(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// A connection.
pub(crate) struct Session {
    driver: Arc<Driver>,
    client: Arc<Client>,
    prepared: Arc<Prepared>,
    connection: AbortHandle,
    tls: MakeRustlsConnect,
    is_given_up: AtomicBool,
}

/// The statements that the server has prepared.
struct Prepared {
    generation: Arc<Generation>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    of: u64,
    statements: HashMap<Arc<str>, Statement>,
    oldest: VecDeque<Arc<str>>,
}

impl Prepared {
    async fn of(
        &self,
        client: &Client,
        sql: &Arc<str>,
    ) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.known(sql) {
            return Ok(statement);
        }
        let statement = client.prepare(sql).await?;
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.statements.len() >= POSTGRES_STATEMENTS_MAX
            && let Some(oldest) = known.oldest.pop_front()
        {
            known.statements.remove(&oldest);
        }
        known.statements.insert(Arc::clone(sql), statement.clone());
        known.oldest.push_back(Arc::clone(sql));
        Ok(statement)
    }

    fn known(&self, sql: &Arc<str>) -> Option<Statement> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.generation.0.load(Ordering::Acquire);
        if known.of != now {
            *known = Known {
                of: now,
                ..Known::default()
            };
        }
        known.statements.get(sql).cloned()
    }
}

impl Session {
    pub(crate) fn connect(
        driver: &Arc<Driver>,
        place: &Place,
        generation: &Arc<Generation>,
        statement_time: Duration,
    ) -> Result<Self, Failed> {
        let config = place.config.clone();
        let set = format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET jit = off",
            statement_time.as_millis(),
            statement_time.as_millis()
        );
        let tls = place.tls.clone();
        let log_in = async move {
            let (client, connection) = config.connect(tls).await?;
            let task = tokio::spawn(async move {
                // Every request that is under way gets the error too.
                if let Err(error) = connection.await {
                    tracing::debug!(error = %chain(&error), "connection to PostgreSQL ended");
                }
            });
            client.batch_execute(&set).await?;
            Ok::<_, tokio_postgres::Error>((client, task.abort_handle()))
        };
        let (client, connection) = driver
            .run(async { tokio::time::timeout(POSTGRES_LOGIN_TIMEOUT, log_in).await })
            .ok_or_else(|| Failed::broken("the driver has stopped"))?
            .map_err(|_| Failed::unreachable("PostgreSQL did not answer in time"))?
            .map_err(|error| match error.as_db_error() {
                Some(_) => Failed::of(0, error),
                None => Failed::unreachable(chain(&error)),
            })?;
        Ok(Self {
            driver: Arc::clone(driver),
            client: Arc::new(client),
            prepared: Arc::new(Prepared {
                generation: Arc::clone(generation),
                known: Mutex::default(),
            }),
            connection,
            tls: place.tls.clone(),
            is_given_up: AtomicBool::new(false),
        })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_given_up.load(Ordering::Acquire) || self.client.is_closed()
    }

    /// Gives the connection up. The server ends what is under way on it, or carries it out.
    pub(crate) fn close(&self) {
        self.is_given_up.store(true, Ordering::Release);
        self.connection.abort();
    }

    /// Runs statements one after the other in one round trip, besides those that prepare them at first use. Once one fails,
    /// those that follow in its transaction fail too.
    pub(crate) fn run(&self, requests: Vec<Request>) -> Result<Vec<Vec<Row>>, Failed> {
        let work = run(
            Arc::clone(&self.client),
            Arc::clone(&self.prepared),
            requests,
        );
        let work = async {
            let answered = tokio::time::timeout(POSTGRES_ANSWER_MAX, work).await;
            answered.unwrap_or_else(|_| Err(Failed::broken("PostgreSQL did not answer in time")))
        };
        let done = self.driver.run(work);
        done.unwrap_or_else(|| Err(Failed::broken("the driver has stopped")))
    }

    /// The same until a deadline. A session that was interrupted is of no further use: the server may notice it late.
    pub(crate) fn run_until(
        &self,
        requests: Vec<Request>,
        deadline: &Deadline,
    ) -> Result<Vec<Vec<Row>>, Failed> {
        let cancelled = || Failed {
            at: 0,
            kind: Kind::Refused(Reason::Cancelled),
            source: "the deadline has passed".into(),
        };
        if deadline.has_passed() {
            return Err(cancelled());
        }
        let work = run(
            Arc::clone(&self.client),
            Arc::clone(&self.prepared),
            requests,
        );
        let passed = || deadline.has_passed();
        if let Some(done) = self.driver.run_until(work, QUERY_ABANDON_POLL, passed) {
            return done;
        }
        let token = self.client.cancel_token();
        let tls = self.tls.clone();
        let sent = self.driver.run(async move {
            tokio::time::timeout(POSTGRES_ANSWER_MAX, token.cancel_query(tls)).await
        });
        if !matches!(sent, Some(Ok(Ok(())))) {
            tracing::debug!("a query could not be cancelled: it ends with its statement time-out");
        }
        Err(cancelled())
    }

    pub(crate) fn one(&self, request: Request) -> Result<Vec<Row>, Failed> {
        Ok(self.run(vec![request])?.pop().unwrap_or_default())
    }

    /// Runs several statements without parameters, each to its end.
    pub(crate) fn execute(&self, sql: String) -> Result<(), Failed> {
        let client = Arc::clone(&self.client);
        let done = self
            .driver
            .run(async move { client.batch_execute(&sql).await });
        done.ok_or_else(|| Failed::broken("the driver has stopped"))?
            .map_err(|error| Failed::of(0, error))
    }
}

async fn run(
    client: Arc<Client>,
    prepared: Arc<Prepared>,
    requests: Vec<Request>,
) -> Result<Vec<Vec<Row>>, Failed> {
    let statements = requests
        .iter()
        .map(|request| prepared.of(&client, &request.sql));
    // Nothing of it has run if one of them cannot be prepared.
    let statements =
        try_join_all(statements)
            .await
            .map_err(|error| match Failed::of(0, error) {
                Failed {
                    kind: Kind::Broken,
                    source,
                    ..
                } => Failed::unreachable(source),
                failed => failed,
            })?;
    check(&requests, &statements).map_err(Failed::of_values)?;
    let answers = requests
        .iter()
        .zip(&statements)
        .map(|(request, statement)| answer(&client, statement, &request.args));
    let mut all = Vec::with_capacity(requests.len());
    for (at, answer) in join_all(answers).await.into_iter().enumerate() {
        all.push(answer.map_err(|error| Failed::of(at, error))?);
    }
    Ok(all)
}

/// Encodes every parameter for nothing: a statement that could not be sent must not be missing among those that are.
fn check(
    requests: &[Request],
    statements: &[Statement],
) -> Result<(), Box<dyn std::error::Error + Sync + Send>> {
    let mut scratch = BytesMut::new();
    for (request, statement) in requests.iter().zip(statements) {
        if request.args.len() != statement.params().len() {
            return Err(format!("a statement has other parameters: {}", request.sql).into());
        }
        for (arg, ty) in request.args.iter().zip(statement.params()) {
            scratch.clear();
            arg.to_sql_checked(ty, &mut scratch)?;
        }
    }
    Ok(())
}

async fn answer(
    client: &Client,
    statement: &Statement,
    args: &[Arg],
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let rows = client.query_raw(statement, args).await?;
    pin_mut!(rows);
    let mut all = Vec::new();
    while let Some(row) = rows.next().await {
        all.push(row?);
    }
    Ok(all)
}

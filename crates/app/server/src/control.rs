//! The orgs of a developer's process, under control of tests: found, opened, closed.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::HeaderMap;
use landfall_auth::{Client, DeveloperNames};
use landfall_control::{CloseError, Credentials, Named, OpenError, Org, Work};
use landfall_engine::chain;
use landfall_model::RecordId;
use landfall_model::limits::CONTROL_ORGS_MAX;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use crate::config::{Config, DEVELOPER_CLIENT, DEVELOPER_PASSWORD, Data, Template};
use crate::environment::Environment;
use crate::error::Error;
use crate::orgs::{Instance, Orgs};

/// The orgs of a process, and how more of them are opened.
pub(crate) struct Controlled {
    orgs: Orgs,
    /// The org that the process was started with, which is not closed.
    first: RecordId,
    /// Those of the first org, except for its data folder and its names.
    config: Config,
    environment: Environment,
    /// The number in the names of the next org.
    next: AtomicU64,
    /// How many more may be open.
    free: Arc<Semaphore>,
    /// Of the orgs that were opened here.
    permits: Permits,
}

type Permits = Arc<Mutex<HashMap<RecordId, OwnedSemaphorePermit>>>;

impl Controlled {
    pub(crate) fn new(
        orgs: Orgs,
        first: RecordId,
        config: Config,
        environment: Environment,
    ) -> Self {
        let config = Config {
            data: Data::Ephemeral,
            template: Some(Template::default()),
            ..config
        };
        Self {
            orgs,
            first,
            config,
            environment,
            next: AtomicU64::new(2),
            free: Arc::new(Semaphore::new(CONTROL_ORGS_MAX - 1)),
            permits: Permits::default(),
        }
    }
}

impl landfall_control::Orgs for Controlled {
    fn find(&self, headers: &HeaderMap) -> Option<Org> {
        self.orgs.controlled(headers)
    }

    fn list(&self) -> Vec<Named> {
        let all = self.orgs.all();
        all.iter().map(|instance| named(instance)).collect()
    }

    fn open(&self) -> Work<Result<Credentials, OpenError>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let config = Config {
            developer: self.config.developer.renamed(
                format!("admin-{number}@landfall.test"),
                format!("{DEVELOPER_CLIENT}-{number}"),
            ),
            ..self.config.clone()
        };
        let (orgs, environment) = (self.orgs.clone(), self.environment.clone());
        let permit = Arc::clone(&self.free).try_acquire_owned();
        let permits = Arc::clone(&self.permits);
        Box::pin(async move {
            let permit = permit.map_err(|_| OpenError::TooMany)?;
            // A task of its own: if the client hangs up, the org is still opened as a whole.
            let opened = tokio::spawn(async move {
                let opened = opened(&orgs, &config, environment).await?;
                kept(&permits).insert(opened.org.id, permit);
                Ok::<_, Error>(opened)
            });
            match opened.await {
                Ok(Ok(credentials)) => Ok(credentials),
                Ok(Err(error)) => Err(failed(&error)),
                Err(panic) => Err(failed(&panic)),
            }
        })
    }

    fn log_in(&self, org: Option<&str>) -> Work<Result<Option<Credentials>, OpenError>> {
        let orgs = self.orgs.clone();
        let id = match org {
            Some(org) => RecordId::parse(org).ok(),
            None => Some(self.first),
        };
        Box::pin(async move {
            let all = orgs.all();
            let Some(instance) = all.iter().find(|instance| Some(instance.id()) == id) else {
                return Ok(None);
            };
            let login = logged_in(&orgs, instance.id(), instance.names()).await;
            login.map(Some).map_err(|error| failed(&error))
        })
    }

    fn close(&self, org: &str) -> Work<Result<(), CloseError>> {
        let (orgs, first) = (self.orgs.clone(), self.first);
        let permits = Arc::clone(&self.permits);
        let id = RecordId::parse(org).ok();
        Box::pin(async move {
            let Some(id) = id.filter(|id| orgs.list().contains(id)) else {
                return Err(CloseError::Unknown);
            };
            if id == first {
                return Err(CloseError::First);
            }
            let closed = tokio::spawn(async move {
                let closed = orgs.close(id).await;
                kept(&permits).remove(&id);
                closed
            });
            match closed.await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(Error::OrgUnknown { .. })) => Err(CloseError::Unknown),
                Ok(Err(error)) => Err(CloseError::Failed(reported(&error))),
                Err(panic) => Err(CloseError::Failed(reported(&panic))),
            }
        })
    }
}

fn kept(permits: &Permits) -> std::sync::MutexGuard<'_, HashMap<RecordId, OwnedSemaphorePermit>> {
    permits.lock().unwrap_or_else(PoisonError::into_inner)
}

fn named(instance: &Instance) -> Named {
    let names = instance.names();
    Named {
        id: instance.id(),
        username: names.username.clone(),
        client_id: names.client_id.clone(),
    }
}

/// Opens an org, and logs in to it.
async fn opened(
    orgs: &Orgs,
    config: &Config,
    environment: Environment,
) -> Result<Credentials, Error> {
    let id = orgs.open(config, environment).await?;
    match logged_in(orgs, id, &config.developer).await {
        Ok(credentials) => Ok(credentials),
        Err(error) => {
            orgs.close(id).await?;
            Err(error)
        }
    }
}

async fn logged_in(
    orgs: &Orgs,
    id: RecordId,
    names: &DeveloperNames,
) -> Result<Credentials, Error> {
    let auth = orgs.auth(id).ok_or(Error::OrgUnknown { org: id })?;
    let client = Client {
        id: &names.client_id,
        secret: Some(DEVELOPER_CLIENT),
    };
    let granted = auth.client_credentials_grant(client).await?;
    Ok(Credentials {
        org: Named {
            id,
            username: names.username.clone(),
            client_id: names.client_id.clone(),
        },
        password: DEVELOPER_PASSWORD.to_owned(),
        client_secret: DEVELOPER_CLIENT.to_owned(),
        access_token: granted.access_token.as_str().to_owned(),
    })
}

fn failed(error: &(dyn std::error::Error + 'static)) -> OpenError {
    OpenError::Failed(reported(error))
}

fn reported(error: &(dyn std::error::Error + 'static)) -> String {
    let text = chain(error);
    warn!(error = text, "a call of the control interface has failed");
    text
}

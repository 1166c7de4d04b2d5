//! One call of a client that is logged in.

use std::sync::Arc;

use landfall_auth::{Auth, Login};
use landfall_model::Fault;
use landfall_wire::ApiVersion;

use crate::SoapState;
use crate::answer::Dialect;
use crate::envelope::Envelope;

/// What the path of a request says, and what its address is to the client.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    pub(crate) dialect: Dialect,
    pub(crate) version: ApiVersion,
    /// Scheme and authority as the client sees them.
    pub(crate) base_url: String,
}

/// A call with who makes it.
pub(crate) struct Call<'r> {
    pub(crate) state: &'r SoapState,
    pub(crate) endpoint: &'r Endpoint,
    pub(crate) envelope: &'r Envelope,
    pub(crate) login: Arc<Login>,
    /// The login's token.
    pub(crate) token: &'r str,
}

impl<'r> Call<'r> {
    /// Finds out who calls.
    ///
    /// # Errors
    /// [`Fault::SessionMissing`], [`Fault::SessionInvalid`], [`Fault::ApiScopeMissing`].
    pub(crate) fn of(
        state: &'r SoapState,
        endpoint: &'r Endpoint,
        envelope: &'r Envelope,
    ) -> Result<Self, Fault> {
        let token = envelope
            .option("SessionHeader", "sessionId")
            .ok_or(Fault::SessionMissing)?;
        let login = authenticated(&state.auth, token)?;
        Ok(Self {
            state,
            endpoint,
            envelope,
            login,
            token,
        })
    }
}

fn authenticated(auth: &Auth, token: &str) -> Result<Arc<Login>, Fault> {
    let login = auth.authenticate(token)?;
    if login.scopes.cover_rest() {
        Ok(login)
    } else {
        Err(Fault::ApiScopeMissing)
    }
}

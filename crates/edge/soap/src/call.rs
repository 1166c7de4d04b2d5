//! One call of a client that is logged in.

use std::sync::{Arc, Mutex, PoisonError};

use landfall_auth::Login;
use landfall_engine::Definitions;
use landfall_envelope::Envelope;
use landfall_model::limits::REPORTED_FAULTS_MAX;
use landfall_model::{Catalog, Fault, SessionFault};
use landfall_wire::ApiVersion;
use landfall_xml::Element;

use crate::SoapState;
use crate::answer::Dialect;

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
    /// What the org consists of as the caller sees it, for the whole call.
    pub(crate) definitions: Arc<Definitions>,
    /// Why single records are refused.
    refused: Mutex<Vec<Fault>>,
}

impl<'r> Call<'r> {
    /// Finds out who calls.
    ///
    /// # Errors
    /// [`SessionFault::Missing`], [`SessionFault::Invalid`], [`SessionFault::ApiScopeMissing`].
    pub(crate) fn of(
        state: &'r SoapState,
        endpoint: &'r Endpoint,
        envelope: &'r Envelope,
    ) -> Result<Self, Fault> {
        let token = token(envelope)?;
        let login = state.auth.session_login(token)?;
        Ok(Self {
            state,
            endpoint,
            envelope,
            definitions: login.definitions(),
            login,
            token,
            refused: Mutex::default(),
        })
    }

    /// Notes why a record is refused, for observers of answers.
    pub(crate) fn report(&self, fault: &Fault) {
        let refused = self.refused.lock();
        let mut refused = refused.unwrap_or_else(PoisonError::into_inner);
        if refused.len() < REPORTED_FAULTS_MAX {
            refused.push(fault.clone());
        }
    }

    /// Why records were refused.
    pub(crate) fn reported(self) -> Vec<Fault> {
        let refused = self.refused.into_inner();
        refused.unwrap_or_else(PoisonError::into_inner)
    }

    /// The objects of the org.
    pub(crate) fn catalog(&self) -> &Catalog {
        self.definitions.catalog()
    }

    /// The text of an argument; none if it is absent.
    pub(crate) fn argument(&self, name: &str) -> Option<&'r str> {
        self.envelope.operation.value(name)
    }

    /// An argument that may occur many times.
    pub(crate) fn arguments(&self, name: &'r str) -> Vec<&'r Element> {
        self.envelope.operation.children_named(name).collect()
    }

    /// Whether one record that fails undoes all.
    ///
    /// Source: `AllOrNoneHeader`.
    pub(crate) fn is_all_or_none(&self) -> bool {
        let said = self.envelope.option("AllOrNoneHeader", "allOrNone");
        matches!(said, Some("true" | "1"))
    }

    /// Whether a text that is too long for its field is cut rather than refused.
    ///
    /// Source: `AllowFieldTruncationHeader`.
    pub(crate) fn cuts_texts(&self) -> bool {
        let said = self
            .envelope
            .option("AllowFieldTruncationHeader", "allowFieldTruncation");
        matches!(said, Some("true" | "1"))
    }

    /// Where changes that this call makes come from.
    ///
    /// Source: "`ChangeEventHeader` Fields" (Change Data Capture Developer Guide), `changeOrigin`; `CallOptions`.
    pub(crate) fn origin(&self) -> String {
        let origin = format!("com/salesforce/api/soap/{}", self.endpoint.version);
        match self.envelope.option("CallOptions", "client") {
            Some(client) => format!("{origin};client={client}"),
            None => origin,
        }
    }
}

/// The session id of a request.
///
/// # Errors
/// [`SessionFault::Missing`].
pub(crate) fn token(envelope: &Envelope) -> Result<&str, Fault> {
    let token = envelope.option("SessionHeader", "sessionId");
    token.ok_or(Fault::Session(SessionFault::Missing))
}

//! Apps that prove who they are by a key in place of a secret.

use std::sync::Arc;

use landfall_model::LoginFault;

use crate::Auth;
use crate::app::App;
use crate::assertion::Assertion;

/// Where apps ask for tokens, below the address of the org.
const TOKEN_ENDPOINT: &str = "/services/oauth2/token";

impl Auth {
    /// The app that has signed an assertion about itself, meant for `base` or for the token endpoint there. It needs no
    /// secret besides: its own, which it may not even know, is as good as given. `claimed` is the client id beside the
    /// assertion, if there is one.
    ///
    /// Source: RFC 7523, section 2.2; "OAuth 2.0 Web Server Flow" (Salesforce Help), `client_assertion`.
    ///
    /// # Errors
    /// [`LoginFault::ClientIdInvalid`]; [`LoginFault::ClientCredentialsInvalid`], whatever is wrong with the assertion.
    pub fn proven_app(
        &self,
        assertion: &str,
        claimed: Option<&str>,
        base: Option<&str>,
    ) -> Result<Arc<App>, LoginFault> {
        let invalid = |_| LoginFault::ClientCredentialsInvalid;
        let assertion = Assertion::parse(assertion).map_err(invalid)?;
        let id = assertion.client_id();
        if assertion.username() != id || claimed.is_some_and(|claimed| claimed != id) {
            return Err(LoginFault::ClientCredentialsInvalid);
        }
        let app = self.0.apps.find(id)?;
        let certificate = app.policy.certificate.as_ref();
        let now = self.0.engine.clock().now();
        let endpoint = base.map(|base| format!("{base}{TOKEN_ENDPOINT}"));
        let checked = assertion.check(certificate, endpoint.as_deref(), now);
        let checked = checked.or_else(|_| assertion.check(certificate, base, now));
        checked.map_err(invalid)?;
        Ok(app)
    }
}

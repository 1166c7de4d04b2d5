//! Logins of devices that have no browser of their own.
//!
//! The device begins with [`Auth::begin_device`] and polls [`Auth::device_grant`]; its user finds the request by the code
//! that it shows ([`Auth::device_request`]), logs in, and answers ([`Auth::answer_device`]).
//!
//! Source: "OAuth 2.0 Device Flow" (Salesforce Help); RFC 8628.

use landfall_model::{Fault, LoginFault, RecordId};

use crate::app::{Client, Grant};
use crate::devices::{Asking, typed};
use crate::error::Error;
use crate::grants::{Granted, Terms};
use crate::scopes::Scopes;
use crate::token::{DeviceCode, TokenHash};
use crate::{Auth, lock};

/// The first response to a device.
#[derive(Debug)]
pub struct DeviceStart {
    /// What it polls with.
    pub device_code: DeviceCode,
    /// What its user types into a browser. Wire: eight letters.
    pub user_code: String,
}

/// What a device asks its user for.
#[derive(Clone, Debug)]
pub struct DeviceRequest {
    user_code: String,
    asking: Asking,
}

impl DeviceRequest {
    /// Who asks.
    pub fn client_id(&self) -> &str {
        &self.asking.client_id
    }

    /// What for.
    pub const fn scopes(&self) -> &Scopes {
        &self.asking.scopes
    }

    /// What a ticket for this request is signed with.
    fn question<T>(&self, use_it: impl FnOnce(&[&[u8]]) -> T) -> T {
        let scopes = self.asking.scopes.to_string();
        use_it(&[
            b"device",
            self.user_code.as_bytes(),
            self.asking.client_id.as_bytes(),
            scopes.as_bytes(),
        ])
    }
}

impl Auth {
    /// Begins the login of a device.
    ///
    /// # Errors
    /// The faults of the client; [`LoginFault::ScopeInvalid`].
    pub fn begin_device(
        &self,
        client: Client<'_>,
        scope: Option<&str>,
    ) -> Result<DeviceStart, Fault> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::Device)?;
        let asking = Asking {
            client_id: app.client_id.clone(),
            scopes: match scope {
                Some(text) => app.scopes.narrowed_to(text)?,
                None => app.scopes.clone(),
            },
        };
        let entropy = shared.engine.entropy();
        let device_code = DeviceCode::make(entropy);
        let hash = TokenHash::of(device_code.as_str());
        let now = shared.engine.clock().now();
        let user_code = lock(&shared.devices).begin(hash, asking, entropy, now);
        Ok(DeviceStart {
            device_code,
            user_code,
        })
    }

    /// What the device that shows this code asks for, if it still waits. The code may be typed in any letter case.
    pub fn device_request(&self, user_code: &str) -> Option<DeviceRequest> {
        let user_code = typed(user_code);
        let now = self.0.engine.clock().now();
        let asking = lock(&self.0.devices).waiting(&user_code, now)?.clone();
        Some(DeviceRequest { user_code, asking })
    }

    /// What shows for some minutes that this user has logged in to answer this device.
    pub fn device_ticket(&self, request: &DeviceRequest, user: RecordId) -> String {
        let now = self.0.engine.clock().now();
        request.question(|question| self.0.tickets.issue(question, user, now))
    }

    /// The user of a ticket, if it is one for this device. It is void afterwards.
    pub fn device_ticket_user(&self, request: &DeviceRequest, ticket: &str) -> Option<RecordId> {
        let now = self.0.engine.clock().now();
        request.question(|question| self.0.tickets.redeem(question, ticket, now))
    }

    /// Gives the device the answer of its user: who it is, or none for a refusal. False if it does not wait any more.
    pub fn answer_device(&self, request: &DeviceRequest, user: Option<RecordId>) -> bool {
        let now = self.0.engine.clock().now();
        lock(&self.0.devices).answer(&request.user_code, user, now)
    }

    /// A login for a device that its user has approved, and a refresh token if the scopes say so.
    ///
    /// # Errors
    /// Refused with the faults of the client, [`LoginFault::AuthorizationPending`], [`LoginFault::PollTooFrequent`],
    /// [`LoginFault::AuthorizationDenied`], [`LoginFault::AuthenticationFailed`] for an unknown code,
    /// [`LoginFault::CodeExpired`], [`LoginFault::UserInactive`] or [`LoginFault::LoginRateExceeded`].
    pub async fn device_grant(
        &self,
        client: Client<'_>,
        device_code: &str,
    ) -> Result<Granted, Error> {
        let shared = &*self.0;
        let app = shared.apps.granting(client, Grant::Device)?;
        let hash = TokenHash::of(device_code);
        let now = shared.engine.clock().now();
        let (user, scopes) = lock(&shared.devices).poll(&hash, &app.client_id, now)?;
        let user = shared.users.by_id(user).await?;
        let user = user.ok_or(Fault::Login(LoginFault::UserInactive))?;
        let terms = Terms::asked(Grant::Device, scopes).identified(None);
        shared.begin_new(app, user, terms).await
    }
}

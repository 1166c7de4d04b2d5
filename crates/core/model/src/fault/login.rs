//! Why a login, or a grant of OAuth 2.0, is refused.

/// Why a login, or a grant of OAuth 2.0, is refused. `landfall-wire` spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoginFault {
    /// Wrong user name or password, or an unknown authorization code.
    AuthenticationFailed,
    /// The refresh token is unknown, expired or revoked.
    RefreshTokenInvalid,
    /// The user cannot log in.
    UserInactive,
    /// Too many failed logins.
    LoginRateExceeded,
    /// No connected app of this client id.
    ClientIdInvalid,
    /// Wrong client secret.
    ClientCredentialsInvalid,
    /// The connected app has no user to run as.
    ClientUserMissing,
    /// Not a grant that is served.
    GrantUnsupported,
    /// Only POST is read.
    PostRequired,
    /// A parameter is missing.
    ParameterMissing {
        /// Its name.
        name: &'static str,
    },
    /// The token to revoke is not one of ours.
    TokenTypeUnsupported,
    /// The authorization code was used already or is too old.
    CodeExpired,
    /// A code that was asked for with a challenge comes without its verifier.
    CodeVerifierMissing,
    /// The verifier is not that of the challenge.
    CodeVerifierInvalid,
    /// A code is asked for without a challenge, which this app has to have.
    CodeChallengeMissing,
    /// The challenge is no SHA-256 in base64url, or of another method.
    CodeChallengeInvalid,
    /// No address to send the user back to.
    RedirectUriMissing,
    /// Not an address of this connected app.
    RedirectUriMismatch,
    /// Not a flow that is served, or not to this connected app.
    ResponseTypeUnsupported,
    /// A scope that does not exist, or that the connected app does not have.
    ScopeInvalid,
    /// The user said no.
    AuthorizationDenied,
    /// The assertion is no assertion, or not signed by the connected app.
    AssertionInvalid,
    /// The assertion is meant for another service.
    AudienceInvalid,
    /// The assertion is too old.
    AssertionExpired,
    /// The user has not approved the connected app, or there is no such user.
    ClientNotApproved,
    /// The user of the device has not answered yet.
    AuthorizationPending,
    /// The device polls far more often than the interval allows.
    PollTooFrequent,
    /// The user would have to be asked, and the client wants that not to happen.
    ImmediateUnsuccessful,
}

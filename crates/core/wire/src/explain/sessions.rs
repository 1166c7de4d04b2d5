//! Access tokens and logins.

use landfall_model::{LoginFault, SessionFault};

use super::{explain, fault};

explain! { session: SessionFault in "Access tokens" as fault;
    "The access token has expired, was revoked, or is of another org. The Streaming API checks it with every message, the Pub/Sub API when a stream begins."
    do "Log in again and repeat the request. A streaming client then sends a handshake, or opens its stream, with the new token, and resumes from its last replay id."
    clients "jsforce and simple-salesforce raise it, jsforce after its refresh function if it has one. cometd stops, since the advice is not to reconnect. aiosfstream logs in and repeats the message."
    rehearse "landfall fault arm token-invalid" {
        Invalid,
    }
    "The request has no access token, or the call of the Pub/Sub API lacks `accesstoken`, `instanceurl` or `tenantid`."
    do "Send `Authorization: Bearer TOKEN`; for gRPC send the three metadata keys with every call." {
        Missing,
    }
    "The `Authorization` header is not of the form `Bearer TOKEN` or `OAuth TOKEN`."
    do "Correct the header." {
        HeaderInvalid,
    }
    "The access token was issued for other scopes and does not permit the API."
    do "Request the scope `api`, and permit it in the connected app." {
        ApiScopeMissing,
    }
    "The user has no permission for the API, or the edition of the org has no API."
    do "Give the user the permission API Enabled." {
        ApiDisabled,
    }
}

explain! { login: LoginFault in "Logins" as fault;
    "User name, password or security token are wrong, the user is inactive or locked, or there were too many logins. SOAP answers all of these alike, so that nothing can be guessed."
    do "Check the login URL first: users of a sandbox log in at test.salesforce.com. Then check the credentials; a user outside of the trusted IP ranges appends the security token to the password."
    clients "simple-salesforce raises `SalesforceAuthenticationFailed`."
    rehearse "landfall fault arm login-refused" {
        AuthenticationFailed, UserInactive, LoginRateExceeded,
    }
    "The refresh token has expired or was revoked, as by a change of the password."
    do "Let the user log in and approve again." {
        RefreshTokenInvalid,
    }
    "No connected app of this org has the consumer key."
    do "Check the key, and that the login URL is the one of the org that has the app." {
        ClientIdInvalid,
    }
    "The consumer secret does not belong to the consumer key."
    do "Correct the secret." {
        ClientCredentialsInvalid,
    }
    "The connected app has no user for the client credentials flow."
    do "Set the user that it runs as in the connected app." {
        ClientUserMissing,
    }
    "The org does not serve this grant, or it is switched off, as that with a password can be."
    do "Use another flow: client credentials, JWT bearer, or an authorization code." {
        GrantUnsupported, ResponseTypeUnsupported,
    }
    "The request is not one that the endpoint reads: another method than POST, or a missing parameter."
    do "Send the parameters as a form in the body of a POST request." {
        PostRequired, ParameterMissing { name: "PARAMETER" },
    }
    "The token to revoke or to look up is of a kind that the endpoint does not know."
    do "Leave `token_type_hint` out, or correct it." {
        TokenTypeUnsupported,
    }
    "The authorization code was used before, or is older than 15 minutes."
    do "Start the flow again; use a code once, at once." {
        CodeExpired,
    }
    "Proof Key for Code Exchange: verifier and challenge do not belong together, or one of them is missing or malformed."
    do "Send the SHA-256 of the verifier in base64url as `code_challenge`, and the verifier itself with the code." {
        CodeVerifierMissing, CodeVerifierInvalid, CodeChallengeMissing, CodeChallengeInvalid,
    }
    "`redirect_uri` is missing, or is not one of the callback URLs of the connected app."
    do "Send one of its callback URLs, letter for letter, in both requests." {
        RedirectUriMissing, RedirectUriMismatch,
    }
    "A scope does not exist, or the connected app does not permit it."
    do "Request less, or add the scope to the connected app." {
        ScopeInvalid,
    }
    "The assertion of the JWT bearer flow is not signed with the key of the connected app's certificate, is meant for another audience, or is too old."
    do "Sign with the key whose certificate the connected app has, with the login URL as `aud` and an `exp` within three minutes; check the machine's clock." {
        AssertionInvalid, AudienceInvalid, AssertionExpired,
    }
    "The user has not approved the connected app, there is no such user, or approval was denied or is not possible without a page."
    do "Approve it once in a browser, or pre-authorize the user's profile in the connected app."
    clients "simple-salesforce matches the text and prints where to approve." {
        ClientNotApproved, AuthorizationDenied, ImmediateUnsuccessful,
    }
    "The device flow waits: the user has not answered, or the device polls more often than `interval` permits."
    do "Poll on, not more often than `interval`." {
        AuthorizationPending, PollTooFrequent,
    }
}

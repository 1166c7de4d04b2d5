//! Access tokens in `Authorization` headers.

use landfall_model::Fault;

/// The token of a REST request: `Bearer <token>` or `OAuth <token>`, the scheme in any letter case.
///
/// # Errors
/// [`Fault::SessionMissing`] without a header, [`Fault::AuthorizationHeaderInvalid`] without a scheme that is read here.
pub fn bearer(header: Option<&str>) -> Result<&str, Fault> {
    let header = header.ok_or(Fault::SessionMissing)?.trim();
    after_scheme(header).ok_or(Fault::AuthorizationHeaderInvalid)
}

/// The token of a Streaming API request: as for REST, or the bare token.
///
/// Clients: EMP-Connector puts the naked session id of a SOAP login into the header.
///
/// # Errors
/// [`Fault::SessionMissing`] without a header or with an empty one, [`Fault::SessionInvalid`] with another scheme.
pub fn streaming_token(header: Option<&str>) -> Result<&str, Fault> {
    let header = header.unwrap_or_default().trim();
    if header.is_empty() {
        return Err(Fault::SessionMissing);
    }
    match after_scheme(header) {
        Some(token) => Ok(token),
        None if header.contains(' ') => Err(Fault::SessionInvalid),
        None => Ok(header),
    }
}

fn after_scheme(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("OAuth");
    known.then_some(token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_schemes_are_read_in_any_letter_case() {
        for header in ["Bearer t", "bearer t", "OAuth t", "OAUTH  t", " Bearer t "] {
            assert_eq!(bearer(Some(header)), Ok("t"), "{header}");
            assert_eq!(streaming_token(Some(header)), Ok("t"), "{header}");
        }
    }

    #[test]
    fn a_bare_token_is_read_by_the_streaming_api_only() {
        assert_eq!(
            bearer(Some("00D!AQ")),
            Err(Fault::AuthorizationHeaderInvalid)
        );
        assert_eq!(
            bearer(Some("Basic YTpi")),
            Err(Fault::AuthorizationHeaderInvalid)
        );
        assert_eq!(streaming_token(Some("00D!AQ")), Ok("00D!AQ"));
        assert_eq!(
            streaming_token(Some("Basic YTpi")),
            Err(Fault::SessionInvalid)
        );
    }

    #[test]
    fn no_header_is_a_missing_session() {
        assert_eq!(bearer(None), Err(Fault::SessionMissing));
        assert_eq!(streaming_token(None), Err(Fault::SessionMissing));
        assert_eq!(streaming_token(Some("  ")), Err(Fault::SessionMissing));
    }
}

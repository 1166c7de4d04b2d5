//! Access tokens in `Authorization` headers.

use landfall_model::SessionFault;

/// The token of a REST request: `Bearer <token>` or `OAuth <token>`, the scheme in any letter case.
///
/// # Errors
/// [`SessionFault::Missing`] without a header, [`SessionFault::HeaderInvalid`] without a scheme that is read here.
pub fn bearer(header: Option<&str>) -> Result<&str, SessionFault> {
    let header = header.ok_or(SessionFault::Missing)?.trim();
    after_scheme(header).ok_or(SessionFault::HeaderInvalid)
}

/// The token of a Streaming API request: as for REST, or the bare token.
///
/// Clients: EMP-Connector puts the naked session id of a SOAP login into the header.
///
/// # Errors
/// [`SessionFault::Missing`] without a header or with an empty one, [`SessionFault::Invalid`] with another scheme.
pub fn streaming_token(header: Option<&str>) -> Result<&str, SessionFault> {
    let header = header.unwrap_or_default().trim();
    if header.is_empty() {
        return Err(SessionFault::Missing);
    }
    match after_scheme(header) {
        Some(token) => Ok(token),
        None if header.contains(' ') => Err(SessionFault::Invalid),
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
        assert_eq!(bearer(Some("00D!AQ")), Err(SessionFault::HeaderInvalid));
        assert_eq!(bearer(Some("Basic YTpi")), Err(SessionFault::HeaderInvalid));
        assert_eq!(streaming_token(Some("00D!AQ")), Ok("00D!AQ"));
        assert_eq!(
            streaming_token(Some("Basic YTpi")),
            Err(SessionFault::Invalid)
        );
    }

    #[test]
    fn no_header_is_a_missing_session() {
        assert_eq!(bearer(None), Err(SessionFault::Missing));
        assert_eq!(streaming_token(None), Err(SessionFault::Missing));
        assert_eq!(streaming_token(Some("  ")), Err(SessionFault::Missing));
    }
}

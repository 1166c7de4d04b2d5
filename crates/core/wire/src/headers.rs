//! Names and values of HTTP headers that more than one place must spell alike.
//!
//! Source: "Headers" (REST API Developer Guide) and recorded responses.

/// Media type of every JSON answer.
/// Clients: aiohttp refuses an answer without it, and camel compares the whole value.
pub const JSON: &str = "application/json;charset=UTF-8";

/// Media type of answers in XML.
pub const XML: &str = "application/xml;charset=UTF-8";

/// What the service sends so that nothing between it and the client keeps an answer.
pub const NO_STORE: &str = "no-cache,must-revalidate,max-age=0,no-store,private";

/// Request: who calls, `client=NAME, defaultNamespace=NS`.
pub const CALL_OPTIONS: &str = "sforce-call-options";

/// Request: how many rows a page of a query has, `batchSize=N`.
pub const QUERY_OPTIONS: &str = "sforce-query-options";

/// Response: `api-usage=USED/LIMIT`.
/// Clients: tap-salesforce matches `^api-usage=(\d+)/(\d+)$`.
pub const LIMIT_INFO: &str = "sforce-limit-info";

/// Request to the Bulk API before 2.0: an access token.
pub const SESSION: &str = "x-sfdc-session";

/// Response: where the next page of what a bulk query has found is; `null` after the last.
pub const LOCATOR: &str = "sforce-locator";

/// Response: how many records a page of what a bulk query has found has.
/// Clients: simple-salesforce reads it as a number.
pub const NUMBER_OF_RECORDS: &str = "sforce-numberofrecords";

/// Request: any value asks for indented JSON.
pub const PRETTY_PRINT: &str = "x-prettyprint";

/// Response to a refused login: the scheme that the service names.
pub const AUTHENTICATE_TOKEN: &str = "Token";

/// The client's name for itself in a `Sforce-Call-Options` header; members are separated by `,` or `;`.
///
/// Source: "Call Options Header" (REST API Developer Guide) prints `;`, the Bulk API's guide and jsforce `,`.
pub fn client_name(call_options: &str) -> Option<&str> {
    call_options.split([',', ';']).find_map(|member| {
        let (name, value) = member.split_once('=')?;
        let value = value.trim();
        (name.trim().eq_ignore_ascii_case("client") && !value.is_empty()).then_some(value)
    })
}

/// What [`LIMIT_INFO`] says: how many requests there were today, and how many there may be.
pub fn api_usage(used: u64, most: u64) -> String {
    format!("api-usage={used}/{most}")
}

/// The number of rows that a `Sforce-Query-Options` header asks for.
///
/// Source: "Query Options Header" (REST API Developer Guide).
pub fn batch_size(query_options: &str) -> Option<usize> {
    query_options.split([',', ';']).find_map(|member| {
        let (name, value) = member.split_once('=')?;
        let is_size = name.trim().eq_ignore_ascii_case("batchSize");
        is_size.then(|| value.trim().parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_itself_before_or_after_other_options() {
        assert_eq!(client_name("client=Astro"), Some("Astro"));
        assert_eq!(
            client_name("defaultNamespace=ns, client=Workbench/"),
            Some("Workbench/")
        );
        assert_eq!(client_name("client = a ; defaultNamespace=b"), Some("a"));
        assert_eq!(client_name("defaultNamespace=b"), None);
        assert_eq!(client_name("client="), None);
    }

    #[test]
    fn a_page_has_the_size_that_is_asked_for() {
        assert_eq!(batch_size("batchSize=200"), Some(200));
        assert_eq!(batch_size("a=b; BATCHSIZE = 7"), Some(7));
        assert_eq!(batch_size("batchSize=many"), None);
    }
}
